//! The values of bytes that have no parts: numbers, truth values, characters and enumerations.

use std::sync::Arc;

use super::encoding;
use super::node::NotRead;
use super::table::{Bits, ByteOrder, DataType, Enumeration, Shape};
use crate::value::{Symbol, Value};

pub(super) fn is_signed(ty: &DataType) -> bool {
    match &ty.shape {
        Shape::Number { number, .. } => number.range().is_some_and(|(low, _)| low < 0),
        Shape::Enumeration(numbers) => numbers.number.range().is_some_and(|(low, _)| low < 0),
        _ => false,
    }
}

/// Returns the value of some bits of an integer.
pub(super) fn bits_of(value: &Value, bits: Bits, signed: bool) -> Value {
    let number = match value {
        Value::Int(n) => *n,
        Value::Symbol(symbol) => symbol.number,
        Value::Bool(truth) => i128::from(*truth),
        other => return other.clone(),
    };
    let (first, count) = (bits.first.min(127), bits.count.min(64));
    let mask = (1i128 << count) - 1;
    let field = (number >> first) & mask;
    let is_negative = signed && count > 0 && field >> (count - 1) & 1 == 1;
    let field = if is_negative {
        field - (1i128 << count)
    } else {
        field
    };
    match value {
        Value::Bool(_) => Value::Bool(field != 0),
        _ => Value::Int(field),
    }
}

/// Returns the value of bytes that have no parts.
pub(super) fn scalar_value(ty: &DataType, bytes: &[u8]) -> Result<Value, NotRead> {
    match &ty.shape {
        Shape::Number { number, order } => number_value(*number, *order, bytes),
        Shape::Enumeration(numbers) => {
            let value = number_value(numbers.number, numbers.order, bytes)?;
            Ok(match value {
                Value::Int(number) => Value::Symbol(symbol(numbers, number)),
                other => other,
            })
        }
        Shape::Bool => match bytes
            .iter()
            .fold(0u128, |n, byte| n << 8 | u128::from(*byte))
        {
            0 => Ok(Value::Bool(false)),
            _ if bytes
                .split_first()
                .is_some_and(|(first, rest)| *first == 1 && rest.iter().all(|byte| *byte == 0)) =>
            {
                Ok(Value::Bool(true))
            }
            _ => Err(NotRead::Invalid(format!(
                "{} is neither false, 0, nor true, 1",
                hex(bytes)
            ))),
        },
        Shape::Character => character(bytes),
        _ => Ok(Value::Bytes(bytes.to_vec())),
    }
}

fn number_value(
    number: super::NumberType,
    order: ByteOrder,
    bytes: &[u8],
) -> Result<Value, NotRead> {
    let mut bytes = bytes.to_vec();
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    encoding::decode(number, &bytes).map_err(NotRead::invalid)
}

/// Returns the character that bytes are, as text.
fn character(bytes: &[u8]) -> Result<Value, NotRead> {
    let number = bytes
        .iter()
        .rev()
        .fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let found = match bytes {
        [byte] => byte.is_ascii().then(|| char::from(*byte)),
        _ => u32::try_from(number).ok().and_then(char::from_u32),
    };
    let kind = if bytes.len() == 1 { "ASCII" } else { "Unicode" };
    found
        .map(|c| Value::Text(c.to_string()))
        .ok_or_else(|| NotRead::Invalid(format!("{number:#x} is no character of {kind}")))
}

fn hex(bytes: &[u8]) -> String {
    crate::value::Hex(bytes).to_string()
}

/// Returns a number with the names that it has: of the value, or of the bits that are set.
fn symbol(numbers: &Enumeration, number: i128) -> Symbol {
    let exact = || numbers.values.iter().find(|(_, value)| *value == number);
    if !numbers.is_flags {
        return Symbol {
            number,
            names: exact()
                .map(|(name, _)| Arc::clone(name))
                .into_iter()
                .collect(),
            rest: 0,
        };
    }
    let mut rest = number;
    let mut names = Vec::new();
    for (name, bits) in &numbers.values {
        if *bits != 0 && number & bits == *bits {
            names.push(Arc::clone(name));
            rest &= !bits;
        }
    }
    if names.is_empty()
        && let Some((name, _)) = exact()
    {
        names.push(Arc::clone(name));
    }
    Symbol {
        number,
        names,
        rest,
    }
}
