//! What is around the panes: the header, titles, separators, tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layout::{Layout, TABS};
use crate::app::{App, Engine};
use crate::safe;
use crate::timeline::PAGE;

use super::text::{self, Pen};
use super::theme::Theme;

/// ` linmem  wasm_is_cool.wat … step 4 of 7    memory 1 page, 64 KiB`
pub fn header(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let right = [step_of(app), memory_of(app)].into_iter().flatten().collect::<Vec<_>>();
    let mut right_text = right.join("    ");
    if text::width(&right_text).saturating_add(12) > area.width {
        right_text = right.into_iter().next().unwrap_or_default();
    }
    let right_width = text::width(&right_text).saturating_add(1);
    let title = match app.timeline.title.as_str() {
        "" => &app.timeline.guest.path,
        title => title,
    };
    let mut pen = Pen::at(buffer, area, 1, 0);
    pen.put("linmem", theme.strong()).put("  ", theme.text());
    let room = pen.room().saturating_sub(right_width.saturating_add(2));
    pen.put(&text::fit(&safe::plain(title), room, theme.glyphs.cut), theme.text());
    Pen::at(buffer, area, area.width.saturating_sub(right_width), 0).put(&right_text, theme.text());
}

fn step_of(app: &App) -> Option<String> {
    let last = crate::app::layout::step_count(app).checked_sub(1)?;
    let shown = app.moment.step;
    match app.timeline.step(shown) {
        Some(step) if app.moment.event < step.events.len() => {
            Some(format!("step {shown} of {last}, write {} of {}", app.moment.event, step.events.len()))
        }
        _ => Some(format!("step {shown} of {last}")),
    }
}

fn memory_of(app: &App) -> Option<String> {
    let facts = app.timeline.guest.memory.as_ref();
    if app.timeline.steps().is_empty() && app.engine == Engine::Opening {
        return None;
    }
    let bytes = match app.timeline.memory_at(app.moment).len() {
        0 => facts?.pages.saturating_mul(PAGE),
        bytes => bytes,
    };
    Some(format!("memory {}, {}", text::count(bytes.div_ceil(PAGE), "page"), text::size(bytes)))
}

/// A pane's title on its rule: ` after step 4 ────── buffer `.
pub fn title(buffer: &mut Buffer, area: Rect, title: &str, note: &str, focused: bool, theme: &Theme) {
    let line = if focused { theme.glyphs.focused_rule } else { theme.glyphs.rule };
    Pen::at(buffer, area, 0, 0).fill(line, theme.rule(focused));
    let room = area.width.saturating_sub(4);
    let title = text::fit(title, room, theme.glyphs.cut);
    let mut pen = Pen::at(buffer, area, 1, 0);
    pen.put(" ", theme.text()).put(&title, theme.title(focused)).put(" ", theme.text());
    let note_width = text::width(note);
    if note_width > 0 && note_width.saturating_add(6) <= room.saturating_sub(text::width(&title)) {
        let x = area.width.saturating_sub(note_width + 3);
        Pen::at(buffer, area, x, 0).put(" ", theme.text()).put(note, theme.region()).put(" ", theme.text());
    }
}

/// The vertical lines between panes, joined to the rules they begin and end at.
pub fn separators(buffer: &mut Buffer, layout: &Layout, theme: &Theme) {
    for area in &layout.separators {
        for row in 0..area.height {
            Pen::at(buffer, *area, 0, row).put_char(theme.glyphs.separator, theme.rule(false));
        }
        Pen::at(buffer, *area, 0, 0).put_char(theme.glyphs.joint_down, theme.rule(false));
    }
    if let [upper, lower] = layout.separators.as_slice()
        && upper.bottom() == lower.y
    {
        return;
    }
    join_across(buffer, layout, theme);
}

/// Where a separator stops at a rule below it, that rule shows it.
fn join_across(buffer: &mut Buffer, layout: &Layout, theme: &Theme) {
    for area in &layout.separators {
        let below = Rect { y: area.bottom(), height: 1, ..*area };
        if layout.panes().any(|(_, pane)| pane.intersects(below) && pane.y == below.y) {
            Pen::at(buffer, below, 0, 0).put_char(theme.glyphs.joint_up, theme.rule(false));
        }
    }
}

/// ` 1 steps 2 memory …` with the one that is shown set off.
pub fn tabs(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    for (index, (pane, name, column)) in TABS.into_iter().enumerate() {
        let style = if pane == app.pane { theme.chosen() } else { theme.text() };
        let mut pen = Pen::at(buffer, area, column, 0);
        pen.put(&(index + 1).to_string(), theme.key()).put(" ", theme.text()).put(name, style);
    }
}
