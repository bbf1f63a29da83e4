//! The state of the session: what its thread does, and what the app has requested of it.
//!
//! ```text
//! SESSION STATE
//!
//!               Opened                  start, insert
//!  Opening ──────────────▶ Running ◀─────────────────── Ready, Ended
//!  Restarting ───────────▶ Running ───────────────────▶ Ready, Ended
//!      │                      ▲      Step, Ended,           │  ▲
//!      │ InputsRefused:       │      InsertRefused   replay │  │ ReplayFailed
//!      ▼ as before            │                             ▼  │
//!  Ready, Ended, Broken       └──────────────────────── Replaying
//!                                      ReplayDone
//!
//!  any state ── switch ─────────────▶ Opening
//!  at rest ──── restart ────────────▶ Restarting
//!  any state ── OpenFailed, Broke ──▶ Broken; where a typed setup line failed, as before
//!  Broken ───── dismiss_failure ────▶ Ended
//! ```
//!
//! The transitions are the methods of [`SessionState`]. Fields of the app beside it hold in every
//! state: the branches, and the typed lines that wait for what runs.

use crate::protocol::Progress;
use crate::script::ast::Statement;
use crate::timeline::{Outcome, StepRecord, Timeline};

/// What the session's thread does.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionState {
    /// A session is opened in the place of the one shown.
    Opening {
        /// How far to run afterwards; `None` stops at the start.
        goal: Option<Goal>,
    },
    /// The next step can run.
    Ready,
    /// Step `step` runs.
    Running {
        /// The number of the step.
        step: usize,
        /// Where to stop; without one, after this step.
        goal: Option<Goal>,
        /// Whether the step is shown when it has run: not if the person went back meanwhile.
        follows: bool,
        /// The statement that was sent and not acknowledged yet.
        pending: Option<Statement>,
        /// How far the step has come.
        progress: Progress,
        /// Whether a cancel was requested.
        cancelling: bool,
    },
    /// A new guest runs the recorded steps again; `done` of `steps` have run.
    Replaying {
        /// The number of steps that have run again.
        done: usize,
        /// The number of steps to run again.
        steps: usize,
        /// What the session does afterwards.
        purpose: ReplayGoal,
        /// Whether the next step is shown when it has run.
        follows: bool,
        /// How far the step has come.
        progress: Progress,
        /// Whether a cancel was requested.
        cancelling: bool,
    },
    /// The session shown is opened again with other inputs or setup.
    Restarting {
        /// How far to run afterwards; `None` stops at the start.
        goal: Option<Goal>,
        /// The typed line that the new guest is given, where that is why.
        setup: Option<Statement>,
        /// The state to return to where the inputs are refused.
        previous: Box<SessionState>,
    },
    /// Every step has run, or a step stopped the session.
    Ended,
    /// The session could not be opened, or its thread broke: why, in lines that are safe to print.
    Broken(String),
}

/// How far to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Up to the end of the step of this number.
    Step(usize),
    /// As far as the session goes.
    End,
}

impl Goal {
    /// Returns whether the goal is after step `index`.
    pub(crate) fn is_after(self, index: usize) -> bool {
        match self {
            Goal::Step(step) => index < step,
            Goal::End => true,
        }
    }
}

/// What the replayed session does next.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplayGoal {
    /// Runs the next planned step.
    Advance {
        /// Where to stop; without one, after the next step.
        goal: Option<Goal>,
    },
    /// Runs a typed statement.
    Insert {
        /// The statement.
        statement: Box<Statement>,
        /// Whether a branch was made for it, which is undone where the replay fails.
        is_new_branch: bool,
    },
}

/// A step that has run, as its state was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FinishedStep {
    pub goal: Option<Goal>,
    pub follows: bool,
}

impl SessionState {
    /// Returns the state in which nothing runs: whether a step is left to run.
    pub(crate) fn at_rest(timeline: &Timeline) -> SessionState {
        let ran = timeline.steps().len();
        let is_stopped = timeline.steps().last().is_some_and(stops_session);
        if is_stopped || timeline.planned.len() <= ran {
            SessionState::Ended
        } else {
            SessionState::Ready
        }
    }

    /// Returns whether a step runs, or a replay.
    pub fn is_running(&self) -> bool {
        matches!(
            self,
            SessionState::Running { .. } | SessionState::Replaying { .. }
        )
    }

    /// Returns whether a report that no step is left concerns what runs now: not before another
    /// session or a replay is open, nor before a typed statement is acknowledged.
    pub(crate) fn can_end(&self) -> bool {
        match self {
            SessionState::Running { pending, .. } => pending.is_none(),
            SessionState::Replaying { .. } => false,
            _ => !self.is_opening(),
        }
    }

    /// Returns whether the next step can run.
    pub(crate) fn is_ready(&self) -> bool {
        *self == SessionState::Ready
    }

    /// Returns whether a session is being opened.
    pub(crate) fn is_opening(&self) -> bool {
        matches!(
            self,
            SessionState::Opening { .. } | SessionState::Restarting { .. }
        )
    }

    /// Returns whether something runs that is not being cancelled yet.
    pub(crate) fn can_cancel(&self) -> bool {
        match self {
            SessionState::Running { cancelling, .. }
            | SessionState::Replaying { cancelling, .. } => !cancelling,
            _ => false,
        }
    }

    /// Returns how far to run.
    pub(crate) fn goal(&self) -> Option<Goal> {
        match self {
            SessionState::Opening { goal }
            | SessionState::Restarting { goal, .. }
            | SessionState::Running { goal, .. }
            | SessionState::Replaying {
                purpose: ReplayGoal::Advance { goal },
                ..
            } => *goal,
            _ => None,
        }
    }

    fn goal_mut(&mut self) -> Option<&mut Option<Goal>> {
        match self {
            SessionState::Opening { goal }
            | SessionState::Restarting { goal, .. }
            | SessionState::Running { goal, .. }
            | SessionState::Replaying {
                purpose: ReplayGoal::Advance { goal },
                ..
            } => Some(goal),
            _ => None,
        }
    }

    /// Sets how far to run. Ignored where nothing runs, and where a typed statement is to run next.
    pub fn set_goal(&mut self, new: Goal) {
        if let Some(goal) = self.goal_mut() {
            *goal = Some(new);
        }
    }

    /// Runs no further than the running step.
    pub(in crate::app) fn clear_goal(&mut self) {
        if let Some(goal) = self.goal_mut() {
            *goal = None;
        }
    }

    /// Runs one step more than planned so far.
    pub(in crate::app) fn run_one_more(&mut self) {
        let running = match self {
            SessionState::Running { step, .. } => *step,
            _ => 0,
        };
        if let Some(goal) = self.goal_mut() {
            *goal = Some(match *goal {
                Some(Goal::End) => Goal::End,
                Some(Goal::Step(step)) => Goal::Step(step.max(running).saturating_add(1)),
                None => Goal::Step(running.saturating_add(1)),
            });
        }
        self.set_follows(true);
    }

    /// Sets whether the running step is shown when it has run. The goal ends where it is not.
    pub(in crate::app) fn set_follows(&mut self, new: bool) {
        if let SessionState::Running { follows, .. } | SessionState::Replaying { follows, .. } =
            self
        {
            *follows = new;
        }
        if !new {
            self.clear_goal();
        }
    }

    /// Opens another session.
    pub(in crate::app) fn switch(&mut self) {
        *self = SessionState::Opening { goal: None };
    }

    /// Opens the session shown again, to run it up to `goal`.
    pub(in crate::app) fn restart(&mut self, goal: Goal, setup: Option<Statement>) {
        let previous = std::mem::replace(self, SessionState::Ended);
        *self = SessionState::Restarting {
            goal: Some(goal),
            setup,
            previous: Box::new(previous),
        };
    }

    /// Runs step `step`, and goes on up to the goal.
    pub(in crate::app) fn start(&mut self, step: usize) {
        *self = SessionState::Running {
            step,
            goal: self.goal(),
            follows: true,
            pending: None,
            progress: Progress::default(),
            cancelling: false,
        };
    }

    /// Runs a typed statement as step `step`.
    pub(in crate::app) fn insert(&mut self, step: usize, statement: Statement) {
        let follows = match self {
            SessionState::Replaying { follows, .. } => *follows,
            _ => true,
        };
        *self = SessionState::Running {
            step,
            goal: None,
            follows,
            pending: Some(statement),
            progress: Progress::default(),
            cancelling: false,
        };
    }

    /// Runs `steps` recorded steps again.
    pub(in crate::app) fn replay(&mut self, steps: usize, purpose: ReplayGoal) {
        *self = SessionState::Replaying {
            done: 0,
            steps,
            purpose,
            follows: true,
            progress: Progress::default(),
            cancelling: false,
        };
    }

    /// Notes that what runs is being cancelled. Returns whether it was not yet.
    pub(in crate::app) fn cancel(&mut self) -> bool {
        self.clear_goal();
        match self {
            SessionState::Running { cancelling, .. }
            | SessionState::Replaying { cancelling, .. } => !std::mem::replace(cancelling, true),
            _ => false,
        }
    }

    /// Takes the progress of what runs.
    pub(in crate::app) fn set_progress(&mut self, new: Progress) {
        if let SessionState::Running { progress, .. } | SessionState::Replaying { progress, .. } =
            self
        {
            *progress = new;
        }
    }

    /// Takes the number of steps that a replay has run again.
    pub(in crate::app) fn set_replayed(&mut self, steps_done: usize) {
        if let SessionState::Replaying { done, .. } = self {
            *done = steps_done;
        }
    }

    /// Takes back the typed statement that is not acknowledged yet.
    pub(in crate::app) fn take_pending(&mut self) -> Option<Statement> {
        match self {
            SessionState::Running { pending, .. } => pending.take(),
            _ => None,
        }
    }

    /// Comes to rest after a step that `timeline` records as its last.
    pub(in crate::app) fn finish_step(&mut self, timeline: &Timeline) -> FinishedStep {
        let finished = FinishedStep {
            goal: self.goal(),
            follows: !matches!(self, SessionState::Running { follows: false, .. }),
        };
        let planned = timeline.planned.len();
        *self = if planned != 0 && timeline.steps().len() >= planned {
            SessionState::Ended
        } else {
            SessionState::Ready
        };
        finished
    }

    /// Returns what a replay is for, where one runs.
    pub(in crate::app) fn replay_goal(&self) -> Option<ReplayGoal> {
        match self {
            SessionState::Replaying { purpose, .. } => Some(purpose.clone()),
            _ => None,
        }
    }

    /// Returns to the state before a restart whose inputs were refused.
    pub(in crate::app) fn undo_restart(&mut self) {
        self.clear_goal();
        if let SessionState::Restarting { previous, .. } = self {
            *self = std::mem::replace(previous, SessionState::Ended);
        }
    }

    /// Takes the setup line of a restart.
    pub(in crate::app) fn take_setup(&mut self) -> Option<Statement> {
        match self {
            SessionState::Restarting { setup, .. } => setup.take(),
            _ => None,
        }
    }

    /// Leaves [`SessionState::Broken`], so that what is recorded can be viewed.
    pub(in crate::app) fn dismiss_failure(&mut self) {
        if let SessionState::Broken(_) = self {
            *self = SessionState::Ended;
        }
    }

    /// Ends the session; no step is left. Returns the goal it had.
    pub(in crate::app) fn end(&mut self) -> Option<Goal> {
        let goal = self.goal();
        *self = SessionState::Ended;
        goal
    }
}

/// Returns whether no step runs after a step, unless it claims how that one ended.
pub(crate) fn stops_session(record: &StepRecord) -> bool {
    record.outcome != Outcome::Ok && !record.is_claimed()
}
