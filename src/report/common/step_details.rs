//! What a step gave back, why it stopped, which imports it called and what it printed: the lines
//! that several formats have in common.

use std::io;

use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{Binding, ImportCall, Naming, Outcome, StepKind, StepRecord};
use crate::value::Value;

/// Blanks before what belongs to a step.
pub(in crate::report) const INDENT: usize = 5;

/// Characters of a statement, of a value, of a message's line that are shown before it is cut.
const STATEMENT: usize = 240;
const VALUE: usize = 60;
const MESSAGE: usize = 1000;

/// Calls of imports, and lines of output, shown of one step.
const MOST_CALLS: usize = 8;
const MOST_LINES: usize = 20;

/// What a step gave back, in a few words; `None` where that goes without saying.
pub(in crate::report) fn came_back(record: &StepRecord) -> Option<String> {
    match record.outcome {
        Outcome::Ok => {}
        outcome if record.is_claimed() => return Some(format!("{}, as expected", outcome.word())),
        outcome => return Some(outcome.word().into()),
    }
    let values: Vec<String> = match (&record.call, record.kind) {
        _ if !record.bindings.is_empty() => {
            record.bindings.iter().map(|b| bound(record, b)).collect()
        }
        (Some(call), StepKind::Call) => call.results.iter().map(|v| v.brief(VALUE)).collect(),
        (Some(_), StepKind::Expect) => vec!["trapped, as expected".into()],
        _ => match &record.naming {
            Some(Naming::Named(span)) => {
                vec![format!("{:#x}..{:#x}", span.span.start, span.span.end())]
            }
            _ => Vec::new(),
        },
    };
    (!values.is_empty()).then(|| values.join(", "))
}

fn bound(record: &StepRecord, binding: &Binding) -> String {
    match (
        &binding.value,
        record.pointers.iter().find(|p| p.name == binding.name),
    ) {
        (Value::Int(_), Some(pointer)) => format!("{:#x}", pointer.address),
        _ => binding.value.brief(VALUE),
    }
}

/// Why a step stopped, unless a finding says the same.
pub(in crate::report) fn errors(paper: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    match &record.error {
        Some(error) if !record.findings.iter().any(|f| f.message == *error) => {
            message(paper, "error", error)
        }
        _ => Ok(()),
    }
}

/// `error: …`, the message's further lines below.
pub(in crate::report) fn message(
    paper: &mut TextWriter,
    intro: &str,
    text: &str,
) -> io::Result<()> {
    let mut lines = text.lines();
    let first = safe::cut(lines.next().unwrap_or_default(), MESSAGE);
    let intro = if intro.starts_with("error") {
        paper.bold(&format!("{intro}:"))
    } else {
        format!("{intro}:")
    };
    paper.line(&format!("{:INDENT$}{intro} {first}", ""))?;
    for line in lines {
        paper.line(&format!("{:INDENT$}  {}", "", safe::cut(line, MESSAGE)))?;
    }
    Ok(())
}

pub(in crate::report) fn import_calls(
    paper: &mut TextWriter,
    record: &StepRecord,
) -> io::Result<()> {
    let total = record
        .imports_called_total
        .max(record.imports_called.len() as u64);
    for call in record.imports_called.iter().take(MOST_CALLS) {
        paper.line(&format!("{:INDENT$}called {}", "", import_call(call)))?;
    }
    let shown = record.imports_called.len().min(MOST_CALLS) as u64;
    if total > shown {
        paper.line(&format!(
            "{:INDENT$}… and {} more of {total} calls",
            "",
            total - shown
        ))?;
    }
    Ok(())
}

fn import_call(call: &ImportCall) -> String {
    let list = |values: &[Value]| {
        values
            .iter()
            .map(|v| v.brief(VALUE))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut out = format!("{}({})", safe::cut(&call.name, STATEMENT), list(&call.args));
    if !call.results.is_empty() {
        out.push_str(&format!(" → {}", list(&call.results)));
    }
    if let Some(meaning) = call.meaning {
        out.push_str(&format!(" {meaning}"));
    }
    if !call.saw.is_empty() {
        out.push_str(&format!(", saw {}", list(&call.saw)));
    }
    out
}

/// What the guest printed, and how it left.
pub(in crate::report) fn output(paper: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    printed(paper, record)?;
    match record.exit_code {
        // Any other code is told as an error.
        Some(0) => paper.line(&format!("{:INDENT$}exited with exit code 0", "")),
        _ => Ok(()),
    }
}

fn printed(paper: &mut TextWriter, record: &StepRecord) -> io::Result<()> {
    let Some(output) = &record.output else {
        return Ok(());
    };
    for line in output.lines().take(MOST_LINES) {
        paper.line(&format!(
            "{:INDENT$}printed: {}",
            "",
            safe::cut(line, STATEMENT)
        ))?;
    }
    let hidden = output.lines().count().saturating_sub(MOST_LINES);
    if hidden > 0 {
        paper.line(&format!("{:INDENT$}… and {hidden} more lines", ""))?;
    }
    let (all, kept) = (record.output_bytes, record.output_kept);
    if all > kept {
        paper.line(&format!(
            "{:INDENT$}… {all} bytes in all, the first {kept} of them kept",
            ""
        ))?;
    }
    Ok(())
}
