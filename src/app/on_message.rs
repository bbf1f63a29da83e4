//! Takes messages: what the reports of the session change, and what they make the app request next.

use super::course;
use super::dialogs::{inputs, lessons, save};
use super::execution::state::{Goal, ReplayGoal, SessionState};
use super::execution::{advance, branches, reload, run};
use super::message::Reloaded;
use super::navigation::{time, viewport};
use super::prompt::{self, Mistake, feedback, queue};
use super::{App, Effect, Message, Overlay, Pane};
use crate::protocol::{ReplayError, Report};
use crate::timeline::{Moment, Outcome, PlannedStep, StepRecord, Timeline};

/// Takes a message. Returns what the program must do.
pub fn on_message(app: &mut App, message: Message) -> Vec<Effect> {
    let effect = match message {
        Message::Session(report) => on_report(app, report),
        Message::MomentSaved(result) => {
            save::on_saved(app, result);
            None
        }
        Message::StepsSaved(Ok(what)) => {
            app.notify(what);
            None
        }
        Message::StepsSaved(Err(error)) => {
            app.notify_error(error.to_string());
            None
        }
        Message::Warning(text) => {
            app.notify_error(text);
            None
        }
        Message::FilesChanged(changed) => reload::on_files_changed(app, changed),
        Message::Reloaded(Ok(session)) => on_reloaded(app, *session),
        Message::Reloaded(Err(error)) => {
            reload::on_failed(app, error);
            None
        }
    };
    reload::finish(app);
    feedback::refresh_hint(app);
    viewport::restore_invariants(app);
    let kept = course::note_progress(app);
    let effects = effect.or_else(|| reload::reload_if_at_rest(app));
    effects.into_iter().chain(kept).collect()
}

fn on_report(app: &mut App, report: Report) -> Option<Effect> {
    if !matches!(report, Report::Compiling(_)) {
        app.compiling = None;
    }
    match report {
        Report::Opened(timeline) => return on_opened(app, *timeline),
        Report::OpenFailed(why) => on_open_failed(app, why),
        Report::Broke(broke) => on_open_failed(app, broke.to_string()),
        Report::InputsRefused(refusals) => {
            app.session.undo_restart();
            inputs::on_refused(app, &refusals);
        }
        Report::Step(record) => return on_step(app, *record),
        Report::Ended => on_ended(app),
        Report::Progress(progress) => app.session.set_progress(progress),
        Report::Compiling(compiling) => app.compiling = Some(compiling),
        Report::Inserted(step) => on_inserted(app, step),
        Report::InsertRefused(why) => on_insert_refused(app, why),
        Report::Replayed(steps) => app.session.set_replayed(steps),
        Report::ReplayDone => return on_replay_done(app),
        Report::ReplayFailed(error) => on_replay_failed(app, error),
    }
    None
}

/// Shows the session that was opened again from its files, and runs it up to where it was.
fn on_reloaded(app: &mut App, session: Reloaded) -> Option<Effect> {
    let unchanged = reload::before_opening(app, &session);
    app.session.switch();
    app.compiling = None;
    app.queue.clear();
    let fields = std::mem::take(&mut app.fields);
    let effect = on_opened(app, session.timeline);
    app.fields = fields;
    reload::after_opening(app, unchanged);
    effect
}

/// Shows a new timeline in the place of the old one, and requests its step 0.
fn on_opened(app: &mut App, timeline: Timeline) -> Option<Effect> {
    app.timeline = timeline;
    app.moment = Moment::end_of(app.timeline.steps().len().saturating_sub(1));
    app.clear_cache();
    app.course.forget();
    // A session with prose is opened to be read: its pane gets the focus, and with it more rows.
    if !app.timeline.document.is_empty() && app.pane == Pane::Steps {
        app.pane = Pane::Happened;
    }
    app.arrived = None;
    app.finding = None;
    // Another session begins folded; the same one, run again, is shown as it was.
    let is_again = matches!(app.session, SessionState::Restarting { .. });
    app.unfolded &= is_again;
    if is_again {
        app.branches.set_live();
    } else {
        app.branches = Default::default();
        app.setup.clear();
        app.fields = Default::default();
        reload::on_other_session(app);
    }
    app.notice = None;
    app.top = 0;
    app.cursor = 0;
    if let Some(search) = &mut app.search {
        search.found = None;
    }
    inputs::close(app);
    run::start(app)
}

fn on_open_failed(app: &mut App, why: String) {
    if let Some(line) = app.session.take_setup() {
        // No guest can be given the typed line: everything is as it was.
        branches::undo(app);
        prompt::reopen(app, &line.text, Mistake::whole(&line.text, why));
        return;
    }
    app.session = SessionState::Broken(why);
    app.queue.clear();
    inputs::close(app);
}

/// Records a step, shows it, and goes on up to the goal or with the next typed line.
fn on_step(app: &mut App, record: StepRecord) -> Option<Effect> {
    let (index, outcome) = (record.index, record.outcome);
    // A late report of a session that was replaced is ignored.
    if index != app.timeline.steps().len() {
        return None;
    }
    app.timeline.push(record);
    let finished = app.session.finish_step(&app.timeline);
    let is_last = app.session == SessionState::Ended;
    if app.course.is_judging() {
        return lessons::continue_judging(app).or_else(|| queue::run_next(app));
    }
    let has_no_script = index == 0
        && app.timeline.planned.len() == 1
        && app.branches.is_first()
        && !reload::is_returning(app);
    if has_no_script && matches!(app.overlay, Overlay::None) {
        app.overlay = Overlay::Guest { scroll: 0 };
    }
    match finished.goal {
        _ if !finished.follows => {}
        _ if reload::show_place(app, index) => {}
        None => time::show_start_of(app, index),
        Some(_) => time::show_end_of(app, index),
    }
    if let Some(goal) = finished.goal {
        if goal.is_after(index) && !is_last && outcome != Outcome::Cancelled {
            let effect = run::start(app);
            app.session.set_goal(goal);
            return effect;
        }
        finish_goal(app, goal, index, finished.follows);
    }
    queue::run_next(app)
}

/// Shows the goal, which step `index` reached, or notifies that it will not be reached.
fn finish_goal(app: &mut App, goal: Goal, index: usize, follows: bool) {
    let Goal::Step(step) = goal else {
        return;
    };
    if index < step {
        let is_well = app.session == SessionState::Ended
            && app
                .timeline
                .step(index)
                .is_some_and(|r| r.outcome == Outcome::Ok);
        if is_well {
            advance::notify_no_step(app, step, index);
        } else {
            app.notify(advance::why_over(app));
        }
    } else if index == step && follows {
        let here = app.opens_at.take_if(|at| at.step == step);
        here.into_iter().for_each(|at| time::show_at(app, &at));
    }
}

fn on_ended(app: &mut App) {
    // The report was sent before the session received what was requested since.
    if !app.session.can_end() {
        return;
    }
    let was_running = app.session.is_running();
    let goal = app.session.end();
    if was_running && goal != Some(Goal::End) {
        app.notify(advance::why_over(app));
    }
}

fn on_inserted(app: &mut App, step: PlannedStep) {
    let at = app.timeline.steps().len().min(app.timeline.planned.len());
    app.timeline.planned.insert(at, step);
    app.session.take_pending();
}

/// Opens the line again with the typed statement that the session will not run.
fn on_insert_refused(app: &mut App, why: String) {
    let pending = app.session.take_pending();
    app.session = SessionState::at_rest(&app.timeline);
    app.queue.clear();
    if let Some(statement) = pending {
        prompt::reopen(app, &statement.text, Mistake::whole(&statement.text, why));
    }
}

/// Does what the replay was for: a new guest is at the end of what is shown.
fn on_replay_done(app: &mut App) -> Option<Effect> {
    app.branches.set_live();
    match app.session.replay_goal() {
        Some(ReplayGoal::Insert { statement, .. }) => run::insert(app, *statement),
        purpose => {
            app.session = SessionState::at_rest(&app.timeline);
            match purpose {
                Some(ReplayGoal::Advance { goal }) if app.session == SessionState::Ready => {
                    let effect = run::start(app);
                    if let Some(goal) = goal {
                        app.session.set_goal(goal);
                    }
                    effect
                }
                _ => None,
            }
        }
    }
}

/// Returns to how everything was before the replay.
fn on_replay_failed(app: &mut App, error: ReplayError) {
    let Some(purpose) = app.session.replay_goal() else {
        return;
    };
    if let ReplayGoal::Insert {
        is_new_branch: true,
        ..
    } = purpose
    {
        branches::undo(app);
    }
    app.session = SessionState::at_rest(&app.timeline);
    app.queue.clear();
    match (error, purpose) {
        (ReplayError::Cancelled, _) => {
            app.notify("Cancelled: nothing was run, and everything is as it was.");
        }
        (error, ReplayGoal::Insert { statement, .. }) => {
            let mistake = Mistake::whole(&statement.text, error.to_string());
            prompt::reopen(app, &statement.text, mistake);
        }
        (error, ReplayGoal::Advance { .. }) => app.notify_error(error.to_string()),
    }
}
