//! The terminal program's state machine: actions and messages come in, the state changes, effects
//! go out.
//!
//! Draws nothing, reads no file, runs no guest. The state changes only in the functions that this
//! module exports: [`key`], [`update`], [`on_message`], [`click`], [`wheel`], [`paste`] and
//! [`resize`]; `ui` draws it, and `terminal` performs the effects.
//!
//! ```text
//!  key ─▶ input::keymap ─▶ Action ─▶ update ──────┬─▶ a function of a room ─▶ App changes
//!  mouse ─▶ input::hit_test ─▶ input::mouse ──────┤                       └─▶ Effect ─▶ terminal
//!  Report of the session ─▶ Message ─▶ on_message ┘
//! ```
//!
//! The rooms know each other in one direction, from the top to the bottom:
//!
//! ```text
//!  input                           keys, mouse, and which keys do something now
//!  update, on_message              the one match over actions, and over messages
//!  prompt, dialogs                 what is typed: a line of `:`; inputs, answers, file names
//!  execution                       the state of the session, and what is requested of it
//!  navigation                      moves within what is recorded: time, bytes, findings
//!  panes                           what each pane shows, as data
//! ```
//!
//! After each of the functions above, these invariants hold:
//!
//! * `top` is a multiple of the row's width, and at most the end of memory.
//! * `cursor` is an address in the memory shown, or 0.
//! * `moment.step` is a step that has run, or 0.
//! * `moment.event` is at most the number of the step's events where it is unfolded, and its end
//!   where it is folded.

pub mod action;
pub mod dialogs;
pub mod execution;
pub mod input;
pub mod message;
pub mod navigation;
mod on_message;
pub mod panes;
pub mod prompt;
#[doc(hidden)]
pub mod sample;
#[cfg(test)]
mod tests;
mod update;

pub use action::Action;
pub use dialogs::lessons::{Course, Lesson};
pub use execution::state::{Goal, SessionState};
pub use input::key_hints::status_keys;
pub use input::keyboard::{key, paste};
pub use input::keymap::{self, Context, Keymap};
pub use input::mouse::{click, wheel};
pub use message::{Effect, Message};
pub use navigation::scroll::{Scroll, ScrollLimits, limit_scroll};
pub use on_message::on_message;
pub use panes::cache::MAX_WRITERS;
pub use update::{resize, update};

use std::collections::VecDeque;

use crate::script::ast::Statement;
use crate::timeline::{InputFacts, Moment, StepRecord, Timeline};
use execution::branches::Branches;
use panes::cache::ViewCache;
use prompt::Prompt;

/// Everything the screen shows.
#[derive(Debug, Clone)]
pub struct App {
    pub timeline: Timeline,
    /// The step that is shown, and how much of it has happened; memory before and at that is what
    /// the memory panes show.
    pub moment: Moment,
    /// Steps are shown with their events, and next and back walk those.
    pub unfolded: bool,
    /// What the session's thread does, and what was requested of it.
    pub session: SessionState,
    /// The first address of the top row of the memory panes: a multiple of the row's width.
    pub top: u64,
    /// The byte under the cursor.
    pub cursor: u64,
    pub pane: Pane,
    pub overlay: Overlay,
    /// One line for the person, until the next key.
    pub notice: Option<Notice>,
    /// Digits typed so far, for `12G` and `400o`.
    pub count: Option<u32>,
    pub search: Option<Search>,
    /// Marks show everything changed since the start, not only in this step.
    pub cumulative: bool,
    pub mouse: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The sessions `p` offers, the lessons behind them.
    pub sessions: Vec<SessionChoice>,
    /// Which key does what.
    pub keys: Keymap,
    /// The lessons, and what the person said to questions.
    pub course: Course,
    /// The branches that are not shown. They hold in every state of the session.
    pub branches: Branches,
    /// The `import` and `memory` lines typed for the guest of the branch that is shown.
    pub setup: Vec<Statement>,
    /// Lines typed with `:`, the oldest first.
    pub history: Vec<String>,
    /// Typed lines that wait for what runs: for a step, a replay, or an opening. They are not parsed
    /// yet, because what runs may name things that they use.
    pub queue: VecDeque<String>,
    /// Lines scrolled off the top of the panes that are neither steps nor memory.
    pub scroll: Scroll,
    /// The pane before the digits typed so far, which `G` turns into a step's number and so takes
    /// back.
    count_pane: Option<Pane>,
    /// Where the cursor was put on the way to a moment: while it stays there, the source is that of
    /// the moment.
    arrived: Option<(Moment, u64)>,
    /// The finding gone to last: its step, and its place among the step's. It counts while its step
    /// is shown.
    finding: Option<(usize, usize)>,
    cache: ViewCache,
}

impl App {
    /// An app that waits for its first session, at a terminal of `size` columns and rows.
    pub fn new(size: (u16, u16), sessions: Vec<SessionChoice>, mouse: bool) -> Self {
        App {
            timeline: Timeline::default(),
            moment: Moment::end_of(0),
            unfolded: false,
            session: SessionState::Opening { goal: None },
            top: 0,
            cursor: 0,
            pane: Pane::Steps,
            overlay: Overlay::None,
            notice: None,
            count: None,
            search: None,
            cumulative: false,
            mouse,
            size,
            sessions,
            keys: Keymap::default(),
            course: Course::default(),
            branches: Branches::default(),
            setup: Vec::new(),
            history: Vec::new(),
            queue: VecDeque::new(),
            scroll: Scroll::default(),
            count_pane: None,
            arrived: None,
            finding: None,
            cache: ViewCache::default(),
        }
    }

    /// The step shown; `None` before the first has run.
    pub fn record(&self) -> Option<&StepRecord> {
        self.timeline.step(self.moment.step)
    }

    /// What keys mean now.
    pub fn context(&self) -> Context {
        match self.overlay {
            Overlay::None => Context::Normal,
            Overlay::Help { .. } => Context::Help,
            Overlay::Search { .. } => Context::Search,
            Overlay::Save { .. } => Context::Save,
            Overlay::Inputs { .. } => Context::Inputs,
            Overlay::Sessions { .. } => Context::Sessions,
            Overlay::Answer { .. } => Context::Answer,
            Overlay::Prompt(_) => Context::Prompt,
            Overlay::Guest { .. } => Context::Guest,
        }
    }

    /// How many sessions and lessons there are to choose from.
    pub fn choices(&self) -> usize {
        self.sessions
            .len()
            .saturating_add(self.course.lessons.len())
    }

    fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: false,
        });
    }

    fn notify_error(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: true,
        });
    }

    fn forget_count(&mut self) {
        self.count = None;
        self.count_pane = None;
    }
}

/// The panes a person can move in. Keys `1` to `6` in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    Steps,
    Memory,
    Happened,
    Inspector,
    Source,
    Guest,
}

impl Pane {
    /// In the order of the keys `1` to `6`.
    pub const ALL: [Pane; 6] = [
        Pane::Steps,
        Pane::Memory,
        Pane::Happened,
        Pane::Inspector,
        Pane::Source,
        Pane::Guest,
    ];
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
    /// `s`: a file's name being typed, and the name that is known to be taken.
    Save {
        input: tui_input::Input,
        taken: Option<String>,
    },
    /// `p`: the sessions, and behind them the lessons.
    Sessions {
        chosen: usize,
    },
    /// `i`: the answer to the question of the step shown.
    Answer {
        input: tui_input::Input,
        /// Why the last try could not be read.
        error: Option<String>,
    },
    /// `:`
    Prompt(Prompt),
    /// `m`: what the guest exports and imports; scrolled by so many lines.
    Guest {
        scroll: u16,
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
