//! The overview of a module: what it exports and imports, and what to type first.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::app::panes::module_overview::{self, OverviewLine};
use crate::safe;

use super::boxed::{BoxedText, EDGES};
use super::text;
use super::text::Line;
use super::theme::Theme;

/// The most columns of a line of prose.
const PROSE: u16 = 92;
/// The most columns of a name, and of a type, that are beside each other.
const BESIDE: u16 = 34;

/// Returns the overview for a screen that has `area` for it.
pub fn text(app: &App, area: Rect, theme: &Theme) -> BoxedText {
    let columns = area.width.saturating_sub(EDGES).min(PROSE + 16);
    BoxedText {
        title: text::fit(&safe::plain(&app.timeline.guest.path), 40, theme.glyphs.cut),
        lines: lines(app, columns, theme),
    }
}

fn lines(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let overview = module_overview::lines(app);
    let width_of = |part: fn(&OverviewLine) -> &str| {
        overview
            .iter()
            .map(|l| text::width(part(l)))
            .max()
            .unwrap_or(0)
            .min(BESIDE)
    };
    let (names, types) = (width_of(name_of), width_of(type_of));
    let mut lines = Vec::new();
    for line in &overview {
        match line {
            OverviewLine::Blank => lines.push(Vec::new()),
            OverviewLine::Title(title) => lines.extend(wrapped(title, "", columns, theme.strong())),
            OverviewLine::Prose(prose) => {
                lines.extend(wrapped(prose, "", columns.min(PROSE), theme.text()));
            }
            OverviewLine::Code(code) => lines.extend(wrapped(code, "  ", columns, theme.key())),
            OverviewLine::Entry { name, ty, note } => {
                lines.extend(entry([name, ty, note], [names, types], columns, theme));
            }
        }
    }
    lines
}

fn name_of(line: &OverviewLine) -> &str {
    if let OverviewLine::Entry { name, .. } = line {
        name
    } else {
        ""
    }
}

fn type_of(line: &OverviewLine) -> &str {
    if let OverviewLine::Entry { ty, .. } = line {
        ty
    } else {
        ""
    }
}

fn wrapped(text: &str, indent: &str, columns: u16, style: Style) -> Vec<Line> {
    let lines = text::wrap(text, columns.saturating_sub(text::width(indent)));
    lines
        .into_iter()
        .map(|line| vec![(format!("{indent}{line}"), style)])
        .collect()
}

/// Returns name, type and note beside each other where that fits, else the type below the name.
fn entry(
    [name, ty, note]: [&String; 3],
    [names, types]: [u16; 2],
    columns: u16,
    theme: &Theme,
) -> Vec<Line> {
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
    let width = columns.saturating_sub(2);
    let name = text::fit(name, width.saturating_sub(text::width(&note)), cut);
    vec![
        vec![(format!("  {name}"), theme.text()), (note, theme.faint())],
        vec![(
            format!("    {}", text::fit(ty, width.saturating_sub(2), cut)),
            theme.text(),
        )],
    ]
}
