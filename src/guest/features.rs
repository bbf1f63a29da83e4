//! Which parts of WebAssembly the engine runs, and which one a guest asks for that it does not.
//!
//! Read from the engine's sources and checked by `tests/guest_features.rs`, which compiles one guest for each.

use wasmparser::{ElementItems, ElementKind, Operator, Parser, Payload, Validator, WasmFeatures};

use super::describe::Description;
use super::{GuestError, ValueType};
use crate::safe;

/// What wasmer 7.4.2 validates a module for when cranelift compiles it and nobody sets other features. Imports in the
/// compact encoding are not among it, but the rewriting spells them out.
pub(super) const ENGINE: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPACT_IMPORTS);

/// The words for what the engine lacks. Tried in this order, so what needs another one stands before it.
const LACKING: [(WasmFeatures, &str); 10] = [
    (WasmFeatures::CUSTOM_DESCRIPTORS, "custom descriptors"),
    (WasmFeatures::STACK_SWITCHING, "stack switching"),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, "shared functions, tables or globals"),
    (WasmFeatures::GC, "garbage-collected types"),
    (WasmFeatures::FUNCTION_REFERENCES, "typed function references"),
    (WasmFeatures::TAIL_CALL, "tail calls"),
    (WasmFeatures::MEMORY64, "64-bit memories or tables"),
    (WasmFeatures::LEGACY_EXCEPTIONS, "the old form of exception handling"),
    (WasmFeatures::MEMORY_CONTROL, "memory control"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
];

/// Accepts a module that is valid by what the engine knows; [`check_gaps`] knows what it lacks all the same.
pub(super) fn check(name: &str, wasm: &[u8]) -> Result<(), GuestError> {
    if is_valid(wasm, ENGINE) {
        return Ok(());
    }
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).map_err(|error| GuestError::Invalid {
        name: name.into(),
        offset: error.offset(),
        message: safe::cut(error.message(), 300),
    })?;
    Err(GuestError::Unsupported { name: name.into(), features: lacking(wasm) })
}

fn is_valid(wasm: &[u8], features: WasmFeatures) -> bool {
    Validator::new_with_features(features).validate_all(wasm).is_ok()
}

/// The features a module cannot do without: what is left of all of them when each that is not missed is taken away.
fn lacking(wasm: &[u8]) -> Vec<String> {
    let mut features = WasmFeatures::all();
    for (_, feature) in WasmFeatures::all().difference(ENGINE).iter_names() {
        let is_named = LACKING.iter().any(|(named, _)| *named == feature);
        if !is_named && is_valid(wasm, features.difference(feature)) {
            features = features.difference(feature);
        }
    }
    let mut words = Vec::new();
    for (feature, word) in LACKING {
        let without = features.difference(feature);
        match is_valid(wasm, without) {
            true => features = without,
            false => words.push(String::from(word)),
        }
    }
    if words.is_empty() {
        words.push("a part of WebAssembly that is not known by name here".into());
    }
    words
}

/// Finds what the engine calls valid and then cannot compile: it panics on exception references in tables and globals
/// and on vectors in exceptions, and reads no expression in an element segment but functions and nulls.
pub(super) fn check_gaps(name: &str, wasm: &[u8], description: &Description) -> Result<(), GuestError> {
    let is_exception = |ty: &ValueType| matches!(ty, ValueType::Other(_));
    let gap = if description.tables.iter().any(|table| is_exception(&table.element))
        || description.globals.iter().any(|global| is_exception(&global.ty))
    {
        "a table or global of exception references"
    } else if description.tags.iter().any(|tag| tag.params.contains(&ValueType::V128)) {
        "an exception that carries a v128"
    } else if Parser::new(0).parse_all(wasm).flatten().any(|payload| has_computed_elements(&payload)) {
        "an element segment that holds more than functions and nulls"
    } else {
        return Ok(());
    };
    Err(GuestError::Unsupported { name: name.into(), features: vec![gap.into()] })
}

fn has_computed_elements(payload: &Payload<'_>) -> bool {
    let Payload::ElementSection(elements) = payload else { return false };
    elements.clone().into_iter().flatten().filter(|element| !matches!(element.kind, ElementKind::Declared)).any(
        |element| {
            let ElementItems::Expressions(ty, expressions) = element.items else { return false };
            let is_plain = |first| matches!(first, Ok(Operator::RefNull { .. } | Operator::RefFunc { .. }));
            !(ty.is_func_ref() || ty.is_extern_ref())
                || expressions.into_iter().flatten().any(|item| !is_plain(item.get_operators_reader().read()))
        },
    )
}
