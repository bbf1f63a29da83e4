//! Which functions provably set no global. If such a function stores nothing either, it returns the
//! same when it is called again.

use wasmparser::Operator;

use super::Guest;
use super::call_graph::Search;

impl Guest {
    /// Returns whether a function and everything it calls set no global except the stack pointer.
    /// Returns `false` if that is not known: it calls through a table or an import, or there is too
    /// much code.
    pub(crate) fn preserves_globals(&self, function: u32) -> bool {
        let stack_pointer = self.stack_pointer();
        let may_set_global = |operator: &Operator<'_>| match operator {
            Operator::GlobalSet { global_index } => Some(*global_index) != stack_pointer,
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => true,
            _ => false,
        };
        self.search_calls(function, may_set_global) == Search::Absent
    }
}
