//! The first place at which two values differ.

use crate::script::eval;
use crate::value::{Float, RecordValue, Value};

/// The first place at which two values differ.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::session) enum Difference {
    /// A byte of text or bytes. It is the length of the shorter one if that is where it ends.
    Byte(usize),
    /// Two numbers: the one whose origin is asked for, and the other.
    Number(Value, Value),
    /// An element of a list, and where it differs.
    Element(usize, Box<Difference>),
    /// A field of a record, and where it differs.
    Field(String, Box<Difference>),
    /// What a pointer refers to, and where that differs.
    Target(Box<Difference>),
    /// No place: the whole value.
    Whole,
}

impl Difference {
    /// Returns the first place at which two values differ.
    pub fn between(value: &Value, other: &Value) -> Difference {
        let byte = |a: &[u8], b: &[u8]| {
            Difference::Byte(a.iter().zip(b).take_while(|(a, b)| a == b).count())
        };
        match (value, other) {
            (Value::Text(a), Value::Text(b)) => byte(a.as_bytes(), b.as_bytes()),
            (Value::Bytes(a), Value::Bytes(b)) => byte(a, b),
            (Value::List(a), Value::List(b)) => {
                let mut pairs = a.iter().zip(b).enumerate();
                match pairs.find(|(_, (a, b))| !eval::is_equal(a, b)) {
                    Some((index, (a, b))) => {
                        Difference::Element(index, Box::new(Difference::between(a, b)))
                    }
                    None => {
                        let index = a.len().min(b.len());
                        Difference::Element(index, Box::new(Difference::Whole))
                    }
                }
            }
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                Difference::Number(value.clone(), other.clone())
            }
            (Value::Record(a), Value::Record(b)) => Difference::between_records(a, b),
            (Value::Symbol(a), b) => Difference::between(&Value::Int(a.number), b),
            (a, Value::Symbol(b)) => Difference::between(a, &Value::Int(b.number)),
            (Value::Pointer(a), Value::Pointer(b)) => match (&a.target, &b.target) {
                (Ok(a), Ok(b)) => Difference::Target(Box::new(Difference::between(a, b))),
                _ => Difference::Number(Value::Int(a.address.into()), Value::Int(b.address.into())),
            },
            (Value::Pointer(a), b @ Value::Int(_)) => {
                Difference::Number(Value::Int(a.address.into()), b.clone())
            }
            (Value::Pointer(a), b) => match &a.target {
                Ok(a) => Difference::Target(Box::new(Difference::between(a, b))),
                Err(_) => Difference::Whole,
            },
            (a, Value::Pointer(b)) => match &b.target {
                Ok(b) => Difference::between(a, b),
                Err(_) => Difference::Whole,
            },
            _ => Difference::Whole,
        }
    }
}

impl Difference {
    fn between_records(value: &RecordValue, other: &RecordValue) -> Difference {
        let differing = value.names().into_iter().find_map(|name| {
            let (a, b) = (value.field(name)?, other.field(name)?);
            (!eval::is_equal(a, b))
                .then(|| Difference::Field(name.to_owned(), Box::new(Difference::between(a, b))))
        });
        differing.unwrap_or(Difference::Whole)
    }
}

/// Returns the first byte in which two numbers of `size` bytes differ, 0 if there is none.
pub(super) fn differing_byte(value: &Value, other: &Value, size: u64) -> u64 {
    let (value, other) = (bytes_of(value, size), bytes_of(other, size));
    let bytes = value.into_iter().zip(other).zip(0..size);
    bytes
        .into_iter()
        .find(|((a, b), _)| a != b)
        .map_or(0, |(_, index)| index)
}

/// Returns the bytes of a number in memory, the lowest first.
fn bytes_of(value: &Value, size: u64) -> [u8; 16] {
    let bits = match value {
        Value::Int(n) => n.cast_unsigned(),
        Value::Float(Float::F32(bits)) if size == 4 => u128::from(*bits),
        Value::Float(float) if size == 4 => u128::from((float.to_f64() as f32).to_bits()),
        Value::Float(float) => u128::from(float.to_f64().to_bits()),
        _ => 0,
    };
    bits.to_le_bytes()
}
