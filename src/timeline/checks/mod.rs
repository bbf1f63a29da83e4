//! Judges each step as it is finished: pointers that went stale, writes that ran on, lengths that
//! reach too far, and the ledger of blocks.
//!
//! Owns what has to be remembered from one step to the next. Sees records only, each once and in
//! order, and never changes one: what a later step shows about an earlier one is a finding of the
//! later, which blames the earlier. Where a judgement could be wrong, nothing is found: a false
//! alarm is worse than a miss.

mod blocks;
mod lengths;
mod overrun;
mod pointers;
#[cfg(test)]
mod tests;

use super::describe::phrases;
use super::{Finding, Span, StepKind, StepRecord, Writer};
use blocks::Blocks;
use pointers::Pointers;

use crate::value::Value;

/// The most findings of one sort that one step gets.
const MOST: usize = 8;

/// What is remembered of the steps so far.
#[derive(Debug, Default)]
pub struct Checks {
    ledger: Blocks,
    pointers: Pointers,
    /// Where data segments were put.
    data: Vec<(Span, u32)>,
    is_over: bool,
}

impl Checks {
    /// What there is to find in the step that comes next. Takes time by what the step did, and
    /// looks at its stores only while spans are named.
    pub fn judge(&mut self, record: &StepRecord) -> Vec<Finding> {
        let mut found = Vec::new();
        if record.kind == StepKind::Instantiate {
            self.data = data_segments(record);
        }
        for used in &record.facts.uses {
            let origin = self.pointers.origin(&used.names);
            found.extend(self.ledger.used(record, used, origin));
            found.extend(lengths::judge(&self.ledger, &self.pointers, used));
            found.extend(self.pointers.used(record, used));
        }
        self.ledger.handed_out_again(record);
        if self.ledger.has_spans() && !record.events.is_empty() {
            let seen = overrun::walk(record, &self.ledger, &self.data);
            found.extend(seen.overruns);
            found.extend(self.ledger.written(record, seen.touches));
        }
        found.extend(self.pointers.take(record));
        found.extend(self.ledger.take(record, &self.pointers));
        if record.facts.is_end && !self.is_over {
            self.is_over = true;
            found.extend(self.ledger.leaks());
        }
        found
    }
}

/// Segments past these are not told apart from the guest's other data.
const MOST_SEGMENTS: usize = 10_000;

fn data_segments(record: &StepRecord) -> Vec<(Span, u32)> {
    let placed =
        record
            .events
            .write_headers()
            .filter_map(|write| match record.events.writer_of(write.by) {
                Writer::Data { segment } => Some((
                    Span {
                        start: write.start,
                        len: write.len,
                    },
                    segment,
                )),
                _ => None,
            });
    placed.take(MOST_SEGMENTS).collect()
}

/// Bytes of memory at the end of a step, as a sentence shows them.
fn shown(record: &StepRecord, span: Span) -> String {
    let bytes = record.memory.read(span.start, span.len.min(pointers::KEPT));
    bytes_in_words(&bytes, span.len)
}

/// Bytes of which these are the first: as text with its NULs where they are text, since a stale
/// reading is full of them.
fn bytes_in_words(bytes: &[u8], len: u64) -> String {
    let is_readable = |text: &&str| text.chars().all(|c| c == '\0' || !c.is_control());
    match std::str::from_utf8(bytes)
        .ok()
        .filter(is_readable)
        .filter(|_| bytes.len() as u64 == len)
    {
        Some(text) => Value::Text(text.to_owned()).brief(60),
        None => phrases::as_text(bytes, len),
    }
}
