//! Clicks and the wheel. What a cell of the screen belongs to is decided in `hit_test`.

use super::hit_test::{Hit, hit};
use crate::app::execution::advance;
use crate::app::navigation::{fields, scroll, time, viewport};
use crate::app::update::update;
use crate::app::{Action, App, Effect, Overlay, Pane};

/// Rows of memory that one notch of the wheel scrolls.
const NOTCH_ROWS: i16 = 3;
/// The most notches that move the selection of an overlay's list.
const MAX_NOTCHES: u16 = 10;

/// Takes a click on a cell of the screen: goes to a step and runs up to it where needed, puts the
/// cursor on a byte or on a place of the map, or moves the focus to a pane. Returns what the program
/// must do.
pub fn click(app: &mut App, column: u16, row: u16) -> Vec<Effect> {
    if !matches!(app.overlay, Overlay::None) {
        return Vec::new();
    }
    app.notice = None;
    app.forget_count();
    let anchor = viewport::Anchor::of(app);
    let effect = match hit(app, column, row) {
        Hit::Step(step) => {
            app.pane = Pane::Steps;
            advance::go_to(app, step)
        }
        Hit::Row(row) => {
            app.pane = Pane::Steps;
            time::show_row(app, Some(row));
            None
        }
        Hit::Byte(address) => {
            app.pane = Pane::Memory;
            app.cursor = address;
            None
        }
        Hit::Map(address) => {
            app.pane = Pane::Memory;
            viewport::go_to(app, address, 1);
            None
        }
        Hit::Field(number) => {
            app.pane = Pane::Fields;
            fields::choose(app, number);
            None
        }
        Hit::Pane(pane) => {
            app.pane = pane;
            None
        }
        Hit::Nothing => None,
    };
    viewport::restore_invariants(app);
    anchor.restore(app);
    effect.into_iter().collect()
}

/// Takes notches of the wheel over a cell of the screen, downwards where positive. Scrolls what is
/// there; neither the focus nor the cursor moves.
pub(crate) fn wheel(app: &mut App, column: u16, row: u16, notches: i16) {
    if !matches!(app.overlay, Overlay::None) {
        let action = if notches < 0 {
            Action::Up
        } else {
            Action::Down
        };
        for _ in 0..notches.unsigned_abs().min(MAX_NOTCHES) {
            update(app, action);
        }
        return;
    }
    match hit(app, column, row) {
        Hit::Byte(_) | Hit::Pane(Pane::Memory) => {
            viewport::scroll_rows(app, i64::from(notches.saturating_mul(NOTCH_ROWS)));
        }
        Hit::Step(_) | Hit::Row(_) | Hit::Pane(Pane::Steps) => {
            time::move_by(app, isize::from(notches));
        }
        Hit::Field(_) | Hit::Pane(Pane::Fields) => {
            fields::scroll_rows(app, i64::from(notches.saturating_mul(NOTCH_ROWS)));
        }
        Hit::Pane(pane) => scroll::scroll(app, pane, notches),
        Hit::Map(_) | Hit::Nothing => {}
    }
    viewport::restore_invariants(app);
}
