//! The frame around the panes: header, titles, separators, tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::panes::event_text;
use crate::app::panes::hex_dump::HexDump;
use crate::app::panes::layout::{self, Layout};
use crate::app::panes::step_list::step_count;
use crate::safe;
use crate::timeline::PAGE;

use super::text::{self, Pen};
use super::theme::Theme;

/// Draws the header: ` linmem  wasm_is_cool.wat … step 4 of 7    memory 1 page, 64 KiB`.
pub fn header(buffer: &mut Buffer, area: Rect, app: &App, dump: &HexDump, theme: &Theme) {
    let right = [step_of(app), memory_of(app, dump)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
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
    let room = pen
        .columns_left()
        .saturating_sub(right_width.saturating_add(2));
    let title = match &app.timeline.document.title {
        Some(heading) => format!("{}  {}", safe::plain(title), safe::plain(heading)),
        None => safe::plain(title),
    };
    pen.put(&text::fit(&title, room, theme.glyphs.cut), theme.text());
    Pen::at(buffer, area, area.width.saturating_sub(right_width), 0).put(&right_text, theme.text());
}

fn step_of(app: &App) -> Option<String> {
    let last = step_count(app).checked_sub(1)?;
    let shown = app.moment.step;
    let branch = app
        .branch()
        .map(|(number, all)| format!("branch {number} of {all}, "))
        .unwrap_or_default();
    let step = match (app.record(), app.position()) {
        (Some(step), Some(_)) if app.child_here().is_some() => {
            let child = app.child_here().map(|(child, _)| step.child_label(child));
            format!("step {shown} of {last}, {}", child.unwrap_or_default())
        }
        (Some(step), Some(_)) if step.events.is_empty() => format!("step {shown} of {last}"),
        (Some(step), Some(0)) => format!(
            "step {shown} of {last}, before {}",
            event_text::ordinal(step, 1)
        ),
        (Some(step), Some(at)) => {
            format!("step {shown} of {last}, {}", event_text::ordinal(step, at))
        }
        _ => format!("step {shown} of {last}"),
    };
    Some(branch + &step)
}

fn memory_of(app: &App, dump: &HexDump) -> Option<String> {
    let facts = app.timeline.guest.memory.as_ref();
    if app.timeline.steps().is_empty() && app.session.is_opening() {
        return None;
    }
    let bytes = match dump.after.len() {
        0 => facts?.pages.saturating_mul(PAGE),
        bytes => bytes,
    };
    Some(format!(
        "memory {}, {}",
        text::count(bytes.div_ceil(PAGE), "page"),
        text::size(bytes)
    ))
}

/// Draws a pane's title on its rule: ` after step 4 ────── buffer `.
pub fn title(
    buffer: &mut Buffer,
    area: Rect,
    title: &str,
    note: &str,
    focused: bool,
    theme: &Theme,
) {
    let line = if focused {
        theme.glyphs.focused_rule
    } else {
        theme.glyphs.rule
    };
    Pen::at(buffer, area, 0, 0).fill(line, theme.rule(focused));
    let room = area.width.saturating_sub(4);
    let title = text::fit(title, room, theme.glyphs.cut);
    let mut pen = Pen::at(buffer, area, 1, 0);
    pen.put(" ", theme.text())
        .put(&title, theme.title(focused))
        .put(" ", theme.text());
    let note_width = text::width(note);
    if note_width > 0 && note_width.saturating_add(6) <= room.saturating_sub(text::width(&title)) {
        let x = area.width.saturating_sub(note_width + 3);
        Pen::at(buffer, area, x, 0)
            .put(" ", theme.text())
            .put(note, theme.region())
            .put(" ", theme.text());
    }
}

/// Draws the vertical lines between panes, joined to the rules that begin, end or pass at them.
pub fn separators(buffer: &mut Buffer, layout: &Layout, theme: &Theme) {
    let glyphs = &theme.glyphs;
    let rules = [glyphs.rule, glyphs.focused_rule];
    let has_rule = |buffer: &Buffer, x: u16, y: u16| {
        buffer
            .cell((x, y))
            .is_some_and(|cell| rules.iter().any(|rule| cell.symbol().chars().eq([*rule])))
    };
    for area in &layout.separators {
        for row in 0..area.height {
            let is_joint =
                row > 0 && has_rule(buffer, area.x.saturating_add(1), area.y.saturating_add(row));
            let line = match row {
                0 => glyphs.joint_down,
                _ if is_joint => glyphs.joint_right,
                _ => glyphs.separator,
            };
            Pen::at(buffer, *area, 0, row).put_char(line, theme.rule(false));
        }
        // A rule below the separator's end is joined to it; a title there is not.
        let below = Rect {
            y: area.bottom(),
            height: 1,
            ..*area
        };
        if has_rule(buffer, below.x, below.y) {
            Pen::at(buffer, below, 0, 0).put_char(glyphs.joint_up, theme.rule(false));
        }
    }
}

/// Draws ` 1 steps 2 memory …` with the pane that is shown highlighted.
pub fn tabs(buffer: &mut Buffer, area: Rect, app: &App, has_fields: bool, theme: &Theme) {
    let tabs = layout::tabs(area.width, has_fields);
    // The tabs of a narrow line are next to each other, without a blank after the number.
    let last = tabs.last();
    let needed = last.map_or(0, |(_, name, column)| column + 2 + text::width(name));
    for (index, (pane, name, column)) in tabs.iter().enumerate() {
        let style = if *pane == app.pane {
            theme.chosen()
        } else {
            theme.text()
        };
        let mut pen = Pen::at(buffer, area, *column, 0);
        pen.put(&(index + 1).to_string(), theme.key());
        if needed <= area.width {
            pen.put(" ", theme.text());
        }
        pen.put(name, style);
    }
}
