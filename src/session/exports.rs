//! Finds an export of the guest, and converts the arguments of a call: for a step, and for an import
//! that calls the guest. Messages are safe to print.

use wasmer::{Extern, Function, FunctionType, Instance, Type, Value as Wasm};

use crate::guest::Guest;
use crate::safe;
use crate::text::{self, count, list};
use crate::value::Value;
use crate::wasm_types::ExternKind;

use super::values;

/// A guest that is instantiated.
#[derive(Clone)]
pub(super) struct LiveGuest {
    pub guest: Guest,
    pub instance: Instance,
}

impl LiveGuest {
    /// Returns an export of the original module; exports that instrumentation added do not count.
    ///
    /// # Errors
    /// There is none. The message names the exports of the kind `wanted`.
    pub fn export(&self, name: &str, wanted: ExternKind) -> Result<Extern, String> {
        let is_own = self.guest.export(name).is_some();
        let found = self.instance.exports.get_extern(name).filter(|_| is_own);
        found.cloned().ok_or_else(|| {
            let hint = export_hint(&self.guest, name, wanted);
            format!(
                "the guest has no export named {}; {hint}",
                safe::quoted(name, 100)
            )
        })
    }

    /// Returns an exported function.
    ///
    /// # Errors
    /// There is no such export, or it is not a function.
    pub fn function(&self, name: &str) -> Result<Function, String> {
        match self.export(name, ExternKind::Func)? {
            Extern::Function(function) => Ok(function),
            other => Err(format!(
                "{} is not a function but a {}",
                safe::plain(name),
                extern_kind(&other)
            )),
        }
    }
}

/// Returns the most similar export, or else the exports of the kind `wanted`.
fn export_hint(guest: &Guest, name: &str, wanted: ExternKind) -> String {
    let of_kind = || {
        let exports = guest.exports().iter();
        exports
            .filter(|export| export.ty.kind() == wanted)
            .map(|export| export.name.as_str())
    };
    let kind = wanted.noun();
    match text::nearest(name, of_kind()) {
        Some(near) => format!("did you mean {}?", safe::cut(near, 100)),
        None if of_kind().next().is_none() => format!("it exports no {kind}"),
        None => {
            let names = of_kind().map(|name| safe::cut(name, 60));
            format!("its {kind}s are {}", list::first(names, 8))
        }
    }
}

/// Returns what an export is, for a message.
pub(super) fn extern_kind(found: &Extern) -> &'static str {
    match found {
        Extern::Function(_) => "function",
        Extern::Global(_) => "global",
        Extern::Table(_) => "table",
        Extern::Memory(_) => "memory",
        Extern::Tag(_) => "tag",
    }
}

/// Checks the number of arguments of a call of `name`, which is safe to print.
///
/// # Errors
/// It is not that of the type.
pub(super) fn check_argument_count(
    name: &str,
    ty: &FunctionType,
    given: usize,
) -> Result<(), String> {
    let wanted = ty.params().len();
    if wanted == given {
        return Ok(());
    }
    Err(format!(
        "{name} takes {}, {given} given; its type is {}",
        count(wanted, "argument"),
        values::func_type(ty)
    ))
}

/// Checks the number of names that a call gives to its results; none is always right.
///
/// # Errors
/// It is not that of the type.
pub(super) fn check_result_names(
    name: &str,
    ty: &FunctionType,
    names: usize,
) -> Result<(), String> {
    let results = ty.results().len();
    if names == 0 || names == results {
        return Ok(());
    }
    Err(format!(
        "{name} gives {}, {names} named; its type is {}; name all of them or none",
        count(results, "result"),
        values::func_type(ty)
    ))
}

/// Converts the argument with the index `index` of a call of `name`, which is safe to print.
///
/// # Errors
/// The type cannot hold the value.
pub(super) fn argument(name: &str, index: usize, ty: Type, value: &Value) -> Result<Wasm, String> {
    values::to_wasm(value, ty).map_err(|why| {
        format!(
            "argument {} of {name}, of type {}: {why}",
            index.saturating_add(1),
            values::value_type(ty)
        )
    })
}
