//! Evaluates expressions of the steps language. Everything that changes while a session runs
//! (variables, the size of memory, the calls of imports, files) comes from an [`EvalEnv`]. This
//! part knows no guest and no screen, and has no state.
//!
//! An expression cannot harm its host: arithmetic is checked, nesting is limited, and every value
//! is counted against `MAX_VALUE` and `MAX_WORK` before its memory is allocated.

mod address;
mod env;
mod error;
mod explain;
mod fields;
mod functions;
mod input;
mod operators;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;

use crate::script::ast::{CallPart, Expr, ExprKind, HostFunctionName, Span};
use crate::value::{Value, check_capacity};

pub use address::{address, subject};
pub use env::{EnvError, EvalEnv, FileError, OutputStream};
pub use error::{EvalError, EvalErrorKind};
pub use explain::explain_failure;
pub(crate) use fields::evaluate_argument;
pub use input::{InputError, coerce_input};
pub(crate) use operators::is_equal;

/// The most bytes that one text, byte string or list may take: 256 MiB.
pub(crate) const MAX_VALUE: usize = 256 << 20;
/// The most bytes that one expression may build, intermediate values included: 1 GiB.
pub(crate) const MAX_WORK: usize = 1 << 30;
/// How many levels an expression may nest; the parser has a lower limit.
const MAX_DEPTH: usize = 1000;
/// How many levels a list may nest. The limit holds over all steps: repeated `let a = [a]` must
/// not exhaust the stack.
const MAX_LIST_DEPTH: usize = 64;

/// Evaluates `expr` with the variables, guest and files of `env`.
///
/// # Errors
/// The first part of `expr`, from left to right, that has no value, and why.
///
/// # Examples
///
/// ```
/// use linmem::script::eval::{EvalEnv, evaluate};
/// use linmem::script::parse_expression;
/// use linmem::value::Value;
///
/// struct OneVariable(Value);
///
/// impl EvalEnv for OneVariable {
///     fn variable(&self, name: &str) -> Option<&Value> {
///         (name == "text").then_some(&self.0)
///     }
/// }
///
/// let expr = parse_expression("len(text) + 14", &["text"])?;
/// let env = OneVariable(Value::Text("Did you know".into()));
/// assert_eq!(evaluate(&expr, &env)?, Value::Int(26));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate(expr: &Expr, env: &dyn EvalEnv) -> Result<Value, EvalError> {
    Evaluator::new(env).value(expr, 0).map(Cow::into_owned)
}

/// A value, borrowed from the script or the environment where it need not be built.
type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

struct Evaluator<'a> {
    env: &'a dyn EvalEnv,
    /// Bytes built so far.
    built: Cell<usize>,
}

impl<'a> Evaluator<'a> {
    fn new(env: &'a dyn EvalEnv) -> Self {
        Evaluator {
            env,
            built: Cell::new(0),
        }
    }

    /// Evaluates `expr`, which is `depth` levels below the whole expression.
    fn value(&self, expr: &'a Expr, depth: usize) -> Evaluated<'a> {
        if depth > MAX_DEPTH {
            return Err(EvalErrorKind::ExpressionTooDeep.at(expr.span));
        }
        let depth = depth + 1;
        let here = |kind: EvalErrorKind| kind.at(expr.span);
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Cow::Borrowed(value)),
            ExprKind::Variable(name) => self
                .env
                .variable(name)
                .map(Cow::Borrowed)
                .ok_or_else(|| here(EvalErrorKind::Unbound(name.clone()))),
            ExprKind::List(items) => self.list(items, expr.span, depth),
            ExprKind::Unary { op, operand } => {
                let operand = self.value(operand, depth)?;
                let value = operators::unary(*op, &operand).map_err(here)?;
                Ok(Cow::Owned(value))
            }
            ExprKind::Binary { op, left, right } => {
                let left = self.value(left, depth)?;
                let right = self.value(right, depth)?;
                let value = self.binary(*op, left, &right).map_err(here)?;
                Ok(Cow::Owned(value))
            }
            ExprKind::Index { of, index } => self.index(of, index, depth),
            ExprKind::Slice { of, start, end } => self.slice(of, start, end, depth),
            ExprKind::Field { of, name } => self.field(of, name, depth),
            ExprKind::Record { ty, fields } => self.record(ty.as_ref(), fields, expr.span, depth),
            ExprKind::SizeOf(ty) => self.size_of(ty),
            ExprKind::OffsetOf { ty, path } => self.offset_of(ty, path),
            ExprKind::Function { function, args } => {
                self.function(*function, args, expr.span, depth)
            }
            ExprKind::Calls(function) => {
                let count = self
                    .env
                    .calls(function)
                    .map_err(|error| here(error.into()))?;
                Ok(Cow::Owned(Value::Int(count.into())))
            }
            ExprKind::CallPart {
                part,
                function,
                index,
            } => self.call_part(*part, function, index, expr.span, depth),
        }
    }

    fn list(&self, items: &'a [Expr], span: Span, depth: usize) -> Evaluated<'a> {
        let mut values = Vec::new();
        let mut bytes = 0usize;
        for item in items {
            let value = self.value(item, depth)?;
            let (weight, nesting) = measure(&value);
            if nesting >= MAX_LIST_DEPTH {
                return Err(EvalErrorKind::ListTooDeep.at(item.span));
            }
            bytes = bytes.saturating_add(weight);
            check_size(bytes)
                .and_then(|()| self.build(weight))
                .map_err(|kind| kind.at(span))?;
            values.push(value.into_owned());
        }
        Ok(Cow::Owned(Value::List(values)))
    }

    fn call_part(
        &self,
        part: CallPart,
        function: &HostFunctionName,
        index: &'a Expr,
        span: Span,
        depth: usize,
    ) -> Evaluated<'a> {
        let number = self.integer(index, "the number of a call", depth)?;
        let number = u64::try_from(number)
            .map_err(|_| EvalErrorKind::NegativeCall(number).at(index.span))?;
        let values = self
            .env
            .call_part(function, part, number)
            .map_err(|error| EvalErrorKind::from(error).at(span))?;
        let values = Value::List(values);
        self.build(measure(&values).0)
            .map_err(|kind| kind.at(span))?;
        Ok(Cow::Owned(values))
    }

    /// Evaluates `of[index]`: an element of a list, or a byte of text or bytes as an integer, so
    /// that `x[i]` and `x[i..j]` count alike.
    fn index(&self, of: &'a Expr, index: &'a Expr, depth: usize) -> Evaluated<'a> {
        let value = self.value(of, depth)?;
        let number = self.integer(index, "an index", depth)?;
        let at = usize::try_from(number).ok();
        let byte_at =
            |bytes: &[u8]| at.and_then(|at| bytes.get(at).map(|byte| Value::Int((*byte).into())));
        let whole = fields::content(&value).map_err(|kind| kind.at(of.span))?;
        let found = match whole {
            Value::List(items) => at.and_then(|at| items.get(at)).cloned(),
            Value::Bytes(bytes) => byte_at(bytes),
            Value::Text(text) => byte_at(text.as_bytes()),
            other => return Err(EvalErrorKind::NotIndexable(brief(other)).at(of.span)),
        };
        let found = found.ok_or_else(|| {
            EvalErrorKind::IndexOutside {
                index: number,
                whole: extent(whole),
                length: length(whole),
            }
            .at(index.span)
        })?;
        self.build(measure(&found).0)
            .map_err(|kind| kind.at(of.span))?;
        Ok(Cow::Owned(found))
    }

    fn slice(&self, of: &'a Expr, start: &'a Expr, end: &'a Expr, depth: usize) -> Evaluated<'a> {
        let value = self.value(of, depth)?;
        let value = fields::content(&value).map_err(|kind| kind.at(of.span))?;
        let bounds = Span {
            start: start.span.start,
            end: end.span.end,
        };
        let start = self.integer(start, "a bound of a slice", depth)?;
        let end = self.integer(end, "a bound of a slice", depth)?;
        let outside = || {
            EvalErrorKind::SliceOutside {
                start,
                end,
                whole: extent(value),
                length: length(value),
            }
            .at(bounds)
        };
        if start > end {
            return Err(EvalErrorKind::BackwardSlice { start, end }.at(bounds));
        }
        let range = usize::try_from(start).map_err(|_| outside())?
            ..usize::try_from(end).map_err(|_| outside())?;
        let part = match value {
            Value::List(items) => items.get(range).map(|part| Value::List(part.to_vec())),
            Value::Bytes(bytes) => bytes.get(range).map(|part| Value::Bytes(part.to_vec())),
            Value::Text(text) => {
                if let Some(at) = [range.start, range.end]
                    .into_iter()
                    .find(|at| splits_character(text, *at))
                {
                    return Err(EvalErrorKind::InsideCharacter(at).at(bounds));
                }
                text.get(range).map(|part| Value::Text(part.to_owned()))
            }
            other => return Err(EvalErrorKind::NotSliceable(brief(other)).at(of.span)),
        };
        let part = part.ok_or_else(outside)?;
        self.build(measure(&part).0)
            .map_err(|kind| kind.at(of.span))?;
        Ok(Cow::Owned(part))
    }

    /// Evaluates an expression that must be an integer; `role` names its use in a message.
    fn integer(&self, expr: &'a Expr, role: &str, depth: usize) -> Result<i128, EvalError> {
        let value = self.value(expr, depth)?;
        match *fields::number(&value).map_err(|kind| kind.at(expr.span))? {
            Value::Int(n) => Ok(n),
            ref other => Err(EvalErrorKind::NotAnInteger {
                role: role.to_owned(),
                found: brief(other),
            }
            .at(expr.span)),
        }
    }

    /// Counts `bytes` that are about to be built against both limits.
    fn build(&self, bytes: usize) -> Result<(), EvalErrorKind> {
        let built = self.built.get().saturating_add(bytes);
        self.built.set(built);
        check_size(bytes)?;
        if built > MAX_WORK {
            return Err(EvalErrorKind::TooMuchWork);
        }
        Ok(check_capacity(bytes)?)
    }
}

fn check_size(bytes: usize) -> Result<(), EvalErrorKind> {
    if bytes > MAX_VALUE {
        Err(EvalErrorKind::ValueTooLarge)
    } else {
        Ok(())
    }
}

fn splits_character(text: &str, at: usize) -> bool {
    at < text.len() && !text.is_char_boundary(at)
}

/// Returns about how many bytes a value takes, and how many levels its lists nest.
fn measure(value: &Value) -> (usize, usize) {
    let own = size_of::<Value>();
    match value {
        Value::Text(text) => (text.len().saturating_add(own), 0),
        Value::Bytes(bytes) => (bytes.len().saturating_add(own), 0),
        Value::List(items) => measure_all(items),
        Value::Record(record) => measure_all(record.fields().iter().map(|(_, value)| value)),
        Value::Pointer(pointer) => measure_all(&pointer.target),
        Value::Object(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Null
        | Value::Symbol(_)
        | Value::NotRead(_) => (own, 0),
    }
}

/// Measures a value with these parts.
fn measure_all<'a>(parts: impl IntoIterator<Item = &'a Value>) -> (usize, usize) {
    let start = (size_of::<Value>(), 1);
    parts
        .into_iter()
        .map(measure)
        .fold(start, |(bytes, depth), (more, below)| {
            (
                bytes.saturating_add(more),
                depth.max(below.saturating_add(1)),
            )
        })
}

/// Returns the value and its type, short enough for a sentence: `an integer (26)`.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => format!("{} ({})", other.described(), other.brief(40)),
    }
}

/// Returns how many bytes or elements a text, byte string or list has; 0 for any other value.
fn length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Object(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Null
        | Value::Record(_)
        | Value::Pointer(_)
        | Value::Symbol(_)
        | Value::NotRead(_) => 0,
    }
}

/// Returns the type and length of a value, for a message about an index: `a list of 3 elements`.
fn extent(value: &Value) -> String {
    let count = |noun| crate::text::count(length(value), noun);
    match value {
        Value::Text(_) => format!("a text of {}", count("byte")),
        Value::Bytes(_) => count("byte"),
        Value::List(_) => format!("a list of {}", count("element")),
        other => brief(other),
    }
}
