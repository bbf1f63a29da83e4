//! Blocks, loops and branches of a function that is being read.

use std::collections::{HashMap, HashSet};

use wasmparser::{BlockType, Operator, OperatorsReader};

use super::value::Value;

/// A block, a loop or a branch of an `if`.
pub(super) struct Frame {
    pub is_loop: bool,
    /// The height of the operand stack at its start, without its parameters.
    pub height: usize,
    /// The number of its parameters, and of its results.
    pub params: usize,
    pub results: usize,
    /// The locals at the start of an `if`.
    pub otherwise: Option<Vec<Value>>,
    /// The locals where branches to its end come from.
    pub branched: Option<Vec<Value>>,
}

/// Returns the locals of each loop that its instructions set, by the number of the loop in the
/// order of their starts.
pub(super) fn locals_set_in_loops(operators: OperatorsReader<'_>) -> HashMap<usize, HashSet<u32>> {
    let mut found: HashMap<usize, HashSet<u32>> = HashMap::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut loops = 0;
    for operator in operators.into_iter().map_while(Result::ok) {
        match operator {
            Operator::Loop { .. } => {
                found.insert(loops, HashSet::new());
                open.push(Some(loops));
                loops += 1;
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(None);
            }
            Operator::Try { .. } => open.push(None),
            Operator::End | Operator::Delegate { .. } => {
                let ended = open.pop().flatten();
                let outer = open.iter().rev().find_map(|number| *number);
                if let (Some(ended), Some(outer)) = (ended, outer) {
                    let inner = found.get(&ended).cloned().unwrap_or_default();
                    found.entry(outer).or_default().extend(inner);
                }
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                if let Some(number) = open.iter().rev().find_map(|number| *number) {
                    found.entry(number).or_default().insert(local_index);
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the number of parameters and of results of a block.
pub(super) fn arity(guest: &super::Guest, ty: BlockType) -> (usize, usize) {
    match ty {
        BlockType::Empty => (0, 0),
        BlockType::Type(_) => (0, 1),
        BlockType::FuncType(index) => {
            let ty = guest.0.description.func_type(index);
            (ty.params.len(), ty.results.len())
        }
    }
}

/// Adds locals to those that another way to the same place has.
pub(super) fn join(known: &mut Option<Vec<Value>>, locals: &[Value]) {
    match known {
        Some(known) => {
            for (known, local) in known.iter_mut().zip(locals) {
                *known = known.or(*local);
            }
        }
        None => *known = Some(locals.to_vec()),
    }
}
