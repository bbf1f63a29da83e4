//! Types of standard libraries that are an address with a length beside it.
//!
//! Nothing in debug information marks them. So both the name and the members must be those that
//! the library's own type has.

use crate::data_types::{Field, Record, RecordKind, Shape, Slice, TypeId, TypeTable};

/// How many fields are looked into for the pointer of a vector, which is within a few records.
const MAX_FIELDS: usize = 64;

/// Returns the slice that a record is; `None` for any other record. `parameter` is the first type
/// argument.
pub(super) fn slice(
    name: &str,
    record: &Record,
    parameter: Option<TypeId>,
    table: &TypeTable,
) -> Option<Slice> {
    if record.kind != RecordKind::Struct {
        return None;
    }
    reference(name, record, table)
        .or_else(|| vector(name, record, parameter, table))
        .or_else(|| string(name, record, table))
}

/// Recognises `&str`, `&[T]` and `Box<[T]>` of Rust, `[]T` of Zig, `string` and `[]T` of Go.
fn reference(name: &str, record: &Record, table: &TypeTable) -> Option<Slice> {
    const MEMBERS: [(&str, &str); 2] = [("data_ptr", "length"), ("ptr", "len")];
    let (pointer, length) = MEMBERS
        .iter()
        .find_map(|(pointer, length)| Some((field(record, pointer)?, field(record, length)?)))?;
    let is_rust = &*pointer.name == "data_ptr" && record.fields.len() == 2;
    let is_other = &*pointer.name == "ptr"
        && record.fields.len() <= 3
        && (name == "string" || name.starts_with("[]") || name.starts_with("[:"));
    if !is_rust && !is_other {
        return None;
    }
    let Shape::Pointer { to } = &table.get(pointer.ty)?.shape else {
        return None;
    };
    let is_text = if is_rust {
        is_text_of_rust(name)
    } else {
        name == "string"
    };
    counted(pointer.offset, length, (*to)?, is_text, table)
}

/// Returns whether a name is that of a reference to `str`, or of a box of it.
fn is_text_of_rust(name: &str) -> bool {
    let name = name
        .trim_start_matches(['&', '*'])
        .trim_start_matches("mut ")
        .trim_start_matches("const ");
    name == "str" || name.contains("Box<str") || name.contains("Rc<str") || name.contains("Arc<str")
}

/// Recognises `Vec<T>`, whose pointer is within several records.
fn vector(
    name: &str,
    record: &Record,
    parameter: Option<TypeId>,
    table: &TypeTable,
) -> Option<Slice> {
    if !name.starts_with("Vec<") {
        return None;
    }
    let buffer = field(record, "buf")?;
    let length = field(record, "len")?;
    let mut left = MAX_FIELDS;
    let pointer = pointer_within(buffer, table, &mut left)?;
    counted(pointer, length, parameter?, false, table)
}

/// Recognises `String`, which has nothing but a vector of bytes.
fn string(name: &str, record: &Record, table: &TypeTable) -> Option<Slice> {
    let [vector] = record.fields.as_slice() else {
        return None;
    };
    if name != "String" || &*vector.name != "vec" {
        return None;
    }
    match &table.get(vector.ty)?.shape {
        Shape::Slice(slice) if table.get(slice.element)?.size == 1 => Some(Slice {
            pointer: vector.offset.checked_add(slice.pointer)?,
            length: vector.offset.checked_add(slice.length)?,
            is_text: true,
            ..slice.clone()
        }),
        _ => None,
    }
}

/// Returns the offset of the first pointer within a field.
fn pointer_within(field: &Field, table: &TypeTable, left: &mut usize) -> Option<u64> {
    *left = left.checked_sub(1)?;
    match &table.get(field.ty)?.shape {
        Shape::Pointer { .. } => Some(field.offset),
        Shape::Record(record) => record.fields.iter().find_map(|inner| {
            let within = pointer_within(inner, table, left)?;
            field.offset.checked_add(within)
        }),
        _ => None,
    }
}

fn counted(
    pointer: u64,
    length: &Field,
    element: TypeId,
    is_text: bool,
    table: &TypeTable,
) -> Option<Slice> {
    let has_four_bytes = table.get(length.ty)?.size == 4;
    has_four_bytes.then_some(Slice {
        element,
        pointer,
        length: length.offset,
        is_text,
    })
}

fn field<'r>(record: &'r Record, name: &str) -> Option<&'r Field> {
    record.fields.iter().find(|field| &*field.name == name)
}
