//! Step 0: the guest comes to life. Every import is satisfied, active data segments are put into
//! memory, the start function runs, and `_initialize` where the guest exports it and the script
//! does not call it itself.

use wasmer::{
    Extern, ExternType, Function, FunctionEnvMut, FunctionType, Global, Instance,
    InstantiationError, Memory, MemoryType, Pages, RuntimeError, Table, Tag, Value as Wasm,
};

use crate::prose::Prose;
use crate::safe;
use crate::script::ast::{ImportKind, ImportName, StatementKind};
use crate::script::eval;
use crate::timeline::{FindingKind, Image, Outcome, StepKind, StepRecord, Writer};

use super::call::StepError;
use super::eval_env::SetupEnv;
use super::imports::{HostFunction, HostState, HostTrap, Meaning, display};
use super::interrupt_timer::Alarm;
use super::journal::Journal;
use super::limits::Watch;
use super::{Session, memory, values};

/// What a reactor's host calls first.
pub(super) const INITIALIZE: &str = "_initialize";

impl Session {
    pub(super) fn instantiate(&mut self) -> StepRecord {
        let mut record = self.begin(StepKind::Instantiate, "instantiate".into());
        record.narration = self.script.document.of_step(0).map(Prose::plain);
        let result = self.bring_to_life(&mut record);
        self.finish(record, result)
    }

    fn bring_to_life(&mut self, record: &mut StepRecord) -> Result<(), StepError> {
        let imports = self.satisfy_imports()?;
        // Segments are known beforehand, so that they are seen even where a later one stops the
        // instantiation.
        let mut placed = self.image.clone();
        let all_fit = self.place_segments(&imports, &mut placed, record);
        let instance = match Instance::new_by_index(&mut self.store, &self.module, &imports) {
            Ok(instance) => instance,
            // Which segment does not fit, and by how much, says more than the engine does.
            Err(error) => return Err(all_fit.err().unwrap_or_else(|| instantiation_failed(error))),
        };
        all_fit?;
        self.connect(instance)?;
        if self.unplaced_segment.is_some() {
            self.take_over(placed, record)?;
        }
        if let Some(start) = self.rewritten.start_export.clone()
            && let Some(function) = self.hidden_function(&start)
        {
            self.call_guest(&function, &[], record)?;
        }
        if let Some(initialize) = self.initializer().filter(|_| record.exit_code.is_none()) {
            self.call_guest(&initialize, &[], record)?;
        }
        Ok(())
    }

    /// Finds the memory that is meant and the journal, and sets the alarm up.
    fn connect(&mut self, instance: Instance) -> Result<(), StepError> {
        if let Ok(index) = &self.memory_index
            && let Some(name) = self.rewritten.memory_exports.get(*index as usize)
        {
            self.memory = instance.exports.get_memory(name).ok().cloned();
        }
        let other_memory = self.wasi_memory(&instance);
        let broken = || StepError::failed("the guest lost its journal while it was compiled");
        let journal = Journal::of(&instance, &self.rewritten.journal).ok_or_else(broken)?;
        let private = journal
            .private_memory()
            .as_shared(&self.store)
            .ok_or_else(broken)?;
        let alarm = Alarm::start(self.store.engine().clone(), private).map_err(|e| {
            StepError::failed(format!(
                "the system gives no thread to watch the guest: {e}"
            ))
        })?;
        self.alarm = Some(alarm);
        let state = self.env.as_mut(&mut self.store);
        state.memory = self.memory.clone();
        state.wasi.other_memory = other_memory;
        state.journal = Some(journal);
        self.instance = Some(instance);
        Ok(())
    }

    /// Returns the memory exported as `memory`, which WASI uses, if it is not the one that is shown.
    fn wasi_memory(&self, instance: &Instance) -> Option<Memory> {
        let index = self
            .guest
            .memory_named("memory")
            .filter(|index| self.memory_index != Ok(*index))?;
        let name = self.rewritten.memory_exports.get(index as usize)?;
        instance.exports.get_memory(name).ok().cloned()
    }

    /// Records the active segments, in order, up to the first that does not fit. `placed` is memory
    /// with them in it.
    fn place_segments(
        &mut self,
        imports: &[Extern],
        placed: &mut Image,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let Ok(meant) = self.memory_index else {
            return Ok(());
        };
        let globals = self.imported_globals(imports);
        let guest = self.guest.clone();
        for segment in guest.data_segments().iter().filter(|s| s.memory == meant) {
            let index = segment.index;
            let Some(start) = segment
                .offset
                .resolve(|index| globals.get(index as usize).copied().flatten())
            else {
                self.unplaced_segment = Some(index);
                continue;
            };
            let len = segment.bytes.len() as u64;
            let size = placed.len();
            if start.checked_add(len).is_none_or(|end| end > size) {
                let message = format!(
                    "data segment {index} of {len} bytes at {start:#x} does not fit: memory ends \
                     at {size:#x}"
                );
                return Err(StepError {
                    outcome: Outcome::Trapped,
                    ..StepError::found(FindingKind::OutOfBounds, Some(start), message)
                });
            }
            placed.write(start, &segment.bytes);
            record
                .recording
                .push_write(start, &segment.bytes, Writer::Data { segment: index });
        }
        Ok(())
    }

    /// The values of the imported globals that can place a segment, an i32 as its unsigned reading.
    fn imported_globals(&mut self, imports: &[Extern]) -> Vec<Option<u64>> {
        imports
            .iter()
            .filter_map(|given| match given {
                Extern::Global(global) => Some(global),
                _ => None,
            })
            .map(|global| match global.get(&mut self.store) {
                Wasm::I32(n) => Some(u64::from(n as u32)),
                Wasm::I64(n) => Some(n as u64),
                _ => None,
            })
            .collect()
    }

    /// Whatever instantiation did to memory that the segments do not explain: where one of them
    /// went, only the engine could tell.
    fn take_over(&mut self, placed: Image, record: &mut StepRecord) -> Result<(), StepError> {
        let Some(live) = self.memory.clone() else {
            return Ok(());
        };
        let mut now = placed.clone();
        memory::capture(&mut now, &live, &self.store).map_err(|e| e.to_string())?;
        let segment = self.unplaced_segment.unwrap_or_default();
        for span in now.differences(&placed) {
            record.recording.push_difference(
                span.start,
                &now.read(span.start, span.len),
                Writer::Data { segment },
            );
        }
        Ok(())
    }

    /// A function that the rewrite exports for the session's own use.
    fn hidden_function(&self, name: &str) -> Option<Function> {
        self.instance
            .as_ref()?
            .exports
            .get_function(name)
            .ok()
            .cloned()
    }

    pub(super) fn initializer(&self) -> Option<Function> {
        let called_by_script = self.script.statements.iter().any(|s| match &s.kind {
            StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
                call.export.text == INITIALIZE
            }
            _ => false,
        });
        if called_by_script {
            return None;
        }
        self.exported_function(INITIALIZE)
            .ok()
            .filter(|f| f.ty(&self.store).params().is_empty())
    }

    /// What the guest imports, in its order: by names alone, two imports of one name and two types
    /// would be one.
    fn satisfy_imports(&mut self) -> Result<Vec<Extern>, StepError> {
        let mut imports = Vec::new();
        let wanted: Vec<_> = self.module.imports().collect();
        let (tick_module, tick_name) = self.rewritten.tick_import.clone();
        for import in wanted {
            let name = ImportName {
                module: import.module().to_string(),
                name: import.name().to_string(),
            };
            let is_tick = name.module == tick_module && name.name == tick_name;
            let given: Extern = match import.ty() {
                ExternType::Function(_) if is_tick => self.tick_function().into(),
                ExternType::Function(ty) => self.host_function(&name, ty).into(),
                ExternType::Memory(ty) => self.imported_memory(&name, ty)?.into(),
                ExternType::Global(ty) => self.given_global(&name, *ty)?.into(),
                ExternType::Table(ty) => Table::new(&mut self.store, *ty, values::zero(ty.ty))
                    .map_err(|e| safe::plain(&e.to_string()))?
                    .into(),
                ExternType::Tag(ty) => Tag::new(&mut self.store, ty.params.clone()).into(),
            };
            imports.push(given);
        }
        Ok(imports)
    }

    fn tick_function(&mut self) -> Function {
        let ty = FunctionType::new([], []);
        Function::new_with_env(
            &mut self.store,
            &self.env,
            ty,
            |mut env: FunctionEnvMut<HostState>, _: &[Wasm]| {
                let (state, mut store) = env.data_and_store_mut();
                state.drain(&mut store).map_err(RuntimeError::new)?;
                match state.watch.as_mut().map(Watch::tick) {
                    Some(Err(stop)) => Err(RuntimeError::user(Box::new(HostTrap::Stopped(stop)))),
                    _ => Ok(Vec::new()),
                }
            },
        )
    }

    fn host_function(&mut self, name: &ImportName, ty: &FunctionType) -> Function {
        let described = self
            .script
            .imports()
            .find(|i| i.name == *name)
            .and_then(|i| match &i.kind {
                ImportKind::Function { params, actions } => Some(Meaning::Described {
                    params: params.iter().map(|p| p.text.clone()).collect(),
                    actions: actions.clone(),
                }),
                _ => None,
            });
        let meaning = described.unwrap_or_else(|| Meaning::built_in(name, ty));
        let function = HostFunction::new(name.clone(), ty.clone(), meaning);
        Function::new_with_env(
            &mut self.store,
            &self.env,
            ty.clone(),
            move |env, args: &[Wasm]| function.call(env, args),
        )
    }

    fn imported_memory(&mut self, name: &ImportName, ty: &MemoryType) -> Result<Memory, StepError> {
        let mut ty = *ty;
        if let Some(ImportKind::Memory { min, max }) = self
            .script
            .imports()
            .find(|i| i.name == *name)
            .map(|i| &i.kind)
        {
            let pages = |n: u64| {
                u32::try_from(n)
                    .map(Pages)
                    .map_err(|_| format!("{n} pages are more than any memory can have"))
            };
            ty.minimum = pages(*min)?;
            if let Some(max) = max {
                let max = pages(*max)?;
                ty.maximum = Some(ty.maximum.map_or(max, |most| most.min(max)));
            }
        }
        Memory::new(&mut self.store, ty).map_err(|e| {
            StepError::failed(format!(
                "memory {} cannot be made: {}",
                display(name),
                safe::plain(&e.to_string())
            ))
        })
    }

    fn given_global(
        &mut self,
        name: &ImportName,
        ty: wasmer::GlobalType,
    ) -> Result<Global, StepError> {
        let mut value = values::zero(ty.ty);
        if let Some(import) = self.script.imports().find(|i| i.name == *name)
            && let ImportKind::Global { value: expr } = &import.kind
        {
            let env = SetupEnv {
                scope: &self.scope,
                files: &self.files,
            };
            let given = eval::evaluate(expr, &env)
                .map_err(|error| StepError::failed(self.located(error.span.start, &error)))?;
            value = values::to_wasm(&given, ty.ty).map_err(|why| {
                format!(
                    "import {}, of type {}: {why}",
                    display(name),
                    values::type_name(ty.ty)
                )
            })?;
        }
        Ok(if ty.mutability.is_mutable() {
            Global::new_mut(&mut self.store, value)
        } else {
            Global::new(&mut self.store, value)
        })
    }
}

fn instantiation_failed(error: InstantiationError) -> StepError {
    let message = match &error {
        InstantiationError::Start(trap) => format!("{} while instantiating", trap.message()),
        other => format!("the guest cannot be instantiated: {other}"),
    };
    let message = safe::cut(&message, 1000);
    StepError {
        outcome: Outcome::Trapped,
        ..StepError::found(FindingKind::Trap, None, message)
    }
}
