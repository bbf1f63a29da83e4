//! The functions with which a host allocates and releases blocks of the guest's memory.
//!
//! Those of the toolchain come first, because its other functions rely on them. A function with a
//! name like `free_mappings` may release something else, so it is no release of these blocks.

use wasmparser::Operator;

use super::allocation::{Allocation, AllocatorKind};
use super::export_facts::{Facts, Function};
use super::naming;

/// The most instructions at the start of a function that are compared with a known allocator.
const MAX_INSTRUCTIONS: usize = 160;

/// Returns the allocator of a guest, the one of its toolchain first.
pub(super) fn find(facts: &Facts<'_>) -> Option<Allocation> {
    if facts.is_bindgen() {
        return bindgen(facts);
    }
    let shape = |name: &str, params, results| {
        let found = facts.function(name);
        found.filter(|function| facts.has_shape(function, params, results))
    };
    let first = |kind, names: &[&str], params| {
        let function = names.iter().find_map(|name| shape(name, params, 1))?;
        Some(Allocation {
            kind,
            allocator: function.at,
            release: None,
        })
    };
    let has_retain = shape("__retain", 1, 1).is_some();
    let malloc = || {
        let found = first(AllocatorKind::Malloc, &["malloc", "_malloc"], 1)?;
        let release = ["free", "_free"].iter().find_map(|name| shape(name, 1, 0));
        Some(Allocation {
            release: release.map(|function| function.at),
            ..found
        })
    };
    first(AllocatorKind::New, &["__new"], 2)
        .or_else(|| {
            let found = first(AllocatorKind::Retain, &["__alloc"], 2).filter(|_| has_retain)?;
            Some(Allocation {
                release: shape("__release", 1, 0).map(|function| function.at),
                ..found
            })
        })
        .or_else(malloc)
        .or_else(|| {
            let names = ["cabi_realloc", "canonical_abi_realloc"];
            first(AllocatorKind::Realloc, &names, 4)
        })
        .or_else(|| named(facts))
        .or_else(|| by_code(facts))
}

/// Returns the allocator of wasm-bindgen. Newer versions give it a number for a name.
fn bindgen(facts: &Facts<'_>) -> Option<Allocation> {
    let is_own = |function: &Function<'_>, name: &str| {
        function.name == name || function.name.starts_with("__wbindgen_export")
    };
    let find = |name: &str, shapes: &[(usize, usize)]| {
        let mut functions = facts.functions.iter();
        functions.find(|function| {
            let has_shape =
                |(params, results): &(usize, usize)| facts.has_shape(function, *params, *results);
            is_own(function, name) && shapes.iter().any(has_shape)
        })
    };
    let allocator = find("__wbindgen_malloc", &[(1, 1), (2, 1)])?;
    // The release takes one parameter more than the allocator: the pointer.
    let shape = (allocator.ty.params.len() + 1, 0);
    Some(Allocation {
        kind: AllocatorKind::Bindgen,
        allocator: allocator.at,
        release: find("__wbindgen_free", &[shape]).map(|function| function.at),
    })
}

/// Returns the allocator by its name: that of blocks of any kind before that of one kind.
fn named(facts: &Facts<'_>) -> Option<Allocation> {
    let is_one =
        |function: &&Function<'_>| super::calling_conventions::is_allocator(facts, function);
    let allocators = facts.functions.iter().filter(is_one);
    let rank = |function: &&Function<'_>| {
        (
            naming::subject(&function.words).len(),
            function.ty.params.len(),
        )
    };
    let allocator = allocators.min_by_key(rank)?;
    // What is released must be any block: `free_mappings` may release something else.
    let prefix = naming::before_verb(&allocator.words);
    let release = facts.functions.iter().find(|function| {
        super::calling_conventions::is_release(facts, function)
            && naming::is_of_any_block(&function.words)
            && naming::before_verb(&function.words) == prefix
    });
    let release = release.filter(|_| naming::is_of_any_block(&allocator.words));
    Some(Allocation {
        kind: AllocatorKind::Named,
        allocator: allocator.at,
        release: release.map(|function| function.at),
    })
}

/// Returns the allocator whose code is that of dlmalloc, which Emscripten exports under a letter.
fn by_code(facts: &Facts<'_>) -> Option<Allocation> {
    let of_shape = |params, results| {
        let functions = facts.functions.iter();
        functions.filter(move |function| facts.has_shape(function, params, results))
    };
    let allocator = of_shape(1, 1).find(|function| allocates(facts, function.index))?;
    let release = of_shape(1, 0).find(|function| releases(facts, function.index));
    Some(Allocation {
        kind: AllocatorKind::ByCode,
        allocator: allocator.at,
        release: release.map(|function| function.at),
    })
}

/// Returns the constants of the first instructions of a function, in order.
fn first_constants(facts: &Facts<'_>, function: u32) -> Vec<i32> {
    let operators = facts
        .guest
        .body(function)
        .and_then(|body| body.get_operators_reader().ok());
    let operators = operators.into_iter().flatten().map_while(Result::ok);
    let constants = operators
        .take(MAX_INSTRUCTIONS)
        .filter_map(|operator| match operator {
            Operator::I32Const { value } => Some(value),
            _ => None,
        });
    constants.collect()
}

/// Returns whether a function rounds the size of a small block as dlmalloc does: sizes of at most
/// 244 bytes are small, and 11 more with the lowest bits cleared is the size of the chunk.
fn allocates(facts: &Facts<'_>, function: u32) -> bool {
    let constants = first_constants(facts, function);
    let mut rest = constants.iter();
    rest.any(|value| matches!(value, 244 | 245))
        && rest.any(|value| *value == 11)
        && rest.any(|value| matches!(value, -8 | 248 | 504 | 1016 | 496))
}

/// Returns whether a function reads the header of a chunk as dlmalloc does: the size is 4 bytes
/// before the block, the chunk begins 8 bytes before it, and the lowest bits are flags.
fn releases(facts: &Facts<'_>, function: u32) -> bool {
    let constants = first_constants(facts, function);
    let first: Vec<i32> = constants.into_iter().take(8).collect();
    let has = |values: [i32; 2]| first.iter().any(|value| values.contains(value));
    has([8, -8]) && has([4, -4]) && first.contains(&-8) && has([1, 3])
}
