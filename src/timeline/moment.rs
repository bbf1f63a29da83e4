//! Moments of a run.

use super::Timeline;

/// A moment: after the first `event` events of a step. A larger number than the step has events
/// means the end of the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The number of the step.
    pub step: usize,
    /// How many of its events have happened.
    pub event: usize,
}

impl Moment {
    /// Returns the end of a step.
    pub fn end_of(step: usize) -> Self {
        Moment {
            step,
            event: usize::MAX,
        }
    }
}

impl Timeline {
    /// Returns the end of the last step that ran; `None` where no step has.
    pub fn end(&self) -> Option<Moment> {
        Some(Moment::end_of(self.steps().len().checked_sub(1)?))
    }

    /// Returns whether a moment is the end of its step: all of the step's events have happened.
    pub(crate) fn is_end_of_step(&self, moment: Moment) -> bool {
        self.step(moment.step)
            .is_some_and(|step| moment.event >= step.events.len())
    }
}
