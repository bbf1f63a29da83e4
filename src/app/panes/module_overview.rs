//! The overview of a module for someone who has just opened it: its exports and imports with their
//! types and likely purpose, and what to type first. Plain lines, which `ui` lays out.

use crate::app::{Action, App};
use crate::safe;
use crate::timeline::pages_in_words;

/// A line of the overview, safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverviewLine {
    Title(String),
    Prose(String),
    /// A statement that can be typed as it is.
    Code(String),
    /// A name, its type, and a guess about its purpose.
    Entry {
        name: String,
        ty: String,
        note: String,
    },
    Blank,
}

/// The most characters of a name, and of a type.
const MAX_CHARS: usize = 60;

/// Returns the overview of the session's module.
pub fn lines(app: &App) -> Vec<OverviewLine> {
    let guest = &app.timeline.guest;
    let mut lines = Vec::new();
    let prose = |text: &str| OverviewLine::Prose(text.to_owned());
    lines.push(prose(&started(app)));
    let key = app.keys.key_of(Action::OpenPrompt);
    if !guest.looks.examples.is_empty() {
        lines.extend([
            OverviewLine::Blank,
            OverviewLine::Title(format!("press {key} and type a step, such as")),
        ]);
        lines.extend(
            guest
                .looks
                .examples
                .iter()
                .map(|step| OverviewLine::Code(safe::cut(step, 200))),
        );
        lines.push(prose(
            "tab completes names. The values are guesses: replace them. save FILE saves your \
             steps.",
        ));
    }
    if !guest.looks.families.is_empty() {
        lines.push(OverviewLine::Blank);
        lines.extend(
            guest
                .looks
                .families
                .iter()
                .take(3)
                .map(|family| OverviewLine::Prose(format!("It {family}."))),
        );
    }
    lines.extend([OverviewLine::Blank, OverviewLine::Title("exports".into())]);
    for (index, export) in guest.exports.iter().enumerate() {
        let note = guest.looks.exports.get(index).cloned().unwrap_or_default();
        let ty = if export.kind == "func" {
            export.ty.clone()
        } else {
            format!("{} {}", export.kind, export.ty)
        };
        let note = if note == export.kind {
            String::new()
        } else {
            note
        };
        lines.push(OverviewLine::Entry {
            name: safe::cut(&export.name, MAX_CHARS),
            ty: safe::cut(&ty, MAX_CHARS),
            note,
        });
    }
    if guest.exports.is_empty() {
        lines.push(prose("none: this guest has nothing that a host can call."));
    }
    if !guest.imports.is_empty() {
        lines.extend([OverviewLine::Blank, OverviewLine::Title("imports".into())]);
        for import in &guest.imports {
            let name = safe::cut(&format!("{}.{}", import.module, import.name), MAX_CHARS);
            let ty = if import.kind == "func" {
                import.ty.clone()
            } else {
                format!("{} {}", import.kind, import.ty)
            };
            lines.push(OverviewLine::Entry {
                name,
                ty: safe::cut(&ty, MAX_CHARS),
                note: String::new(),
            });
        }
    }
    lines.extend(undefined(app));
    lines
}

/// Returns what has run, and how much memory there is.
fn started(app: &App) -> String {
    let guest = &app.timeline.guest;
    let memory = match &guest.memory {
        Some(memory) => format!("Its memory has {}.", pages_in_words(memory.pages)),
        None => "It has no memory.".to_owned(),
    };
    let ran = match app.timeline.steps().len() {
        0 => "Nothing has run yet.",
        1 => "Step 0 has run: the guest is instantiated. Nothing else runs until you run it.",
        _ => "The guest is instantiated.",
    };
    format!("{ran} {memory}")
}

/// Returns how to define the imports that the script does not define.
fn undefined(app: &App) -> Vec<OverviewLine> {
    let undefined = &app.timeline.guest.looks.undefined;
    if undefined.is_empty() {
        return Vec::new();
    }
    let which = match undefined.len() {
        1 => {
            "One import is not defined: calling it traps. Type this line, with what it must do, to \
             define it:"
        }
        _ => {
            "Some imports are not defined: calling one traps. Type these lines, with what they must \
             do, to define them:"
        }
    };
    let mut lines = vec![OverviewLine::Blank, OverviewLine::Prose(which.to_owned())];
    lines.extend(
        undefined
            .iter()
            .map(|import| OverviewLine::Code(safe::cut(&import.line, 200))),
    );
    lines
}
