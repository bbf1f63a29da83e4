//! Writes that begin inside a named span and run on past its end, found in one pass over a step's
//! events.
//!
//! A run is what one function, import or host writes without a gap, upwards. Several may be under
//! way at the same time, as in a loop that also keeps a counter in memory. Only runs that begin
//! inside a span count: what is written elsewhere, and what fills a whole that the span is a part
//! of, is no overrun.

use std::collections::HashMap;
use std::sync::Arc;

use super::MOST;
use super::blocks::{BlockState, Blocks, overlap};
use super::phrases::name;
use crate::text::{count, list};
use crate::timeline::event_log::WriterId;
use crate::timeline::{Finding, FindingKind, Image, Span, SpanKind, StepRecord, Writer};

/// How many runs are kept under way at a time.
const RUNS: usize = 8;
/// How many writes are looked back on to tell whether one goes on from outside.
const RECENT: usize = 16;

/// A write into a released block: the first by each writer.
pub(super) struct Touch {
    pub held: BlockState,
    pub span: Span,
    pub writer: Writer,
}

/// What the pass found.
pub(super) struct Seen {
    pub overruns: Vec<Finding>,
    pub touches: Vec<Touch>,
}

pub(super) fn walk(record: &StepRecord, ledger: &Blocks, data: &[(Span, u32)]) -> Seen {
    let live: Vec<&BlockState> = ledger
        .live()
        .filter(|held| !ledger.is_being_freed(record, held))
        .collect();
    let released: Vec<&BlockState> = ledger.watched().collect();
    let mut walk = Walk {
        record,
        inside: hull(&live),
        forbidden: hull(&released),
        live,
        released,
        authors: Authors::default(),
        runs: Vec::new(),
        recent: [(u64::MAX, WriterId::NOBODY); RECENT],
        past: Vec::new(),
        touches: Vec::new(),
    };
    walk.run();
    let before = record.events.memory_at(0);
    let overruns = walk
        .past
        .iter()
        .take(MOST)
        .map(|past| walk.told(past, data, &before))
        .collect();
    Seen {
        overruns,
        touches: walk.touches.into_iter().map(|(_, touch)| touch).collect(),
    }
}

/// From the first byte of any to the last.
fn hull(spans: &[&BlockState]) -> Span {
    let start = spans.iter().map(|held| held.span.start).min().unwrap_or(0);
    let end = spans.iter().map(|held| held.span.end()).max().unwrap_or(0);
    Span {
        start,
        len: end.saturating_sub(start),
    }
}

/// Who writes a run: the guest's instructions are told apart by their functions only, since one
/// loop may store with several of them.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Author {
    Function(Option<Arc<str>>),
    Other(Writer),
}

/// Authors as numbers.
#[derive(Default)]
struct Authors {
    by_writer: HashMap<WriterId, usize>,
    numbers: HashMap<Author, usize>,
    /// Those asked for last: loops store with a few instructions in turn.
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
    /// The last event that belongs to it.
    event: usize,
}

/// A run that went past the end of a span, by their place among the live ones.
struct Past {
    held: usize,
    run: Run,
}

struct Walk<'a> {
    record: &'a StepRecord,
    live: Vec<&'a BlockState>,
    released: Vec<&'a BlockState>,
    inside: Span,
    forbidden: Span,
    authors: Authors,
    runs: Vec<Run>,
    /// Where the last writes ended, and whose they were.
    recent: [(u64, WriterId); RECENT],
    past: Vec<Past>,
    touches: Vec<((usize, usize), Touch)>,
}

impl Walk<'_> {
    fn run(&mut self) {
        let record = self.record;
        for write in record.events.raw_writes() {
            let span = Span {
                start: write.start,
                len: write.len,
            };
            // Of a difference nobody knows where its writes began.
            if write.is_difference || span.len == 0 {
                continue;
            }
            if overlap(span, self.forbidden).is_some() {
                self.touch(span, write.by);
            }
            if self.inside.contains(span.start)
                || self.runs.iter().any(|run| run.span.end() == span.start)
            {
                self.extend(span, write.by, write.event);
            }
            if let Some(oldest) = self.recent.get_mut(write.event % RECENT) {
                *oldest = (span.end(), write.by);
            }
        }
        for run in std::mem::take(&mut self.runs) {
            self.close(run);
        }
    }

    fn touch(&mut self, span: Span, by: WriterId) {
        let author = self.authors.of(by, self.record);
        for (index, held) in self.released.iter().enumerate() {
            let Some(hit) = overlap(held.span, span) else {
                continue;
            };
            let writer = self.record.events.writer_of(by);
            let is_known = self.touches.iter().any(|(key, _)| *key == (index, author));
            // The host's own accesses are judged where it is known which pointer it used.
            if is_known
                || self.touches.len() >= MOST
                || matches!(writer, Writer::Host | Writer::Data { .. })
            {
                continue;
            }
            self.touches.push((
                (index, author),
                Touch {
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
        // The same bytes again: a counter.
        if let Some(run) = self
            .runs
            .iter_mut()
            .find(|run| run.span == span && run.author == author)
        {
            (run.by, run.event) = (by, event);
            return;
        }
        if !self.live.iter().any(|held| held.span.contains(span.start))
            || self.goes_on(span.start, author)
        {
            return;
        }
        let new = Run {
            span,
            author,
            by,
            event,
        };
        // The same place again: the next round.
        let same = self
            .runs
            .iter()
            .position(|run| run.author == author && run.span.start == span.start);
        let oldest =
            || (0..self.runs.len()).min_by_key(|at| self.runs.get(*at).map(|run| run.event));
        let replaced = same.or_else(|| oldest().filter(|_| self.runs.len() >= RUNS));
        match replaced.and_then(|at| self.runs.get_mut(at)) {
            Some(old) => {
                let old = std::mem::replace(old, new);
                self.close(old);
            }
            None => self.runs.push(new),
        }
    }

    /// Whether the same author has just written up to this byte, coming from outside.
    fn goes_on(&mut self, start: u64, author: usize) -> bool {
        let recent = self.recent;
        recent
            .iter()
            .any(|(end, by)| *end == start && self.authors.of(*by, self.record) == author)
    }

    /// Judges a run that has ended.
    fn close(&mut self, run: Run) {
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
        // A part of a whole that holds the run; but that a block lies in a region excuses nothing.
        let is_part = |whole: &&&BlockState| around(whole) && whole.span.end() >= span.end();
        let excuses =
            |whole: &&BlockState| whole.kind == SpanKind::Block || kind == Some(SpanKind::Region);
        if self.live.iter().filter(is_part).any(excuses) {
            return;
        }
        match self
            .past
            .iter_mut()
            .find(|past| past.held == held && past.run.author == run.author)
        {
            Some(past) if past.run.span.end() < span.end() => past.run = run,
            Some(_) => {}
            None => self.past.push(Past { held, run }),
        }
    }

    fn told(&self, past: &Past, data: &[(Span, u32)], before: &Image) -> Finding {
        let Some(held) = self.live.get(past.held) else {
            return Finding::new(FindingKind::Overrun, "a write ran on");
        };
        let run = past.run.span;
        let over = Span {
            start: held.span.end(),
            len: run.end().saturating_sub(held.span.end()),
        };
        let writer = self.record.events.writer_of(past.run.by);
        let message = format!(
            "{} wrote on past the end of {}, {:#x}: of {} at {:#x}..{:#x} the last {} went into {}",
            who(&writer),
            held.called(),
            over.start,
            count(run.len, "byte"),
            run.start,
            run.end(),
            over.len,
            self.hit(held, over, data, before)
        );
        Finding::new(FindingKind::Overrun, message)
            .about(over)
            .about(held.span)
    }

    /// What lies past the end.
    fn hit(&self, held: &BlockState, over: Span, data: &[(Span, u32)], before: &Image) -> String {
        let is_around = |other: &BlockState| {
            other.span.start <= held.span.start && other.span.end() >= held.span.end()
        };
        let names: Vec<String> = self
            .live
            .iter()
            .filter(|other| overlap(other.span, over).is_some() && !is_around(other))
            .map(|other| other.called())
            .take(3)
            .collect();
        if !names.is_empty() {
            return list::and(&names);
        }
        if let Some((_, segment)) = data.iter().find(|(span, _)| overlap(*span, over).is_some()) {
            return format!("guest data, put there by data segment {segment}");
        }
        match before
            .read(over.start, over.len.min(4096))
            .iter()
            .all(|byte| *byte == 0)
        {
            true => "bytes that were zero and perhaps unused".into(),
            false => "bytes that held something else".into(),
        }
    }
}

/// Returns the writer as the subject of a sentence, with the place in the guest's code.
pub(super) fn who(writer: &Writer) -> String {
    match writer {
        Writer::Guest {
            function: Some(function),
            source: Some(source),
            ..
        } => format!("the guest, in {} at {},", name(function), name(source)),
        Writer::Guest {
            function: Some(function),
            ..
        } => format!("the guest, in {},", name(function)),
        _ => writer.subject(),
    }
}
