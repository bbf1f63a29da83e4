//! A module described for people who have nothing but the file: `linmem inspect` as text and JSON,
//! and the steps file that `linmem init` writes.
//!
//! Knows the guest before it runs. It runs nothing itself: `commands/init` tries a draft out.

mod component;
pub mod draft;
mod json;
mod paths;
mod text;
pub mod types;
mod writer;

use std::collections::BTreeMap;
use std::io;

use sha2::{Digest, Sha256};

use crate::data_types::TypeTable;
use crate::guest::abi::Abi;
use crate::guest::{FunctionSignature, Guest, Layout, ModuleMetadata};

pub use component::write as write_component;
pub use paths::module_name;

/// The form of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Lines of at most 80 columns.
    #[default]
    Text,
    /// `linmem.inspect/1`, described in `docs/json.md`.
    Json,
}

/// How a description is written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Text or JSON.
    pub format: Format,
    /// Text only: whether names and headings are in bold. The text is the same without.
    pub color: bool,
    /// Text only: whether characters outside ASCII are replaced.
    pub ascii: bool,
}

/// Everything that a description has about a module.
struct Inspection<'g> {
    guest: &'g Guest,
    /// In lower-case hex.
    sha256: String,
    abi: Abi,
    layout: Layout,
    metadata: ModuleMetadata,
    features: Vec<&'static str>,
    /// By the name of an exported function, its declaration in the source.
    declared: BTreeMap<String, FunctionSignature>,
}

impl<'g> Inspection<'g> {
    fn new(guest: &'g Guest) -> Self {
        Inspection {
            guest,
            sha256: Sha256::digest(guest.given_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            abi: guest.abi(),
            layout: guest.layout(),
            metadata: guest.metadata(),
            features: guest.features_used(),
            declared: guest
                .debug_types()
                .exported_functions(&mut TypeTable::default())
                .into_iter()
                .collect(),
        }
    }
}

/// Describes a module, which may be one that the engine cannot run.
///
/// # Errors
/// Those of `out`.
pub fn write(guest: &Guest, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let inspection = Inspection::new(guest);
    match options.format {
        Format::Text => text::write(&inspection, options, out),
        Format::Json => json::write(&inspection, out),
    }
}
