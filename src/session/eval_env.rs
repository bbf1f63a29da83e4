//! What an expression can see before the guest runs, and at a step.

use crate::guest::Guest;
use crate::script::Script;
use crate::script::ast::{CallPart, HostFunctionName, ImportName};
use crate::script::eval::{EnvError, EvalEnv, OutputStream};
use crate::value::Value;

use super::files::Files;
use super::host_names::display;
use super::imports::HostState;
use super::scope::Scope;

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
    pub script: &'a Script,
    pub guest: &'a Guest,
    /// The size of memory, or why there is none.
    pub pages: Result<u64, String>,
}

impl StepEnv<'_> {
    /// Refuses a name that neither the guest nor the script has: its count would always be 0.
    fn check_function(&self, function: &HostFunctionName) -> Result<(), EnvError> {
        let import = match function {
            HostFunctionName::Import(import) => import,
            HostFunctionName::Callback(_) => return self.host.history.check_callback(function),
        };
        let is_imported = self
            .guest
            .imports()
            .iter()
            .any(|i| i.module == import.module && i.name == import.name);
        if is_imported || self.script.imports().any(|i| i.name == *import) {
            return Ok(());
        }
        let imported = self.guest.imports().iter().map(|i| {
            display(&ImportName {
                module: i.module.clone(),
                name: i.name.clone(),
            })
        });
        Err(EnvError::UnknownImport {
            import: display(import),
            imported: imported.collect(),
        })
    }
}

impl EvalEnv for StepEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.scope.value(name)
    }

    fn pages(&self) -> Result<u64, EnvError> {
        self.pages.clone().map_err(EnvError::NoMemory)
    }

    fn calls(&self, function: &HostFunctionName) -> Result<u64, EnvError> {
        self.check_function(function)?;
        Ok(self.host.history.calls(function))
    }

    fn call_part(
        &self,
        function: &HostFunctionName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        self.check_function(function)?;
        self.host.history.part(function, part, index)
    }

    fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        self.host.wasi.output.printed(stream)
    }

    fn new_object(&self) -> Result<u64, EnvError> {
        Ok(self.host.new_object())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(self.files.read(path)?)
    }
}
