//! Which rows of memory a page keeps. A page holds rows of 16 bytes around what the steps are
//! about, not memory.

use std::collections::BTreeSet;

use super::page_data::{STEP_EVENTS, STEP_ROWS};
use crate::timeline::{Event, Span, StepRecord, Timeline};

/// Bytes in a row.
pub(super) const WIDTH: u64 = 16;

/// Rows that all steps together may keep.
const ROWS: usize = 4096;

/// The rows that the page knows at every moment, and those that each step shows.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) rows: BTreeSet<u64>,
    pub(super) of_steps: Vec<BTreeSet<u64>>,
}

impl Kept {
    pub(super) fn of(timeline: &Timeline, steps: &[StepRecord]) -> Kept {
        let mut kept = Kept::default();
        for record in steps {
            let wanted = wanted(timeline, record);
            let mut shown = BTreeSet::new();
            for row in wanted {
                if kept.rows.len() < ROWS {
                    kept.rows.insert(row);
                }
                if kept.rows.contains(&row) {
                    shown.insert(row);
                }
            }
            kept.of_steps.push(shown);
        }
        kept
    }

    /// The parts of a span that lie in kept rows, in order, touching ones joined.
    pub(super) fn within(&self, span: Span) -> Vec<Span> {
        let mut parts: Vec<Span> = Vec::new();
        for row in self.rows.range(row_of(span.start)..span.end()) {
            let (start, end) = (
                span.start.max(*row),
                span.end().min(row.saturating_add(WIDTH)),
            );
            match parts.last_mut() {
                Some(last) if last.end() == start => last.len = end - last.start,
                _ => parts.push(Span {
                    start,
                    len: end - start,
                }),
            }
        }
        parts
    }
}

pub(super) fn row_of(address: u64) -> u64 {
    address / WIDTH * WIDTH
}

/// The rows of a step: what it is about with the rows around, what it wrote in order, what is
/// named.
fn wanted(timeline: &Timeline, record: &StepRecord) -> BTreeSet<u64> {
    let end = record
        .memory
        .len()
        .max(timeline.memory_before(record.index).len());
    let mut rows = BTreeSet::new();
    let mut take = |span: Span, most: usize| {
        let most = rows.len().saturating_add(most).min(STEP_ROWS);
        let last = span.end().max(span.start.saturating_add(1)).min(end);
        for row in (row_of(span.start)..last).step_by(WIDTH as usize) {
            if rows.len() >= most {
                break;
            }
            rows.insert(row);
        }
    };
    let row = |address: u64| Span {
        start: address,
        len: 1,
    };
    if let Some(focus) = record.focus {
        take(row(focus.start), 1);
        take(row(focus.start.saturating_sub(WIDTH)), 1);
        take(focus, 8);
        take(row(focus.end().saturating_add(WIDTH - 1)), 1);
    }
    for finding in &record.findings {
        finding.spans.iter().for_each(|span| take(*span, 2));
    }
    for pointer in &record.pointers {
        take(row(pointer.address), 1);
        pointer
            .moved_from
            .into_iter()
            .for_each(|old| take(row(old), 1));
    }
    for event in record.events.iter().take(STEP_EVENTS) {
        if let Event::Write(write) = event {
            take(
                Span {
                    start: write.start,
                    len: write.after.len() as u64,
                },
                8,
            );
        }
    }
    for span in record.changes.spans().take(STEP_ROWS) {
        take(span, 8);
    }
    for named in timeline
        .spans_at(record.index)
        .iter()
        .filter(|named| named.span.len > 0)
    {
        take(row(named.span.start), 1);
        take(row(named.span.end() - 1), 1);
    }
    rows
}
