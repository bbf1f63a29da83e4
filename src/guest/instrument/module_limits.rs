//! How far a guest's memories and tables may grow, and how large a module may be.
//!
//! A lowered maximum limits growth: growing past it returns -1, which a guest must expect from any
//! host. The limits on the module leave space for what is added, and keep the time that the engine
//! needs to compile it reasonable.

use super::InstrumentOptions;
use crate::guest::GuestError;
use crate::guest::module_info::Description;
use crate::wasm_types::{MemoryType, PAGE};

/// The largest number of elements of a table; browsers have the same limit.
const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

/// The limits of the engine's parser: on each kind of item, on memories, on the locals of a
/// function, and on the bytes of a function.
const MAX_ITEMS: usize = 1_000_000;
const MAX_MEMORIES: usize = 100;
const MAX_LOCALS: usize = 50_000;
const MAX_FUNCTION_BYTES: usize = 7_654_321;
/// The largest number of items of a kind, and of locals of a function, that are added.
const ADDED_ITEMS: usize = 8;
const ADDED_LOCALS: usize = 16;
/// How deep blocks may nest: the time that the engine needs to compile grows with its square.
const MAX_NESTING: usize = 20_000;

/// The size of an instrumented function.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FunctionSize {
    /// How many locals the function has as given, parameters included.
    pub locals: usize,
    /// How deep its blocks nest.
    pub nesting: usize,
    /// The length of the instrumented code.
    pub bytes: usize,
}

impl FunctionSize {
    /// Returns which limit the function exceeds, as the rest of a sentence about it.
    pub fn excess(&self) -> Option<String> {
        let FunctionSize {
            locals,
            nesting,
            bytes,
        } = *self;
        if nesting > MAX_NESTING {
            Some(format!(
                "nests {nesting} blocks, and more than {MAX_NESTING} take too long to compile"
            ))
        } else if locals > MAX_LOCALS - ADDED_LOCALS {
            Some(format!(
                "has {locals} locals; recording adds a few more, and the engine allows \
                 {MAX_LOCALS}"
            ))
        } else if bytes > MAX_FUNCTION_BYTES {
            Some(format!(
                "takes {bytes} bytes with the instructions that record it, and the engine allows \
                 {MAX_FUNCTION_BYTES}"
            ))
        } else {
            None
        }
    }
}

/// Returns the type with its maximum lowered to the limit, but not below its minimum.
pub(super) fn limited_memory(ty: MemoryType, options: &InstrumentOptions) -> MemoryType {
    let limit = (options.max_memory / PAGE).max(ty.min);
    let max = ty.max.map_or(limit, |max| max.min(limit));
    MemoryType {
        max: Some(max.min(addressable_pages(ty))),
        ..ty
    }
}

/// Returns how many pages an address of this memory can reach.
fn addressable_pages(ty: MemoryType) -> u64 {
    if ty.is_64 { 1 << 48 } else { 1 << 16 }
}

/// Returns the maximum of a table, lowered to the limit.
pub(super) fn limited_table(max: Option<u64>) -> u64 {
    max.map_or(MAX_TABLE_ELEMENTS, |max| max.min(MAX_TABLE_ELEMENTS))
}

/// Checks that a guest starts within the limits.
///
/// # Errors
///
/// Returns an error if its memories or tables are larger than they may become, or if it
/// already has the largest number of items of a kind, so that none can be added.
pub(super) fn check(
    name: &str,
    description: &Description,
    options: &InstrumentOptions,
) -> Result<(), GuestError> {
    let required = description
        .memories
        .iter()
        .map(|memory| memory.ty.min.saturating_mul(PAGE))
        .max()
        .unwrap_or(0);
    if required > options.max_memory {
        return Err(GuestError::MemoryLimit {
            name: name.into(),
            required,
            limit: options.max_memory,
        });
    }
    let elements = description
        .tables
        .iter()
        .fold(0, |sum: u64, table| sum.saturating_add(table.min));
    if elements > MAX_TABLE_ELEMENTS {
        return Err(GuestError::TableLimit {
            name: name.into(),
            required: elements,
            limit: MAX_TABLE_ELEMENTS,
        });
    }
    check_counts(name, description)
}

fn check_counts(name: &str, description: &Description) -> Result<(), GuestError> {
    let max_items = MAX_ITEMS - ADDED_ITEMS;
    // Every memory and table that the guest does not export is exported in addition, and for a
    // table also a function that is added.
    let functions = description.functions.len() + description.tables.len();
    let added = description.memories.len() + 2 * description.tables.len();
    let exports = description.exports.len() + added;
    let counts = [
        ("memories", description.memories.len(), MAX_MEMORIES - 1),
        ("types", description.type_count as usize, max_items),
        ("functions", functions, max_items),
        ("imports", description.imports.len(), max_items),
        ("globals", description.globals.len(), max_items),
        ("exports", exports, max_items),
    ];
    match counts.into_iter().find(|(_, count, max)| count > max) {
        None => Ok(()),
        Some((kind, count, max)) => Err(GuestError::EngineLimit {
            name: name.into(),
            excess: format!(
                "it has {count} {kind}; recording adds more, and the engine then allows {max} at \
                 most"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_is_lowered_and_never_below_the_minimum() {
        let options = InstrumentOptions {
            max_memory: 10 * PAGE + 1,
            memory: None,
        };
        let lower = |min, max| {
            limited_memory(
                MemoryType {
                    min,
                    max,
                    is_64: false,
                    shared: false,
                },
                &options,
            )
            .max
        };
        assert_eq!(lower(1, None), Some(10));
        assert_eq!(lower(1, Some(3)), Some(3));
        assert_eq!(lower(1, Some(11)), Some(10));
        assert_eq!(lower(12, None), Some(12));
        let all = InstrumentOptions {
            max_memory: u64::MAX,
            memory: None,
        };
        assert_eq!(
            limited_memory(
                MemoryType {
                    min: 0,
                    max: None,
                    is_64: false,
                    shared: false
                },
                &all
            )
            .max,
            Some(65536)
        );
    }
}
