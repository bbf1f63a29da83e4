//! Typed lines that wait for the running step. They are parsed when their turn comes, because what
//! the running step names is not known before.

use super::check;
use crate::app::execution::run;
use crate::app::execution::state::stops_session;
use crate::app::{App, Effect, Overlay};
use crate::script;
use crate::timeline::Moment;

/// The most lines that wait.
const MAX_LINES: usize = 10_000;

/// Adds a line that runs after the running step.
pub(super) fn push(app: &mut App, line: String) {
    if app.queue.len() < MAX_LINES {
        app.queue.push_back(line);
    }
    app.notify("Queued: runs after the current step.");
}

/// Runs the next line that waits. The state is at rest.
pub(in crate::app) fn run_next(app: &mut App) -> Option<Effect> {
    let line = app.queue.pop_front()?;
    let last = app.timeline.steps().len().checked_sub(1)?;
    app.moment = Moment::end_of(last);
    let parsed = script::parse_line(&line);
    if app.timeline.step(last).is_some_and(stops_session)
        && run::base(app, parsed.as_ref().ok()) != Some(last)
    {
        let lines = match app.queue.len() {
            0 => "the queued line".to_owned(),
            more => format!("the {} queued lines", more + 1),
        };
        app.queue.clear();
        app.notify_error(format!(
            "Step {last} did not end in ok: {lines} did not run."
        ));
        return None;
    }
    match check::check(app, &line, parsed) {
        Ok(statement) => run::run_typed(app, statement),
        Err(mistake) => {
            let rest: Vec<String> = app.queue.drain(..).collect();
            super::reopen(app, &line, mistake);
            if let Overlay::Prompt(prompt) = &mut app.overlay {
                prompt.rest = rest;
            }
            None
        }
    }
}
