//! What every reader needs of all changes and writes of a step, summed up once: who changed how
//! much, and where.

use std::sync::Arc;

use super::build::LastWriters;
use super::byte_mask::ByteMask;
use super::changes::Run;
use super::leaf_index::{History, WriterId};
use super::recording::HostEvent;
use crate::timeline::image::PAGE;
use crate::timeline::{Span, Writer};

/// Who changed bytes. Unlike in a [`Writer`], the guest's functions and lines are one.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The first run of changed bytes.
    pub(super) first: Option<Span>,
    /// How many bytes each writer changed, in the order of the first changed address.
    pub(super) bytes_by_writer: Vec<(WriterId, u64)>,
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
    /// By the number of a store site, one more than its index among the writers; 0 for none.
    sites: Vec<usize>,
    /// The same by the number of any other writer. The last one is for all unknown writers.
    others: Vec<usize>,
    /// The index of each writer's agent among the agents.
    agents: Vec<usize>,
    /// The index of the guest among the agents.
    guest: Option<usize>,
    /// The writer of the run before, and its index.
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
        let index = match self.last {
            Some((by, index)) if by == run.by => index,
            _ => self.writer_index(history, run.by),
        };
        self.last = Some((run.by, index));
        let summary = &mut self.summary;
        summary.changes += 1;
        summary.bytes += run.span.len;
        summary.first.get_or_insert(run.span);
        if let Some((_, bytes)) = summary.bytes_by_writer.get_mut(index) {
            *bytes += run.span.len;
        }
        let agent = self.agents.get(index);
        if let Some((_, spans)) = agent.and_then(|agent| summary.agents.get_mut(*agent)) {
            spans.add(run.span);
        }
    }

    /// Returns the index of a writer, and adds it if it is new.
    fn writer_index(&mut self, history: &History, by: WriterId) -> usize {
        let (indices, count) = match by.is_site() {
            true => (&mut self.sites, history.table.len() + 1),
            false => (&mut self.others, history.writers.len()),
        };
        // An id in place of a writer is a number past all of them.
        let number = (by.number() as usize).min(count);
        if number >= indices.len() {
            indices.resize(number + 1, 0);
        }
        let next = self.agents.len();
        match indices.get_mut(number) {
            Some(known) if *known > 0 => return *known - 1,
            Some(known) => *known = next + 1,
            None => {}
        }
        self.summary.bytes_by_writer.push((by, 0));
        let agent = match by.is_site() {
            true => Agent::Guest,
            false => Agent::of(&history.writer(by)),
        };
        let agent = self.agent_index(agent);
        self.agents.push(agent);
        next
    }

    /// Returns the index of the agent of a new writer. Only the guest has several writers.
    fn agent_index(&mut self, agent: Agent) -> usize {
        let agents = &mut self.summary.agents;
        let mut add = |agent| {
            agents.push((agent, Spans::default()));
            agents.len() - 1
        };
        match agent {
            Agent::Guest => *self.guest.get_or_insert_with(|| add(agent)),
            _ => add(agent),
        }
    }
}

impl Summary {
    fn add_host_events(&mut self, history: &History) {
        // By the number of its writer, one more than the index of a segment; 0 for none.
        let mut indices = vec![0; history.writers.len()];
        let mut placed: Vec<(usize, Span)> = Vec::new();
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
                    let Some(index) = indices.get_mut(writer as usize) else {
                        continue;
                    };
                    if *index == 0 {
                        self.segments.push((*segment, Spans::default()));
                        *index = self.segments.len();
                    }
                    placed.push((*index - 1, span));
                }
                _ => {}
            }
        }
        self.data = Spans::of(placed.iter().map(|(_, span)| *span).collect());
        placed.sort_by_key(|(index, span)| (*index, span.start));
        for (index, span) in placed {
            if let Some((_, spans)) = self.segments.get_mut(index) {
                spans.add(span);
            }
        }
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
