//! What a key can mean. Plain data: [`super::keymap`] says which key, [`super::update`] does it.

use tui_input::InputRequest;

/// Something the person wants. Where no overlay is open unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    // Time.
    /// One step on: forward in time, or the next step is run.
    Next,
    Back,
    First,
    /// The last step that has run; once there, all the others are run. After digits, the step of that number.
    Last,
    /// A digit: of a step's number before `G`; `1` to `5` also go to a pane.
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
    // Finding.
    OpenSearch,
    FindNext,
    FindPrevious,
    // The session.
    EditInputs,
    ChooseSession,
    /// Stops the running step; leaves when none runs.
    Interrupt,
    /// Gives up what is under way: a count, the running step, the marks of a search. Never leaves.
    Escape,
    // The program.
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
    /// Changes the line being typed.
    Edit(InputRequest),
}
