//! A module before it runs: loaded from a binary or text file, described, and instrumented so that
//! it can be stopped, limited and recorded.
//!
//! This part owns what is known of a guest without running it, and the rules of instrumentation. It
//! knows no runtime: `features` lists what the engine can run, and the session passes the
//! instrumented module to it.

pub mod abi;
mod allocator_state;
mod call_graph;
mod code_index;
mod code_reach;
mod component;
mod debug_info;
mod detect_format;
mod error;
mod features;
mod indirect_call;
mod instrument;
mod known;
mod layout;
mod metadata;
mod module_info;
mod offset;
mod purity;
mod recursion;
mod stack_pointer;
mod trampoline;
mod types;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use code_reach::CodeReach;
pub use component::Component;
pub use debug_info::{
    Access, DebugTypes, FunctionSignature, GlobalVariable, Language, Parameter, TypeName,
};
pub use error::GuestError;
pub use indirect_call::{IndirectCall, TableIndex, TableSlot};
pub use instrument::{InstrumentOptions, InstrumentedModule, JournalLayout};
pub(crate) use layout::Area;
pub use layout::{Layout, Segment};
pub use metadata::CustomSection;
pub(crate) use metadata::ModuleMetadata;
pub use offset::{Offset, OffsetOp};
pub use recursion::Recursion;
pub use trampoline::{TRAMPOLINE_EXPORT, TRAMPOLINE_MODULE, trampoline};
pub use types::{DataSegment, Export, Import, Memory};

pub use crate::wasm_types::{
    ExternType, FuncType, GlobalType, MemoryType, PAGE, TableType, ValueType,
};

use sha2::{Digest, Sha256};

use crate::safe;
use crate::source::Place;
use debug_info::Sources;
use features::{Need, Needs};
use module_info::Description;
use stack_pointer::StackPointer;

/// The largest file that is loaded as a guest, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// The longest name of a function, export or memory in a message, in characters.
const MAX_NAME: usize = 200;

/// A valid module that the engine can run. A clone shares it.
///
/// # Examples
///
/// ```
/// use linmem::guest::Guest;
///
/// let wat = br#"(module (memory (export "memory") 1) (func (export "run")))"#;
/// let guest = Guest::from_bytes("example.wat", wat)?;
///
/// assert!(guest.export("run").is_some());
/// assert_eq!(guest.memories().len(), 1);
/// assert!(guest.wasm().starts_with(b"\0asm"));
/// # Ok::<(), linmem::guest::GuestError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Guest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    given: Vec<u8>,
    /// The binary of a text module; `None` if the file is a binary.
    assembled: Option<Assembled>,
    description: Description,
    needs: Needs,
    /// The folder of the file; `None` if no files may be read.
    folder: Option<PathBuf>,
    sources: Sources,
    /// Whether the bodies of the functions were validated by this process.
    is_validated: bool,
    /// The SHA-256 of the file; empty until it was asked for.
    sha256: OnceLock<[u8; 32]>,
    /// The global with the stack pointer; empty until it was searched for.
    stack_pointer: OnceLock<Option<StackPointer>>,
}

/// Who validates the bodies of a module's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Validation {
    /// This process, when it loads the module.
    Now,
    /// The same, with a search for the features that the module uses.
    WithSurvey,
    /// An earlier process has done so.
    Earlier,
}

fn sha256_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[derive(Debug)]
struct Assembled {
    text: String,
    wasm: Vec<u8>,
}

impl Guest {
    /// Loads a module from a file. The content of the file decides whether it is a binary or a text
    /// module.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is no core module, is invalid, or needs what
    /// the engine does not have.
    pub fn load(path: &Path) -> Result<Guest, GuestError> {
        Guest::new(&path.display().to_string(), read(path)?, path.parent())
    }

    /// Loads a module from a file to describe it, even if the engine cannot run it.
    /// `Guest::unsupported_features` returns why then, and no session can be opened with it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is no core module, or is invalid.
    pub fn load_for_inspection(path: &Path) -> Result<Guest, GuestError> {
        let name = path.display().to_string();
        Guest::described(&name, read(path)?, path.parent(), Validation::Now)
    }

    /// Loads a module from bytes. `name` is its name in messages.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::load`], except those of reading the file.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Guest, GuestError> {
        Guest::new(name, bytes.to_vec(), None)
    }

    /// Loads a module from bytes that were read from a file in `folder`. Source files below this
    /// folder may be shown.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::load`], except those of reading the file.
    pub fn from_bytes_in(folder: &Path, name: &str, bytes: &[u8]) -> Result<Guest, GuestError> {
        Guest::new(name, bytes.to_vec(), Some(folder))
    }

    fn new(name: &str, given: Vec<u8>, folder: Option<&Path>) -> Result<Guest, GuestError> {
        Guest::described(name, given, folder, Validation::Now)?.supported()
    }

    /// Returns the guest if the engine can run it.
    fn supported(self) -> Result<Guest, GuestError> {
        match self.unsupported_features() {
            [] => Ok(self),
            unsupported => Err(GuestError::Unsupported {
                name: self.name().into(),
                features: unsupported.to_vec(),
                first: self.first_need(),
            }),
        }
    }

    /// Returns what needs the first feature that the engine does not have, for a message.
    fn first_need(&self) -> String {
        match self.0.needs.first {
            Some(Need::Function(number)) => {
                let imported = self.0.description.imported_functions;
                let index = imported.saturating_add(number);
                let name = self.function_name(index);
                match name.starts_with("func[") {
                    true => format!(" (first in function {index})"),
                    false => format!(" (first in function {index}, {name})"),
                }
            }
            Some(Need::Item(kind, number)) => format!(" (first in {kind} {number})"),
            None => String::new(),
        }
    }

    /// Loads any valid module, also one that the engine cannot run.
    fn described(
        name: &str,
        given: Vec<u8>,
        folder: Option<&Path>,
        validation: Validation,
    ) -> Result<Guest, GuestError> {
        let name = safe::plain(name);
        if given.len() as u64 > MAX_FILE {
            return Err(GuestError::TooLarge {
                name,
                max: MAX_FILE,
            });
        }
        let assembled = detect_format::read(&name, &given)?;
        let wasm = assembled
            .as_ref()
            .map_or(&given, |assembled| &assembled.wasm);
        let mut needs = match validation {
            Validation::Now => features::needs(&name, wasm)?,
            Validation::WithSurvey => features::survey(&name, wasm)?,
            Validation::Earlier => Needs::default(),
        };
        let mut description = Description::read(wasm).map_err(|error| GuestError::Invalid {
            name: name.clone(),
            offset: error.offset(),
            message: safe::cut(error.message(), MAX_NAME),
        })?;
        // Nothing else is refused by the engine and accepted here.
        description.has_legacy_exceptions = needs.has_legacy_exceptions;
        if needs.unsupported.is_empty() {
            let limit = features::unsupported_limit(wasm, &description);
            needs.unsupported.extend(limit.map(String::from));
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
            needs,
            folder,
            sources,
            is_validated: validation != Validation::Earlier,
            sha256: OnceLock::new(),
            stack_pointer: OnceLock::new(),
        })))
    }

    /// Returns what the module needs and the engine does not have. It is empty for every guest
    /// except those of [`Guest::load_for_inspection`].
    pub(crate) fn unsupported_features(&self) -> &[String] {
        &self.0.needs.unsupported
    }

    /// Returns the features of WebAssembly that the module uses and that came after its first
    /// version.
    pub(crate) fn features_used(&self) -> Vec<&'static str> {
        let known = self.0.needs.used.clone();
        known.unwrap_or_else(|| features::used(self.wasm()))
    }

    /// Returns the name of the guest: its path as the person wrote it, safe to print.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the bytes of the file, binary or text.
    pub fn given_bytes(&self) -> &[u8] {
        &self.0.given
    }

    /// Returns the binary module, as given or as assembled from the text.
    pub fn wasm(&self) -> &[u8] {
        self.0
            .assembled
            .as_ref()
            .map_or(&self.0.given, |assembled| &assembled.wasm)
    }

    /// Returns the text of a text module.
    pub fn text(&self) -> Option<&str> {
        self.0
            .assembled
            .as_ref()
            .map(|assembled| assembled.text.as_str())
    }

    /// Returns the exports, in order.
    pub fn exports(&self) -> &[Export] {
        &self.0.description.exports
    }

    /// Returns the imports, in order.
    pub fn imports(&self) -> &[Import] {
        &self.0.description.imports
    }

    /// Returns the export of this name. Names are unique in a module.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports().iter().find(|export| export.name == name)
    }

    /// Returns the memories in the order of their indices, imported ones first.
    pub fn memories(&self) -> &[Memory] {
        &self.0.description.memories
    }

    /// Returns how many tables the module has, imported ones included.
    pub fn table_count(&self) -> usize {
        self.0.description.tables.len()
    }

    /// Returns the index of the table exported as `name`, or else imported as `name`. With a
    /// `module`, the table must be imported from it.
    pub fn table_named(&self, module: Option<&str>, name: &str) -> Option<u32> {
        let exported = self.exports().iter().find(|export| {
            module.is_none() && export.name == name && matches!(export.ty, ExternType::Table(_))
        });
        let imported = || {
            let tables = self.imports().iter();
            let mut tables = (0..).zip(tables.filter(|i| matches!(i.ty, ExternType::Table(_))));
            tables.find(|(_, import)| {
                import.name == name && module.is_none_or(|module| import.module == module)
            })
        };
        exported
            .map(|export| export.index)
            .or_else(|| imported().map(|(index, _)| index))
    }

    /// Returns the active data segments, in order.
    pub fn data_segments(&self) -> &[DataSegment] {
        &self.0.description.data_segments
    }

    /// Returns the bytes of a data segment by its index among all of them, passive ones included.
    pub fn segment(&self, index: u32) -> Option<&[u8]> {
        let range = self
            .0
            .description
            .data_ranges
            .get(usize::try_from(index).ok()?)?;
        self.wasm()
            .get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// Returns the index of the start function.
    pub fn start(&self) -> Option<u32> {
        self.0.description.start
    }

    /// Returns the number of functions, imported ones included.
    pub fn function_count(&self) -> u32 {
        u32::try_from(self.0.description.functions.len()).unwrap_or(u32::MAX)
    }

    /// Returns the import of a global, by the global's index; `None` if the module defines it.
    pub fn imported_global(&self, index: u32) -> Option<&Import> {
        self.nth_import(index, |ty| matches!(ty, ExternType::Global(_)))
    }

    /// Returns the name of a function by its index, safe to print. It is the first of these that
    /// exists: the demangled name in the name section; the name of an export; `module.name` of an
    /// import; `func[12]`.
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
            return safe::cut(&export.name, MAX_NAME);
        }
        match self.nth_import(index, |ty| matches!(ty, ExternType::Func(_))) {
            Some(import) => safe::cut(&format!("{}.{}", import.module, import.name), MAX_NAME),
            None => format!("func[{index}]"),
        }
    }

    /// Returns the index of the function whose body contains the byte at an offset from the start
    /// of the module.
    pub fn function_at(&self, offset: u64) -> Option<u32> {
        let body = self.0.description.bodies.body_at(offset)?;
        self.0
            .description
            .imported_functions
            .checked_add(u32::try_from(body).ok()?)
    }

    /// Returns which functions may call themselves, directly or through others, when this one is
    /// called.
    pub(crate) fn recursion_below(&self, function: u32) -> Recursion {
        recursion::below(self, function)
    }

    /// Returns what the instruction at an offset from the start of the module loads or stores.
    /// Returns `None` if it does neither, or if no instruction begins there. `memory.fill`,
    /// `memory.copy` and `memory.init` do neither.
    pub fn access_at(&self, offset: u64) -> Option<Access> {
        debug_info::access_at(self, offset)
    }

    /// Returns the source of the instruction at an offset from the start of the module. The first
    /// call reads the debug information, and the first call for a function prints its instructions.
    /// Later calls take a few microseconds.
    pub fn locate(&self, offset: u64) -> Place {
        self.0.sources.locate(self, offset)
    }

    /// Returns the types, functions and variables that the debug information describes. Nothing is
    /// read before the first question.
    pub fn debug_types(&self) -> DebugTypes {
        DebugTypes::new(self)
    }

    /// Returns the index of the memory that is exported under this name.
    pub fn memory_named(&self, export: &str) -> Option<u32> {
        self.export(export)
            .filter(|export| matches!(export.ty, ExternType::Memory(_)))
            .map(|export| export.index)
    }

    /// Returns the index of the memory that is used if none is named: the one exported as `memory`,
    /// else the only one, else the only exported one. If several memories exist and none is
    /// exported, it is the first. Returns `Ok(None)` for a guest without memory.
    ///
    /// # Errors
    ///
    /// Returns an error if several memories are exported. It lists their names.
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
                    .map(|name| safe::quoted(name, MAX_NAME))
                    .collect(),
            }),
        }
    }

    /// Returns the SHA-256 of the file: of the bytes as given, text or binary.
    pub fn sha256(&self) -> [u8; 32] {
        *self.0.sha256.get_or_init(|| sha256_of(self.given_bytes()))
    }

    /// Returns the instrumented module, which runs in place of this one.
    ///
    /// # Errors
    ///
    /// Returns an error if the guest needs more memory than `options` allow, or if it exceeds a
    /// limit of the engine.
    pub fn instrument(
        &self,
        options: &InstrumentOptions,
    ) -> Result<InstrumentedModule, GuestError> {
        instrument::instrument(self, options)
    }

    fn nth_import(&self, index: u32, is_kind: impl Fn(&ExternType) -> bool) -> Option<&Import> {
        self.imports()
            .iter()
            .filter(|import| is_kind(&import.ty))
            .nth(usize::try_from(index).ok()?)
    }
}

/// A file that is to be described. It is read once, so it may be a pipe.
#[derive(Debug)]
pub enum Described {
    /// A component with core modules.
    Component(Component),
    /// A module, which the engine may be unable to run.
    Module(Guest),
}

impl Described {
    /// Loads a file.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::load_for_inspection`].
    pub fn load(path: &Path) -> Result<Described, GuestError> {
        match Component::from_bytes(path, read(path)?) {
            Ok(component) => Ok(Described::Component(component)),
            Err(bytes) => {
                let name = path.display().to_string();
                Guest::described(&name, bytes, path.parent(), Validation::WithSurvey)
                    .map(Described::Module)
            }
        }
    }
}

/// Reads a file. A path such as `program.wasm#1` that no file has means a core module of a
/// component.
fn read(path: &Path) -> Result<Vec<u8>, GuestError> {
    if !path.exists()
        && let Some((file, number)) = component::split_path(path)
    {
        let name = || safe::plain(&file.display().to_string());
        let component = Component::from_bytes(&file, read_file(&file)?);
        let component = component.map_err(|_| GuestError::NotComponent { name: name() })?;
        let count_of_all = component.count();
        return component
            .core_module(number)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| GuestError::NoCoreModule {
                name: name(),
                number,
                count_of_all,
            });
    }
    read_file(path)
}

fn read_file(path: &Path) -> Result<Vec<u8>, GuestError> {
    let failed = |error: std::io::Error| GuestError::from_io(path, &error);
    let file = File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if facts.is_dir() {
        return Err(GuestError::Folder {
            path: safe::plain(&path.display().to_string()),
        });
    }
    // A file that grows meanwhile has more bytes, and one of the system may have no length at all.
    let mut bytes = Vec::with_capacity(facts.len().min(MAX_FILE) as usize);
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}
