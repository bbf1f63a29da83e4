//! Which features of WebAssembly the engine has, and which of them a guest needs and the engine
//! does not have.
//!
//! The list follows the engine's sources. `tests/it/guest/features.rs` checks it with one guest for
//! each feature.

mod instructions;

use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use wasmparser::{
    ElementItems, ElementKind, FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator,
    Parser, Payload, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

use super::module_info::Description;
use super::{GuestError, ValueType};
use crate::safe;

/// The features with which wasmer 7.4.2 validates a module for cranelift by default. Imports in the
/// compact encoding are not among them, but instrumentation writes these in the plain one.
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

/// What a guest may need: the features of the engine, and what instrumentation writes with them.
const RUNS: WasmFeatures = ENGINE.union(WasmFeatures::LEGACY_EXCEPTIONS);

/// The features that the engine does not have, with their names in messages. They are tried in this
/// order, so a feature that needs another comes before it.
const UNSUPPORTED: [(WasmFeatures, &str); 9] = [
    (WasmFeatures::CUSTOM_DESCRIPTORS, "custom descriptors"),
    (WasmFeatures::STACK_SWITCHING, "stack switching"),
    (
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        "shared functions, tables or globals",
    ),
    (WasmFeatures::GC, "garbage-collected types"),
    (
        WasmFeatures::FUNCTION_REFERENCES,
        "typed function references",
    ),
    (WasmFeatures::TAIL_CALL, "tail calls"),
    (WasmFeatures::MEMORY64, "64-bit memories or tables"),
    (WasmFeatures::MEMORY_CONTROL, "memory control"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
];

/// The features that came after the first version of WebAssembly and that a module may use, with
/// their names in messages.
const USED: [(WasmFeatures, &str); 22] = [
    (WasmFeatures::SIGN_EXTENSION, "sign extension"),
    (
        WasmFeatures::SATURATING_FLOAT_TO_INT,
        "saturating conversions",
    ),
    (
        WasmFeatures::MUTABLE_GLOBAL,
        "mutable globals across the border",
    ),
    (WasmFeatures::MULTI_VALUE, "several results"),
    (WasmFeatures::BULK_MEMORY, "bulk memory"),
    (WasmFeatures::REFERENCE_TYPES, "reference types"),
    (WasmFeatures::SIMD, "SIMD"),
    (WasmFeatures::RELAXED_SIMD, "relaxed SIMD"),
    (WasmFeatures::THREADS, "threads"),
    (WasmFeatures::TAIL_CALL, "tail calls"),
    (WasmFeatures::MULTI_MEMORY, "several memories"),
    (WasmFeatures::MEMORY64, "64-bit memories or tables"),
    (
        WasmFeatures::EXTENDED_CONST,
        "extended constant expressions",
    ),
    (WasmFeatures::EXCEPTIONS, "exceptions"),
    (
        WasmFeatures::LEGACY_EXCEPTIONS,
        "the old form of exceptions",
    ),
    (
        WasmFeatures::FUNCTION_REFERENCES,
        "typed function references",
    ),
    (WasmFeatures::GC, "garbage-collected types"),
    (WasmFeatures::WIDE_ARITHMETIC, "wide arithmetic"),
    (WasmFeatures::STACK_SWITCHING, "stack switching"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
    (WasmFeatures::MEMORY_CONTROL, "memory control"),
    (WasmFeatures::COMPACT_IMPORTS, "compact imports"),
];

/// Returns the features that a valid module uses: without them, it would not be valid.
///
/// The code of a large module is read twice: for the features of its instructions, and to see that
/// nothing else in it needs a feature.
pub(super) fn used(wasm: &[u8]) -> Vec<&'static str> {
    let all = USED
        .iter()
        .fold(WasmFeatures::empty(), |all, (feature, _)| all | *feature);
    let mut found = instructions::features(wasm) & all;
    found |= without_which_invalid(all - found, &|features| {
        is_valid_without_bodies(wasm, features)
    });
    let rest = all - found;
    if !is_valid(wasm, WasmFeatures::all() - rest) {
        found |= without_which_invalid(rest, &|features| is_valid(wasm, features));
    }
    let names = USED.iter().filter(|(feature, _)| found.contains(*feature));
    names.map(|(_, name)| *name).collect()
}

/// Returns which of these features make a module invalid if all others are there. Searches by halves,
/// so that the module is not validated once for each feature.
fn without_which_invalid(
    features: WasmFeatures,
    is_valid: &dyn Fn(WasmFeatures) -> bool,
) -> WasmFeatures {
    let each: Vec<WasmFeatures> = features.iter().collect();
    if each.is_empty() || is_valid(WasmFeatures::all() - features) {
        return WasmFeatures::empty();
    }
    let (first, second) = each.split_at(each.len() / 2);
    if first.is_empty() {
        return features;
    }
    let union = |half: &[WasmFeatures]| half.iter().copied().collect::<WasmFeatures>();
    without_which_invalid(union(first), is_valid) | without_which_invalid(union(second), is_valid)
}

/// Returns whether the engine would validate a module. [`unsupported_limit`] finds what it still cannot
/// compile.
pub(super) fn is_engine_valid(wasm: &[u8]) -> bool {
    is_valid(wasm, ENGINE)
}

/// Returns the features that a module needs and that neither the engine nor instrumentation has.
///
/// The bodies of the functions are validated once more, and on all processors: a large module is
/// refused as quickly as it is accepted.
///
/// # Errors
///
/// Returns an error if the module is not valid with all features.
pub(super) fn unsupported(name: &str, wasm: &[u8]) -> Result<Vec<String>, GuestError> {
    if is_valid(wasm, RUNS) {
        return Ok(Vec::new());
    }
    let all = UNSUPPORTED
        .iter()
        .fold(WasmFeatures::empty(), |all, (feature, _)| all | *feature);
    let in_bodies = instructions::features(wasm) & all;
    let is_needed = |feature: WasmFeatures, features: WasmFeatures| {
        in_bodies.contains(feature) || !is_valid_without_bodies(wasm, features - feature)
    };
    let names = needed_features(&is_needed);
    let needed = UNSUPPORTED
        .iter()
        .filter(|(_, name)| names.contains(name))
        .fold(RUNS, |needed, (feature, _)| needed | *feature);
    if !names.is_empty() && is_valid(wasm, needed) {
        return Ok(names.into_iter().map(String::from).collect());
    }
    // Something else in a body needs a feature, such as the type of a local, or the module is invalid.
    if !is_valid(wasm, WasmFeatures::all()) {
        Validator::new_with_features(WasmFeatures::all())
            .validate_all(wasm)
            .map_err(|error| GuestError::Invalid {
                name: name.into(),
                offset: error.offset(),
                message: safe::cut(error.message(), 300),
            })?;
    }
    let names = needed_features(&|feature, features| !is_valid(wasm, features - feature));
    Ok(match names.is_empty() {
        true => vec!["a feature of WebAssembly that this program does not know by name".into()],
        false => names.into_iter().map(String::from).collect(),
    })
}

fn is_valid(wasm: &[u8], features: WasmFeatures) -> bool {
    validate(wasm, features).is_ok()
}

/// The least code of functions that is validated on several threads, in bytes.
const MIN_PARALLEL: u64 = 256 << 10;

/// Validates a module: its functions on all processors.
///
/// # Errors
///
/// Returns one of the errors of the module. That need not be the first.
fn validate(wasm: &[u8], features: WasmFeatures) -> wasmparser::Result<()> {
    let functions = validate_around_bodies(wasm, features)?;
    let length = |body: &FunctionBody<'_>| body.range().end.saturating_sub(body.range().start);
    let bytes: u64 = functions.iter().map(|(_, body)| length(body)).sum();
    let threads = match thread::available_parallelism() {
        Ok(count) if bytes >= MIN_PARALLEL => count.get(),
        _ => 1,
    };
    let functions = Mutex::new(functions.into_iter());
    let validate_some = || {
        let mut allocations = FuncValidatorAllocations::default();
        loop {
            let next: Vec<_> = lock(&functions).by_ref().take(64).collect();
            if next.is_empty() {
                return Ok(());
            }
            for (function, body) in next {
                let mut validator = function.into_validator(allocations);
                if let Err(error) = validator.validate(&body) {
                    // One error is enough, so nothing is left for the other threads.
                    lock(&functions).by_ref().for_each(drop);
                    return Err(error);
                }
                allocations = validator.into_allocations();
            }
        }
    };
    thread::scope(|scope| {
        // A thread that the system does not give leaves its work to the others.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| {
                thread::Builder::new()
                    .spawn_scoped(scope, validate_some)
                    .ok()
            })
            .collect();
        let own = validate_some();
        others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .fold(own, wasmparser::Result::and)
    })
}

type Function<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates everything but the bodies of functions, and returns these.
fn validate_around_bodies(
    wasm: &[u8],
    features: WasmFeatures,
) -> wasmparser::Result<Vec<Function<'_>>> {
    let mut validator = Validator::new_with_features(features);
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            functions.push((function, body));
        }
    }
    Ok(functions)
}

fn is_valid_without_bodies(wasm: &[u8], features: WasmFeatures) -> bool {
    validate_around_bodies(wasm, features).is_ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the names of the features that a module needs: those that cannot be removed one after
/// another from all features. `is_needed` receives a feature, and all that are left.
fn needed_features(is_needed: &dyn Fn(WasmFeatures, WasmFeatures) -> bool) -> Vec<&'static str> {
    let mut features = WasmFeatures::all();
    for (_, feature) in WasmFeatures::all().difference(RUNS).iter_names() {
        let is_named = UNSUPPORTED.iter().any(|(named, _)| *named == feature);
        if !is_named && !is_needed(feature, features) {
            features = features.difference(feature);
        }
    }
    let mut names = Vec::new();
    for (feature, name) in UNSUPPORTED {
        match is_needed(feature, features) {
            true => names.push(name),
            false => features = features.difference(feature),
        }
    }
    names
}

/// Returns what in a module needs the first of these features first, as a phrase such as `function 12`;
/// `None` if it is not known.
pub(super) fn first_need(wasm: &[u8], names: &[String]) -> Option<Need> {
    let mut needed = names.iter().filter_map(|name| {
        let known = UNSUPPORTED.iter().find(|(_, known)| known == name);
        known.map(|(feature, _)| *feature)
    });
    let feature = needed.next()?;
    let others = needed.fold(RUNS, |others, feature| others | feature);
    let offset = match validate_around_bodies(wasm, others) {
        Ok(_) => return instructions::first_with(wasm, feature).map(Need::Function),
        Err(error) => error.offset(),
    };
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let mut sections = payloads.filter_map(|payload| section_items(&payload));
    sections.find_map(|(kind, offsets)| {
        let end = offsets.last()?;
        let last = offsets.iter().rev().find(|start| **start <= offset)?;
        // The types of a group begin where the group does; the first of them is named.
        let number = offsets.partition_point(|start| start < last);
        (offset < *end).then_some(Need::Item(kind, number))
    })
}

/// What in a module needs a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A function, by its number among those that the module defines.
    Function(u32),
    /// An item of a section, by its number there.
    Item(&'static str, usize),
}

/// Returns where the items of a section begin, and where the last one ends; `None` for a section
/// without features of its own.
fn section_items(payload: &Payload<'_>) -> Option<(&'static str, Vec<u64>)> {
    macro_rules! items {
        ($kind:literal, $reader:expr) => {{
            let reader = $reader.clone();
            let end = reader.range().end;
            let starts = reader.into_iter_with_offsets().map_while(Result::ok);
            let starts = starts.map(|(offset, _)| offset as u64);
            Some(($kind, starts.chain([end as u64]).collect()))
        }};
    }
    match payload {
        Payload::TypeSection(reader) => {
            let groups = reader
                .clone()
                .into_iter_with_offsets()
                .map_while(Result::ok);
            let starts =
                groups.flat_map(|(offset, group)| group.into_types().map(move |_| offset as u64));
            Some(("type", starts.chain([reader.range().end as u64]).collect()))
        }
        Payload::ImportSection(reader) => items!("import", reader),
        Payload::TableSection(reader) => items!("table", reader),
        Payload::MemorySection(reader) => items!("memory", reader),
        Payload::TagSection(reader) => items!("tag", reader),
        Payload::GlobalSection(reader) => items!("global", reader),
        Payload::ElementSection(reader) => items!("element segment", reader),
        Payload::DataSection(reader) => items!("data segment", reader),
        _ => None,
    }
}

/// Returns what the engine validates and then cannot compile. It panics on exception references in
/// tables and globals, and on vectors in exceptions. It reads only functions and nulls in element
/// segments. Browsers refuse both forms of exception handling in one module, and instrumentation does
/// not know handlers of the new form among those of the old one.
pub(super) fn unsupported_limit(wasm: &[u8], description: &Description) -> Option<&'static str> {
    let is_exception = |ty: &ValueType| matches!(ty, ValueType::Other(_));
    if description
        .tables
        .iter()
        .any(|table| is_exception(&table.element))
        || description
            .globals
            .iter()
            .any(|global| is_exception(&global.ty))
    {
        Some("a table or global of exception references")
    } else if description
        .tags
        .iter()
        .any(|tag| tag.params.contains(&ValueType::V128))
    {
        Some("an exception that carries a v128")
    } else if description.has_legacy_exceptions && instructions::have_new_handlers(wasm) {
        Some("the old and the new form of exception handling in one module")
    } else if Parser::new(0)
        .parse_all(wasm)
        .flatten()
        .any(|payload| has_computed_elements(&payload))
    {
        Some("an element segment that holds more than functions and nulls")
    } else {
        None
    }
}

fn has_computed_elements(payload: &Payload<'_>) -> bool {
    let Payload::ElementSection(elements) = payload else {
        return false;
    };
    elements
        .clone()
        .into_iter()
        .flatten()
        .filter(|element| !matches!(element.kind, ElementKind::Declared))
        .any(|element| {
            let ElementItems::Expressions(ty, expressions) = element.items else {
                return false;
            };
            let is_plain = |first| {
                matches!(
                    first,
                    Ok(Operator::RefNull { .. } | Operator::RefFunc { .. })
                )
            };
            !(ty.is_func_ref() || ty.is_extern_ref())
                || expressions
                    .into_iter()
                    .flatten()
                    .any(|item| !is_plain(item.get_operators_reader().read()))
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_used_is_what_a_module_cannot_do_without() {
        let used = |wat: &str| super::used(&wat::parse_str(wat).unwrap());
        assert_eq!(
            used("(module (memory 1) (func (result i32) (i32.load (i32.const 0))))"),
            [""; 0]
        );
        assert_eq!(
            used("(module (func (param i32) (drop (i32.extend8_s (local.get 0)))))"),
            ["sign extension"]
        );
        assert_eq!(
            used("(module (memory i64 1))"),
            ["64-bit memories or tables"]
        );
        assert_eq!(used("(module (memory 1) (memory 1))"), ["several memories"]);
        assert_eq!(used("(module (memory 1 1 shared))"), ["threads"]);
        assert_eq!(
            used("(module (func (result i32 i32) (i32.const 1) (i32.const 2)))"),
            ["several results"]
        );
        assert_eq!(
            used("(module (func (drop (v128.const i64x2 0 0))))"),
            ["SIMD"]
        );
        assert!(used("(module (type (struct)))").contains(&"garbage-collected types"));
        assert!(
            used(
                "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const \
                 0))))"
            )
            .contains(&"bulk memory")
        );
    }
}
