//! A session on a thread of its own, so that nobody waits for the guest. Commands go in, plain data comes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::timeline::{StepRecord, Timeline};

use super::limits::Control;
use super::{OpenError, Opening, Session};

/// What the thread reports.
#[derive(Debug)]
pub enum Report {
    /// The session is open; the timeline has no steps yet.
    Opened(Box<Timeline>),
    Step(Box<StepRecord>),
    /// No step is left, or none may run.
    Ended,
    OpenFailed(OpenError),
    /// The thread died of a mistake in this program or in the engine; what was reported before still holds.
    Broke,
}

/// The thread's other end. Dropping it cancels what runs and lets the thread end by itself.
pub struct Worker {
    commands: Sender<()>,
    reports: Receiver<Report>,
    control: Control,
}

impl Worker {
    /// Starts the thread and opens the session there. `wake` is called, on that thread,
    /// after each report and now and then while a guest runs.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(mut opening: Opening, wake: impl Fn() + Send + Sync + Clone + 'static) -> std::io::Result<Worker> {
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
            let ended = catch_unwind(AssertUnwindSafe(|| run(opening, &orders, &report)));
            if ended.is_err() {
                report(Report::Broke);
            }
        })?;
        Ok(Worker { commands, reports, control })
    }

    /// Asks for the next step.
    pub fn advance(&self) {
        self.control.clear();
        // A thread that has ended has said so in a report.
        let _ = self.commands.send(());
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

fn run(opening: Opening, orders: &Receiver<()>, report: &impl Fn(Report) -> bool) {
    let mut session = match Session::open(opening) {
        Ok((session, timeline)) => {
            if !report(Report::Opened(Box::new(timeline))) {
                return;
            }
            session
        }
        Err(error) => {
            report(Report::OpenFailed(error));
            return;
        }
    };
    while orders.recv().is_ok() {
        let step = session.advance();
        let is_heard = match step {
            Some(step) => report(Report::Step(Box::new(step))),
            None => true,
        };
        if !is_heard || (session.is_over() && !report(Report::Ended)) {
            return;
        }
    }
}
