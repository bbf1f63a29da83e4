//! Whether the events touch a range of memory, which the map of memory asks for each of its cells.
//! The time it takes depends on what was touched in the range, not on how large memory is.

use super::EventLog;
use super::leaf_index::LeafHistory;
use crate::timeline::Image;
use crate::timeline::image::{LEAF, Leaf};

impl EventLog {
    /// Returns whether any of the first `events` events wrote to `start..end`, where `now` is
    /// memory after them. For a 4 KiB leaf that is in the range as a whole, any write counts. For a
    /// part of a leaf, a byte must differ there from memory before the first event.
    pub(crate) fn wrote_within(&self, events: usize, now: &Image, start: u64, end: u64) -> bool {
        let leaves = &self.0.leaves;
        let first = leaves.partition_point(|leaf| leaf.number < start / LEAF);
        let here = leaves
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(|leaf| leaf.number * LEAF < end);
        here.inspect(|_| count_examined_leaf())
            .any(|leaf| self.is_touched(leaf, events) && self.changed_within(leaf, now, start, end))
    }

    fn is_touched(&self, leaf: &LeafHistory, events: usize) -> bool {
        self.0
            .touches_of(leaf)
            .first()
            .is_some_and(|first| (*first as usize) < events)
    }

    fn changed_within(&self, leaf: &LeafHistory, now: &Image, start: u64, end: u64) -> bool {
        const ZERO: Leaf = [0; LEAF as usize];
        let base = leaf.number * LEAF;
        if start <= base && base + LEAF <= end {
            return true;
        }
        let range = (start.clamp(base, base + LEAF) - base) as usize
            ..(end.clamp(base, base + LEAF) - base) as usize;
        let before = self.0.before.shared_leaf(base).map_or(&ZERO, |leaf| leaf);
        let now = now.shared_leaf(base).map_or(&ZERO, |leaf| leaf);
        before.get(range.clone()) != now.get(range)
    }
}

/// Counts a leaf that a query examines, so that a test can limit how many these are.
#[cfg(not(test))]
pub(super) fn count_examined_leaf() {}

#[cfg(test)]
pub(super) use counting::count_examined_leaf;
#[cfg(test)]
pub(crate) use counting::take_examined_leaves;

#[cfg(test)]
mod counting {
    use std::cell::Cell;

    thread_local! {
        static EXAMINED: Cell<usize> = const { Cell::new(0) };
    }

    pub(in super::super) fn count_examined_leaf() {
        EXAMINED.set(EXAMINED.get() + 1);
    }

    /// Returns how many leaves were examined on this thread since the last call.
    pub(crate) fn take_examined_leaves() -> usize {
        EXAMINED.replace(0)
    }
}
