//! Text measured and cut in columns, and drawn without leaving its area.

use super::theme::Theme;
use crate::text::{self, Wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub use crate::text::{count, size};

/// Runs of text in one style each, from left to right.
pub type Line = Vec<(String, Style)>;

/// Returns the number of columns that `text` takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}

/// Returns `text` in at most `columns` columns; the end of a longer one is replaced by `mark`.
pub fn fit(text: &str, columns: u16, mark: char) -> String {
    text::fit(text, columns.into(), mark)
}

/// Returns `text` in lines of at most `columns` columns; line breaks in it are kept.
pub fn wrap(text: &str, columns: u16) -> Vec<String> {
    Wrap::to(columns.into()).paragraphs(text)
}

/// Writes from left to right within one row of an area.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    end: u16,
    y: Option<u16>,
}

impl<'a> Pen<'a> {
    /// Returns a pen at column `x` and row `y` of `area`, counted from its corner. It writes nothing
    /// where that is outside.
    pub fn at(buffer: &'a mut Buffer, area: Rect, x: u16, y: u16) -> Self {
        let area = area.intersection(buffer.area);
        let row = area.y.saturating_add(y);
        Pen {
            x: area.x.saturating_add(x),
            end: area.right(),
            y: (y < area.height).then_some(row),
            buffer,
        }
    }

    /// Returns the columns left in the row.
    pub fn columns_left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Writes as much of the text as fits.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.columns_left();
        if let Some(y) = self.y.filter(|_| room > 0) {
            self.buffer
                .set_stringn(self.x, y, text, usize::from(room), style);
        }
        self.x = self.x.saturating_add(width(text)).min(self.end);
        self
    }

    pub fn put_char(&mut self, c: char, style: Style) -> &mut Self {
        self.put(c.encode_utf8(&mut [0; 4]), style)
    }

    /// Clears the rest of the row.
    pub fn clear(&mut self) {
        for x in self.x..self.end {
            if let Some(cell) = self.y.and_then(|y| self.buffer.cell_mut((x, y))) {
                cell.reset();
            }
        }
    }

    /// Fills the rest of the row with one character.
    pub fn fill(&mut self, c: char, style: Style) {
        while self.columns_left() > 0 {
            self.put_char(c, style);
        }
    }
}

/// Draws lines from line `scroll`, at most to their end. Where more follow, the last row has their
/// number, and `how` to see them.
pub fn prose(
    buffer: &mut Buffer,
    area: Rect,
    lines: &[Line],
    scroll: u16,
    how: &str,
    theme: &Theme,
) {
    let room = usize::from(area.height);
    let first = usize::from(scroll).min(lines.len().saturating_sub(room));
    let hidden = lines.len().saturating_sub(first + room);
    let shown = if hidden > 0 {
        room.saturating_sub(1)
    } else {
        room
    };
    for (row, line) in (0..area.height).zip(lines.iter().skip(first).take(shown)) {
        let mut pen = Pen::at(buffer, area, 1, row);
        for (text, style) in line {
            pen.put(text, *style);
        }
    }
    if hidden > 0 {
        let more = format!(
            "{} {}: {how}",
            theme.glyphs.cut,
            count(hidden as u64 + 1, "more line")
        );
        Pen::at(buffer, area, 1, area.height.saturating_sub(1)).put(&more, theme.faint());
    }
}

/// Returns the first of some forms of a text that fits, else the last one, cut.
pub fn first_that_fits(forms: &[String], columns: u16, mark: char) -> String {
    let fits = forms.iter().find(|form| width(form) <= columns);
    fits.or(forms.last())
        .map(|form| fit(form, columns, mark))
        .unwrap_or_default()
}
