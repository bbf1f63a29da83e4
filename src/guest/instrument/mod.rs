//! Instruments a module: writes it again with the same meaning, so that the session can stop it,
//! limit it and see everything that it stores.
//!
//! # What is added
//!
//! | section  | addition                                                                          |
//! | -------- | --------------------------------------------------------------------------------- |
//! | type     | the types of the functions below                                                  |
//! | import   | `linmem.tick`, after the imports of the guest: calls the host                     |
//! | function | functions that write slots, after the guest's own (`journal_helpers`)             |
//! | function | functions for long fills and copies, if there may be some (`bulk_helpers`)        |
//! | memory   | a private memory with the journal, after the guest's own ([`JournalLayout`])      |
//! | global   | the position in the journal; the address operand of the last load                 |
//! | export   | the private memory, the globals, every memory, the start function, the guest's    |
//! |          | stack pointer                                                                     |
//! | code     | a slot for each store, checks of the limit, the addresses of loads (`body`)       |
//!
//! A function of the guest's allocator moves after all others, and a wrapper that records the call
//! takes its index (`allocator_calls`). Two more globals serve that.
//!
//! Maxima of memories and tables are lowered (`module_limits`), the start section becomes an export
//! that the session calls, and custom sections except `name` are removed. As `tick` is imported, the
//! indices of the guest's own functions shift by one; all other indices stay.
//!
//! # An example
//!
//! This function stores twice:
//!
//! ```wat
//! (func (export "f") (param $p i32)
//!   (i32.store (local.get $p) (i32.const 7))
//!   (i32.store8 offset=4 (local.get $p) (i32.const 8)))
//! ```
//!
//! Instrumented, it is this; folded for reading, with the added locals named:
//!
//! ```wat
//! (func (export "f") (param $p i32) (local $position i32) (local $address i32) (local $value i32)
//!   (local.set $position (global.get $linmem_position))
//!   ;; The limit is checked once, before the first store.
//!   (if (i32.gt_u (local.get $position) (i32.load $journal (i32.const 0)))
//!     (then
//!       (call $linmem.tick)
//!       (local.set $position (global.get $linmem_position))))
//!   ;; The first slot: site 1 and the address in one store, then the value.
//!   (local.set $address (local.get $p))
//!   (local.set $value (i32.const 7))
//!   (i64.store $journal (local.get $position)
//!     (i64.or (i64.shl (i64.extend_i32_u (local.get $address)) (i64.const 32)) (i64.const 1)))
//!   (i32.store $journal offset=8 (local.get $position) (local.get $value))
//!   (i32.store (local.get $address) (local.get $value))
//!   ;; The second slot is 16 bytes after the position, which is not moved in between.
//!   (local.set $address (local.get $p))
//!   (local.set $value (i32.const 8))
//!   (i64.store $journal offset=16 (local.get $position)
//!     (i64.or (i64.shl (i64.extend_i32_u (local.get $address)) (i64.const 32)) (i64.const 2)))
//!   (i32.store8 $journal offset=24 (local.get $position) (local.get $value))
//!   (i32.store8 offset=4 (local.get $address) (local.get $value))
//!   (local.set $position (i32.add (local.get $position) (i32.const 32)))
//!   (global.set $linmem_position (local.get $position)))
//! ```
//!
//! # Files
//!
//! | file                  | content                                                               |
//! | --------------------- | --------------------------------------------------------------------- |
//! | `journal_layout.rs`   | the private memory, and what the host must know of it                 |
//! | `memory_access.rs`    | which instructions access memory, and their operands                  |
//! | `body.rs`             | one function: position, control flow, loops                           |
//! | `legacy_exceptions.rs` | the old form of exception handling, written in the new one           |
//! | `function_counts.rs`  | how large a function is, which decides how its slots are written      |
//! | `limit_check.rs`      | checks of the limit, calls of the host                                |
//! | `loop_analysis.rs`    | which loops may be written as two                                     |
//! | `journaled_stores.rs` | each instruction that stores, with its slot                           |
//! | `bulk_operations.rs`  | bulk operations, with a call of the host before a long one            |
//! | `bulk_helpers.rs`     | the functions that are called for a long fill or copy                 |
//! | `inline_journal.rs`   | slots in line, for most functions                                     |
//! | `outlined_journal.rs` | slots by a call, for very many stores or with handlers of exceptions  |
//! | `journal_helpers.rs`  | the functions that are called for that                                |
//! | `scratch_locals.rs`   | the added locals                                                      |
//! | `atomic_wait.rs`      | `memory.atomic.wait`, which must not wait                             |
//! | `module_limits.rs`    | how far memories and tables may grow, and how large a module may be   |
//! | `table_setters.rs`    | functions with which the host sets an element of a table              |
//! | `allocator_calls.rs`  | wrappers around the functions of the guest's allocator                |
//! | `sections.rs`         | the sections of the module as given                                   |
//! | `added_names.rs`      | names of added imports and exports, and the name section              |
//! | `offset_map.rs`       | an instruction of the instrumented module in the module as given      |

mod added_names;
mod allocator_calls;
mod atomic_wait;
mod body;
mod bulk_helpers;
mod bulk_operations;
mod function_counts;
mod inline_journal;
mod journal_helpers;
mod journal_layout;
mod journaled_stores;
mod legacy_exceptions;
mod limit_check;
mod loop_analysis;
mod memory_access;
mod module_limits;
mod offset_map;
mod outlined_journal;
mod scratch_locals;
mod sections;
mod table_setters;

use std::convert::Infallible;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, Module,
    TableSection, TagSection, TypeSection, ValType,
};
use wasmparser::{FunctionBody, Operator};

use super::module_info::Description;
use super::{Guest, GuestError};
use crate::journal_abi::{Allocator, StoreSite};
use crate::wasm_types::{MemoryType, ValueType};
use added_names::AddedNames;
use body::Body;
pub use journal_layout::JournalLayout;
use journal_layout::{AddedItems, JournalMemory};
use legacy_exceptions::{BlockTypes, LegacyTries, Written};
use module_limits::FunctionSize;
use sections::Sections;

/// How a module is to be instrumented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InstrumentOptions {
    /// The largest size of one memory, in bytes; rounded down to whole pages.
    pub max_memory: u64,
    /// The index of the memory whose writes are journaled; `None` for none.
    pub memory: Option<u32>,
}

/// A module that runs in place of the given one: it has the same results, the same traps and the
/// same bytes in memory.
///
/// It differs in this:
///
/// - It imports one more function, `tick: [] -> []`, after the other imported functions, and calls
///   it when its journal is full or when another thread asks for it: see [`JournalLayout`]. An error
///   that `tick` returns ends the call as a trap.
/// - It writes to a journal what it stores to one memory. The journal is in a memory of its own,
///   after the given ones.
/// - No memory grows beyond the limit, and no table beyond ten million elements: `memory.grow` and
///   `table.grow` return -1.
/// - The global with the stack pointer is exported, if it is known.
/// - Every memory and every table is exported, and for each table of functions with a fixed size a
///   function that sets an element.
/// - `memory.atomic.wait` does not wait: it times out at once, and traps if it has no timeout.
/// - It has no start function. That is exported instead, to be called after instantiation.
/// - Of the custom sections, only `name` is left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstrumentedModule {
    /// The binary module. Once it is compiled, nothing else needs it.
    #[serde(skip)]
    pub wasm: Vec<u8>,
    /// The name under which the stack pointer of the journaled memory is exported, if it is known:
    /// a mutable `i32` global of the guest.
    pub stack_pointer_export: Option<String>,
    /// By memory index, imported memories included: the name under which it is exported.
    pub memory_exports: Vec<String>,
    /// By table index, imported tables included: the name under which it is exported.
    pub table_exports: Vec<String>,
    /// By table index: the name of the exported function that sets an element, where only that can.
    pub table_setters: Vec<Option<String>>,
    /// By memory index: its type with the lowered maximum. A host must create an imported memory
    /// with this type.
    pub memory_types: Vec<MemoryType>,
    /// The name of the export to call after instantiation, if the module as given has a start
    /// function.
    pub start_export: Option<String>,
    /// The module and the name of the function that is imported in addition.
    pub tick_import: (String, String),
    /// How the host reaches the journal.
    pub journal: JournalLayout,
    /// By its number among the functions with a body: where the instructions of a function begin and
    /// end in `wasm`.
    bodies: Vec<Range<u32>>,
    functions: FunctionMap,
    imported: u32,
    options: InstrumentOptions,
}

impl InstrumentedModule {
    /// Returns the index of a function in the module as given; `None` for one that was added.
    /// `instrumented` is its index in this module.
    pub fn original_function(&self, instrumented: u32) -> Option<u32> {
        let recorded = &self.journal.allocator.functions;
        let moved = instrumented.checked_sub(self.functions.moved);
        if let Some(moved) = moved.and_then(|nth| recorded.get(nth as usize)) {
            return Some(moved.function);
        }
        let original = self.functions.original(instrumented)?;
        let is_wrapper = recorded.iter().any(|known| known.function == original);
        (!is_wrapper).then_some(original)
    }

    /// Returns for each instruction of a function, in order: where what is written for it begins,
    /// counted from the first instruction of the instrumented body, and its offset in the module as
    /// given.
    fn offset_map(
        &self,
        guest: &Guest,
        function: u32,
        body: FunctionBody<'_>,
    ) -> Option<Vec<(u64, u64)>> {
        // The sites get the numbers that they have, so that the code is as long.
        let before = self
            .journal
            .sites
            .partition_point(|site| site.function < function);
        let mut sites = self.journal.sites.get(..before)?.to_vec();
        let mut instrumenter = Instrumenter::new(
            &guest.0.description,
            &self.options,
            self.functions,
            &self.journal.allocator,
        );
        if guest.0.description.has_legacy_exceptions {
            let sections = Sections::read(guest.wasm()).ok()?;
            instrumenter.collect_block_types(&sections.bodies);
        }
        let body = instrumenter.instrument_body(function, &body, &mut sites);
        Some(body.ok()?.offset_map)
    }
}

/// How the indices of functions shift: by one from the added import on. The functions that are
/// added after all others shift none.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct FunctionMap {
    /// The index of the added import.
    tick: u32,
    /// The index of the first added function.
    helpers: u32,
    /// The index of the first function of an allocator, in the order of their numbers.
    moved: u32,
}

impl FunctionMap {
    fn instrumented(self, original: u32) -> u32 {
        if original < self.tick {
            original
        } else {
            original.saturating_add(1)
        }
    }

    fn original(self, instrumented: u32) -> Option<u32> {
        if instrumented < self.tick {
            return Some(instrumented);
        }
        instrumented
            .checked_sub(1)
            .filter(|_| instrumented != self.tick && instrumented < self.helpers)
    }
}

/// Instruments a guest.
///
/// # Errors
///
/// Returns an error if the guest exceeds a limit of `options` or of the engine.
pub(super) fn instrument(
    guest: &Guest,
    options: &InstrumentOptions,
) -> Result<InstrumentedModule, GuestError> {
    let description = &guest.0.description;
    module_limits::check(guest.name(), description, options)?;
    // Toolchains place the shadow stack in the first memory.
    let stack_pointer = guest.stack_pointer().filter(|_| options.memory == Some(0));
    let names = AddedNames::new(description, stack_pointer.is_some());
    let helpers = (description.functions.len() as u32).saturating_add(1);
    let functions = FunctionMap {
        tick: description.imported_functions,
        helpers,
        moved: helpers.saturating_add(journal_helpers::COUNT),
    };
    let allocator = match options.memory {
        Some(_) => guest.allocator(),
        None => Allocator::default(),
    };
    let mut sites = Vec::new();
    let mut instrumenter = Instrumenter::new(description, options, functions, &allocator);
    instrumenter.stack_pointer = stack_pointer;
    let wasm = Sections::read(guest.wasm())
        .map_err(reencode::Error::from)
        .and_then(|sections| instrumenter.write(sections, &names, &mut sites))
        .map_err(|error| GuestError::Instrument {
            name: guest.name().into(),
            message: error.to_string(),
        })?;
    if let Some((function, excess)) = instrumenter.excess {
        return Err(GuestError::EngineLimit {
            name: guest.name().into(),
            excess: format!("its function {} {excess}", guest.function_name(function)),
        });
    }
    debug_assert!(super::features::is_engine_valid(&wasm), "invalid");
    let fixed_tables = std::mem::take(&mut instrumenter.fixed_tables);
    let functions = instrumenter.functions;
    let memory = JournalMemory::new(options.memory.is_some());
    let journal = JournalLayout {
        memory_export: names.journal,
        position_export: names.position,
        last_load_export: names.last_load,
        start: memory.start,
        limit: memory.limit,
        sites,
        calls_position_export: (!allocator.functions.is_empty()).then_some(names.calls_position),
        calls_start: JournalMemory::calls_start(),
        allocator,
    };
    Ok(InstrumentedModule {
        bodies: offset_map::bodies(&wasm),
        wasm,
        stack_pointer_export: names.stack_pointer,
        memory_exports: names.memories,
        table_setters: (0..)
            .zip(names.table_setters)
            .map(|(index, name)| fixed_tables.contains(&index).then_some(name))
            .collect(),
        table_exports: names.tables,
        memory_types: description
            .memories
            .iter()
            .map(|memory| module_limits::limited_memory(memory.ty, options))
            .collect(),
        start_export: names.start,
        tick_import: (added_names::TICK_MODULE.into(), names.tick),
        journal,
        functions,
        imported: description.imported_functions,
        options: *options,
    })
}

type Failure = reencode::Error<Infallible>;

/// Writes the sections of one module. Its [`Reencode`] implementation has the rules that apply to
/// every item of a kind.
struct Instrumenter<'a> {
    description: &'a Description,
    options: &'a InstrumentOptions,
    functions: FunctionMap,
    added: AddedItems,
    memory: JournalMemory,
    /// How many functions for long fills and copies are added.
    bulk_helpers: u32,
    /// The types of blocks that the old form of exceptions needs.
    block_types: BlockTypes,
    /// The guest's global that is exported in addition.
    stack_pointer: Option<u32>,
    /// The functions whose calls are recorded.
    allocator: &'a Allocator,
    /// The tables for which a function is added that sets an element.
    fixed_tables: Vec<u32>,
    /// The first function that exceeds a limit, and how.
    excess: Option<(u32, String)>,
}

/// An instrumented function.
struct InstrumentedBody {
    code: wasm_encoder::Function,
    offset_map: Vec<(u64, u64)>,
    size: FunctionSize,
}

impl Reencode for Instrumenter<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Failure> {
        Ok(self.functions.instrumented(index))
    }

    fn memory_type(
        &mut self,
        ty: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, Failure> {
        let maximum = module_limits::limited_memory(ty.into(), self.options).max;
        Ok(wasm_encoder::MemoryType {
            maximum,
            ..utils::memory_type(self, ty)
        })
    }

    fn table_type(
        &mut self,
        ty: wasmparser::TableType,
    ) -> Result<wasm_encoder::TableType, Failure> {
        let maximum = Some(module_limits::limited_table(ty.maximum));
        Ok(wasm_encoder::TableType {
            maximum,
            ..utils::table_type(self, ty)?
        })
    }
}

impl<'a> Instrumenter<'a> {
    fn new(
        description: &'a Description,
        options: &'a InstrumentOptions,
        functions: FunctionMap,
        allocator: &'a Allocator,
    ) -> Self {
        let globals = description.globals.len() as u32;
        let added = AddedItems {
            tick: functions.tick,
            helpers: functions.helpers,
            bulk_helpers: functions.helpers.saturating_add(journal_helpers::COUNT),
            memory: description.memories.len() as u32,
            position: globals,
            last_load: globals.saturating_add(1),
            calls_position: globals.saturating_add(2),
            caller: globals.saturating_add(3),
        };
        Instrumenter {
            description,
            options,
            functions,
            added,
            memory: JournalMemory::new(options.memory.is_some()),
            allocator,
            bulk_helpers: 0,
            block_types: BlockTypes::default(),
            stack_pointer: None,
            fixed_tables: Vec::new(),
            excess: None,
        }
    }

    /// Writes the module, in the order of sections that the binary format requires.
    fn write(
        &mut self,
        sections: Sections<'_>,
        names: &AddedNames,
        sites: &mut Vec<StoreSite>,
    ) -> Result<Vec<u8>, Failure> {
        // A module without a body has no code section, to which functions could be added.
        if !sections.bodies.is_empty() {
            self.bulk_helpers = bulk_helpers::count(self.added.memory, &sections.bodies);
            self.fixed_tables = table_setters::fixed_tables(self.description, &sections);
            self.functions.moved += self.bulk_helpers + self.fixed_tables.len() as u32;
        }
        self.collect_block_types(&sections.bodies);
        let mut module = Module::new();
        module.section(&self.types(&sections)?);
        module.section(&self.imports(&sections, names)?);
        self.write_declarations(&mut module, &sections)?;
        module.section(&self.globals(&sections)?);
        module.section(&self.exports(names, &sections)?);
        self.write_contents(&mut module, &sections, sites)?;
        if let Some(given) = sections.names {
            module.section(&added_names::shifted(self, given));
        }
        Ok(module.finish())
    }

    fn types(&mut self, sections: &Sections<'_>) -> Result<TypeSection, Failure> {
        let mut types = TypeSection::new();
        if let Some(given) = sections.types.clone() {
            self.parse_type_section(&mut types, given)?;
        }
        types.ty().function([], []);
        journal_helpers::add_types(&mut types);
        table_setters::add_type(&mut types);
        bulk_helpers::add_type(&mut types);
        for results in &self.block_types.all {
            types.ty().function([], results.iter().copied());
        }
        Ok(types)
    }

    /// Collects the types that blocks need for exceptions of the old form.
    fn collect_block_types(&mut self, bodies: &[FunctionBody<'_>]) {
        if self.description.has_legacy_exceptions {
            // After the types of `tick`, of the helpers, of the setters and of bulk operations.
            let first = self.description.type_count.saturating_add(3);
            let first = first.saturating_add(journal_helpers::COUNT);
            self.block_types = BlockTypes::collect(first, self.description, bodies);
        }
    }

    fn imports(
        &mut self,
        sections: &Sections<'_>,
        names: &AddedNames,
    ) -> Result<ImportSection, Failure> {
        let mut imports = ImportSection::new();
        // Imports may come in a compact encoding, which the engine does not read. Each one is
        // written in the plain one.
        let given = sections.imports.clone().into_iter();
        for import in given.flat_map(|section| section.into_imports()) {
            let import = import?;
            imports.import(import.module, import.name, self.entity_type(import.ty)?);
        }
        let tick_type = self.description.type_count;
        imports.import(
            added_names::TICK_MODULE,
            &names.tick,
            EntityType::Function(tick_type),
        );
        Ok(imports)
    }

    /// Writes the sections between the imports and the globals.
    fn write_declarations(
        &mut self,
        module: &mut Module,
        sections: &Sections<'_>,
    ) -> Result<(), Failure> {
        if let Some(given) = sections.functions.clone() {
            let mut functions = FunctionSection::new();
            let types = allocator_calls::types(&given, self.description, self.allocator);
            self.parse_function_section(&mut functions, given)?;
            // The section may be there without a function. Then there is no code section either, to
            // which helpers could be added.
            if !sections.bodies.is_empty() {
                let first = self.description.type_count.saturating_add(1);
                for nth in 0..journal_helpers::COUNT {
                    functions.function(first.saturating_add(nth));
                }
                let setter = first.saturating_add(journal_helpers::COUNT);
                for _ in 0..self.bulk_helpers {
                    functions.function(setter.saturating_add(1));
                }
                for _ in &self.fixed_tables {
                    functions.function(setter);
                }
                for ty in types {
                    functions.function(ty);
                }
            }
            module.section(&functions);
        }
        if let Some(given) = sections.tables.clone() {
            let mut tables = TableSection::new();
            self.parse_table_section(&mut tables, given)?;
            module.section(&tables);
        }
        let mut memories = MemorySection::new();
        if let Some(given) = sections.memories.clone() {
            self.parse_memory_section(&mut memories, given)?;
        }
        memories.memory(self.memory.memory_type());
        module.section(&memories);
        if let Some(given) = sections.tags.clone() {
            let mut tags = TagSection::new();
            self.parse_tag_section(&mut tags, given)?;
            module.section(&tags);
        }
        Ok(())
    }

    fn globals(&mut self, sections: &Sections<'_>) -> Result<GlobalSection, Failure> {
        let mut globals = GlobalSection::new();
        if let Some(given) = sections.globals.clone() {
            self.parse_global_section(&mut globals, given)?;
        }
        let all = self.memory.globals().into_iter();
        for (ty, first) in all.take(if self.allocator.functions.is_empty() {
            2
        } else {
            4
        }) {
            globals.global(ty, &first);
        }
        Ok(globals)
    }

    fn exports(
        &mut self,
        names: &AddedNames,
        sections: &Sections<'_>,
    ) -> Result<ExportSection, Failure> {
        let mut exports = ExportSection::new();
        if let Some(given) = sections.exports.clone() {
            self.parse_export_section(&mut exports, given)?;
        }
        exports.export(&names.journal, ExportKind::Memory, self.added.memory);
        exports.export(&names.position, ExportKind::Global, self.added.position);
        exports.export(&names.last_load, ExportKind::Global, self.added.last_load);
        if let (Some(name), Some(global)) = (&names.stack_pointer, self.stack_pointer) {
            exports.export(name, ExportKind::Global, global);
        }
        if !self.allocator.functions.is_empty() {
            let position = self.added.calls_position;
            exports.export(&names.calls_position, ExportKind::Global, position);
        }
        for ((index, memory), name) in (0..).zip(&self.description.memories).zip(&names.memories) {
            if memory.exported_as.is_empty() {
                exports.export(name, ExportKind::Memory, index);
            }
        }
        for (index, name) in (0..).zip(&names.tables) {
            if self.description.exported_table(index).is_none() {
                exports.export(name, ExportKind::Table, index);
            }
        }
        let setters = self.added.bulk_helpers.saturating_add(self.bulk_helpers);
        for (function, table) in (setters..).zip(&self.fixed_tables) {
            if let Some(name) = names.table_setters.get(*table as usize) {
                exports.export(name, ExportKind::Func, function);
            }
        }
        if let (Some(name), Some(start)) = (&names.start, self.description.start) {
            exports.export(name, ExportKind::Func, self.functions.instrumented(start));
        }
        Ok(exports)
    }

    /// Writes the sections after the exports, without the start section.
    fn write_contents(
        &mut self,
        module: &mut Module,
        sections: &Sections<'_>,
        sites: &mut Vec<StoreSite>,
    ) -> Result<(), Failure> {
        if let Some(given) = sections.elements.clone() {
            let mut elements = ElementSection::new();
            self.parse_element_section(&mut elements, given)?;
            module.section(&elements);
        }
        if let Some(count) = sections.data_count {
            module.section(&DataCountSection { count });
        }
        if !sections.bodies.is_empty() {
            let mut code = CodeSection::new();
            let mut moved = Vec::new();
            for (function, body) in (self.functions.tick..).zip(&sections.bodies) {
                let InstrumentedBody {
                    code: body, size, ..
                } = self.instrument_body(function, body, sites)?;
                if let Some(excess) = size.excess() {
                    self.excess = self.excess.take().or(Some((function, excess)));
                    continue;
                }
                match self.wrapper(function) {
                    Some(wrapper) => {
                        code.function(&wrapper);
                        moved.push(body);
                    }
                    None => drop(code.function(&body)),
                }
            }
            for function in journal_helpers::functions(self.added) {
                code.function(&function);
            }
            if self.bulk_helpers > 0 {
                for function in bulk_helpers::functions(self.added, self.options.memory) {
                    code.function(&function);
                }
            }
            for table in &self.fixed_tables {
                code.function(&table_setters::setter(*table));
            }
            for body in moved {
                code.function(&body);
            }
            module.section(&code);
        }
        if let Some(given) = sections.data.clone() {
            let mut data = DataSection::new();
            self.parse_data_section(&mut data, given)?;
            module.section(&data);
        }
        Ok(())
    }

    /// Returns the wrapper that records the calls of a function of the allocator; `None` for any
    /// other function.
    fn wrapper(&self, function: u32) -> Option<wasm_encoder::Function> {
        let mut numbered = self.allocator.functions.iter().zip(0..);
        let (known, nth) = numbered.find(|(known, _)| known.function == function)?;
        let ty = self.description.functions.get(function as usize)?;
        let moved = self.functions.moved.saturating_add(nth);
        Some(allocator_calls::wrapper(
            self.added,
            known,
            nth + 1,
            ty,
            moved,
        ))
    }

    /// Instruments a function, by its index in the module as given, and adds its sites.
    fn instrument_body(
        &mut self,
        function: u32,
        given: &FunctionBody<'_>,
        sites: &mut Vec<StoreSite>,
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
        let body = Body::new(
            self.added,
            self.options.memory,
            sites,
            function,
            &types,
            &operators,
        )
        .recording_callers_of(self.allocator);
        let legacy = match LegacyTries::read(&operators) {
            Some(tries) if self.description.has_legacy_exceptions => tries
                .written(self.description, &mut |results| {
                    self.block_types.index(&results)
                }),
            _ => Written::default(),
        };
        let is_too_long = legacy.is_too_long;
        let mut body = body.with_legacy_exceptions(legacy);
        let mut offset_map = Vec::with_capacity(operators.len());
        body.enter();
        for (operator, offset) in &operators {
            let offset = *offset;
            offset_map.push((body.bytes.len() as u64, offset));
            let instruction = self.instruction(operator.clone())?;
            body.write(operator, offset, &instruction);
        }
        let nesting = body.max_nesting();
        let (added_locals, bytes) = body.into_parts();
        let size = FunctionSize {
            locals: types.len(),
            nesting,
            bytes: if is_too_long { usize::MAX } else { bytes.len() },
        };
        locals.extend(added_locals.into_iter().map(|ty| (1, ty)));
        let mut code = wasm_encoder::Function::new(locals);
        code.raw(bytes);
        Ok(InstrumentedBody {
            code,
            offset_map,
            size,
        })
    }
}

/// Returns the type of a parameter, as far as it decides which register holds the value.
fn register_type(ty: &ValueType) -> ValType {
    match ty {
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::V128 => ValType::V128,
        _ => ValType::I32,
    }
}
