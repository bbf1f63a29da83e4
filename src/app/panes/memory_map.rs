//! The strip that maps all of memory: for each of its cells what lies there and what was written
//! when. Worked out once for a moment, from the record of changes and never from memory as a whole,
//! so its cost follows what was touched.

use crate::app::App;
use crate::timeline::{Part, PartKind, StepRecord};

/// Columns before the first cell: `map ` and the strip's edge.
pub const LEFT: u16 = 6;
/// Columns behind the last: the other edge, and memory's size.
const RIGHT: u16 = 13;
/// The least cells that are worth drawing.
const LEAST: u16 = 4;

/// When a part of memory was written last, as far as a map tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    #[default]
    Never,
    /// By instantiation.
    AtStart,
    /// By a step after it, before the one shown.
    Earlier,
    /// By the step shown, up to the moment shown.
    Now,
}

/// When a part of memory came to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grown {
    #[default]
    AtStart,
    Earlier,
    Now,
}

/// A cell of the strip: the bytes from `start` to `end`, none where there are fewer bytes than
/// cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    pub start: u64,
    pub end: u64,
    pub touched: Touched,
    pub grown: Grown,
    /// The most telling part that reaches into it, and whether that is a released block.
    pub part: Option<(PartKind, bool)>,
    /// Memory ended in it, or right before it, before the step shown.
    pub holds_old_end: bool,
}

/// All of memory, however large, in so many cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// Bytes in all.
    pub len: u64,
    pub cells: Vec<Cell>,
    pub parts: Vec<Part>,
}

/// How many cells a strip has in so many columns; 0 where there is no room for one.
pub fn cells_in(columns: u16) -> u16 {
    Some(columns.saturating_sub(LEFT + RIGHT))
        .filter(|cells| *cells >= LEAST)
        .unwrap_or(0)
}

impl Strip {
    /// The strip of the moment shown.
    pub(in crate::app) fn of(app: &App, cells: u16) -> Self {
        let memory = app.memory();
        let born = app.timeline.memory_after(0).len();
        let before = app.timeline.memory_before(app.moment.step).len();
        // Before a step's own growth the strip has its new size already, so that it stays as it is
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
        let mut strip = Strip {
            len,
            cells: Vec::new(),
            parts,
        };
        if len == 0 {
            return strip;
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
            strip.cells.push(Cell {
                start,
                end,
                touched: touched(start, end, earlier, now),
                grown: match () {
                    () if app.moment.step > 0 && is_new(before) => Grown::Now,
                    () if app.moment.step > 0 && is_new(born) => Grown::Earlier,
                    () => Grown::AtStart,
                },
                part: strip.part_in(start, end),
                holds_old_end: old_end.is_some_and(|old| (start..end).contains(&old)),
            });
        }
        strip
    }

    /// What the script named before what the module tells, a live block before one that was
    /// released.
    fn part_in(&self, start: u64, end: u64) -> Option<(PartKind, bool)> {
        let inside = self
            .parts
            .iter()
            .filter(|part| reaches_into(part, start, end));
        let best = inside.max_by_key(|part| (part.kind.is_scripts(), !part.released, part.kind))?;
        Some((best.kind, best.released))
    }

    /// The cell that holds an address.
    pub fn cell_of(&self, address: u64) -> Option<usize> {
        self.cells
            .iter()
            .position(|cell| (cell.start..cell.end).contains(&address))
    }

    /// The cells that a part reaches into, from and to which one.
    pub fn cells_of(&self, part: &Part) -> Option<(usize, usize)> {
        let is_inside = |cell: &Cell| reaches_into(part, cell.start, cell.end);
        let first = self.cells.iter().position(is_inside)?;
        let last = self.cells.iter().rposition(is_inside)?;
        Some((first, last + 1))
    }
}

/// Of a stack whose start nobody knows, the last byte stands for all.
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

/// Where a cell begins.
fn bound(len: u64, cell: u64, cells: u16) -> u64 {
    (u128::from(len) * u128::from(cell) / u128::from(cells.max(1))) as u64
}

/// The first byte of the cell that a column of the map shows.
pub(in crate::app) fn address_at(app: &App, columns: u16, column: u16) -> Option<u64> {
    let strip = app.strip(cells_in(columns));
    let cell = strip.cells.get(usize::from(column.checked_sub(LEFT)?))?;
    Some(cell.start)
}

#[cfg(test)]
mod tests;
