//! What is counted for each store, in one place, so that a store looks there and nowhere else.

use crate::timeline::event_log::leaf_index::{BLOCK, WriterId};

/// What is counted of a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    /// One more than its place among those that were touched; 0 for none.
    place: u32,
    /// How many events touched it.
    pub(super) touches: u32,
    /// Who wrote all that was written of it, or how many did.
    pub(super) by: WriterId,
}

/// In place of a writer: there are several.
pub(super) const SEVERAL: WriterId = WriterId(u32::MAX - 1);

impl Tally {
    const NONE: Tally = Tally {
        place: 0,
        touches: 0,
        by: WriterId::NOBODY,
    };

    #[inline]
    pub(super) fn place(&self) -> Option<u32> {
        self.place.checked_sub(1)
    }

    pub(super) fn put(&mut self, place: u32) {
        self.place = place + 1;
    }

    /// Whether of an event that was counted there is more to keep than that.
    #[inline]
    pub(super) fn is_more_to_keep(&self, by: WriterId) -> bool {
        self.by != by || self.touches >= BLOCK as u32
    }

    /// Whether the event counted last is one after which the leaf is copied.
    #[inline]
    pub(super) fn is_copy_due(&self) -> bool {
        (self.touches as usize).is_multiple_of(BLOCK)
    }

    /// How many more events there may be before a copy of the leaf is due.
    pub(super) fn left_in_block(&self) -> usize {
        BLOCK - self.touches as usize % BLOCK
    }
}

/// The tallies of all leaves, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    parts: Vec<Option<Box<[Tally; Tallies::PART]>>>,
}

impl Tallies {
    const PART: usize = 256;

    #[inline]
    pub(super) fn get(&self, number: u64) -> Option<&Tally> {
        self.parts
            .get((number / Self::PART as u64) as usize)?
            .as_ref()?
            .get(number as usize % Self::PART)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Tally> {
        self.parts
            .get_mut((number / Self::PART as u64) as usize)?
            .as_mut()?
            .get_mut(number as usize % Self::PART)
    }

    /// That of a leaf which memory has.
    #[cold]
    pub(super) fn add(&mut self, number: u64) -> Option<&mut Tally> {
        let part = (number / Self::PART as u64) as usize;
        if part >= self.parts.len() {
            self.parts.resize(part + 1, None);
        }
        let part = self
            .parts
            .get_mut(part)?
            .get_or_insert_with(|| Box::new([Tally::NONE; Self::PART]));
        part.get_mut(number as usize % Self::PART)
    }
}
