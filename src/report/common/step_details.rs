//! What else a step did, in lines: why it stopped, which imports the guest called and what it
//! printed.

use std::io;

use super::changed_by;
use super::child_lines;
use super::event_lines;
use super::step_view::StepView;
use super::trap;
use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{ChildKind, ImportCall, StepRecord, Timeline};
use crate::value::Value;

/// Blanks before the lines of a step.
pub(in crate::report) const INDENT: usize = 5;

/// Characters of a line that the guest printed, of a value, and of a line of a message that are
/// shown before it is cut.
const LINE: usize = 240;
const VALUE: usize = 60;
const MESSAGE: usize = 1000;

/// Calls of imports, and printed lines, that are shown of one step.
const MOST_CALLS: usize = 8;
const MOST_LINES: usize = 20;

/// Writes all details of a step that no finding and no hex dump shows.
pub(in crate::report) fn write(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
) -> io::Result<()> {
    write_error(out, record)?;
    if let Some(trapped) = &record.trap {
        out.line(&format!("trap: {}", safe::cut(&trapped.kind, MESSAGE)))?;
        trap::write_trap(out, timeline, trapped, 2)?;
    }
    write_import_calls(out, record)?;
    write_output(out, record)?;
    changed_by::write(out, record, 0)?;
    match event_lines::unrecorded_stores(record) {
        Some(line) => out.line(&line),
        None => Ok(()),
    }
}

/// Writes why a step stopped, unless a finding has the same message.
pub(in crate::report) fn write_error(out: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    match StepView(record).error() {
        Some(error) => write_message(out, "error", error),
        None => Ok(()),
    }
}

/// Writes `label: message`; further lines of the message are indented below the first one.
pub(in crate::report) fn write_message(
    out: &mut TextWriter,
    label: &str,
    message: &str,
) -> io::Result<()> {
    let mut lines = message.lines();
    let first = safe::cut(lines.next().unwrap_or_default(), MESSAGE);
    let mut label = format!("{label}:");
    if label.starts_with("error") {
        label = out.bold(&label);
    }
    out.line(&format!("{:INDENT$}{label} {first}", ""))?;
    for line in lines {
        out.line(&format!("{:INDENT$}  {}", "", safe::cut(line, MESSAGE)))?;
    }
    Ok(())
}

/// Writes the calls of imports, the first [`MOST_CALLS`] of them, with what the host did in each.
pub(in crate::report) fn write_import_calls(
    out: &mut TextWriter,
    record: &StepRecord,
) -> io::Result<()> {
    let total = record
        .imports_called_total
        .max(record.imports_called.len() as u64);
    // The calls and the children of this kind are in the same order.
    let children = record.children.iter();
    let mut children = children.filter(|(_, child)| child.kind == ChildKind::Import);
    let (mut written, mut most_lines) = (0, MOST_LINES);
    for call in record.imports_called.iter().take(MOST_CALLS) {
        written += 1;
        let child = children.next();
        if child.is_some_and(|(_, child)| child.parent.is_some()) {
            // It is a line below the call that it was made in.
            continue;
        }
        let opened = child.filter(|(index, _)| child_lines::opens(record, *index));
        let text = import_call(call, opened.is_none());
        out.line(&format!("{:INDENT$}called {text}", ""))?;
        if let Some((index, _)) = opened {
            let lines = child_lines::write_parts(out, record, index, INDENT, most_lines)?;
            most_lines = most_lines.saturating_sub(lines);
        }
    }
    match total - written {
        0 => Ok(()),
        more => out.line(&format!("{:INDENT$}… and {more} more of {total} calls", "")),
    }
}

/// Returns a call as `module.name(args) → results, saw values, called export(args) → results`;
/// without `has_details`, what it saw and called is left out.
fn import_call(call: &ImportCall, has_details: bool) -> String {
    let list = |values: &[Value]| {
        let values: Vec<String> = values.iter().map(|v| v.brief(VALUE)).collect();
        values.join(", ")
    };
    let mut text = format!("{}({})", safe::cut(&call.name, LINE), list(&call.args));
    if !call.results.is_empty() {
        text.push_str(&format!(" → {}", list(&call.results)));
    }
    if let Some(meaning) = call.meaning {
        text.push_str(&format!(" {meaning}"));
    }
    if !has_details {
        return text;
    }
    if !call.saw.is_empty() {
        text.push_str(&format!(", saw {}", list(&call.saw)));
    }
    for inner in &call.calls {
        let (export, args) = (safe::cut(&inner.export, LINE), list(&inner.args));
        text.push_str(&format!(", called {export}({args})"));
        if !inner.results.is_empty() {
            text.push_str(&format!(" → {}", list(&inner.results)));
        }
    }
    text
}

/// Writes what the guest printed, and its exit code if that is 0.
pub(in crate::report) fn write_output(out: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    write_printed_lines(out, record)?;
    match record.exit_code {
        // Any other exit code is an error, which has a line of its own.
        Some(0) => out.line(&format!("{:INDENT$}exited with exit code 0", "")),
        _ => Ok(()),
    }
}

fn write_printed_lines(out: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    let Some(output) = &record.output else {
        return Ok(());
    };
    let mut lines = output.lines();
    for line in lines.by_ref().take(MOST_LINES) {
        out.line(&format!("{:INDENT$}printed: {}", "", safe::cut(line, LINE)))?;
    }
    match lines.count() {
        0 => {}
        more => out.line(&format!("{:INDENT$}… and {more} more lines", ""))?,
    }
    let (all, kept) = (record.output_bytes, record.output_kept);
    if all > kept {
        out.line(&format!(
            "{:INDENT$}… {all} bytes in all, the first {kept} of them kept",
            ""
        ))?;
    }
    Ok(())
}
