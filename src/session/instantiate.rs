//! Step 0: instantiates the guest. Every import is provided, active data segments are written to
//! memory, and the start function runs. `_initialize` runs too, if the guest exports it and the
//! script does not call it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmer::{
    Extern, ExternType, Function, FunctionEnvMut, FunctionType, Global, Instance,
    InstantiationError, Memory, MemoryType, Pages, RuntimeError, Table, TableType, Tag,
    Value as Wasm,
};

use crate::prose::Prose;
use crate::safe;
use crate::script::ast::{HostFunctionName, ImportKind, ImportName, StatementKind};
use crate::script::eval;
use crate::timeline::{FindingKind, Image, Outcome, StepKind, StepRecord, Writer};

use super::call::StepError;
use super::eval_env::SetupEnv;
use super::exports::LiveGuest;
use super::host_names::display;
use super::imports::{Described, HostFunction, HostState, HostTrap, Meaning};
use super::interrupt_timer::InterruptTimer;
use super::journal::Journal;
use super::{Session, address_space, memory, values};

/// The function that the host of a reactor calls first.
pub(super) const INITIALIZE: &str = "_initialize";

impl Session {
    /// Runs step 0 and returns its record.
    pub(super) fn instantiate(&mut self) -> StepRecord {
        let mut record = self.begin(StepKind::Instantiate, "instantiate".into());
        record.narration = self.script.document.of_step(0).map(Prose::plain);
        let result = self.instantiate_guest(&mut record);
        self.finish(record, result)
    }

    fn instantiate_guest(&mut self, record: &mut StepRecord) -> Result<(), StepError> {
        let imports = self.provide_imports()?;
        // The segments are recorded before the engine writes them, so that those before one that
        // does not fit are seen too.
        let mut placed = self.image.clone();
        let all_fit = self.place_segments(&imports, &mut placed);
        let instance =
            match Instance::new_by_index(&mut self.store, &self.compiled.module, &imports) {
                Ok(instance) => instance,
                // The segment that does not fit, and by how much, is more useful than the message of the
                // engine.
                Err(error) => {
                    return Err(all_fit.err().unwrap_or_else(|| instantiation_failed(error)));
                }
            };
        all_fit?;
        self.connect(instance)?;
        if let Some(left) = address_space::left_for_history() {
            self.recorder().budget.limit_by_address_space(left);
        }
        if self.unplaced_segment.is_some() {
            self.record_unplaced(placed)?;
        }
        if let Some(start) = self.compiled.instrumented.start_export.clone()
            && let Some(function) = self.internal_function(&start)
        {
            self.call_guest(&function, &[], record)?;
        }
        if let Some(initialize) = self.initializer().filter(|_| record.exit_code.is_none()) {
            self.call_guest(&initialize, &[], record)?;
        }
        Ok(())
    }

    /// Finds the recorded memory and the journal, and starts the interrupt timer.
    fn connect(&mut self, instance: Instance) -> Result<(), StepError> {
        if let Ok(index) = &self.memory_index
            && let Some(name) = self
                .compiled
                .instrumented
                .memory_exports
                .get(*index as usize)
        {
            self.memory = instance.exports.get_memory(name).ok().cloned();
        }
        if let Some(name) = &self.compiled.instrumented.stack_pointer_export {
            self.stack_pointer = instance.exports.get_global(name).ok().cloned();
        }
        let other_memory = self.wasi_memory(&instance);
        let broken = || {
            StepError::failed(
                "the compiled guest has no journal; this is a bug in linmem: please report it with this guest",
            )
        };
        let journal =
            Journal::of(&instance, &self.compiled.instrumented.journal).ok_or_else(broken)?;
        let private = journal
            .private_memory()
            .as_shared(&self.store)
            .ok_or_else(broken)?;
        let timer = InterruptTimer::start(
            self.store.engine().clone(),
            private,
            Arc::clone(&self.stopped_time),
        )
        .map_err(|e| {
            StepError::failed(format!(
                "the system has no thread left to interrupt the guest: {e}"
            ))
        })?;
        self.interrupt_timer = Some(timer);
        let tables = self.compiled.instrumented.table_exports.iter();
        let tables = tables
            .filter_map(|name| instance.exports.get_table(name).ok().cloned())
            .collect();
        let setters = self.compiled.instrumented.table_setters.iter();
        let table_setters = setters
            .map(|name| instance.exports.get_function(name.as_ref()?).ok().cloned())
            .collect();
        let state = self.env.as_mut(&mut self.store);
        state.memory = self.memory.clone();
        state.wasi.other_memory = other_memory;
        state.recorder.attach(journal);
        state.guest = Some(LiveGuest {
            guest: self.guest.clone(),
            instance: instance.clone(),
            tables,
            table_setters,
        });
        self.instance = Some(instance);
        Ok(())
    }

    /// Returns the memory that is exported as `memory`, if another one is recorded. WASI functions
    /// work on that one.
    fn wasi_memory(&self, instance: &Instance) -> Option<Memory> {
        let index = self
            .guest
            .memory_named("memory")
            .filter(|index| self.memory_index != Ok(*index))?;
        let name = self
            .compiled
            .instrumented
            .memory_exports
            .get(index as usize)?;
        instance.exports.get_memory(name).ok().cloned()
    }

    /// Records the active segments in order, up to the first that does not fit. `placed` becomes
    /// memory with them.
    ///
    /// # Errors
    ///
    /// Returns an error if a segment does not fit.
    fn place_segments(&mut self, imports: &[Extern], placed: &mut Image) -> Result<(), StepError> {
        let Ok(recorded) = self.memory_index else {
            return Ok(());
        };
        let globals = self.imported_globals(imports);
        let guest = self.guest.clone();
        for segment in guest
            .data_segments()
            .iter()
            .filter(|s| s.memory == recorded)
        {
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
            let writer = Writer::Data { segment: index };
            self.recorder()
                .recording()
                .push_write(start, &segment.bytes, writer);
        }
        Ok(())
    }

    /// Returns the values of the imported globals that can place a segment, an `i32` as its
    /// unsigned reading.
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

    /// Records what instantiation did to memory beyond the known segments. Only the engine knows
    /// where the others went.
    fn record_unplaced(&mut self, placed: Image) -> Result<(), StepError> {
        let Some(live) = self.memory.clone() else {
            return Ok(());
        };
        let mut now = placed.clone();
        memory::capture(&mut now, &live, &self.store).map_err(|e| e.to_string())?;
        let segment = self.unplaced_segment.unwrap_or_default();
        for span in now.differences(&placed) {
            self.recorder().recording().push_difference(
                span.start,
                &now.read(span.start, span.len),
                Writer::Data { segment },
            );
        }
        Ok(())
    }

    /// Returns a function that instrumentation exports for the session.
    fn internal_function(&self, name: &str) -> Option<Function> {
        self.instance
            .as_ref()?
            .exports
            .get_function(name)
            .ok()
            .cloned()
    }

    /// Returns the `_initialize` of the guest, if the session has to call it.
    pub(super) fn initializer(&self) -> Option<Function> {
        let called_by_script = self.script.statements.iter().any(|s| match &s.kind {
            StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
                call.is_of_export(INITIALIZE)
            }
            _ => false,
        });
        let has_recorded_host = self.env.as_ref(&self.store).playback.is_some()
            || self.script.statements.iter().any(|s| s.recorded.is_some());
        if called_by_script || has_recorded_host {
            return None;
        }
        self.exported_function(INITIALIZE)
            .ok()
            .filter(|f| f.ty(&self.store).params().is_empty())
    }

    /// Provides the imports in order. Names alone are not enough: two imports may have one name and
    /// different types.
    fn provide_imports(&mut self) -> Result<Vec<Extern>, StepError> {
        let mut imports = Vec::new();
        let wanted: Vec<_> = self.compiled.module.imports().collect();
        let (tick_module, tick_name) = self.compiled.instrumented.tick_import.clone();
        for import in wanted {
            let name = ImportName {
                module: import.module().to_string(),
                name: import.name().to_string(),
            };
            let is_tick = name.module == tick_module && name.name == tick_name;
            let provided: Extern = match import.ty() {
                ExternType::Function(_) if is_tick => self.tick_function().into(),
                ExternType::Function(ty) => self.host_function(&name, ty).into(),
                ExternType::Memory(ty) => self.imported_memory(&name, ty)?.into(),
                ExternType::Global(ty) => self.given_global(&name, *ty)?.into(),
                ExternType::Table(ty) => self.imported_table(&name, *ty)?.into(),
                ExternType::Tag(ty) => Tag::new(&mut self.store, ty.params.clone()).into(),
            };
            imports.push(provided);
        }
        Ok(imports)
    }

    /// Creates the function that the instrumented guest calls when its journal is full or the
    /// interrupt timer has fired.
    fn tick_function(&mut self) -> Function {
        let ty = FunctionType::new([], []);
        Function::new_with_env(
            &mut self.store,
            &self.env,
            ty,
            |mut env: FunctionEnvMut<HostState>, _: &[Wasm]| {
                let (state, mut store) = env.data_and_store_mut();
                state.drain(&mut store).map_err(RuntimeError::new)?;
                match state.check(&store) {
                    Err(stop) => Err(RuntimeError::user(Box::new(HostTrap::Stopped(stop)))),
                    Ok(()) => Ok(Vec::new()),
                }
            },
        )
    }

    /// Creates an imported function.
    fn host_function(&mut self, name: &ImportName, ty: &FunctionType) -> Function {
        let (mut described, mut calls) = (None, BTreeMap::new());
        for import in self.script.imports().filter(|i| i.name == *name) {
            if let ImportKind::Function {
                params,
                call,
                actions,
            } = &import.kind
            {
                let actions = Described {
                    params: params.iter().map(|p| p.text.clone()).collect(),
                    actions: actions.clone(),
                };
                match call {
                    Some(call) => drop(calls.insert(*call, actions)),
                    None => described = Some(Meaning::Described(actions)),
                }
            }
        }
        let is_recorded = self.env.as_ref(&self.store).playback.is_some();
        let meaning = match (is_recorded, described) {
            (true, _) => Meaning::Recorded,
            (false, Some(described)) => described,
            (false, None) => Meaning::built_in(name, ty),
        };
        let name = HostFunctionName::Import(name.clone());
        let function = HostFunction::new(name, ty.clone(), meaning).with_calls(calls);
        self.function_of_host(ty, function)
    }

    /// Creates a function of the engine for a host function.
    pub(super) fn function_of_host(
        &mut self,
        ty: &FunctionType,
        function: HostFunction,
    ) -> Function {
        Function::new_with_env(
            &mut self.store,
            &self.env,
            ty.clone(),
            move |env, args: &[Wasm]| function.call(env, args),
        )
    }

    /// Creates an imported memory.
    fn imported_memory(&mut self, name: &ImportName, ty: &MemoryType) -> Result<Memory, StepError> {
        let mut ty = *ty;
        if let Some(ImportKind::Memory { min, max, .. }) = self
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
                "memory {} cannot be created: {}",
                display(name),
                address_space::explained(safe::plain(&e.to_string()))
            ))
        })
    }

    /// Creates an imported table: as large as the script states, or as small as it can be.
    fn imported_table(&mut self, name: &ImportName, mut ty: TableType) -> Result<Table, StepError> {
        let given = self.script.imports().find(|import| import.name == *name);
        if let Some(ImportKind::Table { elements }) = given.map(|import| &import.kind) {
            ty.minimum = u32::try_from(*elements)
                .map_err(|_| format!("{elements} elements are more than any table can have"))?;
        }
        Table::new(&mut self.store, ty, values::zero(ty.ty))
            .map_err(|error| StepError::failed(safe::plain(&error.to_string())))
    }

    /// Creates an imported global.
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
                let problem = format!(
                    "import {}, of type {}: {why}",
                    display(name),
                    values::value_type(ty.ty)
                );
                StepError::failed(self.located(expr.span.start, &problem))
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
    let message = address_space::explained(safe::cut(&message, 1000));
    StepError {
        outcome: Outcome::Trapped,
        ..StepError::found(FindingKind::Trap, None, message)
    }
}
