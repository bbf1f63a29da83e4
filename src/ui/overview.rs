//! The overview of a guest: what it exports and imports, and what to type first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::app::panes::module_overview::{self, Line};
use crate::safe;

use super::overlay::boxed;
use super::text::{self, Pen};
use super::theme::Theme;

type Pieces = Vec<(String, Style)>;

/// Columns of a line of prose at most.
const PROSE: u16 = 92;
/// Columns of a name and of a type that stand beside each other at most.
const BESIDE: u16 = 34;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, scroll: u16, theme: &Theme) {
    let lines = lines(app, inside(area), theme);
    let columns = lines
        .iter()
        .map(|l| l.iter().map(|(t, _)| text::width(t)).sum())
        .max()
        .unwrap_or(0);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let name = text::fit(&safe::plain(&app.timeline.guest.path), 40, theme.glyphs.cut);
    let scrolls = if rows > area.height.saturating_sub(2) {
        ": j k scroll"
    } else {
        ""
    };
    let inner = boxed(
        buffer,
        area,
        columns,
        rows,
        &format!("{name}{scrolls}"),
        theme,
    );
    let first = usize::from(scroll.min(rows.saturating_sub(inner.height)));
    for (row, line) in (0..inner.height).zip(lines.iter().skip(first)) {
        let mut pen = Pen::at(buffer, inner, 0, row);
        for (text, style) in line {
            pen.put(text, *style);
        }
    }
}

/// How far it can be scrolled in an area, in lines.
pub fn last_line(app: &App, area: Rect, theme: &Theme) -> u16 {
    let lines = u16::try_from(lines(app, inside(area), theme).len()).unwrap_or(u16::MAX);
    lines.saturating_sub(area.height.saturating_sub(2))
}

/// Columns within the box.
fn inside(area: Rect) -> u16 {
    area.width.saturating_sub(4).min(PROSE + 16)
}

fn lines(app: &App, columns: u16, theme: &Theme) -> Vec<Pieces> {
    let told = module_overview::lines(app);
    let width_of = |part: fn(&Line) -> &str| {
        told.iter()
            .map(|l| text::width(part(l)))
            .max()
            .unwrap_or(0)
            .min(BESIDE)
    };
    let (names, types) = (width_of(name_of), width_of(type_of));
    let mut lines = Vec::new();
    for line in &told {
        match line {
            Line::Blank => lines.push(Vec::new()),
            Line::Title(title) => lines.extend(wrapped(title, "", columns, theme.strong())),
            Line::Prose(prose) => {
                lines.extend(wrapped(prose, "", columns.min(PROSE), theme.text()))
            }
            Line::Code(code) => lines.extend(wrapped(code, "  ", columns, theme.key())),
            Line::Entry { name, ty, note } => {
                lines.extend(entry([name, ty, note], [names, types], columns, theme))
            }
        }
    }
    lines
}

fn name_of(line: &Line) -> &str {
    if let Line::Entry { name, .. } = line {
        name
    } else {
        ""
    }
}

fn type_of(line: &Line) -> &str {
    if let Line::Entry { ty, .. } = line {
        ty
    } else {
        ""
    }
}

fn wrapped(told: &str, indent: &str, columns: u16, style: Style) -> Vec<Pieces> {
    let lines = text::wrap(told, columns.saturating_sub(text::width(indent)));
    lines
        .into_iter()
        .map(|line| vec![(format!("{indent}{line}"), style)])
        .collect()
}

/// Name, type and note beside each other where that fits; else the type below the name.
fn entry(
    [name, ty, note]: [&String; 3],
    [names, types]: [u16; 2],
    columns: u16,
    theme: &Theme,
) -> Vec<Pieces> {
    let padded = |text: &str, width: u16| {
        let pad = usize::from(width.saturating_sub(text::width(text)) + 2);
        format!("{text}{}", " ".repeat(pad))
    };
    let fits = names
        .saturating_add(types)
        .saturating_add(text::width(note))
        .saturating_add(6)
        <= columns
        && text::width(name) <= names
        && text::width(ty) <= types;
    if fits {
        let name = format!("  {}", padded(name, names));
        return vec![vec![
            (name, theme.text()),
            (padded(ty, types), theme.text()),
            (note.clone(), theme.faint()),
        ]];
    }
    let cut = theme.glyphs.cut;
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("  {note}")
    };
    let room = columns.saturating_sub(2);
    let name = text::fit(name, room.saturating_sub(text::width(&note)), cut);
    vec![
        vec![(format!("  {name}"), theme.text()), (note, theme.faint())],
        vec![(
            format!("    {}", text::fit(ty, room.saturating_sub(2), cut)),
            theme.text(),
        )],
    ]
}
