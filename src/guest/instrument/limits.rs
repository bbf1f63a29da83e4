//! How far a guest's memories and tables may grow. A lowered maximum is all it takes: growing past
//! it answers -1, as the guest must expect of any host. And what a module may have at most, so that
//! there is room for what is added, and the engine comes to an end with it.

use super::InstrumentOptions;
use crate::guest::GuestError;
use crate::guest::module_info::Description;
use crate::wasm_types::{MemoryType, PAGE};

/// Most elements of a table; browsers allow as many.
const MOST_ELEMENTS: u64 = 10_000_000;

/// Most of each that the engine's parser takes.
const MOST_ITEMS: usize = 1_000_000;
const MOST_MEMORIES: usize = 100;
const MOST_LOCALS: usize = 50_000;
const LARGEST_FUNCTION: usize = 7_654_321;
/// What the rewriting may add to each kind of item, and to a function's locals.
const ADDED_ITEMS: usize = 8;
const ADDED_LOCALS: usize = 16;
/// How deep blocks may nest: the engine's compiler takes time by the square of it.
const MOST_NESTED: usize = 20_000;

/// How large one function is, rewritten.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub locals: usize,
    pub nested: usize,
    pub bytes: usize,
}

impl Extent {
    /// What is too much about it, as the rest of a sentence about the function.
    pub fn excess(&self) -> Option<String> {
        let Extent {
            locals,
            nested,
            bytes,
        } = *self;
        if nested > MOST_NESTED {
            Some(format!(
                "nests {nested} blocks in each other, and more than {MOST_NESTED} take too long \
                 to compile"
            ))
        } else if locals > MOST_LOCALS - ADDED_LOCALS {
            Some(format!(
                "has {locals} locals; a few more are needed to record it, and {MOST_LOCALS} is \
                 the most"
            ))
        } else if bytes > LARGEST_FUNCTION {
            Some(format!(
                "takes {bytes} bytes with its recording in it, and {LARGEST_FUNCTION} is the most"
            ))
        } else {
            None
        }
    }
}

/// The type with its maximum lowered to what is allowed, but never below its minimum.
pub(super) fn lowered(ty: MemoryType, options: &InstrumentOptions) -> MemoryType {
    let most = (options.max_memory / PAGE).max(ty.min);
    MemoryType {
        max: Some(
            ty.max
                .map_or(most, |max| max.min(most))
                .min(whole_space(ty)),
        ),
        ..ty
    }
}

/// Pages in all that an index of this type can reach.
fn whole_space(ty: MemoryType) -> u64 {
    if ty.is_64 { 1 << 48 } else { 1 << 16 }
}

pub(super) fn lowered_table(max: Option<u64>) -> u64 {
    max.map_or(MOST_ELEMENTS, |max| max.min(MOST_ELEMENTS))
}

/// Refuses a guest that starts out larger than it may become.
pub(super) fn check(
    name: &str,
    description: &Description,
    options: &InstrumentOptions,
) -> Result<(), GuestError> {
    let wants = description
        .memories
        .iter()
        .map(|memory| memory.ty.min.saturating_mul(PAGE))
        .max()
        .unwrap_or(0);
    if wants > options.max_memory {
        return Err(GuestError::MemoryLimit {
            name: name.into(),
            wants,
            limit: options.max_memory,
        });
    }
    let elements = description
        .tables
        .iter()
        .fold(0, |sum: u64, table| sum.saturating_add(table.min));
    if elements > MOST_ELEMENTS {
        return Err(GuestError::TableLimit {
            name: name.into(),
            wants: elements,
            limit: MOST_ELEMENTS,
        });
    }
    let counts = [
        ("memories", description.memories.len(), MOST_MEMORIES - 1),
        (
            "types",
            description.type_count as usize,
            MOST_ITEMS - ADDED_ITEMS,
        ),
        (
            "functions",
            description.functions.len(),
            MOST_ITEMS - ADDED_ITEMS,
        ),
        (
            "imports",
            description.imports.len(),
            MOST_ITEMS - ADDED_ITEMS,
        ),
        (
            "globals",
            description.globals.len(),
            MOST_ITEMS - ADDED_ITEMS,
        ),
        (
            "exports",
            description.exports.len() + description.memories.len(),
            MOST_ITEMS - ADDED_ITEMS,
        ),
    ];
    match counts.into_iter().find(|(_, count, most)| count > most) {
        None => Ok(()),
        Some((kind, count, most)) => Err(GuestError::TooMuch {
            name: name.into(),
            what: format!(
                "it has {count} {kind}; more are needed to record it, so it may have {most} at \
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
            lowered(
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
            lowered(
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
