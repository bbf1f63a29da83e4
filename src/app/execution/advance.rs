//! Going forward past what has run: the next step, a step by its number, the end.

use super::run;
use crate::app::navigation::time;
use crate::app::{Action, App, Effect, Engine, Progress};
use crate::timeline::Outcome;

/// One step forward, or one event in an unfolded step; at the last step that has run, asks for the
/// next.
pub(in crate::app) fn next(app: &mut App) -> Effect {
    if time::move_by_events(app, 1) {
        return Effect::None;
    }
    if app.moment.step.saturating_add(1) < ran(app) {
        time::show_start_of(app, app.moment.step + 1);
        return Effect::None;
    }
    run_next(app)
}

/// To the last step that has run; from there, on to the end.
pub(in crate::app) fn last(app: &mut App) -> Effect {
    let is_over = app
        .record()
        .is_some_and(|r| app.moment.event >= r.events.len());
    match ran(app).checked_sub(1) {
        Some(step) if step != app.moment.step || !is_over => {
            time::show_end_of(app, step);
            Effect::None
        }
        _ => run_to(app, usize::MAX),
    }
}

/// To a step by its number; runs up to it where it has not run yet.
pub(in crate::app) fn go_to(app: &mut App, step: usize) -> Effect {
    if step < ran(app) {
        app.goal = None;
        time::show_end_of(app, step);
        return Effect::None;
    }
    match app.timeline.planned.len().checked_sub(1) {
        Some(last) if step > last => {
            no_step(app, step, last);
            Effect::None
        }
        _ => run_to(app, step),
    }
}

pub(in crate::app) fn no_step(app: &mut App, step: usize, last: usize) {
    app.complain(format!("There is no step {step}: the last is step {last}."));
}

/// Asks the session for the next step.
pub(in crate::app) fn start(app: &mut App) -> Effect {
    app.engine = Engine::Running {
        step: ran(app),
        progress: Progress::default(),
        cancelling: false,
    };
    app.following = true;
    Effect::Advance
}

fn run_to(app: &mut App, goal: usize) -> Effect {
    let effect = run_next(app);
    if app.is_running() {
        app.goal = Some(goal);
        app.following = true;
        app.notice = None;
    }
    effect
}

fn run_next(app: &mut App) -> Effect {
    match &app.engine {
        Engine::Ready if app.branches.is_live() => return start(app),
        Engine::Ready => return run::run_again(app, None, false),
        Engine::Replaying { .. } => {
            let stop = app.keys.key_of(Action::Escape);
            app.say(format!(
                "What ran before runs again first; {stop} stops that."
            ));
        }
        Engine::Running {
            cancelling: true, ..
        } => app.say("The step is being cancelled."),
        Engine::Running { step, .. } => run_one_more(app, *step),
        Engine::Opening => run_one_more(app, 0),
        Engine::Ended => app.say(over(app)),
        Engine::Broken(_) => not_open(app),
    }
    Effect::None
}

/// A key pressed while a step runs is not lost: one more step follows it.
fn run_one_more(app: &mut App, running: usize) {
    app.following = true;
    app.goal = Some(app.goal.unwrap_or(running).max(running).saturating_add(1));
}

/// Says that there is no guest, and what can be done then.
pub(in crate::app) fn not_open(app: &mut App) {
    let (choose, quit) = (
        app.keys.key_of(Action::ChooseSession),
        app.keys.key_of(Action::Quit),
    );
    app.complain(format!(
        "This session could not be opened: {choose} chooses another, {quit} leaves."
    ));
}

/// Why no step follows.
pub(in crate::app) fn over(app: &App) -> String {
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
        .filter(|s| s.outcome != Outcome::Ok && !s.is_claimed());
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

fn ran(app: &App) -> usize {
    app.timeline.steps().len()
}
