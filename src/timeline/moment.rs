//! Moments of a run, and how a person writes one.

use std::fmt;

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

/// A moment as a person writes it: `4`, or `4.7` for the moment after event 7 of step 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The number of the step.
    pub step: usize,
    /// How many of its events have happened; `None` for all of them.
    pub store: Option<usize>,
}

impl At {
    /// Parses `STEP` or `STEP.STORE`; `None` for any other text.
    pub fn parse(text: &str) -> Option<At> {
        let number = |digits: &str| {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten()
        };
        let (step, store) = match text.split_once('.') {
            Some((step, store)) => (step, Some(number(store)?)),
            None => (text, None),
        };
        Some(At {
            step: number(step)?,
            store,
        })
    }
}

impl From<Moment> for At {
    fn from(moment: Moment) -> Self {
        let Moment { step, event } = moment;
        At {
            step,
            store: (event != usize::MAX).then_some(event),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store {
            Some(store) => write!(f, "{}.{store}", self.step),
            None => write!(f, "{}", self.step),
        }
    }
}

/// A moment that a run does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchMoment {
    /// No step has run.
    #[error("{at}: no step of the session has run")]
    NoSteps {
        /// The moment as it was written.
        at: At,
    },
    /// The step has not run.
    #[error("{at}: the session ran steps 0 to {last}")]
    Step {
        /// The moment as it was written.
        at: At,
        /// The last step that ran.
        last: usize,
    },
    /// The step has no events.
    #[error("{at}: step {} wrote nothing, so there is no {at}; use {}", at.step, at.step)]
    NoEvents {
        /// The moment as it was written.
        at: At,
    },
    /// The step has fewer events.
    #[error("{at}: the last event of step {} is {last}", at.step)]
    Event {
        /// The moment as it was written.
        at: At,
        /// The number of the last event.
        last: usize,
    },
}

impl Timeline {
    /// Returns the moment that `at` names.
    ///
    /// # Errors
    /// The run does not have that step, or the step does not have as many events.
    pub fn moment(&self, at: At) -> Result<Moment, NoSuchMoment> {
        let Some(record) = self.step(at.step) else {
            return Err(match self.steps().len().checked_sub(1) {
                Some(last) => NoSuchMoment::Step { at, last },
                None => NoSuchMoment::NoSteps { at },
            });
        };
        match (at.store, record.events.len()) {
            (None, _) => Ok(Moment::end_of(at.step)),
            (Some(store), 0) if store > 0 => Err(NoSuchMoment::NoEvents { at }),
            (Some(store), last) if store > last => Err(NoSuchMoment::Event { at, last }),
            (Some(event), _) => Ok(Moment {
                step: at.step,
                event,
            }),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_step_and_store() {
        let at = |step, store| Some(At { step, store });
        for (text, parsed) in [
            ("4", at(4, None)),
            ("4.12", at(4, Some(12))),
            ("0.0", at(0, Some(0))),
            ("", None),
            ("4.", None),
            (".4", None),
            ("+4", None),
            ("4.+1", None),
            ("4.1.2", None),
            ("-1", None),
            ("x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(At::parse(text), parsed, "{text}");
            if let Some(at) = parsed {
                assert_eq!(at.to_string(), text);
            }
        }
    }
}
