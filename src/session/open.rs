//! Opens a session: compiles the guest, checks the script against it, and sets the inputs.

use std::sync::Arc;
use std::thread;

use wasmer::{FunctionEnv, Store};

use crate::guest::{Guest, GuestError, InstrumentOptions};
use crate::javascript::{self, Interface};
use crate::prose::Prose;
use crate::safe;
use crate::script::ast::{Expr, ImportKind, ImportName, Statement, StatementKind};
use crate::script::eval::{EvalErrorKind, InputError};
use crate::script::{Script, ScriptErrors, eval, parse_expression};
use crate::text;
use crate::timeline::{
    ExportFacts, GuestFacts, Image, ImportFacts, InputFacts, MemoryFacts, PAGE, PlannedStep,
    StepKind, Timeline,
};
use crate::value::Value;

use super::compiled::NotCompiled;
use super::declared_types;
use super::engine::CompileError;
use super::eval_env::SetupEnv;
use super::files::Files;
use super::import_check::{ImportMismatch, first_mismatch};
use super::import_history::ImportHistory;
use super::imports::HostState;
use super::judging::Judging;
use super::limits::StoppedTime;
use super::pointers::Pointers;
use super::recorder::Recorder;
use super::region_facts::layout_facts;
use super::scope::Scope;
use super::self_check::SelfCheck;
use super::types::type_source;
use super::value_origin::Origins;
use super::wasi::Wasi;
use super::{Progress, Session, SessionConfig};
use super::{abi_hints, allocator_calls, finish_recording, steps};

/// The stack of the thread that guesses the ABI, in bytes: as large as that of a main thread.
const ABI_STACK: usize = 8 << 20;

/// The longest argument or value of the environment, in bytes.
const MAX_PROGRAM_TEXT: usize = 128 << 10;

/// Why a session cannot be opened. Messages are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The guest cannot be instrumented.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The engine refuses the guest; the text is the engine's.
    #[error("the engine cannot compile this guest: {0}")]
    Compile(String),
    /// The session was cancelled while the engine compiled the guest.
    #[error("cancelled while the engine compiled the guest")]
    Cancelled(
        /// What is known of the session. It has no steps, and is marked as interrupted.
        Box<Timeline>,
    ),
    /// A line of the script that cannot be used with this guest.
    #[error("{place}: {problem}")]
    Script {
        /// `file:line:column`.
        place: String,
        /// What is wrong with it.
        problem: ScriptProblem,
    },
    /// Types of the script that are not known, or that have no layout.
    #[error(transparent)]
    Types(#[from] ScriptErrors),
    /// Values for inputs that are refused: each input's name and why.
    #[error("{}", list_refused(.0))]
    Inputs(Vec<(String, InputError)>),
}

fn list_refused(refused: &[(String, InputError)]) -> String {
    let lines: Vec<String> = refused
        .iter()
        .map(|(name, error)| format!("input {name}: {error}"))
        .collect();
    lines.join("\n")
}

/// What is wrong with a line of a script for the guest that it runs on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScriptProblem {
    /// `memory` names a memory that the guest does not export.
    #[error(
        "the guest exports no memory named {}; {}",
        safe::quoted(.name, 100),
        exported_memories(.exported)
    )]
    UnknownMemory {
        /// The name in the script.
        name: String,
        /// The names of the memories that the guest exports.
        exported: Vec<String>,
    },
    /// An `import` line that does not fit the guest's import.
    #[error(transparent)]
    Import(#[from] ImportMismatch),
    /// An argument, or a value of the environment, that a WASI program cannot get.
    #[error(
        "{what} cannot be {found}; write text without a NUL, of at most {} KiB",
        MAX_PROGRAM_TEXT >> 10
    )]
    ProgramText {
        /// What the value is for.
        what: &'static str,
        /// The value, safe to print.
        found: String,
    },
    /// A file of a WASI program whose content is neither text nor bytes.
    #[error("a file cannot be {0}; give it text or bytes, such as `file(\"in.txt\")`")]
    FileContent(String),
    /// A path at which a WASI program can have no file.
    #[error("{0}")]
    FilePath(&'static str),
    /// The default of an input that has no value.
    #[error(transparent)]
    Input(#[from] EvalErrorKind),
}

fn exported_memories(names: &[String]) -> String {
    const MAX_NAMES: usize = 10;
    if names.is_empty() {
        return "it exports none".to_owned();
    }
    let quoted: Vec<String> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| safe::quoted(name, 60))
        .collect();
    format!("it exports {}", quoted.join(", "))
}

/// Why none of the guest's memories is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoMemory {
    /// The guest has no memory.
    #[error("this guest has no memory")]
    Absent,
    /// The guest has several memories and the script chooses none; the text lists them.
    #[error("{0}")]
    Ambiguous(String),
}

/// See [`Session::open`].
pub(super) fn open(config: SessionConfig) -> Result<(Session, Timeline), OpenError> {
    let SessionConfig {
        title,
        mut script,
        guest,
        files,
        input_overrides,
        limits,
        control,
        stdin,
        compiled,
    } = config;
    script.resolve_types(&mut *type_source(&guest))?;
    let memory_index = choose_memory(&script, &guest)?;
    let chosen = memory_index.as_ref().ok().copied();
    if let Some((import, mismatch)) = first_mismatch(&script, &guest) {
        return Err(script_error(&script, import.span.start, mismatch));
    }
    let memory_facts = chosen.and_then(|index| memory_facts(&script, &guest, index));
    let mut scope = Scope::default();
    scope.is_64 = memory_facts.as_ref().is_some_and(|memory| memory.is_64);
    let inputs = set_inputs(&script, &files, &input_overrides, &mut scope)?;
    let wasi = set_program(&script, &files, &scope, Wasi::new(guest.name(), stdin))?;
    let recorder = Recorder::new(limits.max_history);
    let history = import_history(&guest);
    let mut host = HostState::new(files.clone(), wasi, recorder, history);
    host.recorded_actions = Arc::clone(&script.recorded_actions);
    host.types = Arc::clone(script.types());
    let facts = guest_facts(&guest, memory_facts.clone(), chosen);
    let mut timeline = Timeline::new(title, facts, inputs, Vec::new());
    let interface = Interface::of(&timeline.guest);
    timeline.planned = planned_steps(&script, &interface);
    timeline.document = script.document.clone();
    timeline.types = Arc::clone(script.types());
    timeline.setup = setup_lines(&script, &input_overrides, &timeline.inputs);
    let options = InstrumentOptions {
        max_memory: limits.max_memory,
        memory: chosen,
    };
    let (compiled, abi) = thread::scope(|scope| {
        // This reads some of the code, which takes as long as to load the compiled guest.
        let abi = thread::Builder::new()
            .stack_size(ABI_STACK)
            .spawn_scoped(scope, || guest.abi());
        let compiled = compiled.compiled(&guest, options, &control);
        let abi = abi.ok().and_then(|thread| thread.join().ok());
        (compiled, abi.unwrap_or_else(|| guest.abi()))
    });
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(NotCompiled::Guest(error)) => return Err(error.into()),
        Err(NotCompiled::Engine(CompileError::Refused(why))) => {
            return Err(OpenError::Compile(why));
        }
        Err(NotCompiled::Engine(CompileError::Cancelled)) => {
            timeline.interrupted = true;
            return Err(OpenError::Cancelled(Box::new(timeline)));
        }
    };
    let mut store = Store::new(compiled.engine.clone());
    timeline.guest.abi_hints = abi_hints::hints(&guest, abi, &script, &compiled.module);
    timeline.guest.allocator = allocator_calls::facts(&guest, &compiled.instrumented);
    let env = FunctionEnv::new(&mut store, host);
    let size = memory_facts.map_or(0, |memory| memory.pages.saturating_mul(PAGE));
    let judging = Judging::new(
        &timeline.guest.layout,
        guest.exported_constants(),
        &timeline.guest.allocator,
    );
    let session = Session {
        pointers: Pointers::new(script.address_variables(), &timeline.inputs),
        sites: finish_recording::site_table(&guest, &compiled.instrumented),
        script,
        guest,
        interface,
        files,
        limits,
        control,
        store,
        compiled,
        env,
        instance: None,
        memory_index,
        memory: None,
        stack_pointer: None,
        interrupt_timer: None,
        stopped_time: Arc::new(StoppedTime::new()),
        unplaced_segment: None,
        check: SelfCheck::default(),
        image: Image::zeroed(size),
        scope,
        origins: Origins::new(),
        progress: Progress::default(),
        judging,
        declared: Default::default(),
        known_callers: Default::default(),
    };
    Ok((session, timeline))
}

/// Returns the error of a line of the script, whose fault is at `offset`.
fn script_error(script: &Script, offset: usize, problem: impl Into<ScriptProblem>) -> OpenError {
    OpenError::Script {
        place: script.place(offset),
        problem: problem.into(),
    }
}

/// Returns the index of the memory that the script chooses, or else the guest's default one.
fn choose_memory(script: &Script, guest: &Guest) -> Result<Result<u32, NoMemory>, OpenError> {
    let Some(name) = script.memory() else {
        return Ok(match guest.default_memory() {
            Ok(Some(index)) => Ok(index),
            Ok(None) => Err(NoMemory::Absent),
            Err(error) => Err(NoMemory::Ambiguous(error.to_string())),
        });
    };
    guest.memory_named(&name.text).map(Ok).ok_or_else(|| {
        let exported = guest.memories().iter().flat_map(|m| &m.exported_as);
        let problem = ScriptProblem::UnknownMemory {
            name: name.text.clone(),
            exported: exported.cloned().collect(),
        };
        script_error(script, name.span.start, problem)
    })
}

/// Returns the memory as the module declares it, with the size that the script gives an imported
/// one.
pub(super) fn memory_facts(script: &Script, guest: &Guest, index: u32) -> Option<MemoryFacts> {
    let memory = guest.memories().get(index as usize)?;
    let mut facts = MemoryFacts {
        pages: memory.ty.min,
        max: memory.ty.max,
        is_64: memory.ty.is_64,
    };
    if let Some((module, name)) = &memory.imported {
        for import in script.imports() {
            if let ImportKind::Memory { min, max, .. } = &import.kind
                && import.name.module == *module
                && import.name.name == *name
            {
                facts.pages = *min;
                facts.max = (*max).or(facts.max);
            }
        }
    }
    Some(facts)
}

/// Binds all inputs, wherever they are in the script. Each can use only the ones above it, and
/// nothing of the guest.
fn set_inputs(
    script: &Script,
    files: &Files,
    overrides: &[(String, String)],
    scope: &mut Scope,
) -> Result<Vec<InputFacts>, OpenError> {
    let names: Vec<&str> = script
        .inputs()
        .map(|(name, _)| name.text.as_str())
        .collect();
    let mut refused: Vec<(String, InputError)> = overrides
        .iter()
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .map(|(name, _)| (safe::plain(name), unknown_input(name, &names)))
        .collect();
    let mut facts = Vec::new();
    for (name, default) in script.inputs() {
        let env = SetupEnv { scope, files };
        let default = eval::evaluate(default, &env)
            .map_err(|error| script_error(script, error.span.start, error.kind))?;
        match input_value(default.clone(), &name.text, overrides, &env) {
            Ok(value) => {
                scope.bind(&name.text, value.clone(), None);
                facts.push(InputFacts {
                    name: name.text.clone(),
                    value,
                });
            }
            Err(error) => {
                refused.push((name.text.clone(), error));
                scope.bind(&name.text, default, None);
            }
        }
    }
    if refused.is_empty() {
        Ok(facts)
    } else {
        Err(OpenError::Inputs(refused))
    }
}

/// Gives a WASI program the arguments and the environment of the script.
fn set_program(
    script: &Script,
    files: &Files,
    scope: &Scope,
    mut wasi: Wasi,
) -> Result<Wasi, OpenError> {
    let env = SetupEnv { scope, files };
    let text = |expr: &Expr, what: &'static str| {
        let value = eval::evaluate(expr, &env)
            .map_err(|error| script_error(script, error.span.start, error.kind))?;
        match value {
            Value::Text(text) if !text.contains('\0') && text.len() <= MAX_PROGRAM_TEXT => Ok(text),
            found => Err(script_error(
                script,
                expr.span.start,
                ScriptProblem::ProgramText {
                    what,
                    found: found.brief(40),
                },
            )),
        }
    };
    for statement in &script.statements {
        match &statement.kind {
            StatementKind::Args { values } => {
                wasi.args = values
                    .iter()
                    .map(|value| text(value, "an argument of the guest"))
                    .collect::<Result<_, _>>()?;
            }
            StatementKind::Env { name, value } => {
                let value = text(value, "a variable of the environment")?;
                wasi.environment.push(format!("{}={value}", name.text));
            }
            StatementKind::Provide { path, value } => {
                let bytes = eval::evaluate(value, &env)
                    .map_err(|error| script_error(script, error.span.start, error.kind))?;
                let bytes = match bytes {
                    Value::Text(text) => text.into_bytes(),
                    Value::Bytes(bytes) => bytes,
                    found => {
                        let found = found.brief(40);
                        let problem = ScriptProblem::FileContent(found);
                        return Err(script_error(script, value.span.start, problem));
                    }
                };
                wasi.provide(&path.text, bytes).map_err(|why| {
                    script_error(script, path.span.start, ScriptProblem::FilePath(why))
                })?;
            }
            _ => {}
        }
    }
    if script.uses_files() {
        wasi.open_root();
    }
    Ok(wasi)
}

/// Returns an input's value: the typed one, read by the input's type, or else its default.
fn input_value(
    default: Value,
    name: &str,
    overrides: &[(String, String)],
    env: &SetupEnv<'_>,
) -> Result<Value, InputError> {
    let Some((_, typed)) = overrides.iter().rev().find(|(n, _)| n == name) else {
        return Ok(default);
    };
    let parsed = parse_expression(typed, &[])
        .ok()
        .and_then(|expr| eval::evaluate(&expr, env).ok());
    eval::coerce_input(&default, typed, parsed)
}

fn import_history(guest: &Guest) -> ImportHistory {
    let imported = guest.imports().iter().map(|import| ImportName {
        module: import.module.clone(),
        name: import.name.clone(),
    });
    ImportHistory::new(imported.collect())
}

fn unknown_input(name: &str, names: &[&str]) -> InputError {
    let names: Vec<String> = names.iter().map(|name| safe::plain(name)).collect();
    let nearest = text::nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
    InputError::Unknown { nearest, names }
}

fn guest_facts(guest: &Guest, memory: Option<MemoryFacts>, index: Option<u32>) -> GuestFacts {
    let given = guest.given_bytes();
    GuestFacts {
        path: guest.name().to_string(),
        sha256: guest.sha256().iter().map(|b| format!("{b:02x}")).collect(),
        bytes: given.len() as u64,
        memory,
        exports: guest
            .exports()
            .iter()
            .map(|e| ExportFacts {
                name: e.name.clone(),
                ty: e.ty.clone(),
            })
            .collect(),
        imports: guest
            .imports()
            .iter()
            .map(|i| ImportFacts {
                module: i.module.clone(),
                name: i.name.clone(),
                ty: i.ty.clone(),
            })
            .collect(),
        abi_hints: Default::default(),
        allocator: Default::default(),
        variables: declared_types::variables(guest, index),
        debug_types: declared_types::lookup(guest),
        has_other_memories: index.is_some() && guest.memories().len() > 1,
        layout: index
            .map(|index| layout_facts(guest, index))
            .unwrap_or_default(),
    }
}

/// Returns the script's lines that are not steps, with the inputs that were given another value.
fn setup_lines(
    script: &Script,
    overrides: &[(String, String)],
    inputs: &[InputFacts],
) -> Vec<String> {
    let is_set = |input: &InputFacts| overrides.iter().any(|(name, _)| *name == input.name);
    let lines = script
        .statements
        .iter()
        .filter(|statement| !statement.kind.is_step());
    lines
        .filter_map(|statement| match &statement.kind {
            StatementKind::Module { .. } => None,
            StatementKind::Input { name, .. } => {
                let changed = inputs
                    .iter()
                    .find(|input| input.name == name.text && is_set(input));
                Some(match changed {
                    Some(input) => format!("input {} = {}", input.name, input.value),
                    None => statement.text.clone(),
                })
            }
            _ => Some(statement.text.clone()),
        })
        .collect()
}

fn planned_steps(script: &Script, interface: &Interface) -> Vec<PlannedStep> {
    let narration = script.document.of_step(0).map(Prose::plain);
    let first = PlannedStep {
        kind: StepKind::Instantiate,
        line: None,
        text: "instantiate".into(),
        narration,
        question: None,
        javascript: String::new(),
    };
    let planned = std::iter::once(first).chain(script.steps().map(planned_step));
    let code = javascript::steps(script, interface);
    planned
        .zip(code)
        .map(|(planned, javascript)| PlannedStep {
            javascript,
            ..planned
        })
        .collect()
}

/// Returns the step of a statement before it runs.
pub(super) fn planned_step(statement: &Statement) -> PlannedStep {
    PlannedStep {
        kind: steps::kind_of(&statement.kind),
        line: Some(statement.line).filter(|line| *line > 0),
        text: statement.text.clone(),
        narration: statement.narration.clone(),
        question: match &statement.kind {
            StatementKind::Ask { question, .. } => Some(question.clone()),
            _ => None,
        },
        javascript: String::new(),
    }
}
