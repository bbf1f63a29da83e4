//! The bytes of the leaves that were touched, as they are now.
//!
//! Most of the time of scattered stores is the system's search for pages. Therefore many leaves are
//! together in huge pages.

use crate::timeline::event_log::chunk::Chunk;
use crate::timeline::image::{LEAF, Leaf};

/// Leaves, numbered in the order in which they were added. Each chunk holds twice as many as the
/// one before, so that a number alone decides where a leaf is.
#[derive(Debug, Default)]
pub(super) struct LeafPool {
    chunks: Vec<Chunk>,
    len: u32,
}

/// Returns the chunk that holds a leaf, and the leaf's index there.
#[inline]
fn locate(number: u32) -> (usize, usize) {
    let chunk = (number + 1).ilog2();
    (chunk as usize, (number + 1 - (1 << chunk)) as usize)
}

impl LeafPool {
    /// Appends a copy of a leaf; `None` is a leaf of zeros.
    pub(super) fn push(&mut self, leaf: Option<&Leaf>) {
        let number = self.len;
        let (chunk, _) = locate(number);
        if chunk == self.chunks.len() {
            self.chunks.push(Chunk::zeroed((LEAF as usize) << chunk));
        }
        self.len += 1;
        if let (Some(leaf), Some(new)) = (leaf, self.get_mut(number)) {
            *new = *leaf;
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&Leaf> {
        let (chunk, index) = locate(number);
        self.chunks.get(chunk)?.bytes().as_chunks().0.get(index)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Leaf> {
        let (chunk, index) = locate(number);
        self.chunks
            .get_mut(chunk)?
            .bytes_mut()
            .as_chunks_mut()
            .0
            .get_mut(index)
    }
}
