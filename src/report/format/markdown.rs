//! A report for an issue tracker: what ran on which guest, what each step did to memory, what is
//! wrong and which step is to blame. It ends with the session itself, so that the report can be run
//! again.
//!
//! Text that a guest or a file chose is in a code span, in a fence longer than any in the text, or
//! escaped: it can become neither markup nor a statement. The report is bounded, because a tracker
//! bounds it; it counts what is left out.

mod escape;
mod session;

use std::collections::BTreeSet;
use std::io;

use crate::finding_kind::Severity;
use crate::report::common::moment_view::MomentView;
use crate::report::common::options::{Options, steps_shown};
use crate::report::common::step_view::{FindingView, StepView};
use crate::report::common::{
    event_lines, guest_header, hex_dump, lesson_view, step_details, summary, to_text,
};
use crate::safe;
use crate::text::{TextWriter, escape as text_escape};
use crate::timeline::{Finding, Outcome, StepRecord, Timeline, describe_view};
use escape::{code, fenced, prose};

/// Characters of all sections about single steps: an issue on GitHub holds 65,536 characters.
const SECTIONS: usize = 40_000;

/// Steps and findings that are listed. The steps in the middle of a longer list are counted.
const LISTED: usize = 120;

/// Characters of a title, of a statement, of a value and of a message that are shown before it is
/// cut.
const TITLE: usize = 80;
const STATEMENT: usize = 160;
const VALUE: usize = 200;
const MESSAGE: usize = 1000;

/// Digits of a SHA-256 fingerprint.
const SHA256: usize = 64;

/// Writes the report.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let shown = steps_shown(timeline, options);
    if !options.ascii {
        write_report(timeline, options, shown, out)?;
        return session::write(timeline, options, shown, out);
    }
    let (mut report, mut session) = (Vec::new(), Vec::new());
    write_report(timeline, options, shown, &mut report)?;
    let report = text_escape::ascii(&String::from_utf8_lossy(&report));
    out.write_all(report.as_bytes())?;
    session::write(timeline, options, shown, &mut session)?;
    // The session must stay the same, so its characters are escaped by number: in a text of the
    // steps language the escape means the character.
    out.write_all(by_number(&String::from_utf8_lossy(&session)).as_bytes())
}

fn write_report(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    write_header(timeline, shown, out)?;
    write_list(timeline, shown, out)?;
    write_findings(timeline, shown, out)?;
    write_sections(timeline, options, shown, out)
}

/// Returns `text` with every character outside ASCII as `\u{…}`.
fn by_number(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => out.extend(c.escape_unicode()),
        }
    }
    out
}

fn write_header(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let guest = &timeline.guest;
    writeln!(
        out,
        "# {}: {}\n",
        prose(&safe::cut(&lesson_view::title(timeline), TITLE)),
        prose(&summary::closing_line(timeline, shown))
    )?;
    if !guest.path.is_empty() {
        writeln!(
            out,
            "- guest: {}, {} bytes, sha256 {}",
            code(&safe::cut(&guest.path, VALUE)),
            guest.bytes,
            code(&safe::cut(&guest.sha256, SHA256))
        )?;
    }
    let memory = guest_header::memory_type(guest.memory.as_ref());
    writeln!(out, "- memory: {memory}")?;
    for input in &timeline.inputs {
        let name = code(&safe::plain(&input.name));
        let value = code(&input.value.brief(VALUE));
        writeln!(out, "- input {name} = {value}")?;
    }
    writeln!(out, "- recorded by linmem {}\n", env!("CARGO_PKG_VERSION"))
}

/// Writes one line for each step, as in the transcript.
fn write_list(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let width = shown.saturating_sub(1).to_string().len();
    let line = |record: &StepRecord| {
        let view = StepView(record);
        let result = view
            .failure_or_result()
            .map(|result| format!("  → {result}"))
            .unwrap_or_default();
        let (mark, index) = (view.mark(), record.index);
        format!(
            "{mark} {index:>width$}  {}{result}\n",
            lesson_view::statement(record, STATEMENT)
        )
    };
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let (head, tail) = match shown.saturating_sub(LISTED) {
        0 => (shown, shown),
        hidden => (LISTED / 2, LISTED / 2 + hidden),
    };
    let mut lines: String = steps.iter().take(head).map(line).collect();
    if tail > head {
        lines.push_str(&format!("  … {} more steps\n", tail - head));
    }
    lines.extend(steps.iter().skip(tail).map(line));
    writeln!(out, "## Steps\n\n{}", fenced("text", &lines))
}

/// Writes all findings, the worst first.
fn write_findings(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let mut found: Vec<(usize, FindingView)> = steps
        .iter()
        .flat_map(|step| StepView(step).findings().map(|view| (step.index, view)))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by_key(|(step, view)| {
        let severity = std::cmp::Reverse(view.finding.severity());
        (view.finding.claimed, severity, *step)
    });
    writeln!(out, "## Findings\n")?;
    for (step, view) in found.iter().take(LISTED) {
        writeln!(out, "- {}", finding(*view, &format!(" in step {step}")))?;
    }
    match found.len().saturating_sub(LISTED) {
        0 => {}
        more => writeln!(out, "- … and {more} more")?,
    }
    writeln!(out)
}

/// Returns a finding as one line of Markdown.
fn finding(view: FindingView, place: &str) -> String {
    let (severity, kind) = (view.severity(), view.finding.kind);
    let blamed = view
        .blamed
        .map(|step| format!(", because of step {step}"))
        .unwrap_or_default();
    let message = prose(&view.message(MESSAGE));
    format!("**{severity}: {kind}**{place}{blamed}: {message}")
}

/// Writes the sections about single steps, in order. Where they are too long together, those that
/// matter most are kept.
fn write_sections(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let steps = timeline.steps().get(..shown).unwrap_or_default();
    let mut order: Vec<&StepRecord> = steps.iter().collect();
    let findings = steps.iter().flat_map(|step| &step.findings);
    let blamed: BTreeSet<usize> = findings.filter_map(|finding| finding.blamed).collect();
    order.sort_by_key(|step| (rank(step, blamed.contains(&step.index)), step.index));
    let mut sections: Vec<(usize, String)> = Vec::new();
    let mut available = SECTIONS;
    for record in order {
        let section = section(timeline, options, record)?;
        let Some(rest) = available.checked_sub(section.chars().count()) else {
            break;
        };
        available = rest;
        sections.push((record.index, section));
    }
    sections.sort_by_key(|(index, _)| *index);
    writeln!(out, "## What happened\n")?;
    let mut next = 0;
    for (index, section) in &sections {
        write_omission(next, *index, out)?;
        writeln!(out, "{}\n", section.trim_end())?;
        next = index + 1;
    }
    write_omission(next, shown, out)
}

/// Returns how much a step matters, the least number for the most: steps that went wrong, those to
/// blame, those that changed memory, all others.
fn rank(record: &StepRecord, is_blamed: bool) -> u8 {
    let is_bad = |finding: &Finding| finding.severity() >= Severity::Warning;
    match record {
        r if r.outcome != Outcome::Ok || r.findings.iter().any(is_bad) => 0,
        _ if is_blamed => 1,
        r if !r.changes.is_empty() || !r.findings.is_empty() => 2,
        _ => 3,
    }
}

/// Writes that the steps from `from` to before `to` have no section.
fn write_omission(from: usize, to: usize, out: &mut dyn io::Write) -> io::Result<()> {
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
    let view = StepView(record);
    let failure = view
        .failure()
        .map(|failure| format!(", {failure}"))
        .unwrap_or_default();
    let mut out = format!(
        "### {} Step {}{failure}: {}\n\n",
        view.mark(),
        record.index,
        code(&lesson_view::statement(record, STATEMENT))
    );
    for paragraph in lesson_view::narration(timeline, record) {
        out.push_str(&format!("{}\n\n", prose(&paragraph)));
    }
    push_question(&mut out, timeline, record);
    let effect = lesson_view::effect_without_answer(timeline, record);
    if !effect.is_empty() {
        out.push_str(&format!("{}\n\n", prose(&effect)));
    }
    for view in view.findings() {
        out.push_str(&format!("{}\n\n", finding(view, "")));
    }
    push_javascript(&mut out, timeline, record)?;
    push_block(&mut out, "text", |out| {
        step_details::write(out, timeline, record)
    })?;
    push_block(&mut out, "diff", |out| {
        hex_dump::write_diff(out, timeline, record)
    })?;
    if let Some(until) = options.until.filter(|until| until.step == record.index) {
        push_moment(
            &mut out,
            timeline,
            &MomentView::of(timeline, record, until, options),
        )?;
    }
    Ok(out)
}

/// Adds the step in JavaScript, folded, to the report of a session with prose.
fn push_javascript(out: &mut String, timeline: &Timeline, record: &StepRecord) -> io::Result<()> {
    let code = lesson_view::javascript(timeline, record);
    if timeline.document.is_empty() || record.ask.is_some() || code.is_empty() {
        return Ok(());
    }
    out.push_str("<details><summary>In JavaScript</summary>\n\n");
    push_block(out, "js", |out| {
        code.lines().try_for_each(|line| out.line(line))
    })?;
    if let Some(view) = describe_view(timeline, record.index) {
        out.push_str(&format!("{}\n\n", prose(&view)));
    }
    out.push_str("</details>\n\n");
    Ok(())
}

/// Adds the question of a step, with its hints and its answer folded.
fn push_question(out: &mut String, timeline: &Timeline, record: &StepRecord) {
    let Some(question) = lesson_view::question(record) else {
        return;
    };
    out.push_str(&format!("**{}**\n\n", prose(&question)));
    let folded = |title: &str, text: &str| {
        let text = text_escape::xml(text);
        format!("<details><summary>{title}</summary>{text}</details>\n\n")
    };
    for hint in lesson_view::hints(timeline, record) {
        out.push_str(&folded("Hint", &hint));
    }
    if let Some(answer) = lesson_view::answer(timeline, record) {
        out.push_str(&folded("Answer", &answer));
    }
}

/// Adds memory at a moment inside a step, or in or after a child; nothing for the end of the step.
fn push_moment(out: &mut String, timeline: &Timeline, view: &MomentView) -> io::Result<()> {
    let (label, child) = (view.label(), view.child_line());
    let title = match (view.event(), &child) {
        (Some((number, events)), _) => format!("After event {number} of {events} in {label}"),
        (None, Some(child)) => format!("After {label}, {}", code(child)),
        (None, None) => return Ok(()),
    };
    out.push_str(&format!("{title}:\n\n"));
    push_block(out, "text", |out| {
        if view.written().is_some()
            && let Some(line) = event_lines::line(view.record, view.moment.event, 0)
        {
            out.line(&line)?;
        }
        hex_dump::write_window(out, timeline, view)
    })
}

/// Adds a fenced block of the lines that `write` writes; nothing where it writes none.
fn push_block(
    out: &mut String,
    info: &str,
    write: impl FnOnce(&mut TextWriter) -> io::Result<()>,
) -> io::Result<()> {
    let lines = to_text(write)?;
    if !lines.is_empty() {
        out.push_str(&fenced(info, &lines));
        out.push('\n');
    }
    Ok(())
}
