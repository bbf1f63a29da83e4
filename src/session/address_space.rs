//! The limit of the process for its address space (`ulimit -v`). The engine reserves much more of it
//! than a guest has memory, and what is recorded needs some too.

use rustix::process::{Resource, getrlimit};

use crate::text;

/// What the engine reserves for the memory of a guest and for the journal, rounded: 8 GiB each.
const RESERVED: &str = "17 GB";

/// Returns the limit in bytes; `None` if there is none.
fn limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Returns how many bytes all that is recorded may take under the limit of the process; `None` without
/// a limit. The rest is left for everything else, and for gaps between what is used.
///
/// Linux only, from `VmSize` of `/proc/self/status` (`proc_pid_status(5)`).
pub(super) fn left_for_history() -> Option<u64> {
    let limit = limit()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let left = limit.saturating_sub(kib.saturating_mul(1 << 10)) / 2;
    // Whole MiB are easier to read in a message.
    Some(left >> 20 << 20)
}

/// Adds to a message of the engine which limit keeps it from making a memory.
pub(super) fn explained(message: String) -> String {
    if !message.contains("create memory") && !message.contains("resources") {
        return message;
    }
    match limit() {
        Some(limit) => format!(
            "{message}; the address space of this process is limited to {}, and the engine reserves \
             about {RESERVED} of it for a guest: allow more with `ulimit -v`",
            text::size(limit)
        ),
        None => format!(
            "{message}; the engine reserves about {RESERVED} of address space for a guest, and the \
             system refuses that"
        ),
    }
}
