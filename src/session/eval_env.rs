//! What an expression can see before the guest runs, and at a step.

use crate::script::ast::{CallPart, HostFunctionName};
use crate::script::eval::{EnvError, EvalEnv, OutputStream};
use crate::value::Value;

use super::files::Files;
use super::imports::HostState;
use super::scope::Scope;
use super::wasi::Wasi;

/// The environment while no guest runs: inputs and files.
pub(super) struct SetupEnv<'a> {
    pub scope: &'a Scope,
    pub files: &'a Files,
}

impl EvalEnv for SetupEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.scope.value(name)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(self.files.read(path)?)
    }
}

/// The environment at a step.
pub(super) struct StepEnv<'a> {
    pub scope: &'a Scope,
    pub files: &'a Files,
    pub host: &'a HostState,
    /// The size of memory, or why there is none.
    pub pages: Result<u64, String>,
}

impl EvalEnv for StepEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.scope.value(name)
    }

    fn pages(&self) -> Result<u64, EnvError> {
        self.pages.clone().map_err(EnvError::NoMemory)
    }

    fn calls(&self, function: &HostFunctionName) -> Result<u64, EnvError> {
        self.host.history.calls(function)
    }

    fn call_part(
        &self,
        function: &HostFunctionName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        self.host.history.part(function, part, index)
    }

    fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        self.host.wasi.output.printed(stream)
    }

    fn provided(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        provided(&self.host.wasi, path)
    }

    fn new_object(&self) -> Result<u64, EnvError> {
        Ok(self.host.new_object())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(self.files.read(path)?)
    }
}

/// Returns the bytes of a file of the guest.
pub(super) fn provided(wasi: &Wasi, path: &str) -> Result<Vec<u8>, EnvError> {
    wasi.provided(path).map_err(|files| EnvError::NoSuchFile {
        path: path.to_owned(),
        files,
    })
}
