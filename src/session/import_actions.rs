//! Performs the actions of a host function that the script describes.

use wasmer::{Memory, Value as Wasm};

use crate::safe;
use crate::script::ast::{Action, CallPart, Expr, ImportName, Reading};
use crate::script::encoding;
use crate::script::eval::{self, EnvError, EvalEnv, OutputStream};
use crate::timeline::{FindingKind, PAGE};
use crate::value::Value;

use super::imports::{HostState, HostTrap, Running};
use super::memory::{self, AccessError};
use super::read_statement::{self, ReadError};
use super::values;

/// The environment of an action's expression: the parameters, then the variables of the script.
struct ActionEnv<'a> {
    params: &'a [String],
    args: &'a [Value],
    state: &'a HostState,
    /// The import, and the number of its call that performs the action.
    call: (&'a ImportName, u64),
    pages: Option<u64>,
}

impl EvalEnv for ActionEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        match self.params.iter().position(|param| param == name) {
            Some(index) => self.args.get(index),
            None => self.state.scope.value(name),
        }
    }

    fn pages(&self) -> Result<u64, EnvError> {
        self.pages
            .ok_or_else(|| EnvError::NoMemory(AccessError::NoMemory.to_string()))
    }

    fn calls(&self, import: &ImportName) -> Result<u64, EnvError> {
        let (own, index) = self.call;
        Ok(if import == own {
            index
        } else {
            self.state.history.calls(import)
        })
    }

    fn call_part(
        &self,
        import: &ImportName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        self.state.history.part(import, part, index)
    }

    fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        self.state.wasi.output.printed(stream)
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
        for action in actions {
            match action {
                Action::Returns(values) => results.extend(self.results(params, values)?),
                Action::Writes { address, value } => {
                    self.perform_write(params, address, value)?;
                }
                Action::Copies { to, from, length } => {
                    self.perform_copy(params, to, from, length)?;
                }
                Action::Grows { bytes } => self.perform_grow(params, bytes)?,
                Action::Reads { address, what } => self.perform_read(params, address, what)?,
                Action::Traps { why } => return Err(self.trap(params, why)?),
            }
        }
        Ok(results)
    }

    fn results(&self, params: &[String], values: &[Expr]) -> Result<Vec<Wasm>, HostTrap> {
        let typed = values.iter().zip(self.result_types());
        typed
            .map(|(expr, ty)| {
                let value = self.evaluate(params, expr)?;
                values::to_wasm(&value, *ty).map_err(|error| self.fail(format!("returns: {error}")))
            })
            .collect()
    }

    fn perform_write(
        &mut self,
        params: &[String],
        address: &Expr,
        value: &Expr,
    ) -> Result<(), HostTrap> {
        let address = self.address(params, address, "the address")?;
        let value = self.evaluate(params, value)?;
        let bytes = encoding::bytes_to_write(&value).map_err(|error| self.fail(error))?;
        self.write(address, &bytes)
    }

    fn perform_copy(
        &mut self,
        params: &[String],
        to: &Expr,
        from: &Expr,
        length: &Expr,
    ) -> Result<(), HostTrap> {
        let to = self.address(params, to, "the destination")?;
        let from = self.address(params, from, "the source")?;
        let length = self.address(params, length, "the length")?;
        let memory = self.memory()?;
        let bytes = memory::read(&memory, &self.env, from, length)
            .map_err(|error| self.access_failed(error))?;
        self.write(to, &bytes)
    }

    /// Grows memory to at least the given number of bytes.
    fn perform_grow(&mut self, params: &[String], bytes: &Expr) -> Result<(), HostTrap> {
        let wanted = self.address(params, bytes, "the size")?;
        let memory = self.memory()?;
        let before = memory::pages(&memory, &self.env);
        let needed = wanted.div_ceil(PAGE).saturating_sub(before);
        if needed > 0 {
            memory::grow(&memory, &mut self.env, needed).map_err(|error| {
                self.fail(format!("cannot grow memory to {wanted} bytes: {error}"))
            })?;
        }
        let after = memory::pages(&memory, &self.env);
        let writer = self.writer();
        self.record(|recording| recording.push_growth(before, after, writer))
    }

    fn perform_read(
        &mut self,
        params: &[String],
        address: &Expr,
        what: &Reading,
    ) -> Result<(), HostTrap> {
        let address = self.address(params, address, "the address")?;
        let memory = self.memory()?;
        let plan = read_statement::plan(what, |expr, role| self.address(params, expr, role))?;
        let read = read_statement::perform(&plan, &memory, &self.env, address)
            .map_err(|error| self.read_failed(error))?;
        self.reads.push(read.value);
        Ok(())
    }

    fn read_failed(&self, error: ReadError) -> HostTrap {
        match error {
            ReadError::Access(error) => self.access_failed(error),
            ReadError::Utf8 { ref error, address } => {
                self.found(error, Some((FindingKind::InvalidUtf8, address)))
            }
            ReadError::Utf16(_) | ReadError::TooManyNumbers(_) | ReadError::Size(_) => {
                self.fail(error)
            }
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
        let state = self.env.data();
        let env = ActionEnv {
            params,
            args: &self.args,
            state,
            call: self.call(),
            pages: state
                .memory
                .as_ref()
                .map(|memory| memory::pages(memory, &self.env)),
        };
        eval::evaluate(expr, &env).map_err(|error| self.fail(error))
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
