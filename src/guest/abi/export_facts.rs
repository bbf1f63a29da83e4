//! What the rules examine: the guest's functions, globals and imports, with their names split into
//! words.

use std::collections::HashMap;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

use super::super::{Export, ExternType, FuncType, Guest, Import, ValueType};
use super::allocation::{Allocation, AllocatorKind};
use super::code::{Code, Known};
use super::{body_analysis, naming};
use crate::safe;
use crate::text::list;

/// The longest name that is quoted in a reason, in characters.
const MAX_NAME: usize = 48;

/// The largest number of names that a reason lists.
const MAX_LISTED_NAMES: usize = 3;

/// The largest number of parameters of a function whose names are kept.
const MAX_NAMED_PARAMETERS: usize = 32;

/// The largest size of all names of parameters, in bytes.
const MAX_PARAMETER_NAMES: usize = 4 << 20;

/// What is known of a guest's exports and imports.
pub(super) struct Facts<'g> {
    pub guest: &'g Guest,
    /// What the code of functions does with their parameters.
    pub code: Code<'g>,
    pub functions: Vec<Function<'g>>,
    pub globals: Vec<Global<'g>>,
    /// The type of an address in the journaled memory.
    pub address: ValueType,
    /// The names of the tools that made the module, from its `producers` section.
    pub tools: Vec<String>,
    /// The names of the custom sections. Some show which convention is followed.
    pub sections: Vec<String>,
    /// The functions with which the host allocates and releases blocks.
    pub allocation: Option<Allocation>,
    is_bindgen: bool,
    /// By index, the values of globals that never change.
    constants: Vec<Option<u64>>,
    /// By name, the index in `functions`.
    by_name: HashMap<&'g str, usize>,
    /// The size of the memory when the guest starts, in bytes.
    memory_bytes: u64,
}

/// An exported function.
pub(super) struct Function<'g> {
    /// Its index among all exports.
    pub at: usize,
    pub name: &'g str,
    /// Its index among all functions.
    pub index: u32,
    pub ty: &'g FuncType,
    /// Its name, split into words. Words inside a name that is made for linkers are those of the
    /// function's own name.
    pub words: Vec<String>,
    /// Whether it is a helper of a language's library, by its name.
    pub is_library: bool,
    /// The names of the parameters; empty unless the module has them for all.
    pub params: Vec<String>,
}

/// An exported global.
pub(super) struct Global<'g> {
    /// Its index among all exports.
    pub at: usize,
    pub name: &'g str,
    /// Its index among all globals.
    pub index: u32,
    pub ty: &'g ValueType,
    pub words: Vec<String>,
}

impl<'g> Facts<'g> {
    /// Collects the facts of a guest.
    pub fn of(guest: &'g Guest) -> Self {
        let memory = guest
            .default_memory()
            .ok()
            .flatten()
            .and_then(|at| guest.memories().get(at as usize));
        let address = if memory.is_some_and(|memory| memory.ty.is_64) {
            ValueType::I64
        } else {
            ValueType::I32
        };
        let mut facts = Facts {
            guest,
            code: Code::of(guest),
            functions: Vec::new(),
            globals: Vec::new(),
            address,
            tools: Vec::new(),
            sections: Vec::new(),
            allocation: None,
            is_bindgen: is_bindgen(guest),
            constants: body_analysis::constant_globals(guest),
            by_name: HashMap::new(),
            memory_bytes: memory
                .map_or(0, |memory| memory.ty.min.saturating_mul(super::super::PAGE)),
        };
        facts.read_sections();
        let params = parameters(guest);
        for (at, Export { name, index, ty }) in guest.exports().iter().enumerate() {
            let words = naming::words(name);
            match ty {
                ExternType::Func(ty) => {
                    facts.by_name.insert(name, facts.functions.len());
                    let params = params
                        .get(index)
                        .filter(|names| names.len() == ty.params.len());
                    let params = params.cloned().unwrap_or_default();
                    facts.functions.push(Function {
                        at,
                        name,
                        index: *index,
                        ty,
                        words,
                        is_library: naming::is_library(name),
                        params,
                    });
                }
                ExternType::Global(ty) => facts.globals.push(Global {
                    at,
                    name,
                    index: *index,
                    ty: &ty.ty,
                    words,
                }),
                _ => {}
            }
        }
        facts
    }

    /// Sets the allocator, before the code that calls it is read.
    pub fn set_allocation(&mut self, allocation: Option<Allocation>) {
        self.allocation = allocation;
        let Some(found) = allocation else {
            return;
        };
        let index = |at: usize| self.guest.exports().get(at).map(|export| export.index);
        if let Some(allocator) = index(found.allocator) {
            let size = match found.kind {
                AllocatorKind::Realloc => 3,
                _ => 0,
            };
            self.code.know(allocator, Known::Allocates(size));
        }
        if let Some(release) = found.release.and_then(index) {
            self.code.know_release(release);
        }
    }

    /// Returns whether wasm-bindgen made the module.
    pub fn is_bindgen(&self) -> bool {
        self.is_bindgen
    }

    /// Returns whether the module follows the canonical ABI of the component model.
    pub fn is_canonical(&self) -> bool {
        let kind = self.allocation.map(|found| found.kind);
        kind == Some(AllocatorKind::Realloc)
    }

    /// Returns whether objects have a header before their address, as those of AssemblyScript.
    pub fn has_object_headers(&self) -> bool {
        let kind = self.allocation.map(|found| found.kind);
        matches!(kind, Some(AllocatorKind::New | AllocatorKind::Retain))
    }

    /// Returns whether the numbers that an imported function takes are those of objects of the
    /// host, as the functions of wasm-bindgen take them.
    pub fn is_host_object(&self, import: u32) -> bool {
        let functions = self
            .imports()
            .filter(|import| matches!(import.ty, ExternType::Func(_)));
        let import = usize::try_from(import)
            .ok()
            .and_then(|at| functions.into_iter().nth(at));
        self.is_bindgen
            && import.is_some_and(|import| {
                import.name.starts_with("__wb")
                    && !["throw", "string_new", "error_new"]
                        .iter()
                        .any(|part| import.name.contains(part))
            })
    }

    fn read_sections(&mut self) {
        for payload in Parser::new(0)
            .parse_all(self.guest.wasm())
            .map_while(Result::ok)
        {
            let Payload::CustomSection(section) = payload else {
                continue;
            };
            match section.as_known() {
                KnownCustom::Producers(producers) => {
                    let fields = producers.into_iter().map_while(Result::ok);
                    let tools =
                        fields.flat_map(|field| field.values.into_iter().map_while(Result::ok));
                    self.tools
                        .extend(tools.take(100).map(|tool| tool.name.to_string()));
                }
                _ if self.sections.len() < 100 => self.sections.push(section.name().to_string()),
                _ => {}
            }
        }
    }

    /// Returns the exported function of a name.
    pub fn function(&self, name: &str) -> Option<&Function<'g>> {
        self.by_name
            .get(name)
            .and_then(|at| self.functions.get(*at))
    }

    /// Returns the value of a global that never changes.
    pub fn constant(&self, global: u32) -> Option<u64> {
        self.constants
            .get(usize::try_from(global).ok()?)
            .copied()
            .flatten()
    }

    /// Returns the address in memory that a function always returns.
    pub fn constant_result(&self, function: &Function<'_>) -> Option<u64> {
        body_analysis::constant_result(self.guest, &self.constants, function.index)
            .filter(|address| self.is_in_memory(*address))
    }

    /// Returns the number that a function always returns.
    pub fn constant_number(&self, function: &Function<'_>) -> Option<u64> {
        body_analysis::constant_result(self.guest, &self.constants, function.index)
    }

    /// Returns whether the code of a function uses a parameter as an address.
    pub fn dereferences(&self, function: &Function<'_>) -> bool {
        let summary = self.code.summary(function.index);
        summary.parameters.iter().any(|used| used.is_accessed())
    }

    pub fn imports(&self) -> impl Iterator<Item = &'g Import> {
        self.guest.imports().iter()
    }

    /// Returns whether a tool of this name made the module.
    pub fn is_made_by(&self, tool: &str) -> bool {
        self.tools
            .iter()
            .any(|name| name.eq_ignore_ascii_case(tool))
    }

    /// Returns whether a function has this many parameters and results, all as wide as an address.
    pub fn has_shape(&self, function: &Function<'_>, params: usize, results: usize) -> bool {
        let all = |types: &[ValueType], count| {
            types.len() == count && types.iter().all(|ty| *ty == self.address)
        };
        all(&function.ty.params, params) && all(&function.ty.results, results)
    }

    /// Returns whether an address is in memory when the guest starts.
    pub fn is_in_memory(&self, address: u64) -> bool {
        address != 0 && address < self.memory_bytes
    }
}

/// Returns whether an export or an import has a name that only wasm-bindgen gives.
fn is_bindgen(guest: &Guest) -> bool {
    let is_own = |name: &str| name.starts_with("__wbindgen_") || name.starts_with("__wbg_");
    guest.exports().iter().any(|export| is_own(&export.name))
        || guest.imports().iter().any(|import| is_own(&import.name))
}

/// Returns a name in backquotes, short and safe to print.
pub(super) fn name(name: &str) -> String {
    format!("`{}`", safe::cut(name, MAX_NAME))
}

/// Returns the first names in backquotes, and how many more there are.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    list::first(all.into_iter().map(name), MAX_LISTED_NAMES)
}

/// Returns the names of the parameters of exported functions, by the function's index.
fn parameters(guest: &Guest) -> HashMap<u32, Vec<String>> {
    let mut found = HashMap::new();
    let mut bytes_left = MAX_PARAMETER_NAMES;
    let functions = guest
        .exports()
        .iter()
        .filter_map(|export| match &export.ty {
            ExternType::Func(ty) if ty.params.len() <= MAX_NAMED_PARAMETERS => {
                Some((export.index, ty.params.len()))
            }
            _ => None,
        });
    let wanted: HashMap<u32, usize> = functions.collect();
    for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
        if let Payload::CustomSection(section) = payload
            && let KnownCustom::Name(sections) = section.as_known()
        {
            read_parameters(&wanted, sections, &mut bytes_left, &mut found);
        }
    }
    found
}

fn read_parameters(
    wanted: &HashMap<u32, usize>,
    names: NameSectionReader<'_>,
    bytes_left: &mut usize,
    to: &mut HashMap<u32, Vec<String>>,
) {
    for local in names.into_iter().map_while(Result::ok) {
        let Name::Local(functions) = local else {
            continue;
        };
        for function in functions.into_iter().map_while(Result::ok) {
            let Some(count) = wanted.get(&function.index) else {
                continue;
            };
            let mut params = Vec::new();
            for (at, naming) in (0..*count).zip(function.names.into_iter().map_while(Result::ok)) {
                if naming.index as usize != at || *bytes_left == 0 {
                    break;
                }
                *bytes_left = bytes_left.saturating_sub(naming.name.len().max(16));
                params.push(safe::cut(naming.name, MAX_NAME));
            }
            to.insert(function.index, params);
        }
    }
}
