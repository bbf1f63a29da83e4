//! The instructions of functions, and of those that they call.

use std::collections::HashSet;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::Guest;

/// How much code a search reads before it gives up, in bytes.
const MAX_CODE: u64 = 1 << 20;

/// What a search through a function and everything it calls by name has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Found,
    /// No such instruction is in the code, and all of the code was read.
    Absent,
    /// There is too much code, or some function's code is not in the module: it is imported.
    Unknown,
}

impl Guest {
    /// Returns the body of a function by its index; `None` for an imported one.
    pub(super) fn body(&self, function: u32) -> Option<FunctionBody<'_>> {
        let description = &self.0.description;
        let own = function.checked_sub(description.imported_functions)?;
        let range = description.bodies.get(usize::try_from(own).ok()?)?;
        let (start, end) = (
            usize::try_from(range.start).ok()?,
            usize::try_from(range.end).ok()?,
        );
        let bytes = self.wasm().get(start..end)?;
        Some(FunctionBody::new(BinaryReader::new(bytes, range.start)))
    }

    /// Searches for an instruction in a function and in all functions that it calls by name,
    /// directly or through others.
    pub(super) fn search_calls(
        &self,
        function: u32,
        is_wanted: impl Fn(&Operator<'_>) -> bool,
    ) -> Search {
        let (mut open, mut seen) = (vec![function], HashSet::from([function]));
        let (mut code, mut is_complete) = (0, true);
        while let Some(function) = open.pop() {
            let operators = self
                .body(function)
                .and_then(|body| Some((body.range(), body.get_operators_reader().ok()?)));
            let Some((range, operators)) = operators else {
                is_complete = false;
                continue;
            };
            code += range.end.saturating_sub(range.start);
            if code > MAX_CODE {
                return Search::Unknown;
            }
            for operator in operators {
                match operator {
                    Ok(operator) if is_wanted(&operator) => return Search::Found,
                    Ok(operator) => {
                        open.extend(callee(&operator).filter(|callee| seen.insert(*callee)));
                    }
                    Err(_) => {
                        is_complete = false;
                        break;
                    }
                }
            }
        }
        if is_complete {
            Search::Absent
        } else {
            Search::Unknown
        }
    }
}

/// Returns the function that an instruction calls by name; `None` for any other instruction, a call
/// through a table or a reference among them.
pub(super) fn callee(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
            Some(*function_index)
        }
        _ => None,
    }
}
