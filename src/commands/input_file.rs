//! Files that the command line or a steps file names: they may be pipes and devices.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::atomic_file;

/// How long a pipe may be without a writer before a message names it.
const QUIET: Duration = Duration::from_secs(1);

/// Keeps a pipe open until it is opened again, so that its writer does not find it closed.
pub struct OpenPipe(#[expect(dead_code, reason = "the file is open as long as this exists")] File);

/// Waits until a named pipe has a writer. After a second, a message on standard error names the pipe.
/// Returns `None` for any other file: reading it does not wait, or its own error is better.
pub fn wait_for_writer(path: &Path) -> Option<OpenPipe> {
    if !path.metadata().ok()?.file_type().is_fifo() {
        return None;
    }
    // Without this flag, the opening itself would wait.
    let pipe = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .ok()?;
    let wait = |timeout: Option<&Timespec>| poll(&mut [PollFd::new(&pipe, PollFlags::IN)], timeout);
    let quiet = Timespec::try_from(QUIET).ok();
    if wait(quiet.as_ref()) == Ok(0) {
        // Standard error is the last resort.
        let _ = writeln!(
            io::stderr(),
            "waiting for a program that writes to the pipe {}",
            atomic_file::printable(path)
        );
        while wait(None) == Err(rustix::io::Errno::INTR) {}
    }
    Some(OpenPipe(pipe))
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
