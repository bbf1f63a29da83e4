//! Text measured and cut in columns, and drawn without leaving its area.

use super::prose::Line;
use super::theme::Theme;
use crate::timeline::PAGE;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the columns of a text.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Returns the text in at most `columns` columns, with `mark` in the place of what does not fit.
pub fn fit(text: &str, columns: u16, mark: char) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut out = String::new();
    let mut used = 0u16;
    for c in text.chars() {
        used = used.saturating_add(c.width().unwrap_or(0) as u16);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push(mark);
    out
}

/// Wraps a text into lines of at most `columns` columns, between words where that is possible. Line
/// breaks in the text are kept.
pub fn wrap(text: &str, columns: u16) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty()
                && width(&line).saturating_add(1).saturating_add(width(word)) <= columns
            {
                line.push(' ');
            } else if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                let more = c.width().unwrap_or(0) as u16;
                if width(&line).saturating_add(more) > columns {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line);
    }
    lines
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
    pub fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Writes as much of the text as fits.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
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
        while self.room() > 0 {
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

/// Returns a size such as `64 KiB`, `1.5 MiB` or `14 bytes`. Whole pages are exact: `1088 KiB`.
pub fn size(bytes: u64) -> String {
    for (unit, name) in [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        let is_inexact = bytes.is_multiple_of(PAGE) && !bytes.is_multiple_of(unit);
        if bytes >= unit && !is_inexact {
            let tenths = bytes.saturating_mul(10) / unit;
            return if tenths.is_multiple_of(10) {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            };
        }
    }
    count(bytes, "byte")
}

/// Returns `1 page`, `17 pages`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// Returns the first of some forms of a text that fits, else the last one, cut.
pub fn first_that_fits(forms: &[String], columns: u16, mark: char) -> String {
    let fits = forms.iter().find(|form| width(form) <= columns);
    fits.or(forms.last())
        .map(|form| fit(form, columns, mark))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(fit("abcdef", 4, '…'), "abc…");
        assert_eq!(fit("日本語", 5, '…'), "日本…");
        assert_eq!(fit("日本語", 4, '…'), "日…");
        assert_eq!(fit("abc", 0, '…'), "");
    }

    #[test]
    fn lines_break_between_words_and_inside_long_ones() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap("日本", 1).concat(), "日本");
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(size(65536), "64 KiB");
        assert_eq!(size(1), "1 byte");
        assert_eq!(size((3 << 19) + 1), "1.5 MiB");
        assert_eq!(size(17 * PAGE), "1088 KiB");
    }
}
