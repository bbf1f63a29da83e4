//! A moment as people write it: `4` for the end of step 4, `4.7` after its seventh event, `4/2` for
//! the end of its second child, `4/2.7` after the seventh event in that.

use std::fmt;
use std::str::FromStr;

use super::{Moment, StepRecord, Timeline};

/// A moment as it is written. Whether a run has it is known when it is [resolved](Timeline::resolve).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The number of the step.
    pub step: usize,
    /// The numbers that lead to a child, each counted from 1; empty for the step itself.
    pub path: Vec<usize>,
    /// How many events of the step or child have happened; `None` for all of them.
    pub event: Option<usize>,
}

/// A moment of a run, and the child that it was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The moment.
    pub moment: Moment,
    /// The index of the child in the step.
    pub child: Option<usize>,
}

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a step's number, such as 4, or 4.12 for a store inside it; 4/2 is the second part of \
     step 4, such as an import that the guest called, and 4/2.12 a store inside that"
)]
pub struct NotAMoment;

/// A moment that a run does not have. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchMoment {
    /// No step has run.
    #[error("{at}: no step of the session has run")]
    NoSteps {
        /// The moment as it was written.
        at: At,
    },
    /// The step has not run.
    #[error("{at}: the session ran steps 0 to {last}")]
    NoStep {
        /// The moment as it was written.
        at: At,
        /// The last step that has run.
        last: usize,
    },
    /// The step or child has fewer parts.
    #[error("{at}: {parent} has {}", parts(*.count))]
    NoChild {
        /// The moment as it was written.
        at: At,
        /// The step or the child, as it is named: `step 4`, `4/2`.
        parent: String,
        /// How many parts it has.
        count: usize,
    },
    /// The step or child has no events.
    #[error("{at}: {of} wrote nothing, so there is no {at}; use {without}")]
    NoEvents {
        /// The moment as it was written.
        at: At,
        /// The step or the child, as it is named.
        of: String,
        /// The moment without the event.
        without: At,
    },
    /// The step or child has fewer events.
    #[error("{at}: the last event of {of} is {last}")]
    NoEvent {
        /// The moment as it was written.
        at: At,
        /// The step or the child, as it is named.
        of: String,
        /// The number of its last event.
        last: usize,
    },
}

fn parts(count: usize) -> String {
    match count {
        0 => "no parts: the guest called no import in it, or they were not recorded".to_owned(),
        1 => "one part".to_owned(),
        count => format!("{count} parts"),
    }
}

impl FromStr for At {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let (place, event) = match text.split_once('.') {
            Some((place, event)) => (place, Some(number(event)?)),
            None => (text, None),
        };
        let mut numbers = place.split('/').map(number);
        let step = numbers.next().ok_or(NotAMoment)??;
        let path = numbers.collect::<Result<_, _>>()?;
        Ok(At { step, path, event })
    }
}

fn number(digits: &str) -> Result<usize, NotAMoment> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = is_number.then(|| digits.parse().ok()).flatten();
    parsed.ok_or(NotAMoment)
}

impl From<Moment> for At {
    fn from(moment: Moment) -> Self {
        let Moment { step, event } = moment;
        At {
            step,
            path: Vec::new(),
            event: (event != usize::MAX).then_some(event),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step)?;
        self.path
            .iter()
            .try_for_each(|number| write!(f, "/{number}"))?;
        self.event.map_or(Ok(()), |event| write!(f, ".{event}"))
    }
}

impl StepRecord {
    /// Returns a child as it is named: `4/2`.
    pub fn child_label(&self, child: usize) -> String {
        format!("{}/{}", self.index, self.children.path(child))
    }
}

impl At {
    /// Returns the end of the same step or child.
    fn end(&self) -> At {
        At {
            event: None,
            ..self.clone()
        }
    }
}

impl Timeline {
    /// Returns the moment that `at` names.
    ///
    /// # Errors
    ///
    /// Returns an error if the run has no such step, child or event.
    pub fn moment(&self, at: &At) -> Result<Moment, NoSuchMoment> {
        self.resolve(at).map(|resolved| resolved.moment)
    }

    /// Returns the moment that `at` names, and the child that it names.
    ///
    /// # Errors
    ///
    /// Returns an error if the run has no such step, child or event.
    pub fn resolve(&self, at: &At) -> Result<Resolved, NoSuchMoment> {
        let Some(record) = self.step(at.step) else {
            let at = at.clone();
            return Err(match self.steps().len().checked_sub(1) {
                Some(last) => NoSuchMoment::NoStep { at, last },
                None => NoSuchMoment::NoSteps { at },
            });
        };
        let child = child_at(record, at)?;
        let (of, events) = match child.and_then(|child| record.children.get(child)) {
            Some(child) => (at.end().to_string(), child.events.clone()),
            None => (format!("step {}", at.step), 0..record.events.len()),
        };
        let event = match (at.event, events.len()) {
            (None, _) if child.is_none() => usize::MAX,
            (None, _) => events.end,
            (Some(event), 0) if event > 0 => {
                let (at, without) = (at.clone(), at.end());
                return Err(NoSuchMoment::NoEvents { at, of, without });
            }
            (Some(event), last) if event > last => {
                let at = at.clone();
                return Err(NoSuchMoment::NoEvent { at, of, last });
            }
            (Some(event), _) => events.start.saturating_add(event),
        };
        let moment = Moment {
            step: at.step,
            event,
        };
        Ok(Resolved { moment, child })
    }
}

/// Returns the index of the child that `at` names; `None` for the step itself.
fn child_at(record: &StepRecord, at: &At) -> Result<Option<usize>, NoSuchMoment> {
    let path = &at.path;
    if path.is_empty() {
        return Ok(None);
    }
    if let Some(child) = record.children.find(path) {
        return Ok(Some(child));
    }
    // The longest part of the path that there is has too few parts.
    let known = (0..path.len()).rev().find_map(|len| {
        let parent = path.get(..len)?;
        let child = record.children.find(parent);
        (len == 0 || child.is_some()).then_some(child)
    });
    let parent = known.flatten();
    Err(NoSuchMoment::NoChild {
        at: at.clone(),
        parent: match parent {
            Some(child) => record.child_label(child),
            None => format!("step {}", record.index),
        },
        count: record.children.parts_of(parent).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_written() {
        for text in ["0", "4", "4.12", "4/2", "4/2.7", "4/2/11/1.0"] {
            let at: At = text.parse().unwrap();
            assert_eq!(at.to_string(), text);
        }
        let wrong = [
            "",
            "x",
            "4.",
            ".4",
            "4/",
            "/4",
            "4//2",
            "4.2/1",
            "-1",
            "+4",
            "4.+1",
            "4.1.2",
            "4/2.x",
            "4 ",
            "99999999999999999999",
        ];
        for text in wrong {
            assert_eq!(text.parse::<At>(), Err(NotAMoment), "{text}");
        }
    }
}
