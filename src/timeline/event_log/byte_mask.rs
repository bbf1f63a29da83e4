//! Marks on the bytes of a leaf, one bit each, and the runs they make.

use std::ops::Range;

use crate::timeline::image::{LEAF, Leaf};

/// One bit for each byte of a leaf.
pub(super) type Bits = [u64; LEAF as usize / 64];

const ZERO: Leaf = [0; LEAF as usize];

/// Where two leaves of 4 KiB differ.
#[derive(Debug, Clone)]
pub struct Differing(Bits);

impl Differing {
    pub fn new(a: &[u8; LEAF as usize], b: &[u8; LEAF as usize]) -> Self {
        Differing(differing(Some(a), Some(b)))
    }

    /// How many runs of bytes there are, each as long as it can be.
    pub fn runs(&self) -> usize {
        let edges: u32 = edges(&self.0).iter().map(|word| word.count_ones()).sum();
        edges.div_ceil(2) as usize
    }

    /// Counts bytes that lie between two others as different, where they are fewer than `bytes`: a
    /// power of two up to 64.
    pub fn join(&mut self, bytes: u32) {
        close_gaps(&mut self.0, bytes);
    }

    /// Tells the runs in order.
    pub fn each(&self, tell: impl FnMut(Range<usize>)) {
        each_part(&self.0, [0; LEAF as usize / 64], tell);
    }
}

/// Marks a range of bytes.
#[inline]
pub(super) fn mark(bits: &mut Bits, from: usize, to: usize) {
    each_word(bits, from, to, |word, ones| *word |= ones);
}

/// Takes the marks of a range of bytes away.
#[inline]
pub(super) fn clear(bits: &mut Bits, from: usize, to: usize) {
    each_word(bits, from, to, |word, ones| *word &= !ones);
}

#[inline]
fn each_word(bits: &mut Bits, from: usize, to: usize, mut change: impl FnMut(&mut u64, u64)) {
    let mut at = from;
    while at < to {
        let end = (at / 64 * 64 + 64).min(to);
        let ones = if end - at == 64 {
            u64::MAX
        } else {
            (1 << (end - at)) - 1
        };
        if let Some(word) = bits.get_mut(at / 64) {
            change(word, ones << (at % 64));
        }
        at = end;
    }
}

/// Whether any byte is marked in both.
pub(super) fn meet(a: &Bits, b: &Bits) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

/// Which bytes of two leaves differ; one that is not there is all zero.
pub(super) fn differing(before: Option<&Leaf>, after: Option<&Leaf>) -> Bits {
    let (before, after) = (
        before.unwrap_or(&ZERO).as_chunks::<64>().0,
        after.unwrap_or(&ZERO).as_chunks::<64>().0,
    );
    let mut bits = [0; LEAF as usize / 64];
    for (word, (before, after)) in bits.iter_mut().zip(before.iter().zip(after)) {
        if before != after {
            let eights = before
                .as_chunks::<8>()
                .0
                .iter()
                .zip(after.as_chunks::<8>().0);
            *word = eights.rev().fold(0, |word, (before, after)| {
                word << 8 | unequal(*before, *after)
            });
        }
    }
    bits
}

/// Which of eight bytes differ, one bit each.
fn unequal(a: [u8; 8], b: [u8; 8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differing = u64::from_le_bytes(a) ^ u64::from_le_bytes(b);
    // The top bit of each byte that is not zero, and then all of them brought together.
    let tops = (((differing & LOW) + LOW) | differing) & !LOW;
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Which bytes are marked where the one before is not, or the other way round. Before the first
/// there is no mark.
pub(super) fn edges(bits: &Bits) -> Bits {
    let mut last = 0;
    bits.map(|bits| {
        let before = bits << 1 | last;
        last = bits >> 63;
        bits ^ before
    })
}

/// Tells the longest runs of marked bytes, in order; a run is also cut in front of the bytes marked
/// in `cuts`.
pub(super) fn each_part(bits: &Bits, cuts: Bits, mut tell: impl FnMut(Range<usize>)) {
    let (mut from, mut last) = (None, 0);
    for (word, (bits, cuts)) in bits.iter().zip(cuts).enumerate() {
        let before = bits << 1 | last;
        last = bits >> 63;
        let mut edges = (bits ^ before) | (bits & before & cuts);
        while edges != 0 {
            let bit = edges.trailing_zeros();
            let at = word * 64 + bit as usize;
            edges &= edges - 1;
            if let Some(from) = from.take() {
                tell(from..at);
            }
            from = (bits >> bit & 1 == 1).then_some(at);
        }
    }
    if let Some(from) = from {
        tell(from..LEAF as usize);
    }
}

/// Marks what lies between two marked bytes as well, where that is fewer than `step` bytes: 1, 2, 4
/// and so on up to 64.
fn close_gaps(bits: &mut Bits, step: u32) {
    let mut wide = [0; LEAF as usize / 64 + 1];
    wide.iter_mut()
        .zip(bits.iter())
        .for_each(|(wide, bits)| *wide = *bits);
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
    bits.iter_mut()
        .zip(wide)
        .for_each(|(bits, wide)| *bits = wide);
}

/// Where each of a leaf's bytes has something else than the one before it.
pub(super) fn changing<T: PartialEq>(all: &[T; LEAF as usize]) -> Bits {
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
            .fold(0, |bits, (differs, place)| bits | differs << place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs(bits: &Bits) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        each_part(bits, [0; LEAF as usize / 64], |run| runs.push(run));
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
            prop_assert_eq!(Differing(bits).runs(), expected.len());
            close_gaps(&mut bits, 1 << power);
            prop_assert_eq!(runs(&bits), closed);
        }
    }
}
