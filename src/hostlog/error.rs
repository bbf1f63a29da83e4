//! Why a recording cannot be read.

use crate::safe;

/// Why a recording cannot be read, and the line that shows it. The message is safe to print.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: ReadProblem,
}

/// What is wrong with a line of a recording.
#[derive(Debug, thiserror::Error)]
pub enum ReadProblem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The first line does not name the format.
    #[error(
        "this is not a recording of a host: the first line must be an object whose `format` is \
         `linmem.host/1`"
    )]
    NotARecording,
    /// Another version of the format.
    #[error("the format is {}; this program reads linmem.host/1", safe::quoted(.0, 60))]
    Version(String),
    /// A line that is longer than the limit.
    #[error("the line is longer than {} MiB, the limit", .0 >> 20)]
    LineTooLong(u64),
    /// More lines, or bytes in them, than the limit.
    #[error("the recording has more than {limit} {what}, the limit; record a shorter run")]
    TooMuch {
        /// The limit.
        limit: u64,
        /// What is limited.
        what: &'static str,
    },
    /// A line that is no JSON object.
    #[error("expected a JSON object: {0}")]
    Json(String),
    /// An object with none of the keys that a line can have.
    #[error("the object has no key that this format knows; its keys are {0}")]
    UnknownLine(String),
    /// A key that is missing.
    #[error("the key `{0}` is missing")]
    Missing(&'static str),
    /// A key with a value of another type or range.
    #[error("`{key}` must be {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A number that no earlier line defines.
    #[error("there is no {what} {number} before this line")]
    Undefined {
        /// What the number is of.
        what: &'static str,
        /// The number.
        number: u64,
    },
    /// A number that is not the next one of its kind.
    #[error("this must be {what} {expected}, the next one, not {found}")]
    OutOfOrder {
        /// What the number is of.
        what: &'static str,
        /// The next number.
        expected: u64,
        /// The number that was found.
        found: u64,
    },
    /// A line that cannot be at this place between calls and their ends.
    #[error("{found} cannot be here: {expected}")]
    Nesting {
        /// What was found.
        found: &'static str,
        /// What can be here.
        expected: &'static str,
    },
}
