//! Finds bytes in memory, in both directions. Parts that were never written take no time.

use std::ops::Range;

use super::{Image, LEAF, is_zero};

impl Image {
    /// Returns the first offset from `from` on where `needle` is. All-zero parts are skipped if the
    /// needle is not all zero.
    pub(crate) fn find(&self, needle: &[u8], from: u64) -> Option<u64> {
        let last = self
            .len
            .checked_sub(needle.len() as u64)
            .filter(|_| !needle.is_empty())?;
        let zero_needle = is_zero(needle);
        let mut at = from;
        while at <= last {
            let chunk_end = (at / LEAF + 1) * LEAF;
            let window_len = (chunk_end - at + needle.len() as u64 - 1).min(self.len - at);
            if zero_needle || self.has_bytes(at..at + window_len) {
                let window = self.read(at, window_len);
                if let Some(found) = find_in(&window, needle) {
                    return Some(at + found as u64);
                }
            }
            at = chunk_end;
        }
        None
    }

    /// Returns the last offset before `before` where `needle` begins.
    pub(crate) fn rfind(&self, needle: &[u8], before: u64) -> Option<u64> {
        let mut chunk = before.min(self.len).div_ceil(LEAF);
        while let Some(index) = chunk.checked_sub(1) {
            let start = index * LEAF;
            let mut found = None;
            let mut at = start;
            while let Some(hit) = self.find_within(needle, at, (start + LEAF).min(before)) {
                found = Some(hit);
                at = hit + 1;
            }
            if found.is_some() {
                return found;
            }
            chunk = index;
        }
        None
    }

    fn find_within(&self, needle: &[u8], from: u64, starts_before: u64) -> Option<u64> {
        if from >= starts_before || needle.is_empty() {
            return None;
        }
        let len =
            (starts_before - from + needle.len() as u64 - 1).min(self.len.saturating_sub(from));
        find_in(&self.read(from, len), needle).map(|found| from + found as u64)
    }

    /// Returns whether a range has leaves in the tree, which may have anything but zeros.
    fn has_bytes(&self, range: Range<u64>) -> bool {
        let first = range.start / LEAF;
        let last = range.end.saturating_sub(1) / LEAF;
        (first..=last).any(|leaf| self.leaf(leaf * LEAF).is_some())
    }
}

fn find_in(window: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = window.get(from..)?.iter().position(|b| *b == first) {
        let at = from + step;
        if window.get(at..at + needle.len())? == needle {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
