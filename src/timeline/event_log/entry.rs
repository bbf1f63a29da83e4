//! One entry of a step: a store as it was recorded, or a host event.

use super::store_sites::SiteTable;
use crate::journal_abi::{Slot, SlotBytes, high_half, low_half};

/// The value in place of a site where an entry is a host event: the value is the event's index.
pub(super) const HOST_EVENT: u32 = 0;

/// A store as it was recorded, or an event as it is kept. What the value means depends on the site;
/// of a store, only the low bytes that it stores are defined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The number of the store site, or [`HOST_EVENT`].
    pub(super) site: u32,
    pub(super) address: u32,
    pub(super) value: u128,
}

impl Entry {
    pub(super) fn new(site: u32, address: u32, value: u64) -> Self {
        Entry {
            site,
            address,
            value: value.into(),
        }
    }

    /// Decodes a slot that is an entry by itself.
    #[inline]
    pub(super) fn decode(slot: &SlotBytes) -> Self {
        let Slot {
            site,
            address,
            value,
        } = Slot::decode(slot);
        Entry::new(site, address, value)
    }

    /// Returns the low half of the value: the length of a bulk operation in bytes, or the size of
    /// memory before a growth in pages.
    pub(super) fn low_half(&self) -> u64 {
        low_half(self.value as u64)
    }

    /// Returns the high half of the value: the second operand of a bulk operation.
    pub(super) fn high_half(&self) -> u64 {
        high_half(self.value as u64)
    }

    /// Decodes the first entry of a journal's slots, and removes its slots from the slice.
    #[inline]
    pub(super) fn take_first(slots: &mut &[SlotBytes], table: &SiteTable) -> Option<Self> {
        let (first, rest) = slots.split_first()?;
        *slots = rest;
        let entry = Entry::decode(first);
        if !table.is_vector(entry.site) {
            return Some(entry);
        }
        let value = match rest.split_first() {
            Some((second, rest)) => {
                *slots = rest;
                u128::from_le_bytes(*second)
            }
            None => 0,
        };
        Some(Entry { value, ..entry })
    }
}

/// Decodes the entries of a journal's slots, in order.
pub(super) fn decode_entries<'a>(
    mut slots: &'a [SlotBytes],
    table: &'a SiteTable,
) -> impl Iterator<Item = Entry> + 'a {
    std::iter::from_fn(move || Entry::take_first(&mut slots, table))
}
