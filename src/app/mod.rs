//! The terminal program's state machine: an action comes in, the state changes, an effect goes out.
//!
//! Draws nothing, reads no file, runs no guest. [`update`] is the only place where the state changes; `ui` draws it and
//! `terminal` performs the effects. Reads the timeline; the session's reports arrive as [`Message`]s.

pub mod dump;
pub mod layout;

use crate::timeline::{InputFacts, Moment, StepRecord, Timeline};

/// Everything the screen shows.
#[derive(Debug, Clone)]
pub struct App {
    pub timeline: Timeline,
    /// The step that is shown; memory before and after it is what the memory panes show.
    pub moment: Moment,
    pub engine: Engine,
    /// The first address of the top row of the memory panes: a multiple of the row's width.
    pub top: u64,
    /// The byte under the cursor.
    pub cursor: u64,
    pub pane: Pane,
    pub overlay: Overlay,
    /// One line for the person, until the next key.
    pub notice: Option<Notice>,
    /// Digits typed so far, for `12G`.
    pub count: Option<u32>,
    pub search: Option<Search>,
    /// Marks show everything changed since the start, not only in this step.
    pub cumulative: bool,
    pub mouse: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The sessions `p` offers.
    pub sessions: Vec<SessionChoice>,
}

/// What the session's thread is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Engine {
    /// The guest is being compiled and instantiated.
    Opening,
    /// The next step can be run.
    Ready,
    /// Step `step` runs.
    Running { step: usize, ticks: u64, cancelling: bool },
    /// Every step has run, or a step ended in anything but ok.
    Ended,
    /// The session could not be opened; a message safe to print, of several lines perhaps.
    Broken(String),
}

/// The panes a person can move in. Keys `1` to `5` in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    Steps,
    Memory,
    Happened,
    Inspector,
    Source,
}

/// What lies over the panes; at most one thing.
#[derive(Debug, Clone)]
pub enum Overlay {
    None,
    /// `?`; scrolled by so many lines.
    Help {
        scroll: u16,
    },
    /// `/`: text being typed.
    Search {
        input: tui_input::Input,
    },
    /// `e`: one line for each input, the chosen one being edited.
    Inputs {
        fields: Vec<InputField>,
        chosen: usize,
    },
    /// `p`
    Sessions {
        chosen: usize,
    },
}

#[derive(Debug, Clone)]
pub struct InputField {
    pub facts: InputFacts,
    pub input: tui_input::Input,
    /// Why the last try was refused.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

/// What `n` and `N` look for, and where it stands in the memory shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub typed: String,
    pub needle: Vec<u8>,
    pub found: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SessionChoice {
    pub name: String,
    pub description: String,
}

/// News from the session's thread.
#[derive(Debug, Clone)]
pub enum Message {
    /// A session is open; the timeline has no steps yet.
    Opened(Box<Timeline>),
    Step(Box<StepRecord>),
    /// No step is left to run, or none may run.
    Ended,
    /// The running step is alive; a number that grows.
    Progress(u64),
    OpenFailed(String),
    /// New inputs were refused, each with its reason; the old run stays as it is.
    InputsRefused(Vec<(String, String)>),
}

/// What the terminal must do after an update. Drawing goes without saying.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    None,
    /// Run the next step.
    Advance,
    /// Stop the running step.
    Cancel,
    /// Run the session again from the start with these values, as typed: (name, text).
    Restart(Vec<(String, String)>),
    /// Open one of `sessions`.
    Open(usize),
    Copy(String),
    CaptureMouse(bool),
    Suspend,
    Redraw,
    /// Leave; with the last frame kept on the screen or not.
    Quit {
        keep_frame: bool,
    },
}
