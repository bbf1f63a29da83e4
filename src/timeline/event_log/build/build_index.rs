//! Builds the index over the events after all of them were replayed.

use std::sync::Arc;
use std::thread;

use super::leaf_pool::LeafPool;
use super::working_memory::{FinishedLeaf, FinishedLeaves};
use crate::timeline::event_log::byte_mask::differing_bytes;
use crate::timeline::event_log::leaf_index::{History, LeafHistory};
use crate::timeline::event_log::summary::SummaryBuilder;
use crate::timeline::image::LEAF;

/// This many touches are sorted in a thread of their own.
const MIN_TOUCHES_FOR_THREAD: usize = 1 << 18;

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
        let sort = || stream.sort(starts.clone(), total);
        // Where writers are unknown, the summary finds them by the touches. These must be sorted
        // before then.
        let is_parallel = total >= MIN_TOUCHES_FOR_THREAD
            && list.iter().all(|leaf| leaf.state.has_known_writers());
        let summary = thread::scope(|scope| {
            let sorter = is_parallel
                .then(|| thread::Builder::new().spawn_scoped(scope, sort).ok())
                .flatten();
            if sorter.is_none() {
                self.touches = sort();
            }
            let summary = self.add_leaves(list, &pool);
            if let Some(sorter) = sorter {
                self.touches = sorter.join().unwrap_or_else(|_| sort());
            }
            summary
        });
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
