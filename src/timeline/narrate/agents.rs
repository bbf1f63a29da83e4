//! Who changed which bytes of a step, in phrases.

use super::words::{count, name, placed};
use crate::timeline::{Span, StepRecord, Writer};

/// Writers that are told apart before the rest is summed up.
pub(super) const AGENTS: usize = 3;

/// The changed bytes of a step by who wrote them last, the guest first.
pub(super) struct Agents {
    agents: Vec<(String, Vec<Span>)>,
}

impl Agents {
    pub(super) fn of(record: &StepRecord) -> Self {
        let mut agents: Vec<(String, Vec<Span>)> = Vec::new();
        for change in &record.changes {
            let who = agent(&change.writer);
            match agents.iter_mut().find(|(known, _)| *known == who) {
                Some((_, spans)) => spans.push(change.span()),
                None => agents.push((who, vec![change.span()])),
            }
        }
        for (_, spans) in &mut agents {
            *spans = joined(std::mem::take(spans));
        }
        agents.sort_by_key(|(who, _)| who != "the guest");
        Agents { agents }
    }

    pub(super) fn spans_of(&self, who: &str) -> Option<&[Span]> {
        self.agents.iter().find(|(known, _)| known == who).map(|(_, spans)| spans.as_slice())
    }

    pub(super) fn without(&self, who: &str) -> Agents {
        Agents { agents: self.agents.iter().filter(|(known, _)| !known.starts_with(who)).cloned().collect() }
    }

    /// One phrase for each writer, the rest of many in one.
    pub(super) fn phrases(&self) -> Vec<String> {
        self.phrases_with("the guest")
    }

    pub(super) fn phrases_with(&self, guest: &str) -> Vec<String> {
        let (told, rest) = self.agents.split_at(self.agents.len().min(AGENTS));
        let named = |who: &str| if who == "the guest" { guest.to_string() } else { who.to_string() };
        let mut phrases: Vec<String> =
            told.iter().map(|(who, spans)| format!("{} changed {}", named(who), placed(spans))).collect();
        if !rest.is_empty() {
            let spans = joined(rest.iter().flat_map(|(_, spans)| spans).copied().collect());
            phrases.push(format!("{} changed {}", count(rest.len() as u64, "other writer"), placed(&spans)));
        }
        phrases
    }
}

fn agent(writer: &Writer) -> String {
    match writer {
        Writer::Data { segment } => format!("data segment {segment}"),
        Writer::Host => "the host".into(),
        Writer::Import { module, name: import } => format!("import {}", name(&format!("{module}.{import}"))),
        Writer::Guest { .. } => "the guest".into(),
    }
}

/// The spans in order of address, without empty ones, touching and overlapping ones joined.
pub(super) fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|s| s.start);
    let mut out: Vec<Span> = Vec::new();
    for span in spans.into_iter().filter(|s| s.len > 0) {
        match out.last_mut() {
            Some(last) if span.start <= last.end() => last.len = span.end().max(last.end()) - last.start,
            _ => out.push(span),
        }
    }
    out
}
