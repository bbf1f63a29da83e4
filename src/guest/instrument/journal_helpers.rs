//! Two functions that are added behind the module's own: each looks at the limit and writes one
//! store's slots. A function with very many stores calls them, as does one that may catch
//! exceptions; all others write their slots in line.

use wasm_encoder::{BlockType, Function, TypeSection, ValType};

use super::body::word;
use super::journal_layout::{ADDRESS, Added, SLOT, VALUE};

/// How many there are, and how many types they take.
pub(super) const COUNT: u32 = 2;

/// The parameters, after the address operand: the value, then the site.
pub(super) fn add_types(types: &mut TypeSection) {
    types
        .ty()
        .function([ValType::I32, ValType::I64, ValType::I32], []);
    types
        .ty()
        .function([ValType::I32, ValType::V128, ValType::I32], []);
}

/// For a value of at most eight bytes, and for one of sixteen.
pub(super) fn functions(added: Added) -> [Function; COUNT as usize] {
    [note(added, false), note(added, true)]
}

fn note(added: Added, is_wide: bool) -> Function {
    let (address, value, site, position) = (0, 1, 2, 3);
    let memory = added.memory;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut put = function.instructions();
    put.global_get(added.position)
        .i32_const(0)
        .i32_load(word(0, memory))
        .i32_gt_u();
    put.if_(BlockType::Empty).call(added.tick).end();
    put.global_get(added.position)
        .local_tee(position)
        .local_get(site)
        .i32_store(word(0, memory));
    put.local_get(position)
        .local_get(address)
        .i32_store(word(ADDRESS, memory));
    put.local_get(position).local_get(value);
    if is_wide {
        put.v128_store(word(SLOT, memory));
    } else {
        put.i64_store(word(VALUE, memory));
    }
    let slots = if is_wide { 2 } else { 1 };
    put.local_get(position)
        .i32_const((slots * SLOT) as i32)
        .i32_add()
        .global_set(added.position);
    put.end();
    function
}
