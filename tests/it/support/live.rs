//! The default session behind the app, without a thread: its real guest, run step by step.

use linmem::app::{self, Action, App, Effect, Message, SessionChoice};
use linmem::guest::Guest;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};

use super::drawn::drawn;

const STEPS: &str = include_str!("../../../guest/wasm_is_cool.steps");
const GUEST: &[u8] = include_bytes!("../../../guest/wasm_is_cool.wat");

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
        let effect = app::receive(&mut live.app, Message::Opened(Box::new(timeline)));
        live.perform(effect);
        live
    }

    pub fn press(&mut self, action: Action) {
        let effect = app::update(&mut self.app, action);
        self.perform(effect);
    }

    fn perform(&mut self, mut effect: Effect) {
        while effect == Effect::Advance {
            let step = self.session.advance();
            effect = app::receive(
                &mut self.app,
                step.map_or(Message::Ended, |step| Message::Step(Box::new(step))),
            );
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
        sets: Vec::new(),
        limits: Limits {
            max_time: None,
            ..Limits::default()
        },
        control: CancelHandle::default(),
        stdin: Default::default(),
    }
}
