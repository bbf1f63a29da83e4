//! Whether the system has memory for a large value. A failed allocation would end the process, so it
//! is tried before the value is built.

use std::hint::black_box;

use crate::text;

/// Smaller values are not checked, in bytes.
const SMALL: usize = 1 << 20;

/// How many times a value may be in memory: as the result of an expression, in a variable, in the
/// record of the step, and in the bytes that the record of a write compares.
const COPIES: usize = 4;

/// The system has no memory for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the system has no memory left for a value of {}; use a smaller one, or give the process more \
     memory (see `ulimit -v`)",
    text::size(*bytes as u64)
)]
pub struct OutOfMemory {
    /// The length of the value, in bytes.
    bytes: usize,
}

/// Checks that a value of `bytes` bytes can be built and recorded.
///
/// # Errors
///
/// Returns an error if the system refuses the memory for it.
pub(crate) fn check_capacity(bytes: usize) -> Result<(), OutOfMemory> {
    if bytes < SMALL {
        return Ok(());
    }
    let mut trial: Vec<u8> = Vec::new();
    trial
        .try_reserve_exact(bytes.saturating_mul(COPIES))
        .map_err(|_| OutOfMemory { bytes })?;
    // Without this, the compiler removes the allocation, because nothing uses it.
    black_box(&trial);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_pass_and_a_value_larger_than_the_address_space_does_not() {
        assert_eq!(check_capacity(SMALL), Ok(()));
        let bytes = usize::MAX / 2;
        assert_eq!(check_capacity(bytes), Err(OutOfMemory { bytes }));
    }
}
