//! Stores by the guest, taken together a few at a time. They are counted first, those that follow
//! each other in one leaf at once; then their bytes are written, with nothing in between: so many
//! of them can wait for memory at the same time.

use std::ops::Range;

use super::working_memory::{Store, WorkingMemory};
use crate::timeline::event_log::leaf_index::WriterId;

const MOST: usize = 128;

/// Stores that are told to a ledger. All have been once it is dropped.
pub(super) struct Batch<'a> {
    ledger: &'a mut WorkingMemory,
    stores: [Narrow; MOST],
    /// The leaves they were counted in.
    places: [u32; MOST],
    len: usize,
}

/// A store of up to 8 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Narrow {
    pub(super) start: u64,
    pub(super) value: u64,
    pub(super) by: WriterId,
    pub(super) width: u8,
}

/// Stores that were counted.
pub(super) struct Counted {
    pub(super) stores: usize,
    pub(super) place: u32,
    pub(super) is_copy_due: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(ledger: &'a mut WorkingMemory) -> Self {
        Batch {
            ledger,
            stores: [Narrow::default(); MOST],
            places: [0; MOST],
            len: 0,
        }
    }

    /// Appends a store whose value is `low`, or `wide` where it is 16 bytes.
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
            self.tell();
            return self.ledger.store(Store {
                by,
                start,
                width,
                value: wide(),
            });
        }
        if self.len == MOST {
            self.tell();
        }
        if let Some(free) = self.stores.get_mut(self.len) {
            (free.start, free.value, free.by, free.width) = (start, low, by, width);
            self.len += 1;
        }
    }

    fn tell(&mut self) {
        let (mut at, mut written) = (0, 0);
        while let Some(rest) = self
            .stores
            .get(at..self.len)
            .filter(|rest| !rest.is_empty())
        {
            let Some(Counted {
                stores,
                place,
                is_copy_due,
            }) = self.ledger.count(rest)
            else {
                self.write(written..at);
                if let Some(Narrow {
                    start,
                    value,
                    by,
                    width,
                }) = self.stores.get(at).copied()
                {
                    self.ledger.store(Store {
                        by,
                        start,
                        width,
                        value: value.into(),
                    });
                }
                (at, written) = (at + 1, at + 1);
                continue;
            };
            if let Some(places) = self.places.get_mut(at..at + stores) {
                places.fill(place);
            }
            at += stores;
            if is_copy_due {
                self.write(written..at);
                self.ledger.copy(place);
                written = at;
            }
        }
        self.write(written..at);
        self.len = 0;
    }

    #[inline]
    fn write(&mut self, range: Range<usize>) {
        let (stores, places) = (self.stores.get(range.clone()), self.places.get(range));
        for (store, place) in stores
            .unwrap_or_default()
            .iter()
            .zip(places.unwrap_or_default())
        {
            self.ledger.put(*place, store);
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}
