//! Runs the guest of a recording once, and returns the script of what its host did.

use std::sync::Arc;

use super::pointer_names::PointerNames;
use super::setup::{import_lines, memory_of, setup_of};
use crate::guest::{Guest, GuestError};
use crate::hostlog::{Crossed, Event, GlobalPlace, HostLog};
use crate::script::ast::{DetachedWrite, Name, RecordedStep, Statement, StatementKind};
use crate::script::{self, Script, ScriptErrors};
use crate::session::compiled::CompiledGuests;
use crate::session::files::Files;
use crate::session::host_line;
use crate::session::imports::HostState;
use crate::session::limits::{CancelHandle, Limits};
use crate::session::playback::call_text::{call_of, name_text};
use crate::session::playback::table_changes::TableChange;
use crate::session::playback::{Playback, literal};
use crate::session::{OpenError, Session, SessionConfig, memory};
use crate::source::HostPlace;
use crate::timeline::{Outcome, StepRecord};
use crate::value::Value;

/// What a recording is replayed with.
#[derive(Debug, Clone)]
pub struct TranslationOptions {
    /// The name of the recording, for messages and the screen.
    pub name: String,
    /// The instance to replay; `None` for the one with the most crossings.
    pub instance: Option<u32>,
    /// The limits of the guest.
    pub limits: Limits,
    /// How the names of files with data begin.
    pub file_prefix: String,
    /// Cancels the run.
    pub control: CancelHandle,
    /// The guests that are compiled already.
    pub compiled: CompiledGuests,
}

/// The session of a recording.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The guest.
    pub guest: Guest,
    /// The script. Each step knows its line of the host.
    pub script: Script,
    /// The bytes that the script reads with `file("…")`.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why a recording cannot be replayed. Messages are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum TranslateError {
    /// The recording has no instance of this number.
    #[error("the recording has no instance {0}; it has {1}")]
    NoInstance(u32, usize),
    /// The recording has no instance.
    #[error("the recording has no instance of a module, so there is nothing to step through")]
    Empty,
    /// The module cannot be read.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The session cannot be opened.
    #[error(transparent)]
    Open(#[from] Box<OpenError>),
    /// The host gave the instance something that a script cannot.
    #[error("the recording cannot be replayed: {0}")]
    Script(#[from] ScriptErrors),
}

impl Translation {
    /// Returns the text of a steps file that runs to the same end, with the module at `module`.
    pub fn steps_file(&self, module: &str) -> String {
        let module = Value::Text(module.to_owned());
        format!("module {module}\n{}", self.script.source.text)
    }
}

/// Derives the session of a recording: runs its guest once, with the recording as its host.
///
/// # Errors
/// There is no such instance, its module cannot run, or its imports cannot be provided.
pub fn translate(
    log: HostLog,
    options: &TranslationOptions,
) -> Result<Translation, TranslateError> {
    let number = options.instance.or_else(|| log.busiest_instance());
    let number = number.ok_or(TranslateError::Empty)?;
    let count = log.instances.len();
    let instance = log.instances.get(number as usize);
    let instance = instance
        .ok_or(TranslateError::NoInstance(number, count))?
        .clone();
    let module = log.modules.get(instance.module as usize);
    let module = module.map(Vec::as_slice).unwrap_or_default();
    let guest = Guest::from_bytes(&format!("{}.wasm", options.name), module)?;
    let setup = setup_of(&instance, &guest);
    let script = script::parse(&options.name, &setup.join("\n"))?;
    let (mut session, _) = Session::open(SessionConfig {
        title: options.name.clone(),
        script,
        guest: guest.clone(),
        files: Files::Folder(Default::default()),
        input_overrides: Vec::new(),
        limits: options.limits,
        control: options.control.clone(),
        stdin: Vec::new().into(),
        compiled: options.compiled.clone(),
    })
    .map_err(Box::new)?;
    let memory = memory_of(&instance, &guest);
    let log = Arc::new(log);
    let playback = Playback::new(log, number, memory, &options.file_prefix);
    let mut translator = Translator {
        names: PointerNames::of(&playback.log, &playback.entries),
        session: &mut session,
        steps: Vec::new(),
        grown_in: None,
    };
    translator.state().playback = Some(playback);
    translator.run();
    let steps = translator.steps;
    let playback = session.env.as_mut(&mut session.store).playback.take();
    let (imports, places, files) = playback
        .map(|playback| (playback.imports, playback.places, playback.files))
        .unwrap_or_default();
    let mut script = script_of(&options.name, setup, import_lines(&guest, &imports), steps)?;
    script.recorded_actions = Arc::new(places);
    Ok(Translation {
        guest,
        script,
        files,
    })
}

/// Returns the script of these steps, each with what the recording has about it.
fn script_of(
    title: &str,
    setup: Vec<String>,
    imports: Vec<String>,
    steps: Vec<(String, RecordedStep)>,
) -> Result<Script, ScriptErrors> {
    let mut text = setup;
    text.extend(imports);
    text.push(String::new());
    text.extend(steps.iter().map(|(text, recorded)| match &recorded.place {
        Some(place) => format!("{text}  # {}", host_line::short(recorded, place)),
        None => text.clone(),
    }));
    let mut script = script::parse(title, &(text.join("\n") + "\n"))?;
    let statements = script.statements.iter_mut().filter(|s| s.kind.is_step());
    for (statement, (_, recorded)) in statements.zip(steps) {
        statement.narration = host_line::narration(&recorded);
        statement.recorded = Some(Arc::new(recorded));
    }
    Ok(script)
}

/// Performs the entries of a recording on a session, and writes down each step.
struct Translator<'s> {
    session: &'s mut Session,
    names: PointerNames,
    steps: Vec<(String, RecordedStep)>,
    /// The last step in which memory grew.
    grown_in: Option<usize>,
}

impl Translator<'_> {
    fn state(&mut self) -> &mut HostState {
        self.session.env.as_mut(&mut self.session.store)
    }

    fn playback(&mut self) -> Option<&mut Playback> {
        self.state().playback.as_mut()
    }

    fn peek(&mut self) -> Option<Event> {
        self.playback()?.peek()
    }

    fn advance(&mut self) {
        if let Some(playback) = self.playback() {
            playback.advance();
        }
    }

    /// Performs all entries, up to the first that differs from the recording.
    fn run(&mut self) {
        self.session.expect_more();
        // What the host did to an imported memory or global before is part of what it gave.
        while let Some(event) = self.peek() {
            match event {
                Event::Grow { by, .. } => {
                    if let Some(playback) = self.playback() {
                        playback.grew(by);
                    }
                }
                Event::SetGlobal { .. } => {}
                Event::SetTable { .. } => {
                    if let Some(playback) = self.playback() {
                        playback.has_table_changes = true;
                    }
                }
                // The size of a table that the host gave is in what it gave.
                Event::GrowTable { .. } => {}
                _ => break,
            }
            self.advance();
        }
        if matches!(self.peek(), Some(Event::Instance(_))) {
            self.advance();
        }
        let Some(first) = self.session.advance() else {
            return;
        };
        if first.outcome != Outcome::Ok {
            return;
        }
        if first.pages_after > first.pages_before {
            self.grown_in = Some(first.index);
        }
        if let Some(bytes) = self.live_bytes()
            && let Some(playback) = self.playback()
        {
            playback.adopt(bytes);
        }
        while let Some(event) = self.peek() {
            if !self.perform(&event) {
                return;
            }
        }
        self.replay_writes(None);
    }

    /// Returns all of live memory.
    fn live_bytes(&self) -> Option<Vec<u8>> {
        let live = self.session.memory.as_ref()?;
        let size = memory::size(live, &self.session.store);
        memory::read(live, &self.session.store, 0, size).ok()
    }

    /// Performs an entry. Returns whether the replay goes on.
    fn perform(&mut self, event: &Event) -> bool {
        match event {
            Event::Created(_) => {
                self.advance();
                true
            }
            Event::Call { function, args, at } => self.call(*function, args, at.clone()),
            Event::Grow { by, at, .. } => {
                self.advance();
                if let Some(playback) = self.playback() {
                    playback.grew(*by);
                }
                let pages = literal::literal(Value::Int(i128::from(*by)));
                let kind = StatementKind::Grow { name: None, pages };
                self.step(kind, format!("grow {by}"), at.clone(), false)
                    .is_some()
            }
            Event::SetTable { at, .. } | Event::GrowTable { at, .. } => {
                self.advance();
                let changes = self
                    .playback()
                    .map(|playback| playback.table_changes(event));
                self.change_table(changes.unwrap_or_default(), at.as_ref())
            }
            Event::Detached { method, at, .. } => {
                self.replay_writes(at.as_ref()) && self.detached_write(method, at.clone())
            }
            Event::SetGlobal {
                global, value, at, ..
            } => {
                self.advance();
                self.set_global(global, value, at.clone())
            }
            _ => {
                self.diverge("the recording goes on in another order");
                false
            }
        }
    }

    fn set_global(
        &mut self,
        global: &GlobalPlace,
        value: &Crossed,
        at: Option<Arc<HostPlace>>,
    ) -> bool {
        let (GlobalPlace::Export(name), Some((text, value))) = (global, literal::crossed(value))
        else {
            self.diverge("the host sets an imported global, which is not replayed");
            return false;
        };
        let export = Name {
            text: name.clone(),
            span: Default::default(),
        };
        let text = format!("set {} = {text}", name_text(name));
        self.step(StatementKind::Set { export, value }, text, at, false)
            .is_some()
    }

    /// Makes the changes of a table. Returns whether the replay goes on.
    fn change_table(
        &mut self,
        changes: Vec<(String, TableChange)>,
        at: Option<&Arc<HostPlace>>,
    ) -> bool {
        changes.into_iter().all(|(text, change)| {
            let (kind, text) = match change {
                TableChange::Set(set) => (StatementKind::SetElement(set), format!("set {text}")),
                TableChange::Grow(growth) => {
                    (StatementKind::GrowTable(growth), format!("grow {text}"))
                }
            };
            self.step(kind, text, at.cloned(), false).is_some()
        })
    }

    /// Writes nothing, as the host did with a view that growth had detached.
    fn detached_write(&mut self, method: &str, at: Option<Arc<HostPlace>>) -> bool {
        self.advance();
        if let Some(playback) = self.playback() {
            playback.detached.push(DetachedWrite {
                method: method.to_owned(),
                place: at.clone(),
            });
        }
        let kind = StatementKind::Write {
            address: literal::literal(Value::Int(0)),
            value: literal::literal(Value::Text(String::new())),
            is_zeroed: false,
        };
        self.step(kind, "write 0, \"\"".to_owned(), at, false)
            .is_some()
    }

    /// Writes what the host wrote since the last crossing. Returns whether the replay goes on.
    fn replay_writes(&mut self, next: Option<&Arc<HostPlace>>) -> bool {
        let Some(live) = self.session.memory.clone() else {
            return true;
        };
        let Some(mut playback) = self.state().playback.take() else {
            return false;
        };
        let store = &self.session.store;
        let size = memory::size(&live, store);
        let writes = playback.host_writes(size, |start, len| {
            memory::read(&live, store, start, len).ok()
        });
        self.state().playback = Some(playback);
        let writes = match writes {
            Ok(writes) => writes,
            Err(what) => {
                self.diverge(&what);
                return false;
            }
        };
        for write in writes {
            let (address, expr) = self.names.address(write.address);
            let Some(playback) = self.playback() else {
                return false;
            };
            let text = format!("write {address}, {}", playback.bytes_text(&write.bytes));
            let kind = StatementKind::Write {
                address: expr,
                value: literal::literal(Value::Bytes(write.bytes)),
                is_zeroed: false,
            };
            let place = write.place.or_else(|| next.cloned());
            if self.step(kind, text, place, !write.is_exact).is_none() {
                return false;
            }
        }
        true
    }

    fn call(&mut self, function: u32, args: &[Crossed], at: Option<Arc<HostPlace>>) -> bool {
        if !self.replay_writes(at.as_ref()) {
            return false;
        }
        let Some(playback) = self.playback() else {
            return false;
        };
        let log = Arc::clone(&playback.log);
        let index = playback.next_index().unwrap_or_default();
        let end = playback.end_of_call().cloned();
        let place = log.functions.get(function as usize).map(|one| &one.place);
        let names = &self.names;
        let call = place.and_then(|place| call_of(&log, place, args, |arg| names.argument(arg)));
        let Some((text, call)) = call else {
            self.diverge("the host passes a function, which is not replayed");
            return false;
        };
        self.advance();
        let name = match &end {
            Some(Event::Return(results)) => match results.as_slice() {
                [result] => self.names.name_result(index, args, result),
                _ => None,
            },
            _ => None,
        };
        let is_caught = matches!(&end, Some(Event::Throw(_)))
            && self.playback().is_some_and(|playback| playback.goes_on());
        let (kind, text) = match (is_caught, name) {
            (true, _) => (
                StatementKind::ExpectTrap { words: None, call },
                format!("expect trap call {text}"),
            ),
            (false, Some(name)) => {
                let text = format!("{name} = call {text}");
                let results = vec![Name {
                    text: name,
                    span: Default::default(),
                }];
                (StatementKind::Call { results, call }, text)
            }
            (false, None) => {
                let results = Vec::new();
                (
                    StatementKind::Call { results, call },
                    format!("call {text}"),
                )
            }
        };
        let Some(record) = self.step(kind, text, at, false) else {
            return false;
        };
        self.compare_end(end.as_ref(), &record)
    }

    /// Compares how a call ended with the recording. Returns whether the replay goes on.
    fn compare_end(&mut self, end: Option<&Event>, record: &StepRecord) -> bool {
        let next = self.peek();
        let results = record.call.as_ref().map(|call| call.results.as_slice());
        let results = results.unwrap_or_default();
        let what = match (end, next) {
            (None, _) => return false,
            (Some(end), Some(next)) if *end != next => {
                "the guest called its imports in another order".to_owned()
            }
            (Some(_), None) => return false,
            (Some(Event::Return(recorded)), _) if record.outcome == Outcome::Ok => {
                if literal::are_same(recorded, results) {
                    self.advance();
                    self.remember_results(recorded);
                    return true;
                }
                let here: Vec<String> = results.iter().map(|value| value.brief(40)).collect();
                format!(
                    "the call returned ({}) here, and {} in the recording",
                    here.join(", "),
                    literal::list(recorded)
                )
            }
            (Some(Event::Return(_)), _) => "the call did not return here".to_owned(),
            (Some(Event::Throw(_)), _) => {
                let is_caught = record.outcome == Outcome::Ok;
                self.advance();
                if is_caught || record.outcome == Outcome::Trapped {
                    return is_caught;
                }
                "the call returned here, and threw in the recording".to_owned()
            }
            _ => "the recording goes on in another order".to_owned(),
        };
        self.diverge(&what);
        false
    }

    fn remember_results(&mut self, recorded: &[Crossed]) {
        let values = recorded.iter().map(|value| match value {
            Crossed::Value(value) => Some(value.clone()),
            Crossed::Object(_) | Crossed::Function(_) => None,
        });
        if let Some((_, step)) = self.steps.last_mut() {
            step.results = values.collect();
        }
    }

    /// Runs a statement as the next step. Returns its record, or `None` where nothing can follow it.
    fn step(
        &mut self,
        kind: StatementKind,
        text: String,
        place: Option<Arc<HostPlace>>,
        is_before_place: bool,
    ) -> Option<StepRecord> {
        self.steps.push((
            text.clone(),
            RecordedStep {
                place,
                is_before_place,
                grown_in: self.grown_in,
                ..RecordedStep::default()
            },
        ));
        self.session.script.statements.push(Statement {
            kind,
            span: Default::default(),
            line: 0,
            text,
            narration: None,
            recorded: None,
        });
        self.session.progress.is_over = false;
        let record = self.session.advance()?;
        let detached = std::mem::take(&mut self.playback()?.detached);
        if let Some((_, step)) = self.steps.last_mut() {
            step.detached = detached;
        }
        if record.pages_after > record.pages_before {
            self.grown_in = Some(record.index);
        }
        if let Some(divergence) = self.playback()?.divergence.clone() {
            if let Some((_, step)) = self.steps.last_mut() {
                step.divergence = Some(divergence);
            }
            return None;
        }
        Some(record)
    }

    /// Notes that the replay differs from the recording after the last step.
    fn diverge(&mut self, what: &str) {
        let Some(message) = self.playback().map(|playback| playback.diverged(what)) else {
            return;
        };
        match self.steps.last_mut() {
            Some((_, step)) => step.divergence = Some(message),
            None => self.steps.push((
                "let replay = false".to_owned(),
                RecordedStep {
                    divergence: Some(message),
                    ..RecordedStep::default()
                },
            )),
        }
    }
}
