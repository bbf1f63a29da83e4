//! The dialog that edits the session's inputs: one line each, as a person types them.

use tui_input::Input;

use crate::app::execution::rerun;
use crate::app::execution::state::SessionState;
use crate::app::{App, Effect, InputField, Overlay};
use crate::protocol::InputRefusal;
use crate::safe;
use crate::timeline::InputFacts;

/// Characters of a reason that are shown.
const MAX_REASON: usize = 200;

/// Opens the dialog, where the session has inputs.
pub(in crate::app) fn open(app: &mut App) {
    if app.timeline.planned.is_empty() && app.session.is_opening() {
        app.notify("The session is still being opened.");
        return;
    }
    if app.timeline.inputs.is_empty() {
        app.notify(
            "This session has no inputs: a line such as  input text = \"…\"  in its script makes \
             one.",
        );
        return;
    }
    let fields = app.timeline.inputs.iter().map(field).collect();
    app.overlay = Overlay::Inputs { fields, chosen: 0 };
}

/// Closes the dialog, where it is open.
pub(in crate::app) fn close(app: &mut App) {
    if matches!(app.overlay, Overlay::Inputs { .. }) {
        app.overlay = Overlay::None;
    }
}

fn field(facts: &InputFacts) -> InputField {
    InputField {
        facts: facts.clone(),
        input: Input::new(rerun::as_typed(&facts.value)),
        error: None,
    }
}

/// Runs the session again with what was typed, up to the step shown.
pub(in crate::app) fn confirm(app: &mut App) -> Option<Effect> {
    let Overlay::Inputs { fields, .. } = &mut app.overlay else {
        return None;
    };
    match app.session {
        SessionState::Running { .. } | SessionState::Replaying { .. } => {
            app.notify_error("A step is running: ctrl-c cancels it, then press enter again.");
            return None;
        }
        SessionState::Opening { .. } | SessionState::Restarting { .. } => {
            app.notify("The guest is still being compiled.");
            return None;
        }
        SessionState::Ready | SessionState::Ended | SessionState::Broken(_) => {}
    }
    let mut inputs = Vec::with_capacity(fields.len());
    for field in fields {
        field.error = None;
        inputs.push((field.facts.name.clone(), field.input.value().to_owned()));
    }
    Some(rerun::restart(app, inputs, None))
}

/// Shows why inputs were refused: in their fields, or else as a notice.
pub(in crate::app) fn on_refused(app: &mut App, refusals: &[InputRefusal]) {
    let Some(first) = refusals.first() else {
        return;
    };
    if let Overlay::Inputs { fields, chosen } = &mut app.overlay {
        for field in fields.iter_mut() {
            let refusal = refusals.iter().find(|r| r.name == field.facts.name);
            field.error = refusal.map(|refusal| safe::cut(&refusal.reason, MAX_REASON));
        }
        if let Some(first) = fields.iter().position(|f| f.error.is_some()) {
            *chosen = first;
            return;
        }
    }
    let (name, reason) = (
        safe::cut(&first.name, 40),
        safe::cut(&first.reason, MAX_REASON),
    );
    app.notify_error(format!("{name}: {reason}"));
}
