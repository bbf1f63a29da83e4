//! Cancelling what runs.

use crate::app::{App, Effect, Engine};

/// Returns whether something runs that is not being cancelled yet.
pub(in crate::app) fn can_cancel(app: &App) -> bool {
    matches!(
        app.engine,
        Engine::Running {
            cancelling: false,
            ..
        } | Engine::Replaying {
            cancelling: false,
            ..
        }
    )
}

/// Cancels the step or the replay that runs, and drops the lines that wait for it.
pub(in crate::app) fn cancel(app: &mut App) -> Effect {
    app.goal = None;
    app.queue.clear();
    match &mut app.engine {
        Engine::Running { cancelling, .. } | Engine::Replaying { cancelling, .. }
            if !*cancelling =>
        {
            *cancelling = true;
            Effect::Cancel
        }
        Engine::Running { .. } | Engine::Replaying { .. } => {
            app.say("The step is being cancelled; ctrl-c leaves at once.");
            Effect::None
        }
        _ => Effect::None,
    }
}
