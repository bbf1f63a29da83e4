//! What is kept of one leaf while the events pass by, beside its bytes and what is counted for each
//! store.

use std::ops::Range;
use std::sync::Arc;

use super::last_writers::Owners;
use super::leaf_counters::{SEVERAL, Tally};
use crate::timeline::event_log::byte_mask::{Bits, mark};
use crate::timeline::event_log::leaf_index::{Block, WriterId};
use crate::timeline::image::{LEAF, Leaf};

/// A leaf that was touched.
#[derive(Debug, Clone)]
pub(super) struct LeafState {
    pub(super) number: u64,
    blocks: Vec<Block>,
    /// Which bytes were written since the last of the blocks, once there is one.
    written: Option<Box<Bits>>,
    /// Where there are several.
    owners: Option<Owners>,
}

impl LeafState {
    pub(super) fn new(number: u64) -> Self {
        LeafState {
            number,
            blocks: Vec::new(),
            written: None,
            owners: None,
        }
    }

    /// Whether it is known who wrote its bytes last.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.owners, Some(Owners::Unknown))
    }

    /// The copies made on the way, and who wrote its bytes last.
    pub(super) fn into_parts(self, tally: Tally) -> (Box<[Block]>, Owners) {
        let owners = self.owners.unwrap_or(Owners::One(tally.by));
        (self.blocks.into_boxed_slice(), owners)
    }

    /// Keeps which of its bytes were written, and by whom.
    #[inline]
    pub(super) fn wrote(&mut self, tally: &mut Tally, range: Range<usize>, by: WriterId) {
        if let Some(written) = &mut self.written {
            mark(written, range.start, range.end);
        }
        if tally.by != by {
            self.share(tally, range, by);
        }
    }

    /// Notes a writer that is not all there is.
    fn share(&mut self, tally: &mut Tally, range: Range<usize>, by: WriterId) {
        if tally.by == WriterId::NOBODY || range.len() == LEAF as usize {
            tally.by = by;
            self.owners = None;
            return;
        }
        let one = std::mem::replace(&mut tally.by, SEVERAL);
        self.owners.get_or_insert(Owners::One(one)).wrote(range, by);
    }

    /// Keeps a copy of its bytes. Of the first events it is not known what they wrote: to mark that
    /// for each store, in leaves that mostly never come so far, would take longer than to look at
    /// some in vain.
    #[cold]
    pub(super) fn copy(&mut self, bytes: &Leaf) {
        let next = Box::new([0; LEAF as usize / 64]);
        let written = self
            .written
            .replace(next)
            .unwrap_or_else(|| Box::new([u64::MAX; LEAF as usize / 64]));
        self.blocks.push(Block {
            leaf: Arc::new(*bytes),
            written,
        });
    }
}
