//! Which features of WebAssembly the engine has, and which of them a guest needs and the engine
//! does not have.
//!
//! The list follows the engine's sources. `tests/it/guest/features.rs` checks it with one guest for
//! each feature.

mod first_need;
mod instructions;
mod validation;

use wasmparser::{
    ElementItems, ElementKind, FunctionBody, Operator, Parser, Payload, Validator, WasmFeatures,
};

use super::module_info::Description;
use super::{GuestError, ValueType};
use crate::safe;
pub(super) use first_need::Need;
use validation::{Validation, validate_around_bodies};

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

/// What a module needs of WebAssembly.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// What the engine and instrumentation do not have.
    pub unsupported: Vec<String>,
    /// What needs the first of that first; `None` if it is not known.
    pub first: Option<Need>,
    /// Whether the module has exceptions in the old form, and can run.
    pub has_legacy_exceptions: bool,
    /// The features of [`used`]; `None` if they were not searched for.
    pub used: Option<Vec<&'static str>>,
}

/// Returns what a module needs and the engine does not have. A body that is valid with the features of
/// the engine is validated once.
///
/// # Errors
///
/// Returns an error if the module is not valid with all features.
pub(super) fn needs(name: &str, wasm: &[u8]) -> Result<Needs, GuestError> {
    needs_of(name, wasm, &mut Validation::new(wasm))
}

fn needs_of<'a>(
    name: &str,
    wasm: &'a [u8],
    validation: &mut Validation<'a>,
) -> Result<Needs, GuestError> {
    if validation.is_valid(ENGINE) {
        return Ok(Needs::default());
    }
    if validation.is_valid(RUNS) {
        return Ok(Needs {
            has_legacy_exceptions: true,
            ..Needs::default()
        });
    }
    let (unsupported, bodies) = unsupported(name, wasm, validation)?;
    Ok(Needs {
        first: first_need::first_need(wasm, &unsupported, &bodies),
        unsupported,
        ..Needs::default()
    })
}

/// Returns what a module needs, and the features that it uses. Its code is read twice: for the features
/// of its instructions, and to validate it with no others.
///
/// # Errors
///
/// Returns an error if the module is not valid with all features.
pub(super) fn survey(name: &str, wasm: &[u8]) -> Result<Needs, GuestError> {
    survey_of(name, wasm, &mut Validation::new(wasm))
}

fn survey_of(name: &str, wasm: &[u8], validation: &mut Validation) -> Result<Needs, GuestError> {
    let all = all_of(&USED);
    let in_bodies = instructions::features(validation.pending_bodies());
    let mut found = in_bodies & all;
    found |= without_which_invalid(all - found, &|features| {
        is_valid_without_bodies(wasm, features)
    });
    if !validation.is_valid((RUNS | found) - (all - found)) {
        // Something else in a body needs a feature, such as the type of a local.
        found |=
            without_which_invalid(all - found, &|features| validation.would_be_valid(features));
    }
    let mut needs = Needs::default();
    if !validation.is_valid(RUNS | found) {
        // The module is invalid, or it needs what has no name in a list of features.
        needs = self::needs(name, wasm)?;
    } else if RUNS.contains(found) {
        needs.has_legacy_exceptions = found.contains(WasmFeatures::LEGACY_EXCEPTIONS);
    } else {
        let names = needed_features(&|feature, features| {
            (in_bodies | found).contains(feature)
                || !is_valid_without_bodies(wasm, features - feature)
        });
        needs.unsupported = names.into_iter().map(String::from).collect();
    }
    let used = USED.iter().filter(|(feature, _)| found.contains(*feature));
    needs.used = Some(used.map(|(_, name)| *name).collect());
    Ok(needs)
}

fn all_of(list: &[(WasmFeatures, &str)]) -> WasmFeatures {
    list.iter().map(|(feature, _)| *feature).collect()
}

/// Returns the features that a valid module uses: without them, it would not be valid.
pub(super) fn used(wasm: &[u8]) -> Vec<&'static str> {
    let needs = survey("", wasm).unwrap_or_default();
    needs.used.unwrap_or_default()
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
    Validation::new(wasm).is_valid(ENGINE)
}

/// The names of features, and the bodies that need some of them, with the numbers of their functions.
type Unsupported<'a> = (Vec<String>, Vec<(u32, FunctionBody<'a>)>);

/// Returns the features that a module needs and that neither the engine nor instrumentation has. The
/// module is not valid with what they have.
///
/// # Errors
///
/// Returns an error if the module is not valid with all features.
fn unsupported<'a>(
    name: &str,
    wasm: &'a [u8],
    validation: &mut Validation<'a>,
) -> Result<Unsupported<'a>, GuestError> {
    let with_bodies = |in_bodies: WasmFeatures| {
        needed_features(&|feature, features| {
            in_bodies.contains(feature) || !is_valid_without_bodies(wasm, features - feature)
        })
    };
    let is_valid_with = |names: &[&str], validation: &mut Validation| {
        let needed = UNSUPPORTED.iter().filter(|(_, name)| names.contains(name));
        let needed = needed.fold(RUNS, |needed, (feature, _)| needed | *feature);
        !names.is_empty() && validation.is_valid(needed)
    };
    let mut names = with_bodies(WasmFeatures::empty());
    let mut bodies = Vec::new();
    if !is_valid_with(&names, validation) {
        bodies = validation.pending_bodies();
        names = with_bodies(instructions::features(bodies.clone()));
        if !is_valid_with(&names, validation) {
            // Something else in a body needs a feature, such as the type of a local.
            if !validation.would_be_valid(WasmFeatures::all()) {
                return Err(invalid(name, wasm));
            }
            names = needed_features(&|feature, features| {
                !validation.would_be_valid(features - feature)
            });
        }
    }
    let names = match names.is_empty() {
        true => vec!["a feature of WebAssembly that this program does not know by name".into()],
        false => names.into_iter().map(String::from).collect(),
    };
    Ok((names, bodies))
}

/// Returns the first error of a module that is not valid with all features.
fn invalid(name: &str, wasm: &[u8]) -> GuestError {
    let validated = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm);
    let (offset, message) = match &validated {
        Err(error) => (error.offset(), safe::cut(error.message(), 300)),
        Ok(_) => (0, "it is not valid".into()),
    };
    GuestError::Invalid {
        name: name.into(),
        offset,
        message,
    }
}

fn is_valid_without_bodies(wasm: &[u8], features: WasmFeatures) -> bool {
    validate_around_bodies(wasm, features).is_ok()
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
