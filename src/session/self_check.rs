//! Checks the recorder itself: after every step, memory before the step plus what was recorded must
//! be live memory.
//!
//! Every 4 KiB leaf that the record touches is compared with live memory, and a window that moves
//! on with each step over all others. So a write that was not recorded is found sooner or later,
//! and a step takes time by what it touched, not by the size of memory. A memory of one page is
//! compared as a whole each time.

use wasmer::{AsStoreRef, Memory};

use crate::timeline::{LEAF, LeafDifference, RecordedMemory, Writer};

/// A memory of up to this many leaves is compared as a whole: one page of 64 KiB.
const MAX_WHOLE: u64 = 16;
/// The size of the window, in leaves. The system creates a page that was never touched when it is
/// first read: eight of them took longer than everything else in a step.
const WINDOW: u64 = 2;

/// In a leaf with summarized stores, fewer equal bytes than these do not separate two differences.
/// Most of them are bytes of a number that did not change, and millions of differences would take
/// longer than the call itself.
const MIN_SEPARATING: u32 = 8;
/// In a leaf with more differences than these, more equal bytes are ignored, but fewer than the
/// second number.
const MAX_DIFFERENCES: usize = 8;
const MAX_SEPARATING: u32 = 64;

type Leaf = [u8; LEAF as usize];

/// Where the window is.
#[derive(Debug, Default)]
pub(super) struct SelfCheck {
    next: u64,
}

impl SelfCheck {
    /// Compares recorded memory with live memory, and corrects the record where it differs.
    /// `touched` are the addresses of the leaves that the record touches, in ascending order. In
    /// those that are in `summarized` too, differences are stores that were not recorded one by
    /// one. Returns the first address with a difference that nothing explains, which is a bug in
    /// the recorder.
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

    /// Returns the addresses of the next leaves to compare: all of them if memory is small.
    fn window(&mut self, len: u64) -> impl Iterator<Item = u64> + use<> {
        let leaves = len.div_ceil(LEAF);
        let (first, count) = if leaves <= MAX_WHOLE {
            (0, leaves)
        } else {
            (self.next % leaves, WINDOW)
        };
        self.next = first + count;
        (first..first + count).map(move |leaf| leaf % leaves * LEAF)
    }
}

/// Returns where a leaf differs from what was recorded. In one with summarized stores, differences
/// that are close to each other are one.
fn differences(known: &Leaf, live: &Leaf, is_summarized: bool) -> LeafDifference {
    let mut found = LeafDifference::new(known, live);
    let mut separating = MIN_SEPARATING;
    while is_summarized
        && separating <= MAX_SEPARATING
        && (separating == MIN_SEPARATING || found.runs() > MAX_DIFFERENCES)
    {
        found.join_gaps(separating);
        separating *= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(known: &[u8], live: &[u8], is_summarized: bool) -> Vec<std::ops::Range<usize>> {
        let [known, live] = [known, live]
            .map(|bytes| std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0)));
        let mut found = Vec::new();
        differences(&known, &live, is_summarized).for_each_run(|run| found.push(run));
        found
    }

    #[test]
    fn summarized_stores_are_separated_by_more_than_a_number_only() {
        let (mut known, mut live) = ([0; 40], [0; 40]);
        for at in [1, 2, 10, 19, 39] {
            live[at] = 9;
        }
        known[20] = 7;
        assert_eq!(runs(&known, &live, true), [1..11, 19..21, 39..40]);
        assert_eq!(runs(&known, &live, false), [1..3, 10..11, 19..21, 39..40]);
        assert!(runs(&live, &live, true).is_empty());
    }

    #[test]
    fn a_leaf_with_summarized_stores_has_few_differences() {
        let (known, mut live) = ([0; LEAF as usize], [0; LEAF as usize]);
        // Three groups, 1 KiB apart, of numbers that are 16 bytes apart.
        let at = |group: usize, number: usize| group * 1500 + number * 20;
        for (group, number) in (0..3).flat_map(|group| (0..20).map(move |number| (group, number))) {
            live[at(group, number)..at(group, number) + 4].fill(9);
        }
        assert_eq!(
            runs(&known, &live, true),
            [0, 1, 2].map(|group| at(group, 0)..at(group, 0) + 384)
        );
        assert_eq!(runs(&known, &live, false).len(), 60);
    }
}
