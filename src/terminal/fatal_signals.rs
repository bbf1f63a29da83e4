//! Signals that end the process at once. The terminal is restored first, and the process then dies by
//! the signal, as it would without this module.
//!
//! The signals that a person sends to end a program are not among them: the event loop receives
//! those (`signals`).

use std::io;

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGIO, SIGPROF, SIGSEGV, SIGSYS, SIGTRAP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGXCPU,
};

use super::modes;

/// The signals that every system has and whose default ends the process. SIGXFSZ is missing, because
/// the program does not die of a file that is too large.
const SIGNALS: [i32; 14] = [
    SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGIO, SIGPROF, SIGSEGV, SIGSYS, SIGTRAP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGXCPU,
];

/// Restores the terminal before the process dies by a signal.
///
/// This must come before the engine starts. The engine has its own handlers of SIGSEGV, SIGILL,
/// SIGFPE and SIGBUS, for the traps of a guest. For any other fault they call the handler that was
/// there before them, which is this one.
///
/// # Errors
///
/// The system refuses a handler.
#[expect(
    unsafe_code,
    reason = "a handler of a fault runs where the fault happened"
)]
pub(super) fn catch() -> io::Result<()> {
    for signal in SIGNALS.into_iter().chain(linux_signals()) {
        let handler = move || {
            modes::leave_in_signal_handler();
            die_by(signal);
        };
        // SAFETY: The handler calls only what is async-signal-safe: it reads atomics, writes to a
        // file descriptor, sets the modes of the terminal, and ends the process. It allocates
        // nothing and takes no lock. It never returns, so a fault does not happen again.
        unsafe { signal_hook_registry::register_signal_unchecked(signal, handler) }?;
    }
    Ok(())
}

/// Returns the signals that only Linux has.
fn linux_signals() -> Vec<i32> {
    #[cfg(target_os = "linux")]
    {
        let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
        [libc::SIGPWR, libc::SIGSTKFLT]
            .into_iter()
            .chain(real_time)
            .collect()
    }
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

/// Ends the process by a signal. Async-signal-safe.
#[expect(
    unsafe_code,
    reason = "the standard library has no functions for signals"
)]
fn die_by(signal: i32) {
    // SAFETY: All of these functions are async-signal-safe (`signal-safety(7)`), and the set is
    // initialized by `sigemptyset` before it is used.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
        libc::raise(signal);
        // The default of these signals ends the process, so this is never reached.
        libc::_exit(128 + signal);
    }
}
