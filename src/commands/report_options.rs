//! What a report states about the command line that made it.

use std::path::Path;

use linmem::timeline::Timeline;

use crate::cli::{DEFAULT_MEMORY, DEFAULT_STORES, MaxHistory, SessionArgs};

use super::{atomic_file, load};

/// Returns the path by which a session file beside `output` names the module; `None` where there is
/// no such path.
pub fn module_line(
    timeline: &Timeline,
    output: Option<&Path>,
    is_built_in: bool,
) -> Option<String> {
    let path = &timeline.guest.path;
    match is_built_in {
        true => Some(format!("{}{path}", load::BUILT_IN)),
        false => atomic_file::relative_path(
            output.and_then(Path::parent).unwrap_or(Path::new("")),
            Path::new(path),
        )
        .ok(),
    }
}

/// Returns the options that the session needs to run in the same way, as typed on a command line.
pub fn again(args: &SessionArgs) -> String {
    let mut out = String::new();
    if args.limits.max_memory != DEFAULT_MEMORY {
        out.push_str(&format!(" --max-memory {}", args.limits.max_memory));
    }
    if args.limits.max_stores != DEFAULT_STORES {
        out.push_str(&format!(" --max-stores {}", args.limits.max_stores));
    }
    if let MaxHistory(Some(bytes)) = args.limits.max_history {
        out.push_str(&format!(" --max-history {bytes}"));
    }
    if args.stdin.is_some() {
        out.push_str(" --stdin FILE");
    }
    out
}
