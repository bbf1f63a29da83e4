//! Which bytes differ across a step, and who wrote them last.
//!
//! The runs of such bytes are computed leaf by leaf on demand, so that a step of millions of stores
//! does not keep millions of runs. What every reader needs of all runs is summed up once
//! ([`Summary`]).

use std::ops::Range;

use super::EventLog;
use super::byte_mask::{
    ByteMask, close_gaps, differing_bytes, for_each_part, intersects, mark, range_mask, value_edges,
};
use super::leaf_index::{History, TOUCHES_PER_CHECKPOINT, WriterId};
use super::range_query::count_examined_leaf;
use super::summary::Summary;
use crate::timeline::image::LEAF;
use crate::timeline::{Change, Span, Writer};

/// Equal bytes between two runs of changed bytes do not separate them if they are fewer than this and
/// have the same last writer.
const GAP: u32 = 16;

/// The number of bytes in a row of a hex dump.
const ROW: u64 = 16;

/// The maximal runs of bytes that differ across a step and have one last writer, by address.
#[derive(Debug, Clone, Default)]
pub struct Changes(pub(super) EventLog);

/// A run whose writer is still a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) span: Span,
    pub(super) by: WriterId,
}

impl Run {
    /// Creates a run of a range of a leaf's bytes.
    pub(super) fn in_leaf(number: u64, range: Range<usize>, by: WriterId) -> Self {
        let span = Span {
            start: number * LEAF + range.start as u64,
            len: range.len() as u64,
        };
        Run { span, by }
    }
}

impl Changes {
    /// Returns whether no byte differs.
    pub fn is_empty(&self) -> bool {
        self.0.0.changed.is_empty()
    }

    /// Returns the number of runs.
    pub(crate) fn len(&self) -> u64 {
        self.0.0.summary.changes
    }

    /// Returns the number of bytes that differ.
    pub fn bytes(&self) -> u64 {
        self.0.0.summary.bytes
    }

    /// Returns the number of bytes that data segments wrote.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.0.0.summary.data.bytes
    }

    /// Returns the run with the lowest address.
    pub(crate) fn first(&self) -> Option<Span> {
        self.0.0.summary.first
    }

    /// Returns how many bytes each writer changed, in the order of the first address.
    pub(crate) fn bytes_by_writer(&self) -> impl Iterator<Item = (Writer, u64)> + '_ {
        let known = self.0.0.summary.bytes_by_writer.iter();
        known.map(|(by, bytes)| (self.0.0.writer(*by), *bytes))
    }

    /// Returns the addresses of the rows of 16 bytes with a byte that differs, in order. Writers are
    /// not searched for, so this takes as long as to compare memory.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u64> + Clone + '_ {
        let history = &*self.0.0;
        let changed = history.changed.iter();
        let leaves = changed.filter_map(|index| history.leaves.get(*index as usize));
        leaves.flat_map(|leaf| {
            let mask = history.differing_bytes(leaf.number);
            let start = leaf.number * LEAF;
            marked_rows(mask).map(move |row| start + row * ROW)
        })
    }

    /// Returns how many bytes of a span differ.
    pub(crate) fn bytes_within(&self, span: Span) -> u64 {
        let History { before, after, .. } = &*self.0.0;
        let differs = |at: &u64| before.byte(*at).unwrap_or(0) != after.byte(*at).unwrap_or(0);
        (span.start..span.end()).filter(differs).count() as u64
    }

    /// Returns the runs with their bytes and writers, by address.
    pub fn iter(&self) -> impl Iterator<Item = Change> + Clone + '_ {
        self.runs().map(|run| self.change(run))
    }

    /// Returns the runs with their bytes and writers, by address. Neighbouring runs of one writer are
    /// one run if it also wrote the few bytes between them, without changing them.
    pub(crate) fn iter_joined(&self) -> impl Iterator<Item = Change> + Clone + '_ {
        let history = &self.0.0;
        let runs = Runs {
            is_joined: true,
            ..Runs::new(history, 0..history.changed.len())
        };
        runs.map(|run| self.change(run))
    }

    /// Returns where the runs are, by address; cheaper than [`iter`](Changes::iter).
    pub fn spans(&self) -> impl Iterator<Item = Span> + Clone + '_ {
        self.runs().map(|run| run.span)
    }

    /// Returns where the run with the highest address is.
    #[cfg(test)]
    pub(crate) fn last(&self) -> Option<Span> {
        self.previous(u64::MAX)
    }

    /// Returns the first run that starts after an address.
    pub(crate) fn next(&self, address: u64) -> Option<Span> {
        let history = &self.0.0;
        let here = self.changed_from(address / LEAF);
        // The run that starts in this leaf may continue one from the leaf before.
        let runs = Runs::new(history, here.saturating_sub(1)..history.changed.len());
        runs.map(|run| run.span).find(|span| span.start > address)
    }

    /// Returns the last run that starts before an address.
    pub(crate) fn previous(&self, address: u64) -> Option<Span> {
        let history = &self.0.0;
        let mut from = self.changed_from((address / LEAF).saturating_add(1));
        while let Some(earlier) = from.checked_sub(1) {
            from = earlier;
            // The first run of a leaf may have started in the leaf before it.
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

    /// Returns whether any byte of `start..end` differs.
    pub(crate) fn any_within(&self, start: u64, end: u64) -> bool {
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
            .inspect(|_| count_examined_leaf())
            .any(|number| {
                let base = number * LEAF;
                let from = start.clamp(base, base + LEAF) - base;
                let to = end.clamp(base, base + LEAF) - base;
                let mut wanted = [0; LEAF as usize / 64];
                mark(&mut wanted, from as usize, to as usize);
                intersects(&history.differing_bytes(number), &wanted)
            })
    }

    /// Returns whether the byte at an address differs.
    #[cfg(test)]
    pub(in crate::timeline) fn contains(&self, address: u64) -> bool {
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

    /// Returns the index among the changed leaves of the first with this number or a higher one.
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

    /// Returns whether a run at the start of a changed leaf continues the last one of the leaf
    /// before.
    fn continues(&self, changed: usize, run: &Run) -> bool {
        let Some(before) = changed.checked_sub(1) else {
            return false;
        };
        let last = Runs::new(&self.0.0, before..changed).last();
        last.is_some_and(|last| last.by == run.by && last.span.end() == run.span.start)
    }
}

/// Equal where all runs are.
impl PartialEq for Changes {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// The runs of some of the changed leaves. Those that meet where two leaves meet are joined.
#[derive(Clone)]
struct Runs<'a> {
    history: &'a History,
    /// The changed leaves that are still to come, by index.
    leaves: Range<usize>,
    /// The rest of the runs of the current leaf.
    of_leaf: std::vec::IntoIter<Run>,
    /// A run that does not continue the one before.
    pending: Option<Run>,
    /// Whether runs with a gap that the same writer wrote are one.
    is_joined: bool,
}

impl<'a> Runs<'a> {
    fn new(history: &'a History, leaves: Range<usize>) -> Self {
        Runs {
            history,
            leaves,
            of_leaf: Vec::new().into_iter(),
            pending: None,
            is_joined: false,
        }
    }

    fn next_of_leaf(&mut self) -> Option<Run> {
        loop {
            if let Some(run) = self.of_leaf.next() {
                return Some(run);
            }
            let changed = self.leaves.next()?;
            let index = *self.history.changed.get(changed)?;
            let runs = match self.is_joined {
                true => self.history.joined_runs_of(index as usize),
                false => self.history.runs_of(index as usize),
            };
            self.of_leaf = runs.into_iter();
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

/// Returns the numbers of the rows of a leaf that have a marked byte, in order.
fn marked_rows(mask: ByteMask) -> impl Iterator<Item = u64> + Clone {
    const ROWS_IN_WORD: u64 = 64 / ROW;
    let words = (0..).step_by(ROWS_IN_WORD as usize).zip(mask);
    words
        .filter(|(_, word)| *word != 0)
        .flat_map(|(first, word)| {
            let is_marked = move |row: &u64| word >> (row * ROW) & 0xffff != 0;
            let rows = (0..ROWS_IN_WORD).filter(is_marked);
            rows.map(move |row| first + row)
        })
}

impl History {
    /// Returns which bytes of a leaf differ across the step.
    fn differing_bytes(&self, number: u64) -> ByteMask {
        let [before, after] =
            [&self.before, &self.after].map(|image| image.shared_leaf(number * LEAF));
        differing_bytes(before.map(|leaf| &**leaf), after.map(|leaf| &**leaf))
    }

    /// Returns the runs of changed bytes in a leaf, by its index.
    pub(super) fn runs_of(&self, index: usize) -> Vec<Run> {
        let Some(leaf) = self.leaves.get(index) else {
            return Vec::new();
        };
        let changed = self.differing_bytes(leaf.number);
        let by = self.last_writers(index, changed);
        let mut runs: Vec<Run> = Vec::new();
        for_each_part(&changed, value_edges(&by), |range| {
            let by = by.get(range.start).copied().unwrap_or(WriterId::NOBODY);
            runs.push(Run::in_leaf(leaf.number, range, by));
        });
        runs
    }

    /// Returns the runs of changed bytes in a leaf, by its index. Two runs of one writer are one if it
    /// also wrote the few bytes between them last.
    fn joined_runs_of(&self, index: usize) -> Vec<Run> {
        let Some(leaf) = self.leaves.get(index) else {
            return Vec::new();
        };
        let changed = self.differing_bytes(leaf.number);
        let mut wanted = changed;
        close_gaps(&mut wanted, GAP);
        let writers = self.last_writers(index, wanted);
        let mut runs: Vec<(Range<usize>, WriterId)> = Vec::new();
        for_each_part(&changed, value_edges(&writers), |range| {
            let by = writers.get(range.start).copied();
            let by = by.unwrap_or(WriterId::NOBODY);
            match runs.last_mut() {
                Some((run, last))
                    if *last == by
                        && writers
                            .get(run.end..range.start)
                            .is_some_and(|gap| gap.iter().all(|writer| *writer == by)) =>
                {
                    run.end = range.end;
                }
                _ => runs.push((range, by)),
            }
        });
        let in_leaf = |(range, by)| Run::in_leaf(leaf.number, range, by);
        runs.into_iter().map(in_leaf).collect()
    }

    /// Returns who wrote the wanted bytes of a leaf last: nobody for a byte that is not wanted, or that
    /// no event wrote. Goes through the events from the last to the first, until all are known.
    fn last_writers(&self, index: usize, wanted: ByteMask) -> [WriterId; LEAF as usize] {
        let mut by = [WriterId::NOBODY; LEAF as usize];
        let Some(leaf) = self.leaves.get(index) else {
            return by;
        };
        let mut wanted = wanted;
        let events = self.touches_of(leaf);
        let after_checkpoints = leaf.checkpoints.len() * TOUCHES_PER_CHECKPOINT;
        let tail = events.get(after_checkpoints..).unwrap_or_default();
        self.claim_bytes(leaf.number, tail, &mut wanted, &mut by);
        let parts = events.chunks(TOUCHES_PER_CHECKPOINT);
        for (checkpoint, events) in leaf.checkpoints.iter().zip(parts).rev() {
            if intersects(&checkpoint.written, &wanted) {
                self.claim_bytes(leaf.number, events, &mut wanted, &mut by);
            }
        }
        by
    }

    /// Sets the writers of the wanted bytes that events wrote, from the last event to the first, and
    /// removes these bytes from `wanted`.
    fn claim_bytes(
        &self,
        number: u64,
        events: &[u32],
        wanted: &mut ByteMask,
        by: &mut [WriterId; LEAF as usize],
    ) {
        let mut reader = self.reader();
        let mut left: u32 = wanted.iter().map(|word| word.count_ones()).sum();
        for event in events.iter().rev() {
            if left == 0 {
                break;
            }
            let Some((range, writer)) = self.written_range(&mut reader, *event, number) else {
                continue;
            };
            // One word of the mask, 64 bytes, at a time.
            let mut at = range.start;
            while at < range.end {
                let end = (at / 64 * 64 + 64).min(range.end);
                let here = range_mask(at, end);
                let Some(word) = wanted.get_mut(at / 64) else {
                    break;
                };
                let mut claimed = *word & here;
                *word &= !here;
                left -= claimed.count_ones();
                if claimed == here {
                    if let Some(by) = by.get_mut(at..end) {
                        by.fill(writer);
                    }
                    claimed = 0;
                }
                while claimed != 0 {
                    let offset = at / 64 * 64 + claimed.trailing_zeros() as usize;
                    if let Some(by) = by.get_mut(offset) {
                        *by = writer;
                    }
                    // The lowest bit is done.
                    claimed &= claimed - 1;
                }
                at = end;
            }
        }
    }
}
