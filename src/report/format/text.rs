//! The text transcript, which reads like the session.
//!
//! Each step has one line, which `grep` finds by its mark and number. Below it, indented, are what
//! happened, what was found and the bytes.

use std::io;

use crate::finding_kind::Severity;
use crate::report::common::options::{Options, steps_shown};
use crate::report::common::step_details::{
    INDENT, write_error, write_import_calls, write_message, write_output,
};
use crate::report::common::step_view::{self, FindingView, StepView};
use crate::report::common::{changed_by, event_lines, guest_header, hex_dump, summary, trap};
use crate::safe;
use crate::text::{TextWriter, count};
use crate::timeline::{LayoutFacts, Moment, StepRecord, Timeline, Trap, effect};
use crate::wasm_types::memory_size;

/// Columns of the prose around steps, and of the sentences about a step.
const PROSE: usize = 80;
const SENTENCES: usize = 96;

/// Characters of a statement and of a value that are shown before it is cut.
const STATEMENT: usize = 240;
const VALUE: usize = 60;

/// Writes the transcript.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let shown = steps_shown(timeline, options);
    write_header(&mut out, timeline)?;
    for record in timeline.steps().iter().take(shown) {
        out.line("")?;
        write_step(&mut out, timeline, record)?;
        if options.stores {
            event_lines::write(&mut out, record, INDENT)?;
        }
    }
    if let Some(moment) = options.until
        && let Some(record) = timeline.step(moment.step)
    {
        out.line("")?;
        write_memory_at(&mut out, timeline, record, moment)?;
    }
    out.line("")?;
    if let Some(line) = summary::blocks_of_host(timeline, shown) {
        out.line(&line)?;
    }
    out.line(&summary::closing_line(timeline, shown))?;
    out.finish()
}

fn write_header(out: &mut TextWriter, timeline: &Timeline) -> io::Result<()> {
    let guest = &timeline.guest;
    out.line(&safe::plain(&timeline.title))?;
    if !guest.path.is_empty() {
        out.line(&format!(
            "guest   {}, {}, sha256 {}",
            safe::plain(&guest.path),
            count(guest.bytes, "byte"),
            guest_header::short_sha256(guest)
        ))?;
    }
    let memory = guest_header::memory_type(guest.memory.as_ref());
    out.line(&format!("memory  {memory}"))?;
    for input in &timeline.inputs {
        let (name, value) = (safe::plain(&input.name), input.value.brief(VALUE));
        out.line(&format!("input   {name} = {value}"))?;
    }
    Ok(())
}

fn write_step(out: &mut TextWriter, timeline: &Timeline, record: &StepRecord) -> io::Result<()> {
    let prose = record.narration.as_deref().unwrap_or_default();
    for paragraph in prose.split("\n\n") {
        let words: Vec<String> = paragraph.split_whitespace().map(safe::plain).collect();
        if !words.is_empty() {
            out.paragraph(&words.join(" "), 0, PROSE)?;
            out.line("")?;
        }
    }
    let view = StepView(record);
    write_headline(out, timeline, view)?;
    let (errors, remarks): (Vec<FindingView>, Vec<FindingView>) = view
        .findings()
        .partition(|view| view.finding.severity() == Severity::Error);
    write_error(out, record)?;
    write_errors(out, timeline, record, &errors)?;
    write_import_calls(out, record)?;
    write_output(out, record)?;
    out.paragraph(&effect(timeline, record.index), INDENT, SENTENCES)?;
    if record.index == 0 {
        write_layout(out, &timeline.guest.layout)?;
    }
    changed_by::write(out, record, INDENT)?;
    if let Some(line) = event_lines::unrecorded_stores(record) {
        out.line(&format!("{:INDENT$}{line}", ""))?;
    }
    for remark in remarks {
        write_finding(out, remark, &remark.finding.message)?;
    }
    hex_dump::write_step(out, timeline, record)
}

/// Writes the addresses of data, stack and heap, as far as the module declares them. The sentences
/// about step 0 have its data segments.
fn write_layout(out: &mut TextWriter, layout: &[LayoutFacts]) -> io::Result<()> {
    let mut areas: Vec<&LayoutFacts> = layout
        .iter()
        .filter(|facts| facts.segment.is_none())
        .collect();
    areas.sort_by_key(|facts| facts.start.or(facts.end));
    let areas: Vec<String> = areas.into_iter().map(area).collect();
    match areas.is_empty() {
        true => Ok(()),
        false => out.paragraph(&format!("layout: {}", areas.join(", ")), INDENT, SENTENCES),
    }
}

/// Returns a part of memory with its addresses, as far as they are known.
fn area(facts: &LayoutFacts) -> String {
    let name = &facts.name;
    match (facts.start, facts.end) {
        (Some(start), Some(end)) => format!("{name} {start:#x}..{end:#x}"),
        (Some(start), None) => format!("{name} from {start:#x}"),
        (None, Some(end)) => format!("{name} below {end:#x}"),
        (None, None) => name.clone(),
    }
}

fn write_headline(out: &mut TextWriter, timeline: &Timeline, view: StepView) -> io::Result<()> {
    let width = timeline.steps().len().saturating_sub(1).to_string().len();
    let mut mark = view.mark().to_string();
    if view.failure().is_some() {
        mark = out.bold(&mark);
    }
    let (index, statement) = (view.0.index, view.statement(STATEMENT));
    let result = view
        .failure_or_result()
        .map(|result| format!("  → {result}"))
        .unwrap_or_default();
    out.line(&format!("{mark} {index:>width$}  {statement}{result}"))
}

/// Writes the findings that stopped a step. How the guest trapped is below the finding about it.
fn write_errors(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    errors: &[FindingView],
) -> io::Result<()> {
    let mut trap = record.trap.as_ref();
    for error in errors {
        match trap.filter(|trap| trap::has_details_of(trap, error.finding)) {
            Some(about) => {
                write_finding(out, *error, &about.kind)?;
                trap::write_trap(out, timeline, about, INDENT + 2)?;
                trap = None;
            }
            None => write_finding(out, *error, &error.finding.message)?,
        }
    }
    match trap {
        Some(trap) => write_trap_alone(out, timeline, record, trap),
        None => Ok(()),
    }
}

/// Writes a trap that no finding is about.
fn write_trap_alone(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    trap: &Trap,
) -> io::Result<()> {
    let findings = record.findings.iter();
    let mut messages = findings
        .filter(|finding| finding.severity() == Severity::Error)
        .map(|finding| finding.message.as_str())
        .chain(record.error.as_deref());
    if !messages.any(|message| message.contains(&trap.kind)) {
        write_message(out, "trap", &trap.kind)?;
    }
    trap::write_trap(out, timeline, trap, INDENT + 2)
}

/// Writes a finding with `message`, which is its own or a short form of it.
fn write_finding(out: &mut TextWriter, view: FindingView, message: &str) -> io::Result<()> {
    let kind = view.finding.kind;
    let label = match view.finding.claimed {
        true => format!("{kind}, as expected"),
        false => format!("{}: {kind}", view.severity()),
    };
    let blamed = view.blamed.map(|blamed| format!("step {blamed}"));
    let because = blamed
        .filter(|step| !has_number(message, step))
        .map(|step| format!(" (because of {step})"))
        .unwrap_or_default();
    write_message(out, &label, &format!("{message}{because}"))
}

/// Returns whether a text has these words, which end in a number, and no longer number there.
fn has_number(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let rest = text.get(at + words.len()..).unwrap_or_default();
        !rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Writes the window of memory at the moment of `--at`.
fn write_memory_at(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    moment: Moment,
) -> io::Result<()> {
    let when = step_view::when(record, moment);
    let image = timeline.memory_at(moment);
    if image.is_empty() {
        return out.line(&format!("memory {when}: none"));
    }
    out.line(&format!("memory {when}, {}", memory_size(image.pages())))?;
    if let Some(line) = event_lines::line(record, moment.event, INDENT) {
        out.line(&line)?;
    }
    let written = event_lines::write_of(record, moment.event).map(|write| write.span());
    hex_dump::write_window(out, timeline, record, &image, written.or(record.focus))
}
