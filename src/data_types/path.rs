//! Which field has a byte: its path, as the steps language writes it, and the fields of a range of
//! bytes.

use std::sync::Arc;

use super::decode::Memory;
use super::place::{PartName, Parts, Place, fields};
use super::table::{RecordKind, Shape, TypeId, TypeRef, TypeTable};
use crate::safe;

/// How deep values are searched; types of debug information can nest without end.
const MAX_DEPTH: usize = 64;

/// The innermost field or element that has a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    /// The numbers of the parts from the outermost value to it.
    pub steps: Vec<u64>,
    /// The path from the outermost value, safe to print: `[2].points → [1].y`.
    pub text: String,
    /// The field, or the record that has the padding.
    pub place: Place,
    /// Its length in bytes.
    pub len: u64,
    /// The padding that has the byte, if it is one of padding.
    pub padding: Option<Padding>,
}

/// Bytes of a record that no field has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Padding {
    /// The address of the first one.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
    /// The field before them, not yet safe to print; `None` at the start of the record.
    pub after: Option<Arc<str>>,
}

/// The bytes of a field without parts, or padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpan {
    /// The address of the first byte.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
    /// Whether no field has them.
    pub is_padding: bool,
}

/// A memory of all addresses whose bytes are not known.
struct Unknown;

impl Memory for Unknown {
    fn len(&self) -> u64 {
        u64::MAX
    }

    fn read(&self, _: u64, len: u64) -> Vec<u8> {
        vec![0; usize::try_from(len).unwrap_or(0)]
    }
}

/// Returns the innermost field or element at an offset of a type. The path ends at an enum with data
/// and at a part whose length is in memory, because their bytes are not known.
pub fn path_at(ty: &TypeRef, offset: u64) -> Option<FieldPath> {
    let root = Place::root(ty, 0);
    let finder = Finder {
        table: ty.table(),
        memory: &Unknown,
        has_bytes: false,
    };
    (offset < ty.size()).then(|| finder.descend(Trail::new(root), offset))
}

/// Finds the field or element that has the byte at an address: one of the value itself, or one that
/// its pointers lead to. At most `pointers` are followed one after another, and `most` values are
/// examined, so that a part of a large value is not always found.
pub fn find_address(
    ty: &TypeRef,
    memory: &dyn Memory,
    start: u64,
    address: u64,
    (pointers, most): (usize, usize),
) -> Option<FieldPath> {
    let finder = Finder {
        table: ty.table(),
        memory,
        has_bytes: true,
    };
    let root = Place::root(ty, start);
    if finder.contains(&root, address) {
        return Some(finder.descend(Trail::new(root), address));
    }
    let mut budget = most;
    finder.search(&Trail::new(root), address, pointers, &mut budget)
}

/// A value, and the way to it.
#[derive(Clone)]
struct Trail {
    steps: Vec<u64>,
    text: String,
    place: Place,
}

impl Trail {
    fn new(place: Place) -> Self {
        Trail {
            steps: Vec::new(),
            text: String::new(),
            place,
        }
    }

    /// Returns the trail to a part.
    fn to(&self, index: u64, part: Place, is_through_pointer: bool) -> Self {
        let mut steps = self.steps.clone();
        steps.push(index);
        let mut text = self.text.clone();
        if is_through_pointer {
            text.push_str(" → ");
        }
        match &part.name {
            PartName::Field(name) if name.is_empty() => {}
            PartName::Field(name) | PartName::Variant(name) => {
                if !text.ends_with("→ ") {
                    text.push('.');
                }
                text.push_str(&safe::plain(name));
            }
            PartName::Element(_) => text.push_str(&part.name.label()),
            PartName::Root | PartName::Target => {}
        }
        Trail {
            steps,
            text,
            place: part,
        }
    }

    fn end(self, len: u64, padding: Option<Padding>) -> FieldPath {
        FieldPath {
            steps: self.steps,
            text: self.text.trim_end().to_owned(),
            place: self.place,
            len,
            padding,
        }
    }
}

struct Finder<'a> {
    table: &'a TypeTable,
    memory: &'a dyn Memory,
    has_bytes: bool,
}

impl Finder<'_> {
    fn contains(&self, place: &Place, address: u64) -> bool {
        let end = place
            .start
            .saturating_add(place.len(self.table, self.memory));
        (place.start..end).contains(&address)
    }

    fn parts(&self, place: &Place) -> Option<Parts> {
        let shape = &self.table.get(place.ty)?.shape;
        if !self.has_bytes && matches!(shape, Shape::Tagged(_)) {
            return None;
        }
        place.parts(self.table, self.memory).ok()
    }

    /// Returns the parts of a value that are in its own bytes, and not where a pointer leads.
    fn own_parts(&self, place: &Place) -> Option<Parts> {
        match &self.table.get(place.ty)?.shape {
            Shape::Pointer { .. } | Shape::Slice(_) => None,
            _ => self.parts(place),
        }
    }

    /// Returns the part that has a byte, with its number.
    fn part_at(&self, parts: &Parts, address: u64) -> Option<(u64, Place)> {
        let next = address.saturating_add(1);
        let mut numbers = parts.within(self.table, address, next);
        numbers.find_map(|index| {
            let part = parts.get(self.table, index)?;
            self.contains(&part, address).then_some((index, part))
        })
    }

    /// Returns the innermost part of a value that has the byte; the value has it.
    fn descend(&self, mut trail: Trail, address: u64) -> FieldPath {
        for _ in 0..MAX_DEPTH {
            let Some(parts) = self.own_parts(&trail.place) else {
                break;
            };
            let Some((index, part)) = self.part_at(&parts, address) else {
                let padding = parts
                    .record()
                    .map(|(record, start)| self.padding(record, start, &trail.place, address));
                let len = trail.place.len(self.table, self.memory);
                return trail.end(len, padding);
            };
            trail = trail.to(index, part, false);
        }
        let len = trail.place.len(self.table, self.memory);
        trail.end(len, None)
    }

    /// Returns the padding of a record that has the byte.
    fn padding(&self, record: TypeId, start: u64, place: &Place, address: u64) -> Padding {
        let mut from = start;
        let mut to = start.saturating_add(place.len(self.table, self.memory));
        let mut after = None;
        for field in fields(self.table, record) {
            let field_start = start.saturating_add(field.offset);
            let size = self.table.get(field.ty).map_or(0, |ty| ty.size);
            let end = field_start.saturating_add(size);
            if end <= address && end >= from {
                from = end;
                after = Some(Arc::clone(&field.name));
            } else if field_start > address {
                to = to.min(field_start);
            }
        }
        Padding {
            start: from,
            len: to.saturating_sub(from),
            after,
        }
    }

    /// Follows the pointers of a value to the byte.
    fn search(
        &self,
        trail: &Trail,
        address: u64,
        pointers: usize,
        budget: &mut usize,
    ) -> Option<FieldPath> {
        *budget = budget.checked_sub(1)?;
        if trail.steps.len() > MAX_DEPTH || !self.has_pointers(trail.place.ty, 0) {
            return None;
        }
        let parts = self.parts(&trail.place)?;
        let is_through_pointer = parts.through.is_some();
        let pointers = pointers.checked_sub(usize::from(is_through_pointer))?;
        if is_through_pointer && let Some((index, part)) = self.part_at(&parts, address) {
            return Some(self.descend(trail.to(index, part, true), address));
        }
        (0..parts.len(self.table)).find_map(|index| {
            if *budget == 0 {
                return None;
            }
            let part = parts.get(self.table, index)?;
            let next = trail.to(index, part, is_through_pointer);
            self.search(&next, address, pointers, budget)
        })
    }

    /// Returns whether a value of a type can lead elsewhere.
    fn has_pointers(&self, id: TypeId, depth: usize) -> bool {
        const MAX_DEPTH: usize = 8;
        let Some(ty) = self.table.get(id).filter(|_| depth < MAX_DEPTH) else {
            return depth >= MAX_DEPTH;
        };
        match &ty.shape {
            Shape::Pointer { .. } | Shape::Slice(_) => true,
            Shape::Array { element, .. } => self.has_pointers(*element, depth + 1),
            Shape::Record(record) => {
                let mut fields = record.fields.iter();
                fields.any(|field| self.has_pointers(field.ty, depth + 1))
            }
            Shape::Tagged(tagged) => {
                let mut variants = tagged.variants.iter();
                variants.any(|variant| self.has_pointers(variant.ty, depth + 1))
            }
            _ => false,
        }
    }
}

/// Returns the fields without parts, and the padding, that have bytes of `from..to`, in the order of
/// the type. An array of single bytes counts as one field.
pub fn field_spans(
    ty: &TypeRef,
    memory: &dyn Memory,
    start: u64,
    (from, to): (u64, u64),
) -> Vec<FieldSpan> {
    let mut spans = Spans {
        finder: Finder {
            table: ty.table(),
            memory,
            has_bytes: true,
        },
        from,
        to,
        found: Vec::new(),
    };
    spans.add(&Place::root(ty, start), 0);
    spans.found
}

struct Spans<'a> {
    finder: Finder<'a>,
    from: u64,
    to: u64,
    found: Vec<FieldSpan>,
}

impl Spans<'_> {
    fn add(&mut self, place: &Place, depth: usize) {
        let table = self.finder.table;
        let len = place.len(table, self.finder.memory);
        let end = place.start.saturating_add(len);
        if len == 0 || place.start >= self.to || end <= self.from || depth > MAX_DEPTH {
            return;
        }
        let parts = self.finder.own_parts(place);
        let parts = parts.filter(|parts| !is_of_bytes(table, parts));
        let Some(parts) = parts.filter(|parts| parts.len(table) > 0) else {
            self.push(place.start, len, false);
            return;
        };
        for index in parts.within(table, self.from, self.to) {
            if let Some(part) = parts.get(table, index) {
                self.add(&part, depth + 1);
            }
        }
        if let Some((record, start)) = parts.record() {
            self.add_padding(record, start, end);
        }
    }

    /// Adds the bytes of a record that no field has.
    fn add_padding(&mut self, record: TypeId, start: u64, end: u64) {
        let table = self.finder.table;
        let shape = table.get(record).map(|ty| &ty.shape);
        let is_struct =
            matches!(shape, Some(Shape::Record(record)) if record.kind == RecordKind::Struct);
        let mut at = start;
        for field in fields(table, record) {
            let size = table.get(field.ty).map_or(0, |ty| ty.size);
            let from = start.saturating_add(field.offset);
            if is_struct && from > at {
                self.push(at, from - at, true);
            }
            // The length of the last field can be in memory: then no padding follows it.
            at = at.max(from.saturating_add(if size == 0 { u64::MAX } else { size }));
        }
        if end > at {
            self.push(at, end - at, true);
        }
    }

    fn push(&mut self, start: u64, len: u64, is_padding: bool) {
        if start < self.to && start.saturating_add(len) > self.from {
            self.found.push(FieldSpan {
                start,
                len,
                is_padding,
            });
        }
    }
}

fn is_of_bytes(table: &TypeTable, parts: &Parts) -> bool {
    parts
        .element()
        .and_then(|element| table.get(element))
        .is_some_and(|ty| ty.size == 1 && !matches!(ty.shape, Shape::Record(_)))
}
