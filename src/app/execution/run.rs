//! Running what was typed: where it runs, what has to run again before it, and what waits until it
//! may.
//!
//! A typed step runs after the step that is shown. Where that is the last one, the live guest is
//! there already; else what follows is set aside, a new guest takes the same steps again, and its
//! record is compared with what it was.

use super::{advance, branches};
use crate::app::dialogs::inputs;
use crate::app::prompt::{self, Mistake};
use crate::app::{App, Effect, Engine, Overlay, Progress};
use crate::script::ast::StatementKind;
use crate::script::{self, Known};
use crate::timeline::{Moment, Outcome, PlannedStep, SpanKind, StepRecord};

/// The most lines that wait to be run.
const MOST_WAITING: usize = 10_000;

/// What steps run again for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct ReplayGoal {
    /// The typed step; `None` for the next of those planned.
    text: Option<String>,
    /// A branch was made for it, which goes away where it comes to nothing.
    is_new_branch: bool,
}

/// What a session needs to be brought back to the end of what is shown.
#[derive(Debug, Clone)]
pub struct Replay {
    /// All steps of the branch but the first, which is instantiation.
    pub plan: Vec<PlannedStep>,
    /// As a person would type them.
    pub inputs: Vec<(String, String)>,
    /// `import` and `memory` lines that were typed.
    pub setup: Vec<String>,
    /// What has run and is to run again.
    pub records: Vec<StepRecord>,
}

impl App {
    /// The steps of the branch that is shown, in order, but for instantiation.
    pub fn plan(&self) -> Vec<PlannedStep> {
        self.timeline.planned.iter().skip(1).cloned().collect()
    }

    /// What brings a new guest to the end of the branch that is shown.
    pub fn replay(&self) -> Replay {
        let (plan, records) = (self.plan(), self.timeline.steps().to_vec());
        Replay {
            plan,
            inputs: inputs_typed(self),
            setup: self.setup.clone(),
            records,
        }
    }
}

/// The inputs of the branch that is shown, as a person would type them.
fn inputs_typed(app: &App) -> Vec<(String, String)> {
    app.timeline
        .inputs
        .iter()
        .map(|input| (input.name.clone(), inputs::as_typed(&input.value)))
        .collect()
}

/// Starts a new guest that is given this `import` or `memory` line too, in a branch of its own, and
/// runs up to the step shown.
pub(in crate::app) fn set_up(app: &mut App, text: String) -> Effect {
    if !matches!(app.engine, Engine::Ready | Engine::Ended) {
        app.complain("A step is running: ctrl-c cancels it, then type the line again.");
        return Effect::None;
    }
    let step = app.moment.step;
    branches::begin_anew(app);
    app.setup.push(text.clone());
    app.setting_up = Some(text);
    app.before_restart = Some(std::mem::replace(&mut app.engine, Engine::Opening));
    (app.goal, app.following) = (Some(step), true);
    Effect::Restart(inputs_typed(app))
}

/// No guest can be given that line: everything is as it was.
pub(in crate::app) fn not_set_up(app: &mut App, text: &str, why: String) -> Effect {
    app.before_restart = None;
    app.engine = Engine::Ended;
    branches::undo(app);
    prompt::reopen(app, text, Mistake::whole(text, why));
    Effect::None
}

/// What the engine is when it does nothing: whether a step is left to run.
pub(in crate::app) fn at_rest(app: &App) -> Engine {
    let ran = app.timeline.steps().len();
    let is_stopped = app.timeline.steps().last().is_some_and(is_stopped);
    if is_stopped || app.timeline.planned.len() <= ran {
        Engine::Ended
    } else {
        Engine::Ready
    }
}

/// Whether nothing runs after a step but what says that its end was meant.
fn is_stopped(record: &StepRecord) -> bool {
    record.outcome != Outcome::Ok && !record.is_claimed()
}

/// The step after which a typed one runs; `None` where not even the first ended well. A step that
/// stopped the session is left out, unless what is typed says that this was meant.
pub(in crate::app) fn base(app: &App, text: &str) -> Option<usize> {
    let mut base = app
        .moment
        .step
        .min(app.timeline.steps().len().checked_sub(1)?);
    let claims = claimed(text);
    loop {
        let record = app.timeline.step(base)?;
        let is_claim = |kind: &String| record.findings.iter().any(|f| f.kind.word() == kind);
        // What claims it later is set aside with the rest.
        let claimed_by = |kept: usize| {
            app.timeline
                .steps()
                .iter()
                .take(kept + 1)
                .any(|s| claims_of(s, base))
        };
        if record.outcome == Outcome::Ok
            || claimed_by(base)
            || claims.as_ref().is_some_and(is_claim)
        {
            return Some(base);
        }
        base = base.checked_sub(1)?;
    }
}

fn claims_of(record: &StepRecord, step: usize) -> bool {
    record.claims.iter().any(|(claimed, _)| *claimed == step)
}

/// The kind of finding that a typed line expects of the step before it.
fn claimed(text: &str) -> Option<String> {
    match script::parse_typed(text, &Known::default()).ok()?.kind {
        StatementKind::ExpectFinding { kind } => Some(kind.text),
        _ => None,
    }
}

/// What has a name at the end of a step.
pub(in crate::app) fn known_at(app: &App, step: usize) -> Known {
    let timeline = &app.timeline;
    let ran = timeline.steps().iter().take(step.saturating_add(1));
    let variables =
        ran.flat_map(|record| record.bindings.iter().map(|binding| binding.name.clone()));
    let is_last = step.saturating_add(1) >= timeline.steps().len();
    let to_come = timeline
        .planned
        .iter()
        .skip(timeline.steps().len())
        .filter(|_| is_last);
    let spans = timeline.spans_at(step);
    let named = |kind: SpanKind| {
        let of_kind = spans.iter().filter(move |span| span.kind == kind);
        of_kind
            .map(|span| span.name.clone())
            .collect::<Vec<String>>()
    };
    Known {
        inputs: timeline
            .inputs
            .iter()
            .map(|input| input.name.clone())
            .collect(),
        variables: variables.collect(),
        later: to_come
            .flat_map(|planned| script::names_given(&planned.text))
            .collect(),
        regions: named(SpanKind::Region),
        blocks: named(SpanKind::Block),
    }
}

/// Takes a line as it was entered: runs it, or lets it wait for the step that runs now.
pub(in crate::app) fn enter(app: &mut App, text: String) -> Effect {
    match &app.engine {
        Engine::Opening | Engine::Running { .. } | Engine::Replaying { .. } => {
            if app.queue.len() < MOST_WAITING {
                app.queue.push_back(text);
            }
            app.say("It waits until the running step is over.");
            Effect::None
        }
        Engine::Ready | Engine::Ended => run(app, text),
        Engine::Broken(_) if app.timeline.steps().is_empty() => {
            advance::not_open(app);
            Effect::None
        }
        Engine::Broken(_) => {
            app.engine = at_rest(app);
            run(app, text)
        }
    }
}

fn run(app: &mut App, text: String) -> Effect {
    let Some(base) = base(app, &text) else {
        app.queue.clear();
        app.complain(
            "The guest was not instantiated, so nothing can be run on it: step 0 says why.",
        );
        return Effect::None;
    };
    app.following = true;
    if base.saturating_add(1) < app.timeline.steps().len() {
        branches::begin(app, base);
        return run_again(app, Some(text), true);
    }
    if !app.branches.is_live() {
        return run_again(app, Some(text), false);
    }
    insert(app, text)
}

/// Asks the live session for a typed step.
fn insert(app: &mut App, text: String) -> Effect {
    let last = app.timeline.steps().len();
    app.goal = None;
    app.moment = Moment::end_of(last.saturating_sub(1));
    app.engine = Engine::Running {
        step: last,
        progress: Progress::default(),
        cancelling: false,
    };
    app.under_way = Some(text.clone());
    Effect::Insert(text)
}

/// Asks for a new guest at the end of what is shown, for a typed step or for the next one.
pub(in crate::app) fn run_again(
    app: &mut App,
    text: Option<String>,
    is_new_branch: bool,
) -> Effect {
    let steps = app.timeline.steps().len();
    app.errand = Some(ReplayGoal {
        text,
        is_new_branch,
    });
    app.engine = Engine::Replaying {
        step: 0,
        steps,
        progress: Progress::default(),
        cancelling: false,
    };
    Effect::Replay
}

/// A new guest stands at the end of what is shown: what it was for is done now.
pub(in crate::app) fn replayed(app: &mut App) -> Effect {
    app.branches.bring_to_life();
    app.engine = at_rest(app);
    match app.errand.take() {
        Some(ReplayGoal {
            text: Some(text), ..
        }) => insert(app, text),
        Some(ReplayGoal { text: None, .. }) if app.engine == Engine::Ready => advance::start(app),
        _ => Effect::None,
    }
}

/// No guest could be brought there: everything is as it was before. Without a reason, the person
/// stopped it.
pub(in crate::app) fn not_replayed(app: &mut App, why: Option<String>) -> Effect {
    let Some(errand) = app.errand.take() else {
        return Effect::None;
    };
    if errand.is_new_branch {
        branches::undo(app);
    }
    app.engine = at_rest(app);
    (app.goal, app.under_way) = (None, None);
    app.queue.clear();
    match (why, errand.text) {
        (Some(why), Some(text)) => prompt::reopen(app, &text, Mistake::whole(&text, why)),
        (Some(why), None) => app.complain(why),
        (None, _) => app.say("Cancelled: nothing was run, and everything is as it was."),
    }
    Effect::None
}

/// The session will not run what was typed.
pub(in crate::app) fn refused(app: &mut App, why: String) -> Effect {
    app.engine = at_rest(app);
    app.queue.clear();
    if let Some(text) = app.under_way.take() {
        prompt::reopen(app, &text, Mistake::whole(&text, why));
    }
    Effect::None
}

/// A typed statement is the next step.
pub(in crate::app) fn inserted(app: &mut App, step: PlannedStep) -> Effect {
    let at = app.timeline.steps().len().min(app.timeline.planned.len());
    app.timeline.planned.insert(at, step);
    app.under_way = None;
    Effect::None
}

/// Runs the next line that waits, where nothing else is to be done.
pub(in crate::app) fn run_waiting(app: &mut App) -> Effect {
    let Some(text) = app.queue.pop_front() else {
        return Effect::None;
    };
    let Some(last) = app.timeline.steps().len().checked_sub(1) else {
        return Effect::None;
    };
    app.moment = Moment::end_of(last);
    if app.timeline.step(last).is_some_and(is_stopped) && base(app, &text) != Some(last) {
        let waiting = app.queue.len().saturating_add(1);
        app.queue.clear();
        let lines = if waiting == 1 {
            "the line".to_owned()
        } else {
            format!("the {waiting} lines")
        };
        app.complain(format!(
            "Step {last} did not end in ok: {lines} that waited did not run."
        ));
        return Effect::None;
    }
    match prompt::check(app, &text) {
        Ok(text) => run(app, text),
        Err(mistake) => {
            let rest: Vec<String> = app.queue.drain(..).collect();
            prompt::reopen(app, &text, mistake);
            if let Overlay::Prompt(prompt) = &mut app.overlay {
                prompt.rest = rest;
            }
            Effect::None
        }
    }
}
