//! Moves through what has run: by steps, by the events of an unfolded step, and to the writes of a
//! byte. Never runs anything.

use super::viewport;
use crate::app::panes::event_text;
use crate::app::{Action, App};
use crate::timeline::{Event, Moment, PAGE, is_far_outside};

/// Goes one event back in an unfolded step, or one step.
pub(in crate::app) fn back(app: &mut App) {
    app.session.clear_goal();
    if move_by_events(app, -1) {
        return;
    }
    match app.moment.step.checked_sub(1) {
        Some(step) if !app.timeline.steps().is_empty() => show_end_of(app, step),
        _ => app.notify("This is the beginning: nothing runs before step 0."),
    }
}

/// Goes to step 0.
pub(in crate::app) fn first(app: &mut App) {
    app.session.clear_goal();
    show_end_of(app, 0);
}

/// Goes by `by` steps, or by events in an unfolded step; stops at the first step and at the last
/// one that has run.
pub(in crate::app) fn move_by(app: &mut App, by: isize) {
    let Some(last) = app.timeline.steps().len().checked_sub(1) else {
        return;
    };
    if move_by_events(app, by) {
        if by < 0 {
            app.session.clear_goal();
        }
        return;
    }
    let by = if app.is_unfolded() { by.signum() } else { by };
    let to = app.moment.step.saturating_add_signed(by).min(last);
    if to != app.moment.step {
        if by < 0 {
            app.session.clear_goal();
            show_end_of(app, to);
        } else {
            show_start_of(app, to);
        }
    } else if by < 0 {
        app.notify("This is the beginning: nothing runs before step 0.");
    } else if app.session.is_ready() {
        let next = app.keys.key_of(Action::Next);
        app.notify(format!(
            "This is the last step that has run: {next} runs the next one."
        ));
    }
}

/// Goes `by` events within the step shown, at most to its ends. Returns whether the moment changed.
pub(in crate::app) fn move_by_events(app: &mut App, by: isize) -> bool {
    let (Some(at), Some(len)) = (app.position(), app.record().map(|r| r.events.len())) else {
        return false;
    };
    let to = at.saturating_add_signed(by).min(len);
    if to != at {
        show_event(app, to);
    }
    to != at
}

/// Goes before the first event of an unfolded step, or else to step 0.
pub(in crate::app) fn start(app: &mut App) {
    if app.position().is_some() {
        show_event(app, 0);
    } else {
        first(app);
    }
}

/// Goes after the last event of an unfolded step. Returns whether the step is unfolded.
pub(in crate::app) fn last_event(app: &mut App) -> bool {
    let len = app
        .position()
        .and(app.record())
        .map(|record| record.events.len());
    if let Some(len) = len {
        show_event(app, len);
    }
    len.is_some()
}

/// Shows the end of a step that has run.
pub(in crate::app) fn show_end_of(app: &mut App, step: usize) {
    show(app, Moment::end_of(step));
}

/// Shows a step reached by going forward: before its first event where steps are unfolded, else at
/// its end.
pub(in crate::app) fn show_start_of(app: &mut App, step: usize) {
    let moment = if app.unfolded {
        Moment { step, event: 0 }
    } else {
        Moment::end_of(step)
    };
    show(app, moment);
}

/// Shows the step shown after its first `event` events.
pub(in crate::app) fn show_event(app: &mut App, event: usize) {
    let step = app.moment.step;
    show(app, Moment { step, event });
}

/// Shows a moment, with the cursor on what it is about.
fn show(app: &mut App, moment: Moment) {
    set_moment(app, moment);
    place_cursor(app);
}

/// Unfolds the step shown, or folds it. With `number`, unfolds it after that many events.
pub(in crate::app) fn toggle_unfolded(app: &mut App, number: Option<u32>) {
    let Some(record) = app.record() else {
        app.notify("Nothing has run yet: there is nothing to unfold.");
        return;
    };
    let (len, can_unfold) = (record.events.len(), record.can_unfold());
    match number {
        Some(number) => unfold_at(app, usize::try_from(number).unwrap_or(usize::MAX), len),
        None if app.is_unfolded() => fold(app),
        None if can_unfold => unfold(app, len),
        None => app.notify("This step wrote nothing: there is nothing to unfold."),
    }
}

fn unfold(app: &mut App, len: usize) {
    app.unfolded = true;
    show_start_of(app, app.moment.step);
    if let Some(step) = app.record().filter(|_| len > 0) {
        let count = event_text::thousands(len as u64);
        let plural = crate::text::plural(&len);
        let stores = format!("{count} {}{plural}", event_text::noun(step));
        let key = |action| app.keys.key_of(action);
        let (next, back, fold) = (key(Action::Next), key(Action::Back), key(Action::Unfold));
        app.notify(format!(
            "Step {}, {stores}: {next} and {back} walk through, {fold} folds.",
            app.moment.step
        ));
    }
}

/// Unfolds the step shown after event `number` of `len`.
fn unfold_at(app: &mut App, number: usize, len: usize) {
    match (number <= len, app.record()) {
        (true, _) if len > 0 => {
            app.unfolded = true;
            show_event(app, number);
        }
        (false, Some(step)) if len > 0 => {
            let noun = event_text::noun(step);
            app.notify_error(format!(
                "There is no {noun} {number} in this step: the last is {len}."
            ));
        }
        _ => app.notify("This step wrote nothing: there is nothing to unfold."),
    }
}

/// Folds steps and shows the end of the step shown; the cursor stays.
fn fold(app: &mut App) {
    app.unfolded = false;
    set_moment(app, Moment::end_of(app.moment.step));
    viewport::reveal(app, app.cursor, 1);
}

/// Changes the moment shown and leaves the cursor where it is.
fn set_moment(app: &mut App, moment: Moment) {
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
    app.session.set_follows(step == last && is_over);
    app.scroll.happened = 0;
    app.scroll.source = 0;
    app.refresh_moment();
    app.arrived = Some((app.moment, app.cursor));
}

/// Puts the cursor on what the moment shown is about: an access that trapped, the event that has
/// just happened, or the step's focus.
fn place_cursor(app: &mut App) {
    let len = app.record().map_or(0, |r| r.events.len());
    let is_over = app.moment.event >= len;
    let attempt = app
        .record()
        .filter(|_| is_over)
        .and_then(|r| r.trap.as_ref()?.attempt);
    let position = app.position();
    let event = position.and_then(|at| app.record()?.events.get(at.saturating_sub(1)));
    match (attempt, event) {
        // The last rows of memory do not explain an address that is far outside of it.
        (Some(attempt), _) if is_far_outside(attempt.address, attempt.memory_end) => {
            viewport::show_focus(app);
        }
        (Some(attempt), _) => viewport::go_to(
            app,
            attempt.address.min(attempt.memory_end.saturating_sub(1)),
            1,
        ),
        (None, Some(Event::Growth(growth))) => {
            viewport::go_to(app, growth.before.saturating_mul(PAGE), 1);
        }
        (None, Some(event)) => {
            let span = event_text::span(&event);
            viewport::go_to(app, span.start, span.len);
        }
        (None, None) => viewport::show_focus(app),
    }
    app.arrived = Some((app.moment, app.cursor));
}

/// Goes after the next write to the byte under the cursor.
pub(in crate::app) fn next_write(app: &mut App) {
    let found = app.timeline.next_touch(app.cursor, app.moment);
    show_write(app, found, "No later step that has run writes this byte.");
}

/// Goes after the write before this moment to the byte under the cursor.
pub(in crate::app) fn previous_write(app: &mut App) {
    let found = app.timeline.previous_touch(app.cursor, app.moment);
    show_write(
        app,
        found,
        "This byte was not written earlier; memory starts as zeros.",
    );
}

/// Goes after the last write to the byte under the cursor.
pub(in crate::app) fn last_write(app: &mut App) {
    let found = app.writers().first().map(|(at, _)| *at);
    if found.is_some() && found == Some(app.moment) {
        let before = app.keys.key_of(Action::PreviousTouch);
        app.notify(format!(
            "This is the last write to this byte; {before} goes to the previous one."
        ));
        return;
    }
    show_write(
        app,
        found,
        "This byte was never written; memory starts as zeros.",
    );
}

/// Unfolds at the write `found` and leaves the cursor on its byte; without one, shows the notice `if_none`.
fn show_write(app: &mut App, found: Option<Moment>, if_none: &str) {
    if app.memory().is_empty() {
        app.notify("There is no memory yet.");
        return;
    }
    let Some(moment) = found else {
        app.notify(if_none);
        return;
    };
    app.unfolded = true;
    set_moment(app, moment);
    viewport::reveal(app, app.cursor, 1);
    if let Some(step) = app.record() {
        let ordinal = event_text::ordinal(step, app.moment.event);
        app.notify(format!("Step {}, {ordinal}.", step.index));
    }
}
