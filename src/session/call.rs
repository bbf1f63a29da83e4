//! Runs guest code in a step: checks the arguments, starts the clock, and afterwards collects
//! everything that it did.

use wasmer::{Function, RuntimeError, Value as Wasm};

use crate::script::ast::{Call, Expr};
use crate::timeline::{CallRecord, Finding, FindingKind, Outcome, Span, StepRecord};
use crate::value::Value;

use super::history_budget::HistoryLimit;
use super::imports::HostTrap;
use super::interrupt_timer::InterruptTimer;
use super::limits::{Stop, Watch};
use super::trap::TrapEvidence;
use super::{Session, exports, memory, trap, values};

/// Why a step failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepError {
    /// How the step ended.
    pub outcome: Outcome,
    /// The message, safe to print.
    pub message: String,
    /// What the step gets as findings.
    pub findings: Vec<Finding>,
    /// The bytes of memory that led to the failure, if they are known.
    pub origin: Option<Span>,
}

impl StepError {
    /// Creates a failure in the host.
    pub fn failed(message: impl Into<String>) -> Self {
        StepError {
            outcome: Outcome::Failed,
            message: message.into(),
            findings: Vec::new(),
            origin: None,
        }
    }

    /// Creates a failure that is also a finding, with the same message.
    pub fn found(kind: FindingKind, address: Option<u64>, message: String) -> Self {
        let finding = Finding {
            address,
            ..Finding::new(kind, message.clone())
        };
        StepError {
            outcome: Outcome::Failed,
            message,
            findings: vec![finding],
            origin: None,
        }
    }
}

impl From<HistoryLimit> for StepError {
    fn from(limit: HistoryLimit) -> Self {
        StepError {
            outcome: Outcome::Cancelled,
            ..StepError::found(FindingKind::Limit, None, limit.to_string())
        }
    }
}

impl From<String> for StepError {
    fn from(message: String) -> Self {
        StepError::failed(message)
    }
}

impl Session {
    /// Calls an export with the arguments of a statement, which names this many results, and
    /// records the call.
    ///
    /// # Errors
    ///
    /// Returns an error if the export or the arguments do not fit, or if the guest traps or is
    /// stopped.
    pub(super) fn call_export(
        &mut self,
        call: &Call,
        names: usize,
        record: &mut StepRecord,
    ) -> Result<Vec<Value>, StepError> {
        let (function, name) = self.callee(call)?;
        let args = self.arguments(call, &function, &name, names)?;
        let given: Vec<Wasm> = args.iter().map(|(_, wasm)| wasm.clone()).collect();
        record.call = Some(CallRecord {
            export: recorded_name(call, &name),
            args: args.into_iter().map(|(value, _)| value).collect(),
            results: Vec::new(),
        });
        self.record_parameters(record);
        let results = self.call_guest(&function, &given, record)?;
        let results: Vec<Value> = results
            .iter()
            .map(|result| values::receive(&self.store, result))
            .collect::<Result<_, _>>()
            .map_err(|why| StepError::failed(format!("{name}: {why}")))?;
        if let Some(call) = &mut record.call {
            call.results.clone_from(&results);
        }
        Ok(results)
    }

    /// Returns the function of a call, and what a message calls it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such function.
    pub(super) fn callee(&mut self, call: &Call) -> Result<(Function, String), StepError> {
        let place = match &call.place {
            None => None,
            Some(place) => {
                let value = self.evaluate(&place.index)?;
                let place = exports::place_of(&value, place);
                Some(place.map_err(|error| StepError::failed(error.to_string()))?)
            }
        };
        let live = self.live_guest()?.clone();
        Ok(live.callee(&mut self.store, call, place)?)
    }

    /// Returns the arguments of a call that names this many results, each as a value of the script
    /// and of the engine.
    fn arguments(
        &mut self,
        call: &Call,
        function: &Function,
        name: &str,
        names: usize,
    ) -> Result<Vec<(Value, Wasm)>, StepError> {
        let ty = function.ty(&self.store);
        exports::check_counts(name, &ty, call.args.len(), names)?;
        let mut args = Vec::with_capacity(call.args.len());
        for (index, (expr, ty)) in call.args.iter().zip(ty.params()).enumerate() {
            let value = self.evaluate_argument(expr)?;
            let wasm = exports::argument(&mut self.store, (name, index), *ty, &value)?;
            args.push((value, wasm));
        }
        Ok(args)
    }

    /// Runs a function of the guest, and records what it did, whether it returns or not. A guest
    /// that exits with code 0 has ended its call without results.
    ///
    /// # Errors
    ///
    /// Returns an error if the guest traps or is stopped.
    pub(super) fn call_guest(
        &mut self,
        function: &Function,
        args: &[Wasm],
        record: &mut StepRecord,
    ) -> Result<Vec<Wasm>, StepError> {
        let watch = Watch::start(&self.control, self.limits.max_time, &self.stopped_time);
        self.env
            .as_mut(&mut self.store)
            .begin_call(watch, &self.scope, self.limits.max_stores);
        let running = self.interrupt_timer.as_ref().map(InterruptTimer::run);
        let outcome = function.call(&mut self.store, args);
        drop(running);
        let collected = self.collect(record);
        let exit_code = outcome.as_ref().err().and_then(exit_code);
        record.exit_code = exit_code.or(record.exit_code);
        let results = match outcome {
            Ok(results) => results.into_vec(),
            Err(_) if exit_code == Some(0) => Vec::new(),
            Err(error) => return Err(self.trap_of(&error, record)),
        };
        collected?;
        Ok(results)
    }

    /// Collects what the guest and its imports did.
    fn collect(&mut self, record: &mut StepRecord) -> Result<(), StepError> {
        let mut env = self.env.clone().into_mut(&mut self.store);
        let (state, mut store) = env.data_and_store_mut();
        let drained = state.recorder.drain_rest(&mut store, state.memory.as_ref());
        // If the state still had the scope, binding the next variable would copy it.
        state.scope = Default::default();
        let left = super::imports::MAX_RECORDED_CALLS.saturating_sub(record.imports_called.len());
        record
            .imports_called
            .extend(std::mem::take(&mut state.calls).into_iter().take(left));
        record.imports_called_total += state.calls_total;
        record.facts.import_writes.append(&mut state.chosen_writes);
        if let Some(printed) = state.wasi.output.finish_call() {
            record
                .output
                .get_or_insert_default()
                .push_str(&printed.text);
            record.output_bytes = record.output_bytes.saturating_add(printed.bytes);
            record.output_kept = record.output_kept.saturating_add(printed.recorded);
        }
        drained
            .map(|_| ())
            .map_err(|error| StepError::failed(error.to_string()))
    }

    /// Returns what the guest itself noted of its last accesses.
    fn trap_evidence(&mut self) -> TrapEvidence {
        let memory_end = self
            .memory
            .as_ref()
            .map_or(0, |live| memory::size(live, &self.store));
        let mut env = self.env.clone().into_mut(&mut self.store);
        let (state, mut store) = env.data_and_store_mut();
        TrapEvidence {
            last_store: state.recorder.last_store(memory_end),
            last_load: state.recorder.last_load(&mut store),
            memory_end,
            entry: None,
        }
    }

    /// Returns the index of the function that the step called: an export, or else one that
    /// instantiation calls.
    pub(super) fn entry(&self, record: &StepRecord) -> Option<u32> {
        match &record.call {
            Some(call) => self.guest.export(&call.export).map(|export| export.index),
            None => self
                .guest
                .start()
                .or_else(|| self.guest.export("_initialize").map(|export| export.index)),
        }
    }

    /// Records a trap of the guest itself. Returns its message and the address of the access that
    /// trapped. A store that trapped was never made, so it is removed from the recording.
    fn own_trap(&mut self, error: &RuntimeError, record: &mut StepRecord) -> (String, Option<u64>) {
        let evidence = TrapEvidence {
            entry: self.entry(record),
            ..self.trap_evidence()
        };
        let trap = trap::read(error, &self.guest, &self.compiled.instrumented, &evidence);
        if trap.is_store_undone {
            self.recorder().undo_last_store();
        }
        let message = trap::describe(&trap.trap);
        let address = trap.trap.attempt.map(|attempt| attempt.address);
        record.trap = Some(trap.trap);
        (message, address)
    }

    /// Converts an error of the engine to the failure of the step.
    fn trap_of(&mut self, error: &RuntimeError, record: &mut StepRecord) -> StepError {
        let found = |outcome, kind, address, message: String| StepError {
            outcome,
            findings: vec![Finding {
                address,
                ..Finding::new(kind, message.clone())
            }],
            message,
            origin: None,
        };
        match error.downcast_ref::<HostTrap>() {
            Some(HostTrap::Stopped(Stop::Cancelled)) => StepError {
                outcome: Outcome::Cancelled,
                message: "cancelled while the guest was running".into(),
                findings: Vec::new(),
                origin: None,
            },
            Some(HostTrap::Stopped(Stop::HistoryLimit)) => self.recorder().budget.reached().into(),
            Some(HostTrap::Stopped(Stop::TimeLimit)) => {
                let limit = self.limits.max_time.unwrap_or_default();
                let message = format!(
                    "the call ran longer than {limit:?} and was stopped; --max-time sets the \
                     limit, 0 for none"
                );
                found(Outcome::Cancelled, FindingKind::Limit, None, message)
            }
            Some(trap @ (HostTrap::TooMuchWritten | HostTrap::TooDeep { .. })) => found(
                Outcome::Cancelled,
                FindingKind::Limit,
                None,
                trap.to_string(),
            ),
            Some(trap @ HostTrap::Undefined { .. }) => found(
                Outcome::Trapped,
                FindingKind::ImportUndefined,
                None,
                trap.to_string(),
            ),
            Some(
                trap @ HostTrap::Action {
                    found: Some((kind, address)),
                    ..
                },
            ) => found(Outcome::Trapped, *kind, Some(*address), trap.to_string()),
            Some(trap) => found(Outcome::Trapped, FindingKind::Trap, None, trap.to_string()),
            None => {
                let (message, address) = self.own_trap(error, record);
                found(Outcome::Trapped, FindingKind::Trap, address, message)
            }
        }
    }

    /// Evaluates an expression with the variables that are bound now.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression has no value.
    pub(super) fn evaluate(&self, expr: &Expr) -> Result<Value, StepError> {
        crate::script::eval::evaluate(expr, &self.eval_env())
            .map_err(|error| StepError::failed(self.located(error.span.start, &error)))
    }

    /// Evaluates an expression whose value is given to the guest.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression has no value.
    pub(super) fn evaluate_argument(&self, expr: &Expr) -> Result<Value, StepError> {
        crate::script::eval::evaluate_argument(expr, &self.eval_env())
            .map_err(|error| StepError::failed(self.located(error.span.start, &error)))
    }
}

/// Returns what the record of a call has as its export.
pub(super) fn recorded_name(call: &Call, shown: &str) -> String {
    match call.place {
        Some(_) => shown.to_owned(),
        None => call.export.text.clone(),
    }
}

/// Returns the code with which the guest exited, if that is how its call ended.
fn exit_code(error: &RuntimeError) -> Option<i32> {
    match error.downcast_ref::<HostTrap>() {
        Some(HostTrap::Exited(code)) => Some(*code),
        _ => None,
    }
}
