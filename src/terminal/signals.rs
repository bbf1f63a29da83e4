//! Signals as something the event loop can wait on. Knows which signals matter, not what is done
//! about them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal asks of the event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// The terminal may have another size.
    Measure,
    /// The shell wants its terminal back for a while.
    Suspend,
    /// The program runs again; the shell may have changed the terminal in between.
    Resume,
    /// The program is to end; the number of the signal.
    End(i32),
}

/// The signals that arrived. Dropping it leaves their default actions off: the program is about to
/// end then.
#[derive(Debug)]
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Takes over the signals that concern a terminal program.
    pub(super) fn catch() -> io::Result<Signals> {
        let (reader, writer) = UnixStream::pair()?;
        let signals = [SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT, SIGQUIT];
        Ok(Signals(SignalDelivery::with_pipe(
            reader, writer, SignalOnly, signals,
        )?))
    }

    /// What has been asked since the last time. Never blocks.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let request = |signal| match signal {
            SIGWINCH => Request::Measure,
            SIGTSTP => Request::Suspend,
            SIGCONT => Request::Resume,
            signal => Request::End(signal),
        };
        self.0.pending().map(request).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}
