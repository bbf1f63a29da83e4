//! Settles a recording: makes events of what was recorded, and the index over them.
//!
//! One [`Replay`] goes through the entries in order and applies each to a working copy of the leaves
//! it touches. Of a long step, a part is settled while it still runs.

mod build_index;
mod last_writers;
mod leaf_counters;
mod leaf_pool;
mod leaf_state;
mod narrow_store;
mod replay;
#[cfg(test)]
mod tests;
mod working_memory;
mod write_batch;

pub(super) use last_writers::LastWriters;
pub(super) use replay::Replay;

use std::sync::Arc;

use super::EventLog;
use super::changes::Changes;
use super::recording::Recording;
use crate::journal_abi::AllocatorRecord;
use crate::timeline::image::LEAF;
use crate::timeline::{Image, Writer};

/// What a recording results in.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// The events of the step.
    pub events: EventLog,
    /// Memory after the events.
    pub(crate) memory: Image,
    /// Which bytes differ across the step.
    pub(crate) changes: Changes,
    /// The numbers of the store sites that wrote, ascending.
    pub(crate) sites: Vec<u32>,
    /// How many single stores the guest made.
    pub(crate) stores: u64,
    /// How many of them are events of their own.
    pub(crate) recorded: u64,
    /// The growths that the guest asked for in vain: each once, and a limited number of them.
    pub(crate) refused: Vec<RefusedGrowth>,
    /// The records of the guest's allocator, each with the number of events before it.
    pub(crate) allocator_records: Vec<(usize, AllocatorRecord)>,
    /// Where child steps began and ended, in order.
    pub(crate) child_marks: Vec<ChildMark>,
}

/// The beginning or the end of a child step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChildMark {
    /// The number of the child in the step.
    pub number: usize,
    /// Whether it ended.
    pub is_end: bool,
    /// How many events of the step came before.
    pub events: usize,
}

/// A `memory.grow` that returned -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusedGrowth {
    /// The number of the store site.
    pub site: u32,
    /// The size of memory then, in 64 KiB pages.
    pub pages: u64,
    /// How many more pages the guest asked for.
    pub by: u64,
}

/// Memory as a recording has it, to be compared with live memory and corrected.
pub(crate) struct RecordedMemory<'a>(&'a mut Replay);

impl RecordedMemory<'_> {
    /// Returns the length of memory, in bytes.
    pub fn size(&self) -> u64 {
        self.0.memory().len()
    }

    /// Returns the 4 KiB that begin at `start`, which is a multiple of that; zeros past the end.
    pub fn leaf(&self, start: u64) -> &[u8; LEAF as usize] {
        self.0.memory().leaf(start / LEAF)
    }

    /// Appends an event that sets memory from `start` on to what live memory contains there.
    pub fn correct(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        self.0.push_difference(start, bytes, writer);
    }
}

/// A step is settled while it runs whenever it has this many entries more: few enough that it takes
/// some milliseconds, wherever they write to.
const MAX_UNSETTLED_ENTRIES: usize = 1 << 18;
/// The same for the bytes that bulk operations write.
const MAX_UNSETTLED_BULK_BYTES: u64 = 256 << 20;

impl Recording {
    /// Settles the recording. `before` is memory before its events.
    pub fn settle(self, before: &Image) -> Settled {
        self.settle_against(before, |_, _| {})
    }

    /// Settles the recording and compares it with live memory. `check` receives memory after the
    /// events and the starts of the leaves that were touched or summarized, in ascending order. It
    /// [corrects](RecordedMemory::correct) what differs.
    pub(crate) fn settle_against(
        mut self,
        before: &Image,
        check: impl FnOnce(&mut RecordedMemory, &[u64]),
    ) -> Settled {
        let (stores, recorded) = (self.all_stores(), self.recorded_stores());
        let mut touched = self.summarized_leaves();
        let mut replay = self.replay(before);
        touched.extend(replay.memory().starts());
        touched.sort_unstable();
        touched.dedup();
        check(&mut RecordedMemory(&mut replay), &touched);
        let sites = replay.sites();
        let refused = replay.take_refused_growths();
        let allocator_records = replay.take_allocator_records();
        let child_marks = replay.take_child_marks();
        let events = EventLog(Arc::new(replay.finish(before)));
        let memory = events.0.after.clone();
        Settled {
            changes: Changes(events.clone()),
            events,
            memory,
            sites,
            stores,
            recorded,
            refused,
            allocator_records,
            child_marks,
        }
    }

    /// Settles what was recorded so far if it is much, so that the end of the step has only the
    /// rest to settle. None of it can be undone after that.
    pub(super) fn settle_if_large(&mut self) {
        if self.entries.len() >= MAX_UNSETTLED_ENTRIES
            || self.unsettled_bulk_bytes >= MAX_UNSETTLED_BULK_BYTES
        {
            self.settle_so_far();
        }
    }

    /// Settles what was recorded so far, if memory before it is known.
    pub(super) fn settle_so_far(&mut self) {
        let Some(before) = self.before.clone() else {
            return;
        };
        let mut replay = self.replay(&before);
        replay.return_buffers(self);
        self.settled_bytes = replay.needed_bytes();
        self.settled_part = Some(Box::new(replay));
    }

    /// Replays everything that was recorded.
    fn replay(&mut self, before: &Image) -> Replay {
        let events = self.entries.len() + self.host_events.len();
        let mut replay = match self.settled_part.take() {
            Some(settled) => *settled,
            None => Replay::new(Arc::clone(&self.table), before, events),
        };
        replay.run(self);
        self.unsettled_bulk_bytes = 0;
        replay
    }
}
