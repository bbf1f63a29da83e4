//! Finds an export of the guest, and converts the arguments of a call: for a step, and for an import
//! that calls the guest. Messages are safe to print.

use std::sync::Arc;

use wasmer::{
    AsStoreMut, Extern, Function, FunctionType, Instance, RuntimeError, Table, Type, Value as Wasm,
};

use crate::guest::Guest;
use crate::safe;
use crate::script::ast::{Call, Element, Name, SetElement, TableName, TablePlace};
use crate::script::eval::{self, EvalErrorKind};
use crate::text::{self, count, list};
use crate::value::Value;
use crate::wasm_types::ExternKind;

use super::values;

const NO_TABLE: &str = "the guest has no such table";

/// A guest that is instantiated.
#[derive(Clone)]
pub(super) struct LiveGuest {
    pub guest: Guest,
    pub instance: Instance,
    /// By index, all tables.
    pub tables: Arc<[Table]>,
    /// By index, the function that sets an element of the table, where only that can.
    pub table_setters: Arc<[Option<Function>]>,
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

    /// Returns the function of a call, and what a message calls it. `place` is the place in the
    /// table, in a call of a function in a table.
    ///
    /// # Errors
    /// There is no such function.
    pub fn callee(
        &self,
        store: &mut impl AsStoreMut,
        call: &Call,
        place: Option<u32>,
    ) -> Result<(Function, String), String> {
        let (Some(TablePlace { module, .. }), Some(place)) = (&call.place, place) else {
            let name = safe::plain(&call.export.text);
            return Ok((self.function(&call.export.text)?, name));
        };
        let index = self.table(module.as_ref(), &call.export)?;
        let table = self.tables.get(index).ok_or(NO_TABLE)?;
        let shown = safe::plain(&call.export.text);
        let name = format!("{shown}[{place}]");
        let size = table.size(store);
        match table.get(store, place) {
            Some(Wasm::FuncRef(Some(function))) if place < size => Ok((function, name)),
            Some(Wasm::FuncRef(None)) if place < size => Err(format!(
                "{name} is empty: no function is at this place of the table"
            )),
            Some(_) if place < size => Err(format!(
                "{name} is not a function: table {shown} holds other references"
            )),
            _ => Err(match size.checked_sub(1) {
                None => format!("{name} is outside the table, which has no places"),
                Some(last) => format!(
                    "{name} is outside the table, which has {}, 0 to {last}",
                    count(size as usize, "place")
                ),
            }),
        }
    }

    /// Returns the index of a table by its name; `table` is also the only one.
    ///
    /// # Errors
    /// There is no such table.
    pub fn table(&self, module: Option<&Name>, name: &Name) -> Result<usize, String> {
        let module = module.map(|module| module.text.as_str());
        let is_only = || module.is_none() && name.text == "table" && self.guest.table_count() == 1;
        let index = self
            .guest
            .table_named(module, &name.text)
            .or_else(|| is_only().then_some(0));
        index
            .map(|index| index as usize)
            .filter(|index| *index < self.tables.len())
            .ok_or_else(|| self.no_table(module, &name.text))
    }

    /// Returns the index of the only table.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn only_table(&self) -> Result<usize, String> {
        match &*self.tables {
            [_] => Ok(0),
            [] => Err("the guest has no table, so it cannot call a callback".to_owned()),
            tables => Err(format!(
                "the guest has {} tables; name one of them: `callback in TABLE(…)`",
                tables.len()
            )),
        }
    }

    /// Sets an element of the table with the index `table`.
    ///
    /// # Errors
    /// There is no such place, or the element has another type.
    pub fn set_element(
        &self,
        store: &mut impl AsStoreMut,
        table: usize,
        place: u32,
        element: Wasm,
    ) -> Result<(), String> {
        let plain = |error: RuntimeError| safe::plain(&error.to_string());
        if let Some(Some(setter)) = self.table_setters.get(table) {
            let args = [Wasm::I32(place as i32), element];
            return setter.call(store, &args).map(|_| ()).map_err(plain);
        }
        let table = self.tables.get(table).ok_or(NO_TABLE)?;
        table.set(store, place, element).map_err(plain)
    }

    /// Sets an element as a script states. `value` is its value; `None` for a function that the guest
    /// exports.
    ///
    /// # Errors
    /// There is no such table, place or function, or the table has elements of another type.
    pub fn assign_element(
        &self,
        store: &mut impl AsStoreMut,
        set: &SetElement,
        place: u32,
        value: Option<&Value>,
    ) -> Result<(), String> {
        let index = self.table(set.place.module.as_ref(), &set.table)?;
        let table = self.tables.get(index).ok_or(NO_TABLE)?;
        let shown = safe::plain(&set.table.text);
        if place >= table.size(store) {
            return Err(format!(
                "{shown}[{place}] is outside the table, which has {}",
                count(table.size(store) as usize, "place")
            ));
        }
        let element = match (&set.element, value) {
            (Element::Export(name), _) => Wasm::FuncRef(Some(self.function(&name.text)?)),
            (Element::Value(_), Some(value)) => values::pass(store, value, table.ty(store).ty)
                .map_err(|why| format!("{shown}[{place}]: {why}"))?,
            (Element::Value(_), None) => return Err(format!("{shown}[{place}] has no value")),
        };
        self.set_element(store, index, place, element)
    }

    /// Grows a table by elements that are null.
    ///
    /// # Errors
    /// There is no such table, or it cannot grow so far.
    pub fn grow_table(
        &self,
        store: &mut impl AsStoreMut,
        table: &TableName,
        by: &Value,
    ) -> Result<(), String> {
        let index = self.table(table.module.as_ref(), &table.name)?;
        let shown = safe::plain(&table.name.text);
        let by = match by {
            Value::Int(by) => u32::try_from(*by).ok(),
            _ => None,
        };
        let by =
            by.ok_or_else(|| format!("a table grows by a number of elements; {shown} cannot"))?;
        let table = self.tables.get(index).ok_or(NO_TABLE)?;
        let null = values::zero(table.ty(store).ty);
        match table.grow(store, by, null) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!(
                "table {shown} cannot grow by {}: {}",
                count(by as usize, "element"),
                safe::plain(&error.to_string())
            )),
        }
    }

    fn no_table(&self, module: Option<&str>, name: &str) -> String {
        let exported = self.guest.exports().iter();
        let exported = exported
            .filter(|export| export.ty.kind() == ExternKind::Table)
            .map(|export| export.name.as_str());
        let imported = self.guest.imports().iter();
        let imported = imported
            .filter(|import| import.ty.kind() == ExternKind::Table)
            .map(|import| import.name.as_str());
        let names: Vec<String> = exported
            .chain(imported)
            .map(|name| safe::cut(name, 60))
            .collect();
        let shown = match module {
            Some(module) => format!("{}.{}", safe::cut(module, 60), safe::cut(name, 60)),
            None => safe::cut(name, 60),
        };
        match (self.guest.table_count(), names.is_empty()) {
            (0, _) => format!("there is no table {shown}: the guest has none"),
            (1, true) => format!(
                "the guest exports and imports no table {shown}; write `table` for its only one"
            ),
            (tables, true) => format!(
                "the guest exports and imports no table {shown}; its {tables} tables have no names"
            ),
            (1, false) => format!(
                "the guest has no table {shown}; its only one is {}, or `table`",
                list::first(names, 8)
            ),
            (_, false) => format!(
                "the guest has no table {shown}; its tables are {}",
                list::first(names, 8)
            ),
        }
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

/// Checks the numbers of arguments and of named results of a call of `name`, which is safe to print.
/// No named result is always right.
///
/// # Errors
/// One of them is not that of the type. The message has both.
pub(super) fn check_counts(
    name: &str,
    ty: &FunctionType,
    args: usize,
    names: usize,
) -> Result<(), String> {
    let (params, results) = (ty.params().len(), ty.results().len());
    let are_names_right = names == 0 || names == results;
    let named = format!("gives {}, {names} named", count(results, "result"));
    let shown = values::func_type(ty);
    match (params == args, are_names_right) {
        (true, true) => Ok(()),
        (true, false) => Err(format!(
            "{name} {named}; its type is {shown}; name all of them or none"
        )),
        (false, _) => Err(format!(
            "{name} takes {}, {args} given{}; its type is {shown}{}",
            count(params, "argument"),
            if are_names_right {
                String::new()
            } else {
                format!(", and {named}")
            },
            hidden_result(ty, args)
        )),
    }
}

/// Returns the usual reason for one missing argument: the hidden parameter through which C returns a
/// struct. It fits only a function without results whose first parameter can be an address.
fn hidden_result(ty: &FunctionType, given: usize) -> &'static str {
    let is_address = ty.params().first() == Some(&Type::I32);
    match is_address && ty.results().is_empty() && ty.params().len() == given.saturating_add(1) {
        true => {
            "; a function of C that returns a struct has one more parameter, the first: pass the \
             address of enough bytes there, and read the result from them after the call"
        }
        false => "",
    }
}

/// Converts an argument of a call: `of` is the function's name, which is safe to print, and the index
/// of the argument.
///
/// # Errors
/// The type cannot hold the value.
pub(super) fn argument(
    store: &mut impl AsStoreMut,
    of: (&str, usize),
    ty: Type,
    value: &Value,
) -> Result<Wasm, String> {
    let (name, index) = of;
    values::pass(store, value, ty).map_err(|why| {
        format!(
            "argument {} of {name}, of type {}: {why}",
            index.saturating_add(1),
            values::value_type(ty)
        )
    })
}

/// Returns the value of a place in a table as an index.
///
/// # Errors
/// The value is not an integer, or no index of 32 bits.
pub(super) fn place_of(value: &Value, place: &TablePlace) -> Result<u32, EvalErrorKind> {
    let role = eval::subject(&place.index, "the place in the table");
    let address = eval::address(value, &role, false)?;
    Ok(u32::try_from(address).unwrap_or(u32::MAX))
}
