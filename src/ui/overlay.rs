//! What is over the panes: the overlay that is open, or the message of a session that did not open.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{App, Overlay, SessionState};
use crate::safe;

use super::boxed::{BoxedText, boxed};
use super::text::{self, Pen};
use super::theme::{Theme, Tone};
use super::{glossary, help, inputs, overview, prompt, session_list, types};

/// Returns the text of the overlay that is open, where it is one that is scrolled.
///
/// `panes` draws the screen without the overlay.
pub fn scrolled_text(
    app: &App,
    area: Rect,
    panes: impl FnOnce() -> Buffer,
    theme: &Theme,
) -> Option<BoxedText> {
    match app.overlay {
        Overlay::Glossary { .. } => Some(glossary::text(app, area, &panes(), theme)),
        Overlay::Help { .. } => Some(help::text(app, area, theme)),
        Overlay::Guest { .. } => Some(overview::text(app, area, theme)),
        _ => None,
    }
}

/// Draws the overlay; `scrolled` is its [`scrolled_text`].
pub fn draw(frame: &mut Frame, area: Rect, app: &App, scrolled: Option<&BoxedText>, theme: &Theme) {
    match &app.overlay {
        Overlay::Help { scroll } | Overlay::Guest { scroll } | Overlay::Glossary { scroll } => {
            if let Some(text) = scrolled {
                text.draw(frame.buffer_mut(), area, *scroll, theme);
            }
        }
        Overlay::Inputs { fields, chosen } => inputs::draw(frame, area, fields, *chosen, theme),
        Overlay::Sessions { chosen } => {
            session_list::draw(frame.buffer_mut(), area, app, *chosen, theme);
        }
        Overlay::Types { chosen, scroll } => {
            types::draw(frame.buffer_mut(), area, app, *chosen, *scroll, theme);
        }
        Overlay::Prompt(line) => prompt::draw(frame, area, line, app, theme),
        Overlay::None | Overlay::Search { .. } | Overlay::Save { .. } | Overlay::Answer { .. } => {
            if let SessionState::Broken(message) = &app.session {
                failure(frame.buffer_mut(), area, message, theme);
            }
        }
    }
}

/// Draws the message of a session that did not open.
fn failure(buffer: &mut Buffer, area: Rect, message: &str, theme: &Theme) {
    let columns = area.width.saturating_sub(8).min(100);
    let message = message.lines().map(safe::plain).collect::<Vec<_>>();
    // A line of source keeps its spaces: only lines that are too long for the box are wrapped.
    let lines: Vec<String> = message
        .into_iter()
        .flat_map(|line| {
            if text::width(&line) <= columns {
                vec![line]
            } else {
                text::wrap(&line, columns)
            }
        })
        .collect();
    let columns = lines
        .iter()
        .map(|l| text::width(l))
        .max()
        .unwrap_or(0)
        .max(30);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inner = boxed(
        buffer,
        area,
        columns,
        rows,
        "this session did not open",
        theme,
    );
    for (row, line) in (0..inner.height).zip(&lines) {
        Pen::at(buffer, inner, 0, row).put(
            line,
            if row == 0 {
                theme.tone(Tone::Bad)
            } else {
                theme.text()
            },
        );
    }
}
