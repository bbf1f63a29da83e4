//! Reads the instructions of one function.

use std::collections::{HashMap, HashSet};

use wasmparser::Operator;

use super::Code;
use super::control::{self, Frame};
use super::summary::{self, FixedStore, ParameterUse, Summary};
use super::value::{Params, Value};
use crate::guest::Guest;

/// The most locals of a function that is read.
const MAX_LOCALS: usize = 4096;

/// The most stores of parameters that are compared to find values stored beside each other.
pub(super) const MAX_RECENT: usize = 16;

/// The most stores through unknown addresses that are kept, to find what is returned.
pub(super) const MAX_SYMBOL_STORES: usize = 64;

/// Returns what a function does; `None` if it has instructions that are not known here.
pub(super) fn summarize(code: &Code<'_>, function: u32, depth: u32) -> Option<Summary> {
    let body = code.guest.body(function)?;
    let ty = code.guest.0.description.functions.get(function as usize)?;
    let mut locals: Vec<Value> = (0..ty.params.len()).map(Value::parameter).collect();
    for group in body.get_locals_reader().ok()? {
        let (count, _) = group.ok()?;
        let length = locals.len().checked_add(usize::try_from(count).ok()?)?;
        if length > MAX_LOCALS {
            return None;
        }
        locals.resize(length, Value::constant(0));
    }
    let mut scan = Scan {
        code,
        depth,
        locals,
        stack: Vec::new(),
        frames: Vec::new(),
        is_reachable: true,
        symbols: 0,
        loops: 0,
        set_in_loops: control::locals_set_in_loops(body.get_operators_reader().ok()?),
        recent: Vec::new(),
        symbol_stores: Vec::new(),
        shared_accesses: Vec::new(),
        ends: Vec::new(),
        results: Vec::new(),
        out: Summary {
            parameters: vec![ParameterUse::default(); ty.params.len()],
            is_complete: true,
            ..Summary::default()
        },
    };
    scan.open(false, 0, ty.results.len());
    for operator in body.get_operators_reader().ok()? {
        scan.operator(&operator.ok()?)?;
    }
    Some(scan.finish())
}

/// Returns the first function that a function calls with its own first parameter as the first
/// argument.
pub(super) fn first_callee(guest: &Guest, function: u32) -> Option<u32> {
    let mut last_gets = Vec::new();
    for operator in guest.body(function)?.get_operators_reader().ok()? {
        match operator.ok()? {
            Operator::LocalGet { local_index } => last_gets.push(local_index),
            Operator::I32Const { .. } | Operator::If { .. } | Operator::Block { .. } => {}
            Operator::Call { function_index } => {
                let ty = guest.0.description.functions.get(function_index as usize)?;
                let count = last_gets.len().checked_sub(ty.params.len())?;
                return (last_gets.get(count) == Some(&0)).then_some(function_index);
            }
            _ => last_gets.clear(),
        }
    }
    None
}

pub(super) struct Scan<'c, 'g> {
    pub code: &'c Code<'g>,
    pub depth: u32,
    pub locals: Vec<Value>,
    pub stack: Vec<Value>,
    pub frames: Vec<Frame>,
    pub is_reachable: bool,
    /// The number of unknown values so far.
    pub symbols: u32,
    /// The number of loops so far.
    pub loops: usize,
    pub set_in_loops: HashMap<usize, HashSet<u32>>,
    /// The last stores of parameters: the unknown value and the distance that are the address, and
    /// the parameter.
    pub recent: Vec<(u32, i64, usize)>,
    /// Stores through unknown values.
    pub symbol_stores: Vec<(u32, FixedStore)>,
    /// Accesses to a sum of several parameters: one of them is the address.
    pub shared_accesses: Vec<(Params, bool, u8)>,
    /// Sums of several parameters that are compared: one of them may be the end of a span.
    pub ends: Vec<Params>,
    /// The values that are returned.
    pub results: Vec<Value>,
    pub out: Summary,
}

impl Scan<'_, '_> {
    pub fn fresh(&mut self) -> Value {
        self.symbols += 1;
        Value::unknown(self.symbols)
    }

    pub fn pop(&mut self) -> Value {
        let height = self.frames.last().map_or(0, |frame| frame.height);
        match self.stack.len() > height {
            true => self.stack.pop().unwrap_or_default(),
            // Only code that is never reached pops more than there is.
            false => Value::default(),
        }
    }

    pub fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    pub fn parameter(&mut self, index: usize) -> Option<&mut ParameterUse> {
        self.out.parameters.get_mut(index)
    }

    pub fn is_in_loop(&self) -> bool {
        self.frames.iter().any(|frame| frame.is_loop)
    }

    /// Marks the parameters in a value as used.
    pub fn uses(&mut self, value: Value) {
        for index in value.inputs.iter() {
            if let Some(parameter) = self.parameter(index) {
                parameter.is_used = true;
            }
        }
    }

    /// Marks parameters that go to code or memory that is not followed.
    pub fn escape(&mut self, value: Value) {
        self.uses(value);
        if let Some(index) = value.as_parameter()
            && let Some(parameter) = self.parameter(index)
        {
            parameter.escapes = true;
        }
    }

    pub fn set(&mut self, local: u32, value: Value) {
        if let Some(local) = self.locals.get_mut(local as usize) {
            *local = value;
        }
    }

    /// Decides which parameter of each sum is the address, and returns the summary.
    pub fn finish(mut self) -> Summary {
        let shared = std::mem::take(&mut self.shared_accesses);
        for (addends, is_store, width) in shared {
            let is_address = |index: &usize| {
                let found = self.out.parameters.get(*index);
                found.is_some_and(|found| found.is_accessed() || found.frees)
            };
            let measures = |index: &usize| {
                let found = self.out.parameters.get(*index);
                found.is_some_and(|found| found.measures_any())
            };
            // A pointer comes before its length in nearly every signature.
            let pointer = addends
                .iter()
                .find(is_address)
                .or_else(|| addends.iter().find(|index| !measures(index)))
                .or_else(|| addends.iter().next());
            let Some(pointer) = pointer else { continue };
            for index in addends.iter() {
                let Some(parameter) = self.parameter(index) else {
                    continue;
                };
                match index == pointer {
                    true => parameter.access(is_store, width, None),
                    false => parameter.measures.insert(pointer),
                }
            }
        }
        self.set_ends();
        self.set_result();
        self.out
    }

    /// Finds the lengths in sums of a pointer and a length that are compared with an address.
    fn set_ends(&mut self) {
        for addends in std::mem::take(&mut self.ends) {
            let is_address = |index: &usize| {
                let found = self.out.parameters.get(*index);
                found.is_some_and(|found| found.is_accessed())
            };
            let mut pointers = addends.iter().filter(is_address);
            let (Some(pointer), None) = (pointers.next(), pointers.next()) else {
                continue;
            };
            for index in addends.iter().filter(|index| *index != pointer) {
                if let Some(parameter) = self.parameter(index) {
                    parameter.measures.insert(pointer);
                }
            }
        }
    }

    /// Sets the result where all returns agree, and the stores to the block that it points to.
    pub fn set_result(&mut self) {
        let Some(first) = self.results.first().copied() else {
            return;
        };
        for value in self.results.clone() {
            self.escape(value);
        }
        self.out.returns_address = self.results.iter().any(|value| {
            value.symbol != 0 || value.is_exactly().is_some() || value.as_constant() > Some(1)
        });
        if self.results.iter().any(|value| *value != first) {
            return;
        }
        self.out.result = Some(first);
        match (first.as_constant(), first.distance) {
            (Some(address), _) if address > 0 => {
                let near = |store: &&FixedStore| {
                    (address..address.saturating_add(64)).contains(&store.offset)
                };
                let found = self.out.statics.iter().filter(near);
                self.out.result_stores = found
                    .map(|store| FixedStore {
                        offset: store.offset - address,
                        ..*store
                    })
                    .collect();
            }
            (None, Some(distance)) if first.symbol != 0 && first.addends.is_empty() => {
                for (_, store) in self
                    .symbol_stores
                    .iter()
                    .filter(|(s, _)| *s == first.symbol)
                {
                    let offset = store.offset.saturating_sub(distance);
                    summary::insert(&mut self.out.result_stores, FixedStore { offset, ..*store });
                }
            }
            _ => {}
        }
    }
}
