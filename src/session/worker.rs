//! A session on a thread of its own, so that nobody waits for the guest. Commands go in, plain data
//! comes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::timeline::{PlannedStep, StepRecord, Timeline};

use super::limits::CancelHandle;
use super::{OpenError, Session, SessionConfig, replay};

/// What the thread reports.
#[derive(Debug)]
pub enum Report {
    /// The session is open; the timeline has no steps yet.
    Opened(Box<Timeline>),
    Step(Box<StepRecord>),
    /// A typed statement is the next step now, and runs.
    Inserted(PlannedStep),
    /// A typed statement cannot be run: why. Nothing has changed.
    Refused(String),
    /// A step has run again as it was recorded.
    Again(usize),
    /// All steps have run again as they were recorded; the session goes on from there.
    Replayed,
    /// A step that ran again did something else: how. The thread has ended.
    Differs {
        step: usize,
        how: String,
    },
    /// The person stopped the replay. The thread has ended.
    ReplayStopped,
    /// No step is left, or none may run.
    Ended,
    OpenFailed(OpenError),
    /// The thread died of a mistake in this program or in the engine; what was reported before
    /// still holds.
    Broke,
}

/// What the thread is asked for.
enum Command {
    Advance,
    /// Puts a typed statement in as the next step, and runs it.
    Insert(String),
}

/// The thread's other end. Dropping it cancels what runs and lets the thread end by itself.
pub struct Worker {
    commands: Sender<Command>,
    reports: Receiver<Report>,
    control: CancelHandle,
}

impl Worker {
    /// Starts the thread and opens the session there. `wake` is called, on that thread,
    /// after each report and now and then while a guest runs.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        opening: SessionConfig,
        wake: impl Fn() + Send + Sync + Clone + 'static,
    ) -> std::io::Result<Worker> {
        Worker::begin(opening, None, wake)
    }

    /// Starts the thread, opens the session there and runs again what was recorded, comparing each
    /// step; then waits for commands. The opening of the session is not reported.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn replay(
        opening: SessionConfig,
        recorded: Vec<StepRecord>,
        wake: impl Fn() + Send + Sync + Clone + 'static,
    ) -> std::io::Result<Worker> {
        Worker::begin(opening, Some(recorded), wake)
    }

    fn begin(
        mut opening: SessionConfig,
        recorded: Option<Vec<StepRecord>>,
        wake: impl Fn() + Send + Sync + Clone + 'static,
    ) -> std::io::Result<Worker> {
        opening.control.on_progress(wake.clone());
        let (commands, orders) = channel();
        let (sender, reports) = channel();
        let control = opening.control.clone();
        thread::Builder::new().name("guest".into()).spawn(move || {
            let report = move |report| {
                let is_heard = sender.send(report).is_ok();
                wake();
                is_heard
            };
            let ended = catch_unwind(AssertUnwindSafe(|| {
                run(opening, recorded, &orders, &report)
            }));
            if ended.is_err() {
                report(Report::Broke);
            }
        })?;
        Ok(Worker {
            commands,
            reports,
            control,
        })
    }

    /// Asks for the next step.
    pub fn advance(&self) {
        self.control.clear();
        // A thread that has ended has said so in a report.
        let _ = self.commands.send(Command::Advance);
    }

    /// Asks for a typed statement to be run as the next step.
    pub fn insert(&self, text: String) {
        self.control.clear();
        let _ = self.commands.send(Command::Insert(text));
    }

    /// Stops the running step.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// Stores that the guest has made so far, as far as the host has heard of them.
    pub fn stores(&self) -> u64 {
        self.control.stores()
    }

    /// The next report, if one has come.
    pub fn next_report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.control.cancel();
    }
}

fn run(
    opening: SessionConfig,
    recorded: Option<Vec<StepRecord>>,
    orders: &Receiver<Command>,
    report: &impl Fn(Report) -> bool,
) {
    let control = opening.control.clone();
    let (mut session, timeline) = match Session::open(opening) {
        Ok(opened) => opened,
        Err(error) => {
            report(Report::OpenFailed(error));
            return;
        }
    };
    let is_heard = match recorded {
        None => report(Report::Opened(Box::new(timeline))),
        Some(recorded) => {
            run_again(&mut session, &recorded, &control, report) && report(Report::Replayed)
        }
    };
    if !is_heard {
        return;
    }
    while let Ok(command) = orders.recv() {
        if let Command::Insert(text) = command {
            let report_of = match session.insert(&text) {
                Ok(step) => Report::Inserted(step),
                Err(error) => Report::Refused(error.to_string()),
            };
            let is_refused = matches!(report_of, Report::Refused(_));
            if !report(report_of) {
                return;
            }
            if is_refused {
                continue;
            }
        }
        let is_heard = match session.advance() {
            Some(step) => report(Report::Step(Box::new(step))),
            None => true,
        };
        if !is_heard || (session.is_over() && !report(Report::Ended)) {
            return;
        }
    }
}

/// Runs the recorded steps again; whether all of them did the same and somebody listens.
fn run_again(
    session: &mut Session,
    recorded: &[StepRecord],
    control: &CancelHandle,
    report: &impl Fn(Report) -> bool,
) -> bool {
    session.expect_more();
    for old in recorded {
        let again = session.advance();
        if control.is_cancelled() {
            report(Report::ReplayStopped);
            return false;
        }
        let how = match &again {
            Some(again) => replay::difference(old, again),
            None => Some("the session was over before it".to_owned()),
        };
        if let Some(how) = how {
            report(Report::Differs {
                step: old.index,
                how,
            });
            return false;
        }
        if !report(Report::Again(old.index)) {
            return false;
        }
    }
    true
}
