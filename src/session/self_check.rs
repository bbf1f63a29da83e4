//! The recorder checks itself: after every step, memory before plus what was recorded must be
//! memory now.
//!
//! Every leaf of 4 KiB that the record touches is compared with live memory, and a window that
//! moves on with each step over all the others: a write that nobody recorded is found sooner or
//! later, and a step still costs what it touched, not how large memory is. A memory of one page is
//! compared whole each time.

use wasmer::{AsStoreRef, Memory};

use crate::timeline::{LEAF, LeafDifference, RecordedMemory, Writer};

/// Leaves of a memory that is compared whole: a page of 64 KiB.
const SMALL: u64 = 16;
/// Leaves of the window. The system makes a page nobody has touched when it is first looked at:
/// eight of them took longer than all else in a step.
const WINDOW: u64 = 2;

/// In a leaf whose stores were not kept one by one, fewer equal bytes than these do not part two
/// differences: most are the bytes of a number that were written as they were, and millions of
/// differences would take longer than the call itself.
const NUMBER: u32 = 8;
/// Where a leaf would have more differences than these, more equal bytes are passed over, but fewer
/// than the second figure.
const MANY: usize = 8;
const LONGEST_PARTED: u32 = 64;

type Leaf = [u8; LEAF as usize];

/// Where the window stands.
#[derive(Debug, Default)]
pub(super) struct SelfCheck {
    next: u64,
}

impl SelfCheck {
    /// Compares memory as the record has it with the live one, and adds to the record what is
    /// needed to make it true. `touched` are the leaves that the record names, ascending; in those
    /// that are `summarized` too, differences are what was not kept store by store. Gives the first
    /// address at which a difference is a fault: nobody can tell its writer.
    pub fn compare(
        &mut self,
        recorded: &mut RecordedMemory,
        touched: &[u64],
        summarized: &[u64],
        live: &Memory,
        store: &impl AsStoreRef,
    ) -> Option<u64> {
        let mut unexplained: Option<u64> = None;
        let mut bytes = [0; LEAF as usize];
        let others = self
            .window(recorded.size())
            .filter(|start| touched.binary_search(start).is_err());
        for start in touched.iter().copied().chain(others) {
            let len = recorded.size().saturating_sub(start).min(LEAF);
            let (here, past) = bytes.split_at_mut(len as usize);
            past.fill(0);
            if len == 0
                || live.view(store).read(start, here).is_err()
                || *recorded.leaf(start) == bytes
            {
                continue;
            }
            let is_summarized = summarized.binary_search(&start).is_ok();
            differences(recorded.leaf(start), &bytes, is_summarized).for_each_run(|run| {
                let first = start + run.start as u64;
                if !is_summarized {
                    unexplained = Some(unexplained.map_or(first, |known| known.min(first)));
                }
                recorded.correct(first, bytes.get(run).unwrap_or_default(), Writer::guest());
            });
        }
        unexplained
    }

    /// The next leaves to look at, all of them where memory is small.
    fn window(&mut self, len: u64) -> impl Iterator<Item = u64> + use<> {
        let leaves = len.div_ceil(LEAF);
        let (first, count) = if leaves <= SMALL {
            (0, leaves)
        } else {
            (self.next % leaves, WINDOW)
        };
        self.next = first + count;
        (first..first + count).map(move |leaf| leaf % leaves * LEAF)
    }
}

/// Where a leaf is not as it was recorded. In one that is summarized, what lies close together is taken
/// as one.
fn differences(known: &Leaf, live: &Leaf, is_summarized: bool) -> LeafDifference {
    let mut found = LeafDifference::new(known, live);
    let mut parted = NUMBER;
    while is_summarized && parted <= LONGEST_PARTED && (parted == NUMBER || found.runs() > MANY) {
        found.join_gaps(parted);
        parted *= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(known: &[u8], live: &[u8], is_summarized: bool) -> Vec<std::ops::Range<usize>> {
        let [known, live] = [known, live]
            .map(|bytes| std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0)));
        let mut runs = Vec::new();
        differences(&known, &live, is_summarized).for_each_run(|run| runs.push(run));
        runs
    }

    #[test]
    fn what_was_not_kept_is_parted_by_more_than_a_number_only() {
        let (mut known, mut live) = ([0; 40], [0; 40]);
        for at in [1, 2, 10, 19, 39] {
            live[at] = 9;
        }
        known[20] = 7;
        assert_eq!(told(&known, &live, true), [1..11, 19..21, 39..40]);
        assert_eq!(told(&known, &live, false), [1..3, 10..11, 19..21, 39..40]);
        assert!(told(&live, &live, true).is_empty());
    }

    #[test]
    fn a_leaf_whose_stores_were_not_kept_has_few_differences() {
        let (known, mut live) = ([0; LEAF as usize], [0; LEAF as usize]);
        // Three groups, apart by 1 KiB, of numbers that are apart by 16 bytes.
        let at = |group: usize, number: usize| group * 1500 + number * 20;
        for (group, number) in (0..3).flat_map(|group| (0..20).map(move |number| (group, number))) {
            live[at(group, number)..at(group, number) + 4].fill(9);
        }
        assert_eq!(
            told(&known, &live, true),
            [0, 1, 2].map(|group| at(group, 0)..at(group, 0) + 384)
        );
        assert_eq!(told(&known, &live, false).len(), 60);
    }
}
