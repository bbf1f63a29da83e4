//! The README's blocks that are made from the program: the keys, and a screen of the default session.

use std::path::Path;

use linmem::app::{self, Action, App, Effect, Message, SessionChoice, keymap};
use linmem::guest::Guest;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{Control, Limits};
use linmem::session::{Opening, Session};
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const STEPS: &str = include_str!("../guest/wasm_is_cool.steps");
const GUEST: &[u8] = include_bytes!("../guest/wasm_is_cool.wat");

/// Columns and rows of the picture.
const SIZE: (u16, u16) = (120, 32);

/// What stands in README.md between `<!-- NAME -->` and `<!-- /NAME -->` must be `expected`.
#[track_caller]
fn assert_block(name: &str, expected: &str) {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap_or_default();
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let found = readme.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map(|(block, _)| block.trim());
    assert!(
        found == Some(expected.trim()),
        "README.md {} this block; put it there as it stands here:\n\n{open}\n{}\n{close}\n",
        if found.is_some() { "has something else in" } else { "lacks" },
        expected.trim()
    );
}

#[test]
fn the_keys_are_those_of_the_program() {
    assert_block("keys", &keymap::markdown_table());
}

#[test]
fn the_screen_is_what_the_program_draws_after_step_4() {
    let choice = SessionChoice { name: "wasm_is_cool".into(), description: "the default session".into() };
    let mut app = App::new(SIZE, vec![choice], true);
    let (session, timeline) = Session::open(opening()).unwrap();
    let mut host = Host { session };
    let effect = app::receive(&mut app, Message::Opened(Box::new(timeline)));
    host.perform(&mut app, effect);
    for _ in 0..4 {
        let effect = app::update(&mut app, Action::Next);
        host.perform(&mut app, effect);
    }
    assert_eq!(app.moment.step, 4);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    terminal.draw(|frame| draw(frame, &app, &Theme::dark())).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content.chunks(usize::from(SIZE.0)).map(|row| {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned() + "\n"
    });
    assert_block("screen", &format!("```text\n{}```", lines.collect::<String>()));
}

/// The session in the place of its thread.
struct Host {
    session: Session,
}

impl Host {
    fn perform(&mut self, app: &mut App, mut effect: Effect) {
        while effect == Effect::Advance {
            let step = self.session.advance();
            effect = app::receive(app, step.map_or(Message::Ended, |step| Message::Step(Box::new(step))));
        }
    }
}

fn opening() -> Opening {
    Opening {
        title: "wasm_is_cool".into(),
        script: script::parse("wasm_is_cool.steps", STEPS).unwrap(),
        guest: Guest::from_bytes("wasm_is_cool.wat", GUEST).unwrap(),
        files: Files::BuiltIn(&[("wasm_is_cool.wat", GUEST)]),
        sets: Vec::new(),
        limits: Limits { max_time: None, ..Limits::default() },
        control: Control::default(),
        stdin: Default::default(),
    }
}
