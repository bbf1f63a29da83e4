//! Memory that the guest's debug information gives a type, without a line of the script: global
//! variables, and what the parameters of a call point to.

use super::regions::Part;
use super::{Moment, NamedSpan, StepRecord, Timeline};

impl Timeline {
    /// Returns the parts of a memory of this many bytes that debug information gives a type: the
    /// global variables, then what the parameters of the step's call point to.
    pub(crate) fn declared_parts_at(&self, moment: Moment, memory_len: u64) -> Vec<Part> {
        let parameters = self.step(moment.step).map(|record| &record.parameters);
        let declared = self
            .guest
            .variables
            .iter()
            .chain(parameters.into_iter().flatten());
        declared
            .filter(|named| named.span.end() <= memory_len)
            .cloned()
            .map(Part::from)
            .collect()
    }

    /// Returns the parts of those that a step wrote to, and that are no views of the script.
    pub(super) fn declared_parts_written(&self, record: &StepRecord, views: &[Part]) -> Vec<Part> {
        let all = 0..record.events.len();
        let is_written = |named: &&NamedSpan| {
            let first = record.events.first_write_in(named.span, all.clone());
            first.is_some()
        };
        let is_new = |named: &&NamedSpan| !views.iter().any(|view| view.span == named.span);
        let variables = self.guest.variables.iter().filter(is_written);
        let parameters = record.parameters.iter();
        let variables = variables.filter(|variable| {
            let mut pointed = record.parameters.iter();
            !pointed.any(|parameter| parameter.span == variable.span)
        });
        variables
            .chain(parameters)
            .filter(is_new)
            .filter(|named| named.span.end() <= record.memory.len())
            .cloned()
            .map(Part::from)
            .collect()
    }
}
