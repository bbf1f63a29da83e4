//! Running guest code inside a step: arguments checked, the clock set, and afterwards everything it
//! did to memory gathered with its writers.

use wasmer::{Function, RuntimeError, Value as Wasm};

use crate::script::ast::{Call, Expr};
use crate::timeline::{CallRecord, Finding, FindingKind, Outcome, StepRecord};
use crate::value::Value;

use super::imports::HostTrap;
use super::interrupt_timer::Alarm;
use super::limits::{Stop, Watch};
use super::trap::TrapEvidence;
use super::{Session, memory, trap, values};

/// Why a step did not end in ok.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepError {
    pub outcome: Outcome,
    /// Safe to print.
    pub message: String,
    pub findings: Vec<Finding>,
}

impl StepError {
    pub fn failed(message: impl Into<String>) -> Self {
        StepError {
            outcome: Outcome::Failed,
            message: message.into(),
            findings: Vec::new(),
        }
    }

    /// A failure that is also a finding, with the same words.
    pub fn found(kind: FindingKind, address: Option<u64>, message: String) -> Self {
        let finding = Finding {
            address,
            ..Finding::new(kind, message.clone())
        };
        StepError {
            outcome: Outcome::Failed,
            message,
            findings: vec![finding],
        }
    }
}

impl From<String> for StepError {
    fn from(message: String) -> Self {
        StepError::failed(message)
    }
}

impl Session {
    /// Calls an export as a script says it, and records the call.
    pub(super) fn call_export(
        &mut self,
        call: &Call,
        record: &mut StepRecord,
    ) -> Result<Vec<Value>, StepError> {
        let (function, args) = self.prepare_call(call)?;
        let given: Vec<Wasm> = args.iter().map(|(_, wasm)| wasm.clone()).collect();
        record.call = Some(CallRecord {
            export: call.export.text.clone(),
            args: args.into_iter().map(|(value, _)| value).collect(),
            results: Vec::new(),
        });
        let results = self.call_guest(&function, &given, record)?;
        let results: Vec<Value> = results
            .iter()
            .map(values::from_wasm)
            .collect::<Result<_, _>>()
            .map_err(|why| {
                StepError::failed(format!("{}: {why}", crate::safe::plain(&call.export.text)))
            })?;
        if let Some(call) = &mut record.call {
            call.results.clone_from(&results);
        }
        Ok(results)
    }

    fn prepare_call(&mut self, call: &Call) -> Result<(Function, Vec<(Value, Wasm)>), StepError> {
        let shown = crate::safe::plain(&call.export.text);
        let function = self.exported_function(&call.export.text)?;
        let ty = function.ty(&self.store);
        if ty.params().len() != call.args.len() {
            let (wanted, given) = (ty.params().len(), call.args.len());
            let plural = if wanted == 1 { "" } else { "s" };
            return Err(StepError::failed(format!(
                "{shown} takes {wanted} argument{plural}, {given} given; its type is {}",
                values::signature(&ty)
            )));
        }
        let mut args = Vec::with_capacity(call.args.len());
        for (index, (expr, ty)) in call.args.iter().zip(ty.params()).enumerate() {
            let value = self.evaluate(expr)?;
            let wasm = values::to_wasm(&value, *ty).map_err(|why| {
                format!(
                    "argument {} of {shown}, of type {}: {why}",
                    index + 1,
                    values::type_name(*ty)
                )
            })?;
            args.push((value, wasm));
        }
        Ok((function, args))
    }

    /// Runs a guest function and adds what it did to the record, whether it returned or not. A
    /// guest that exits with code 0 ends its call well, without results.
    pub(super) fn call_guest(
        &mut self,
        function: &Function,
        args: &[Wasm],
        record: &mut StepRecord,
    ) -> Result<Vec<Wasm>, StepError> {
        let watch = Watch::start(&self.control, self.limits.max_time);
        let recording = std::mem::take(&mut record.recording);
        self.env.as_mut(&mut self.store).begin_step(
            watch,
            &self.scope,
            recording,
            self.limits.max_stores,
        );
        let ringing = self.alarm.as_ref().map(Alarm::ring);
        let outcome = function.call(&mut self.store, args);
        drop(ringing);
        let gathered = self.gather(record);
        let exit_code = outcome.as_ref().err().and_then(exit_code);
        record.exit_code = exit_code.or(record.exit_code);
        let results = match outcome {
            Ok(results) => results.into_vec(),
            Err(_) if exit_code == Some(0) => Vec::new(),
            Err(error) => return Err(self.trap_of(&error, record)),
        };
        gathered?;
        Ok(results)
    }

    /// Adds what the guest and its imports did to the record.
    fn gather(&mut self, record: &mut StepRecord) -> Result<(), StepError> {
        let mut env = self.env.clone().into_mut(&mut self.store);
        let (state, mut store) = env.data_and_store_mut();
        let mut recording = std::mem::take(&mut state.recording);
        let drained = match &mut state.journal {
            Some(journal) => journal.drain_rest(&mut store, state.memory.as_ref(), &mut recording),
            None => Ok(0),
        };
        record.recording = recording;
        // Held on, it would be copied whole when the next variable is bound.
        state.scope = Default::default();
        let room = super::imports::MAX_RECORDED_CALLS.saturating_sub(record.imports_called.len());
        record
            .imports_called
            .extend(std::mem::take(&mut state.calls).into_iter().take(room));
        record.imports_called_total += state.calls_total;
        if let Some(printed) = state.wasi.output.finish_call() {
            record
                .output
                .get_or_insert_default()
                .push_str(&printed.text);
            record.output_bytes = record.output_bytes.saturating_add(printed.bytes);
            record.output_kept = record.output_kept.saturating_add(printed.recorded);
        }
        drained.map(|_| ()).map_err(StepError::failed)
    }

    /// What the guest itself left behind about where it was going.
    fn traces(&mut self) -> TrapEvidence {
        let memory_end = self
            .memory
            .as_ref()
            .map_or(0, |live| memory::size(live, &self.store));
        let mut env = self.env.clone().into_mut(&mut self.store);
        let (state, mut store) = env.data_and_store_mut();
        let Some(journal) = &state.journal else {
            return TrapEvidence::default();
        };
        let (last_slot, last_load) = (journal.last_slot(memory_end), journal.last_load(&mut store));
        TrapEvidence {
            last_slot,
            last_load,
            memory_end,
            entry: None,
        }
    }

    /// The function that the step called, by its index: an export, or else one that instantiation
    /// runs.
    fn entry(&self, record: &StepRecord) -> Option<u32> {
        match &record.call {
            Some(call) => self.guest.export(&call.export).map(|export| export.index),
            None => self
                .guest
                .start()
                .or_else(|| self.guest.export("_initialize").map(|export| export.index)),
        }
    }

    /// Tells a trap that the guest ran into by itself. A store that trapped was never made: it is
    /// taken out of the recording.
    fn own_trap(&mut self, error: &RuntimeError, record: &mut StepRecord) -> (String, Option<u64>) {
        let traces = TrapEvidence {
            entry: self.entry(record),
            ..self.traces()
        };
        let told = trap::read(error, &self.guest, &self.rewritten, &traces);
        if told.is_store_undone {
            record.recording.pop_attempt();
        }
        let message = trap::sentence(&told.trap);
        let address = told.trap.attempt.map(|attempt| attempt.address);
        record.trap = Some(told.trap);
        (message, address)
    }

    fn trap_of(&mut self, error: &RuntimeError, record: &mut StepRecord) -> StepError {
        let found = |outcome, kind, address, message: String| StepError {
            outcome,
            findings: vec![Finding {
                address,
                ..Finding::new(kind, message.clone())
            }],
            message,
        };
        match error.downcast_ref::<HostTrap>() {
            Some(HostTrap::Stopped(Stop::Cancelled)) => StepError {
                outcome: Outcome::Cancelled,
                message: "cancelled while the guest was running".into(),
                findings: Vec::new(),
            },
            Some(HostTrap::Stopped(Stop::TimeLimit)) => {
                let limit = self.limits.max_time.unwrap_or_default();
                let message = format!(
                    "the call ran longer than {limit:?} and was stopped; --max-time sets the \
                     limit, 0 for none"
                );
                found(Outcome::Cancelled, FindingKind::Limit, None, message)
            }
            Some(trap @ HostTrap::TooMuchWritten) => found(
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

    /// Evaluates an expression over what is bound now.
    pub(super) fn evaluate(&self, expr: &Expr) -> Result<Value, StepError> {
        crate::script::eval::evaluate(expr, &self.eval_env())
            .map_err(|error| StepError::failed(self.located(error.span.start, &error)))
    }
}

/// The code that the guest exited with, where that is how its call ended.
fn exit_code(error: &RuntimeError) -> Option<i32> {
    match error.downcast_ref::<HostTrap>() {
        Some(HostTrap::Exited(code)) => Some(*code),
        _ => None,
    }
}
