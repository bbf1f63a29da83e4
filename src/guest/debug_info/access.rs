//! What an instruction loads or stores, read from its encoding.

use wasmparser::{MemArg, Operator};

use super::super::Guest;

/// What one instruction loads from memory or stores to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Also what both loads and stores, as an atomic addition does.
    pub is_store: bool,
    /// How many bytes.
    pub width: u64,
    /// What is added to the address operand.
    pub immediate: u64,
    /// The memory's index in the module as given.
    pub memory: u32,
}

pub(in super::super) fn access_at(guest: &Guest, offset: u64) -> Option<Access> {
    let body = guest.body(guest.function_at(offset)?)?;
    let mut operators = body.get_operators_reader().ok()?;
    while operators.original_position() < offset {
        operators.read().ok()?;
    }
    if operators.original_position() != offset {
        return None;
    }
    access(&operators.read().ok()?)
}

fn access(operator: &Operator<'_>) -> Option<Access> {
    let (arg, name) = memory_argument(operator)?;
    Some(Access {
        is_store: name.contains("store") || name.contains("rmw"),
        // The largest alignment that an instruction may claim is the number of bytes it moves.
        width: 1 << arg.max_align.min(63),
        immediate: arg.offset,
        memory: arg.memory,
    })
}

/// An instruction's memory argument, and the instruction's name. Whatever instructions the parser
/// knows are known here.
fn memory_argument<'a>(operator: &'a Operator<'_>) -> Option<(&'a MemArg, &'static str)> {
    macro_rules! of_field {
        (memarg $value:ident) => {
            Some($value)
        };
        ($other:ident $value:ident) => {{
            let _ = $value;
            None
        }};
    }
    macro_rules! of_operator {
        ($( @$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op $({ $($field),* })? => {
                    let found: Option<&MemArg> = None$($(.or(of_field!($field $field)))*)?;
                    (found, stringify!($visit))
                })*
                _ => (None, ""),
            }
        };
    }
    let (found, name) = wasmparser::for_each_operator!(of_operator);
    found.map(|arg| (arg, name))
}
