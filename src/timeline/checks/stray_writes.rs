//! Writes over data or the stack of the guest, by an address that the guest did not give: the host
//! wrote there, or it passed the address to the guest.

use super::MAX_FINDINGS_PER_KIND;
use super::addresses::GivenAddresses;
use super::blocks::overlap;
use super::data_parts::{DataHit, DataPart, DataParts, is_by_guest};
use super::phrases::{describe_writer, name, the_bytes};
use super::pointers::Pointers;
use super::stack_pointer::StackPointers;
use crate::text::{count, list};
use crate::timeline::{
    ArgumentFacts, Finding, FindingKind, Span, StepRecord, Use, UseKind, Writer,
};

/// How far before data an argument can point, in bytes.
const MAX_DISTANCE: u64 = 4096;
/// How many of the last writes to a byte are examined for where they began.
const MAX_TOUCHES: usize = 64;

/// What the check knows of the steps so far.
pub(super) struct Known<'a> {
    pub data: &'a DataParts,
    pub given: &'a GivenAddresses,
    pub pointers: &'a Pointers,
    pub stack: &'a StackPointers,
    /// Whether the module shows where its heap begins.
    pub has_heap: bool,
}

impl Known<'_> {
    /// Returns whether the guest has another way to pass bytes than a fixed address: it shows where
    /// its heap begins, or the script has used a pointer of it.
    fn has_other_way(&self) -> bool {
        self.has_heap || self.given.has_pointer()
    }
}

/// Checks an address that the host used.
pub(super) fn check_use(record: &StepRecord, used: &Use, known: &Known<'_>) -> Option<Finding> {
    if used.how != UseKind::Write || !known.has_other_way() {
        return None;
    }
    let lead = known.pointers.origin(&used.names).map(|origin| origin.step);
    let given = known.given.get(used.span.start).map(|by| by.step());
    if let Some(step) = lead.or(given) {
        return below_stack(record, used, step, known);
    }
    let subject = format!("the host wrote {}", the_bytes(used.span));
    let source = source_of(used.span.start, &used.names, known);
    if let Some(finding) = stray(&subject, used.span, &source, known) {
        return Some(finding);
    }
    check_stack(record, used, &source, known)
}

/// Checks the stores that the guest made by an address which the host chose and passed.
pub(super) fn check_call(record: &StepRecord, known: &Known<'_>) -> Vec<Finding> {
    if !known.has_other_way() || record.events.is_empty() {
        return Vec::new();
    }
    let arguments = record.facts.arguments.iter();
    let chosen = arguments.filter(|argument| is_chosen_by_host(argument, known));
    chosen
        .filter_map(|argument| {
            let at = argument.address;
            let (run, writer) = run_from(record, at)?;
            let subject = format!("{} wrote {}", describe_writer(&writer), the_bytes(run));
            let source = source_of(at, &argument.names, known);
            let source = format!("{source} and passed it");
            stray(&subject, run, &source, known)
        })
        .collect()
}

/// Checks the writes that imports made at addresses which the script chose.
pub(super) fn check_imports(record: &StepRecord, known: &Known<'_>) -> Vec<Finding> {
    if !known.has_other_way() {
        return Vec::new();
    }
    let writes = record.facts.import_writes.iter();
    let stray_writes = writes.filter_map(|write| {
        let is_led_to = known.pointers.origin(&write.names).is_some()
            || known.given.get(write.span.start).is_some();
        let subject = format!("import {} wrote {}", write.import, the_bytes(write.span));
        let source = source_of(write.span.start, &write.names, known);
        match is_led_to {
            true => None,
            false => stray(&subject, write.span, &source, known),
        }
    });
    stray_writes.take(MAX_FINDINGS_PER_KIND).collect()
}

/// Checks a write that the guest did not lead to and that hits no data: it may hit the stack.
fn check_stack(
    record: &StepRecord,
    used: &Use,
    source: &str,
    known: &Known<'_>,
) -> Option<Finding> {
    let (pointer, range) = known.stack.position(record)?;
    let pointer = u64::try_from(pointer).ok().filter(|at| *at <= range.end)?;
    let live = Span {
        start: pointer,
        len: range.end.saturating_sub(pointer),
    };
    let ended = known.stack.ended_frames(record);
    let in_use = overlap(used.span, live)
        .map(|hit| (hit, "live frames are"))
        .or_else(|| {
            Some((
                overlap(used.span, ended?)?,
                "the guest's next calls put frames",
            ))
        });
    if let Some((hit, what)) = in_use {
        let message = format!(
            "the host wrote {} in the guest's stack, where {what}: {source}",
            the_bytes(hit)
        );
        return Some(Finding::new(FindingKind::StrayWrite, message).about(hit));
    }
    let hit = overlap(used.span, range.span()).filter(|_| range.is_low_known)?;
    let message = format!(
        "the host wrote {} in the part of the guest's stack that is not used yet: {source}; \
         the guest overwrites them if its stack gets that deep",
        the_bytes(hit)
    );
    Some(Finding::new(FindingKind::UnusedStackWrite, message).about(hit))
}

/// Returns whether the host chose an argument that points to data or a little before it: no
/// variable in it came from the guest, and the guest did not give the number.
fn is_chosen_by_host(argument: &ArgumentFacts, known: &Known<'_>) -> bool {
    let near = Span {
        start: argument.address,
        len: MAX_DISTANCE,
    };
    !known.data.hit_by(near).is_empty()
        && known.pointers.origin(&argument.names).is_none()
        && known.given.get(argument.address).is_none()
}

/// Returns the bytes that the guest wrote in ascending order from an address on, and who wrote
/// first.
fn run_from(record: &StepRecord, at: u64) -> Option<(Span, Writer)> {
    // The index over the events answers most calls, so that few have all their events examined.
    let mut touches = record.events.writes_to(at, record.events.len());
    if !touches
        .by_ref()
        .take(MAX_TOUCHES)
        .any(|(_, write)| write.start == at && is_by_guest(&write.writer))
    {
        return None;
    }
    let mut run: Option<(Span, Writer)> = None;
    for write in record.events.write_headers() {
        let next = run.as_ref().map_or(at, |(span, _)| span.end());
        if write.start != next || write.is_difference {
            continue;
        }
        let writer = record.events.writer_of(write.by);
        match &mut run {
            Some((span, _)) if is_by_guest(&writer) => {
                span.len = span.len.saturating_add(write.len);
            }
            None if is_by_guest(&writer) => {
                let span = Span {
                    start: at,
                    len: write.len,
                };
                run = Some((span, writer));
            }
            _ => {}
        }
    }
    run
}

/// Returns the finding for a write that hits data into which no address of the guest points.
fn stray(subject: &str, span: Span, source: &str, known: &Known<'_>) -> Option<Finding> {
    let is_led_to = |part: &&DataPart| {
        let last = part.span.end().saturating_sub(1);
        known.given.any_within(part.span.start, last)
    };
    let parts = known.data.hit_by(span);
    if parts.is_empty() || parts.iter().any(is_led_to) {
        return None;
    }
    let hit = known.data.overwritten(span);
    let message = format!(
        "{subject}, over {}: {source}, and no address that the guest gave leads there",
        describe_hit(&hit)
    );
    Some(with_spans(
        Finding::new(FindingKind::StrayWrite, message),
        span,
        &hit,
    ))
}

/// Checks a write by an address that the guest gave when its stack had run out: the bytes from the
/// stack pointer up to the lowest end of the stack are not the stack's.
fn below_stack(record: &StepRecord, used: &Use, step: usize, known: &Known<'_>) -> Option<Finding> {
    let (pointer, range) = known.stack.position(record)?;
    let start = u64::try_from(pointer).unwrap_or(0);
    if used.span.start < start || used.span.start >= range.low {
        return None;
    }
    let outside = Span {
        start,
        len: range.low.saturating_sub(start),
    };
    let hit = known.data.overwritten(overlap(used.span, outside)?);
    if hit.labels.is_empty() {
        return None;
    }
    let message = format!(
        "the host wrote {}, over {}: the stack pointer is {:#x}, below the lowest address of the \
         guest's stack, {:#x}, since step {step}",
        the_bytes(used.span),
        describe_hit(&hit),
        start,
        range.low
    );
    let finding = Finding::new(FindingKind::StrayWrite, message);
    Some(with_spans(finding, used.span, &hit).blaming(step))
}

fn with_spans(finding: Finding, span: Span, hit: &DataHit) -> Finding {
    let finding = finding.about(hit.first.unwrap_or(span));
    finding.about(span)
}

/// Describes what was hit: `4 bytes of data segment 0`.
fn describe_hit(hit: &DataHit) -> String {
    format!("{} of {}", count(hit.bytes, "byte"), list::and(&hit.labels))
}

/// Describes where an address came from that the host chose.
fn source_of(address: u64, names: &[String], known: &Known<'_>) -> String {
    match names.first() {
        None => format!("the host chose the address {address:#x} (a number in the script)"),
        Some(variable) => {
            let from = match known.given.bound_in(variable) {
                Some(step) => format!("from step {step}"),
                None => "an input".to_owned(),
            };
            format!(
                "the host chose the address {address:#x} ({}, {from})",
                name(variable)
            )
        }
    }
}
