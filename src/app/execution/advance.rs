//! Goes forward past what has run: to the next step, to a step by its number, to the end.

use super::run;
use super::state::{Goal, SessionState};
use crate::app::navigation::time;
use crate::app::{Action, App, Effect};
use crate::timeline::Outcome;

/// Goes one event forward in an unfolded step, or one step. At the last step that has run, runs the
/// next one.
pub(in crate::app) fn next(app: &mut App) -> Option<Effect> {
    if time::move_by_events(app, 1) {
        return None;
    }
    let next = app.moment.step.saturating_add(1);
    if next < app.timeline.steps().len() {
        time::show_start_of(app, next);
        return None;
    }
    run_next(app)
}

/// Goes to the end of the last step that has run. There, runs as far as the session goes.
pub(in crate::app) fn last(app: &mut App) -> Option<Effect> {
    let is_over = app
        .record()
        .is_some_and(|r| app.moment.event >= r.events.len());
    match app.timeline.steps().len().checked_sub(1) {
        Some(step) if step != app.moment.step || !is_over => {
            time::show_end_of(app, step);
            None
        }
        _ => run_to(app, Goal::End),
    }
}

/// Goes to a step by its number, and runs up to it where it has not run yet.
pub(in crate::app) fn go_to(app: &mut App, step: usize) -> Option<Effect> {
    if step < app.timeline.steps().len() {
        app.session.clear_goal();
        time::show_end_of(app, step);
        return None;
    }
    match app.timeline.planned.len().checked_sub(1) {
        Some(last) if step > last => {
            notify_no_step(app, step, last);
            None
        }
        _ => run_to(app, Goal::Step(step)),
    }
}

/// Notifies that the session has no step of this number.
pub(in crate::app) fn notify_no_step(app: &mut App, step: usize, last: usize) {
    app.notify_error(format!("There is no step {step}: the last is step {last}."));
}

fn run_to(app: &mut App, goal: Goal) -> Option<Effect> {
    let effect = run_next(app);
    if app.session.is_running() {
        app.session.set_follows(true);
        app.session.set_goal(goal);
        app.notice = None;
    }
    effect
}

fn run_next(app: &mut App) -> Option<Effect> {
    match &app.session {
        SessionState::Ready => return run::run_planned(app),
        SessionState::Replaying { .. } => {
            let stop = app.keys.key_of(Action::Escape);
            app.notify(format!(
                "The earlier steps run again first; {stop} cancels that."
            ));
        }
        SessionState::Running {
            cancelling: true, ..
        } => app.notify("The step is being cancelled."),
        // A key pressed while a step runs is not lost: one more step follows it.
        SessionState::Running { .. }
        | SessionState::Opening { .. }
        | SessionState::Restarting { .. } => app.session.run_one_more(),
        SessionState::Ended => app.notify(why_over(app)),
        SessionState::Broken(_) => run::notify_not_open(app),
    }
    None
}

/// Returns why no step follows the last one, and what can be done then.
pub(in crate::app) fn why_over(app: &App) -> String {
    let key = |action| app.keys.key_of(action);
    let (back, choose) = (key(Action::Back), key(Action::ChooseSession));
    let step = key(Action::OpenPrompt);
    let edit = match app.timeline.inputs.is_empty() {
        true => String::new(),
        false => format!(", {} edits the inputs", key(Action::EditInputs)),
    };
    let last = app
        .timeline
        .steps()
        .last()
        .filter(|record| super::state::stops_session(record));
    match last {
        None if app.course.next().is_some() => {
            let next = key(Action::NextLesson);
            format!(
                "The lesson is over: {next} opens the next one, {back} goes back, {choose} lists \
                 all lessons."
            )
        }
        None => format!(
            "The session is over: {back} goes back, {step} types another step{edit}, {choose} \
             chooses a session."
        ),
        Some(record) => {
            let how = match record.outcome {
                Outcome::Trapped => "trapped",
                Outcome::Cancelled => "was cancelled",
                Outcome::Failed | Outcome::Ok => "failed",
            };
            format!(
                "The session stopped at step {}, which {how}: {back} goes back, {step} types a \
                 step in its place{edit}.",
                record.index
            )
        }
    }
}
