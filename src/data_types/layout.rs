//! The rows of a layout: fields in the order of their offsets, and the bytes between them.

use super::table::{Bits, DataType, Field, Record, RecordKind, Shape, Tagged, TypeId, TypeTable};

/// How many levels of anonymous records are written out.
const MAX_DEPTH: usize = 8;

/// How many rows a layout has at most.
const MAX_ROWS: usize = 10_000;

/// A layout.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The rows.
    pub rows: Vec<LayoutRow>,
    /// How many fields the type itself has.
    pub fields: usize,
    /// How many holes are between fields, those of anonymous records included.
    pub holes: usize,
    /// How many bytes these holes have.
    pub hole_bytes: u64,
    /// How many bytes after the last field belong to the type.
    pub padding: u64,
}

/// A row of a layout.
#[derive(Debug, PartialEq, Eq)]
pub struct LayoutRow {
    /// How many records it is in.
    pub depth: usize,
    /// The offset from the start of the whole type, in bytes.
    pub offset: u64,
    /// The size in bytes.
    pub size: u64,
    /// What it has.
    pub kind: LayoutRowKind,
}

/// What a row has.
#[derive(Debug, PartialEq, Eq)]
pub enum LayoutRowKind {
    /// A field.
    Field {
        /// The name, not yet safe to print; empty for an anonymous record, whose fields follow.
        name: String,
        /// The name of its type, not yet safe to print.
        type_name: String,
        /// The bits of the number there that it has; `None` for all of them.
        bits: Option<Bits>,
    },
    /// Bytes between two fields.
    Hole,
    /// Bytes after the last field.
    Padding,
    /// A variant of an enum with data; its fields follow.
    Variant {
        /// The name, not yet safe to print.
        name: String,
        /// The values of the tag that select it, as text.
        tags: String,
    },
    /// There are more rows than are written.
    More,
}

impl Layout {
    /// Lays out the rows of a type. One without fields has no rows.
    pub fn new(table: &TypeTable, id: TypeId) -> Self {
        let mut layout = Layout::default();
        if let Some(ty) = table.get(id) {
            layout.fields = match &ty.shape {
                Shape::Record(record) => record.fields.len(),
                Shape::Tagged(tagged) => tagged.variants.len(),
                _ => 0,
            };
            layout.add(table, ty, 0, 0);
        }
        layout
    }

    fn add(&mut self, table: &TypeTable, ty: &DataType, start: u64, depth: usize) {
        match &ty.shape {
            Shape::Record(record) => self.add_record(table, ty, record, start, depth),
            Shape::Tagged(tagged) => self.add_variants(table, tagged, start, depth),
            _ => {}
        }
    }

    fn add_record(
        &mut self,
        table: &TypeTable,
        ty: &DataType,
        record: &Record,
        start: u64,
        depth: usize,
    ) {
        let mut fields: Vec<&Field> = record.fields.iter().collect();
        let first_bit = |field: &Field| {
            let bits = field.bits.map_or(0, |bits| u64::from(bits.first));
            field.offset.saturating_mul(8).saturating_add(bits)
        };
        if record.kind == RecordKind::Struct {
            fields.sort_by_key(|field| first_bit(field));
        }
        let mut end = 0u64;
        for field in fields {
            let size = table.get(field.ty).map_or(0, |ty| ty.size);
            let first = first_bit(field);
            if record.kind == RecordKind::Struct {
                self.add_gap(end, first / 8, start, depth, LayoutRowKind::Hole);
            }
            let last = match field.bits {
                Some(bits) => first.saturating_add(bits.count.into()).div_ceil(8),
                None => field.offset.saturating_add(size),
            };
            end = end.max(last);
            self.add_field(table, field, start, depth);
        }
        self.add_gap(end, ty.size, start, depth, LayoutRowKind::Padding);
    }

    /// Adds the bytes from `end` to `next`, if there are any.
    fn add_gap(&mut self, end: u64, next: u64, start: u64, depth: usize, kind: LayoutRowKind) {
        let Some(size) = next.checked_sub(end).filter(|size| *size > 0) else {
            return;
        };
        if kind == LayoutRowKind::Hole {
            self.holes = self.holes.saturating_add(1);
            self.hole_bytes = self.hole_bytes.saturating_add(size);
        } else if depth == 0 {
            self.padding = size;
        }
        self.push(depth, start.saturating_add(end), size, kind);
    }

    fn add_field(&mut self, table: &TypeTable, field: &Field, start: u64, depth: usize) {
        let ty = table.get(field.ty);
        let kind = LayoutRowKind::Field {
            name: field.name.to_string(),
            type_name: table.label(field.ty),
            bits: field.bits,
        };
        let offset = start.saturating_add(field.offset);
        self.push(depth, offset, ty.map_or(0, |ty| ty.size), kind);
        if let Some(ty) = ty
            && (ty.name.is_none() || field.name.is_empty())
            && depth < MAX_DEPTH
        {
            self.add(table, ty, offset, depth + 1);
        }
    }

    fn add_variants(&mut self, table: &TypeTable, tagged: &Tagged, start: u64, depth: usize) {
        if let Some(tag) = &tagged.tag {
            self.add_field(table, tag, start, depth);
        }
        for variant in &tagged.variants {
            let Some(ty) = table.get(variant.ty) else {
                continue;
            };
            let tags = variant
                .tags
                .iter()
                .map(|tags| match tags.start() == tags.end() {
                    true => tags.start().to_string(),
                    false => format!("{}..={}", tags.start(), tags.end()),
                });
            let kind = LayoutRowKind::Variant {
                name: variant.name.to_string(),
                tags: tags.collect::<Vec<_>>().join(", "),
            };
            self.push(depth, start, ty.size, kind);
            if let Shape::Record(record) = &ty.shape
                && depth < MAX_DEPTH
            {
                // What no field of a variant has is often a tag, or a field of another variant.
                for field in &record.fields {
                    self.add_field(table, field, start, depth + 1);
                }
            }
        }
    }

    fn push(&mut self, depth: usize, offset: u64, size: u64, kind: LayoutRowKind) {
        let kind = match self.rows.len() {
            MAX_ROWS => LayoutRowKind::More,
            len if len > MAX_ROWS => return,
            _ => kind,
        };
        self.rows.push(LayoutRow {
            depth,
            offset,
            size,
            kind,
        });
    }
}
