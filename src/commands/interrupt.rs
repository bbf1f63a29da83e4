//! Signals that ask a command to end. The first one cancels the session that runs, so that the
//! command can report what was recorded. The second one ends the program at once, and so does the first
//! one after all sessions have run.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use linmem::session::limits::CancelHandle;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use super::atomic_file;

/// The signals that a person or the system sends to end a program.
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// What the shell adds to the number of a signal for the exit status of a program that it ended.
const SIGNAL_STATUS: i32 = 128;

/// The signals of this process.
pub struct Interrupt {
    control: CancelHandle,
    /// The first signal; 0 for none.
    signal: AtomicI32,
    /// Whether the first signal ends the program at once, too.
    ends_at_once: AtomicBool,
}

/// Makes a write fail that exceeds the largest file that the system allows (`ulimit -f`). Without a
/// handler, the process would die of it, and would leave a draft.
pub fn survive_file_size_limit() {
    // Without the handler, such a write ends the program.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

/// Returns the handle that a signal cancels, if the command listens for signals. Otherwise, the screen
/// has them, or the system.
pub fn control() -> CancelHandle {
    INTERRUPT.get().map(Interrupt::control).unwrap_or_default()
}

/// Returns whether the command listens for signals and one has come.
pub fn is_received() -> bool {
    INTERRUPT.get().is_some_and(Interrupt::is_received)
}

/// Starts to listen for the signals, on the first call, and returns their state.
pub fn listen() -> &'static Interrupt {
    let mut is_new = false;
    let interrupt = INTERRUPT.get_or_init(|| {
        is_new = true;
        Interrupt {
            control: CancelHandle::default(),
            signal: AtomicI32::new(0),
            ends_at_once: AtomicBool::new(false),
        }
    });
    if is_new {
        // Without the thread a signal ends the program at once, which is the default of the system.
        let received = SIGNALS.into_iter().filter(|signal| !is_ignored(*signal));
        if let Ok(signals) = Signals::new(received) {
            let thread = thread::Builder::new().name("signals".to_owned());
            let _ = thread.spawn(move || interrupt.receive(signals));
        }
    }
    interrupt
}

impl Interrupt {
    /// Returns the handle that a signal cancels. Every session of the command uses it.
    pub fn control(&self) -> CancelHandle {
        self.control.clone()
    }

    /// Returns whether a signal has come.
    pub fn is_received(&self) -> bool {
        self.signal.load(Ordering::SeqCst) != 0
    }

    /// Makes the next signal end the program at once, because no session runs any more.
    pub fn end_at_once(&self) {
        self.ends_at_once.store(true, Ordering::SeqCst);
    }

    /// Returns the exit status of a command that a signal ended: 130 for ctrl-c.
    pub fn exit_status(&self) -> u8 {
        let signal = match self.signal.load(Ordering::SeqCst) {
            0 => SIGINT,
            signal => signal,
        };
        status_of(signal)
    }

    fn receive(&self, mut signals: Signals) {
        for signal in signals.forever() {
            if self.is_received() || self.ends_at_once.load(Ordering::SeqCst) {
                atomic_file::remove_draft();
                process::exit(i32::from(status_of(signal)));
            }
            self.signal.store(signal, Ordering::SeqCst);
            self.control.cancel();
        }
    }
}

fn status_of(signal: i32) -> u8 {
    u8::try_from(SIGNAL_STATUS.saturating_add(signal)).unwrap_or(u8::MAX)
}

/// Returns whether the process was started with the signal ignored, as `nohup` does with SIGHUP.
///
/// Linux only, from the mask `SigIgn` of `/proc/self/status` (`proc_pid_status(5)`). Elsewhere no
/// signal counts as ignored.
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(signal.saturating_sub(1)).ok();
    match (mask, bit.and_then(|bit| 1_u64.checked_shl(bit))) {
        (Some(mask), Some(bit)) => mask & bit != 0,
        _ => false,
    }
}
