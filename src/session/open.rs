//! SessionConfig a session: the guest compiled, the script checked against it, inputs set.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use wasmer::FunctionEnv;

use crate::guest::{ExternType, Guest, GuestError, InstrumentOptions};
use crate::prose::Prose;
use crate::safe;
use crate::script::ast::{Action, ImportKind, ImportName, Statement, StatementKind};
use crate::script::eval::InputError;
use crate::script::{Script, eval, parse_expression};
use crate::timeline::{
    Checks, ExportFacts, GuestFacts, Image, ImportFacts, InputFacts, MemoryFacts, PAGE,
    PlannedStep, StepKind, Timeline,
};
use crate::value::Value;

use super::eval_env::SetupEnv;
use super::files::Files;
use super::imports::{HostState, display};
use super::region_facts::layout_facts;
use super::scope::Scope;
use super::self_check::SelfCheck;
use super::wasi::Wasi;
use super::{Session, SessionConfig, engine};
use super::{abi_hints, finish_recording, steps};

/// Why a session cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error("the engine cannot compile this guest: {0}")]
    Compile(String),
    /// A line of the script that cannot be used with this guest.
    #[error("{0}")]
    Script(String),
    /// Values for inputs that were refused: each input's name and why.
    #[error("{}", .0.iter().map(|(name, why)| format!("input {name}: {why}")).collect::<Vec<_>>().join("\n"))]
    Inputs(Vec<(String, InputError)>),
}

pub(super) fn open(opening: SessionConfig) -> Result<(Session, Timeline), OpenError> {
    let SessionConfig {
        title,
        script,
        guest,
        files,
        sets,
        limits,
        control,
        stdin,
    } = opening;
    let memory_index = chosen_memory(&script, &guest)?;
    check_imports(&script, &guest)?;
    let rewritten = guest.rewrite(&InstrumentOptions {
        max_memory: limits.max_memory,
        memory: memory_index.as_ref().ok().copied(),
    })?;
    let mut scope = Scope::default();
    let born = memory_index
        .as_ref()
        .ok()
        .and_then(|index| memory_facts(&script, &guest, *index));
    scope.is_64 = born.as_ref().is_some_and(|m| m.is_64);
    let inputs = set_inputs(&script, &files, &sets, &mut scope)?;
    let mut timeline = Timeline::new(
        title,
        guest_facts(&guest, born.clone(), memory_index.as_ref().ok().copied()),
        inputs,
        planned_steps(&script),
    );
    timeline.document = script.document.clone();
    timeline.setup = setup(&script, &sets, &timeline.inputs);
    let mut store = engine::new_store();
    let module = engine::compile(&store, &rewritten).map_err(OpenError::Compile)?;
    timeline.guest.looks = abi_hints::looks(&guest, &script, &module);
    let env = FunctionEnv::new(
        &mut store,
        HostState::new(files.clone(), Wasi::new(guest.name(), stdin)),
    );
    let pointers = script.address_variables();
    let session = Session {
        recent_pointers: inputs_among(&pointers, &timeline),
        pointers,
        bound_bytes: 0,
        sites: finish_recording::site_table(&guest, &rewritten),
        alarm: None,
        check: SelfCheck::default(),
        script,
        guest,
        rewritten,
        files,
        limits,
        control,
        store,
        module,
        env,
        instance: None,
        memory_index,
        memory: None,
        scope,
        image: Image::zeroed(born.map_or(0, |m| m.pages.saturating_mul(PAGE))),
        next_statement: 0,
        next_step: 0,
        is_over: false,
        is_stopped: false,
        is_explored: false,
        asked: Vec::new(),
        last_findings: (0, Vec::new()),
        previous_pointers: Default::default(),
        judge: Checks::default(),
        leaves_globals: Default::default(),
        unplaced_segment: None,
    };
    Ok((session, timeline))
}

/// Inputs are bound before any step.
fn inputs_among(pointers: &BTreeSet<String>, timeline: &Timeline) -> Vec<String> {
    timeline
        .inputs
        .iter()
        .map(|input| input.name.clone())
        .filter(|name| pointers.contains(name))
        .collect()
}

/// `file:line:column: message`, as [`Script::place`] has it.
pub(super) fn located(script: &Script, offset: usize, message: &str) -> String {
    format!("{}: {message}", script.place(offset))
}

fn chosen_memory(script: &Script, guest: &Guest) -> Result<Result<u32, String>, OpenError> {
    let Some(name) = script.memory() else {
        return Ok(match guest.default_memory() {
            Ok(Some(index)) => Ok(index),
            Ok(None) => Err("this guest has no memory".into()),
            Err(error) => Err(error.to_string()),
        });
    };
    guest.memory_named(&name.text).map(Ok).ok_or_else(|| {
        let names: Vec<&str> = guest
            .memories()
            .iter()
            .flat_map(|m| &m.exported_as)
            .map(String::as_str)
            .collect();
        let message = format!(
            "the guest exports no memory named {}{}",
            safe::quoted(&name.text, 100),
            choices(&names)
        );
        OpenError::Script(located(script, name.span.start, &message))
    })
}

/// `; it exports "a", "b"`
fn choices(names: &[&str]) -> String {
    if names.is_empty() {
        return "; it exports none".into();
    }
    let list: Vec<String> = names.iter().take(10).map(|n| safe::quoted(n, 60)).collect();
    format!("; it exports {}", list.join(", "))
}

/// As the module declares it, but with the size that the script gives an imported one.
pub(super) fn memory_facts(script: &Script, guest: &Guest, index: u32) -> Option<MemoryFacts> {
    let memory = guest.memories().get(index as usize)?;
    let mut facts = MemoryFacts {
        pages: memory.ty.min,
        max: memory.ty.max,
        is_64: memory.ty.is_64,
    };
    if let Some((module, name)) = &memory.imported {
        for import in script.imports() {
            if let ImportKind::Memory { min, max } = &import.kind
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

/// Checks what `import` lines say against what the guest imports. A line for something that the
/// guest does not import is let be: one script may serve several guests.
fn check_imports(script: &Script, guest: &Guest) -> Result<(), OpenError> {
    for import in script.imports() {
        let name = &import.name;
        for wanted in guest
            .imports()
            .iter()
            .filter(|i| i.module == name.module && i.name == name.name)
        {
            check_import(name, &import.kind, &wanted.ty)
                .map_err(|why| OpenError::Script(located(script, import.span.start, &why)))?;
        }
    }
    Ok(())
}

fn check_import(name: &ImportName, kind: &ImportKind, wanted: &ExternType) -> Result<(), String> {
    let shown = display(name);
    match (kind, wanted) {
        (ImportKind::Function { params, actions }, ExternType::Func(ty)) => {
            if params.len() != ty.params.len() {
                return Err(format!(
                    "{shown} has {} parameters here, but its type is {wanted}",
                    params.len()
                ));
            }
            let returned = actions.iter().find_map(|action| match action {
                Action::Returns(values) => Some(values.len()),
                _ => None,
            });
            let traps = actions.iter().any(|a| matches!(a, Action::Traps { .. }));
            match (returned, ty.results.len()) {
                (None, 0) => Ok(()),
                (None, _) if traps => Ok(()),
                (None, _) => Err(format!(
                    "{shown} must say what it `returns`: its type is {wanted}"
                )),
                (Some(given), results) if given == results => Ok(()),
                (Some(given), _) => Err(format!(
                    "{shown} returns {given} values here, but its type is {wanted}"
                )),
            }
        }
        (ImportKind::Memory { min, max }, ExternType::Memory(ty)) => {
            if *min < ty.min {
                return Err(format!(
                    "the guest wants {shown} to have at least {} pages, not {min}",
                    ty.min
                ));
            }
            match (max, ty.max) {
                (Some(max), Some(most)) if *max > most => Err(format!(
                    "the guest wants {shown} to have at most {most} pages, not {max}"
                )),
                _ => Ok(()),
            }
        }
        (ImportKind::Global { .. }, ExternType::Global(_)) => Ok(()),
        _ => Err(format!(
            "the guest imports {shown} as something else: {wanted}"
        )),
    }
}

/// Binds all inputs, wherever they stand: each knows only the ones above it, and nothing of the
/// guest.
fn set_inputs(
    script: &Script,
    files: &Files,
    sets: &[(String, String)],
    scope: &mut Scope,
) -> Result<Vec<InputFacts>, OpenError> {
    let names: Vec<&str> = script
        .inputs()
        .map(|(name, _)| name.text.as_str())
        .collect();
    let mut refused: Vec<(String, InputError)> = sets
        .iter()
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .map(|(name, _)| (safe::plain(name), unknown_input(name, &names)))
        .collect();
    let mut facts = Vec::new();
    for (name, default) in script.inputs() {
        let world = SetupEnv { scope, files };
        let default = eval::evaluate(default, &world)
            .map_err(|e| OpenError::Script(located(script, e.span.start, &e.to_string())))?;
        match set_value(default.clone(), &name.text, sets, &world) {
            Ok(value) => {
                scope.bind(&name.text, value.clone(), None);
                facts.push(InputFacts {
                    name: name.text.clone(),
                    value,
                });
            }
            Err(why) => {
                refused.push((name.text.clone(), why));
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

/// An input's value: what the person typed, read by the input's type, or else its default.
fn set_value(
    default: Value,
    name: &str,
    sets: &[(String, String)],
    world: &SetupEnv<'_>,
) -> Result<Value, InputError> {
    let Some((_, typed)) = sets.iter().rev().find(|(n, _)| n == name) else {
        return Ok(default);
    };
    let parsed = parse_expression(typed, &[])
        .ok()
        .and_then(|expr| eval::evaluate(&expr, world).ok());
    eval::coerce_input(&default, typed, parsed)
}

fn unknown_input(name: &str, names: &[&str]) -> InputError {
    let nearest = names
        .iter()
        .max_by(|a, b| strsim::jaro(name, a).total_cmp(&strsim::jaro(name, b)));
    InputError::Unknown {
        nearest: nearest.map(|nearest| (*nearest).to_owned()),
    }
}

fn guest_facts(guest: &Guest, memory: Option<MemoryFacts>, index: Option<u32>) -> GuestFacts {
    let given = guest.given_bytes();
    GuestFacts {
        path: guest.name().to_string(),
        sha256: Sha256::digest(given)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect(),
        bytes: given.len() as u64,
        memory,
        exports: guest
            .exports()
            .iter()
            .map(|e| ExportFacts {
                name: e.name.clone(),
                kind: kind_word(&e.ty).into(),
                ty: e.ty.to_string(),
            })
            .collect(),
        imports: guest
            .imports()
            .iter()
            .map(|i| ImportFacts {
                module: i.module.clone(),
                name: i.name.clone(),
                kind: kind_word(&i.ty).into(),
                ty: i.ty.to_string(),
            })
            .collect(),
        looks: Default::default(),
        layout: index
            .map(|index| layout_facts(guest, index))
            .unwrap_or_default(),
    }
}

pub(super) fn kind_word(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "func",
        ExternType::Memory(_) => "memory",
        ExternType::Global(_) => "global",
        ExternType::Table(_) => "table",
        ExternType::Tag(_) => "tag",
    }
}

/// What the script says beside its steps, with the inputs that were given another value.
fn setup(script: &Script, sets: &[(String, String)], inputs: &[InputFacts]) -> Vec<String> {
    let is_set = |input: &InputFacts| sets.iter().any(|(name, _)| *name == input.name);
    let said = script
        .statements
        .iter()
        .filter(|statement| !statement.kind.is_step());
    said.filter_map(|statement| match &statement.kind {
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

fn planned_steps(script: &Script) -> Vec<PlannedStep> {
    let narration = script.document.of_step(0).map(Prose::plain);
    let first = PlannedStep {
        kind: StepKind::Instantiate,
        line: None,
        text: "instantiate".into(),
        narration,
    };
    std::iter::once(first)
        .chain(script.steps().map(planned_step))
        .collect()
}

pub(super) fn planned_step(statement: &Statement) -> PlannedStep {
    PlannedStep {
        kind: steps::kind_of(&statement.kind),
        line: Some(statement.line).filter(|line| *line > 0),
        text: statement.text.clone(),
        narration: statement.narration.clone(),
    }
}
