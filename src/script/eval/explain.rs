//! Why an `expect` failed, in lines a person can compare.

use super::operators::{compare, is_comparison};
use super::{EvalEnv, Evaluator, brief};
use crate::script::ast::{BinaryOp, Expr, ExprKind};
use crate::script::encoding;
use crate::value::{Float, Value};

/// How many characters of a value are shown.
const SHOWN: usize = 200;
/// From this byte on the difference is shown a second time, with its surroundings: it may lie past
/// what was shown.
const FAR: usize = 60;
const HOLDS: &str = "the expectation holds";

/// Explains why an expectation does not hold: both sides of a comparison and where they first
/// differ, else the value. Several lines without a final line break, safe to print. Says so, too,
/// where the expectation holds after all.
pub fn explain_failure(expr: &Expr, world: &dyn EvalEnv) -> String {
    match &expr.kind {
        ExprKind::Binary { op, left, right } if is_comparison(*op) => {
            comparison(*op, left, right, world)
        }
        _ => match super::evaluate(expr, world) {
            Ok(Value::Bool(true)) => HOLDS.to_owned(),
            Ok(Value::Bool(false)) => "the value is false".to_owned(),
            Ok(other) => format!("expected true or false, not {}", brief(&other)),
            Err(error) => error.message,
        },
    }
}

fn comparison(op: BinaryOp, left: &Expr, right: &Expr, world: &dyn EvalEnv) -> String {
    let evaluator = Evaluator::new(world);
    let (left, right) = match (evaluator.value(left, 1), evaluator.value(right, 1)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => return error.message,
    };
    match compare(op, &left, &right) {
        Ok(true) => HOLDS.to_owned(),
        Ok(false) => both_sides(op, &left, &right),
        Err(message) => message,
    }
}

fn both_sides(op: BinaryOp, left: &Value, right: &Value) -> String {
    if op == BinaryOp::NotEqual && left.brief(SHOWN) == right.brief(SHOWN) {
        return format!("both sides are {}", left.brief(SHOWN));
    }
    let mut lines = vec![
        format!("left:  {}", left.brief(SHOWN)),
        format!("right: {}", right.brief(SHOWN)),
    ];
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => {
            lines.extend(first_difference(a.as_bytes(), b.as_bytes()))
        }
        (Value::Bytes(a), Value::Bytes(b)) => lines.extend(first_difference(a, b)),
        (Value::List(a), Value::List(b)) => lines.extend(first_element(a, b)),
        (Value::Float(a), Value::Float(b)) => lines.extend(about_floats(op, *a, *b)),
        _ => {}
    }
    lines.join("\n")
}

fn first_difference(left: &[u8], right: &[u8]) -> Vec<String> {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let side = |bytes: &[u8]| {
        bytes.get(common).map_or("ends".to_owned(), |byte| {
            format!("has {}", byte_shown(*byte))
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
    if common >= FAR {
        lines.push(format!("left there:  {}", encoding::around(left, common)));
        lines.push(format!("right there: {}", encoding::around(right, common)));
    }
    lines
}

fn byte_shown(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' {
        format!("0x{byte:02x} '{}'", char::from(byte))
    } else {
        format!("0x{byte:02x}")
    }
}

fn first_element(left: &[Value], right: &[Value]) -> Option<String> {
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

/// The two surprises of comparing floats: a NaN, and an f64 that beside an f32 is rounded.
fn about_floats(op: BinaryOp, left: Float, right: Float) -> Option<String> {
    if left.to_f64().is_nan() || right.to_f64().is_nan() {
        if op != BinaryOp::Equal {
            return Some("no comparison with nan holds".to_owned());
        }
        return Some(
            "nan equals nothing, not even itself; `x != x` tells whether x is nan".to_owned(),
        );
    }
    match (left, right) {
        (Float::F32(_), Float::F64(_)) | (Float::F64(_), Float::F32(_)) => {
            Some("one side is an f32, the other an f64; they are compared as f32".to_owned())
        }
        _ => None,
    }
}
