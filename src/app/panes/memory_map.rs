//! The map of all of memory in one line of cells: which part each cell belongs to, and when it was
//! written. Computed once for a moment from the record of changes, never from memory itself, so that
//! its cost depends on what was touched.

use crate::app::App;
use crate::timeline::{Part, PartKind, StepRecord};

/// Columns before the first cell: `map ` and the map's edge.
pub(crate) const LEFT: u16 = 6;
/// Columns after the last cell: the other edge, and the size of memory.
const RIGHT: u16 = 13;
/// The fewest cells that are drawn.
const MIN_CELLS: u16 = 4;

/// When a cell was written last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    #[default]
    Never,
    /// By instantiation, step 0.
    AtStart,
    /// By a step after it, before the one shown.
    Earlier,
    /// By the step shown, up to the moment shown.
    Now,
}

/// When the bytes of a cell became part of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Grown {
    #[default]
    AtStart,
    Earlier,
    Now,
}

/// A cell of the map: the bytes from `start` to `end`, none where there are fewer bytes than cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub start: u64,
    pub end: u64,
    pub touched: Touched,
    pub grown: Grown,
    /// The kind of the most specific part in it, and whether that is a released block.
    pub part: Option<(PartKind, bool)>,
    /// Whether memory ended in it, or right before it, before the step shown.
    pub holds_old_end: bool,
}

/// All of memory, however large, in a fixed number of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MemoryMap {
    /// The size of memory in bytes.
    pub len: u64,
    pub cells: Vec<Cell>,
    pub parts: Vec<Part>,
    /// The stack pointer, if it is below the end of the stack.
    pub stack_pointer: Option<u64>,
}

/// Returns how many cells a map has in `columns` columns; 0 where that is too narrow.
pub(crate) fn cells_in(columns: u16) -> u16 {
    Some(columns.saturating_sub(LEFT + RIGHT))
        .filter(|cells| *cells >= MIN_CELLS)
        .unwrap_or(0)
}

impl MemoryMap {
    /// Computes the map of the moment shown.
    pub(in crate::app) fn of(app: &App, cells: u16) -> Self {
        let memory = app.memory();
        let at_start = app.timeline.memory_after(0).len();
        let before = app.timeline.memory_before(app.moment.step).len();
        // The map has the size after the step's growth already before it, so that it does not change
        // within the step.
        let len = app
            .record()
            .map_or(0, |record| record.memory.len())
            .max(memory.len())
            .max(before);
        let parts = app.timeline.parts_at(app.moment, memory.len());
        let old_end = app
            .timeline
            .old_end(app.moment.step)
            .filter(|end| *end > 0 && *end < len);
        let stack = parts.iter().find(|part| part.kind == PartKind::Stack);
        let stack_end = stack.map_or(0, |part| part.span.end());
        let stack_pointer = app
            .timeline
            .stack_pointer_at(app.moment)
            .filter(|pointer| *pointer < stack_end);
        let mut map = MemoryMap {
            len,
            cells: Vec::new(),
            parts,
            stack_pointer,
        };
        if len == 0 {
            return map;
        }
        let now = |start: u64, end: u64| match (app.record(), app.position()) {
            (Some(step), Some(at)) => step.events.wrote_within(at, &memory, start, end),
            (Some(step), None) => step.changes.any_within(start, end),
            (None, _) => false,
        };
        let earlier = app
            .timeline
            .steps()
            .get(..app.moment.step)
            .unwrap_or_default();
        for index in 0..u64::from(cells) {
            let (start, end) = (bound(len, index, cells), bound(len, index + 1, cells));
            let is_new = |since: u64| since > 0 && start >= since;
            map.cells.push(Cell {
                start,
                end,
                touched: touched(start, end, earlier, now),
                grown: match () {
                    () if app.moment.step > 0 && is_new(before) => Grown::Now,
                    () if app.moment.step > 0 && is_new(at_start) => Grown::Earlier,
                    () => Grown::AtStart,
                },
                part: map.part_in(start, end),
                holds_old_end: old_end.is_some_and(|old| (start..end).contains(&old)),
            });
        }
        map
    }

    /// Returns the most specific part: one that the script named before one of the module, a live block
    /// before a released one.
    fn part_in(&self, start: u64, end: u64) -> Option<(PartKind, bool)> {
        let inside = self
            .parts
            .iter()
            .filter(|part| reaches_into(part, start, end));
        let best = inside
            .max_by_key(|part| (part.kind.is_named_by_script(), !part.released, part.kind))?;
        Some((best.kind, best.released))
    }

    /// Returns the index of the cell that contains an address.
    pub fn cell_of(&self, address: u64) -> Option<usize> {
        self.cells
            .iter()
            .position(|cell| (cell.start..cell.end).contains(&address))
    }

    /// Returns the first cell that a part reaches into, and the one after its last.
    pub fn cells_of(&self, part: &Part) -> Option<(usize, usize)> {
        let is_inside = |cell: &Cell| reaches_into(part, cell.start, cell.end);
        let first = self.cells.iter().position(is_inside)?;
        let last = self.cells.iter().rposition(is_inside)?;
        Some((first, last + 1))
    }
}

/// Returns whether a part reaches into a span. A stack of unknown start counts as its last byte.
fn reaches_into(part: &Part, start: u64, end: u64) -> bool {
    let from = if part.span.len == 0 {
        part.span.start.saturating_sub(1)
    } else {
        part.span.start
    };
    from < end && part.span.end() > start
}

fn touched(
    start: u64,
    end: u64,
    earlier: &[StepRecord],
    now: impl Fn(u64, u64) -> bool,
) -> Touched {
    let Some((first, later)) = earlier.split_first() else {
        return if now(start, end) {
            Touched::Now
        } else {
            Touched::Never
        };
    };
    let changed = |step: &StepRecord| step.changes.any_within(start, end);
    match () {
        () if start >= end => Touched::Never,
        () if now(start, end) => Touched::Now,
        () if later.iter().rev().any(changed) => Touched::Earlier,
        () if changed(first) => Touched::AtStart,
        () => Touched::Never,
    }
}

/// Returns the address where a cell begins.
fn bound(len: u64, cell: u64, cells: u16) -> u64 {
    (u128::from(len) * u128::from(cell) / u128::from(cells.max(1))) as u64
}

/// Returns the first byte of the cell that a column of the map shows.
pub(in crate::app) fn address_at(map: &MemoryMap, column: u16) -> Option<u64> {
    let cell = map.cells.get(usize::from(column.checked_sub(LEFT)?))?;
    Some(cell.start)
}

#[cfg(test)]
mod tests;
