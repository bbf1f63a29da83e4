//! What a function's loops look like before it is written again.

use wasm_encoder::ValType;
use wasmparser::Operator;

/// More of them than any loop keeps in registers: one that touches more is left whole.
const MOST_FLOATS: usize = 64;

/// Locals of floats and vectors that a loop touches, each once.
pub(super) type Floats = Vec<(u32, ValType)>;

/// For each loop, in order, the floats it touches, if it may be written as two: no other loop and no call is in it, and
/// nothing is passed to its head.
pub(super) fn splittable(given: &[ValType], operators: &[(Operator<'_>, u64)]) -> Vec<Option<Floats>> {
    let mut loops: Vec<Option<Floats>> = Vec::new();
    // For each open block, the innermost loop that is open with it.
    let mut open: Vec<Option<usize>> = Vec::new();
    for (operator, _) in operators {
        let innermost = open.last().copied().flatten();
        match *operator {
            Operator::Loop { blockty } => {
                forget(&mut loops, innermost);
                open.push(Some(loops.len()));
                loops.push((!matches!(blockty, wasmparser::BlockType::FuncType(_))).then(Vec::new));
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(innermost);
            }
            Operator::End => {
                open.pop();
            }
            Operator::LocalGet { local_index: local }
            | Operator::LocalSet { local_index: local }
            | Operator::LocalTee { local_index: local } => {
                let ty = given.get(local as usize).copied().unwrap_or(ValType::I32);
                if let (ValType::F32 | ValType::F64 | ValType::V128, Some(innermost)) = (ty, innermost)
                    && let Some(Some(floats)) = loops.get_mut(innermost)
                    && !floats.contains(&(local, ty))
                {
                    floats.push((local, ty));
                    if floats.len() > MOST_FLOATS {
                        forget(&mut loops, Some(innermost));
                    }
                }
            }
            _ if is_call(operator) => forget(&mut loops, innermost),
            _ => {}
        }
    }
    loops
}

/// This loop may not be split. Those around it may not already, since it is in them.
fn forget(loops: &mut [Option<Floats>], innermost: Option<usize>) {
    if let Some(floats) = innermost.and_then(|innermost| loops.get_mut(innermost)) {
        *floats = None;
    }
}

pub(super) fn is_call(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Call { .. }
            | O::CallIndirect { .. }
            | O::CallRef { .. }
            | O::ReturnCall { .. }
            | O::ReturnCallIndirect { .. }
            | O::ReturnCallRef { .. }
    )
}
