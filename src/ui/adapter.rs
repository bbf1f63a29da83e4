//! What drawing takes from other parts, as plain data: the one file that knows how they say it.

use crate::app::{App, Engine, Overlay, Pane};
use crate::safe;
use crate::timeline::Writer;

/// The keys that apply now, each with one word.
pub fn status_keys(app: &App) -> Vec<(&'static str, &'static str)> {
    match (&app.overlay, &app.engine) {
        (Overlay::Help { .. }, _) => vec![("j k", "scroll"), ("esc", "close")],
        (Overlay::Search { .. }, _) => vec![("enter", "find"), ("esc", "close")],
        (Overlay::Inputs { .. }, _) => vec![("enter", "run again"), ("tab", "next field"), ("esc", "close")],
        (Overlay::Sessions { .. }, _) => vec![("enter", "open"), ("j k", "choose"), ("esc", "close")],
        (Overlay::None, Engine::Running { .. }) => vec![("esc", "cancel")],
        (Overlay::None, Engine::Broken(_)) => vec![("p", "sessions"), ("q", "quit")],
        (Overlay::None, _) => vec![
            ("space", "next"),
            ("←", "back"),
            ("]", "change"),
            ("w", "who wrote"),
            ("/", "find"),
            ("e", "edit"),
            ("tab", "pane"),
            ("?", "help"),
            ("q", "quit"),
        ],
    }
}

/// Every key by group: its name, then the keys with one sentence each.
pub fn help_groups() -> Vec<(&'static str, Vec<(String, &'static str)>)> {
    let key = |keys: &str, what: &'static str| (keys.to_string(), what);
    vec![
        (
            "time",
            vec![
                key("→ l space enter", "Runs the next step, or shows it where it has run."),
                key("← h backspace", "Goes back one step."),
                key("g G", "Goes to the first or the last step."),
            ],
        ),
        (
            "memory",
            vec![
                key("j k", "Scrolls both memory panes."),
                key("] [", "Goes to the next or the previous change."),
                key("w", "Jumps to the step that wrote this byte."),
                key("/ n N", "Finds text, bytes or an address."),
            ],
        ),
        (
            "session",
            vec![key("e", "Edits the inputs and runs again."), key("p", "Chooses a session."), key("q", "Leaves.")],
        ),
    ]
}

/// What is known about the byte under the cursor: a word and what it says.
pub fn inspector_rows(app: &App) -> Vec<(String, String)> {
    let address = app.cursor;
    let memory = app.timeline.memory_at(app.moment);
    let Some(byte) = memory.byte(address) else { return Vec::new() };
    let mut rows = vec![("u8".to_string(), byte.to_string())];
    let char = char::from(byte);
    if char.is_ascii_graphic() || char == ' ' {
        rows.push(("text".to_string(), format!("'{char}'")));
    }
    let written = match app.timeline.last_write(address, app.moment) {
        Some((moment, write)) => format!("step {}, {}", moment.step, writer(&write.writer)),
        None => "nobody: zero from the start".to_string(),
    };
    rows.push(("written by".to_string(), written));
    rows
}

fn writer(writer: &Writer) -> String {
    match writer {
        Writer::Guest { function: Some(name), source: Some(source), .. } => {
            format!("${} at {}", safe::cut(name, 60), safe::cut(source, 60))
        }
        Writer::Guest { function: Some(name), .. } => format!("${}", safe::cut(name, 60)),
        other => format!("the {}", other.word()),
    }
}

/// How many lines of a pane of prose lie above its first row.
pub fn scrolled(_app: &App, _pane: Pane) -> u16 {
    0
}

/// What a step did, in one or two sentences.
pub fn narration(app: &App, step: usize) -> String {
    let Some(record) = app.timeline.step(step) else { return "This step has not run yet.".to_string() };
    record.error.clone().unwrap_or_else(|| record.text.clone())
}
