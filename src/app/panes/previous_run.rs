//! The run before the files of the session were loaded again, and what differs from it.
//!
//! Steps are compared by their number, as `linmem diff` does. Bytes are compared at the same step
//! and event.

use std::sync::Arc;

use crate::app::App;
use crate::text;
use crate::timeline::{Comparison, Divergence, Image, Moment, Span, Timeline, What};

/// The most differing spans of a moment that are kept; the rows of the others can be squeezed.
const MAX_SPANS: usize = 4096;

/// The run before this one.
#[derive(Debug, Clone)]
pub(crate) struct PreviousRun {
    timeline: Timeline,
    /// The number of steps of this run that were compared, and whether none was left.
    compared: Option<(usize, bool)>,
    /// The numbers of the steps that differ, in order.
    differing: Vec<usize>,
    /// What differs first, as a clause; `None` where nothing does.
    first: Option<String>,
}

impl PreviousRun {
    /// Returns the run before this one, to be compared. One without steps has nothing to compare.
    pub fn of(timeline: Timeline) -> Option<PreviousRun> {
        (!timeline.steps().is_empty()).then(|| PreviousRun {
            timeline,
            compared: None,
            differing: Vec::new(),
            first: None,
        })
    }

    /// Compares this run with `now`, where more of its steps have run since the last time.
    fn compare(&mut self, now: &Timeline, is_over: bool) {
        let ran = now.steps().len();
        if self.compared.replace((ran, is_over)) == Some((ran, is_over)) {
            return;
        }
        let comparison = Comparison::of(&self.timeline, now);
        // A step that has not run yet differs in nothing.
        let is_comparable = |step: usize| is_over || step < ran;
        self.differing = comparison
            .differing_steps()
            .filter(|step| is_comparable(*step))
            .collect();
        let first = comparison.divergence.as_ref();
        self.first = first
            .filter(|divergence| is_comparable(divergence.step))
            .map(|divergence| describe(divergence, ran));
    }
}

/// Returns what differs in a step as a clause, where `ran` steps of this run have run.
fn describe(divergence: &Divergence, ran: usize) -> String {
    let step = divergence.step;
    if divergence.parts.iter().any(|part| part.what == What::Step) {
        return match step < ran {
            true => format!("step {step}, which did not run before"),
            false => format!("step {step}, which ran only before"),
        };
    }
    let mut names: Vec<String> = Vec::new();
    for part in &divergence.parts {
        let name = match (part.what, divergence.spans.first()) {
            (What::Memory, Some(span)) => format!(
                "memory ({} from {:#x} on)",
                text::count(divergence.differing, "byte"),
                span.start
            ),
            (what, _) => what.as_str().to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    format!("step {step}: {}", names.join(", "))
}

impl App {
    /// Compares the run before with this one, where one is kept. `is_over` is whether no step of
    /// this one is left.
    pub(in crate::app) fn refresh_comparison(&mut self, is_over: bool) {
        if let Some(previous) = &mut self.previous_run {
            previous.compare(&self.timeline, is_over);
        }
    }

    /// Returns whether a step differs from the run before.
    pub(crate) fn differs_from_previous_run(&self, step: usize) -> bool {
        let previous = self.previous_run.as_ref();
        previous.is_some_and(|previous| previous.differing.binary_search(&step).is_ok())
    }

    /// Returns a sentence about what differs first from the run before, where one is kept.
    pub(in crate::app) fn describe_difference(&self) -> Option<String> {
        let previous = self.previous_run.as_ref()?;
        Some(match &previous.first {
            None => "nothing differs from the run before".to_owned(),
            Some(first) => format!("the first difference from the run before is in {first}"),
        })
    }
}

/// Memory of the run before at the moment shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct PreviousMemory {
    pub image: Image,
    /// The first spans in which it differs from this run, by address.
    pub differing: Arc<[Span]>,
}

/// Returns memory of the run before at the moment shown, where it ran the step.
pub(in crate::app) fn memory(app: &App, now: &Image) -> Option<PreviousMemory> {
    let timeline = &app.previous_run.as_ref()?.timeline;
    let Moment { step, event } = app.moment;
    let len = timeline.step(step)?.events.len();
    let is_over = app
        .record()
        .is_none_or(|record| event >= record.events.len());
    let moment = match is_over {
        true => Moment::end_of(step),
        false => Moment {
            step,
            event: event.min(len),
        },
    };
    let image = timeline.memory_at(moment);
    let mut differing = image.differences(now);
    differing.truncate(MAX_SPANS);
    Some(PreviousMemory {
        image,
        differing: differing.into(),
    })
}
