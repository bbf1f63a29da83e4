//! The actions of keys. Plain data: [`super::keymap`] has the keys, [`super::update()`] performs them.

use tui_input::InputRequest;

/// An action of the person. Without another note, it is performed where no overlay is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    // Time.
    /// Goes one step forward, or one event where the step is unfolded; after the last one that has
    /// run, runs the next step.
    Next,
    Back,
    /// Unfolds the step into its events, before the first one, or folds it. After digits, unfolds it
    /// at the event of that number.
    Unfold,
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
    PreviousTouch,
    /// Goes after the last write to the byte under the cursor.
    WhoWrote,
    /// Types a digit of a step's number before `G`, or of an event's before `o`; 1 to 6 also move the
    /// focus to a pane.
    Digit(u8),
    // Panes and bytes.
    NextPane,
    PreviousPane,
    /// Goes down in the pane in focus, or in an overlay.
    Down,
    Up,
    PageDown,
    PageUp,
    ByteLeft,
    ByteRight,
    RowUp,
    RowDown,
    NextChange,
    PreviousChange,
    FollowPointer,
    /// Goes to the bytes that the step shown is about.
    Focus,
    // Findings.
    /// Goes to the next finding, in any step.
    NextFinding,
    PreviousFinding,
    /// Goes to the step that the finding shown blames.
    Blamed,
    // Searching.
    OpenSearch,
    /// Completes the name typed after `@`.
    CompleteName,
    FindNext,
    FindPrevious,
    // The session.
    EditInputs,
    /// Opens the line for an answer to the question of the step shown.
    Answer,
    /// Shows one more hint to that question.
    Hint,
    NextLesson,
    ChooseSession,
    /// Opens the line of `:`.
    OpenPrompt,
    /// Shows the next branch.
    SwapBranch,
    /// Shows what the guest exports and imports.
    Overview,
    /// Cancels the running step, or leaves the program.
    Interrupt,
    /// Cancels a number, the running step, or the marks of a search. Never leaves the program.
    Escape,
    // The program.
    /// Opens the dialog that saves the moment shown.
    Save,
    CopyRow,
    CopyView,
    Cumulative,
    Mouse,
    Help,
    Suspend,
    Redraw,
    Quit,
    QuitKeepFrame,
    // Overlays.
    Close,
    Confirm,
    /// Completes the line being typed.
    Complete,
    CompleteBack,
    /// Shows the previous line of the history.
    Older,
    Newer,
    /// Edits the line being typed.
    Edit(InputRequest),
}
