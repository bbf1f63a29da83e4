//! Readings whose address and length are the other way around.

use std::collections::VecDeque;

use super::pointers::Pointers;
use crate::text::count;
use crate::timeline::{EventLog, Finding, FindingKind, Span, StepRecord, Use, UseKind};

/// How many calls are remembered.
const MAX_CALLS: usize = 4;

/// What the guest wrote in its last calls.
#[derive(Debug, Default)]
pub(super) struct LastCalls(VecDeque<(usize, EventLog)>);

impl LastCalls {
    /// Records the call of a step, if it made one and the guest wrote.
    pub fn record_step(&mut self, record: &StepRecord) {
        if record.call.is_none() || record.events.is_empty() {
            return;
        }
        if self.0.len() >= MAX_CALLS {
            self.0.pop_front();
        }
        self.0.push_back((record.index, record.events.clone()));
    }

    /// Checks a reading. The bytes that it would have the other way around are exactly those that a
    /// call wrote, or they are in the guest's data. Those that it has are neither.
    pub fn check_use(
        &self,
        used: &Use,
        pointers: &Pointers,
        data: &[(Span, u32)],
    ) -> Option<Finding> {
        let read = used.span;
        let swapped = Span {
            start: read.len,
            len: read.start,
        };
        // A few bytes at a low address have that form by chance.
        if used.how != UseKind::Read || swapped.len < 2 || swapped.start <= swapped.len {
            return None;
        }
        let what = self
            .written(swapped)
            .or_else(|| in_data(used, swapped, pointers, data))?;
        if self.written(read).is_some() {
            return None;
        }
        let message = format!(
            "the host read {} at {:#x}, but {}: address and length are the other way around",
            count(read.len, "byte"),
            read.start,
            what.description,
        );
        let finding = Finding::new(FindingKind::AddressAndLengthSwapped, message);
        Some(finding.about(swapped).blaming(what.step))
    }

    /// Returns the last call that wrote exactly these bytes.
    fn written(&self, span: Span) -> Option<Target> {
        let mut calls = self.0.iter().rev();
        let (step, _) = calls.find(|(_, events)| is_written(events, span))?;
        let bytes = count(span.len, "byte");
        Some(Target {
            step: *step,
            description: format!("the call of step {step} wrote {bytes} at {:#x}", span.start),
        })
    }
}

/// What is in the bytes that were probably meant.
struct Target {
    /// The step from which the numbers are.
    step: usize,
    description: String,
}

/// Returns the data segment that has the bytes `swapped`, if both numbers came from the guest in one
/// step and the segment has no byte of the reading.
fn in_data(used: &Use, swapped: Span, pointers: &Pointers, data: &[(Span, u32)]) -> Option<Target> {
    let (address, length) = (
        pointers.origin(&used.names)?,
        pointers.returned(&used.length_names)?,
    );
    let is_within =
        |(span, _): &&(Span, u32)| span.start <= swapped.start && swapped.end() <= span.end();
    let (_, segment) = data.iter().find(is_within)?;
    let is_read_in_data = data.iter().any(|(span, _)| span.contains(used.span.start));
    (address.step == length.step && !is_read_in_data).then(|| Target {
        step: address.step,
        description: format!(
            "data segment {segment} has {} at {:#x}",
            count(swapped.len, "byte"),
            swapped.start
        ),
    })
}

/// Returns whether a step wrote exactly these bytes, as far as their first and last ones show: none
/// right before or after them.
fn is_written(events: &EventLog, span: Span) -> bool {
    let is_byte_written = |at: u64| {
        let byte = Span { start: at, len: 1 };
        events.first_write_in(byte, 0..events.len()).is_some()
    };
    let Some(last) = span.end().checked_sub(1) else {
        return false;
    };
    let before = span.start.checked_sub(1);
    is_byte_written(span.start)
        && is_byte_written(last)
        && !is_byte_written(span.end())
        && before.is_none_or(|at| !is_byte_written(at))
}
