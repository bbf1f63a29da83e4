//! The overview of a module for someone who has just opened it: its exports and imports with their
//! types and likely purpose, what to type first, and the blocks that its allocator has given out. Plain
//! lines, which `ui` lays out.

use crate::app::{Action, App};
use crate::safe;
use crate::text::{self, count};
use crate::timeline::GuestFacts;
use crate::wasm_types::{ExternType, memory_size};

/// A line of the overview, safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OverviewLine {
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
/// The most characters of a statement.
const MAX_CODE: usize = 200;

/// Returns the overview of the session's module.
pub(crate) fn lines(app: &App) -> Vec<OverviewLine> {
    let families = &app.timeline.guest.abi_hints.families;
    let mut lines = vec![OverviewLine::Prose(started(app))];
    lines.extend(examples(app));
    if !families.is_empty() {
        lines.push(OverviewLine::Blank);
        let sentence = |family: &String| OverviewLine::Prose(format!("It {family}."));
        lines.extend(families.iter().take(3).map(sentence));
    }
    lines.extend(blocks(app));
    lines.extend(exports(&app.timeline.guest));
    lines.extend(imports(&app.timeline.guest));
    lines.extend(undefined(app));
    lines.extend([OverviewLine::Blank, OverviewLine::Prose(recorded(app))]);
    lines
}

/// Returns how much memory the history takes.
fn recorded(app: &App) -> String {
    let taken = match app.timeline.history_bytes() >> 20 {
        0 => "less than 1 MiB".to_owned(),
        mib => text::size(mib << 20),
    };
    format!("All that is recorded takes {taken} of memory; --max-history limits it.")
}

/// Returns what to type first.
fn examples(app: &App) -> Vec<OverviewLine> {
    let examples = &app.timeline.guest.abi_hints.examples;
    if examples.is_empty() {
        return Vec::new();
    }
    let key = app.keys.key_of(Action::OpenPrompt);
    let title = format!("press {key} and type a step, such as");
    let mut lines = vec![OverviewLine::Blank, OverviewLine::Title(title)];
    let code = |step: &String| OverviewLine::Code(safe::cut(step, MAX_CODE));
    lines.extend(examples.iter().map(code));
    lines.push(OverviewLine::Prose(
        "tab completes names. The values are guesses: replace them. save FILE saves your steps."
            .to_owned(),
    ));
    lines
}

/// Returns the blocks of the guest's allocator that are allocated after the current step.
fn blocks(app: &App) -> Vec<OverviewLine> {
    let step = app.moment.step;
    let record = app.timeline.step(step);
    let Some(live) = record.and_then(|record| record.live_blocks.as_ref()) else {
        return Vec::new();
    };
    if live.count == 0 {
        return Vec::new();
    }
    let title = format!(
        "{} allocated after step {step}, {}",
        count(live.count, "block"),
        count(live.bytes, "byte")
    );
    let mut lines = vec![OverviewLine::Blank, OverviewLine::Title(title)];
    lines.extend(live.first.iter().map(|block| OverviewLine::Entry {
        name: format!("{:#x}..{:#x}", block.span.start, block.span.end()),
        ty: count(block.span.len, "byte"),
        note: format!(
            "{}, step {}, by {}",
            block.owner, block.step, block.allocator
        ),
    }));
    let more = live.count.saturating_sub(live.first.len() as u64);
    if more > 0 {
        lines.push(OverviewLine::Prose(format!(
            "and {} more",
            count(more, "block")
        )));
    }
    lines
}

fn exports(guest: &GuestFacts) -> Vec<OverviewLine> {
    let mut lines = vec![OverviewLine::Blank, OverviewLine::Title("exports".into())];
    for (index, export) in guest.exports.iter().enumerate() {
        let note = guest
            .abi_hints
            .exports
            .get(index)
            .cloned()
            .unwrap_or_default();
        let note = if note == export.ty.kind().as_str() {
            String::new()
        } else {
            note
        };
        lines.push(entry(&export.name, &export.ty, note));
    }
    if guest.exports.is_empty() {
        let none = "none: this guest has nothing that a host can call.";
        lines.push(OverviewLine::Prose(none.to_owned()));
    }
    lines
}

fn imports(guest: &GuestFacts) -> Vec<OverviewLine> {
    if guest.imports.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![OverviewLine::Blank, OverviewLine::Title("imports".into())];
    lines.extend(guest.imports.iter().map(|import| {
        let name = format!("{}.{}", import.module, import.name);
        entry(&name, &import.ty, String::new())
    }));
    lines
}

fn entry(name: &str, ty: &ExternType, note: String) -> OverviewLine {
    // The arrow in its type shows that an export is a function.
    let ty = match ty {
        ExternType::Func(ty) => ty.to_string(),
        _ => format!("{} {ty}", ty.kind()),
    };
    OverviewLine::Entry {
        name: safe::cut(name, MAX_CHARS),
        ty: safe::cut(&ty, MAX_CHARS),
        note,
    }
}

/// Returns what has run, and how much memory there is.
fn started(app: &App) -> String {
    let guest = &app.timeline.guest;
    let memory = match &guest.memory {
        Some(memory) => format!("Its memory has {}.", memory_size(memory.pages)),
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
    let undefined = &app.timeline.guest.abi_hints.undefined;
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
            .map(|import| OverviewLine::Code(safe::cut(&import.line, MAX_CODE))),
    );
    lines
}
