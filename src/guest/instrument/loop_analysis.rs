//! What a function's loops look like before it is written again.

use wasm_encoder::ValType;
use wasmparser::Operator;

use super::memory_access::{self, Kind};

/// More of them than any loop keeps in registers: one that touches more is left whole.
pub(super) const MOST_FLOATS: usize = 64;

/// A local of floats or vectors that a loop touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Float {
    pub local: u32,
    pub ty: ValType,
}

/// A loop that may be written as two: no other loop and no call is in it, nothing is passed to its
/// head, and no table of branches leads there.
#[derive(Debug, Clone, Default)]
pub(super) struct Innermost {
    /// Each once.
    pub floats: Vec<Float>,
    /// No round ends without a store and none takes long, so that the journal is full soon.
    pub always_stores: bool,
}

/// Instructions of a loop whose rounds are short: so many rounds as fill the journal are over in a
/// few milliseconds.
const MOST_IN_SHORT_ROUND: u32 = 500;

/// An open block.
#[derive(Clone, Copy)]
struct Open {
    /// The innermost loop around what is in it.
    innermost: Option<usize>,
    is_loop: bool,
}

/// A round of a loop, as far as it was looked at.
#[derive(Clone, Copy, Default)]
struct Round {
    /// It may be over before this place.
    may_have_ended: bool,
    stores: bool,
    /// What takes as long as it is told to is in it.
    has_bulk: bool,
    instructions: u32,
}

/// The loops of a function that are looked at, in order.
struct Loops {
    found: Vec<Option<Innermost>>,
    /// By loop.
    rounds: Vec<Round>,
    open: Vec<Open>,
}

/// For each loop, in order, what is to be known of it if it may be written as two. `journaled` is
/// the memory whose stores count.
pub(super) fn splittable(
    given: &[ValType],
    journaled: Option<u32>,
    operators: &[(Operator<'_>, u64)],
) -> Vec<Option<Innermost>> {
    let mut loops = Loops {
        found: Vec::new(),
        rounds: Vec::new(),
        open: Vec::new(),
    };
    for (operator, _) in operators {
        loops.count();
        match operator {
            Operator::Loop { blockty } => {
                loops.forget();
                let is_plain = !matches!(blockty, wasmparser::BlockType::FuncType(_));
                loops.open.push(Open {
                    innermost: Some(loops.found.len()),
                    is_loop: true,
                });
                loops.found.push(is_plain.then(Innermost::default));
                loops.rounds.push(Round::default());
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                loops.open.push(Open {
                    innermost: loops.innermost(),
                    is_loop: false,
                });
            }
            Operator::End => {
                loops.open.pop();
            }
            Operator::Br {
                relative_depth: depth,
            }
            | Operator::BrIf {
                relative_depth: depth,
            } => loops.branch(*depth),
            Operator::BrTable { targets } => {
                targets
                    .targets()
                    .flatten()
                    .chain([targets.default()])
                    .for_each(|depth| loops.branch_from_table(depth));
            }
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => loops.local(given, *local_index),
            _ if is_call(operator) => loops.forget(),
            _ if is_bulk(operator) => loops.bulk(),
            _ if is_store(operator, journaled) => loops.store(),
            _ => {}
        }
    }
    loops.finish()
}

impl Loops {
    fn innermost(&self) -> Option<usize> {
        self.open.last()?.innermost
    }

    fn current(&mut self) -> Option<&mut Innermost> {
        let innermost = self.innermost()?;
        self.found.get_mut(innermost)?.as_mut()
    }

    /// The loop around this place may not be split. Those around it may not already, since it is in
    /// them.
    fn forget(&mut self) {
        if let Some(found) = self
            .innermost()
            .and_then(|innermost| self.found.get_mut(innermost))
        {
            *found = None;
        }
    }

    /// The loop that a branch leads to the head of.
    fn target(&self, depth: u32) -> Option<usize> {
        self.open
            .iter()
            .rev()
            .nth(depth as usize)
            .filter(|target| target.is_loop)?
            .innermost
    }

    fn round(&mut self) -> Option<&mut Round> {
        let innermost = self.innermost()?;
        self.rounds.get_mut(innermost)
    }

    fn count(&mut self) {
        if let Some(round) = self.round() {
            round.instructions = round.instructions.saturating_add(1);
        }
    }

    fn bulk(&mut self) {
        if let Some(round) = self.round() {
            round.has_bulk = true;
        }
    }

    /// What stands in a block within the loop may be passed by.
    fn store(&mut self) {
        let is_in_block = self.open.last().is_none_or(|open| !open.is_loop);
        if let Some(round) = self
            .round()
            .filter(|round| !is_in_block && !round.may_have_ended)
        {
            round.stores = true;
        }
    }

    fn branch(&mut self, depth: u32) {
        if let Some(round) = self
            .target(depth)
            .and_then(|target| self.rounds.get_mut(target))
        {
            round.may_have_ended = true;
        }
    }

    fn branch_from_table(&mut self, depth: u32) {
        if let Some(found) = self
            .target(depth)
            .and_then(|target| self.found.get_mut(target))
        {
            *found = None;
        }
    }

    fn finish(mut self) -> Vec<Option<Innermost>> {
        for (found, round) in self.found.iter_mut().zip(self.rounds) {
            let is_short = !round.has_bulk && round.instructions <= MOST_IN_SHORT_ROUND;
            if let Some(found) = found {
                found.always_stores = round.stores && is_short;
            }
        }
        self.found
    }

    fn local(&mut self, given: &[ValType], local: u32) {
        let ty = given.get(local as usize).copied().unwrap_or(ValType::I32);
        let (ValType::F32 | ValType::F64 | ValType::V128, Some(found)) = (ty, self.current())
        else {
            return;
        };
        if !found.floats.iter().any(|float| float.local == local) {
            found.floats.push(Float { local, ty });
        }
        if found.floats.len() > MOST_FLOATS {
            self.forget();
        }
    }
}

/// Whether it takes as long as its operands say.
fn is_bulk(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::MemoryFill { .. }
            | O::MemoryCopy { .. }
            | O::MemoryInit { .. }
            | O::MemoryGrow { .. }
            | O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::TableGrow { .. }
    )
}

/// Whether it leaves a slot in the journal whenever it runs.
fn is_store(operator: &Operator<'_>, journaled: Option<u32>) -> bool {
    let touch = memory_access::touch(operator).filter(|touch| Some(touch.memory) == journaled);
    touch.is_some_and(|touch| {
        !matches!(touch.kind, Kind::Load { .. } | Kind::CompareExchange { .. })
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;

    /// For each loop of a function: whether it may be written as two, and then whether it always
    /// stores.
    fn loops(body: &str) -> Vec<Option<bool>> {
        let text =
            format!("(module (memory 1) (table 1 funcref) (func (param i32) (local i32) {body}))");
        let guest = Guest::from_bytes("loops", text.as_bytes()).unwrap();
        let bodies = wasmparser::Parser::new(0)
            .parse_all(guest.wasm())
            .filter_map(|payload| match payload.unwrap() {
                wasmparser::Payload::CodeSectionEntry(body) => Some(body),
                _ => None,
            });
        let body = bodies.last().unwrap();
        let operators: Vec<_> = body
            .get_operators_reader()
            .unwrap()
            .into_iter_with_offsets()
            .map(Result::unwrap)
            .collect();
        let found = splittable(&[ValType::I32, ValType::I32], Some(0), &operators);
        found
            .into_iter()
            .map(|found| Some(found?.always_stores))
            .collect()
    }

    const STORE: &str = "(i32.store (i32.const 0) (i32.const 1))";

    #[test]
    fn a_loop_that_holds_another_a_call_or_a_tables_target_is_left_whole() {
        assert_eq!(
            loops("(loop $a (loop $b (br $b)) (br $a))"),
            [None, Some(false)]
        );
        assert_eq!(loops("(loop $a (call 0 (i32.const 1)) (br $a))"), [None]);
        assert_eq!(
            loops("(loop $a (block $b (br_table $b $a (local.get 0))) (br $a))"),
            [None]
        );
        assert_eq!(
            loops("(loop $a (block $b (br_table $b $b (local.get 0))) (br $a))"),
            [Some(false)]
        );
        assert_eq!(loops("(i32.const 1) (loop $a (param i32) (br $a))"), [None]);
    }

    #[test]
    fn a_loop_always_stores_where_no_way_leads_around_the_store() {
        assert_eq!(
            loops(&format!("(loop $a {STORE} (br_if $a (local.get 0)))")),
            [Some(true)]
        );
        assert_eq!(
            loops(&format!(
                "(loop $a (br_if $a (local.get 0)) {STORE} (br $a))"
            )),
            [Some(false)]
        );
        assert_eq!(
            loops(&format!(
                "(loop $a (block $b (br_if $a (local.get 0))) {STORE} (br $a))"
            )),
            [Some(false)]
        );
        assert_eq!(
            loops(&format!(
                "(loop $a (block $b (br_if $b (local.get 0)) {STORE}) (br $a))"
            )),
            [Some(false)]
        );
        assert_eq!(
            loops(&format!(
                "(loop $a (if (local.get 0) (then {STORE})) (br $a))"
            )),
            [Some(false)]
        );
        assert_eq!(
            loops(&format!(
                "(loop $a (block $b (br_if $b (local.get 0))) {STORE} (br $a))"
            )),
            [Some(true)]
        );
        let exchange = "(drop (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 1) (i32.const 2)))";
        assert_eq!(
            loops(&format!("(loop $a {exchange} (br $a))")),
            [Some(false)]
        );
    }

    #[test]
    fn a_loop_whose_rounds_take_long_asks_for_the_limit() {
        let fill = "(memory.fill (i32.const 0) (i32.const 0) (i32.const 9))";
        assert_eq!(
            loops(&format!("(loop $a {STORE} {fill} (br $a))")),
            [Some(false)]
        );
        let table = "(drop (table.grow 0 (ref.null func) (i32.const 1)))";
        assert_eq!(
            loops(&format!("(loop $a {STORE} {table} (br $a))")),
            [Some(false)]
        );
        let long = "(drop (i32.const 1))".repeat(300);
        assert_eq!(
            loops(&format!("(loop $a {STORE} {long} (br $a))")),
            [Some(false)]
        );
    }
}
