//! Who changed which bytes of a step, in phrases.

use super::phrases::{name, placed};
use crate::text::count;
use crate::timeline::StepRecord;
use crate::timeline::event_log::{Agent, Spans};

/// The largest number of writers that have a phrase of their own.
pub(super) const MAX_AGENTS: usize = 3;

/// The changed bytes of a step by their last writers, the guest first.
pub(super) struct Agents<'a> {
    agents: Vec<(&'a Agent, Spans)>,
}

impl<'a> Agents<'a> {
    /// Returns the agents of a step. The time that this takes depends on the number of writers, not
    /// on how much they changed.
    pub(super) fn of(record: &'a StepRecord) -> Self {
        let known = record.changes.summary().agents.iter();
        let mut agents: Vec<_> = known.map(|(agent, spans)| (agent, *spans)).collect();
        agents.sort_by_key(|(agent, _)| **agent != Agent::Guest);
        Agents { agents }
    }

    /// Returns what the guest changed.
    pub(super) fn guest(&self) -> Option<Spans> {
        self.agents
            .iter()
            .find(|(agent, _)| **agent == Agent::Guest)
            .map(|(_, spans)| *spans)
    }

    /// Removes agents.
    pub(super) fn without(mut self, left_out: impl Fn(&Agent) -> bool) -> Self {
        self.agents.retain(|(agent, _)| !left_out(agent));
        self
    }

    /// Returns a phrase for each writer, and one for all others if there are many.
    pub(super) fn phrases(&self) -> Vec<String> {
        self.phrases_with("the guest")
    }

    /// Returns the phrases, with another name for the guest.
    pub(super) fn phrases_with(&self, guest: &str) -> Vec<String> {
        let (listed, rest) = self.agents.split_at(self.agents.len().min(MAX_AGENTS));
        let phrase = |(agent, spans): &(&Agent, Spans)| {
            format!("{} changed {}", named(agent, guest), placed(spans))
        };
        let mut phrases: Vec<String> = listed.iter().map(phrase).collect();
        if !rest.is_empty() {
            let spans = rest
                .iter()
                .fold(Spans::default(), |sum, (_, spans)| sum.join(*spans));
            phrases.push(format!(
                "{} changed {}",
                count(rest.len() as u64, "other writer"),
                placed(&spans)
            ));
        }
        phrases
    }
}

fn named(agent: &Agent, guest: &str) -> String {
    match agent {
        Agent::Guest => guest.into(),
        Agent::Host => "the host".into(),
        Agent::Data(segment) => format!("data segment {segment}"),
        Agent::Import {
            module,
            name: import,
        } => format!("import {}", name(&format!("{module}.{import}"))),
    }
}
