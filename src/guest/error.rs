//! What can be wrong with a file that is to be a guest, said so that a person can act on it.

use std::path::Path;

use crate::safe;
use crate::text::{list, size, size_argument};

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
        list::and(features)
    )]
    Unsupported { name: String, features: Vec<String> },
    #[error(
        "{name} asks for at least {} of memory and the limit is {}; allow more with --max-memory {}",
        size(*wants), size(*limit), size_argument(*wants)
    )]
    MemoryLimit {
        name: String,
        wants: u64,
        limit: u64,
    },
    #[error("{name} asks for tables of {wants} elements; at most {limit} are allowed")]
    TableLimit {
        name: String,
        wants: u64,
        limit: u64,
    },
    #[error("{name} has {count} memories ({}); say which with: memory NAME", choices.join(", "))]
    WhichMemory {
        name: String,
        count: usize,
        choices: Vec<String>,
    },
    /// Valid, but at the end of what the engine takes. `what` goes on after the module's name.
    #[error("{name} cannot be run here: {what}")]
    TooMuch { name: String, what: String },
    /// The rewriting went wrong; never the guest's fault.
    #[error(
        "{name} could not be prepared for recording: {message}; this is a fault of this program"
    )]
    Rewrite { name: String, message: String },
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
