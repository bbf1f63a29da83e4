//! The list of steps: those that have run and how they ended, the one shown, those to come, and the
//! events of an unfolded step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::panes::event_text;

use crate::app::panes::inside_step::can_open;
use crate::app::panes::step_list::{ListLine, step_count};
use crate::app::{App, SessionState};
use crate::safe;
use crate::timeline::{Attempt, ChildStep, Outcome, PlannedStep, Severity, StepKind, StepRecord};
use crate::value::Value;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// The longest question in the list, in characters.
const MAX_QUESTION: usize = 200;

/// Draws the lines of the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, lines: &[ListLine], theme: &Theme) {
    let digits = text::width(&step_count(app).saturating_sub(1).to_string());
    for (row, line) in (0..area.height).zip(lines) {
        let mut pen = Pen::at(buffer, area, 0, row);
        match line {
            ListLine::Step(index) => draw_step(pen, *index, digits, app, theme),
            ListLine::Hidden(index) => draw_hidden(pen, *index, digits, theme),
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

/// Returns whether a line is the row shown.
fn is_here(line: &ListLine, app: &App) -> bool {
    line.row().is_some_and(|row| app.row_here() == Some(row))
}

/// Draws a line below a step, such as `├ 0x40c ← 20  ' '`.
fn draw_inside(mut pen: Pen, line: &ListLine, app: &App, theme: &Theme) {
    let glyphs = &theme.glyphs;
    let depth = match line {
        ListLine::Event { depth, .. } | ListLine::Child { depth, .. } => *depth,
        _ => 0,
    };
    // Deeper rows begin further right, as long as some of them is left to read.
    let indent = depth
        .saturating_mul(2)
        .min(usize::from(pen.columns_left()) / 3);
    pen.put(&" ".repeat(indent), theme.text());
    let mut put = |branch: char, forms: &[String], style: Style| {
        pen.put_char(branch, theme.faint()).put(" ", style);
        let forms: Vec<String> = forms.iter().map(|form| glyphs.arrows(form)).collect();
        let text = text::first_that_fits(&forms, pen.columns_left().saturating_sub(1), glyphs.cut);
        pen.put(&text, style);
    };
    match line {
        ListLine::Event {
            number, is_last, ..
        } => {
            let branch = branch(*is_last, theme);
            let style = row_style(app, line, *number, theme);
            put(branch, &event_forms(app, *number), style);
        }
        ListLine::Child { index, is_last, .. } => {
            let branch = branch(*is_last, theme);
            let Some(child) = app.record().and_then(|step| step.children.get(*index)) else {
                return;
            };
            // A child whose events are all to come is to come.
            let style = row_style(app, line, child.events.start.saturating_add(1), theme);
            put(branch, &child_forms(app, *index, child, theme), style);
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
        ListLine::Step(_) | ListLine::Hidden(_) => {}
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

fn branch(is_last: bool, theme: &Theme) -> char {
    match is_last {
        true => theme.glyphs.last_branch,
        false => theme.glyphs.branch,
    }
}

/// Returns the forms of a child, the longest first: `▸ 4/2 env.fetch(1024) → 1`.
fn child_forms(app: &App, index: usize, child: &ChildStep, theme: &Theme) -> Vec<String> {
    let glyphs = &theme.glyphs;
    let can_open = app.record().is_some_and(|step| can_open(step, index));
    let mark = match (can_open, app.is_child_open(index)) {
        (true, true) => glyphs.opened,
        (true, false) => glyphs.closed,
        (false, _) => ' ',
    };
    let label = app.record().map(|step| step.child_label(index));
    let label = label.unwrap_or_default();
    let failed = match child.outcome {
        Outcome::Ok => String::new(),
        _ => format!(" {}", glyphs.failed),
    };
    let name = child.text.split('(').next().unwrap_or_default();
    let mut forms = Vec::new();
    if let Some(result) = &child.result {
        forms.push(format!("{mark} {label} {} → {result}{failed}", child.text));
        forms.push(format!("{mark} {} → {result}{failed}", child.text));
        forms.push(format!("{mark} {name} → {result}{failed}"));
    } else {
        forms.push(format!("{mark} {label} {}{failed}", child.text));
    }
    forms.push(format!("{mark} {}{failed}", child.text));
    forms.push(format!("{mark} {name}{failed}"));
    forms
}

/// Returns the style of a row whose first event has this number.
fn row_style(app: &App, line: &ListLine, number: usize, theme: &Theme) -> Style {
    match app.position() {
        _ if is_here(line, app) => theme.current(),
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
    let noun = match app.record() {
        Some(step) if step.children.is_empty() => event_text::noun(step),
        _ => "row",
    };
    let s = crate::text::plural(&count);
    let count = event_text::thousands(count as u64);
    match which {
        "more" => format!("{} {count} more {noun}{s}", theme.glyphs.cut),
        _ => format!("{} {count} {noun}{s} {which}", theme.glyphs.cut),
    }
}

/// Draws a step after an open question: `·  5 …`.
fn draw_hidden(mut pen: Pen, index: usize, digits: u16, theme: &Theme) {
    let width = usize::from(digits);
    pen.put_char(' ', theme.pointer())
        .put_char(theme.glyphs.pending, theme.pending())
        .put(&format!(" {index:>width$} "), theme.pending())
        .put(&theme.glyphs.cut.to_string(), theme.pending());
}

/// Draws a step: `▶✓ 4 n = call add_wasm… → 26 !`.
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
    // In an unfolded step the mark is at the event that has just happened.
    let is_here = is_shown && app.row_here().is_none();
    pen.put_char(if is_here { glyphs.current } else { ' ' }, theme.pointer())
        .put_char(mark, tone);
    pen.put(
        &format!(" {index:>width$} ", width = usize::from(digits)),
        style,
    );
    let detail = record.map(|r| detail(r, theme)).unwrap_or_default();
    let finding = record.and_then(|r| finding_mark(r, theme));
    let differs = record.is_some() && app.differs_from_previous_run(index);
    let end = if finding.is_some() { 2 } else { 0 } + if differs { 2 } else { 0 };
    let room = pen.columns_left().saturating_sub(end + 1);
    let written = written(record, app.timeline.planned.get(index));
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
    if differs {
        pen.put(" ", style)
            .put_char(glyphs.differs, theme.differs());
    }
    if let Some((mark, style)) = finding {
        pen.put(" ", style).put_char(mark, style);
    }
}

/// Returns the text of a step, that of a question without the expression for its answer.
fn written(record: Option<&StepRecord>, planned: Option<&PlannedStep>) -> String {
    let asked = record.and_then(|record| record.ask.as_ref());
    let question = asked
        .map(|ask| &ask.question)
        .or(planned.and_then(|planned| planned.question.as_ref()));
    match (question, record, planned) {
        (Some(question), ..) => format!("ask {}", safe::quoted(question, MAX_QUESTION)),
        (None, Some(record), _) => close_up(&safe::plain(&record.text)),
        (None, None, Some(planned)) => close_up(&safe::plain(&planned.text)),
        (None, None, None) => String::new(),
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
        | StepKind::View
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
        let planned = |text: &str, question: Option<&str>| PlannedStep {
            kind: StepKind::Ask,
            line: None,
            text: text.into(),
            narration: None,
            question: question.map(str::to_owned),
            javascript: String::new(),
        };
        let asks = planned(r#"ask "how \"many\" = ?" = 26"#, Some("how \"many\" = ?"));
        let shown = written(None, Some(&asks));
        assert!(
            shown.starts_with("ask ") && shown.contains("many"),
            "{shown}"
        );
        assert!(!shown.contains("26"), "{shown}");
        let other = planned("x =   call f()", None);
        assert_eq!(written(None, Some(&other)), "x = call f()");
        assert_eq!(written(None, None), "");
    }
}
