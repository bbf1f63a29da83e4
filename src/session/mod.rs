//! Runs a script one step at a time against a live guest, and reports each step as plain data. The
//! only part that names the engine, wasmer. Knows no screen and no report.

mod abi_hints;
mod abort_message;
mod call;
mod engine;
mod eval_env;
pub mod files;
mod finish_recording;
mod imports;
mod insert;
mod instantiate;
mod interrupt_timer;
mod journal;
pub mod limits;
mod memory;
mod memory_limit;
mod open;
mod provenance;
mod read_statement;
mod region_facts;
pub mod replay;
mod scope;
mod self_check;
mod steps;
mod trap;
mod values;
mod wasi;
pub mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wasmer::{FunctionEnv, Instance, Memory, Module, Store};

use crate::guest::{Guest, InstrumentedModule};
use crate::script::Script;
use crate::script::ast::Expr;
use crate::timeline::{Checks, FindingKind, Image, SiteTable, StepRecord, Timeline};

use files::Files;
use imports::HostState;
use interrupt_timer::Alarm;
use limits::{CancelHandle, Limits};
use scope::Scope;
use self_check::SelfCheck;

pub use insert::InsertError;
pub use open::OpenError;
#[cfg(any(test, feature = "testing"))]
pub use wasi::{Version as WasiVersion, functions as wasi_functions};

/// What a session is made of.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// What the session is called on the screen.
    pub title: String,
    pub script: Script,
    pub guest: Guest,
    pub files: Files,
    /// Inputs that the person sets: name and text as typed.
    pub sets: Vec<(String, String)>,
    pub limits: Limits,
    pub control: CancelHandle,
    /// What the guest reads from its standard input.
    pub stdin: Arc<[u8]>,
}

/// A guest and a script at some step. Steps run in order, never twice; what they did comes back as
/// [`StepRecord`]s.
pub struct Session {
    script: Script,
    guest: Guest,
    rewritten: InstrumentedModule,
    files: Files,
    limits: Limits,
    control: CancelHandle,
    store: Store,
    module: Module,
    env: FunctionEnv<HostState>,
    instance: Option<Instance>,
    /// Which of the guest's memories is meant, or why none is.
    memory_index: Result<u32, String>,
    memory: Option<Memory>,
    /// The instructions that store, shared with everything that is recorded.
    sites: Arc<SiteTable>,
    /// Rings while a guest runs.
    alarm: Option<Alarm>,
    check: SelfCheck,
    scope: Scope,
    /// Memory as the last step left it.
    image: Image,
    /// The next statement of the script.
    next_statement: usize,
    next_step: usize,
    is_over: bool,
    /// The last step ended in anything but ok, and nothing expects that.
    is_stopped: bool,
    /// Steps are typed, so that the last one need not be the end.
    is_explored: bool,
    /// Questions not answered yet: the step that asked, and the answer's expression.
    asked: Vec<(usize, Expr)>,
    /// The last step that an `expect finding` can speak of, and what it found.
    last_findings: (usize, Vec<FindingKind>),
    /// Variables the script uses as addresses.
    pointers: BTreeSet<String>,
    /// Those of them that a record tells of: the ones bound last.
    recent_pointers: Vec<String>,
    /// What all values bound so far take, in bytes.
    bound_bytes: usize,
    /// What such a variable was before it was last bound.
    previous_pointers: BTreeMap<String, u64>,
    /// What findings are judged by, of the steps so far.
    judge: Checks,
    /// Exports that were called, and whether they are known to set no global.
    leaves_globals: BTreeMap<String, bool>,
    /// A data segment whose place only the engine can tell.
    unplaced_segment: Option<u32>,
}

impl Session {
    /// Compiles the guest and checks the script against it. Nothing of the guest runs yet. The
    /// timeline that comes back has no steps; push what [`Session::advance`] returns.
    ///
    /// # Errors
    /// When the guest cannot be compiled, or an input or an `import` line cannot be used with it.
    pub fn open(opening: SessionConfig) -> Result<(Session, Timeline), OpenError> {
        open::open(opening)
    }

    /// Runs the next step to its end. `None` when no step is left, or the last one ended in
    /// anything but ok.
    pub fn advance(&mut self) -> Option<StepRecord> {
        if self.is_over {
            return None;
        }
        if self.next_step == 0 {
            return Some(self.instantiate());
        }
        self.run_next_statement()
    }

    /// Whether no step is left to run.
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}
