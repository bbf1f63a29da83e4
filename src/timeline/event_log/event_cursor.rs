//! Events one after another, with the bytes before each: the leaves they touch are kept as they go,
//! so that none is worked out twice.

use std::collections::HashMap;

use super::leaf_index::{History, Kept};
use crate::timeline::Event;
use crate::timeline::image::{LEAF, Leaf};

pub(super) struct Cursor<'a> {
    history: &'a History,
    /// Where it started: a leaf nobody asked for yet is as it was then.
    from: usize,
    at: usize,
    leaves: Vec<Box<Leaf>>,
    places: HashMap<u64, usize>,
    /// The leaf touched last and its place.
    last: (u64, usize),
}

impl<'a> Cursor<'a> {
    pub(super) fn new(history: &'a History, from: usize) -> Self {
        Cursor {
            history,
            from,
            at: from,
            leaves: Vec::new(),
            places: HashMap::new(),
            last: (u64::MAX, 0),
        }
    }

    /// The bytes before a write, and lets it happen.
    fn pass(&mut self, kept: &Kept) -> Vec<u8> {
        let len = kept.bytes.len();
        let end = self.history.length(self.at);
        let mut before = vec![0; usize::try_from(len).unwrap_or(0)];
        let mut at = 0;
        while at < before.len() {
            let from = kept.start.saturating_add(at as u64);
            let within = (from % LEAF) as usize;
            let take = (LEAF as usize - within).min(before.len() - at);
            let fits = take.min(usize::try_from(end.saturating_sub(from)).unwrap_or(take));
            if fits > 0
                && let Some(part) = self
                    .leaf(from / LEAF)
                    .and_then(|leaf| leaf.get_mut(within..within + fits))
                && let Some(was) = before.get_mut(at..at + fits)
            {
                was.copy_from_slice(part);
                kept.bytes.put(at, part);
            }
            at += take;
        }
        before
    }

    fn leaf(&mut self, number: u64) -> Option<&mut Leaf> {
        if self.last.0 != number {
            let place = *self.places.entry(number).or_insert_with(|| {
                let known = self.history.leaf_at(number, self.from);
                self.leaves.push(
                    known.map_or_else(|| Box::new([0; LEAF as usize]), |leaf| Box::new(*leaf)),
                );
                self.leaves.len() - 1
            });
            self.last = (number, place);
        }
        self.leaves.get_mut(self.last.1).map(|leaf| &mut **leaf)
    }
}

impl Iterator for Cursor<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let history = self.history;
        let event = history.event(self.at, |kept| self.pass(kept).into())?;
        self.at += 1;
        Some(event)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.history.len().saturating_sub(self.at);
        (left, Some(left))
    }
}
