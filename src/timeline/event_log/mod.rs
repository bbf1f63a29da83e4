//! What happened to memory inside a step, kept in at most 24 bytes a store (of vectors in no order
//! up to 29) and yet found quickly at any moment.
//!
//! A [`Recording`] is appended to while the step runs; settled, it is an [`EventLog`], which nobody
//! changes and which costs nothing to hand on. Knows the guest's instructions by number only: what
//! they are called is told later.

mod arena;
mod build;
mod byte_mask;
mod changes;
mod encoding;
mod entries;
mod event_cursor;
mod leaf_index;
mod prefault;
mod range_query;
mod recording;
mod store_sites;
mod summary;
#[cfg(test)]
mod tests;
mod write_headers;

pub use build::{Recorded, Refused, Settled};
pub use byte_mask::Differing;
pub use changes::Changes;
pub use recording::Recording;
pub use store_sites::SiteTable;

#[cfg(test)]
pub(crate) use range_query::looked_at;

pub(super) use leaf_index::WriterId;
pub(super) use summary::{Agent, Spans, Summary};

use std::sync::Arc;

use event_cursor::Cursor;
use leaf_index::History;

use super::image::Leaves;
use super::{Event, Growth, Image, Write};

/// A step's events in order. A fill, copy or host write of more than 64 KiB is several events, cut
/// at the ends of 64 KiB pages, so that every event is small.
#[derive(Debug, Clone, Default)]
pub struct EventLog(Arc<History>);

impl EventLog {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One event, with the bytes as they were before it.
    pub fn get(&self, index: usize) -> Option<Event> {
        self.0.event(index, |kept| {
            self.0.read_at(kept.start, kept.bytes.len(), index).into()
        })
    }

    /// All events in order.
    pub fn iter(&self) -> impl Iterator<Item = Event> + '_ {
        self.iter_from(0)
    }

    /// The events from one on: cheaper than asking for them one by one.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Event> + '_ {
        Cursor::new(&self.0, index)
    }

    pub fn writes(&self) -> impl Iterator<Item = Write> + '_ {
        self.iter().filter_map(|event| match event {
            Event::Write(write) => Some(write),
            Event::Growth(_) => None,
        })
    }

    /// The growths of memory among them, in order.
    pub fn growths(&self) -> impl Iterator<Item = Growth> + '_ {
        let grown = |(after, _): &(usize, u64)| match self.get(after.checked_sub(1)?)? {
            Event::Growth(growth) => Some(growth),
            Event::Write(_) => None,
        };
        self.0.lengths.iter().filter_map(grown)
    }

    /// The writes to the byte at `address` among the first `most` events, latest first, with their
    /// places. AbiHints at no more than the events that touch the byte's neighbourhood.
    pub fn writes_to(
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

    /// The first event from number `from` on that writes the byte at `address`.
    pub fn next_touch(&self, address: u64, from: usize) -> Option<usize> {
        self.0.touch_from(address, from)
    }

    /// The last of the first `most` events that writes the byte at `address`.
    pub fn previous_touch(&self, address: u64, most: usize) -> Option<usize> {
        self.0.touch_before(address, most)
    }

    /// Memory after the first `events` events. Costs nothing until it is read; then each leaf is
    /// worked out once.
    pub fn memory_at(&self, events: usize) -> Image {
        if events >= self.len() {
            return self.0.after.clone();
        }
        let over: Arc<dyn Leaves> = Arc::clone(&self.0) as Arc<dyn Leaves>;
        self.0.before.overlaid(self.0.length(events), over, events)
    }

    /// What the log takes, but for memory before and after, in bytes.
    pub fn kept_bytes(&self) -> usize {
        self.0.kept_bytes()
    }
}

/// Equal where all events are.
impl PartialEq for EventLog {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
