//! The keys that edit the line being typed.

use tui_input::InputRequest;

use super::edit;
use crate::app::input::keymap::Binding;

pub(super) const BINDINGS: &[Binding] = &[
    edit(&["←"], InputRequest::GoToPrevChar, "left").describe("Goes one character to the left."),
    edit(&["→"], InputRequest::GoToNextChar, "right").describe("Goes one character to the right."),
    edit(
        &["ctrl-←", "alt-b"],
        InputRequest::GoToPrevWord,
        "word left",
    )
    .describe("Goes one word to the left."),
    edit(
        &["ctrl-→", "alt-f"],
        InputRequest::GoToNextWord,
        "word right",
    )
    .describe("Goes one word to the right."),
    edit(&["Home", "ctrl-a"], InputRequest::GoToStart, "start")
        .describe("Goes to the start of the line."),
    edit(&["End", "ctrl-e"], InputRequest::GoToEnd, "end").describe("Goes to the end of the line."),
    edit(
        &["backspace", "ctrl-h"],
        InputRequest::DeletePrevChar,
        "delete left",
    )
    .describe("Deletes the character before the cursor."),
    edit(&["del", "ctrl-d"], InputRequest::DeleteNextChar, "delete")
        .describe("Deletes the character under the cursor."),
    edit(&["ctrl-w"], InputRequest::DeletePrevWord, "delete word")
        .describe("Deletes the word before the cursor."),
    edit(
        &["ctrl-u"],
        InputRequest::DeleteFromStart,
        "delete to start",
    )
    .describe("Deletes everything before the cursor."),
    edit(&["ctrl-k"], InputRequest::DeleteTillEnd, "delete to end")
        .describe("Deletes everything from the cursor to the end."),
    edit(&["ctrl-y"], InputRequest::Yank, "put back")
        .describe("Inserts the text that was deleted last."),
];
