//! Explains why an `expect` failed, in lines that a person can compare.

use super::fields::content;
use super::operators::{compare, is_equal};
use super::{EvalEnv, Evaluator, brief};
use crate::data_types::encoding;
use crate::script::ast::{BinaryOp, Expr, ExprKind};
use crate::value::{Float, Value};

/// The most characters of a value in an explanation.
const MAX_VALUE_CHARS: usize = 200;
/// A difference at this byte or after it is repeated with the text around it, because it may be
/// past the part of the value that is shown.
const FAR_DIFFERENCE: usize = 60;
/// The most fields in an explanation, and the most that are counted.
const MAX_FIELDS: usize = 8;
const MAX_COLLECTED: usize = 1000;
const HOLDS: &str = "the expectation holds";

/// Explains why an expectation is not met: with both sides of a comparison and their first
/// difference, or else with the value. Returns lines without a final line break, safe to print. An
/// expectation that is met is explained as such.
pub fn explain_failure(expr: &Expr, env: &dyn EvalEnv) -> String {
    match &expr.kind {
        ExprKind::Binary { op, left, right } if op.is_comparison() => {
            comparison(*op, left, right, env)
        }
        _ => match super::evaluate(expr, env) {
            Ok(Value::Bool(true)) => HOLDS.to_owned(),
            Ok(Value::Bool(false)) => "the value is false".to_owned(),
            Ok(other) => format!("expected true or false, found {}", brief(&other)),
            Err(error) => error.to_string(),
        },
    }
}

fn comparison(op: BinaryOp, left: &Expr, right: &Expr, env: &dyn EvalEnv) -> String {
    let evaluator = Evaluator::new(env);
    let (left, right) = match (evaluator.value(left, 1), evaluator.value(right, 1)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => return error.to_string(),
    };
    match compare(op, &left, &right) {
        Ok(true) => HOLDS.to_owned(),
        Ok(false) => both_sides(op, &left, &right),
        Err(error) => error.to_string(),
    }
}

fn both_sides(op: BinaryOp, left: &Value, right: &Value) -> String {
    if op == BinaryOp::NotEqual && left.brief(MAX_VALUE_CHARS) == right.brief(MAX_VALUE_CHARS) {
        return format!("both sides are {}", left.brief(MAX_VALUE_CHARS));
    }
    let mut lines = vec![
        format!("left:  {}", left.brief(MAX_VALUE_CHARS)),
        format!("right: {}", right.brief(MAX_VALUE_CHARS)),
    ];
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => {
            lines.extend(first_difference(a.as_bytes(), b.as_bytes()));
        }
        (Value::Bytes(a), Value::Bytes(b)) => lines.extend(first_difference(a, b)),
        _ if has_fields(left) || has_fields(right) => lines.extend(different_fields(left, right)),
        (Value::List(a), Value::List(b)) => lines.extend(first_different_element(a, b)),
        (Value::Float(a), Value::Float(b)) => lines.extend(explain_floats(op, *a, *b)),
        _ => {}
    }
    lines.join("\n")
}

fn first_difference(left: &[u8], right: &[u8]) -> Vec<String> {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let side = |bytes: &[u8]| {
        bytes.get(common).map_or("ends".to_owned(), |byte| {
            format!("has {}", describe_byte(*byte))
        })
    };
    if common == left.len() && common == right.len() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "first difference at byte {common}: left {}, right {}",
        side(left),
        side(right)
    )];
    if common >= FAR_DIFFERENCE {
        lines.push(format!("left there:  {}", encoding::excerpt(left, common)));
        lines.push(format!("right there: {}", encoding::excerpt(right, common)));
    }
    lines
}

/// Returns whether a value is a record, or has records in it.
fn has_fields(value: &Value) -> bool {
    match value {
        Value::Record(_) => true,
        Value::List(items) => items.first().is_some_and(has_fields),
        Value::Pointer(pointer) => pointer.target.as_ref().is_ok_and(has_fields),
        _ => false,
    }
}

/// Returns a line with the fields that differ, each with both values.
fn different_fields(left: &Value, right: &Value) -> Option<String> {
    let mut found = Vec::new();
    collect_differences(left, right, "", &mut found);
    let fields = found.iter().map(|(path, left, right)| {
        let path = if path.is_empty() { "the value" } else { path };
        format!("{path}: left {}, right {}", left.brief(60), right.brief(60))
    });
    (!found.is_empty()).then(|| {
        let noun = if found.len() == 1 { "field" } else { "fields" };
        let fields: Vec<String> = fields.take(MAX_FIELDS).collect();
        let more = match found.len().saturating_sub(MAX_FIELDS) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        format!("different {noun}: {}{more}", fields.join("; "))
    })
}

fn collect_differences<'v>(
    left: &'v Value,
    right: &'v Value,
    path: &str,
    found: &mut Vec<(String, &'v Value, &'v Value)>,
) {
    if is_equal(left, right) || found.len() > MAX_COLLECTED {
        return;
    }
    match (
        content(left).unwrap_or(left),
        content(right).unwrap_or(right),
    ) {
        (Value::Record(a), Value::Record(b)) => {
            let dot = if path.is_empty() { "" } else { "." };
            for name in a.names() {
                if let (Some(left), Some(right)) = (a.field(name), b.field(name)) {
                    let path = format!("{path}{dot}{}", crate::safe::plain(name));
                    collect_differences(left, right, &path, found);
                }
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (index, (left, right)) in a.iter().zip(b).enumerate() {
                collect_differences(left, right, &format!("{path}[{index}]"), found);
            }
        }
        _ => found.push((path.to_owned(), left, right)),
    }
}

fn describe_byte(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' {
        format!("0x{byte:02x} '{}'", char::from(byte))
    } else {
        format!("0x{byte:02x}")
    }
}

fn first_different_element(left: &[Value], right: &[Value]) -> Option<String> {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let side = |items: &[Value]| {
        items
            .get(common)
            .map_or("ends".to_owned(), |item| format!("has {}", item.brief(60)))
    };
    (common < left.len().max(right.len())).then(|| {
        format!(
            "first difference at element {common}: left {}, right {}",
            side(left),
            side(right)
        )
    })
}

/// Explains the two surprises of comparing floats: a NaN, and an f64 that is rounded to an f32.
fn explain_floats(op: BinaryOp, left: Float, right: Float) -> Option<String> {
    if left.to_f64().is_nan() || right.to_f64().is_nan() {
        if op != BinaryOp::Equal {
            return Some("no comparison with nan is true".to_owned());
        }
        return Some(
            "nan equals nothing, not even itself; `x != x` is true only where x is nan".to_owned(),
        );
    }
    match (left, right) {
        (Float::F32(_), Float::F64(_)) | (Float::F64(_), Float::F32(_)) => {
            Some("one side is an f32, the other an f64; they are compared as f32".to_owned())
        }
        _ => None,
    }
}
