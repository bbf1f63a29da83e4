//! What every reader wants of all changes and writes of a step, summed up once: who changed how
//! much, and where.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::Owners;
use super::byte_mask::Bits;
use super::changes::Run;
use super::leaf_index::{History, WriterId};
use super::recording::HostEvent;
use crate::timeline::image::PAGE;
use crate::timeline::{Span, Writer};

/// Who changed bytes, the guest's functions and lines not told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::timeline) enum Agent {
    Guest,
    Host,
    Data(u32),
    Import { module: Arc<str>, name: Arc<str> },
}

impl Agent {
    fn of(writer: &Writer) -> Self {
        match writer {
            Writer::Guest { .. } => Agent::Guest,
            Writer::Host => Agent::Host,
            Writer::Data { segment } => Agent::Data(*segment),
            Writer::Import { module, name } => Agent::Import {
                module: Arc::clone(module),
                name: Arc::clone(name),
            },
        }
    }
}

/// Many spans summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::timeline) struct Spans {
    pub(in crate::timeline) bytes: u64,
    pub(in crate::timeline) runs: u64,
    pub(in crate::timeline) start: u64,
    pub(in crate::timeline) end: u64,
}

impl Spans {
    /// Adds a span that starts no earlier than those before; one that touches them makes no run of
    /// its own.
    pub(in crate::timeline) fn add(&mut self, span: Span) {
        if span.len == 0 {
            return;
        }
        if self.runs == 0 {
            *self = span.into();
        } else {
            self.runs += u64::from(span.start > self.end);
            let from = span.start.max(self.end);
            self.bytes = self.bytes.saturating_add(span.end().saturating_sub(from));
            self.end = self.end.max(span.end());
        }
    }

    pub(in crate::timeline) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| span.start);
        let mut sum = Spans::default();
        spans.into_iter().for_each(|span| sum.add(span));
        sum
    }

    /// Both, as far as they can be told together: runs that touch stay two.
    pub(in crate::timeline) fn and(self, other: Spans) -> Self {
        match (self.runs, other.runs) {
            (0, _) => other,
            (_, 0) => self,
            _ => Spans {
                bytes: self.bytes.saturating_add(other.bytes),
                runs: self.runs + other.runs,
                start: self.start.min(other.start),
                end: self.end.max(other.end),
            },
        }
    }

    /// From the first byte to the last.
    pub(in crate::timeline) fn hull(&self) -> Span {
        Span {
            start: self.start,
            len: self.end - self.start,
        }
    }
}

impl From<Span> for Spans {
    fn from(span: Span) -> Self {
        Spans {
            bytes: span.len,
            runs: 1,
            start: span.start,
            end: span.end(),
        }
    }
}

/// What every reader wants of all changes and writes.
#[derive(Debug, Clone, Default)]
pub(in crate::timeline) struct Summary {
    /// How many runs of changed bytes there are.
    pub(super) changes: u64,
    /// How many bytes differ.
    pub(super) bytes: u64,
    /// Who changed how much, in the order of the first changed address.
    pub(in crate::timeline) agents: Vec<(Agent, Spans)>,
    /// What each data segment wrote, in order.
    pub(in crate::timeline) segments: Vec<(u32, Spans)>,
    /// What all data segments wrote.
    pub(in crate::timeline) data: Spans,
    /// What the host wrote.
    pub(in crate::timeline) host: Spans,
    /// What it wrote last.
    pub(in crate::timeline) last_by_host: Option<Span>,
    /// How many of the events are writes by the host.
    pub(in crate::timeline) host_writes: u64,
}

/// Sums up leaf after leaf, in order of address, while their events are at hand.
#[derive(Default)]
pub(super) struct Sum {
    summary: Summary,
    /// The places of writers among the agents.
    known: HashMap<u32, usize>,
    guest: Option<usize>,
    /// That of the run before.
    last: Option<(WriterId, usize)>,
    /// The run found last, which the next leaf may go on with.
    pending: Option<Run>,
}

impl Sum {
    /// Adds the changes of the leaf that the history got last: the bytes that differ, and who wrote
    /// them last.
    pub(super) fn add_leaf(&mut self, history: &History, bits: &Bits, owners: &Owners) {
        let Some(index) = history.leaves.len().checked_sub(1) else {
            return;
        };
        let leaf = history.leaves.get(index).map_or(0, |leaf| leaf.number);
        match owners {
            Owners::Unknown => history
                .runs_of(index)
                .into_iter()
                .for_each(|run| self.add(history, run)),
            owners => owners.each_run(bits, |range, by| {
                self.add(history, Run::within(leaf, range, by))
            }),
        }
    }

    #[inline]
    fn add(&mut self, history: &History, run: Run) {
        match &mut self.pending {
            Some(last) if last.span.end() == run.span.start && last.by == run.by => {
                last.span.len += run.span.len
            }
            _ => self.next(history, Some(run)),
        }
    }

    pub(super) fn finish(mut self, history: &History) -> Summary {
        self.next(history, None);
        self.summary.add_asides(history);
        self.summary
    }

    fn next(&mut self, history: &History, next: Option<Run>) {
        let Some(run) = std::mem::replace(&mut self.pending, next) else {
            return;
        };
        let Sum {
            summary,
            known,
            guest,
            last,
            ..
        } = self;
        summary.changes += 1;
        summary.bytes += run.span.len;
        let place = match last {
            Some((by, place)) if *by == run.by => *place,
            _ if run.by.is_site() => *guest.get_or_insert_with(|| summary.place(Agent::Guest)),
            _ => *known
                .entry(run.by.0)
                .or_insert_with(|| summary.place(Agent::of(&history.writer(run.by)))),
        };
        *last = Some((run.by, place));
        if let Some((_, spans)) = summary.agents.get_mut(place) {
            spans.add(run.span);
        }
    }
}

impl Summary {
    fn place(&mut self, agent: Agent) -> usize {
        if let Some(place) = self.agents.iter().position(|(known, _)| *known == agent) {
            return place;
        }
        self.agents.push((agent, Spans::default()));
        self.agents.len() - 1
    }

    fn add_asides(&mut self, history: &History) {
        let mut segments: Vec<(u32, Vec<Span>)> = Vec::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        let mut host = Vec::new();
        for aside in &history.asides {
            let HostEvent::Write {
                start, len, writer, ..
            } = *aside
            else {
                continue;
            };
            let span = Span {
                start,
                len: u64::from(len),
            };
            match history.writers.get(writer as usize) {
                Some(Writer::Host) => {
                    host.push(span);
                    self.host_wrote(span);
                }
                Some(Writer::Data { segment }) => {
                    let place = *places.entry(*segment).or_insert(segments.len());
                    match segments.get_mut(place) {
                        Some((_, spans)) => spans.push(span),
                        None => segments.push((*segment, vec![span])),
                    }
                }
                _ => {}
            }
        }
        self.data = Spans::of(
            segments
                .iter()
                .flat_map(|(_, spans)| spans)
                .copied()
                .collect(),
        );
        self.segments = segments
            .into_iter()
            .map(|(segment, spans)| (segment, Spans::of(spans)))
            .collect();
        self.host = Spans::of(host);
    }

    /// A write longer than a page came in pieces.
    fn host_wrote(&mut self, span: Span) {
        match &mut self.last_by_host {
            Some(last) if span.start.is_multiple_of(PAGE) && last.end() == span.start => {
                last.len += span.len
            }
            last => {
                *last = Some(span);
                self.host_writes += 1;
            }
        }
    }
}
