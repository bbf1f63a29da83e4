//! Applies the operators. Types are never mixed and never converted: an operator that cannot take
//! its operands names them and what to write instead.
//!
//! Beyond `docs/steps.md`: `& | ^ ~` work on truth values as on integers, and both sides are always
//! evaluated. Float arithmetic is that of IEEE 754, except that a division by zero is an error as
//! it is for integers. Two f32 make an f32, any other pair an f64. In a comparison, an f64 beside
//! an f32 counts as the nearest f32.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::fields::{content, number};
use super::{EvalErrorKind, Evaluator, brief, check_size, measure};
use crate::script::ast::{BinaryOp, UnaryOp};
use crate::value::{Float, RecordValue, Symbol, Value};

impl Evaluator<'_> {
    /// Evaluates `left op right`. An owned left side of `++` is extended in place, so that a long
    /// chain is not copied at each link.
    pub(super) fn binary(
        &self,
        op: BinaryOp,
        left: Cow<'_, Value>,
        right: &Value,
    ) -> Result<Value, EvalErrorKind> {
        use BinaryOp::*;
        match op {
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual => {
                compare(op, &left, right).map(Value::Bool)
            }
            Join => self.join(left, right),
            Or | Xor | And | ShiftLeft | ShiftRight | Add | Subtract | Multiply | Divide
            | Remainder => match (number(&left)?.as_ref(), number(right)?.as_ref()) {
                (Value::Int(a), Value::Int(b)) => integers(op, *a, *b).map(Value::Int),
                (Value::Float(a), Value::Float(b)) => floats(op, *a, *b),
                (Value::Bool(a), Value::Bool(b)) => bools(op, *a, *b),
                (a, b) => Err(mismatch(op, a, b)),
            },
        }
    }

    fn join(&self, left: Cow<'_, Value>, right: &Value) -> Result<Value, EvalErrorKind> {
        let right = content(right)?;
        let left = match left.as_ref() {
            Value::Pointer(_) | Value::NotRead(_) => Cow::Owned(content(&left)?.clone()),
            _ => left,
        };
        let more = match (left.as_ref(), right) {
            (Value::Text(_), Value::Text(more)) => more.len(),
            (Value::Bytes(_), Value::Bytes(more)) => more.len(),
            (a, b) => return Err(mismatch(BinaryOp::Join, a, b)),
        };
        let (length, _) = measure(&left);
        check_size(length.saturating_add(more))?;
        self.build(if matches!(left, Cow::Borrowed(_)) {
            length.saturating_add(more)
        } else {
            more
        })?;
        let mut joined = left.into_owned();
        match (&mut joined, right) {
            (Value::Text(text), Value::Text(more)) => text.push_str(more),
            (Value::Bytes(bytes), Value::Bytes(more)) => bytes.extend_from_slice(more),
            _ => {}
        }
        Ok(joined)
    }
}

/// Evaluates `op operand`.
pub(super) fn unary(op: UnaryOp, operand: &Value) -> Result<Value, EvalErrorKind> {
    match (op, number(operand)?.as_ref()) {
        (UnaryOp::Minus, Value::Int(n)) => n
            .checked_neg()
            .map(Value::Int)
            .ok_or_else(|| EvalErrorKind::Overflow(format!("-({n})"))),
        (UnaryOp::Minus, Value::Float(Float::F32(bits))) => {
            Ok(Value::Float(Float::F32(bits ^ (1 << 31))))
        }
        (UnaryOp::Minus, Value::Float(Float::F64(bits))) => {
            Ok(Value::Float(Float::F64(bits ^ (1 << 63))))
        }
        (UnaryOp::Minus, other) => Err(EvalErrorKind::WrongOperand {
            taker: "-",
            found: brief(other),
            takes: "a number",
        }),
        (UnaryOp::Not, Value::Int(n)) => Ok(Value::Int(!n)),
        (UnaryOp::Not, Value::Bool(b)) => Ok(Value::Bool(!b)),
        (UnaryOp::Not, other) => Err(EvalErrorKind::WrongOperand {
            taker: "~",
            found: brief(other),
            takes: "an integer or a truth value",
        }),
    }
}

/// Returns whether `left op right` is true.
///
/// # Errors
/// The two sides cannot be compared, or `op` is not a comparison.
pub(super) fn compare(op: BinaryOp, left: &Value, right: &Value) -> Result<bool, EvalErrorKind> {
    match op {
        BinaryOp::Equal => equal(op, left, right),
        BinaryOp::NotEqual => equal(op, left, right).map(|same| !same),
        BinaryOp::Less => ordering(op, left, right).map(|order| order == Some(Ordering::Less)),
        BinaryOp::LessOrEqual => {
            ordering(op, left, right).map(|order| order.is_some_and(Ordering::is_le))
        }
        BinaryOp::Greater => {
            ordering(op, left, right).map(|order| order == Some(Ordering::Greater))
        }
        BinaryOp::GreaterOrEqual => {
            ordering(op, left, right).map(|order| order.is_some_and(Ordering::is_ge))
        }
        other => Err(mismatch(other, left, right)),
    }
}

/// Returns whether two values are equal; values that cannot be compared are not.
pub(crate) fn is_equal(left: &Value, right: &Value) -> bool {
    equal(BinaryOp::Equal, left, right).unwrap_or(false)
}

/// Returns whether both sides have the same type and value; lists are compared by element.
fn equal(op: BinaryOp, left: &Value, right: &Value) -> Result<bool, EvalErrorKind> {
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b) {
                if !equal(op, a, b)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Null, Value::Object(_)) | (Value::Object(_), Value::Null) => Ok(false),
        (Value::Record(a), Value::Record(b)) => equal_records(op, a, b),
        (Value::List(items), Value::Bytes(bytes)) | (Value::Bytes(bytes), Value::List(items))
            if items.iter().all(|item| matches!(item, Value::Int(_))) =>
        {
            let mut pairs = items.iter().zip(bytes);
            let same = pairs.all(|(item, byte)| *item == Value::Int((*byte).into()));
            Ok(items.len() == bytes.len() && same)
        }
        (Value::Pointer(_) | Value::Symbol(_) | Value::NotRead(_), _)
        | (_, Value::Pointer(_) | Value::Symbol(_) | Value::NotRead(_)) => {
            equal_typed(op, left, right)
        }
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => Ok(a == b),
        (a, b) => Err(mismatch(op, a, b)),
    }
}

/// Returns whether two records have the same fields with the same values.
fn equal_records(
    op: BinaryOp,
    left: &RecordValue,
    right: &RecordValue,
) -> Result<bool, EvalErrorKind> {
    let is_in = |names: &[&str], name: &&str| names.contains(name);
    let (names, others) = (left.names(), right.names());
    let missing = names.iter().find(|name| !is_in(&others, name));
    let missing = missing.or_else(|| others.iter().find(|name| !is_in(&names, name)));
    if let Some(name) = missing {
        return Err(EvalErrorKind::MissingField(crate::safe::cut(name, 60)));
    }
    for name in names {
        if let (Some(a), Some(b)) = (left.field(name), right.field(name))
            && !equal(op, a, b)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares a pointer or a number with a name. A pointer is compared with a number by its address,
/// and with anything else by what it refers to.
fn equal_typed(op: BinaryOp, left: &Value, right: &Value) -> Result<bool, EvalErrorKind> {
    match (left, right) {
        (Value::Symbol(a), Value::Symbol(b)) => Ok(a.number == b.number),
        (Value::Symbol(a), Value::Int(b)) | (Value::Int(b), Value::Symbol(a)) => Ok(a.number == *b),
        (Value::Symbol(a), Value::Text(b)) | (Value::Text(b), Value::Symbol(a)) => {
            Ok(has_names(a, b))
        }
        (Value::Pointer(a), Value::Int(b)) | (Value::Int(b), Value::Pointer(a)) => {
            Ok(is_address(a.address, *b))
        }
        (Value::Pointer(a), Value::Null) | (Value::Null, Value::Pointer(a)) => Ok(a.address == 0),
        (Value::Pointer(a), Value::Pointer(b)) => match (&a.target, &b.target) {
            (Ok(a), Ok(b)) => equal(op, a, b),
            _ => Ok(a.address == b.address),
        },
        (Value::Pointer(_) | Value::NotRead(_), _) | (_, Value::Pointer(_) | Value::NotRead(_)) => {
            equal(op, content(left)?, content(right)?)
        }
        (a, b) => Err(mismatch(op, a, b)),
    }
}

/// Returns whether a number is an address, which a negative i32 can be too.
fn is_address(address: u64, number: i128) -> bool {
    let unsigned = i32::try_from(number).map(|n| u64::from(n.cast_unsigned()));
    i128::from(address) == number || unsigned == Ok(address)
}

/// Returns whether these are the names of a value: `circle`, or `ack | last` in any order.
fn has_names(symbol: &Symbol, names: &str) -> bool {
    let given: BTreeSet<&str> = names
        .split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let has: BTreeSet<&str> = symbol.names.iter().map(|name| &**name).collect();
    symbol.rest == 0 && given == has
}

/// Orders two values of one type; `None` where one is a NaN.
fn ordering(op: BinaryOp, left: &Value, right: &Value) -> Result<Option<Ordering>, EvalErrorKind> {
    match (
        ordered(left, right)?.as_ref(),
        ordered(right, left)?.as_ref(),
    ) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.as_bytes().cmp(b.as_bytes()))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (a, b) => Err(mismatch(op, a, b)),
    }
}

/// Returns a value as it is ordered beside another: a pointer as its address, unless the other one
/// is text or bytes.
fn ordered<'v>(value: &'v Value, other: &Value) -> Result<Cow<'v, Value>, EvalErrorKind> {
    match other {
        Value::Text(_) | Value::Bytes(_) => content(value).map(Cow::Borrowed),
        _ => number(value),
    }
}

fn integers(op: BinaryOp, a: i128, b: i128) -> Result<i128, EvalErrorKind> {
    let overflow = || EvalErrorKind::Overflow(format!("{a} {} {b}", op.symbol()));
    match op {
        BinaryOp::Or => Ok(a | b),
        BinaryOp::Xor => Ok(a ^ b),
        BinaryOp::And => Ok(a & b),
        BinaryOp::ShiftLeft => {
            let shifted = a << shift_count(op, b)?;
            if shifted >> shift_count(op, b)? == a {
                Ok(shifted)
            } else {
                Err(overflow())
            }
        }
        BinaryOp::ShiftRight => Ok(a >> shift_count(op, b)?),
        BinaryOp::Divide | BinaryOp::Remainder if b == 0 => Err(by_zero(op, a.to_string())),
        BinaryOp::Add => a.checked_add(b).ok_or_else(overflow),
        BinaryOp::Subtract => a.checked_sub(b).ok_or_else(overflow),
        BinaryOp::Multiply => a.checked_mul(b).ok_or_else(overflow),
        BinaryOp::Divide => a.checked_div(b).ok_or_else(overflow),
        // Only `i128::MIN % -1` has a quotient that overflows, and its remainder is 0.
        BinaryOp::Remainder => Ok(a.checked_rem(b).unwrap_or(0)),
        other => Err(mismatch(other, &Value::Int(a), &Value::Int(b))),
    }
}

fn shift_count(op: BinaryOp, count: i128) -> Result<u32, EvalErrorKind> {
    u32::try_from(count)
        .ok()
        .filter(|count| *count < i128::BITS)
        .ok_or_else(|| EvalErrorKind::ShiftCount {
            operator: op.symbol(),
            count,
        })
}

fn floats(op: BinaryOp, a: Float, b: Float) -> Result<Value, EvalErrorKind> {
    if matches!(op, BinaryOp::Divide | BinaryOp::Remainder) && b.to_f64() == 0.0 {
        return Err(by_zero(op, a.to_string()));
    }
    if let (Float::F32(x), Float::F32(y)) = (a, b) {
        let (x, y) = (f32::from_bits(x), f32::from_bits(y));
        let result = match op {
            BinaryOp::Add => x + y,
            BinaryOp::Subtract => x - y,
            BinaryOp::Multiply => x * y,
            BinaryOp::Divide => x / y,
            BinaryOp::Remainder => x % y,
            other => return Err(mismatch(other, &Value::Float(a), &Value::Float(b))),
        };
        return Ok(Value::Float(Float::from_f32(result)));
    }
    let (x, y) = (a.to_f64(), b.to_f64());
    let result = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Subtract => x - y,
        BinaryOp::Multiply => x * y,
        BinaryOp::Divide => x / y,
        BinaryOp::Remainder => x % y,
        other => return Err(mismatch(other, &Value::Float(a), &Value::Float(b))),
    };
    Ok(Value::Float(Float::from_f64(result)))
}

fn bools(op: BinaryOp, a: bool, b: bool) -> Result<Value, EvalErrorKind> {
    match op {
        BinaryOp::And => Ok(Value::Bool(a & b)),
        BinaryOp::Or => Ok(Value::Bool(a | b)),
        BinaryOp::Xor => Ok(Value::Bool(a ^ b)),
        other => Err(mismatch(other, &Value::Bool(a), &Value::Bool(b))),
    }
}

fn by_zero(op: BinaryOp, dividend: String) -> EvalErrorKind {
    EvalErrorKind::DivisionByZero {
        dividend,
        operator: op.symbol(),
    }
}

/// Returns the error for operands that `op` cannot take, with what to write instead.
fn mismatch(op: BinaryOp, left: &Value, right: &Value) -> EvalErrorKind {
    let mixed = |advice: Option<String>| EvalErrorKind::MixedTypes {
        operator: op.symbol(),
        left: brief(left),
        right: brief(right),
        advice,
    };
    let wrong = |takes, advice| EvalErrorKind::WrongOperands {
        operator: op.symbol(),
        left: brief(left),
        right: brief(right),
        takes,
        advice,
    };
    match (left, right) {
        (Value::Int(n), Value::Float(_)) | (Value::Float(_), Value::Int(n))
            if !is_bitwise(op) && op != BinaryOp::Join =>
        {
            mixed(Some(format!("write the integer as a float: `{n}.0`")))
        }
        (Value::Text(_), Value::Bytes(_)) | (Value::Bytes(_), Value::Text(_))
            if op == BinaryOp::Join || op.is_comparison() =>
        {
            mixed(Some("write `utf8(…)` around the text".to_owned()))
        }
        (Value::Text(_), Value::Text(_)) | (Value::Bytes(_), Value::Bytes(_))
            if op == BinaryOp::Add =>
        {
            wrong("numbers", Some("`++` joins them"))
        }
        _ if op == BinaryOp::Join => wrong("text and text, or bytes and bytes", None),
        (a, b) if std::mem::discriminant(a) != std::mem::discriminant(b) => mixed(None),
        _ => wrong(takes(op), None),
    }
}

/// Returns the types that `op` takes, for a message.
fn takes(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or | BinaryOp::Xor | BinaryOp::And => "integers or truth values",
        BinaryOp::ShiftLeft | BinaryOp::ShiftRight => "integers",
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
            "numbers, text or bytes"
        }
        _ => "numbers",
    }
}

fn is_bitwise(op: BinaryOp) -> bool {
    use BinaryOp::*;
    matches!(op, Or | Xor | And | ShiftLeft | ShiftRight)
}
