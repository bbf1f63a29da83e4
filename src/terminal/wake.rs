//! Wakes the event loop from any thread while it waits. Carries no data by itself.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Wakes the event loop from any thread. Never blocks; several wakeups before the loop runs again
/// count as one.
#[derive(Debug, Clone)]
pub struct Waker(Arc<UnixStream>);

impl Waker {
    /// Makes the event loop ask its host for messages.
    pub fn wake(&self) {
        // A full pipe has a wakeup pending already, and a closed one has no receiver any more: both
        // are fine.
        let _ = (&*self.0).write(&[1]);
    }
}

/// The end of the event loop.
#[derive(Debug)]
pub(super) struct WakeReceiver(UnixStream);

impl WakeReceiver {
    /// Discards the wakeups so far.
    pub(super) fn drain(&self) {
        let mut wakeups = [0; 1024];
        while matches!((&self.0).read(&mut wakeups), Ok(count) if count == wakeups.len()) {}
    }
}

impl AsFd for WakeReceiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Returns a waker and the receiver that it wakes.
///
/// # Errors
/// The program has too many files open.
pub(super) fn channel() -> io::Result<(Waker, WakeReceiver)> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    sender.set_nonblocking(true)?;
    Ok((Waker(Arc::new(sender)), WakeReceiver(receiver)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_woken(receiver: &WakeReceiver) -> bool {
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut [PollFd::new(receiver, PollFlags::IN)], Some(&at_once)).unwrap() == 1
    }

    #[test]
    fn wakeups_count_as_one_and_never_block() {
        let (waker, receiver) = channel().unwrap();
        assert!(!is_woken(&receiver));
        let other = waker.clone();
        std::thread::spawn(move || (0..100_000).for_each(|_| other.wake()))
            .join()
            .unwrap();
        assert!(is_woken(&receiver));
        receiver.drain();
        assert!(!is_woken(&receiver));
        drop(receiver);
        waker.wake();
    }
}
