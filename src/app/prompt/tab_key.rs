//! Completes the line of `:` with the tab key: as far as all choices agree, then to one after the
//! other.

use tui_input::Input;

use super::state::{Choices, Feedback};
use super::{completion, feedback};
use crate::app::navigation::address_names::shared_start;
use crate::app::{App, Overlay};

/// Completes the word before the cursor, or takes the next or the previous choice.
pub(in crate::app) fn complete(app: &mut App, is_forward: bool) {
    let Overlay::Prompt(line) = &app.overlay else {
        return;
    };
    if let Feedback::Choices(choices) = &line.feedback {
        let choices = next(choices, is_forward);
        insert_chosen(app, choices);
        return;
    }
    let typed: String = line
        .input
        .value()
        .chars()
        .take(line.input.cursor())
        .collect();
    let (from, words) = completion::candidates(app, &typed);
    let to = typed.chars().count();
    match words.as_slice() {
        [] => {
            feedback::refresh(app);
            if let Overlay::Prompt(line) = &mut app.overlay
                && matches!(line.feedback, Feedback::Nothing | Feedback::Hint(_))
            {
                line.feedback = Feedback::Hint("nothing here begins like that".to_owned());
            }
        }
        [_] => {
            let choices = Choices {
                from,
                to,
                words,
                chosen: Some(0),
            };
            insert_chosen(app, choices);
            feedback::refresh(app);
        }
        _ => {
            let shared = shared_start(&words).unwrap_or_default();
            let word: String = typed.chars().skip(from).collect();
            let is_longer = shared.len() > word.len() && shared.starts_with(&word);
            if is_longer {
                replace(app, from, to, &shared);
            }
            let to = if is_longer {
                from + shared.chars().count()
            } else {
                to
            };
            let choices = Choices {
                from,
                to,
                words,
                chosen: None,
            };
            show(app, choices);
        }
    }
}

fn next(choices: &Choices, is_forward: bool) -> Choices {
    let len = choices.words.len().max(1);
    let chosen = match (choices.chosen, is_forward) {
        (None, true) => 0,
        (None, false) => len - 1,
        (Some(at), true) => (at + 1) % len,
        (Some(at), false) => (at + len - 1) % len,
    };
    Choices {
        chosen: Some(chosen),
        ..choices.clone()
    }
}

/// Puts the chosen word into the line.
fn insert_chosen(app: &mut App, choices: Choices) {
    let Some(word) = choices.chosen.and_then(|at| choices.words.get(at)).cloned() else {
        return;
    };
    replace(app, choices.from, choices.to, &word);
    let to = choices.from + word.chars().count();
    show(app, Choices { to, ..choices });
}

fn show(app: &mut App, choices: Choices) {
    if let Overlay::Prompt(line) = &mut app.overlay {
        line.feedback = Feedback::Choices(choices);
    }
}

/// Replaces the characters from `from` to `to` of the line with `word`.
fn replace(app: &mut App, from: usize, to: usize, word: &str) {
    let Overlay::Prompt(line) = &mut app.overlay else {
        return;
    };
    let mut value: String = line.input.value().chars().take(from).collect();
    value.push_str(word);
    let cursor = value.chars().count();
    value.extend(line.input.value().chars().skip(to));
    line.input = Input::new(value).with_cursor(cursor);
}
