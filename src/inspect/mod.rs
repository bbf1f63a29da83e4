//! A module described for people who have nothing but the file: `linmem inspect` as text and JSON,
//! and the steps file that `linmem init` writes. Knows the guest and nothing of how it runs; a
//! draft is tried by who asks for it.

pub mod draft;
mod json;
mod sheet;
mod text;
mod words;

use std::io;

use sha2::{Digest, Sha256};

use crate::guest::abi::Abi;
use crate::guest::{Guest, Layout, ModuleMetadata};

pub use words::module_name;

/// How the description is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Lines of at most 80 columns.
    #[default]
    Text,
    /// `linmem.inspect/1`, described in `docs/json.md`.
    Json,
}

/// What the description looks like.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub format: Format,
    /// Text: names and headings stand out. The text is the same without.
    pub color: bool,
    /// Text: no character outside ASCII is written.
    pub ascii: bool,
}

/// Everything that is told of a module.
struct Inspection<'g> {
    guest: &'g Guest,
    sha256: String,
    abi: Abi,
    layout: Layout,
    makeup: ModuleMetadata,
    features: Vec<&'static str>,
}

impl<'g> Inspection<'g> {
    fn of(guest: &'g Guest) -> Self {
        Inspection {
            guest,
            sha256: Sha256::digest(guest.given_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            abi: guest.abi(),
            layout: guest.layout(),
            makeup: guest.metadata(),
            features: guest.features_used(),
        }
    }
}

/// Describes a module, one that the engine cannot run too. Fails only where `out` does.
pub fn write(guest: &Guest, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let inspection = Inspection::of(guest);
    match options.format {
        Format::Text => text::write(&inspection, options, out),
        Format::Json => json::write(&inspection, out),
    }
}
