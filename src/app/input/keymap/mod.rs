//! Which key means what: one table, from which the keys themselves, the help, the status line, the
//! README's list and the tests for conflicts are made. Adding a key is adding a line here.

mod overrides;

use std::fmt::Write as _;

use crossterm::event::KeyEvent;
use tui_input::InputRequest;

use super::key;
use crate::app::dialogs::lessons;
use crate::app::navigation::time;
use crate::app::{Action, App, Engine};

pub use super::key::parse;
pub use overrides::{Bound, Choice, KeyError, Keymap};

/// What is open, and so what keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    Normal,
    Help,
    Search,
    Save,
    Inputs,
    Sessions,
    Answer,
    Prompt,
    Guest,
}

impl Context {
    pub const ALL: [Context; 9] = [
        Context::Normal,
        Context::Help,
        Context::Search,
        Context::Save,
        Context::Inputs,
        Context::Sessions,
        Context::Answer,
        Context::Prompt,
        Context::Guest,
    ];
}

/// Bindings that help shows together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    Time,
    Panes,
    Bytes,
    Session,
    Program,
    Open,
    Typing,
}

impl Group {
    /// In the order help shows them.
    pub const ALL: [Group; 7] = [
        Group::Time,
        Group::Panes,
        Group::Bytes,
        Group::Session,
        Group::Program,
        Group::Open,
        Group::Typing,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Group::Time => "time",
            Group::Panes => "panes",
            Group::Bytes => "bytes",
            Group::Session => "session",
            Group::Program => "program",
            Group::Open => "in help and lists",
            Group::Typing => "while typing",
        }
    }
}

/// Keys with their meaning.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// As they are written for people; [`key::parse`] reads them.
    pub keys: &'static [&'static str],
    /// For [`Action::Digit`], the digit is that of the key.
    pub action: Action,
    /// Two or three words.
    pub name: &'static str,
    /// One sentence; `{next step}` in it stands for the key of that binding.
    pub description: &'static str,
    pub group: Group,
    pub contexts: &'static [Context],
    /// The key and the word the status line shows, where it shows this binding at all.
    pub status: Option<(&'static str, &'static str)>,
}

const NORMAL: &[Context] = &[Context::Normal];
const EVERYWHERE: &[Context] = &Context::ALL;
const LISTS: &[Context] = &[
    Context::Help,
    Context::Inputs,
    Context::Sessions,
    Context::Guest,
];
const SCROLLED: &[Context] = &[Context::Help, Context::Sessions, Context::Guest];
const TYPING: &[Context] = &[
    Context::Search,
    Context::Save,
    Context::Inputs,
    Context::Answer,
    Context::Prompt,
];
const PROMPT: &[Context] = &[Context::Prompt];
const ANSWERING: &[Context] = &[Context::Answer];

const fn binding(
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    description: &'static str,
    group: Group,
    contexts: &'static [Context],
) -> Binding {
    Binding {
        keys,
        action,
        name,
        description,
        group,
        contexts,
        status: None,
    }
}

const fn normal(
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    description: &'static str,
    group: Group,
) -> Binding {
    binding(keys, action, name, description, group, NORMAL)
}

const fn edit(
    keys: &'static [&'static str],
    request: InputRequest,
    name: &'static str,
    description: &'static str,
) -> Binding {
    binding(
        keys,
        Action::Edit(request),
        name,
        description,
        Group::Typing,
        TYPING,
    )
}

impl Binding {
    /// Puts the binding into the status line.
    const fn shown(mut self, key: &'static str, label: &'static str) -> Self {
        self.status = Some((key, label));
        self
    }
}

/// Every key of the program.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    normal(&["esc"], Action::Escape, "give up",
        "Cancels the running step, a number being typed, or the marks of a search; it never leaves the program.", Group::Session)
        .shown("esc", "cancel"),
    // Learning.
    normal(&["i"], Action::Answer, "answer",
        "Answers the question of the step shown: the next step shows whether it is right.", Group::Session).shown("i", "answer"),
    normal(&["H"], Action::Hint, "hint", "Shows a hint to the question, where there is one.", Group::Session)
        .shown("H", "hint"),
    normal(&["L"], Action::NextLesson, "next lesson", "Opens the lesson behind the one that is open.", Group::Session)
        .shown("L", "lesson"),
    // Time.
    normal(&["→", "l", "space", "enter"], Action::Next, "next step",
        "Goes one step forward in time, in an unfolded step one store; at the last step that has run, runs the next one.",
        Group::Time).shown("space", "next"),
    normal(&["←", "h", "backspace"], Action::Back, "back",
        "Goes one step back in time, in an unfolded step one store; nothing is run again.", Group::Time).shown("←", "back"),
    normal(&["o"], Action::Unfold, "unfold",
        "Unfolds steps into their stores and stands before the first; again, folds them. 400{unfold} goes to store 400.", Group::Time)
        .shown("o", "stores"),
    normal(&["g"], Action::First, "first step", "Goes to step 0, the instantiation.", Group::Time),
    normal(&["G"], Action::Last, "last step",
        "Goes to the last step that has run; pressed there, runs all the others. 12{last step} goes to step 12, running up to it if need be.",
        Group::Time).shown("G", "end"),
    // Exploring: early, so that a narrow status line has room for them.
    binding(&[":"], Action::OpenPrompt, "type a step",
        "Types a step of the steps language and runs it after the step shown; or save FILE, help, guest, q.", Group::Session,
        &[Context::Normal, Context::Guest]).shown(":", "type"),
    normal(&["x"], Action::SwapBranch, "other branch",
        "Shows the next branch: typing a step after going back sets aside what followed.", Group::Session).shown("x", "branch"),
    normal(&["Home"], Action::Start, "first store", "Goes before the first store of an unfolded step; else like {first step}.", Group::Time),
    normal(&["End"], Action::End, "last store", "Goes to the last store of an unfolded step; else like {last step}.", Group::Time),
    normal(&["}"], Action::NextTouch, "next touch",
        "Goes to the next write to the byte under the cursor, in whichever step that is.", Group::Time),
    normal(&["{"], Action::PreviousTouch, "previous touch",
        "Goes to the write to the byte under the cursor before this moment.", Group::Time),
    normal(&["w"], Action::WhoWrote, "who wrote this",
        "Goes to the write that made the byte under the cursor what it is.", Group::Time).shown("w", "who"),
    normal(&["f"], Action::NextFinding, "next finding",
        "Goes to the next finding, in whichever step that is; after the last one, to the first.", Group::Time)
        .shown("f", "findings"),
    normal(&["F"], Action::PreviousFinding, "previous finding", "Goes to the finding before.", Group::Time),
    normal(&["b"], Action::Blamed, "blamed step", "Goes to the step that the finding shown blames.", Group::Time),
    normal(&["0", "7", "8", "9"], Action::Digit(0), "number",
        "Digits before {last step} are the number of a step, before {unfold} that of a store. The digits 1 to 6 count too.", Group::Time),
    // Panes.
    normal(&["tab"], Action::NextPane, "next pane", "Goes to the next pane.", Group::Panes).shown("tab", "pane"),
    normal(&["shift-tab"], Action::PreviousPane, "previous pane", "Goes to the previous pane.", Group::Panes),
    normal(&["1", "2", "3", "4", "5", "6"], Action::Digit(0), "pane",
        "Goes to a pane: 1 steps, 2 memory, 3 what happened, 4 the byte under the cursor, 5 the source, 6 the guest.",
        Group::Panes),
    normal(&["j", "↓"], Action::Down, "down",
        "Goes down in the pane: to the next step or store that has run, a row of bytes, or a line.", Group::Panes),
    normal(&["k", "↑"], Action::Up, "up",
        "Goes up in the pane: to the step or store before, a row of bytes, or a line.", Group::Panes),
    normal(&["PgDn"], Action::PageDown, "page down",
        "Goes a page down in the pane: among the steps, ten of them or a page of stores forward in time.", Group::Panes),
    normal(&["PgUp"], Action::PageUp, "page up",
        "Goes a page up in the pane: among the steps, ten of them or a page of stores back in time.", Group::Panes),
    // Bytes.
    normal(&[",", "shift-←"], Action::ByteLeft, "byte left", "Moves the byte cursor one byte to the left.", Group::Bytes),
    normal(&[".", "shift-→"], Action::ByteRight, "byte right", "Moves the byte cursor one byte to the right.", Group::Bytes),
    normal(&["shift-↑"], Action::RowUp, "row up", "Moves the byte cursor one row up, whichever pane has the focus.", Group::Bytes),
    normal(&["shift-↓"], Action::RowDown, "row down",
        "Moves the byte cursor one row down, whichever pane has the focus.", Group::Bytes),
    normal(&["]"], Action::NextChange, "next change",
        "Goes to the next bytes this step changed; with cumulative marks, to the next changed since the start.", Group::Bytes)
        .shown("]", "change"),
    normal(&["["], Action::PreviousChange, "previous change", "Goes to the previous changed bytes.", Group::Bytes),
    normal(&["r"], Action::FollowPointer, "follow pointer",
        "Takes the bytes under the cursor as a pointer and goes where it points.", Group::Bytes),
    normal(&["a"], Action::Focus, "about", "Goes back to the bytes this step is about.", Group::Bytes),
    normal(&["/"], Action::OpenSearch, "find",
        "Finds text, bytes (hex\"ff fe\" or ff fe), or goes to an address: @0x400, @ptr+12, @buffer, @.rodata, @stack, @heap.", Group::Bytes)
        .shown("/", "find"),
    normal(&["n"], Action::FindNext, "find next", "Goes to the next place found.", Group::Bytes).shown("n", "next found"),
    normal(&["N"], Action::FindPrevious, "find previous", "Goes to the previous place found.", Group::Bytes),
    normal(&["y"], Action::CopyRow, "copy row", "Copies the row of bytes under the cursor as a hex dump.", Group::Bytes),
    normal(&["Y"], Action::CopyView, "copy rows", "Copies all rows of memory shown as a hex dump.", Group::Bytes),
    normal(&["c"], Action::Cumulative, "cumulative marks",
        "Marks every byte changed since the start, not only those this step changed; again to go back.", Group::Bytes),
    // Session.
    normal(&["e"], Action::EditInputs, "edit inputs",
        "Edits the session's inputs and runs it again up to the step shown.", Group::Session).shown("e", "edit"),
    normal(&["p"], Action::ChooseSession, "choose session", "Opens the list of sessions and lessons to choose from.", Group::Session)
        .shown("p", "sessions"),
    normal(&["m"], Action::Overview, "module", "Shows what the guest exports and imports, and what to type first.",
        Group::Session).shown("m", "module"),
    normal(&["s"], Action::Save, "save",
        "Saves the moment shown to a file: .svg a picture, .html a page, .md a report, .txt or .json a transcript.", Group::Session)
        .shown("s", "save"),
    // Program.
    normal(&["M"], Action::Mouse, "mouse",
        "Turns the mouse on or off; off, the terminal selects text with it as usual.", Group::Program),
    binding(&["ctrl-c"], Action::Interrupt, "interrupt",
        "Cancels the running step; when nothing runs, or the step does not stop, leaves the program. In the line of {type a step} it closes that.", Group::Program, EVERYWHERE),
    binding(&["ctrl-z"], Action::Suspend, "suspend", "Suspends the program; fg brings it back.", Group::Program, EVERYWHERE),
    binding(&["ctrl-l"], Action::Redraw, "redraw", "Draws the whole screen again.", Group::Program, EVERYWHERE),
    normal(&["?"], Action::Help, "help", "Shows all keys.", Group::Program).shown("?", "help"),
    normal(&["q"], Action::Quit, "quit", "Leaves the program.", Group::Program).shown("q", "quit"),
    normal(&["Q"], Action::QuitKeepFrame, "quit, keep screen",
        "Leaves the program and leaves the last screen in the terminal.", Group::Program),
    // Help, inputs and sessions.
    binding(&["enter", "space"], Action::Confirm, "open", "Opens the chosen session.", Group::Open, &[Context::Sessions])
        .shown("enter", "open"),
    binding(&["enter"], Action::Confirm, "find", "Finds what was typed, from the cursor on.", Group::Typing, &[Context::Search])
        .shown("enter", "find"),
    binding(&["enter"], Action::Confirm, "save", "Saves the file; over one that is there only when pressed again.",
        Group::Typing, &[Context::Save]).shown("enter", "save"),
    binding(&["tab"], Action::CompleteName, "complete",
        "Completes a name behind @, and lists the names that fit.", Group::Typing, &[Context::Search]).shown("tab", "name"),
    binding(&["enter"], Action::Confirm, "run again", "Runs the session again with these inputs.", Group::Typing,
        &[Context::Inputs]).shown("enter", "run again"),
    binding(&["enter"], Action::Confirm, "answer",
        "Takes the answer and runs the next step; without an answer, just runs it.", Group::Typing, ANSWERING)
        .shown("enter", "answer"),
    binding(&["tab"], Action::Hint, "hint", "Shows a hint to the question.", Group::Typing, ANSWERING)
        .shown("tab", "hint"),
    binding(&["↓"], Action::Down, "down", "Goes down in what happened.", Group::Typing, ANSWERING),
    binding(&["↑"], Action::Up, "up", "Goes up in what happened.", Group::Typing, ANSWERING),
    binding(&["enter"], Action::Confirm, "run", "Runs the step that was typed.", Group::Typing, PROMPT).shown("enter", "run"),
    binding(&["tab"], Action::Complete, "complete", "Completes the word, and goes on to the next choice.", Group::Typing,
        PROMPT).shown("tab", "complete"),
    binding(&["shift-tab"], Action::CompleteBack, "complete back", "Goes back to the choice before.", Group::Typing, PROMPT),
    binding(&["↑", "ctrl-p"], Action::Older, "older line", "Shows the line typed before.", Group::Typing, PROMPT)
        .shown("↑", "history"),
    binding(&["↓", "ctrl-n"], Action::Newer, "newer line", "Shows the line typed after.", Group::Typing, PROMPT),
    binding(&["tab"], Action::Down, "next", "Goes to the next input or line.", Group::Open, LISTS),
    binding(&["↓"], Action::Down, "next", "Goes to the next input or line.", Group::Open, LISTS).shown("↓", "next"),
    binding(&["shift-tab", "↑"], Action::Up, "previous", "Goes to the previous input or line.", Group::Open, LISTS),
    binding(&["j"], Action::Down, "next", "Goes to the next line.", Group::Open, SCROLLED),
    binding(&["k"], Action::Up, "previous", "Goes to the previous line.", Group::Open, SCROLLED),
    binding(&["PgDn"], Action::PageDown, "page down", "Goes a page down.", Group::Open, SCROLLED),
    binding(&["PgUp"], Action::PageUp, "page up", "Goes a page up.", Group::Open, SCROLLED),
    binding(&["g", "Home"], Action::First, "first", "Goes to the first line.", Group::Open, SCROLLED),
    binding(&["G", "End"], Action::Last, "last", "Goes to the last line.", Group::Open, SCROLLED),
    binding(&["esc", "q", "?"], Action::Close, "close", "Closes the help.", Group::Open, &[Context::Help]).shown("esc", "close"),
    binding(&["esc", "q", "p"], Action::Close, "close", "Closes the list.", Group::Open, &[Context::Sessions])
        .shown("esc", "close"),
    binding(&["esc", "q", "m", "enter", "space"], Action::Close, "close", "Closes what is said of the guest.", Group::Open,
        &[Context::Guest]).shown("esc", "close"),
    binding(&["esc"], Action::Close, "close", "Closes the line without doing anything.", Group::Typing, TYPING)
        .shown("esc", "close"),
    // The line being typed.
    edit(&["←"], InputRequest::GoToPrevChar, "left", "Goes one character to the left."),
    edit(&["→"], InputRequest::GoToNextChar, "right", "Goes one character to the right."),
    edit(&["ctrl-←", "alt-b"], InputRequest::GoToPrevWord, "word left", "Goes one word to the left."),
    edit(&["ctrl-→", "alt-f"], InputRequest::GoToNextWord, "word right", "Goes one word to the right."),
    edit(&["Home", "ctrl-a"], InputRequest::GoToStart, "start", "Goes to the start of the line."),
    edit(&["End", "ctrl-e"], InputRequest::GoToEnd, "end", "Goes to the end of the line."),
    edit(&["backspace", "ctrl-h"], InputRequest::DeletePrevChar, "delete left", "Deletes the character before the cursor."),
    edit(&["del", "ctrl-d"], InputRequest::DeleteNextChar, "delete", "Deletes the character under the cursor."),
    edit(&["ctrl-w"], InputRequest::DeletePrevWord, "delete word", "Deletes the word before the cursor."),
    edit(&["ctrl-u"], InputRequest::DeleteFromStart, "delete to start", "Deletes everything before the cursor."),
    edit(&["ctrl-k"], InputRequest::DeleteTillEnd, "delete to end", "Deletes everything from the cursor on."),
    edit(&["ctrl-y"], InputRequest::Yank, "put back", "Puts back what was deleted last."),
];

/// What a key means in a context by the table as it stands here; `None` where it means nothing, or
/// is let go.
pub fn lookup(context: Context, event: KeyEvent) -> Option<Action> {
    Keymap::default().lookup(context, event)
}

/// The groups in the order help shows them, each with its bindings.
pub fn groups() -> impl Iterator<Item = (Group, Vec<&'static Binding>)> {
    Group::ALL.into_iter().map(|group| {
        (
            group,
            BINDINGS.iter().filter(|b| b.group == group).collect(),
        )
    })
}

/// The keys that apply now with a word each, in the table's order.
pub fn status_keys(app: &App) -> Vec<(&str, &'static str)> {
    let context = app.context();
    let is_shown = |b: &Binding| {
        b.contexts.contains(&context) && (context != Context::Normal || applies(app, b.action))
    };
    let bindings = app
        .keys
        .bindings()
        .iter()
        .filter(|bound| is_shown(bound.binding));
    bindings
        .filter_map(|bound| app.keys.status_key(bound))
        .collect()
}

fn applies(app: &App, action: Action) -> bool {
    let ran = app.timeline.steps().len();
    let step = app.moment.step;
    let len = app.record().map_or(0, |r| r.events.len());
    match action {
        Action::Next => {
            step.saturating_add(1) < ran
                || app.engine == Engine::Ready
                || app.position().is_some_and(|at| at < len)
        }
        Action::Back => ran > 0 && (step > 0 || app.position().is_some_and(|at| at > 0)),
        Action::Unfold => app.is_unfolded() || app.record().is_some_and(time::has_events),
        Action::NextFinding => app
            .timeline
            .steps()
            .iter()
            .any(|step| !step.findings.is_empty()),
        Action::WhoWrote => !app.writers().is_empty(),
        Action::Last => step.saturating_add(1) < ran || app.engine == Engine::Ready,
        Action::Escape => {
            app.count.is_some()
                || matches!(
                    app.engine,
                    Engine::Running {
                        cancelling: false,
                        ..
                    } | Engine::Replaying {
                        cancelling: false,
                        ..
                    }
                )
        }
        Action::NextPane => !app.timeline.planned.is_empty(),
        Action::OpenSearch => !app.memory().is_empty(),
        Action::NextChange => app.cumulative || app.record().is_some_and(|r| !r.changes.is_empty()),
        Action::FindNext => app.search.is_some(),
        Action::Save => app.record().is_some(),
        Action::EditInputs => !app.timeline.inputs.is_empty(),
        Action::ChooseSession => app.choices() > 0,
        Action::Answer => lessons::open_question(app).is_some(),
        Action::Hint => app.course.hints(app.moment.step) < lessons::hints_here(app),
        Action::NextLesson => app.course.next().is_some() && lessons::is_at_end(app),
        Action::OpenPrompt => ran > 0,
        Action::SwapBranch => app.branches.set_aside() > 0,
        // For those who explore: who has a script follows it.
        Action::Overview => {
            ran > 0
                && app
                    .timeline
                    .planned
                    .iter()
                    .all(|planned| planned.line.is_none())
        }
        _ => true,
    }
}

/// The whole table as Markdown, for the README.
pub fn markdown_table() -> String {
    let mut out = String::from("| keys | what they do |\n| --- | --- |\n");
    let keymap = Keymap::default();
    for group in Group::ALL {
        let _ = writeln!(out, "| **{}** | |", group.title());
        for bound in keymap
            .bindings()
            .iter()
            .filter(|bound| bound.binding.group == group)
        {
            let keys: Vec<String> = bound.keys.iter().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(
                out,
                "| {} | {} |",
                keys.join(" "),
                bound.described(&keymap).replace('|', "\\|")
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEventKind;
    use std::collections::HashSet;

    #[test]
    fn every_key_is_a_key_and_means_one_thing_in_each_context() {
        let mut taken = HashSet::new();
        for binding in BINDINGS {
            assert!(
                !binding.keys.is_empty() && !binding.contexts.is_empty(),
                "{} cannot be reached",
                binding.name
            );
            for key in binding.keys {
                let event = key::parse(key).unwrap_or_else(|| panic!("{key} is no key"));
                for context in binding.contexts {
                    assert!(
                        taken.insert((*context, event)),
                        "{key} is bound twice in {context:?}"
                    );
                    let found = lookup(*context, event).unwrap();
                    assert_eq!(
                        std::mem::discriminant(&found),
                        std::mem::discriminant(&binding.action),
                        "{key}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_action_is_bound_and_documented() {
        let source = include_str!("../../action.rs");
        let body = source.split("pub enum Action {").nth(1).unwrap();
        let variants = body
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with(char::is_uppercase));
        let bound: HashSet<String> = BINDINGS
            .iter()
            .map(|b| {
                format!("{:?}", b.action)
                    .split('(')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        let mut count = 0;
        for variant in variants {
            let name = variant.trim_end_matches(',').split('(').next().unwrap();
            assert!(bound.contains(name), "{name} has no key");
            count += 1;
        }
        assert_eq!(count, bound.len());
        for binding in BINDINGS {
            assert!(
                binding.description.ends_with('.') && !binding.name.is_empty(),
                "{:?}",
                binding.keys
            );
        }
    }

    #[test]
    fn the_status_line_names_keys_of_the_binding() {
        for binding in BINDINGS {
            if let Some((key, label)) = binding.status {
                assert!(
                    binding.keys.contains(&key) && label.len() <= 10,
                    "{key} {label}"
                );
            }
        }
    }

    #[test]
    fn digits_carry_themselves_and_letters_are_typed() {
        let press = |key| lookup(Context::Normal, key::parse(key).unwrap());
        assert_eq!(press("3"), Some(Action::Digit(3)));
        assert_eq!(press("0"), Some(Action::Digit(0)));
        for letter in ["q", "3", "space", "?", "p"] {
            assert_eq!(
                lookup(Context::Search, key::parse(letter).unwrap()),
                None,
                "{letter}"
            );
        }
        let mut released = key::parse("q").unwrap();
        released.kind = KeyEventKind::Release;
        assert_eq!(lookup(Context::Normal, released), None);
    }

    #[test]
    fn the_readme_lists_every_key() {
        let table = markdown_table();
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(table.contains(&format!("`{key}`")), "{key}");
            }
        }
        assert!(!table.contains("|  |"), "a sentence is missing: {table}");
        assert_eq!(table.lines().count(), 2 + BINDINGS.len() + Group::ALL.len());
        assert_eq!(
            groups().map(|(_, b)| b.len()).sum::<usize>(),
            BINDINGS.len()
        );
    }
}
