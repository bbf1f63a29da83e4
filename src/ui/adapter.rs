//! What drawing takes from other parts, as plain data: the one file that knows how they say it.

use crate::app::panes::byte_inspector::Inspection;
use crate::app::{App, Pane, keymap};

pub use keymap::status_keys;

/// Every key by group: its name, then the keys with one sentence each.
pub fn help_groups(app: &App) -> Vec<(&'static str, Vec<(String, String)>)> {
    app.keys.help()
}

/// What is known about the byte under the cursor, so many of its earlier writers included: a word
/// and what it says.
pub fn inspector_rows(app: &App, most_earlier: usize) -> Vec<(String, String)> {
    Inspection::of(app, most_earlier)
        .rows
        .into_iter()
        .map(|(label, text)| (label.to_string(), text))
        .collect()
}

/// Rows scrolled off the top of a pane of prose.
pub fn scrolled(app: &App, pane: Pane) -> u16 {
    match pane {
        Pane::Happened => app.scroll.happened,
        Pane::Inspector => app.scroll.inspector,
        Pane::Guest => app.scroll.guest,
        Pane::Steps | Pane::Memory | Pane::Source => 0,
    }
}
