//! What every format shows of a step: its statement, how it ended, what it gave back and what was
//! found.

use super::summary;
use crate::safe;
use crate::timeline::{Binding, Finding, Moment, Naming, Outcome, StepKind, StepRecord};
use crate::value::Value;

/// Characters of a value that are shown before it is cut.
const VALUE: usize = 60;

/// A step as a report shows it. All texts are safe to print.
#[derive(Clone, Copy)]
pub(in crate::report) struct StepView<'a>(pub(in crate::report) &'a StepRecord);

impl<'a> StepView<'a> {
    /// Returns `✓` for a step that ended in ok, else `✗`.
    pub(in crate::report) fn mark(self) -> char {
        match self.0.outcome {
            Outcome::Ok => '✓',
            _ => '✗',
        }
    }

    /// Returns the statement, cut after `limit` characters.
    pub(in crate::report) fn statement(self, limit: usize) -> String {
        match self.0.kind {
            StepKind::Instantiate => "instantiate".into(),
            _ => safe::cut(&self.0.text, limit),
        }
    }

    /// Returns how the step ended: `trapped`, `trapped, as expected`; `None` for ok.
    pub(in crate::report) fn failure(self) -> Option<String> {
        let outcome = self.0.outcome.as_str();
        match self.0.outcome {
            Outcome::Ok => None,
            _ if self.0.is_claimed() => Some(format!("{outcome}, as expected")),
            _ => Some(outcome.into()),
        }
    }

    /// Returns the values that the step gave back, in a few words; `None` where there are none, and
    /// for a step that did not end in ok.
    pub(in crate::report) fn result(self) -> Option<String> {
        let record = self.0;
        if record.outcome != Outcome::Ok {
            return None;
        }
        let values: Vec<String> = match (&record.call, record.kind) {
            _ if !record.bindings.is_empty() => {
                let bindings = record.bindings.iter();
                bindings.map(|binding| self.bound_value(binding)).collect()
            }
            (Some(call), StepKind::Call) => call.results.iter().map(|v| v.brief(VALUE)).collect(),
            (Some(_), StepKind::Expect) => vec!["trapped, as expected".into()],
            _ => match &record.naming {
                Some(Naming::Named(named)) => {
                    vec![format!("{:#x}..{:#x}", named.span.start, named.span.end())]
                }
                _ => Vec::new(),
            },
        };
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Returns how the step ended, or else what it gave back.
    pub(in crate::report) fn failure_or_result(self) -> Option<String> {
        self.failure().or_else(|| self.result())
    }

    /// Returns a variable's value; in hex if the script uses it as an address.
    fn bound_value(self, binding: &Binding) -> String {
        let mut pointers = self.0.pointers.iter();
        match (&binding.value, pointers.find(|p| p.name == binding.name)) {
            (Value::Int(_), Some(pointer)) => format!("{:#x}", pointer.address),
            _ => binding.value.brief(VALUE),
        }
    }

    /// Returns why the step did not end in ok, unless a finding has the same message.
    pub(in crate::report) fn error(self) -> Option<&'a str> {
        let error = self.0.error.as_deref()?;
        let is_found = self.0.findings.iter().any(|f| f.message == error);
        (!is_found).then_some(error)
    }

    /// Returns the findings of the step, in order.
    pub(in crate::report) fn findings(self) -> impl Iterator<Item = FindingView<'a>> {
        self.0.findings.iter().map(move |finding| FindingView {
            finding,
            blamed: finding.blamed.filter(|blamed| *blamed != self.0.index),
        })
    }
}

/// Returns when a moment of a step is: `after step 4`, or `in step 4, after event 7 of 14`.
pub(in crate::report) fn when(record: &StepRecord, moment: Moment) -> String {
    let (index, events) = (record.index, record.events.len());
    match moment.event {
        event if event < events => format!("in step {index}, after event {event} of {events}"),
        _ => format!("after step {index}"),
    }
}

/// A finding as a report shows it.
#[derive(Clone, Copy)]
pub(in crate::report) struct FindingView<'a> {
    /// The finding itself.
    pub(in crate::report) finding: &'a Finding,
    /// The step to blame, where it is another one than the step with the finding.
    pub(in crate::report) blamed: Option<usize>,
}

impl FindingView<'_> {
    /// Returns `error`, `warning` or `note`; `as expected` where an `expect finding` claims it.
    pub(in crate::report) fn severity(self) -> &'static str {
        match self.finding.claimed {
            true => "as expected",
            false => self.finding.severity().as_str(),
        }
    }

    /// Returns the message in one line, cut after `limit` characters.
    pub(in crate::report) fn message(self, limit: usize) -> String {
        safe::cut(&summary::one_line(&self.finding.message), limit)
    }
}
