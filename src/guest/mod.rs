//! A module before it runs: loaded from a binary or text file, described, and rewritten so that it
//! can be stopped, limited and looked into.
//!
//! Owns what is known of a guest without running it, and the rules of the rewriting. Must not know
//! any runtime: what the engine can run is written down in `features`, and the session gives the
//! rewritten bytes to it.

pub mod abi;
mod code_index;
mod debug_info;
mod detect_format;
mod error;
mod features;
mod instrument;
mod layout;
mod metadata;
mod module_info;
mod offset;
mod purity;
mod recursion;
mod types;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use debug_info::Access;
pub use error::GuestError;
pub use instrument::{InstrumentOptions, InstrumentedModule, JournalLayout, Site, SiteKind};
pub use layout::{Area, Layout, Segment, Symbol};
pub use metadata::{CustomSection, DebugInfo, ModuleMetadata, Producer};
pub use offset::{Offset, OffsetOp};
pub use recursion::Recursion;
pub use types::{DataSegment, Export, Import, Memory};

pub use crate::wasm_types::{
    ExternType, FuncType, GlobalType, MemoryType, PAGE, TableType, ValueType,
};

use crate::safe;
use crate::source::Place;
use debug_info::Sources;
use module_info::Description;

/// Largest file that is taken for a guest, in bytes.
const LARGEST: u64 = 256 << 20;

/// Longest name of a function, export or memory that is shown, in characters.
const LONGEST_NAME: usize = 200;

/// A valid module that the engine can run. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Guest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    given: Vec<u8>,
    /// `None` where the file as given is the binary.
    assembled: Option<Assembled>,
    description: Description,
    /// What it asks for that the engine cannot do.
    lacking: Vec<String>,
    /// Where the file lies; `None` where nobody says, and no file may be read.
    folder: Option<PathBuf>,
    sources: Sources,
}

#[derive(Debug)]
struct Assembled {
    text: String,
    wasm: Vec<u8>,
}

impl Guest {
    /// Loads a module from a file. Whether it is a binary or a text module is told by its content.
    ///
    /// # Errors
    /// The file cannot be read, is no core module, is invalid, or uses what the engine cannot run.
    pub fn load(path: &Path) -> Result<Guest, GuestError> {
        Guest::new(&path.display().to_string(), read(path)?, path.parent())
    }

    /// Loads a module from a file in order to describe it, even where the engine cannot run it;
    /// [`Guest::lacking`] says so then, and no session can be opened on it.
    ///
    /// # Errors
    /// The file cannot be read, is no core module, or is invalid.
    pub fn look_at(path: &Path) -> Result<Guest, GuestError> {
        Guest::described(&path.display().to_string(), read(path)?, path.parent())
    }

    /// Takes bytes for a module. `name` is what messages call it.
    ///
    /// # Errors
    /// As [`Guest::load`], but for the file itself.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Guest, GuestError> {
        Guest::new(name, bytes.to_vec(), None)
    }

    /// Like [`Guest::from_bytes`], where the bytes were read from a file in this folder: source
    /// files below it may be shown.
    ///
    /// # Errors
    /// As [`Guest::load`], but for the file itself.
    pub fn from_bytes_in(folder: &Path, name: &str, bytes: &[u8]) -> Result<Guest, GuestError> {
        Guest::new(name, bytes.to_vec(), Some(folder))
    }

    fn new(name: &str, given: Vec<u8>, folder: Option<&Path>) -> Result<Guest, GuestError> {
        let guest = Guest::described(name, given, folder)?;
        match guest.lacking() {
            [] => Ok(guest),
            lacking => Err(GuestError::Unsupported {
                name: guest.name().into(),
                features: lacking.to_vec(),
            }),
        }
    }

    /// Any valid module, one that the engine cannot run among them.
    fn described(name: &str, given: Vec<u8>, folder: Option<&Path>) -> Result<Guest, GuestError> {
        let name = safe::plain(name);
        if given.len() as u64 > LARGEST {
            return Err(GuestError::TooLarge {
                name,
                most: LARGEST,
            });
        }
        let assembled = detect_format::read(&name, &given)?;
        let wasm = assembled
            .as_ref()
            .map_or(&given, |assembled| &assembled.wasm);
        let mut lacking = features::lacking(&name, wasm)?;
        let description = Description::read(wasm).map_err(|error| GuestError::Invalid {
            name: name.clone(),
            offset: error.offset(),
            message: safe::cut(error.message(), LONGEST_NAME),
        })?;
        if lacking.is_empty() {
            lacking.extend(features::gap(wasm, &description).map(String::from));
        }
        let folder = folder.map(|folder| {
            if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            }
            .into()
        });
        let sources = Sources::default();
        Ok(Guest(Arc::new(Inner {
            name,
            given,
            assembled,
            description,
            lacking,
            folder,
            sources,
        })))
    }

    /// What the module asks for that the engine cannot do; empty but for a guest of
    /// [`Guest::look_at`], since no other is made of such a module.
    pub fn lacking(&self) -> &[String] {
        &self.0.lacking
    }

    /// Which parts of WebAssembly the module uses that came after its first version, in words.
    pub fn features_used(&self) -> Vec<&'static str> {
        features::used(self.wasm())
    }

    /// What people call it: the path as they wrote it, safe to print.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The file as given, binary or text.
    pub fn given_bytes(&self) -> &[u8] {
        &self.0.given
    }

    /// The binary module as given, or as assembled from the text.
    pub fn wasm(&self) -> &[u8] {
        self.0
            .assembled
            .as_ref()
            .map_or(&self.0.given, |assembled| &assembled.wasm)
    }

    /// The source of a text module.
    pub fn text(&self) -> Option<&str> {
        self.0
            .assembled
            .as_ref()
            .map(|assembled| assembled.text.as_str())
    }

    pub fn exports(&self) -> &[Export] {
        &self.0.description.exports
    }

    pub fn imports(&self) -> &[Import] {
        &self.0.description.imports
    }

    /// The export of this name; names are unique in a module.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports().iter().find(|export| export.name == name)
    }

    /// In the order of the index space: imported ones first.
    pub fn memories(&self) -> &[Memory] {
        &self.0.description.memories
    }

    /// The active ones, in order.
    pub fn data_segments(&self) -> &[DataSegment] {
        &self.0.description.data_segments
    }

    /// The bytes of a data segment by its index among all of them, passive ones counted.
    pub fn segment(&self, index: u32) -> Option<&[u8]> {
        let range = self
            .0
            .description
            .data_ranges
            .get(usize::try_from(index).ok()?)?;
        self.wasm()
            .get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// The function that runs when the module is instantiated.
    pub fn start(&self) -> Option<u32> {
        self.0.description.start
    }

    /// How many functions there are, imported ones counted.
    pub fn function_count(&self) -> u32 {
        u32::try_from(self.0.description.functions.len()).unwrap_or(u32::MAX)
    }

    /// The import that a global of this index stands for; `None` where the module defines it
    /// itself.
    pub fn imported_global(&self, index: u32) -> Option<&Import> {
        self.nth_import(index, |ty| matches!(ty, ExternType::Global(_)))
    }

    /// The name of a function by its index, safe to print: from the name section, as people wrote
    /// it and not as linkers know it; else an export's; else `module.name` for an imported one;
    /// else `func[12]`.
    pub fn function_name(&self, index: u32) -> String {
        let exported = || {
            self.exports()
                .iter()
                .find(|export| export.index == index && matches!(export.ty, ExternType::Func(_)))
        };
        if let Some(name) = self
            .0
            .description
            .function_names
            .get(&index)
            .filter(|name| !name.is_empty())
        {
            return debug_info::readable(name);
        }
        if let Some(export) = exported() {
            return safe::cut(&export.name, LONGEST_NAME);
        }
        match self.nth_import(index, |ty| matches!(ty, ExternType::Func(_))) {
            Some(import) => safe::cut(&format!("{}.{}", import.module, import.name), LONGEST_NAME),
            None => format!("func[{index}]"),
        }
    }

    /// The function whose body holds the byte at an offset from the module's start, by its index.
    pub fn function_at(&self, offset: u64) -> Option<u32> {
        let body = self.0.description.bodies.at(offset)?;
        self.0
            .description
            .imported_functions
            .checked_add(u32::try_from(body).ok()?)
    }

    /// Which functions may call themselves, directly or by way of others, once this one is called.
    pub fn cycles_below(&self, function: u32) -> Recursion {
        recursion::below(self, function)
    }

    /// What the instruction at an offset from the module's start loads or stores; `None` where it
    /// does neither, or where no instruction begins. `memory.fill`, `memory.copy` and `memory.init`
    /// are neither.
    pub fn access_at(&self, offset: u64) -> Option<Access> {
        debug_info::access_at(self, offset)
    }

    /// Where the instruction at an offset from the module's start stands in text. The first call
    /// reads the debug information; the first one for a function prints its instructions; after
    /// that it takes a few microseconds.
    pub fn place(&self, offset: u64) -> Place {
        self.0.sources.place(self, offset)
    }

    /// The index of the memory exported under this name.
    pub fn memory_named(&self, export: &str) -> Option<u32> {
        self.export(export)
            .filter(|export| matches!(export.ty, ExternType::Memory(_)))
            .map(|export| export.index)
    }

    /// The memory that is meant where nobody says which: the one exported as `memory`, else the
    /// only one, else the only one with a name to say. `Ok(None)` for a guest without memory. A
    /// guest that names none of several means its first.
    ///
    /// # Errors
    /// Several could be meant: the error lists their names.
    pub fn default_memory(&self) -> Result<Option<u32>, GuestError> {
        if let Some(index) = self.memory_named("memory") {
            return Ok(Some(index));
        }
        let named: Vec<u32> = (0..)
            .zip(self.memories())
            .filter(|(_, memory)| !memory.exported_as.is_empty())
            .map(|(i, _)| i)
            .collect();
        match (self.memories(), named.as_slice()) {
            ([], _) => Ok(None),
            ([_], _) | (_, []) => Ok(Some(0)),
            (_, [one]) => Ok(Some(*one)),
            (memories, _) => Err(GuestError::WhichMemory {
                name: self.name().into(),
                count: memories.len(),
                choices: memories
                    .iter()
                    .filter_map(|memory| memory.exported_as.first())
                    .map(|name| safe::quoted(name, LONGEST_NAME))
                    .collect(),
            }),
        }
    }

    /// Makes the module that is run in this one's place. See [`InstrumentedModule`] for what differs.
    ///
    /// # Errors
    /// The guest asks for more memory than `options` allow, or for absurdly large tables.
    pub fn rewrite(&self, options: &InstrumentOptions) -> Result<InstrumentedModule, GuestError> {
        instrument::rewrite(self, options)
    }

    fn nth_import(&self, index: u32, is_kind: impl Fn(&ExternType) -> bool) -> Option<&Import> {
        self.imports()
            .iter()
            .filter(|import| is_kind(&import.ty))
            .nth(usize::try_from(index).ok()?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, GuestError> {
    let failed = |error: std::io::Error| GuestError::from_io(path, &error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(GuestError::Folder {
            path: safe::plain(&path.display().to_string()),
        });
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}
