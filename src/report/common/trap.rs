//! How the guest trapped, in lines: the function, the instruction and its source line, the access
//! that failed, and the functions that were running.

use std::io;

use crate::finding_kind::FindingKind;
use crate::safe;
use crate::source::{ListingKind, Place};
use crate::text::{TextWriter, count};
use crate::timeline::{CallFrame, CodeLabel, Finding, Timeline, Trap};

/// Frames that are shown; the others are counted.
const FRAMES: usize = 16;

/// Characters of an instruction, and of a source line, that are shown before it is cut.
const INSTRUCTION: usize = 120;

/// Returns whether a finding is about this trap and [`write_trap`] has the details of its message,
/// so that the trap's kind is enough in its place.
pub(in crate::report) fn has_details_of(trap: &Trap, finding: &Finding) -> bool {
    finding.kind == FindingKind::Trap
        && !trap.kind.is_empty()
        && finding.message.starts_with(&trap.kind)
}

/// Writes the lines that belong below the trap's kind.
pub(in crate::report) fn write_trap(
    out: &mut TextWriter,
    timeline: &Timeline,
    trap: &Trap,
    indent: usize,
) -> io::Result<()> {
    let mut frames = trap.chain.iter().take(FRAMES);
    if let Some(frame) = frames.next() {
        let place = place_of(timeline, frame);
        let instruction =
            place.map(|place| format!(": {}", safe::cut(&place.instruction, INSTRUCTION)));
        let instruction = instruction.unwrap_or_default();
        write_frame(out, "in ", frame, place, &instruction, indent)?;
        if let Some(line) = place.and_then(source_line) {
            out.line(&format!("{:indent$}  {line}", ""))?;
        }
    }
    if let Some(attempt) = &trap.attempt {
        out.line(&format!("{:indent$}a {}", "", attempt.describe()))?;
    }
    for reason in &trap.reasons {
        out.line(&format!("{:indent$}{}", "", safe::plain(reason)))?;
    }
    for frame in frames {
        let place = place_of(timeline, frame);
        write_frame(out, "called from ", frame, place, "", indent)?;
    }
    let shown = trap.chain.len().min(FRAMES);
    match trap.depth.max(trap.chain.len()) - shown {
        0 => Ok(()),
        more => out.line(&format!(
            "{:indent$}… and {}",
            "",
            count(more, "more caller")
        )),
    }
}

fn place_of<'a>(timeline: &'a Timeline, frame: &CallFrame) -> Option<&'a Place> {
    timeline.locate(frame.offset?).map(|place| &**place)
}

/// Writes a function that was running. Where others are inlined at its instruction, these come
/// first.
fn write_frame(
    out: &mut TextWriter,
    intro: &str,
    frame: &CallFrame,
    place: Option<&Place>,
    instruction: &str,
    indent: usize,
) -> io::Result<()> {
    let source = frame
        .source
        .as_deref()
        .or(place.and_then(|place| place.source.as_deref()));
    let inlined = place
        .map(|place| place.inlined.as_slice())
        .filter(|frames| frames.len() > 1)
        .unwrap_or_default();
    let code = match inlined.first() {
        Some(innermost) => CodeLabel {
            function: Some(&innermost.function),
            source: innermost.source.as_deref().or(source),
            offset: frame.offset,
        },
        None => CodeLabel {
            function: Some(&frame.function),
            source,
            offset: frame.offset,
        },
    };
    out.line(&format!("{:indent$}{intro}{code}{instruction}", ""))?;
    for outer in inlined.iter().skip(1) {
        let code = CodeLabel {
            function: Some(&outer.function),
            source: outer.source.as_deref(),
            offset: None,
        };
        out.line(&format!("{:indent$}inlined into {code}", ""))?;
    }
    Ok(())
}

/// Returns the instruction's line in its source: `25 │ (i32.store8 (local.get $to))`.
///
/// There is none for a disassembly, which has no more than the instruction itself.
fn source_line(place: &Place) -> Option<String> {
    let listing = place
        .listing
        .as_ref()
        .filter(|listing| listing.kind != ListingKind::Disassembly)?;
    let text = safe::cut(listing.line(place.line)?.trim(), INSTRUCTION);
    Some(format!("{} │ {text}", place.line))
}
