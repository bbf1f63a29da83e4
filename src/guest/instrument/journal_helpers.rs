//! Two functions that are added after the module's own. Each checks the limit and writes the slots
//! of one store. Functions whose journal is outlined call them.

use wasm_encoder::{BlockType, Function, TypeSection, ValType};

use super::journal_layout::{ADDRESS, AddedItems, LIMIT, SLOT, VALUE};

/// How many functions there are. Each has a type of its own.
pub(super) const COUNT: u32 = 2;

/// Adds the types: the address operand, the value, and the number of the site; no result.
pub(super) fn add_types(types: &mut TypeSection) {
    for value in [ValType::I64, ValType::V128] {
        types.ty().function([ValType::I32, value, ValType::I32], []);
    }
}

/// Returns the functions: one for a value of up to eight bytes, and one for a vector.
pub(super) fn functions(added: AddedItems) -> [Function; COUNT as usize] {
    [helper(added, false), helper(added, true)]
}

fn helper(added: AddedItems, is_vector: bool) -> Function {
    let (address, value, site, position) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut sink = function.instructions();
    sink.global_get(added.position)
        .i32_const(0)
        .i32_load(added.journal(LIMIT))
        .i32_gt_u()
        .if_(BlockType::Empty)
        .call(added.tick)
        .end();
    // The host may have reset the position.
    sink.global_get(added.position)
        .local_tee(position)
        .local_get(site)
        .i32_store(added.journal(0));
    sink.local_get(position)
        .local_get(address)
        .i32_store(added.journal(ADDRESS));
    sink.local_get(position).local_get(value);
    let slots = if is_vector {
        sink.v128_store(added.journal(SLOT));
        2
    } else {
        sink.i64_store(added.journal(VALUE));
        1
    };
    sink.local_get(position)
        .i32_const((slots * SLOT) as i32)
        .i32_add()
        .global_set(added.position)
        .end();
    function
}
