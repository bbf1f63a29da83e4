//! What a cell of the screen belongs to, for clicks and the wheel.

use ratatui::layout::Rect;

use crate::app::panes::hex_dump::{Dump, DumpLine};
use crate::app::panes::layout::{Layout, content, tabs};
use crate::app::panes::memory_map;
use crate::app::panes::step_list::{self, ListLine};
use crate::app::{App, Overlay, Pane};

/// What lies under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Step(usize),
    /// An event of the step shown, counted from 1.
    Event(usize),
    Byte(u64),
    /// The first byte of a part of the map.
    Map(u64),
    Pane(Pane),
    Nothing,
}

/// What a column and a row of the screen belong to. Nothing, while something lies over the panes.
pub fn hit(app: &App, column: u16, row: u16) -> Hit {
    if !matches!(app.overlay, Overlay::None) {
        return Hit::Nothing;
    }
    let layout = Layout::of(app.size, app.pane);
    if let Some(pane) = layout
        .tabs
        .filter(|area| area.contains((column, row).into()))
        .and_then(|area| tab_at(area.width, column))
    {
        return Hit::Pane(pane);
    }
    if let Some(area) = layout
        .map
        .filter(|area| area.contains((column, row).into()))
    {
        return memory_map::address_at(app, area.width, column - area.x)
            .map_or(Hit::Nothing, Hit::Map);
    }
    let Some((pane, area)) = layout
        .panes()
        .find(|(_, area)| area.contains((column, row).into()))
    else {
        return Hit::Nothing;
    };
    let inner = content(area);
    let found = row.checked_sub(inner.y).and_then(|line| match pane {
        Pane::Steps => match step_list::lines(app, inner.height).get(usize::from(line))? {
            ListLine::Step(step) => Some(Hit::Step(*step)),
            ListLine::Event { number, .. } => Some(Hit::Event(*number)),
            _ => None,
        },
        Pane::Memory => byte_at(app, inner, column - inner.x, line).map(Hit::Byte),
        Pane::Happened | Pane::Inspector | Pane::Source | Pane::Guest => None,
    });
    found.unwrap_or(Hit::Pane(pane))
}

fn byte_at(app: &App, inner: Rect, column: u16, line: u16) -> Option<u64> {
    let dump = Dump::of(app);
    let format = dump.format(inner.width);
    match dump.lines.get(usize::from(line))? {
        DumpLine::Row {
            address,
            after,
            before,
        } => {
            let byte = format.byte_at(column)?;
            let exists =
                |bytes: &[Option<u8>]| bytes.get(byte as usize).is_some_and(Option::is_some);
            (exists(after) || exists(before)).then(|| address.saturating_add(byte))
        }
        DumpLine::Squeezed { address, .. } => Some(*address),
        DumpLine::OldEnd { .. } | DumpLine::End { .. } => None,
    }
}

fn tab_at(columns: u16, column: u16) -> Option<Pane> {
    tabs(columns)
        .iter()
        .rev()
        .find(|(_, _, start)| *start <= column)
        .map(|(pane, _, _)| *pane)
}
