//! Whether the known functions of an allocator are all that can allocate and release its blocks.
//!
//! The proof goes by the state of the allocator: the globals that its code sets, and the static
//! addresses that it accesses. No other code may set the same globals, access the same addresses or
//! call what is inside the allocator. Only then is it known which blocks exist.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{ElementItems, Operator, Parser, Payload};

use super::Guest;
use super::call_graph::callee;
use crate::journal_abi::Allocator;

/// How much code is examined, in bytes.
const MAX_CODE: u64 = 16 << 20;

/// The lowest offset of a load or store that is taken for a static address. Smaller ones are
/// distances in a structure.
const FIRST_STATIC: u64 = 1024;

/// A multiple of this is a round number: a size more often than an address.
const ROUND: u64 = 4096;

/// What is known of the code of one function.
#[derive(Debug, Default)]
struct CodeFacts {
    calls: BTreeSet<u32>,
    sets: BTreeSet<u32>,
    /// Static addresses that it accesses.
    accesses: BTreeSet<u64>,
    /// Those of them that it loads from. What is only stored, as C's `errno` is, is no state.
    loads: BTreeSet<u64>,
    /// All its constants, except for round numbers, which are seldom addresses.
    constants: BTreeSet<u64>,
    calls_indirectly: bool,
    grows: bool,
    /// Whether it never returns.
    diverges: bool,
}

/// Returns whether only the functions of `allocator` and what they call can change which of its
/// blocks are allocated.
pub(super) fn is_closed(guest: &Guest, allocator: &Allocator) -> bool {
    let Some(code) = read(guest) else {
        return false;
    };
    let roots: BTreeSet<u32> = allocator
        .functions
        .iter()
        .map(|function| function.function)
        .chain(allocator.wrappers.iter().copied())
        .collect();
    let helpers = helpers(&code);
    let inside = inside(&code, &roots, &helpers);
    let is_private = |function: &u32| inside.contains(function) && !roots.contains(function);
    let own = |function: &u32| code.get(function);
    if inside
        .iter()
        .filter_map(own)
        .any(|facts| facts.calls_indirectly)
        || referenced(guest).iter().any(is_private)
    {
        return false;
    }
    let data = static_data(guest);
    let mut sets = BTreeSet::new();
    let mut state = BTreeSet::new();
    for facts in inside.iter().filter_map(own) {
        sets.extend(&facts.sets);
        state.extend(&facts.loads);
        // The address of the state may be passed on as a constant.
        state.extend(facts.constants.range(data.clone()));
    }
    if sets.is_empty() && state.is_empty() {
        return false;
    }
    let outside = code
        .iter()
        .filter(|(function, _)| !inside.contains(function));
    let is_separate = |facts: &CodeFacts| {
        !facts.calls.iter().any(is_private)
            && facts.sets.is_disjoint(&sets)
            && facts.accesses.is_disjoint(&state)
            && facts.constants.is_disjoint(&state)
    };
    outside.into_iter().all(|(_, facts)| is_separate(facts))
        && !exported_globals(guest).any(|global| sets.contains(&global))
}

/// Returns the addresses that a constant for the state of an allocator can have: those of the static
/// data, as far as they are known.
fn static_data(guest: &Guest) -> Range<u64> {
    let memory = guest.default_memory().ok().flatten();
    let memory = memory.and_then(|index| guest.memories().get(index as usize));
    let size = memory.map_or(0, |memory| memory.ty.min.saturating_mul(super::PAGE));
    let layout = guest.layout();
    let known = layout.data.as_ref();
    let first_segment = layout.segments.iter().map(|segment| segment.start).min();
    let start = known.and_then(|data| data.start).or(first_segment);
    let end = known.and_then(|data| data.end).unwrap_or(size);
    let start = start.unwrap_or(FIRST_STATIC).max(FIRST_STATIC);
    start..end.max(start)
}

/// Returns the functions that the roots run, except for those that cannot know the allocator's
/// state and those that never return.
fn inside(
    code: &BTreeMap<u32, CodeFacts>,
    roots: &BTreeSet<u32>,
    helpers: &BTreeSet<u32>,
) -> BTreeSet<u32> {
    let mut inside = BTreeSet::new();
    let mut open: Vec<u32> = roots.iter().copied().collect();
    while let Some(function) = open.pop() {
        let Some(facts) = code.get(&function) else {
            continue;
        };
        let is_outside = facts.diverges || helpers.contains(&function);
        if (is_outside && !roots.contains(&function)) || !inside.insert(function) {
            continue;
        }
        open.extend(&facts.calls);
    }
    inside
}

/// Returns the functions that only work on what they are given: they and those that they call have
/// no state.
fn helpers(code: &BTreeMap<u32, CodeFacts>) -> BTreeSet<u32> {
    let is_stateless = |facts: &CodeFacts| {
        facts.sets.is_empty()
            && facts.accesses.is_empty()
            && !facts.calls_indirectly
            && !facts.grows
    };
    let mut helpers: BTreeSet<u32> = code
        .iter()
        .filter(|(_, facts)| is_stateless(facts))
        .map(|(function, _)| *function)
        .collect();
    loop {
        let diverges = |callee: &u32| code.get(callee).is_some_and(|facts| facts.diverges);
        let calls_others = |function: &u32| {
            code.get(function).is_some_and(|facts| {
                let mut callees = facts.calls.iter();
                callees.any(|callee| !helpers.contains(callee) && !diverges(callee))
            })
        };
        let others: Vec<u32> = helpers.iter().copied().filter(calls_others).collect();
        if others.is_empty() {
            return helpers;
        }
        for function in others {
            helpers.remove(&function);
        }
    }
}

/// Returns the functions that the host or a call through a table can reach: exports and elements.
fn referenced(guest: &Guest) -> BTreeSet<u32> {
    let exported = guest
        .exports()
        .iter()
        .filter(|export| matches!(export.ty, super::ExternType::Func(_)))
        .map(|export| export.index);
    exported.chain(elements(guest)).collect()
}

/// Returns the functions in element segments. A module must declare every other reference there too.
fn elements(guest: &Guest) -> Vec<u32> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
        let Payload::ElementSection(section) = payload else {
            continue;
        };
        for element in section.into_iter().map_while(Result::ok) {
            match element.items {
                ElementItems::Functions(functions) => {
                    found.extend(functions.into_iter().map_while(Result::ok));
                }
                ElementItems::Expressions(_, expressions) => {
                    let expressions = expressions.into_iter().map_while(Result::ok);
                    let operators = expressions.flat_map(|e| e.get_operators_reader().into_iter());
                    found.extend(operators.map_while(Result::ok).filter_map(|op| match op {
                        Operator::RefFunc { function_index } => Some(function_index),
                        _ => None,
                    }));
                }
            }
        }
    }
    found
}

fn exported_globals(guest: &Guest) -> impl Iterator<Item = u32> + '_ {
    guest
        .exports()
        .iter()
        .filter(|export| matches!(export.ty, super::ExternType::Global(_)))
        .map(|export| export.index)
}

/// Reads the code of all functions; `None` if there is too much.
fn read(guest: &Guest) -> Option<BTreeMap<u32, CodeFacts>> {
    let stack_pointer = guest.stack_pointer();
    let mut code = BTreeMap::new();
    let mut bytes = 0;
    let first = guest.0.description.imported_functions;
    for function in first..guest.function_count() {
        let body = guest.body(function)?;
        bytes += body.range().end.saturating_sub(body.range().start);
        if bytes > MAX_CODE {
            return None;
        }
        let operators = body.get_operators_reader().ok()?;
        let mut facts = CodeFacts {
            diverges: diverges(operators.clone()),
            ..CodeFacts::default()
        };
        let mut constant = None;
        for operator in operators {
            let operator = operator.ok()?;
            facts.add(&operator, constant, stack_pointer);
            constant = match operator {
                Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
                _ => None,
            };
        }
        code.insert(function, facts);
    }
    Some(code)
}

impl CodeFacts {
    /// Adds what an instruction shows. `constant` is the constant that the one before it pushed.
    fn add(&mut self, operator: &Operator<'_>, constant: Option<u64>, stack_pointer: Option<u32>) {
        self.calls.extend(callee(operator));
        match operator {
            Operator::I32Const { value } => {
                let value = u64::from(value.cast_unsigned());
                let is_mask = value.saturating_add(1).is_power_of_two();
                if value % ROUND != 0 && !value.is_power_of_two() && !is_mask {
                    self.constants.insert(value);
                }
            }
            Operator::GlobalSet { global_index } if Some(*global_index) != stack_pointer => {
                self.sets.insert(*global_index);
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => self.calls_indirectly = true,
            Operator::MemoryGrow { .. } => self.grows = true,
            _ => {}
        }
        let Some((offset, is_load)) = static_offset(operator) else {
            return;
        };
        let base = constant.filter(|_| is_load);
        if offset >= FIRST_STATIC || base.is_some() {
            let address = offset.saturating_add(base.unwrap_or(0));
            self.accesses.insert(address);
            if is_load {
                self.loads.insert(address);
            }
        }
    }
}

/// Returns the immediate offset of a load or store of a number, and whether it is a load.
fn static_offset(operator: &Operator<'_>) -> Option<(u64, bool)> {
    match operator {
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I32Load16S { memarg } => Some((memarg.offset, true)),
        Operator::I32Store { memarg }
        | Operator::I64Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg } => Some((memarg.offset, false)),
        _ => None,
    }
}

/// Returns whether a function never returns: its end cannot be reached, and nothing leaves it
/// before.
fn diverges(operators: wasmparser::OperatorsReader<'_>) -> bool {
    let mut depth = 0_u32;
    let mut is_unreachable = false;
    let mut ends_unreachable = false;
    for operator in operators.into_iter().map_while(Result::ok) {
        let leaves = match &operator {
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => true,
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                *relative_depth >= depth
            }
            Operator::BrTable { targets } => {
                let mut all = targets.targets().flatten().chain([targets.default()]);
                all.any(|target| target >= depth)
            }
            _ => false,
        };
        if leaves {
            return false;
        }
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => depth += 1,
            Operator::End | Operator::Delegate { .. } => {
                ends_unreachable = is_unreachable;
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        is_unreachable = matches!(operator, Operator::Unreachable);
    }
    ends_unreachable
}
