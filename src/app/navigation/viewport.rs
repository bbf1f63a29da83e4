//! The part of memory that is shown: the cursor, the top row, and the jumps between addresses.

use crate::app::panes::layout;
use crate::app::{Action, App};
use crate::timeline::{Moment, Pointer, Span, StepRecord};

/// Restores the invariants of [`crate::app`] after a change.
pub(in crate::app) fn restore_invariants(app: &mut App) {
    let ran = app.timeline.steps().len();
    if app.moment.step >= ran {
        app.moment.step = ran.saturating_sub(1);
    }
    restore_moment(app);
    let memory = app.memory();
    let last = memory.len().saturating_sub(1);
    app.cursor = app.cursor.min(last);
    let width = width(app);
    // One row more than memory has, so that the line at its end is seen too.
    let last_top =
        align(last, width).saturating_sub(width.saturating_mul(rows(app).saturating_sub(2)));
    app.top = align(app.top, width).min(last_top);
    if let Some(search) = &mut app.search {
        let len = search.needle.len() as u64;
        search.found = search
            .found
            .filter(|at| memory.read(*at, len) == search.needle);
    }
    app.refresh();
}

/// Unfolds steps where the moment is within one, and gives the end of a step its one form.
fn restore_moment(app: &mut App) {
    let step = app.moment.step;
    let len = app.record().map_or(0, |r| r.events.len());
    app.unfolded = app.is_unfolded();
    let has_rows = app
        .record()
        .is_some_and(|r| len > 0 || !r.children.is_empty());
    app.moment = match app.unfolded && has_rows {
        true => Moment {
            step,
            event: app.moment.event.min(len),
        },
        false => Moment::end_of(step),
    };
    app.refresh_moment();
}

/// The cursor before a change of the panes, so that it stays in view after it.
pub(in crate::app) struct Anchor {
    /// Bytes in a row, and rows.
    size: (u64, u64),
    /// The cursor, where it was in view.
    cursor: Option<u64>,
}

impl Anchor {
    /// Takes the state before the change.
    pub(in crate::app) fn of(app: &App) -> Self {
        Anchor {
            size: (width(app), rows(app)),
            cursor: Some(app.cursor).filter(|at| is_in_view(app, *at, 1)),
        }
    }

    /// Brings the cursor back into view where it has not moved and rows of another size hide it.
    pub(in crate::app) fn restore(self, app: &mut App) {
        if self.size != (width(app), rows(app)) && self.cursor == Some(app.cursor) {
            reveal(app, app.cursor, 1);
        }
    }
}

/// Moves the cursor to the bytes that the step shown is about.
pub(in crate::app) fn show_focus(app: &mut App) {
    if let Some(span) = app.record().and_then(focus) {
        go_to(app, span.start, span.len);
    }
}

/// Returns the bytes that a step is about: its focus, else its first change, else its newest pointer.
fn focus(record: &StepRecord) -> Option<Span> {
    let newest = || {
        let end = record.memory.len();
        let in_memory = |pointer: &&Pointer| pointer.address < end;
        let pointers = || record.pointers.iter().rev().filter(in_memory);
        pointers()
            .find(|p| p.fetched || p.moved_from.is_some())
            .or(pointers().next())
    };
    record
        .focus
        .or_else(|| record.changes.spans().next())
        .or_else(|| {
            newest().map(|p| Span {
                start: p.address,
                len: 1,
            })
        })
}

/// Puts the cursor on a byte and brings the `len` bytes from it into view.
pub(in crate::app) fn go_to(app: &mut App, address: u64, len: u64) {
    app.cursor = address.min(app.memory().len().saturating_sub(1));
    reveal(app, app.cursor, len);
}

/// Brings bytes into view, with about a third of the rows above them; does nothing where all of them
/// are in view.
pub(in crate::app) fn reveal(app: &mut App, start: u64, len: u64) {
    let width = width(app);
    let above = rows(app) / 3;
    let visible = width
        .saturating_mul(rows(app).saturating_sub(above))
        .saturating_sub(start % width);
    if !is_in_view(app, start, len.min(visible)) {
        app.top = align(start, width).saturating_sub(width.saturating_mul(above));
        restore_invariants(app);
    }
}

/// Returns whether bytes are in view.
pub(in crate::app) fn is_in_view(app: &App, start: u64, len: u64) -> bool {
    start >= app.top && start.saturating_add(len.max(1)) <= app.top.saturating_add(window(app))
}

/// Moves the cursor by bytes, and the view where the cursor leaves it.
pub(in crate::app) fn move_cursor(app: &mut App, bytes: i64) {
    let to = app
        .cursor
        .saturating_add_signed(bytes)
        .min(app.memory().len().saturating_sub(1));
    put_cursor(app, to);
}

/// Moves the cursor by rows in its column, at most to the first or the last row.
pub(in crate::app) fn move_rows(app: &mut App, rows: i64) {
    let width = width(app);
    let column = app.cursor % width;
    let last = app.memory().len().saturating_sub(1);
    let by = rows.saturating_mul(i64::try_from(width).unwrap_or(i64::MAX));
    let row = align(app.cursor, width)
        .saturating_add_signed(by)
        .min(align(last, width));
    put_cursor(app, row.saturating_add(column).min(last));
}

/// Moves cursor and view by as many rows as are shown.
pub(in crate::app) fn move_page(app: &mut App, pages: i64) {
    let by = pages.saturating_mul(i64::try_from(rows(app)).unwrap_or(i64::MAX));
    scroll_rows(app, by);
    move_rows(app, by);
}

/// Moves the view by rows; the cursor stays.
pub(in crate::app) fn scroll_rows(app: &mut App, rows: i64) {
    let by = rows.saturating_mul(i64::try_from(width(app)).unwrap_or(i64::MAX));
    app.top = app.top.saturating_add_signed(by);
    restore_invariants(app);
}

fn put_cursor(app: &mut App, address: u64) {
    let width = width(app);
    app.cursor = address;
    if address < app.top {
        app.top = align(address, width);
    } else if !is_in_view(app, address, 1) {
        app.top = align(address, width).saturating_sub(window(app).saturating_sub(width));
    }
}

/// Goes to the next marked bytes, or else to the first ones.
pub(in crate::app) fn next_change(app: &mut App) {
    let ahead = changed_after(app, Some(app.cursor));
    match ahead.or_else(|| changed_after(app, None)) {
        Some(start) => {
            if start < app.cursor {
                app.notify("Continued from the first change.");
            }
            go_to(app, start, 1);
        }
        None => notify_no_changes(app),
    }
}

/// Goes to the previous marked bytes, or else to the last ones.
pub(in crate::app) fn previous_change(app: &mut App) {
    let before = changed_before(app, app.cursor);
    match before.or_else(|| changed_before(app, u64::MAX)) {
        Some(start) => {
            if start > app.cursor {
                app.notify("Continued from the last change.");
            }
            go_to(app, start, 1);
        }
        None => notify_no_changes(app),
    }
}

fn notify_no_changes(app: &mut App) {
    if app.cumulative {
        app.notify("No byte has changed since the start.");
    } else if app.position().is_some() {
        app.notify("This step has changed no bytes yet.");
    } else {
        let mark = app.keys.key_of(Action::Cumulative);
        app.notify(format!(
            "This step changed no bytes; {mark} marks everything changed since the start."
        ));
    }
}

/// Returns where the first marked bytes after an address begin, or the first of all without one.
fn changed_after(app: &App, address: Option<u64>) -> Option<u64> {
    let is_after = |span: &&Span| address.is_none_or(|address| span.start > address);
    let changed = match (marked(app), address) {
        (Some(runs), _) => runs.iter().find(is_after).copied(),
        (None, Some(address)) => app.record()?.changes.next(address),
        (None, None) => app.record()?.changes.spans().next(),
    };
    let previous = app.memory_of_previous_run().unwrap_or_default();
    let differing = previous.differing.iter().find(is_after).copied();
    let spans = [changed, differing].into_iter().flatten();
    spans.map(|span| span.start).min()
}

/// Returns where the last marked bytes before an address begin.
fn changed_before(app: &App, address: u64) -> Option<u64> {
    let is_before = |span: &&Span| span.start < address;
    let changed = match marked(app) {
        Some(runs) => runs.iter().rfind(is_before).copied(),
        None => app.record()?.changes.previous(address),
    };
    let previous = app.memory_of_previous_run().unwrap_or_default();
    let differing = previous.differing.iter().rfind(is_before).copied();
    let spans = [changed, differing].into_iter().flatten();
    spans.map(|span| span.start).max()
}

/// Returns the runs of marked bytes, where they are not those that the whole step changed.
fn marked(app: &App) -> Option<Vec<Span>> {
    match (app.cumulative, app.position()) {
        (true, _) => Some(app.memory().differences(&app.memory_at_start())),
        (false, Some(_)) => Some(
            app.memory()
                .differences(&app.timeline.memory_at(app.begin_of_part())),
        ),
        (false, None) => None,
    }
}

/// Moves the cursor to the address that the bytes under it hold.
pub(in crate::app) fn follow_pointer(app: &mut App) {
    let is_64 = app.timeline.guest.memory.as_ref().is_some_and(|m| m.is_64);
    let bytes: u64 = if is_64 { 8 } else { 4 };
    let memory = app.memory();
    if app.cursor.saturating_add(bytes) > memory.len() {
        app.notify_error(format!(
            "A pointer has {bytes} bytes, and memory ends before that."
        ));
        return;
    }
    let target = memory
        .read(app.cursor, bytes)
        .iter()
        .rev()
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    if target >= memory.len() {
        app.notify_error(format!(
            "{target:#x} is past the end of memory, {:#x}: this is not a pointer.",
            memory.len()
        ));
        return;
    }
    app.notify(format!(
        "Followed the pointer at {:#x} to {target:#x}.",
        app.cursor
    ));
    go_to(app, target, 1);
}

/// Returns the bytes in a row of the memory panes.
pub(in crate::app) fn width(app: &App) -> u64 {
    layout::row_width(app.size)
}

/// Returns the rows of the memory panes, at least one.
pub(in crate::app) fn rows(app: &App) -> u64 {
    u64::from(layout::memory_rows(app)).max(1)
}

/// Returns how many bytes a memory pane shows.
pub(in crate::app) fn window(app: &App) -> u64 {
    layout::window(app).len
}

fn align(address: u64, width: u64) -> u64 {
    address / width.max(1) * width.max(1)
}
