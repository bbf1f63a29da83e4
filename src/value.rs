//! Values: results of expressions of the steps language, what passes between host and guest, and
//! what the timeline records.
//!
//! A leaf, so that script and timeline speak of the same values and need not name each other.

mod capacity;

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::safe;

pub use capacity::OutOfMemory;
pub(crate) use capacity::check_capacity;

/// A value of the steps language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An exact integer. Arithmetic on it is checked, never wrapped.
    Int(i128),
    /// A float of 32 or 64 bits.
    Float(Float),
    /// A truth value.
    Bool(bool),
    /// Text in UTF-8.
    Text(String),
    /// Any bytes.
    Bytes(Vec<u8>),
    /// A list of values, of one type or several.
    List(Vec<Value>),
    /// A null reference.
    Null,
    /// A reference to an object of the host. A script can hold no other reference.
    Object(Object),
    /// The fields of a record in memory.
    Record(RecordValue),
    /// An address in memory, with what is there.
    Pointer(Box<PointerValue>),
    /// An integer with the names that an enumeration gives it.
    Symbol(Symbol),
    /// A field that could not be read, and why; the reason is safe to print.
    NotRead(Arc<str>),
}

/// The fields of a record. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordValue {
    /// The name of its type, not yet safe to print.
    type_name: Option<Arc<str>>,
    /// The names and values, in the order of the type.
    fields: Arc<[(Arc<str>, Value)]>,
}

impl RecordValue {
    /// Creates a record.
    pub fn new(type_name: Option<Arc<str>>, fields: Vec<(Arc<str>, Value)>) -> Self {
        RecordValue {
            type_name,
            fields: fields.into(),
        }
    }

    /// Returns the name of its type, not yet safe to print; `None` where it has none.
    pub fn type_name(&self) -> Option<&str> {
        self.type_name.as_deref()
    }

    /// Returns the names and values, in the order of the type.
    pub fn fields(&self) -> &[(Arc<str>, Value)] {
        &self.fields
    }

    /// Returns the value of a field. Those of an anonymous record in it are fields of it too.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find_map(|(field, value)| match value {
            Value::Record(inner) if field.is_empty() => inner.field(name),
            _ => (**field == *name).then_some(value),
        })
    }

    /// Returns the names of its fields, those of anonymous records in it included.
    pub fn names(&self) -> Vec<&str> {
        let names = self.fields.iter().flat_map(|(field, value)| match value {
            Value::Record(inner) if field.is_empty() => inner.names(),
            _ => vec![&**field],
        });
        names.collect()
    }
}

/// An address in memory, with what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct PointerValue {
    /// The address.
    pub address: u64,
    /// What is there, or why it was not read; the reason is safe to print.
    pub target: Result<Value, Arc<str>>,
}

/// An integer with the names that an enumeration gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The integer.
    pub number: i128,
    /// The name of the value, or those of the bits that are set; not yet safe to print.
    pub names: Vec<Arc<str>>,
    /// The bits without a name.
    pub rest: i128,
}

/// Displays the names, `ack | last`, and the number where it has none; safe to print.
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return write!(f, "{}", self.number);
        }
        for (at, name) in self.names.iter().enumerate() {
            let gap = if at > 0 { " | " } else { "" };
            write!(f, "{gap}{}", safe::plain(name))?;
        }
        if self.rest != 0 {
            write!(f, " | {:#x}", self.rest)?;
        }
        Ok(())
    }
}

/// An object of the host, which a guest can only pass on. It is equal to itself and to nothing
/// else.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its number, by which it is the same in every run of a script.
    number: u64,
    /// Its name.
    name: Arc<str>,
}

impl Object {
    /// Creates an object. No other object of the session has the number.
    pub fn new(number: u64, name: &str) -> Self {
        Object {
            number,
            name: Arc::from(name),
        }
    }

    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// A float with its width.
///
/// It holds the bits, so that the payload of a NaN is the same after its way through a script.
#[derive(Debug, Clone, Copy)]
pub enum Float {
    /// The bits of an f32.
    F32(u32),
    /// The bits of an f64.
    F64(u64),
}

impl Float {
    /// Creates a float of 32 bits.
    pub fn from_f32(value: f32) -> Self {
        Float::F32(value.to_bits())
    }

    /// Creates a float of 64 bits.
    pub fn from_f64(value: f64) -> Self {
        Float::F64(value.to_bits())
    }

    /// Returns the number; an f32 is widened, which is exact.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Float::F32(bits) => f64::from(f32::from_bits(bits)),
            Float::F64(bits) => f64::from_bits(bits),
        }
    }
}

/// Compares floats as numbers: NaN is equal to nothing, and 0.0 equals -0.0.
///
/// An f64 is rounded to an f32 before it is compared with one, so that an f32 result equals the
/// literal that it displays as: `r == 0.1`.
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

/// Compares an f32 with an f64. A number too large for an f32 is not rounded to infinity, which it
/// does not equal.
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
    /// Returns the name of the value's type, as JSON and messages have it: `int`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Bool(_) => "bool",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Null => "null",
            Value::Object(_) => "object",
            Value::Record(_) => "record",
            Value::Pointer(_) => "pointer",
            Value::Symbol(_) => "symbol",
            Value::NotRead(_) => "not_read",
        }
    }

    /// Returns the value's type for a sentence: `an integer`, `text`.
    pub(crate) fn described(&self) -> &'static str {
        match self {
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "a truth value",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "a list",
            Value::Null => "null",
            Value::Object(_) => "an object",
            Value::Record(_) => "a record",
            Value::Pointer(_) => "a pointer",
            Value::Symbol(_) => "a number with a name",
            Value::NotRead(_) => "a field that could not be read",
        }
    }

    /// Returns whether two values are the same bit for bit. A NaN is the same as itself, and 0.0 is
    /// not -0.0.
    pub(crate) fn is_identical(&self, other: &Value) -> bool {
        let all = |a: &[Value], b: &[Value]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_identical(b))
        };
        match (self, other) {
            (Value::Float(Float::F32(a)), Value::Float(Float::F32(b))) => a == b,
            (Value::Float(Float::F64(a)), Value::Float(Float::F64(b))) => a == b,
            (Value::Float(_), Value::Float(_)) => false,
            (Value::List(a), Value::List(b)) => all(a, b),
            (Value::Record(a), Value::Record(b)) => {
                let mut pairs = a.fields.iter().zip(b.fields.iter());
                a.type_name == b.type_name
                    && a.fields.len() == b.fields.len()
                    && pairs.all(|((x, a), (y, b))| x == y && a.is_identical(b))
            }
            (Value::Pointer(a), Value::Pointer(b)) => {
                a.address == b.address
                    && match (&a.target, &b.target) {
                        (Ok(a), Ok(b)) => a.is_identical(b),
                        (a, b) => a == b,
                    }
            }
            (a, b) => a == b,
        }
    }

    /// Returns about how much memory the value takes, in bytes.
    pub fn weight(&self) -> usize {
        let contents = match self {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.iter().map(Value::weight).sum(),
            Value::Object(object) => object.name.len(),
            Value::Record(record) => record.fields().iter().map(|(_, v)| v.weight()).sum(),
            Value::Pointer(pointer) => pointer.target.as_ref().map_or(0, Value::weight),
            Value::Symbol(symbol) => symbol.names.len().saturating_mul(size_of::<Arc<str>>()),
            Value::NotRead(why) => why.len(),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null => 0,
        };
        contents.saturating_add(size_of::<Value>())
    }

    /// Returns the value as the steps language writes it, cut after about `limit` characters, safe
    /// to print.
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
            Value::Object(object) => out.push_str(&safe::cut(&object.name, limit)),
            Value::Symbol(symbol) => {
                let _ = write!(out, "{symbol}");
            }
            Value::NotRead(_) => out.push('?'),
            Value::Pointer(pointer) => {
                let _ = write!(out, "{:#x}", pointer.address);
                if let Ok(target) = &pointer.target {
                    out.push_str(" → ");
                    target.write_brief(out, limit);
                }
            }
            Value::Record(record) => write_record(out, record, limit),
        }
    }
}

/// Adds a record as `Point { x: 1.5, y: 2.0 }`, cut after about `limit` characters.
fn write_record(out: &mut String, record: &RecordValue, limit: usize) {
    if let Some(name) = record.type_name() {
        let _ = write!(out, "{} ", safe::plain(name));
    }
    out.push('{');
    for (at, (name, value)) in record.fields().iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { " " });
        if out.chars().count() > limit {
            let _ = write!(out, "… {} fields in all", record.fields().len());
            break;
        }
        if !name.is_empty() {
            let _ = write!(out, "{}: ", safe::plain(name));
        }
        value.write_brief(out, limit);
    }
    out.push_str(" }");
}

/// Adds bytes as `hex"0a 0b"`, the first `most` of them and at least one.
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

/// Bytes as lower-case hex, two digits each and no blanks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        // A memory can have many bytes, so they are written in parts of 64.
        let mut digits = [0; 128];
        for part in self.0.chunks(digits.len() / 2) {
            for (pair, byte) in digits.chunks_exact_mut(2).zip(part) {
                let nibbles = [byte >> 4, byte & 15];
                let nibbles = nibbles.map(|nibble| DIGITS.get(usize::from(nibble)));
                pair.copy_from_slice(&nibbles.map(|digit| digit.copied().unwrap_or_default()));
            }
            let written = digits.get(..2 * part.len()).unwrap_or_default();
            f.write_str(std::str::from_utf8(written).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Serializes as text.
impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Serializes as plain JSON: integers exactly, bytes as hex, and floats that no JSON number can be
/// as `"nan"`, `"inf"` and `"-inf"`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Int(n) => serializer.serialize_i128(*n),
            Value::Float(x) if !x.to_f64().is_finite() => serializer.collect_str(x),
            Value::Float(Float::F32(bits)) => serializer.serialize_f32(f32::from_bits(*bits)),
            Value::Float(Float::F64(bits)) => serializer.serialize_f64(f64::from_bits(*bits)),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => Hex(bytes).serialize(serializer),
            Value::List(items) => serializer.collect_seq(items),
            Value::Null => serializer.serialize_unit(),
            Value::Object(object) => serializer.serialize_str(&object.name),
            Value::Record(record) => {
                serializer.collect_map(record.fields().iter().map(|(name, value)| (&**name, value)))
            }
            Value::Pointer(pointer) => serialize_pointer(pointer, serializer),
            Value::Symbol(symbol) => serializer.collect_str(symbol),
            Value::NotRead(_) => serializer.serialize_unit(),
        }
    }
}

/// Serializes as `{ "address": 1024, "value": … }`, with `null` for what was not read.
fn serialize_pointer<S: Serializer>(
    pointer: &PointerValue,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("address", &pointer.address)?;
    map.serialize_entry("value", &pointer.target.as_ref().ok())?;
    map.end()
}

/// Displays the shortest decimal that reads back as the same number at its own width.
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

/// Displays the whole value as the steps language writes it, safe to print.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief(usize::MAX / 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_display_in_their_shortest_form() {
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
    fn long_values_are_cut_with_their_length() {
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
