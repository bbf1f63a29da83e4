//! What a function does with its parameters, as far as its instructions show.

use super::value::{Params, STATIC_DATA, Value};

/// The largest number of stores at fixed places that are kept for a parameter or a result.
pub(super) const MAX_FIXED_STORES: usize = 24;

/// What a function does with its parameters.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Summary {
    /// What it does with each parameter.
    pub parameters: Vec<ParameterUse>,
    /// The value that it returns, if that is the same everywhere.
    pub(super) result: Option<Value>,
    /// Stores to constant addresses.
    pub statics: Vec<FixedStore>,
    /// Stores to the block whose address it returns, by the distance from that address.
    pub result_stores: Vec<FixedStore>,
    /// Whether a value is returned that is no number that the function computed.
    pub(super) returns_address: bool,
    /// Whether all of the code was read, that of called functions included.
    pub is_complete: bool,
}

/// A store to an address that is known, or known relative to a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct FixedStore {
    /// The address, or the distance in bytes.
    pub offset: i64,
    /// The number of bytes.
    pub width: u8,
    pub value: Stored,
}

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stored {
    Constant(i64),
    /// A parameter, by its index.
    Parameter(usize),
    /// 0 or 1: the result of a comparison.
    Truth,
    Other,
}

/// How a parameter is used as an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Accesses {
    /// Single bytes are accessed, or spans of any length.
    pub bytes: bool,
    /// Accesses of 2, 4, 8 or 16 bytes.
    pub wide: bool,
    /// The distance from the parameter varies.
    pub varying: bool,
    /// Single bytes are accessed at a distance that varies, as those of text are.
    pub varying_bytes: bool,
    /// More than one byte is accessed at a fixed distance, as the fields of a structure are.
    pub fields: bool,
    /// A fixed distance is negative: there is a header before the address.
    pub header: bool,
}

impl Summary {
    /// Returns whether the function may return an address: not a number that it computed.
    pub fn may_return_address(&self) -> bool {
        self.returns_address
    }

    /// Returns whether the function always returns one of its parameters, or a sum with one.
    pub fn returns_parameter(&self) -> bool {
        self.result.is_some_and(|result| !result.addends.is_empty())
    }
}

impl Accesses {
    /// Returns whether there is any access.
    pub fn any(self) -> bool {
        self.bytes || self.wide
    }

    fn add(&mut self, other: Accesses) {
        self.bytes |= other.bytes;
        self.wide |= other.wide;
        self.varying |= other.varying;
        self.varying_bytes |= other.varying_bytes;
        self.fields |= other.fields;
        self.header |= other.header;
    }
}

/// What a function does with one parameter.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct ParameterUse {
    pub loads: Accesses,
    pub stores: Accesses,
    /// Stores at fixed distances from the parameter, in ascending order.
    pub fixed_stores: Vec<FixedStore>,
    /// The parameters to which it is added to make an address, or whose span it measures.
    pub(super) measures: Params,
    /// It ends a loop.
    pub bounds: bool,
    /// It is the size of a block that is allocated.
    pub sizes: bool,
    /// Parameters that are stored beside it, in the word before or after.
    pub(super) beside: Params,
    /// Parameters that are stored both in the word before and in the word after it. So are the
    /// capacity and the length of a vector that is made of a pointer and a length.
    pub(super) around: Params,
    /// The block is released.
    pub frees: bool,
    /// It is stored in memory, returned, or passed to code that is not known.
    pub escapes: bool,
    /// The index of an imported function to which it is passed.
    pub import: Option<u32>,
    /// Any instruction uses it.
    pub is_used: bool,
}

impl ParameterUse {
    /// Returns whether it is used as an address.
    pub fn is_accessed(&self) -> bool {
        self.loads.any() || self.stores.any()
    }

    /// Returns whether it is the number of bytes or items at another parameter.
    pub fn measures(&self, pointer: usize) -> bool {
        self.measures.contains(pointer)
    }

    /// Returns whether it is the number of anything.
    pub fn measures_any(&self) -> bool {
        !self.measures.is_empty() || self.bounds
    }

    /// Returns whether another parameter is stored beside it.
    pub fn is_beside(&self, other: usize) -> bool {
        self.beside.contains(other)
    }

    /// Returns whether another parameter is stored both before and after it.
    pub fn is_inside(&self, other: usize) -> bool {
        self.around.contains(other)
    }

    /// Returns the number of bytes from the parameter that are stored at fixed places.
    pub fn stored_bytes(&self) -> i64 {
        let ends = self.fixed_stores.iter();
        ends.map(|store| store.offset + i64::from(store.width))
            .max()
            .unwrap_or(0)
    }

    /// Adds an access at a distance from the parameter; `None` if the distance varies.
    pub(super) fn access(&mut self, is_store: bool, width: u8, distance: Option<i64>) {
        self.is_used = true;
        if distance.is_some_and(|distance| distance >= STATIC_DATA) {
            self.escapes = true;
            return;
        }
        let found = Accesses {
            bytes: width <= 1,
            wide: width > 1,
            varying: distance.is_none(),
            varying_bytes: width <= 1 && distance.is_none(),
            fields: width > 1 && distance.is_some(),
            header: distance.is_some_and(|distance| distance < 0),
        };
        match is_store {
            true => self.stores.add(found),
            false => self.loads.add(found),
        }
    }

    /// Adds a store at a fixed distance.
    pub(super) fn store_at(&mut self, store: FixedStore) {
        insert(&mut self.fixed_stores, store);
    }

    /// Adds what a called function does with the parameter, to which it is passed after `distance`
    /// was added; `None` if that varies.
    pub(super) fn add_callee(&mut self, callee: &ParameterUse, distance: Option<i64>) {
        self.is_used = true;
        let shifted = |mut accesses: Accesses| {
            accesses.varying |= accesses.any() && distance.is_none();
            accesses.varying_bytes |= accesses.bytes && distance.is_none();
            accesses.header &= distance == Some(0);
            accesses
        };
        self.loads.add(shifted(callee.loads));
        self.stores.add(shifted(callee.stores));
        if let Some(distance) = distance {
            for store in &callee.fixed_stores {
                let offset = store.offset.saturating_add(distance);
                self.store_at(FixedStore { offset, ..*store });
            }
        }
        self.bounds |= callee.bounds;
        self.sizes |= callee.sizes;
        self.frees |= callee.frees && distance == Some(0);
        self.escapes |= callee.escapes;
        self.import = self.import.or(callee.import);
    }
}

/// Adds a store to a list in ascending order, which holds each place once and a limited number.
pub(super) fn insert(stores: &mut Vec<FixedStore>, store: FixedStore) {
    let at = stores.partition_point(|known| known.offset < store.offset);
    if let Some(known) = stores
        .get_mut(at)
        .filter(|known| known.offset == store.offset)
    {
        if known.value != store.value {
            known.value = either(known.value, store.value);
        }
        known.width = known.width.max(store.width);
    } else if stores.len() < MAX_FIXED_STORES {
        stores.insert(at, store);
    }
}

/// Returns what is stored where it may be either of two values.
fn either(first: Stored, second: Stored) -> Stored {
    let is_bit = |value: Stored| matches!(value, Stored::Truth | Stored::Constant(0 | 1));
    match is_bit(first) && is_bit(second) {
        true => Stored::Truth,
        false => Stored::Other,
    }
}
