//! A person who explores, without a thread and without a terminal: the app with a real session in
//! the place of its host, typed steps, branches, replays and all.

use linmem::app::prompt::SaveSteps;
use linmem::app::{self, App, Effect, Message, Overlay, Replay, keymap};
use linmem::guest::Guest;
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
        let effect = app::receive(&mut explorer.app, Message::Opened(Box::new(timeline)));
        explorer.perform(effect);
        explorer
    }

    fn opening(&self, script: Script, sets: Vec<(String, String)>) -> SessionConfig {
        SessionConfig {
            title: "guest".into(),
            script,
            guest: self.guest.clone(),
            files: Files::BuiltIn(&[]),
            sets,
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
            let effect = app::key(&mut self.app, keymap::parse(key).unwrap());
            self.perform(effect);
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

    fn perform(&mut self, mut effect: Effect) {
        loop {
            effect = match effect {
                Effect::Advance => self.advance(),
                Effect::Insert(text) => match self.session.as_mut().unwrap().insert(&text) {
                    Ok(step) => {
                        app::receive(&mut self.app, Message::Inserted(step));
                        self.advance()
                    }
                    Err(error) => app::receive(&mut self.app, Message::Refused(error.to_string())),
                },
                Effect::Replay => self.replay(),
                Effect::Restart(inputs) => {
                    let script = self.arranged(&self.app.plan());
                    match Session::open(self.opening(script, inputs)) {
                        Ok((session, timeline)) => {
                            self.session = Some(session);
                            app::receive(&mut self.app, Message::Opened(Box::new(timeline)))
                        }
                        Err(error) => {
                            app::receive(&mut self.app, Message::OpenFailed(error.to_string()))
                        }
                    }
                }
                Effect::SaveSteps(save) => {
                    self.saved = Some(self.text(&save));
                    app::receive(&mut self.app, Message::StepsSaved(Ok(String::new())))
                }
                _ => return,
            }
        }
    }

    fn advance(&mut self) -> Effect {
        let message = match self.session.as_mut().unwrap().advance() {
            Some(step) => Message::Step(Box::new(step)),
            None => Message::Ended,
        };
        app::receive(&mut self.app, message)
    }

    fn arranged(&self, plan: &[linmem::timeline::PlannedStep]) -> Script {
        let steps: Vec<(Option<u32>, &str)> = plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        self.script
            .described(&self.app.setup)
            .unwrap()
            .arranged(&steps)
            .unwrap()
    }

    fn replay(&mut self) -> Effect {
        self.replays += 1;
        let Replay {
            plan,
            inputs,
            records,
            ..
        } = self.app.replay();
        let (mut session, _) = Session::open(self.opening(self.arranged(&plan), inputs)).unwrap();
        session.expect_more();
        for (done, record) in records.iter().enumerate() {
            let again = session.advance().expect("a step to run again");
            if let Some(how) = replay::difference(record, &again) {
                self.differences.push(how.clone());
                return app::receive(&mut self.app, Message::NotReplayed(Some(how)));
            }
            app::receive(&mut self.app, Message::Again(done + 1));
        }
        self.session = Some(session);
        app::receive(&mut self.app, Message::Replayed)
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
            .described(&save.setup)
            .unwrap()
            .saved("guest.wat", &save.inputs, &steps)
    }

    /// What a steps file of the branch that is shown does when it runs from its start.
    pub fn run_saved(&mut self) -> Timeline {
        self.type_line("save x.steps");
        let text = self.saved.take().expect("it was saved");
        let script =
            script::parse("saved.steps", &text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        let (mut session, mut timeline) = Session::open(self.opening(script, Vec::new())).unwrap();
        while let Some(step) = session.advance() {
            timeline.push(step);
        }
        timeline
    }

    /// What is said in the line, or below the panes.
    pub fn complaint(&self) -> String {
        match &self.app.overlay {
            Overlay::Prompt(prompt) => format!("{:?}", prompt.said),
            _ => self
                .app
                .notice
                .as_ref()
                .map(|notice| notice.text.clone())
                .unwrap_or_default(),
        }
    }
}
