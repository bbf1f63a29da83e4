//! Marks on the bytes of a leaf, one bit each, and the runs that they make.

use std::ops::Range;

use crate::timeline::image::{LEAF, Leaf};

/// One bit for each byte of a leaf; the first byte is the lowest bit of the first word.
pub(super) type ByteMask = [u64; LEAF as usize / 64];

const ZERO: Leaf = [0; LEAF as usize];

/// The bytes in which two leaves of 4 KiB differ.
#[derive(Debug, Clone)]
pub struct LeafDifference(ByteMask);

impl LeafDifference {
    /// Compares two leaves.
    pub fn new(a: &[u8; LEAF as usize], b: &[u8; LEAF as usize]) -> Self {
        LeafDifference(differing_bytes(Some(a), Some(b)))
    }

    /// Returns the number of maximal runs of differing bytes.
    pub fn runs(&self) -> usize {
        let edges: u32 = marked_edges(&self.0)
            .iter()
            .map(|word| word.count_ones())
            .sum();
        edges.div_ceil(2) as usize
    }

    /// Counts equal bytes between two runs as different if they are fewer than `bytes`: a power of
    /// two up to 64.
    pub fn join_gaps(&mut self, bytes: u32) {
        close_gaps(&mut self.0, bytes);
    }

    /// Calls `visit` for each maximal run of differing bytes, in order.
    pub fn for_each_run(&self, visit: impl FnMut(Range<usize>)) {
        for_each_part(&self.0, [0; LEAF as usize / 64], visit);
    }
}

/// Marks a range of bytes.
#[inline]
pub(super) fn mark(mask: &mut ByteMask, from: usize, to: usize) {
    for_each_word(mask, from, to, |word, bits| *word |= bits);
}

/// Clears the marks of a range of bytes.
#[inline]
pub(super) fn clear(mask: &mut ByteMask, from: usize, to: usize) {
    for_each_word(mask, from, to, |word, bits| *word &= !bits);
}

/// Calls `change` for each word of a range of bytes, with the bits of the range in it.
#[inline]
fn for_each_word(
    mask: &mut ByteMask,
    from: usize,
    to: usize,
    mut change: impl FnMut(&mut u64, u64),
) {
    let mut at = from;
    while at < to {
        let end = (at / 64 * 64 + 64).min(to);
        if let Some(word) = mask.get_mut(at / 64) {
            change(word, range_mask(at, end));
        }
        at = end;
    }
}

/// Returns the bits of the bytes `from..to` in their word. The range is not empty and within one
/// word.
#[inline]
pub(super) fn range_mask(from: usize, to: usize) -> u64 {
    let bits = if to - from == 64 {
        u64::MAX
    } else {
        (1 << (to - from)) - 1
    };
    bits << (from % 64)
}

/// Returns whether any byte of a range is marked.
pub(super) fn is_any_marked(mask: &ByteMask, range: Range<usize>) -> bool {
    let words = range.start / 64..range.end.div_ceil(64);
    let mut words = words.clone().zip(mask.get(words).unwrap_or_default());
    words.any(|(index, word)| {
        let from = range.start.max(index * 64);
        let to = range.end.min(index * 64 + 64);
        from < to && word & range_mask(from, to) != 0
    })
}

/// Returns whether any byte is marked in both.
pub(super) fn intersects(a: &ByteMask, b: &ByteMask) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

/// Returns which bytes of two leaves differ. `None` is a leaf of zeros.
pub(super) fn differing_bytes(before: Option<&Leaf>, after: Option<&Leaf>) -> ByteMask {
    let before = before.unwrap_or(&ZERO).as_chunks::<64>().0;
    let after = after.unwrap_or(&ZERO).as_chunks::<64>().0;
    let mut mask = [0; LEAF as usize / 64];
    for (word, (before, after)) in mask.iter_mut().zip(before.iter().zip(after)) {
        if before != after {
            let eights = before
                .as_chunks::<8>()
                .0
                .iter()
                .zip(after.as_chunks::<8>().0);
            *word = eights.rev().fold(0, |word, (before, after)| {
                word << 8 | unequal_bytes(*before, *after)
            });
        }
    }
    mask
}

/// Returns which of eight bytes differ, one bit each.
fn unequal_bytes(a: [u8; 8], b: [u8; 8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differing = u64::from_le_bytes(a) ^ u64::from_le_bytes(b);
    // The addition carries into the top bit of a byte if any of its lower bits is set. With the top
    // bit itself, that is the top bit of each byte that is not zero.
    let tops = (((differing & LOW) + LOW) | differing) & !LOW;
    // The multiplication moves the eight bits next to each other in the top byte.
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Returns the bytes at which a run of marks begins, or after which it has ended.
pub(super) fn marked_edges(mask: &ByteMask) -> ByteMask {
    let mut last = 0;
    mask.map(|word| {
        let before = word << 1 | last;
        last = word >> 63;
        word ^ before
    })
}

/// Calls `visit` for each maximal run of marked bytes, in order. A run is also cut before the bytes
/// that are marked in `cuts`.
pub(super) fn for_each_part(mask: &ByteMask, cuts: ByteMask, mut visit: impl FnMut(Range<usize>)) {
    let (mut from, mut last) = (None, 0);
    for (index, (word, cuts)) in mask.iter().zip(cuts).enumerate() {
        let before = word << 1 | last;
        last = word >> 63;
        let mut edges = (word ^ before) | (word & before & cuts);
        while edges != 0 {
            let bit = edges.trailing_zeros();
            let at = index * 64 + bit as usize;
            edges &= edges - 1;
            if let Some(from) = from.take() {
                visit(from..at);
            }
            from = (word >> bit & 1 == 1).then_some(at);
        }
    }
    if let Some(from) = from {
        visit(from..LEAF as usize);
    }
}

/// Marks the bytes between two marked ones if they are fewer than `step`: 1, 2, 4 and so on up to
/// 64.
pub(super) fn close_gaps(mask: &mut ByteMask, step: u32) {
    // Every mark is widened by `step - 1` bytes upwards, and what came out narrowed by as many
    // downwards: gaps that were filled stay. The word after the last one takes what goes past it.
    let mut wide = [0; LEAF as usize / 64 + 1];
    wide.iter_mut()
        .zip(mask.iter())
        .for_each(|(wide, word)| *wide = *word);
    let steps = || {
        (0..)
            .map(|power| 1 << power)
            .take_while(move |by| *by < step)
    };
    for by in steps() {
        let mut last = 0;
        for word in &mut wide {
            let moved = *word << by | last;
            last = *word >> (64 - by);
            *word |= moved;
        }
    }
    for by in steps() {
        let mut next = 0;
        for word in wide.iter_mut().rev() {
            let moved = *word >> by | next;
            next = *word << (64 - by);
            *word &= moved;
        }
    }
    mask.iter_mut()
        .zip(wide)
        .for_each(|(word, wide)| *word = wide);
}

/// Returns the bytes whose value in `all` differs from that of the byte before.
pub(super) fn value_edges<T: PartialEq>(all: &[T; LEAF as usize]) -> ByteMask {
    std::array::from_fn(|word| {
        let first = (word * 64).max(1);
        let end = word * 64 + 64;
        let (here, before) = (
            all.get(first..end).unwrap_or_default(),
            all.get(first - 1..end - 1).unwrap_or_default(),
        );
        if here == before {
            return 0;
        }
        let differing = here
            .iter()
            .zip(before)
            .map(|(here, before)| u64::from(here != before));
        differing
            .zip(first % 64..)
            .fold(0, |bits, (differs, bit)| bits | differs << bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs(bits: &ByteMask) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        for_each_part(bits, [0; LEAF as usize / 64], |run| runs.push(run));
        runs
    }

    proptest! {
        #[test]
        fn gaps_are_closed_up_to_a_length(
            marked in prop::collection::vec((0..LEAF as usize, 1..40usize), 0..60),
            power in 0..7u32,
        ) {
            let mut bits = [0; LEAF as usize / 64];
            let mut bytes = [false; LEAF as usize];
            for (from, len) in marked {
                let to = (from + len).min(LEAF as usize);
                mark(&mut bits, from, to);
                bytes[from..to].fill(true);
            }
            let mut expected: Vec<Range<usize>> = Vec::new();
            let mut closed: Vec<Range<usize>> = Vec::new();
            for at in (0..LEAF as usize).filter(|at| bytes[*at]) {
                for (runs, gap) in [(&mut expected, 0), (&mut closed, (1 << power) - 1)] {
                    match runs.last_mut() {
                        Some(run) if at - run.end <= gap => run.end = at + 1,
                        _ => runs.push(at..at + 1),
                    }
                }
            }
            prop_assert_eq!(runs(&bits), expected.clone());
            prop_assert_eq!(LeafDifference(bits).runs(), expected.len());
            close_gaps(&mut bits, 1 << power);
            prop_assert_eq!(runs(&bits), closed);
        }
    }

    proptest! {
        #[test]
        fn marks_in_a_range_are_seen(
            marked in prop::collection::vec(0..LEAF as usize, 0..4),
            from in 0..LEAF as usize,
            len in 0..300_usize,
        ) {
            let mut mask = [0; LEAF as usize / 64];
            marked.iter().for_each(|at| mark(&mut mask, *at, *at + 1));
            let range = from..(from + len).min(LEAF as usize);
            let is_any = marked.iter().any(|at| range.contains(at));
            prop_assert_eq!(is_any_marked(&mask, range), is_any);
        }
    }
}
