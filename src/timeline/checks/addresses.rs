//! The addresses that the guest gave to the host: results of calls, globals, numbers in memory and
//! arguments of imports.

use std::collections::BTreeMap;

use super::calls::address;
use crate::timeline::{CallRecord, Outcome, Provenance, StepRecord};
use crate::value::Value;

/// The largest number of addresses that are remembered.
const MAX_ADDRESSES: usize = 100_000;

/// Where the guest gave an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GivenBy {
    /// The module exports it as a constant.
    Constant,
    /// A step got it, as the result of a call, from a global or from memory.
    Step(usize),
    /// The guest passed it to this import in a step.
    Import { step: usize, name: String },
}

impl GivenBy {
    /// Returns the step that got it; 0 for a constant.
    pub fn step(&self) -> usize {
        match self {
            GivenBy::Constant => 0,
            GivenBy::Step(step) | GivenBy::Import { step, .. } => *step,
        }
    }
}

/// The addresses that the guest gave so far, each with where it gave it last.
#[derive(Debug, Default)]
pub(super) struct GivenAddresses {
    by_address: BTreeMap<u64, GivenBy>,
    /// The step that bound each variable, whatever its value is.
    bound: BTreeMap<String, usize>,
    /// Whether the script uses one of them as an address.
    has_pointer: bool,
}

impl GivenAddresses {
    pub fn new(constants: Vec<u64>) -> Self {
        let constants = constants.into_iter().map(|at| (at, GivenBy::Constant));
        GivenAddresses {
            by_address: constants.collect(),
            ..GivenAddresses::default()
        }
    }

    /// Returns where the guest gave this number.
    pub fn get(&self, address: u64) -> Option<&GivenBy> {
        self.by_address.get(&address)
    }

    /// Returns whether the guest gave an address from `start` to `end`, both included.
    pub fn any_within(&self, start: u64, end: u64) -> bool {
        self.by_address.range(start..=end).next().is_some()
    }

    /// Returns whether the script has used an address that the guest gave.
    pub fn has_pointer(&self) -> bool {
        self.has_pointer
    }

    /// Returns the step that bound a variable; `None` for an input.
    pub fn bound_in(&self, name: &str) -> Option<usize> {
        self.bound.get(name).copied()
    }

    /// Records what a step got from the guest.
    pub fn record_step(&mut self, record: &StepRecord) {
        for given in &record.facts.given {
            self.bound.insert(given.name.clone(), record.index);
            let is_from_guest = matches!(
                given.from,
                Provenance::Memory | Provenance::Global { .. } | Provenance::Result(_)
            );
            self.has_pointer |= is_from_guest && given.is_pointer;
            if let (Some(at), Provenance::Memory | Provenance::Global { .. }) =
                (given.address, &given.from)
            {
                self.insert(at, GivenBy::Step(record.index));
            }
        }
        for (given, binding) in record.facts.given.iter().zip(&record.bindings) {
            if given.from == Provenance::Memory {
                self.record_fields(record.index, &binding.value, false);
            }
        }
        if let Some(call) = record
            .call
            .as_ref()
            .filter(|_| record.outcome == Outcome::Ok)
        {
            self.record_results(record.index, call);
        }
        for called in &record.imports_called {
            for at in called.args.iter().filter_map(address) {
                let name = called.name.clone();
                let step = record.index;
                self.insert(at, GivenBy::Import { step, name });
            }
            for call in &called.calls {
                self.record_results(record.index, call);
            }
        }
    }

    /// Records the pointers and the integers in a record that was read from memory, and in what its
    /// pointers refer to.
    fn record_fields(&mut self, step: usize, value: &Value, is_field: bool) {
        if self.by_address.len() >= MAX_ADDRESSES {
            return;
        }
        match value {
            Value::Record(record) => {
                for (_, field) in record.fields() {
                    self.record_fields(step, field, true);
                }
            }
            Value::List(items) => {
                for item in items {
                    self.record_fields(step, item, is_field);
                }
            }
            Value::Pointer(pointer) => {
                self.insert(pointer.address, GivenBy::Step(step));
                if let Ok(target) = &pointer.target {
                    self.record_fields(step, target, true);
                }
            }
            Value::Int(_) if is_field => {
                if let Some(at) = address(value) {
                    self.insert(at, GivenBy::Step(step));
                }
            }
            _ => {}
        }
    }

    /// Records the results of a call. A result that equals an argument is nothing new: a function
    /// that counts returns a length that it got.
    fn record_results(&mut self, step: usize, call: &CallRecord) {
        let args: Vec<u64> = call.args.iter().filter_map(address).collect();
        let results = call.results.iter().filter_map(address);
        for at in results.filter(|result| !args.contains(result)) {
            self.insert(at, GivenBy::Step(step));
        }
    }

    fn insert(&mut self, at: u64, by: GivenBy) {
        if self.by_address.len() < MAX_ADDRESSES || self.by_address.contains_key(&at) {
            self.by_address.insert(at, by);
        }
    }
}
