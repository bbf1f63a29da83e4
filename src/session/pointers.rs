//! The variables that a script uses as addresses, for the record of each step.

use std::collections::{BTreeMap, BTreeSet};

use crate::script::eval;
use crate::timeline::{InputFacts, Pointer, StepKind, StepRecord};

use super::scope::Scope;

/// The most pointers in the record of one step.
const MAX_POINTERS: usize = 50;

/// Follows the variables that the script uses as addresses.
pub(super) struct Pointers {
    /// All such variables.
    names: BTreeSet<String>,
    /// Those of them that have a value, in the order in which they were bound.
    bound: Vec<String>,
    /// The address that a variable had before it was last bound.
    previous: BTreeMap<String, u64>,
}

impl Pointers {
    /// Starts with the variables `names`. Only the `inputs` among them have a value.
    pub fn new(names: BTreeSet<String>, inputs: &[InputFacts]) -> Self {
        let inputs = inputs.iter().map(|input| input.name.clone());
        Pointers {
            bound: inputs.filter(|name| names.contains(name)).collect(),
            names,
            previous: BTreeMap::new(),
        }
    }

    /// Returns whether the script uses the variable `name` as an address.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Records that `name`, which was `address`, is about to be bound again.
    pub fn rebind(&mut self, name: &str, address: u64) {
        self.previous.insert(name.to_owned(), address);
    }

    /// Replaces the variables by `names`. A new one that has a value already counts as bound when
    /// it got that value.
    pub fn replace_names(&mut self, names: BTreeSet<String>, scope: &Scope) {
        let mut new: Vec<(Option<usize>, String)> = names
            .difference(&self.names)
            .filter_map(|name| Some((scope.get(name)?.step, name.clone())))
            .filter(|(_, name)| !self.bound.contains(name))
            .collect();
        new.sort();
        self.bound.extend(new.into_iter().map(|(_, name)| name));
        self.names = names;
    }

    /// Returns the pointers after a step, given the variables that the step bound.
    pub fn after_step(&mut self, record: &StepRecord, scope: &Scope) -> Vec<Pointer> {
        for binding in &record.bindings {
            if self.names.contains(&binding.name) {
                self.bound.retain(|bound| *bound != binding.name);
                self.bound.push(binding.name.clone());
            }
        }
        let excess = self.bound.len().saturating_sub(MAX_POINTERS);
        self.bound.drain(..excess);
        self.bound
            .iter()
            .filter_map(|name| self.pointer(name, record, scope))
            .collect()
    }

    fn pointer(&self, name: &str, record: &StepRecord, scope: &Scope) -> Option<Pointer> {
        let address = eval::address(scope.value(name)?, name, scope.is_64).ok()?;
        let is_bound_now = record.bindings.iter().any(|binding| binding.name == name);
        let previous = self.previous.get(name).copied();
        let is_fetch = matches!(
            record.kind,
            StepKind::Call | StepKind::Global | StepKind::Read
        );
        Some(Pointer {
            name: name.to_owned(),
            address,
            moved_from: previous.filter(|previous| is_bound_now && *previous != address),
            fetched: is_bound_now && is_fetch,
        })
    }
}
