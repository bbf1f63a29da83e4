//! Performs the actions of a host function that the script describes.

use std::slice;
use std::sync::Arc;

use wasmer::{Function, Memory, RuntimeError, Value as Wasm};

use crate::safe;
use crate::script::ast::{
    Action, Call, CallPart, Element, Expr, HostFunctionName, Name, Reading, SetElement, TableGrowth,
};
use crate::script::eval::{self, EnvError, EvalEnv, OutputStream};
use crate::script::variables_of_address;
use crate::source::HostPlace;
use crate::timeline::{CallRecord, ChildKind, FindingKind, ImportWrite, PAGE, Span, Writer};
use crate::value::Value;

use super::call::recorded_name;
use super::child_text;
use super::eval_env;
use super::exports::{self, LiveGuest};
use super::host_names::describe_function;
use super::imports::{HostState, HostTrap, MAX_CHOSEN_WRITES, MAX_DEPTH, Running};
use super::memory::{self, AccessError};
use super::read_statement::{self, ReadError};
use super::types;
use super::values;

/// The most bytes that the variables of all running actions can take.
const MAX_BOUND: usize = 256 << 20;

/// The environment of an action's expression: what earlier actions bound, then the parameters, then
/// the variables of the script.
struct ActionEnv<'a> {
    bound: &'a [(String, Value)],
    params: &'a [String],
    args: &'a [Value],
    state: &'a HostState,
    /// The host function, and the number of its call that performs the action.
    call: (&'a HostFunctionName, u64),
    pages: Option<u64>,
}

impl EvalEnv for ActionEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        let bound = self.bound.iter().rev().find(|(bound, _)| bound == name);
        if let Some((_, value)) = bound {
            return Some(value);
        }
        match self.params.iter().position(|param| param == name) {
            Some(index) => self.args.get(index),
            None => self.state.scope.value(name),
        }
    }

    fn pages(&self) -> Result<u64, EnvError> {
        self.pages
            .ok_or_else(|| EnvError::NoMemory(AccessError::NoMemory.to_string()))
    }

    fn calls(&self, function: &HostFunctionName) -> Result<u64, EnvError> {
        let (own, index) = self.call;
        if function == own {
            return Ok(index);
        }
        self.state.history.calls(function)
    }

    fn call_part(
        &self,
        function: &HostFunctionName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        self.state.history.part(function, part, index)
    }

    fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        self.state.wasi.output.printed(stream)
    }

    fn provided(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        eval_env::provided(&self.state.wasi, path)
    }

    fn new_object(&self) -> Result<u64, EnvError> {
        Ok(self.state.new_object())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(self.state.files.read(path)?)
    }
}

impl Running<'_, '_> {
    /// Performs the actions in order, over the names of the parameters. Returns the results of the
    /// call.
    pub fn perform_actions(
        &mut self,
        params: &[String],
        actions: &[Action],
    ) -> Result<Vec<Wasm>, HostTrap> {
        let mut results = Vec::new();
        for (number, action) in actions.iter().enumerate() {
            self.place = self.recorded_place(number);
            match action {
                Action::Returns(values) => results.extend(self.results(params, values)?),
                Action::Writes {
                    address,
                    value,
                    is_zeroed,
                } => self.perform_write(params, address, (value, *is_zeroed))?,
                Action::Copies { to, from, length } => {
                    self.perform_copy(params, to, from, length)?;
                }
                Action::Grows { bytes } => self.perform_grow(params, bytes)?,
                Action::SetsElement(set) => self.perform_set_element(params, set)?,
                Action::GrowsTable(growth) => self.perform_table_growth(params, growth)?,
                Action::Reads {
                    name,
                    address,
                    what,
                } => self.perform_read(params, name.as_ref(), address, what)?,
                Action::Call { results, call } => self.perform_call(params, results, call)?,
                Action::Catches(call) => self.perform_catch(params, call)?,
                Action::Let { name, value } => {
                    let value = self.evaluate(params, value)?;
                    self.bind(name, value)?;
                }
                Action::Traps { why } => return Err(self.trap(params, why)?),
            }
        }
        Ok(results)
    }

    /// Returns where a recorded host did what this action of the call does.
    fn recorded_place(&self, action: usize) -> Option<Arc<HostPlace>> {
        let (HostFunctionName::Import(import), call) = self.call() else {
            return None;
        };
        let calls = self.env.data().recorded_actions.get(import)?;
        let places = calls.get(usize::try_from(call).ok()?)?;
        places.get(action)?.clone()
    }

    fn results(&mut self, params: &[String], values: &[Expr]) -> Result<Vec<Wasm>, HostTrap> {
        let types = self.result_types().to_vec();
        values
            .iter()
            .zip(types)
            .map(|(expr, ty)| {
                let value = self.evaluate_argument(params, expr)?;
                values::pass(&mut self.env, &value, ty)
                    .map_err(|error| self.fail(format!("returns: {error}")))
            })
            .collect()
    }

    fn perform_write(
        &mut self,
        params: &[String],
        address: &Expr,
        (value, is_zeroed): (&Expr, bool),
    ) -> Result<(), HostTrap> {
        let start = self.address(params, address, "the address")?;
        let value = self.evaluate(params, value)?;
        let types = Arc::clone(&self.env.data().types);
        let pieces =
            types::bytes_to_write(&types, &value, is_zeroed).map_err(|error| self.fail(error))?;
        for piece in &pieces {
            let at = start.saturating_add(piece.offset);
            self.write(at, &piece.bytes)?;
            self.record_address(params, address, at, piece.bytes.len());
        }
        Ok(())
    }

    /// Records where a write was made, if the script chose its address: nothing in it came from the
    /// guest in this call.
    fn record_address(&mut self, params: &[String], address: &Expr, start: u64, len: usize) {
        let names = variables_of_address(address);
        let is_of_call = |name: &String| {
            params.contains(name) || self.bound.iter().any(|(bound, _)| bound == name)
        };
        let is_chosen = !names.iter().any(is_of_call);
        let Writer::Import { module, name } = self.writer() else {
            return;
        };
        let state = self.env.data_mut();
        if is_chosen && len > 0 && state.chosen_writes.len() < MAX_CHOSEN_WRITES {
            let len = u64::try_from(len).unwrap_or(u64::MAX);
            state.chosen_writes.push(ImportWrite {
                import: format!("{module}.{name}").into(),
                names,
                span: Span { start, len },
            });
        }
    }

    fn perform_copy(
        &mut self,
        params: &[String],
        to: &Expr,
        from: &Expr,
        length: &Expr,
    ) -> Result<(), HostTrap> {
        let start = self.address(params, to, "the destination")?;
        let from = self.address(params, from, "the source")?;
        let length = self.address(params, length, "the length")?;
        let memory = self.memory()?;
        let bytes = memory::read(&memory, &self.env, from, length)
            .map_err(|error| self.access_failed(error))?;
        self.write(start, &bytes)?;
        self.record_address(params, to, start, bytes.len());
        Ok(())
    }

    /// Grows memory to at least the given number of bytes.
    fn perform_grow(&mut self, params: &[String], bytes: &Expr) -> Result<(), HostTrap> {
        let wanted = self.address(params, bytes, "the size")?;
        let memory = self.memory()?;
        let before = memory::pages(&memory, &self.env);
        let needed = wanted.div_ceil(PAGE).saturating_sub(before);
        if needed == 0 {
            return Ok(());
        }
        let grow = |running: &mut Self| {
            memory::grow(&memory, &mut running.env, needed).map_err(|error| {
                running.fail(format!("cannot grow memory to {wanted} bytes: {error}"))
            })?;
            let after = memory::pages(&memory, &running.env);
            let writer = running.writer();
            running.record(|recording| recording.push_growth(before, after, writer))
        };
        let label = |_: &Self| child_text::grow(needed);
        self.as_child(ChildKind::Grow, label, grow, |_, ()| None)
    }

    fn perform_read(
        &mut self,
        params: &[String],
        name: Option<&Name>,
        address: &Expr,
        what: &Reading,
    ) -> Result<(), HostTrap> {
        let address = self.address(params, address, "the address")?;
        let memory = self.memory()?;
        let plan = read_statement::plan(what, |expr, role| self.address(params, expr, role))?;
        let read = self.as_child(
            ChildKind::Read,
            |_| child_text::read(address, &plan),
            |running| {
                read_statement::perform(&plan, &memory, &running.env, address)
                    .map_err(|error| running.read_failed(error))
            },
            |_, read| child_text::list(slice::from_ref(&read.value)),
        )?;
        if let Some(name) = name {
            self.bind(name, read.value.clone())?;
        }
        self.reads.push(read.value);
        Ok(())
    }

    fn perform_set_element(&mut self, params: &[String], set: &SetElement) -> Result<(), HostTrap> {
        let index = self.evaluate(params, &set.place.index)?;
        let place = exports::place_of(&index, &set.place).map_err(|error| self.fail(error))?;
        let value = match &set.element {
            Element::Value(value) => Some(self.evaluate(params, value)?),
            Element::Export(_) => None,
        };
        self.live_guest()?
            .assign_element(&mut self.env, set, place, value.as_ref())
            .map_err(|error| self.fail(error))
    }

    fn perform_table_growth(
        &mut self,
        params: &[String],
        growth: &TableGrowth,
    ) -> Result<(), HostTrap> {
        let by = self.evaluate(params, &growth.by)?;
        self.live_guest()?
            .grow_table(&mut self.env, &growth.table, &by)
            .map_err(|error| self.fail(error))
    }

    fn live_guest(&self) -> Result<LiveGuest, HostTrap> {
        let live = self.env.data().guest.clone();
        live.ok_or_else(|| {
            self.fail("the guest is not instantiated yet, so nothing of it can be used")
        })
    }

    /// Binds a variable for the actions after this one.
    fn bind(&mut self, name: &Name, value: Value) -> Result<(), HostTrap> {
        let state = self.env.data_mut();
        state.bound_bytes = state.bound_bytes.saturating_add(value.weight());
        let is_too_much = state.bound_bytes > MAX_BOUND;
        self.bound.push((name.text.clone(), value));
        if is_too_much {
            return Err(self.fail(format!(
                "the values that running actions have bound add up to more than {} MiB, the limit; \
                 use smaller ones",
                MAX_BOUND >> 20
            )));
        }
        Ok(())
    }

    /// Calls the guest from inside the import. Its stores go on in the journal of the step.
    fn perform_call(
        &mut self,
        params: &[String],
        names: &[Name],
        call: &Call,
    ) -> Result<(), HostTrap> {
        let state = self.env.data();
        if state.depth >= MAX_DEPTH {
            let name = describe_function(self.call().0);
            return Err(HostTrap::TooDeep { name });
        }
        let live = state.guest.clone();
        let live = live.ok_or_else(|| {
            self.fail("the guest is not instantiated yet, so nothing of it can be called")
        })?;
        let place = match &call.place {
            None => None,
            Some(place) => {
                let value = self.evaluate(params, &place.index)?;
                let place = exports::place_of(&value, place);
                Some(place.map_err(|error| self.fail(error))?)
            }
        };
        let (function, shown) = live
            .callee(&mut self.env, call, place)
            .map_err(|error| self.fail(error))?;
        let ty = function.ty(&self.env);
        exports::check_counts(&shown, &ty, call.args.len(), names.len())
            .map_err(|error| self.fail(error))?;
        let (mut args, mut given) = (Vec::new(), Vec::new());
        for (index, (expr, ty)) in call.args.iter().zip(ty.params()).enumerate() {
            let value = self.evaluate_argument(params, expr)?;
            let wasm = exports::argument(&mut self.env, (&shown, index), *ty, &value);
            given.push(wasm.map_err(|error| self.fail(error))?);
            args.push(value);
        }
        self.calls.push(CallRecord {
            export: recorded_name(call, &shown),
            args,
            results: Vec::new(),
        });
        let label = |running: &Self| {
            let args = running.calls.last().map_or(&[][..], |call| &call.args);
            child_text::call("call ", &shown, args)
        };
        let enter = |running: &mut Self| {
            let results = running.enter_guest(&function, &given)?;
            results
                .iter()
                .map(|result| values::receive(&running.env, result))
                .collect::<Result<Vec<Value>, _>>()
                .map_err(|why| running.fail(format!("{shown}: {why}")))
        };
        let result = |_: &Self, results: &Vec<Value>| child_text::list(results);
        let results = self.as_child(ChildKind::Call, label, enter, result)?;
        if let Some(record) = self.calls.last_mut() {
            record.results.clone_from(&results);
        }
        names
            .iter()
            .zip(results)
            .try_for_each(|(name, value)| self.bind(name, value))
    }

    /// Calls the guest, which must trap. A limit, a cancel and an exit go on to the step.
    fn perform_catch(&mut self, params: &[String], call: &Call) -> Result<(), HostTrap> {
        match self.perform_call(params, &[], call) {
            Ok(()) => Err(self.fail("the call returned, but `catches` expects it to trap")),
            Err(HostTrap::InnerCall) => {
                let caught = self.inner_error.take_if(|error| is_catchable(error));
                let Some(error) = caught else {
                    return Err(HostTrap::InnerCall);
                };
                let (state, store) = self.env.data_and_store_mut();
                let code = error.clone().to_trap();
                state
                    .recorder
                    .undo_trapped_store(code, &store, state.memory.as_ref());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Runs a function of the guest to its end.
    fn enter_guest(&mut self, function: &Function, args: &[Wasm]) -> Result<Box<[Wasm]>, HostTrap> {
        self.env.data_mut().depth += 1;
        let outcome = function.call(&mut self.env, args);
        let state = self.env.data_mut();
        state.depth = state.depth.saturating_sub(1);
        match outcome {
            Ok(results) => Ok(results),
            Err(error) => {
                // A guest that traps leaves the position in its journal as it was.
                self.drain_rest()?;
                self.inner_error = Some(error);
                Err(HostTrap::InnerCall)
            }
        }
    }

    fn read_failed(&self, error: ReadError) -> HostTrap {
        match error {
            ReadError::Access(error) => self.access_failed(error),
            ReadError::Utf8 { ref error, address } => {
                self.found(error, Some((FindingKind::InvalidUtf8, address)))
            }
            ReadError::Utf16(_)
            | ReadError::TooManyNumbers(_)
            | ReadError::Size(_)
            | ReadError::Typed(_) => self.fail(error),
        }
    }

    /// Returns the trap of a `traps` action.
    fn trap(&self, params: &[String], why: &Expr) -> Result<HostTrap, HostTrap> {
        Ok(HostTrap::Message(match self.evaluate(params, why)? {
            Value::Text(text) => safe::plain(&text),
            other => other.brief(200),
        }))
    }

    fn evaluate(&self, params: &[String], expr: &Expr) -> Result<Value, HostTrap> {
        eval::evaluate(expr, &self.eval_env(params)).map_err(|error| self.fail(error))
    }

    /// Evaluates an expression whose value is given to the guest.
    fn evaluate_argument(&self, params: &[String], expr: &Expr) -> Result<Value, HostTrap> {
        eval::evaluate_argument(expr, &self.eval_env(params)).map_err(|error| self.fail(error))
    }

    fn eval_env<'e>(&'e self, params: &'e [String]) -> ActionEnv<'e> {
        let state = self.env.data();
        ActionEnv {
            bound: &self.bound,
            params,
            args: &self.args,
            state,
            call: self.call(),
            pages: state
                .memory
                .as_ref()
                .map(|memory| memory::pages(memory, &self.env)),
        }
    }

    fn address(&self, params: &[String], expr: &Expr, role: &str) -> Result<u64, HostTrap> {
        let value = self.evaluate(params, expr)?;
        let is_64 = self.env.data().scope.is_64;
        eval::address(&value, &eval::subject(expr, role), is_64).map_err(|error| self.fail(error))
    }

    /// Returns the memory that actions read and write.
    pub fn memory(&self) -> Result<Memory, HostTrap> {
        self.env
            .data()
            .memory
            .clone()
            .ok_or_else(|| self.access_failed(AccessError::NoMemory))
    }
}

/// Returns whether a host can go on after this error of a call of the guest.
fn is_catchable(error: &RuntimeError) -> bool {
    match error.downcast_ref::<HostTrap>() {
        Some(trap) => matches!(trap, HostTrap::Message(_) | HostTrap::Action { .. }),
        None => true,
    }
}
