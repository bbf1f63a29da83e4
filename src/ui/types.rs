//! The list of views and types, with the layout of the chosen one below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::panes::step_list::first_step;
use crate::app::panes::type_list::{TypeLine, layout_of};
use crate::data_types::{LayoutRow, LayoutRowKind, TypeId, TypeRef, TypeTable};
use crate::safe;

use super::boxed::{EDGES, boxed};
use super::text::{self, Pen};
use super::theme::Theme;

/// The most columns of a name.
const MAX_NAME: usize = 30;
/// Columns of an offset or a size in a layout.
const NUMBER: usize = 6;

/// Draws the list. `scroll` lines of the layout are scrolled off its top.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, chosen: usize, scroll: u16, theme: &Theme) {
    let lines = app.type_lines();
    let texts: Vec<(String, String)> = lines.iter().map(line_text).collect();
    let name_width = texts
        .iter()
        .map(|(name, _)| text::width(name))
        .max()
        .unwrap_or(0);
    let layout = lines
        .get(chosen)
        .map(|line| layout_text(line.ty()))
        .unwrap_or_default();
    let list = texts
        .iter()
        .map(|(_, about)| text::width(about).saturating_add(name_width + 4));
    let columns = list
        .chain(layout.iter().map(|(line, _)| text::width(line)))
        .max()
        .unwrap_or(0)
        .max(30);
    let fits = area.height.saturating_sub(3);
    let list_rows = rows(lines.len()).min(fits.saturating_sub(rows(layout.len()).min(fits / 2)));
    let layout_rows = rows(layout.len()).min(fits.saturating_sub(list_rows));
    let rows = list_rows.saturating_add(1).saturating_add(layout_rows);
    let inner = boxed(buffer, area, columns, rows, "views, then types", theme);
    let width = inner.width.min(area.width.saturating_sub(EDGES));
    let first = first_step(lines.len(), chosen, list_rows);
    let listed = texts.iter().enumerate().skip(first);
    for (row, (index, (name, about))) in (0..list_rows).zip(listed) {
        let (mark, style) = match index == chosen {
            true => (theme.glyphs.current, theme.chosen()),
            false => (' ', theme.text()),
        };
        let name = text::fit(name, name_width, theme.glyphs.cut);
        let mut pen = Pen::at(buffer, inner, 0, row);
        pen.put_char(mark, theme.pointer())
            .put(" ", theme.text())
            .put(&name, style);
        let mut pen = Pen::at(buffer, inner, name_width + 4, row);
        pen.put(
            &text::fit(
                about,
                width.saturating_sub(name_width + 4),
                theme.glyphs.cut,
            ),
            theme.faint(),
        );
    }
    Pen::at(buffer, inner, 0, list_rows).fill(theme.glyphs.rule, theme.rule(false));
    let hidden = layout.len().saturating_sub(usize::from(layout_rows));
    let first = usize::from(scroll).min(hidden);
    for (row, (line, is_hole)) in (list_rows + 1..inner.height).zip(layout.iter().skip(first)) {
        let style = match is_hole {
            true => theme.faint(),
            false => theme.text(),
        };
        let line = text::fit(line, width, theme.glyphs.cut);
        Pen::at(buffer, inner, 0, row).put(&line, style);
    }
}

fn rows(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Returns the name in a line of the list, and what is about it.
fn line_text(line: &TypeLine) -> (String, String) {
    let ty = line.ty();
    match line {
        TypeLine::Part(part) => {
            let of_screen = match part.key.kind {
                None => "  typed at the screen",
                Some(_) => "",
            };
            let about = format!("{:#x}  {}{of_screen}", part.start, label(ty));
            (safe::cut(&part.key.name, MAX_NAME), about)
        }
        TypeLine::Type(_) => (safe::cut(&ty.label(), MAX_NAME), size(ty.table(), ty.id())),
    }
}

fn label(ty: &TypeRef) -> String {
    safe::cut(&ty.label(), 40)
}

/// Returns `16 bytes, aligned to 4`.
fn size(table: &TypeTable, id: TypeId) -> String {
    match table.get(id) {
        Some(ty) => format!("{}, aligned to {}", text::count(ty.size, "byte"), ty.align),
        None => String::new(),
    }
}

/// Returns the lines of the layout of a type, each with whether it is a hole.
fn layout_text(ty: &TypeRef) -> Vec<(String, bool)> {
    let (id, layout) = layout_of(ty);
    let table = ty.table();
    let title = format!("{}  {}", safe::cut(&table.label(id), 60), size(table, id));
    let mut lines = vec![(title, false)];
    if layout.is_empty() {
        return lines;
    }
    let rows: Vec<(String, String)> = layout.iter().map(row_text).collect();
    let widest = rows.iter().map(|(name, _)| crate::text::width(name)).max();
    let widest = widest.unwrap_or(0).min(MAX_NAME);
    lines.push((
        format!(
            "{:>NUMBER$} {:>NUMBER$}  {:widest$}  type",
            "offset", "size", "field"
        ),
        true,
    ));
    lines.extend(layout.iter().zip(rows).map(|(row, (name, ty))| {
        let name = text::fit(&name, u16::try_from(widest).unwrap_or(u16::MAX), '…');
        let pad = " ".repeat(widest.saturating_sub(crate::text::width(&name)));
        let line = format!(
            "{:>NUMBER$} {:>NUMBER$}  {name}{pad}  {ty}",
            row.offset, row.size
        );
        (
            line,
            matches!(row.kind, LayoutRowKind::Hole | LayoutRowKind::Padding),
        )
    }));
    lines
}

/// Returns the name in a row of a layout, and what is in the column of the types.
fn row_text(row: &LayoutRow) -> (String, String) {
    let indented = |name: &str| format!("{}{}", "  ".repeat(row.depth), safe::cut(name, MAX_NAME));
    match &row.kind {
        LayoutRowKind::Field {
            name,
            type_name,
            bits,
        } => {
            let bits = bits.map(|bits| {
                let last = bits.first.saturating_add(bits.count.max(1)) - 1;
                format!(", bits {} to {last}", bits.first)
            });
            let ty = safe::cut(type_name, 60);
            (indented(name), format!("{ty}{}", bits.unwrap_or_default()))
        }
        LayoutRowKind::Hole => (indented(""), "hole".into()),
        LayoutRowKind::Padding => (indented(""), "padding".into()),
        LayoutRowKind::Variant { name, tags } => (indented(name), format!("variant {tags}")),
        LayoutRowKind::More => (indented("…"), "there are more".into()),
    }
}
