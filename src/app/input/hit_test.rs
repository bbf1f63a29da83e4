//! What a cell of the screen belongs to, for clicks and the wheel.

use ratatui::layout::{Position, Rect};

use crate::app::panes::hex_dump::{DumpLine, HexDump};
use crate::app::panes::inside_step::InsideRow;
use crate::app::panes::layout::{content, tabs};
use crate::app::panes::memory_map;
use crate::app::panes::step_list::ListLine;
use crate::app::panes::view::View;
use crate::app::{App, Overlay, Pane};

/// What is under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A step of the list, by its number.
    Step(usize),
    /// An event or a child of the step shown.
    Row(InsideRow),
    /// A byte of the hex dump, by its address.
    Byte(u64),
    /// The first byte of a cell of the map.
    Map(u64),
    /// A row of the fields, by its number.
    Field(u64),
    /// A pane, where nothing in it is meant.
    Pane(Pane),
    /// No part of a pane.
    Nothing,
}

/// Returns what a column and a row of the screen belong to; nothing while an overlay is open.
pub fn hit(app: &App, column: u16, row: u16) -> Hit {
    match app.overlay {
        Overlay::None => hit_view(&View::compute(app), column, row),
        _ => Hit::Nothing,
    }
}

fn hit_view(view: &View, column: u16, row: u16) -> Hit {
    let layout = &view.layout;
    let under_mouse = |area: &Rect| area.contains(Position::new(column, row));
    if let Some(pane) = layout
        .tabs
        .filter(under_mouse)
        .and_then(|area| tab_at(area.width, view.has_fields, column))
    {
        return Hit::Pane(pane);
    }
    if let Some(area) = layout.map.filter(under_mouse) {
        let map = view.map.as_ref();
        let address = map.and_then(|map| memory_map::address_at(map, column - area.x));
        return address.map_or(Hit::Nothing, Hit::Map);
    }
    let Some((pane, area)) = layout.panes().find(|(_, area)| under_mouse(area)) else {
        return Hit::Nothing;
    };
    let inner = content(area);
    let found = row.checked_sub(inner.y).and_then(|line| match pane {
        Pane::Steps => match view.step_list.get(usize::from(line))? {
            ListLine::Step(step) | ListLine::Hidden(step) => Some(Hit::Step(*step)),
            line => line.row().map(Hit::Row),
        },
        Pane::Memory => byte_at(&view.hex_dump, inner, column - inner.x, line).map(Hit::Byte),
        Pane::Fields => {
            let pane = view.fields.as_ref()?;
            let number = pane.first.saturating_add(u64::from(line));
            (number < pane.total).then_some(Hit::Field(number))
        }
        Pane::Happened | Pane::Inspector | Pane::Source | Pane::Guest => None,
    });
    found.unwrap_or(Hit::Pane(pane))
}

fn byte_at(dump: &HexDump, inner: Rect, column: u16, line: u16) -> Option<u64> {
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

fn tab_at(columns: u16, has_fields: bool, column: u16) -> Option<Pane> {
    tabs(columns, has_fields)
        .iter()
        .rev()
        .find(|(_, _, start)| *start <= column)
        .map(|(pane, _, _)| *pane)
}
