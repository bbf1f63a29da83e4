//! Checks each step when it is finished: for pointers that are stale, writes that run on, lengths
//! that reach too far, misuse of blocks and of the stack, and writes that no pointer led to. `blocks`
//! follows the lines of the script, and `ledger` the calls of the guest's allocator. What both find
//! is one finding.
//!
//! The checks own what must be remembered from one step to the next. They see each record once, in
//! order, and never change one. What a later step shows about an earlier one is a finding of the
//! later step, which blames the earlier. If a check could be wrong, it finds nothing: a false alarm
//! is worse than a miss.

mod addresses;
mod block_findings;
mod block_state;
mod blocks;
mod calls;
mod data_parts;
mod ledger;
mod ledger_findings;
mod ledger_overruns;
mod lengths;
mod overrun;
mod pointers;
mod scaled;
mod span_index;
mod stack;
mod stack_pointer;
mod stray_writes;
mod swapped;
#[cfg(test)]
mod tests;
mod text_length;
mod view;
mod view_pointers;
mod views;

use std::sync::Arc;

use super::describe::phrases;
use super::{
    AllocatorFacts, Finding, FindingKind, LayoutFacts, LiveBlocks, PartKind, Span, StackRange,
    StepKind, StepRecord, Use, UseKind, Writer,
};
use addresses::GivenAddresses;
use blocks::{Blocks, overlap};
use data_parts::DataParts;
use ledger::{Fault, Ledger};
use pointers::Pointers;
use stack_pointer::StackPointers;
use stray_writes::Known;
use swapped::LastCalls;
use text_length::HostTexts;
use views::Views;

use crate::value::Value;

/// The largest number of findings of one kind in a step.
const MAX_FINDINGS_PER_KIND: usize = 8;

/// What is remembered of the steps so far.
#[derive(Debug, Default)]
pub struct Checks {
    blocks: Blocks,
    ledger: Ledger,
    pointers: Pointers,
    given: GivenAddresses,
    stack_pointers: StackPointers,
    data_parts: DataParts,
    host_texts: HostTexts,
    last_calls: LastCalls,
    views: Views,
    /// Whether the module shows where its heap begins.
    has_heap: bool,
    /// Whether a write to the unused end of the stack was found.
    has_unused_stack_write: bool,
    /// The spans of the data segments, each with its index.
    data: Vec<(Span, u32)>,
    has_ended: bool,
}

impl Checks {
    /// Starts with the layout of the memory that is recorded, with exported constants that may be
    /// addresses, and with the guest's allocator.
    pub fn new(layout: &[LayoutFacts], constants: Vec<u64>, allocator: &AllocatorFacts) -> Self {
        let range = StackRange::of(layout);
        let stack = range.map(|range| range.span());
        Checks {
            given: GivenAddresses::new(constants),
            stack_pointers: StackPointers::new(range),
            data_parts: DataParts::new(layout),
            has_heap: layout.iter().any(|facts| facts.kind == PartKind::Heap),
            blocks: Blocks::new(stack),
            ledger: Ledger::new(allocator),
            pointers: Pointers::new(stack),
            ..Checks::default()
        }
    }

    /// Returns the bytes of a region or block that is not released.
    pub(crate) fn span_of(&self, name: &str) -> Option<Span> {
        self.blocks.span_of(name)
    }

    /// Checks the next step, and returns its findings. The time that this takes depends on what the
    /// step did. Its stores are examined only while spans are named, where one of them is at an
    /// address that the host chose and passed, and where the stack ran out.
    pub(crate) fn check_step(&mut self, record: &StepRecord) -> Vec<Finding> {
        let mut found = Vec::new();
        if record.kind == StepKind::Instantiate {
            self.data = data_segments(record);
        }
        for used in &record.facts.uses {
            let known = found.len();
            let origin = self.pointers.origin(&used.names);
            let by_lines = self.blocks.check_use(record, used, origin);
            let by_calls = || self.ledger.check_use(record, used, origin, &self.blocks);
            found.extend(by_lines.or_else(by_calls));
            let by_lines = lengths::check(&self.blocks, &self.pointers, used);
            let by_calls = || ledger_overruns::check_reading(record, used, &self.known_to_ledger());
            found.extend(by_lines.or_else(by_calls));
            found.extend(self.pointers.check_use(record, used));
            found.extend(scaled::check(&self.blocks, &self.ledger, used));
            found.extend(self.last_calls.check_use(used, &self.pointers, &self.data));
            if found.len() == known {
                found.extend(self.check_address(record, used));
            }
        }
        let mut found_by_ledger = self.record_allocator_calls(record, &mut found);
        found.extend(self.blocks.check_new_owners(record));
        if !record.events.is_empty() && self.blocks.has_spans() {
            let scanned = overrun::scan_writes(record, &self.blocks, &self.data);
            found.extend(scanned.overruns);
            found.extend(self.blocks.check_writes(record, scanned.released_writes));
        }
        found.extend(self.host_texts.check_call(record));
        found.extend(self.stack_pointers.check_step(record, &self.data_parts));
        found.extend(stray_writes::check_call(record, &self.known()));
        self.given.record_step(record);
        found.extend(stray_writes::check_imports(record, &self.known()));
        found_by_ledger.extend(ledger_overruns::check(record, &self.known_to_ledger()));
        let is_new = |finding: &Finding| !found.iter().any(|known| is_same(known, finding));
        let new: Vec<Finding> = found_by_ledger.into_iter().filter(is_new).collect();
        found.extend(new);
        found.extend(self.check_views(record));
        self.host_texts.record_step(record);
        self.last_calls.record_step(record);
        found.extend(self.pointers.record_step(record));
        found.extend(self.blocks.record_step(record, &self.pointers));
        if record.facts.is_end && !self.has_ended {
            self.has_ended = true;
            found.extend(self.blocks.leaks());
        }
        for finding in &mut found {
            self.views.describe(finding, &record.memory);
        }
        self.views.record_step(record);
        found
    }

    /// Returns the blocks of the guest's allocator after the last step, if all are known.
    pub(crate) fn live_blocks(&mut self) -> Option<Arc<LiveBlocks>> {
        self.ledger.listed()
    }

    /// Records the calls of the allocator in a step, and returns what is wrong with them. Removes
    /// from `found` what they explain better.
    fn record_allocator_calls(
        &mut self,
        record: &StepRecord,
        found: &mut Vec<Finding>,
    ) -> Vec<Finding> {
        let pointers = &self.pointers;
        let origin = |address: u64| {
            let passed = |used: &&Use| used.how == UseKind::Passed && used.span.start == address;
            let used = record.facts.uses.iter().find(passed)?;
            Some(pointers.origin(&used.names)?.step)
        };
        let faults = self.ledger.record_step(record, origin);
        self.blocks
            .record_calls(self.ledger.ended(), self.ledger.begun());
        for fault in &faults {
            match fault {
                Fault::ReleasedAgain { block, .. } => {
                    let start = block.span.start;
                    self.blocks.record_fault(start, true);
                    found.retain(|known| {
                        known.kind != FindingKind::StalePointer || known.address != Some(start)
                    });
                }
                Fault::AllocatedTwice { block, .. } => {
                    self.blocks.record_fault(block.span.start, false);
                }
                _ => {}
            }
        }
        let describe = |fault| ledger_findings::describe(fault, &self.blocks);
        faults.iter().map(describe).collect()
    }
}

/// Returns whether two findings are of one kind and concern the same bytes.
fn is_same(a: &Finding, b: &Finding) -> bool {
    let spans = a.primary_span().zip(b.primary_span());
    a.kind == b.kind && spans.is_some_and(|(a, b)| overlap(a, b).is_some())
}

impl Checks {
    /// Checks where the address of a host access points: below the stack pointer, or to data that
    /// the guest did not give.
    fn check_address(&mut self, record: &StepRecord, used: &Use) -> Option<Finding> {
        let origin = self.pointers.origin(&used.names);
        let dangling = self
            .stack_pointers
            .check_use(record, used, origin, &self.given);
        let found = dangling.or_else(|| stray_writes::check_use(record, used, &self.known()))?;
        let is_repeated = found.kind == FindingKind::UnusedStackWrite
            && std::mem::replace(&mut self.has_unused_stack_write, true);
        (!is_repeated).then_some(found)
    }

    fn known_to_ledger(&self) -> ledger_overruns::Known<'_> {
        ledger_overruns::Known {
            ledger: &self.ledger,
            blocks: &self.blocks,
            pointers: &self.pointers,
            data: &self.data,
        }
    }

    /// Checks what a step wrote into views.
    fn check_views(&self, record: &StepRecord) -> Vec<Finding> {
        let known = view_pointers::Known {
            blocks: &self.blocks,
            given: &self.given,
            stack: &self.stack_pointers,
        };
        self.views.check_step(record, &known)
    }

    fn known(&self) -> Known<'_> {
        Known {
            data: &self.data_parts,
            given: &self.given,
            pointers: &self.pointers,
            stack: &self.stack_pointers,
            has_heap: self.has_heap,
        }
    }
}

/// The largest number of data segments that are distinguished from the guest's other data.
const MAX_SEGMENTS: usize = 10_000;

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
    placed.take(MAX_SEGMENTS).collect()
}

/// Returns the bytes of a span at the end of a step, for a sentence.
fn describe_bytes(record: &StepRecord, span: Span) -> String {
    let bytes = record
        .memory
        .read(span.start, span.len.min(pointers::MAX_RECORDED_BYTES));
    format_bytes(&bytes, span.len)
}

/// Returns bytes for a sentence: as text with its NULs if they are text, because a stale reading is
/// full of them. `len` is how many bytes there are; `bytes` are the first of them.
fn format_bytes(bytes: &[u8], len: u64) -> String {
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
