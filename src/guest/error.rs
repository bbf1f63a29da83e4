//! What can be wrong with a file that is to be a guest, said so that a person can act on it.

use std::path::Path;

use crate::safe;

/// Why a guest cannot be used. Every message is safe to print; a `.wat` error spans several lines.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    #[error("there is no file {path}")]
    Missing { path: String },
    #[error("{path} is a folder; name the .wasm or .wat file in it")]
    Folder { path: String },
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{name} is larger than {} MiB, more than any guest this program can show", most >> 20)]
    TooLarge { name: String, most: u64 },
    #[error("{name} is empty; a module has at least 8 bytes")]
    Empty { name: String },
    /// Neither a binary module nor a text one.
    #[error("{name} is not a WebAssembly module: {looks}")]
    NotWasm { name: String, looks: String },
    #[error(
        "{name} is a component, not a core module: it has no linear memory of its own to show; \
         extract the core module in it (`wasm-tools component unbundle`) or build for a plain \
         wasm32 target"
    )]
    Component { name: String },
    #[error("{name} ends at byte {end} in the middle of {place}; the file is incomplete")]
    Truncated {
        name: String,
        end: u64,
        place: String,
    },
    #[error("{name} is not a valid module: {message}, at byte {offset} ({offset:#x})")]
    Invalid {
        name: String,
        offset: u64,
        message: String,
    },
    /// The text format's own words, with the line and a caret.
    #[error("{message}")]
    Text { message: String },
    #[error(
        "{name} uses {}, which the engine (wasmer 7.4.2, cranelift) cannot run",
        and(features)
    )]
    Unsupported { name: String, features: Vec<String> },
    #[error(
        "{name} asks for at least {} of memory and the limit is {}; allow more with --max-memory {}",
        size(*required), size(*limit), size(*required)
    )]
    MemoryLimit {
        name: String,
        required: u64,
        limit: u64,
    },
    #[error("{name} asks for tables of {required} elements; at most {limit} are allowed")]
    TableLimit {
        name: String,
        required: u64,
        limit: u64,
    },
    #[error("{name} has {count} memories ({}); say which with: memory NAME", choices.join(", "))]
    WhichMemory {
        name: String,
        count: usize,
        choices: Vec<String>,
    },
    /// Valid, but at the end of what the engine takes. `what` goes on after the module's name.
    #[error("{name} cannot be run here: {excess}")]
    EngineLimit { name: String, excess: String },
    /// The rewriting went wrong; never the guest's fault.
    #[error(
        "{name} could not be prepared for recording: {message}; this is a fault of this program"
    )]
    Instrument { name: String, message: String },
}

impl GuestError {
    pub(super) fn from_io(path: &Path, error: &std::io::Error) -> Self {
        let path = safe::plain(&path.display().to_string());
        match error.kind() {
            std::io::ErrorKind::NotFound => GuestError::Missing { path },
            std::io::ErrorKind::IsADirectory => GuestError::Folder { path },
            _ => GuestError::Unreadable {
                path,
                reason: safe::plain(&error.to_string()),
            },
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn and(items: &[String]) -> String {
    match items {
        [] => String::from("something"),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Bytes in the largest unit that leaves a whole number, as `--max-memory` takes it.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (shift, unit) in units {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_numbers() {
        assert_eq!(size(1 << 30), "1GiB");
        assert_eq!(size((1 << 30) + 65536), "1048640KiB");
        assert_eq!(size(17 * 65536), "1088KiB");
        assert_eq!(size(12), "12B");
    }

    #[test]
    fn lists_read_as_sentences() {
        let words = |s: &str| s.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(and(&words("a")), "a");
        assert_eq!(and(&words("a b c")), "a, b and c");
    }
}
