//! Signals as something that the event loop can wait on. Knows which signals concern the program,
//! and not how it reacts to them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal requests of the event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalRequest {
    /// The terminal may have another size.
    Measure,
    /// The shell takes its terminal back for a while.
    Suspend,
    /// The program continues; the shell may have changed the terminal in between.
    Resume,
    /// The program must end. Holds the number of the signal.
    End(i32),
}

/// The signals that arrived. Their default actions stay off after it is dropped, because the program
/// ends then.
#[derive(Debug)]
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Catches the signals that concern a terminal program.
    pub(super) fn catch() -> io::Result<Signals> {
        let (reader, writer) = UnixStream::pair()?;
        let signals = [SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT, SIGQUIT];
        Ok(Signals(SignalDelivery::with_pipe(
            reader, writer, SignalOnly, signals,
        )?))
    }

    /// Returns what has been requested since the last call. Never blocks.
    pub(super) fn take(&mut self) -> Vec<SignalRequest> {
        let request = |signal| match signal {
            SIGWINCH => SignalRequest::Measure,
            SIGTSTP => SignalRequest::Suspend,
            SIGCONT => SignalRequest::Resume,
            signal => SignalRequest::End(signal),
        };
        self.0.pending().map(request).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}
