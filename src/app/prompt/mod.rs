//! The line of `:`: a statement of the steps language, or a command about the session as a whole.
//!
//! Owns the line, the feedback to it, its history, and the lines that wait for a running step. A
//! statement is parsed here once and travels to the session parsed. Knows how to run one
//! (`execution`) and nothing of the other dialogs.

mod check;
mod command;
pub mod completion;
mod exports;
pub mod feedback;
pub mod history;
mod known_names;
pub mod line_editor;
pub mod queue;
mod record_fields;
pub mod state;
pub mod tab_key;
mod view;

use tui_input::Input;

use super::execution::run;
use super::execution::state::SessionState;
use super::message::SaveSteps;
use super::{App, Effect, Overlay};
use crate::safe;
use crate::script;
use check::Parsed;
use command::Command;
pub use state::{Choices, Feedback, Mistake, Prompt};

/// The most pasted lines that wait for the first one.
const MAX_PASTED: usize = 1000;

/// Opens the line, empty.
pub(super) fn open(app: &mut App) {
    app.overlay = Overlay::Prompt(Prompt::default());
    feedback::refresh(app);
}

/// Opens the line with one that could not run, and why.
pub(super) fn reopen(app: &mut App, line: &str, mistake: Mistake) {
    let prompt = Prompt {
        input: Input::new(line.to_owned()),
        feedback: Feedback::Mistake(mistake),
        ..Prompt::default()
    };
    app.overlay = Overlay::Prompt(prompt);
}

/// Runs the line. One with a mistake stays open.
pub(super) fn confirm(app: &mut App) -> Vec<Effect> {
    let Overlay::Prompt(prompt) = &app.overlay else {
        return Vec::new();
    };
    let line = prompt.input.value().trim().to_owned();
    if line.is_empty() {
        app.overlay = Overlay::None;
        return Vec::new();
    }
    match check::parse(app, &line) {
        Parsed::Command(Ok(command)) => {
            let remember = history::remember(app, &line);
            let effect = run_command(app, &line, command);
            remember.into_iter().chain(effect).collect()
        }
        Parsed::Command(Err(mistake)) => refuse(app, mistake),
        Parsed::Setup(Ok(statement)) => {
            let remember = accept(app, &line);
            let effect = run::run_with_setup(app, statement);
            remember.into_iter().chain(effect).collect()
        }
        Parsed::Setup(Err(errors)) => refuse(app, Mistake::first(&line, &errors)),
        Parsed::Step(_) if app.session.is_running() || app.session.is_opening() => {
            queue::push(app, line.clone());
            accept(app, &line).into_iter().collect()
        }
        Parsed::Step(parsed) => match check::check(app, &line, parsed) {
            Ok(statement) => {
                let remember = accept(app, &line);
                let effect = run_at_rest(app, statement);
                remember.into_iter().chain(effect).collect()
            }
            Err(mistake) => refuse(app, mistake),
        },
    }
}

/// Closes the line, remembers it, and queues the lines pasted after it.
fn accept(app: &mut App, line: &str) -> Option<Effect> {
    let remember = history::remember(app, line);
    if let Overlay::Prompt(prompt) = std::mem::replace(&mut app.overlay, Overlay::None) {
        app.queue.extend(prompt.rest);
    }
    remember
}

fn run_at_rest(app: &mut App, statement: script::ast::Statement) -> Option<Effect> {
    if matches!(app.session, SessionState::Broken(_)) {
        if app.timeline.steps().is_empty() {
            run::notify_not_open(app);
            return None;
        }
        app.session = SessionState::at_rest(&app.timeline);
    }
    run::run_typed(app, statement)
}

fn refuse(app: &mut App, mistake: Mistake) -> Vec<Effect> {
    if let Overlay::Prompt(prompt) = &mut app.overlay {
        prompt.feedback = Feedback::Mistake(mistake);
    }
    Vec::new()
}

fn run_command(app: &mut App, line: &str, command: Command) -> Option<Effect> {
    app.overlay = Overlay::None;
    match command {
        Command::Help => app.overlay = Overlay::Help { scroll: 0 },
        Command::Guest => app.overlay = Overlay::Guest { scroll: 0 },
        Command::Quit => return Some(Effect::Quit { keep_frame: false }),
        Command::View { address, ty } => {
            if let Err(message) = view::add(app, &address, &ty) {
                reopen(app, line, Mistake::whole(line, message));
            }
        }
        Command::Save { path, .. } if path.is_empty() => {
            let message = "`save` needs a file's name: save steps.steps".to_owned();
            reopen(app, line, Mistake::whole(line, message));
        }
        Command::Save { path, replace } => {
            return Some(Effect::SaveSteps(Box::new(steps_to_save(
                app, path, replace,
            ))));
        }
    }
    None
}

/// Returns the branch shown as a session to save.
fn steps_to_save(app: &App, path: String, replace: bool) -> SaveSteps {
    let inputs = app.timeline.inputs.iter();
    let steps = app.timeline.planned.iter().skip(1);
    SaveSteps {
        path,
        replace,
        inputs: inputs
            .map(|input| (input.name.clone(), input.value.clone()))
            .collect(),
        setup: app.setup.clone(),
        steps: steps
            .map(|step| (step.text.clone(), step.narration.clone()))
            .collect(),
    }
}

/// Inserts pasted text into the line. Of several lines the first is inserted, and the others run
/// after it.
pub(super) fn paste(app: &mut App, text: &str) {
    let Overlay::Prompt(prompt) = &mut app.overlay else {
        return;
    };
    let printable = |line: &str| -> String {
        line.chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !safe::is_unsafe(*c))
            .collect()
    };
    // A single line is inserted as it is: it may be a part of a statement.
    if !text.trim_end().contains(['\n', '\r']) {
        let line = printable(text.trim_end_matches(['\r', '\n']));
        line_editor::insert_into(&mut prompt.input, &line);
    } else {
        let mut lines = script::statements_in(text).into_iter();
        let first = printable(&lines.next().unwrap_or_default());
        line_editor::insert_into(&mut prompt.input, &first);
        prompt.rest.extend(lines.map(|line| printable(&line)));
        prompt.rest.truncate(MAX_PASTED);
    }
    feedback::refresh(app);
}
