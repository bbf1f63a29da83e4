//! Builds the index over the events after all of them were replayed.

use std::sync::Arc;

use super::leaf_pool::LeafPool;
use super::working_memory::{FinishedLeaf, FinishedLeaves};
use crate::timeline::event_log::byte_mask::differing_bytes;
use crate::timeline::event_log::leaf_index::{History, LeafHistory};
use crate::timeline::event_log::summary::SummaryBuilder;
use crate::timeline::event_log::touches::Touches;
use crate::timeline::image::LEAF;

impl History {
    /// Adds the leaves that were touched, the events that touched them, and the summary.
    pub(super) fn build_index(&mut self, leaves: FinishedLeaves) {
        let FinishedLeaves {
            list,
            pool,
            stream,
            starts,
            total,
        } = leaves;
        self.touches = Touches::new(stream, starts, total);
        let summary = self.add_leaves(list, &pool);
        self.summary = summary.finish(self);
    }

    /// Adds the leaves in the order of their addresses, and sums up their changes.
    fn add_leaves(&mut self, list: Vec<FinishedLeaf>, pool: &LeafPool) -> SummaryBuilder {
        self.leaves.reserve_exact(list.len());
        let mut summary = SummaryBuilder::default();
        let mut from = 0;
        for FinishedLeaf {
            state,
            counter,
            index,
        } in list
        {
            let (number, touches) = (state.number, from..from + counter.touches as usize);
            from = touches.end;
            let (checkpoints, writers) = state.into_parts(counter);
            self.leaves.push(LeafHistory {
                number,
                touches,
                checkpoints,
            });
            let bytes = pool.get(index);
            let before = self.before.shared_leaf(number * LEAF).map(|leaf| &**leaf);
            let changed = differing_bytes(before, bytes);
            if let Some(bytes) = bytes.filter(|_| changed.iter().any(|word| *word != 0)) {
                self.after.put_leaf(number, Arc::new(*bytes));
                self.changed.push(self.leaves.len() as u32 - 1);
                summary.add_leaf(self, &changed, &writers);
            }
        }
        summary
    }
}
