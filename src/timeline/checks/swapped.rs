//! Readings whose address and length are the other way around.

use std::collections::VecDeque;

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

    /// Checks a reading: nothing that a call wrote begins and ends as it does, but something does
    /// whose address is the length of the reading, and whose length is its address.
    pub fn check_use(&self, used: &Use) -> Option<Finding> {
        let read = used.span;
        let swapped = Span {
            start: read.len,
            len: read.start,
        };
        // A few bytes at a low address have that form by chance.
        if used.how != UseKind::Read || swapped.len < 2 || swapped.start <= swapped.len {
            return None;
        }
        let mut calls = self.0.iter().rev();
        let (step, _) = calls.find(|(_, events)| is_written(events, swapped))?;
        if self.0.iter().any(|(_, events)| is_written(events, read)) {
            return None;
        }
        let message = format!(
            "the host read {} at {:#x}, but the call of step {step} wrote {} at {:#x}: address and \
             length are the other way around",
            count(read.len, "byte"),
            read.start,
            count(swapped.len, "byte"),
            swapped.start,
        );
        let finding = Finding::new(FindingKind::AddressAndLengthSwapped, message);
        Some(finding.about(swapped).blaming(*step))
    }
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
