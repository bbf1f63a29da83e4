//! How far a guest's memories and tables may grow. A lowered maximum is all it takes: growing past it answers -1, as
//! the guest must expect of any host.

use super::RewriteOptions;
use crate::guest::GuestError;
use crate::guest::describe::Description;
use crate::guest::types::{MemoryType, PAGE};

/// Most elements of a table; browsers allow as many.
const MOST_ELEMENTS: u64 = 10_000_000;

/// The type with its maximum lowered to what is allowed, but never below its minimum.
pub(super) fn lowered(ty: MemoryType, options: &RewriteOptions) -> MemoryType {
    let most = (options.max_memory / PAGE).max(ty.min);
    MemoryType { max: Some(ty.max.map_or(most, |max| max.min(most)).min(whole_space(ty))), ..ty }
}

/// Pages in all that an index of this type can reach.
fn whole_space(ty: MemoryType) -> u64 {
    if ty.is_64 { 1 << 48 } else { 1 << 16 }
}

pub(super) fn lowered_table(max: Option<u64>) -> u64 {
    max.map_or(MOST_ELEMENTS, |max| max.min(MOST_ELEMENTS))
}

/// Refuses a guest that starts out larger than it may become.
pub(super) fn check(name: &str, description: &Description, options: &RewriteOptions) -> Result<(), GuestError> {
    let wants = description.memories.iter().map(|memory| memory.ty.min.saturating_mul(PAGE)).max().unwrap_or(0);
    if wants > options.max_memory {
        return Err(GuestError::MemoryLimit { name: name.into(), wants, limit: options.max_memory });
    }
    let elements = description.tables.iter().fold(0, |sum: u64, table| sum.saturating_add(table.min));
    if elements > MOST_ELEMENTS {
        return Err(GuestError::TableLimit { name: name.into(), wants: elements, limit: MOST_ELEMENTS });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_is_lowered_and_never_below_the_minimum() {
        let options = RewriteOptions { max_memory: 10 * PAGE + 1, memory: None };
        let lower = |min, max| lowered(MemoryType { min, max, is_64: false, shared: false }, &options).max;
        assert_eq!(lower(1, None), Some(10));
        assert_eq!(lower(1, Some(3)), Some(3));
        assert_eq!(lower(1, Some(11)), Some(10));
        assert_eq!(lower(12, None), Some(12));
        let all = RewriteOptions { max_memory: u64::MAX, memory: None };
        assert_eq!(lowered(MemoryType { min: 0, max: None, is_64: false, shared: false }, &all).max, Some(65536));
    }
}
