//! The modes of the terminal: entered once, left on every way out.
//!
//! All writes to the terminal go through this module, to the file descriptor itself. The handle of
//! the standard library has a lock on which a panicking thread could wait forever, and a buffer that
//! would be flushed too late.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, queue, style, terminal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Presses, releases and the wheel, with coordinates of any size. The commands of crossterm request
/// every motion of the mouse too, and each would wake the program.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the modes are on. The lock also keeps a frame of one thread apart from the restoring of
/// another.
static ENTERED: Mutex<bool> = Mutex::new(false);

/// Whether the modes are on, for a signal handler, which must not wait for a lock.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// The terminal as it was before the modes were entered first, for a signal handler; `None` if it
/// could not be read.
static ORIGINAL: OnceLock<Option<Original>> = OnceLock::new();

struct Original {
    modes: Termios,
    /// What is written to leave the modes.
    bytes: Vec<u8>,
}

fn entered() -> MutexGuard<'static, bool> {
    ENTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves the modes when dropped.
#[derive(Debug)]
pub(super) struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Enters the modes: raw mode, alternate screen, bracketed paste, the mouse if requested, no cursor.
///
/// # Errors
/// The modes cannot be read or set, or the terminal cannot be written to. It is then as before.
pub(super) fn enter(mouse: bool) -> io::Result<Guard> {
    resume(mouse)?;
    Ok(Guard(()))
}

/// Sets the modes again after [`leave`], or after another program may have changed them.
///
/// # Errors
/// Those of [`enter`].
pub(super) fn resume(mouse: bool) -> io::Result<()> {
    leave();
    let mut entered = entered();
    ORIGINAL.get_or_init(|| {
        let modes = tcgetattr(rustix::stdio::stdin()).ok()?;
        let bytes = leaving_bytes();
        Some(Original { modes, bytes })
    });
    terminal::enable_raw_mode()?;
    *entered = true;
    IS_ON.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(
        bytes,
        EnterAlternateScreen,
        EnableBracketedPaste,
        Print(if mouse { MOUSE_ON } else { "" }),
        cursor::Hide
    )?;
    let written = write_all(&bytes);
    drop(entered);
    written.inspect_err(|_| leave())
}

/// Restores the terminal. Does nothing while the modes are off. Errors are ignored: nothing could
/// show them.
pub(super) fn leave() {
    let mut entered = entered();
    if !std::mem::take(&mut *entered) {
        return;
    }
    IS_ON.store(false, Ordering::SeqCst);
    let _ = write_all(&leaving_bytes());
    let _ = terminal::disable_raw_mode();
}

/// Returns what is written to leave the modes.
fn leaving_bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = queue!(
        bytes,
        EndSynchronizedUpdate,
        style::ResetColor,
        Print(MOUSE_OFF),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    bytes
}

/// Restores the terminal from the handler of a signal that ends the process. Async-signal-safe: it
/// takes no lock and allocates nothing.
pub(super) fn leave_in_signal_handler() {
    if !IS_ON.swap(false, Ordering::SeqCst) {
        return;
    }
    if let Some(Some(original)) = ORIGINAL.get() {
        let _ = write_all(&original.bytes);
        let _ = tcsetattr(
            rustix::stdio::stdin(),
            OptionalActions::Now,
            &original.modes,
        );
    }
}

/// Writes to the terminal while the modes are on. After they are left, nothing may be written to the
/// shell's screen.
///
/// # Errors
/// The terminal is gone.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let entered = entered();
    if *entered { write_all(bytes) } else { Ok(()) }
}

/// Turns the reports of the mouse on or off.
///
/// # Errors
/// As [`write()`].
pub(super) fn capture_mouse(on: bool) -> io::Result<()> {
    write(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())
}

/// Writes to standard output, whether or not the modes are on.
///
/// # Errors
/// The terminal is gone.
pub(super) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that shares this terminal may have made it non-blocking.
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes a panic of the drawing thread restore the terminal before its message is printed, and then
/// end the program. A panic on another thread prints nothing while the screen is on: the code that
/// started the thread reports it, and the screen stays intact.
pub(super) fn leave_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let screen = std::thread::current().id();
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let was_entered = *entered();
            if was_entered && std::thread::current().id() != screen {
                return;
            }
            leave();
            print(info);
            if was_entered {
                std::process::exit(101);
            }
        }));
    });
}
