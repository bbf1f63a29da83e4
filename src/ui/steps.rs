//! The list of steps: those that have run and how they ended, the one shown, those to come, and the
//! events of an unfolded step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::panes::event_text;

use crate::app::dialogs::lessons;
use crate::app::panes::step_list::{ListLine, step_count};
use crate::app::{App, SessionState};
use crate::safe;
use crate::timeline::{Attempt, Outcome, Severity, StepKind, StepRecord};
use crate::value::Value;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// Draws the lines of the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, lines: &[ListLine], theme: &Theme) {
    let digits = text::width(&step_count(app).saturating_sub(1).to_string());
    for (row, line) in (0..area.height).zip(lines) {
        let mut pen = Pen::at(buffer, area, 0, row);
        match line {
            ListLine::Step(index) => draw_step(pen, *index, digits, app, theme),
            inside => {
                if is_here(inside, app) {
                    pen.put_char(theme.glyphs.current, theme.pointer());
                }
                // Indented to the step's text.
                draw_inside(Pen::at(buffer, area, digits + 3, row), inside, app, theme);
            }
        }
    }
}

/// Returns whether the moment shown is right after the event of a line.
fn is_here(line: &ListLine, app: &App) -> bool {
    matches!(line, ListLine::Event { number, .. } if Some(*number) == app.position())
}

/// Draws a line below a step, such as `├ 0x40c ← 20  ' '`.
fn draw_inside(mut pen: Pen, line: &ListLine, app: &App, theme: &Theme) {
    let glyphs = &theme.glyphs;
    let mut put = |branch: char, forms: &[String], style: Style| {
        pen.put_char(branch, theme.faint()).put(" ", style);
        let forms: Vec<String> = forms.iter().map(|form| glyphs.arrows(form)).collect();
        let text = text::first_that_fits(&forms, pen.columns_left().saturating_sub(1), glyphs.cut);
        pen.put(&text, style);
    };
    match line {
        ListLine::Event { number, is_last } => {
            let branch = if *is_last {
                glyphs.last_branch
            } else {
                glyphs.branch
            };
            put(
                branch,
                &event_forms(app, *number),
                event_style(app, *number, theme),
            );
        }
        ListLine::Above(count) => put(
            glyphs.branch,
            &[more(*count, "before", app, theme)],
            theme.faint(),
        ),
        ListLine::Below(count) => put(
            glyphs.last_branch,
            &[more(*count, "more", app, theme)],
            theme.faint(),
        ),
        ListLine::Recorded { stores, all } => {
            let text = format!(
                "{} of {} stores,",
                event_text::thousands(*stores),
                event_text::thousands(*all)
            );
            put(
                glyphs.branch,
                &[format!("recorded {text}"), text],
                theme.tone(Tone::Note),
            );
        }
        ListLine::Difference => put(
            glyphs.branch,
            &["the rest as a difference".into()],
            theme.tone(Tone::Note),
        ),
        ListLine::Attempt(attempt) => {
            put(glyphs.failed, &attempted(attempt), theme.tone(Tone::Bad));
        }
        ListLine::Step(_) => {}
    }
}

/// Returns the forms of an event of the step shown, the longest first.
fn event_forms(app: &App, number: usize) -> Vec<String> {
    let event = number
        .checked_sub(1)
        .and_then(|index| app.record()?.events.get(index));
    event
        .map(|event| event_text::lines(&event))
        .unwrap_or_default()
}

fn event_style(app: &App, number: usize, theme: &Theme) -> Style {
    match app.position() {
        Some(at) if at == number => theme.current(),
        Some(at) if at < number => theme.pending(),
        _ => theme.text(),
    }
}

/// Returns the forms of a store that trapped, which differ from those of a store that was made.
fn attempted(attempt: &Attempt) -> [String; 4] {
    let (at, len) = (attempt.address, attempt.len);
    let bytes = text::count(len, "byte");
    [
        format!("{at:#x} ← {bytes}, out of bounds: attempted"),
        format!("{at:#x} ← {bytes} attempted"),
        format!("{at:#x} ← {len} B tried"),
        format!("{at:#x} attempted"),
    ]
}

/// Returns `… 13 more stores`.
fn more(count: usize, which: &str, app: &App, theme: &Theme) -> String {
    let noun = app.record().map_or("event", event_text::noun);
    let s = crate::text::plural(&count);
    let count = event_text::thousands(count as u64);
    match which {
        "more" => format!("{} {count} more {noun}{s}", theme.glyphs.cut),
        _ => format!("{} {count} {noun}{s} {which}", theme.glyphs.cut),
    }
}

/// Draws a step: `▶✓ 4 n = call add_wasm… → 26 !`.
fn draw_step(mut pen: Pen, index: usize, digits: u16, app: &App, theme: &Theme) {
    let is_hidden = lessons::is_hidden(app, index);
    let record = app.timeline.step(index).filter(|_| !is_hidden);
    let is_shown = index == app.moment.step && !app.timeline.steps().is_empty();
    let style = match record {
        _ if is_shown => theme.current(),
        Some(_) => theme.text(),
        None => theme.pending(),
    };
    let glyphs = &theme.glyphs;
    let (mark, tone) = outcome_mark(index, record, app, theme);
    // In an unfolded step the mark is at the event that has just happened.
    let is_here = is_shown && app.position().unwrap_or(0) == 0;
    pen.put_char(if is_here { glyphs.current } else { ' ' }, theme.pointer())
        .put_char(mark, tone);
    pen.put(
        &format!(" {index:>width$} ", width = usize::from(digits)),
        style,
    );
    if is_hidden {
        // What comes would give the answer to the open question away.
        pen.put(&glyphs.cut.to_string(), style);
        return;
    }
    let detail = record.map(|r| detail(r, theme)).unwrap_or_default();
    let finding = record.and_then(|r| finding_mark(r, theme));
    let end = if finding.is_some() { 2 } else { 0 };
    let room = pen.columns_left().saturating_sub(end + 1);
    let written = record.map(|r| r.text.as_str()).or(app
        .timeline
        .planned
        .get(index)
        .map(|p| p.text.as_str()));
    let kind = record
        .map(|r| r.kind)
        .or(app.timeline.planned.get(index).map(|p| p.kind));
    let written = match kind {
        Some(StepKind::Ask) => question_of(written.unwrap_or_default()),
        _ => written.unwrap_or_default(),
    };
    let written = close_up(&safe::plain(written));
    let detail = text::fit(&detail, room / 2, glyphs.cut);
    let gap = if detail.is_empty() { 0 } else { 1 };
    let written = text::fit(
        &written,
        room.saturating_sub(text::width(&detail) + gap),
        glyphs.cut,
    );
    pen.put(&written, style);
    if !detail.is_empty() {
        pen.put(" ", style).put(&detail, theme.pointer());
    }
    if let Some((mark, style)) = finding {
        pen.put(" ", style).put_char(mark, style);
    }
}

/// Returns a step's text without the blanks that align it in its file; text in quotes is unchanged.
fn close_up(written: &str) -> String {
    let (code, rest) = written.split_at(written.find('"').unwrap_or(written.len()));
    let ends_in_blank = code.ends_with(' ');
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "{code}{}{rest}",
        if ends_in_blank && !code.is_empty() {
            " "
        } else {
            ""
        }
    )
}

/// Returns the question of a step without the expression for its answer.
fn question_of(written: &str) -> &str {
    let Some(open) = written.find('"').map(|at| at + 1) else {
        return written;
    };
    let mut is_escaped = false;
    let close = written
        .char_indices()
        .skip_while(|(at, _)| *at < open)
        .find(|(_, c)| {
            let is_end = *c == '"' && !is_escaped;
            is_escaped = *c == '\\' && !is_escaped;
            is_end
        });
    close
        .and_then(|(at, _)| written.get(..=at))
        .unwrap_or(written)
}

fn outcome_mark(
    index: usize,
    record: Option<&StepRecord>,
    app: &App,
    theme: &Theme,
) -> (char, Style) {
    let glyphs = &theme.glyphs;
    match record {
        Some(step) => match step.outcome {
            Outcome::Ok => (glyphs.ok, theme.tone(Tone::Good)),
            Outcome::Failed | Outcome::Trapped if step.is_claimed() => {
                (glyphs.failed, theme.faint())
            }
            Outcome::Failed | Outcome::Trapped => (glyphs.failed, theme.tone(Tone::Bad)),
            Outcome::Cancelled => (glyphs.cancelled, theme.tone(Tone::Warning)),
        },
        None if matches!(app.session, SessionState::Running { step, .. } if step == index) => {
            (glyphs.running, theme.tone(Tone::Warning))
        }
        None => (glyphs.pending, theme.pending()),
    }
}

/// Returns the result of a step in a few characters.
fn detail(step: &StepRecord, theme: &Theme) -> String {
    let arrow = theme.glyphs.arrow;
    match step.kind {
        StepKind::Instantiate => match step.changes.data_bytes() {
            0 => String::new(),
            bytes @ ..1024 => format!("{bytes} B data"),
            bytes => format!("{} data", text::size(bytes)),
        },
        StepKind::Write
        | StepKind::Region
        | StepKind::Block
        | StepKind::Release
        | StepKind::Expect
        | StepKind::Ask => String::new(),
        _ => {
            let results = step
                .call
                .as_ref()
                .filter(|_| step.bindings.is_empty())
                .map_or(&[][..], |call| &call.results);
            let bound = step
                .bindings
                .iter()
                .map(|b| format_value(step, &b.name, &b.value));
            let values: Vec<String> = bound.chain(results.iter().map(|v| v.brief(40))).collect();
            if values.is_empty() {
                String::new()
            } else {
                format!("{arrow} {}", values.join(", "))
            }
        }
    }
}

/// Returns a value in its usual form: an address in hex, another one as a literal.
fn format_value(step: &StepRecord, name: &str, value: &Value) -> String {
    match step.pointers.iter().find(|p| p.name == name) {
        Some(pointer) if matches!(value, Value::Int(_)) => format!("{:#x}", pointer.address),
        _ => value.brief(40),
    }
}

fn finding_mark(step: &StepRecord, theme: &Theme) -> Option<(char, Style)> {
    let worst = step
        .findings
        .iter()
        .filter(|f| !f.claimed)
        .map(|f| f.severity())
        .max();
    let claimed = step
        .findings
        .iter()
        .any(|f| f.claimed)
        .then_some((theme.glyphs.finding, theme.faint()));
    match worst {
        Some(Severity::Error) => Some((theme.glyphs.finding, theme.tone(Tone::Bad))),
        Some(Severity::Warning) => Some((theme.glyphs.finding, theme.tone(Tone::Warning))),
        Some(Severity::Note) => Some((theme.glyphs.note, theme.tone(Tone::Note))),
        None => claimed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_does_not_give_its_answer_away() {
        assert_eq!(
            question_of(r#"ask "how many \"bytes\" = ?" = 26"#),
            r#"ask "how many \"bytes\" = ?""#
        );
        assert_eq!(question_of(r#"ask "a\\" = "b""#), r#"ask "a\\""#);
        assert_eq!(question_of("ask"), "ask");
        assert_eq!(question_of("ask \"open"), "ask \"open");
    }
}
