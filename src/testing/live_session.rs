//! A host with a real session in the place of its thread.

use super::driver::{Driver, Host};
use super::sessions;
use crate::app::message::{ReloadError, Reloaded, SaveSteps};
use crate::app::{App, Effect, Message};
use crate::protocol::{Replay, ReplayError, Report, Request, Rerun};
use crate::script::ast::Statement;
use crate::script::{SavedStep, Script};
use crate::session::limits::CancelHandle;
use crate::session::{Session, SessionConfig, replay};
use crate::timeline::PlannedStep;

/// Runs, inserts, replays and saves the steps of one session.
pub struct LiveSession {
    config: SessionConfig,
    session: Session,
    /// What the files of the session give when they are loaded again; without it, the same.
    pub changed: Option<Result<SessionConfig, ReloadError>>,
    /// The number of replays so far.
    pub replays: usize,
    /// The differences between steps that ran again and their records.
    pub differences: Vec<String>,
    /// The steps file that was saved last.
    pub saved: Option<String>,
}

impl Driver<LiveSession> {
    /// Opens a session in `app` and runs step 0.
    ///
    /// # Panics
    /// Panics with the error where the session cannot be opened.
    #[track_caller]
    pub fn live(app: App, config: SessionConfig) -> Self {
        let (session, announced) = sessions::open(config.clone());
        let host = LiveSession {
            config,
            session,
            changed: None,
            replays: 0,
            differences: Vec::new(),
            saved: None,
        };
        Driver::open(app, announced, host)
    }
}

impl Host for LiveSession {
    fn perform(&mut self, effect: Effect) -> Vec<Message> {
        let reports = match effect {
            Effect::Session(Request::Advance) => vec![self.advance()],
            Effect::Session(Request::Insert(statement)) => match self.session.insert(&statement) {
                Ok(step) => vec![Report::Inserted(step), self.advance()],
                Err(error) => vec![Report::InsertRefused(error.to_string())],
            },
            Effect::Session(Request::Replay(replay)) => self.replay(*replay),
            Effect::Session(Request::Restart(rerun)) => vec![self.restart(*rerun)],
            Effect::Reload(typed) => return vec![Message::Reloaded(self.reload(&typed))],
            Effect::SaveSteps(save) => {
                self.saved = Some(self.steps_file(&save));
                return vec![Message::StepsSaved(Ok(String::new()))];
            }
            _ => Vec::new(),
        };
        reports.into_iter().map(Message::Session).collect()
    }
}

impl LiveSession {
    /// Returns the configuration of the session with another script and other inputs.
    pub fn config(&self, script: Script, inputs: Vec<(String, String)>) -> SessionConfig {
        SessionConfig {
            script,
            input_overrides: inputs,
            control: CancelHandle::default(),
            ..self.config.clone()
        }
    }

    fn advance(&mut self) -> Report {
        match self.session.advance() {
            Some(step) => Report::Step(Box::new(step)),
            None => Report::Ended,
        }
    }

    fn restart(&mut self, rerun: Rerun) -> Report {
        let script = self.script(&rerun.setup, &rerun.plan);
        match Session::open(self.config(script, rerun.inputs)) {
            Ok((session, announced)) => {
                self.session = session;
                Report::Opened(Box::new(announced))
            }
            Err(error) => Report::OpenFailed(error.to_string()),
        }
    }

    fn reload(&mut self, typed: &Rerun) -> Result<Box<Reloaded>, ReloadError> {
        let changed = self.changed.take();
        let mut config = changed.unwrap_or_else(|| Ok(self.config.clone()))?;
        self.config = config.clone();
        let carried = config.carry_over(typed);
        let (session, timeline) = Session::open(config).map_err(|error| ReloadError {
            reason: error.to_string(),
            rest: None,
        })?;
        self.session = session;
        Ok(Box::new(Reloaded {
            timeline,
            left_out: carried.left_out,
            has_setup: carried.has_setup,
        }))
    }

    fn replay(&mut self, replay: Replay) -> Vec<Report> {
        self.replays += 1;
        let Replay { session, records } = replay;
        let script = self.script(&session.setup, &session.plan);
        let (mut again, _) = sessions::open(self.config(script, session.inputs));
        again.expect_more();
        let mut reports = Vec::new();
        for (step, record) in records.iter().enumerate() {
            let second = again.advance().expect("a recorded step can run again");
            if let Some(difference) = replay::difference(record, &second) {
                self.differences.push(difference.clone());
                let error = ReplayError::Differs { step, difference };
                reports.push(Report::ReplayFailed(error));
                return reports;
            }
            reports.push(Report::Replayed(step + 1));
        }
        self.session = again;
        reports.push(Report::ReplayDone);
        reports
    }

    /// Returns the script with the typed `setup` lines and the steps of `plan`.
    fn script(&self, setup: &[Statement], plan: &[PlannedStep]) -> Script {
        let steps: Vec<(Option<u32>, &str)> = plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        let script = self.config.script.with_setup(setup);
        let script = script.unwrap_or_else(|errors| panic!("{errors}"));
        script
            .arranged(&steps)
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn steps_file(&self, save: &SaveSteps) -> String {
        let steps: Vec<SavedStep> = save
            .steps
            .iter()
            .map(|(text, narration)| SavedStep {
                text: text.clone(),
                narration: narration.clone(),
            })
            .collect();
        let script = self.config.script.with_setup(&save.setup);
        script
            .unwrap_or_else(|errors| panic!("{errors}"))
            .serialize(self.config.guest.name(), &save.inputs, &steps)
    }
}
