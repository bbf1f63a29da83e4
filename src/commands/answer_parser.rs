//! What a person answers to a question: an expression of the steps language, over the variables
//! that are known by then.

use std::collections::BTreeMap;

use linmem::script::eval::{self, EnvError, EvalEnv};
use linmem::script::parse_expression;
use linmem::timeline::Timeline;
use linmem::value::Value;

/// Reads a text with the variables as they stand after a step.
///
/// # Errors
/// Why it is no value, in one line that is safe to print.
pub fn read(text: &str, timeline: &Timeline, step: usize) -> Result<Value, String> {
    let inputs = timeline
        .inputs
        .iter()
        .map(|input| (input.name.as_str(), &input.value));
    let steps = timeline.steps().iter().take(step.saturating_add(1));
    let bound = steps
        .flat_map(|step| &step.bindings)
        .map(|binding| (binding.name.as_str(), &binding.value));
    let known = Known {
        values: inputs.chain(bound).collect(),
        pages: timeline.memory_after(step).pages(),
    };
    let names: Vec<&str> = known.values.keys().copied().collect();
    let expr = parse_expression(text, &names).map_err(|errors| {
        errors
            .errors
            .into_iter()
            .next()
            .map_or_else(|| "this is no value".into(), |error| error.message)
    })?;
    eval::evaluate(&expr, &known).map_err(|error| error.to_string())
}

struct Known<'a> {
    values: BTreeMap<&'a str, &'a Value>,
    pages: u64,
}

impl EvalEnv for Known<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.values.get(name).copied()
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(self.pages)
    }
}
