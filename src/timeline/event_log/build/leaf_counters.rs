//! What is counted for each store, in one place, so that a store reads one cache line for it.

use crate::timeline::event_log::leaf_index::{TOUCHES_PER_CHECKPOINT, WriterId};

/// What is counted of a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafCounter {
    /// One more than the index among the touched leaves; 0 for a leaf that was not touched.
    index_plus_one: u32,
    /// How many events touched the leaf.
    pub(super) touches: u32,
    /// The only writer of the leaf so far, or [`SEVERAL`].
    pub(super) by: WriterId,
}

/// The id in place of a writer where there are several.
pub(super) const SEVERAL: WriterId = WriterId(u32::MAX - 1);

impl LeafCounter {
    const UNTOUCHED: LeafCounter = LeafCounter {
        index_plus_one: 0,
        touches: 0,
        by: WriterId::NOBODY,
    };

    /// Returns the index of the leaf among the touched ones; `None` if it was not touched.
    #[inline]
    pub(super) fn index(&self) -> Option<u32> {
        self.index_plus_one.checked_sub(1)
    }

    pub(super) fn set_index(&mut self, index: u32) {
        self.index_plus_one = index + 1;
    }

    /// Returns whether more must be kept of an event than this counter: it has another writer, or
    /// the leaf has a checkpoint, after which it is kept which bytes are written.
    #[inline]
    pub(super) fn needs_details(&self, by: WriterId) -> bool {
        self.by != by || self.touches >= TOUCHES_PER_CHECKPOINT as u32
    }

    /// Returns whether a checkpoint follows the last event that was counted.
    #[inline]
    pub(super) fn is_checkpoint_due(&self) -> bool {
        (self.touches as usize).is_multiple_of(TOUCHES_PER_CHECKPOINT)
    }

    /// Returns how many more events there may be up to the next checkpoint; at least 1.
    pub(super) fn left_before_checkpoint(&self) -> usize {
        TOUCHES_PER_CHECKPOINT - self.touches as usize % TOUCHES_PER_CHECKPOINT
    }
}

/// The counters of all leaves, by the leaf's number.
#[derive(Debug, Default)]
pub(super) struct LeafCounters {
    parts: Vec<Option<Box<[LeafCounter; LeafCounters::PART]>>>,
}

impl LeafCounters {
    /// How many counters are allocated together.
    const PART: usize = 256;

    #[inline]
    pub(super) fn get(&self, number: u64) -> Option<&LeafCounter> {
        self.parts
            .get((number / Self::PART as u64) as usize)?
            .as_ref()?
            .get(number as usize % Self::PART)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut LeafCounter> {
        self.parts
            .get_mut((number / Self::PART as u64) as usize)?
            .as_mut()?
            .get_mut(number as usize % Self::PART)
    }

    /// Adds the counter of a leaf, unless it is there already, and returns it.
    #[cold]
    pub(super) fn add(&mut self, number: u64) -> Option<&mut LeafCounter> {
        let part = (number / Self::PART as u64) as usize;
        if part >= self.parts.len() {
            self.parts.resize_with(part + 1, || None);
        }
        let part = self
            .parts
            .get_mut(part)?
            .get_or_insert_with(|| Box::new([LeafCounter::UNTOUCHED; Self::PART]));
        part.get_mut(number as usize % Self::PART)
    }
}
