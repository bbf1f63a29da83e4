//! The steps as plain content of the page: for readers without scripts, for search and for paper.

use std::io;

use super::escape::text;
use super::page_data::STEPS;
use crate::report::common::{event_lines, hex_dump, step_details, summary, trap, writer_label};
use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{Finding, Outcome, StepKind, StepRecord, Timeline, effect};

/// Steps whose bytes are drawn; of later ones, those that went wrong.
const DRAWN: usize = 300;

/// Characters of a statement and of a message that are shown before it is cut.
const STATEMENT: usize = 240;
const MESSAGE: usize = 1000;

pub(super) fn write(timeline: &Timeline, shown: usize, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"transcript\" aria-labelledby=\"transcript-title\">"
    )?;
    writeln!(out, "<h2 id=\"transcript-title\">Transcript</h2>")?;
    writeln!(
        out,
        "<p class=\"legend\">Lines that begin with <b>-</b> are memory before a step, with \
         <b>+</b> after it; the bytes that changed stand in brackets. ⋄ is a zero byte, • another \
         control character, × a byte above 7f.</p>"
    )?;
    for record in timeline.steps().iter().take(shown.min(STEPS)) {
        step(timeline, record, out)?;
    }
    if shown > STEPS {
        writeln!(
            out,
            "<p>The page holds the first {STEPS} of {shown} steps; --format json has all of \
             them.</p>"
        )?;
    }
    writeln!(out, "</section>")
}

fn step(timeline: &Timeline, record: &StepRecord, out: &mut dyn io::Write) -> io::Result<()> {
    let words = match record.kind {
        StepKind::Instantiate => "instantiate".to_string(),
        _ => safe::cut(&record.text, STATEMENT),
    };
    let outcome = record.outcome.word();
    let claimed = if record.is_claimed() {
        ", as expected"
    } else {
        ""
    };
    writeln!(
        out,
        "<article class=\"told {outcome}\">\n<h3>Step {}: <code>{}</code></h3>",
        record.index,
        text(&words)
    )?;
    match step_details::came_back(record) {
        Some(back) if record.outcome == Outcome::Ok => {
            writeln!(out, "<p>→ <code>{}</code></p>", text(&back))?
        }
        _ if record.outcome == Outcome::Ok => {}
        _ => writeln!(out, "<p class=\"outcome\">✗ {outcome}{claimed}</p>")?,
    }
    for paragraph in record
        .narration
        .iter()
        .flat_map(|prose| prose.split("\n\n"))
    {
        writeln!(
            out,
            "<p class=\"narration\">{}</p>",
            text(&paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        )?;
    }
    let effect = effect(timeline, record.index);
    if !effect.is_empty() {
        writeln!(out, "<p>{}</p>", text(&effect))?;
    }
    for found in &record.findings {
        finding(record, found, out)?;
    }
    block(out, "what else the step did", |paper| {
        details(paper, timeline, record)
    })?;
    if record.index < DRAWN || record.outcome != Outcome::Ok || !record.findings.is_empty() {
        block(out, "memory before and after", |paper| {
            hex_dump::diff(paper, timeline, record)
        })?;
    }
    writeln!(out, "</article>")
}

fn finding(record: &StepRecord, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let severity = if finding.claimed {
        "as expected"
    } else {
        finding.severity().as_str()
    };
    let message = text(&safe::cut(&summary::joined(&finding.message), MESSAGE));
    let blamed = match finding.blamed.filter(|blamed| *blamed != record.index) {
        Some(blamed) => format!(" (because of step {blamed})"),
        None => String::new(),
    };
    let kind = finding.kind;
    writeln!(
        out,
        "<p class=\"finding {}\"><b>{severity}: {kind}</b> {message}{blamed}</p>",
        finding.severity().as_str()
    )
}

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

fn block(
    out: &mut dyn io::Write,
    label: &str,
    write: impl FnOnce(&mut TextWriter) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut paper = TextWriter::new(&mut bytes, false, false);
    write(&mut paper)?;
    paper.finish()?;
    if bytes.is_empty() {
        return Ok(());
    }
    let lines = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = lines.lines().map(text).collect();
    // Wide lines are scrolled, which a keyboard can do only where the focus can go.
    writeln!(
        out,
        "<pre tabindex=\"0\" role=\"group\" aria-label=\"{label}\">{}</pre>",
        lines.join("\n")
    )
}
