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
//! | `module_writer.rs`    | the sections of the instrumented module                               |
//! | `body.rs`             | one function: its instructions in order                               |
//! | `position.rs`         | the position in the journal, in a local                               |
//! | `frame.rs`            | what is open at a place of a function                                 |
//! | `labels.rs`           | the labels of the function as given, and those that are added         |
//! | `loops.rs`            | loops, and the branches to them                                       |
//! | `load_addresses.rs`   | the address operands of loads                                         |
//! | `legacy_exceptions.rs` | the old form of exception handling: which blocks of the new one       |
//! | `legacy_try_blocks.rs` | writes these blocks                                                   |
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
mod frame;
mod function_counts;
mod inline_journal;
mod journal_helpers;
mod journal_layout;
mod journaled_stores;
mod labels;
mod legacy_exceptions;
mod legacy_try_blocks;
mod limit_check;
mod load_addresses;
mod loop_analysis;
mod loops;
mod memory_access;
mod module_limits;
mod module_writer;
mod offset_map;
mod outlined_journal;
mod position;
mod scratch_locals;
mod sections;
mod table_setters;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use wasm_encoder::reencode;
use wasmparser::FunctionBody;

use super::{Guest, GuestError};
use crate::journal_abi::Allocator;
use crate::wasm_types::MemoryType;
use added_names::AddedNames;
pub use journal_layout::JournalLayout;
use journal_layout::JournalMemory;
use module_writer::Instrumenter;
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
