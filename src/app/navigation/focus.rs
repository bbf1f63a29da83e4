//! The pane in focus, and the number typed before a key such as `G`.

use super::fields;
use crate::app::{App, Pane};

/// Moves the focus to the next pane.
pub(in crate::app) fn next_pane(app: &mut App) {
    go_to_pane(app, 1);
}

/// Moves the focus to the previous pane.
pub(in crate::app) fn previous_pane(app: &mut App) {
    go_to_pane(app, Pane::ALL.len() - 1);
}

/// Moves the focus by panes; the fields are left out where there are none.
fn go_to_pane(app: &mut App, by: usize) {
    app.pane = pane_after(app.pane, by);
    if app.pane == Pane::Fields && app.typed_parts().is_empty() {
        app.pane = pane_after(app.pane, by);
    }
    enter(app);
}

/// Chooses the field of the byte under the cursor where the fields have got the focus.
fn enter(app: &mut App) {
    if app.pane == Pane::Fields {
        fields::choose_at_cursor(app);
    }
}

fn pane_after(pane: Pane, by: usize) -> Pane {
    let at = Pane::ALL.iter().position(|p| *p == pane).unwrap_or(0);
    Pane::ALL
        .into_iter()
        .cycle()
        .nth(at.saturating_add(by))
        .unwrap_or(pane)
}

/// Adds a digit to the number typed. A first digit from 1 to 7 moves the focus to its pane too,
/// which [`take_count`] undoes.
pub(in crate::app) fn type_digit(app: &mut App, digit: u8) {
    if app.count.is_none() {
        app.count_pane = Some(app.pane);
        if let Some(pane) = digit
            .checked_sub(1)
            .and_then(|i| Pane::ALL.get(usize::from(i)))
            .filter(|pane| **pane != Pane::Fields || !app.typed_parts().is_empty())
        {
            app.pane = *pane;
            enter(app);
        }
    } else if let Some(pane) = app.count_pane {
        app.pane = pane;
    }
    app.count = Some(
        app.count
            .unwrap_or(0)
            .saturating_mul(10)
            .saturating_add(u32::from(digit)),
    );
}

/// Takes the number typed and moves the focus back to where it was before.
pub(in crate::app) fn take_count(app: &mut App) -> Option<u32> {
    let count = app.count.take()?;
    app.pane = app.count_pane.take().unwrap_or(app.pane);
    Some(count)
}
