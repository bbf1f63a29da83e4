//! Layouts and lists of types as JSON, `linmem.types/1`. `docs/json.md` describes every key.

use serde_json::{Value, json};

use super::TypeList;
use super::text::kind;
use crate::data_types::{Bits, Layout, LayoutRowKind, Shape, Tagged, TypeId, TypeTable};

const SCHEMA: &str = "linmem.types/1";

/// Returns the document with a list of types.
pub(super) fn list(list: &TypeList) -> Value {
    let types = list.types.iter();
    let variables = list.variables.iter();
    json!({
        "schema": SCHEMA,
        "path": list.path,
        "types": types.map(|ty| json!({ "name": ty.name, "size": ty.size })).collect::<Vec<_>>(),
        "variables": variables.map(|variable| json!({
            "name": variable.name,
            "address": variable.address,
            "type": variable.type_name,
            "size": variable.size,
        })).collect::<Vec<_>>(),
    })
}

/// Returns the document with one type.
pub(super) fn layout(path: &str, name: &str, table: &TypeTable, id: TypeId) -> Value {
    let layout = Layout::new(table, id);
    let Some(ty) = table.get(id) else {
        return Value::Null;
    };
    let gaps = |wanted: LayoutRowKind| -> Vec<Value> {
        let rows = layout.rows.iter().filter(|row| row.kind == wanted);
        rows.map(|row| json!({ "offset": row.offset, "size": row.size }))
            .collect()
    };
    let values = match &ty.shape {
        Shape::Enumeration(numbers) => numbers.values.as_slice(),
        _ => &[],
    };
    json!({
        "schema": SCHEMA,
        "path": path,
        "type": {
            "name": name,
            "kind": kind(ty),
            "size": ty.size,
            "has_length_in_memory": !table.is_size_known(id),
            "align": ty.align,
            "fields": fields(table, id),
            "variants": variants(table, &ty.shape),
            "values": values.iter()
                .map(|(name, value)| json!({ "name": **name, "value": value }))
                .collect::<Vec<_>>(),
            "holes": gaps(LayoutRowKind::Hole),
            "hole_bytes": layout.hole_bytes,
            "padding": layout.padding,
        },
    })
}

/// Returns the fields of a record, in the order of the declaration.
fn fields(table: &TypeTable, id: TypeId) -> Vec<Value> {
    let Some(Shape::Record(record)) = table.get(id).map(|ty| &ty.shape) else {
        return Vec::new();
    };
    let field = |field: &crate::data_types::Field| {
        json!({
            "name": *field.name,
            "offset": field.offset,
            "size": table.get(field.ty).map_or(0, |ty| ty.size),
            "type": table.label(field.ty),
            "bits": field.bits.map(|Bits { first, count }| json!({ "first": first, "count": count })),
        })
    };
    record.fields.iter().map(field).collect()
}

fn variants(table: &TypeTable, shape: &Shape) -> Vec<Value> {
    let Shape::Tagged(Tagged { tag, variants }) = shape else {
        return Vec::new();
    };
    let tag = tag.as_ref().map(|tag| tag.offset);
    let variants = variants.iter().map(|variant| {
        let tags = variant.tags.iter();
        json!({
            "name": *variant.name,
            "tag_offset": tag,
            "tags": tags.map(|tags| json!({ "first": tags.start(), "last": tags.end() }))
                .collect::<Vec<_>>(),
            "fields": fields(table, variant.ty),
        })
    });
    variants.collect()
}
