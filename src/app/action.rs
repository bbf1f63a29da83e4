//! What a key can mean. Plain data: [`super::input::keymap`] says which key, [`super::update`] does it.

use tui_input::InputRequest;

/// Something the person wants. Where no overlay is open unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    // Time.
    /// One step on, or one event where the step is unfolded: forward in time, or the next step is
    /// run.
    Next,
    Back,
    /// Shows the step with its events, just before the first, or again without them. After digits,
    /// at the event of that number.
    Unfold,
    First,
    /// The last step that has run; once there, all the others are run. After digits, the step of
    /// that number.
    Last,
    /// The first moment of an unfolded step; else like [`Action::First`], as the next is like
    /// [`Action::Last`].
    Start,
    End,
    /// To just after the next write to the byte under the cursor.
    NextTouch,
    PreviousTouch,
    /// To just after the write that made the byte under the cursor what it is.
    WhoWrote,
    /// A digit: of a step's number before `G`, of an event's before `o`; `1` to `6` also go to a
    /// pane.
    Digit(u8),
    // Panes and bytes.
    NextPane,
    PreviousPane,
    /// In the focused pane; in an overlay, its next line.
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
    /// To the bytes the shown step is about.
    Focus,
    // What was found in the steps.
    /// To the next finding, in whichever step that is.
    NextFinding,
    PreviousFinding,
    /// To the step that the finding shown blames.
    Blamed,
    // Searching.
    OpenSearch,
    /// Goes on with the name typed behind `@`.
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
    /// Shows the next of the branches that were set aside.
    SwapBranch,
    /// Shows what the guest exports and imports.
    Overview,
    /// Stops the running step; leaves when none runs.
    Interrupt,
    /// Gives up what is under way: a count, the running step, the marks of a search. Never leaves.
    Escape,
    // The program.
    /// Asks for the name of a file to save the moment to.
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
    /// The line of `:` that was typed before this one.
    Older,
    Newer,
    /// Changes the line being typed.
    Edit(InputRequest),
}
