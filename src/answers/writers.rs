//! The writers of a range of memory as of a moment: its runs, each with one last write, and the
//! writes before that.

use crate::timeline::{Moment, Span, Timeline, Touch};

/// How many runs are listed by default.
const RUNS: usize = 32;

/// How many earlier writes of a run are listed by default.
const EARLIER: usize = 8;

/// The writers of a range. Runs and earlier writes are found as they are read.
#[derive(Debug, Clone)]
pub struct Writers<'a> {
    /// The run.
    pub timeline: &'a Timeline,
    /// The moment. Later writes do not count.
    pub moment: Moment,
    /// The bytes.
    pub span: Span,
    /// The most runs to list.
    pub most_runs: usize,
    /// The most writes of a run to list before its last one.
    pub most_earlier: usize,
}

/// Consecutive bytes with the same last write, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The bytes.
    pub span: Span,
    /// The moment just after their last write; `None` where nobody wrote them.
    pub last: Option<Moment>,
}

impl<'a> Writers<'a> {
    pub(super) fn new(timeline: &'a Timeline, moment: Moment, span: Span, all: bool) -> Self {
        let [most_runs, most_earlier] = match all {
            true => [usize::MAX; 2],
            false => [RUNS, EARLIER],
        };
        Writers {
            timeline,
            moment,
            span,
            most_runs,
            most_earlier,
        }
    }

    /// Returns all runs in the order of their addresses.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let mut address = self.span.start;
        std::iter::from_fn(move || {
            let run = (address < self.span.end()).then(|| self.run_at(address))?;
            address = run.span.end();
            Some(run)
        })
    }

    /// Returns the writes to a run's bytes, latest first. The first is the last write of all of them.
    pub fn writes(&self, run: Run) -> impl Iterator<Item = Touch> + '_ {
        self.timeline.touches_back(run.span, run.last)
    }

    /// Returns the run that begins at an address of the range.
    fn run_at(&self, address: u64) -> Run {
        let rest = Span {
            start: address,
            len: self.span.end() - address,
        };
        let last = self
            .timeline
            .last_write_in(Span::of_byte(address), self.moment);
        let written = last.and_then(|moment| self.timeline.written_by(moment));
        let since = last.unwrap_or(Moment { step: 0, event: 0 });
        let mut end = written.map_or(rest, |span| span.intersection(rest)).end();
        // No byte before `same` has a later write, and some byte before `other` has one.
        let mut same = address.saturating_add(1);
        if self.is_written_since(same, end, since) {
            let mut other = end;
            while other.saturating_sub(same) > 1 {
                let middle = same + (other - same) / 2;
                match self.is_written_since(same, middle, since) {
                    true => other = middle,
                    false => same = middle,
                }
            }
            end = same;
        }
        Run {
            span: Span {
                start: address,
                len: end.saturating_sub(address).max(1),
            },
            last,
        }
    }

    /// Returns whether any byte of `start..end` was written after `since` and up to the moment.
    fn is_written_since(&self, start: u64, end: u64, since: Moment) -> bool {
        let span = Span {
            start,
            len: end.saturating_sub(start),
        };
        let next = match span.len {
            0 => None,
            _ => self.timeline.next_write_in(span, since),
        };
        next.is_some_and(|next| next <= self.moment)
    }
}
