//! What a function's instructions say by themselves: that it always answers the same address, or
//! that it can make memory grow.

use std::collections::HashSet;

use wasmparser::{BinaryReader, ConstExpr, FunctionBody, Operator, Parser, Payload};

use super::super::{ExternType, Guest};

/// Bytes of code that are looked through before it is given up.
const MOST_CODE: u64 = 1 << 20;

/// The address that a function's body answers, where it is nothing but a constant or a global that
/// never changes. `globals` are the values of those, by index.
pub(super) fn constant_answer(
    guest: &Guest,
    globals: &[Option<u64>],
    function: u32,
) -> Option<u64> {
    let body = body(guest, function)?;
    let mut operators = body.get_operators_reader().ok()?;
    let answer = match operators.read().ok()? {
        Operator::GlobalGet { global_index } => {
            (*globals.get(usize::try_from(global_index).ok()?)?)?
        }
        first => constant(&first)?,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(answer)
}

/// The values of all globals by index: `None` for one that is imported, computed or mutable.
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

/// Whether a function, or one it calls by name, holds an instruction that makes memory grow.
/// `false` where that cannot be told.
pub(super) fn can_grow(guest: &Guest, function: u32) -> bool {
    let (mut open, mut seen, mut looked_at) = (vec![function], HashSet::from([function]), 0);
    while let Some(function) = open.pop() {
        let Some(body) = body(guest, function) else {
            continue;
        };
        looked_at += body.range().end.saturating_sub(body.range().start);
        if looked_at > MOST_CODE {
            return false;
        }
        let Ok(operators) = body.get_operators_reader() else {
            continue;
        };
        for operator in operators.into_iter().map_while(Result::ok) {
            match operator {
                Operator::MemoryGrow { .. } => return true,
                Operator::Call { function_index } | Operator::ReturnCall { function_index }
                    if seen.insert(function_index) =>
                {
                    open.push(function_index);
                }
                _ => {}
            }
        }
    }
    false
}

fn body(guest: &Guest, function: u32) -> Option<FunctionBody<'_>> {
    let own = function.checked_sub(guest.0.description.imported_functions)?;
    let range = guest.0.description.bodies.get(usize::try_from(own).ok()?)?;
    let (start, end) = (
        usize::try_from(range.start).ok()?,
        usize::try_from(range.end).ok()?,
    );
    Some(FunctionBody::new(BinaryReader::new(
        guest.wasm().get(start..end)?,
        range.start,
    )))
}
