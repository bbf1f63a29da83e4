//! What the mouse does. Where things lie is `layout`'s knowledge.

use super::hit_test::{Hit, hit};
use crate::app::execution::advance;
use crate::app::navigation::{scroll, time, viewport};
use crate::app::{Action, App, Effect, Overlay, Pane, update};

/// Rows of memory that one notch of the wheel is.
const NOTCH: i16 = 3;

/// Takes a click on a cell of the screen: a step is gone to, running up to it if need be; a byte
/// gets the cursor, and so does the place that the map is clicked on; a pane gets the focus.
pub fn click(app: &mut App, column: u16, row: u16) -> Effect {
    if !matches!(app.overlay, Overlay::None) {
        return Effect::None;
    }
    app.notice = None;
    app.forget_count();
    let anchor = viewport::Anchor::of(app);
    let effect = match hit(app, column, row) {
        Hit::Step(step) => {
            app.pane = Pane::Steps;
            advance::go_to(app, step)
        }
        Hit::Event(number) => {
            app.pane = Pane::Steps;
            time::show_event(app, number);
            Effect::None
        }
        Hit::Byte(address) => {
            app.pane = Pane::Memory;
            app.cursor = address;
            Effect::None
        }
        Hit::Map(address) => {
            app.pane = Pane::Memory;
            viewport::go_to(app, address, 1);
            Effect::None
        }
        Hit::Pane(pane) => {
            app.pane = pane;
            Effect::None
        }
        Hit::Nothing => Effect::None,
    };
    viewport::restore_invariants(app);
    anchor.restore(app);
    effect
}

/// Takes notches of the wheel over a cell of the screen, downwards where positive. Scrolls what
/// lies there and moves neither focus nor byte cursor.
pub fn wheel(app: &mut App, column: u16, row: u16, notches: i16) -> Effect {
    if !matches!(app.overlay, Overlay::None) {
        let action = if notches < 0 {
            Action::Up
        } else {
            Action::Down
        };
        for _ in 0..notches.unsigned_abs().min(10) {
            update::update(app, action);
        }
        return Effect::None;
    }
    match hit(app, column, row) {
        Hit::Byte(_) | Hit::Pane(Pane::Memory) => {
            viewport::scroll_rows(app, i64::from(notches.saturating_mul(NOTCH)))
        }
        Hit::Step(_) | Hit::Event(_) | Hit::Pane(Pane::Steps) => {
            time::move_by(app, isize::from(notches))
        }
        Hit::Pane(pane) => scroll::scroll(app, pane, notches),
        Hit::Map(_) | Hit::Nothing => {}
    }
    viewport::restore_invariants(app);
    Effect::None
}
