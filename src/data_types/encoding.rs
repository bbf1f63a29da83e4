//! Encodes values as bytes and decodes them, little endian as in linear memory. Nothing is cut,
//! wrapped or replaced: a value that does not fit is an error. Knows values and number types, but
//! no expression and no memory.

use super::NumberType;
use crate::safe;
use crate::value::{Float, Value};

/// Why a value has no encoding in a number type.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// An integer outside the range of an integer type.
    #[error(
        "{value} does not fit in {}, which holds {low} to {high}{}",
        number.name(),
        same_bits_advice(*number, *value)
    )]
    OutOfRange {
        /// The type.
        number: NumberType,
        /// The integer.
        value: i128,
        /// The smallest integer of the type.
        low: i128,
        /// The largest integer of the type.
        high: i128,
    },
    /// An integer that no float of the type equals.
    #[error(
        "{value} is not exact as {}; to round it, write it with a point: `{value}.0`",
        number.name()
    )]
    Inexact {
        /// The type.
        number: NumberType,
        /// The integer.
        value: i128,
    },
    /// A finite f64 above the range of an f32.
    #[error("{value} is too large for f32, which holds at most 3.4028235e38")]
    TooLarge {
        /// The f64.
        value: Float,
    },
    /// A float for an integer type.
    #[error("{value} is a float; {} takes an integer", number.name())]
    FloatForInteger {
        /// The type.
        number: NumberType,
        /// The float.
        value: Float,
    },
    /// A value that is not a number.
    #[error("{found} was given; {} takes a number", number.name())]
    NotANumber {
        /// The type.
        number: NumberType,
        /// The type of the value.
        found: &'static str,
    },
}

/// Returns the advice for an integer of the right width but the other sign.
fn same_bits_advice(number: NumberType, value: i128) -> String {
    let (low, high) = match number {
        NumberType::I32 | NumberType::U32 => (i128::from(i32::MIN), i128::from(u32::MAX)),
        NumberType::I64 | NumberType::U64 => (i128::from(i64::MIN), i128::from(u64::MAX)),
        _ => return String::new(),
    };
    if (low..=high).contains(&value) {
        format!("; for the same bits, write `as_{}({value})`", number.name())
    } else {
        String::new()
    }
}

/// Encodes `value` as `number.size()` bytes.
///
/// Integer types take integers within their range: `u8` takes neither -1 nor 256. Float types take
/// floats, and integers that they can hold exactly. An f64 is rounded to the nearest f32.
///
/// # Errors
/// The value is outside the range of the type, or not a number. A finite f64 that would round to
/// infinity is an error too.
pub(crate) fn encode(number: NumberType, value: &Value) -> Result<Vec<u8>, EncodeError> {
    match (number, value) {
        (NumberType::F32, Value::Int(n)) => {
            check_exact(number, *n, f32::MANTISSA_DIGITS)?;
            Ok((*n as f32).to_le_bytes().to_vec())
        }
        (NumberType::F64, Value::Int(n)) => {
            check_exact(number, *n, f64::MANTISSA_DIGITS)?;
            Ok((*n as f64).to_le_bytes().to_vec())
        }
        (NumberType::F32, Value::Float(x)) => Ok(to_f32_bits(*x)?.to_le_bytes().to_vec()),
        (NumberType::F64, Value::Float(x)) => Ok(to_f64_bits(*x).to_le_bytes().to_vec()),
        (_, Value::Int(n)) => match number.range() {
            Some((low, high)) if !(low..=high).contains(n) => Err(EncodeError::OutOfRange {
                number,
                value: *n,
                low,
                high,
            }),
            _ => Ok(n.to_le_bytes().into_iter().take(number.size()).collect()),
        },
        (_, Value::Float(x)) => Err(EncodeError::FloatForInteger { number, value: *x }),
        (_, other) => Err(EncodeError::NotANumber {
            number,
            found: other.described(),
        }),
    }
}

/// Checks that an integer is exact in a float with `digits` significant bits. Both float types
/// reach past 2^127, the largest magnitude of an integer.
fn check_exact(number: NumberType, value: i128, digits: u32) -> Result<(), EncodeError> {
    let magnitude = value.unsigned_abs();
    let significant = u128::BITS
        .saturating_sub(magnitude.leading_zeros())
        .saturating_sub(magnitude.trailing_zeros());
    if significant <= digits {
        Ok(())
    } else {
        Err(EncodeError::Inexact { number, value })
    }
}

fn to_f32_bits(value: Float) -> Result<u32, EncodeError> {
    match value {
        Float::F32(bits) => Ok(bits),
        Float::F64(bits) => {
            let wide = f64::from_bits(bits);
            let narrow = wide as f32;
            if wide.is_finite() && narrow.is_infinite() {
                Err(EncodeError::TooLarge { value })
            } else {
                Ok(narrow.to_bits())
            }
        }
    }
}

fn to_f64_bits(value: Float) -> u64 {
    match value {
        Float::F32(_) => value.to_f64().to_bits(),
        Float::F64(bits) => bits,
    }
}

/// Why bytes are not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} bytes were given; {} takes {}", number.name(), number.size())]
pub(crate) struct WrongSize {
    /// The type.
    pub number: NumberType,
    /// How many bytes there are.
    pub found: usize,
}

/// Decodes the number in `bytes`. Integers are exact, floats keep their bits and width.
///
/// # Errors
/// There are not exactly `number.size()` bytes.
pub(crate) fn decode(number: NumberType, bytes: &[u8]) -> Result<Value, WrongSize> {
    fn fixed<const N: usize>(number: NumberType, bytes: &[u8]) -> Result<[u8; N], WrongSize> {
        bytes.try_into().map_err(|_| WrongSize {
            number,
            found: bytes.len(),
        })
    }
    Ok(match number {
        NumberType::I8 => Value::Int(i8::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::I16 => Value::Int(i16::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::I32 => Value::Int(i32::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::I64 => Value::Int(i64::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::U8 => Value::Int(u8::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::U16 => Value::Int(u16::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::U32 => Value::Int(u32::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::U64 => Value::Int(u64::from_le_bytes(fixed(number, bytes)?).into()),
        NumberType::F32 => Value::Float(Float::F32(u32::from_le_bytes(fixed(number, bytes)?))),
        NumberType::F64 => Value::Float(Float::F64(u64::from_le_bytes(fixed(number, bytes)?))),
    })
}

/// Decodes consecutive numbers as a list.
///
/// # Errors
/// The length of `bytes` is not a multiple of `number.size()`.
pub(crate) fn decode_array(number: NumberType, bytes: &[u8]) -> Result<Value, WrongSize> {
    bytes
        .chunks(number.size())
        .map(|chunk| decode(number, chunk))
        .collect::<Result<_, _>>()
        .map(Value::List)
}

/// Encodes a text as UTF-8 and a NUL. A NUL inside the text stays, and a C guest takes it for the
/// end.
pub(crate) fn cstr(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().saturating_add(1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

/// Encodes a text as UTF-16, little endian, without a byte order mark.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Why bytes are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid UTF-8: {why} at byte {at} of {length}: {excerpt}")]
pub(crate) struct BadUtf8 {
    /// The first byte that belongs to no character, counted from 0.
    pub at: usize,
    /// How many bytes there are.
    pub length: usize,
    why: &'static str,
    /// The text around that byte, invalid bytes as `\xNN`; safe to print.
    pub excerpt: String,
}

/// Decodes bytes as UTF-8.
///
/// # Errors
/// The bytes are not UTF-8.
pub(crate) fn decode_utf8(bytes: &[u8]) -> Result<String, BadUtf8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            let why = if error.error_len().is_some() {
                "an invalid byte"
            } else {
                "an incomplete character"
            };
            Err(BadUtf8 {
                at,
                length: bytes.len(),
                why,
                excerpt: excerpt(bytes, at),
            })
        }
    }
}

/// Why bytes are not UTF-16.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUtf16 {
    /// An odd number of bytes.
    #[error("{length} bytes were given; UTF-16 takes an even number of bytes")]
    OddLength {
        /// How many bytes there are.
        length: usize,
    },
    /// One half of a surrogate pair without the other.
    #[error(
        "not valid UTF-16: half of a surrogate pair, 0x{unit:04x}, without the other half at byte \
         {at} of {length}"
    )]
    LoneSurrogate {
        /// The byte at which the half begins, counted from 0.
        at: usize,
        /// How many bytes there are.
        length: usize,
        /// The half.
        unit: u16,
    },
}

/// Decodes bytes as UTF-16, little endian. A byte order mark stays in the text.
///
/// # Errors
/// The bytes are not UTF-16.
pub(crate) fn decode_utf16(bytes: &[u8]) -> Result<String, BadUtf16> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(BadUtf16::OddLength {
            length: bytes.len(),
        });
    }
    let mut text = String::with_capacity(pairs.len());
    let mut at = 0;
    for decoded in char::decode_utf16(pairs.iter().copied().map(u16::from_le_bytes)) {
        match decoded {
            Ok(c) => {
                text.push(c);
                at += c.len_utf16() * 2;
            }
            Err(error) => {
                return Err(BadUtf16::LoneSurrogate {
                    at,
                    length: bytes.len(),
                    unit: error.unpaired_surrogate(),
                });
            }
        }
    }
    Ok(text)
}

/// Returns the bytes near `at` as text in quotes for a message, with `…` where more follows. Safe
/// to print.
pub(crate) fn excerpt(bytes: &[u8], at: usize) -> String {
    const BEFORE: usize = 24;
    const AFTER: usize = 24;
    let mut start = at.saturating_sub(BEFORE).min(bytes.len());
    while start > 0 && start < at && bytes.get(start).is_some_and(|byte| byte & 0xc0 == 0x80) {
        start += 1;
    }
    let end = at.saturating_add(AFTER).min(bytes.len());
    let text = safe::lossy(bytes.get(start..end).unwrap_or_default(), BEFORE + AFTER);
    let dots = |cut: bool| if cut { "…" } else { "" };
    format!("{}\"{text}\"{}", dots(start > 0), dots(end < bytes.len()))
}

/// Why a value cannot be written to memory as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WriteError {
    /// A number, which has no width.
    #[error("a number alone has no width; give it one: `{example}`")]
    Number {
        /// The number with the narrowest of the usual widths that hold it.
        example: String,
    },
    /// A list.
    #[error("a list has no bytes; give its numbers a width: `u32(1, 2)`")]
    List,
    /// A truth value.
    #[error("a truth value has no bytes; write a number: `u8(1)`")]
    Bool,
    /// A null reference.
    #[error("null has no bytes; write a number: `u32(0)`")]
    Null,
    /// A value that was read as a type.
    #[error(
        "{0} has no bytes of its own; write a record with its type: `Point {{ x: 1.5, y: 2 }}`"
    )]
    Typed(&'static str),
    /// An object of the host.
    #[error("an object has no bytes; pass it to a function, or write a number: `u32(1)`")]
    Object,
}

/// Returns the bytes that `write` copies to memory: text as UTF-8, bytes as they are.
///
/// # Errors
/// Any other value, because it has no width of its own.
pub(crate) fn bytes_to_write(value: &Value) -> Result<Vec<u8>, WriteError> {
    match value {
        Value::Text(text) => Ok(text.as_bytes().to_vec()),
        Value::Bytes(bytes) => Ok(bytes.clone()),
        Value::Int(n) => Err(WriteError::Number {
            example: width_example(*n),
        }),
        Value::Float(x @ Float::F32(_)) => Err(WriteError::Number {
            example: format!("f32({x})"),
        }),
        Value::Float(x @ Float::F64(_)) => Err(WriteError::Number {
            example: format!("f64({x})"),
        }),
        Value::List(_) => Err(WriteError::List),
        Value::Bool(_) => Err(WriteError::Bool),
        Value::Null => Err(WriteError::Null),
        Value::Object(_) => Err(WriteError::Object),
        Value::Record(_) | Value::Pointer(_) | Value::Symbol(_) | Value::NotRead(_) => {
            Err(WriteError::Typed(value.described()))
        }
    }
}

/// Returns the number in the narrowest of the usual types that hold it.
fn width_example(n: i128) -> String {
    let usual = [
        NumberType::U32,
        NumberType::I32,
        NumberType::U64,
        NumberType::I64,
    ];
    let fits = |number: &NumberType| {
        number
            .range()
            .is_some_and(|(low, high)| (low..=high).contains(&n))
    };
    match usual.into_iter().find(fits) {
        Some(number) => format!("{}({n})", number.name()),
        None => "u64(…)".to_owned(),
    }
}

#[cfg(test)]
mod tests;
