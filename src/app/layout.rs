//! Where each pane lies at each size of the terminal. Pure geometry: `ui` draws into it, clicks are looked up in it.

use super::{App, Pane};

/// Bytes in a hex row at this size of the terminal: 8, 16 or 32.
pub fn row_width(size: (u16, u16)) -> u64 {
    if size.0 < 80 { 8 } else { 16 }
}

/// Rows a memory pane shows.
pub fn memory_rows(app: &App) -> u16 {
    (app.size.1 / 3).max(1)
}

/// What lies under a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Step(usize),
    Byte(u64),
    Pane(Pane),
    Nothing,
}

/// What lies at a cell of the screen.
pub fn hit(app: &App, column: u16, row: u16) -> Hit {
    if column < app.size.0 / 3 { Hit::Step(usize::from(row)) } else { Hit::Pane(Pane::Memory) }
}
