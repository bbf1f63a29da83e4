//! Runs a session on a thread of its own, so that the screen never waits for the guest.
//!
//! A [`Worker`] takes the [`Request`]s of the screen and returns the thread's [`Report`]s. To run
//! the session again it starts a second thread and keeps the first one until the second has a guest
//! that can take its place; where that fails, the session that was open stays open.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::protocol::{
    Compiling, InputRefusal, Progress, Replay, ReplayError, Report, Request, Rerun, SessionBroke,
};
use crate::script::ScriptErrors;
use crate::script::ast::Statement;
use crate::script::eval::InputError;
use crate::timeline::StepRecord;

use super::limits::CancelHandle;
use super::{OpenError, Session, SessionConfig, replay};

/// Why no thread was started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Script(#[from] ScriptErrors),
    #[error("the system gives no thread for the guest: {0}")]
    Thread(#[from] std::io::Error),
}

/// Called on the session's thread after each report, and now and then while a guest runs.
type Wake = Arc<dyn Fn() + Send + Sync>;

/// The session that is open. Dropping it cancels what runs.
pub struct Worker {
    /// The session as it was opened first; sessions that run again are made from it.
    config: SessionConfig,
    wake: Wake,
    open: Option<GuestThread>,
    /// A session that replaces the open one when it is open, or when its replay is done.
    trial: Option<Trial>,
    /// When the running step was requested, and the stores of all steps before it.
    started: (Instant, u64),
    /// The progress reported last.
    progress: Progress,
    /// The progress of a compilation that was reported last.
    compiling: Option<Compiling>,
    /// Reports that no thread sent.
    own_reports: VecDeque<Report>,
}

struct Trial {
    thread: GuestThread,
    is_replay: bool,
}

impl Worker {
    /// Opens a session on a new thread. `wake` is called, on that thread, whenever
    /// [`Worker::next_report`] may have a report.
    pub fn start(config: SessionConfig, wake: impl Fn() + Send + Sync + 'static) -> Worker {
        let mut worker = Worker {
            config,
            wake: Arc::new(wake),
            open: None,
            trial: None,
            started: (Instant::now(), 0),
            progress: Progress::default(),
            compiling: None,
            own_reports: VecDeque::new(),
        };
        match worker.spawn(worker.config.clone(), None) {
            Ok(thread) => worker.open = Some(thread),
            Err(error) => worker.report(Report::OpenFailed(error.to_string())),
        }
        worker
    }

    /// Passes a request to the session. Answers are reports.
    pub fn send(&mut self, request: Request) {
        match request {
            Request::Advance => self.run_next(None),
            Request::Insert(statement) => self.run_next(Some(*statement)),
            Request::Restart(session) => match self.start_again(*session, None) {
                Ok(trial) => self.trial = Some(trial),
                Err(error) => self.report(Report::OpenFailed(error.to_string())),
            },
            Request::Replay(replay) => {
                let Replay { session, records } = *replay;
                match self.start_again(session, Some(records)) {
                    Ok(trial) => {
                        self.started = (Instant::now(), 0);
                        self.trial = Some(trial);
                    }
                    Err(error) => {
                        let error = ReplayError::OpenFailed(error.to_string());
                        self.report(Report::ReplayFailed(error));
                    }
                }
            }
            Request::Cancel => {
                if let Some(thread) = self.running() {
                    thread.control.cancel();
                }
            }
        }
    }

    /// Returns the next report, if one has come.
    pub fn next_report(&mut self) -> Option<Report> {
        if let Some(report) = self.own_reports.pop_front() {
            return Some(report);
        }
        if let Some(report) = self.next_of_trial() {
            return Some(report);
        }
        if let Some(report) = self.open.as_ref().and_then(GuestThread::next_report) {
            return Some(report);
        }
        if let Some(compiling) = self.compiling() {
            let is_new = self.compiling.replace(compiling) != Some(compiling);
            return is_new.then_some(Report::Compiling(compiling));
        }
        let (since, stores_before) = self.started;
        let progress = Progress {
            seconds: since.elapsed().as_secs(),
            stores: self
                .running()?
                .control
                .stores()
                .saturating_sub(stores_before),
        };
        let is_new = progress != std::mem::replace(&mut self.progress, progress);
        is_new.then_some(Report::Progress(progress))
    }

    /// Returns how far the guest is compiled that is being opened.
    fn compiling(&self) -> Option<Compiling> {
        let trial = self.trial.as_ref().map(|trial| &trial.thread);
        let thread = trial.or(self.open.as_ref())?;
        let part = thread.control.compiled()?;
        Some(Compiling::after(
            part,
            thread.started.elapsed().as_secs_f64(),
        ))
    }

    fn next_of_trial(&mut self) -> Option<Report> {
        let trial = self.trial.as_ref()?;
        let report = trial.thread.next_report()?;
        match report {
            Report::Replayed(_) => Some(report),
            Report::Opened(_) | Report::ReplayDone => {
                self.open = self.trial.take().map(|trial| trial.thread);
                Some(report)
            }
            // The guest that was open before still is.
            Report::Broke(broke) if trial.is_replay => {
                self.trial = None;
                Some(Report::ReplayFailed(broke.into()))
            }
            _ => {
                self.trial = None;
                Some(report)
            }
        }
    }

    /// Returns the thread of what runs now: of the replay, or else of the open session.
    fn running(&self) -> Option<&GuestThread> {
        let replay = self.trial.as_ref().filter(|trial| trial.is_replay);
        replay.map(|trial| &trial.thread).or(self.open.as_ref())
    }

    fn run_next(&mut self, inserted: Option<Statement>) {
        if let Some(thread) = &self.open {
            self.started = (Instant::now(), thread.control.stores());
            thread.control.clear();
            // A thread that has ended has reported why.
            let _ = thread.requests.send(inserted);
        }
    }

    fn start_again(
        &self,
        session: Rerun,
        recorded: Option<Vec<StepRecord>>,
    ) -> Result<Trial, StartError> {
        let is_replay = recorded.is_some();
        let config = self.config_for(session)?;
        let thread = self.spawn(config, recorded)?;
        Ok(Trial { thread, is_replay })
    }

    /// Returns the configuration of the same guest with other steps and inputs.
    fn config_for(&self, session: Rerun) -> Result<SessionConfig, ScriptErrors> {
        let steps: Vec<(Option<u32>, &str)> = session
            .plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        let script = self.config.script.with_setup(&session.setup)?;
        Ok(SessionConfig {
            script: script.arranged(&steps)?,
            input_overrides: session.inputs,
            control: CancelHandle::default(),
            ..self.config.clone()
        })
    }

    fn spawn(
        &self,
        config: SessionConfig,
        recorded: Option<Vec<StepRecord>>,
    ) -> Result<GuestThread, StartError> {
        Ok(GuestThread::spawn(config, recorded, &self.wake)?)
    }

    fn report(&mut self, report: Report) {
        self.own_reports.push_back(report);
        (self.wake)();
    }
}

/// A thread with a session. Dropping it cancels what runs and lets the thread end by itself.
struct GuestThread {
    /// Each runs the next step, after inserting the statement where there is one.
    requests: Sender<Option<Statement>>,
    reports: Receiver<Report>,
    control: CancelHandle,
    started: Instant,
}

impl GuestThread {
    /// Starts the thread and opens the session there. With `recorded`, runs those steps again and
    /// reports that instead of the opening.
    fn spawn(
        mut config: SessionConfig,
        recorded: Option<Vec<StepRecord>>,
        wake: &Wake,
    ) -> std::io::Result<GuestThread> {
        let on_progress = Arc::clone(wake);
        config.control.on_progress(move || on_progress());
        let (requests, inbox) = channel();
        let (sender, reports) = channel();
        let control = config.control.clone();
        let wake = Arc::clone(wake);
        thread::Builder::new().name("guest".into()).spawn(move || {
            let report = move |report| {
                let is_received = sender.send(report).is_ok();
                wake();
                is_received
            };
            let ended = catch_unwind(AssertUnwindSafe(|| run(config, recorded, &inbox, &report)));
            if ended.is_err() {
                report(Report::Broke(SessionBroke));
            }
        })?;
        Ok(GuestThread {
            requests,
            reports,
            control,
            started: Instant::now(),
        })
    }

    fn next_report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }
}

impl Drop for GuestThread {
    fn drop(&mut self) {
        self.control.cancel();
    }
}

/// Opens the session and serves requests until it is over or nobody receives reports.
fn run(
    config: SessionConfig,
    recorded: Option<Vec<StepRecord>>,
    requests: &Receiver<Option<Statement>>,
    report: &impl Fn(Report) -> bool,
) {
    let control = config.control.clone();
    let (mut session, timeline) = match Session::open(config) {
        Ok(opened) => opened,
        Err(error) => {
            report(open_failed(error, recorded.is_some()));
            return;
        }
    };
    let is_received = match recorded {
        None => report(Report::Opened(Box::new(timeline))),
        Some(recorded) => match run_again(&mut session, &recorded, &control, report) {
            Ok(()) => report(Report::ReplayDone),
            Err(Some(error)) => {
                report(Report::ReplayFailed(error));
                return;
            }
            Err(None) => return,
        },
    };
    if !is_received {
        return;
    }
    while let Ok(inserted) = requests.recv() {
        if let Some(statement) = inserted {
            let answer = match session.insert(&statement) {
                Ok(step) => Report::Inserted(step),
                Err(error) => Report::InsertRefused(error.to_string()),
            };
            let is_refused = matches!(answer, Report::InsertRefused(_));
            if !report(answer) {
                return;
            }
            if is_refused {
                continue;
            }
        }
        let is_received = match session.advance() {
            Some(step) => {
                prepare_index(&step);
                report(Report::Step(Box::new(step)))
            }
            None => true,
        };
        if !is_received || (session.is_over() && !report(Report::Ended)) {
            return;
        }
    }
}

/// A step with fewer events answers the first question within a frame of the screen.
const MIN_EVENTS_TO_PREPARE: usize = 1 << 18;

/// Prepares the index of a long step on a thread of its own, so that the screen does not wait for it.
fn prepare_index(step: &StepRecord) {
    if step.events.len() >= MIN_EVENTS_TO_PREPARE {
        let events = step.events.clone();
        // Without a thread, the first question does this.
        let _ = thread::Builder::new()
            .name("index".into())
            .spawn(move || events.prepare_index());
    }
}

fn open_failed(error: OpenError, is_replay: bool) -> Report {
    match error {
        _ if is_replay => Report::ReplayFailed(ReplayError::OpenFailed(error.to_string())),
        OpenError::Inputs(refused) => {
            let refusal = |(name, error): (String, InputError)| InputRefusal {
                name,
                reason: error.to_string(),
            };
            Report::InputsRefused(refused.into_iter().map(refusal).collect())
        }
        error => Report::OpenFailed(error.to_string()),
    }
}

/// Runs the recorded steps again and compares each with its record.
///
/// # Errors
/// Returns why the replay failed; `None` where nobody receives the reports.
fn run_again(
    session: &mut Session,
    recorded: &[StepRecord],
    control: &CancelHandle,
    report: &impl Fn(Report) -> bool,
) -> Result<(), Option<ReplayError>> {
    session.expect_more();
    for (done, old) in (1..).zip(recorded) {
        let again = session.advance();
        if control.is_cancelled() {
            return Err(Some(ReplayError::Cancelled));
        }
        let difference = match &again {
            Some(again) => replay::difference(old, again),
            None => Some("the session was over before it".to_owned()),
        };
        if let Some(difference) = difference {
            let step = old.index;
            return Err(Some(ReplayError::Differs { step, difference }));
        }
        if !report(Report::Replayed(done)) {
            return Err(None);
        }
    }
    Ok(())
}
