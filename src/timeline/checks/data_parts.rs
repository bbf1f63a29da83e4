//! The data of the module: its segments and its static data, and which writes hit them.

use super::blocks::overlap;
use crate::timeline::{LayoutFacts, Part, PartKind, Span, StepRecord, Writer};

/// The most data segments that are distinguished.
const MAX_SEGMENTS: usize = 10_000;
/// The most names in a message.
const MAX_LABELS: usize = 3;

/// A data segment, or all static data.
#[derive(Debug, Clone)]
pub(super) struct DataPart {
    pub span: Span,
    /// Its kind and name: `data segment .rodata`.
    pub label: String,
    is_segment: bool,
}

/// The parts with data, segments first.
#[derive(Debug, Default)]
pub(super) struct DataParts(Vec<DataPart>);

/// What writes hit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DataHit {
    /// How many bytes of the parts were written.
    pub bytes: u64,
    /// The parts, a limited number.
    pub labels: Vec<String>,
    /// The bytes of the first part that were written, from the first to the last.
    pub first: Option<Span>,
}

impl DataParts {
    pub fn new(layout: &[LayoutFacts]) -> Self {
        let mut parts: Vec<DataPart> = layout
            .iter()
            .filter(|facts| matches!(facts.kind, PartKind::Data | PartKind::Segment))
            .filter_map(|facts| Part::of_module(facts, u64::MAX))
            .map(|part| DataPart {
                span: part.span,
                label: part.label(),
                is_segment: part.kind == PartKind::Segment,
            })
            .take(MAX_SEGMENTS)
            .collect();
        parts.sort_by_key(|part| (!part.is_segment, part.span.start));
        DataParts(parts)
    }

    /// Returns the parts that share bytes with a span. Static data is among them only if no segment
    /// is.
    pub fn hit_by(&self, span: Span) -> Vec<&DataPart> {
        let hit = |is_segment: bool| {
            let parts = self.0.iter();
            parts
                .filter(move |part| part.is_segment == is_segment)
                .filter(|part| overlap(part.span, span).is_some())
                .collect::<Vec<_>>()
        };
        let segments = hit(true);
        match segments.is_empty() {
            true => hit(false),
            false => segments,
        }
    }

    /// Returns what a write of these bytes hits.
    pub fn overwritten(&self, span: Span) -> DataHit {
        hit_of(&self.hit_by(span), &[span])
    }

    /// Returns what the guest's own stores of a step hit within a span.
    pub fn overwritten_by_guest(&self, record: &StepRecord, within: Span) -> DataHit {
        let parts = self.hit_by(within);
        if parts.is_empty() {
            return DataHit::default();
        }
        let mut written: Vec<Span> = Vec::new();
        for write in record.events.write_headers() {
            let span = Span {
                start: write.start,
                len: write.len,
            };
            let Some(hit) = overlap(span, within) else {
                continue;
            };
            match written.last_mut() {
                Some(last) if last.end() == hit.start => last.len += hit.len,
                _ if is_by_guest(&record.events.writer_of(write.by)) => written.push(hit),
                _ => {}
            }
        }
        hit_of(&parts, &merged(written))
    }
}

/// Returns spans as the fewest spans with the same bytes, in ascending order.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.start);
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end() => {
                last.len = last.len.max(span.end().saturating_sub(last.start));
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// Returns what writes of these bytes, which share none, hit of the parts.
fn hit_of(parts: &[&DataPart], written: &[Span]) -> DataHit {
    let mut hit = DataHit::default();
    for part in parts {
        let here = written.iter().filter_map(|span| overlap(*span, part.span));
        let here: Vec<Span> = here.collect();
        let (Some(first), Some(last)) = (here.first(), here.last()) else {
            continue;
        };
        hit.bytes += here.iter().map(|span| span.len).sum::<u64>();
        hit.first.get_or_insert(Span {
            start: first.start,
            len: last.end().saturating_sub(first.start),
        });
        if hit.labels.len() < MAX_LABELS {
            hit.labels.push(part.label.clone());
        }
    }
    hit
}

/// Returns whether the guest itself made a write.
pub(super) fn is_by_guest(writer: &Writer) -> bool {
    matches!(writer, Writer::Guest { .. })
}
