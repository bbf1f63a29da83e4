//! Why a file cannot be used as a guest.

use std::path::Path;

use crate::safe;
use crate::text::{count, list, size, size_argument};

/// Why a guest cannot be used. Every message is safe to print; that of a text module has several
/// lines.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant explains its fields"
)]
pub enum GuestError {
    /// The file does not exist.
    #[error("there is no file {path}")]
    Missing { path: String },
    /// The path is that of a folder.
    #[error("{path} is a folder; name the .wasm or .wat file in it")]
    Folder { path: String },
    /// The system refuses to read the file.
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    /// The file is larger than any guest may be, in bytes.
    #[error("{name} is larger than {} MiB, the largest guest that can be loaded", max >> 20)]
    TooLarge { name: String, max: u64 },
    /// The file has no bytes.
    #[error("{name} is empty; a module has at least 8 bytes")]
    Empty { name: String },
    /// The file is neither a binary module nor a text module.
    #[error("{name} is not a WebAssembly module: {contents}")]
    NotWasm { name: String, contents: String },
    /// The file is a component.
    #[error(
        "{name} is a component, not a core module, and has no linear memory of its own to show; \
         extract the core module in it (`wasm-tools component unbundle`) or build for a plain \
         wasm32 target"
    )]
    Component { name: String },
    /// The file is a component, and its core modules are modules.
    #[error(
        "{name} is a component, not a core module; it has {}: choose one by its number, such as \
         {name}#0 (`linmem inspect {name}` lists them)",
        count(*modules, "core module")
    )]
    CoreModules { name: String, modules: usize },
    /// A core module of a component has a number that the component does not have.
    #[error(
        "{name} has no core module {number}; it has {}, counted from 0",
        count(*count_of_all, "core module")
    )]
    NoCoreModule {
        name: String,
        number: usize,
        count_of_all: usize,
    },
    /// The number of a core module was given for a file that is no component.
    #[error("{name} is not a component with core modules; leave out the number of one")]
    NotComponent { name: String },
    /// The file ends within a section.
    #[error("{name} ends at byte {end} in the middle of {place}; the file is incomplete")]
    Truncated {
        name: String,
        end: u64,
        place: String,
    },
    /// The module does not pass validation.
    #[error("{name} is not a valid module: {message}, at byte {offset} ({offset:#x})")]
    Invalid {
        name: String,
        offset: u64,
        message: String,
    },
    /// The text of the module is invalid. The message is that of its parser, with the line and a
    /// caret.
    #[error("{message}")]
    Text { message: String },
    /// The module uses features that the engine does not have.
    #[error(
        "{name} uses {}{first}, which the engine (wasmer 7.4.2, cranelift) cannot run; {}",
        list::and(features),
        remedy(features)
    )]
    Unsupported {
        name: String,
        features: Vec<String>,
        /// What needs the first of them, in parentheses after a blank; empty if it is not known.
        first: String,
    },
    /// A memory is larger at the start than it may become, in bytes.
    #[error(
        "{name} needs at least {} of memory and the limit is {}; allow more with --max-memory {}",
        size(*required), size(*limit), size_argument(*required)
    )]
    MemoryLimit {
        name: String,
        required: u64,
        limit: u64,
    },
    /// The tables are larger at the start than they may become, in elements.
    #[error("{name} needs tables of {required} elements; at most {limit} are allowed")]
    TableLimit {
        name: String,
        required: u64,
        limit: u64,
    },
    /// The module has several memories, and none of them is the obvious one.
    #[error("{name} has {count} memories ({}); choose one with: memory NAME", choices.join(", "))]
    WhichMemory {
        name: String,
        count: usize,
        choices: Vec<String>,
    },
    /// The module is valid, but exceeds a limit of the engine. `excess` is a sentence about the
    /// module.
    #[error("{name} cannot be run here: {excess}")]
    EngineLimit { name: String, excess: String },
    /// The module could not be instrumented, which is never the fault of the guest.
    #[error(
        "{name} could not be instrumented: {message}; this is a bug in linmem: please report it \
         with this guest"
    )]
    Instrument { name: String, message: String },
}

/// Returns what can be done about features that the engine does not have.
fn remedy(features: &[String]) -> &'static str {
    match features.first().map(String::as_str) {
        Some("64-bit memories or tables") => {
            "build it for wasm32, or describe it with `linmem inspect`"
        }
        Some("tail calls") => {
            "build it without them (-mno-tail-call in clang, -C target-feature=-tail-call in rustc), \
             or describe it with `linmem inspect`"
        }
        _ => "build it without that, or describe it with `linmem inspect`",
    }
}

impl GuestError {
    /// Returns the error for a file that could not be read.
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
