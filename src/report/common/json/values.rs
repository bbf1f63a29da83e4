//! Values and bytes as the trace writes them.

use std::fmt;

use serde::ser::{Serialize, Serializer};

use crate::value::{Float, Value};

/// A value as plain JSON: integers exact, bytes as hex, what no JSON number can be as `"nan"`,
/// `"inf"`, `"-inf"`.
pub(in crate::report) struct Plain<'a>(pub(in crate::report) &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(n) => serializer.serialize_i128(*n),
            Value::Float(x) if !x.to_f64().is_finite() => serializer.collect_str(x),
            Value::Float(Float::F32(bits)) => serializer.serialize_f32(f32::from_bits(*bits)),
            Value::Float(Float::F64(bits)) => serializer.serialize_f64(f64::from_bits(*bits)),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => Hex(bytes).serialize(serializer),
            Value::List(items) => serializer.collect_seq(items.iter().map(Plain)),
            Value::Null => serializer.serialize_unit(),
        }
    }
}

/// Bytes as lower-case hex, two digits each, written as they come.
pub(in crate::report) struct Hex<B>(pub(in crate::report) B);

impl<B: AsRef<[u8]>> Serialize for Hex<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<B: AsRef<[u8]>> fmt::Display for Hex<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 128];
        for part in self.0.as_ref().chunks(digits.len() / 2) {
            for (pair, byte) in digits.chunks_exact_mut(2).zip(part) {
                pair.copy_from_slice(
                    &[byte >> 4, byte & 15].map(|nibble| DIGITS[usize::from(nibble)]),
                );
            }
            let written = digits
                .get(..2 * part.len())
                .and_then(|digits| std::str::from_utf8(digits).ok());
            f.write_str(written.ok_or(fmt::Error)?)?;
        }
        Ok(())
    }
}
