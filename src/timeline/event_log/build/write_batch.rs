//! Applies stores of the guest a few at a time. All of them are counted first, those that follow
//! each other in one leaf at once. Then their bytes are written with nothing in between, so that the
//! processor can wait for several places of memory at the same time.

use std::ops::Range;

use super::narrow_store::NarrowStore;
use super::working_memory::{Store, WorkingMemory};
use crate::timeline::event_log::leaf_index::WriterId;

/// The number of stores in a full batch.
const CAPACITY: usize = 128;

/// Stores that are applied together. Dropping the batch applies the rest of them.
pub(super) struct WriteBatch<'a> {
    memory: &'a mut WorkingMemory,
    stores: [NarrowStore; CAPACITY],
    /// By store, the index of its leaf.
    leaves: [u32; CAPACITY],
    len: usize,
}

impl<'a> WriteBatch<'a> {
    pub(super) fn new(memory: &'a mut WorkingMemory) -> Self {
        WriteBatch {
            memory,
            stores: [NarrowStore::default(); CAPACITY],
            leaves: [0; CAPACITY],
            len: 0,
        }
    }

    /// Appends a store whose value is `low`, or `wide` if it is 16 bytes long.
    #[inline]
    pub(super) fn push(
        &mut self,
        by: WriterId,
        width: u8,
        start: u64,
        low: u64,
        wide: impl FnOnce() -> u128,
    ) {
        if width > 8 {
            self.flush();
            return self.memory.store(Store {
                by,
                start,
                width,
                value: wide(),
            });
        }
        if self.len == CAPACITY {
            self.flush();
        }
        if let Some(free) = self.stores.get_mut(self.len) {
            (free.start, free.value, free.by, free.width) = (start, low, by, width);
            self.len += 1;
        }
    }

    /// Applies all stores.
    fn flush(&mut self) {
        // The stores up to `at` are counted, those up to `written` are also written.
        let (mut at, mut written) = (0, 0);
        while let Some(rest) = self
            .stores
            .get(at..self.len)
            .filter(|rest| !rest.is_empty())
        {
            let Some(counted) = self.memory.count(rest) else {
                // The first of the rest needs more, so everything before it is written first.
                self.write(written..at);
                self.store_alone(at);
                (at, written) = (at + 1, at + 1);
                continue;
            };
            if let Some(leaves) = self.leaves.get_mut(at..at + counted.stores) {
                leaves.fill(counted.index);
            }
            at += counted.stores;
            if counted.is_checkpoint_due {
                // The checkpoint has the bytes of all stores before it.
                self.write(written..at);
                self.memory.add_checkpoint(counted.index);
                written = at;
            }
        }
        self.write(written..at);
        self.len = 0;
    }

    fn store_alone(&mut self, at: usize) {
        let Some(NarrowStore {
            start,
            value,
            by,
            width,
        }) = self.stores.get(at).copied()
        else {
            return;
        };
        self.memory.store(Store {
            by,
            start,
            width,
            value: value.into(),
        });
    }

    /// Writes the bytes of stores that were counted.
    #[inline]
    fn write(&mut self, range: Range<usize>) {
        let stores = self.stores.get(range.clone()).unwrap_or_default();
        let leaves = self.leaves.get(range).unwrap_or_default();
        for (store, leaf) in stores.iter().zip(leaves) {
            self.memory.write_counted(*leaf, store);
        }
    }
}

impl Drop for WriteBatch<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
