//! What the guest looks like to be for, in words for the person who is about to call it: the
//! guesses of `guest`, which steps to begin with, and which lines would define the imports that
//! nobody defines.

use wasmer::{ExternType as WasmerType, Module};

use crate::guest::abi::{Abi, Arg, Family, Role};
use crate::guest::{ExternType, Guest, ValueType};
use crate::safe;
use crate::script::ast::ImportName;
use crate::script::{Script, is_plain_name};
use crate::timeline::{AbiHints, UndefinedImport};

use super::imports::{Meaning, definition_line, display};

/// Guesses once for a session; `module` is the guest as it was compiled.
pub(super) fn looks(guest: &Guest, script: &Script, module: &Module) -> AbiHints {
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

/// The functions that trap when they are called.
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
            || !matches!(Meaning::known(&name, ty), Meaning::Undefined)
        {
            continue;
        }
        let shown = UndefinedImport {
            name: display(&name),
            line: definition_line(&name, ty),
        };
        if !found.contains(&shown) {
            found.push(shown);
        }
    }
    found
}

/// Steps that a person could begin with.
struct Examples<'a> {
    guest: &'a Guest,
    abi: &'a Abi,
}

/// What the examples write.
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

    /// The step that gives `ptr` a value.
    fn pointer(&self) -> Option<String> {
        let first = |role: Role| self.abi.with_role(role).next();
        let global = |at: usize| Some(format!("ptr = global {}", self.name(at)?));
        let asked = || first(Role::Allocator).or(first(Role::SizedPointer));
        first(Role::PointerGetter)
            .and_then(|at| self.called("ptr", at, false))
            .or_else(|| first(Role::Pointer).and_then(global))
            .or_else(|| asked().and_then(|at| self.called("ptr", at, false)))
            .or_else(|| {
                self.abi
                    .is(Family::HostPlaced)
                    .then(|| "let ptr = 1024".into())
            })
    }

    /// A call of an export by its place, its result named where it has one.
    fn call(&self, at: usize, has_pointer: bool) -> Option<String> {
        self.called("n", at, has_pointer)
    }

    fn called(&self, result: &str, at: usize, has_pointer: bool) -> Option<String> {
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

    /// As a statement has it.
    fn name(&self, at: usize) -> Option<String> {
        const LONGEST: usize = 200;
        let name = &self.guest.exports().get(at)?.name;
        match is_plain_name(name) {
            _ if name.len() > LONGEST => None,
            true => Some(name.clone()),
            false => Some(safe::quoted(name, LONGEST)),
        }
    }
}

/// A value that may stand for a parameter; none for types that a script has no values of.
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
