//! What calls show about parameters.

use super::Known;
use super::scan::Scan;
use super::summary::{self, FixedStore, Stored, Summary};
use super::value::{Params, Value};

impl Scan<'_, '_> {
    pub fn call(&mut self, function: u32) {
        let functions = &self.code.guest.0.description.functions;
        let Some(ty) = functions.get(function as usize) else {
            return;
        };
        let mut args: Vec<Value> = ty.params.iter().map(|_| self.pop()).collect();
        args.reverse();
        let known = self.code.known.borrow().get(&function).copied();
        let callee = match known {
            Some(known) => {
                self.call_known(known, &args);
                None
            }
            None => Some(self.code.summary_below(function, self.depth + 1)),
        };
        if let Some(callee) = &callee {
            self.add_callee(callee, &args);
        }
        let results = ty.results.len();
        for _ in 0..results {
            let unknown = self.fresh();
            let result = callee.as_ref().and_then(|callee| callee.result);
            let value = result.filter(|_| results == 1).and_then(|result| {
                match (result.as_constant(), result.as_parameter()) {
                    (Some(_), _) => Some(result),
                    (None, Some(index)) => {
                        let distance = Value::constant(result.distance?);
                        Some(args.get(index)?.plus(distance))
                    }
                    _ => None,
                }
            });
            self.push(value.unwrap_or(unknown));
        }
    }

    pub fn call_known(&mut self, known: Known, args: &[Value]) {
        args.iter().for_each(|arg| self.uses(*arg));
        match (known, args) {
            (Known::Releases, [pointer, rest @ ..]) => {
                let Some(pointer) = pointer.is_exactly() else {
                    return;
                };
                if let Some(parameter) = self.parameter(pointer) {
                    parameter.frees = true;
                }
                for index in rest.iter().filter_map(|arg| arg.is_exactly()) {
                    if let Some(parameter) = self.parameter(index) {
                        parameter.measures.insert(pointer);
                    }
                }
            }
            (Known::Allocates(at), args) => {
                let inputs = args.get(at).map_or(Params::default(), |arg| arg.inputs);
                for index in inputs.iter() {
                    if let Some(parameter) = self.parameter(index) {
                        parameter.sizes = true;
                    }
                }
            }
            (Known::Copies, [to, from, length, ..]) => {
                self.span(*to, *length, true);
                self.span(*from, *length, false);
            }
            _ => {}
        }
    }

    /// Adds what a called function does with the parameters in its arguments.
    pub fn add_callee(&mut self, callee: &Summary, args: &[Value]) {
        self.out.is_complete &= callee.is_complete;
        for (arg, used) in args.iter().zip(&callee.parameters) {
            self.uses(*arg);
            let pointers = used.measures.iter();
            let pointers = pointers.filter_map(|pointer| args.get(pointer)?.as_parameter());
            let pointers: Vec<usize> = pointers.collect();
            for index in arg.inputs.iter() {
                let Some(parameter) = self.parameter(index) else {
                    continue;
                };
                let others = pointers.iter().filter(|pointer| **pointer != index);
                others.for_each(|pointer| parameter.measures.insert(*pointer));
                parameter.sizes |= used.sizes;
                parameter.bounds |= used.bounds;
            }
            let Some(index) = arg.as_parameter() else {
                self.add_stored_arguments(*arg, &used.fixed_stores, args);
                let shared = arg.addends.iter().count() > 1 && arg.symbol == 0;
                if shared {
                    self.ends.push(arg.addends);
                }
                for (is_store, accesses) in [(false, used.loads), (true, used.stores)] {
                    if shared && accesses.any() {
                        let width = if accesses.bytes { 1 } else { 4 };
                        self.shared_accesses.push((arg.addends, is_store, width));
                    }
                }
                if let Some(distance) = arg.as_constant() {
                    for store in &used.fixed_stores {
                        let offset = store.offset.saturating_add(distance);
                        summary::insert(&mut self.out.statics, FixedStore { offset, ..*store });
                    }
                }
                continue;
            };
            let mut used = used.clone();
            for store in &mut used.fixed_stores {
                if let Stored::Parameter(at) = store.value {
                    let own = args.get(at).and_then(|arg| arg.is_exactly());
                    store.value = own.map_or(Stored::Other, Stored::Parameter);
                }
            }
            let own = |all: Params| {
                let mut set = Params::default();
                all.iter()
                    .filter_map(|at| args.get(at)?.is_exactly())
                    .for_each(|at| set.insert(at));
                set
            };
            let (beside, around) = (own(used.beside), own(used.around));
            if let Some(parameter) = self.parameter(index) {
                parameter.add_callee(&used, arg.distance);
                parameter.beside = parameter.beside.union(beside);
                parameter.around = parameter.around.union(around);
            }
        }
        for store in &callee.statics {
            summary::insert(&mut self.out.statics, *store);
        }
    }

    /// Adds that a called function stores arguments at fixed places from `base`, which is no
    /// parameter: they escape, and some are stored beside each other.
    fn add_stored_arguments(&mut self, base: Value, stores: &[FixedStore], args: &[Value]) {
        for store in stores {
            let Stored::Parameter(at) = store.value else {
                continue;
            };
            let Some(value) = args.get(at).copied() else {
                continue;
            };
            self.escape(value);
            if let (Some(distance), Some(index)) = (base.distance, value.is_exactly()) {
                self.stores_beside(base.symbol, distance.saturating_add(store.offset), index);
            }
        }
    }
}
