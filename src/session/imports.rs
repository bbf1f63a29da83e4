//! The host functions a guest imports: those the script describes by actions, those whose meaning
//! is known by themselves, and the rest, which are satisfied so that the guest can start and trap
//! when called.

use std::collections::HashMap;
use std::sync::Arc;

use wasmer::{AsStoreMut, FunctionEnvMut, FunctionType, Memory, RuntimeError, Value as Wasm};

use crate::safe;
use crate::script::ast::{Action, ImportName};
use crate::script::eval::{self, EnvError, EvalEnv};
use crate::timeline::{FindingKind, ImportCall, PAGE, Recording, Writer};
use crate::value::Value;

use super::files::Files;
use super::journal::Journal;
use super::limits::{Stop, Watch};
use super::read_statement;
use super::scope::Scope;
use super::wasi::{self, Wasi};
use super::{memory, values};

/// How many calls of imports one step keeps one by one; the rest are counted.
pub const MOST_CALLS_KEPT: usize = 1000;
/// How many calls of one import `call_args` can look back on, and how many of all imports together.
const MOST_ARGS_KEPT: usize = 100_000;
const MOST_ARGS_KEPT_IN_ALL: usize = 1_000_000;

/// How many bytes the readings of those calls may take; past it, further calls are counted only.
const MOST_BYTES_SEEN: usize = 64 << 20;
/// How much imports may write in one step, in writes and in bytes: each write is recorded.
const MOST_WRITES: u64 = 2 << 20;
const MOST_BYTES_WRITTEN: u64 = 256 << 20;

/// Why a host function ended the guest's call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum HostTrap {
    #[error("{}", undefined(.name, .ty))]
    Undefined { name: ImportName, ty: FunctionType },
    /// What a `traps` action, an abort or a throw says.
    #[error("{0}")]
    Said(String),
    /// A described action could not be carried out.
    #[error("import {name}: {message}")]
    Action {
        name: String,
        message: String,
        found: Option<(FindingKind, u64)>,
    },
    #[error(
        "the imports wrote more in one step than is recorded, {MOST_WRITES} times or {} MiB; \
         call the guest for less at a time",
        MOST_BYTES_WRITTEN >> 20
    )]
    TooMuchWritten,
    /// WASI's `proc_exit`.
    #[error("the guest exited with exit code {0}")]
    Exited(i32),
    #[error("stopped")]
    Stopped(Stop),
}

fn undefined(name: &ImportName, ty: &FunctionType) -> String {
    if let Some(call) = wasi::Call::named(name) {
        return format!(
            "the guest called {} as {}, but the function that is built in is {}; to define this \
             one, add before the first step:\n    {}",
            display(name),
            values::signature(ty),
            values::signature(&call.ty()),
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

/// The line that would define an import, for a person to copy.
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

/// `module.name`, each part quoted where it is not a plain name.
pub fn display(name: &ImportName) -> String {
    format!("{}.{}", part(&name.module), part(&name.name))
}

fn part(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        text.to_string()
    } else {
        safe::quoted(text, 200)
    }
}

/// What every host function of a session shares: the live memory, what a step's calls did, and all
/// calls so far.
pub(super) struct HostState {
    pub memory: Option<Memory>,
    pub watch: Option<Watch>,
    pub scope: Scope,
    pub files: Files,
    /// `None` until the guest is instantiated.
    pub journal: Option<Journal>,
    /// What the guest and the imports do to memory in this step.
    pub recording: Recording,
    pub calls: Vec<ImportCall>,
    pub calls_total: u64,
    bytes_seen: usize,
    writes: u64,
    bytes_written: u64,
    pub history: HashMap<ImportName, History>,
    args_kept: usize,
    pub wasi: Wasi,
}

/// All calls of one import so far.
#[derive(Debug, Default)]
pub(super) struct History {
    pub count: u64,
    pub args: Vec<Vec<Value>>,
}

impl HostState {
    pub fn new(files: Files, wasi: Wasi) -> Self {
        HostState {
            memory: None,
            watch: None,
            scope: Scope::default(),
            files,
            journal: None,
            recording: Recording::default(),
            calls: Vec::new(),
            calls_total: 0,
            bytes_seen: 0,
            writes: 0,
            bytes_written: 0,
            history: HashMap::new(),
            args_kept: 0,
            wasi,
        }
    }

    /// Forgets the last step's calls and starts the clock of the next, which goes on with the
    /// recording given.
    pub fn begin_step(
        &mut self,
        watch: Watch,
        scope: &Scope,
        recording: Recording,
        max_stores: u64,
    ) {
        self.watch = Some(watch);
        self.scope = scope.clone();
        self.recording = recording;
        if let Some(journal) = &mut self.journal {
            journal.begin(max_stores);
        }
        self.calls = Vec::new();
        self.calls_total = 0;
        (self.bytes_seen, self.writes, self.bytes_written) = (0, 0, 0);
    }

    /// Takes over what the guest has stored up to here, so that what comes next stands behind it.
    pub fn drain(&mut self, store: &mut impl AsStoreMut) -> Result<(), String> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let slots = journal.drain(store, self.memory.as_ref(), &mut self.recording)?;
        if let Some(watch) = &mut self.watch {
            watch.count(slots);
        }
        Ok(())
    }

    pub fn calls_of(&self, name: &ImportName) -> u64 {
        self.history.get(name).map_or(0, |h| h.count)
    }

    /// The arguments of one call of an import, counted from 0.
    pub fn args_of(&self, name: &ImportName, index: u64) -> Result<Vec<Value>, EnvError> {
        let history = self.history.get(name);
        let count = history.map_or(0, |h| h.count);
        if index >= count {
            return Err(EnvError::NoSuchCall {
                import: display(name),
                count,
                index,
            });
        }
        usize::try_from(index)
            .ok()
            .and_then(|i| history?.args.get(i).cloned())
            .ok_or_else(|| EnvError::ArgumentsNotKept {
                import: display(name),
                kept: history.map_or(0, |h| h.args.len()),
            })
    }

    /// Adds a call to the history of its import.
    fn count_call(&mut self, name: &ImportName, args: &[Value]) {
        self.calls_total += 1;
        let has_room = self.args_kept < MOST_ARGS_KEPT_IN_ALL;
        match self.history.get_mut(name) {
            Some(history) => {
                history.count += 1;
                if has_room && history.args.len() < MOST_ARGS_KEPT {
                    history.args.push(args.to_vec());
                    self.args_kept += 1;
                }
            }
            // The first call is kept whatever the others took.
            None => {
                self.history.insert(
                    name.clone(),
                    History {
                        count: 1,
                        args: vec![args.to_vec()],
                    },
                );
            }
        }
    }
}

/// A host function as the guest sees it.
pub(super) struct HostFunction {
    name: ImportName,
    ty: FunctionType,
    meaning: Meaning,
    writer: Writer,
}

pub(super) enum Meaning {
    /// What the script says, over these parameter names.
    Described {
        params: Vec<String>,
        actions: Vec<Action>,
    },
    /// AssemblyScript's `env.abort(message, file, line, column)`: UTF-16 with its byte length four
    /// bytes before.
    AssemblyScriptAbort,
    /// wasm-bindgen's `__wbindgen_throw(pointer, length)`: UTF-8.
    WasmBindgenThrow,
    Wasi(wasi::Call),
    Undefined,
}

impl Meaning {
    /// What an import means that the script does not define.
    pub fn known(name: &ImportName, ty: &FunctionType) -> Meaning {
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
    pub fn new(name: ImportName, ty: FunctionType, meaning: Meaning) -> Self {
        let writer = Writer::Import {
            module: Arc::from(safe::plain(&name.module)),
            name: Arc::from(safe::plain(&name.name)),
        };
        HostFunction {
            name,
            ty,
            meaning,
            writer,
        }
    }

    /// What runs when the guest calls the import.
    ///
    /// # Errors
    /// A user trap holding a [`HostTrap`].
    pub fn call(
        &self,
        mut env: FunctionEnvMut<HostState>,
        args: &[Wasm],
    ) -> Result<Vec<Wasm>, RuntimeError> {
        let trap = |trap: HostTrap| RuntimeError::user(Box::new(trap));
        let args: Vec<Value> = args
            .iter()
            .map(|a| values::from_wasm(a).unwrap_or(Value::Null))
            .collect();
        let state = env.data_mut();
        if let Some(Err(stop)) = state.watch.as_ref().map(Watch::check) {
            return Err(trap(HostTrap::Stopped(stop)));
        }
        state.count_call(&self.name, &args);
        let has_room = state.calls.len() < MOST_CALLS_KEPT && state.bytes_seen < MOST_BYTES_SEEN;
        let kept = has_room.then(|| {
            let name = safe::plain(&format!("{}.{}", self.name.module, self.name.name));
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
            saw: Vec::new(),
            meaning: None,
        };
        let results = running.perform().map_err(trap);
        let (saw, meaning) = (std::mem::take(&mut running.saw), running.meaning);
        let state = running.env.data_mut();
        if let Some(call) = kept.and_then(|i| state.calls.get_mut(i)) {
            state.bytes_seen = state
                .bytes_seen
                .saturating_add(saw.iter().map(Value::weight).sum());
            call.saw = saw;
            call.meaning = meaning;
            if let Ok(results) = &results {
                call.results = results
                    .iter()
                    .map(|r| values::from_wasm(r).unwrap_or(Value::Null))
                    .collect();
            }
        }
        results
    }
}

/// One call of a host function while it runs.
pub(super) struct Running<'a, 'b> {
    function: &'a HostFunction,
    pub env: FunctionEnvMut<'b, HostState>,
    pub args: Vec<Value>,
    saw: Vec<Value>,
    /// The name of the error that the results are.
    meaning: Option<&'static str>,
}

/// What an action's expression can see: the parameters, then what the script has bound.
struct ActionEnv<'a> {
    params: &'a [String],
    args: &'a [Value],
    state: &'a HostState,
    pages: Option<u64>,
}

impl EvalEnv for ActionEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        match self.params.iter().position(|p| p == name) {
            Some(index) => self.args.get(index),
            None => self.state.scope.value(name),
        }
    }

    fn pages(&self) -> Result<u64, EnvError> {
        self.pages
            .ok_or_else(|| EnvError::NoMemory(memory::AccessError::NoMemory.to_string()))
    }

    fn calls(&self, import: &ImportName) -> Result<u64, EnvError> {
        Ok(self.state.calls_of(import))
    }

    fn call_args(&self, import: &ImportName, index: u64) -> Result<Vec<Value>, EnvError> {
        self.state.args_of(import, index)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(self.state.files.read(path)?)
    }
}

impl Running<'_, '_> {
    fn perform(&mut self) -> Result<Vec<Wasm>, HostTrap> {
        match &self.function.meaning {
            Meaning::Described { params, actions } => self.perform_actions(params, actions),
            Meaning::AssemblyScriptAbort => Err(HostTrap::Said(self.abort_message())),
            Meaning::WasmBindgenThrow => Err(HostTrap::Said(self.throw_message())),
            Meaning::Wasi(call) => {
                let (results, meaning) = wasi::perform(self, *call)?;
                self.meaning = meaning;
                Ok(results)
            }
            Meaning::Undefined => Err(HostTrap::Undefined {
                name: self.function.name.clone(),
                ty: self.function.ty.clone(),
            }),
        }
    }

    fn perform_actions(
        &mut self,
        params: &[String],
        actions: &[Action],
    ) -> Result<Vec<Wasm>, HostTrap> {
        let mut results = Vec::new();
        for action in actions {
            match action {
                Action::Returns(exprs) => {
                    for (expr, ty) in exprs.iter().zip(self.function.ty.results()) {
                        let value = self.evaluate(params, expr)?;
                        results.push(
                            values::to_wasm(&value, *ty)
                                .map_err(|why| self.fail(format!("returns: {why}")))?,
                        );
                    }
                }
                Action::Writes { address, value } => {
                    let address = self.address(params, address, "the address")?;
                    let value = self.evaluate(params, value)?;
                    let bytes = crate::script::encoding::bytes_to_write(&value)
                        .map_err(|e| self.fail(e.to_string()))?;
                    self.write(address, &bytes)?;
                }
                Action::Copies { to, from, length } => {
                    let to = self.address(params, to, "the destination")?;
                    let from = self.address(params, from, "the source")?;
                    let length = self.address(params, length, "the length")?;
                    let memory = self.memory()?;
                    let bytes = memory::read(&memory, &self.env, from, length)
                        .map_err(|e| self.access_failed(e))?;
                    self.write(to, &bytes)?;
                }
                Action::Grows { bytes } => self.grow(params, bytes)?,
                Action::Reads { address, what } => {
                    let at = self.address(params, address, "the address")?;
                    let memory = self.memory()?;
                    let plan =
                        read_statement::plan(what, |expr, role| self.address(params, expr, role))?;
                    let read = read_statement::perform(&plan, &memory, &self.env, at).map_err(
                        |e| match e {
                            read_statement::ReadError::Access(e) => self.access_failed(e),
                            read_statement::ReadError::Utf8 { message, address } => {
                                self.found(message, Some((FindingKind::InvalidUtf8, address)))
                            }
                            read_statement::ReadError::Other(message) => self.fail(message),
                        },
                    )?;
                    self.saw.push(read.value);
                }
                Action::Traps { why } => {
                    let why = self.evaluate(params, why)?;
                    return Err(HostTrap::Said(match why {
                        Value::Text(text) => safe::plain(&text),
                        other => other.brief(200),
                    }));
                }
            }
        }
        Ok(results)
    }

    fn world<'s>(&'s self, params: &'s [String]) -> ActionEnv<'s> {
        let state = self.env.data();
        let pages = state.memory.as_ref().map(|m| memory::pages(m, &self.env));
        ActionEnv {
            params,
            args: &self.args,
            state,
            pages,
        }
    }

    fn evaluate(
        &self,
        params: &[String],
        expr: &crate::script::ast::Expr,
    ) -> Result<Value, HostTrap> {
        eval::evaluate(expr, &self.world(params)).map_err(|e| self.fail(e.to_string()))
    }

    fn address(
        &self,
        params: &[String],
        expr: &crate::script::ast::Expr,
        role: &str,
    ) -> Result<u64, HostTrap> {
        let value = self.evaluate(params, expr)?;
        eval::address(&value, &eval::subject(expr, role), self.is_64())
            .map_err(|error| self.fail(error.to_string()))
    }

    fn is_64(&self) -> bool {
        self.env.data().scope.is_64
    }

    fn memory(&self) -> Result<Memory, HostTrap> {
        self.env
            .data()
            .memory
            .clone()
            .ok_or_else(|| self.access_failed(memory::AccessError::NoMemory))
    }

    /// Writes for the import, and records it as its own.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), HostTrap> {
        let memory = self.memory()?;
        self.count_write(bytes.len())?;
        memory::write(&memory, &self.env, address, bytes).map_err(|e| self.access_failed(e))?;
        let writer = self.function.writer.clone();
        self.record(|recording| recording.push_write(address, bytes, writer))
    }

    /// Adds to the recording, behind what the guest has stored before it called.
    fn record(&mut self, add: impl FnOnce(&mut Recording)) -> Result<(), HostTrap> {
        let (state, mut store) = self.env.data_and_store_mut();
        let drained = state.drain(&mut store);
        add(&mut state.recording);
        drained.map_err(|why| self.fail(why))
    }

    /// The history keeps every write, so a guest that asks for them in a loop is stopped at some
    /// point.
    pub fn count_write(&mut self, bytes: usize) -> Result<(), HostTrap> {
        let state = self.env.data_mut();
        state.writes += 1;
        state.bytes_written = state.bytes_written.saturating_add(bytes as u64);
        if state.writes > MOST_WRITES || state.bytes_written > MOST_BYTES_WRITTEN {
            return Err(HostTrap::TooMuchWritten);
        }
        Ok(())
    }

    /// To at least so many bytes.
    fn grow(
        &mut self,
        params: &[String],
        bytes: &crate::script::ast::Expr,
    ) -> Result<(), HostTrap> {
        let wanted = self.address(params, bytes, "the size")?;
        let memory = self.memory()?;
        let before = memory::pages(&memory, &self.env);
        let needed = wanted.div_ceil(PAGE).saturating_sub(before);
        if needed > 0 {
            memory::grow(&memory, &mut self.env, needed)
                .map_err(|why| self.fail(format!("cannot grow memory to {wanted} bytes: {why}")))?;
        }
        let now = memory::pages(&memory, &self.env);
        let writer = self.function.writer.clone();
        self.record(|recording| recording.push_growth(before, now, writer))
    }

    fn fail(&self, message: String) -> HostTrap {
        self.found(message, None)
    }

    fn found(&self, message: String, found: Option<(FindingKind, u64)>) -> HostTrap {
        HostTrap::Action {
            name: display(&self.function.name),
            message,
            found,
        }
    }

    fn access_failed(&self, error: memory::AccessError) -> HostTrap {
        let found = match &error {
            memory::AccessError::OutOfBounds { start, .. }
            | memory::AccessError::NoNul { start, .. } => Some((FindingKind::OutOfBounds, *start)),
            memory::AccessError::NoMemory | memory::AccessError::Engine(_) => None,
        };
        self.found(error.to_string(), found)
    }
}
