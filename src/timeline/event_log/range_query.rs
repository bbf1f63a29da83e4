//! Whether anything happened to a range of memory: what a map of all of it asks, for each of its
//! cells. Costs what was touched there, and not how large memory is.

use super::EventLog;
use super::leaf_index::LeafHistory;
use crate::timeline::Image;
use crate::timeline::image::{LEAF, Leaf};

impl EventLog {
    /// Whether any of the first `events` events wrote into `start..end`, where `now` is memory
    /// after them. In a leaf of 4 KiB that lies in the range as a whole, any write counts; where
    /// only a part of one does, a byte must differ there from memory before the first event.
    pub fn wrote_within(&self, events: usize, now: &Image, start: u64, end: u64) -> bool {
        let leaves = &self.0.leaves;
        let first = leaves.partition_point(|leaf| leaf.number < start / LEAF);
        let here = leaves
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(|leaf| leaf.number * LEAF < end);
        here.inspect(|_| count())
            .any(|leaf| self.is_touched(leaf, events) && self.is_met(leaf, now, start, end))
    }

    fn is_touched(&self, leaf: &LeafHistory, events: usize) -> bool {
        self.0
            .touches_of(leaf)
            .first()
            .is_some_and(|first| (*first as usize) < events)
    }

    fn is_met(&self, leaf: &LeafHistory, now: &Image, start: u64, end: u64) -> bool {
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

/// Counts the leaves that are looked at, so that a test can say how many those may be.
#[cfg(not(test))]
pub(super) fn count() {}

#[cfg(test)]
pub(super) use counting::count;
#[cfg(test)]
pub(crate) use counting::looked_at;

#[cfg(test)]
mod counting {
    use std::cell::Cell;

    thread_local! {
        static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    pub(in super::super) fn count() {
        LOOKED_AT.set(LOOKED_AT.get() + 1);
    }

    /// How many leaves have been looked at on this thread since this was asked last.
    pub(crate) fn looked_at() -> usize {
        LOOKED_AT.replace(0)
    }
}
