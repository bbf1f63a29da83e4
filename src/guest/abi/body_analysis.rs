//! What the instructions of a function show by themselves: that it always returns the same address,
//! or that it can make memory grow.

use wasmparser::{ConstExpr, Operator, Parser, Payload};

use super::super::call_graph::Search;
use super::super::{ExternType, Guest};

/// Returns the address that a function always returns: its body is a constant, or a global that
/// never changes. `globals` has the values of those, by index.
pub(super) fn constant_result(
    guest: &Guest,
    globals: &[Option<u64>],
    function: u32,
) -> Option<u64> {
    let mut operators = guest.body(function)?.get_operators_reader().ok()?;
    let address = match operators.read().ok()? {
        Operator::GlobalGet { global_index } => {
            (*globals.get(usize::try_from(global_index).ok()?)?)?
        }
        first => constant(&first)?,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(address)
}

/// Returns the values of all globals by index: `None` for one that is imported, computed or mutable.
pub(super) fn constant_globals(guest: &Guest) -> Vec<Option<u64>> {
    let imported = guest
        .imports()
        .iter()
        .filter(|import| matches!(import.ty, ExternType::Global(_)));
    let mut values: Vec<Option<u64>> = imported.map(|_| None).collect();
    for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
        let Payload::GlobalSection(globals) = payload else {
            continue;
        };
        let globals = globals.into_iter().map_while(Result::ok);
        values.extend(globals.map(|global| {
            if global.ty.mutable {
                None
            } else {
                constant_of(&global.init_expr)
            }
        }));
    }
    values
}

fn constant_of(expression: &ConstExpr<'_>) -> Option<u64> {
    constant(&expression.get_operators_reader().read().ok()?)
}

fn constant(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Const { value } => Some(u64::from(*value as u32)),
        Operator::I64Const { value } => Some(*value as u64),
        _ => None,
    }
}

/// Returns whether a function, or one that it calls by name, contains an instruction that makes
/// memory grow. Returns `false` if that is not known.
pub(super) fn can_grow(guest: &Guest, function: u32) -> bool {
    let grows = |operator: &Operator<'_>| matches!(operator, Operator::MemoryGrow { .. });
    guest.search_calls(function, grows) == Search::Found
}
