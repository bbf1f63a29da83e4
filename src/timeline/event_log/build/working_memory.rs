//! Memory as the events make it while they pass by, one after another: the bytes of each leaf they
//! touch, and what is counted of it.

use std::ops::Range;

use super::leaf_counters::{Tallies, Tally};
use super::leaf_pool::Sheets;
use super::leaf_state::LeafState;
use super::touch_stream::Stream;
use super::write_batch::{Counted, Narrow};
use crate::timeline::Image;
use crate::timeline::event_log::leaf_index::{Bytes, Kept, WriterId, store};
use crate::timeline::image::{LEAF, Leaf};

const ZERO: Leaf = [0; LEAF as usize];

#[derive(Debug, Clone)]
pub(super) struct WorkingMemory {
    before: Image,
    /// Memory's length as it is now, in bytes.
    len: u64,
    tallies: Tallies,
    leaves: Vec<LeafState>,
    sheets: Sheets,
    /// Which of the leaves each event touches.
    stream: Stream,
}

/// A store by one instruction of the guest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Store {
    pub(super) by: WriterId,
    pub(super) start: u64,
    /// In bytes: 1, 2, 4, 8 or 16.
    pub(super) width: u8,
    /// The low bytes of it are stored.
    pub(super) value: u128,
}

/// A leaf that was touched, when all events have passed.
pub(super) struct Closed {
    pub(super) working: LeafState,
    pub(super) tally: Tally,
    /// Where its bytes are.
    pub(super) place: u32,
}

/// The leaves that were touched, when all events have passed.
pub(super) struct Leaves {
    /// By number.
    pub(super) list: Vec<Closed>,
    pub(super) sheets: Sheets,
    pub(super) stream: Stream,
    /// Where the touches of each begin, by its place, and how many there are.
    pub(super) starts: Vec<usize>,
    pub(super) total: usize,
}

impl WorkingMemory {
    pub(super) fn new(before: &Image, events: usize) -> Self {
        WorkingMemory {
            before: before.clone(),
            len: before.len(),
            tallies: Tallies::default(),
            leaves: Vec::new(),
            sheets: Sheets::default(),
            stream: Stream::with_capacity(events),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// An event that makes memory so many bytes long, where it is shorter.
    pub(super) fn grow(&mut self, len: u64) {
        self.len = self.len.max(len);
        self.stream.push_none();
    }

    /// An event that touches nothing.
    pub(super) fn pass(&mut self) {
        self.stream.push_none();
    }

    /// Counts the first of these stores and those behind it that are made by the same in the same
    /// leaf; their bytes are to be [`put`](WorkingMemory::put) there. `None` where there is more to do for
    /// the first.
    #[inline]
    pub(super) fn count(&mut self, stores: &[Narrow]) -> Option<Counted> {
        let len = self.len;
        let first = stores
            .first()
            .filter(|first| is_within(first.start, first.width, len))?;
        let tally = self.tallies.get_mut(first.start / LEAF)?;
        let place = tally.place()?;
        let is_alike = |other: &&Narrow| {
            let is_here = other.start / LEAF == first.start / LEAF
                && is_within(other.start, other.width, len);
            other.by == first.by && is_here
        };
        let most = tally.left_in_block();
        let count = 1 + stores
            .iter()
            .skip(1)
            .take(most - 1)
            .take_while(is_alike)
            .count();
        self.stream.push_many(place, count as u32);
        tally.touches += count as u32;
        if tally.is_more_to_keep(first.by) {
            let working = self.leaves.get_mut(place as usize)?;
            for one in stores.iter().take(count) {
                let from = (one.start % LEAF) as usize;
                working.wrote(tally, from..from + usize::from(one.width), one.by);
            }
        }
        Some(Counted {
            stores: count,
            place,
            is_copy_due: tally.is_copy_due(),
        })
    }

    /// Writes the bytes of a store that was counted.
    #[inline]
    pub(super) fn put(&mut self, place: u32, one: &Narrow) {
        if let Some(bytes) = self.sheets.get_mut(place) {
            store(
                bytes,
                (one.start % LEAF) as usize,
                u128::from(one.value).to_le_bytes(),
                one.width.into(),
            );
        }
    }

    /// Keeps a copy of a leaf as it is now.
    pub(super) fn copy(&mut self, place: u32) {
        if let (Some(working), Some(bytes)) =
            (self.leaves.get_mut(place as usize), self.sheets.get(place))
        {
            working.copy(bytes);
        }
    }

    /// One store, whatever there is to do.
    pub(super) fn store(&mut self, store: Store) {
        let bytes = Bytes::Few(store.value.to_le_bytes(), store.width);
        self.write(&Kept {
            start: store.start,
            bytes,
            by: store.by,
            is_difference: false,
        });
    }

    /// Stores of `width` bytes each, one right behind the other; all of them lie in memory.
    pub(super) fn store_dense(&mut self, start: u64, width: usize, bytes: &[u8], by: WriterId) {
        let (mut at, mut rest) = (start, bytes);
        while !rest.is_empty() {
            let from = (at % LEAF) as usize;
            let Some(leaf) = self.touch(at / LEAF) else {
                return;
            };
            let count = ((LEAF as usize - from) / width)
                .min(rest.len() / width)
                .min(leaf.tally.left_in_block());
            let (now, later) = rest.split_at(count.max(1) * width);
            let range = from..from + now.len();
            match leaf.bytes.get_mut(range.clone()) {
                Some(to) => {
                    to.copy_from_slice(now);
                    leaf.stream.push_many(leaf.place, count as u32);
                    leaf.wrote(range, count, by);
                }
                // It lies in two leaves.
                None => self.write(&Kept {
                    start: at,
                    bytes: Bytes::Slice(now),
                    by,
                    is_difference: false,
                }),
            }
            at += now.len() as u64;
            rest = later;
        }
    }

    /// A write of any length; what lies past the end of memory is none.
    pub(super) fn write(&mut self, write: &Kept) {
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
            leaf.stream.push_part(leaf.place, number == first);
            leaf.wrote(range, 1, write.by);
        }
    }

    /// Bytes as they are now, zeros past the end.
    pub(super) fn read(&self, start: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len);
        while out.len() < len {
            let at = start + out.len() as u64;
            let within = (at % LEAF) as usize;
            let take = (LEAF as usize - within).min(len - out.len());
            out.extend_from_slice(
                self.leaf(at / LEAF)
                    .get(within..within + take)
                    .unwrap_or_default(),
            );
        }
        out
    }

    /// A leaf as it is now; zero past the end.
    pub(super) fn leaf(&self, number: u64) -> &Leaf {
        let known = self
            .tallies
            .get(number)
            .and_then(|tally| self.sheets.get(tally.place()?));
        known.unwrap_or_else(|| {
            self.before
                .shared_leaf(number * LEAF)
                .map_or(&ZERO, |leaf| leaf)
        })
    }

    /// Where the leaves that were touched start, in no order.
    pub(super) fn starts(&self) -> impl Iterator<Item = u64> {
        self.leaves.iter().map(|leaf| leaf.number * LEAF)
    }

    /// What there is when all events have passed.
    pub(super) fn close(self) -> Leaves {
        let WorkingMemory {
            leaves,
            tallies,
            sheets,
            stream,
            ..
        } = self;
        let close = |(place, working): (u32, LeafState)| {
            let tally = *tallies.get(working.number)?;
            Some(Closed {
                working,
                tally,
                place,
            })
        };
        let mut list: Vec<Closed> = (0..).zip(leaves).filter_map(close).collect();
        list.sort_unstable_by_key(|leaf| leaf.working.number);
        let mut starts = vec![0; list.len()];
        let mut total = 0;
        for leaf in &list {
            if let Some(start) = starts.get_mut(leaf.place as usize) {
                *start = total;
                total += leaf.tally.touches as usize;
            }
        }
        Leaves {
            list,
            sheets,
            stream,
            starts,
            total,
        }
    }

    /// A leaf of memory, which is there from then on.
    #[inline]
    fn touch(&mut self, number: u64) -> Option<Touched<'_>> {
        if self.tallies.get(number).and_then(Tally::place).is_none() {
            self.meet(number);
        }
        let tally = self.tallies.get_mut(number)?;
        let place = tally.place()?;
        let working = self.leaves.get_mut(place as usize)?;
        Some(Touched {
            place,
            tally,
            working,
            bytes: self.sheets.get_mut(place)?,
            stream: &mut self.stream,
        })
    }

    #[cold]
    fn meet(&mut self, number: u64) {
        if let Some(tally) = self.tallies.add(number) {
            tally.put(self.leaves.len() as u32);
            self.leaves.push(LeafState::new(number));
            self.sheets
                .push(self.before.shared_leaf(number * LEAF).map(|leaf| &**leaf));
        }
    }
}

/// All there is of a leaf.
struct Touched<'a> {
    place: u32,
    tally: &'a mut Tally,
    working: &'a mut LeafState,
    bytes: &'a mut Leaf,
    stream: &'a mut Stream,
}

impl Touched<'_> {
    /// Counts events that have written a range of its bytes; no copy was due before the last of
    /// them.
    fn wrote(self, range: Range<usize>, events: usize, by: WriterId) {
        self.tally.touches += events as u32;
        self.working.wrote(self.tally, range, by);
        if self.tally.is_copy_due() {
            self.working.copy(self.bytes);
        }
    }
}

/// Whether all bytes of a store lie in one leaf, and in memory of this length.
#[inline]
fn is_within(start: u64, width: u8, len: u64) -> bool {
    let width = u64::from(width);
    start.saturating_add(width) <= len && start % LEAF + width <= LEAF
}
