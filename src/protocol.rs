//! The conversation between the screen and the thread that runs the guest: requests go in, reports
//! come out.
//!
//! ```text
//!  app ─▶ Effect::Session(Request) ─▶ terminal ─▶ session::worker
//!  app ◀─ Message::Session(Report) ◀─ terminal ◀─ session::worker
//! ```
//!
//! Plain data, because the app must not know the session: an error of the session is here the text
//! that a person reads, safe to print.

use crate::script::ast::Statement;
use crate::timeline::{PlannedStep, StepRecord, Timeline};

/// What the screen asks of the session that is open.
#[derive(Debug, Clone)]
pub enum Request {
    /// Run the next step.
    Advance,
    /// Insert a statement as the next step, and run it.
    Insert(Box<Statement>),
    /// Bring a new guest to the end of what is recorded.
    Replay(Box<Replay>),
    /// Run the session again from its start.
    Restart(Box<Rerun>),
    /// Cancel the step or the replay that runs.
    Cancel,
}

/// What a new guest needs to run the session again.
#[derive(Debug, Clone)]
pub struct Rerun {
    /// All steps but the first, which is instantiation.
    pub(crate) plan: Vec<PlannedStep>,
    /// Name and value of each input, as typed.
    pub(crate) inputs: Vec<(String, String)>,
    /// The `import` and `memory` lines that were typed.
    pub(crate) setup: Vec<Statement>,
}

/// A session to run again up to the end of its record.
#[derive(Debug, Clone)]
pub struct Replay {
    pub(crate) session: Rerun,
    /// The steps that have run. Each is compared with the one that runs again.
    pub(crate) records: Vec<StepRecord>,
}

/// What the session's thread reports.
#[derive(Debug, Clone)]
pub enum Report {
    /// The session is open. The timeline has no steps yet.
    Opened(Box<Timeline>),
    /// The session could not be opened. One that was open before stays open.
    OpenFailed(String),
    /// New values of inputs were refused. The session that was open stays open.
    InputsRefused(Vec<InputRefusal>),
    /// A step has run.
    Step(Box<StepRecord>),
    /// No step is left to run, or none may run.
    Ended,
    /// The running step or replay goes on.
    Progress(Progress),
    /// The guest of a session that is opened is being compiled.
    Compiling(Compiling),
    /// The statement of [`Request::Insert`] is the next step, and runs.
    Inserted(PlannedStep),
    /// The statement of [`Request::Insert`] cannot run. The session is as it was.
    InsertRefused(String),
    /// The number of steps of [`Request::Replay`] that have run again so far.
    Replayed(usize),
    /// All steps of [`Request::Replay`] have run again; the session goes on from there.
    ReplayDone,
    /// The steps of [`Request::Replay`] could not run again. The session that was open stays open.
    ReplayFailed(ReplayError),
    /// The thread stopped by a mistake in this program. What was reported before still holds.
    Broke(SessionBroke),
}

/// An input whose value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of the input {name} is refused: {reason}")]
pub struct InputRefusal {
    pub(crate) name: String,
    /// Why, in a sentence.
    pub(crate) reason: String,
}

/// How far a running step has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whole seconds since it began.
    pub seconds: u64,
    /// Stores of the guest in it that the host has recorded so far.
    pub stores: u64,
}

/// How far a guest is compiled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compiling {
    /// The part that is done, in percent.
    pub percent: u8,
    /// Whole seconds until it is done, estimated; `None` before there is enough to estimate.
    pub seconds_left: Option<u64>,
}

impl Compiling {
    /// The time after which the rest is estimated, in seconds.
    const MIN_SECONDS: f64 = 1.0;

    /// Returns how far a guest is compiled: `part` of it, from 0 to 1, in `seconds`.
    pub fn after(part: f64, seconds: f64) -> Self {
        let is_known = part > 0.0 && seconds >= Self::MIN_SECONDS;
        Compiling {
            percent: (part * 100.0) as u8,
            seconds_left: is_known.then(|| (seconds / part * (1.0 - part)).ceil() as u64),
        }
    }

    /// Returns the same in words, such as `34 %, 12 s left`.
    pub fn in_words(self) -> String {
        match self.seconds_left {
            Some(seconds) => format!("{} %, {seconds} s left", self.percent),
            None => format!("{} %", self.percent),
        }
    }
}

/// Why recorded steps could not run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The person cancelled the replay.
    #[error("cancelled")]
    Cancelled,
    /// A step that ran again did not do what is recorded.
    #[error(
        "not run: step {step} did something else when it ran again: {difference}. What was \
         recorded is shown as it was"
    )]
    Differs {
        /// The number of the step.
        step: usize,
        /// How it differs from what is recorded.
        difference: String,
    },
    /// The session could not be opened again; the message is safe to print.
    #[error("{0}")]
    OpenFailed(String),
    /// The thread of the session stopped.
    #[error(transparent)]
    Broke(#[from] SessionBroke),
}

/// The thread of the session stopped by a mistake in this program or in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the session stopped by a mistake in linmem or in its engine; the steps shown are as they were \
     recorded. `linmem run` on the same file prints what happened"
)]
pub struct SessionBroke;
