//! The terminal program's state machine: an action comes in, the state changes, an effect goes out.
//!
//! Draws nothing, reads no file, runs no guest. The state changes only in the functions this module
//! hands out: [`key`], [`update`], [`receive`], [`click`], [`wheel`], [`paste`] and [`resize`];
//! `ui` draws it and `terminal` performs the effects. Reads the timeline; the session's reports
//! arrive as [`Message`]s. After each of those functions `top` is a multiple of the row's width,
//! `cursor` lies in the memory shown (or is 0), and `moment` names a step that has run; its event
//! is at most the step's last where the step is unfolded, and its end where it is folded.

pub mod action;
pub mod branch;
pub mod complete;
mod copy;
pub mod course;
pub mod dump;
pub mod events;
mod findings;
pub mod inputs;
pub mod inspect;
pub mod keymap;
mod keys;
pub mod layout;
pub mod list;
pub mod map;
mod mouse;
pub mod names;
pub mod origin;
pub mod overview;
pub mod prompt;
mod receive;
pub mod save;
pub mod search;
mod shown;
#[cfg(test)]
mod tests;
mod time;
mod typed;
mod unfold;
mod update;
mod view;

pub use action::Action;
pub use course::{Course, Lesson};
pub use keymap::{Context, Keymap, status_keys};
pub use mouse::{click, wheel};
pub use receive::receive;
pub use shown::MOST_WRITERS;
pub use typed::Replay;
pub use update::{key, paste, resize, update};

use std::collections::VecDeque;

use crate::timeline::{InputFacts, Moment, PlannedStep, StepRecord, Timeline};
use branch::Branches;
use prompt::{Prompt, SaveSteps};
use shown::ViewCache;
use typed::ReplayGoal;

/// Everything the screen shows.
#[derive(Debug, Clone)]
pub struct App {
    pub timeline: Timeline,
    /// The step that is shown, and how much of it has happened; memory before and at that is what
    /// the memory panes show.
    pub moment: Moment,
    /// Steps are shown with their events, and next and back walk those.
    pub unfolded: bool,
    pub engine: Engine,
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
    /// Run on until this step has run; `usize::MAX` for as far as it goes.
    pub goal: Option<usize>,
    /// The event at which to stand in the goal's step, unfolded, once it has run.
    pub goal_event: Option<u32>,
    /// A step that arrives is shown at once: so unless the person went back while it ran.
    pub following: bool,
    /// What was set aside when a step was typed after going back.
    pub branches: Branches,
    /// `import` and `memory` lines typed for the guest of the branch that is shown.
    pub setup: Vec<String>,
    /// The last of them, while the guest that is given it is opened.
    setting_up: Option<String>,
    /// Lines typed with `:`, the oldest first.
    pub history: Vec<String>,
    /// Typed lines that wait for the running step to end.
    pub queue: VecDeque<String>,
    /// A line that the history has got since it was last kept for other runs.
    pub remembered: Option<String>,
    /// The typed statement that the session was asked for and has not taken yet.
    under_way: Option<String>,
    /// What the steps that run again run for.
    errand: Option<ReplayGoal>,
    /// Lines scrolled off the top of the panes that are neither steps nor memory.
    pub scroll: Scroll,
    /// The pane before the digits typed so far, which `G` turns into a step's number and so takes
    /// back.
    count_pane: Option<Pane>,
    /// What the engine was before a restart that may still be refused.
    before_restart: Option<Engine>,
    /// Where the cursor was put on the way to a moment: while it stays there, the source is that of
    /// the moment.
    arrived: Option<(Moment, u64)>,
    /// The finding gone to last: its step, and its place among the step's. It counts while its step
    /// is shown.
    finding: Option<(usize, usize)>,
    shown: ViewCache,
}

/// Lines scrolled off the top of a pane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    pub happened: u16,
    pub inspector: u16,
    pub guest: u16,
    /// From where the marked line stands in the middle: downwards where positive.
    pub source: i16,
}

/// How far each pane can be scrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrollLimits {
    pub happened: u16,
    pub inspector: u16,
    pub guest: u16,
    /// The least and the most.
    pub source: (i16, i16),
    pub help: u16,
    /// Of the overview of the guest.
    pub overview: u16,
}

/// Takes back what was scrolled past the last screenful of each pane, which only drawing can tell,
/// so that the next key the other way is seen at once.
pub fn limit_scroll(app: &mut App, last: ScrollLimits) {
    app.scroll.happened = app.scroll.happened.min(last.happened);
    app.scroll.inspector = app.scroll.inspector.min(last.inspector);
    app.scroll.guest = app.scroll.guest.min(last.guest);
    app.scroll.source = app.scroll.source.max(last.source.0).min(last.source.1);
    if let Overlay::Help { scroll } = &mut app.overlay {
        *scroll = (*scroll).min(last.help);
    }
    if let Overlay::Guest { scroll } = &mut app.overlay {
        *scroll = (*scroll).min(last.overview);
    }
}

impl App {
    /// An app that waits for its first session, at a terminal of `size` columns and rows.
    pub fn new(size: (u16, u16), sessions: Vec<SessionChoice>, mouse: bool) -> Self {
        App {
            timeline: Timeline::default(),
            moment: Moment::end_of(0),
            unfolded: false,
            engine: Engine::Opening,
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
            goal: None,
            goal_event: None,
            following: true,
            branches: Branches::default(),
            setup: Vec::new(),
            setting_up: None,
            history: Vec::new(),
            queue: VecDeque::new(),
            remembered: None,
            under_way: None,
            errand: None,
            scroll: Scroll::default(),
            count_pane: None,
            before_restart: None,
            arrived: None,
            finding: None,
            shown: ViewCache::default(),
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

    /// Whether a step runs now, or runs again.
    pub fn is_running(&self) -> bool {
        matches!(
            self.engine,
            Engine::Running { .. } | Engine::Replaying { .. }
        )
    }

    fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: false,
        });
    }

    fn complain(&mut self, text: impl Into<String>) {
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

/// What the session's thread is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Engine {
    /// The guest is being compiled and instantiated.
    Opening,
    /// The next step can be run.
    Ready,
    /// Step `step` runs.
    Running {
        step: usize,
        progress: Progress,
        cancelling: bool,
    },
    /// What is shown runs again, in a new guest: so many of so many steps are done.
    Replaying {
        step: usize,
        steps: usize,
        progress: Progress,
        cancelling: bool,
    },
    /// Every step has run, or a step ended in anything but ok.
    Ended,
    /// The session could not be opened; a message safe to print, of several lines perhaps.
    Broken(String),
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

/// How far a running step has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Since it began, whole ones.
    pub seconds: u64,
    /// That the guest has made in it, as far as the host has heard of them.
    pub stores: u64,
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
    Progress(Progress),
    OpenFailed(String),
    /// What became of a file that was to be saved.
    Saved(Result<String, save::Refused>),
    /// New inputs were refused, each with its reason; the old run stays as it is.
    InputsRefused(Vec<(String, String)>),
    /// A typed statement is the next step, and runs.
    Inserted(PlannedStep),
    /// A typed statement will not be run: why.
    Refused(String),
    /// So many steps have run again.
    Again(usize),
    /// A new guest stands at the end of what is shown.
    Replayed,
    /// It could not be brought there: why, unless the person stopped it.
    NotReplayed(Option<String>),
    /// What became of `:save`: what was written, or why nothing was.
    StepsSaved(Result<String, String>),
    /// Something beside the session went wrong; it goes on.
    Complaint(String),
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
    /// Open one of `sessions`, or of the lessons, counted on from them.
    Open(usize),
    /// Run this statement as the next step.
    Insert(String),
    /// Bring a new guest to the end of what is shown: what [`App::replay`] says.
    Replay,
    /// Write the session as a steps file.
    SaveSteps(Box<SaveSteps>),
    Copy(String),
    /// Save the moment shown to this file; over one that is there only where asked to.
    Save {
        path: String,
        replace: bool,
    },
    CaptureMouse(bool),
    Suspend,
    Redraw,
    /// Leave; with the last frame kept on the screen or not.
    Quit {
        keep_frame: bool,
    },
}
