//! What every reader needs of all changes and writes of a step, summed up once: who changed how
//! much, and where.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::LastWriters;
use super::byte_mask::ByteMask;
use super::changes::Run;
use super::leaf_index::{History, WriterId};
use super::recording::HostEvent;
use crate::timeline::image::PAGE;
use crate::timeline::{Span, Writer};

/// Who changed bytes. Unlike in a [`Writer`], the guest's functions and lines are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::timeline) enum Agent {
    Guest,
    Host,
    /// A data segment, by its index.
    Data(u32),
    Import {
        module: Arc<str>,
        name: Arc<str>,
    },
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

/// The sum of several spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::timeline) struct Spans {
    /// How many bytes they have together.
    pub(in crate::timeline) bytes: u64,
    /// How many spans there are.
    pub(in crate::timeline) runs: u64,
    /// The lowest address.
    pub(in crate::timeline) start: u64,
    /// The address after the highest.
    pub(in crate::timeline) end: u64,
}

impl Spans {
    /// Adds a span that starts no earlier than those before. One that touches them is not counted
    /// as a run of its own.
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

    /// Sums up spans in any order.
    pub(in crate::timeline) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| span.start);
        let mut sum = Spans::default();
        spans.into_iter().for_each(|span| sum.add(span));
        sum
    }

    /// Joins two sums. Runs of one that touch runs of the other are not joined.
    pub(in crate::timeline) fn join(self, other: Spans) -> Self {
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

    /// Returns the span from the first byte to the last.
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

/// The sums over all changes and writes of a step.
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
    /// The last write by the host.
    pub(in crate::timeline) last_by_host: Option<Span>,
    /// How many of the events are writes by the host.
    pub(in crate::timeline) host_writes: u64,
}

/// Sums up leaf after leaf, in the order of their addresses.
#[derive(Default)]
pub(super) struct SummaryBuilder {
    summary: Summary,
    /// By the id of a writer that is not a store site, its index among the agents.
    known: HashMap<u32, usize>,
    /// The index of the guest among the agents.
    guest: Option<usize>,
    /// The index of each agent among the agents.
    indices: HashMap<Agent, usize>,
    /// The writer of the run before, and its agent's index.
    last: Option<(WriterId, usize)>,
    /// The last run, which the next leaf may continue.
    pending: Option<Run>,
}

impl SummaryBuilder {
    /// Adds the last leaf of the history: its changed bytes, and who wrote them last.
    pub(super) fn add_leaf(
        &mut self,
        history: &History,
        changed: &ByteMask,
        writers: &LastWriters,
    ) {
        let Some(index) = history.leaves.len().checked_sub(1) else {
            return;
        };
        let leaf = history.leaves.get(index).map_or(0, |leaf| leaf.number);
        match writers {
            LastWriters::Unknown => history
                .runs_of(index)
                .into_iter()
                .for_each(|run| self.add(history, run)),
            writers => writers.for_each_run(changed, |range, by| {
                self.add(history, Run::in_leaf(leaf, range, by));
            }),
        }
    }

    #[inline]
    fn add(&mut self, history: &History, run: Run) {
        match &mut self.pending {
            Some(last) if last.span.end() == run.span.start && last.by == run.by => {
                last.span.len += run.span.len;
            }
            _ => self.replace_pending(history, Some(run)),
        }
    }

    /// Returns the sums, with those over the host events.
    pub(super) fn finish(mut self, history: &History) -> Summary {
        self.replace_pending(history, None);
        self.summary.add_host_events(history);
        self.summary
    }

    /// Adds the pending run to the sums.
    fn replace_pending(&mut self, history: &History, next: Option<Run>) {
        let Some(run) = std::mem::replace(&mut self.pending, next) else {
            return;
        };
        let SummaryBuilder {
            summary,
            known,
            guest,
            indices,
            last,
            ..
        } = self;
        summary.changes += 1;
        summary.bytes += run.span.len;
        let index = match last {
            Some((by, index)) if *by == run.by => *index,
            _ if run.by.is_site() => {
                *guest.get_or_insert_with(|| summary.agent_index(indices, Agent::Guest))
            }
            _ => *known.entry(run.by.0).or_insert_with(|| {
                summary.agent_index(indices, Agent::of(&history.writer(run.by)))
            }),
        };
        *last = Some((run.by, index));
        if let Some((_, spans)) = summary.agents.get_mut(index) {
            spans.add(run.span);
        }
    }
}

impl Summary {
    /// Returns the index of an agent, and adds it if it is new. `indices` has those of all agents.
    fn agent_index(&mut self, indices: &mut HashMap<Agent, usize>, agent: Agent) -> usize {
        *indices.entry(agent).or_insert_with_key(|agent| {
            self.agents.push((agent.clone(), Spans::default()));
            self.agents.len() - 1
        })
    }

    fn add_host_events(&mut self, history: &History) {
        let mut segments: Vec<(u32, Vec<Span>)> = Vec::new();
        let mut indices: HashMap<u32, usize> = HashMap::new();
        let mut host = Vec::new();
        for event in &history.host_events {
            let HostEvent::Write {
                start,
                bytes,
                writer,
                ..
            } = *event
            else {
                continue;
            };
            let span = Span {
                start,
                len: bytes.len() as u64,
            };
            match history.writers.get(writer as usize) {
                Some(Writer::Host) => {
                    host.push(span);
                    self.add_host_write(span);
                }
                Some(Writer::Data { segment }) => {
                    let index = *indices.entry(*segment).or_insert(segments.len());
                    match segments.get_mut(index) {
                        Some((_, spans)) => spans.push(span),
                        None => segments.push((*segment, vec![span])),
                    }
                }
                _ => {}
            }
        }
        let all = segments.iter().flat_map(|(_, spans)| spans);
        self.data = Spans::of(all.copied().collect());
        self.segments = segments
            .into_iter()
            .map(|(segment, spans)| (segment, Spans::of(spans)))
            .collect();
        self.host = Spans::of(host);
    }

    fn add_host_write(&mut self, span: Span) {
        match &mut self.last_by_host {
            // A write longer than a page is several events, cut at the ends of pages.
            Some(last) if span.start.is_multiple_of(PAGE) && last.end() == span.start => {
                last.len += span.len;
            }
            last => {
                *last = Some(span);
                self.host_writes += 1;
            }
        }
    }
}
