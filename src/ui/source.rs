//! The source pane: the code that wrote the byte, made the store or trapped, with its line in the
//! middle.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::source::SourceView;
use crate::safe;
use crate::source::Listing;

use super::text::{self, Pen};
use super::theme::Theme;

/// Columns of a tab in a source file.
const TAB: &str = "    ";

/// The source pane, laid out.
pub struct SourceLines {
    /// Lines above the listing, or in its place.
    remarks: Vec<String>,
    /// The listing, the number of the line to mark, and of the first one shown.
    listing: Option<(Arc<Listing>, u32, u32)>,
    /// Rows for the listing.
    rows: u16,
}

impl SourceLines {
    /// Lays out a pane, scrolled by `scroll` lines from where the marked line is in the middle.
    pub fn of(view: &SourceView, area: Rect, scroll: i16) -> Self {
        let columns = area.width.saturating_sub(2);
        let mut remarks: Vec<String> = view
            .lines
            .iter()
            .flat_map(|line| text::wrap(line, columns))
            .collect();
        if view.listing.is_some() {
            // The marked line matters most.
            remarks.truncate(usize::from(area.height / 3));
        }
        let used = u16::try_from(remarks.len()).unwrap_or(u16::MAX);
        let rows = area.height.saturating_sub(used);
        let listing = view.listing.as_ref().map(|(listing, marked)| {
            let first = first_line(listing, *marked, rows, scroll);
            (Arc::clone(listing), *marked, first)
        });
        SourceLines {
            remarks,
            listing,
            rows,
        }
    }

    /// Returns how far the listing can be scrolled from where its marked line is in the middle: up
    /// and down.
    pub fn scroll_limits(&self) -> (i16, i16) {
        let Some((listing, marked, _)) = &self.listing else {
            return (0, 0);
        };
        let (least, middle, most) = tops(listing, *marked, self.rows);
        let to = |line: i64| {
            i16::try_from(line - middle).unwrap_or(if line < middle { i16::MIN } else { i16::MAX })
        };
        (to(least), to(most))
    }
}

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, source: &SourceLines, theme: &Theme) {
    let style = if source.listing.is_some() {
        theme.faint()
    } else {
        theme.text()
    };
    for (row, line) in (0..area.height).zip(&source.remarks) {
        Pen::at(buffer, area, 1, row).put(&theme.glyphs.arrows(line), style);
    }
    if let Some((listing, marked, first)) = &source.listing {
        let below = Rect {
            y: area.y.saturating_add(area.height - source.rows),
            height: source.rows,
            ..area
        };
        draw_listing(buffer, below, listing, *marked, *first, theme);
    }
}

fn draw_listing(
    buffer: &mut Buffer,
    area: Rect,
    listing: &Listing,
    marked: u32,
    first: u32,
    theme: &Theme,
) {
    let lines: Vec<(u32, String)> = (0..u32::from(area.height))
        .filter_map(|row| numbered(listing, first.saturating_add(row)))
        .collect();
    let digits = usize::from(text::width(&last_line(listing).to_string()));
    let indent = lines
        .iter()
        .filter(|(_, line)| !line.is_empty())
        .map(|(_, line)| blanks(line))
        .min()
        .unwrap_or(0);
    for (row, (number, line)) in (0..area.height).zip(&lines) {
        let (mark, style) = if *number == marked {
            (theme.glyphs.line_mark, theme.strong())
        } else {
            (' ', theme.text())
        };
        let mut pen = Pen::at(buffer, area, 1, row);
        pen.put(&format!("{number:>digits$} "), theme.faint())
            .put_char(mark, theme.pointer())
            .put(" ", style);
        let line = line.get(indent..).unwrap_or_default();
        let line = text::fit(line, pen.columns_left().saturating_sub(1), theme.glyphs.cut);
        pen.put(&line, style);
    }
}

/// Returns the number of the first line shown, `scroll` lines from where the marked one is in the
/// middle.
fn first_line(listing: &Listing, marked: u32, rows: u16, scroll: i16) -> u32 {
    let (least, middle, most) = tops(listing, marked, rows);
    u32::try_from((middle + i64::from(scroll)).max(least).min(most.max(least))).unwrap_or(u32::MAX)
}

/// Returns the number of the first line shown at least, with the marked line in the middle, and at
/// most.
fn tops(listing: &Listing, marked: u32, rows: u16) -> (i64, i64, i64) {
    let least = i64::from(listing.first_line);
    let most = (i64::from(last_line(listing)) + 1 - i64::from(rows)).max(least);
    let middle = i64::from(marked) - i64::from(rows.saturating_sub(1) / 2);
    (least, middle.max(least).min(most), most)
}

fn last_line(listing: &Listing) -> u32 {
    listing
        .first_line
        .saturating_add(u32::try_from(listing.lines.len()).unwrap_or(u32::MAX))
        .saturating_sub(1)
}

fn numbered(listing: &Listing, number: u32) -> Option<(u32, String)> {
    Some((
        number,
        safe::plain(&listing.line(number)?.replace('\t', TAB)),
    ))
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ListingKind;

    #[test]
    fn the_marked_line_stands_in_the_middle_and_scrolling_stops_at_the_ends() {
        let lines = vec![String::new(); 20];
        let listing = Listing {
            kind: ListingKind::Text,
            title: String::new(),
            first_line: 11,
            lines,
        };
        let first = |marked, rows, scroll| first_line(&listing, marked, rows, scroll);
        assert_eq!(
            [first(20, 5, 0), first(20, 5, 3), first(20, 5, -3)],
            [18, 21, 15]
        );
        assert_eq!(
            [first(11, 5, 0), first(30, 5, 0), first(99, 5, 0)],
            [11, 26, 26]
        );
        assert_eq!([first(20, 5, i16::MIN), first(20, 5, i16::MAX)], [11, 26]);
        assert_eq!(
            [first(20, 90, 0), first(20, 0, 0), first(20, 1, 0)],
            [11, 20, 20]
        );
    }
}
