//! The script's variables, each with its current value and the step that bound it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::value::Value;

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its value.
    pub value: Value,
    /// The step that bound it; `None` for an input.
    pub step: Option<usize>,
}

/// The variables of a session. Cheap to clone: a host function has the scope of the step that called
/// the guest.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: Arc<BTreeMap<String, Variable>>,
    /// Whether addresses of the memory that is shown have 64 bits.
    pub is_64: bool,
}

impl Scope {
    /// Binds `name` to `value` in a step, or as an input.
    pub fn bind(&mut self, name: &str, value: Value, step: Option<usize>) {
        Arc::make_mut(&mut self.variables).insert(name.to_string(), Variable { value, step });
    }

    /// Returns the variable called `name`.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Returns the value of the variable called `name`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|v| &v.value)
    }
}
