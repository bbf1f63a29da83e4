//! Out of a ledger, when all events have passed, what is kept of them.

use std::sync::Arc;
use std::thread;

use super::leaf_pool::Sheets;
use super::working_memory::{Closed, Leaves};
use crate::timeline::event_log::byte_mask::differing;
use crate::timeline::event_log::leaf_index::{History, LeafHistory};
use crate::timeline::event_log::summary::Sum;
use crate::timeline::image::LEAF;

/// From so many touches on, a thread of its own brings them in order.
const MANY: usize = 1 << 18;

impl History {
    /// Keeps the leaves that were touched and who touched them.
    pub(super) fn keep(&mut self, leaves: Leaves) {
        let Leaves {
            list,
            sheets,
            stream,
            starts,
            total,
        } = leaves;
        let sort = || stream.sort(starts.clone(), total);
        // Where not all writers are known, the touches are asked for them.
        let is_alone = total < MANY || !list.iter().all(|leaf| leaf.working.is_known());
        let sum = thread::scope(|scope| {
            let sorter = (!is_alone)
                .then(|| thread::Builder::new().spawn_scoped(scope, sort).ok())
                .flatten();
            if sorter.is_none() {
                self.touches = sort();
            }
            let sum = self.keep_leaves(list, &sheets);
            if let Some(sorter) = sorter {
                self.touches = sorter.join().unwrap_or_else(|_| sort());
            }
            sum
        });
        self.summary = sum.finish(self);
    }

    /// Leaf by leaf in order of address.
    fn keep_leaves(&mut self, list: Vec<Closed>, sheets: &Sheets) -> Sum {
        self.leaves.reserve_exact(list.len());
        let mut sum = Sum::default();
        let mut from = 0;
        for Closed {
            working,
            tally,
            place,
        } in list
        {
            let (number, touches) = (working.number, from..from + tally.touches as usize);
            from = touches.end;
            let (blocks, owners) = working.into_parts(tally);
            self.leaves.push(LeafHistory {
                number,
                touches,
                blocks,
            });
            let bytes = sheets.get(place);
            let bits = differing(
                self.before.shared_leaf(number * LEAF).map(|leaf| &**leaf),
                bytes,
            );
            if let Some(bytes) = bytes.filter(|_| bits.iter().any(|bits| *bits != 0)) {
                self.after.put_leaf(number, Arc::new(*bytes));
                self.changed.push(self.leaves.len() as u32 - 1);
                sum.add_leaf(self, &bits, &owners);
            }
        }
        sum
    }
}
