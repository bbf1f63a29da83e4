//! Writes and readings that begin in a block of the guest's allocator and go on past its end. They
//! are found for blocks that the host allocated in an earlier step. A guest that carves its own blocks into parts
//! has rights that its calls do not show.

use std::collections::BTreeSet;

use super::blocks::{Blocks, overlap};
use super::ledger::{Ledger, LedgerBlock, is_of_host};
use super::ledger_findings::label_by_bytes;
use super::overrun::{Target, describe_overrun};
use super::phrases::{describe_writer, name};
use super::pointers::Pointers;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, Span, StepRecord, Use, UseKind, Writer};

/// How many events may be examined for each argument of a call.
const MAX_EXAMINED: usize = 1000;

/// What is known when a step is checked.
pub(super) struct Known<'a> {
    pub ledger: &'a Ledger,
    pub blocks: &'a Blocks,
    pub pointers: &'a Pointers,
    pub data: &'a [(Span, u32)],
}

/// Returns the overruns of a step by the host, its imports and the guest.
pub(super) fn check(record: &StepRecord, known: &Known<'_>) -> Vec<Finding> {
    if record.events.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    // Bytes that a recording found by comparison can be those of several writes.
    let is_exact = record.host.as_ref().is_none_or(|line| !line.is_before);
    for used in record.facts.uses.iter().filter(|_| is_exact) {
        if used.how == UseKind::Write
            && let Some(block) = known.exceeded(record, used.span, &used.names)
        {
            found.extend(known.finding(record, block, used.span, "the host"));
        }
    }
    for write in &record.facts.import_writes {
        if let Some(block) = known.exceeded(record, write.span, &write.names) {
            let writer = format!("import {}", write.import);
            found.extend(known.finding(record, block, write.span, &writer));
        }
    }
    let mut examined = BTreeSet::new();
    // Where other code may release blocks, a function of the guest may be its allocator.
    let arguments = record.facts.arguments.iter();
    for argument in arguments.filter(|_| known.ledger.is_closed()) {
        if let Some(block) = known.block(record, argument.address, &argument.names)
            && examined.insert(block.span.start)
            && let Some((run, writer)) = known.run_past_end(record, block)
        {
            found.extend(known.finding(record, block, run, &describe_writer(&writer)));
        }
    }
    found
}

/// Checks a reading of the host. What a recording has of readings is not exact.
pub(super) fn check_reading(record: &StepRecord, used: &Use, known: &Known<'_>) -> Option<Finding> {
    if used.how != UseKind::Read || record.host.is_some() {
        return None;
    }
    let block = known.exceeded(record, used.span, &used.names)?;
    let past = Span {
        start: block.span.end(),
        len: used.span.end().saturating_sub(block.span.end()),
    };
    let message = format!(
        "this read goes {} past the end of {}, {:#x}, which {} returned in step {}",
        count(past.len, "byte"),
        known.label(block),
        past.start,
        name(&block.allocated.function),
        block.allocated.step
    );
    let finding = Finding::new(FindingKind::LengthPastRegion, message).about(past);
    block.has_sure_size.then_some(finding)
}

impl Known<'_> {
    /// Returns the block in which an access begins and that ends before it.
    fn exceeded(&self, record: &StepRecord, span: Span, names: &[String]) -> Option<&LedgerBlock> {
        let block = self.block(record, span.start, names)?;
        (block.span.end() < span.end()).then_some(block)
    }

    /// Returns the block around an address, if it is certain that the host has it since an earlier
    /// step. `names` are the variables in the expression for the address.
    fn block(&self, record: &StepRecord, address: u64, names: &[String]) -> Option<&LedgerBlock> {
        let block = self.ledger.live_around(address)?;
        let origin = self.pointers.origin(names).map(|origin| origin.step);
        let is_known = self.ledger.is_closed() || origin == Some(block.allocated.step);
        let is_older = block.allocated.step < record.index;
        (is_of_host(block) && is_known && is_older).then_some(block)
    }

    /// Returns the bytes that one function of the guest wrote in ascending order, from inside a block
    /// on past its end. The functions of the allocator may write anywhere.
    fn run_past_end(&self, record: &StepRecord, block: &LedgerBlock) -> Option<(Span, Writer)> {
        let end = block.span.end();
        let past = Span { start: end, len: 1 };
        let mut from = 0;
        for _ in 0..MAX_EXAMINED {
            let write = record
                .events
                .first_write_in(past, from..record.events.len())?;
            from = write.event.saturating_add(1);
            if write.is_difference || is_by_allocator(record, write.event) {
                continue;
            }
            let writer = record.events.writer_of(write.by);
            if !matches!(writer, Writer::Guest { .. }) {
                continue;
            }
            let span = Span {
                start: write.start,
                len: write.len,
            };
            let start = if block.span.contains(span.start) {
                span.start
            } else if span.start == end && self.ledger.live_around(end).is_none() {
                self.run_start(record, block, write.event, &writer)?
            } else {
                continue;
            };
            let run_end = run_end(record, write.event, span.end(), &writer);
            let len = run_end.saturating_sub(start);
            return Some((Span { start, len }, writer));
        }
        None
    }

    /// Returns where a run began that reached the end of a block before `event`, if that is in the
    /// block.
    fn run_start(
        &self,
        record: &StepRecord,
        block: &LedgerBlock,
        event: usize,
        writer: &Writer,
    ) -> Option<u64> {
        let mut at = block.span.end();
        let mut before = event;
        let mut has_begun = false;
        for _ in 0..MAX_EXAMINED {
            let byte = Span {
                start: at.checked_sub(1)?,
                len: 1,
            };
            let Some(write) = record.events.last_write_in(byte, 0..before) else {
                break;
            };
            let is_same = is_same_author(&record.events.writer_of(write.by), writer);
            let write_end = write.start.saturating_add(write.len);
            if !is_same || write.is_difference || write_end != at {
                break;
            }
            has_begun = true;
            (at, before) = (write.start, write.event);
            if at < block.span.start {
                // It came from before the block: something larger is filled.
                return None;
            }
        }
        has_begun.then_some(at)
    }

    /// Returns what a block is: by the name that the script gave to exactly its bytes, or by them.
    fn label(&self, block: &LedgerBlock) -> String {
        let mut named = self.blocks.live().filter(|held| held.span == block.span);
        match named.next() {
            Some(held) => held.label(),
            None => label_by_bytes(block),
        }
    }

    fn finding(
        &self,
        record: &StepRecord,
        block: &LedgerBlock,
        run: Span,
        writer: &str,
    ) -> Option<Finding> {
        let over = Span {
            start: block.span.end(),
            len: run.end().saturating_sub(block.span.end()),
        };
        let hit = self.ledger.live_in_span(over);
        // Where it is not sure what the allocator takes, another block shows that this one ends.
        if !block.has_sure_size && hit.is_none() {
            return None;
        }
        let before = record.events.memory_at(0);
        let target = match hit {
            Some(other) => Target::Named(self.label(other)),
            None => match self
                .data
                .iter()
                .find(|(span, _)| overlap(*span, over).is_some())
            {
                Some((_, segment)) => Target::Data(*segment),
                None => Target::of_bytes(&before, over),
            },
        };
        let label = self.label(block);
        let finding = describe_overrun(writer, &label, block.span, run, &target);
        Some(finding.blaming(block.allocated.step))
    }
}

/// Returns how far a run goes on after one of its writes.
fn run_end(record: &StepRecord, event: usize, end: u64, writer: &Writer) -> u64 {
    let (mut at, mut after) = (end, event.saturating_add(1));
    for _ in 0..MAX_EXAMINED {
        let byte = Span { start: at, len: 1 };
        let events = after..record.events.len();
        let Some(write) = record.events.first_write_in(byte, events) else {
            break;
        };
        if write.start != at || !is_same_author(&record.events.writer_of(write.by), writer) {
            break;
        }
        at = at.saturating_add(write.len);
        after = write.event.saturating_add(1);
    }
    at
}

/// Returns whether two writers are one function of the guest, or the same otherwise.
fn is_same_author(a: &Writer, b: &Writer) -> bool {
    match (a, b) {
        (Writer::Guest { function: a, .. }, Writer::Guest { function: b, .. }) => a == b,
        (a, b) => a == b,
    }
}

/// Returns whether a call of the guest's allocator was running at an event.
fn is_by_allocator(record: &StepRecord, event: usize) -> bool {
    let calls = &record.facts.allocator_calls;
    let after = calls.partition_point(|call| call.events_before <= event);
    let call = after.checked_sub(1).and_then(|last| calls.get(last));
    call.is_some_and(|call| call.events_at_return.is_none_or(|end| event < end))
}
