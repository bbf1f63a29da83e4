//! A value: what an expression of the steps language comes to, what passes between host and guest,
//! and what the timeline keeps. A leaf: it knows no other part of the program, so that script and
//! timeline need not know each other.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use crate::safe;

/// A value of the steps language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Exact; arithmetic on it is checked, never wrapped.
    Int(i128),
    Float(Float),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    /// A reference that is null; any other reference cannot be held by a script.
    Null,
}

/// A float that remembers its width. Holds the bits, so that a NaN's payload survives the way
/// through a script.
#[derive(Debug, Clone, Copy)]
pub enum Float {
    F32(u32),
    F64(u64),
}

impl Float {
    pub fn from_f32(value: f32) -> Self {
        Float::F32(value.to_bits())
    }

    pub fn from_f64(value: f64) -> Self {
        Float::F64(value.to_bits())
    }

    /// The number, widened where it is an f32 (which is exact).
    pub fn to_f64(self) -> f64 {
        match self {
            Float::F32(bits) => f64::from(f32::from_bits(bits)),
            Float::F64(bits) => f64::from_bits(bits),
        }
    }
}

/// Numbers compare as numbers: NaN is equal to nothing, 0.0 equals -0.0. Beside an f32 an f64 is
/// first rounded to an f32, so that an f32 result equals the literal it prints as: `r == 0.1`.
impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Float::F32(narrow), Float::F64(wide)) => compare_narrow(*narrow, *wide),
            (Float::F64(wide), Float::F32(narrow)) => {
                compare_narrow(*narrow, *wide).map(Ordering::reverse)
            }
            (Float::F32(_), Float::F32(_)) | (Float::F64(_), Float::F64(_)) => {
                self.to_f64().partial_cmp(&other.to_f64())
            }
        }
    }
}

/// An f32 against an f64. A number past what an f32 holds is not rounded to infinity, which it does
/// not equal.
fn compare_narrow(narrow: u32, wide: u64) -> Option<Ordering> {
    let (narrow, wide) = (f32::from_bits(narrow), f64::from_bits(wide));
    let rounded = wide as f32;
    if rounded.is_infinite() {
        f64::from(narrow).partial_cmp(&wide)
    } else {
        narrow.partial_cmp(&rounded)
    }
}

impl Value {
    /// The word for this value's type, as JSON and messages use it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Bool(_) => "bool",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Null => "null",
        }
    }

    /// The type with its article, for a sentence: "an integer", "text".
    pub fn described(&self) -> &'static str {
        match self {
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "a truth value",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "a list",
            Value::Null => "null",
        }
    }

    /// What the value takes in memory, roughly, in bytes.
    pub fn weight(&self) -> usize {
        let within = match self {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.iter().map(Value::weight).sum(),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null => 0,
        };
        within.saturating_add(size_of::<Value>())
    }

    /// Shows the value as the steps language writes it, cut after about `limit` characters, safe to
    /// print.
    pub fn brief(&self, limit: usize) -> String {
        let mut out = String::new();
        self.write_brief(&mut out, limit);
        out
    }

    fn write_brief(&self, out: &mut String, limit: usize) {
        match self {
            Value::Text(text) => out.push_str(&safe::quoted(text, limit)),
            Value::Bytes(bytes) => write_hex_literal(out, bytes, limit / 3),
            Value::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    if out.chars().count() > limit {
                        let _ = write!(out, "… {} in all", items.len());
                        break;
                    }
                    item.write_brief(out, limit);
                }
                out.push(']');
            }
            Value::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Value::Float(x) => {
                let _ = write!(out, "{x}");
            }
            Value::Bool(b) => {
                let _ = write!(out, "{b}");
            }
            Value::Null => out.push_str("null"),
        }
    }
}

fn write_hex_literal(out: &mut String, bytes: &[u8], most: usize) {
    out.push_str("hex\"");
    for (i, byte) in bytes.iter().take(most.max(1)).enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out.push('"');
    if bytes.len() > most.max(1) {
        let _ = write!(out, "… {} bytes in all", bytes.len());
    }
}

/// The shortest decimal that reads back as the same number at its own width.
impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.to_f64();
        if x.is_nan() {
            return f.write_str("nan");
        }
        if x.is_infinite() {
            return f.write_str(if x > 0.0 { "inf" } else { "-inf" });
        }
        let plain = x == 0.0 || (1e-5..1e16).contains(&x.abs());
        match (self, plain) {
            (Float::F32(bits), true) => write!(f, "{:?}", f32::from_bits(*bits)),
            (Float::F32(bits), false) => write!(f, "{:e}", f32::from_bits(*bits)),
            (Float::F64(_), true) => write!(f, "{x:?}"),
            (Float::F64(_), false) => write!(f, "{x:e}"),
        }
    }
}

/// The whole value, as the steps language writes it, safe to print.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief(usize::MAX / 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_shortest_and_marked() {
        assert_eq!(Float::from_f32(0.1).to_string(), "0.1");
        assert_eq!(Float::from_f64(1.0).to_string(), "1.0");
        assert_eq!(Float::from_f64(-0.0).to_string(), "-0.0");
        assert_eq!(Float::from_f64(1e300).to_string(), "1e300");
        assert_eq!(Float::from_f64(f64::NEG_INFINITY).to_string(), "-inf");
        assert_eq!(Float::from_f64(f64::NAN).to_string(), "nan");
    }

    #[test]
    fn floats_of_two_widths_compare_as_the_narrower() {
        let (narrow, wide) = (Float::from_f32, Float::from_f64);
        assert_eq!(narrow(0.1), wide(0.1));
        assert_eq!(wide(0.1), narrow(0.1));
        assert!(narrow(0.1) <= wide(0.1) && wide(0.1) >= narrow(0.1));
        assert!(narrow(0.1) < wide(0.2) && wide(0.2) > narrow(0.1));
        assert_ne!(wide(0.1), wide(f64::from(0.1_f32)));
        assert_eq!(narrow(f32::INFINITY), wide(f64::INFINITY));
        assert!(narrow(f32::INFINITY) > wide(1e300) && wide(-1e300) > narrow(f32::NEG_INFINITY));
        assert!(narrow(f32::MAX) < wide(1e300));
        assert_ne!(narrow(f32::NAN), wide(f64::NAN));
        assert_eq!(narrow(-0.0), wide(0.0));
    }

    #[test]
    fn long_values_are_cut_and_say_so() {
        assert_eq!(
            Value::Bytes(vec![1, 2, 3, 4]).brief(6),
            "hex\"01 02\"… 4 bytes in all"
        );
        assert_eq!(Value::Bytes(vec![]).to_string(), "hex\"\"");
        assert_eq!(
            Value::List(vec![Value::Int(1), Value::Null]).to_string(),
            "[1, null]"
        );
    }

    #[test]
    fn guest_text_is_never_raw() {
        assert_eq!(
            Value::Text("a\u{1b}[2J\u{202e}b".into()).to_string(),
            r#""a\u{1b}[2J\u{202e}b""#
        );
    }
}
