//! What an expression can see: before the guest runs, and at a step.

use crate::guest::Guest;
use crate::script::ast::ImportName;
use crate::script::{Script, eval};
use crate::value::Value;

use super::files::Files;
use super::imports::{HostState, display};
use super::scope::Scope;

/// What an expression can see while no guest exists: inputs and files.
pub(super) struct BareEnv<'a> {
    pub scope: &'a Scope,
    pub files: &'a Files,
}

impl eval::EvalEnv for BareEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.scope.value(name)
    }

    fn pages(&self) -> Result<u64, String> {
        Err("pages() is known only once the guest runs".into())
    }

    fn calls(&self, _: &ImportName) -> Result<u64, String> {
        Ok(0)
    }

    fn call_args(&self, _: &ImportName, _: u64) -> Result<Vec<Value>, String> {
        Err("no import has been called yet".into())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.read(path)
    }
}

/// What an expression can see at a step.
pub(super) struct StepEnv<'a> {
    pub scope: &'a Scope,
    pub files: &'a Files,
    pub host: &'a HostState,
    pub script: &'a Script,
    pub guest: &'a Guest,
    pub pages: Result<u64, String>,
}

impl StepEnv<'_> {
    /// Refuses a name that neither the guest nor the script knows: it would always count 0 calls.
    fn check_import(&self, import: &ImportName) -> Result<(), String> {
        let is_imported = self
            .guest
            .imports()
            .iter()
            .any(|i| i.module == import.module && i.name == import.name);
        if is_imported || self.script.imports().any(|i| i.name == *import) {
            return Ok(());
        }
        let names: Vec<String> = self
            .guest
            .imports()
            .iter()
            .map(|i| {
                display(&ImportName {
                    module: i.module.clone(),
                    name: i.name.clone(),
                })
            })
            .collect();
        let choices = match names.as_slice() {
            [] => "it imports nothing".to_owned(),
            some => format!(
                "it imports {}",
                some.iter()
                    .take(8)
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        Err(format!(
            "the guest has no import {}; {choices}",
            display(import)
        ))
    }
}

impl eval::EvalEnv for StepEnv<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.scope.value(name)
    }

    fn pages(&self) -> Result<u64, String> {
        self.pages.clone()
    }

    fn calls(&self, import: &ImportName) -> Result<u64, String> {
        self.check_import(import)?;
        Ok(self.host.calls_of(import))
    }

    fn call_args(&self, import: &ImportName, index: u64) -> Result<Vec<Value>, String> {
        self.check_import(import)?;
        self.host.args_of(import, index)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.read(path)
    }
}
