//! The keys of what is open over the panes: help, lists, questions and lines for typing.

use super::{ANSWERING, LISTS, PROMPT, SCROLLED, TYPING, binding};
use crate::app::Action;
use crate::app::input::keymap::{Binding, Context, Group};

pub(super) const BINDINGS: &[Binding] = &[
    binding(
        &["enter", "space"],
        Action::Confirm,
        "open",
        Group::Open,
        &[Context::Sessions],
    )
    .status("enter", "open")
    .describe("Opens the chosen session."),
    binding(
        &["enter"],
        Action::Confirm,
        "find",
        Group::Typing,
        &[Context::Search],
    )
    .status("enter", "find")
    .describe("Searches forward from the cursor."),
    binding(
        &["enter"],
        Action::Confirm,
        "save",
        Group::Typing,
        &[Context::Save],
    )
    .status("enter", "save")
    .describe("Saves the file; pressed again, replaces one that exists."),
    binding(
        &["tab"],
        Action::CompleteName,
        "complete",
        Group::Typing,
        &[Context::Search],
    )
    .status("tab", "name")
    .describe("Completes a name after @ and lists the names that match."),
    binding(
        &["enter"],
        Action::Confirm,
        "run again",
        Group::Typing,
        &[Context::Inputs],
    )
    .status("enter", "run again")
    .describe("Runs the session again with these inputs."),
    binding(
        &["enter"],
        Action::Confirm,
        "answer",
        Group::Typing,
        ANSWERING,
    )
    .status("enter", "answer")
    .describe("Takes the answer; an empty line goes on without one."),
    binding(&["tab"], Action::Hint, "hint", Group::Typing, ANSWERING)
        .status("tab", "hint")
        .describe("Shows a hint to the question."),
    binding(&["↓"], Action::Down, "down", Group::Typing, ANSWERING)
        .describe("Scrolls what happened down."),
    binding(&["↑"], Action::Up, "up", Group::Typing, ANSWERING)
        .describe("Scrolls what happened up."),
    binding(&["enter"], Action::Confirm, "run", Group::Typing, PROMPT)
        .status("enter", "run")
        .describe("Runs the step that was typed."),
    binding(
        &["tab"],
        Action::Complete,
        "complete",
        Group::Typing,
        PROMPT,
    )
    .status("tab", "complete")
    .describe("Completes the word; pressed again, takes the next choice."),
    binding(
        &["shift-tab"],
        Action::CompleteBack,
        "complete back",
        Group::Typing,
        PROMPT,
    )
    .describe("Takes the previous choice."),
    binding(
        &["↑", "ctrl-p"],
        Action::Older,
        "older line",
        Group::Typing,
        PROMPT,
    )
    .status("↑", "history")
    .describe("Shows the previous line of the history."),
    binding(
        &["↓", "ctrl-n"],
        Action::Newer,
        "newer line",
        Group::Typing,
        PROMPT,
    )
    .describe("Shows the next line of the history."),
    binding(&["tab"], Action::Down, "next", Group::Open, LISTS)
        .describe("Goes to the next input or line."),
    binding(&["↓"], Action::Down, "next", Group::Open, LISTS)
        .status("↓", "next")
        .describe("Goes to the next input or line."),
    binding(
        &["shift-tab", "↑"],
        Action::Up,
        "previous",
        Group::Open,
        LISTS,
    )
    .describe("Goes to the previous input or line."),
    binding(&["j"], Action::Down, "next", Group::Open, SCROLLED).describe("Goes to the next line."),
    binding(&["k"], Action::Up, "previous", Group::Open, SCROLLED)
        .describe("Goes to the previous line."),
    binding(
        &["PgDn"],
        Action::PageDown,
        "page down",
        Group::Open,
        SCROLLED,
    )
    .describe("Goes a page down."),
    binding(&["PgUp"], Action::PageUp, "page up", Group::Open, SCROLLED)
        .describe("Goes a page up."),
    binding(
        &["g", "Home"],
        Action::First,
        "first",
        Group::Open,
        SCROLLED,
    )
    .describe("Goes to the first line."),
    binding(&["G", "End"], Action::Last, "last", Group::Open, SCROLLED)
        .describe("Goes to the last line."),
    binding(
        &["esc", "q", "?"],
        Action::Close,
        "close",
        Group::Open,
        &[Context::Help],
    )
    .status("esc", "close")
    .describe("Closes the help."),
    binding(
        &["esc", "q", "K"],
        Action::Close,
        "close",
        Group::Open,
        &[Context::Glossary],
    )
    .status("esc", "close")
    .describe("Closes the glossary."),
    binding(
        &["esc", "q", "p"],
        Action::Close,
        "close",
        Group::Open,
        &[Context::Sessions],
    )
    .status("esc", "close")
    .describe("Closes the list."),
    binding(
        &["esc", "q", "m", "enter", "space"],
        Action::Close,
        "close",
        Group::Open,
        &[Context::Guest],
    )
    .status("esc", "close")
    .describe("Closes the overview of the guest."),
    binding(
        &["enter", "space"],
        Action::Confirm,
        "go to view",
        Group::Open,
        &[Context::Types],
    )
    .status("enter", "go there")
    .describe("Goes to the chosen view."),
    binding(
        &["d", "del"],
        Action::RemoveView,
        "remove view",
        Group::Open,
        &[Context::Types],
    )
    .status("d", "remove")
    .describe("Removes the chosen view, if it was typed at the screen."),
    binding(
        &["esc", "q", "V"],
        Action::Close,
        "close",
        Group::Open,
        &[Context::Types],
    )
    .status("esc", "close")
    .describe("Closes the list of views and types."),
    binding(&["esc"], Action::Close, "close", Group::Typing, TYPING)
        .status("esc", "close")
        .describe("Closes the line without doing anything."),
];
