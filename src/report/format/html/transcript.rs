//! The steps as plain content of the page: for readers without scripts, for search and for paper.

use std::io;

use super::escape::text;
use super::page_data::STEPS;
use crate::report::common::step_view::{FindingView, StepView};
use crate::report::common::{hex_dump, lesson_view, step_details, to_text};
use crate::text::TextWriter;
use crate::timeline::{Outcome, StepRecord, Timeline};

/// Steps whose bytes are shown. Later steps show them if they went wrong.
const WITH_BYTES: usize = 300;

/// Characters of a statement and of a message that are shown before it is cut.
const STATEMENT: usize = 240;
const MESSAGE: usize = 1000;

/// Writes the transcript of a run of `steps` steps.
pub(super) fn write(timeline: &Timeline, steps: usize, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"transcript\" aria-labelledby=\"transcript-title\">"
    )?;
    writeln!(out, "<h2 id=\"transcript-title\">Transcript</h2>")?;
    writeln!(
        out,
        "<p class=\"legend\">Lines that begin with <b>-</b> show memory before a step, lines with \
         <b>+</b> memory after it. Changed bytes are in brackets. ⋄ is a zero byte, • any other \
         control character, × a byte above 7f.</p>"
    )?;
    // What comes after a question shows its answer, so that a reader must open it.
    let is_folded = lesson_view::has_questions(timeline);
    if is_folded {
        writeln!(
            out,
            "<details><summary>Show all steps, with the answers to the questions</summary>"
        )?;
    }
    for record in timeline.steps().iter().take(STEPS) {
        write_step(timeline, record, out)?;
    }
    for paragraph in lesson_view::closing(timeline) {
        writeln!(out, "<p class=\"narration\">{}</p>", text(&paragraph))?;
    }
    if is_folded {
        writeln!(out, "</details>")?;
    }
    if steps > STEPS {
        writeln!(
            out,
            "<p>The page holds the first {STEPS} of {steps} steps; --format json has all of \
             them.</p>"
        )?;
    }
    writeln!(out, "</section>")
}

fn write_step(timeline: &Timeline, record: &StepRecord, out: &mut dyn io::Write) -> io::Result<()> {
    let view = StepView(record);
    writeln!(
        out,
        "<article class=\"step {}\">\n<h3>Step {}: <code>{}</code></h3>",
        record.outcome.as_str(),
        record.index,
        text(&lesson_view::statement(record, STATEMENT))
    )?;
    if let Some(result) = view.result() {
        writeln!(out, "<p>→ <code>{}</code></p>", text(&result))?;
    }
    if let Some(failure) = view.failure() {
        writeln!(out, "<p class=\"outcome\">✗ {failure}</p>")?;
    }
    for paragraph in lesson_view::narration(timeline, record) {
        writeln!(out, "<p class=\"narration\">{}</p>", text(&paragraph))?;
    }
    write_question(timeline, record, out)?;
    let effect = lesson_view::effect_without_answer(timeline, record);
    if !effect.is_empty() {
        writeln!(out, "<p>{}</p>", text(&effect))?;
    }
    for finding in view.findings() {
        write_finding(finding, out)?;
    }
    write_block(out, "what else the step did", |out| {
        step_details::write(out, timeline, record)
    })?;
    let is_wrong = record.outcome != Outcome::Ok || !record.findings.is_empty();
    if record.index < WITH_BYTES || is_wrong {
        write_block(out, "memory before and after", |out| {
            hex_dump::write_diff(out, timeline, record)
        })?;
    }
    writeln!(out, "</article>")
}

/// Writes the question of a step, with its hints and its answer folded.
fn write_question(
    timeline: &Timeline,
    record: &StepRecord,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Some(question) = lesson_view::question(record) else {
        return Ok(());
    };
    writeln!(out, "<p class=\"question\">{}</p>", text(&question))?;
    for hint in lesson_view::hints(timeline, record) {
        let hint = text(&hint);
        writeln!(
            out,
            "<details><summary>Hint</summary><p>{hint}</p></details>"
        )?;
    }
    match lesson_view::answer(timeline, record) {
        Some(answer) => writeln!(
            out,
            "<details><summary>Answer</summary><p>{}</p></details>",
            text(&answer)
        ),
        None => Ok(()),
    }
}

fn write_finding(view: FindingView, out: &mut dyn io::Write) -> io::Result<()> {
    let (class, severity) = (view.finding.severity().as_str(), view.severity());
    let (kind, message) = (view.finding.kind, text(&view.message(MESSAGE)));
    let blamed = view
        .blamed
        .map(|step| format!(" (because of step {step})"))
        .unwrap_or_default();
    writeln!(
        out,
        "<p class=\"finding {class}\"><b>{severity}: {kind}</b> {message}{blamed}</p>"
    )
}

/// Writes the lines that `write` writes as preformatted text; nothing where it writes none.
fn write_block(
    out: &mut dyn io::Write,
    label: &str,
    write: impl FnOnce(&mut TextWriter) -> io::Result<()>,
) -> io::Result<()> {
    let lines = to_text(write)?;
    if lines.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = lines.lines().map(text).collect();
    // Wide lines are scrolled. A keyboard can scroll only what can have the focus.
    writeln!(
        out,
        "<pre tabindex=\"0\" role=\"group\" aria-label=\"{label}\">{}</pre>",
        lines.join("\n")
    )
}
