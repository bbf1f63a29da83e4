//! What loads, stores and spans show about parameters.

use wasmparser::MemArg;

use super::scan::{MAX_RECENT, MAX_SYMBOL_STORES, Scan};
use super::summary::{self, FixedStore, Stored};
use super::value::{Params, STATIC_DATA, Value};

impl Scan<'_, '_> {
    /// Adds an access to memory.
    pub fn access(&mut self, address: Value, offset: u64, is_store: bool, width: u8) {
        self.uses(address);
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        if let Some(index) = address.as_parameter() {
            let distance = address.distance.map(|own| own.saturating_add(offset));
            // A large constant is the address of a table, and what varies an index into it. The
            // parameter itself can be an object, with a field so far from its start.
            if let Some(parameter) = self.parameter(index) {
                match (offset < STATIC_DATA, distance) {
                    (true, _) => parameter.access(is_store, width, distance),
                    (false, Some(_)) => parameter.escapes = true,
                    (false, None) => {}
                }
            }
            for other in address.inputs.without(address.addends).iter() {
                if let Some(parameter) = self.parameter(other) {
                    parameter.measures.insert(index);
                }
            }
        } else if address.symbol == 0 && !address.addends.is_empty() {
            self.shared_accesses
                .push((address.addends, is_store, width));
        }
    }

    pub fn load(&mut self, memarg: &MemArg, width: u8) {
        let address = self.pop();
        self.access(address, memarg.offset, false, width);
        let loaded = self.fresh();
        self.push(loaded);
    }

    pub fn store(&mut self, memarg: &MemArg, width: u8) {
        let (value, address) = (self.pop(), self.pop());
        self.access(address, memarg.offset, true, width);
        self.uses(value);
        let offset = i64::try_from(memarg.offset).unwrap_or(i64::MAX);
        let stored = match (value.is_exactly(), value.as_constant()) {
            (Some(index), _) => Stored::Parameter(index),
            (_, Some(constant)) => Stored::Constant(constant),
            _ if value.is_truth => Stored::Truth,
            _ => Stored::Other,
        };
        if let Some(distance) = address.distance {
            let store = FixedStore {
                offset: distance.saturating_add(offset),
                width,
                value: stored,
            };
            self.store_at(address, store);
        }
        // A single byte of a parameter is a character or a number, and no address.
        if let Some(index) = value.as_parameter().filter(|_| width >= 4) {
            // What is stored at a fixed place from another parameter goes back to the caller, which
            // knows where that is.
            let is_returned = address.as_parameter().is_some() && address.distance.is_some();
            if !is_returned && let Some(parameter) = self.parameter(index) {
                parameter.escapes = true;
            }
            if let (Some(distance), 0, Some(index)) = (
                address.distance,
                u32::from(!address.addends.is_empty()),
                value.is_exactly(),
            ) {
                self.stores_beside(address.symbol, distance.saturating_add(offset), index);
            }
        }
    }

    /// Adds a store at a known distance.
    pub fn store_at(&mut self, address: Value, store: FixedStore) {
        if let Some(index) = address.as_parameter() {
            if let Some(parameter) = self.parameter(index) {
                parameter.store_at(store);
            }
        } else if address.as_constant().is_some() {
            summary::insert(&mut self.out.statics, store);
        } else if address.addends.is_empty() && self.symbol_stores.len() < MAX_SYMBOL_STORES {
            self.symbol_stores.push((address.symbol, store));
        }
    }

    /// Adds that a parameter is stored in a word, and finds those in the words around it.
    pub fn stores_beside(&mut self, symbol: u32, offset: i64, index: usize) {
        let near: Vec<usize> = self
            .recent
            .iter()
            .filter(|(base, at, other)| {
                *base == symbol && at.abs_diff(offset) == 4 && *other != index
            })
            .map(|(_, _, other)| *other)
            .collect();
        for other in near {
            for (one, two) in [(index, other), (other, index)] {
                if let Some(parameter) = self.parameter(one) {
                    parameter.beside.insert(two);
                }
            }
        }
        self.find_inside(symbol, offset, index);
        if self.recent.len() == MAX_RECENT {
            self.recent.remove(0);
        }
        self.recent.push((symbol, offset, index));
    }

    /// Finds a parameter between two words with the same other parameter. One of the three words
    /// is stored now, at `offset`.
    pub fn find_inside(&mut self, symbol: u32, offset: i64, index: usize) {
        let find = |at: i64| {
            let mut recent = self.recent.iter();
            recent.find(|(base, place, _)| *base == symbol && *place == at)
        };
        let parameter_at = |at: i64| find(at).map(|(_, _, parameter)| *parameter);
        let mut found = Vec::new();
        // A vector can begin with its pointer as well, before its capacity and its length.
        for first in [offset, offset - 4, offset - 8] {
            let at = |place: i64| match place == offset {
                true => Some(index),
                false => parameter_at(place),
            };
            if let (Some(pointer), Some(capacity), Some(length)) =
                (at(first), at(first + 4), at(first + 8))
                && capacity == length
                && pointer != length
            {
                found.push((pointer, length));
            }
        }
        for step in [-4, 4] {
            let (near, far) = (parameter_at(offset + step), parameter_at(offset + 2 * step));
            if let Some(near) = near.filter(|near| *near != index && far == Some(index)) {
                found.push((near, index));
            }
        }
        if let (Some(before), Some(after)) = (parameter_at(offset - 4), parameter_at(offset + 4))
            && before == after
            && before != index
        {
            found.push((index, before));
        }
        for (inner, outer) in found {
            if let Some(parameter) = self.parameter(inner) {
                parameter.around.insert(outer);
            }
        }
    }

    /// Adds that a span of `length` bytes is accessed.
    pub fn span(&mut self, pointer: Value, length: Value, is_store: bool) {
        self.access(pointer.aligned(), 0, is_store, 1);
        self.uses(length);
        for index in length.inputs.iter() {
            if let Some(parameter) = self.parameter(index) {
                parameter.bounds = true;
            }
        }
        if let Some(pointer) = pointer.as_parameter() {
            for index in length.inputs.iter() {
                if let Some(parameter) = self.parameter(index) {
                    parameter.measures.insert(pointer);
                }
            }
        }
    }

    /// Adds that two values are compared, which may end a loop.
    pub fn compare(&mut self, values: &[Value]) {
        let is_in_loop = self.is_in_loop();
        let mut inputs = Params::default();
        for value in values {
            self.uses(*value);
            inputs = inputs.union(value.inputs);
            if value.addends.iter().nth(1).is_some() && value.symbol == 0 {
                self.ends.push(value.addends);
            }
            if let Some(index) = value.as_parameter().filter(|_| is_in_loop)
                && let Some(parameter) = self.parameter(index)
            {
                parameter.bounds = true;
            }
        }
        self.push(Value {
            is_truth: true,
            ..Value::number(inputs)
        });
    }
}
