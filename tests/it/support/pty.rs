//! The program in a pseudo-terminal, and the screen that it shows.
//!
//! Each wait reads what the program writes until a condition holds. The timeouts only end a test that
//! has failed, with the screen in its message.

use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::command::START;

/// The time that no wait takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program in its terminal.
pub struct Pty {
    /// `None` after the terminal was closed.
    line: Option<Line>,
    child: Box<dyn Child + Send + Sync>,
    parser: vt100::Parser,
    /// All bytes that the program has written.
    pub written: Vec<u8>,
}

/// The terminal's end of the line. The program's end stays open, so that its modes can be read until
/// the end.
struct Line {
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    _slave: Box<dyn SlavePty + Send>,
}

/// The arguments and the environment of the program.
pub struct Start<'a> {
    pub args: &'a [&'a str],
    pub rows: u16,
    pub cols: u16,
    pub env: &'a [(&'a str, &'a str)],
    /// Whether the terminal is the controlling one, which sends signals for Ctrl-C, a hang-up and a new
    /// size.
    pub is_controlling: bool,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Start {
            args: &[],
            rows: 30,
            cols: 120,
            env: &[],
            is_controlling: true,
        }
    }
}

impl Pty {
    /// Starts the program with `args` in a terminal of this size, with `env` in addition to a minimal
    /// environment.
    pub fn spawn(args: &[&str], rows: u16, cols: u16, env: &[(&str, &str)]) -> Pty {
        Pty::start(&Start {
            args,
            rows,
            cols,
            env,
            ..Start::default()
        })
    }

    pub fn start(start: &Start) -> Pty {
        let guard = START.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = native_pty_system()
            .openpty(size(start.rows, start.cols))
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_linmem"));
        command.args(start.args);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        // The configuration of the user must not matter.
        command.env("XDG_CONFIG_HOME", "/dev/null");
        command.env("XDG_CACHE_HOME", "/dev/null");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in start.env {
            command.env(name, value);
        }
        command.set_controlling_tty(start.is_controlling);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(guard);
        let line = Line {
            reader: pair.master.try_clone_reader().unwrap(),
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            _slave: pair.slave,
        };
        let parser = vt100::Parser::new(at_least_one(start.rows), at_least_one(start.cols), 200);
        Pty {
            line: Some(line),
            child,
            parser,
            written: Vec::new(),
        }
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Scrolls back by `rows` rows.
    pub fn scroll_back(&mut self, rows: usize) {
        self.parser.screen_mut().set_scrollback(rows);
    }

    /// Sends `bytes` as input.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let line = self.line.as_mut().expect("the terminal is open");
        line.writer.write_all(bytes.as_ref()).unwrap();
        line.writer.flush().unwrap();
    }

    /// Reads until `condition` holds for the screen.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, mut condition: impl FnMut(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(self.parser.screen()) {
            if Instant::now() >= deadline {
                panic!("{what}: not within {PATIENCE:?}\n{}", self.picture());
            }
            self.read(Duration::from_millis(50));
        }
    }

    /// Reads until the screen shows `text`.
    #[track_caller]
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(&format!("the screen shows {text:?}"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Reads until the program has written `text` after the first `from` bytes.
    #[track_caller]
    pub fn wait_for_bytes(&mut self, from: usize, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.written[from..]
            .windows(text.len())
            .any(|window| window == text.as_bytes())
        {
            assert!(
                Instant::now() < deadline,
                "{text:?} was never written\n{}",
                self.picture()
            );
            self.read(Duration::from_millis(50));
        }
    }

    /// Reads until the program sleeps and has written nothing for a while.
    #[track_caller]
    pub fn wait_for_quiet(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let (mut quiet, mut before) = (0, self.written.len());
        while quiet < 20 {
            assert!(
                Instant::now() < deadline,
                "the program does not sleep\n{}",
                self.picture()
            );
            self.read(Duration::from_millis(20));
            let is_quiet = self.written.len() == before && self.state() == 'S';
            quiet = if is_quiet { quiet + 1 } else { 0 };
            before = self.written.len();
        }
    }

    /// Reads until the program has ended and returns its exit status.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> u32 {
        let status = self.wait_for_status();
        assert_eq!(
            status.signal(),
            None,
            "killed instead of ending by itself\n{}",
            self.picture()
        );
        status.exit_code()
    }

    /// Reads until the program has ended and returns how.
    #[track_caller]
    pub fn wait_for_status(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() >= deadline => {
                    panic!(
                        "the program did not end within {PATIENCE:?}\n{}",
                        self.picture()
                    )
                }
                None => self.read(Duration::from_millis(20)),
            }
        };
        while self.read_now() {}
        status
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
        let line = self.line.as_ref().expect("the terminal is open");
        line.master.resize(size(rows, cols)).unwrap();
        self.parser
            .screen_mut()
            .set_size(at_least_one(rows), at_least_one(cols));
    }

    /// Returns the modes of the terminal: echo, line editing and others.
    pub fn modes(&self) -> String {
        let line = self.line.as_ref().expect("the terminal is open");
        format!(
            "{:?}",
            line.master.get_termios().expect("the modes can be read")
        )
    }

    /// Closes the terminal.
    pub fn hang_up(&mut self) {
        self.line = None;
    }

    /// Returns the state of the process as the kernel reports it: `S` sleeping, `T` stopped, `R` running.
    pub fn state(&self) -> char {
        self.stat(0).chars().next().unwrap_or('?')
    }

    /// Returns the processor time used so far, in clock ticks of 10 ms.
    pub fn ticks(&self) -> u64 {
        self.stat(11).parse::<u64>().unwrap() + self.stat(12).parse::<u64>().unwrap()
    }

    /// Returns the peak memory of the process, in bytes.
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid().as_raw_pid()))
            .unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap_or_default();
        peak.trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .unwrap_or(0)
            << 10
    }

    /// Reads until the process is in `state`.
    #[track_caller]
    pub fn wait_for_state(&mut self, state: char) {
        let deadline = Instant::now() + PATIENCE;
        while self.state() != state {
            assert!(
                Instant::now() < deadline,
                "state {} instead of {state}\n{}",
                self.state(),
                self.picture()
            );
            self.read(Duration::from_millis(10));
        }
    }

    /// Returns the screen in a frame, for messages.
    pub fn picture(&self) -> String {
        let screen = self.parser.screen();
        let columns = usize::from(u16::from(screen.size().1));
        let edge = "─".repeat(columns);
        let rows = screen
            .contents()
            .lines()
            .map(|row| format!("│{row}\n"))
            .collect::<String>();
        let tail = &self.written[self.written.len().saturating_sub(300)..];
        format!(
            "┌{edge}\n{rows}└{edge}\nlast bytes: {}",
            tail.escape_ascii()
        )
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// Returns a field of `/proc/PID/stat`, counted from the state.
    fn stat(&self, field: usize) -> String {
        let path = format!("/proc/{}/stat", self.pid().as_raw_pid());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        fields
            .split_whitespace()
            .nth(field)
            .unwrap_or_default()
            .to_owned()
    }

    /// Reads once, and waits for at most `patience`.
    #[expect(
        unsafe_code,
        reason = "the pseudo-terminal lends only a raw descriptor"
    )]
    fn read(&mut self, patience: Duration) {
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        let Some(line) = &mut self.line else {
            // A closed terminal has no more output: only the time can pass.
            let _ = poll(&mut [], Some(&timeout));
            return;
        };
        let fd = line.master.as_raw_fd().unwrap();
        // SAFETY: `master` owns the descriptor and outlives this borrow.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        if poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)).is_ok_and(|count| count > 0)
        {
            let mut buffer = [0; 1 << 14];
            if let Ok(count) = line.reader.read(&mut buffer) {
                self.parser.process(&buffer[..count]);
                self.written.extend_from_slice(&buffer[..count]);
            }
        }
    }

    /// Reads what has been written already, and returns whether there was anything.
    fn read_now(&mut self) -> bool {
        let before = self.written.len();
        self.read(Duration::ZERO);
        self.written.len() > before
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the modes of a terminal that no program has used.
pub fn fresh_modes() -> String {
    let _guard = START.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = native_pty_system().openpty(size(30, 120)).unwrap();
    format!(
        "{:?}",
        pair.master.get_termios().expect("the modes can be read")
    )
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn at_least_one(count: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(count).expect("a terminal has rows and columns")
}
