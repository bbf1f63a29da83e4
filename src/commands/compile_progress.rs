//! How far a long compilation is, on standard error: one line that is written again and again, and
//! removed in the end.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use linmem::protocol::Compiling;
use linmem::safe;
use linmem::session::limits::CancelHandle;

/// How long a compilation may take before its progress is shown.
const QUIET: Duration = Duration::from_secs(1);

/// The time between two lines.
const PERIOD: Duration = Duration::from_millis(200);

/// The longest name of a guest in the line, in characters.
const MAX_NAME: usize = 30;

/// Shows the progress of a compilation. Dropping it ends that.
pub struct CompileProgress {
    sender: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to show how far the guest of a session is compiled. Shows nothing where standard error is
/// no terminal.
pub fn show(name: &str, control: &CancelHandle) -> Option<CompileProgress> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = safe::cut(name, MAX_NAME);
    let control = control.clone();
    let (sender, done) = mpsc::channel::<()>();
    let started = Instant::now();
    let work = move || {
        let mut is_shown = false;
        let mut wait = QUIET;
        while done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            wait = PERIOD;
            if let Some(part) = control.compiled() {
                is_shown = true;
                let compiling = Compiling::after(part, started.elapsed().as_secs_f64());
                write(&format!(
                    "\r\x1b[Kcompiling {name}: {}",
                    compiling.in_words()
                ));
            }
        }
        if is_shown {
            write("\r\x1b[K");
        }
    };
    let thread = thread::Builder::new().name("compile progress".into());
    Some(CompileProgress {
        sender: Some(sender),
        thread: Some(thread.spawn(work).ok()?),
    })
}

/// Standard error is the last resort, so an error is ignored.
fn write(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

impl Drop for CompileProgress {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The line is removed before anything else is printed.
            let _ = thread.join();
        }
    }
}
