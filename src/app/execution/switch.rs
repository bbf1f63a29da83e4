//! Opening another session in the place of the one shown.

use crate::app::{App, Effect, Engine, Overlay};

/// Opens a session by its index in `app.sessions`, or a lesson by its index after them.
pub(in crate::app) fn open_session(app: &mut App, chosen: usize) -> Effect {
    let lesson = chosen.checked_sub(app.sessions.len());
    if lesson.is_some_and(|lesson| app.course.lessons.get(lesson).is_none()) {
        return Effect::None;
    }
    if app.is_running() {
        app.complain("A step is running: ctrl-c cancels it, then choose again.");
        return Effect::None;
    }
    app.overlay = Overlay::None;
    app.course.open = lesson;
    app.goal = None;
    app.before_restart = None;
    app.engine = Engine::Opening;
    Effect::Open(chosen)
}
