//! Checks each step when it is finished: for pointers that are stale, writes that run on, lengths
//! that reach too far, misuse of blocks and of the stack, and writes that no pointer led to.
//!
//! The checks own what must be remembered from one step to the next. They see each record once, in
//! order, and never change one. What a later step shows about an earlier one is a finding of the
//! later step, which blames the earlier. If a check could be wrong, it finds nothing: a false alarm
//! is worse than a miss.

mod addresses;
mod blocks;
mod calls;
mod data_parts;
mod lengths;
mod overrun;
mod pointers;
mod scaled;
mod span_index;
mod stack;
mod stack_pointer;
mod stray_writes;
#[cfg(test)]
mod tests;

use super::describe::phrases;
use super::{
    Finding, FindingKind, LayoutFacts, PartKind, Span, StackRange, StepKind, StepRecord, Use,
    Writer,
};
use addresses::GivenAddresses;
use blocks::Blocks;
use data_parts::DataParts;
use pointers::Pointers;
use stack_pointer::StackPointers;
use stray_writes::Known;

use crate::value::Value;

/// The largest number of findings of one kind in a step.
const MAX_FINDINGS_PER_KIND: usize = 8;

/// What is remembered of the steps so far.
#[derive(Debug, Default)]
pub struct Checks {
    blocks: Blocks,
    pointers: Pointers,
    given: GivenAddresses,
    stack_pointers: StackPointers,
    data_parts: DataParts,
    /// Whether the module shows where its heap begins.
    has_heap: bool,
    /// Whether a write to the unused end of the stack was found.
    has_unused_stack_write: bool,
    /// The spans of the data segments, each with its index.
    data: Vec<(Span, u32)>,
    has_ended: bool,
}

impl Checks {
    /// Starts with the layout of the memory that is recorded, and with exported constants that may
    /// be addresses.
    pub fn new(layout: &[LayoutFacts], constants: Vec<u64>) -> Self {
        let range = StackRange::of(layout);
        let stack = range.map(|range| range.span());
        Checks {
            given: GivenAddresses::new(constants),
            stack_pointers: StackPointers::new(range),
            data_parts: DataParts::new(layout),
            has_heap: layout.iter().any(|facts| facts.kind == PartKind::Heap),
            blocks: Blocks::new(stack),
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
            found.extend(self.blocks.check_use(record, used, origin));
            found.extend(lengths::check(&self.blocks, &self.pointers, used));
            found.extend(self.pointers.check_use(record, used));
            found.extend(scaled::check(&self.blocks, used));
            if found.len() == known {
                found.extend(self.check_address(record, used));
            }
        }
        found.extend(self.blocks.check_new_owners(record));
        if !record.events.is_empty() && self.blocks.has_spans() {
            let scanned = overrun::scan_writes(record, &self.blocks, &self.data);
            found.extend(scanned.overruns);
            found.extend(self.blocks.check_writes(record, scanned.released_writes));
        }
        found.extend(self.stack_pointers.check_step(record, &self.data_parts));
        found.extend(stray_writes::check_call(record, &self.known()));
        self.given.record_step(record);
        found.extend(stray_writes::check_imports(record, &self.known()));
        found.extend(self.pointers.record_step(record));
        found.extend(self.blocks.record_step(record, &self.pointers));
        if record.facts.is_end && !self.has_ended {
            self.has_ended = true;
            found.extend(self.blocks.leaks());
        }
        found
    }
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
