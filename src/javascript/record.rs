//! Records in memory: JavaScript reads and writes each field at its offset.

use super::expression::{Code, RECORD, Scope, Unsupported, translate};
use super::types::{Type, view_suffix};
use super::{is_identifier, literal};
use crate::data_types::{
    ByteOrder, Count, NumberType, RecordKind, Shape, TypeId, TypeRef, TypeTable,
};
use crate::script::ast::{Expr, Name};

/// The largest array whose elements are written out one by one.
const MAX_ELEMENTS: u64 = 8;

/// How many levels of records and arrays are written out.
const MAX_DEPTH: usize = 4;

/// Returns the code that reads memory at an address as a type of a fixed length.
pub(super) fn read(at: &str, ty: &TypeRef) -> Result<String, Unsupported> {
    let value = value_at(ty.table(), ty.id(), 0, 0).ok_or(Unsupported(RECORD))?;
    // An arrow function that returns a record has it in parentheses.
    let value = match value.starts_with('{') {
        true => format!("({value})"),
        false => value,
    };
    Ok(format!(
        "((view, at) => {value})(new DataView(memory.buffer), {at})"
    ))
}

/// Returns the code that writes the fields of a record at an address.
pub(super) fn write(
    at: &str,
    ty: &TypeRef,
    fields: &[(Name, Expr)],
    scope: &Scope,
) -> Result<String, Unsupported> {
    let table = ty.table();
    let mut code = String::from("{\n  const view = new DataView(memory.buffer);\n");
    for (name, value) in fields {
        let (field, offset) = table
            .field(ty.id(), &name.text)
            .ok_or(Unsupported(RECORD))?;
        let (number, order) = number_of(table, field.ty).ok_or(Unsupported(RECORD))?;
        let value = translate(value, scope)?;
        let value = written(&value, number);
        let at = address(at, offset);
        let suffix = view_suffix(number);
        let order = little(number, order);
        code.push_str(&format!("  view.set{suffix}({at}, {value}{order});\n"));
    }
    code.push('}');
    Ok(code)
}

/// Returns the code of the value at an offset from the variable `at`.
fn value_at(table: &TypeTable, id: TypeId, offset: u64, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let ty = table.get(id)?;
    if let Some((number, order)) = number_of(table, id) {
        let (at, suffix, order) = (
            address("at", offset),
            view_suffix(number),
            little(number, order),
        );
        let code = format!("view.get{suffix}({at}{order})");
        return Some(match ty.shape {
            Shape::Bool => format!("{code} !== 0"),
            _ => code,
        });
    }
    match &ty.shape {
        Shape::Record(record) if record.kind == RecordKind::Struct => {
            let mut parts = Vec::new();
            for field in &record.fields {
                if field.bits.is_some() || field.name.is_empty() {
                    return None;
                }
                let name = match is_identifier(&field.name) {
                    true => field.name.to_string(),
                    false => literal(&field.name),
                };
                let at = offset.checked_add(field.offset)?;
                parts.push(format!(
                    "{name}: {}",
                    value_at(table, field.ty, at, depth + 1)?
                ));
            }
            Some(format!("{{ {} }}", parts.join(", ")))
        }
        Shape::Array {
            element,
            count: Count::Fixed(count),
        } if *count <= MAX_ELEMENTS => {
            let size = table.get(*element)?.size;
            let elements: Option<Vec<String>> = (0..*count)
                .map(|index| {
                    let at = offset.checked_add(index.checked_mul(size)?)?;
                    value_at(table, *element, at, depth + 1)
                })
                .collect();
            Some(format!("[{}]", elements?.join(", ")))
        }
        _ => None,
    }
}

/// Returns the number that a field is in memory, if it is one.
fn number_of(table: &TypeTable, id: TypeId) -> Option<(NumberType, ByteOrder)> {
    let ty = table.get(id)?;
    match &ty.shape {
        Shape::Number { number, order } => Some((*number, *order)),
        Shape::Bool if ty.size == 1 => Some((NumberType::U8, ByteOrder::Little)),
        Shape::Pointer { .. } => Some((NumberType::U32, ByteOrder::Little)),
        _ => None,
    }
}

fn address(base: &str, offset: u64) -> String {
    match offset {
        0 => base.to_owned(),
        _ => format!("{base} + {offset}"),
    }
}

/// Returns the last argument of a method of a `DataView`, with its comma.
fn little(number: NumberType, order: ByteOrder) -> &'static str {
    match (number.size(), order) {
        (1, _) => "",
        (_, ByteOrder::Little) => ", true",
        (_, ByteOrder::Big) => ", false",
    }
}

fn written(value: &Code, number: NumberType) -> String {
    match Type::of_number(number) {
        Type::Big => value.big(),
        _ => value.number(),
    }
}
