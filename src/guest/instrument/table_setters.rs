//! Functions that are added after all others, so that the host can set an element of a table. For a
//! table of a fixed size, the engine has a copy of the elements in the instance. The code of the
//! instance calls functions by this copy, and only this code changes it.

use wasm_encoder::{Function, TypeSection, ValType};

use super::sections::Sections;
use crate::guest::module_info::Description;

/// Adds the type of the functions: the place and the new element; no result.
pub(super) fn add_type(types: &mut TypeSection) {
    types.ty().function([ValType::I32, ValType::FUNCREF], []);
}

/// Returns the indices of the module's own tables of functions that have a fixed size.
pub(super) fn fixed_tables(description: &Description, sections: &Sections<'_>) -> Vec<u32> {
    let Some(tables) = sections.tables.clone() else {
        return Vec::new();
    };
    let imported = (description.tables.len() as u32).saturating_sub(tables.count());
    (imported..)
        .zip(tables.into_iter().map_while(Result::ok))
        .filter(|(_, table)| {
            let ty = table.ty;
            let max = super::module_limits::limited_table(ty.maximum);
            ty.element_type == wasmparser::RefType::FUNCREF && !ty.table64 && max == ty.initial
        })
        .map(|(index, _)| index)
        .collect()
}

/// Returns the function that sets an element of a table.
pub(super) fn setter(table: u32) -> Function {
    let mut function = Function::new([]);
    function
        .instructions()
        .local_get(0)
        .local_get(1)
        .table_set(table)
        .end();
    function
}
