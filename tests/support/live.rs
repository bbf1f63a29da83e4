//! The default session behind the app, without a thread: its real guest, run step by step.

#[path = "drawn.rs"]
mod drawn;

use linmem::app::{self, Action, App, Effect, Message, SessionChoice};
use linmem::guest::Guest;
use linmem::protocol::{Report, Request};
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};

use drawn::drawn;

const STEPS: &str = include_str!("../../guest/wasm_is_cool.steps");
const GUEST: &[u8] = include_bytes!("../../guest/wasm_is_cool.wat");

/// The session in the place of its thread.
pub struct Live {
    session: Session,
    pub app: App,
}

impl Live {
    /// Opened, step 0 run, on a screen of so many columns and rows.
    pub fn open(size: (u16, u16)) -> Live {
        let choice = SessionChoice {
            name: "wasm_is_cool".into(),
            description: "the default session".into(),
        };
        let (session, timeline) = Session::open(opening()).unwrap();
        let mut live = Live {
            session,
            app: App::new(size, vec![choice], true),
        };
        let opened = Report::Opened(Box::new(timeline));
        let effects = app::on_message(&mut live.app, Message::Session(opened));
        live.perform(effects);
        live
    }

    pub fn press(&mut self, action: Action) {
        let effects = app::update(&mut self.app, action);
        self.perform(effects);
    }

    fn perform(&mut self, mut effects: Vec<Effect>) {
        while let Some(Effect::Session(Request::Advance)) = effects.pop() {
            let step = self.session.advance();
            let report = step.map_or(Report::Ended, |step| Report::Step(Box::new(step)));
            effects = app::on_message(&mut self.app, Message::Session(report));
        }
    }

    /// The screen's text, line by line, without what trails.
    pub fn screen(&self) -> String {
        drawn(&self.app)
    }
}

pub fn opening() -> SessionConfig {
    SessionConfig {
        title: "wasm_is_cool".into(),
        script: script::parse("wasm_is_cool.steps", STEPS).unwrap(),
        guest: Guest::from_bytes("wasm_is_cool.wat", GUEST).unwrap(),
        files: Files::BuiltIn(&[("wasm_is_cool.wat", GUEST)]),
        input_overrides: Vec::new(),
        limits: Limits {
            max_time: None,
            ..Limits::default()
        },
        control: CancelHandle::default(),
        stdin: Default::default(),
    }
}
