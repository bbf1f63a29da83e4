//! Expressions of the steps language in a question, over the variables at a moment.

use std::collections::HashSet;

use super::{AnswerError, Range};
use crate::safe;
use crate::script;
use crate::script::ast::Expr;
use crate::script::eval::{EvalEnv, EvalErrorKind, address, evaluate, subject};
use crate::timeline::{At, Moment, Span, StepRecord, Timeline};
use crate::value::Value;

/// Characters of an expression in a message before it is cut.
const IN_MESSAGE: usize = 60;

/// Splits `ADDRESS..LENGTH` into two expressions; the length is `None` where there is none. The
/// bounds of a slice, in brackets, and a text in quotes are not split.
pub fn split_range(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_u32;
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut dots = None;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 && text.get(at..).is_some_and(|rest| rest.starts_with("..")) => {
                dots = Some(at);
            }
            _ => {}
        }
    }
    let parts = dots.and_then(|at| Some((text.get(..at)?, text.get(at..)?.strip_prefix("..")?)));
    match parts {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    }
}

/// Evaluates expressions at a moment of a run.
pub(super) struct Expressions<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) moment: Moment,
}

impl<'a> Expressions<'a> {
    pub(super) fn new(timeline: &'a Timeline, moment: Moment) -> Self {
        Expressions { timeline, moment }
    }

    /// Returns the bytes of a range, which may be outside memory.
    ///
    /// # Errors
    /// An expression has no value, or the length is 0 or more than `most`.
    pub(super) fn span(&self, range: &Range, most: Option<u64>) -> Result<Span, AnswerError> {
        let named = self.named_span(&range.address)?;
        let start = match named {
            Some(named) => named.start,
            None => self
                .address(&range.address, "the address")?
                .map_err(AnswerError::NotAnAddress)?,
        };
        let len = match &range.length {
            Some(length) => self
                .address(length, "the length")?
                .map_err(AnswerError::NotALength)?,
            None => named.map_or(1, |named| named.len),
        };
        match (len, most) {
            (0, _) => Err(AnswerError::NoBytes),
            (length, Some(most)) if length > most => Err(AnswerError::TooLong { length, most }),
            (len, _) => Ok(Span { start, len }),
        }
    }

    /// Returns the value of an expression.
    ///
    /// # Errors
    /// The text is no expression, or it has no value at the moment.
    pub(super) fn value(&self, text: &str) -> Result<Value, AnswerError> {
        self.evaluate(text).map(|(_, value)| value)
    }

    /// Returns the value of an expression as an address or a length; else the reason why it is none.
    fn address(&self, text: &str, role: &str) -> Result<Result<u64, String>, AnswerError> {
        let (expr, value) = self.evaluate(text)?;
        let memory = self.timeline.guest.memory.as_ref();
        let is_64 = memory.is_some_and(|memory| memory.is_64);
        Ok(address(&value, &subject(&expr, role), is_64).map_err(|error| error.to_string()))
    }

    fn evaluate(&self, text: &str) -> Result<(Expr, Value), AnswerError> {
        let expression = || safe::cut(text.trim(), IN_MESSAGE);
        let names: Vec<&str> = self.names().into_iter().collect();
        let expr = script::parse_expression(text, &names).map_err(|errors| {
            let error = errors.errors.first();
            let parts = error.map(|error| (error.message.clone(), error.help.clone()));
            let message = match parts.unwrap_or_default() {
                (message, Some(help)) => format!("{message}; {help}"),
                (message, None) => message,
            };
            AnswerError::NotAnExpression {
                expression: expression(),
                message,
            }
        })?;
        match evaluate(&expr, self) {
            Ok(value) => Ok((expr, value)),
            Err(error) => {
                let later = match &error.kind {
                    EvalErrorKind::Unbound(name) => self.bound_later(name),
                    _ => None,
                };
                Err(later.unwrap_or_else(|| AnswerError::NoValue {
                    expression: expression(),
                    message: error.to_string(),
                }))
            }
        }
    }

    /// Returns the names of all inputs, and of all variables of the run.
    pub(super) fn names(&self) -> HashSet<&'a str> {
        let inputs = self.timeline.inputs.iter().map(|input| input.name.as_str());
        let steps = self.timeline.steps().iter();
        let bindings = steps.flat_map(|step| &step.bindings);
        inputs
            .chain(bindings.map(|binding| binding.name.as_str()))
            .collect()
    }

    /// Returns the error for a variable that only a later step binds.
    fn bound_later(&self, name: &str) -> Option<AnswerError> {
        let mut steps = self.timeline.steps().iter();
        let step = steps.find(|step| step.bindings.iter().any(|bound| bound.name == name))?;
        Some(AnswerError::NotBoundYet {
            name: safe::cut(name, IN_MESSAGE),
            at: At::from(self.moment),
            step: step.index,
        })
    }
}

impl<'a> Expressions<'a> {
    /// Returns the last step up to the moment that has bound a variable.
    pub(super) fn bound_in(&self, name: &str) -> Option<&'a StepRecord> {
        let Moment { step, .. } = self.moment;
        // A step binds its variables when it ends.
        let ended = step + usize::from(self.timeline.is_end_of_step(self.moment));
        let mut steps = self.timeline.steps().iter().take(ended).rev();
        steps.find(|step| step.bindings.iter().any(|binding| binding.name == name))
    }
}

impl EvalEnv for Expressions<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        let bindings = self.bound_in(name).map(|step| step.bindings.iter().rev());
        let mut bindings = bindings.into_iter().flatten();
        let bound = bindings.find(|binding| binding.name == name);
        let input = || self.timeline.inputs.iter().find(|input| input.name == name);
        bound
            .map(|binding| &binding.value)
            .or_else(|| input().map(|input| &input.value))
    }
}
