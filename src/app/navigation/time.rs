//! Moves through what has run: by steps, by the events of an unfolded step, and to the writes of a
//! byte. Never runs anything.

use super::{fields, viewport};
use crate::app::panes::event_text;
use crate::app::panes::inside_step::{self, InsideRow, InsideRows};
use crate::app::{Action, App};
use crate::timeline::{At, Event, Moment, PAGE, Resolved, Span, is_far_outside};

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

/// Goes `by` rows within the step shown, at most to its ends: events, and children that are one row
/// while they are closed. Returns whether the row changed.
pub(in crate::app) fn move_by_events(app: &mut App, by: isize) -> bool {
    let rows = InsideRows::of(app);
    if rows.len() == 0 {
        return false;
    }
    // Counted from 1, so that 0 is before the first row.
    let at = app.row_here().and_then(|row| rows.index_of(row));
    let at = at.map_or(0, |index| index + 1);
    let to = at.saturating_add_signed(by).min(rows.len());
    if to != at {
        show_row(app, to.checked_sub(1).and_then(|index| rows.get(index)));
    }
    to != at
}

/// Goes before the first event of an unfolded step, or else to step 0.
pub(in crate::app) fn start(app: &mut App) {
    if app.position().is_some() {
        show_row(app, None);
    } else {
        first(app);
    }
}

/// Goes to the last row of an unfolded step. Returns whether the step is unfolded.
pub(in crate::app) fn last_event(app: &mut App) -> bool {
    let rows = InsideRows::of(app);
    let last = rows.len().checked_sub(1).and_then(|index| rows.get(index));
    if last.is_some() {
        show_row(app, last);
    }
    last.is_some()
}

/// Shows a row of the step shown; without one, the moment before the first.
pub(in crate::app) fn show_row(app: &mut App, row: Option<InsideRow>) {
    let step = app.moment.step;
    match row {
        None => show(app, Moment { step, event: 0 }),
        Some(InsideRow::Event(event)) => show(app, Moment { step, event }),
        Some(InsideRow::Child(child)) => show_child(app, child),
    }
}

/// Shows a moment as it was written for the command line.
pub(in crate::app) fn show_at(app: &mut App, at: &At) {
    match app.timeline.resolve(at) {
        Ok(Resolved {
            child: Some(child), ..
        }) if at.event.is_none() => {
            set_moment(app, Moment::end_of(at.step));
            show_child(app, child);
        }
        Ok(resolved) if at.event.is_some() => {
            app.unfolded = true;
            show(app, resolved.moment);
        }
        Ok(resolved) => show(app, resolved.moment),
        Err(error) => app.notify_error(format!("There is no moment {error}.")),
    }
}

/// Shows the row of a child of the step shown.
pub(in crate::app) fn show_child(app: &mut App, index: usize) {
    let step = app.moment.step;
    app.unfolded = true;
    open_around(app, index);
    let child = app.record().and_then(|record| record.children.get(index));
    if let Some(event) = child.map(|child| app.event_of_child(index, child)) {
        set_row(app, Moment { step, event }, Some(index));
        place_cursor(app);
    }
}

/// Opens the children around a child of the step shown, so that it has a row.
fn open_around(app: &mut App, child: usize) {
    let Some(record) = app.record() else {
        return;
    };
    let around: Vec<usize> = record.children.ancestors(child).skip(1).collect();
    app.opened.set_here(app.moment.step, None);
    around.into_iter().for_each(|child| app.opened.open(child));
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
    let around = app.child_around().map(|(index, _)| index);
    match number {
        None if around.is_some() => around
            .into_iter()
            .for_each(|child| toggle_child(app, child)),
        Some(number) => unfold_at(app, usize::try_from(number).unwrap_or(usize::MAX), len),
        None if app.is_unfolded() => fold(app),
        None if can_unfold => unfold(app, len),
        None => app.notify("This step wrote nothing: there is nothing to unfold."),
    }
}

/// Opens the child whose row is shown, or closes the one around the row.
fn toggle_child(app: &mut App, child: usize) {
    let can_open = app
        .record()
        .is_some_and(|step| inside_step::can_open(step, child));
    if app.is_child_open(child) {
        app.opened.close(child);
    } else if can_open {
        app.opened.open(child);
    } else {
        let label = app.record().map(|step| step.child_label(child));
        let label = label.unwrap_or_default();
        app.notify(format!(
            "{label} wrote nothing and has no parts: there is nothing to unfold."
        ));
        return;
    }
    show_child(app, child);
}

fn unfold(app: &mut App, len: usize) {
    app.unfolded = true;
    show_start_of(app, app.moment.step);
    if let Some(step) = app
        .record()
        .filter(|step| len > 0 || !step.children.is_empty())
    {
        let count = event_text::thousands(len as u64);
        let plural = crate::text::plural(&len);
        let mut stores = format!("{count} {}{plural}", event_text::noun(step));
        let parts = step.children.parts_of(None).count();
        if parts > 0 {
            stores.push_str(&format!(
                ", {}",
                crate::text::count(parts, "call of an import")
            ));
        }
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

/// Changes the moment shown and leaves the cursor where it is. The row shown is that of the last event
/// before the moment; at the end of a step it is the last row.
fn set_moment(app: &mut App, moment: Moment) {
    let len = app.timeline.step(moment.step).map_or(0, |s| s.events.len());
    set_row(app, moment, None);
    let child = match moment.event > len {
        true => last_child(app),
        false => child_of_event(app),
    };
    if child.is_some() {
        set_row(app, moment, child);
    }
}

/// Returns the child that is the last row of the step shown.
fn last_child(app: &App) -> Option<usize> {
    let rows = InsideRows::of(app);
    match rows.get(rows.len().checked_sub(1)?)? {
        InsideRow::Child(child) => Some(child),
        InsideRow::Event(_) => None,
    }
}

/// Opens the children around the last event before the moment, so that it has a row. Returns the
/// child whose row that is, where the event has none of its own.
fn child_of_event(app: &mut App) -> Option<usize> {
    let at = app.position().filter(|at| *at > 0)?;
    let step = app.record()?;
    let innermost = step.children.innermost(at)?;
    let can_open = inside_step::can_open(step, innermost);
    open_around(app, innermost);
    if can_open {
        app.opened.open(innermost);
    }
    (!can_open).then_some(innermost)
}

/// Changes the moment shown, and makes the row of a child the one shown, or else that of the last
/// event. Leaves the cursor where it is.
fn set_row(app: &mut App, moment: Moment, child: Option<usize>) {
    let last = app.timeline.steps().len().saturating_sub(1);
    let step = moment.step.min(last);
    let len = app.timeline.step(step).map_or(0, |s| s.events.len());
    let is_over = moment.event >= len;
    app.opened.set_here(step, child);
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
    if let Some(span) = span_of_child(app) {
        viewport::go_to(app, span.start, span.len);
        app.arrived = Some((app.moment, app.cursor));
        return;
    }
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

/// Returns the bytes that the child read or wrote whose row is shown, or the first ones of several.
fn span_of_child(app: &App) -> Option<Span> {
    let (_, child) = app.child_here()?;
    if let Some(bytes) = child.bytes.filter(|bytes| bytes.len > 0) {
        return Some(bytes);
    }
    let events = &app.record()?.events;
    let first = events
        .get(child.events.start)
        .filter(|_| !child.events.is_empty())?;
    Some(event_text::span(&first))
}

/// Goes after the next write to the byte under the cursor, or to the field chosen.
pub(in crate::app) fn next_write(app: &mut App) {
    let (span, what) = fields::touched(app);
    let found = app.timeline.next_write_in(span, app.moment);
    show_write(
        app,
        found,
        &format!("No later step that has run writes this {what}."),
    );
}

/// Goes after the write before this moment to the byte under the cursor, or to the field chosen.
pub(in crate::app) fn previous_write(app: &mut App) {
    let (span, what) = fields::touched(app);
    let found = app.timeline.previous_write_in(span, app.moment);
    show_write(
        app,
        found,
        &format!("This {what} was not written earlier; memory starts as zeros."),
    );
}

/// Goes after the last write to the byte under the cursor, or to the field chosen.
pub(in crate::app) fn last_write(app: &mut App) {
    let (span, what) = fields::touched(app);
    let found = app.timeline.last_write_in(span, app.moment);
    if found.is_some() && found == Some(app.moment) {
        let before = app.keys.key_of(Action::PreviousTouch);
        app.notify(format!(
            "This is the last write to this {what}; {before} goes to the previous one."
        ));
        return;
    }
    show_write(
        app,
        found,
        &format!("This {what} was never written; memory starts as zeros."),
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
