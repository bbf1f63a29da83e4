//! The actions of keys. Plain data: [`super::keymap`] has the keys, [`super::update()`] performs them.

use tui_input::InputRequest;

/// An action of the person. Without another note, it is performed where no overlay is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    // Time.
    /// Goes one step forward, or one event where the step is unfolded; after the last one that has
    /// run, runs the next step.
    Next,
    /// Follows the pointer of the chosen field, or opens its parts.
    Enter,
    /// Goes one step back, or one event where the step is unfolded.
    Back,
    /// Unfolds the step into its events, before the first one, or folds it. After digits, unfolds it
    /// at the event of that number.
    Unfold,
    /// Goes to the first step.
    First,
    /// Goes to the last step that has run; from there, runs the others. After digits, goes to the
    /// step of that number.
    Last,
    /// Goes before the first event of an unfolded step; else like [`Action::First`].
    Start,
    /// Goes after the last event of an unfolded step; else like [`Action::Last`].
    End,
    /// Goes after the next write to the byte under the cursor.
    NextTouch,
    /// Goes after the previous write to the byte under the cursor.
    PreviousTouch,
    /// Goes after the last write to the byte under the cursor.
    WhoWrote,
    /// Types a digit of a step's number before `G`, or of an event's before `o`; 1 to 7 also move the
    /// focus to a pane.
    Digit(u8),
    // Panes and bytes.
    /// Moves the focus to the next pane.
    NextPane,
    /// Moves the focus to the previous pane.
    PreviousPane,
    /// Goes down in the pane in focus, or in an overlay.
    Down,
    /// Goes up in the pane in focus, or in an overlay.
    Up,
    /// Goes one page down in the pane in focus, or in an overlay.
    PageDown,
    /// Goes one page up in the pane in focus, or in an overlay.
    PageUp,
    /// Moves the cursor one byte to the left.
    ByteLeft,
    /// Moves the cursor one byte to the right.
    ByteRight,
    /// Moves the cursor one row up.
    RowUp,
    /// Moves the cursor one row down.
    RowDown,
    /// Moves the cursor to the next change.
    NextChange,
    /// Moves the cursor to the previous change.
    PreviousChange,
    /// Moves the cursor to the address that the bytes under it hold.
    FollowPointer,
    /// Goes to the bytes that the step shown is about.
    Focus,
    // Findings.
    /// Goes to the next finding, in any step.
    NextFinding,
    /// Goes to the previous finding, in any step.
    PreviousFinding,
    /// Goes to the step that the finding shown blames.
    Blamed,
    // Searching.
    /// Opens the line of `/`.
    OpenSearch,
    /// Completes the name typed after `@`.
    CompleteName,
    /// Goes to the next place of what was searched for.
    FindNext,
    /// Goes to the previous place of what was searched for.
    FindPrevious,
    // The session.
    /// Loads the files of the session again, and runs it up to where it was.
    Reload,
    /// Opens the dialog that edits the inputs.
    EditInputs,
    /// Opens the line for an answer to the question of the step shown.
    Answer,
    /// Shows one more hint to that question.
    Hint,
    /// Opens the next lesson.
    NextLesson,
    /// Opens the list of sessions and lessons.
    ChooseSession,
    /// Opens the line of `:`.
    OpenPrompt,
    /// Shows the next branch.
    SwapBranch,
    /// Opens the list of views and types.
    Types,
    /// Removes the chosen view.
    RemoveView,
    /// Shows what the guest exports and imports.
    Overview,
    /// Cancels the running step, or leaves the program.
    Interrupt,
    /// Cancels a number, the running step, or the marks of a search. Never leaves the program.
    Escape,
    // The program.
    /// Opens the dialog that saves the moment shown.
    Save,
    /// Copies the row under the cursor.
    CopyRow,
    /// Copies the rows of memory on the screen.
    CopyView,
    /// Marks all changes since the start, or only those of the step.
    Cumulative,
    /// Takes the mouse, or leaves it to the terminal.
    Mouse,
    /// Opens the help.
    Help,
    /// Opens the glossary.
    Glossary,
    /// Shows steps as JavaScript too, or no longer.
    JavaScript,
    /// Stops the program until the shell continues it.
    Suspend,
    /// Draws the whole screen again.
    Redraw,
    /// Leaves the program.
    Quit,
    /// Leaves the program, and the last frame stays in the terminal.
    QuitKeepFrame,
    // Overlays.
    /// Closes the overlay.
    Close,
    /// Confirms what the overlay holds.
    Confirm,
    /// Completes the line being typed.
    Complete,
    /// Completes the line being typed with the previous choice.
    CompleteBack,
    /// Shows the previous line of the history.
    Older,
    /// Shows the next line of the history.
    Newer,
    /// Edits the line being typed.
    Edit(InputRequest),
}
