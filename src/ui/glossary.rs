//! The glossary: the words, and the marks that the panes show now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::app::App;
use crate::app::glossary::TERMS;
use crate::app::panes::layout::Layout;

use super::boxed::{BoxedText, EDGES};
use super::legend;
use super::text::{self, Line};
use super::theme::Theme;

/// The most columns of a line of prose.
const PROSE: u16 = 76;

/// The columns that a mark has before its meaning.
const MARK: u16 = 6;

/// Returns the glossary for a screen that has `area` for it. `panes` is the screen without it.
pub fn text(app: &App, area: Rect, panes: &Buffer, theme: &Theme) -> BoxedText {
    let columns = area.width.saturating_sub(EDGES).min(PROSE);
    let mut lines = Vec::new();
    for term in TERMS {
        lines.push(vec![(term.name.to_owned(), theme.strong())]);
        for part in text::wrap(term.meaning, columns.saturating_sub(2)) {
            lines.push(vec![(format!("  {part}"), theme.text())]);
        }
    }
    lines.push(Vec::new());
    lines.extend(marks(app, columns, panes, theme));
    BoxedText {
        title: "glossary".to_owned(),
        lines,
    }
}

/// Returns the marks that the panes show, each as it is drawn.
fn marks(app: &App, columns: u16, panes: &Buffer, theme: &Theme) -> Vec<Line> {
    let title = vec![("marks on this screen".to_owned(), theme.strong())];
    let mut lines: Vec<Line> = vec![title];
    let marks = match Layout::of(app.size, app.pane).map {
        Some(_) => legend::marks(app, theme),
        None => legend::pane_marks(app, theme),
    };
    for (mark, style, meaning) in marks {
        if !is_drawn(panes, &mark, style) {
            continue;
        }
        let pad = usize::from(MARK.saturating_sub(text::width(&mark)));
        let mut start: Line = vec![
            ("  ".into(), theme.text()),
            (mark, style),
            (" ".repeat(pad), theme.text()),
        ];
        for part in text::wrap(&meaning, columns.saturating_sub(MARK + 2)) {
            start.push((part, theme.text()));
            lines.push(std::mem::take(&mut start));
            start = vec![(" ".repeat(usize::from(MARK) + 2), theme.text())];
        }
    }
    lines
}

/// Returns whether a cell shows a character of a mark in its style. An example byte means any
/// byte.
fn is_drawn(panes: &Buffer, mark: &str, style: Style) -> bool {
    let is_byte = mark.ends_with("20");
    let glyphs: Vec<char> = mark.chars().filter(|c| !c.is_whitespace()).collect();
    panes.content.iter().any(|cell| {
        let symbol = cell.symbol().chars().next().unwrap_or(' ');
        let is_glyph = match is_byte {
            true => symbol.is_ascii_hexdigit(),
            false => glyphs.contains(&symbol),
        };
        is_glyph
            && cell.fg == style.fg.unwrap_or(Color::Reset)
            && cell.modifier == style.add_modifier
    })
}
