//! Which loops of a function may be written as two, and what is known of them.

use wasm_encoder::ValType;
use wasmparser::Operator;

use super::memory_access::{AccessKind, access_of};

/// The largest number of floats that are spilled around a call of the host: more than any loop
/// keeps in registers. A loop that uses more is not split.
pub(super) const MAX_FLOATS: usize = 64;

/// The largest number of instructions in a short round of a loop: as many rounds as fill the
/// journal take a few milliseconds.
const MAX_INSTRUCTIONS_IN_SHORT_ROUND: u32 = 500;

/// A local of floats or of a vector that a loop uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Float {
    pub local: u32,
    pub ty: ValType,
}

/// A loop that may be written as two (see `Body::open_loop`): it contains no other loop and no call,
/// its head takes no parameters, and no `br_table` branches to it.
#[derive(Debug, Clone, Default)]
pub(super) struct SplittableLoop {
    /// The floats that it uses, each once.
    pub floats: Vec<Float>,
    /// Whether every round stores and none takes long, so that the journal is full soon.
    pub always_stores: bool,
}

/// An open block.
#[derive(Clone, Copy)]
struct OpenBlock {
    /// The index of the innermost loop around its contents.
    innermost: Option<usize>,
    is_loop: bool,
}

/// What is known of one round of a loop.
#[derive(Clone, Copy, Default)]
struct Round {
    /// Whether the round may have ended before this place.
    may_have_ended: bool,
    stores: bool,
    /// Whether it contains an instruction whose time depends on its operands.
    has_bulk: bool,
    instructions: u32,
}

/// The loops of a function, in order.
#[derive(Default)]
struct Loops {
    /// `None` for a loop that may not be split.
    splittable: Vec<Option<SplittableLoop>>,
    rounds: Vec<Round>,
    open: Vec<OpenBlock>,
}

/// Returns for each loop of a function, in order, what is known of it if it may be written as two.
/// `given` are the types of the function's locals, `journaled` is the memory whose stores count.
pub(super) fn splittable_loops(
    given: &[ValType],
    journaled: Option<u32>,
    operators: &[(Operator<'_>, u64)],
) -> Vec<Option<SplittableLoop>> {
    let mut loops = Loops::default();
    for (operator, _) in operators {
        loops.add(operator, given, journaled);
    }
    loops.finish()
}

impl Loops {
    fn add(&mut self, operator: &Operator<'_>, given: &[ValType], journaled: Option<u32>) {
        if let Some(round) = self.round() {
            round.instructions = round.instructions.saturating_add(1);
        }
        match operator {
            Operator::Loop { blockty } => {
                // The loop around this one contains another, so it may not be split.
                self.forbid_split();
                let has_params = matches!(blockty, wasmparser::BlockType::FuncType(_));
                self.open.push(OpenBlock {
                    innermost: Some(self.splittable.len()),
                    is_loop: true,
                });
                self.splittable
                    .push((!has_params).then(SplittableLoop::default));
                self.rounds.push(Round::default());
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                self.open.push(OpenBlock {
                    innermost: self.innermost(),
                    is_loop: false,
                });
            }
            Operator::End => {
                self.open.pop();
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                self.branch(*relative_depth);
            }
            Operator::BrTable { targets } => {
                targets
                    .targets()
                    .flatten()
                    .chain([targets.default()])
                    .for_each(|depth| self.branch_from_table(depth));
            }
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => self.use_local(given, *local_index),
            _ if is_call(operator) => self.forbid_split(),
            _ if is_bulk(operator) => {
                if let Some(round) = self.round() {
                    round.has_bulk = true;
                }
            }
            _ if is_store(operator, journaled) => self.store(),
            _ => {}
        }
    }

    fn innermost(&self) -> Option<usize> {
        self.open.last()?.innermost
    }

    fn round(&mut self) -> Option<&mut Round> {
        let innermost = self.innermost()?;
        self.rounds.get_mut(innermost)
    }

    fn current(&mut self) -> Option<&mut SplittableLoop> {
        let innermost = self.innermost()?;
        self.splittable.get_mut(innermost)?.as_mut()
    }

    /// Forbids to split the loop around this place. Those around that one are not splittable
    /// anyway, because it is in them.
    fn forbid_split(&mut self) {
        if let Some(innermost) = self.innermost()
            && let Some(found) = self.splittable.get_mut(innermost)
        {
            *found = None;
        }
    }

    /// Returns the index of the loop whose head is the target of a branch.
    fn target(&self, depth: u32) -> Option<usize> {
        self.open
            .iter()
            .rev()
            .nth(depth as usize)
            .filter(|target| target.is_loop)?
            .innermost
    }

    fn store(&mut self) {
        // A store in a block within the loop may be skipped by a branch.
        let is_in_block = self.open.last().is_none_or(|open| !open.is_loop);
        if let Some(round) = self.round()
            && !is_in_block
            && !round.may_have_ended
        {
            round.stores = true;
        }
    }

    fn branch(&mut self, depth: u32) {
        if let Some(target) = self.target(depth)
            && let Some(round) = self.rounds.get_mut(target)
        {
            round.may_have_ended = true;
        }
    }

    fn branch_from_table(&mut self, depth: u32) {
        if let Some(target) = self.target(depth)
            && let Some(found) = self.splittable.get_mut(target)
        {
            *found = None;
        }
    }

    fn use_local(&mut self, given: &[ValType], local: u32) {
        let ty = given.get(local as usize).copied().unwrap_or(ValType::I32);
        let (ValType::F32 | ValType::F64 | ValType::V128, Some(found)) = (ty, self.current())
        else {
            return;
        };
        if !found.floats.iter().any(|float| float.local == local) {
            found.floats.push(Float { local, ty });
        }
        if found.floats.len() > MAX_FLOATS {
            self.forbid_split();
        }
    }

    fn finish(mut self) -> Vec<Option<SplittableLoop>> {
        for (found, round) in self.splittable.iter_mut().zip(self.rounds) {
            let is_short = !round.has_bulk && round.instructions <= MAX_INSTRUCTIONS_IN_SHORT_ROUND;
            if let Some(found) = found {
                found.always_stores = round.stores && is_short;
            }
        }
        self.splittable
    }
}

/// Returns whether the time of an instruction depends on its operands.
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

/// Returns whether an instruction writes a slot whenever it runs. A compare-exchange does so only
/// if it stores, and a growth only if it is by some pages.
fn is_store(operator: &Operator<'_>, journaled: Option<u32>) -> bool {
    access_of(operator)
        .filter(|access| Some(access.memory) == journaled)
        .is_some_and(|access| {
            !matches!(
                access.kind,
                AccessKind::Load { .. } | AccessKind::CompareExchange { .. } | AccessKind::Grow
            )
        })
}

/// Returns whether an instruction calls a function.
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
        let found = splittable_loops(&[ValType::I32, ValType::I32], Some(0), &operators);
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
