//! A host with a real session in the place of its thread.

use super::driver::{Driver, Host};
use super::sessions;
use crate::app::prompt::SaveSteps;
use crate::app::{App, Effect, Message, Replay};
use crate::script::{SavedStep, Script};
use crate::session::limits::CancelHandle;
use crate::session::{Session, SessionConfig, replay};
use crate::timeline::PlannedStep;

/// Runs, inserts, replays and saves the steps of one session.
pub struct LiveSession {
    config: SessionConfig,
    session: Session,
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
            replays: 0,
            differences: Vec::new(),
            saved: None,
        };
        Driver::open(app, announced, host)
    }
}

impl Host for LiveSession {
    fn perform(&mut self, app: &App, effect: Effect) -> Vec<Message> {
        match effect {
            Effect::Advance => vec![self.advance()],
            Effect::Insert(statement) => match self.session.insert(&statement) {
                Ok(step) => vec![Message::Inserted(step), self.advance()],
                Err(error) => vec![Message::Refused(error.to_string())],
            },
            Effect::Replay => self.replay(app.replay()),
            Effect::Restart(inputs) => vec![self.restart(app, inputs)],
            Effect::SaveSteps(save) => {
                self.saved = Some(self.steps_file(&save));
                vec![Message::StepsSaved(Ok(String::new()))]
            }
            _ => Vec::new(),
        }
    }
}

impl LiveSession {
    /// Returns the configuration of the session with another script and other inputs.
    pub fn config(&self, script: Script, inputs: Vec<(String, String)>) -> SessionConfig {
        SessionConfig {
            script,
            sets: inputs,
            control: CancelHandle::default(),
            ..self.config.clone()
        }
    }

    fn advance(&mut self) -> Message {
        match self.session.advance() {
            Some(step) => Message::Step(Box::new(step)),
            None => Message::Ended,
        }
    }

    fn restart(&mut self, app: &App, inputs: Vec<(String, String)>) -> Message {
        let script = self.script(&app.setup, &app.plan());
        match Session::open(self.config(script, inputs)) {
            Ok((session, announced)) => {
                self.session = session;
                Message::Opened(Box::new(announced))
            }
            Err(error) => Message::OpenFailed(error.to_string()),
        }
    }

    fn replay(&mut self, replay: Replay) -> Vec<Message> {
        self.replays += 1;
        let script = self.script(&replay.setup, &replay.plan);
        let (mut session, _) = sessions::open(self.config(script, replay.inputs));
        session.expect_more();
        let mut messages = Vec::new();
        for (done, record) in replay.records.iter().enumerate() {
            let again = session.advance().expect("a recorded step can run again");
            if let Some(difference) = replay::difference(record, &again) {
                self.differences.push(difference.clone());
                messages.push(Message::NotReplayed(Some(difference)));
                return messages;
            }
            messages.push(Message::Again(done + 1));
        }
        self.session = session;
        messages.push(Message::Replayed);
        messages
    }

    /// Returns the script with the typed `setup` lines and the steps of `plan`.
    fn script(&self, setup: &[String], plan: &[PlannedStep]) -> Script {
        let steps: Vec<(Option<u32>, &str)> = plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        let script = self.config.script.described(setup);
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
        let script = self.config.script.described(&save.setup);
        script.unwrap_or_else(|errors| panic!("{errors}")).saved(
            self.config.guest.name(),
            &save.inputs,
            &steps,
        )
    }
}
