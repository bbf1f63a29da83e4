//! Puts a host function of the script into a table of the guest, which calls it with
//! `call_indirect`.

use wasmer::{AsStoreMut, Function, FunctionType, Instance, Module, Table, Type, Value as Wasm};

use crate::guest::{TRAMPOLINE_EXPORT, trampoline};
use crate::script::ast::{Callback, HostFunctionName};
use crate::timeline::StepRecord;
use crate::value::Value;
use crate::wasm_types::ValueType;

use super::call::StepError;
use super::imports::{Described, HostFunction, Meaning};
use super::{Session, values};

impl Session {
    /// Puts a callback into its table, and binds its place there.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such table, or no place for it.
    pub(super) fn perform_callback(
        &mut self,
        callback: &Callback,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live_guest()?.clone();
        let index = match &callback.table {
            Some(table) => live.table(table.module.as_ref(), &table.name),
            None => live.only_table(),
        };
        let index = index?;
        let table = live.tables.get(index);
        let place = match table {
            Some(table) => free_place(table, &mut self.store)?,
            None => return Err(StepError::failed("the guest has no such table")),
        };
        let params = callback.params.iter().map(|(_, ty)| ty);
        let ty = FunctionType::new(engine_types(params)?, engine_types(&callback.results)?);
        let meaning = Meaning::Described(Described {
            params: callback
                .params
                .iter()
                .map(|(n, _)| n.text.clone())
                .collect(),
            actions: callback.actions.clone(),
        });
        let name = HostFunctionName::Callback(callback.name.text.clone());
        let state = self.env.as_mut(&mut self.store);
        state.history.define(&name);
        let function = HostFunction::new(name, ty.clone(), meaning);
        let function = self.function_of_host(&ty, function);
        let function = self.in_trampoline(function)?;
        let element = Wasm::FuncRef(Some(function));
        live.set_element(&mut self.store, index, place, element)?;
        self.bind(record, &callback.name, Value::Int(i128::from(place)))
    }

    /// Returns a function of a module that calls a function of the host.
    fn in_trampoline(&mut self, function: Function) -> Result<Function, StepError> {
        let failed = |why: String| {
            StepError::failed(format!(
                "the engine cannot make a function of this type: {}",
                crate::safe::cut(&why, 200)
            ))
        };
        let ty = values::func_type(&function.ty(&self.store));
        let wasm = trampoline(&ty).ok_or_else(|| failed(ty.to_string()))?;
        let module =
            Module::from_binary(&self.store, &wasm).map_err(|why| failed(why.to_string()))?;
        let instance = Instance::new_by_index(&mut self.store, &module, &[function.into()])
            .map_err(|why| failed(why.to_string()))?;
        let exported = instance.exports.get_function(TRAMPOLINE_EXPORT);
        exported.cloned().map_err(|why| failed(why.to_string()))
    }
}

fn engine_types<'a>(
    types: impl IntoIterator<Item = &'a ValueType>,
) -> Result<Vec<Type>, StepError> {
    let engine_type = |ty| {
        values::engine_type(ty)
            .ok_or_else(|| StepError::failed(format!("a callback cannot have the type {ty}")))
    };
    types.into_iter().map(engine_type).collect()
}

/// Returns an empty place: the first of those at the end, or else a new one, or else the first
/// between others. Place 0, which a guest in C takes for no function, is used last.
fn free_place(table: &Table, store: &mut impl AsStoreMut) -> Result<u32, StepError> {
    if table.ty(store).ty != Type::FuncRef {
        return Err(StepError::failed(
            "this table holds references to host objects; a callback needs a table of functions",
        ));
    }
    let size = table.size(store);
    let mut end = size;
    while end > 1 && is_empty(table, store, end - 1) {
        end -= 1;
    }
    if end < size {
        return Ok(end);
    }
    if let Ok(place) = table.grow(store, 1, Wasm::FuncRef(None)) {
        return Ok(place);
    }
    (1..size)
        .chain(0..size.min(1))
        .find(|place| is_empty(table, store, *place))
        .ok_or_else(|| {
            StepError::failed(format!(
                "the table has no place left for a callback: its {} are all taken, and it cannot \
                 grow",
                crate::text::count(size as usize, "place")
            ))
        })
}

fn is_empty(table: &Table, store: &mut impl AsStoreMut, place: u32) -> bool {
    matches!(table.get(store, place), Some(Wasm::FuncRef(None)))
}
