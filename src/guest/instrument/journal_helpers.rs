//! Functions that are added after the module's own. Each checks the limit, and all but the last write
//! the slots of one store. Functions whose journal is outlined call them.

use wasm_encoder::{BlockType, Function, InstructionSink, TypeSection, ValType};

use super::journal_layout::{ADDRESS, AddedItems, LIMIT, SLOT, VALUE};

/// How many functions there are. Each has a type of its own.
pub(super) const COUNT: u32 = 4;

/// The types of the values whose slots the first functions write.
const VALUES: [ValType; 3] = [ValType::I32, ValType::I64, ValType::V128];

/// The number of the function that only checks the limit.
const CHECK: u32 = COUNT - 1;

/// Adds the types: the address operand, the value, and the number of the site; no result.
pub(super) fn add_types(types: &mut TypeSection) {
    for value in VALUES {
        types.ty().function([ValType::I32, value, ValType::I32], []);
    }
    types.ty().function([], []);
}

/// Returns the functions, in the order of their indices.
pub(super) fn functions(added: AddedItems) -> Vec<Function> {
    let writers = VALUES.iter().map(|value| writer(added, *value));
    writers.chain([check(added)]).collect()
}

/// Returns the index of the function that writes the slots of a value. `value` is the type in which
/// it is passed.
pub(super) fn writer_index(added: AddedItems, value: ValType) -> u32 {
    let nth = (0..).zip(VALUES).find(|(_, known)| *known == value);
    added.helpers.saturating_add(nth.map_or(0, |(nth, _)| nth))
}

/// Returns the index of the function that only checks the limit.
pub(super) fn check_index(added: AddedItems) -> u32 {
    added.helpers.saturating_add(CHECK)
}

fn check(added: AddedItems) -> Function {
    let mut function = Function::new([]);
    let mut sink = function.instructions();
    check_limit(&mut sink, added);
    sink.end();
    function
}

/// Calls the host if the position in the global is past the limit.
fn check_limit(sink: &mut InstructionSink<'_>, added: AddedItems) {
    sink.global_get(added.position)
        .i32_const(0)
        .i32_load(added.journal(LIMIT))
        .i32_gt_u()
        .if_(BlockType::Empty)
        .call(added.tick)
        .end();
}

fn writer(added: AddedItems, ty: ValType) -> Function {
    let (address, value, site, position) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut sink = function.instructions();
    check_limit(&mut sink, added);
    // The host may have reset the position.
    sink.global_get(added.position)
        .local_tee(position)
        .local_get(site)
        .i32_store(added.journal(0));
    sink.local_get(position)
        .local_get(address)
        .i32_store(added.journal(ADDRESS));
    sink.local_get(position).local_get(value);
    let slots = match ty {
        ValType::V128 => {
            sink.v128_store(added.journal(SLOT));
            2
        }
        // The host clears slots when it drains them, so the high half is 0.
        ValType::I32 => {
            sink.i32_store(added.journal(VALUE));
            1
        }
        _ => {
            sink.i64_store(added.journal(VALUE));
            1
        }
    };
    sink.local_get(position)
        .i32_const((slots * SLOT) as i32)
        .i32_add()
        .global_set(added.position)
        .end();
    function
}
