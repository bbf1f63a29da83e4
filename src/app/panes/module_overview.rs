//! What a guest exports and imports, told to a person who has just opened it: with types, with what
//! each looks like to be for, and with what to type first. Plain lines; how they look is for `ui`.

use crate::app::{Action, App};
use crate::safe;
use crate::timeline::pages_in_words;

/// A line of the overview; everything in it is safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Title(String),
    Prose(String),
    /// A statement that can be typed as it stands.
    Code(String),
    /// A name, its type, and what it looks like.
    Entry {
        name: String,
        ty: String,
        note: String,
    },
    Blank,
}

/// Characters of a name, and of a type.
const LONGEST: usize = 60;

/// The overview of the session's guest.
pub fn lines(app: &App) -> Vec<Line> {
    let guest = &app.timeline.guest;
    let mut lines = Vec::new();
    let prose = |text: &str| Line::Prose(text.to_owned());
    lines.push(prose(&started(app)));
    let key = app.keys.key_of(Action::OpenPrompt);
    if !guest.looks.examples.is_empty() {
        lines.extend([
            Line::Blank,
            Line::Title(format!("press {key} and type a step, such as")),
        ]);
        lines.extend(
            guest
                .looks
                .examples
                .iter()
                .map(|step| Line::Code(safe::cut(step, 200))),
        );
        lines.push(prose(
            "tab completes names. The values are guesses: replace them. save FILE saves your \
             steps.",
        ));
    }
    if !guest.looks.families.is_empty() {
        lines.push(Line::Blank);
        lines.extend(
            guest
                .looks
                .families
                .iter()
                .take(3)
                .map(|family| Line::Prose(format!("It {family}."))),
        );
    }
    lines.extend([Line::Blank, Line::Title("exports".into())]);
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
        lines.push(Line::Entry {
            name: safe::cut(&export.name, LONGEST),
            ty: safe::cut(&ty, LONGEST),
            note,
        });
    }
    if guest.exports.is_empty() {
        lines.push(prose("none: this guest has nothing that a host can call."));
    }
    if !guest.imports.is_empty() {
        lines.extend([Line::Blank, Line::Title("imports".into())]);
        for import in &guest.imports {
            let name = safe::cut(&format!("{}.{}", import.module, import.name), LONGEST);
            let ty = if import.kind == "func" {
                import.ty.clone()
            } else {
                format!("{} {}", import.kind, import.ty)
            };
            lines.push(Line::Entry {
                name,
                ty: safe::cut(&ty, LONGEST),
                note: String::new(),
            });
        }
    }
    lines.extend(undefined(app));
    lines
}

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

/// What to do about imports that nobody defines.
fn undefined(app: &App) -> Vec<Line> {
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
    let mut lines = vec![Line::Blank, Line::Prose(which.to_owned())];
    lines.extend(
        undefined
            .iter()
            .map(|import| Line::Code(safe::cut(&import.line, 200))),
    );
    lines
}
