//! Boxes over the panes, and text that is scrolled in one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::text::Line;
use super::text::{self, Pen};
use super::theme::Theme;

/// Columns of a box that are not its inside.
pub const EDGES: u16 = 4;

/// Text in a box, as many rows of it as fit.
pub struct BoxedText {
    pub title: String,
    pub lines: Vec<Line>,
}

impl BoxedText {
    /// Returns how many lines the text can be scrolled in `area`.
    pub fn scroll_limit(&self, area: Rect) -> u16 {
        let rows = usize::from(area.height.saturating_sub(2));
        u16::try_from(self.lines.len().saturating_sub(rows)).unwrap_or(u16::MAX)
    }

    /// Draws the text from line `scroll`, at most to its end.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, scroll: u16, theme: &Theme) {
        let width = |line: &Line| line.iter().map(|(text, _)| text::width(text)).sum();
        let columns = self.lines.iter().map(width).max().unwrap_or(0);
        let rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let hint = if rows > area.height.saturating_sub(2) {
            ": j k scroll"
        } else {
            ""
        };
        let title = format!("{}{hint}", self.title);
        let inner = boxed(buffer, area, columns, rows, &title, theme);
        let first = usize::from(scroll.min(rows.saturating_sub(inner.height)));
        for (row, line) in (0..inner.height).zip(self.lines.iter().skip(first)) {
            let mut pen = Pen::at(buffer, inner, 0, row);
            for (text, style) in line {
                pen.put(text, *style);
            }
        }
    }
}

/// Draws an empty box for at most `columns` and `rows` in the middle of `area`. Returns its inside.
pub fn boxed(
    buffer: &mut Buffer,
    area: Rect,
    columns: u16,
    rows: u16,
    title: &str,
    theme: &Theme,
) -> Rect {
    let area = area.intersection(buffer.area);
    let (width, height) = (
        columns.saturating_add(4).min(area.width),
        rows.saturating_add(2).min(area.height),
    );
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let glyphs = &theme.glyphs;
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    for row in 0..height {
        let (left, fill, right) = match row {
            0 => (top_left, glyphs.rule, top_right),
            row if row + 1 == height => (bottom_left, glyphs.rule, bottom_right),
            _ => (glyphs.separator, ' ', glyphs.separator),
        };
        for x in 0..width {
            let c = if x == 0 {
                left
            } else if x + 1 == width {
                right
            } else {
                fill
            };
            if let Some(cell) = buffer.cell_mut(Position::new(outer.x + x, outer.y + row)) {
                cell.reset();
                cell.set_char(c).set_style(if c == ' ' {
                    theme.text()
                } else {
                    theme.rule(false)
                });
            }
        }
    }
    let title = text::fit(title, width.saturating_sub(6), glyphs.cut);
    Pen::at(buffer, outer, 2, 0)
        .put(" ", theme.text())
        .put(&title, theme.strong())
        .put(" ", theme.text());
    Rect {
        x: outer.x + 2.min(width),
        y: outer.y + 1.min(height),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    }
}
