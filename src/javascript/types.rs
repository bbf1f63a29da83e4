//! What is known of the value of an expression before it runs. JavaScript has two kinds of numbers,
//! which it does not mix, and text that is no bytes.

use crate::data_types::NumberType;
use crate::script::ast::{Encoding, Reading};
use crate::value::Value;
use crate::wasm_types::ValueType;

/// A type of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    /// An integer as a `Number`.
    Int,
    /// An integer as a `BigInt`.
    Big,
    /// A float of 64 bits.
    Float,
    /// A float of 32 bits.
    Narrow,
    Truth,
    Text,
    Bytes,
    /// An array, with the type of its elements where that is known.
    List(Box<Type>),
    Unknown,
}

impl Type {
    /// Returns whether the value is a number, of either kind.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Big | Type::Float | Type::Narrow)
    }

    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Int(number) if number.unsigned_abs() > MAX_SAFE => Type::Big,
            Value::Int(_) => Type::Int,
            Value::Float(_) => Type::Float,
            Value::Bool(_) => Type::Truth,
            Value::Text(_) => Type::Text,
            Value::Bytes(_) => Type::Bytes,
            Value::List(list) => {
                let element = list.first().map_or(Type::Unknown, Type::of_value);
                Type::List(Box::new(element))
            }
            Value::Null
            | Value::Object(_)
            | Value::Record(_)
            | Value::Pointer(_)
            | Value::Symbol(_)
            | Value::NotRead(_) => Type::Unknown,
        }
    }

    pub(super) fn of_wasm(ty: &ValueType) -> Self {
        match ty {
            ValueType::I32 => Type::Int,
            ValueType::I64 => Type::Big,
            ValueType::F32 => Type::Narrow,
            ValueType::F64 => Type::Float,
            _ => Type::Unknown,
        }
    }

    pub(super) fn of_number(number: NumberType) -> Self {
        match number {
            NumberType::I64 | NumberType::U64 => Type::Big,
            NumberType::F32 => Type::Narrow,
            NumberType::F64 => Type::Float,
            _ => Type::Int,
        }
    }

    pub(super) fn of_reading(what: &Reading) -> Self {
        match what {
            Reading::Sized {
                encoding: Encoding::Bytes,
                ..
            } => Type::Bytes,
            Reading::Sized { .. } | Reading::Cstr => Type::Text,
            Reading::Number(number) => Type::of_number(*number),
            Reading::Typed(_) => Type::Unknown,
            Reading::Array { element, .. } => Type::List(Box::new(Type::of_number(*element))),
        }
    }
}

/// The largest integer that a `Number` has exactly, as all below it.
pub(super) const MAX_SAFE: u128 = (1 << 53) - 1;

/// Returns the methods of a `DataView` for a type of numbers end with this: `Uint16`.
pub(super) fn view_suffix(number: NumberType) -> &'static str {
    match number {
        NumberType::I8 => "Int8",
        NumberType::I16 => "Int16",
        NumberType::I32 => "Int32",
        NumberType::I64 => "BigInt64",
        NumberType::U8 => "Uint8",
        NumberType::U16 => "Uint16",
        NumberType::U32 => "Uint32",
        NumberType::U64 => "BigUint64",
        NumberType::F32 => "Float32",
        NumberType::F64 => "Float64",
    }
}
