//! A value in memory whose parts are found one at a time, so that the cost of a few parts of a large
//! array is that of those few.

use std::sync::Arc;

use super::decode::{Limits, Memory, decode_field, selected_variant};
use super::node::{Node, NotRead};
use super::table::{Bits, Count, Field, POINTER_SIZE, Shape, Slice, TypeId, TypeRef, TypeTable};
use crate::safe;

/// The most bytes of text that are read to learn its length.
const MAX_TEXT: u64 = 64 << 10;

/// What a value is called in the one that it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartName {
    /// It is no part of another value.
    Root,
    /// The name of a field, not yet safe to print; empty for an anonymous record.
    Field(Arc<str>),
    /// The index of an element.
    Element(u64),
    /// What a pointer refers to.
    Target,
    /// The variant of an enum with data, not yet safe to print.
    Variant(Arc<str>),
}

impl PartName {
    /// Returns the name for people, safe to print: `count`, `[2]`, `*`.
    pub fn label(&self) -> String {
        match self {
            PartName::Root => String::new(),
            PartName::Field(name) if name.is_empty() => "(no name)".into(),
            PartName::Field(name) | PartName::Variant(name) => safe::plain(name),
            PartName::Element(index) => format!("[{index}]"),
            PartName::Target => "*".into(),
        }
    }
}

/// A value in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: PartName,
    /// Its type.
    pub ty: TypeId,
    /// The address of its first byte.
    pub start: u64,
    /// The bits of the number there that it has; `None` for all of them.
    pub bits: Option<Bits>,
    /// The record whose field it is, or whose pointer leads to it, with the record's address: the
    /// number of its elements can be there.
    record: Option<(TypeId, u64)>,
}

/// The parts of a value: none, the fields of a record, the elements of an array, or one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The address in the pointer that leads to them, if one does.
    pub through: Option<u64>,
    of: PartsOf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PartsOf {
    None,
    Fields {
        record: TypeId,
        start: u64,
    },
    Elements {
        element: TypeId,
        size: u64,
        start: u64,
        count: u64,
    },
    One(Box<Place>),
}

impl Place {
    /// Returns the value of a type at an address.
    pub fn root(ty: &TypeRef, start: u64) -> Self {
        Place {
            name: PartName::Root,
            ty: ty.id(),
            start,
            bits: None,
            record: None,
        }
    }

    /// Returns its length in bytes, that of a text or an array as it is in memory.
    pub fn len(&self, table: &TypeTable, memory: &dyn Memory) -> u64 {
        match table.get(self.ty) {
            Some(ty) if table.is_size_known(self.ty) => ty.size,
            Some(_) => {
                let limits = Limits {
                    pointers: 0,
                    nodes: 64,
                    text: MAX_TEXT,
                };
                self.decode(table, memory, limits).len
            }
            None => 0,
        }
    }

    /// Reads its value.
    pub fn decode(&self, table: &TypeTable, memory: &dyn Memory, limits: Limits) -> Node {
        let field = Field {
            name: Arc::from(self.name.label()),
            offset: 0,
            ty: self.ty,
            bits: self.bits,
        };
        let count = count_name(table, self.ty, 0).and_then(|name| {
            let (record, start) = self.record?;
            Some((field_of(table, record, name)?, start))
        });
        decode_field(table, memory, &field, self.start, count, limits)
    }

    /// Finds its parts.
    ///
    /// # Errors
    /// A pointer, a count or a tag cannot be read, or the parts are outside memory.
    pub fn parts(&self, table: &TypeTable, memory: &dyn Memory) -> Result<Parts, NotRead> {
        let Some(ty) = table.get(self.ty) else {
            return Err(NotRead::UnknownType);
        };
        let of = match &ty.shape {
            Shape::Record(_) => PartsOf::Fields {
                record: self.ty,
                start: self.start,
            },
            Shape::Array { element, count } => {
                if is_character(table, *element) {
                    PartsOf::None
                } else {
                    let count = self.count(table, memory, count)?;
                    elements(table, memory, *element, self.start, count)?
                }
            }
            Shape::Tagged(tagged) => {
                let variant = selected_variant(table, memory, tagged, self.start)?;
                PartsOf::One(Box::new(Place {
                    name: PartName::Variant(Arc::clone(&variant.name)),
                    ty: variant.ty,
                    bits: None,
                    record: None,
                    start: self.start,
                }))
            }
            Shape::Pointer { to } => return self.target(table, memory, *to),
            Shape::Slice(slice) => return self.slice(table, memory, slice),
            Shape::Number { .. }
            | Shape::Bool
            | Shape::Character
            | Shape::CString
            | Shape::Text { .. }
            | Shape::Enumeration(_)
            | Shape::Opaque => PartsOf::None,
        };
        Ok(Parts { through: None, of })
    }

    /// Finds what a pointer refers to: the parts of a record or an array there, or the one value.
    fn target(
        &self,
        table: &TypeTable,
        memory: &dyn Memory,
        to: Option<TypeId>,
    ) -> Result<Parts, NotRead> {
        let address = address(memory, self.start)?;
        if address == 0 {
            return Err(NotRead::NullPointer);
        }
        let target = Place {
            name: PartName::Target,
            ty: to.ok_or(NotRead::UnknownType)?,
            start: address,
            bits: None,
            record: self.record,
        };
        let (len, end) = (target.len(table, memory).max(1), memory.len());
        if address.checked_add(len).is_none_or(|last| last > end) {
            let start = address;
            return Err(NotRead::Outside { start, len, end });
        }
        let is_pointer = table
            .get(target.ty)
            .is_some_and(|ty| matches!(ty.shape, Shape::Pointer { .. } | Shape::Slice(_)));
        let of = match target.parts(table, memory) {
            _ if is_pointer => PartsOf::One(Box::new(target)),
            Ok(Parts {
                of: PartsOf::None, ..
            }) => PartsOf::One(Box::new(target)),
            Ok(parts) => parts.of,
            Err(why) => return Err(why),
        };
        let through = Some(address);
        Ok(Parts { through, of })
    }

    fn slice(
        &self,
        table: &TypeTable,
        memory: &dyn Memory,
        slice: &Slice,
    ) -> Result<Parts, NotRead> {
        let start = address(memory, self.start.saturating_add(slice.pointer))?;
        let count = address(memory, self.start.saturating_add(slice.length))?;
        let of = match slice.is_text {
            true => PartsOf::None,
            false => elements(table, memory, slice.element, start, count)?,
        };
        let through = Some(start);
        Ok(Parts { through, of })
    }

    fn count(&self, table: &TypeTable, memory: &dyn Memory, count: &Count) -> Result<u64, NotRead> {
        let name = match count {
            Count::Fixed(count) => return Ok(*count),
            Count::Field(name) => name,
        };
        let read = || {
            let (record, start) = self.record?;
            let field = field_of(table, record, name)?;
            let node = decode_field(table, memory, field, start, None, Limits::default());
            node.integer().and_then(|n| u64::try_from(n).ok())
        };
        read().ok_or_else(|| NotRead::NoCount(safe::plain(name)))
    }
}

impl Parts {
    /// Returns how many there are.
    pub fn len(&self, table: &TypeTable) -> u64 {
        match &self.of {
            PartsOf::None => 0,
            PartsOf::Fields { record, .. } => fields(table, *record).len() as u64,
            PartsOf::Elements { count, .. } => *count,
            PartsOf::One(_) => 1,
        }
    }

    /// Returns one of them.
    pub fn get(&self, table: &TypeTable, index: u64) -> Option<Place> {
        match &self.of {
            PartsOf::None => None,
            PartsOf::Fields { record, start } => {
                let field = fields(table, *record).get(usize::try_from(index).ok()?)?;
                Some(Place {
                    name: PartName::Field(Arc::clone(&field.name)),
                    ty: field.ty,
                    start: start.saturating_add(field.offset),
                    bits: field.bits,
                    record: Some((*record, *start)),
                })
            }
            PartsOf::Elements {
                element,
                size,
                start,
                count,
            } => (index < *count).then(|| Place {
                name: PartName::Element(index),
                ty: *element,
                start: start.saturating_add(index.saturating_mul(*size)),
                bits: None,
                record: None,
            }),
            PartsOf::One(place) => (index == 0).then(|| (**place).clone()),
        }
    }

    /// Returns the type that a pointer of type `pointer` refers to, where the parts are those of a
    /// value there.
    pub fn target_type(&self, table: &TypeTable, pointer: TypeId) -> Option<TypeId> {
        match &table.get(pointer)?.shape {
            Shape::Pointer { to } => *to,
            Shape::Slice(slice) => Some(slice.element),
            _ => None,
        }
    }

    /// Returns the numbers of the parts that can have bytes of `from..to`.
    pub(super) fn within(&self, table: &TypeTable, from: u64, to: u64) -> std::ops::Range<u64> {
        match &self.of {
            PartsOf::Elements { size: 0, .. } => 0..0,
            PartsOf::Elements {
                size, start, count, ..
            } => {
                let first = from.saturating_sub(*start) / size;
                let last = to.saturating_sub(*start).div_ceil(*size);
                first.min(*count)..last.min(*count)
            }
            _ => 0..self.len(table),
        }
    }

    /// Returns the record whose fields they are, with its address.
    pub(super) fn record(&self) -> Option<(TypeId, u64)> {
        match &self.of {
            PartsOf::Fields { record, start } => Some((*record, *start)),
            _ => None,
        }
    }

    /// Returns the type of the elements that they are.
    pub(super) fn element(&self) -> Option<TypeId> {
        match &self.of {
            PartsOf::Elements { element, .. } => Some(*element),
            _ => None,
        }
    }
}

/// Returns elements, if all of them are within memory.
fn elements(
    table: &TypeTable,
    memory: &dyn Memory,
    element: TypeId,
    start: u64,
    count: u64,
) -> Result<PartsOf, NotRead> {
    let size = table.get(element).map_or(0, |ty| ty.size);
    let (len, end) = (count.saturating_mul(size), memory.len());
    if start.checked_add(len).is_none_or(|last| last > end) {
        return Err(NotRead::Outside { start, len, end });
    }
    Ok(PartsOf::Elements {
        element,
        size,
        start,
        count,
    })
}

/// Reads an address of 4 bytes.
fn address(memory: &dyn Memory, start: u64) -> Result<u64, NotRead> {
    let (len, end) = (POINTER_SIZE, memory.len());
    if start.checked_add(len).is_none_or(|last| last > end) {
        return Err(NotRead::Outside { start, len, end });
    }
    let bytes = memory.read(start, len);
    let bytes: [u8; 4] = bytes.as_slice().try_into().unwrap_or_default();
    Ok(u32::from_le_bytes(bytes).into())
}

/// Returns the fields of a record; none of another type.
pub(super) fn fields(table: &TypeTable, id: TypeId) -> &[Field] {
    match table.get(id).map(|ty| &ty.shape) {
        Some(Shape::Record(record)) => &record.fields,
        _ => &[],
    }
}

fn field_of<'t>(table: &'t TypeTable, record: TypeId, name: &str) -> Option<&'t Field> {
    let mut fields = fields(table, record).iter();
    fields.find(|field| *field.name == *name)
}

/// Returns the field that has the number of elements of a type, or of what it points to.
fn count_name(table: &TypeTable, id: TypeId, depth: usize) -> Option<&str> {
    const MAX_DEPTH: usize = 8;
    match &table.get(id).filter(|_| depth < MAX_DEPTH)?.shape {
        Shape::Array { count, .. } | Shape::Text { bytes: count, .. } => match count {
            Count::Field(name) => Some(name),
            Count::Fixed(_) => None,
        },
        Shape::Pointer { to } => count_name(table, (*to)?, depth + 1),
        _ => None,
    }
}

fn is_character(table: &TypeTable, id: TypeId) -> bool {
    let ty = table.get(id);
    ty.is_some_and(|ty| ty.shape == Shape::Character && ty.size == 1)
}
