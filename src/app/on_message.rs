//! What the session's news do to the state, and what they make the app ask for next.

use super::dialogs::{lessons, save};
use super::execution::{advance, run};
use super::navigation::{time, viewport};
use super::{App, Effect, Engine, Message, Overlay, Pane, prompt};
use crate::safe;
use crate::timeline::{Moment, Outcome, StepRecord, Timeline};

/// Takes news from the session's thread.
pub fn receive(app: &mut App, message: Message) -> Effect {
    let effect = match message {
        Message::Opened(timeline) => opened(app, *timeline),
        Message::Step(record) => match step(app, *record) {
            Effect::None if !app.is_running() => run::run_waiting(app),
            effect => effect,
        },
        Message::Ended => ended(app),
        Message::Progress(so_far) => {
            if let Engine::Running { progress, .. } | Engine::Replaying { progress, .. } =
                &mut app.engine
            {
                *progress = so_far;
            }
            Effect::None
        }
        Message::OpenFailed(why) if app.setting_up.is_some() => {
            let text = app.setting_up.take().unwrap_or_default();
            run::not_set_up(app, &text, why)
        }
        Message::OpenFailed(text) => {
            app.engine = Engine::Broken(text);
            app.goal = None;
            app.queue.clear();
            app.before_restart = None;
            close_inputs(app);
            Effect::None
        }
        Message::Saved(result) => {
            save::saved(app, result);
            Effect::None
        }
        Message::InputsRefused(reasons) => refused(app, reasons),
        Message::Inserted(planned) => run::inserted(app, planned),
        Message::Refused(why) => run::refused(app, why),
        Message::Again(done) => {
            if let Engine::Replaying { step, .. } = &mut app.engine {
                *step = done;
            }
            Effect::None
        }
        Message::Replayed => run::replayed(app),
        Message::NotReplayed(why) => run::not_replayed(app, why),
        Message::Complaint(why) => {
            app.complain(why);
            Effect::None
        }
        Message::StepsSaved(result) => {
            match result {
                Ok(what) => app.say(what),
                Err(why) => app.complain(why),
            }
            Effect::None
        }
    };
    prompt::look_again(app);
    viewport::restore_invariants(app);
    effect
}

/// A new timeline takes the old one's place; its step 0 is asked for at once.
fn opened(app: &mut App, timeline: Timeline) -> Effect {
    app.timeline = timeline;
    app.moment = Moment::end_of(app.timeline.steps().len().saturating_sub(1));
    app.forget_shown();
    app.course.forget();
    // Prose is what such a session is read for: its pane has the focus, and so the room.
    if !app.timeline.document.is_empty() && app.pane == Pane::Steps {
        app.pane = Pane::Happened;
    }
    app.arrived = None;
    app.finding = None;
    // Another session begins folded; the same one, run again, is looked at as it was.
    let is_again = app.before_restart.take().is_some();
    app.unfolded &= is_again;
    if is_again {
        app.branches.bring_to_life();
    } else {
        app.branches = Default::default();
        app.setup.clear();
        (app.errand, app.under_way) = (None, None);
    }
    app.setting_up = None;
    app.notice = None;
    app.top = 0;
    app.cursor = 0;
    if let Some(search) = &mut app.search {
        search.found = None;
    }
    close_inputs(app);
    advance::start(app)
}

fn step(app: &mut App, record: StepRecord) -> Effect {
    let index = record.index;
    // A late report of a session that was replaced fits nowhere.
    if index != app.timeline.steps().len() {
        return Effect::None;
    }
    let outcome = record.outcome;
    app.timeline.push(record);
    let planned = app.timeline.planned.len();
    let is_last = planned != 0 && index.saturating_add(1) >= planned;
    app.engine = if is_last {
        Engine::Ended
    } else {
        Engine::Ready
    };
    if is_last {
        lessons::finish(app);
    }
    if index == 0 && planned == 1 && app.branches.is_first() && matches!(app.overlay, Overlay::None)
    {
        // A guest without a script: what it is, and what to type.
        app.overlay = Overlay::Guest { scroll: 0 };
    }
    match app.goal {
        _ if !app.following => {}
        None => time::show_start_of(app, index),
        Some(_) => time::show_end_of(app, index),
    }
    match app.goal {
        Some(goal) if index < goal && !is_last && outcome != Outcome::Cancelled => {
            advance::start(app)
        }
        Some(goal) => {
            app.goal = None;
            let event = app
                .goal_event
                .take()
                .filter(|_| index == goal && app.following);
            match index < goal && goal != usize::MAX {
                true if is_last && outcome == Outcome::Ok => advance::no_step(app, goal, index),
                true => app.say(advance::over(app)),
                false => {}
            }
            if event.is_some() {
                time::toggle_unfolded(app, event);
            }
            Effect::None
        }
        None => Effect::None,
    }
}

fn ended(app: &mut App) -> Effect {
    let was_asked = app.is_running();
    app.engine = Engine::Ended;
    let goal = app.goal.take();
    if was_asked && goal != Some(usize::MAX) {
        app.say(advance::over(app));
    }
    Effect::None
}

/// The old run stays; the reasons go to the lines they are about.
fn refused(app: &mut App, reasons: Vec<(String, String)>) -> Effect {
    if let Some(engine) = app.before_restart.take() {
        app.engine = engine;
    }
    app.goal = None;
    let Some((name, why)) = reasons.first() else {
        return Effect::None;
    };
    let text = format!("{}: {}", safe::cut(name, 40), safe::cut(why, 200));
    if let Overlay::Inputs { fields, chosen } = &mut app.overlay {
        for field in fields.iter_mut() {
            field.error = reasons
                .iter()
                .find(|(n, _)| *n == field.facts.name)
                .map(|(_, why)| safe::cut(why, 200));
        }
        if let Some(first) = fields.iter().position(|f| f.error.is_some()) {
            *chosen = first;
            return Effect::None;
        }
    }
    app.complain(text);
    Effect::None
}

fn close_inputs(app: &mut App) {
    if matches!(app.overlay, Overlay::Inputs { .. }) {
        app.overlay = Overlay::None;
    }
}
