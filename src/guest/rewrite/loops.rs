//! What a function's loops look like before it is written again.

use wasm_encoder::ValType;
use wasmparser::Operator;

use super::sites::{self, Kind};

/// More of them than any loop keeps in registers: one that touches more is left whole.
pub(super) const MOST_FLOATS: usize = 64;

/// A local of floats or vectors that a loop touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Float {
    pub local: u32,
    pub ty: ValType,
}

/// A loop that may be written as two: no other loop and no call is in it, nothing is passed to its head, and no table of
/// branches leads there.
#[derive(Debug, Clone, Default)]
pub(super) struct Innermost {
    /// Each once.
    pub floats: Vec<Float>,
    /// No round ends without a store, so that the journal fills as it goes on.
    pub always_stores: bool,
}

/// An open block.
#[derive(Clone, Copy)]
struct Open {
    /// The innermost loop around what is in it.
    innermost: Option<usize>,
    is_loop: bool,
}

/// The loops of a function that are looked at, in order.
struct Loops {
    found: Vec<Option<Innermost>>,
    /// By loop: whether a round may have ended before this place.
    may_have_ended: Vec<bool>,
    open: Vec<Open>,
}

/// For each loop, in order, what is to be known of it if it may be written as two. `journaled` is the memory whose stores
/// count.
pub(super) fn splittable(
    given: &[ValType],
    journaled: Option<u32>,
    operators: &[(Operator<'_>, u64)],
) -> Vec<Option<Innermost>> {
    let mut loops = Loops { found: Vec::new(), may_have_ended: Vec::new(), open: Vec::new() };
    for (operator, _) in operators {
        match operator {
            Operator::Loop { blockty } => {
                loops.forget();
                let is_plain = !matches!(blockty, wasmparser::BlockType::FuncType(_));
                loops.open.push(Open { innermost: Some(loops.found.len()), is_loop: true });
                loops.found.push(is_plain.then(Innermost::default));
                loops.may_have_ended.push(false);
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                loops.open.push(Open { innermost: loops.innermost(), is_loop: false });
            }
            Operator::End => {
                loops.open.pop();
            }
            Operator::Br { relative_depth: depth } | Operator::BrIf { relative_depth: depth } => loops.branch(*depth),
            Operator::BrTable { targets } => {
                targets.targets().flatten().chain([targets.default()]).for_each(|depth| loops.branch_from_table(depth));
            }
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => loops.local(given, *local_index),
            _ if is_call(operator) => loops.forget(),
            _ if is_store(operator, journaled) => loops.store(),
            _ => {}
        }
    }
    loops.found
}

impl Loops {
    fn innermost(&self) -> Option<usize> {
        self.open.last()?.innermost
    }

    fn current(&mut self) -> Option<&mut Innermost> {
        let innermost = self.innermost()?;
        self.found.get_mut(innermost)?.as_mut()
    }

    /// The loop around this place may not be split. Those around it may not already, since it is in them.
    fn forget(&mut self) {
        if let Some(found) = self.innermost().and_then(|innermost| self.found.get_mut(innermost)) {
            *found = None;
        }
    }

    /// The loop that a branch leads to the head of.
    fn target(&self, depth: u32) -> Option<usize> {
        self.open.iter().rev().nth(depth as usize).filter(|target| target.is_loop)?.innermost
    }

    fn branch(&mut self, depth: u32) {
        if let Some(may_have_ended) = self.target(depth).and_then(|target| self.may_have_ended.get_mut(target)) {
            *may_have_ended = true;
        }
    }

    fn branch_from_table(&mut self, depth: u32) {
        if let Some(found) = self.target(depth).and_then(|target| self.found.get_mut(target)) {
            *found = None;
        }
    }

    /// What stands in a block within the loop may be passed by.
    fn store(&mut self) {
        let Some(Open { innermost: Some(innermost), is_loop: true }) = self.open.last().copied() else { return };
        let may_have_ended = self.may_have_ended.get(innermost).is_none_or(|may| *may);
        if let (false, Some(found)) = (may_have_ended, self.current()) {
            found.always_stores = true;
        }
    }

    fn local(&mut self, given: &[ValType], local: u32) {
        let ty = given.get(local as usize).copied().unwrap_or(ValType::I32);
        let (ValType::F32 | ValType::F64 | ValType::V128, Some(found)) = (ty, self.current()) else { return };
        if !found.floats.iter().any(|float| float.local == local) {
            found.floats.push(Float { local, ty });
        }
        if found.floats.len() > MOST_FLOATS {
            self.forget();
        }
    }
}

/// Whether it leaves a slot in the journal whenever it runs.
fn is_store(operator: &Operator<'_>, journaled: Option<u32>) -> bool {
    let touch = sites::touch(operator).filter(|touch| Some(touch.memory) == journaled);
    touch.is_some_and(|touch| !matches!(touch.kind, Kind::Load { .. } | Kind::CompareExchange { .. }))
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
