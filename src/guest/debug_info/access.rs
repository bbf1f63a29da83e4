//! What an instruction loads or stores, from its encoding.

use wasmparser::{MemArg, Operator};

use super::super::Guest;

/// An access of an instruction to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether it stores, also if it loads too, as an atomic addition does.
    pub is_store: bool,
    /// How many bytes are accessed.
    pub width: u64,
    /// The immediate offset in bytes, which is added to the address operand.
    pub immediate: u64,
    /// The index of the memory in the module as given.
    pub memory: u32,
}

/// Returns the access of the instruction at an offset from the start of the module; `None` if it
/// makes none, or if no instruction begins there.
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
        // The largest alignment that an instruction may declare is the number of bytes that it
        // accesses.
        width: 1 << arg.max_align.min(63),
        immediate: arg.offset,
        memory: arg.memory,
    })
}

/// Returns the memory argument of an instruction, and the name of the instruction. The list of
/// instructions is the parser's own, so none is missing.
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
