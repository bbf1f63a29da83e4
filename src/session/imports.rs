//! The host functions that a guest imports. Some are described by the script, some are built in. The
//! others exist so that the guest can start, and trap when they are called.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmer::{
    AsStoreMut, AsStoreRef, FunctionEnvMut, FunctionType, Memory, RuntimeError, Value as Wasm,
};

use crate::data_types::TypeTable;
use crate::safe;
use crate::script::ast::{Action, HostFunctionName, ImportName, RecordedActions};
use crate::source::HostPlace;
use crate::timeline::{
    CallRecord, ChildKind, FindingKind, ImportCall, ImportWrite, Recording, Writer,
};
use crate::value::Value;

use super::child_text;
use super::exports::LiveGuest;
use super::files::Files;
use super::host_names::{describe_function, display, import_name};
use super::import_history::ImportHistory;
use super::limits::{Stop, Watch};
use super::playback::Playback;
use super::recorder::Recorder;
use super::scope::Scope;
use super::wasi::{self, Wasi};
use super::{memory, values};

/// The most calls of imports that are recorded one by one in one step; further calls are counted.
pub const MAX_RECORDED_CALLS: usize = 1000;
/// The most bytes that the `reads` actions of one step can read; after that, calls are only counted.
const MAX_BYTES_READ: usize = 64 << 20;
/// How many calls of the guest by imports can be inside each other.
pub(super) const MAX_DEPTH: usize = 64;
/// The most writes by imports in one step. Each is recorded.
const MAX_WRITES: u64 = 2 << 20;
/// The most bytes that imports can write in one step.
const MAX_BYTES_WRITTEN: u64 = 256 << 20;
/// The most writes by imports that are examined for where their address came from, in one step.
pub(super) const MAX_CHOSEN_WRITES: usize = 64;

/// Why a host function ended the guest's call. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum HostTrap {
    /// An import that nobody defined.
    #[error("{}", undefined_message(.name, .ty))]
    Undefined { name: ImportName, ty: FunctionType },
    /// The message of a `traps` action, an abort or a throw.
    #[error("{0}")]
    Message(String),
    /// An action of a described import that failed.
    #[error("{name}: {message}")]
    Action {
        name: String,
        message: String,
        /// The finding that the failure is, with its address.
        found: Option<(FindingKind, u64)>,
    },
    /// More writes or bytes than one step can record.
    #[error(
        "the imports made more than {MAX_WRITES} writes or wrote more than {} MiB in one step, the \
         limits; call the guest for less at a time",
        MAX_BYTES_WRITTEN >> 20
    )]
    TooMuchWritten,
    /// Imports that call the guest, which calls imports, without end.
    #[error(
        "{name}: more than {MAX_DEPTH} calls of the guest by imports are inside each other, \
         the limit; does an import call the function that called it?"
    )]
    TooDeep { name: String },
    /// A call of the guest by an import that did not return; the reason is with the running import.
    #[error("the guest that the import called did not return")]
    InnerCall,
    /// WASI's `proc_exit`.
    #[error("the guest exited with exit code {0}")]
    Exited(i32),
    /// A cancel or a limit.
    #[error("stopped")]
    Stopped(Stop),
}

fn undefined_message(name: &ImportName, ty: &FunctionType) -> String {
    if let Some(call) = wasi::Call::named(name) {
        return format!(
            "the guest called {} as {}, but the function that is built in is {}; to define this \
             one, add before the first step:\n    {}",
            display(name),
            values::func_type(ty),
            values::func_type(&call.ty()),
            definition_line(name, ty)
        );
    }
    format!(
        "the guest called {}, an import that nobody defined; to define it, add before the first \
         step:\n    {}",
        display(name),
        definition_line(name, ty)
    )
}

/// Returns the line that would define an import, for a person to copy.
pub(super) fn definition_line(name: &ImportName, ty: &FunctionType) -> String {
    let names: Vec<String> = (0..ty.params().len()).map(|i| format!("a{i}")).collect();
    let mut line = format!("import {}({})", display(name), names.join(", "));
    let zeros: Vec<String> = ty
        .results()
        .iter()
        .filter_map(|ty| Some(values::from_wasm(&values::zero(*ty)).ok()?.to_string()))
        .collect();
    if !zeros.is_empty() {
        line.push_str(&format!(" returns {}", zeros.join(", ")));
    }
    line
}

/// The state that all host functions of a session share: the live memory, the calls of the current
/// step, and the history of all calls.
pub(super) struct HostState {
    pub memory: Option<Memory>,
    /// `None` until the guest is instantiated.
    pub guest: Option<LiveGuest>,
    /// The number of calls of the guest by imports that are running, each inside the one before.
    pub depth: usize,
    /// How many bytes the variables of running actions take.
    pub bound_bytes: usize,
    pub watch: Option<Watch>,
    pub scope: Scope,
    pub files: Files,
    /// Records what the guest and the imports do to memory in this step.
    pub recorder: Recorder,
    /// The calls of imports in this step, up to [`MAX_RECORDED_CALLS`].
    pub calls: Vec<ImportCall>,
    /// The number of all calls of imports in this step.
    pub calls_total: u64,
    /// How many bytes the `reads` actions of this step have read.
    bytes_read: usize,
    /// The number of writes by imports in this step.
    writes: u64,
    /// How many bytes imports have written in this step.
    bytes_written: u64,
    /// The first writes by imports in this step whose address the script chose.
    pub chosen_writes: Vec<ImportWrite>,
    /// All calls since the session began.
    pub history: ImportHistory,
    /// The number of the next object.
    objects: AtomicU64,
    pub wasi: Wasi,
    /// The recording that is the host, if there is one.
    pub playback: Option<Playback>,
    /// Where a recorded host did what the actions of imports do.
    pub recorded_actions: Arc<RecordedActions>,
    /// The types that the script names.
    pub types: Arc<TypeTable>,
}

impl HostState {
    pub fn new(files: Files, wasi: Wasi, recorder: Recorder, history: ImportHistory) -> Self {
        HostState {
            memory: None,
            guest: None,
            depth: 0,
            bound_bytes: 0,
            watch: None,
            scope: Scope::default(),
            files,
            recorder,
            calls: Vec::new(),
            calls_total: 0,
            bytes_read: 0,
            writes: 0,
            bytes_written: 0,
            chosen_writes: Vec::new(),
            history,
            objects: AtomicU64::new(0),
            wasi,
            playback: None,
            recorded_actions: Arc::default(),
            types: Arc::default(),
        }
    }

    /// Returns the number of a new object.
    pub fn new_object(&self) -> u64 {
        self.objects.fetch_add(1, Ordering::Relaxed)
    }

    /// Clears the import calls of the last call of the guest, and starts the clock of the next one.
    pub fn begin_call(&mut self, watch: Watch, scope: &Scope, max_stores: u64) {
        self.watch = Some(watch);
        self.scope = scope.clone();
        self.recorder.begin_call(max_stores);
        self.calls = Vec::new();
        self.calls_total = 0;
        (self.bytes_read, self.writes, self.bytes_written) = (0, 0, 0);
        (self.depth, self.bound_bytes) = (0, 0);
        self.chosen_writes = Vec::new();
    }

    /// Checks whether the guest may continue, after a drain.
    ///
    /// # Errors
    ///
    /// Returns why the guest must stop.
    pub fn check(&mut self, store: &impl AsStoreRef) -> Result<(), Stop> {
        if self.recorder.is_over_budget(store, self.memory.as_ref()) {
            return Err(Stop::HistoryLimit);
        }
        self.watch.as_mut().map_or(Ok(()), Watch::tick)
    }

    /// Records the stores that the guest has made so far, so that the next event comes after them.
    pub fn drain(&mut self, store: &mut impl AsStoreMut) -> Result<(), String> {
        let slots = self
            .recorder
            .drain(store, self.memory.as_ref())
            .map_err(|error| error.to_string())?;
        if let Some(watch) = &mut self.watch {
            watch.count(slots);
        }
        Ok(())
    }
}

/// A host function as the guest sees it.
pub(super) struct HostFunction {
    name: HostFunctionName,
    ty: FunctionType,
    meaning: Meaning,
    /// What single calls do, by their number.
    calls: BTreeMap<u64, Described>,
    writer: Writer,
}

/// The actions of an `import` line.
pub(super) struct Described {
    /// The names of the parameters.
    pub params: Vec<String>,
    pub actions: Vec<Action>,
}

/// What a host function does.
pub(super) enum Meaning {
    /// The actions of an `import` line.
    Described(Described),
    /// AssemblyScript's `env.abort(message, file, line, column)`.
    AssemblyScriptAbort,
    /// wasm-bindgen's `__wbindgen_throw(pointer, length)`.
    WasmBindgenThrow,
    /// What the recording has.
    Recorded,
    /// A function of WASI.
    Wasi(wasi::Call),
    /// A trap, because nobody defined the import.
    Undefined,
}

impl Meaning {
    /// Returns the built-in meaning of an import that the script does not define.
    pub fn built_in(name: &ImportName, ty: &FunctionType) -> Meaning {
        use wasmer::Type::I32;
        let params = ty.params();
        if let Some(call) = wasi::Call::named(name) {
            return if call.ty() == *ty {
                Meaning::Wasi(call)
            } else {
                Meaning::Undefined
            };
        }
        if name.module == "env" && name.name == "abort" && params == [I32, I32, I32, I32] {
            Meaning::AssemblyScriptAbort
        } else if name.name.starts_with("__wbindgen_throw")
            || name.name.starts_with("__wbg___wbindgen_throw")
        {
            if params == [I32, I32] {
                Meaning::WasmBindgenThrow
            } else {
                Meaning::Undefined
            }
        } else {
            Meaning::Undefined
        }
    }
}

impl HostFunction {
    pub fn new(name: HostFunctionName, ty: FunctionType, meaning: Meaning) -> Self {
        let import = import_name(&name);
        let writer = Writer::Import {
            module: Arc::from(safe::plain(&import.module)),
            name: Arc::from(safe::plain(&import.name)),
        };
        HostFunction {
            name,
            ty,
            meaning,
            calls: BTreeMap::new(),
            writer,
        }
    }

    /// Sets what single calls do, by their number.
    pub fn with_calls(self, calls: BTreeMap<u64, Described>) -> Self {
        HostFunction { calls, ..self }
    }

    /// Runs the function when the guest calls it.
    ///
    /// # Errors
    /// A user trap that contains a [`HostTrap`].
    pub fn call(
        &self,
        mut env: FunctionEnvMut<HostState>,
        args: &[Wasm],
    ) -> Result<Vec<Wasm>, RuntimeError> {
        let trap = |trap: HostTrap| RuntimeError::user(Box::new(trap));
        let args: Vec<Value> = args
            .iter()
            .map(|a| values::receive(&env, a).unwrap_or(Value::Null))
            .collect();
        let state = env.data_mut();
        if let Some(Err(stop)) = state.watch.as_ref().map(Watch::check) {
            return Err(trap(HostTrap::Stopped(stop)));
        }
        state.calls_total += 1;
        let index = state.history.begin(&self.name, &args);
        let is_recorded =
            state.calls.len() < MAX_RECORDED_CALLS && state.bytes_read < MAX_BYTES_READ;
        let recorded = is_recorded.then(|| {
            let import = import_name(&self.name);
            let name = safe::plain(&format!("{}.{}", import.module, import.name));
            state.calls.push(ImportCall {
                name,
                args: args.clone(),
                ..ImportCall::default()
            });
            state.calls.len() - 1
        });
        let mut running = Running {
            function: self,
            env,
            args,
            index,
            bound: Vec::new(),
            reads: Vec::new(),
            calls: Vec::new(),
            errno: None,
            inner_error: None,
            place: None,
        };
        let results = running.perform_as_child();
        let inner_error = running.inner_error.take();
        let results = results.map_err(|error| inner_error.unwrap_or_else(|| trap(error)));
        let (reads, errno) = (std::mem::take(&mut running.reads), running.errno);
        let calls = std::mem::take(&mut running.calls);
        let bound: usize = running.bound.iter().map(|(_, value)| value.weight()).sum();
        let returned: Vec<Value> = results
            .iter()
            .flatten()
            .map(|result| values::receive(&running.env, result).unwrap_or(Value::Null))
            .collect();
        let state = running.env.data_mut();
        state.bound_bytes = state.bound_bytes.saturating_sub(bound);
        if results.is_ok() {
            state.history.end(&self.name, index, &reads, &returned);
        }
        if let Some(call) = recorded.and_then(|i| state.calls.get_mut(i)) {
            state.bytes_read = state
                .bytes_read
                .saturating_add(reads.iter().map(Value::weight).sum());
            call.saw = reads;
            call.calls = calls;
            call.meaning = errno;
            call.results = returned;
        }
        results
    }
}

/// One call of a host function while it runs.
pub(super) struct Running<'a, 'b> {
    function: &'a HostFunction,
    pub env: FunctionEnvMut<'b, HostState>,
    pub args: Vec<Value>,
    /// The number of the call, counted from 0 for each import.
    index: u64,
    /// The variables that actions have bound, in order.
    pub bound: Vec<(String, Value)>,
    /// The values that `reads` actions have read.
    pub reads: Vec<Value>,
    /// The calls of the guest by `call` actions.
    pub calls: Vec<CallRecord>,
    /// The name of the WASI error that the function returns.
    errno: Option<&'static str>,
    /// Why a call of the guest did not return.
    pub inner_error: Option<RuntimeError>,
    /// Where a recorded host did what the action does that is performed now.
    pub place: Option<Arc<HostPlace>>,
}

impl Running<'_, '_> {
    /// Performs the meaning of the function.
    pub fn perform(&mut self) -> Result<Vec<Wasm>, HostTrap> {
        if let Some(described) = self.function.calls.get(&self.index) {
            return self.perform_actions(&described.params, &described.actions);
        }
        match &self.function.meaning {
            Meaning::Described(described) => {
                self.perform_actions(&described.params, &described.actions)
            }
            Meaning::Recorded => self.replay_import(),
            Meaning::AssemblyScriptAbort => Err(HostTrap::Message(self.abort_message())),
            Meaning::WasmBindgenThrow => Err(HostTrap::Message(self.throw_message())),
            Meaning::Wasi(call) => {
                let (results, errno) = call.perform(self)?;
                self.errno = errno;
                Ok(results)
            }
            Meaning::Undefined => Err(HostTrap::Undefined {
                name: import_name(&self.function.name),
                ty: self.function.ty.clone(),
            }),
        }
    }

    /// Returns the host function, and the number of this call of it.
    pub fn call(&self) -> (&HostFunctionName, u64) {
        (&self.function.name, self.index)
    }

    /// Returns the types of the results that the guest expects.
    pub fn result_types(&self) -> &[wasmer::Type] {
        self.function.ty.results()
    }

    /// Returns the import as the writer of what it writes.
    pub fn writer(&self) -> Writer {
        self.function.writer.clone()
    }

    /// Returns the name of the function: `module.name`, safe to print.
    pub fn name(&self) -> String {
        let import = import_name(&self.function.name);
        safe::plain(&format!("{}.{}", import.module, import.name))
    }

    /// Writes bytes to memory as a child step, and records the import as their writer.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), HostTrap> {
        self.as_child(
            ChildKind::Write,
            |_| child_text::write(address, bytes),
            |running| running.write_now(address, bytes),
            |_, ()| None,
        )
    }

    fn write_now(&mut self, address: u64, bytes: &[u8]) -> Result<(), HostTrap> {
        let memory = self.memory()?;
        self.count_write(bytes.len())?;
        memory::write(&memory, &self.env, address, bytes)
            .map_err(|error| self.access_failed(error))?;
        let writer = self.writer();
        self.record(|recording| recording.push_write(address, bytes, writer))
    }

    /// Records the stores that the guest has made so far.
    pub fn drain(&mut self) -> Result<(), HostTrap> {
        let (state, mut store) = self.env.data_and_store_mut();
        let drained = state.drain(&mut store);
        drained.map_err(|why| self.fail(why))
    }

    /// Records all stores of a call of the guest that has trapped.
    pub fn drain_rest(&mut self) -> Result<(), HostTrap> {
        let (state, mut store) = self.env.data_and_store_mut();
        let memory = state.memory.as_ref();
        let drained = state.recorder.drain_rest(&mut store, memory);
        drained.map(|_| ()).map_err(|why| self.fail(why))
    }

    /// Adds an event to the recording, after the stores that the guest has made before.
    pub fn record(&mut self, add: impl FnOnce(&mut Recording)) -> Result<(), HostTrap> {
        let (state, mut store) = self.env.data_and_store_mut();
        let drained = state.drain(&mut store);
        add(state.recorder.recording());
        let memory = state.memory.as_ref();
        if state.recorder.is_over_budget(&store, memory) {
            return Err(HostTrap::Stopped(Stop::HistoryLimit));
        }
        drained.map_err(|why| self.fail(why))
    }

    /// Counts a write. Every write is recorded, so their number and size are limited.
    pub fn count_write(&mut self, bytes: usize) -> Result<(), HostTrap> {
        let state = self.env.data_mut();
        state.writes += 1;
        state.bytes_written = state.bytes_written.saturating_add(bytes as u64);
        if state.writes > MAX_WRITES || state.bytes_written > MAX_BYTES_WRITTEN {
            return Err(HostTrap::TooMuchWritten);
        }
        Ok(())
    }

    /// Returns the trap of an action that failed.
    pub fn fail(&self, error: impl Display) -> HostTrap {
        self.found(error, None)
    }

    /// Returns the trap of an action whose failure is a finding at an address.
    pub fn found(&self, error: impl Display, found: Option<(FindingKind, u64)>) -> HostTrap {
        HostTrap::Action {
            name: describe_function(&self.function.name),
            message: error.to_string(),
            found,
        }
    }

    /// Returns the trap of an action that could not access memory.
    pub fn access_failed(&self, error: memory::AccessError) -> HostTrap {
        let found = match &error {
            memory::AccessError::OutOfBounds { start, .. }
            | memory::AccessError::NoNul { start, .. } => Some((FindingKind::OutOfBounds, *start)),
            memory::AccessError::NoMemory
            | memory::AccessError::OutOfMemory(_)
            | memory::AccessError::Engine(_) => None,
        };
        self.found(error, found)
    }
}
