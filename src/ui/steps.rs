//! The list of steps: what has run and how it ended, what is shown, what comes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layout::{first_step, step_count};
use crate::app::{App, Engine};
use crate::safe;
use crate::timeline::{Outcome, Severity, StepKind, StepRecord};
use crate::value::Value;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let count = step_count(app);
    let first = first_step(count, app.moment.step, area.height);
    let digits = text::width(&count.saturating_sub(1).to_string());
    for row in 0..area.height {
        let index = first + usize::from(row);
        if index < count {
            draw_step(Pen::at(buffer, area, 0, row), index, digits, app, theme);
        }
    }
}

/// `▶✓ 4 n = call add_wasm… → 26 !`
fn draw_step(mut pen: Pen, index: usize, digits: u16, app: &App, theme: &Theme) {
    let record = app.timeline.step(index);
    let is_shown = index == app.moment.step && !app.timeline.steps().is_empty();
    let style = match record {
        _ if is_shown => theme.current(),
        Some(_) => theme.text(),
        None => theme.pending(),
    };
    let glyphs = &theme.glyphs;
    let (mark, tone) = outcome_mark(index, record, app, theme);
    pen.put_char(if is_shown { glyphs.current } else { ' ' }, theme.pointer()).put_char(mark, tone);
    pen.put(&format!(" {index:>width$} ", width = usize::from(digits)), style);
    let detail = record.map(|r| detail(r, theme)).unwrap_or_default();
    let finding = record.and_then(|r| finding_mark(r, theme));
    let end = if finding.is_some() { 2 } else { 0 };
    let room = pen.room().saturating_sub(end + 1);
    let written = record.map(|r| r.text.as_str()).or(app.timeline.planned.get(index).map(|p| p.text.as_str()));
    let written = close_up(&safe::plain(written.unwrap_or_default()));
    let detail = text::fit(&detail, room / 2, glyphs.cut);
    let gap = if detail.is_empty() { 0 } else { 1 };
    let written = text::fit(&written, room.saturating_sub(text::width(&detail) + gap), glyphs.cut);
    pen.put(&written, style);
    if !detail.is_empty() {
        pen.put(" ", style).put(&detail, theme.pointer());
    }
    if let Some((mark, style)) = finding {
        pen.put(" ", style).put_char(mark, style);
    }
}

/// A step's text without the blanks that line it up with others in its file; what stands in quotes is kept as it is.
fn close_up(written: &str) -> String {
    let (code, rest) = written.split_at(written.find('"').unwrap_or(written.len()));
    let ends_in_blank = code.ends_with(' ');
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{code}{}{rest}", if ends_in_blank && !code.is_empty() { " " } else { "" })
}

fn outcome_mark(index: usize, record: Option<&StepRecord>, app: &App, theme: &Theme) -> (char, ratatui::style::Style) {
    let glyphs = &theme.glyphs;
    match record {
        Some(step) => match step.outcome {
            Outcome::Ok => (glyphs.ok, theme.tone(Tone::Good)),
            Outcome::Failed | Outcome::Trapped if step.is_claimed() => (glyphs.failed, theme.faint()),
            Outcome::Failed | Outcome::Trapped => (glyphs.failed, theme.tone(Tone::Bad)),
            Outcome::Cancelled => (glyphs.cancelled, theme.tone(Tone::Warning)),
        },
        None if matches!(app.engine, Engine::Running { step, .. } if step == index) => {
            (glyphs.running, theme.tone(Tone::Warning))
        }
        None => (glyphs.pending, theme.pending()),
    }
}

/// What came of the step, in a few characters.
fn detail(step: &StepRecord, theme: &Theme) -> String {
    let arrow = theme.glyphs.arrow;
    match step.kind {
        StepKind::Instantiate => match step.changes.bytes() {
            0 => String::new(),
            bytes @ ..1024 => format!("{bytes} B data"),
            bytes => format!("{} data", text::size(bytes)),
        },
        StepKind::Write | StepKind::Region | StepKind::Block | StepKind::Release | StepKind::Expect | StepKind::Ask => {
            String::new()
        }
        _ => {
            let results = step.call.as_ref().filter(|_| step.bindings.is_empty()).map_or(&[][..], |call| &call.results);
            let bound = step.bindings.iter().map(|b| shown(step, &b.name, &b.value));
            let values: Vec<String> = bound.chain(results.iter().map(|v| v.brief(40))).collect();
            if values.is_empty() { String::new() } else { format!("{arrow} {}", values.join(", ")) }
        }
    }
}

/// A value as it is read best: an address in hex, anything else as it is written.
fn shown(step: &StepRecord, name: &str, value: &Value) -> String {
    match step.pointers.iter().find(|p| p.name == name) {
        Some(pointer) if matches!(value, Value::Int(_)) => format!("{:#x}", pointer.address),
        _ => value.brief(40),
    }
}

fn finding_mark(step: &StepRecord, theme: &Theme) -> Option<(char, ratatui::style::Style)> {
    let worst = step.findings.iter().filter(|f| !f.claimed).map(|f| f.severity()).max();
    let claimed = step.findings.iter().any(|f| f.claimed).then_some((theme.glyphs.finding, theme.faint()));
    match worst {
        Some(Severity::Error) => Some((theme.glyphs.finding, theme.tone(Tone::Bad))),
        Some(Severity::Warning) => Some((theme.glyphs.finding, theme.tone(Tone::Warning))),
        Some(Severity::Note) => Some((theme.glyphs.note, theme.tone(Tone::Note))),
        None => claimed,
    }
}
