//! How large a function is, which decides how its slots are written.

use wasmparser::Operator;

use super::journal_layout::MAX_SLOTS_BETWEEN_CHECKS;
use super::loop_analysis::is_call;
use super::memory_access::access_of;

/// The most slots that are written in line, and the most joins of control flow across which the
/// position in the journal is kept in a local. Slots and calls change the position. Each join after a
/// change makes the compiler merge two positions, and the time for that grows faster than the number
/// of merges: see docs/performance.md.
const MAX_INLINE: u32 = 800;

const _: () = assert!(MAX_INLINE <= MAX_SLOTS_BETWEEN_CHECKS);

/// How many instructions of some kinds a function has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FunctionCounts {
    /// How many slots its instructions write, each counted once.
    pub slots: u32,
    pub calls: u32,
    blocks: u32,
    loops: u32,
    /// Whether it may catch an exception.
    pub has_handler: bool,
}

impl FunctionCounts {
    /// Counts the instructions of a function. `journaled` is the memory whose stores count.
    pub fn of(operators: &[(Operator<'_>, u64)], journaled: Option<u32>) -> Self {
        let mut counts = FunctionCounts::default();
        for (operator, _) in operators {
            counts.add(operator, journaled);
        }
        counts
    }

    fn add(&mut self, operator: &Operator<'_>, journaled: Option<u32>) {
        let access = access_of(operator).filter(|access| Some(access.memory) == journaled);
        let slots = access.map_or(0, |access| access.kind.slots());
        self.slots = self.slots.saturating_add(slots);
        let count = match operator {
            Operator::TryTable { .. } | Operator::Try { .. } => {
                self.has_handler = true;
                &mut self.blocks
            }
            Operator::Block { .. } | Operator::If { .. } => &mut self.blocks,
            Operator::Loop { .. } => &mut self.loops,
            _ if is_call(operator) => &mut self.calls,
            _ => return,
        };
        *count = count.saturating_add(1);
    }

    /// Returns whether the function is so large that the code for each slot and each check must be
    /// short, or the compiler takes too long.
    pub fn is_large(self) -> bool {
        let changes = self.slots.saturating_add(self.calls);
        // After a call, there is a check before the next store.
        let joins = self
            .blocks
            .saturating_add(self.loops)
            .saturating_add(self.calls);
        self.slots.max(self.loops).max(changes.min(joins)) > MAX_INLINE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;

    /// Returns whether a function is large that consists of `code`, `count` times.
    fn is_large(code: &str, count: usize) -> bool {
        let code = code.repeat(count);
        let text = format!("(module (memory 1) (func $f (param i32) {code}))");
        let guest = Guest::from_bytes("large", text.as_bytes()).unwrap();
        let body = wasmparser::Parser::new(0)
            .parse_all(guest.wasm())
            .find_map(|payload| match payload.unwrap() {
                wasmparser::Payload::CodeSectionEntry(body) => Some(body),
                _ => None,
            });
        let operators: Vec<_> = body
            .unwrap()
            .get_operators_reader()
            .unwrap()
            .into_iter_with_offsets()
            .map(Result::unwrap)
            .collect();
        FunctionCounts::of(&operators, Some(0)).is_large()
    }

    #[test]
    fn many_stores_loops_or_merges_of_the_position_make_a_function_large() {
        let store = "(i32.store (i32.const 0) (local.get 0))";
        assert!(!is_large(store, 800));
        assert!(is_large(store, 801));
        assert!(is_large("(loop)", 801));
        let call = format!("(call $f (i32.const 1)) (if (local.get 0) (then {store}))");
        assert!(!is_large(&call, 400));
        assert!(is_large(&call, 401));
    }

    #[test]
    fn blocks_without_stores_and_calls_make_no_function_large() {
        assert!(!is_large("(block (br_if 0 (local.get 0)))", 5000));
        assert!(!is_large("(drop (i32.load (local.get 0)))", 5000));
    }
}
