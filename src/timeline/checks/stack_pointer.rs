//! The stack pointer of the guest: calls that do not restore it, a stack that has run out, and
//! addresses below it, in frames that have ended.

use super::addresses::{GivenAddresses, GivenBy};
use super::blocks::overlap;
use super::calls::address;
use super::data_parts::DataParts;
use super::phrases::{describe_writer, name, the_bytes};
use super::pointers::Origin;
use crate::text::{count, list};
use crate::timeline::{
    CallRecord, EventLog, Finding, FindingKind, Outcome, Provenance, Span, StackPointer,
    StackRange, StepKind, StepRecord, Use, UseKind,
};

/// How far below the frames that are known the next call is expected to reach, in bytes.
const MAX_FRAME: u64 = 4096;

/// Exports that may leave the stack pointer elsewhere: they start or end a program, or the stack of
/// a thread.
const STARTS: [&str; 8] = [
    "_start",
    "_initialize",
    "__wasm_call_ctors",
    "wasi_thread_start",
    "emscripten_stack_init",
    "_emscripten_thread_init",
    "__wasm_init_memory",
    "__wbindgen_start",
];

/// A call that ended without restoring the stack pointer.
#[derive(Debug, Clone, Copy)]
struct Unrestored {
    /// The stack pointer before the first such call.
    before: u64,
    /// The last such call.
    step: usize,
    is_reported: bool,
}

/// What is remembered of the stack pointer and of the frames.
#[derive(Debug, Default)]
pub(super) struct StackPointers {
    range: Option<StackRange>,
    /// The lowest address that the stack had so far, as far as it is proven.
    reached: Option<u64>,
    unrestored: Option<Unrestored>,
    /// The events of the steps so far, for who wrote to an ended frame.
    logs: Vec<(usize, EventLog)>,
}

impl StackPointers {
    pub fn new(range: Option<StackRange>) -> Self {
        StackPointers {
            range,
            ..StackPointers::default()
        }
    }

    /// Returns the stack pointer after a step, signed, and the range of the stack.
    pub fn position(&self, record: &StepRecord) -> Option<(i64, StackRange)> {
        let range = self.range?;
        Some((range.signed(record.stack_pointer?.after), range))
    }

    /// Returns the bytes below the stack pointer that frames had or the next call may have.
    pub fn ended_frames(&self, record: &StepRecord) -> Option<Span> {
        let (pointer, range) = self.position(record)?;
        let end = u64::try_from(pointer).ok().filter(|at| *at <= range.end)?;
        let reached = self.reached.unwrap_or(end).min(end);
        let start = match range.is_low_known {
            true => reached.saturating_sub(MAX_FRAME),
            false => reached,
        };
        let start = start.max(range.low);
        let len = end.checked_sub(start)?;
        (len > 0).then_some(Span { start, len })
    }

    /// Checks what a step did to the stack pointer, and remembers it.
    pub fn check_step(&mut self, record: &StepRecord, data: &DataParts) -> Vec<Finding> {
        let Some(pointer) = record.stack_pointer else {
            return Vec::new();
        };
        let mut found = Vec::new();
        found.extend(self.check_unrestored(record, pointer));
        found.extend(not_restored(record, pointer));
        found.extend(self.check_overflow(record, pointer, data));
        self.record_reached(record, pointer);
        found.extend(self.check_returned_address(record, pointer));
        if !record.events.is_empty() {
            self.logs.push((record.index, record.events.clone()));
        }
        found
    }

    /// Checks a call after one that trapped: the host can put the stack pointer back in between.
    fn check_unrestored(&mut self, record: &StepRecord, pointer: StackPointer) -> Option<Finding> {
        let before = pointer.before?;
        record.call.as_ref()?;
        let mut found = None;
        if let Some(known) = &mut self.unrestored {
            if before >= known.before {
                self.unrestored = None;
            } else if !known.is_reported && !record.facts.moves_stack_pointer {
                known.is_reported = true;
                let message = format!(
                    "the stack pointer is {before:#x}, {} below where it was before the guest \
                     trapped, {:#x}: step {} ended without restoring it, and this call runs below \
                     the frames that are left; the host can save the stack pointer before a call \
                     and restore it after a trap",
                    count(known.before.saturating_sub(before), "byte"),
                    known.before,
                    known.step
                );
                let finding = Finding::new(FindingKind::StackNotRestored, message);
                found = Some(finding.at(before).blaming(known.step));
            }
        }
        if has_trapped(record) && pointer.after < before {
            let first = self.unrestored.map_or(before, |known| known.before);
            self.unrestored = Some(Unrestored {
                before: first,
                step: record.index,
                is_reported: false,
            });
        }
        found
    }

    /// Checks whether the stack went below its lowest address, and what the guest overwrote there.
    fn check_overflow(
        &self,
        record: &StepRecord,
        pointer: StackPointer,
        data: &DataParts,
    ) -> Option<Finding> {
        let range = self.range?;
        let low = i64::try_from(range.low).ok()?;
        let after = range.signed(pointer.after);
        let before = range.signed(pointer.before.unwrap_or(pointer.after));
        let frames = i64::try_from(record.facts.frame_bytes).unwrap_or(i64::MAX);
        let lowest = match record.call {
            Some(_) => after.min(before.saturating_sub(frames)),
            None => after,
        };
        if lowest >= low || lowest >= before {
            return None;
        }
        let start = u64::try_from(lowest).unwrap_or(0);
        let below = Span {
            start,
            len: range.low.saturating_sub(start),
        };
        let hit = data.overwritten_by_guest(record, below);
        let place = match u64::try_from(lowest) {
            Ok(at) => format!("{at:#x}"),
            Err(_) => format!("{} below 0", count(lowest.unsigned_abs(), "byte")),
        };
        let end = match range.is_low_known {
            true => format!("the lowest address of the guest's stack, {:#x}", range.low),
            false if range.low == 0 => "address 0".to_owned(),
            false => format!(
                "the end of the data below the guest's stack, {:#x}",
                range.low
            ),
        };
        let effect = match hit.labels.as_slice() {
            [] => String::new(),
            labels => format!(
                ": the guest stored over {} of {} there",
                count(hit.bytes, "byte"),
                list::and(labels)
            ),
        };
        let message = format!(
            "the stack pointer went down to {place}, {} below {end}{effect}",
            count(low.saturating_sub(lowest).unsigned_abs(), "byte")
        );
        let finding = Finding::new(FindingKind::StackOverflow, message);
        Some(match hit.first {
            Some(span) => finding.about(span),
            None => finding.at(start),
        })
    }

    fn record_reached(&mut self, record: &StepRecord, pointer: StackPointer) {
        let Some(range) = self.range else { return };
        let before = pointer.before.unwrap_or(pointer.after);
        let frames = before.saturating_sub(record.facts.frame_bytes);
        let lowest = [before, pointer.after, frames]
            .into_iter()
            .filter(|at| (range.low..=range.end).contains(at))
            .min();
        self.reached = match (self.reached, lowest) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
    }

    /// Checks whether a call returned an address in a frame of its own.
    fn check_returned_address(
        &self,
        record: &StepRecord,
        pointer: StackPointer,
    ) -> Option<Finding> {
        let call = record.call.as_ref()?;
        let range = self.range?;
        let frame = Span {
            start: pointer.after.saturating_sub(record.facts.frame_bytes),
            len: record.facts.frame_bytes.min(pointer.after),
        };
        if record.outcome != Outcome::Ok || pointer.after > range.end {
            return None;
        }
        let given = record.facts.given.iter().find(|given| {
            given.is_pointer
                && matches!(given.from, Provenance::Result(_))
                && given.address.is_some_and(|at| frame.contains(at))
        })?;
        let at = given.address?;
        let message = format!(
            "{} returned {at:#x}, {} below the stack pointer {:#x}: it points into a frame that has \
             ended, and the next call may overwrite it",
            name(&call.export),
            count(pointer.after.saturating_sub(at), "byte"),
            pointer.after
        );
        Some(Finding::new(FindingKind::StackAddressReturned, message).at(at))
    }

    /// Checks a host access by an address that the guest gave: it may be in a frame that has ended.
    pub fn check_use(
        &self,
        record: &StepRecord,
        used: &Use,
        origin: Option<&Origin>,
        given: &GivenAddresses,
    ) -> Option<Finding> {
        let what = match used.how {
            UseKind::Read => "read",
            UseKind::Write => "wrote",
            UseKind::Named | UseKind::Passed => return None,
        };
        let ended = self.ended_frames(record)?;
        let hit = overlap(used.span, ended).filter(|_| ended.contains(used.span.start))?;
        let by_value = given.get(used.span.start);
        let (source, since) = match (origin, by_value) {
            (Some(origin), _) => {
                let source = format!("{} is from step {}", name(&origin.name), origin.step);
                (source, origin.step)
            }
            (None, Some(GivenBy::Import { step, name: import })) => {
                let source = format!("the guest passed it to {} in step {step}", name(import));
                (source, *step)
            }
            (None, Some(by)) => (format!("it is from step {}", by.step()), by.step()),
            (None, None) => return None,
        };
        let effect = match used.how {
            UseKind::Write => "the guest's next calls put their frames there".to_owned(),
            _ => self.describe_writes_since(hit, since),
        };
        let message = format!(
            "the host {what} {}, below the stack pointer {:#x}, where no frame is live ({source}): \
             {effect}",
            the_bytes(hit),
            ended.end()
        );
        let finding = Finding::new(FindingKind::DanglingStackPointer, message).about(hit);
        Some(finding.blaming(since))
    }

    /// Describes who wrote to bytes of an ended frame after a step.
    fn describe_writes_since(&self, span: Span, since: usize) -> String {
        let later = self.logs.iter().rev();
        let later = later.take_while(|(step, _)| *step > since);
        let mut writes = later.filter_map(|(step, log)| {
            let hit = log.write_headers().filter_map(|write| {
                let written = Span {
                    start: write.start,
                    len: write.len,
                };
                Some((overlap(written, span)?, write.by))
            });
            let (hit, by) = hit.last()?;
            Some((*step, hit, log.writer_of(by)))
        });
        match writes.next() {
            Some((step, hit, writer)) => format!(
                "{} has written {} since, in step {step}",
                describe_writer(&writer),
                the_bytes(hit)
            ),
            None => "the frame has ended, though nothing has overwritten it yet".to_owned(),
        }
    }
}

/// Returns whether the call of a step trapped, expected or not. A guest that exits runs no more.
fn has_trapped(record: &StepRecord) -> bool {
    let is_expected = record.kind == StepKind::Expect && record.outcome == Outcome::Ok;
    record.exit_code.is_none() && (is_expected || record.outcome == Outcome::Trapped)
}

/// Checks whether a call returned with another stack pointer than before, though that is not its
/// purpose.
fn not_restored(record: &StepRecord, pointer: StackPointer) -> Option<Finding> {
    let call = record.call.as_ref()?;
    let (before, after) = pointer.moved()?;
    let is_start = STARTS.contains(&call.export.as_str()) || record.exit_code.is_some();
    if record.outcome != Outcome::Ok
        || has_trapped(record)
        || is_start
        || moves_on_purpose(record, call, pointer)
    {
        return None;
    }
    let direction = match after < before {
        true => "below",
        false => "above",
    };
    let message = format!(
        "{} returned with the stack pointer at {after:#x}, {} {direction} where it was before the \
         call, {before:#x}: it did not restore it",
        name(&call.export),
        count(after.abs_diff(before), "byte")
    );
    Some(Finding::new(FindingKind::StackNotRestored, message).at(after))
}

/// Returns whether the purpose of a call is to move the stack pointer: it stored nothing, and a
/// result or an argument is the new value or the distance. One that only moves it needs neither.
fn moves_on_purpose(record: &StepRecord, call: &CallRecord, pointer: StackPointer) -> bool {
    let Some((before, after)) = pointer.moved() else {
        return false;
    };
    let distances = [before.wrapping_sub(after), after.wrapping_sub(before)];
    let is_distance = |number: u64| distances.iter().any(|d| *d as u32 == number as u32);
    let mut numbers = call.results.iter().chain(&call.args).filter_map(address);
    let is_known = record.facts.moves_stack_pointer && call.results.is_empty();
    record.stores == 0 && (is_known || numbers.any(|n| n == after || is_distance(n)))
}
