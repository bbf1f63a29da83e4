//! Who changed which bytes of a step, in phrases.

use super::phrases::{name, placed};
use crate::text::count;
use crate::timeline::StepRecord;
use crate::timeline::event_log::{Agent, Spans};

/// Writers that are told apart before the rest is summed up.
pub(super) const AGENTS: usize = 3;

/// The changed bytes of a step by who wrote them last, the guest first.
pub(super) struct Agents<'a> {
    agents: Vec<(&'a Agent, Spans)>,
}

impl<'a> Agents<'a> {
    /// Costs as much as there are writers, however much they changed.
    pub(super) fn of(record: &'a StepRecord) -> Self {
        let known = record.changes.summary().agents.iter();
        let mut agents: Vec<_> = known.map(|(agent, spans)| (agent, *spans)).collect();
        agents.sort_by_key(|(agent, _)| **agent != Agent::Guest);
        Agents { agents }
    }

    /// What the guest changed.
    pub(super) fn guest(&self) -> Option<Spans> {
        self.agents
            .iter()
            .find(|(agent, _)| **agent == Agent::Guest)
            .map(|(_, spans)| *spans)
    }

    pub(super) fn without(mut self, left_out: impl Fn(&Agent) -> bool) -> Self {
        self.agents.retain(|(agent, _)| !left_out(agent));
        self
    }

    /// One phrase for each writer, the rest of many in one.
    pub(super) fn phrases(&self) -> Vec<String> {
        self.phrases_with("the guest")
    }

    pub(super) fn phrases_with(&self, guest: &str) -> Vec<String> {
        let (told, rest) = self.agents.split_at(self.agents.len().min(AGENTS));
        let phrase = |(agent, spans): &(&Agent, Spans)| {
            format!("{} changed {}", named(agent, guest), placed(spans))
        };
        let mut phrases: Vec<String> = told.iter().map(phrase).collect();
        if !rest.is_empty() {
            let spans = rest
                .iter()
                .fold(Spans::default(), |sum, (_, spans)| sum.and(*spans));
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
