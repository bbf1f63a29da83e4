//! Draws the state: `(&App, &Theme)` in, cells out. Changes nothing, reads nothing else, and draws
//! something at every size of the terminal.
//!
//! [`Screen::compute`] lays out one frame from the `crate::app::panes::view::View` of the state;
//! [`Screen::draw`] draws it. The rectangles of the panes are in [`crate::app::panes::layout`].

mod boxed;
mod byte_category;
mod fields;
mod frame;
mod glossary;
mod glyphs;
mod help;
mod input_line;
mod inputs;
mod inspector;
mod javascript;
mod legend;
mod map;
mod memory;
mod overlay;
mod overview;
mod prompt;
mod prose;
mod question;
mod screen;
mod session_list;
mod source;
mod status;
mod step_details;
mod step_prose;
mod steps;
mod text;
mod theme;
mod titles;
mod types;

pub use screen::Screen;
pub use theme::Theme;

use ratatui::Frame;

use crate::app::App;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) {
    Screen::compute(app, theme).draw(frame);
}
