//! Steps through what passes between a host and a WebAssembly guest, and shows linear memory while
//! it happens.
//!
//! The parts and the one direction their arrows run are drawn in `ARCHITECTURE.md`;
//! `tests/it/layering.rs` keeps them so.

#[cfg(not(unix))]
compile_error!("linmem runs on Linux and macOS; Windows is not supported");

pub mod answers;
pub mod app;
pub mod data_types;
pub mod finding_kind;
pub mod guest;
pub mod hostlog;
pub mod inspect;
pub mod javascript;
pub mod journal_abi;
pub mod prose;
pub mod protocol;
pub mod report;
pub mod safe;
pub mod script;
pub mod session;
pub mod source;
pub mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod timeline;
pub mod ui;
pub mod value;
pub mod wasm_types;
