//! Why a question has no answer. Every message is safe to print.

use crate::text::count;
use crate::timeline::{At, NoSuchMoment, Span};

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// A line of more than [`MAX_LINE`](super::MAX_LINE) bytes.
    #[error("the line is longer than {most} bytes, the limit; send a shorter one")]
    LineTooLong {
        /// The most bytes of a line.
        most: usize,
    },
    /// A line that is not JSON.
    #[error("the line is not JSON: {0}; send one JSON object a line")]
    NotJson(String),
    /// JSON that is no question.
    #[error("{0}")]
    NotAQuestion(String),
    /// A moment that the run does not have.
    #[error("at {0}")]
    NoSuchMoment(#[from] NoSuchMoment),
    /// A run without a step.
    #[error("no step of the session has run, so there is no moment to ask about")]
    NoSteps,
    /// A text that is no expression.
    #[error("`{expression}` is not an expression: {message}")]
    NotAnExpression {
        /// The text, cut and safe to print.
        expression: String,
        /// What is wrong.
        message: String,
    },
    /// An expression without a value.
    #[error("`{expression}` has no value: {message}")]
    NoValue {
        /// The text, cut and safe to print.
        expression: String,
        /// The reason.
        message: String,
    },
    /// A text that is no type.
    #[error("`{written}` is not a type: {message}")]
    NotAType {
        /// The text, cut and safe to print.
        written: String,
        /// What is wrong.
        message: String,
    },
    /// Bytes that no view has.
    #[error(
        "no view of the session has bytes of {:#x}..{:#x}; name a type, as with --as Point",
        span.start,
        span.end()
    )]
    NoFields {
        /// The bytes.
        span: Span,
    },
    /// Too many fields for an answer.
    #[error("the bytes have {most} fields or more; ask for a part of them")]
    TooManyFields {
        /// The most fields of an answer.
        most: usize,
    },
    /// A value that is no address; the reason is safe to print.
    #[error("{0}")]
    NotAnAddress(String),
    /// A value that is no length; the reason is safe to print.
    #[error("{0}")]
    NotALength(String),
    /// A variable that a later step binds.
    #[error(
        "`{name}` has no value {}; step {step} binds it when it ends; ask about {step} or a later \
         step",
        when(at)
    )]
    NotBoundYet {
        /// The variable, safe to print.
        name: String,
        /// The moment.
        at: At,
        /// The first step that binds the variable.
        step: usize,
    },
    /// A length of 0.
    #[error("the length is 0; a length is 1 or more; leave it out for one byte")]
    NoBytes,
    /// A length above the limit of a question.
    #[error("the length is {length} bytes; this takes at most {most}; ask for parts")]
    TooLong {
        /// The length.
        length: u64,
        /// The most bytes.
        most: u64,
    },
    /// Bytes that are not all in memory.
    #[error("{}", outside(*span, *memory_end, at))]
    OutsideMemory {
        /// The bytes.
        span: Span,
        /// The size of memory in bytes.
        memory_end: u64,
        /// The moment.
        at: At,
    },
    /// A moment at which there is no memory.
    #[error(
        "there is no memory {}; ask about a later moment, or a guest that has a memory",
        when(at)
    )]
    NoMemory {
        /// The moment.
        at: At,
    },
    /// A value that is too large for an answer.
    #[error("the value takes {bytes} bytes; an answer has at most {most}; ask for a part of it")]
    ValueTooLarge {
        /// The size of the value.
        bytes: usize,
        /// The most bytes of a value.
        most: usize,
    },
}

impl AnswerError {
    /// Returns the name of the error in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            AnswerError::LineTooLong { .. } => "line-too-long",
            AnswerError::NotJson(_) => "not-json",
            AnswerError::NotAQuestion(_) => "not-a-question",
            AnswerError::NoSuchMoment(_) | AnswerError::NoSteps => "no-such-moment",
            AnswerError::NotAnExpression { .. } | AnswerError::NotAType { .. } => {
                "not-an-expression"
            }
            AnswerError::NoValue { .. }
            | AnswerError::NotBoundYet { .. }
            | AnswerError::NoFields { .. } => "no-value",
            AnswerError::NotALength(_) | AnswerError::NoBytes | AnswerError::TooLong { .. } => {
                "bad-length"
            }
            AnswerError::NotAnAddress(_)
            | AnswerError::OutsideMemory { .. }
            | AnswerError::NoMemory { .. } => "outside-memory",
            AnswerError::ValueTooLarge { .. } | AnswerError::TooManyFields { .. } => "too-large",
        }
    }
}

/// Returns a moment for a sentence: `after step 4`, or `at 4.7`.
fn when(at: &At) -> String {
    match at.event {
        None if !at.path.is_empty() => format!("after {at}"),
        None => format!("after step {}", at.step),
        Some(_) => format!("at {at}"),
    }
}

fn outside(span: Span, memory_end: u64, at: &At) -> String {
    let (start, when) = (span.start, when(at));
    match memory_end.saturating_sub(start) {
        0 => format!(
            "{start:#x} is outside memory, which is 0x0..{memory_end:#x} {when}; choose a lower \
             address"
        ),
        inside => format!(
            "{} from {start:#x} on go past the end of memory, which is 0x0..{memory_end:#x} \
             {when}; choose a length of at most {inside}",
            count(span.len, "byte")
        ),
    }
}
