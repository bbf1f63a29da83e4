//! Reads events one after another, with the bytes before each. The leaves that they touch are kept,
//! so that none is computed twice.

use std::collections::HashMap;

use super::leaf_index::{History, StoredWrite};
use crate::timeline::Event;
use crate::timeline::image::{LEAF, Leaf};

pub(super) struct EventCursor<'a> {
    history: &'a History,
    /// The first event. A leaf that no event has touched since is as it was before that one.
    first: usize,
    /// The next event.
    at: usize,
    leaves: Vec<Box<Leaf>>,
    /// By leaf number, the index in `leaves`.
    indices: HashMap<u64, usize>,
    /// The number and the index of the leaf that was touched last.
    last: (u64, usize),
}

impl<'a> EventCursor<'a> {
    pub(super) fn new(history: &'a History, first: usize) -> Self {
        EventCursor {
            history,
            first,
            at: first,
            leaves: Vec::new(),
            indices: HashMap::new(),
            last: (u64::MAX, 0),
        }
    }

    /// Applies a write to the leaves, and returns the bytes before it.
    fn apply(&mut self, write: &StoredWrite) -> Vec<u8> {
        let len = write.bytes.len();
        let end = self.history.length(self.at);
        let mut before = vec![0; usize::try_from(len).unwrap_or(0)];
        let mut at = 0;
        while at < before.len() {
            let from = write.start.saturating_add(at as u64);
            let offset = (from % LEAF) as usize;
            let count = (LEAF as usize - offset).min(before.len() - at);
            let fits = count.min(usize::try_from(end.saturating_sub(from)).unwrap_or(count));
            if fits > 0
                && let Some(leaf) = self.leaf(from / LEAF)
                && let Some(part) = leaf.get_mut(offset..offset + fits)
                && let Some(was) = before.get_mut(at..at + fits)
            {
                was.copy_from_slice(part);
                write.bytes.copy_to(at, part);
            }
            at += count;
        }
        before
    }

    fn leaf(&mut self, number: u64) -> Option<&mut Leaf> {
        if self.last.0 != number {
            let index = *self.indices.entry(number).or_insert_with(|| {
                let leaf = self.history.leaf_at(number, self.first);
                self.leaves.push(
                    leaf.map_or_else(|| Box::new([0; LEAF as usize]), |leaf| Box::new(*leaf)),
                );
                self.leaves.len() - 1
            });
            self.last = (number, index);
        }
        self.leaves.get_mut(self.last.1).map(|leaf| &mut **leaf)
    }
}

impl Iterator for EventCursor<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let history = self.history;
        let event = history.event(self.at, |write| self.apply(write).into())?;
        self.at += 1;
        Some(event)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.history.len().saturating_sub(self.at);
        (left, Some(left))
    }
}
