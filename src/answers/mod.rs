//! Answers to questions about a recorded run, as plain data: who wrote a byte, the next and the
//! previous write, memory at a moment, the value of an expression, and lists of steps, findings and
//! parts of memory.
//!
//! A [`Question`] comes from the command line or from a line of JSON, which [`Request`] reads. It
//! evaluates its expressions with the variables as they are at its moment. An [`Answer`] reads the
//! timeline only as far as it is written, so that its cost is that of what it lists. It runs no
//! guest, and names no format.

mod error;
mod expression;
mod field_path;
mod field_rows;
mod request;
mod writers;

use crate::timeline::{At, Image, Moment, Part, Span, Timeline, Touch};
use crate::value::Value;

pub use error::AnswerError;
pub use expression::split_range;
pub use field_rows::{FieldRow, field_rows, find_type};
pub use request::{MAX_LINE, Request};
pub use writers::{Run, Writers};

use expression::Expressions;

/// The most bytes whose writers one question can ask for.
pub const MAX_WRITERS: u64 = 64 << 10;

/// The most bytes of memory in an answer of text or JSON.
pub const MAX_MEMORY: u64 = 1 << 20;

/// The most bytes that the value in an answer can take.
const MAX_VALUE: usize = 1 << 20;

/// A range of memory at a moment, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// An expression: the address of the first byte. Or a field, or the name of a region or block.
    pub address: String,
    /// An expression: the number of bytes; `None` for one byte, or for all of a field or a name.
    pub length: Option<String>,
    /// The moment; `None` for the end of the run.
    pub at: Option<At>,
}

/// A direction in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end of the run.
    Next,
    /// Towards its start.
    Previous,
}

impl Direction {
    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Next => "next",
            Direction::Previous => "previous",
        }
    }
}

/// A question about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The writers of a range.
    Writers {
        /// The bytes, and the moment. Later writes do not count.
        range: Range,
        /// Whether all runs and all earlier writers are listed, or only the first ones.
        all: bool,
    },
    /// The next or the previous write to any byte of a range. Without a moment, [`Direction::Next`]
    /// starts before step 0.
    Touch {
        /// The bytes, and the moment from which the write is searched.
        range: Range,
        /// Where to search.
        direction: Direction,
    },
    /// The bytes of a range, at most [`MAX_MEMORY`].
    Memory {
        /// The bytes, and their moment.
        range: Range,
    },
    /// The value of an expression.
    Value {
        /// The expression.
        expression: String,
        /// The moment of its variables; `None` for the end of the run.
        at: Option<At>,
    },
    /// The steps that ran.
    Steps,
    /// The findings of all steps.
    Findings,
    /// The named parts of memory.
    Regions {
        /// The moment; `None` for the end of the run.
        at: Option<At>,
    },
}

/// An answer: what is needed to write it.
#[derive(Debug, Clone)]
pub enum Answer<'a> {
    /// The writers of a range.
    Writers(Writers<'a>),
    /// The next or the previous write to a range.
    Touch(FoundTouch<'a>),
    /// The bytes of a range.
    Memory(MemoryPart<'a>),
    /// The value of an expression.
    Value(Value),
    /// The steps that ran.
    Steps(&'a Timeline),
    /// The findings of all steps.
    Findings(&'a Timeline),
    /// The named parts of memory at a moment.
    Regions(Regions),
}

/// The next or the previous write to a range.
#[derive(Debug, Clone)]
pub struct FoundTouch<'a> {
    /// The run.
    pub timeline: &'a Timeline,
    /// The moment from which the write was searched.
    pub moment: Moment,
    /// The bytes.
    pub span: Span,
    /// Where it was searched.
    pub direction: Direction,
    /// The write; `None` where there is none.
    pub touch: Option<Touch>,
}

/// The bytes of a range at a moment.
#[derive(Debug, Clone)]
pub struct MemoryPart<'a> {
    /// The run.
    pub timeline: &'a Timeline,
    /// The moment.
    pub moment: Moment,
    /// All of memory at the moment.
    pub image: Image,
    /// The bytes. They are within memory.
    pub span: Span,
}

impl MemoryPart<'_> {
    /// Returns the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.image.read(self.span.start, self.span.len)
    }
}

/// The named parts of memory at a moment.
#[derive(Debug, Clone)]
pub struct Regions {
    /// The moment.
    pub(crate) moment: Moment,
    /// The parts.
    pub(crate) parts: Vec<Part>,
}

impl Question {
    /// Returns the answer for a run.
    ///
    /// # Errors
    /// The moment does not exist, an expression has no value, or the bytes are not all in memory.
    pub fn answer<'a>(&self, timeline: &'a Timeline) -> Result<Answer<'a>, AnswerError> {
        match self {
            Question::Writers { range, all } => writers(timeline, range, *all).map(Answer::Writers),
            Question::Touch { range, direction } => {
                find_touch(timeline, range, *direction).map(Answer::Touch)
            }
            Question::Memory { range } => {
                memory(timeline, range, Some(MAX_MEMORY)).map(Answer::Memory)
            }
            Question::Value { expression, at } => {
                let moment = moment_of(timeline, at.as_ref())?;
                let value = Expressions::new(timeline, moment).value(expression)?;
                match value.weight() {
                    bytes if bytes > MAX_VALUE => Err(AnswerError::ValueTooLarge {
                        bytes,
                        most: MAX_VALUE,
                    }),
                    _ => Ok(Answer::Value(value)),
                }
            }
            Question::Steps => Ok(Answer::Steps(timeline)),
            Question::Findings => Ok(Answer::Findings(timeline)),
            Question::Regions { at } => {
                let moment = moment_of(timeline, at.as_ref())?;
                let memory = timeline.memory_at(moment);
                let parts = timeline.parts_at(moment, memory.len());
                Ok(Answer::Regions(Regions { moment, parts }))
            }
        }
    }

    /// Sets the moment of a question that has none.
    pub fn set_default_moment(&mut self, default: At) {
        match self {
            Question::Writers { range, .. }
            | Question::Touch { range, .. }
            | Question::Memory { range } => {
                range.at.get_or_insert(default);
            }
            Question::Value { at, .. } | Question::Regions { at } => {
                at.get_or_insert(default);
            }
            Question::Steps | Question::Findings => {}
        }
    }
}

fn moment_of(timeline: &Timeline, at: Option<&At>) -> Result<Moment, AnswerError> {
    match at {
        Some(at) => Ok(timeline.moment(at)?),
        None => timeline.end().ok_or(AnswerError::NoSteps),
    }
}

/// Returns the writers of a range. Without `all`, only the first runs and earlier writes are listed.
///
/// # Errors
/// The moment does not exist, an expression has no value, or the bytes are not all in memory.
pub fn writers<'a>(
    timeline: &'a Timeline,
    range: &Range,
    all: bool,
) -> Result<Writers<'a>, AnswerError> {
    let (moment, span, _) = bytes_of(timeline, range, Some(MAX_WRITERS))?;
    Ok(Writers::new(timeline, moment, span, all))
}

/// Returns the bytes of a range, at most `most`.
///
/// # Errors
/// As those of [`writers`].
pub fn memory<'a>(
    timeline: &'a Timeline,
    range: &Range,
    most: Option<u64>,
) -> Result<MemoryPart<'a>, AnswerError> {
    let (moment, span, image) = bytes_of(timeline, range, most)?;
    Ok(MemoryPart {
        timeline,
        moment,
        image,
        span,
    })
}

/// Returns the moment of a range, its bytes, and memory then.
fn bytes_of(
    timeline: &Timeline,
    range: &Range,
    most: Option<u64>,
) -> Result<(Moment, Span, Image), AnswerError> {
    let moment = moment_of(timeline, range.at.as_ref())?;
    let span = Expressions::new(timeline, moment).span(range, most)?;
    let image = timeline.memory_at(moment);
    check_inside(span, image.len(), moment)?;
    Ok((moment, span, image))
}

/// Returns the next or the previous write to any byte of a range.
///
/// # Errors
/// As those of [`writers`].
pub fn find_touch<'a>(
    timeline: &'a Timeline,
    range: &Range,
    direction: Direction,
) -> Result<FoundTouch<'a>, AnswerError> {
    let from_start = range.at.is_none() && direction == Direction::Next;
    // The variables are those at the end, because none has a value before step 0.
    let end = moment_of(timeline, range.at.as_ref())?;
    let moment = match from_start {
        true => Moment { step: 0, event: 0 },
        false => end,
    };
    let span = Expressions::new(timeline, end).span(range, Some(MAX_WRITERS))?;
    // A byte that a later step adds to memory has no write yet, but a next one.
    let last = timeline.end().ok_or(AnswerError::NoSteps)?;
    let largest = match direction {
        Direction::Next => last,
        Direction::Previous => moment,
    };
    check_inside(span, timeline.memory_at(largest).len(), largest)?;
    let found = match direction {
        Direction::Next => timeline.next_write_in(span, moment),
        Direction::Previous => timeline.previous_write_in(span, moment),
    };
    Ok(FoundTouch {
        timeline,
        moment,
        span,
        direction,
        touch: timeline.touches_back(span, found).next(),
    })
}

fn check_inside(span: Span, memory_end: u64, moment: Moment) -> Result<(), AnswerError> {
    let at = At::from(moment);
    let last = span.start.checked_add(span.len);
    match last.filter(|end| *end <= memory_end) {
        Some(_) => Ok(()),
        None if memory_end == 0 => Err(AnswerError::NoMemory { at }),
        None => Err(AnswerError::OutsideMemory {
            span,
            memory_end,
            at,
        }),
    }
}

#[cfg(test)]
mod tests;
