//! The only impure screen code: raw mode, signals, events, the clipboard. Passes what happens to
//! `app`, performs the effects that come back, and has `ui` draw. Knows no session:
//! `commands/session_host.rs` provides a [`Host`].
//!
//! ```text
//!  keys ──▶ decoder ─┐                 ┌─▶ host: requests to the session, files, history
//!  signals ──────────┼─▶ app ─▶ effect ┼─▶ terminal: copy, mouse, suspend, quit
//!  host's messages ──┘     └─▶ ui ─▶ canvas ─▶ modes ─▶ one write per frame
//! ```
//!
//! One loop waits for all three at once and for nothing else: no tick, no thread. It takes
//! everything that has arrived before it draws one frame.

mod canvas;
mod decoder;
mod fatal_signals;
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

use crate::app::message::{SaveMoment, SaveSteps};
use crate::app::{self, App, Effect, Lesson, Message};
use crate::protocol::{Request, Rerun};
use crate::ui::{Screen, Theme};
use decoder::{Decoder, Input};
use signals::{SignalRequest, Signals};
use wake::WakeReceiver;

pub use canvas::Canvas;
pub use wake::Waker;

/// The most messages, and reads of the keyboard, that are taken before a frame is drawn.
const BATCH: usize = 256;
/// How long an escape may be the start of a key's sequence: a slow line may deliver the rest later.
const ESCAPE: Duration = Duration::from_millis(25);

/// The most columns and rows that are drawn.
const MAX_SIZE: (u16, u16) = (1000, 400);

/// The session, files and history, which the screen reaches through the program around it. No call
/// may block for long; the answers are messages.
pub trait Host {
    /// Opens the first session. `waker` makes the event loop take messages. Called once, before
    /// anything else.
    fn start(&mut self, waker: Waker);
    /// Opens a session in the place of the one that is open; see [`Effect::OpenSession`].
    fn open_session(&mut self, index: usize);
    /// Loads the session again from its files; see [`Effect::Reload`].
    fn reload(&mut self, typed: Rerun);
    /// Passes a request to the session.
    fn send(&mut self, request: Request);
    /// Writes the session as a steps file.
    fn save_steps(&mut self, save: &SaveSteps);
    /// Writes a report of a moment.
    fn save_moment(&mut self, save: &SaveMoment);
    /// Adds a typed line to the history that later runs of the program read.
    fn remember(&mut self, line: &str);
    /// Keeps the progress of a lesson for the next time.
    fn keep_progress(&mut self, lesson: &Lesson);
    /// Returns the next message, if there is one.
    fn next_message(&mut self) -> Option<Message>;
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
    /// The person left the program.
    Quit,
    /// A signal with this number; the exit status is 128 more.
    Signal(i32),
}

/// Why the terminal cannot be used, or can be no longer.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The modes of the terminal cannot be set.
    #[error("the terminal cannot be set up for drawing; `linmem run` prints the same as text")]
    Modes(#[source] io::Error),
    /// The handlers of signals cannot be installed.
    #[error("signals cannot be received")]
    Signals(#[source] io::Error),
    /// Waiting for input failed.
    #[error("the terminal cannot be waited for")]
    Wait(#[source] io::Error),
}

/// Returns whether standard input and output are a terminal that can show more than lines.
pub fn is_usable() -> bool {
    let is_terminal = rustix::termios::isatty(rustix::stdio::stdin())
        && rustix::termios::isatty(rustix::stdio::stdout());
    is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Runs the app until the person leaves or a signal ends the program. The terminal is restored on
/// every way out, even after a panic on any thread. If the terminal itself goes away, the process
/// ends with status 129.
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
    fatal_signals::catch().map_err(TerminalError::Signals)?;
    let (waker, wakeups) = wake::channel().map_err(TerminalError::Wait)?;
    host.start(waker.clone());
    modes::leave_on_panic();
    let guard = modes::enter(options.mouse).map_err(TerminalError::Modes)?;
    let canvas = Canvas::new(size()).map_err(TerminalError::Modes)?;
    let decoder = Decoder::default();
    let mut event_loop = EventLoop {
        app,
        theme,
        host,
        canvas,
        decoder,
        signals,
        wakeups,
        waker,
        mouse: options.mouse,
        is_stale: true,
        escape: None,
        is_resumed: false,
    };
    let leave = event_loop.run()?;
    let frame = match leave {
        Leave::Quit { keep_frame: true } => event_loop.last_frame(),
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

/// Ends the process as a hang-up does: there is no terminal to print a message on or to restore.
fn hang_up() -> ! {
    std::process::exit(129)
}

/// Returns the columns and rows of the terminal: 80 x 24 where it reports none, and at most
/// [`MAX_SIZE`].
fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (size.ws_col.min(MAX_SIZE.0), size.ws_row.min(MAX_SIZE.1))
        }
        _ => (80, 24),
    }
}

#[derive(Debug, Clone, Copy)]
enum Leave {
    Quit { keep_frame: bool },
    Signal(i32),
}

/// What has arrived after a wait.
struct Ready {
    keys: bool,
    signals: bool,
    messages: bool,
}

/// The event loop and its state.
struct EventLoop<'a> {
    app: App,
    theme: Theme,
    host: &'a mut dyn Host,
    canvas: Canvas,
    decoder: Decoder,
    signals: Signals,
    wakeups: WakeReceiver,
    waker: Waker,
    mouse: bool,
    /// Whether the app has changed since the last frame.
    is_stale: bool,
    /// When an escape that was read stops being the start of a sequence.
    escape: Option<Instant>,
    /// Whether the next signal to resume is one that was handled already.
    is_resumed: bool,
}

type Flow = ControlFlow<Leave>;

impl EventLoop<'_> {
    fn run(&mut self) -> Result<Leave, TerminalError> {
        app::resize(&mut self.app, size());
        // Messages may have come before the host had the waker.
        self.waker.wake();
        loop {
            if std::mem::take(&mut self.is_stale) {
                self.draw();
            }
            let ready = self.wait()?;
            if let Break(leave) = self.take(&ready)? {
                return Ok(leave);
            }
        }
    }

    /// Draws a frame, and limits scrolling to what it shows.
    fn draw(&mut self) {
        let screen = Screen::compute(&self.app, &self.theme);
        self.canvas.draw(&screen).unwrap_or_else(|_| hang_up());
        let limits = screen.scroll_limits();
        app::limit_scroll(&mut self.app, limits);
    }

    /// Waits until there is something to do.
    fn wait(&self) -> Result<Ready, TerminalError> {
        let stdin = rustix::stdio::stdin();
        loop {
            let timeout = self
                .escape
                .map(|end| timespec(end.saturating_duration_since(Instant::now())));
            let mut sources = [
                PollFd::new(&stdin, PollFlags::IN),
                PollFd::new(&self.signals, PollFlags::IN),
                PollFd::new(&self.wakeups, PollFlags::IN),
            ];
            match poll(&mut sources, timeout.as_ref()) {
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

    /// Takes everything that has arrived.
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
                SignalRequest::End(signal) => return Ok(Break(Leave::Signal(signal))),
                SignalRequest::Suspend => self.suspend()?,
                SignalRequest::Resume if std::mem::take(&mut self.is_resumed) => {}
                SignalRequest::Resume => self.resume()?,
                SignalRequest::Measure => {}
            }
            // After each: a terminal may have another size when the program comes back to it.
            let size = size();
            self.canvas.resize(size);
            app::resize(&mut self.app, size);
            self.is_stale = true;
        }
        Ok(Continue(()))
    }

    fn take_messages(&mut self) -> Result<Flow, TerminalError> {
        self.wakeups.drain();
        for _ in 0..BATCH {
            let Some(message) = self.host.next_message() else {
                return Ok(Continue(()));
            };
            let effects = app::on_message(&mut self.app, message);
            let flow = self.perform(effects)?;
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

    /// Takes an escape as the key when its time is over. The clock decides that, not a wait without an
    /// event: the messages of a running guest may never leave such a wait.
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
        let effects = match input {
            Input::Key(key) => app::key(app, key),
            Input::Click { column, row } => app::click(app, column, row),
            Input::Wheel {
                column,
                row,
                notches,
            } => {
                app::wheel(app, column, row, notches);
                Vec::new()
            }
            Input::Paste(text) => {
                app::paste(app, &text);
                Vec::new()
            }
        };
        self.perform(effects)
    }

    /// Performs effects, after an update of the app.
    fn perform(&mut self, effects: Vec<Effect>) -> Result<Flow, TerminalError> {
        self.is_stale = true;
        for effect in effects {
            match effect {
                Effect::Session(request) => self.host.send(request),
                Effect::Reload(typed) => self.host.reload(*typed),
                Effect::OpenSession(index) => self.host.open_session(index),
                Effect::SaveSteps(save) => self.host.save_steps(&save),
                Effect::SaveMoment(save) => self.host.save_moment(&save),
                Effect::Remember(line) => self.host.remember(&line),
                Effect::KeepProgress(lesson) => {
                    if let Some(lesson) = self.app.course.lessons.get(lesson) {
                        self.host.keep_progress(lesson);
                    }
                }
                Effect::Copy(text) => copy(&text),
                Effect::CaptureMouse(on) => {
                    self.mouse = on;
                    modes::capture_mouse(on).unwrap_or_else(|_| hang_up());
                }
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => self.canvas.forget().map_err(TerminalError::Modes)?,
                Effect::Quit { keep_frame } => return Ok(Break(Leave::Quit { keep_frame })),
            }
        }
        Ok(Continue(()))
    }

    /// Returns the frame as lines for the shell's screen.
    fn last_frame(&mut self) -> Option<Vec<u8>> {
        let screen = Screen::compute(&self.app, &self.theme);
        self.canvas.lines(&screen).ok()
    }

    /// Restores the terminal and stops the whole job, as the terminal does for ctrl-z, until the shell
    /// continues it.
    fn suspend(&mut self) -> Result<(), TerminalError> {
        modes::leave();
        // STOP and not TSTP: the handler of TSTP is this program's, and the system drops a TSTP where
        // no shell waits for the job.
        let _ = kill_current_process_group(Signal::STOP);
        // The stop may reach this thread a moment after another one, so that the signal to continue
        // is what ends it. The first process of a container cannot be stopped, so the wait has a
        // limit.
        let moment = timespec(Duration::from_millis(100));
        let _ = poll(
            &mut [PollFd::new(&self.signals, PollFlags::IN)],
            Some(&moment),
        );
        self.is_resumed = true;
        self.resume()
    }

    /// Sets the terminal up again: another program may have changed everything meanwhile.
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

/// Returns the bytes that wait on standard input; `None` where there are none.
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
