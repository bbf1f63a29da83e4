//! The lines typed before.

use tui_input::Input;

use super::feedback;
use crate::app::{App, Effect, Overlay};

/// The most lines of the history.
const MAX_LINES: usize = 1000;
/// The longest line that is remembered, in bytes.
const MAX_BYTES: usize = 4096;

/// Adds a line to the history, unless it is the last one already or too long.
pub(super) fn remember(app: &mut App, line: &str) -> Option<Effect> {
    if app.history.last().is_some_and(|last| last == line) || line.len() > MAX_BYTES {
        return None;
    }
    if app.history.len() >= MAX_LINES {
        app.history.remove(0);
    }
    app.history.push(line.to_owned());
    Some(Effect::Remember(line.to_owned()))
}

/// Shows the previous line of the history, or the next one.
pub(in crate::app) fn recall(app: &mut App, is_older: bool) {
    let lines = app.history.len();
    let Overlay::Prompt(prompt) = &mut app.overlay else {
        return;
    };
    let at = prompt.recalled.as_ref().map_or(lines, |(at, _)| *at);
    let to = if is_older {
        at.saturating_sub(1)
    } else {
        at.saturating_add(1).min(lines)
    };
    if to == at {
        return;
    }
    let draft = match prompt.recalled.take() {
        Some((_, draft)) => draft,
        None => prompt.input.value().to_owned(),
    };
    let line = app.history.get(to).unwrap_or(&draft);
    prompt.input = Input::new(line.clone());
    prompt.recalled = (to < lines).then_some((to, draft));
    feedback::refresh(app);
}
