//! Structs, unions, enumerations and enums with data.

use std::ops::RangeInclusive;
use std::sync::Arc;

use gimli::AttributeValue;

use super::builder::{Builder, is_field};
use super::entries::Entry;
use super::library;
use super::scalars::{self, natural_align, opaque};
use crate::data_types::{
    Bits, ByteOrder, DataType, Enumeration, Field, NumberType, Record, RecordKind, Shape, Tagged,
    TypeId, Variant,
};

impl<'a> Builder<'a, '_, '_> {
    /// Builds a struct, a class or a union.
    pub fn record(&mut self, entry: &Entry<'a>, kind: RecordKind, name: Option<&str>) -> DataType {
        let size = entry.number(gimli::DW_AT_byte_size).unwrap_or(0);
        let children = self.entries.children(entry);
        let mut fields: Vec<Field> = Vec::new();
        let mut tagged: Option<Tagged> = None;
        for child in &children {
            match child.tag() {
                gimli::DW_TAG_variant_part => tagged = tagged.or(self.tagged(child, size)),
                gimli::DW_TAG_inheritance => self.add_base(child, &mut fields),
                tag if is_field(tag) => fields.extend(self.field(child, size)),
                _ => {}
            }
        }
        let parameter = children
            .iter()
            .find(|child| child.tag() == gimli::DW_TAG_template_type_parameter)
            .and_then(|child| self.type_of(child));
        let record = Record {
            kind,
            is_packed: false,
            fields,
        };
        if let Some(name) = name
            && let Some(slice) = library::slice(name, &record, parameter, self.table)
        {
            return sized(size, 4, Shape::Slice(slice));
        }
        let Some(tagged) = tagged else {
            return self.laid_out(record, size);
        };
        if record.fields.is_empty() {
            let align = self.align_of_tagged(&tagged);
            return sized(size, fitting(align, size), Shape::Tagged(tagged));
        }
        let align = self.align_of_tagged(&tagged);
        let inner = sized(size, fitting(align, size), Shape::Tagged(tagged));
        let mut record = record;
        record.fields.push(Field {
            name: Arc::from(""),
            offset: 0,
            ty: self.table.add(inner),
            bits: None,
        });
        self.laid_out(record, size)
    }

    /// Returns a record whose alignment follows from its fields. A field at an odd place shows that
    /// the record is packed.
    fn laid_out(&self, record: Record, size: u64) -> DataType {
        let mut record = record;
        let mut align = 1;
        for field in &record.fields {
            let (_, own) = self.extent(field.ty);
            if field.offset.is_multiple_of(own) && size.is_multiple_of(own) {
                align = align.max(own);
            } else {
                record.is_packed = true;
            }
        }
        sized(size, align, Shape::Record(record))
    }

    fn align_of_tagged(&self, tagged: &Tagged) -> u64 {
        let variants = tagged.variants.iter().map(|variant| variant.ty);
        let tag = tagged.tag.iter().map(|tag| tag.ty);
        variants
            .chain(tag)
            .map(|ty| self.extent(ty).1)
            .max()
            .unwrap_or(1)
    }

    /// Adds the fields of a base class, as if they were those of the class itself.
    fn add_base(&mut self, entry: &Entry<'a>, fields: &mut Vec<Field>) {
        // The place of a virtual base is known only at run time.
        let Some(offset) = location(entry) else {
            return;
        };
        let base = self.type_of(entry);
        let Some(base) = base.and_then(|id| self.table.get(id)) else {
            return;
        };
        let Shape::Record(record) = &base.shape else {
            return;
        };
        // Each field is compared with those before it.
        let work = record.fields.len().saturating_mul(fields.len() / 16 + 1);
        if self.entries.count_work(work).is_none() {
            return;
        }
        for field in &record.fields {
            let is_hidden = fields.iter().any(|other| other.name == field.name);
            let name = match &base.name {
                Some(base) if is_hidden && !field.name.is_empty() => {
                    Arc::from(format!("{base}::{}", field.name))
                }
                _ => Arc::clone(&field.name),
            };
            fields.push(Field {
                name,
                offset: offset.saturating_add(field.offset),
                ..field.clone()
            });
        }
    }

    /// Builds a field of a record of `size` bytes; `None` for one that is not in the record.
    fn field(&mut self, entry: &Entry<'a>, size: u64) -> Option<Field> {
        // A static member is a variable.
        if entry.has(gimli::DW_AT_external) || entry.has(gimli::DW_AT_declaration) {
            return None;
        }
        let name = self.entries.name(entry).unwrap_or_default();
        let ty = match self.type_of(entry) {
            Some(ty) => ty,
            None => self.opaque(None, 0),
        };
        let field = Field {
            name: Arc::from(name),
            offset: location(entry)?,
            ty,
            bits: None,
        };
        match entry.number(gimli::DW_AT_bit_size) {
            Some(count) => self.bit_field(entry, field, count, size),
            None => Some(field),
        }
    }

    /// Finds the number that a bit field is part of: of its own type if that is within the record,
    /// else the smallest that has all of its bits.
    fn bit_field(
        &mut self,
        entry: &Entry<'a>,
        field: Field,
        count: u64,
        record_size: u64,
    ) -> Option<Field> {
        let bits_of = |count: u64, first: u64| {
            Some(Bits {
                first: u32::try_from(first).ok()?,
                count: u32::try_from(count).ok().filter(|n| (1..=64).contains(n))?,
            })
        };
        let first = self.first_bit(entry, &field, count)?;
        let (size, _) = self.extent(field.ty);
        let end = first.checked_add(count)?;
        let unit = size.checked_mul(8).filter(|bits| *bits > 0)?;
        let start = first / unit;
        let is_within = end <= start.checked_add(1)?.checked_mul(unit)?
            && start.checked_add(1)?.checked_mul(size)? <= record_size.max(size);
        if is_within {
            return Some(Field {
                offset: start * size,
                bits: bits_of(count, first - start * unit),
                ..field
            });
        }
        // Bits of a packed record may begin in one unit and end in the next.
        for size in [1, 2, 4, 8] {
            let offset = (first / 8).min(record_size.saturating_sub(size));
            let last = offset.checked_add(size)?;
            if end <= last.checked_mul(8)? && last <= record_size {
                return Some(Field {
                    offset,
                    bits: bits_of(count, first - offset * 8),
                    ty: self.integer_like(field.ty, size)?,
                    ..field
                });
            }
        }
        None
    }

    /// Returns the first bit of a bit field, counted from the start of the record.
    fn first_bit(&self, entry: &Entry<'a>, field: &Field, count: u64) -> Option<u64> {
        let start = field.offset.checked_mul(8)?;
        if let Some(first) = entry.number(gimli::DW_AT_data_bit_offset) {
            return start.checked_add(first);
        }
        let Some(from_top) = entry.number(gimli::DW_AT_bit_offset) else {
            return Some(start);
        };
        // The older attribute counts from the most significant bit of the number.
        let (size, _) = self.extent(field.ty);
        let size = entry.number(gimli::DW_AT_byte_size).unwrap_or(size);
        let bits = size.checked_mul(8)?;
        let first = i128::from(start) + i128::from(bits) - i128::from(from_top) - i128::from(count);
        u64::try_from(first).ok()
    }

    /// Returns an integer of another size with the sign of a type.
    fn integer_like(&mut self, ty: TypeId, size: u64) -> Option<TypeId> {
        let ty = self.table.get(ty)?;
        let number = match &ty.shape {
            Shape::Number { number, .. } => *number,
            Shape::Enumeration(numbers) => numbers.number,
            Shape::Bool => NumberType::U8,
            _ => return None,
        };
        let is_signed = number.range()?.0 < 0;
        let number = scalars::integer(size, is_signed)?;
        let name = ty.name.clone();
        Some(self.table.add(DataType {
            name,
            ..plain_number(number)
        }))
    }

    /// Builds the variants of an enum with data.
    fn tagged(&mut self, entry: &Entry<'a>, size: u64) -> Option<Tagged> {
        let tag = entry
            .reference(gimli::DW_AT_discr)
            .and_then(|at| self.entries.entry(at))
            .filter(|tag| tag.tag() == gimli::DW_TAG_member)
            .and_then(|tag| self.field(&tag, size));
        let tag = tag.map(|tag| Field {
            name: Arc::from("tag"),
            ..tag
        });
        let number = tag.as_ref().and_then(|tag| self.number_of(tag.ty));
        let mut variants = Vec::new();
        for child in self.entries.children(entry) {
            if child.tag() == gimli::DW_TAG_variant
                && let Some(variant) = self.variant(&child, number, size)
            {
                variants.push(variant);
            }
        }
        (!variants.is_empty()).then_some(Tagged { tag, variants })
    }

    fn variant(
        &mut self,
        entry: &Entry<'a>,
        number: Option<NumberType>,
        size: u64,
    ) -> Option<Variant> {
        let tags = match number {
            Some(number) => tags(entry, number),
            None => Vec::new(),
        };
        let children = self.entries.children(entry);
        let members: Vec<Field> = children
            .iter()
            .filter(|child| child.tag() == gimli::DW_TAG_member)
            .filter_map(|child| self.field(child, size))
            .collect();
        let is_record = |ty: TypeId| {
            let ty = self.table.get(ty).map(|ty| &ty.shape);
            matches!(ty, Some(Shape::Record(_)))
        };
        if let [only] = members.as_slice()
            && only.offset == 0
            && is_record(only.ty)
        {
            return Some(Variant {
                name: Arc::clone(&only.name),
                tags,
                ty: only.ty,
            });
        }
        let name = match members.as_slice() {
            [only] => Arc::clone(&only.name),
            _ => self.entries.name(entry).map_or(Arc::from(""), Arc::from),
        };
        let record = Record {
            kind: RecordKind::Struct,
            is_packed: false,
            fields: members,
        };
        let ty = self.laid_out(record, size);
        let ty = self.table.add(DataType {
            name: Some(Arc::clone(&name)),
            ..ty
        });
        Some(Variant { name, tags, ty })
    }

    /// Returns the integer that a type is in memory.
    fn number_of(&self, ty: TypeId) -> Option<NumberType> {
        match &self.table.get(ty)?.shape {
            Shape::Number { number, .. } => number.range().map(|_| *number),
            Shape::Enumeration(numbers) => Some(numbers.number),
            Shape::Bool => Some(NumberType::U8),
            Shape::Character => Some(NumberType::U32),
            // A niche can be an address that no reference has, such as 0.
            Shape::Pointer { .. } => Some(NumberType::U32),
            _ => None,
        }
    }

    /// Builds an enumeration. Where no type of its numbers is given, its size and values show it.
    pub fn enumeration(&mut self, entry: &Entry<'a>, size: Option<u64>) -> DataType {
        let declared = self.type_of(entry);
        let number = declared.and_then(|ty| self.number_of(ty));
        let size = size
            .or_else(|| declared.map(|ty| self.extent(ty).0))
            .unwrap_or(0);
        let children = self.entries.children(entry);
        let values: Vec<(String, AttributeValue<_>)> = children
            .iter()
            .filter(|child| child.tag() == gimli::DW_TAG_enumerator)
            .filter_map(|child| {
                let value = child.inner.attr_value(gimli::DW_AT_const_value)?;
                Some((self.entries.name(child)?, value))
            })
            .collect();
        let is_signed = values
            .iter()
            .any(|(_, value)| matches!(value, AttributeValue::Sdata(n) if *n < 0));
        let number = number
            .filter(|number| number.size() as u64 == size)
            .or_else(|| scalars::integer(size, is_signed));
        let Some(number) = number else {
            return opaque(None, size);
        };
        let values = values.iter().filter_map(|(name, value)| {
            Some((Arc::from(name.as_str()), scalars::constant(value, number)?))
        });
        sized(
            size,
            natural_align(size),
            Shape::Enumeration(Enumeration {
                number,
                order: ByteOrder::Little,
                is_flags: false,
                values: values.collect(),
            }),
        )
    }
}

fn sized(size: u64, align: u64, shape: Shape) -> DataType {
    DataType {
        name: None,
        size,
        align,
        shape,
    }
}

fn plain_number(number: NumberType) -> DataType {
    let size = number.size() as u64;
    let order = ByteOrder::Little;
    sized(size, size, Shape::Number { number, order })
}

/// Returns an alignment that a type of this size can have.
fn fitting(align: u64, size: u64) -> u64 {
    if size.is_multiple_of(align) { align } else { 1 }
}

/// Returns the offset of a member in bytes; `None` where only the running program knows it.
fn location(entry: &Entry<'_>) -> Option<u64> {
    match entry.inner.attr_value(gimli::DW_AT_data_member_location) {
        None => Some(0),
        Some(AttributeValue::Exprloc(expression)) => {
            let mut operations = expression.operations(entry.unit.unit.encoding());
            match (operations.next().ok()??, operations.next().ok()?) {
                (gimli::Operation::PlusConstant { value }, None) => Some(value),
                _ => None,
            }
        }
        Some(value) => value.udata_value(),
    }
}

/// Returns the values of the tag that select a variant; none for the variant of all other values.
fn tags(entry: &Entry<'_>, number: NumberType) -> Vec<RangeInclusive<i128>> {
    if let Some(value) = entry.inner.attr_value(gimli::DW_AT_discr_value) {
        let value = scalars::constant(&value, number);
        return value.map(|value| value..=value).into_iter().collect();
    }
    match entry.inner.attr_value(gimli::DW_AT_discr_list) {
        Some(AttributeValue::Block(list)) => {
            let mut tags = Vec::new();
            let _ = read_list(list, number, &mut tags);
            tags
        }
        _ => Vec::new(),
    }
}

/// Reads a list of values and ranges (DWARF 5, section 5.7.10). If it becomes invalid halfway, what
/// was read before that is used.
fn read_list<R: gimli::Reader>(
    mut list: R,
    number: NumberType,
    tags: &mut Vec<RangeInclusive<i128>>,
) -> gimli::Result<()> {
    let is_signed = number.range().is_some_and(|(low, _)| low < 0);
    let value = |list: &mut R| -> gimli::Result<i128> {
        let raw = if is_signed {
            i128::from(list.read_sleb128()?)
        } else {
            i128::from(list.read_uleb128()?)
        };
        Ok(scalars::wrap(raw, number))
    };
    while !list.is_empty() {
        let kind = list.read_u8()?;
        let low = value(&mut list)?;
        let high = match gimli::DwDsc(kind) {
            gimli::DW_DSC_range => value(&mut list)?,
            _ => low,
        };
        tags.push(low..=high);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_has_values_and_ranges_with_the_sign_of_the_tag() {
        let bytes = [0, 0x7f, 1, 0x02, 0x05];
        let read = |number| {
            let mut tags = Vec::new();
            let list = gimli::EndianSlice::new(&bytes, gimli::LittleEndian);
            read_list(list, number, &mut tags).unwrap();
            tags
        };
        assert_eq!(read(NumberType::I8), [-1..=-1, 2..=5]);
        assert_eq!(read(NumberType::U8), [127..=127, 2..=5]);
    }

    #[test]
    fn a_cut_list_of_tags_keeps_what_was_read() {
        let bytes = [0, 3, 1, 4];
        let mut tags = Vec::new();
        let list = gimli::EndianSlice::new(&bytes, gimli::LittleEndian);
        assert!(read_list(list, NumberType::U8, &mut tags).is_err());
        assert_eq!(tags, [3..=3]);
    }
}
