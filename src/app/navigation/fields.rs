//! Moves in the pane of fields. The byte cursor goes with the chosen row.

use super::viewport;
use crate::app::panes::field_tree::{FieldKey, FieldRow, FieldTree};
use crate::app::panes::layout::{Layout, content};
use crate::app::{App, Pane};
use crate::timeline::Span;

/// Moves the chosen row by rows, downwards where positive.
pub(in crate::app) fn move_by(app: &mut App, rows: i64) {
    let tree = FieldTree::of(app);
    let last = tree.total().saturating_sub(1);
    let to = tree.chosen().saturating_add_signed(rows).min(last);
    choose(app, to);
}

/// Moves the chosen row by as many rows as are shown.
pub(in crate::app) fn move_page(app: &mut App, pages: i64) {
    let rows = i64::try_from(rows(app)).unwrap_or(i64::MAX);
    move_by(app, pages.saturating_mul(rows));
}

/// Moves the rows on the screen; the chosen one stays.
pub(in crate::app) fn scroll_rows(app: &mut App, rows: i64) {
    app.fields.top = app.fields.top.saturating_add_signed(rows);
    limit_top(app);
}

/// Chooses a row and puts the cursor on its bytes.
pub(in crate::app) fn choose(app: &mut App, number: u64) {
    let Some(row) = FieldTree::of(app).row(number) else {
        return;
    };
    app.fields.chosen = Some(row.key);
    if row.span.len > 0 && row.span.start < app.memory().len() {
        viewport::go_to(app, row.span.start, row.span.len);
    }
    reveal(app);
}

/// Chooses the row of the byte under the cursor, or the last one above it that is open, where a typed
/// part has the byte.
pub(in crate::app) fn choose_at_cursor(app: &mut App) {
    if let Some(row) = chosen(app)
        && row.span.contains(app.cursor)
        && app.fields.chosen.is_some()
    {
        return;
    }
    if let Some(found) = app.field_of_byte(app.cursor) {
        app.fields.chosen = Some(FieldKey {
            part: found.part.key,
            steps: found.path.steps,
        });
        reveal(app);
    }
}

/// Follows the pointer of the chosen row; opens or folds any other row.
pub(in crate::app) fn open(app: &mut App) {
    let Some(row) = chosen(app) else {
        app.notify(NO_FIELDS);
        return;
    };
    match row.target {
        Some(address) => follow(app, &row, address),
        None if row.is_open.is_some() => toggle(app, &row),
        None => app.notify("This field is not a pointer, and has no parts to open."),
    }
}

fn follow(app: &mut App, row: &FieldRow, address: u64) {
    if !row.is_read {
        app.notify_error(format!("There is nothing to follow. {}.", row.value));
        return;
    }
    if address >= app.memory().len() {
        let end = app.memory().len();
        app.notify_error(format!("{address:#x} is past the end of memory, {end:#x}."));
        return;
    }
    if row.is_open == Some(false) {
        toggle(app, row);
    }
    if row.is_open.is_some() {
        let below = FieldTree::of(app).chosen().saturating_add(1);
        choose(app, below);
    }
    viewport::go_to(app, address, 1);
    app.notify(format!("Followed {} to {address:#x}.", row.name));
}

/// Opens or folds the chosen row; of a row without parts, folds the one that contains it.
pub(in crate::app) fn fold(app: &mut App) {
    let Some(row) = chosen(app) else {
        app.notify(NO_FIELDS);
        return;
    };
    if row.is_open.is_some() {
        toggle(app, &row);
        return;
    }
    let mut key = row.key;
    if key.steps.pop().is_some()
        && let Some(number) = FieldTree::of(app).number_of(&key)
    {
        choose(app, number);
        if let Some(parent) = chosen(app) {
            toggle(app, &parent);
        }
    }
}

/// The notice where no part of memory has a type.
const NO_FIELDS: &str = "No part of memory has a type here: `:view ADDRESS as TYPE` shows one.";

fn toggle(app: &mut App, row: &FieldRow) {
    if !app.fields.toggled.remove(&row.key) {
        app.fields.toggled.insert(row.key.clone());
    }
    app.fields.chosen = Some(row.key.clone());
    reveal(app);
}

fn chosen(app: &App) -> Option<FieldRow> {
    let tree = FieldTree::of(app);
    tree.row(tree.chosen())
}

/// Returns the bytes whose writes the keys of touches go through, and what they are: the field of the
/// chosen row where its pane has the focus, else the byte under the cursor.
pub(in crate::app) fn touched(app: &App) -> (Span, &'static str) {
    let field = Some(app)
        .filter(|app| app.pane == Pane::Fields)
        .and_then(chosen)
        .filter(|row| row.span.len > 0);
    match field {
        Some(row) => (row.span, "field"),
        None => (Span::of_byte(app.cursor), "byte"),
    }
}

/// Keeps the chosen row on the screen after the rows changed.
pub(in crate::app) fn restore(app: &mut App) {
    if app.pane == Pane::Fields {
        reveal(app);
    }
}

fn reveal(app: &mut App) {
    let chosen = FieldTree::of(app).chosen();
    let rows = rows(app);
    let last_top = chosen;
    let first_top = chosen.saturating_add(1).saturating_sub(rows);
    app.fields.top = app.fields.top.clamp(first_top, last_top);
    limit_top(app);
}

fn limit_top(app: &mut App) {
    let total = FieldTree::of(app).total();
    app.fields.top = app.fields.top.min(total.saturating_sub(rows(app)));
}

/// Returns the rows of the pane of fields, at least one.
fn rows(app: &App) -> u64 {
    let area = Layout::of(app.size, Pane::Fields).fields;
    u64::from(area.map_or(1, |area| content(area).height)).max(1)
}
