//! What is kept of one leaf while events are replayed, beyond its bytes and its counter.

use std::ops::Range;
use std::sync::Arc;

use super::last_writers::LastWriters;
use super::leaf_counters::{LeafCounter, SEVERAL};
use crate::timeline::event_log::byte_mask::{ByteMask, mark};
use crate::timeline::event_log::leaf_index::{Checkpoint, WriterId};
use crate::timeline::image::{LEAF, Leaf};

/// A leaf that was touched.
#[derive(Debug)]
pub(super) struct LeafState {
    /// The address of the leaf, in leaves.
    pub(super) number: u64,
    checkpoints: Vec<Checkpoint>,
    /// Which bytes were written since the last checkpoint; `None` before the first.
    written: Option<Box<ByteMask>>,
    /// The last writers, if there are several. A single one is in the counter.
    writers: Option<LastWriters>,
}

impl LeafState {
    pub(super) fn new(number: u64) -> Self {
        LeafState {
            number,
            checkpoints: Vec::new(),
            written: None,
            writers: None,
        }
    }

    /// Returns how much memory the last writers take, in bytes.
    pub(super) fn details_bytes(&self) -> usize {
        self.writers.as_ref().map_or(0, LastWriters::boxed_bytes)
    }

    /// Returns the checkpoints and the last writers. `counter` is that of the leaf.
    pub(super) fn into_parts(self, counter: LeafCounter) -> (Box<[Checkpoint]>, LastWriters) {
        let writers = self.writers.unwrap_or(LastWriters::One(counter.by));
        (self.checkpoints.into_boxed_slice(), writers)
    }

    /// Keeps which bytes an event has written, and the writer.
    #[inline]
    pub(super) fn add_write(
        &mut self,
        counter: &mut LeafCounter,
        range: Range<usize>,
        by: WriterId,
    ) {
        if let Some(written) = &mut self.written {
            mark(written, range.start, range.end);
        }
        if counter.by != by {
            self.add_writer(counter, range, by);
        }
    }

    /// Adds a writer that is not the only one so far.
    fn add_writer(&mut self, counter: &mut LeafCounter, range: Range<usize>, by: WriterId) {
        // The first writer, or one that has written the whole leaf, is the only one again.
        if counter.by == WriterId::NOBODY || range.len() == LEAF as usize {
            counter.by = by;
            self.writers = None;
            return;
        }
        let one = std::mem::replace(&mut counter.by, SEVERAL);
        self.writers
            .get_or_insert(LastWriters::One(one))
            .set(range, by);
    }

    /// Adds a checkpoint with the leaf's bytes.
    #[cold]
    pub(super) fn add_checkpoint(&mut self, bytes: &Leaf) {
        let next = Box::new([0; LEAF as usize / 64]);
        // Before the first checkpoint it is not kept which bytes were written, so all may be. To
        // mark them for each store, in leaves that mostly never get a checkpoint, would take longer
        // than to look at some events in vain.
        let written = self
            .written
            .replace(next)
            .unwrap_or_else(|| Box::new([u64::MAX; LEAF as usize / 64]));
        self.checkpoints.push(Checkpoint {
            leaf: Arc::new(*bytes),
            written,
        });
    }
}
