//! Writes a module again, meaning the same, so that the session can stop it, limit it and see all
//! of it.
//!
//! One pass over the module's parts, in the order the binary format wants them, adding where
//! something is added: `journal` says what guest and host agree on, `sites` which instructions
//! write memory; `body`, `stores` and `careful` write each function so that it journals what it
//! writes and looks up now and then; `notes` holds functions that are added, `limits` lowers how
//! far memory and tables may grow, `names` finds names for what is exported in addition, `locate`
//! finds the way back. Function indices shift behind the imported ones, where the tick's import is
//! put in; all other indices stay.

mod atomic_wait;
mod body;
mod inline_journal;
mod journal_helpers;
mod journal_layout;
mod limits;
mod loop_analysis;
mod memory_access;
mod names;
mod offset_map;
mod outlined_journal;
mod scratch_locals;
mod sections;

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, Module,
    TableSection, TagSection, TypeSection, ValType,
};
use wasmparser::{FunctionBody, Operator};

use super::module_info::Description;
use super::{Guest, GuestError};
use crate::wasm_types::{MemoryType, ValueType};
use body::Body;
use journal_layout::{Added, JournalMemory};
pub use journal_layout::{JournalLayout, Site, SiteKind};
use limits::Extent;
use names::Names;
use sections::Parts;

/// What the rewriting is to allow.
#[derive(Debug, Clone, Copy)]
pub struct InstrumentOptions {
    /// Most bytes that one memory may grow to; parts of a page do not count.
    pub max_memory: u64,
    /// The index of the memory whose writes are journaled; `None` for none, ticks only.
    pub memory: Option<u32>,
}

/// A module to be run in the given one's place: same results, same traps, same bytes in memory. It
/// differs in this:
///
/// - It imports one more function, `tick: [] -> []`, behind the other imported functions, and calls
///   it when its journal is full or when it is asked to: see [`JournalLayout`]. An error it returns ends
///   the call as a trap.
/// - It keeps a journal of what it writes to one memory, in another one of its own, behind the
///   given ones.
/// - No memory grows beyond the limit, no table beyond ten million elements: `memory.grow` and
///   `table.grow` answer -1.
/// - Every memory is exported.
/// - `memory.atomic.wait` does not wait: it answers that the time is over, and traps where there is
///   no timeout.
/// - There is no start function; it is exported instead, to be called after instantiation.
/// - Only the `name` section is left of the custom sections.
#[derive(Debug, Clone)]
pub struct InstrumentedModule {
    pub wasm: Vec<u8>,
    /// The name each memory is exported under, by its index, imported ones included.
    pub memory_exports: Vec<String>,
    /// The types of the memories with their maxima lowered, by index: what a host must make for an
    /// imported one.
    pub memory_types: Vec<MemoryType>,
    /// The export to call after instantiation, where the module as given has a start function.
    pub start_export: Option<String>,
    /// Module and name of the function that is imported in addition.
    pub tick_import: (String, String),
    pub journal: JournalLayout,
    functions: FunctionMap,
    imported: u32,
    options: InstrumentOptions,
}

impl InstrumentedModule {
    /// The index a function of the rewritten module has in the module as given; `None` for those
    /// that were added.
    pub fn original_function(&self, rewritten: u32) -> Option<u32> {
        self.functions.original(rewritten)
    }

    /// For each instruction of one function, in order: where what is written for it begins, from
    /// the first instruction of the rewritten body on, and its offset in the module as given.
    fn map(&self, guest: &Guest, function: u32, body: FunctionBody<'_>) -> Option<Vec<(u64, u64)>> {
        let before = self
            .journal
            .sites
            .partition_point(|site| site.function < function);
        let mut sites = self.journal.sites.get(..before)?.to_vec();
        let mut rewriter = Instrumenter::new(&guest.0.description, &self.options, self.functions);
        Some(rewriter.rewrite_body(function, &body, &mut sites).ok()?.map)
    }
}

/// How function indices shift: those from the added import's on by one. What is added behind them
/// all shifts none.
#[derive(Debug, Clone, Copy)]
struct FunctionMap {
    tick: u32,
    /// The first of those added behind the module's own.
    notes: u32,
}

impl FunctionMap {
    fn rewritten(self, original: u32) -> u32 {
        if original < self.tick {
            original
        } else {
            original.saturating_add(1)
        }
    }

    fn original(self, rewritten: u32) -> Option<u32> {
        if rewritten < self.tick {
            return Some(rewritten);
        }
        rewritten
            .checked_sub(1)
            .filter(|_| rewritten != self.tick && rewritten < self.notes)
    }
}

pub(super) fn rewrite(
    guest: &Guest,
    options: &InstrumentOptions,
) -> Result<InstrumentedModule, GuestError> {
    let description = &guest.0.description;
    limits::check(guest.name(), description, options)?;
    let names = Names::new(description);
    let functions = FunctionMap {
        tick: description.imported_functions,
        notes: (description.functions.len() as u32).saturating_add(1),
    };
    let failed = |message: String| GuestError::Rewrite {
        name: guest.name().into(),
        message,
    };
    let mut sites = Vec::new();
    let mut rewriter = Instrumenter::new(description, options, functions);
    let wasm = Parts::read(guest.wasm())
        .map_err(reencode::Error::from)
        .and_then(|parts| rewriter.write(parts, &names, &mut sites))
        .map_err(|error| failed(error.to_string()))?;
    if let Some((function, why)) = rewriter.excess {
        let what = format!("its function {} {why}", guest.function_name(function));
        return Err(GuestError::TooMuch {
            name: guest.name().into(),
            what,
        });
    }
    debug_assert!(
        super::features::lacking("the rewritten module", &wasm)
            .is_ok_and(|lacking| lacking.is_empty()),
        "{:?}",
        super::features::lacking("the rewritten module", &wasm)
    );
    let layout = JournalMemory::new(options.memory.is_some());
    let journal = JournalLayout {
        memory_export: names.journal,
        position_export: names.position,
        last_load_export: names.last_load,
        start: layout.start,
        limit: layout.limit,
        sites,
    };
    Ok(InstrumentedModule {
        wasm,
        memory_exports: names.memories,
        memory_types: description
            .memories
            .iter()
            .map(|memory| limits::lowered(memory.ty, options))
            .collect(),
        start_export: names.start,
        tick_import: (names::TICK_MODULE.into(), names.tick),
        journal,
        functions,
        imported: description.imported_functions,
        options: *options,
    })
}

type Failure = reencode::Error<Infallible>;

/// Writes the parts of one module. As a [`Reencode`] it holds the rules that apply wherever a thing
/// of a kind stands.
struct Instrumenter<'a> {
    description: &'a Description,
    options: &'a InstrumentOptions,
    functions: FunctionMap,
    added: Added,
    layout: JournalMemory,
    /// The first function that is too much for the engine, and why.
    excess: Option<(u32, String)>,
}

/// One function, written again.
struct InstrumentedBody {
    code: wasm_encoder::Function,
    map: Vec<(u64, u64)>,
    extent: Extent,
}

impl Reencode for Instrumenter<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Failure> {
        Ok(self.functions.rewritten(index))
    }

    fn memory_type(
        &mut self,
        ty: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, Failure> {
        let maximum = limits::lowered(ty.into(), self.options).max;
        Ok(wasm_encoder::MemoryType {
            maximum,
            ..utils::memory_type(self, ty)
        })
    }

    fn table_type(
        &mut self,
        ty: wasmparser::TableType,
    ) -> Result<wasm_encoder::TableType, Failure> {
        let lowered = utils::table_type(self, ty)?;
        Ok(wasm_encoder::TableType {
            maximum: Some(limits::lowered_table(ty.maximum)),
            ..lowered
        })
    }
}

impl<'a> Instrumenter<'a> {
    fn new(
        description: &'a Description,
        options: &'a InstrumentOptions,
        functions: FunctionMap,
    ) -> Self {
        let globals = description.globals.len() as u32;
        let memory = description.memories.len() as u32;
        let added = Added {
            tick: functions.tick,
            note: functions.notes,
            note_wide: functions.notes.saturating_add(1),
            memory,
            position: globals,
            last_load: globals.saturating_add(1),
        };
        Instrumenter {
            description,
            options,
            functions,
            added,
            layout: JournalMemory::new(options.memory.is_some()),
            excess: None,
        }
    }

    fn write(
        &mut self,
        parts: Parts<'_>,
        names: &Names,
        sites: &mut Vec<Site>,
    ) -> Result<Vec<u8>, Failure> {
        let mut module = Module::new();
        module.section(&self.types(&parts)?);
        module.section(&self.imports(&parts, names)?);
        self.write_declarations(&mut module, &parts)?;
        module.section(&self.globals(&parts)?);
        module.section(&self.exports(names, &parts)?);
        self.write_contents(&mut module, &parts, sites)?;
        if let Some(given) = parts.names {
            module.section(&names::shifted(self, given));
        }
        Ok(module.finish())
    }

    fn types(&mut self, parts: &Parts<'_>) -> Result<TypeSection, Failure> {
        let mut types = TypeSection::new();
        if let Some(given) = parts.types.clone() {
            self.parse_type_section(&mut types, given)?;
        }
        types.ty().function([], []);
        journal_helpers::add_types(&mut types);
        Ok(types)
    }

    /// Each import spelled out, whatever encoding it came in: the engine reads no other.
    fn imports(&mut self, parts: &Parts<'_>, names: &Names) -> Result<ImportSection, Failure> {
        let mut imports = ImportSection::new();
        for import in parts
            .imports
            .clone()
            .into_iter()
            .flat_map(|section| section.into_imports())
        {
            let import = import?;
            imports.import(import.module, import.name, self.entity_type(import.ty)?);
        }
        let tick_type = self.description.type_count;
        imports.import(
            names::TICK_MODULE,
            &names.tick,
            EntityType::Function(tick_type),
        );
        Ok(imports)
    }

    /// The sections between the imports and the globals.
    fn write_declarations(
        &mut self,
        module: &mut Module,
        parts: &Parts<'_>,
    ) -> Result<(), Failure> {
        if let Some(given) = parts.functions.clone() {
            let mut functions = FunctionSection::new();
            self.parse_function_section(&mut functions, given)?;
            // A module may have a section of no functions, and then has no code for those that are
            // added to stand behind.
            if !parts.bodies.is_empty() {
                for nth in 1..=journal_helpers::COUNT {
                    functions.function(self.description.type_count.saturating_add(nth));
                }
            }
            module.section(&functions);
        }
        if let Some(given) = parts.tables.clone() {
            let mut tables = TableSection::new();
            self.parse_table_section(&mut tables, given)?;
            module.section(&tables);
        }
        let mut memories = MemorySection::new();
        if let Some(given) = parts.memories.clone() {
            self.parse_memory_section(&mut memories, given)?;
        }
        memories.memory(self.layout.memory_type());
        module.section(&memories);
        if let Some(given) = parts.tags.clone() {
            let mut tags = TagSection::new();
            self.parse_tag_section(&mut tags, given)?;
            module.section(&tags);
        }
        Ok(())
    }

    fn globals(&mut self, parts: &Parts<'_>) -> Result<GlobalSection, Failure> {
        let mut globals = GlobalSection::new();
        if let Some(given) = parts.globals.clone() {
            self.parse_global_section(&mut globals, given)?;
        }
        for (ty, first) in self.layout.globals() {
            globals.global(ty, &first);
        }
        Ok(globals)
    }

    fn exports(&mut self, names: &Names, parts: &Parts<'_>) -> Result<ExportSection, Failure> {
        let mut exports = ExportSection::new();
        if let Some(given) = parts.exports.clone() {
            self.parse_export_section(&mut exports, given)?;
        }
        exports.export(&names.journal, ExportKind::Memory, self.added.memory);
        exports.export(&names.position, ExportKind::Global, self.added.position);
        exports.export(&names.last_load, ExportKind::Global, self.added.last_load);
        for ((index, memory), name) in (0..).zip(&self.description.memories).zip(&names.memories) {
            if memory.exported_as.is_empty() {
                exports.export(name, ExportKind::Memory, index);
            }
        }
        if let (Some(name), Some(start)) = (&names.start, self.description.start) {
            exports.export(name, ExportKind::Func, self.functions.rewritten(start));
        }
        Ok(exports)
    }

    /// The sections behind the exports. The start section is left out.
    fn write_contents(
        &mut self,
        module: &mut Module,
        parts: &Parts<'_>,
        sites: &mut Vec<Site>,
    ) -> Result<(), Failure> {
        if let Some(given) = parts.elements.clone() {
            let mut elements = ElementSection::new();
            self.parse_element_section(&mut elements, given)?;
            module.section(&elements);
        }
        if let Some(count) = parts.data_count {
            module.section(&DataCountSection { count });
        }
        if !parts.bodies.is_empty() {
            let mut code = CodeSection::new();
            for (function, body) in (self.functions.tick..).zip(&parts.bodies) {
                let InstrumentedBody {
                    code: body, extent, ..
                } = self.rewrite_body(function, body, sites)?;
                match extent.excess() {
                    Some(why) => self.excess = self.excess.take().or(Some((function, why))),
                    None => drop(code.function(&body)),
                }
            }
            for function in journal_helpers::functions(self.added) {
                code.function(&function);
            }
            module.section(&code);
        }
        if let Some(given) = parts.data.clone() {
            let mut data = DataSection::new();
            self.parse_data_section(&mut data, given)?;
            module.section(&data);
        }
        Ok(())
    }

    /// Writes the function of this index in the module as given, and adds its sites.
    fn rewrite_body(
        &mut self,
        function: u32,
        given: &FunctionBody<'_>,
        sites: &mut Vec<Site>,
    ) -> Result<InstrumentedBody, Failure> {
        let params = self
            .description
            .functions
            .get(function as usize)
            .map(|ty| ty.params.as_slice())
            .unwrap_or_default();
        let mut types: Vec<ValType> = params.iter().map(register_type).collect();
        let mut locals = Vec::new();
        for declared in given.get_locals_reader()? {
            let (count, ty) = declared?;
            let ty = self.val_type(ty)?;
            types.extend(std::iter::repeat_n(ty, count as usize));
            locals.push((count, ty));
        }
        let mut operators: Vec<(Operator<'_>, u64)> = Vec::new();
        let mut reader = given.get_operators_reader()?;
        while !reader.eof() {
            operators.push(reader.read_with_offset()?);
        }
        let mut body = Body::new(
            self.added,
            self.options.memory,
            sites,
            function,
            &types,
            &operators,
        );
        let mut map = Vec::with_capacity(operators.len());
        body.enter();
        for (operator, offset) in operators {
            map.push((body.bytes.len() as u64, offset));
            let instruction = self.instruction(operator.clone())?;
            body.write(&operator, offset, &instruction);
        }
        let nested = body.most_nested();
        let (scratch, bytes) = body.into_parts();
        let extent = Extent {
            locals: types.len(),
            nested,
            bytes: bytes.len(),
        };
        locals.extend(scratch.into_iter().map(|ty| (1, ty)));
        let mut code = wasm_encoder::Function::new(locals);
        code.raw(bytes);
        Ok(InstrumentedBody { code, map, extent })
    }
}

/// The type of a parameter, as far as it matters where a float is kept.
fn register_type(ty: &ValueType) -> ValType {
    match ty {
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::V128 => ValType::V128,
        _ => ValType::I32,
    }
}
