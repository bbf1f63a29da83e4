//! Runs a script one step at a time against a live guest, and returns each step as plain data. Only
//! this part names the engine, wasmer. Knows no screen and no report.

mod abi_hints;
mod abort_message;
mod address_space;
mod allocator_calls;
mod answer_form;
mod call;
mod callback;
mod carry_over;
mod causes;
mod child_recorder;
mod child_steps;
mod child_text;
pub mod compiled;
mod declared_types;
mod engine;
mod eval_env;
mod expectations;
mod exports;
pub mod files;
mod finish_recording;
mod history_budget;
mod host_line;
mod host_names;
mod import_actions;
mod import_check;
mod import_history;
mod import_replay;
mod imports;
mod insert;
mod instantiate;
mod interrupt_timer;
mod journal;
mod judging;
pub mod limits;
mod memory;
mod memory_limit;
mod memory_steps;
mod open;
mod playback;
mod pointers;
mod provenance;
mod read_statement;
pub mod recorded_host;
mod recorder;
mod recording_comparison;
mod region_facts;
pub mod replay;
mod scope;
mod self_check;
mod steps;
mod trap;
mod types;
mod value_origin;
mod values;
mod wasi;
pub mod worker;

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmer::{FunctionEnv, Global, Instance, Memory, Store};

use crate::guest::Guest;
use crate::javascript::Interface;
use crate::script::Script;
use crate::script::ast::Expr;
use crate::timeline::{Image, Outcome, SiteTable, StepRecord, Timeline};

use compiled::{CompiledGuest, CompiledGuests};
use declared_types::DeclaredTypes;
use files::Files;
use imports::HostState;
use interrupt_timer::InterruptTimer;
use judging::Judging;
use limits::{CancelHandle, Limits, StoppedTime};
use open::NoMemory;
use pointers::Pointers;
use scope::Scope;
use self_check::SelfCheck;
use value_origin::Origins;

pub use carry_over::CarriedOver;
pub use import_check::ImportMismatch;
pub use open::{OpenError, ScriptProblem};
#[cfg(any(test, feature = "testing"))]
pub use wasi::{Version as WasiVersion, functions as wasi_functions};

/// Everything that a session needs to start.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The session's name on the screen.
    pub title: String,
    /// The script.
    pub script: Script,
    /// The guest.
    pub guest: Guest,
    /// The files that `file("…")` can read.
    pub files: Files,
    /// Values for inputs: each input's name, and its value as typed.
    pub input_overrides: Vec<(String, String)>,
    /// The limits of the guest.
    pub limits: Limits,
    /// Cancels a running call from another thread.
    pub control: CancelHandle,
    /// The bytes of the guest's standard input.
    pub stdin: Arc<[u8]>,
    /// The guests that are compiled already.
    pub compiled: CompiledGuests,
}

/// A guest and a script at some step. Steps run in order, each once, and each returns a
/// [`StepRecord`].
///
/// # Examples
///
/// ```
/// use linmem::guest::Guest;
/// use linmem::script;
/// use linmem::session::files::Files;
/// use linmem::session::limits::{CancelHandle, Limits};
/// use linmem::session::{Session, SessionConfig};
/// use linmem::timeline::Status;
///
/// let wat = br#"(module (memory (export "memory") 1)
///     (func (export "set") (param i32) (i32.store8 (local.get 0) (i32.const 7))))"#;
/// let config = SessionConfig {
///     title: "example".into(),
///     script: script::parse("example.steps", "call set(16)\nx = read 16 as u8\nexpect x == 7")?,
///     guest: Guest::from_bytes("example.wat", wat)?,
///     files: Files::Folder(".".into()),
///     input_overrides: Vec::new(),
///     limits: Limits::default(),
///     control: CancelHandle::default(),
///     stdin: Vec::new().into(),
///     compiled: Default::default(),
/// };
///
/// let (mut session, mut timeline) = Session::open(config)?;
/// session.run_to_end(&mut timeline);
///
/// assert_eq!(timeline.status(), Status::Ok);
/// assert_eq!(timeline.memory_after(1).byte(16), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session {
    script: Script,
    guest: Guest,
    /// What the guest exports and imports, by which typed steps become JavaScript.
    interface: Interface,
    files: Files,
    limits: Limits,
    control: CancelHandle,
    store: Store,
    compiled: Arc<CompiledGuest>,
    env: FunctionEnv<HostState>,
    instance: Option<Instance>,
    /// The index of the memory that is shown, or why there is none.
    memory_index: Result<u32, NoMemory>,
    memory: Option<Memory>,
    /// The guest's stack pointer; `None` until the guest is instantiated, or if it is not known
    /// which global that is.
    stack_pointer: Option<Global>,
    /// Interrupts the guest while it runs; `None` until it is instantiated.
    interrupt_timer: Option<InterruptTimer>,
    stopped_time: Arc<StoppedTime>,
    /// A data segment whose address only the engine knows.
    unplaced_segment: Option<u32>,
    /// The offsets of the calls of the guest's allocator that have a label.
    known_callers: BTreeSet<u32>,
    /// The instructions that store, shared with all records.
    sites: Arc<SiteTable>,
    check: SelfCheck,
    /// Memory after the last step.
    image: Image,
    scope: Scope,
    /// Where the values of variables are in memory.
    origins: Origins,
    progress: Progress,
    pointers: Pointers,
    judging: Judging,
    /// What debug information declares of the exports that were called.
    declared: DeclaredTypes,
}

/// How far a session is in its script.
#[derive(Default)]
struct Progress {
    /// The index of the next statement of the script.
    next_statement: usize,
    /// The number of the next step.
    next_step: usize,
    /// Whether no step is left, or none may run.
    is_over: bool,
    /// Whether the last step ended in anything but ok, and nothing expects that.
    is_stopped: bool,
    /// Whether steps can be typed, so that the last step need not be the end.
    is_interactive: bool,
    /// The questions without an answer yet: the step that asked, and the answer's expression.
    questions: Vec<(usize, Expr)>,
    /// How many bytes all values bound so far take.
    bound_bytes: usize,
}

impl Session {
    /// Compiles the guest and checks the script against it. Nothing of the guest runs yet. The
    /// returned timeline has no steps; push the records that [`Session::advance`] returns.
    ///
    /// # Errors
    /// The guest cannot be compiled, or an input or an `import` line does not fit it.
    pub fn open(config: SessionConfig) -> Result<(Session, Timeline), OpenError> {
        open::open(config)
    }

    /// Runs the next step to its end. Returns `None` when no step is left, or when the last one
    /// ended in anything but ok.
    pub fn advance(&mut self) -> Option<StepRecord> {
        if self.progress.is_over {
            return None;
        }
        if self.progress.next_step == 0 {
            return Some(self.instantiate());
        }
        self.run_next_statement()
    }

    /// Runs all steps that are left, and pushes their records to `timeline`. Stops early when the
    /// session's [`CancelHandle`] is cancelled, and marks the timeline as interrupted then.
    pub fn run_to_end(&mut self, timeline: &mut Timeline) {
        while !self.control.is_cancelled()
            && let Some(record) = self.advance()
        {
            timeline.push(record);
        }
        let was_stopped = |step: &StepRecord| step.outcome == Outcome::Cancelled;
        timeline.interrupted = self.control.is_cancelled()
            && (!self.is_over() || timeline.steps().last().is_some_and(was_stopped));
    }

    /// Returns whether no step is left to run.
    pub fn is_over(&self) -> bool {
        self.progress.is_over
    }
}
