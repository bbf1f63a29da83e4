//! Writes that begin inside a named span and run on overrun its end, found in one pass over the events
//! of a step.
//!
//! A run is what one function, import or host writes without a gap, upwards. Several runs may be
//! open at the same time, as in a loop that also keeps a counter in memory. Only runs that begin
//! inside a span count. What is written elsewhere, and what fills a larger span that contains the
//! named one, is no overrun.

use std::collections::HashMap;
use std::sync::Arc;

use super::MAX_FINDINGS_PER_KIND;
use super::block_state::BlockState;
use super::blocks::{Blocks, ReleasedWrite, overlap};
use super::phrases::describe_writer;
use super::stack;
use crate::text::{count, list};
use crate::timeline::event_log::WriterId;
use crate::timeline::{Finding, FindingKind, Image, Span, SpanKind, StepRecord, Writer};

/// The largest number of runs that are open at a time.
const MAX_OPEN_RUNS: usize = 8;
/// How many of the last writes are examined to see whether one continues a run from outside.
const RECENT: usize = 16;

/// What the pass over the events has found.
pub(super) struct ScannedWrites {
    pub overruns: Vec<Finding>,
    pub released_writes: Vec<ReleasedWrite>,
}

pub(super) fn scan_writes(
    record: &StepRecord,
    blocks: &Blocks,
    data: &[(Span, u32)],
) -> ScannedWrites {
    let live: Vec<&BlockState> = blocks
        .live()
        .filter(|held| !blocks.is_being_freed(record, held))
        .collect();
    let released: Vec<&BlockState> = blocks.watched().collect();
    let mut scan = WriteScan {
        record,
        live_hull: hull(&live),
        released_hull: hull(&released),
        live,
        released,
        authors: Authors::default(),
        runs: Vec::new(),
        recent: [(u64::MAX, WriterId::NOBODY); RECENT],
        overrun: Vec::new(),
        released_writes: Vec::new(),
        stack: blocks.stack(),
        blocks,
    };
    scan.run();
    let before = record.events.memory_at(0);
    let overruns = scan
        .overrun
        .iter()
        .take(MAX_FINDINGS_PER_KIND)
        .map(|overrun| scan.finding(overrun, data, &before))
        .collect();
    ScannedWrites {
        overruns,
        released_writes: scan
            .released_writes
            .into_iter()
            .map(|(_, touch)| touch)
            .collect(),
    }
}

/// Returns the span from the first byte of any to the last.
fn hull(spans: &[&BlockState]) -> Span {
    let start = spans.iter().map(|held| held.span.start).min().unwrap_or(0);
    let end = spans.iter().map(|held| held.span.end()).max().unwrap_or(0);
    Span {
        start,
        len: end.saturating_sub(start),
    }
}

/// Who writes a run. The guest's instructions are distinguished by their functions only, because one
/// loop may store with several of them.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Author {
    Function(Option<Arc<str>>),
    Other(Writer),
}

/// The authors, each with a number.
#[derive(Default)]
struct Authors {
    by_writer: HashMap<WriterId, usize>,
    numbers: HashMap<Author, usize>,
    /// The authors of the last writes: a loop stores with a few instructions in turn.
    last: [Option<(WriterId, usize)>; 4],
    next: usize,
}

impl Authors {
    fn of(&mut self, by: WriterId, record: &StepRecord) -> usize {
        if let Some((_, number)) = self.last.iter().flatten().find(|(last, _)| *last == by) {
            return *number;
        }
        let next = self.numbers.len();
        let number = *self.by_writer.entry(by).or_insert_with(|| {
            let author = match record.events.writer_of(by) {
                Writer::Guest { function, .. } => Author::Function(function),
                other => Author::Other(other),
            };
            *self.numbers.entry(author).or_insert(next)
        });
        self.next = (self.next + 1) % self.last.len();
        if let Some(oldest) = self.last.get_mut(self.next) {
            *oldest = Some((by, number));
        }
        number
    }
}

#[derive(Clone, Copy)]
struct Run {
    span: Span,
    author: usize,
    by: WriterId,
    /// The last event that belongs to the run.
    event: usize,
}

/// A run that went past the end of a live span, given by its index.
struct Overrun {
    held: usize,
    run: Run,
}

struct WriteScan<'a> {
    record: &'a StepRecord,
    live: Vec<&'a BlockState>,
    released: Vec<&'a BlockState>,
    live_hull: Span,
    released_hull: Span,
    authors: Authors,
    runs: Vec<Run>,
    /// Where the last writes ended, and who made them.
    recent: [(u64, WriterId); RECENT],
    overrun: Vec<Overrun>,
    released_writes: Vec<((usize, usize), ReleasedWrite)>,
    stack: Option<Span>,
    blocks: &'a Blocks,
}

impl WriteScan<'_> {
    fn run(&mut self) {
        let record = self.record;
        for write in record.events.write_headers() {
            let span = Span {
                start: write.start,
                len: write.len,
            };
            // It is not known where the writes of a difference began.
            if write.is_difference || span.len == 0 {
                continue;
            }
            if overlap(span, self.released_hull).is_some() {
                self.check_released(span, write.by);
            }
            if self.live_hull.contains(span.start)
                || self.runs.iter().any(|run| run.span.end() == span.start)
            {
                self.extend(span, write.by, write.event);
            }
            if let Some(oldest) = self.recent.get_mut(write.event % RECENT) {
                *oldest = (span.end(), write.by);
            }
        }
        for run in std::mem::take(&mut self.runs) {
            self.end_run(run);
        }
    }

    fn check_released(&mut self, span: Span, by: WriterId) {
        let author = self.authors.of(by, self.record);
        for (index, held) in self.released.iter().enumerate() {
            let Some(hit) = overlap(held.span, span) else {
                continue;
            };
            let writer = self.record.events.writer_of(by);
            let is_known = self
                .released_writes
                .iter()
                .any(|(key, _)| *key == (index, author));
            // The host's own accesses are checked where it is known which pointer they used.
            if is_known
                || self.released_writes.len() >= MAX_FINDINGS_PER_KIND
                || matches!(writer, Writer::Host | Writer::Data { .. })
                || stack::allows_write(self.stack, held.span, &writer, self.record)
            {
                continue;
            }
            self.released_writes.push((
                (index, author),
                ReleasedWrite {
                    held: (*held).clone(),
                    span: hit,
                    writer,
                },
            ));
        }
    }

    fn extend(&mut self, span: Span, by: WriterId, event: usize) {
        let author = self.authors.of(by, self.record);
        if let Some(run) = self
            .runs
            .iter_mut()
            .find(|run| run.author == author && run.span.end() == span.start)
        {
            run.span.len = run.span.len.saturating_add(span.len);
            (run.by, run.event) = (by, event);
            return;
        }
        // The same bytes are written again: a counter.
        if let Some(run) = self
            .runs
            .iter_mut()
            .find(|run| run.span == span && run.author == author)
        {
            (run.by, run.event) = (by, event);
            return;
        }
        if !self.live.iter().any(|held| held.span.contains(span.start))
            || self.continues_from_outside(span.start, author)
        {
            return;
        }
        let new = Run {
            span,
            author,
            by,
            event,
        };
        // A run begins where another of the same author began: the next round of a loop.
        let same = self
            .runs
            .iter()
            .position(|run| run.author == author && run.span.start == span.start);
        let oldest =
            || (0..self.runs.len()).min_by_key(|at| self.runs.get(*at).map(|run| run.event));
        let replaced = same.or_else(|| oldest().filter(|_| self.runs.len() >= MAX_OPEN_RUNS));
        match replaced.and_then(|at| self.runs.get_mut(at)) {
            Some(old) => {
                let old = std::mem::replace(old, new);
                self.end_run(old);
            }
            None => self.runs.push(new),
        }
    }

    /// Returns whether the same author has just written up to this byte, coming from outside of the
    /// spans.
    fn continues_from_outside(&mut self, start: u64, author: usize) -> bool {
        let recent = self.recent;
        recent
            .iter()
            .any(|(end, by)| *end == start && self.authors.of(*by, self.record) == author)
    }

    /// Ends a run, and checks where it ended.
    fn end_run(&mut self, run: Run) {
        let span = run.span;
        let around = |held: &BlockState| held.span.contains(span.start);
        let Some(held) = self
            .live
            .iter()
            .enumerate()
            .filter(|(_, held)| around(held) && held.span.end() < span.end())
            .min_by_key(|(_, held)| held.span.len)
            .map(|(index, _)| index)
        else {
            return;
        };
        let kind = self.live.get(held).map(|held| held.kind);
        let is_guest = matches!(self.record.events.writer_of(run.by), Writer::Guest { .. });
        let is_of_allocator = |held: &&BlockState| {
            let blocks = self.blocks;
            blocks.can_be_allocator_words(self.record, held, span)
        };
        if is_guest && self.live.get(held).is_some_and(is_of_allocator) {
            return;
        }
        // The span may be a part of a larger one that contains the run. But a block within a region
        // is no part of it in this sense.
        let is_part = |whole: &&&BlockState| around(whole) && whole.span.end() >= span.end();
        let excuses =
            |whole: &&BlockState| whole.kind == SpanKind::Block || kind == Some(SpanKind::Region);
        if self.live.iter().filter(is_part).any(excuses) {
            return;
        }
        match self
            .overrun
            .iter_mut()
            .find(|overrun| overrun.held == held && overrun.run.author == run.author)
        {
            Some(overrun) if overrun.run.span.end() < span.end() => overrun.run = run,
            Some(_) => {}
            None => self.overrun.push(Overrun { held, run }),
        }
    }

    fn finding(&self, overrun: &Overrun, data: &[(Span, u32)], before: &Image) -> Finding {
        let Some(held) = self.live.get(overrun.held) else {
            return Finding::new(FindingKind::Overrun, "a write went past the end of a span");
        };
        let run = overrun.run.span;
        let over = Span {
            start: held.span.end(),
            len: run.end().saturating_sub(held.span.end()),
        };
        let writer = describe_writer(&self.record.events.writer_of(overrun.run.by));
        let target = self.target(held, over, data, before);
        describe_overrun(&writer, &held.label(), held.span, run, &target)
    }

    /// Returns what is past the end of the span.
    fn target(
        &self,
        held: &BlockState,
        over: Span,
        data: &[(Span, u32)],
        before: &Image,
    ) -> Target {
        let is_around = |other: &BlockState| {
            other.span.start <= held.span.start && other.span.end() >= held.span.end()
        };
        let names: Vec<String> = self
            .live
            .iter()
            .filter(|other| overlap(other.span, over).is_some() && !is_around(other))
            .map(|other| other.label())
            .take(3)
            .collect();
        if !names.is_empty() {
            return Target::Named(list::and(&names));
        }
        match data.iter().find(|(span, _)| overlap(*span, over).is_some()) {
            Some((_, segment)) => Target::Data(*segment),
            None => Target::of_bytes(before, over),
        }
    }
}

/// What is in the bytes past the end of a span.
pub(super) enum Target {
    /// Regions or blocks, by their labels.
    Named(String),
    /// What a data segment wrote.
    Data(u32),
    /// Zeros.
    Zeros,
    /// Something else.
    Other,
}

impl Target {
    /// Returns what bytes were that are in no region, block or segment.
    pub fn of_bytes(before: &Image, over: Span) -> Self {
        const MAX_READ: u64 = 4096;
        let bytes = before.read(over.start, over.len.min(MAX_READ));
        if bytes.iter().all(|byte| *byte == 0) {
            Target::Zeros
        } else {
            Target::Other
        }
    }
}

/// Returns the finding for a run of writes that began in a span and went past its end.
pub(super) fn describe_overrun(
    writer: &str,
    label: &str,
    held: Span,
    run: Span,
    target: &Target,
) -> Finding {
    let over = Span {
        start: held.end(),
        len: run.end().saturating_sub(held.end()),
    };
    let target = match target {
        Target::Named(labels) => labels.clone(),
        Target::Data(segment) => format!("guest data, written by data segment {segment}"),
        Target::Zeros => "bytes that were zero and may be unused".into(),
        Target::Other => "bytes that held something else".into(),
    };
    let message = format!(
        "{writer} wrote past the end of {label}, {:#x}: of {} at {:#x}..{:#x}, the last {} went into \
         {target}",
        over.start,
        count(run.len, "byte"),
        run.start,
        run.end(),
        over.len,
    );
    Finding::new(FindingKind::Overrun, message)
        .about(over)
        .about(held)
}
