//! What happened in the step that is shown: the step as written, its prose, what it did, what was found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{App, Pane};
use crate::safe;
use crate::timeline::{Finding, Outcome, Severity, StepRecord};

use super::adapter;
use super::text;
use super::theme::{Theme, Tone};

type Lines = Vec<(String, Style)>;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let scroll = adapter::scrolled(app, Pane::Happened);
    let how = if app.pane == Pane::Happened { "j goes down" } else { "3 shows more" };
    text::prose(buffer, area, &lines(app, area, theme), scroll, how, theme);
}

/// Lines there are in a pane.
pub fn height(app: &App, area: Rect, theme: &Theme) -> usize {
    lines(app, area, theme).len()
}

/// All lines; the empty ones only where there is room for them.
fn lines(app: &App, area: Rect, theme: &Theme) -> Lines {
    let mut lines = all_lines(app, area.width.saturating_sub(2), theme);
    if lines.len() > usize::from(area.height) {
        lines.retain(|(line, _)| !line.is_empty());
    }
    lines
}

fn all_lines(app: &App, columns: u16, theme: &Theme) -> Lines {
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
    // The author's words introduce the step; what went wrong, and a question, come before them.
    let is_introduced = step.outcome == Outcome::Ok && step.ask.is_none();
    if let Some(prose) = prose.as_ref().filter(|_| is_introduced) {
        push(&mut lines, prose, columns, theme.text());
        lines.push((String::new(), theme.text()));
    }
    push(&mut lines, &paragraphs(&adapter::narration(app, shown)), columns, theme.text());
    for finding in step.findings.iter().filter(|f| f.claimed || !is_told_by_error(f, step)) {
        let tone = match finding.severity() {
            _ if finding.claimed => theme.faint(),
            Severity::Error => theme.tone(Tone::Bad),
            Severity::Warning => theme.tone(Tone::Warning),
            Severity::Note => theme.tone(Tone::Note),
        };
        let expected = if finding.claimed { " (expected)" } else { "" };
        let kind = format!("{}: ", finding.kind);
        let message = finding.message.strip_prefix(&kind).unwrap_or(&finding.message);
        let text = format!("{kind}{}{expected}", paragraphs(message));
        push(&mut lines, &text, columns, tone);
    }
    if let Some(output) = &step.output {
        push(&mut lines, &format!("The guest printed: {}", safe::quoted(output, 400)), columns, theme.text());
    }
    if let Some(prose) = prose.filter(|_| !is_introduced) {
        lines.push((String::new(), theme.text()));
        push(&mut lines, &prose, columns, theme.text());
    }
    lines
}

/// Whether a finding says what the step's error, which is told already, says too.
fn is_told_by_error(finding: &Finding, step: &StepRecord) -> bool {
    step.error.as_ref().is_some_and(|error| error.contains(finding.message.trim()))
}

/// Text of several lines, each made safe.
fn paragraphs(text: &str) -> String {
    text.lines().map(safe::plain).collect::<Vec<_>>().join("\n")
}

fn push(lines: &mut Lines, text: &str, columns: u16, style: Style) {
    lines.extend(text::wrap(text, columns).into_iter().map(|line| (line, style)));
}
