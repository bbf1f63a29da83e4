//! Evaluates expressions of the steps language. Everything that changes while a session runs
//! (variables, memory's size, the calls of imports, files) is asked of a [`EvalEnv`]; this part knows
//! no guest and no screen, and keeps nothing.
//!
//! An expression cannot harm its host: arithmetic is checked, nesting is limited, and what it
//! builds is counted against [`MAX_VALUE`] and [`MAX_WORK`] before memory is taken for it.

mod explain;
mod functions;
mod input;
mod operators;
mod place;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;

use crate::safe;
use crate::script::ast::{Expr, ExprKind, ImportName, Span};
use crate::value::Value;

pub use explain::explain_failure;
pub use input::coerce_input;
pub use place::{address, subject};

/// The most bytes one text, byte string or list may take: 256 MiB.
pub const MAX_VALUE: usize = 256 << 20;
/// The most bytes an expression may build in all, values in between included: 1 GiB.
pub const MAX_WORK: usize = 1 << 30;
/// How deep expressions may nest; the parser stops earlier.
const MAX_DEPTH: usize = 1000;
/// How deep lists may nest, over all steps: `let a = [a]` a million times must not exhaust the
/// stack.
const MAX_LIST_DEPTH: usize = 64;

/// What an expression can ask of the session it stands in. Error messages are shown to people: they
/// must be safe to print.
pub trait EvalEnv {
    /// The value of a name, if it has one by now.
    fn variable(&self, name: &str) -> Option<&Value>;
    /// The memory's size in 64 KiB pages now.
    fn pages(&self) -> Result<u64, String>;
    /// How often the guest has called this import so far.
    fn calls(&self, import: &ImportName) -> Result<u64, String>;
    /// The arguments of one of those calls, counted from 0.
    fn call_args(&self, import: &ImportName, index: u64) -> Result<Vec<Value>, String>;
    /// The bytes of a file, by its path as written.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// Why an expression has no value, and which part of it is to blame. The message is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    pub message: String,
    pub span: Span,
}

/// What the expression comes to in this world.
pub fn evaluate(expr: &Expr, world: &dyn EvalEnv) -> Result<Value, EvalError> {
    Evaluator::new(world).value(expr, 0).map(Cow::into_owned)
}

/// A value, borrowed from the script or the world where it need not be built.
type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

struct Evaluator<'a> {
    world: &'a dyn EvalEnv,
    /// Bytes built so far.
    built: Cell<usize>,
}

impl<'a> Evaluator<'a> {
    fn new(world: &'a dyn EvalEnv) -> Self {
        Evaluator {
            world,
            built: Cell::new(0),
        }
    }

    fn value(&self, expr: &'a Expr, depth: usize) -> Evaluated<'a> {
        if depth > MAX_DEPTH {
            return Err(fail(
                expr.span,
                format!("this expression nests deeper than {MAX_DEPTH} levels; use `let`"),
            ));
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Cow::Borrowed(value)),
            ExprKind::Variable(name) => {
                self.world.variable(name).map(Cow::Borrowed).ok_or_else(|| {
                    fail(
                        expr.span,
                        format!("`{}` has no value here", safe::cut(name, 60)),
                    )
                })
            }
            ExprKind::List(items) => self.list(items, expr.span, depth),
            ExprKind::Unary { op, operand } => {
                let operand = self.value(operand, depth)?;
                operators::unary(*op, &operand)
                    .map(Cow::Owned)
                    .map_err(|message| fail(expr.span, message))
            }
            ExprKind::Binary { op, left, right } => {
                let left = self.value(left, depth)?;
                let right = self.value(right, depth)?;
                self.binary(*op, left, &right)
                    .map(Cow::Owned)
                    .map_err(|message| fail(expr.span, message))
            }
            ExprKind::Index { of, index } => self.index(of, index, depth),
            ExprKind::Slice { of, start, end } => self.slice(of, start, end, depth),
            ExprKind::Function { function, args } => {
                self.function(*function, args, expr.span, depth)
            }
            ExprKind::Calls(import) => self
                .world
                .calls(import)
                .map(|count| Cow::Owned(Value::Int(count.into())))
                .map_err(|message| fail(expr.span, message)),
            ExprKind::CallArgs { import, index } => self.call_args(import, index, expr.span, depth),
        }
    }

    fn list(&self, items: &'a [Expr], span: Span, depth: usize) -> Evaluated<'a> {
        let mut values = Vec::new();
        let mut bytes = 0usize;
        for item in items {
            let value = self.value(item, depth)?;
            let (weight, nesting) = measure(&value);
            if nesting >= MAX_LIST_DEPTH {
                return Err(fail(
                    item.span,
                    format!("lists nest at most {MAX_LIST_DEPTH} deep"),
                ));
            }
            bytes = bytes.saturating_add(weight);
            within_limit(bytes)
                .and_then(|()| self.build(weight))
                .map_err(|message| fail(span, message))?;
            values.push(value.into_owned());
        }
        Ok(Cow::Owned(Value::List(values)))
    }

    fn call_args(
        &self,
        import: &ImportName,
        index: &'a Expr,
        span: Span,
        depth: usize,
    ) -> Evaluated<'a> {
        let value = self.value(index, depth)?;
        let Value::Int(n) = *value else {
            return Err(fail(
                index.span,
                format!("which call must be an integer, not {}", value.described()),
            ));
        };
        let nth = u64::try_from(n).map_err(|_| {
            fail(
                index.span,
                format!("calls are counted from 0; there is no call number {n}"),
            )
        })?;
        let args = self
            .world
            .call_args(import, nth)
            .map_err(|message| fail(span, message))?;
        Ok(Cow::Owned(Value::List(args)))
    }

    /// One element of a list as it is; one byte of bytes or text as an integer, so that `x[i]` and
    /// `x[i..j]` count alike.
    fn index(&self, of: &'a Expr, index: &'a Expr, depth: usize) -> Evaluated<'a> {
        let value = self.value(of, depth)?;
        let at = self.value(index, depth)?;
        let Value::Int(n) = *at else {
            return Err(fail(
                index.span,
                format!("an index must be an integer, not {}", at.described()),
            ));
        };
        let nth = usize::try_from(n).ok();
        let found = match value.as_ref() {
            Value::List(items) => nth.and_then(|i| items.get(i)).cloned(),
            Value::Bytes(bytes) => nth
                .and_then(|i| bytes.get(i))
                .map(|byte| Value::Int((*byte).into())),
            Value::Text(text) => nth
                .and_then(|i| text.as_bytes().get(i))
                .map(|byte| Value::Int((*byte).into())),
            other => {
                return Err(fail(
                    of.span,
                    format!(
                        "only text, bytes and lists have an index, not {}",
                        brief(other)
                    ),
                ));
            }
        };
        let found = found.ok_or_else(|| {
            fail(
                index.span,
                format!("there is no index {n} in {}", extent(&value)),
            )
        })?;
        self.build(measure(&found).0)
            .map_err(|message| fail(of.span, message))?;
        Ok(Cow::Owned(found))
    }

    fn slice(&self, of: &'a Expr, start: &'a Expr, end: &'a Expr, depth: usize) -> Evaluated<'a> {
        let value = self.value(of, depth)?;
        let bounds = Span {
            start: start.span.start,
            end: end.span.end,
        };
        let from = self.bound(start, depth)?;
        let to = self.bound(end, depth)?;
        let outside = || {
            fail(
                bounds,
                format!("there is no {from}..{to} in {}", extent(&value)),
            )
        };
        if from > to {
            return Err(fail(
                bounds,
                format!("a slice cannot end before it starts: {from}..{to}"),
            ));
        }
        let range = usize::try_from(from).map_err(|_| outside())?
            ..usize::try_from(to).map_err(|_| outside())?;
        let part = match value.as_ref() {
            Value::List(items) => items.get(range).map(|part| Value::List(part.to_vec())),
            Value::Bytes(bytes) => bytes.get(range).map(|part| Value::Bytes(part.to_vec())),
            Value::Text(text) => {
                if let Some(cut) = [range.start, range.end]
                    .into_iter()
                    .find(|at| splits_character(text, *at))
                {
                    return Err(fail(
                        bounds,
                        format!("byte {cut} is inside a character; use utf8(…) to slice its bytes"),
                    ));
                }
                text.get(range).map(|part| Value::Text(part.to_owned()))
            }
            other => {
                return Err(fail(
                    of.span,
                    format!(
                        "only text, bytes and lists have slices, not {}",
                        brief(other)
                    ),
                ));
            }
        };
        let part = part.ok_or_else(outside)?;
        self.build(measure(&part).0)
            .map_err(|message| fail(of.span, message))?;
        Ok(Cow::Owned(part))
    }

    fn bound(&self, expr: &'a Expr, depth: usize) -> Result<i128, EvalError> {
        let value = self.value(expr, depth)?;
        match *value {
            Value::Int(n) => Ok(n),
            _ => Err(fail(
                expr.span,
                format!(
                    "a slice's bounds must be integers, not {}",
                    value.described()
                ),
            )),
        }
    }

    /// Counts `bytes` that are about to be built.
    fn build(&self, bytes: usize) -> Result<(), String> {
        let built = self.built.get().saturating_add(bytes);
        self.built.set(built);
        within_limit(bytes)?;
        if built > MAX_WORK {
            return Err(format!(
                "this expression builds more than {} MiB in all",
                MAX_WORK >> 20
            ));
        }
        Ok(())
    }
}

fn within_limit(bytes: usize) -> Result<(), String> {
    if bytes > MAX_VALUE {
        Err(format!(
            "the result would be larger than {} MiB",
            MAX_VALUE >> 20
        ))
    } else {
        Ok(())
    }
}

fn splits_character(text: &str, at: usize) -> bool {
    at < text.len() && !text.is_char_boundary(at)
}

fn fail(span: Span, message: String) -> EvalError {
    EvalError { message, span }
}

/// About how many bytes a value takes, and how deep its lists nest.
fn measure(value: &Value) -> (usize, usize) {
    let own = size_of::<Value>();
    match value {
        Value::Text(text) => (text.len().saturating_add(own), 0),
        Value::Bytes(bytes) => (bytes.len().saturating_add(own), 0),
        Value::List(items) => {
            items
                .iter()
                .map(measure)
                .fold((own, 1), |(bytes, depth), (more, below)| {
                    (
                        bytes.saturating_add(more),
                        depth.max(below.saturating_add(1)),
                    )
                })
        }
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null => (own, 0),
    }
}

/// The value and its type, short enough for a sentence: `an integer (26)`.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => format!("{} ({})", other.described(), other.brief(40)),
    }
}

/// The value's type and length, for a message about an index: `a list of 3 elements`.
fn extent(value: &Value) -> String {
    let (length, unit) = match value {
        Value::Text(text) => (text.len(), "byte"),
        Value::Bytes(bytes) => (bytes.len(), "byte"),
        Value::List(items) => (items.len(), "element"),
        other => return brief(other),
    };
    let length = crate::text::count(length, unit);
    match value {
        Value::Text(_) => format!("a text of {length}"),
        Value::List(_) => format!("a list of {length}"),
        _ => length,
    }
}
