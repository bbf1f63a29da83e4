//! The prose of a step and the end of a session, in lines.

use ratatui::style::Style;

use crate::app::App;
use crate::prose::{Kind, Paragraph};
use crate::safe;
use crate::timeline::StepRecord;

use super::prose;
use super::text::Line;
use super::theme::Theme;

/// Returns the prose before a step, with its markup where the session has some.
pub(super) fn prose_of(app: &App, step: &StepRecord, columns: u16, theme: &Theme) -> Vec<Line> {
    match app.timeline.document.of_step(step.index) {
        Some(prose) => spaced(&prose.paragraphs, app, columns, theme),
        None => {
            let narration = step.narration.as_deref().map(paragraphs);
            narration
                .map(|text| prose::plain(&text, columns, theme.text()))
                .unwrap_or_default()
        }
    }
}

/// Returns paragraphs with an empty line between them, without the title that the header shows.
pub(super) fn spaced(
    paragraphs: &[Paragraph],
    app: &App,
    columns: u16,
    theme: &Theme,
) -> Vec<Line> {
    let title = app.timeline.document.title.as_deref();
    let is_title = |p: &&Paragraph| p.kind == Kind::Heading(1) && Some(p.plain().as_str()) == title;
    let mut lines = Vec::new();
    for paragraph in paragraphs.iter().filter(|p| !is_title(p)) {
        if !lines.is_empty() && !paragraph.is_joined {
            lines.push(Line::new());
        }
        lines.extend(prose::paragraph(paragraph, columns, theme));
    }
    lines
}

/// Returns a text of several lines, each safe to print.
pub(super) fn paragraphs(text: &str) -> String {
    text.lines().map(safe::plain).collect::<Vec<_>>().join("\n")
}

/// Adds text in one style.
pub(super) fn push(lines: &mut Vec<Line>, text: &str, columns: u16, style: Style) {
    lines.extend(prose::plain(text, columns, style));
}
