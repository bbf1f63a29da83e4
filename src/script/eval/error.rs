//! Why an expression has no value. Every message is safe to print.

use super::env::EnvError;
use super::{MAX_DEPTH, MAX_LIST_DEPTH, MAX_VALUE, MAX_WORK};
use crate::data_types::encoding::EncodeError;
use crate::data_types::field_advice;
use crate::safe;
use crate::script::ast::Span;
use crate::value::OutOfMemory;

/// Why an expression has no value, and which part of it is at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct EvalError {
    /// What is wrong.
    pub(crate) kind: EvalErrorKind,
    /// The part of the expression that is wrong.
    pub span: Span,
}

/// What can be wrong with an expression. Fields named `found` hold a value's type with the value
/// itself, such as `an integer (26)`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalErrorKind {
    /// A name without a value.
    #[error("`{}` has no value here", safe::cut(.0, 60))]
    Unbound(String),
    /// A function or unary operator applied to a value of the wrong type.
    #[error("`{taker}` was given {found}; it takes {takes}")]
    WrongOperand {
        /// The function or operator as it is written.
        taker: &'static str,
        /// The value that it was given.
        found: String,
        /// The types that it takes.
        takes: &'static str,
    },
    /// A number that is not an integer, or another value in its place.
    #[error("{role} is {found}; it must be an integer")]
    NotAnInteger {
        /// What the value is used as, such as `an index` or a variable's name in backticks.
        role: String,
        /// The value.
        found: String,
    },
    /// An integer that is no address or length of the memory.
    #[error("{role} is {value}; an address or length of {bits} bits is 0 to {}", max_address(*bits))]
    NotAnAddress {
        /// What the value is used as, such as `the address` or a variable's name in backticks.
        role: String,
        /// The integer.
        value: i128,
        /// The width of the memory's addresses: 32 or 64.
        bits: u32,
    },
    /// A function called with the wrong number of arguments.
    #[error(
        "`{function}(…)` was given {}; it takes {takes}",
        crate::text::count(*given, "argument")
    )]
    WrongArgumentCount {
        /// The function's name.
        function: &'static str,
        /// How many arguments it was given.
        given: usize,
        /// How many arguments it takes.
        takes: usize,
    },
    /// A number function without any argument.
    #[error("`{function}(…)` was given no number; it takes one or more")]
    NoNumbers {
        /// The function's name.
        function: &'static str,
    },
    /// A number that its type cannot hold.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A negative count of repetitions.
    #[error("`repeat(…)` was given the count {0}; a count is 0 or more")]
    NegativeCount(i128),
    /// An integer that the functions `as_u32` and their like cannot read.
    #[error("{value} does not fit in {bits} bits{}", low_bits_advice(*bits))]
    TooWide {
        /// The integer.
        value: i128,
        /// 32 or 64.
        bits: u32,
    },
    /// A binary operator between two types that it cannot take together.
    #[error("`{operator}` cannot mix {left} and {right}{}", advice_clause(advice.as_deref()))]
    MixedTypes {
        /// The operator as it is written.
        operator: &'static str,
        /// The left side.
        left: String,
        /// The right side.
        right: String,
        /// What to write instead, where that is known.
        advice: Option<String>,
    },
    /// A binary operator between two values of a type that it does not take.
    #[error(
        "`{operator}` was given {left} and {right}; it takes {takes}{}",
        advice_clause(*advice)
    )]
    WrongOperands {
        /// The operator as it is written.
        operator: &'static str,
        /// The left side.
        left: String,
        /// The right side.
        right: String,
        /// The types that the operator takes.
        takes: &'static str,
        /// What to write instead, where that is known.
        advice: Option<&'static str>,
    },
    /// A result of more than 128 bits; the text is the calculation, such as `1 << 127`.
    #[error("{0} overflows 128 bits")]
    Overflow(String),
    /// A shift by a count outside 0 to 127.
    #[error("`{operator}` cannot shift by {count} bits; it shifts by 0 to 127")]
    ShiftCount {
        /// `<<` or `>>`.
        operator: &'static str,
        /// The count.
        count: i128,
    },
    /// A division or remainder by zero.
    #[error("{dividend} {operator} 0 divides by zero")]
    DivisionByZero {
        /// The left side, as it is written.
        dividend: String,
        /// `/` or `%`.
        operator: &'static str,
    },
    /// A value that has no index.
    #[error("{0} has no index; only text, bytes and lists have one")]
    NotIndexable(String),
    /// An index outside the value.
    #[error("index {index} is outside {whole}; {}", index_range(*length))]
    IndexOutside {
        /// The index.
        index: i128,
        /// The value's type and length, such as `a text of 3 bytes`.
        whole: String,
        /// The number of bytes or elements.
        length: usize,
    },
    /// A value that has no slices.
    #[error("{0} has no slices; only text, bytes and lists have them")]
    NotSliceable(String),
    /// A slice that ends before it starts.
    #[error("the slice {start}..{end} ends before it starts; write the smaller bound first")]
    BackwardSlice {
        /// The first bound.
        start: i128,
        /// The second bound.
        end: i128,
    },
    /// A slice outside the value.
    #[error("{start}..{end} is outside {whole}; a slice must be within 0..{length}")]
    SliceOutside {
        /// The first bound.
        start: i128,
        /// The second bound.
        end: i128,
        /// The value's type and length, such as `a text of 3 bytes`.
        whole: String,
        /// The number of bytes or elements.
        length: usize,
    },
    /// A slice of text with a bound inside a character.
    #[error("byte {0} is inside a character; to slice the bytes, use `utf8(…)`")]
    InsideCharacter(usize),
    /// A number of no stream that a guest prints on.
    #[error("`printed(…)` was given {0}; write 1 for standard output or 2 for standard error")]
    NoSuchStream(String),
    /// A negative number of a call.
    #[error("there is no call {0}; calls are counted from 0")]
    NegativeCall(i128),
    /// An expression that nests too deep.
    #[error(
        "this expression nests deeper than {MAX_DEPTH} levels, the limit; name a part of it with \
         `let`"
    )]
    ExpressionTooDeep,
    /// A list that nests too deep.
    #[error("this list nests deeper than {MAX_LIST_DEPTH} levels, the limit for lists")]
    ListTooDeep,
    /// A value above `MAX_VALUE`.
    #[error("the result would be larger than {} MiB, the limit for one value", MAX_VALUE >> 20)]
    ValueTooLarge,
    /// An expression that builds more than `MAX_WORK`.
    #[error(
        "this expression builds more than {} MiB, the limit for one expression; name a part of \
         it with `let`",
        MAX_WORK >> 20
    )]
    TooMuchWork,
    /// A field that the record does not have.
    #[error("{} has no field `{}`; {}", of.as_deref().unwrap_or("the record"), safe::cut(name, 60), field_names(name, names))]
    NoSuchField {
        /// The name of the field.
        name: String,
        /// The name of the record's type, safe to print.
        of: Option<String>,
        /// The fields that it has, safe to print.
        names: Vec<String>,
    },
    /// A value without fields.
    #[error("{0} has no fields; only a record has them")]
    NoFields(String),
    /// A value that could not be read from memory; the text is why, safe to print.
    #[error("{0}")]
    NotRead(String),
    /// A value that is none of its type; the text is why, safe to print.
    #[error("{0}")]
    NotOfType(String),
    /// Two records with other fields.
    #[error("one side has no field `{0}`; write all fields, or compare them one by one")]
    MissingField(String),
    /// A type where no types are known.
    #[error("a type cannot be used here; use it in a step")]
    NoTypes,
    /// The system has no memory for a value.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// The session has no answer.
    #[error(transparent)]
    Env(#[from] EnvError),
}

impl EvalErrorKind {
    /// Returns the error that this is at `span`.
    pub(super) fn at(self, span: Span) -> EvalError {
        EvalError { kind: self, span }
    }
}

fn field_names(name: &str, names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    field_advice(name, &names)
}

fn advice_clause(advice: Option<&str>) -> String {
    advice.map_or_else(String::new, |advice| format!("; {advice}"))
}

fn max_address(bits: u32) -> u64 {
    if bits == 32 {
        u32::MAX.into()
    } else {
        u64::MAX
    }
}

fn low_bits_advice(bits: u32) -> &'static str {
    if bits == 32 {
        "; for its low bits, write `x & 0xffffffff`"
    } else {
        ""
    }
}

fn index_range(length: usize) -> String {
    match length.checked_sub(1) {
        None => "it is empty".to_owned(),
        Some(last) => format!("its indices are 0 to {last}"),
    }
}
