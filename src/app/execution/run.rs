//! Runs steps in the session: the next one, a typed one, and what has to run again before it.
//!
//! A typed step runs after the step that is shown. Where that is the last one and the live guest is
//! there, it runs at once. Else what follows becomes a branch, a new guest runs the same steps
//! again, and the typed step follows.

use super::branches;
use super::rerun;
use super::state::{ReplayGoal, SessionState};
use crate::app::{Action, App, Effect};
use crate::protocol::Request;
use crate::script::ast::{Statement, StatementKind};
use crate::timeline::{Moment, Outcome, StepRecord};

/// Runs the next step, in a new guest where the live one is elsewhere. The state is ready.
pub(in crate::app) fn run_planned(app: &mut App) -> Option<Effect> {
    if app.branches.is_live() {
        start(app)
    } else {
        replay(app, ReplayGoal::Advance { goal: None })
    }
}

/// Requests the next step from the live guest.
pub(in crate::app) fn start(app: &mut App) -> Option<Effect> {
    app.session.start(app.timeline.steps().len());
    Effect::request(Request::Advance)
}

/// Runs a typed statement after the step shown. The state is at rest.
pub(in crate::app) fn run_typed(app: &mut App, statement: Statement) -> Option<Effect> {
    let Some(base) = base(app, Some(&statement)) else {
        app.queue.clear();
        app.notify_error(
            "The guest was not instantiated, so nothing can be run on it: step 0 has the reason.",
        );
        return None;
    };
    let is_new_branch = base.saturating_add(1) < app.timeline.steps().len();
    if is_new_branch {
        branches::begin(app, base);
    }
    if is_new_branch || !app.branches.is_live() {
        let purpose = ReplayGoal::Insert {
            statement: Box::new(statement),
            is_new_branch,
        };
        return replay(app, purpose);
    }
    insert(app, statement)
}

/// Requests a typed step from the live guest, which is at the end of what is shown.
pub(in crate::app) fn insert(app: &mut App, statement: Statement) -> Option<Effect> {
    let next = app.timeline.steps().len();
    app.moment = Moment::end_of(next.saturating_sub(1));
    app.session.insert(next, statement.clone());
    Effect::request(Request::Insert(Box::new(statement)))
}

/// Requests a new guest at the end of what is shown.
fn replay(app: &mut App, purpose: ReplayGoal) -> Option<Effect> {
    app.session.replay(app.timeline.steps().len(), purpose);
    Effect::request(Request::Replay(Box::new(rerun::replay(app))))
}

/// Runs the session again with a typed `import` or `memory` line, in a branch of its own, up to the
/// step shown.
pub(in crate::app) fn run_with_setup(app: &mut App, line: Statement) -> Option<Effect> {
    if !matches!(app.session, SessionState::Ready | SessionState::Ended) {
        app.notify_error("A step is running: ctrl-c cancels it, then type the line again.");
        return None;
    }
    branches::begin_copy(app);
    app.setup.push(line.clone());
    let inputs = rerun::inputs(app);
    Some(rerun::restart(app, inputs, Some(line)))
}

/// Returns the step after which a typed one runs; `None` where not even step 0 ended well. A step
/// that stopped the session is left out, unless the typed statement expects its finding.
pub(in crate::app) fn base(app: &App, typed: Option<&Statement>) -> Option<usize> {
    let mut base = app
        .moment
        .step
        .min(app.timeline.steps().len().checked_sub(1)?);
    let expected = typed.and_then(expected_finding);
    loop {
        let record = app.timeline.step(base)?;
        let is_expected = |kind: &str| record.findings.iter().any(|f| f.kind.as_str() == kind);
        if record.outcome == Outcome::Ok
            || is_claimed_by(app, base)
            || expected.is_some_and(is_expected)
        {
            return Some(base);
        }
        base = base.checked_sub(1)?;
    }
}

/// Returns whether a step up to `step` claims the finding of it. One that claims it later is not
/// part of a branch that goes on from `step`.
fn is_claimed_by(app: &App, step: usize) -> bool {
    let claims = |record: &StepRecord| record.claims.iter().any(|(claimed, _)| *claimed == step);
    app.timeline.steps().iter().take(step + 1).any(claims)
}

/// Returns the kind of finding that a statement expects of the step before it.
fn expected_finding(statement: &Statement) -> Option<&str> {
    match &statement.kind {
        StatementKind::ExpectFinding { kind } => Some(&kind.text),
        _ => None,
    }
}

/// Notifies that there is no guest, and what can be done then.
pub(in crate::app) fn notify_not_open(app: &mut App) {
    let (choose, quit) = (
        app.keys.key_of(Action::ChooseSession),
        app.keys.key_of(Action::Quit),
    );
    app.notify_error(format!(
        "This session could not be opened: {choose} chooses another, {quit} leaves."
    ));
}
