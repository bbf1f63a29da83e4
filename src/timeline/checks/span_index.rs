//! Spans by their bytes: the ones that share bytes with a span are found without a look at the
//! others.

use std::collections::{BTreeMap, BTreeSet};

use crate::timeline::Span;

/// Spans with a number each. Spans of similar lengths are together, ordered by their start, so that a
/// search knows how far below it one can begin that reaches it.
#[derive(Debug, Default)]
pub(super) struct SpanIndex {
    /// By the binary logarithm of the length: start and number.
    by_length: BTreeMap<u32, BTreeSet<(u64, u64)>>,
}

impl SpanIndex {
    /// Adds a span. One without bytes is never found.
    pub fn insert(&mut self, span: Span, number: u64) {
        if let Some(length) = span.len.checked_ilog2() {
            let class = self.by_length.entry(length).or_default();
            class.insert((span.start, number));
        }
    }

    /// Removes a span that was added.
    pub fn remove(&mut self, span: Span, number: u64) {
        if let Some(length) = span.len.checked_ilog2()
            && let Some(class) = self.by_length.get_mut(&length)
        {
            class.remove(&(span.start, number));
        }
    }

    /// Returns the numbers of the spans that may share bytes with `span`, in ascending order. The
    /// caller compares the spans themselves.
    pub fn near(&self, span: Span) -> Vec<u64> {
        let mut found: Vec<u64> = Vec::new();
        for (length, class) in &self.by_length {
            let longest = 1_u64.checked_shl(length + 1).unwrap_or(u64::MAX);
            let from = span.start.saturating_sub(longest);
            let here = class.range((from, 0)..(span.end(), 0));
            found.extend(here.map(|(_, number)| number));
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, len: u64) -> Span {
        Span { start, len }
    }

    #[test]
    fn spans_that_share_bytes_are_found_in_order() {
        let mut index = SpanIndex::default();
        let spans = [
            span(0, 100),
            span(50, 1),
            span(90, 20),
            span(200, 0),
            span(8, 8),
        ];
        for (number, span) in (0..).zip(spans) {
            index.insert(span, number);
        }
        for start in 0..130 {
            for len in [1, 3, 40] {
                let asked = span(start, len);
                let shares = |other: Span| other.start < asked.end() && asked.start < other.end();
                let near = index.near(asked);
                assert!(near.is_sorted());
                for (number, other) in (0..).zip(spans) {
                    let is_found = near.contains(&number);
                    assert!(
                        is_found || other.len == 0 || !shares(other),
                        "{asked:?} {other:?}"
                    );
                }
            }
        }
        assert!(index.near(span(5000, 10)).is_empty());
        index.remove(spans[1], 1);
        assert!(!index.near(span(50, 1)).contains(&1));
    }
}
