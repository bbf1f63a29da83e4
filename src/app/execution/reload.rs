//! Loads the files of the session again, runs it again, and keeps the place in it.
//!
//! The session that is open stays as it is until the new one has a guest: a file with a fault
//! changes nothing but the message. What a person typed is carried over. Branches belong to the old
//! guest and are dropped.

use super::rerun;
use super::state::{Goal, SessionState};
use crate::app::course::{self, Answers};
use crate::app::message::{ReloadError, Reloaded};
use crate::app::navigation::{time, viewport};
use crate::app::panes::previous_run::PreviousRun;
use crate::app::{Action, App, Effect, Overlay, Pane, Scroll};
use crate::protocol::Rerun;
use crate::script::ast::Statement;
use crate::timeline::{InputFacts, Moment, Outcome, Timeline, nearest_equal};

/// What is known of the files of the session.
#[derive(Debug, Clone, Default)]
pub struct Reload {
    /// Whether the session runs again by itself when its files have changed.
    pub is_automatic: bool,
    /// A clause about the files that have changed since they were loaded.
    pub changed: Option<String>,
    /// Whether they are being loaded again, or could not be.
    pub state: ReloadState,
    /// The inputs as they were when the session was opened.
    opened_inputs: Vec<InputFacts>,
    /// Names and values of inputs that a person has edited, as typed.
    edited_inputs: Vec<(String, String)>,
    /// What the new session cannot have: a sentence for the person.
    left_out: Option<String>,
    /// The place to return to while the session runs again.
    place: Option<Place>,
}

/// How far the files are loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReloadState {
    /// Nothing is being loaded.
    #[default]
    Idle,
    /// The files are being loaded, or their guest is being compiled.
    Loading,
    /// The files could not be loaded, or their session could not be opened.
    Failed,
}

/// What was shown before, in terms of the new run.
#[derive(Debug, Clone)]
struct Place {
    /// The step, and where it is unfolded the number of its events that have happened.
    step: usize,
    event: Option<usize>,
    cursor: u64,
    top: u64,
    scroll: Scroll,
    /// The moment that was set last. Another one means that the person has gone elsewhere.
    shown_moment: Moment,
}

/// Requests the files and the session again.
pub(in crate::app) fn reload(app: &mut App) -> Option<Effect> {
    note_edited_inputs(app);
    app.reload.state = ReloadState::Loading;
    let typed = Rerun {
        plan: app.plan(),
        inputs: app.reload.edited_inputs.clone(),
        setup: app.setup.clone(),
    };
    Some(Effect::Reload(Box::new(typed)))
}

/// Takes note of the inputs whose values are no longer those that the session was opened with.
fn note_edited_inputs(app: &mut App) {
    let (now, reload) = (&app.timeline.inputs, &mut app.reload);
    for input in now {
        let value = rerun::as_typed(&input.value);
        let mut edited = reload.edited_inputs.iter_mut();
        match edited.find(|(name, _)| *name == input.name) {
            Some((_, known)) => *known = value,
            None if reload.opened_inputs.contains(input) => {}
            None => reload.edited_inputs.push((input.name.clone(), value)),
        }
    }
}

/// Takes note that another session has been opened.
pub(in crate::app) fn on_other_session(app: &mut App) {
    app.reload = Reload {
        is_automatic: app.reload.is_automatic,
        opened_inputs: app.timeline.inputs.clone(),
        ..Reload::default()
    };
    app.previous_run = None;
}

/// Takes note of the files that have changed. Loads them at once where the person wants that.
pub(in crate::app) fn on_files_changed(app: &mut App, changed: Option<String>) -> Option<Effect> {
    app.reload.changed = changed;
    reload_if_due(app)
}

/// Loads files that have changed as [`reload_if_due`] does, where nothing runs: a typed step that was
/// just requested is not lost.
pub(in crate::app) fn reload_if_at_rest(app: &mut App) -> Option<Effect> {
    match app.session.is_running() || app.session.is_opening() {
        true => None,
        false => reload_if_due(app),
    }
}

/// Loads files that have changed, where the person wants that without a key, and types nothing that
/// would be lost. A change while files are being loaded is noticed again afterwards.
fn reload_if_due(app: &mut App) -> Option<Effect> {
    let reload = &app.reload;
    let is_wanted = reload.is_automatic
        && reload.changed.is_some()
        && reload.state != ReloadState::Loading
        && !matches!(
            app.overlay,
            Overlay::Inputs { .. }
                | Overlay::Answer { .. }
                | Overlay::Save { .. }
                | Overlay::Search { .. }
                | Overlay::Prompt(_)
        );
    match is_wanted {
        true => self::reload(app),
        false => None,
    }
}

/// Shows why the files could not be loaded. What was recorded stays.
pub(in crate::app) fn on_failed(app: &mut App, error: ReloadError) {
    // From now on, changes are those since this attempt.
    app.reload.changed = None;
    app.reload.state = ReloadState::Failed;
    app.compiling = None;
    let again = app.keys.key_of(Action::Reload);
    let rest = match error.rest {
        Some(command) => format!("`{command}` prints the rest; "),
        None => String::new(),
    };
    app.notify_error(format!(
        "Not loaded: {}. {rest}{again} tries again.",
        error.reason.trim_end_matches('.')
    ));
}

/// What stays as it was when the session is opened again.
pub(in crate::app) struct Unchanged {
    pane: Pane,
    is_unfolded: bool,
    setup: Vec<Statement>,
    goal: Goal,
    place: Place,
    answers: Answers,
    previous_run: Option<PreviousRun>,
    reload: Reload,
}

/// Takes what stays as it was, before `new` is shown.
pub(in crate::app) fn before_opening(app: &mut App, new: &Reloaded) -> Unchanged {
    let answers = course::answers(app);
    let old = std::mem::take(&mut app.timeline);
    let planned = &new.timeline.planned;
    let texts = || planned.iter().map(|step| step.text.as_str());
    let same_step = |step: usize| {
        let text = old.planned.get(step).map(|step| step.text.as_str());
        let found = text.and_then(|text| nearest_equal(texts(), text, step));
        found.unwrap_or(step.min(planned.len().saturating_sub(1)))
    };
    let setup = match new.has_setup {
        true => std::mem::take(&mut app.setup),
        false => Vec::new(),
    };
    Unchanged {
        pane: app.pane,
        is_unfolded: app.unfolded,
        setup,
        goal: goal(&old, app.session == SessionState::Ended, same_step),
        place: Place {
            step: same_step(app.moment.step),
            event: app.unfolded.then_some(app.moment.event),
            cursor: app.cursor,
            top: app.top,
            scroll: app.scroll,
            shown_moment: Moment::end_of(0),
        },
        answers,
        previous_run: PreviousRun::of(old),
        reload: Reload {
            changed: None,
            state: ReloadState::Idle,
            left_out: new.left_out.clone(),
            opened_inputs: new.timeline.inputs.clone(),
            ..app.reload.clone()
        },
    }
}

/// Returns how far to run: as far as before, and to the end where that was reached. A step that was
/// cancelled does not run again by itself.
fn goal(old: &Timeline, is_over: bool, same_step: impl Fn(usize) -> usize) -> Goal {
    let ran = old.steps().len();
    let was_cancelled = old
        .steps()
        .last()
        .is_some_and(|record| record.outcome == Outcome::Cancelled);
    // A typed step has left out the rest of the script, which follows it in the new session.
    let last = old.planned.get(ran.saturating_sub(1));
    let is_typed = ran > 1 && last.is_some_and(|step| step.line.is_none());
    match (is_over, was_cancelled) {
        (true, false) if ran > 0 && !is_typed => Goal::End,
        (_, true) => Goal::Step(same_step(ran.saturating_sub(2))),
        _ => Goal::Step(same_step(ran.saturating_sub(1))),
    }
}

/// Puts back what stays as it was. The new session is shown, and its step 0 is requested.
pub(in crate::app) fn after_opening(app: &mut App, unchanged: Unchanged) {
    app.pane = unchanged.pane;
    app.unfolded = unchanged.is_unfolded;
    app.setup = unchanged.setup;
    app.reload = unchanged.reload;
    app.reload.place = Some(Place {
        shown_moment: app.moment,
        ..unchanged.place
    });
    app.previous_run = unchanged.previous_run;
    course::put_back(app, unchanged.answers);
    app.session.set_goal(unchanged.goal);
}

/// Returns whether the session runs again and returns to its place.
pub(in crate::app) fn is_returning(app: &App) -> bool {
    app.reload.place.is_some()
}

/// Shows the place as far as step `index`, which has just run, allows. Returns `false` where there
/// is no place to return to.
pub(in crate::app) fn show_place(app: &mut App, index: usize) -> bool {
    let Some(place) = app.reload.place.clone() else {
        return false;
    };
    if place.shown_moment != app.moment {
        app.reload.place = None;
        return false;
    }
    if index <= place.step {
        app.moment = match place.event {
            Some(event) if index == place.step => Moment { step: index, event },
            _ => Moment::end_of(index),
        };
        (app.cursor, app.top, app.scroll) = (place.cursor, place.top, place.scroll);
        viewport::restore_invariants(app);
        app.scroll = place.scroll;
    }
    let shown_moment = app.moment;
    app.reload.place = Some(Place {
        shown_moment,
        ..place
    });
    true
}

/// Shows what differs from the run before, when the session has run again as far as it goes.
pub(in crate::app) fn finish(app: &mut App) {
    let is_at_rest = !app.session.is_running() && !app.session.is_opening();
    if !is_at_rest {
        return;
    }
    app.refresh_comparison(app.session == SessionState::Ended);
    let Some(place) = app.reload.place.take() else {
        return;
    };
    let last = app.timeline.steps().len().saturating_sub(1);
    if last < place.step && place.shown_moment == app.moment {
        time::show_end_of(app, last);
    }
    let difference = app.describe_difference();
    let sentence = match difference {
        Some(difference) => format!("Run again: {difference}."),
        None => "Run again.".to_owned(),
    };
    match app.reload.left_out.take() {
        Some(left_out) => app.notify_error(format!("{sentence} {left_out}")),
        None => app.notify(sentence),
    }
}
