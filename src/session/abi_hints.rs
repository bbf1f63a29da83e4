//! Hints for a person who is about to call the guest: its probable ABI, steps to start with, and the
//! lines that would define its undefined imports.

use wasmer::{ExternType as WasmerType, Module};

use crate::guest::abi::{Abi, Arg, Family, Role};
use crate::guest::{ExternType, Guest, PAGE, ValueType};
use crate::safe;
use crate::script::ast::ImportName;
use crate::script::{Script, is_plain_name};
use crate::timeline::{AbiHints, UndefinedImport};

use super::host_names::display;
use super::imports::{Meaning, definition_line};

/// Returns the hints for a session; `abi` and `module` are the guess and the compiled code of the guest.
pub(super) fn hints(guest: &Guest, abi: Abi, script: &Script, module: &Module) -> AbiHints {
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

/// The variables of a page that the examples add to memory.
const PAGES: &str = "pages_before";

impl Examples<'_> {
    fn steps(&self) -> Vec<String> {
        let has_memory = matches!(self.guest.default_memory(), Ok(Some(_)));
        let needs_host = self
            .abi
            .families
            .iter()
            .any(|found| found.family.needs_host());
        if needs_host {
            return Vec::new();
        }
        let work = self.abi.work.iter();
        let call = work.copied().find_map(|at| self.call_as("n", at));
        let takes_pointer = call.as_ref().is_some_and(|call| call.takes_pointer);
        let pointer = if has_memory {
            self.pointer(takes_pointer)
        } else {
            Vec::new()
        };
        let has_pointer = !pointer.is_empty();
        let mut steps = pointer;
        if has_pointer {
            steps.push(format!("write ptr, \"{TEXT}\""));
        }
        let call = call.filter(|call| has_pointer || !call.takes_pointer);
        steps.extend(call.map(|call| call.text));
        if steps.is_empty() && self.abi.is(Family::WasiCommand) {
            let starts = self.abi.with_role(Role::Start);
            steps.extend(starts.filter_map(|at| Some(self.call_as("n", at)?.text)));
        }
        if has_pointer {
            steps.push(format!("seen = read ptr, {} as bytes", TEXT.len()));
        } else if has_memory {
            steps.push("seen = read 0, 16 as bytes".into());
        }
        steps
    }

    /// Returns the steps that bind `ptr` to memory that nobody else uses; none if no step shows a
    /// place for bytes, unless a call `needs` one.
    fn pointer(&self, needs: bool) -> Vec<String> {
        let first = |role: Role| self.abi.with_role(role).next();
        let getter = || Some(self.call_as("ptr", first(Role::PointerGetter)?)?.text);
        // Text over data of the guest would destroy it.
        let global = || {
            let at = first(Role::Pointer)?;
            let is_data = self.abi.roles.get(at)?.why.contains("where data segment");
            (!is_data).then_some(())?;
            Some(format!("ptr = global {}", self.name(at)?))
        };
        let sized = || Some(self.call_as("ptr", first(Role::SizedPointer)?)?.text);
        let own = getter()
            .or_else(global)
            .or_else(|| self.allocation())
            .or_else(sized);
        if let Some(step) = own {
            return vec![step];
        }
        match needs || self.abi.is(Family::HostPlaced) {
            true => vec![
                format!("{PAGES} = grow 1"),
                format!("let ptr = {PAGES} * {PAGE}"),
            ],
            false => Vec::new(),
        }
    }

    /// Returns a call of the guest's allocator.
    fn allocation(&self) -> Option<String> {
        let found = self.abi.allocation?;
        let params = match &self.guest.exports().get(found.allocator)?.ty {
            ExternType::Func(ty) => ty.params.len(),
            _ => return None,
        };
        let args = found.arguments(params, &TEXT.len().to_string());
        Some(format!(
            "ptr = call {}({args})",
            self.name(found.allocator)?
        ))
    }

    /// Returns a call of export number `at` that binds `result`; `None` if the code does not show
    /// what an argument is.
    fn call_as(&self, result: &str, at: usize) -> Option<ExampleCall> {
        let export = self.guest.exports().get(at)?;
        let ExternType::Func(ty) = &export.ty else {
            return None;
        };
        let role = self.abi.roles.get(at)?;
        let mut args = Vec::new();
        for (ty, arg) in ty.params.iter().zip(&role.args) {
            args.push(argument(ty, *arg)?);
        }
        let count = |wanted: Arg| role.args.iter().filter(|arg| **arg == wanted).count();
        if count(Arg::Pointer) > 1 || args.len() != ty.params.len() {
            return None;
        }
        let call = format!("call {}({})", self.name(at)?, args.join(", "));
        let text = match ty.results.len() {
            1 => format!("{result} = {call}"),
            _ => call,
        };
        Some(ExampleCall {
            text,
            takes_pointer: count(Arg::Pointer) == 1,
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

/// A call in an example.
struct ExampleCall {
    text: String,
    /// Whether `ptr` is one of its arguments.
    takes_pointer: bool,
}

/// Returns a possible value for a parameter; `None` if nothing shows one. An address is never a
/// guess.
fn argument(ty: &ValueType, arg: Arg) -> Option<String> {
    Some(match (ty, arg) {
        (ValueType::F32 | ValueType::F64, _) => "1.5".into(),
        (ValueType::I32 | ValueType::I64, Arg::Pointer) => "ptr".into(),
        (ValueType::I32 | ValueType::I64, Arg::Length) => TEXT.len().to_string(),
        (ValueType::I32 | ValueType::I64, Arg::Alignment | Arg::Number) => "1".into(),
        _ => return None,
    })
}
