//! Opens another session in the place of the one shown.

use crate::app::{App, Effect, Overlay};

/// Opens a session by its index in `app.sessions`, or a lesson by its index after them.
pub(in crate::app) fn open_session(app: &mut App, index: usize) -> Option<Effect> {
    let lesson = index.checked_sub(app.sessions.len());
    if lesson.is_some_and(|lesson| app.course.lessons.get(lesson).is_none()) {
        return None;
    }
    if app.session.is_running() {
        app.notify_error("A step is running: ctrl-c cancels it, then choose again.");
        return None;
    }
    app.overlay = Overlay::None;
    app.course.open = lesson;
    app.session.switch();
    Some(Effect::OpenSession(index))
}
