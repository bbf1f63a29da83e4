//! The events of a step: what the guest, its imports and the host did to memory, in order.
//!
//! A call may make millions of stores. All of them are kept, in at most 24 bytes each (29 for
//! vectors in no order), and memory at any of them, the writers of any byte and the bytes that
//! changed are found within one frame of the screen.
//!
//! # From a store to an answer
//!
//! 1. **Slot.** The instrumented guest writes 16 bytes into its journal before it stores; their
//!    layout is in [`journal_abi`](crate::journal_abi). The session drains the journal.
//! 2. **Entry.** [`Recording::push_slots`] appends the slots as entries (site, address, value) to
//!    an [`EntryList`](entries::EntryList). What the host and the imports do is appended as
//!    [`HostEvent`](recording::HostEvent)s, each with its position among the entries.
//! 3. **Pack.** Entries that follow each other are [packed](encoding) into an [arena], in
//!    one of five encodings.
//! 4. **Event.** [`Recording::settle`] [replays](build::Replay) the entries in order. A store is
//!    one event. A fill, a copy or a host write of more than 64 KiB is cut at the ends of 64 KiB
//!    pages, so that every event is small. Each event is applied to a working copy of the 4 KiB
//!    *leaves* that it touches.
//! 5. **Index.** When all events have been replayed, the [`History`] has for each touched leaf the
//!    events that touch it, and a checkpoint of the leaf after every 2048 of them.
//! 6. **Query.** Readers use an [`EventLog`], which shares the history, and [`Changes`]. A leaf at
//!    any moment is the last checkpoint before it plus at most 2047 events; it is computed when it
//!    is first read. The writers of a byte are found among the events of its leaf.
//!
//! The instructions of the guest are known here by the numbers of their sites only. The session
//! sets their names later, in the [`SiteTable`].
//!
//! # Five encodings
//!
//! Fresh memory is expensive: the system clears each page when it is first written, and in a loop
//! that stores this would cost more than everything else. So the encodings follow what loops do,
//! and were chosen by measurement (`docs/performance.md`, "Recording and rewriting").
//!
//! | encoding | entries                                            | bytes for a store of 4 bytes   |
//! | -------- | -------------------------------------------------- | ------------------------------ |
//! | `Run`    | one instruction, a constant stride                 | 4                              |
//! | `Runs`   | several runs of one instruction: a loop in a loop  | 4, and 8 for each run          |
//! | `Rows`   | several instructions in turn, each with its stride | 4                              |
//! | `Mixed`  | anything, of up to 255 sites                       | 8 to 11                        |
//! | `Slots`  | anything, as it was in the journal                 | 16                             |
//!
//! `Run`, `Runs` and `Rows` keep the values only. `Runs` reduced the slowdown of a matrix
//! multiplication that stores in its inner loop from 4.0 to 3.2. Everything else is kept as
//! `Slots`, because to pack it as `Mixed` took 8 to 14 ns a slot. `Mixed` is used for guests with
//! vectors, which take two slots each, and for entries that come one by one.
//!
//! # Two ways to apply stores
//!
//! The replay of ten million stores takes 5 ns each where they are contiguous, and 57 ns where they
//! go anywhere in 64 MiB (`docs/performance.md`, "Going anywhere in time"); most of the latter is
//! waiting for memory. So there are two ways:
//!
//! * A run of stores that are contiguous in memory is copied into each leaf at once
//!   ([`store_contiguous`](build)).
//! * Other stores are applied 128 at a time ([`write_batch`](build)). They are counted first; then
//!   their bytes are written with nothing in between, so that the processor waits for many places
//!   of memory at once.
//!
//! A step of many stores is settled in parts while it runs: whenever 262,144 more have been
//! recorded, or bulk operations have written 256 MiB. Otherwise a person who cancels a guest would
//! wait for the rest; that took up to 3.7 s, and takes at most 67 ms now.
//!
//! # Files
//!
//! | file                      | content                                                          |
//! | ------------------------- | ---------------------------------------------------------------- |
//! | `recording.rs`            | [`Recording`], to which the session appends while a step runs    |
//! | `store_sites.rs`          | [`SiteTable`]: the instructions that store, and their writers    |
//! | `entries.rs`              | a list of entries, the older of them packed                      |
//! | `encoding.rs`             | the five encodings of a pack, and how an entry is read           |
//! | `encoding/packer.rs`      | chooses the encoding                                             |
//! | `arena.rs`                | an arena of bytes                                                |
//! | `chunk.rs`, `prefault.rs` | memory in huge pages, touched by a thread before it is needed    |
//! | `build.rs`                | settles a recording, at once or in parts                         |
//! | `build/replay.rs`         | makes events of the entries, and applies them to memory          |
//! | `build/working_memory.rs` | memory during the replay                                         |
//! | `build/write_batch.rs`    | applies stores 128 at a time                                     |
//! | `build/leaf_pool.rs`      | the bytes of the leaves                                          |
//! | `build/leaf_counters.rs`  | what is counted of a leaf for each store                         |
//! | `build/leaf_state.rs`     | what is kept of a leaf besides: checkpoints, writers             |
//! | `build/last_writers.rs`   | the last writer of each byte of a leaf                           |
//! | `build/build_index.rs`    | makes the index out of all that                                  |
//! | `touches.rs`              | which leaves each event touches, and the reverse                 |
//! | `leaf_index.rs`           | the `History`: events, index, memory at any moment, writers      |
//! | `event_cursor.rs`         | reads events in order, with the bytes before each                |
//! | `write_headers.rs`        | the writes without their bytes; the next or last one to a span   |
//! | `range_query.rs`          | whether a range of memory was touched, for the map               |
//! | `changes.rs`              | [`Changes`]: the bytes that differ, and their last writers       |
//! | `summary.rs`              | sums over all changes                                            |
//! | `byte_mask.rs`            | one bit for each byte of a leaf                                  |

mod arena;
mod build;
mod byte_mask;
mod changes;
mod chunk;
mod encoding;
mod entries;
mod entry;
mod event_cursor;
mod leaf_index;
mod prefault;
mod range_query;
mod recording;
mod store_sites;
mod summary;
#[cfg(test)]
mod tests;
mod touches;
mod write_headers;

pub use build::Settled;
pub(crate) use build::{ChildMark, RecordedMemory, RefusedGrowth};
pub(crate) use byte_mask::LeafDifference;
pub use changes::Changes;
pub use recording::Recording;
pub use store_sites::SiteTable;

#[cfg(test)]
pub(crate) use range_query::take_examined_leaves;

pub(super) use leaf_index::WriterId;
pub(super) use summary::{Agent, Spans, Summary};

use std::sync::Arc;

use event_cursor::EventCursor;
use leaf_index::History;

use super::image::Leaves;
use super::{Event, Growth, Image, Span, Write};

/// The events of a step, in order. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct EventLog(Arc<History>);

impl EventLog {
    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an event, with the bytes as they were before it.
    pub fn get(&self, index: usize) -> Option<Event> {
        self.0.event(index, |write| {
            self.0.read_at(write.start, write.bytes.len(), index).into()
        })
    }

    /// Returns the write that event `number` is, counted from 1; `None` for growth and where there is
    /// no such event.
    pub(crate) fn write_of(&self, number: usize) -> Option<Write> {
        match self.get(number.checked_sub(1)?)? {
            Event::Write(write) => Some(write),
            Event::Growth(_) => None,
        }
    }

    /// Returns all events in order.
    pub fn iter(&self) -> impl Iterator<Item = Event> + '_ {
        self.iter_from(0)
    }

    /// Returns the events from one on, in order; cheaper than to [`get`](EventLog::get) each.
    pub(crate) fn iter_from(&self, index: usize) -> impl Iterator<Item = Event> + '_ {
        EventCursor::new(&self.0, index)
    }

    /// Returns the writes among the events, in order.
    pub fn writes(&self) -> impl Iterator<Item = Write> + '_ {
        self.iter().filter_map(|event| match event {
            Event::Write(write) => Some(write),
            Event::Growth(_) => None,
        })
    }

    /// Returns the growths of memory among the events, in order.
    pub(crate) fn growths(&self) -> impl Iterator<Item = Growth> + '_ {
        let grown = |(after, _): &(usize, u64)| match self.get(after.checked_sub(1)?)? {
            Event::Growth(growth) => Some(growth),
            Event::Write(_) => None,
        };
        self.0.lengths.iter().filter_map(grown)
    }

    /// Returns the writes to the byte at `address` among the first `most` events, latest first, each
    /// with the number of its event. Examines only events that touch the byte's leaf.
    pub(crate) fn writes_to(
        &self,
        address: u64,
        most: usize,
    ) -> impl Iterator<Item = (usize, Write)> + '_ {
        let mut most = most;
        std::iter::from_fn(move || {
            most = self.previous_touch(address, most)?;
            match self.get(most)? {
                Event::Write(write) => Some((most, write)),
                Event::Growth(_) => None,
            }
        })
    }

    /// Returns the last of the first `most` events that writes the byte at `address`.
    pub(crate) fn previous_touch(&self, address: u64, most: usize) -> Option<usize> {
        let write = self.last_write_in(Span::of_byte(address), 0..most)?;
        Some(write.event)
    }

    /// Returns memory after the first `events` events. This is cheap; each leaf is computed when it
    /// is first read.
    pub(crate) fn memory_at(&self, events: usize) -> Image {
        if events >= self.len() {
            return self.0.after.clone();
        }
        let over: Arc<dyn Leaves> = Arc::clone(&self.0) as Arc<dyn Leaves>;
        self.0.before.overlaid(self.0.length(events), over, events)
    }

    /// Prepares the answers to questions about moments and writers. Otherwise the first question takes
    /// longer, in a step of millions of events by some frames of the screen.
    pub fn prepare_index(&self) {
        self.0.touches.sorted();
    }

    /// Returns how much memory the log takes, except for memory before and after the step, in
    /// bytes.
    pub fn allocated_bytes(&self) -> usize {
        self.0.allocated_bytes()
    }
}

impl EventLog {
    /// Returns how much memory the log and the bytes that the step changed take, in bytes.
    pub(super) fn history_bytes(&self) -> usize {
        self.0.allocated_bytes() + self.0.changed_memory_bytes()
    }
}

/// Equal where all events are.
impl PartialEq for EventLog {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
