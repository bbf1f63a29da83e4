//! Cancels what runs.

use crate::app::{App, Effect};
use crate::protocol::Request;

/// Cancels the step or the replay that runs, and drops the typed lines that wait for it.
pub(in crate::app) fn cancel(app: &mut App) -> Option<Effect> {
    app.queue.clear();
    let is_running = app.session.is_running();
    if app.session.cancel() {
        return Effect::request(Request::Cancel);
    }
    if is_running {
        app.notify("The step is being cancelled; ctrl-c leaves at once.");
    }
    None
}
