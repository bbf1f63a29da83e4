//! The source pane: the code that wrote the byte, made the store or trapped, with its line in the
//! middle.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::panes::source::Origin;
use crate::safe;
use crate::source::Listing;

use super::text::{self, Pen};
use super::theme::Theme;

/// Columns of a tab in a source file.
const TAB: &str = "    ";

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let origin = Origin::of(app);
    let (said, rest) = split(&origin, area);
    for (row, line) in (0..area.height).zip(&said) {
        let style = if origin.listing.is_some() {
            theme.faint()
        } else {
            theme.text()
        };
        Pen::at(buffer, area, 1, row).put(&theme.glyphs.arrows(line), style);
    }
    let Some((listing, marked)) = &origin.listing else {
        return;
    };
    let first = first_line(listing, *marked, rest.height, app.scroll.source);
    let shown: Vec<(u32, String)> = (0..u32::from(rest.height))
        .filter_map(|row| numbered(listing, first.saturating_add(row)))
        .collect();
    let digits = usize::from(text::width(&last_line(listing).to_string()));
    let indent = shown
        .iter()
        .filter(|(_, l)| !l.is_empty())
        .map(|(_, l)| blanks(l))
        .min()
        .unwrap_or(0);
    for (row, (number, line)) in (0..rest.height).zip(&shown) {
        let is_marked = number == marked;
        let (mark, style) = if is_marked {
            (theme.glyphs.line_mark, theme.strong())
        } else {
            (' ', theme.text())
        };
        let mut pen = Pen::at(buffer, rest, 1, row);
        pen.put(&format!("{number:>digits$} "), theme.faint())
            .put_char(mark, theme.pointer())
            .put(" ", style);
        let line = line.get(indent..).unwrap_or_default();
        let line = text::fit(line, pen.room().saturating_sub(1), theme.glyphs.cut);
        pen.put(&line, style);
    }
}

/// How far the listing can be scrolled from where it stands: up and down.
pub fn scroll_limits(app: &App, area: Rect) -> (i16, i16) {
    let origin = Origin::of(app);
    let Some((listing, marked)) = &origin.listing else {
        return (0, 0);
    };
    let (_, rest) = split(&origin, area);
    let (least, middle, most) = tops(listing, *marked, rest.height);
    let to = |line: i64| {
        i16::try_from(line - middle).unwrap_or(if line < middle { i16::MIN } else { i16::MAX })
    };
    (to(least), to(most))
}

/// What is said above the listing, wrapped, and the rest of the area.
fn split(origin: &Origin, area: Rect) -> (Vec<String>, Rect) {
    let columns = area.width.saturating_sub(2);
    let mut said: Vec<String> = origin
        .said
        .iter()
        .flat_map(|line| text::wrap(line, columns))
        .collect();
    if origin.listing.is_some() {
        // The marked line matters most.
        said.truncate(usize::from(area.height / 3));
    }
    let rows = u16::try_from(said.len())
        .unwrap_or(u16::MAX)
        .min(area.height);
    (
        said,
        Rect {
            y: area.y.saturating_add(rows),
            height: area.height - rows,
            ..area
        },
    )
}

/// The number of the first line shown, `scroll` lines from where the marked one stands in the
/// middle.
fn first_line(listing: &Listing, marked: u32, rows: u16, scroll: i16) -> u32 {
    let (least, middle, most) = tops(listing, marked, rows);
    u32::try_from((middle + i64::from(scroll)).max(least).min(most.max(least))).unwrap_or(u32::MAX)
}

/// The first line shown at least, with the marked line in the middle, and at most.
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
