//! The tables about the byte under the cursor and about the guest.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::byte_inspector::Inspection;
use crate::app::{App, MAX_WRITERS};
use crate::safe;
use crate::timeline::LayoutFacts;

use super::text::{self, Pen};
use super::theme::Theme;

/// Draws the table about the byte under the cursor.
pub fn draw_byte(buffer: &mut Buffer, area: Rect, table: &Table, scroll: u16, theme: &Theme) {
    if table.lines.is_empty() {
        Pen::at(buffer, area, 1, 0).put("no byte here", theme.faint());
        return;
    }
    draw_table(buffer, area, table, scroll, theme);
}

/// Returns the table about the byte under the cursor.
pub fn byte_table(app: &App, area: Rect, theme: &Theme) -> Table {
    Table::of(&byte_rows(app, area), area.width, theme)
}

/// Returns the table about the guest as it was given.
pub fn guest_table(app: &App, area: Rect, theme: &Theme) -> Table {
    Table::of(&guest_rows(app), area.width, theme)
}

/// Labels and texts of a table.
type Rows = Vec<(&'static str, String)>;

/// Returns the rows about the byte under the cursor; at most half of the pane is for its earlier
/// writers.
fn byte_rows(app: &App, area: Rect) -> Rows {
    let most_earlier = (usize::from(area.height) / 4).clamp(1, MAX_WRITERS.saturating_sub(1));
    Inspection::of(app, most_earlier).rows
}

fn guest_rows(app: &App) -> Rows {
    let guest = &app.timeline.guest;
    if app.timeline.planned.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![
        ("guest", guest.path.clone()),
        ("size", text::size(guest.bytes)),
    ];
    rows.extend(
        guest
            .layout
            .iter()
            .map(|facts| (facts.kind.as_str(), location(facts))),
    );
    let listed = guest
        .imports
        .iter()
        .map(|i| ("import", format!("{}.{} {}", i.module, i.name, i.ty)));
    let listed = listed.chain(
        guest
            .exports
            .iter()
            .map(|e| ("export", format!("{} {}", e.name, e.ty))),
    );
    rows.extend(listed);
    rows
}

/// Returns `0x0..0x100000  exported global __stack_pointer`.
fn location(facts: &LayoutFacts) -> String {
    let LayoutFacts {
        name,
        segment,
        start,
        end,
        known_by,
        ..
    } = facts;
    let name = segment.map(|_| format!("{name}, ")).unwrap_or_default();
    let place = match (start, end) {
        (Some(start), Some(end)) => format!("{start:#x}..{end:#x}"),
        (Some(start), None) => format!("from {start:#x}"),
        (None, Some(end)) => format!("below {end:#x}"),
        (None, None) => "somewhere".to_string(),
    };
    format!("{name}{place}  {known_by}")
}

/// A label and a text on each row; the text is wrapped.
pub struct Table {
    /// The column where the texts begin.
    column: u16,
    lines: Vec<(String, String)>,
}

impl Table {
    fn of(rows: &[(&'static str, String)], columns: u16, theme: &Theme) -> Self {
        let key_width = rows
            .iter()
            .map(|(key, _)| text::width(key))
            .max()
            .unwrap_or(0)
            .min(columns / 2);
        let column = key_width.saturating_add(3);
        let width = columns.saturating_sub(column.saturating_add(1));
        let mut lines: Vec<(String, String)> = Vec::new();
        for (key, value) in rows {
            let mut key = text::fit(&safe::plain(key), key_width, theme.glyphs.cut);
            for line in text::wrap(&safe::plain(value), width) {
                lines.push((std::mem::take(&mut key), line));
            }
        }
        Table { column, lines }
    }

    /// Returns the number of rows.
    pub fn height(&self) -> usize {
        self.lines.len()
    }
}

/// Draws a table from row `scroll`, at most to its end.
pub fn draw_table(buffer: &mut Buffer, area: Rect, table: &Table, scroll: u16, theme: &Theme) {
    let first = usize::from(scroll).min(table.lines.len().saturating_sub(usize::from(area.height)));
    for (row, (key, value)) in (0..area.height).zip(table.lines.iter().skip(first)) {
        Pen::at(buffer, area, 1, row).put(key, theme.faint());
        Pen::at(buffer, area, table.column, row).put(value, theme.text());
    }
}
