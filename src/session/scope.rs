//! The script's variables as they stand: each with its value and the step that bound it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub value: Value,
    /// The step that bound it; `None` for an input.
    pub step: Option<usize>,
}

/// Cheap to clone: a host function keeps the scope of the step that called the guest.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: Arc<BTreeMap<String, Variable>>,
    /// Addresses of the memory that is meant are 64 bits wide.
    pub is_64: bool,
}

impl Scope {
    pub fn bind(&mut self, name: &str, value: Value, step: Option<usize>) {
        Arc::make_mut(&mut self.variables).insert(name.to_string(), Variable { value, step });
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|v| &v.value)
    }
}
