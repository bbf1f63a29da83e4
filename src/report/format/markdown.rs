//! A report for an issue tracker: what ran on which guest, what each step did to memory, what is
//! wrong and which step is to blame, and at its end the session itself, so that the report can be
//! run again.
//!
//! Every text that somebody else chose stands in a code span, in a fence longer than any it holds,
//! or is escaped: it can become neither markup nor a statement. What is told is bounded, so that a
//! tracker takes it; what is left out is counted.

mod escape;
mod session;

use std::collections::BTreeSet;
use std::io;

use crate::report::common::options::{Options, steps_shown};
use crate::report::common::{event_lines, hex_dump, step_details, summary, trap, writer_label};
use crate::safe;
use crate::text::TextWriter;
use crate::text::escape::ascii as to_ascii;
use crate::timeline::{Finding, Moment, Outcome, Severity, StepKind, StepRecord, Timeline, effect};
use crate::wasm_types::memory_size;
use escape::{code, fenced, prose};

/// Characters of all that is told of single steps: an issue on GitHub may have 65,536 characters.
const ROOM: usize = 40_000;

/// Steps in the list of all steps, before those in the middle are counted.
const LISTED: usize = 120;

/// Characters of a statement, of a value and of a message that are shown before it is cut.
const STATEMENT: usize = 160;
const VALUE: usize = 200;
const MESSAGE: usize = 1000;

pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let shown = steps_shown(timeline, options);
    if !options.ascii {
        report(timeline, options, shown, out)?;
        return session::write(timeline, options, shown, out);
    }
    let (mut told, mut session) = (Vec::new(), Vec::new());
    report(timeline, options, shown, &mut told)?;
    out.write_all(to_ascii(&String::from_utf8_lossy(&told)).as_bytes())?;
    session::write(timeline, options, shown, &mut session)?;
    // Here a likeness would be another session: in a text, a character's number means the same.
    out.write_all(by_number(&String::from_utf8_lossy(&session)).as_bytes())
}

fn report(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    header(timeline, shown, out)?;
    list(timeline, shown, out)?;
    findings(timeline, shown, out)?;
    told(timeline, options, shown, out)
}

fn by_number(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c)
        } else {
            out.extend(c.escape_unicode())
        }
    }
    out
}

fn header(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let guest = &timeline.guest;
    writeln!(
        out,
        "# {}: {}\n",
        prose(&safe::cut(&timeline.title, 80)),
        prose(&summary::closing(timeline, shown))
    )?;
    if !guest.path.is_empty() {
        let (path, print) = (safe::cut(&guest.path, VALUE), safe::cut(&guest.sha256, 64));
        writeln!(
            out,
            "- guest: {}, {} bytes, sha256 {}",
            code(&path),
            guest.bytes,
            code(&print)
        )?;
    }
    match &guest.memory {
        None => writeln!(out, "- memory: none")?,
        Some(memory) => {
            let most = memory
                .max
                .map(|max| format!(", at most {}", memory_size(max)))
                .unwrap_or_default();
            let wide = if memory.is_64 {
                ", 64-bit addresses"
            } else {
                ""
            };
            writeln!(out, "- memory: {}{most}{wide}", memory_size(memory.pages))?;
        }
    }
    for input in &timeline.inputs {
        writeln!(
            out,
            "- input {} = {}",
            code(&safe::plain(&input.name)),
            code(&input.value.brief(VALUE))
        )?;
    }
    writeln!(out, "- recorded by linmem {}\n", env!("CARGO_PKG_VERSION"))
}

/// One line for each step, as in the transcript.
fn list(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let width = shown.saturating_sub(1).to_string().len();
    let line = |record: &StepRecord| {
        let back = step_details::came_back(record)
            .map(|back| format!("  → {back}"))
            .unwrap_or_default();
        format!(
            "{} {:>width$}  {}{back}\n",
            mark(record),
            record.index,
            statement(record)
        )
    };
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let mut lines = String::new();
    let (head, tail) = match shown.checked_sub(LISTED) {
        Some(over @ 1..) => (LISTED / 2, LISTED / 2 + over),
        _ => (shown, shown),
    };
    steps
        .iter()
        .take(head)
        .for_each(|record| lines.push_str(&line(record)));
    if tail > head {
        lines.push_str(&format!("  … {} more steps\n", tail - head));
    }
    steps
        .iter()
        .skip(tail)
        .for_each(|record| lines.push_str(&line(record)));
    writeln!(out, "## Steps\n\n{}", fenced("text", &lines))
}

fn mark(record: &StepRecord) -> char {
    if record.outcome == Outcome::Ok {
        '✓'
    } else {
        '✗'
    }
}

/// The statement in one line.
fn statement(record: &StepRecord) -> String {
    match record.kind {
        StepKind::Instantiate => "instantiate".to_string(),
        _ => safe::cut(&record.text, STATEMENT),
    }
}

/// Everything found, the worst first.
fn findings(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let mut found: Vec<(&StepRecord, &Finding)> = steps
        .iter()
        .flat_map(|step| step.findings.iter().map(move |finding| (step, finding)))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by_key(|(step, finding)| {
        (
            finding.claimed,
            std::cmp::Reverse(finding.severity()),
            step.index,
        )
    });
    writeln!(out, "## Findings\n")?;
    for (step, finding) in found.iter().take(LISTED) {
        writeln!(
            out,
            "- {}",
            told_finding(step, finding, &format!(" in step {}", step.index))
        )?;
    }
    match found.len().saturating_sub(LISTED) {
        0 => {}
        more => writeln!(out, "- … and {more} more")?,
    }
    writeln!(out)
}

fn told_finding(step: &StepRecord, finding: &Finding, place: &str) -> String {
    let severity = match (finding.claimed, finding.severity()) {
        (true, _) => "as expected",
        (false, severity) => severity.as_str(),
    };
    let blamed = match finding.blamed.filter(|blamed| *blamed != step.index) {
        Some(blamed) => format!(", because of step {blamed}"),
        None => String::new(),
    };
    let message = prose(&safe::cut(&summary::joined(&finding.message), MESSAGE));
    format!("**{severity}: {}**{place}{blamed}: {message}", finding.kind)
}

/// The steps one by one: those that matter first, as long as there is room, but in their order.
fn told(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let mut order: Vec<&StepRecord> = steps.iter().collect();
    let blamed: BTreeSet<usize> = steps
        .iter()
        .flat_map(|s| &s.findings)
        .filter_map(|f| f.blamed)
        .collect();
    order.sort_by_key(|step| (weight(step, blamed.contains(&step.index)), step.index));
    let mut sections: Vec<(usize, String)> = Vec::new();
    let mut room = ROOM;
    for record in order {
        let section = section(timeline, options, record)?;
        let Some(left) = room.checked_sub(section.chars().count()) else {
            break;
        };
        room = left;
        sections.push((record.index, section));
    }
    sections.sort_by_key(|(index, _)| *index);
    writeln!(out, "## What happened\n")?;
    let mut next = 0;
    for (index, section) in &sections {
        left_out(next, *index, out)?;
        writeln!(out, "{}\n", section.trim_end())?;
        next = index + 1;
    }
    left_out(next, shown, out)
}

/// What is told first: what went wrong, what is to blame, what changed memory, the rest.
fn weight(record: &StepRecord, is_blamed: bool) -> u8 {
    match record {
        r if r.outcome != Outcome::Ok
            || r.findings.iter().any(|f| f.severity() >= Severity::Warning) =>
        {
            0
        }
        _ if is_blamed => 1,
        r if !r.changes.is_empty() || !r.findings.is_empty() => 2,
        _ => 3,
    }
}

fn left_out(from: usize, to: usize, out: &mut dyn io::Write) -> io::Result<()> {
    match to.saturating_sub(from) {
        0 => Ok(()),
        1 => writeln!(
            out,
            "_Step {from} is left out here, to keep the report short._\n"
        ),
        n => writeln!(
            out,
            "_Steps {from} to {} are left out here, to keep the report short: {n} of them._\n",
            to - 1
        ),
    }
}

fn section(timeline: &Timeline, options: &Options, record: &StepRecord) -> io::Result<String> {
    let outcome = match record.outcome {
        Outcome::Ok => String::new(),
        outcome if record.is_claimed() => format!(", {}, as expected", outcome.word()),
        outcome => format!(", {}", outcome.word()),
    };
    let mut out = format!(
        "### {} Step {}{outcome}: {}\n\n",
        mark(record),
        record.index,
        code(&statement(record))
    );
    let effect = effect(timeline, record.index);
    if !effect.is_empty() {
        out.push_str(&format!("{}\n\n", prose(&effect)));
    }
    for finding in &record.findings {
        out.push_str(&format!("{}\n\n", told_finding(record, finding, "")));
    }
    push_block(&mut out, "text", |paper| details(paper, timeline, record))?;
    push_block(&mut out, "diff", |paper| {
        hex_dump::diff(paper, timeline, record)
    })?;
    if let Some(until) = options.until.filter(|until| until.step == record.index) {
        push_moment(&mut out, timeline, record, until)?;
    }
    Ok(out)
}

/// Why it stopped and where, whom it called, what it printed, who changed memory.
fn details(paper: &mut TextWriter, timeline: &Timeline, record: &StepRecord) -> io::Result<()> {
    step_details::errors(paper, record)?;
    if let Some(trapped) = &record.trap {
        paper.line(&format!("trap: {}", safe::cut(&trapped.kind, MESSAGE)))?;
        trap::tell(paper, timeline, trapped, 2)?;
    }
    step_details::import_calls(paper, record)?;
    step_details::output(paper, record)?;
    writer_label::of_changes(paper, record, 0)?;
    match event_lines::not_told_apart(record) {
        Some(line) => paper.line(&line),
        None => Ok(()),
    }
}

/// Memory in the middle of a step, where that is the moment meant.
fn push_moment(
    out: &mut String,
    timeline: &Timeline,
    record: &StepRecord,
    moment: Moment,
) -> io::Result<()> {
    if moment.event >= record.events.len() {
        return Ok(());
    }
    let number = moment.event;
    out.push_str(&format!(
        "After event {number} of {} in step {}:\n\n",
        record.events.len(),
        record.index
    ));
    push_block(out, "text", |paper| {
        if let Some(line) = event_lines::line(record, number, 0) {
            paper.line(&line)?;
        }
        let image = timeline.memory_at(moment);
        hex_dump::window(paper, timeline, record, &image, record.focus)
    })
}

/// Adds a fenced block of what is written on a sheet; nothing where that is nothing.
fn push_block(
    out: &mut String,
    info: &str,
    write: impl FnOnce(&mut TextWriter) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut paper = TextWriter::new(&mut bytes, false, false);
    write(&mut paper)?;
    paper.finish()?;
    if !bytes.is_empty() {
        out.push_str(&fenced(info, &String::from_utf8_lossy(&bytes)));
        out.push('\n');
    }
    Ok(())
}
