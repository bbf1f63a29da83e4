//! What a function and everything that it calls can run and set. Two functions whose reach overlaps
//! may work on the same state, such as that of an allocator.

use std::collections::BTreeSet;

use wasmparser::Operator;

use super::Guest;
use super::call_graph::callee;

/// How much code is read before the reach of a function counts as unknown, in bytes.
const MAX_CODE: u64 = 1 << 20;

/// What a function and everything that it calls can run and set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeReach {
    /// The indices of the functions in the module, itself included.
    pub functions: BTreeSet<u32>,
    /// The indices of the globals that they set, without the stack pointer.
    pub globals: BTreeSet<u32>,
    /// Whether there may be more: a call through a table or a reference, or too much code.
    pub is_open: bool,
}

impl Guest {
    /// Returns the reach of a function. Imported functions are not followed.
    pub fn reach(&self, function: u32) -> CodeReach {
        let stack_pointer = self.stack_pointer();
        let mut reach = CodeReach::default();
        let (mut open, mut code) = (vec![function], 0_u64);
        while let Some(function) = open.pop() {
            let Some(body) = self.body(function) else {
                continue;
            };
            if !reach.functions.insert(function) {
                continue;
            }
            let range = body.range();
            code = code.saturating_add(range.end.saturating_sub(range.start));
            let Some(operators) = body
                .get_operators_reader()
                .ok()
                .filter(|_| code <= MAX_CODE)
            else {
                reach.is_open = true;
                return reach;
            };
            for operator in operators.into_iter().map_while(Result::ok) {
                open.extend(callee(&operator));
                match operator {
                    Operator::GlobalSet { global_index } if Some(global_index) != stack_pointer => {
                        reach.globals.insert(global_index);
                    }
                    Operator::CallIndirect { .. }
                    | Operator::ReturnCallIndirect { .. }
                    | Operator::CallRef { .. }
                    | Operator::ReturnCallRef { .. } => reach.is_open = true,
                    _ => {}
                }
            }
        }
        reach
    }
}
