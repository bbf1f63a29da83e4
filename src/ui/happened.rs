//! What happened in the step that is shown: the step as written, its prose, what it did, what was found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{App, Pane};
use crate::safe;
use crate::timeline::{Outcome, Severity};

use super::adapter;
use super::text;
use super::theme::{Theme, Tone};

type Lines = Vec<(String, Style)>;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let scroll = adapter::scrolled(app, Pane::Happened);
    text::prose(buffer, area, &lines(app, area.width, theme), scroll, theme);
}

/// Lines there are in a pane of so many columns.
pub fn height(app: &App, columns: u16, theme: &Theme) -> usize {
    lines(app, columns, theme).len()
}

fn lines(app: &App, columns: u16, theme: &Theme) -> Lines {
    let columns = columns.saturating_sub(2);
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
    let prose = step.narration.as_deref().map(paragraphs);
    // The author's words introduce the step; where it went wrong, that comes first.
    if let Some(prose) = prose.as_ref().filter(|_| step.outcome == Outcome::Ok) {
        push(&mut lines, prose, columns, theme.text());
        lines.push((String::new(), theme.text()));
    }
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
    if let Some(output) = &step.output {
        push(&mut lines, &format!("The guest printed: {}", safe::quoted(output, 400)), columns, theme.text());
    }
    if let Some(prose) = prose.filter(|_| step.outcome != Outcome::Ok) {
        lines.push((String::new(), theme.text()));
        push(&mut lines, &prose, columns, theme.text());
    }
    lines
}

/// Text of several lines, each made safe.
fn paragraphs(text: &str) -> String {
    text.lines().map(safe::plain).collect::<Vec<_>>().join("\n")
}

fn push(lines: &mut Lines, text: &str, columns: u16, style: Style) {
    lines.extend(text::wrap(text, columns).into_iter().map(|line| (line, style)));
}
