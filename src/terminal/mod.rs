//! The only impure screen code: raw mode, signals, events, the clipboard. Drives `app` with what
//! happens, performs the effects that come out, and has `ui` draw. Knows no session: main gives it
//! a [`Host`].
//!
//! ```text
//!  keys ──▶ decoder ─┐                 ┌─▶ host: open, advance, cancel
//!  signals ──────────┼─▶ app ─▶ effect ┼─▶ terminal: copy, mouse, suspend, quit
//!  host's messages ──┘     └─▶ ui ─▶ canvas ─▶ modes ─▶ one write a frame
//! ```
//!
//! One loop waits for all three at once and for nothing else: no tick, no thread. Everything that
//! has arrived is taken before one frame is drawn.

mod canvas;
mod decoder;
mod modes;
mod signals;
mod wake;

use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use crossterm::queue;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};

use crate::app::dialogs::save::Refused;
use crate::app::prompt::SaveSteps;
use crate::app::{self, App, Effect, Message, Replay};
use crate::timeline::{Moment, PlannedStep, Timeline};
use crate::ui::{self, Theme};
use decoder::{Decoder, Input};
use signals::{Request, Signals};
use wake::WakeReceiver;

pub use canvas::Canvas;
pub use wake::Waker;

/// Messages and reads of the keyboard taken before a frame is drawn all the same.
const BATCH: usize = 256;
/// How long an escape may be the start of a key's sequence: a slow line may part them.
const ESCAPE: Duration = Duration::from_millis(25);

/// Columns and rows drawn at most.
const MOST: (u16, u16) = (1000, 400);

/// What a person's keys ask of the session, and what it answers. No call may block.
pub trait Host {
    /// Gives the host what makes the event loop ask for messages. Called once, before anything
    /// else.
    fn set_waker(&mut self, waker: Waker);
    /// Opens a session, in place of the one that is open.
    fn open(&mut self, which: Open);
    /// Runs the next step.
    fn advance(&mut self);
    /// Stops the running step.
    fn cancel(&mut self);
    /// Runs a typed statement as the next step.
    fn insert(&mut self, statement: String);
    /// Brings a new guest to where the one that is shown was.
    fn replay(&mut self, replay: Replay);
    /// Writes the session as a steps file.
    fn save_steps(&mut self, save: &SaveSteps);
    /// Keeps a typed line for other runs of the program.
    fn remember(&mut self, line: &str);
    /// Saves a moment of what has run to a file; over one that is there only where `replace` says
    /// so.
    ///
    /// # Errors
    /// Why nothing was saved.
    fn save(
        &mut self,
        path: &str,
        replace: bool,
        timeline: &Timeline,
        moment: Moment,
    ) -> Result<(), Refused>;
    /// The next of the session's messages, if one is there.
    fn next_message(&mut self) -> Option<Message>;
}

/// Which session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// One of those the app was made with.
    Session(usize),
    /// The one that is open, again from its start, with these inputs as typed, name and text, these
    /// steps, and these `import` and `memory` lines that were typed.
    Inputs {
        inputs: Vec<(String, String)>,
        plan: Vec<PlannedStep>,
        setup: Vec<String>,
    },
}

/// How the terminal is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether the program starts with the mouse.
    pub mouse: bool,
}

/// Why the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The person left.
    Quit,
    /// This signal came; the exit status is 128 more.
    Signal(i32),
}

/// Why the terminal cannot be used, or could no longer be.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error("the terminal cannot be set up for drawing; `linmem run` prints the same as text")]
    Modes(#[source] io::Error),
    #[error("signals cannot be received")]
    Signals(#[source] io::Error),
    #[error("the terminal cannot be waited for")]
    Wait(#[source] io::Error),
}

/// Whether standard input and output are a terminal that can show more than lines.
pub fn is_usable() -> bool {
    let is_terminal = rustix::termios::isatty(rustix::stdio::stdin())
        && rustix::termios::isatty(rustix::stdio::stdout());
    is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows the app until the person leaves or a signal ends the program. The terminal is as it was
/// before on every way out, a panic on any thread included; if the terminal itself goes away, the
/// process ends with status 129.
///
/// # Errors
/// The terminal's modes cannot be set, or signals cannot be received.
pub fn run(
    app: App,
    theme: Theme,
    host: &mut dyn Host,
    options: Options,
) -> Result<Exit, TerminalError> {
    let signals = Signals::catch().map_err(TerminalError::Signals)?;
    let (waker, bell) = wake::bell().map_err(TerminalError::Wait)?;
    host.set_waker(waker.clone());
    modes::leave_on_panic();
    let guard = modes::enter(options.mouse).map_err(TerminalError::Modes)?;
    let canvas = Canvas::new(size()).map_err(TerminalError::Modes)?;
    let decoder = Decoder::default();
    let mut stage = EventLoop {
        app,
        theme,
        host,
        canvas,
        decoder,
        signals,
        bell,
        waker,
        mouse: options.mouse,
        is_stale: true,
        escape: None,
        is_resumed: false,
    };
    stage.app.mouse = options.mouse;
    let leave = stage.play()?;
    let frame = match leave {
        Leave::Quit { keep_frame: true } => stage.canvas.lines(&stage.app, &stage.theme).ok(),
        _ => None,
    };
    drop(guard);
    if modes::write_all(&frame.unwrap_or_default()).is_err() {
        hang_up();
    }
    Ok(match leave {
        Leave::Quit { .. } => Exit::Quit,
        Leave::Signal(signal) => Exit::Signal(signal),
    })
}

/// Ends the process as a hang-up would: nobody is there to read a message, and nothing has to be
/// restored.
fn hang_up() -> ! {
    std::process::exit(129)
}

/// Columns and rows of the terminal; of the classic one where it does not say, and no more than a
/// frame should cost where what it says is absurd.
fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (size.ws_col.min(MOST.0), size.ws_row.min(MOST.1))
        }
        _ => (80, 24),
    }
}

#[derive(Debug, Clone, Copy)]
enum Leave {
    Quit { keep_frame: bool },
    Signal(i32),
}

/// What a wait brought.
struct Ready {
    keys: bool,
    signals: bool,
    messages: bool,
}

/// Everything the event loop has in hand.
struct EventLoop<'a> {
    app: App,
    theme: Theme,
    host: &'a mut dyn Host,
    canvas: Canvas,
    decoder: Decoder,
    signals: Signals,
    bell: WakeReceiver,
    waker: Waker,
    mouse: bool,
    /// Whether the app has heard of anything since the last frame.
    is_stale: bool,
    /// Until when an escape that was read may be the start of a sequence.
    escape: Option<Instant>,
    /// The next signal to resume says only what is known already.
    is_resumed: bool,
}

type Flow = ControlFlow<Leave>;

impl EventLoop<'_> {
    fn play(&mut self) -> Result<Leave, TerminalError> {
        let (columns, rows) = size();
        let effect = app::resize(&mut self.app, (columns, rows));
        // Messages may have come before the host knew whom to wake.
        self.waker.wake();
        let mut flow = self.perform(effect)?;
        loop {
            if let Break(leave) = flow {
                return Ok(leave);
            }
            if std::mem::take(&mut self.is_stale) {
                let last = ui::last_scroll(&self.app, &self.theme);
                app::limit_scroll(&mut self.app, last);
                self.canvas
                    .draw(&self.app, &self.theme)
                    .unwrap_or_else(|_| hang_up());
            }
            let ready = self.wait()?;
            flow = self.take(&ready)?;
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) -> Result<Ready, TerminalError> {
        let stdin = rustix::stdio::stdin();
        loop {
            let patience = self
                .escape
                .map(|end| timespec(end.saturating_duration_since(Instant::now())));
            let mut sources = [
                PollFd::new(&stdin, PollFlags::IN),
                PollFd::new(&self.signals, PollFlags::IN),
                PollFd::new(&self.bell, PollFlags::IN),
            ];
            match poll(&mut sources, patience.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(TerminalError::Wait(error.into())),
            }
            let [keys, signals, messages] = sources.map(|source| source.revents());
            if keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                hang_up();
            }
            return Ok(Ready {
                keys: keys.contains(PollFlags::IN),
                signals: !signals.is_empty(),
                messages: !messages.is_empty(),
            });
        }
    }

    /// Does everything that there is to do.
    fn take(&mut self, ready: &Ready) -> Result<Flow, TerminalError> {
        let mut flow = Continue(());
        if ready.signals && flow.is_continue() {
            flow = self.take_signals()?;
        }
        if ready.messages && flow.is_continue() {
            flow = self.take_messages()?;
        }
        if ready.keys && flow.is_continue() {
            flow = self.take_keys()?;
        }
        if flow.is_continue() {
            flow = self.settle_escape()?;
        }
        Ok(flow)
    }

    fn take_signals(&mut self) -> Result<Flow, TerminalError> {
        for request in self.signals.take() {
            match request {
                Request::End(signal) => return Ok(Break(Leave::Signal(signal))),
                Request::Suspend => self.suspend()?,
                Request::Resume if std::mem::take(&mut self.is_resumed) => {}
                Request::Resume => self.resume()?,
                Request::Measure => {}
            }
            // After each: a terminal may have another size when the program comes back to it.
            let size = size();
            self.canvas.resize(size);
            let effect = app::resize(&mut self.app, size);
            let flow = self.perform(effect)?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(Continue(()))
    }

    fn take_messages(&mut self) -> Result<Flow, TerminalError> {
        self.bell.drain();
        for _ in 0..BATCH {
            let Some(message) = self.host.next_message() else {
                return Ok(Continue(()));
            };
            let effect = app::receive(&mut self.app, message);
            let flow = self.perform(effect)?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        self.waker.wake();
        Ok(Continue(()))
    }

    fn take_keys(&mut self) -> Result<Flow, TerminalError> {
        for _ in 0..BATCH {
            let Some(bytes) = read_waiting() else { break };
            for input in self.decoder.feed(&bytes) {
                let flow = self.input(input)?;
                if flow.is_break() {
                    return Ok(flow);
                }
            }
        }
        Ok(Continue(()))
    }

    /// Takes an escape as the key when its time is over. By the clock, not by a wait that ends with
    /// nothing: the messages of a running guest may leave no such wait.
    fn settle_escape(&mut self) -> Result<Flow, TerminalError> {
        if !self.decoder.is_ambiguous() {
            self.escape = None;
            return Ok(Continue(()));
        }
        let now = Instant::now();
        if now < *self.escape.get_or_insert(now + ESCAPE) {
            return Ok(Continue(()));
        }
        self.escape = None;
        self.decoder
            .settle()
            .map_or(Ok(Continue(())), |input| self.input(input))
    }

    fn input(&mut self, input: Input) -> Result<Flow, TerminalError> {
        let app = &mut self.app;
        let effect = match input {
            Input::Key(key) => app::key(app, key),
            Input::Click { column, row } => app::click(app, column, row),
            Input::Wheel {
                column,
                row,
                notches,
            } => app::wheel(app, column, row, notches),
            Input::Paste(text) => app::paste(app, &text),
        };
        self.perform(effect)
    }

    /// Does what the app asked for after it heard of something.
    fn perform(&mut self, effect: Effect) -> Result<Flow, TerminalError> {
        self.is_stale = true;
        if let Some(line) = self.app.remembered.take() {
            self.host.remember(&line);
        }
        match effect {
            Effect::None => {}
            Effect::Advance => self.host.advance(),
            Effect::Cancel => self.host.cancel(),
            Effect::Restart(inputs) => {
                let (plan, setup) = (self.app.plan(), self.app.setup.clone());
                self.host.open(Open::Inputs {
                    inputs,
                    plan,
                    setup,
                });
            }
            Effect::Insert(statement) => self.host.insert(statement),
            Effect::Replay => self.host.replay(self.app.replay()),
            Effect::SaveSteps(save) => self.host.save_steps(&save),
            Effect::Open(session) => self.host.open(Open::Session(session)),
            Effect::Copy(text) => copy(&text),
            Effect::Save { path, replace } => {
                let saved = self
                    .host
                    .save(&path, replace, &self.app.timeline, self.app.moment);
                let effect = app::receive(&mut self.app, Message::Saved(saved.map(|()| path)));
                return self.perform(effect);
            }
            Effect::CaptureMouse(on) => {
                self.mouse = on;
                modes::capture_mouse(on).unwrap_or_else(|_| hang_up());
            }
            Effect::Suspend => self.suspend()?,
            Effect::Redraw => self.canvas.forget().map_err(TerminalError::Modes)?,
            Effect::Quit { keep_frame } => return Ok(Break(Leave::Quit { keep_frame })),
        }
        Ok(Continue(()))
    }

    /// Gives the terminal back and stops the whole job, as the terminal would for ctrl-z, until the
    /// shell continues it.
    fn suspend(&mut self) -> Result<(), TerminalError> {
        modes::leave();
        // Not TSTP: where no shell waits for the job, it would be dropped, and its handler is
        // taken.
        let _ = kill_current_process_group(Signal::STOP);
        // The stop may reach another thread first and this one a moment later; being continued is
        // what says that it is over. The first process of a container cannot be stopped at all, so
        // the wait has an end.
        let moment = timespec(Duration::from_millis(100));
        let _ = poll(
            &mut [PollFd::new(&self.signals, PollFlags::IN)],
            Some(&moment),
        );
        self.is_resumed = true;
        self.resume()
    }

    /// Sets the terminal up again: the shell, or whoever had it in between, may have changed
    /// everything.
    fn resume(&mut self) -> Result<(), TerminalError> {
        match modes::resume(self.mouse) {
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => hang_up(),
            result => result.map_err(TerminalError::Modes)?,
        }
        self.canvas.forget().map_err(TerminalError::Modes)
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// The bytes that wait on standard input; `None` when there are none.
fn read_waiting() -> Option<Vec<u8>> {
    let stdin = rustix::stdio::stdin();
    if poll(
        &mut [PollFd::new(&stdin, PollFlags::IN)],
        Some(&timespec(Duration::ZERO)),
    ) != Ok(1)
    {
        return None;
    }
    let mut buffer = [0; 4096];
    match rustix::io::read(stdin, &mut buffer) {
        Ok(0) => hang_up(),
        Ok(count) => buffer.get(..count).map(<[u8]>::to_vec),
        Err(Errno::INTR | Errno::AGAIN) => None,
        Err(_) => hang_up(),
    }
}

/// Puts text on the clipboard of the terminal's machine (OSC 52).
fn copy(text: &str) {
    let mut bytes = Vec::new();
    let queued = queue!(bytes, CopyToClipboard::to_clipboard_from(text));
    if queued.and_then(|()| modes::write(&bytes)).is_err() {
        hang_up();
    }
}
