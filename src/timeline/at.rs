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

/// Why there is no such moment. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AtError {
    /// The text is no moment.
    #[error(
        "expected a step's number, such as 4, or 4.12 for a store inside it; 4/2 is the second \
         part of step 4, such as an import that the guest called, and 4/2.12 a store inside that"
    )]
    Syntax,
    /// The session did not run the step.
    #[error("the session ran steps 0 to {last}")]
    NoStep {
        /// The last step that has run.
        last: usize,
    },
    /// The step or child has fewer parts.
    #[error("{parent} has {}", parts(*.count))]
    NoChild {
        /// The step or the child, as it is named: `step 4`, `4/2`.
        parent: String,
        /// How many parts it has.
        count: usize,
    },
    /// The step or child wrote nothing.
    #[error("{of} wrote nothing, so there is no {at}; use --at {without}")]
    NoEvents {
        /// The step or the child, as it is named.
        of: String,
        /// The moment as written.
        at: String,
        /// The moment without the event.
        without: String,
    },
    /// The step or child has fewer events.
    #[error("the last event of {of} is {last}")]
    NoEvent {
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
    type Err = AtError;

    fn from_str(text: &str) -> Result<Self, AtError> {
        let number = |text: &str| text.parse::<usize>().map_err(|_| AtError::Syntax);
        let (place, event) = match text.split_once('.') {
            Some((place, event)) => (place, Some(number(event)?)),
            None => (text, None),
        };
        let mut numbers = place.split('/').map(number);
        let step = numbers.next().ok_or(AtError::Syntax)??;
        let path = numbers.collect::<Result<_, _>>()?;
        Ok(At { step, path, event })
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

impl Timeline {
    /// Returns the moment that is written so.
    ///
    /// # Errors
    ///
    /// Returns an error if the run has no such step, child or event.
    pub fn resolve(&self, at: &At) -> Result<Resolved, AtError> {
        let last = self.steps().len().saturating_sub(1);
        let record = self.step(at.step).ok_or(AtError::NoStep { last })?;
        let child = child_at(record, &at.path)?;
        let (of, events) = match child.and_then(|child| record.children.get(child)) {
            Some(child) => {
                let path = At {
                    event: None,
                    ..at.clone()
                };
                (path.to_string(), child.events.clone())
            }
            None => (format!("step {}", at.step), 0..record.events.len()),
        };
        let event = match (at.event, events.len()) {
            (None, _) if child.is_none() => usize::MAX,
            (None, _) => events.end,
            (Some(event), 0) if event > 0 => {
                let without = At {
                    event: None,
                    ..at.clone()
                };
                return Err(AtError::NoEvents {
                    of,
                    at: at.to_string(),
                    without: without.to_string(),
                });
            }
            (Some(event), last) if event > last => return Err(AtError::NoEvent { of, last }),
            (Some(event), _) => events.start.saturating_add(event),
        };
        let moment = Moment {
            step: at.step,
            event,
        };
        Ok(Resolved { moment, child })
    }
}

/// Returns the index of the child to which the numbers lead; `None` for no numbers.
fn child_at(record: &StepRecord, path: &[usize]) -> Result<Option<usize>, AtError> {
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
    Err(AtError::NoChild {
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
        for text in [
            "", "x", "4.", ".4", "4/", "/4", "4//2", "4.2/1", "-1", "4/2.x", "4 ",
        ] {
            assert_eq!(text.parse::<At>(), Err(AtError::Syntax), "{text}");
        }
    }
}
