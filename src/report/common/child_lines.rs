//! What the host did in a call of an import, one line each, with the name by which `--at` finds it.

use std::io;

use crate::safe;
use crate::text::{TextWriter, count};
use crate::timeline::{ChildKind, ChildStep, Outcome, StepRecord};

/// Characters of a line before it is cut.
const LINE: usize = 240;

/// Returns whether a child has parts that are worth lines of their own: anything but reads, whose
/// values the line of the call has.
pub(in crate::report) fn opens(record: &StepRecord, child: usize) -> bool {
    let mut parts = record.children.parts_of(Some(child));
    parts.any(|(_, part)| part.kind != ChildKind::Read)
}

/// Writes the parts of a child and theirs, at most `most` of them. Returns how many it wrote.
pub(in crate::report) fn write_parts(
    out: &mut TextWriter,
    record: &StepRecord,
    child: usize,
    indent: usize,
    most: usize,
) -> io::Result<usize> {
    let children = &record.children;
    let outer = children.depth(child);
    let parts = child.saturating_add(1)..children.end_of(child);
    let total = parts.len();
    for index in parts.take(most) {
        let Some(part) = children.get(index) else {
            continue;
        };
        let depth = children.depth(index).saturating_sub(outer);
        let label = record.child_label(index);
        let line = format!(
            "{:indent$}{:>width$}{label} {}",
            "",
            "",
            line(part),
            width = 2 * depth
        );
        out.line(&line)?;
    }
    if total > most {
        let more = count(total - most, "more part");
        out.line(&format!("{:indent$}  … and {more}", ""))?;
    }
    Ok(total.min(most))
}

/// Returns a child in one line: `call allocate(5) → 2048, 3 events`.
pub(in crate::report) fn line(child: &ChildStep) -> String {
    let word = match child.kind {
        ChildKind::Import => "called ",
        _ => "",
    };
    let mut line = format!("{word}{}", child.text);
    if let Some(result) = &child.result {
        line.push_str(&format!(" → {result}"));
    }
    match child.outcome {
        Outcome::Ok => {}
        Outcome::Failed => line.push_str(", which failed"),
        Outcome::Trapped => line.push_str(", which trapped"),
        Outcome::Cancelled => line.push_str(", which did not end"),
    }
    let has_stores = matches!(child.kind, ChildKind::Import | ChildKind::Call);
    if has_stores && !child.events.is_empty() {
        line.push_str(&format!(", {}", count(child.events.len(), "event")));
    }
    if let Some(place) = &child.host {
        line.push_str(&format!("  # {place}"));
    }
    safe::cut(&line, LINE)
}
