//! The strip that maps the whole memory: what was written when, named regions, new pages, where the cursor is.
//!
//! It reads the record of changes, never memory as a whole, so its cost does not follow memory's size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::app::dump::Dump;
use crate::timeline::StepRecord;

use super::text::{self, Pen};
use super::theme::Theme;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, dump: &Dump, theme: &Theme) {
    let len = dump.len();
    if len == 0 {
        return;
    }
    let glyphs = &theme.glyphs;
    let label = format!("0..{}", text::size(len));
    let cells = u64::from(area.width.saturating_sub(text::width(&label).saturating_add(9)));
    if cells < 4 {
        return;
    }
    let mut pen = Pen::at(buffer, area, 1, 0);
    pen.put("map ", theme.text()).put_char(glyphs.map_start, theme.faint());
    for cell in 0..cells {
        let (start, end) = (bound(len, cell, cells), bound(len, cell + 1, cells));
        let (glyph, style) = look_of(start, end, app, dump, theme);
        let style = if (start..end).contains(&app.cursor) { style.add_modifier(theme.cursor()) } else { style };
        pen.put_char(glyph, style);
    }
    pen.put_char(glyphs.map_end, theme.faint()).put(" ", theme.text()).put(&label, theme.faint());
}

/// Where a cell begins.
fn bound(len: u64, cell: u64, cells: u64) -> u64 {
    (u128::from(len) * u128::from(cell) / u128::from(cells.max(1))) as u64
}

fn look_of(start: u64, end: u64, app: &App, dump: &Dump, theme: &Theme) -> (char, Style) {
    let glyphs = &theme.glyphs;
    let steps = app.timeline.steps();
    let shown = app.moment.step.min(steps.len());
    let (earlier, now) = steps.split_at_checked(shown).unwrap_or((steps, &[]));
    let touches = |step: &StepRecord| step.changes.any_within(start, end);
    match () {
        () if now.first().is_some_and(touches) => (glyphs.map_changed, theme.change_mark()),
        () if earlier.iter().rev().any(touches) => (glyphs.map_earlier, theme.text()),
        () if dump.spans.iter().any(|s| s.span.start < end && s.span.end() > start) => {
            (glyphs.map_region, theme.region())
        }
        () if start >= dump.before.len() && !dump.before.is_empty() => (glyphs.map_grown, theme.change_mark()),
        () => (glyphs.map_nothing, theme.faint()),
    }
}
