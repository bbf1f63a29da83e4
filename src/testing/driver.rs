//! Runs the app's effect loop without a thread and without a terminal.

use std::collections::VecDeque;

use crossterm::event::KeyEvent;

use crate::app::{self, Action, App, Effect, Message, keymap};
use crate::protocol::{Report, Request};
use crate::timeline::{StepRecord, Timeline};

/// Performs the effects of an app.
pub trait Host {
    /// Performs `effect` and returns the messages that answer it, in their order. Effects that the
    /// host does not know have no answer.
    fn perform(&mut self, effect: Effect) -> Vec<Message>;
}

/// An app and its host: what the terminal's event loop does, one call after the other. When a
/// method returns, every effect has been performed and every message received.
pub struct Driver<H> {
    /// The app.
    pub app: App,
    /// The host that performs the effects.
    pub host: H,
}

impl<H: Host> Driver<H> {
    /// Opens `announced`, a session that has not run yet, in `app`.
    pub fn open(app: App, announced: Timeline, host: H) -> Self {
        let mut driver = Driver { app, host };
        driver.receive(Message::Session(Report::Opened(Box::new(announced))));
        driver
    }

    /// Presses `keys`, which are written as in the configuration and separated by spaces.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.key(keymap::parse(key).expect("a key is written as in the configuration"));
        }
    }

    /// Presses one key.
    pub fn key(&mut self, key: KeyEvent) {
        let effects = app::key(&mut self.app, key);
        self.perform(effects);
    }

    /// Performs `action`, whatever key it has.
    pub fn update(&mut self, action: Action) {
        let effects = app::update(&mut self.app, action);
        self.perform(effects);
    }

    /// Pastes `text`.
    pub fn paste(&mut self, text: &str) {
        app::paste(&mut self.app, text);
    }

    /// Enters `line` after `:`.
    pub fn enter_line(&mut self, line: &str) {
        self.press("esc :");
        self.paste(line);
        self.press("enter");
    }

    /// Goes to the end of `step`, which runs if it has not yet.
    pub fn go_to(&mut self, step: usize) {
        self.press("esc");
        for digit in step.to_string().chars() {
            self.press(&digit.to_string());
        }
        self.press("G");
    }

    /// Gives the app `message`.
    pub fn receive(&mut self, message: Message) {
        let effects = app::on_message(&mut self.app, message);
        self.perform(effects);
    }

    fn perform(&mut self, effects: impl IntoIterator<Item = Effect>) {
        let mut effects: VecDeque<Effect> = effects.into_iter().collect();
        while let Some(effect) = effects.pop_front() {
            for message in self.host.perform(effect) {
                effects.extend(app::on_message(&mut self.app, message));
            }
        }
    }
}

/// A host whose steps were recorded before.
pub struct RecordedSteps {
    steps: VecDeque<StepRecord>,
}

impl RecordedSteps {
    /// Creates a host that runs `steps`, in their order.
    pub fn new(steps: impl IntoIterator<Item = StepRecord>) -> Self {
        RecordedSteps {
            steps: steps.into_iter().collect(),
        }
    }

    /// Returns the number of steps that have not run yet.
    pub fn remaining(&self) -> usize {
        self.steps.len()
    }
}

impl Host for RecordedSteps {
    fn perform(&mut self, effect: Effect) -> Vec<Message> {
        let Effect::Session(Request::Advance) = effect else {
            return Vec::new();
        };
        let report = match self.steps.pop_front() {
            Some(step) => Report::Step(Box::new(step)),
            None => Report::Ended,
        };
        vec![Message::Session(report)]
    }
}
