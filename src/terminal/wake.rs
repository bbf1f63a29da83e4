//! A bell that any thread can ring and that the event loop hears while it waits. Carries no news by
//! itself.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Wakes the event loop from any thread. Never blocks; rings before the loop looks count as one.
#[derive(Debug, Clone)]
pub struct Waker(Arc<UnixStream>);

impl Waker {
    /// Makes the event loop ask its host for messages.
    pub fn wake(&self) {
        // A full pipe means that a wake is pending already, a closed one that nobody listens any
        // more: both are fine.
        let _ = (&*self.0).write(&[1]);
    }
}

/// The event loop's end.
#[derive(Debug)]
pub(super) struct WakeReceiver(UnixStream);

impl WakeReceiver {
    /// Forgets the rings so far.
    pub(super) fn drain(&self) {
        let mut rings = [0; 1024];
        while matches!((&self.0).read(&mut rings), Ok(count) if count == rings.len()) {}
    }
}

impl AsFd for WakeReceiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Makes a waker and the bell it rings.
///
/// # Errors
/// The program has too many files open.
pub(super) fn bell() -> io::Result<(Waker, WakeReceiver)> {
    let (listener, ringer) = UnixStream::pair()?;
    listener.set_nonblocking(true)?;
    ringer.set_nonblocking(true)?;
    Ok((Waker(Arc::new(ringer)), WakeReceiver(listener)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn rings(bell: &WakeReceiver) -> bool {
        poll(
            &mut [PollFd::new(bell, PollFlags::IN)],
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
        .unwrap()
            == 1
    }

    #[test]
    fn a_wake_is_heard_once_and_never_blocks() {
        let (waker, bell) = bell().unwrap();
        assert!(!rings(&bell));
        let other = waker.clone();
        std::thread::spawn(move || (0..100_000).for_each(|_| other.wake()))
            .join()
            .unwrap();
        assert!(rings(&bell));
        bell.drain();
        assert!(!rings(&bell));
        drop(bell);
        waker.wake();
    }
}
