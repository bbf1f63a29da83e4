//! Values to bytes and back, little endian, as they lie in linear memory. Nothing is cut, wrapped
//! or replaced on the way: what does not fit is an error that says so. Knows values and number
//! types, no expression and no memory.

use crate::safe;
use crate::script::ast::NumberType;
use crate::value::{Float, Value};

impl NumberType {
    pub const ALL: [NumberType; 10] = [
        NumberType::I8,
        NumberType::I16,
        NumberType::I32,
        NumberType::I64,
        NumberType::U8,
        NumberType::U16,
        NumberType::U32,
        NumberType::U64,
        NumberType::F32,
        NumberType::F64,
    ];

    /// How many bytes a number of this type takes: 1, 2, 4 or 8.
    pub fn size(self) -> usize {
        match self {
            NumberType::I8 | NumberType::U8 => 1,
            NumberType::I16 | NumberType::U16 => 2,
            NumberType::I32 | NumberType::U32 | NumberType::F32 => 4,
            NumberType::I64 | NumberType::U64 | NumberType::F64 => 8,
        }
    }

    /// The type's name in the steps language.
    pub fn name(self) -> &'static str {
        match self {
            NumberType::I8 => "i8",
            NumberType::I16 => "i16",
            NumberType::I32 => "i32",
            NumberType::I64 => "i64",
            NumberType::U8 => "u8",
            NumberType::U16 => "u16",
            NumberType::U32 => "u32",
            NumberType::U64 => "u64",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
        }
    }

    /// The type of that name, if there is one.
    pub fn from_name(name: &str) -> Option<NumberType> {
        NumberType::ALL
            .into_iter()
            .find(|number| number.name() == name)
    }

    /// The least and the greatest integer the type holds; none for floats.
    pub fn range(self) -> Option<(i128, i128)> {
        Some(match self {
            NumberType::I8 => (i8::MIN.into(), i8::MAX.into()),
            NumberType::I16 => (i16::MIN.into(), i16::MAX.into()),
            NumberType::I32 => (i32::MIN.into(), i32::MAX.into()),
            NumberType::I64 => (i64::MIN.into(), i64::MAX.into()),
            NumberType::U8 => (0, u8::MAX.into()),
            NumberType::U16 => (0, u16::MAX.into()),
            NumberType::U32 => (0, u32::MAX.into()),
            NumberType::U64 => (0, u64::MAX.into()),
            NumberType::F32 | NumberType::F64 => return None,
        })
    }
}

/// Why a value has no encoding in a number type.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncodeError {
    #[error("{value} does not fit {}, which holds {low} to {high}{}", number.name(), same_bits(*number, *value))]
    OutOfRange {
        number: NumberType,
        value: i128,
        low: i128,
        high: i128,
    },
    #[error("no {} is exactly {value}; write `{value}.0` to have it rounded", number.name())]
    Inexact { number: NumberType, value: i128 },
    #[error("{value} is too large for f32")]
    TooLarge { value: Float },
    #[error("{} needs an integer, and {value} is a float", number.name())]
    FloatForInteger { number: NumberType, value: Float },
    #[error("{} needs a number, not {found}", number.name())]
    NotANumber {
        number: NumberType,
        found: &'static str,
    },
}

/// The advice for a number of the right width but the other sign.
fn same_bits(number: NumberType, value: i128) -> String {
    let (low, high) = match number {
        NumberType::I32 | NumberType::U32 => (i128::from(i32::MIN), i128::from(u32::MAX)),
        NumberType::I64 | NumberType::U64 => (i128::from(i64::MIN), i128::from(u64::MAX)),
        _ => return String::new(),
    };
    if (low..=high).contains(&value) {
        format!("; for the same bits write `as_{}({value})`", number.name())
    } else {
        String::new()
    }
}

/// The number as `number.size()` bytes.
///
/// Integer types take integers within their range: `u8` neither -1 nor 256. Float types take
/// floats, and integers that they hold exactly. An f64 rounds to the nearest f32, which is an error
/// only where a finite number would become infinite.
pub fn encode(number: NumberType, value: &Value) -> Result<Vec<u8>, EncodeError> {
    match (number, value) {
        (NumberType::F32, Value::Int(n)) => {
            exact_in(number, *n, f32::MANTISSA_DIGITS)?;
            Ok((*n as f32).to_le_bytes().to_vec())
        }
        (NumberType::F64, Value::Int(n)) => {
            exact_in(number, *n, f64::MANTISSA_DIGITS)?;
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

/// Whether an integer is exact in a float with so many significant bits. The widest integer, 2^127,
/// is in range of both.
fn exact_in(number: NumberType, value: i128, digits: u32) -> Result<(), EncodeError> {
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
#[error("{} takes {} bytes, not {found}", number.name(), number.size())]
pub struct WrongSize {
    pub number: NumberType,
    pub found: usize,
}

/// The number that exactly `number.size()` bytes hold. Integers come back exact, floats with their
/// bits and width.
pub fn decode(number: NumberType, bytes: &[u8]) -> Result<Value, WrongSize> {
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

/// The list of numbers that lie one behind the other in `bytes`, whose length must be a multiple of
/// the number's size.
pub fn decode_array(number: NumberType, bytes: &[u8]) -> Result<Value, WrongSize> {
    bytes
        .chunks(number.size())
        .map(|chunk| decode(number, chunk))
        .collect::<Result<_, _>>()
        .map(Value::List)
}

/// UTF-8 with a NUL behind it. A NUL inside the text is written as it is; a C guest takes it for
/// the end.
pub fn cstr(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().saturating_add(1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

/// UTF-16, little endian, without a byte order mark.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Why bytes are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid UTF-8: {why} at byte {at} of {length}: {shown}")]
pub struct BadUtf8 {
    /// The first byte that belongs to no character, counted from 0.
    pub at: usize,
    pub length: usize,
    why: &'static str,
    /// The text around that byte, bad bytes as `\xNN`; safe to print.
    pub shown: String,
}

/// The bytes as text, all of them valid UTF-8.
pub fn decode_utf8(bytes: &[u8]) -> Result<String, BadUtf8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            let why = if error.error_len().is_some() {
                "a bad byte"
            } else {
                "a character that is cut off"
            };
            Err(BadUtf8 {
                at,
                length: bytes.len(),
                why,
                shown: around(bytes, at),
            })
        }
    }
}

/// Why bytes are not UTF-16.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUtf16 {
    #[error("UTF-16 takes an even number of bytes, not {length}")]
    OddLength { length: usize },
    #[error(
        "not valid UTF-16: half of a surrogate pair, 0x{unit:04x}, stands alone at byte {at} of \
         {length}"
    )]
    LoneSurrogate { at: usize, length: usize, unit: u16 },
}

/// The bytes as text, all of them valid UTF-16, little endian. A byte order mark stays in the text.
pub fn decode_utf16(bytes: &[u8]) -> Result<String, BadUtf16> {
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

/// The bytes near `at` as text in quotes for a message, with `…` where something was left out. Safe
/// to print.
pub(super) fn around(bytes: &[u8], at: usize) -> String {
    const BEFORE: usize = 24;
    const AFTER: usize = 24;
    let mut start = at.saturating_sub(BEFORE).min(bytes.len());
    while start > 0 && start < at && bytes.get(start).is_some_and(|byte| byte & 0xc0 == 0x80) {
        start += 1;
    }
    let end = at.saturating_add(AFTER).min(bytes.len());
    let shown = safe::lossy(bytes.get(start..end).unwrap_or_default(), BEFORE + AFTER);
    let dots = |cut: bool| if cut { "…" } else { "" };
    format!("{}\"{shown}\"{}", dots(start > 0), dots(end < bytes.len()))
}

/// Why a value cannot be written to memory as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("say how wide the number is: `{example}`")]
    Number { example: String },
    #[error("a list has no bytes of its own; say how wide its numbers are: `u32(1, 2)`")]
    List,
    #[error("a truth value has no bytes of its own; write the number you mean: `u8(1)`")]
    Bool,
    #[error("null cannot be written; write the number you mean: `u32(0)`")]
    Null,
}

/// The bytes that `write` copies to memory: text as UTF-8, bytes as they are. Anything else has no
/// width of its own.
pub fn bytes_to_write(value: &Value) -> Result<Vec<u8>, WriteError> {
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
    }
}

/// The number in the narrowest of the usual types that holds it.
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message<T: std::fmt::Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn names_and_types_are_the_same_list() {
        for number in NumberType::ALL {
            assert_eq!(NumberType::from_name(number.name()), Some(number));
            assert_eq!(number.name()[1..].parse(), Ok(number.size() * 8));
        }
        assert_eq!(NumberType::from_name("u128"), None);
    }

    #[test]
    fn every_range_ends_where_it_says() {
        for number in NumberType::ALL {
            let Some((low, high)) = number.range() else {
                continue;
            };
            for n in [low, high] {
                let bytes = encode(number, &Value::Int(n)).unwrap();
                assert_eq!(bytes.len(), number.size());
                assert_eq!(decode(number, &bytes), Ok(Value::Int(n)));
            }
            for n in [low - 1, high + 1, i128::MIN, i128::MAX] {
                assert_eq!(
                    encode(number, &Value::Int(n)),
                    Err(EncodeError::OutOfRange {
                        number,
                        value: n,
                        low,
                        high
                    })
                );
            }
        }
    }

    #[test]
    fn a_number_that_does_not_fit_says_what_would() {
        assert_eq!(
            message(encode(NumberType::U8, &Value::Int(-1))),
            "-1 does not fit u8, which holds 0 to 255"
        );
        assert_eq!(
            message(encode(NumberType::I32, &Value::Int(0xffff_ffff))),
            "4294967295 does not fit i32, which holds -2147483648 to 2147483647; for the same \
             bits write `as_i32(4294967295)`"
        );
        let half = Value::Float(Float::from_f64(0.5));
        assert_eq!(
            message(encode(NumberType::U16, &half)),
            "u16 needs an integer, and 0.5 is a float"
        );
        assert_eq!(
            message(encode(NumberType::F32, &Value::Text("1".into()))),
            "f32 needs a number, not text"
        );
        assert_eq!(
            message(encode(NumberType::U8, &Value::Bool(true))),
            "u8 needs a number, not a truth value"
        );
    }

    #[test]
    fn integers_become_floats_only_exactly() {
        assert_eq!(
            encode(NumberType::F32, &Value::Int(1 << 24)).unwrap(),
            16_777_216f32.to_le_bytes()
        );
        assert_eq!(
            message(encode(NumberType::F32, &Value::Int((1 << 24) + 1))),
            "no f32 is exactly 16777217; write `16777217.0` to have it rounded"
        );
        assert!(encode(NumberType::F64, &Value::Int((1 << 53) + 1)).is_err());
        assert_eq!(
            encode(NumberType::F64, &Value::Int(i128::MIN)).unwrap(),
            (-(2f64.powi(127))).to_le_bytes()
        );
        assert!(encode(NumberType::F64, &Value::Int(i128::MAX)).is_err());
        assert_eq!(encode(NumberType::F32, &Value::Int(0)).unwrap(), [0; 4]);
    }

    #[test]
    fn an_f64_rounds_to_f32_but_never_becomes_infinite() {
        let encoded = |x: f64| encode(NumberType::F32, &Value::Float(Float::from_f64(x)));
        assert_eq!(encoded(0.1).unwrap(), 0.1f32.to_le_bytes());
        assert_eq!(encoded(f64::INFINITY).unwrap(), f32::INFINITY.to_le_bytes());
        assert_eq!(message(encoded(1e300)), "1e300 is too large for f32");
    }

    #[test]
    fn a_nan_keeps_its_payload_at_its_own_width() {
        let bytes = 0x7f80_0001u32.to_le_bytes();
        let value = decode(NumberType::F32, &bytes).unwrap();
        assert_eq!(encode(NumberType::F32, &value).unwrap(), bytes);
    }

    #[test]
    fn a_wrong_size_is_an_error() {
        assert_eq!(
            message(decode(NumberType::U32, &[1, 2, 3])),
            "u32 takes 4 bytes, not 3"
        );
        assert_eq!(
            decode_array(NumberType::U16, &[1, 0, 2, 1]),
            Ok(Value::List(vec![Value::Int(1), Value::Int(258)]))
        );
        assert_eq!(
            message(decode_array(NumberType::U16, &[1, 0, 2])),
            "u16 takes 2 bytes, not 1"
        );
    }

    #[test]
    fn bad_utf8_says_where_and_shows_it() {
        assert_eq!(decode_utf8("häß".as_bytes()).unwrap(), "häß");
        assert_eq!(
            message(decode_utf8(b"ab\xff\x1bc")),
            "not valid UTF-8: a bad byte at byte 2 of 5: \"ab\\xff\\u{1b}c\""
        );
        assert_eq!(
            message(decode_utf8(b"caf\xc3")),
            "not valid UTF-8: a character that is cut off at byte 3 of 4: \"caf\\xc3\""
        );
        let long = [
            "é".repeat(50).as_bytes(),
            b"a\xff",
            "b".repeat(90).as_bytes(),
        ]
        .concat();
        let error = decode_utf8(&long).unwrap_err();
        assert_eq!(error.at, 101);
        assert_eq!(
            error.shown,
            format!("…\"{}a\\xff{}\"…", "é".repeat(11), "b".repeat(23))
        );
    }

    #[test]
    fn bad_utf16_says_where() {
        assert_eq!(decode_utf16(&utf16("a€😀")).unwrap(), "a€😀");
        assert_eq!(
            message(decode_utf16(&[65, 0, 66])),
            "UTF-16 takes an even number of bytes, not 3"
        );
        let lone = [utf16("😀a"), 0xdc00u16.to_le_bytes().to_vec()].concat();
        assert_eq!(
            message(decode_utf16(&lone)),
            "not valid UTF-16: half of a surrogate pair, 0xdc00, stands alone at byte 6 of 8"
        );
        assert!(matches!(
            decode_utf16(&[0, 0xd8]),
            Err(BadUtf16::LoneSurrogate { at: 0, .. })
        ));
    }

    #[test]
    fn only_text_and_bytes_are_written_as_they_are() {
        assert_eq!(
            bytes_to_write(&Value::Text("é".into())).unwrap(),
            [0xc3, 0xa9]
        );
        assert_eq!(bytes_to_write(&Value::Bytes(vec![0xff])).unwrap(), [0xff]);
        assert_eq!(
            message(bytes_to_write(&Value::Int(7))),
            "say how wide the number is: `u32(7)`"
        );
        assert_eq!(
            message(bytes_to_write(&Value::Int(-7))),
            "say how wide the number is: `i32(-7)`"
        );
        assert_eq!(
            message(bytes_to_write(&Value::Int(1 << 40))),
            "say how wide the number is: `u64(1099511627776)`"
        );
        let half = Value::Float(Float::from_f64(0.5));
        assert_eq!(
            message(bytes_to_write(&half)),
            "say how wide the number is: `f64(0.5)`"
        );
        for value in [Value::List(vec![]), Value::Bool(true), Value::Null] {
            assert!(bytes_to_write(&value).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bytes_of_every_number_type_round_trip(bytes in any::<[u8; 8]>()) {
            for number in NumberType::ALL {
                let bytes = &bytes[..number.size()];
                let value = decode(number, bytes).unwrap();
                prop_assert_eq!(encode(number, &value).unwrap(), bytes);
            }
        }

        #[test]
        fn any_integer_is_encoded_exactly_or_refused(n in any::<i128>(), shift in 0u32..128) {
            let value = Value::Int(n >> shift);
            for number in NumberType::ALL {
                let Ok(bytes) = encode(number, &value) else { continue };
                match (decode(number, &bytes).unwrap(), n >> shift) {
                    (Value::Int(back), n) => prop_assert_eq!(back, n),
                    (Value::Float(back), n) => prop_assert_eq!(back.to_f64() as i128, n),
                    (other, _) => prop_assert!(false, "{other}"),
                }
            }
        }

        #[test]
        fn texts_round_trip(text in any::<String>()) {
            prop_assert_eq!(decode_utf8(text.as_bytes()).unwrap(), text.clone());
            prop_assert_eq!(decode_utf16(&utf16(&text)).unwrap(), text.clone());
            prop_assert_eq!(cstr(&text), [text.as_bytes(), &[0]].concat());
        }

        #[test]
        fn arbitrary_bytes_decode_as_the_standard_library_says(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let expected = std::str::from_utf8(&bytes).map_err(|error| error.valid_up_to());
            match (decode_utf8(&bytes), expected) {
                (Ok(text), Ok(same)) => prop_assert_eq!(text, same),
                (Err(error), Err(at)) => {
                    prop_assert_eq!(error.at, at);
                    prop_assert!(!error.to_string().chars().any(safe::is_unsafe));
                }
                (found, expected) => prop_assert!(false, "{found:?} {expected:?}"),
            }
            let _ = decode_utf16(&bytes);
        }
    }
}
