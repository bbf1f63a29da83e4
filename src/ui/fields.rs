//! The fields of the typed parts of memory, as a tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::panes::field_tree::{Changed, FieldPane, FieldRow};

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// Columns of a pane from which types have a column.
const WITH_TYPES: u16 = 48;
/// The most columns of a type.
const MAX_TYPE: u16 = 24;
/// Columns of the mark of a change, and of that of a fold with a blank.
const MARKS: u16 = 2;

/// Draws the rows of the fields.
pub fn draw(buffer: &mut Buffer, area: Rect, pane: &FieldPane, theme: &Theme) {
    if pane.total == 0 {
        let lines = text::wrap(
            "No part of memory has a type here. A step `view NAME = ADDRESS as TYPE` gives one, and \
             `:view ADDRESS as TYPE` shows memory as one at any moment.",
            area.width.saturating_sub(2),
        );
        for (row, line) in (0..area.height).zip(&lines) {
            Pen::at(buffer, area, 1, row).put(line, theme.faint());
        }
        return;
    }
    let widest = |column: fn(&FieldRow) -> u16| pane.rows.iter().map(column).max().unwrap_or(0);
    let columns = Columns {
        name: widest(name_width).min(area.width.saturating_mul(2) / 5),
        ty: match area.width >= WITH_TYPES {
            true => widest(|row| text::width(&row.ty)).min(MAX_TYPE),
            false => 0,
        },
    };
    for (row, (number, field)) in (0..area.height).zip((pane.first..).zip(&pane.rows)) {
        let is_chosen = number == pane.chosen;
        draw_row(buffer, area, row, field, &columns, is_chosen, theme);
    }
}

/// The widths of the columns.
struct Columns {
    /// That of the name, with the marks and the indentation before it.
    name: u16,
    /// That of the type; 0 without one.
    ty: u16,
}

fn indentation(row: &FieldRow) -> u16 {
    u16::try_from(row.key.steps.len())
        .unwrap_or(u16::MAX)
        .saturating_mul(2)
}

fn name_width(row: &FieldRow) -> u16 {
    indentation(row)
        .saturating_add(MARKS)
        .saturating_add(text::width(&row.name))
}

fn draw_row(
    buffer: &mut Buffer,
    area: Rect,
    line: u16,
    row: &FieldRow,
    columns: &Columns,
    is_chosen: bool,
    theme: &Theme,
) {
    let glyphs = &theme.glyphs;
    let (mark, mark_style, style) = change(row.changed, theme);
    Pen::at(buffer, area, 0, line).put_char(mark, mark_style);
    let indentation = indentation(row).min(columns.name / 2);
    let fold = match row.is_open {
        Some(true) => glyphs.opened,
        Some(false) => glyphs.closed,
        None => ' ',
    };
    let name_style = match is_chosen {
        true => theme.chosen(),
        false if row.key.steps.is_empty() => theme.region(),
        false => theme.text(),
    };
    let room = columns
        .name
        .saturating_sub(indentation.saturating_add(MARKS));
    Pen::at(buffer, area, 1 + indentation, line)
        .put_char(fold, theme.faint())
        .put(" ", theme.text())
        .put(&text::fit(&row.name, room, glyphs.cut), name_style);
    let mut column = columns.name.saturating_add(3);
    if columns.ty > 0 {
        let ty = text::fit(&row.ty, columns.ty, glyphs.cut);
        Pen::at(buffer, area, column, line).put(&ty, theme.faint());
        column = column.saturating_add(columns.ty + 2);
    }
    let mut pen = Pen::at(buffer, area, column, line);
    let was = row.before.as_ref().map(|before| format!("  was {before}"));
    let style = match (row.is_read, row.is_open) {
        (false, _) => theme.tone(Tone::Note),
        (true, Some(true)) => theme.faint(),
        (true, _) => style,
    };
    let room = pen.columns_left().saturating_sub(1);
    let was_width = was.as_ref().map_or(0, |was| text::width(was));
    let value_room = match was_width < room / 2 {
        true => room - was_width,
        false => room,
    };
    let value = glyphs.arrows(&row.value);
    pen.put(&text::fit(&value, value_room, glyphs.cut), style);
    if let Some(was) = was.filter(|_| value_room < room || was_width == 0) {
        pen.put(&glyphs.arrows(&was), theme.faint());
    }
}

/// Returns the mark of a change with its style, and the style of a value.
fn change(changed: Changed, theme: &Theme) -> (char, Style, Style) {
    let glyphs = &theme.glyphs;
    match changed {
        Changed::Now => (glyphs.changed, theme.change_mark(), theme.changed()),
        Changed::Earlier => (glyphs.field_earlier, theme.faint(), theme.text()),
        Changed::Never => (' ', theme.text(), theme.text()),
    }
}
