//! The keys where nothing is open over the panes, and those that hold everywhere.

use super::{EVERYWHERE, FIELDS, binding, normal};
use crate::app::Action;
use crate::app::input::keymap::{Binding, Context, Group};

pub(super) const BINDINGS: &[Binding] = &[
    normal(&["esc"], Action::Escape, "give up", Group::Session)
        .status("esc", "cancel")
        .describe(
            "Cancels the running step, a number being typed, or the marks of a search; it never \
             leaves the program.",
        ),
    // Learning.
    normal(&["i"], Action::Answer, "answer", Group::Session)
        .status("i", "answer")
        .describe(
            "Answers the question of the step shown. At an open question, enter and a digit, letter \
             or quote without another meaning there open the line too.",
        ),
    normal(&["H"], Action::Hint, "hint", Group::Session)
        .status("H", "hint")
        .describe("Shows a hint to the question, where there is one."),
    normal(&["L"], Action::NextLesson, "next lesson", Group::Session)
        .status("L", "lesson")
        .describe("Opens the next lesson; at its start, goes on where a lesson was left."),
    // Time.
    normal(
        &["→", "l", "space", "enter"],
        Action::Next,
        "next step",
        Group::Time,
    )
    .status("space", "next")
    .describe(
        "Goes to the next step, or to the next store if the step is unfolded. After the last \
             step that has run, runs the next one.",
    ),
    binding(&["enter"], Action::Enter, "open field", Group::Bytes, FIELDS)
        .status("enter", "open")
        .describe(
            "In the pane of fields, follows the pointer of the chosen field, or opens its parts.",
        ),
    normal(&["←", "h", "backspace"], Action::Back, "back", Group::Time)
        .status("←", "back")
        .describe(
            "Goes to the step before, or to the store before if the step is unfolded. Runs \
             nothing again.",
        ),
    normal(&["o"], Action::Unfold, "unfold", Group::Time)
        .status("o", "stores")
        .describe(
            "Unfolds steps into their stores and the calls of imports, before the first one; pressed \
             again, folds them. On a call of an import, opens or closes that. 400{unfold} goes to \
             store 400. In the pane of fields, opens or folds the parts of the chosen field; of one \
             without parts, folds what contains it.",
        ),
    normal(&["g"], Action::First, "first step", Group::Time)
        .describe("Goes to step 0, the instantiation."),
    normal(&["G"], Action::Last, "last step", Group::Time)
        .status("G", "end")
        .describe(
            "Goes to the last step that has run; pressed there, runs the rest. 12{last step} \
             goes to step 12 and runs up to it if needed.",
        ),
    // Exploring: early in the table, so that a narrow status line shows these keys.
    binding(
        &[":"],
        Action::OpenPrompt,
        "type a step",
        Group::Session,
        &[Context::Normal, Context::Guest],
    )
    .status(":", "type")
    .describe(
        "Opens a line for a step, which runs after the step shown, or for a command: save \
             FILE, view ADDRESS as TYPE, help, guest, q.",
    ),
    normal(&["x"], Action::SwapBranch, "other branch", Group::Session)
        .status("x", "branch")
        .describe(
            "Shows the next branch. A step typed after going back keeps what followed as a \
             branch.",
        ),
    normal(&["Home"], Action::Start, "first store", Group::Time)
        .describe("Goes before the first store of an unfolded step; in any other step, does what {first step} does."),
    normal(&["End"], Action::End, "last store", Group::Time)
        .describe("Goes to the last store of an unfolded step; in any other step, does what {last step} does."),
    normal(&["}"], Action::NextTouch, "next touch", Group::Time)
        .describe(
            "Goes to the next write to the byte under the cursor, or to the chosen field, in any \
             step.",
        ),
    normal(&["{"], Action::PreviousTouch, "previous touch", Group::Time)
        .describe("Goes to the previous write to the byte under the cursor, or to the chosen field."),
    normal(&["w"], Action::WhoWrote, "who wrote this", Group::Time)
        .status("w", "who")
        .describe(
            "Goes to the last write to the byte under the cursor or, in the pane of fields, to the \
             chosen field.",
        ),
    normal(&["f"], Action::NextFinding, "next finding", Group::Time)
        .status("f", "findings")
        .describe("Goes to the next finding in any step; after the last one, to the first."),
    normal(
        &["F"],
        Action::PreviousFinding,
        "previous finding",
        Group::Time,
    )
    .describe("Goes to the previous finding."),
    normal(&["b"], Action::Blamed, "blamed step", Group::Time)
        .describe("Goes to the step that the finding shown blames."),
    normal(
        &["0", "8", "9"],
        Action::Digit(0),
        "number",
        Group::Time,
    )
    .describe(
        "Digits before {last step} are the number of a step, before {unfold} that of a \
             store. The digits 1 to 7 count too.",
    ),
    // Panes.
    normal(&["tab"], Action::NextPane, "next pane", Group::Panes)
        .status("tab", "pane")
        .describe("Goes to the next pane."),
    normal(
        &["shift-tab"],
        Action::PreviousPane,
        "previous pane",
        Group::Panes,
    )
    .describe("Goes to the previous pane."),
    normal(
        &["1", "2", "3", "4", "5", "6", "7"],
        Action::Digit(0),
        "pane",
        Group::Panes,
    )
    .describe(
        "Goes to a pane: 1 steps, 2 memory, 3 what happened, 4 the byte under the cursor, 5 \
             the source, 6 the guest, 7 the fields of views.",
    ),
    normal(&["j", "↓"], Action::Down, "down", Group::Panes).describe(
        "Goes down in the pane: to the next step or store that has run, a row of bytes, or a \
             line.",
    ),
    normal(&["k", "↑"], Action::Up, "up", Group::Panes)
        .describe("Goes up in the pane: to the step or store before, a row of bytes, or a line."),
    normal(&["PgDn"], Action::PageDown, "page down", Group::Panes).describe(
        "Goes a page down in the pane: among the steps, ten of them or a page of stores \
             forward in time.",
    ),
    normal(&["PgUp"], Action::PageUp, "page up", Group::Panes).describe(
        "Goes a page up in the pane: among the steps, ten of them or a page of stores back \
             in time.",
    ),
    // Bytes.
    normal(
        &[",", "shift-←"],
        Action::ByteLeft,
        "byte left",
        Group::Bytes,
    )
    .describe("Moves the byte cursor one byte to the left."),
    normal(
        &[".", "shift-→"],
        Action::ByteRight,
        "byte right",
        Group::Bytes,
    )
    .describe("Moves the byte cursor one byte to the right."),
    normal(&["shift-↑"], Action::RowUp, "row up", Group::Bytes)
        .describe("Moves the byte cursor one row up, in any pane."),
    normal(&["shift-↓"], Action::RowDown, "row down", Group::Bytes)
        .describe("Moves the byte cursor one row down, in any pane."),
    normal(&["]"], Action::NextChange, "next change", Group::Bytes)
        .status("]", "change")
        .describe(
            "Goes to the next bytes this step changed, or that differ from the run before; with \
             cumulative marks, to the next changed since the start.",
        ),
    normal(
        &["["],
        Action::PreviousChange,
        "previous change",
        Group::Bytes,
    )
    .describe("Goes to the previous changed bytes."),
    normal(
        &["r"],
        Action::FollowPointer,
        "follow pointer",
        Group::Bytes,
    )
    .describe("Reads the bytes under the cursor as a pointer and goes to that address."),
    normal(&["V"], Action::Types, "views and types", Group::Bytes)
        .status("V", "views")
        .describe(
            "Lists the views with their addresses, and the types with their layouts. `:view ADDRESS \
             as TYPE` adds a view.",
        ),
    normal(&["a"], Action::Focus, "about", Group::Bytes)
        .describe("Goes back to the bytes this step is about."),
    normal(&["/"], Action::OpenSearch, "find", Group::Bytes)
        .status("/", "find")
        .describe(
            "Finds text, bytes (hex\"ff fe\" or ff fe), or goes to an address: @0x400, @ptr+12, \
             @buffer, @.rodata, @stack, @heap.",
        ),
    normal(&["n"], Action::FindNext, "find next", Group::Bytes)
        .status("n", "next found")
        .describe("Goes to the next match."),
    normal(&["N"], Action::FindPrevious, "find previous", Group::Bytes)
        .describe("Goes to the previous match."),
    normal(&["y"], Action::CopyRow, "copy row", Group::Bytes)
        .describe("Copies the row of bytes under the cursor as a hex dump."),
    normal(&["Y"], Action::CopyView, "copy rows", Group::Bytes)
        .describe("Copies all rows of memory shown as a hex dump."),
    normal(&["c"], Action::Cumulative, "cumulative marks", Group::Bytes).describe(
        "Marks every byte changed since the start; pressed again, only those this step \
             changed.",
    ),
    // Session.
    normal(&["e"], Action::EditInputs, "edit inputs", Group::Session)
        .status("e", "edit")
        .describe("Edits the session's inputs and runs it again up to the step shown."),
    normal(&["R"], Action::Reload, "reload", Group::Session).describe(
            "Loads the session's files again, runs it up to where it was, and marks what differs. \
             Typed steps run again at their place.",
        ),
    normal(
        &["p"],
        Action::ChooseSession,
        "choose session",
        Group::Session,
    )
    .status("p", "sessions")
    .describe("Opens the list of sessions and lessons to choose from."),
    normal(&["m"], Action::Overview, "module", Group::Session)
        .status("m", "module")
        .describe("Shows what the guest exports and imports, and what to type first."),
    normal(&["s"], Action::Save, "save", Group::Session)
        .status("s", "save")
        .describe(
            "Saves the moment shown to a file: .svg a picture, .html a page, .md a report, .txt \
             or .json a transcript.",
        ),
    // Program.
    normal(&["M"], Action::Mouse, "mouse", Group::Program)
        .describe("Turns the mouse on or off. While it is off, the terminal selects text with it."),
    binding(
        &["ctrl-c"],
        Action::Interrupt,
        "interrupt",
        Group::Program,
        EVERYWHERE,
    )
    .describe(
        "Cancels the running step; when nothing runs, or the step does not stop, leaves the \
             program. In the line of {type a step} it closes that.",
    ),
    binding(
        &["ctrl-z"],
        Action::Suspend,
        "suspend",
        Group::Program,
        EVERYWHERE,
    )
    .describe("Suspends the program; fg brings it back."),
    binding(
        &["ctrl-l"],
        Action::Redraw,
        "redraw",
        Group::Program,
        EVERYWHERE,
    )
    .describe("Draws the whole screen again."),
    normal(&["?"], Action::Help, "help", Group::Program)
        .status("?", "help")
        .describe("Shows all keys."),
    normal(&["K"], Action::Glossary, "glossary", Group::Program)
        .describe("Explains the words, and the marks that are on the screen."),
    normal(&["J"], Action::JavaScript, "javascript", Group::Program)
        .describe("Shows each step as the JavaScript of a host too, or no longer."),
    normal(&["q"], Action::Quit, "quit", Group::Program)
        .status("q", "quit")
        .describe("Leaves the program."),
    normal(
        &["Q"],
        Action::QuitKeepFrame,
        "quit, keep screen",
        Group::Program,
    )
    .describe("Leaves the program and keeps the last screen in the terminal."),
];
