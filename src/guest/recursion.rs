//! Which functions may call themselves. Where the call stack is exhausted, the engine has no trace of
//! it, so this is all that is known.

use std::collections::HashMap;

use wasmparser::Operator;

use super::Guest;

/// Which calls may nest without end below a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recursion {
    /// Groups of functions that call each other by name, by index; the groups and their functions
    /// in ascending order.
    pub(crate) groups: Vec<Vec<u32>>,
    /// Whether some function calls through a table, and so may call any other.
    pub(crate) is_indirect: bool,
}

/// Finds the groups of functions that call each other, among all that a function calls. This is
/// Tarjan's algorithm for strongly connected components, without recursion of its own.
pub(super) fn below(guest: &Guest, entry: u32) -> Recursion {
    let mut search = ComponentSearch {
        guest,
        found: Recursion::default(),
        marks: HashMap::new(),
        open: Vec::new(),
    };
    search.run(entry);
    search.found.groups.sort();
    search.found
}

/// What the algorithm keeps of a function.
struct Mark {
    /// Its number in the order of visits.
    number: usize,
    /// The lowest number of a function that it reaches and whose group is not known yet.
    lowest: usize,
    /// Whether its group is not known yet.
    is_open: bool,
}

struct ComponentSearch<'a> {
    guest: &'a Guest,
    found: Recursion,
    marks: HashMap<u32, Mark>,
    /// The functions whose group is not known yet, in the order of visits.
    open: Vec<u32>,
}

/// A function that is being visited.
struct Visit {
    function: u32,
    /// The functions that it calls and that are not visited from here yet.
    calls: Vec<u32>,
    calls_itself: bool,
}

impl ComponentSearch<'_> {
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

    /// Ends the visit of a function, and its group if it is the first of it. Returns its lowest
    /// number.
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

    /// Returns the functions that one calls by name, each once. A tail call does not nest, so it is
    /// none of these.
    fn calls(&mut self, function: u32) -> Vec<u32> {
        let mut calls = Vec::new();
        let mut is_indirect = false;
        let operators = self
            .guest
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
