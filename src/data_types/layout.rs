//! The layout of a type, row by row: offsets, sizes and the holes between fields.

use super::place::fields;
use super::table::{Bits, RecordKind, Shape, TypeId, TypeTable};
use crate::safe;

/// How deep records in records are listed.
const MAX_DEPTH: usize = 8;
/// The most rows of a layout.
const MAX_ROWS: usize = 10_000;

/// A row of a layout: a field, or bytes that no field has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutRow {
    /// The offset from the start of the type, in bytes.
    pub offset: u64,
    /// The size in bytes.
    pub size: u64,
    /// The name, safe to print; empty for a hole.
    pub name: String,
    /// The type; `None` for a hole.
    pub ty: Option<TypeId>,
    /// The bits of the number there that it has; `None` for all of them.
    pub bits: Option<Bits>,
    /// How many records it is in below the type.
    pub depth: usize,
}

/// Returns the layout of a type: its fields and holes, in the order of the declaration. A type
/// without fields has no rows.
pub fn layout(table: &TypeTable, id: TypeId) -> Vec<LayoutRow> {
    let mut rows = Vec::new();
    add(table, id, 0, 0, &mut rows);
    rows
}

fn add(table: &TypeTable, id: TypeId, start: u64, depth: usize, rows: &mut Vec<LayoutRow>) {
    let Some(ty) = table.get(id).filter(|_| depth < MAX_DEPTH) else {
        return;
    };
    if let Shape::Tagged(tagged) = &ty.shape {
        let tag = tagged.tag.iter().map(|tag| (&tag.name, tag.ty, tag.offset));
        let variants = tagged.variants.iter().map(|v| (&v.name, v.ty, 0));
        for (name, ty, offset) in tag.chain(variants) {
            push(table, rows, (start.saturating_add(offset), depth), name, ty);
            add(table, ty, start, depth + 1, rows);
        }
        return;
    }
    let is_struct = matches!(&ty.shape, Shape::Record(record) if record.kind == RecordKind::Struct);
    let mut at = start;
    for field in fields(table, id) {
        let offset = start.saturating_add(field.offset);
        if is_struct {
            hole(rows, at, offset, depth);
        }
        push(table, rows, (offset, depth), &field.name, field.ty);
        if let Some(row) = rows.last_mut() {
            row.bits = field.bits;
        }
        let size = table.get(field.ty).map_or(0, |ty| ty.size);
        at = at.max(offset.saturating_add(size));
        add(table, field.ty, offset, depth + 1, rows);
    }
    if matches!(ty.shape, Shape::Record(_)) {
        hole(rows, at, start.saturating_add(ty.size), depth);
    }
}

fn push(
    table: &TypeTable,
    rows: &mut Vec<LayoutRow>,
    (offset, depth): (u64, usize),
    name: &str,
    ty: TypeId,
) {
    if rows.len() < MAX_ROWS {
        rows.push(LayoutRow {
            offset,
            size: table.get(ty).map_or(0, |ty| ty.size),
            name: safe::plain(name),
            ty: Some(ty),
            bits: None,
            depth,
        });
    }
}

fn hole(rows: &mut Vec<LayoutRow>, from: u64, to: u64, depth: usize) {
    if to > from && rows.len() < MAX_ROWS {
        rows.push(LayoutRow {
            offset: from,
            size: to - from,
            name: String::new(),
            ty: None,
            bits: None,
            depth,
        });
    }
}
