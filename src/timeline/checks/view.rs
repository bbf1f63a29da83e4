//! A view of the script: memory with a type, whose fields findings name.

use super::blocks::overlap;
use crate::data_types::{Count, FieldPath, FieldSpan, Shape, TypeRef, field_spans, find_address};
use crate::safe;
use crate::timeline::{Image, Span};

/// How many bytes of a finding or a write are examined for fields.
pub(super) const MAX_EXAMINED: u64 = 256;
/// The longest path of a field in a message, in characters.
const MAX_PATH: usize = 60;

/// A view that the script named.
#[derive(Debug)]
pub(super) struct View {
    pub name: String,
    pub span: Span,
    pub ty: TypeRef,
    /// The offsets of its pointers, ascending; a limited number.
    pub pointers: Vec<u64>,
}

impl View {
    /// Returns the path of the field that has a byte, safe to print, and the field.
    pub fn path_at(&self, address: u64, memory: &Image) -> Option<(String, FieldPath)> {
        let found = find_address(&self.ty, memory, self.span.start, address, (0, 0))?;
        let path = format!("{}{}", self.name, found.text);
        Some((safe::cut(&path, MAX_PATH), found))
    }

    /// Returns the fields and the padding that have bytes of a span.
    pub fn spans_within(&self, span: Span, memory: &Image) -> Vec<FieldSpan> {
        let range = (span.start, span.end());
        let mut fields = field_spans(&self.ty, memory, self.span.start, range);
        fields.sort_by_key(|field| field.start);
        fields
    }

    /// Describes one of them: `shapes[2].name, a pointer`, `padding of shapes[2]`.
    pub fn describe_field(&self, field: &FieldSpan, memory: &Image) -> Option<String> {
        let (path, found) = self.path_at(field.start, memory)?;
        if field.is_padding {
            return Some(format!("padding of {path}"));
        }
        let shape = self.ty.table().get(found.place.ty).map(|ty| &ty.shape);
        match shape {
            Some(Shape::Pointer { .. }) => Some(format!("{path}, a pointer")),
            // An array of single bytes is one field, whose first element was found.
            _ if found.len < field.len => Some(match path.strip_suffix("[0]") {
                Some(array) => array.to_owned(),
                None => path,
            }),
            _ => Some(path),
        }
    }

    /// Returns whether a write begins or ends inside a number or a pointer.
    pub fn cuts_scalar(&self, field: &FieldPath, written: Span) -> bool {
        let shape = self.ty.table().get(field.place.ty).map(|ty| &ty.shape);
        let is_scalar = matches!(
            shape,
            Some(Shape::Number { .. } | Shape::Pointer { .. } | Shape::Enumeration(_))
        );
        let end = field.place.start.saturating_add(field.len);
        is_scalar && (field.place.start < written.start || end > written.end())
    }

    /// Returns the first padding among these bytes that `has_data`.
    pub fn padding_within(
        &self,
        span: Span,
        memory: &Image,
        has_data: &dyn Fn(&Span) -> bool,
    ) -> Option<Span> {
        let examined = Span {
            len: span.len.min(MAX_EXAMINED),
            ..span
        };
        let fields = self.spans_within(examined, memory).into_iter();
        let holes = fields.filter(|field| field.is_padding).filter_map(|field| {
            let hole = Span {
                start: field.start,
                len: field.len,
            };
            overlap(hole, span)
        });
        holes.into_iter().find(has_data)
    }

    /// Returns the last element of an array, or the last field of a record.
    pub fn last_part(&self, memory: &Image) -> Option<String> {
        let table = self.ty.table();
        let shape = &table.get(self.ty.id())?.shape;
        match shape {
            Shape::Array {
                count: Count::Fixed(count),
                ..
            } => Some(format!("{}[{}]", self.name, count.checked_sub(1)?)),
            Shape::Record(_) => {
                let end = Span {
                    start: self
                        .span
                        .end()
                        .saturating_sub(MAX_EXAMINED)
                        .max(self.span.start),
                    len: self.span.len.min(MAX_EXAMINED),
                };
                let fields = self.spans_within(end, memory);
                let last = fields.iter().rfind(|field| !field.is_padding)?;
                let path = self.describe_field(last, memory)?;
                Some(format!("{path}, the last field"))
            }
            _ => None,
        }
    }
}
