//! Memory while events are replayed: the bytes of each leaf that they touch, and what is counted of
//! it.

use std::ops::Range;

use super::leaf_counters::{LeafCounter, LeafCounters};
use super::leaf_pool::LeafPool;
use super::leaf_state::LeafState;
use super::narrow_store::{Counted, NarrowStore};
use crate::timeline::Image;
use crate::timeline::event_log::leaf_index::{
    CHECKPOINT_BYTES, LeafHistory, StoredWrite, TOUCHES_PER_CHECKPOINT, WriterId, WrittenBytes,
    store_to_leaf,
};
use crate::timeline::event_log::touches::TouchStream;
use crate::timeline::image::{LEAF, Leaf};

const ZERO: Leaf = [0; LEAF as usize];

/// The memory that a touched leaf takes, in bytes: now, as a finished one, and in memory after the
/// step.
const BYTES_PER_LEAF: usize = 2 * LEAF as usize
    + size_of::<LeafState>()
    + size_of::<LeafCounter>()
    + size_of::<FinishedLeaf>()
    + size_of::<LeafHistory>();

/// The memory that a touch takes, in bytes: its event in the index, and its part of a checkpoint.
const BYTES_PER_TOUCH: usize = size_of::<u32>() + CHECKPOINT_BYTES.div_ceil(TOUCHES_PER_CHECKPOINT);

/// Memory after the events so far. Leaves that were touched are numbered in the order in which they
/// were touched first; that number is their *index*, unlike the number that is their address in
/// leaves.
#[derive(Debug)]
pub(super) struct WorkingMemory {
    before: Image,
    /// The length of memory now, in bytes.
    len: u64,
    counters: LeafCounters,
    /// By index.
    leaves: Vec<LeafState>,
    /// By index.
    pool: LeafPool,
    /// Which leaves each event touches.
    stream: TouchStream,
}

/// A store by one instruction of the guest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Store {
    pub(super) by: WriterId,
    pub(super) start: u64,
    /// How many bytes are stored: 1, 2, 4, 8 or 16.
    pub(super) width: u8,
    /// Its low `width` bytes are stored.
    pub(super) value: u128,
}

/// A touched leaf after all events.
pub(super) struct FinishedLeaf {
    pub(super) state: LeafState,
    pub(super) counter: LeafCounter,
    /// The index of its bytes in the pool.
    pub(super) index: u32,
}

/// The touched leaves after all events.
pub(super) struct FinishedLeaves {
    /// In the order of their numbers.
    pub(super) list: Vec<FinishedLeaf>,
    pub(super) pool: LeafPool,
    pub(super) stream: TouchStream,
    /// By index, where the touches of a leaf begin among all touches.
    pub(super) starts: Vec<usize>,
    /// How many touches there are.
    pub(super) total: usize,
}

impl WorkingMemory {
    /// Creates the memory before any event, with capacity for the touches of this many events.
    pub(super) fn new(before: &Image, events: usize) -> Self {
        WorkingMemory {
            before: before.clone(),
            len: before.len(),
            counters: LeafCounters::default(),
            leaves: Vec::new(),
            pool: LeafPool::default(),
            stream: TouchStream::with_capacity(events),
        }
    }

    /// Returns the length of memory now, in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Applies an event that makes memory `len` bytes long. It never makes memory shorter.
    pub(super) fn grow(&mut self, len: u64) {
        self.len = self.len.max(len);
        self.stream.push_none();
    }

    /// Applies an event that changes nothing.
    pub(super) fn touch_nothing(&mut self) {
        self.stream.push_none();
    }

    /// Counts the first store and those after it that are by the same writer in the same leaf.
    /// Their bytes must be [written](WorkingMemory::write_counted) afterwards. Returns `None` if the
    /// first store needs more than that.
    #[inline]
    pub(super) fn count(&mut self, stores: &[NarrowStore]) -> Option<Counted> {
        let len = self.len;
        let first = stores
            .first()
            .filter(|first| is_within_leaf(first.start, first.width, len))?;
        let counter = self.counters.get_mut(first.start / LEAF)?;
        let index = counter.index()?;
        let is_alike = |other: &&NarrowStore| {
            let is_here = other.start / LEAF == first.start / LEAF
                && is_within_leaf(other.start, other.width, len);
            other.by == first.by && is_here
        };
        // A checkpoint has the leaf after a certain event, so no batch goes beyond that event.
        let most = counter.left_before_checkpoint();
        let count = 1 + stores
            .iter()
            .skip(1)
            .take(most - 1)
            .take_while(is_alike)
            .count();
        self.stream.push_many(index, count as u32);
        counter.touches += count as u32;
        if counter.needs_details(first.by) {
            let state = self.leaves.get_mut(index as usize)?;
            for one in stores.iter().take(count) {
                let from = (one.start % LEAF) as usize;
                state.add_write(counter, from..from + usize::from(one.width), one.by);
            }
        }
        Some(Counted {
            stores: count,
            index,
            is_checkpoint_due: counter.is_checkpoint_due(),
        })
    }

    /// Writes the bytes of a store that was counted in the leaf of this index.
    #[inline]
    pub(super) fn write_counted(&mut self, index: u32, one: &NarrowStore) {
        if let Some(bytes) = self.pool.get_mut(index) {
            store_to_leaf(
                bytes,
                (one.start % LEAF) as usize,
                u128::from(one.value).to_le_bytes(),
                one.width.into(),
            );
        }
    }

    /// Adds a checkpoint of a leaf as it is now.
    pub(super) fn add_checkpoint(&mut self, index: u32) {
        if let (Some(state), Some(bytes)) =
            (self.leaves.get_mut(index as usize), self.pool.get(index))
        {
            state.add_checkpoint(bytes);
        }
    }

    /// Applies one store, whatever it needs.
    pub(super) fn store(&mut self, store: Store) {
        let bytes = WrittenBytes::Few(store.value.to_le_bytes(), store.width);
        self.write(&StoredWrite {
            start: store.start,
            bytes,
            by: store.by,
            is_difference: false,
        });
    }

    /// Applies stores of `width` bytes each that are contiguous. All of them are in memory.
    pub(super) fn store_contiguous(
        &mut self,
        start: u64,
        width: usize,
        bytes: &[u8],
        by: WriterId,
    ) {
        let (mut at, mut rest) = (start, bytes);
        while !rest.is_empty() {
            let from = (at % LEAF) as usize;
            let Some(leaf) = self.touch(at / LEAF) else {
                return;
            };
            let count = ((LEAF as usize - from) / width)
                .min(rest.len() / width)
                .min(leaf.counter.left_before_checkpoint());
            // A store may cross the end of a leaf. Such a store is applied alone.
            let (now, later) = rest.split_at(count.max(1) * width);
            let range = from..from + now.len();
            match leaf.bytes.get_mut(range.clone()) {
                Some(to) => {
                    to.copy_from_slice(now);
                    leaf.stream.push_many(leaf.index, count as u32);
                    leaf.add_write(range, count, by);
                }
                None => self.write(&StoredWrite {
                    start: at,
                    bytes: WrittenBytes::Slice(now),
                    by,
                    is_difference: false,
                }),
            }
            at += now.len() as u64;
            rest = later;
        }
    }

    /// Applies a write of any length. What is past the end of memory is ignored.
    pub(super) fn write(&mut self, write: &StoredWrite) {
        let len = self.len;
        let last = write
            .end()
            .min(len)
            .checked_sub(1)
            .filter(|last| *last >= write.start);
        let Some(last) = last else {
            return self.stream.push_none();
        };
        let first = write.start / LEAF;
        for number in first..=last / LEAF {
            let Some(leaf) = self.touch(number) else {
                return;
            };
            let range = write.apply(number, leaf.bytes, len);
            leaf.stream.push_part(leaf.index, number == first);
            leaf.add_write(range, 1, write.by);
        }
    }

    /// Returns `len` bytes from `start` on as they are now; zeros past the end.
    pub(super) fn read(&self, start: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len);
        while out.len() < len {
            let at = start + out.len() as u64;
            let offset = (at % LEAF) as usize;
            let count = (LEAF as usize - offset).min(len - out.len());
            let part = self.leaf(at / LEAF).get(offset..offset + count);
            out.extend_from_slice(part.unwrap_or_default());
        }
        out
    }

    /// Returns the leaf of a number as it is now; zeros past the end.
    pub(super) fn leaf(&self, number: u64) -> &Leaf {
        let touched = self
            .counters
            .get(number)
            .and_then(|counter| self.pool.get(counter.index()?));
        touched.unwrap_or_else(|| {
            self.before
                .shared_leaf(number * LEAF)
                .map_or(&ZERO, |leaf| leaf)
        })
    }

    /// Returns how much memory all of this takes, and what is made of it at the end, in bytes.
    pub(super) fn needed_bytes(&self) -> usize {
        let details: usize = self.leaves.iter().map(LeafState::details_bytes).sum();
        let touches = self.stream.allocated_bytes() + self.stream.touches() * BYTES_PER_TOUCH;
        self.leaves.len() * BYTES_PER_LEAF + details + touches
    }

    /// Returns the addresses of the touched leaves, in no order.
    pub(super) fn starts(&self) -> impl Iterator<Item = u64> {
        self.leaves.iter().map(|leaf| leaf.number * LEAF)
    }

    /// Returns the touched leaves after all events.
    pub(super) fn finish(self) -> FinishedLeaves {
        let WorkingMemory {
            leaves,
            counters,
            pool,
            stream,
            ..
        } = self;
        let finish = |(index, state): (u32, LeafState)| {
            let counter = *counters.get(state.number)?;
            Some(FinishedLeaf {
                state,
                counter,
                index,
            })
        };
        let mut list: Vec<FinishedLeaf> = (0..).zip(leaves).filter_map(finish).collect();
        list.sort_unstable_by_key(|leaf| leaf.state.number);
        let mut starts = vec![0; list.len()];
        let mut total = 0;
        for leaf in &list {
            if let Some(start) = starts.get_mut(leaf.index as usize) {
                *start = total;
                total += leaf.counter.touches as usize;
            }
        }
        FinishedLeaves {
            list,
            pool,
            stream,
            starts,
            total,
        }
    }

    /// Returns a leaf to be written, and adds it if it is touched for the first time.
    #[inline]
    fn touch(&mut self, number: u64) -> Option<TouchedLeaf<'_>> {
        let known = self.counters.get(number);
        if known.and_then(LeafCounter::index).is_none() {
            self.add_leaf(number);
        }
        let counter = self.counters.get_mut(number)?;
        let index = counter.index()?;
        let state = self.leaves.get_mut(index as usize)?;
        Some(TouchedLeaf {
            index,
            counter,
            state,
            bytes: self.pool.get_mut(index)?,
            stream: &mut self.stream,
        })
    }

    #[cold]
    fn add_leaf(&mut self, number: u64) {
        if let Some(counter) = self.counters.add(number) {
            counter.set_index(self.leaves.len() as u32);
            self.leaves.push(LeafState::new(number));
            self.pool
                .push(self.before.shared_leaf(number * LEAF).map(|leaf| &**leaf));
        }
    }
}

/// Everything there is of a touched leaf.
struct TouchedLeaf<'a> {
    index: u32,
    counter: &'a mut LeafCounter,
    state: &'a mut LeafState,
    bytes: &'a mut Leaf,
    stream: &'a mut TouchStream,
}

impl TouchedLeaf<'_> {
    /// Counts events that have written a range of the leaf's bytes. No checkpoint was due before
    /// the last of them.
    fn add_write(self, range: Range<usize>, events: usize, by: WriterId) {
        self.counter.touches += events as u32;
        self.state.add_write(self.counter, range, by);
        if self.counter.is_checkpoint_due() {
            self.state.add_checkpoint(self.bytes);
        }
    }
}

/// Returns whether all bytes of a store are in one leaf, and in memory of this length.
#[inline]
fn is_within_leaf(start: u64, width: u8, len: u64) -> bool {
    let width = u64::from(width);
    start.saturating_add(width) <= len && start % LEAF + width <= LEAF
}
