//! Which bytes differ across a step, and who wrote them last. Worked out leaf by leaf when asked
//! for, so that a step of millions of stores does not keep millions of runs; what every reader
//! wants of all of them is summed up once.

use std::ops::Range;

use super::EventLog;
use super::byte_mask::{Bits, changing, differing, each_part, mark, meet};
use super::leaf_index::{BLOCK, History, WriterId};
use super::range_query::count;
use super::summary::Summary;
use crate::timeline::image::LEAF;
use crate::timeline::{Change, Span};

/// The maximal runs of bytes that differ across a step and share one last writer, by address.
#[derive(Debug, Clone, Default)]
pub struct Changes(pub(super) EventLog);

/// A run, its writer still a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) span: Span,
    pub(super) by: WriterId,
}

impl Run {
    /// A part of a leaf.
    pub(super) fn within(leaf: u64, range: Range<usize>, by: WriterId) -> Self {
        let span = Span {
            start: leaf * LEAF + range.start as u64,
            len: range.len() as u64,
        };
        Run { span, by }
    }
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.0.0.changed.is_empty()
    }

    /// How many runs there are.
    pub fn len(&self) -> u64 {
        self.0.0.summary.changes
    }

    /// How many bytes differ.
    pub fn bytes(&self) -> u64 {
        self.0.0.summary.bytes
    }

    /// The runs with their bytes and writers.
    pub fn iter(&self) -> impl Iterator<Item = Change> + Clone + '_ {
        self.runs().map(|run| self.change(run))
    }

    /// Where the runs lie, without their bytes.
    pub fn spans(&self) -> impl Iterator<Item = Span> + Clone + '_ {
        self.runs().map(|run| run.span)
    }

    pub fn first(&self) -> Option<Change> {
        self.iter().next()
    }

    pub fn last(&self) -> Option<Span> {
        self.previous(u64::MAX)
    }

    /// The first run that starts after an address.
    pub fn next(&self, address: u64) -> Option<Span> {
        let history = &self.0.0;
        let here = self.changed_from(address / LEAF);
        let runs = Runs::new(history, here.saturating_sub(1)..history.changed.len());
        runs.map(|run| run.span).find(|span| span.start > address)
    }

    /// The last run that starts before an address.
    pub fn previous(&self, address: u64) -> Option<Span> {
        let history = &self.0.0;
        let mut from = self.changed_from((address / LEAF).saturating_add(1));
        while let Some(earlier) = from.checked_sub(1) {
            from = earlier;
            // The first run found may have started in a leaf before this one.
            let starts_here = |run: &Run| {
                from == 0 || !run.span.start.is_multiple_of(LEAF) || !self.continues(from, run)
            };
            let runs: Vec<Run> = Runs::new(history, from..history.changed.len())
                .take_while(|run| run.span.start < address)
                .collect();
            if let Some(run) = runs.iter().rev().find(|run| starts_here(run)) {
                return Some(run.span);
            }
        }
        None
    }

    /// Whether any byte of `start..end` differs.
    pub fn any_within(&self, start: u64, end: u64) -> bool {
        let history = &self.0.0;
        let changed = history
            .changed
            .get(self.changed_from(start / LEAF)..)
            .unwrap_or_default();
        let numbers = changed
            .iter()
            .filter_map(|index| history.leaves.get(*index as usize))
            .map(|leaf| leaf.number);
        numbers
            .take_while(|number| number * LEAF < end)
            .inspect(|_| count())
            .any(|number| {
                let base = number * LEAF;
                let range =
                    start.clamp(base, base + LEAF) - base..end.clamp(base, base + LEAF) - base;
                let mut wanted = [0; LEAF as usize / 64];
                mark(&mut wanted, range.start as usize, range.end as usize);
                meet(&history.differing(number), &wanted)
            })
    }

    /// Whether the byte at an address differs.
    pub(in crate::timeline) fn holds(&self, address: u64) -> bool {
        let History { before, after, .. } = &*self.0.0;
        before.byte(address).unwrap_or(0) != after.byte(address).unwrap_or(0)
    }

    pub(in crate::timeline) fn summary(&self) -> &Summary {
        &self.0.0.summary
    }

    fn runs(&self) -> Runs<'_> {
        Runs::new(&self.0.0, 0..self.0.0.changed.len())
    }

    fn change(&self, run: Run) -> Change {
        let History { before, after, .. } = &*self.0.0;
        let Span { start, len } = run.span;
        Change {
            start,
            before: before.read(start, len),
            after: after.read(start, len),
            writer: self.0.0.writer(run.by),
        }
    }

    /// The place among the changed leaves of the first numbered so or higher.
    fn changed_from(&self, number: u64) -> usize {
        let History {
            changed, leaves, ..
        } = &*self.0.0;
        changed.partition_point(|index| {
            leaves
                .get(*index as usize)
                .is_some_and(|leaf| leaf.number < number)
        })
    }

    /// Whether a run at the start of a changed leaf goes on from the leaf before.
    fn continues(&self, place: usize, run: &Run) -> bool {
        let Some(before) = place.checked_sub(1) else {
            return false;
        };
        let last = Runs::new(&self.0.0, before..place).last();
        last.is_some_and(|last| last.by == run.by && last.span.end() == run.span.start)
    }
}

/// Equal where all runs are.
impl PartialEq for Changes {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// The runs of some of the changed leaves, those that meet at the edge of two joined.
#[derive(Clone)]
struct Runs<'a> {
    history: &'a History,
    leaves: Range<usize>,
    found: std::vec::IntoIter<Run>,
    pending: Option<Run>,
}

impl<'a> Runs<'a> {
    fn new(history: &'a History, leaves: Range<usize>) -> Self {
        Runs {
            history,
            leaves,
            found: Vec::new().into_iter(),
            pending: None,
        }
    }

    fn next_of_leaf(&mut self) -> Option<Run> {
        loop {
            if let Some(run) = self.found.next() {
                return Some(run);
            }
            let place = self.leaves.next()?;
            let index = *self.history.changed.get(place)?;
            self.found = self.history.runs_of(index as usize).into_iter();
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let mut run = self.pending.take().or_else(|| self.next_of_leaf())?;
        while let Some(next) = self.next_of_leaf() {
            if next.span.start != run.span.end() || next.by != run.by {
                self.pending = Some(next);
                break;
            }
            run.span.len += next.span.len;
        }
        Some(run)
    }
}

impl History {
    /// Which bytes of a leaf differ across the step.
    fn differing(&self, number: u64) -> Bits {
        let [before, after] =
            [&self.before, &self.after].map(|image| image.shared_leaf(number * LEAF));
        differing(before.map(|leaf| &**leaf), after.map(|leaf| &**leaf))
    }

    pub(super) fn runs_of(&self, index: usize) -> Vec<Run> {
        let Some(leaf) = self.leaves.get(index) else {
            return Vec::new();
        };
        let bits = self.differing(leaf.number);
        let by = self.last_writers(index, bits);
        let mut runs: Vec<Run> = Vec::new();
        each_part(&bits, changing(&by), |range| {
            let by = by.get(range.start).copied().unwrap_or(WriterId::NOBODY);
            runs.push(Run::within(leaf.number, range, by));
        });
        runs
    }

    /// Who wrote the wanted bytes of a leaf last: its events from the last to the first, until all
    /// are known.
    pub(super) fn last_writers(&self, index: usize, wanted: Bits) -> [WriterId; LEAF as usize] {
        let mut by = [WriterId(0); LEAF as usize];
        let Some(leaf) = self.leaves.get(index) else {
            return by;
        };
        let mut wanted = wanted;
        let events = self.touches_of(leaf);
        let tail = events.get(leaf.blocks.len() * BLOCK..).unwrap_or_default();
        self.claim(leaf.number, tail, &mut wanted, &mut by);
        for (block, events) in leaf.blocks.iter().zip(events.chunks(BLOCK)).rev() {
            if meet(&block.written, &wanted) {
                self.claim(leaf.number, events, &mut wanted, &mut by);
            }
        }
        by
    }

    fn claim(
        &self,
        number: u64,
        events: &[u32],
        wanted: &mut Bits,
        by: &mut [WriterId; LEAF as usize],
    ) {
        let mut reader = self.reader();
        let mut left: u32 = wanted.iter().map(|word| word.count_ones()).sum();
        for event in events.iter().rev() {
            if left == 0 {
                break;
            }
            let Some((range, writer)) = self.reach(&mut reader, *event, number) else {
                continue;
            };
            let mut at = range.start;
            while at < range.end {
                let end = (at / 64 * 64 + 64).min(range.end);
                let ones = if end - at == 64 {
                    u64::MAX
                } else {
                    ((1 << (end - at)) - 1) << (at % 64)
                };
                let Some(word) = wanted.get_mut(at / 64) else {
                    break;
                };
                let mut new = *word & ones;
                *word &= !ones;
                left -= new.count_ones();
                if new == ones {
                    if let Some(by) = by.get_mut(at..end) {
                        by.fill(writer);
                    }
                    new = 0;
                }
                while new != 0 {
                    if let Some(by) = by.get_mut(at / 64 * 64 + new.trailing_zeros() as usize) {
                        *by = writer;
                    }
                    new &= new - 1;
                }
                at = end;
            }
        }
    }
}
