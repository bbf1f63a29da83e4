//! The byte under the cursor, and for now, in the source's place, what is known of the guest.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::safe;

use super::adapter;
use super::text::{self, Pen};
use super::theme::Theme;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let rows = adapter::inspector_rows(app);
    if rows.is_empty() {
        Pen::at(buffer, area, 1, 0).put("no byte here", theme.faint());
        return;
    }
    table(buffer, area, &rows, theme);
}

/// The guest as it was given.
pub fn draw_guest(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let guest = &app.timeline.guest;
    let mut rows = vec![("guest".to_string(), guest.path.clone()), ("size".to_string(), text::size(guest.bytes))];
    let listed = guest.imports.iter().map(|i| ("import", format!("{}.{} {}", i.module, i.name, i.ty)));
    let listed = listed.chain(guest.exports.iter().map(|e| ("export", format!("{} {}", e.name, e.ty))));
    rows.extend(listed.map(|(word, text)| (word.to_string(), text)));
    table(buffer, area, &rows, theme);
}

/// A word and what it says on each row, what is said being wrapped.
fn table(buffer: &mut Buffer, area: Rect, rows: &[(String, String)], theme: &Theme) {
    let key_width = rows.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0).min(area.width / 2);
    let column = key_width.saturating_add(3);
    let room = area.width.saturating_sub(column.saturating_add(1));
    let mut row = 0u16;
    for (key, value) in rows {
        Pen::at(buffer, area, 1, row).put(&text::fit(&safe::plain(key), key_width, theme.glyphs.cut), theme.faint());
        for line in text::wrap(&safe::plain(value), room) {
            Pen::at(buffer, area, column, row).put(&line, theme.text());
            row = row.saturating_add(1);
        }
        if row >= area.height {
            return;
        }
    }
}
