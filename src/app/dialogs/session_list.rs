//! The list of sessions and lessons to choose from.

use crate::app::{App, Overlay};

/// Opens the list with the open lesson chosen, or else the first session.
pub(in crate::app) fn open(app: &mut App) {
    if app.choices() == 0 {
        app.notify("There is no other session to choose.");
        return;
    }
    let chosen = app
        .course
        .open
        .map_or(0, |lesson| app.sessions.len().saturating_add(lesson));
    app.overlay = Overlay::Sessions { chosen };
}
