//! Hints for a person who is about to call the guest: its probable ABI, steps to start with, and the
//! lines that would define its undefined imports.

use wasmer::{ExternType as WasmerType, Module};

use crate::guest::abi::{Abi, Arg, Family, Role};
use crate::guest::{ExternType, Guest, ValueType};
use crate::safe;
use crate::script::ast::ImportName;
use crate::script::{Script, is_plain_name};
use crate::timeline::{AbiHints, UndefinedImport};

use super::host_names::display;
use super::imports::{Meaning, definition_line};

/// Returns the hints for a session; `module` is the compiled guest.
pub(super) fn hints(guest: &Guest, script: &Script, module: &Module) -> AbiHints {
    let abi = guest.abi();
    let families = abi.families.iter().map(|found| {
        let reasons = found
            .reasons
            .first()
            .map(|why| format!(", because {why}"))
            .unwrap_or_default();
        format!("{} {}{reasons}", found.confidence, found.family)
    });
    AbiHints {
        families: families.collect(),
        exports: abi
            .roles
            .iter()
            .map(|export| export.role.to_string())
            .collect(),
        examples: Examples { guest, abi: &abi }.steps(),
        undefined: undefined(guest, script, module),
    }
}

/// Returns the functions that trap when they are called.
fn undefined(guest: &Guest, script: &Script, module: &Module) -> Vec<UndefinedImport> {
    let is_own = |name: &ImportName| {
        guest
            .imports()
            .iter()
            .any(|i| i.module == name.module && i.name == name.name)
    };
    let mut found: Vec<UndefinedImport> = Vec::new();
    for import in module.imports() {
        let name = ImportName {
            module: import.module().to_string(),
            name: import.name().to_string(),
        };
        let WasmerType::Function(ty) = import.ty() else {
            continue;
        };
        let is_described = script.imports().any(|line| line.name == name);
        if is_described
            || !is_own(&name)
            || !matches!(Meaning::built_in(&name, ty), Meaning::Undefined)
        {
            continue;
        }
        let import = UndefinedImport {
            name: display(&name),
            line: definition_line(&name, ty),
        };
        if !found.contains(&import) {
            found.push(import);
        }
    }
    found
}

/// Builds the steps that a person could start with.
struct Examples<'a> {
    guest: &'a Guest,
    abi: &'a Abi,
}

/// The text that the examples write.
const TEXT: &str = "Hello";

impl Examples<'_> {
    fn steps(&self) -> Vec<String> {
        let has_memory = matches!(self.guest.default_memory(), Ok(Some(_)));
        let pointer = self.pointer().filter(|_| has_memory);
        let mut steps = Vec::new();
        if let Some(fetch) = &pointer {
            steps.push(fetch.clone());
            steps.push(format!("write ptr, \"{TEXT}\""));
        }
        steps.extend(
            self.abi
                .work
                .iter()
                .find_map(|at| self.call(*at, pointer.is_some())),
        );
        if steps.is_empty() && self.abi.is(Family::WasiCommand) {
            steps.extend(
                self.abi
                    .with_role(Role::Start)
                    .find_map(|at| self.call(at, false)),
            );
        }
        if pointer.is_some() {
            steps.push(format!("seen = read ptr, {} as bytes", TEXT.len()));
        } else if has_memory {
            steps.push("seen = read 0, 16 as bytes".into());
        }
        steps
    }

    /// Returns a step that binds `ptr`.
    fn pointer(&self) -> Option<String> {
        let first = |role: Role| self.abi.with_role(role).next();
        let global = |at: usize| Some(format!("ptr = global {}", self.name(at)?));
        let allocator = || first(Role::Allocator).or(first(Role::SizedPointer));
        first(Role::PointerGetter)
            .and_then(|at| self.call_as("ptr", at, false))
            .or_else(|| first(Role::Pointer).and_then(global))
            .or_else(|| allocator().and_then(|at| self.call_as("ptr", at, false)))
            .or_else(|| {
                self.abi
                    .is(Family::HostPlaced)
                    .then(|| "let ptr = 1024".into())
            })
    }

    /// Returns a call of export number `at`, which binds its result if it has one.
    fn call(&self, at: usize, has_pointer: bool) -> Option<String> {
        self.call_as("n", at, has_pointer)
    }

    fn call_as(&self, result: &str, at: usize, has_pointer: bool) -> Option<String> {
        let export = self.guest.exports().get(at)?;
        let ExternType::Func(ty) = &export.ty else {
            return None;
        };
        let roles = self
            .abi
            .roles
            .get(at)
            .map(|role| role.args.as_slice())
            .unwrap_or_default();
        let mut args = Vec::new();
        for (index, ty) in ty.params.iter().enumerate() {
            let role = roles.get(index).copied().unwrap_or(Arg::Unknown);
            args.push(argument(ty, role, has_pointer)?);
        }
        let call = format!("call {}({})", self.name(at)?, args.join(", "));
        Some(if ty.results.len() == 1 {
            format!("{result} = {call}")
        } else {
            call
        })
    }

    /// Returns the name of an export as a statement writes it; `None` if it is too long.
    fn name(&self, at: usize) -> Option<String> {
        const MAX_LENGTH: usize = 200;
        let name = &self.guest.exports().get(at)?.name;
        match is_plain_name(name) {
            _ if name.len() > MAX_LENGTH => None,
            true => Some(name.clone()),
            false => Some(safe::quoted(name, MAX_LENGTH)),
        }
    }
}

/// Returns a possible value for a parameter; `None` for a type without values in a script.
fn argument(ty: &ValueType, role: Arg, has_pointer: bool) -> Option<String> {
    Some(match (ty, role) {
        (ValueType::F32 | ValueType::F64, _) => "1.5".into(),
        (ValueType::FuncRef | ValueType::ExternRef, _) => "null".into(),
        (ValueType::V128 | ValueType::Other(_), _) => return None,
        (_, Arg::Pointer | Arg::ReturnArea) if has_pointer => "ptr".into(),
        (_, Arg::Pointer | Arg::ReturnArea) => "1024".into(),
        (_, Arg::Length) => TEXT.len().to_string(),
        (_, Arg::Alignment | Arg::Unknown) => "1".into(),
    })
}
