//! `read ADDR …`: how many bytes a reading takes and what they mean.

use wasmer::{AsStoreRef, Memory};

use crate::script::ast::{Encoding, Expr, NumberType, Reading};
use crate::script::encoding;
use crate::value::Value;

use super::memory::{self, AccessError};

/// The most numbers one `read … as TYPE[N]` makes into a list; as a value each takes far more room
/// than in memory.
const MOST_ELEMENTS: u64 = 1 << 20;

/// A reading with its lengths known.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    Sized { length: u64, encoding: Encoding },
    Cstr,
    Number(NumberType),
    Array { element: NumberType, count: u64 },
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Access(AccessError),
    #[error("{message}")]
    Utf8 { message: String, address: u64 },
    #[error("{0}")]
    Other(String),
}

/// What was read, and the bytes it took.
pub struct Read {
    pub value: Value,
    pub length: u64,
}

/// Makes a reading's length or count known; `number` tells what an expression with this role comes
/// to.
///
/// # Errors
/// Those of `number`.
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
    })
}

/// The bytes a plan takes; `None` where only memory can tell.
pub fn length_of(plan: &Plan) -> Option<u64> {
    match plan {
        Plan::Sized { length, .. } => Some(*length),
        Plan::Cstr => None,
        Plan::Number(number) => Some(number.size() as u64),
        Plan::Array { element, count } => Some(count.saturating_mul(element.size() as u64)),
    }
}

/// Reads from live memory.
///
/// # Errors
/// When the bytes lie outside memory or are not what the reading says.
pub fn perform(
    plan: &Plan,
    live: &Memory,
    store: &impl AsStoreRef,
    at: u64,
) -> Result<Read, ReadError> {
    if let Plan::Array { element, count } = plan
        && *count > MOST_ELEMENTS
    {
        let length = count.saturating_mul(element.size() as u64);
        memory::check_span(live, store, "read", at, length).map_err(ReadError::Access)?;
        return Err(ReadError::Other(format!(
            "{count} numbers are more than the {MOST_ELEMENTS} that one list may have; read them \
             `as bytes`, or fewer"
        )));
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
            .map_err(|e| ReadError::Utf8 {
                address: at.saturating_add(e.at as u64),
                message: e.to_string(),
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
        | Plan::Cstr => text(&bytes)?,
        Plan::Sized {
            encoding: Encoding::Utf16,
            ..
        } => Value::Text(
            encoding::decode_utf16(&bytes).map_err(|e| ReadError::Other(e.to_string()))?,
        ),
        Plan::Number(number) => decode(*number, &bytes)?,
        Plan::Array { element, .. } => Value::List(
            bytes
                .chunks_exact(element.size().max(1))
                .map(|part| decode(*element, part))
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Read {
        value,
        length: if matches!(plan, Plan::Cstr) {
            length + 1
        } else {
            length
        },
    })
}

fn decode(number: NumberType, bytes: &[u8]) -> Result<Value, ReadError> {
    encoding::decode(number, bytes).map_err(|e| ReadError::Other(e.to_string()))
}
