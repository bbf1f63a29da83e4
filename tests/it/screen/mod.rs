//! Whole screens as snapshots: their text, and their styles with a letter for each cell.

mod children;
mod drawing;
mod explore;
mod fields;
mod inside;
mod lessons;
mod map;
mod neighbours;
mod reload;
mod robustness;
pub mod unfolding;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use linmem::app::{App, InputField, SessionState};
use linmem::protocol::Progress;
use linmem::testing::apps::app_showing;
use linmem::testing::timelines::standard_session_after;
use linmem::timeline::{InputFacts, PAGE};
use linmem::ui::{Theme, draw};
use linmem::value::Value;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// Draws `app` and returns the screen.
fn screen(app: &App, theme: &Theme) -> Buffer {
    let (columns, rows) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, app, theme)).unwrap();
    terminal.backend().buffer().clone()
}

/// Returns the lines of a screen, without spaces at their ends.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Returns a letter for the style of each cell, `.` for none, and the meanings of the letters.
fn styles(buffer: &Buffer) -> String {
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width)
            .map(|x| {
                let cell = &buffer[(x, y)];
                if cell.modifier.is_empty()
                    && cell.fg == Default::default()
                    && cell.bg == Default::default()
                {
                    return '.';
                }
                let mut style = format!("{:?}", cell.fg).to_lowercase();
                if cell.bg != Default::default() {
                    let _ = write!(style, " on {:?}", cell.bg);
                }
                for (name, _) in cell.modifier.iter_names() {
                    let _ = write!(style, " {}", name.to_lowercase());
                }
                let next = char::from(b'a' + (letters.len() % 26) as u8);
                *letters.entry(style).or_insert(next)
            })
            .collect();
        out.push_str(line.trim_end_matches('.'));
        out.push('\n');
    }
    let legend: BTreeMap<char, String> = letters
        .into_iter()
        .map(|(style, letter)| (letter, style))
        .collect();
    for (letter, style) in legend {
        let _ = writeln!(out, "{letter} {style}");
    }
    out
}

/// Returns the state of a session whose `step` runs.
fn running(step: usize, progress: Progress, cancelling: bool) -> SessionState {
    SessionState::Running {
        step,
        goal: None,
        follows: true,
        pending: None,
        progress,
        cancelling,
    }
}

/// Draws `app` and returns the text of the screen.
fn plain(app: &App) -> String {
    text(&screen(app, &Theme::dark()))
}

/// Returns `app` after `change`.
fn with(mut app: App, change: impl FnOnce(&mut App)) -> App {
    change(&mut app);
    app
}

/// Returns a field of the inputs with a typed value.
fn field(name: &str, typed: &str, error: Option<&str>) -> InputField {
    InputField {
        facts: InputFacts {
            name: name.into(),
            value: Value::Text(typed.into()),
        },
        input: typed.into(),
        error: error.map(Into::into),
    }
}

/// Returns an app that shows step 4 of the standard session, the last one that has run.
fn at_step_4(size: (u16, u16)) -> App {
    app_showing(standard_session_after(5, PAGE), 4, size)
}
