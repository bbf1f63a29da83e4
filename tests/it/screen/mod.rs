//! Whole screens, as a person sees them: the text, and below it the styles cell by cell, each with
//! a letter of its own.

mod drawing;
mod explore;
mod inside;
mod lessons;
mod map;
mod session;
mod unfolding;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use linmem::app::App;
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

fn screen(app: &App, theme: &Theme) -> Buffer {
    let (columns, rows) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, app, theme)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen's characters, a line each, without spaces at the end.
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

/// One letter a cell for its style, `.` for none, and what the letters mean.
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

/// The screen without its styles.
fn plain(app: &App) -> String {
    text(&screen(app, &Theme::dark()))
}

/// The state with something about it changed.
fn with(mut app: App, change: impl FnOnce(&mut App)) -> App {
    change(&mut app);
    app
}
