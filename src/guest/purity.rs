//! Which functions can be told, from their code alone, to set no global: asked twice with nothing
//! in between, such a function answers the same, if it also stores nothing.

use std::collections::HashSet;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::Guest;

/// Bytes of code that are looked through before it is given up.
const MOST_CODE: u64 = 1 << 20;

impl Guest {
    /// Whether this function, and all it calls, set no global but the stack pointer. `false` where
    /// that cannot be told: it calls through a table or an import, or there is too much code.
    pub fn leaves_globals(&self, function: u32) -> bool {
        self.look_through(function).unwrap_or(false)
    }

    fn look_through(&self, function: u32) -> Option<bool> {
        let (mut open, mut seen, mut looked_at) = (vec![function], HashSet::from([function]), 0);
        while let Some(function) = open.pop() {
            let body = function.checked_sub(self.0.description.imported_functions)?;
            let range = self.0.description.bodies.get(usize::try_from(body).ok()?)?;
            looked_at += range.end.saturating_sub(range.start);
            if looked_at > MOST_CODE {
                return None;
            }
            let (start, end) = (
                usize::try_from(range.start).ok()?,
                usize::try_from(range.end).ok()?,
            );
            let body =
                FunctionBody::new(BinaryReader::new(self.wasm().get(start..end)?, range.start));
            let mut operators = body.get_operators_reader().ok()?;
            while !operators.eof() {
                match operators.read().ok()? {
                    Operator::GlobalSet { global_index }
                        if Some(global_index) != self.0.description.stack_pointer =>
                    {
                        return Some(false);
                    }
                    Operator::CallIndirect { .. }
                    | Operator::ReturnCallIndirect { .. }
                    | Operator::CallRef { .. }
                    | Operator::ReturnCallRef { .. } => return None,
                    Operator::Call { function_index } | Operator::ReturnCall { function_index }
                        if seen.insert(function_index) =>
                    {
                        open.push(function_index);
                    }
                    _ => {}
                }
            }
        }
        Some(true)
    }
}
