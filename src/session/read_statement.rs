//! Reads memory for `read` and an import's `reads`: the number of bytes, and their value.

use std::fmt;
use std::sync::Arc;

use wasmer::{AsStoreRef, Memory};

use crate::data_types::encoding::{self, BadUtf8, BadUtf16, WrongSize};
use crate::data_types::{Node, NumberType, TypeRef};
use crate::safe;
use crate::script::ast::{Encoding, Expr, Reading};
use crate::value::Value;

use super::memory::{self, AccessError};
use super::types;

/// The most numbers that one `read … as TYPE[N]` returns. As a value, each number takes many more
/// bytes than in memory.
const MAX_ELEMENTS: u64 = 1 << 20;

/// A reading whose length is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    Sized { length: u64, encoding: Encoding },
    Cstr,
    Number(NumberType),
    Array { element: NumberType, count: u64 },
    Typed(TypeRef),
}

/// Writes the plan as it follows the address: `, 5 as utf8`, ` as u32[2]`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plan::Sized { length, encoding } => {
                let encoding = match encoding {
                    Encoding::Utf8 => "utf8",
                    Encoding::Utf16 => "utf16",
                    Encoding::Bytes => "bytes",
                };
                write!(f, ", {length} as {encoding}")
            }
            Plan::Cstr => f.write_str(" as cstr"),
            Plan::Number(number) => write!(f, " as {}", number.name()),
            Plan::Array { element, count } => write!(f, " as {}[{count}]", element.name()),
            Plan::Typed(ty) => write!(f, " as {}", safe::cut(&ty.label(), 60)),
        }
    }
}

/// Why memory cannot be read as asked. Messages are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The span is outside memory.
    #[error(transparent)]
    Access(AccessError),
    /// The bytes are not UTF-8.
    #[error("{error}")]
    Utf8 {
        /// What is wrong with them.
        error: BadUtf8,
        /// The address of the first byte that is wrong.
        address: u64,
    },
    /// The bytes are not UTF-16.
    #[error(transparent)]
    Utf16(#[from] BadUtf16),
    /// More numbers than a list can have.
    #[error(
        "{0} numbers are more than {MAX_ELEMENTS}, the limit for one list; read fewer, or read \
         them `as bytes`"
    )]
    TooManyNumbers(u64),
    /// The bytes are not as many as the number needs.
    #[error(transparent)]
    Size(#[from] WrongSize),
    /// The bytes are no value of the type.
    #[error("{0}")]
    Typed(String),
}

/// A value that was read, and how many bytes it took.
pub struct Read {
    pub value: Value,
    pub length: u64,
    /// The value with the place of each part, if it was read as a type.
    pub node: Option<Arc<Node>>,
}

/// Returns the plan of a reading. `number` evaluates an expression with the given role as a length
/// or count.
///
/// # Errors
/// The errors of `number`.
pub fn plan<E>(
    what: &Reading,
    number: impl FnOnce(&Expr, &str) -> Result<u64, E>,
) -> Result<Plan, E> {
    Ok(match what {
        Reading::Sized { length, encoding } => Plan::Sized {
            length: number(length, "the length")?,
            encoding: *encoding,
        },
        Reading::Cstr => Plan::Cstr,
        Reading::Number(number) => Plan::Number(*number),
        Reading::Array { element, count } => Plan::Array {
            element: *element,
            count: number(count, "the count")?,
        },
        // A session does not open with a type that is not known.
        Reading::Typed(ty) => ty.resolved.clone().map_or(Plan::Cstr, Plan::Typed),
    })
}

/// Returns the number of bytes that a plan reads; `None` where it depends on memory.
pub fn length_of(plan: &Plan) -> Option<u64> {
    match plan {
        Plan::Sized { length, .. } => Some(*length),
        Plan::Cstr => None,
        Plan::Typed(ty) => ty.table().is_size_known(ty.id()).then(|| ty.size()),
        Plan::Number(number) => Some(number.size() as u64),
        Plan::Array { element, count } => Some(count.saturating_mul(element.size() as u64)),
    }
}

/// Reads from live memory.
///
/// # Errors
/// The bytes are outside memory, or have no value of this type.
pub fn perform(
    plan: &Plan,
    live: &Memory,
    store: &impl AsStoreRef,
    at: u64,
) -> Result<Read, ReadError> {
    if let Plan::Array { element, count } = plan
        && *count > MAX_ELEMENTS
    {
        let length = count.saturating_mul(element.size() as u64);
        memory::check_span(live, store, "read", at, length).map_err(ReadError::Access)?;
        return Err(ReadError::TooManyNumbers(*count));
    }
    if let Plan::Typed(ty) = plan {
        memory::check_span(live, store, "read", at, ty.size()).map_err(ReadError::Access)?;
        let node = types::read(ty, live, store, at).map_err(ReadError::Typed)?;
        return Ok(Read {
            value: node.value(ty.table()),
            length: node.len,
            node: Some(Arc::new(node)),
        });
    }
    let bytes = match length_of(plan) {
        Some(length) => memory::read(live, store, at, length),
        None => memory::read_to_nul(live, store, at),
    }
    .map_err(ReadError::Access)?;
    let length = bytes.len() as u64;
    let text = |bytes: &[u8]| {
        encoding::decode_utf8(bytes)
            .map(Value::Text)
            .map_err(|error| ReadError::Utf8 {
                address: at.saturating_add(error.at as u64),
                error,
            })
    };
    let value = match plan {
        Plan::Sized {
            encoding: Encoding::Bytes,
            ..
        } => Value::Bytes(bytes),
        Plan::Sized {
            encoding: Encoding::Utf8,
            ..
        }
        | Plan::Cstr
        | Plan::Typed(_) => text(&bytes)?,
        Plan::Sized {
            encoding: Encoding::Utf16,
            ..
        } => Value::Text(encoding::decode_utf16(&bytes)?),
        Plan::Number(number) => encoding::decode(*number, &bytes)?,
        Plan::Array { element, .. } => encoding::decode_array(*element, &bytes)?,
    };
    Ok(Read {
        value,
        length: if matches!(plan, Plan::Cstr) {
            length + 1
        } else {
            length
        },
        node: None,
    })
}
