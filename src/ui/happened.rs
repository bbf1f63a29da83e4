//! What happened in the step that is shown: the step as written, its prose, what it did, what was found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{App, Pane};
use crate::safe;
use crate::timeline::{Severity, StepRecord};

use super::adapter;
use super::text;
use super::theme::{Theme, Tone};

type Lines = Vec<(String, Style)>;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let columns = area.width.saturating_sub(2);
    let lines = lines(app, columns, theme);
    let scroll = adapter::scrolled(app, Pane::Happened);
    text::prose(buffer, area, &lines, scroll, theme);
}

fn lines(app: &App, columns: u16, theme: &Theme) -> Lines {
    let shown = app.moment.step;
    let mut lines = Lines::new();
    let Some(step) = app.timeline.step(shown) else {
        let text = match app.timeline.planned.get(shown) {
            Some(planned) => format!("Not run yet: {}", safe::plain(&planned.text)),
            None => "Nothing has run yet.".to_string(),
        };
        push(&mut lines, &text, columns, theme.faint());
        return lines;
    };
    let written = match step.line {
        Some(line) => format!("{}  (line {line})", safe::plain(&step.text)),
        None => safe::plain(&step.text),
    };
    push(&mut lines, &written, columns, theme.strong());
    push(&mut lines, &paragraphs(&adapter::narration(app, shown)), columns, theme.text());
    for finding in &step.findings {
        let tone = match finding.severity() {
            _ if finding.claimed => theme.faint(),
            Severity::Error => theme.tone(Tone::Bad),
            Severity::Warning => theme.tone(Tone::Warning),
            Severity::Note => theme.tone(Tone::Note),
        };
        let expected = if finding.claimed { " (expected)" } else { "" };
        let text = format!("{}: {}{expected}", finding.kind, paragraphs(&finding.message));
        push(&mut lines, &text, columns, tone);
    }
    push_words(&mut lines, app, step, columns, theme);
    lines
}

/// Questions and answers, what the guest printed, and the prose of a Markdown session.
fn push_words(lines: &mut Lines, app: &App, step: &StepRecord, columns: u16, theme: &Theme) {
    if let Some(ask) = &step.ask {
        push(lines, &safe::plain(&ask.question), columns, theme.strong());
    }
    for answer in &step.answers {
        let question = app.timeline.step(answer.asked_in).and_then(|s| s.ask.as_ref());
        let question = question.map(|a| safe::plain(&a.question)).unwrap_or_default();
        let said = match &answer.value {
            Ok(value) => value.brief(200),
            Err(why) => safe::plain(why),
        };
        push(lines, &format!("{question} {said}"), columns, theme.text());
    }
    if let Some(output) = &step.output {
        push(lines, &format!("The guest printed: {}", safe::quoted(output, 400)), columns, theme.text());
    }
    if let Some(prose) = &step.narration {
        push(lines, &paragraphs(prose), columns, theme.faint());
    }
}

/// Text of several lines, each made safe.
fn paragraphs(text: &str) -> String {
    text.lines().map(safe::plain).collect::<Vec<_>>().join("\n")
}

fn push(lines: &mut Lines, text: &str, columns: u16, style: Style) {
    lines.extend(text::wrap(text, columns).into_iter().map(|line| (line, style)));
}
