//! Reads what a person typed as the value of an input.

use super::brief;
use crate::data_types::NumberType;
use crate::data_types::encoding::{self, EncodeError};
use crate::safe;
use crate::text::list;
use crate::value::{Float, Value};

/// Why a typed value is not one of an input. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    /// A value of another type than the default.
    #[error("{found} was given; this input is {expected}")]
    WrongType {
        /// The typed value, with its type.
        found: String,
        /// What the input takes, with an example.
        expected: String,
    },
    /// A text that is no expression of the steps language.
    #[error("`{typed}` is not a value of the steps language; this input is {expected}")]
    NotAValue {
        /// The typed text, safe to print.
        typed: String,
        /// What the input takes, with an example.
        expected: String,
    },
    /// An integer that no float of the input's width equals.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A value for an input that the script does not have.
    #[error("{}", unknown_input(nearest.as_deref(), names))]
    Unknown {
        /// The input with a similar name, if there is one; safe to print.
        nearest: Option<String>,
        /// The inputs that the script has; safe to print.
        names: Vec<String>,
    },
}

/// Returns the value of an input for which `typed` was given, by `--set NAME=VALUE` or in the
/// terminal. An input keeps the type of its `default`.
///
/// `parsed` is the value of `typed` as an expression of the steps language, where it is one. An
/// input that is text takes any text: an expression whose value is text or bytes counts as that
/// value (`"a\n"`, `repeat("a", 9)`, `hex"ff"`), everything else is the text itself.
///
/// # Errors
/// The value is not of the input's type.
pub fn coerce_input(
    default: &Value,
    typed: &str,
    parsed: Option<Value>,
) -> Result<Value, InputError> {
    match (default, parsed) {
        (Value::Text(_), Some(value @ (Value::Text(_) | Value::Bytes(_)))) => Ok(value),
        (Value::Text(_), _) => Ok(Value::Text(typed.to_owned())),
        (Value::Bytes(_), Some(Value::Text(text))) => Ok(Value::Bytes(text.into_bytes())),
        (Value::Float(_), Some(Value::Int(n))) => exact_float(n),
        (default, Some(value))
            if std::mem::discriminant(default) == std::mem::discriminant(&value) =>
        {
            Ok(value)
        }
        (default, Some(value)) => Err(InputError::WrongType {
            found: brief(&value),
            expected: expected(default),
        }),
        (default, None) => Err(InputError::NotAValue {
            typed: safe::cut(typed, 60),
            expected: expected(default),
        }),
    }
}

fn exact_float(n: i128) -> Result<Value, InputError> {
    encoding::encode(NumberType::F64, &Value::Int(n))?;
    Ok(Value::Float(Float::from_f64(n as f64)))
}

/// Returns what an input takes, with its default where that is a short example.
fn expected(default: &Value) -> String {
    let brief = default.brief(40);
    let example = match default {
        Value::Bytes(_) => "hex\"ff 00\" or \"text\"",
        Value::Bool(_) => "true or false",
        Value::List(items) if items.is_empty() || brief.contains('…') => "[1, 2]",
        _ => &brief,
    };
    match default {
        Value::Bool(_) => example.to_owned(),
        Value::Null => "null".to_owned(),
        other => format!("{}, such as {example}", other.described()),
    }
}

/// The largest number of inputs that a message lists.
const MAX_LISTED_INPUTS: usize = 8;

fn unknown_input(nearest: Option<&str>, names: &[String]) -> String {
    match nearest {
        Some(name) => format!("the script has no such input; did you mean {name}?"),
        None if names.is_empty() => "the script has no inputs".to_owned(),
        None => format!(
            "the script has no such input; its inputs are {}",
            list::first(names, MAX_LISTED_INPUTS)
        ),
    }
}
