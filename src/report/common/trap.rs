//! How the guest trapped, in lines: the function, the instruction and its source line, the address
//! it went for, and the functions that called it.

use std::io;

use super::writer_label;
use crate::safe;
use crate::source::{ListingKind, Place};
use crate::text::TextWriter;
use crate::timeline::{CallFrame, Finding, FindingKind, Timeline, Trap};

/// Frames shown before the rest is counted.
const FRAMES: usize = 16;

/// Characters of an instruction, and of a source line, that are shown before it is cut.
const INSTRUCTION: usize = 120;

/// Whether a finding's message says in short what [`tell`] says in full, so that its first words,
/// the trap's kind, are enough.
pub(in crate::report) fn is_told_by(trap: &Trap, finding: &Finding) -> bool {
    finding.kind == FindingKind::Trap
        && !trap.kind.is_empty()
        && finding.message.starts_with(&trap.kind)
}

/// Writes the lines that belong below the trap's kind.
pub(in crate::report) fn tell(
    paper: &mut TextWriter,
    timeline: &Timeline,
    trap: &Trap,
    indent: usize,
) -> io::Result<()> {
    let mut frames = trap.chain.iter().take(FRAMES);
    if let Some(frame) = frames.next() {
        let place = frame.offset.and_then(|offset| timeline.place(offset));
        let instruction =
            place.map(|place| format!(": {}", safe::cut(&place.instruction, INSTRUCTION)));
        tell_frame(
            paper,
            "in ",
            frame,
            place.map(|p| &**p),
            &instruction.unwrap_or_default(),
            indent,
        )?;
        if let Some(line) = place.and_then(|place| source_line(place)) {
            paper.line(&format!("{:indent$}  {line}", ""))?;
        }
    }
    if let Some(attempt) = &trap.attempt {
        paper.line(&format!(
            "{:indent$}{}",
            "",
            format_args!("a {}", attempt.told())
        ))?;
    }
    for frame in frames {
        let place = frame.offset.and_then(|offset| timeline.place(offset));
        tell_frame(
            paper,
            "called from ",
            frame,
            place.map(|p| &**p),
            "",
            indent,
        )?;
    }
    let shown = trap.chain.len().min(FRAMES);
    match trap.depth.max(trap.chain.len()) - shown {
        0 => Ok(()),
        1 => paper.line(&format!("{:indent$}… and 1 more caller", "")),
        hidden => paper.line(&format!("{:indent$}… and {hidden} more callers", "")),
    }
}

/// One function that was running; where others were inlined at its instruction, these first.
fn tell_frame(
    paper: &mut TextWriter,
    intro: &str,
    frame: &CallFrame,
    place: Option<&Place>,
    instruction: &str,
    indent: usize,
) -> io::Result<()> {
    let source = frame
        .source
        .as_deref()
        .or(place.and_then(|p| p.source.as_deref()));
    let inlined = place
        .map(|p| p.inlined.as_slice())
        .filter(|frames| frames.len() > 1)
        .unwrap_or_default();
    let mut line = format!("{:indent$}{intro}", "");
    match inlined.first() {
        Some(innermost) => {
            writer_label::push_function(&mut line, &innermost.function);
            writer_label::push_place(
                &mut line,
                innermost.source.as_deref().or(source),
                frame.offset,
            );
        }
        None => {
            writer_label::push_function(&mut line, &frame.function);
            writer_label::push_place(&mut line, source, frame.offset);
        }
    }
    line.push_str(instruction);
    paper.line(&line)?;
    for outer in inlined.iter().skip(1) {
        let mut line = format!("{:indent$}inlined into ", "");
        writer_label::push_function(&mut line, &outer.function);
        writer_label::push_place(&mut line, outer.source.as_deref(), None);
        paper.line(&line)?;
    }
    Ok(())
}

/// The instruction's line in its source: `25 │ (i32.store8 (local.get $to) (local.get $byte))`. A
/// disassembly has no more to say than the instruction.
fn source_line(place: &Place) -> Option<String> {
    let listing = place
        .listing
        .as_ref()
        .filter(|listing| listing.kind != ListingKind::Disassembly)?;
    let text = safe::cut(listing.line(place.line)?.trim(), INSTRUCTION);
    Some(format!("{} │ {text}", place.line))
}
