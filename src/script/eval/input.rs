//! What a person typed as the value of an input.

use super::brief;
use crate::safe;
use crate::script::ast::NumberType;
use crate::script::encoding;
use crate::value::{Float, Value};

/// The value of an input for which `typed` was given, by `--set NAME=VALUE` or in the terminal. An
/// input keeps the type of its default.
///
/// `parsed` is what `typed` comes to as an expression of the steps language, where it is one. An
/// input that is text takes anything: an expression that is text or bytes counts as such (`"a\n"`,
/// `repeat("a", 9)`, `hex"ff"`), all else is the text itself. An error says what is expected, and
/// is safe to print.
pub fn coerce_input(default: &Value, typed: &str, parsed: Option<Value>) -> Result<Value, String> {
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
        (default, Some(value)) => Err(format!("{}, not {}", expected(default), brief(&value))),
        (default, None) => Err(format!(
            "{}; `{}` is no value of the steps language",
            expected(default),
            safe::cut(typed, 60)
        )),
    }
}

fn exact_float(n: i128) -> Result<Value, String> {
    encoding::encode(NumberType::F64, &Value::Int(n)).map_err(|error| error.to_string())?;
    Ok(Value::Float(Float::from_f64(n as f64)))
}

/// What the input takes, with its default where that is a short example.
fn expected(default: &Value) -> String {
    let shown = default.brief(40);
    let example = match default {
        Value::Bytes(_) => "hex\"ff 00\" or \"text\"",
        Value::Bool(_) => "true or false",
        Value::List(items) if items.is_empty() || shown.contains('…') => "[1, 2]",
        _ => &shown,
    };
    match default {
        Value::Bool(_) => format!("this input is {example}"),
        Value::Null => "this input is null".to_owned(),
        other => format!("this input is {}, such as {example}", other.described()),
    }
}
