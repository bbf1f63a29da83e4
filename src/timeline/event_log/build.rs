//! Out of what a running step told: its events, and what they come to. One pass makes events of it
//! and lets each happen to the leaves it touches; of a long step, a part of that is done while it
//! runs.

mod build_index;
mod last_writers;
mod leaf_counters;
mod leaf_pool;
mod leaf_state;
mod replay;
#[cfg(test)]
mod tests;
mod touch_stream;
mod working_memory;
mod write_batch;

pub(super) use last_writers::Owners;
pub(super) use replay::Pass;

use std::sync::Arc;

use super::EventLog;
use super::changes::Changes;
use super::recording::Recording;
use crate::timeline::image::LEAF;
use crate::timeline::{Image, Writer};

/// What a recording comes to.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    pub events: EventLog,
    /// Memory before, and the events.
    pub memory: Image,
    pub changes: Changes,
    /// The sites that wrote, each once, ascending.
    pub sites: Vec<u32>,
    /// How many single stores the guest made.
    pub stores: u64,
    /// How many of them are events of their own.
    pub recorded: u64,
    /// The guest's wishes for more memory that were not granted, each once; a bounded number of
    /// them.
    pub refused: Vec<Refused>,
}

/// A `memory.grow` that answered -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub site: u32,
    /// Memory's size then, in pages.
    pub pages: u64,
    /// How many more were asked for.
    pub by: u64,
}

/// Memory as the events of a recording make it, for who can hold it against the truth.
pub struct Recorded<'a>(&'a mut Pass);

impl Recorded<'_> {
    /// Memory's length in bytes.
    pub fn size(&self) -> u64 {
        self.0.ledger().len()
    }

    /// The 4 KiB that begin at `start`, a multiple of that; zero past the end.
    pub fn leaf(&self, start: u64) -> &[u8; LEAF as usize] {
        self.0.ledger().leaf(start / LEAF)
    }

    /// Appends to the events what memory holds in truth from `start` on.
    pub fn differs(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        self.0.differs(start, bytes, writer);
    }
}

/// From so many entries on, those told so far are settled while the step still runs: few enough
/// that it takes some milliseconds, wherever they go.
const MANY: usize = 1 << 18;
/// The same for the bytes that bulk operations wrote.
const MUCH: u64 = 256 << 20;

impl Recording {
    /// Works out what the events come to, over memory before them.
    pub fn settle(self, before: &Image) -> Settled {
        self.settle_against(before, |_, _| {})
    }

    /// Like [`settle`](Recording::settle); `check` is given memory as the events make it and the
    /// starts of the leaves that were touched or noted, ascending, and tells what is different in
    /// truth.
    pub fn settle_against(
        mut self,
        before: &Image,
        check: impl FnOnce(&mut Recorded, &[u64]),
    ) -> Settled {
        let (stores, recorded) = (self.all_stores(), self.guest_stores());
        let mut touched = self.noted_leaves();
        let mut pass = self.pass(before);
        touched.extend(pass.ledger().starts());
        touched.sort_unstable();
        touched.dedup();
        check(&mut Recorded(&mut pass), &touched);
        let sites = pass.sites();
        let refused = pass.refused();
        let events = EventLog(Arc::new(pass.finish(before)));
        let memory = events.0.after.clone();
        Settled {
            changes: Changes(events.clone()),
            events,
            memory,
            sites,
            stores,
            recorded,
            refused,
        }
    }

    /// Settles what was told so far, where it is much: who waits for the end of the step then waits
    /// only for what came since. None of it can be taken back any more.
    pub(super) fn settle_ahead(&mut self) {
        if self.slots.len() >= MANY || self.unsettled >= MUCH {
            self.settle_so_far();
        }
    }

    /// Settles what was told so far, where memory before it is known.
    pub(super) fn settle_so_far(&mut self) {
        let Some(before) = self.before.clone() else {
            return;
        };
        let mut pass = self.pass(&before);
        pass.give_back(self);
        self.ahead = Some(Box::new(pass));
    }

    /// A pass over all that was told.
    fn pass(&mut self, before: &Image) -> Pass {
        let events = self.slots.len() + self.asides.len();
        let mut pass = match self.ahead.take() {
            Some(ahead) => *ahead,
            None => Pass::new(Arc::clone(&self.table), before, events),
        };
        pass.go_on(self);
        self.unsettled = 0;
        pass
    }
}
