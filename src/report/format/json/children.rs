//! The children of a step as the trace has them: nested as they happened.

use serde::Serialize;

use crate::report::common::json::HostData;
use crate::timeline::{ChildKind, Outcome, StepRecord};

/// The most levels of nesting. Many parsers refuse a document with more than 128, and a level here is
/// two of theirs.
const MAX_DEPTH: usize = 48;

/// A child of a step, with its own parts.
#[derive(Serialize)]
pub(super) struct ChildData<'a> {
    /// The name by which `--at` finds it.
    at: String,
    kind: ChildKind,
    text: &'a str,
    result: Option<&'a str>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<HostData<'a>>,
    events: EventsAround,
    children: Vec<ChildData<'a>>,
}

/// How many events of the step came before a child began, and before it ended.
#[derive(Serialize)]
struct EventsAround {
    before: usize,
    after: usize,
}

/// Returns the children of a step.
pub(super) fn of(record: &StepRecord) -> Vec<ChildData<'_>> {
    parts(record, None, 1)
}

/// Returns the parts of a child, or of the step itself, as long as they are not too deep.
fn parts(record: &StepRecord, parent: Option<usize>, depth: usize) -> Vec<ChildData<'_>> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let children = record.children.parts_of(parent);
    children
        .map(|(index, child)| ChildData {
            at: record.child_label(index),
            kind: child.kind,
            text: &child.text,
            result: child.result.as_deref(),
            outcome: child.outcome,
            host: child.host.as_deref().map(HostData::at),
            events: EventsAround {
                before: child.events.start,
                after: child.events.end,
            },
            children: parts(record, Some(index), depth + 1),
        })
        .collect()
}
