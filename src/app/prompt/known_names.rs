//! The names that a typed statement may use.

use crate::app::App;
use crate::script::{self, KnownNames};
use crate::timeline::SpanKind;

/// Returns the names that are known at the end of a step.
pub(super) fn known_at(app: &App, step: usize) -> KnownNames {
    let timeline = &app.timeline;
    let ran = timeline.steps().iter().take(step.saturating_add(1));
    let variables =
        ran.flat_map(|record| record.bindings.iter().map(|binding| binding.name.clone()));
    let is_last = step.saturating_add(1) >= timeline.steps().len();
    let to_come = timeline
        .planned
        .iter()
        .skip(timeline.steps().len())
        .filter(|_| is_last);
    let spans = timeline.spans_at(step);
    let named = |kind: SpanKind| {
        let of_kind = spans.iter().filter(move |span| span.kind == kind);
        of_kind.map(|span| span.name.clone()).collect()
    };
    KnownNames {
        inputs: inputs(app),
        variables: variables.collect(),
        later: to_come
            .flat_map(|planned| script::names_given(&planned.text))
            .collect(),
        regions: named(SpanKind::Region),
        blocks: named(SpanKind::Block),
        types: timeline
            .setup
            .iter()
            .filter_map(|line| script::declared_type(line))
            .collect(),
    }
}

/// Returns the names of the session's inputs.
pub(super) fn inputs(app: &App) -> Vec<String> {
    let inputs = app.timeline.inputs.iter();
    inputs.map(|input| input.name.clone()).collect()
}
