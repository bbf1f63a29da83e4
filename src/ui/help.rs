//! The help: every key by section, and what the marks mean.

use ratatui::layout::Rect;

use crate::app::App;

use super::boxed::{BoxedText, EDGES};
use super::legend;
use super::text;
use super::text::Line;
use super::theme::Theme;

/// Columns for the keys.
const KEYS: u16 = 15;

/// Returns the help for a screen that has `area` for it.
pub fn text(app: &App, area: Rect, theme: &Theme) -> BoxedText {
    BoxedText {
        title: "keys and marks".to_owned(),
        lines: lines(area.width.saturating_sub(EDGES), app, theme),
    }
}

/// Returns the help in `columns` columns, with an empty line between its sections.
fn lines(columns: u16, app: &App, theme: &Theme) -> Vec<Line> {
    let title = |name: &str| vec![(name.to_string(), theme.strong())];
    let mut lines: Vec<Line> = Vec::new();
    for (name, keys) in app.keys.help() {
        lines.push(title(name));
        for (keys, what) in keys {
            let width = columns.saturating_sub(KEYS + 4);
            let (keys, parts) = (
                text::wrap(&theme.glyphs.key(&keys), KEYS),
                text::wrap(&what, width),
            );
            for row in 0..keys.len().max(parts.len()) {
                let part = |of: &[String]| of.get(row).cloned().unwrap_or_default();
                let mut keys = part(&keys);
                keys.push_str(
                    &" ".repeat(usize::from((KEYS + 2).saturating_sub(text::width(&keys)))),
                );
                lines.push(vec![
                    ("  ".into(), theme.text()),
                    (keys, theme.key()),
                    (part(&parts), theme.text()),
                ]);
            }
        }
        lines.push(Vec::new());
    }
    lines.push(title("marks"));
    for (mark, style, what) in legend::marks(app, theme) {
        let pad = " ".repeat(6usize.saturating_sub(usize::from(text::width(&mark))));
        lines.push(vec![
            ("  ".into(), theme.text()),
            (mark, style),
            (pad, theme.text()),
            (what, theme.text()),
        ]);
    }
    lines
}
