//! Time inside a step: unfolding it into its events, walking those, and the jumps to whoever wrote
//! a byte.

use super::viewport;
use crate::app::execution::advance;
use crate::app::panes::event_text;
use crate::app::{Action, App};
use crate::timeline::{Event, Moment, PAGE, StepRecord};

/// Whether a step has something to unfold: events, or a store that was attempted.
pub(in crate::app) fn has_events(step: &StepRecord) -> bool {
    !step.events.is_empty() || attempted_store(step).is_some()
}

/// The store that trapped, where it was one.
pub fn attempted_store(step: &StepRecord) -> Option<crate::timeline::Attempt> {
    step.trap
        .as_ref()?
        .attempt
        .filter(|attempt| attempt.is_store)
}

/// Unfolds, at the event of a number where one was typed; or folds.
pub(in crate::app) fn toggle(app: &mut App, number: Option<u32>) {
    let Some(len) = app.record().map(|r| r.events.len()) else {
        app.say("Nothing has run yet: there is nothing to unfold.");
        return;
    };
    match number {
        Some(number) => at_number(app, usize::try_from(number).unwrap_or(usize::MAX), len),
        None if app.is_unfolded() => fold(app),
        None if app.record().is_some_and(has_events) => {
            app.unfolded = true;
            advance::enter(app, app.moment.step);
            if let Some(step) = app.record().filter(|_| len > 0) {
                let count = event_text::thousands(len as u64);
                let stores = format!(
                    "{count} {}{}",
                    event_text::noun(step),
                    if len == 1 { "" } else { "s" }
                );
                let key = |action| app.keys.key_of(action);
                let (next, back, fold) =
                    (key(Action::Next), key(Action::Back), key(Action::Unfold));
                app.say(format!(
                    "Step {}, {stores}: {next} and {back} walk through, {fold} folds.",
                    app.moment.step
                ));
            }
        }
        None => app.say("This step wrote nothing: there is nothing to unfold."),
    }
}

fn at_number(app: &mut App, number: usize, len: usize) {
    match (number <= len, app.record()) {
        (true, _) if len > 0 => {
            app.unfolded = true;
            walk_to(
                app,
                Moment {
                    step: app.moment.step,
                    event: number,
                },
            );
        }
        (false, Some(step)) if len > 0 => {
            let text = format!(
                "There is no {} {number} in this step: the last is {len}.",
                event_text::noun(step)
            );
            app.complain(text);
        }
        _ => app.say("This step wrote nothing: there is nothing to unfold."),
    }
}

/// Back to whole steps, at the end of the one shown, the cursor where it is.
fn fold(app: &mut App) {
    app.unfolded = false;
    stand(app, Moment::end_of(app.moment.step));
    viewport::reveal(app, app.cursor, 1);
}

/// One event on within the step; whether there was one.
pub(in crate::app) fn next(app: &mut App) -> bool {
    move_within(app, 1)
}

pub(in crate::app) fn back(app: &mut App) -> bool {
    move_within(app, -1)
}

/// Goes by events within the step shown, to its ends and no further; whether that was a move at
/// all.
pub(in crate::app) fn move_within(app: &mut App, by: isize) -> bool {
    let (Some(at), Some(len)) = (app.position(), app.record().map(|r| r.events.len())) else {
        return false;
    };
    let to = at.saturating_add_signed(by).min(len);
    if to != at {
        walk_to(
            app,
            Moment {
                step: app.moment.step,
                event: to,
            },
        );
    }
    to != at
}

/// To the first or the last moment of an unfolded step; whether it is one.
pub(in crate::app) fn to_end(app: &mut App, is_last: bool) -> bool {
    let Some(len) = app.position().and(app.record()).map(|r| r.events.len()) else {
        return false;
    };
    walk_to(
        app,
        Moment {
            step: app.moment.step,
            event: if is_last { len } else { 0 },
        },
    );
    true
}

/// Shows a moment inside a step, with the bytes of its event in view.
pub(in crate::app) fn walk_to(app: &mut App, moment: Moment) {
    stand(app, moment);
    arrive(app);
}

/// Changes the moment and leaves the cursor alone.
pub(in crate::app) fn stand(app: &mut App, moment: Moment) {
    let last = app.timeline.steps().len().saturating_sub(1);
    let step = moment.step.min(last);
    let len = app.timeline.step(step).map_or(0, |s| s.events.len());
    let is_over = moment.event >= len;
    app.moment = match is_over && !app.unfolded {
        true => Moment::end_of(step),
        false => Moment {
            step,
            event: moment.event.min(len),
        },
    };
    app.following = step == last && is_over;
    app.goal = app.goal.filter(|_| app.following);
    app.scroll.happened = 0;
    app.scroll.source = 0;
    app.refresh_moment();
    app.arrived = Some((app.moment, app.cursor));
}

/// Puts the cursor on what the moment shown is about.
pub(in crate::app) fn arrive(app: &mut App) {
    let len = app.record().map_or(0, |r| r.events.len());
    let is_over = app.moment.event >= len;
    let attempt = app
        .record()
        .filter(|_| is_over)
        .and_then(|r| r.trap.as_ref()?.attempt);
    let position = app.position();
    let event = position.and_then(|at| app.record()?.events.get(at.saturating_sub(1)));
    match (attempt, event) {
        (Some(attempt), _) => viewport::go_to(
            app,
            attempt.address.min(attempt.memory_end.saturating_sub(1)),
            1,
        ),
        (None, Some(Event::Growth(growth))) => {
            viewport::go_to(app, growth.before.saturating_mul(PAGE), 1)
        }
        (None, Some(event)) => {
            let span = event_text::span(&event);
            viewport::go_to(app, span.start, span.len);
        }
        (None, None) => viewport::show_focus(app),
    }
    app.arrived = Some((app.moment, app.cursor));
}

/// To just after the next write to the byte under the cursor.
pub(in crate::app) fn next_touch(app: &mut App) {
    let found = app.timeline.next_touch(app.cursor, app.moment);
    follow(app, found, "Nothing that has run writes this byte later.");
}

/// To just after the write before this moment.
pub(in crate::app) fn previous_touch(app: &mut App) {
    let found = app.timeline.previous_touch(app.cursor, app.moment);
    follow(
        app,
        found,
        "Nobody wrote this byte earlier: memory is born zero.",
    );
}

/// To just after the write that made the byte under the cursor what it is.
pub(in crate::app) fn who_wrote(app: &mut App) {
    let found = app.writers().first().map(|(at, _)| *at);
    if found.is_some() && found == Some(app.moment) {
        let before = app.keys.key_of(Action::PreviousTouch);
        app.say(format!(
            "This is the write that made this byte what it is; {before} goes to the one before."
        ));
        return;
    }
    follow(app, found, "Nobody wrote this byte; memory is born zero.");
}

fn follow(app: &mut App, found: Option<Moment>, else_say: &str) {
    if app.memory().is_empty() {
        app.say("There is no memory yet.");
        return;
    }
    let Some(moment) = found else {
        app.say(else_say);
        return;
    };
    app.unfolded = true;
    stand(app, moment);
    viewport::reveal(app, app.cursor, 1);
    if let Some(step) = app.record() {
        let text = format!(
            "Step {}, {}.",
            step.index,
            event_text::ordinal(step, app.moment.event)
        );
        app.say(text);
    }
}
