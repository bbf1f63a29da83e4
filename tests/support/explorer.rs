//! A person who explores, without a thread and without a terminal: the app with a real session in
//! the place of its host, typed steps, branches, replays and all.

use linmem::app::message::SaveSteps;
use linmem::app::{self, App, Effect, Message, Overlay, keymap};
use linmem::guest::Guest;
use linmem::protocol::{Replay, ReplayError, Report, Request, Rerun};
use linmem::script::{self, SavedStep, Script};
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig, replay};
use linmem::timeline::Timeline;

pub struct Explorer {
    guest: Guest,
    script: Script,
    session: Option<Session>,
    pub app: App,
    /// Guests that were made to take the same steps again.
    pub replays: usize,
    /// How one of those did not do the same.
    pub differences: Vec<String>,
    pub saved: Option<String>,
}

impl Explorer {
    /// A module in the text format with a script, `""` for a bare one.
    pub fn open(wat: &str, steps: &str) -> Explorer {
        let guest = Guest::from_bytes("guest.wat", wat.as_bytes()).unwrap();
        let script = script::parse("guest.steps", steps).unwrap();
        let app = App::new((120, 40), Vec::new(), true);
        let mut explorer = Explorer {
            guest,
            script,
            session: None,
            app,
            replays: 0,
            differences: Vec::new(),
            saved: None,
        };
        let (session, timeline) =
            Session::open(explorer.opening(explorer.script.clone(), Vec::new())).unwrap();
        explorer.session = Some(session);
        let effects = explorer.report(Report::Opened(Box::new(timeline)));
        explorer.perform(effects);
        explorer
    }

    fn opening(&self, script: Script, sets: Vec<(String, String)>) -> SessionConfig {
        SessionConfig {
            title: "guest".into(),
            script,
            guest: self.guest.clone(),
            files: Files::BuiltIn(&[]),
            input_overrides: sets,
            limits: Limits {
                max_time: None,
                ..Limits::default()
            },
            control: CancelHandle::default(),
            stdin: Default::default(),
        }
    }

    pub fn press(&mut self, keys: &str) {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            let effects = app::key(&mut self.app, keymap::parse(key).unwrap());
            self.perform(effects);
        }
    }

    /// Types a line after `:` and enters it.
    pub fn type_line(&mut self, line: &str) {
        self.press("esc :");
        app::paste(&mut self.app, line);
        self.press("enter");
    }

    /// Goes to the end of a step.
    pub fn go_to(&mut self, step: usize) {
        let digits: Vec<String> = step.to_string().chars().map(String::from).collect();
        self.press(&format!("esc {} G", digits.join(" ")));
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let effects = match effect {
                Effect::Session(request) => self.answer(request),
                Effect::SaveSteps(save) => {
                    self.saved = Some(self.text(&save));
                    app::on_message(&mut self.app, Message::StepsSaved(Ok(String::new())))
                }
                _ => continue,
            };
            self.perform(effects);
        }
    }

    fn report(&mut self, report: Report) -> Vec<Effect> {
        app::on_message(&mut self.app, Message::Session(report))
    }

    fn answer(&mut self, request: Request) -> Vec<Effect> {
        match request {
            Request::Advance => self.advance(),
            Request::Insert(statement) => match self.session.as_mut().unwrap().insert(&statement) {
                Ok(step) => {
                    self.report(Report::Inserted(step));
                    self.advance()
                }
                Err(error) => self.report(Report::InsertRefused(error.to_string())),
            },
            Request::Replay(replay) => self.replay(*replay),
            Request::Restart(rerun) => {
                match Session::open(self.opening(self.arranged(&rerun), rerun.inputs)) {
                    Ok((session, timeline)) => {
                        self.session = Some(session);
                        self.report(Report::Opened(Box::new(timeline)))
                    }
                    Err(error) => self.report(Report::OpenFailed(error.to_string())),
                }
            }
            Request::Cancel => Vec::new(),
        }
    }

    fn advance(&mut self) -> Vec<Effect> {
        let report = match self.session.as_mut().unwrap().advance() {
            Some(step) => Report::Step(Box::new(step)),
            None => Report::Ended,
        };
        self.report(report)
    }

    fn arranged(&self, rerun: &Rerun) -> Script {
        let steps: Vec<(Option<u32>, &str)> = rerun
            .plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        let script = self.script.with_setup(&rerun.setup).unwrap();
        script.arranged(&steps).unwrap()
    }

    fn replay(&mut self, replay: Replay) -> Vec<Effect> {
        self.replays += 1;
        let Replay {
            session: rerun,
            records,
        } = replay;
        let opening = self.opening(self.arranged(&rerun), rerun.inputs);
        let (mut session, _) = Session::open(opening).unwrap();
        session.expect_more();
        for (done, record) in records.iter().enumerate() {
            let again = session.advance().expect("a step to run again");
            if let Some(difference) = replay::difference(record, &again) {
                self.differences.push(difference.clone());
                let step = record.index;
                let error = ReplayError::Differs { step, difference };
                return self.report(Report::ReplayFailed(error));
            }
            self.report(Report::Replayed(done + 1));
        }
        self.session = Some(session);
        self.report(Report::ReplayDone)
    }

    fn text(&self, save: &SaveSteps) -> String {
        let steps: Vec<SavedStep> = save
            .steps
            .iter()
            .map(|(text, narration)| SavedStep {
                text: text.clone(),
                narration: narration.clone(),
            })
            .collect();
        self.script
            .with_setup(&save.setup)
            .unwrap()
            .serialize("guest.wat", &save.inputs, &steps)
    }

    /// What a steps file of the branch that is shown does when it runs from its start.
    pub fn run_saved(&mut self) -> Timeline {
        self.type_line("save x.steps");
        let text = self.saved.take().expect("it was saved");
        let script =
            script::parse("saved.steps", &text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        let (mut session, mut timeline) = Session::open(self.opening(script, Vec::new())).unwrap();
        session.run_to_end(&mut timeline);
        timeline
    }

    /// What is said in the line, or below the panes.
    pub fn complaint(&self) -> String {
        match &self.app.overlay {
            Overlay::Prompt(prompt) => format!("{:?}", prompt.feedback),
            _ => self
                .app
                .notice
                .as_ref()
                .map(|notice| notice.text.clone())
                .unwrap_or_default(),
        }
    }
}
