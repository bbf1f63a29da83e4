//! The map of all of memory. On a tall screen it has two rows: the parts of memory by name, and below
//! them what was written when. In one row, what was written hides the parts, which are letters
//! elsewhere.
//!
//! ```text
//!      stack───────────────────────────────────────────────────data heap──
//! map ▕▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▄▄█▁▁▁▁▁░░░░░░░░░▏ 1.1 MiB
//! map ▕sssssssssssssssssssssssssssssssssssssssssssssssssss▄d█dhhhh░░░░░░░░░▏ 1.1 MiB
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::panes::memory_map::{Cell, Grown, LEFT, MemoryMap, Touched};
use crate::safe;
use crate::timeline::{Part, PartKind, Span};

use super::text::{self, Pen};
use super::theme::Theme;

/// The most columns of a name in the upper row.
const LONGEST_NAME: u16 = 24;
/// The least columns between two addresses in it.
const TICK: u64 = 13;

/// Draws the map; `window` are the bytes that the memory panes show.
pub fn draw(
    buffer: &mut Buffer,
    area: Rect,
    map: &MemoryMap,
    window: Span,
    cursor: u64,
    theme: &Theme,
) {
    if map.cells.is_empty() || area.height == 0 {
        return;
    }
    let is_single = area.height == 1;
    if !is_single {
        let names = Names::of(map, theme);
        for (column, (symbol, style)) in (LEFT..).zip(&names.columns) {
            Pen::at(buffer, area, column, 0).put_char(*symbol, *style);
        }
    }
    let row = area.height - 1;
    let glyphs = &theme.glyphs;
    let mut pen = Pen::at(buffer, area, 1, row);
    pen.put("map ", theme.text())
        .put_char(glyphs.map_start, theme.faint());
    let stack_pointer = map.stack_pointer.filter(|_| is_single);
    for cell in &map.cells {
        let (mut symbol, mut style) = glyph_of(cell, is_single, theme);
        if stack_pointer.is_some_and(|pointer| (cell.start..cell.end).contains(&pointer)) {
            (symbol, style) = stack_pointer_mark(theme);
        }
        if cell.start < window.end() && cell.end > window.start {
            style = style
                .add_modifier(theme.map_window())
                .remove_modifier(ratatui::style::Modifier::DIM);
        }
        if (cell.start..cell.end).contains(&cursor) {
            style = style.add_modifier(theme.cursor());
        }
        pen.put_char(symbol, style);
    }
    pen.put_char(glyphs.map_end, theme.faint())
        .put(" ", theme.text())
        .put(&text::size(map.len), theme.faint());
}

fn stack_pointer_mark(theme: &Theme) -> (char, Style) {
    let style = theme.part(PartKind::Stack, false);
    (theme.glyphs.map_stack_pointer, style)
}

/// Returns a cell as it is drawn; in a single row it shows its part too.
fn glyph_of(cell: &Cell, is_single: bool, theme: &Theme) -> (char, Style) {
    let glyphs = &theme.glyphs;
    let part = cell.part.filter(|_| is_single);
    match (cell.touched, cell.grown, part) {
        (Touched::Now, ..) => (glyphs.map_changed, theme.change_mark()),
        _ if cell.holds_old_end => (glyphs.map_old_end, theme.change_mark()),
        (Touched::Earlier, ..) => (glyphs.map_earlier, theme.text()),
        // New pages are mostly heap: that they are new is more specific.
        (Touched::Never, Grown::Now, Some((kind, _))) if !kind.is_named_by_script() => {
            (glyphs.map_grown, theme.change_mark())
        }
        (_, _, Some((kind, released))) => (glyphs.part(kind, released), theme.part(kind, released)),
        (Touched::AtStart, ..) => (glyphs.map_at_start, theme.faint()),
        (Touched::Never, Grown::Now, None) => (glyphs.map_grown, theme.change_mark()),
        (Touched::Never, Grown::Earlier, None) => (glyphs.map_grown, theme.faint()),
        (Touched::Never, Grown::AtStart, None) => (glyphs.map_nothing, theme.faint()),
    }
}

/// The upper row: a line for each part, with its name where that fits.
struct Names {
    columns: Vec<(char, Style)>,
    /// Whether each column is part of a name.
    taken: Vec<bool>,
}

impl Names {
    fn of(map: &MemoryMap, theme: &Theme) -> Self {
        let count = map.cells.len();
        let mut names = Names {
            columns: vec![(' ', theme.text()); count],
            taken: vec![false; count],
        };
        let placed = map
            .parts
            .iter()
            .filter_map(|part| Some((part, map.cells_of(part)?)));
        let placed: Vec<(&Part, (usize, usize))> = placed.collect();
        for (part, (first, end)) in &placed {
            let style = theme.part(part.kind, part.released);
            let line = match end - first {
                1 => theme.glyphs.part(part.kind, part.released),
                _ => theme.glyphs.map_line(part.kind, part.released),
            };
            if let Some(columns) = names.columns.get_mut(*first..*end) {
                columns.fill((line, style));
            }
        }
        if let Some(at) = map.stack_pointer.and_then(|pointer| map.cell_of(pointer))
            && let (Some(cell), Some(taken)) = (names.columns.get_mut(at), names.taken.get_mut(at))
        {
            (*cell, *taken) = (stack_pointer_mark(theme), true);
        }
        // Parts that the script named come first, the last one before the others.
        let mut by_weight: Vec<_> = placed.iter().rev().collect();
        by_weight.sort_by_key(|(part, _)| !part.kind.is_named_by_script());
        for (part, (first, end)) in by_weight {
            let name = if part.kind == PartKind::Segment {
                part.name.as_str()
            } else {
                &name_of(part)
            };
            let name = text::fit(&safe::plain(name), LONGEST_NAME, theme.glyphs.cut);
            names.put(&name, *first, *end, theme.part(part.kind, part.released));
        }
        names.put_addresses(map, theme);
        names
    }

    /// Puts round addresses where nothing is named.
    fn put_addresses(&mut self, map: &MemoryMap, theme: &Theme) {
        let apart = (map.len / (map.cells.len() as u64).max(1)).saturating_mul(TICK);
        let step = apart.checked_next_power_of_two().unwrap_or(u64::MAX);
        let addresses = (0u64..=map.len / step.max(1)).map(|n| n.saturating_mul(step));
        for address in addresses {
            let Some(at) = map.cell_of(address) else {
                continue;
            };
            let text = format!("{address:#x}");
            let room = self
                .columns
                .get(at.saturating_sub(1)..at + text.len() + 1)
                .unwrap_or_default();
            if !room.is_empty() && room.iter().all(|(symbol, _)| *symbol == ' ') {
                self.put(&text, at, at, theme.faint());
            }
        }
    }

    /// Puts a name into the first gap among a part's columns, else where the part begins if that is
    /// free.
    fn put(&mut self, name: &str, first: usize, end: usize, style: Style) {
        let len = usize::from(text::width(name));
        if len == 0 || len != name.chars().count() {
            return;
        }
        // A blank on each side keeps two names apart.
        let is_free = |at: usize| {
            let around = at.saturating_sub(1)..(at + len + 1).min(self.taken.len());
            at + len <= self.taken.len()
                && self
                    .taken
                    .get(around)
                    .is_some_and(|taken| !taken.contains(&true))
        };
        let inside = (first..=end.saturating_sub(len)).find(|at| at + len <= end && is_free(*at));
        // A name beside another part's letter would look like one word with it.
        let is_letter = |at: usize| {
            let column = self.columns.get(at);
            column.is_some_and(|(symbol, _)| symbol.is_ascii_alphabetic())
        };
        let is_apart = |at: usize| {
            let before = at.checked_sub(1);
            !before.is_some_and(is_letter) && !is_letter(at + len)
        };
        let beside = || {
            [first, first + 1]
                .into_iter()
                .find(|at| is_free(*at) && is_apart(*at))
        };
        let Some(at) = inside.filter(|at| is_apart(*at)).or_else(beside) else {
            return;
        };
        for (column, symbol) in (at..).zip(name.chars()) {
            if let (Some(cell), Some(taken)) =
                (self.columns.get_mut(column), self.taken.get_mut(column))
            {
                (*cell, *taken) = ((symbol, style), true);
            }
        }
    }
}

fn name_of(part: &Part) -> String {
    match part.kind {
        PartKind::Heap | PartKind::Stack | PartKind::Data => part.kind.as_str().to_owned(),
        PartKind::Segment | PartKind::Region | PartKind::Block => part.name.clone(),
    }
}
