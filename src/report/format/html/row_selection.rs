//! The rows of memory that a page holds: rows of 16 bytes around what the steps are about, not all
//! of memory.

use std::collections::BTreeSet;

use crate::report::common::hex_dump::{ROW, row_start};
use crate::timeline::{Event, Span, StepRecord, Timeline};

/// Events of one step that a page holds.
pub(super) const STEP_EVENTS: usize = 1000;

/// Rows of 16 bytes that one step shows.
const STEP_ROWS: usize = 40;

/// Rows that all steps together may have.
const ROWS: usize = 4096;

/// Rows of one part of memory, which leave rows for the other parts.
const PART_ROWS: usize = 8;

/// Rows of the bytes that one finding is about.
const FINDING_ROWS: usize = 2;

/// The rows of a page, by their addresses.
#[derive(Debug, Default)]
pub(super) struct RowSelection {
    /// The rows that the page has at every moment.
    pub(super) rows: BTreeSet<u64>,
    /// The rows that each step shows; all of them are in `rows`.
    pub(super) by_step: Vec<BTreeSet<u64>>,
}

impl RowSelection {
    /// Selects the rows of each step. Where there are too many, later steps get rows only that
    /// earlier ones have too.
    pub(super) fn new(timeline: &Timeline, steps: &[StepRecord]) -> Self {
        let mut selection = RowSelection::default();
        for record in steps {
            let mut shown = BTreeSet::new();
            for row in step_rows(timeline, record) {
                if selection.rows.len() < ROWS {
                    selection.rows.insert(row);
                }
                if selection.rows.contains(&row) {
                    shown.insert(row);
                }
            }
            selection.by_step.push(shown);
        }
        selection
    }

    /// Returns the parts of a span that are in rows of the page, in order; adjacent ones are one
    /// part.
    pub(super) fn parts_of(&self, span: Span) -> Vec<Span> {
        let mut parts: Vec<Span> = Vec::new();
        for row in self.rows.range(row_start(span.start)..span.end()) {
            let start = span.start.max(*row);
            let end = span.end().min(row.saturating_add(ROW));
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

/// Selects the rows of a step: those of its focus and around it, then those of its findings and
/// pointers, of what it wrote and changed, and the ends of named spans.
fn step_rows(timeline: &Timeline, record: &StepRecord) -> BTreeSet<u64> {
    let before = timeline.memory_before(record.index).len();
    let mut rows = Rows {
        end: record.memory.len().max(before),
        rows: BTreeSet::new(),
    };
    if let Some(focus) = record.focus {
        rows.add_byte(focus.start);
        rows.add_byte(focus.start.saturating_sub(ROW));
        rows.add(focus, PART_ROWS);
        rows.add_byte(focus.end().saturating_add(ROW - 1));
    }
    for finding in &record.findings {
        for span in &finding.spans {
            rows.add(*span, FINDING_ROWS);
        }
    }
    for pointer in &record.pointers {
        rows.add_byte(pointer.address);
        pointer
            .moved_from
            .into_iter()
            .for_each(|old| rows.add_byte(old));
    }
    for event in record.events.iter().take(STEP_EVENTS) {
        if let Event::Write(write) = event {
            rows.add(write.span(), PART_ROWS);
        }
    }
    for span in record.changes.spans().take(STEP_ROWS) {
        rows.add(span, PART_ROWS);
    }
    for named in timeline.spans_at(record.index) {
        if named.span.len > 0 {
            rows.add_byte(named.span.start);
            rows.add_byte(named.span.end() - 1);
        }
    }
    rows.rows
}

/// The rows of a step while they are selected.
struct Rows {
    /// The end of memory: no row begins after it.
    end: u64,
    rows: BTreeSet<u64>,
}

impl Rows {
    /// Adds the rows of a span, at most `most` new ones, and no more than a step may have.
    fn add(&mut self, span: Span, most: usize) {
        let most = self.rows.len().saturating_add(most).min(STEP_ROWS);
        let end = span.end().max(span.start.saturating_add(1)).min(self.end);
        for row in (row_start(span.start)..end).step_by(ROW as usize) {
            if self.rows.len() >= most {
                break;
            }
            self.rows.insert(row);
        }
    }

    /// Adds the row of one byte.
    fn add_byte(&mut self, address: u64) {
        let start = address;
        self.add(Span { start, len: 1 }, 1);
    }
}
