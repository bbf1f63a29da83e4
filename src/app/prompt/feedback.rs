//! Feedback to the line of `:` while it is typed: what it does, what is missing, what is wrong.

use super::check::{self, Parsed};
use super::state::{Feedback, Mistake, Prompt};
use super::{command, completion};
use crate::app::execution::run;
use crate::app::{Action, App, Overlay};
use crate::safe;
use crate::script::ScriptErrors;
use crate::script::ast::Statement;

/// Computes the feedback again after the line changed.
pub(super) fn refresh(app: &mut App) {
    let Overlay::Prompt(prompt) = &app.overlay else {
        return;
    };
    let feedback = feedback_to(app, prompt.input.value(), prompt.rest.len());
    if let Overlay::Prompt(prompt) = &mut app.overlay {
        prompt.feedback = feedback;
    }
}

/// Computes a hint again after the session changed; a mistake and choices stay.
pub(in crate::app) fn refresh_hint(app: &mut App) {
    if matches!(
        &app.overlay,
        Overlay::Prompt(Prompt {
            feedback: Feedback::Hint(_) | Feedback::Nothing,
            ..
        })
    ) {
        refresh(app);
    }
}

/// Returns the feedback to `line`, after which `more` pasted lines run.
fn feedback_to(app: &App, line: &str, more: usize) -> Feedback {
    if line.trim().is_empty() {
        return Feedback::Hint(invitation(app));
    }
    match check::parse(app, line) {
        Parsed::Command(Ok(command)) => Feedback::Hint(command::hint(&command).to_owned()),
        Parsed::Command(Err(mistake)) => Feedback::Mistake(mistake),
        Parsed::Setup(Ok(_)) => Feedback::Hint(
            "enter starts the guest again with it, and runs up to the step shown".to_owned(),
        ),
        Parsed::Setup(Err(errors)) => unfinished_or_wrong(app, line, &errors),
        Parsed::Step(parsed) => {
            let statement = parsed.and_then(|statement| {
                check::check_names(app, line, &statement)?;
                Ok(statement)
            });
            match statement {
                Ok(statement) => match check::check_exports(app, line, &statement) {
                    Some(mistake) => Feedback::Mistake(mistake),
                    None => Feedback::Hint(with_pasted(more, where_it_runs(app, &statement))),
                },
                Err(errors) => unfinished_or_wrong(app, line, &errors),
            }
        }
    }
}

/// Returns the first error that typing on cannot correct, or else what the line goes on with.
fn unfinished_or_wrong(app: &App, line: &str, errors: &ScriptErrors) -> Feedback {
    match errors.beyond_unfinished() {
        Some(error) => Feedback::Mistake(Mistake::of(line, error)),
        None => Feedback::Hint(completion::expected(app, line)),
    }
}

fn with_pasted(more: usize, hint: String) -> String {
    match more {
        0 => hint,
        1 => format!("1 more line was pasted: enter runs both. {hint}"),
        _ => format!("{more} more lines were pasted: enter runs all of them. {hint}"),
    }
}

/// Returns what to type into an empty line.
fn invitation(app: &App) -> String {
    let hints = &app.timeline.guest.abi_hints;
    let example = hints.examples.iter().find(|step| step.contains("call "));
    match example {
        Some(step) => format!(
            "a step such as  {}  or a command: save, help, guest, q",
            safe::cut(step, 60)
        ),
        None => {
            "a step such as  write 1024, \"Hello\"  or a command: save, help, guest, q".to_owned()
        }
    }
}

/// Returns where in the session a statement would run.
fn where_it_runs(app: &App, statement: &Statement) -> String {
    let ran = app.timeline.steps().len();
    if app.session.is_running() || app.session.is_opening() {
        return "enter runs it after the running step".to_owned();
    }
    let (shown, swap) = (app.moment.step, app.keys.key_of(Action::SwapBranch));
    let Some(base) = run::base(app, Some(statement)) else {
        return "nothing can be run: the guest was not instantiated".to_owned();
    };
    let next = base.saturating_add(1);
    if next < ran && base < shown {
        format!(
            "enter runs it in the place of step {next}, which did not end in ok; {swap} brings \
             that back"
        )
    } else if next < ran {
        format!(
            "enter runs it after step {base}; what follows becomes a branch, and {swap} brings it \
             back"
        )
    } else if app.timeline.planned.len() > ran {
        format!("enter runs it as step {next}, before the rest of the script")
    } else {
        format!("enter runs it as step {next}")
    }
}
