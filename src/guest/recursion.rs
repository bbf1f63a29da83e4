//! Which functions may call themselves: all that can be said where the call stack is exhausted, as
//! the engine keeps no trace of such a stack.

use std::collections::HashMap;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::Guest;

/// What may have nested without end below a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recursion {
    /// Functions that reach each other by calls that name them, by index; the groups and each of
    /// them ascending.
    pub groups: Vec<Vec<u32>>,
    /// Some function on the way calls through a table, and so may call any.
    pub is_indirect: bool,
}

/// Follows the calls from a function on, by Tarjan's algorithm without recursion.
pub(super) fn below(guest: &Guest, entry: u32) -> Recursion {
    let mut search = Search {
        guest,
        found: Recursion::default(),
        marks: HashMap::new(),
        open: Vec::new(),
    };
    search.run(entry);
    search.found.groups.sort();
    search.found
}

struct Mark {
    number: usize,
    lowest: usize,
    is_open: bool,
}

struct Search<'a> {
    guest: &'a Guest,
    found: Recursion,
    marks: HashMap<u32, Mark>,
    /// Functions whose group is not known yet, in the order they were met.
    open: Vec<u32>,
}

/// A function that is being looked at, and the calls in it that were not yet.
struct Visit {
    function: u32,
    calls: Vec<u32>,
    calls_itself: bool,
}

impl Search<'_> {
    fn run(&mut self, entry: u32) {
        let mut path = vec![self.enter(entry)];
        while let Some(visit) = path.last_mut() {
            let function = visit.function;
            match visit.calls.pop() {
                Some(called) => match self
                    .marks
                    .get(&called)
                    .map(|mark| (mark.is_open, mark.number))
                {
                    None => path.push(self.enter(called)),
                    Some((true, number)) => self.lower(function, number),
                    Some((false, _)) => {}
                },
                None => {
                    let calls_itself = visit.calls_itself;
                    path.pop();
                    let lowest = self.leave(function, calls_itself);
                    if let (Some(caller), Some(lowest)) = (path.last(), lowest) {
                        self.lower(caller.function, lowest);
                    }
                }
            }
        }
    }

    fn enter(&mut self, function: u32) -> Visit {
        let number = self.marks.len();
        self.marks.insert(
            function,
            Mark {
                number,
                lowest: number,
                is_open: true,
            },
        );
        self.open.push(function);
        let calls = self.calls(function);
        Visit {
            function,
            calls_itself: calls.contains(&function),
            calls,
        }
    }

    fn lower(&mut self, function: u32, to: usize) {
        if let Some(mark) = self.marks.get_mut(&function) {
            mark.lowest = mark.lowest.min(to);
        }
    }

    /// Closes a group where the function is the first of it.
    fn leave(&mut self, function: u32, calls_itself: bool) -> Option<usize> {
        let (number, lowest) = self
            .marks
            .get(&function)
            .map(|mark| (mark.number, mark.lowest))?;
        if number == lowest {
            let first = self
                .open
                .iter()
                .rposition(|open| *open == function)
                .unwrap_or(self.open.len());
            let mut group = self.open.split_off(first);
            for member in &group {
                if let Some(mark) = self.marks.get_mut(member) {
                    mark.is_open = false;
                }
            }
            if group.len() > 1 || calls_itself {
                group.sort_unstable();
                self.found.groups.push(group);
            }
        }
        Some(lowest)
    }

    /// The functions that one calls by name, each once.
    fn calls(&mut self, function: u32) -> Vec<u32> {
        let mut calls = Vec::new();
        let mut is_indirect = false;
        let operators = self
            .body(function)
            .and_then(|body| body.get_operators_reader().ok());
        for operator in operators.into_iter().flatten().map_while(Result::ok) {
            match operator {
                Operator::Call { function_index } => calls.push(function_index),
                Operator::CallIndirect { .. } => is_indirect = true,
                _ => {}
            }
        }
        self.found.is_indirect |= is_indirect;
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    fn body(&self, function: u32) -> Option<FunctionBody<'_>> {
        let description = &self.guest.0.description;
        let range = description
            .bodies
            .get(function.checked_sub(description.imported_functions)? as usize)?;
        let bytes = self
            .guest
            .wasm()
            .get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)?;
        Some(FunctionBody::new(BinaryReader::new(bytes, range.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str, entry: u32) -> (Vec<Vec<u32>>, bool) {
        let cycles = below(&Guest::from_bytes("t.wat", text.as_bytes()).unwrap(), entry);
        (cycles.groups, cycles.is_indirect)
    }

    #[test]
    fn functions_that_call_themselves_are_found_from_where_they_are_called() {
        let text = "(module (import \"a\" \"b\" (func)) (func call 1) (func call 3) (func call 4 \
                    call 0) (func call 2)
            (func call 1 call 2 call 6) (func) (table 1 funcref) (func (call_indirect (i32.const \
                    0))))";
        assert_eq!(groups(text, 1), (vec![vec![1]], false));
        assert_eq!(groups(text, 2), (vec![vec![2, 3, 4]], false));
        assert_eq!(groups(text, 5), (vec![vec![1], vec![2, 3, 4]], false));
        assert_eq!(groups(text, 0), (vec![], false));
        assert_eq!(groups(text, 7), (vec![], true));
        assert_eq!(groups(text, 99), (vec![], false));
    }

    #[test]
    fn a_chain_of_many_functions_is_followed() {
        let calls: String = (1..=20_000)
            .map(|n| format!("(func call {})\n", n % 20_000))
            .collect();
        let (found, _) = groups(&format!("(module {calls})"), 0);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [20_000]);
    }
}
