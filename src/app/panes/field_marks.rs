//! Which bytes of the hex dump begin a field, and which are padding.

use std::collections::HashMap;

use super::typed_parts::TypedPart;
use crate::data_types::field_spans;
use crate::timeline::{Image, Span};

/// What a byte is in the layout of a typed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldMark {
    /// The first byte of a field.
    Start,
    /// Padding: no field has it.
    Padding,
}

/// Returns the marks of the bytes in some rows. A byte that is padding of one part, and begins a
/// field of another, begins a field.
pub(crate) fn marks(
    parts: &[TypedPart],
    memory: &Image,
    rows: impl Iterator<Item = Span>,
) -> HashMap<u64, FieldMark> {
    let parts: Vec<(Span, &TypedPart)> =
        parts.iter().map(|part| (part.span(memory), part)).collect();
    let mut marks = HashMap::new();
    if parts.is_empty() {
        return marks;
    }
    for row in rows {
        for (span, part) in &parts {
            let common = span.intersection(row);
            if common.len == 0 {
                continue;
            }
            let range = (common.start, common.end());
            for field in field_spans(&part.ty, memory, span.start, range) {
                if !field.is_padding {
                    marks.insert(field.start, FieldMark::Start);
                    continue;
                }
                let end = field.start.saturating_add(field.len).min(common.end());
                for address in field.start.max(common.start)..end {
                    marks.entry(address).or_insert(FieldMark::Padding);
                }
            }
        }
    }
    marks
}
