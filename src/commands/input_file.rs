//! Files that the command line or a steps file names: they may be pipes and devices.

use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::atomic_file;

/// How long a pipe may bring nothing before a message names it.
const QUIET: Duration = Duration::from_secs(1);

/// Names a pipe on standard error if it is not read for a while. Dropping it ends that.
pub struct WaitNotice(#[expect(dead_code, reason = "dropping it wakes the thread")] Sender<()>);

/// Begins to wait for a file. If it is a named pipe, a message names it after a second. Returns `None`
/// for any other file: reading it does not wait.
pub fn notice_of_wait(path: &Path) -> Option<WaitNotice> {
    if !path.metadata().ok()?.file_type().is_fifo() {
        return None;
    }
    let shown = atomic_file::printable(path);
    let (sender, done) = mpsc::channel::<()>();
    let wait = move || {
        if done.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
            // Standard error is the last resort.
            let _ = writeln!(
                io::stderr(),
                "waiting for a program that writes to the pipe {shown}"
            );
        }
    };
    let thread = thread::Builder::new().name("wait notice".into());
    thread.spawn(wait).ok()?;
    Some(WaitNotice(sender))
}

/// Returns whether a path is that of a regular file. A file that the program keeps for itself is not
/// read or written if it is anything else, because that could wait for ever.
pub fn is_regular(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.is_file())
}

/// Reads at most `most` bytes and one more, which shows that there are more.
///
/// # Errors
///
/// Those of reading.
pub fn read_at_most(from: impl Read, most: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let left = most.saturating_add(1).saturating_sub(bytes.len() as u64);
    from.take(left).read_to_end(bytes)?;
    Ok(())
}
