//! Evaluates an answer to a question: an expression of the steps language over the variables that
//! are known by then.

use std::collections::BTreeMap;

use linmem::app::course::AnswerError;
use linmem::script::eval::{self, EnvError, EvalEnv};
use linmem::script::parse_expression;
use linmem::timeline::Timeline;
use linmem::value::Value;

/// Evaluates a text with the variables as they are after a step.
///
/// # Errors
/// The text is no expression, or has no value here.
pub fn evaluate(text: &str, timeline: &Timeline, step: usize) -> Result<Value, AnswerError> {
    let inputs = timeline
        .inputs
        .iter()
        .map(|input| (input.name.as_str(), &input.value));
    let steps = timeline.steps().iter().take(step.saturating_add(1));
    let bound = steps
        .flat_map(|step| &step.bindings)
        .map(|binding| (binding.name.as_str(), &binding.value));
    let known = AnswerEnv {
        values: inputs.chain(bound).collect(),
        pages: timeline.memory_after(step).pages(),
    };
    let names: Vec<&str> = known.values.keys().copied().collect();
    let expr = parse_expression(text, &names).map_err(|errors| {
        let first = errors.errors.into_iter().next();
        AnswerError(first.map_or_else(|| "this is no value".into(), |error| error.message))
    })?;
    eval::evaluate(&expr, &known).map_err(|error| AnswerError(error.to_string()))
}

/// The names that an answer may use.
struct AnswerEnv<'a> {
    values: BTreeMap<&'a str, &'a Value>,
    pages: u64,
}

impl EvalEnv for AnswerEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.values.get(name).copied()
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(self.pages)
    }
}
