//! The terminal program's state machine: actions and messages come in, the state changes, effects
//! go out.
//!
//! Draws nothing, reads no file, runs no guest. The state changes only in the functions this module
//! hands out: [`key`], [`update()`], [`on_message()`], [`click`], `wheel`, [`paste`], [`resize`]
//! and [`limit_scroll`]; `ui` draws it and `terminal` performs the effects. Reads the timeline; the
//! session's reports arrive as [`Message`]s. After each of those functions `top` is a multiple of
//! the row's width, `cursor` is in the memory shown (or is 0), and `moment` names a step that has
//! run; its event is at most the step's last where the step is unfolded, and its end where it is
//! folded.

pub mod action;
pub mod course;
pub mod dialogs;
pub mod execution;
pub mod glossary;
pub mod input;
pub mod message;
pub mod navigation;
mod on_message;
pub mod panes;
pub mod prompt;
#[cfg(test)]
mod tests;
mod update;

pub use action::Action;
pub use course::{Course, Lesson};
pub use execution::state::{Goal, SessionState};
pub(crate) use input::key_hints::status_keys;
pub use input::keyboard::{key, paste};
pub use input::keymap::{self, Context, Keymap};
pub use input::mouse::click;
pub(crate) use input::mouse::wheel;
pub use message::{Effect, Message};
pub use navigation::scroll::{Scroll, ScrollLimits, limit_scroll};
pub use on_message::on_message;
pub(crate) use panes::cache::MAX_WRITERS;
pub use panes::inside_step::InsideRow;
pub use update::{resize, update};

use std::collections::VecDeque;

use crate::protocol::Compiling;
use crate::script::ast::Statement;
use crate::timeline::{At, InputFacts, Moment, StepRecord, Timeline};
use execution::branches::Branches;
use execution::reload::Reload;
use panes::cache::ViewCache;
use panes::field_tree::Fields;
use panes::inside_step::OpenChildren;
use panes::previous_run::PreviousRun;
use prompt::Prompt;

/// Everything the screen shows.
#[derive(Debug, Clone)]
pub struct App {
    /// The session shown: its steps, and those that are planned.
    pub timeline: Timeline,
    /// The moment shown: a step, and how many of its events have happened.
    pub moment: Moment,
    /// Whether steps are shown with their events, which next and back go through.
    pub unfolded: bool,
    /// Which children of the step shown are open.
    pub(crate) opened: OpenChildren,
    /// What the session's thread does, and what was requested of it.
    pub session: SessionState,
    /// How far the guest is compiled of the session that is opened.
    pub compiling: Option<Compiling>,
    /// The moment inside a step that is shown when its step has run, once.
    pub opens_at: Option<At>,
    /// The address of the top row of the memory panes.
    pub top: u64,
    /// The address of the byte under the cursor.
    pub cursor: u64,
    /// The pane in focus.
    pub pane: Pane,
    /// What is open over the panes.
    pub overlay: Overlay,
    /// A line for the person, until the next key.
    pub notice: Option<Notice>,
    /// The number typed so far, for `12G` and `400o`.
    pub count: Option<u32>,
    /// The search that `n` and `N` repeat.
    pub search: Option<Search>,
    /// Whether marks show all changes since the start instead of those of this step.
    pub cumulative: bool,
    /// Whether steps are shown as JavaScript too.
    pub(crate) javascript: bool,
    /// Whether the program has the mouse.
    pub(crate) mouse: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The sessions to choose from; the lessons come after them.
    pub sessions: Vec<SessionChoice>,
    /// The keys in force.
    pub keys: Keymap,
    /// The lessons, and the answers to their questions.
    pub course: Course,
    /// The branches that are not shown. They hold in every state of the session.
    pub branches: Branches,
    /// What is known of the session's files, and of loading them again.
    pub reload: Reload,
    /// The run before the files were loaded again.
    pub(crate) previous_run: Option<PreviousRun>,
    /// The `import` and `memory` lines typed for the guest of the branch that is shown.
    pub(crate) setup: Vec<Statement>,
    /// Lines typed with `:`, the oldest first.
    pub history: Vec<String>,
    /// Typed lines that wait for what runs: for a step, a replay, or an opening. They are not parsed
    /// yet, because what runs may name things that they use.
    pub(crate) queue: VecDeque<String>,
    /// Lines scrolled off the top of the panes that show text.
    pub scroll: Scroll,
    /// The pane in focus before the number typed so far.
    count_pane: Option<Pane>,
    /// The moment gone to last, and the cursor there. While both stay, the source pane shows the code
    /// of the moment and not that of the byte.
    arrived: Option<(Moment, u64)>,
    /// Step and index of the finding gone to last.
    finding: Option<(usize, usize)>,
    /// What the screen keeps about fields.
    pub(crate) fields: Fields,
    cache: ViewCache,
}

impl App {
    /// Returns an app that waits for its first session, at a terminal of `size` columns and rows.
    pub fn new(size: (u16, u16), sessions: Vec<SessionChoice>, mouse: bool) -> Self {
        App {
            timeline: Timeline::default(),
            moment: Moment::end_of(0),
            unfolded: false,
            opened: OpenChildren::default(),
            session: SessionState::Opening { goal: None },
            compiling: None,
            opens_at: None,
            top: 0,
            cursor: 0,
            pane: Pane::Steps,
            overlay: Overlay::None,
            notice: None,
            count: None,
            search: None,
            javascript: false,
            cumulative: false,
            mouse,
            size,
            sessions,
            keys: Keymap::default(),
            course: Course::default(),
            branches: Branches::default(),
            reload: Reload::default(),
            previous_run: None,
            setup: Vec::new(),
            history: Vec::new(),
            queue: VecDeque::new(),
            scroll: Scroll::default(),
            count_pane: None,
            arrived: None,
            finding: None,
            fields: Fields::default(),
            cache: ViewCache::default(),
        }
    }

    /// Returns the step shown; `None` before the first has run.
    pub(crate) fn record(&self) -> Option<&StepRecord> {
        self.timeline.step(self.moment.step)
    }

    /// Returns what is open over the panes, which decides what keys mean.
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
            Overlay::Glossary { .. } => Context::Glossary,
            Overlay::Types { .. } => Context::Types,
        }
    }

    /// Returns how many sessions and lessons there are to choose from.
    pub(crate) fn choices(&self) -> usize {
        self.sessions
            .len()
            .saturating_add(self.course.lessons.len())
    }

    /// Shows a notice until the next key.
    fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: false,
        });
    }

    /// Shows a notice about an error until the next key.
    fn notify_error(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: true,
        });
    }

    /// Drops the number typed so far.
    fn forget_count(&mut self) {
        self.count = None;
        self.count_pane = None;
    }
}

/// The panes, in the order of the keys `1` to `7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The list of steps.
    Steps,
    /// The hex dump.
    Memory,
    /// What happened in the step.
    Happened,
    /// The byte under the cursor.
    Inspector,
    /// The source of the code that writes.
    Source,
    /// The module.
    Guest,
    /// The fields of the parts of memory that have a type.
    Fields,
}

impl Pane {
    /// All panes, in the order of the keys `1` to `7`.
    pub const ALL: [Pane; 7] = [
        Pane::Steps,
        Pane::Memory,
        Pane::Happened,
        Pane::Inspector,
        Pane::Source,
        Pane::Guest,
        Pane::Fields,
    ];
}

/// What is open over the panes.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Nothing.
    None,
    /// `?`: the help, with the lines scrolled off its top.
    Help {
        /// The number of lines scrolled off the top.
        scroll: u16,
    },
    /// `/`: text being typed.
    Search {
        /// The line being typed.
        input: tui_input::Input,
    },
    /// `e`: one line for each input; the chosen one is edited.
    Inputs {
        /// The lines, one for each input.
        fields: Vec<InputField>,
        /// The index of the chosen line.
        chosen: usize,
    },
    /// `s`: a file's name being typed, and a name that is known to exist.
    Save {
        /// The line being typed.
        input: tui_input::Input,
        /// The name of a file that is known to exist.
        taken: Option<String>,
    },
    /// `p`: the sessions, then the lessons.
    Sessions {
        /// The index of the chosen line.
        chosen: usize,
    },
    /// `i`: the answer to the question of the step shown.
    Answer {
        /// The line being typed.
        input: tui_input::Input,
        /// Why the last answer could not be evaluated.
        error: Option<String>,
    },
    /// `:`: a statement or a command being typed.
    Prompt(Prompt),
    /// `m`: the overview of the module, with the lines scrolled off its top.
    Guest {
        /// The number of lines scrolled off the top.
        scroll: u16,
    },
    /// `V`: the views and the types, with the layout of the chosen one.
    Types {
        /// The index of the chosen line.
        chosen: usize,
        /// The number of lines of the layout scrolled off its top.
        scroll: u16,
    },
    /// `K`: the glossary, with the lines scrolled off its top.
    Glossary {
        /// The number of lines scrolled off the top.
        scroll: u16,
    },
}

/// A line of the dialog that edits the inputs.
#[derive(Debug, Clone)]
pub struct InputField {
    /// The input.
    pub facts: InputFacts,
    /// The line being typed.
    pub input: tui_input::Input,
    /// Why the last value was refused.
    pub error: Option<String>,
}

/// A line for the person.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The text, safe to print.
    pub text: String,
    /// Whether the notice is about an error.
    pub is_error: bool,
}

/// What `n` and `N` search for, and where it is in the memory shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The line as typed.
    pub typed: String,
    /// The bytes to find.
    pub needle: Vec<u8>,
    /// The address where the bytes were found last.
    pub found: Option<u64>,
}

/// A session to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionChoice {
    /// The name in the list.
    pub name: String,
    /// The description in the list.
    pub description: String,
}
