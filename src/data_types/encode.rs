//! Writes values as a type: the bytes of each field, without the padding between them.

use std::sync::Arc;

use super::encoding;
use super::scalar::scalar_value;
use super::table::{
    ByteOrder, Count, DataType, Enumeration, Field, Record, RecordKind, Shape, TextEncoding,
    TypeId, TypeTable,
};
use crate::safe;
use crate::text;
use crate::value::{RecordValue, Value};

/// Bytes to write at an offset from the start of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The offset of the first byte.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a value is none of a type. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", subject(.path))]
pub struct NotWritable {
    /// The field: `points[1].x`; empty for the whole value.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

fn subject(path: &str) -> String {
    match path {
        "" => String::new(),
        path => format!("{path}: "),
    }
}

type Encoded<T> = Result<T, NotWritable>;

impl NotWritable {
    fn new(message: impl Into<String>) -> Self {
        NotWritable {
            path: String::new(),
            message: message.into(),
        }
    }

    /// Adds the part of the value that this error is about, such as `.x` or `[1]`.
    fn within(mut self, part: &str) -> Self {
        let is_joined = self.path.is_empty() || self.path.starts_with('[');
        let dot = if is_joined { "" } else { "." };
        self.path = format!("{part}{dot}{}", self.path);
        self
    }
}

/// Returns the bytes of a value as a type, in the order of its fields. A record that has only some
/// of the fields has only their bytes.
///
/// # Errors
/// The value, or a part of it, is none of the type.
pub fn encode(table: &TypeTable, id: TypeId, value: &Value) -> Result<Vec<Piece>, NotWritable> {
    let mut pieces = Vec::new();
    add(table, id, value, 0, &mut pieces)?;
    Ok(pieces)
}

/// Returns a value as it would be read as a type: an integer for a float is a float, a name of an
/// enumeration has its number.
///
/// # Errors
/// The value, or a part of it, is none of the type.
pub fn typed(table: &TypeTable, id: TypeId, value: Value) -> Result<Value, NotWritable> {
    let Some(ty) = table.get(id) else {
        return Ok(value);
    };
    match (&ty.shape, value) {
        (_, value @ Value::NotRead(_)) => Ok(value),
        (Shape::Record(record), Value::Record(given)) => {
            typed_record(table, id, ty, record, &given)
        }
        (Shape::Array { element, .. }, Value::List(items)) => {
            let items = items.into_iter().enumerate().map(|(index, item)| {
                typed(table, *element, item).map_err(|error| error.within(&format!("[{index}]")))
            });
            let items = Value::List(items.collect::<Result<_, _>>()?);
            encode(table, id, &items).map(|_| items)
        }
        (Shape::Array { element, .. }, Value::Bytes(bytes)) => {
            encode(table, id, &Value::Bytes(bytes.clone()))?;
            let numbers = bytes.into_iter().map(|byte| {
                let ty = table.get(*element);
                ty.and_then(|ty| scalar_value(ty, &[byte]).ok())
                    .unwrap_or(Value::Int(byte.into()))
            });
            Ok(Value::List(numbers.collect()))
        }
        (Shape::Pointer { to: Some(to) }, value) if is_content(&value) => typed(table, *to, value),
        (Shape::Number { .. } | Shape::Enumeration(_), value) => {
            let pieces = encode(table, id, &value)?;
            let bytes = pieces.into_iter().next().unwrap_or_else(|| Piece {
                offset: 0,
                bytes: Vec::new(),
            });
            scalar_value(ty, &bytes.bytes).map_err(|why| NotWritable::new(why.to_string()))
        }
        (_, value) => encode(table, id, &value).map(|_| value),
    }
}

/// Returns whether a value is what a pointer refers to, and no address.
fn is_content(value: &Value) -> bool {
    matches!(
        value,
        Value::Text(_) | Value::Record(_) | Value::List(_) | Value::Bytes(_)
    )
}

/// Returns a record with the fields that are given, in the order of its type.
fn typed_record(
    table: &TypeTable,
    id: TypeId,
    ty: &DataType,
    record: &Record,
    given: &RecordValue,
) -> Encoded<Value> {
    check_type(ty, given)?;
    for (name, _) in given.fields() {
        known_field(table, id, ty, name)?;
    }
    let mut fields = Vec::new();
    for field in &record.fields {
        let value = match &*field.name {
            "" => anonymous(table, field, given),
            name => given.field(name).cloned(),
        };
        let Some(value) = value else { continue };
        let value = typed(table, field.ty, value)
            .map_err(|error| error.within(&safe::plain(&field.name)))?;
        fields.push((Arc::clone(&field.name), value));
    }
    Ok(Value::Record(RecordValue::new(ty.name.clone(), fields)))
}

/// Returns the fields of an anonymous record that are given among those around it.
fn anonymous(table: &TypeTable, field: &Field, given: &RecordValue) -> Option<Value> {
    let names = table.field_names(field.ty);
    let fields: Vec<(Arc<str>, Value)> = names
        .into_iter()
        .filter_map(|name| {
            let value = given.field(&name)?.clone();
            Some((name, value))
        })
        .collect();
    (!fields.is_empty()).then(|| Value::Record(RecordValue::new(None, fields)))
}

/// Checks that a record is of a type, if both have names.
fn check_type(ty: &DataType, given: &RecordValue) -> Encoded<()> {
    match (&ty.name, given.type_name()) {
        (Some(wanted), Some(found)) if **wanted != *found => Err(NotWritable::new(format!(
            "it is {}, and {} is needed",
            safe::plain(found),
            safe::plain(wanted)
        ))),
        _ => Ok(()),
    }
}

/// Checks that a type has a field of this name; an anonymous record has none.
fn known_field(table: &TypeTable, id: TypeId, ty: &DataType, name: &str) -> Encoded<()> {
    if name.is_empty() || table.field(id, name).is_some() {
        return Ok(());
    }
    let label = match &ty.name {
        Some(name) => safe::plain(name),
        None => "the record".to_owned(),
    };
    let names = table.field_names(id);
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let advice = field_advice(name, &names);
    Err(NotWritable::new(format!(
        "{label} has no field {}; {advice}",
        safe::plain(name)
    )))
}

/// Returns the second half of a message about a field that does not exist.
pub(crate) fn field_advice(name: &str, names: &[&str]) -> String {
    match text::nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{}`?", safe::plain(near)),
        None => {
            let names = names.iter().map(|name| safe::plain(name));
            format!("its fields are {}", text::list::first(names, 8))
        }
    }
}

/// Adds the bytes of a value that begins at an offset.
fn add(
    table: &TypeTable,
    id: TypeId,
    value: &Value,
    offset: u64,
    pieces: &mut Vec<Piece>,
) -> Encoded<()> {
    let Some(ty) = table.get(id) else {
        return Err(NotWritable::new("its type is not known"));
    };
    if let Value::NotRead(why) = value {
        return Err(NotWritable::new(format!("it could not be read: {why}")));
    }
    match (&ty.shape, value) {
        (Shape::Record(record), Value::Record(given)) => {
            check_type(ty, given)?;
            add_record(table, id, ty, record, given, offset, pieces)
        }
        (Shape::Array { element, count }, Value::List(items)) => {
            check_count(count, items.len(), "element")?;
            let size = table.get(*element).map_or(0, |ty| ty.size);
            for (index, item) in items.iter().enumerate() {
                let before = (index as u64).saturating_mul(size);
                let at = offset.saturating_add(before);
                add(table, *element, item, at, pieces)
                    .map_err(|error| error.within(&format!("[{index}]")))?;
            }
            Ok(())
        }
        _ => {
            let bytes = scalar(table, ty, value)?;
            pieces.push(Piece { offset, bytes });
            Ok(())
        }
    }
}

fn add_record(
    table: &TypeTable,
    id: TypeId,
    ty: &DataType,
    record: &Record,
    given: &RecordValue,
    offset: u64,
    pieces: &mut Vec<Piece>,
) -> Encoded<()> {
    for (name, _) in given.fields() {
        known_field(table, id, ty, name)?;
    }
    for field in &record.fields {
        let value = match &*field.name {
            "" => anonymous(table, field, given),
            name => given.field(name).cloned(),
        };
        let Some(value) = value else { continue };
        let is_other_member = record.kind == RecordKind::Union && given.fields().len() > 1;
        if is_other_member && matches!(value, Value::NotRead(_)) {
            continue;
        }
        if field.bits.is_some() {
            let message = "a bit-field has no bytes of its own; write the number that it is in";
            return Err(NotWritable::new(message).within(&safe::plain(&field.name)));
        }
        check_length_field(table, field, &value, given)?;
        let at = offset.saturating_add(field.offset);
        add(table, field.ty, &value, at, pieces)
            .map_err(|error| error.within(&safe::plain(&field.name)))?;
    }
    Ok(())
}

/// Checks that a list or a text is as long as the field with its length, if both are given.
fn check_length_field(
    table: &TypeTable,
    field: &Field,
    value: &Value,
    given: &RecordValue,
) -> Encoded<()> {
    let (name, len) = match (table.get(field.ty).map(|ty| &ty.shape), value) {
        (
            Some(Shape::Array {
                count: Count::Field(name),
                ..
            }),
            Value::List(items),
        ) => (name, items.len()),
        (
            Some(Shape::Text {
                encoding,
                bytes: Count::Field(name),
            }),
            Value::Text(text),
        ) => (name, text_bytes(*encoding, text).len()),
        _ => return Ok(()),
    };
    let count = match given.field(name) {
        Some(Value::Int(n)) => *n,
        Some(Value::Symbol(symbol)) => symbol.number,
        _ => return Ok(()),
    };
    if i128::try_from(len) == Ok(count) {
        return Ok(());
    }
    let message = format!("it has {len}, but {} is {count}", safe::plain(name));
    Err(NotWritable::new(message).within(&safe::plain(&field.name)))
}

fn check_count(count: &Count, given: usize, noun: &str) -> Encoded<()> {
    match count {
        Count::Fixed(n) if *n != given as u64 => Err(NotWritable::new(format!(
            "{} given, and {} needed",
            text::count(given, noun),
            match n {
                1 => "1 is".to_owned(),
                n => format!("{n} are"),
            }
        ))),
        _ => Ok(()),
    }
}

fn text_bytes(text_encoding: TextEncoding, text: &str) -> Vec<u8> {
    match text_encoding {
        TextEncoding::Utf8 => text.as_bytes().to_vec(),
        TextEncoding::Utf16 => encoding::utf16(text),
    }
}

/// Returns the bytes of a value without fields.
fn scalar(table: &TypeTable, ty: &DataType, value: &Value) -> Encoded<Vec<u8>> {
    let size = usize::try_from(ty.size).unwrap_or(usize::MAX);
    let wrong = |takes: &str| {
        Err(NotWritable::new(format!(
            "{} ({}) was given; it takes {takes}",
            value.described(),
            value.brief(40)
        )))
    };
    match (&ty.shape, value) {
        (Shape::Number { number, order }, _) => number_bytes(*number, *order, value),
        (Shape::Enumeration(numbers), Value::Text(names)) => {
            let number = number_of(numbers, names)?;
            number_bytes(numbers.number, numbers.order, &Value::Int(number))
        }
        (Shape::Enumeration(numbers), _) => number_bytes(numbers.number, numbers.order, value),
        (Shape::Bool, Value::Bool(truth)) => Ok(padded(vec![u8::from(*truth)], size)),
        (Shape::Bool, _) => wrong("true or false"),
        (Shape::Character, Value::Text(text)) => character_bytes(text, size),
        (Shape::Character, Value::Int(n)) if (0..128).contains(n) => {
            Ok(padded(vec![u8::try_from(*n).unwrap_or_default()], size))
        }
        (Shape::Character, _) => wrong("a text of one character"),
        (Shape::Pointer { .. }, _) => address_bytes(value),
        (Shape::CString, Value::Text(text)) if !text.contains('\0') => Ok(encoding::cstr(text)),
        (Shape::CString, _) => wrong("text without a NUL"),
        (Shape::Text { encoding, bytes }, Value::Text(text)) => {
            let encoded = text_bytes(*encoding, text);
            fitting(encoded, bytes, "byte")
        }
        (Shape::Text { .. }, _) => wrong("text"),
        (Shape::Array { element, count }, Value::Text(text)) => {
            match table.get(*element).map(|ty| (&ty.shape, ty.size)) {
                Some((Shape::Character, 1)) => fitting(text.as_bytes().to_vec(), count, "byte"),
                _ => wrong("a list"),
            }
        }
        (Shape::Array { element, count }, Value::Bytes(bytes)) => {
            if table.get(*element).is_none_or(|ty| ty.size != 1) {
                return wrong("a list");
            }
            check_count(count, bytes.len(), "byte")?;
            Ok(bytes.clone())
        }
        (Shape::Array { .. }, _) => wrong("a list"),
        (Shape::Opaque, Value::Bytes(bytes)) if bytes.len() == size => Ok(bytes.clone()),
        (Shape::Opaque, _) => wrong(&text::count(size, "byte")),
        (Shape::Record(_), _) => wrong("a record"),
        (Shape::Tagged(_) | Shape::Slice(_), _) => Err(NotWritable::new(
            "a value of this type cannot be written as a whole; write the bytes of its fields",
        )),
    }
}

/// Returns the bytes of a text that fills at most the given length, with zeros after it.
fn fitting(bytes: Vec<u8>, count: &Count, noun: &str) -> Encoded<Vec<u8>> {
    let Count::Fixed(most) = count else {
        return Ok(bytes);
    };
    let most = usize::try_from(*most).unwrap_or(usize::MAX);
    if bytes.len() > most {
        return Err(NotWritable::new(format!(
            "the text has {}, and at most {most} fit",
            text::count(bytes.len(), noun)
        )));
    }
    Ok(padded(bytes, most))
}

fn padded(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
    // The size comes from a type, which can be larger than any text.
    const MOST: usize = 16 << 20;
    if size <= MOST {
        bytes.resize(size, 0);
    }
    bytes
}

fn number_bytes(number: super::NumberType, order: ByteOrder, value: &Value) -> Encoded<Vec<u8>> {
    let plain = match value {
        Value::Symbol(symbol) => Value::Int(symbol.number),
        Value::Pointer(pointer) => Value::Int(pointer.address.into()),
        other => other.clone(),
    };
    let mut bytes =
        encoding::encode(number, &plain).map_err(|error| NotWritable::new(error.to_string()))?;
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    Ok(bytes)
}

/// Returns the bytes of an address. A negative i32 is read as the unsigned integer of the same
/// bits, as everywhere in a script.
fn address_bytes(value: &Value) -> Encoded<Vec<u8>> {
    let number = match value {
        Value::Int(n) => *n,
        Value::Symbol(symbol) => symbol.number,
        Value::Pointer(pointer) => pointer.address.into(),
        Value::Null => 0,
        other => {
            return Err(NotWritable::new(format!(
                "{} ({}) was given; a pointer is written as the address that it refers to",
                other.described(),
                other.brief(40)
            )));
        }
    };
    let bits = i32::try_from(number)
        .map(i32::cast_unsigned)
        .or_else(|_| u32::try_from(number));
    bits.map(|bits| bits.to_le_bytes().to_vec())
        .map_err(|_| NotWritable::new(format!("{number} is no address of 32 bits")))
}

fn character_bytes(text: &str, size: usize) -> Encoded<Vec<u8>> {
    let mut characters = text.chars();
    let (Some(c), None) = (characters.next(), characters.next()) else {
        return Err(NotWritable::new(format!(
            "{} is not one character",
            safe::quoted(text, 40)
        )));
    };
    let number = u32::from(c);
    let most = match size {
        1 => 0x7f,
        2 => 0xffff,
        _ => u32::MAX,
    };
    if number > most {
        return Err(NotWritable::new(format!(
            "{} does not fit in {}",
            safe::quoted(text, 40),
            text::count(size, "byte")
        )));
    }
    Ok(number.to_le_bytes().into_iter().take(size).collect())
}

/// Returns the number that has a name in an enumeration, or several flags joined by `|`.
fn number_of(numbers: &Enumeration, names: &str) -> Encoded<i128> {
    let find = |name: &str| {
        let found = numbers.values.iter().find(|(known, _)| **known == *name);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = numbers.values.iter().map(|(name, _)| &**name).collect();
            let advice = match text::nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean {}?", safe::quoted(near, 40)),
                None => {
                    let names = known.iter().map(|name| safe::quoted(name, 40));
                    format!("its names are {}", text::list::first(names, 8))
                }
            };
            NotWritable::new(format!("there is no {}; {advice}", safe::quoted(name, 40)))
        })
    };
    if !numbers.is_flags {
        return find(names.trim());
    }
    names
        .split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .try_fold(0, |bits, name| Ok(bits | find(name)?))
}
