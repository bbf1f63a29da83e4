//! The functions of the guest's allocator: those whose name and type leave no doubt about what they
//! do.
//!
//! Functions of one layer call each other, and a release by an inner function ends a block of an
//! outer one only if both return the same addresses. So the functions of toolchains, which do,
//! come first: Rust's and C's. Exports with names such as `alloc` count only where these are absent.

use super::export_facts::{Facts, Function};
use super::{calling_conventions, naming};
use crate::guest::call_graph::callee;
use crate::guest::{Guest, ValueType, allocator_state};
use crate::journal_abi::{Allocator, AllocatorFunction, AllocatorOperation, AllocatorParams};

use AllocatorOperation::{Allocate, Reallocate, Release};

/// The largest number of functions of one allocator.
const MAX_FUNCTIONS: usize = 64;

/// How many functions are followed that only call the next one.
const MAX_WRAPPERS: usize = 4;

/// What the parameters of a function mean, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Param {
    Address,
    OldSize,
    Size,
    Count,
    Alignment,
}

use Param::{Address, Alignment, Count, OldSize, Size};

/// A function that toolchains name.
struct Known {
    /// Its name, without prefixes.
    name: &'static str,
    operation: AllocatorOperation,
    params: &'static [Param],
    /// How many parameters at the end may be absent.
    optional: usize,
    checks_layout: bool,
}

const fn rust(
    name: &'static str,
    operation: AllocatorOperation,
    params: &'static [Param],
    optional: usize,
) -> Known {
    Known {
        name,
        operation,
        params,
        optional,
        checks_layout: true,
    }
}

const fn c(name: &'static str, operation: AllocatorOperation, params: &'static [Param]) -> Known {
    Known {
        name,
        operation,
        params,
        optional: 0,
        checks_layout: false,
    }
}

/// The functions of Rust's and C's allocators. Each returns the address that it gets from a
/// function below it.
const KNOWN: [Known; 17] = [
    rust("rust_alloc", Allocate, &[Size, Alignment], 0),
    rust("rust_alloc_zeroed", Allocate, &[Size, Alignment], 0),
    rust("rust_dealloc", Release, &[Address, OldSize, Alignment], 0),
    rust(
        "rust_realloc",
        Reallocate,
        &[Address, OldSize, Alignment, Size],
        0,
    ),
    rust("wbindgen_malloc", Allocate, &[Size, Alignment], 1),
    rust("wbindgen_free", Release, &[Address, OldSize, Alignment], 1),
    rust(
        "wbindgen_realloc",
        Reallocate,
        &[Address, OldSize, Size, Alignment],
        1,
    ),
    rust(
        "cabi_realloc",
        Reallocate,
        &[Address, OldSize, Alignment, Size],
        0,
    ),
    c("malloc", Allocate, &[Size]),
    c("calloc", Allocate, &[Count, Size]),
    c("aligned_alloc", Allocate, &[Alignment, Size]),
    c("memalign", Allocate, &[Alignment, Size]),
    c("internal_memalign", Allocate, &[Alignment, Size]),
    c("realloc", Reallocate, &[Address, Size]),
    c("reallocarray", Reallocate, &[Address, Count, Size]),
    c("free", Release, &[Address]),
    c("cfree", Release, &[Address]),
];

impl Guest {
    /// Returns the functions of the guest's allocator, if they are known for sure.
    pub(in crate::guest) fn allocator(&self) -> Allocator {
        let facts = Facts::of(self);
        if facts.address != ValueType::I32 {
            return Allocator::default();
        }
        let mut allocator = exported_functions(&facts);
        let known = known_functions(self);
        if has_pair(&known) {
            allocator.functions = known;
            allocator.wrappers.clear();
        }
        if !has_pair(&allocator.functions) || allocator.functions.len() > MAX_FUNCTIONS {
            return Allocator::default();
        }
        allocator.functions.sort_by_key(|f| f.function);
        allocator.functions.dedup_by_key(|f| f.function);
        allocator.is_closed = allocator_state::is_closed(self, &allocator);
        allocator
    }
}

/// Returns whether blocks are both allocated and released. One function may do both.
fn has_pair(functions: &[AllocatorFunction]) -> bool {
    let any = |wanted| functions.iter().any(|f| f.operation == wanted);
    any(Reallocate) || any(Allocate) && any(Release)
}

/// Returns the functions that toolchains name, exported or named in the name section.
fn known_functions(guest: &Guest) -> Vec<AllocatorFunction> {
    let description = &guest.0.description;
    let first = description.imported_functions;
    let mut found: Vec<AllocatorFunction> = Vec::new();
    let own = description.functions.iter().zip(0..);
    let own = own.filter(|(_, index)| *index >= first && is_candidate(guest, *index));
    for (_, index) in own {
        let name = guest.function_name(index);
        found.extend(known_function(guest, index, &name));
    }
    let exported = guest.exports().iter();
    for export in exported.filter(|export| export.index >= first) {
        if matches!(export.ty, super::super::ExternType::Func(_)) {
            found.extend(known_function(guest, export.index, &export.name));
        }
    }
    found.sort_by_key(|function| function.function);
    found.dedup_by_key(|function| function.function);
    found
}

/// Returns whether the name section has a name for a function that may be an allocator's. To make
/// every name readable takes long.
fn is_candidate(guest: &Guest, index: u32) -> bool {
    let names = &guest.0.description.function_names;
    names.get(&index).is_some_and(|name| {
        ["alloc", "free", "memalign"]
            .iter()
            .any(|part| name.contains(part))
    })
}

fn known_function(guest: &Guest, index: u32, name: &str) -> Option<AllocatorFunction> {
    // `__rustc::__rust_alloc`, `__rdl_alloc`, `dlmalloc`, `_malloc`.
    let (path, last) = name.rsplit_once("::").unwrap_or(("", name));
    let is_rust = path.is_empty() || path.starts_with("__rustc");
    let plain = last.trim_start_matches('_');
    let plain = match plain.split_once('_') {
        Some(("rdl" | "rg", rest)) => format!("rust_{rest}"),
        _ => plain.trim_start_matches("emscripten_builtin_").to_owned(),
    };
    let plain = match plain.as_str() {
        "canonical_abi_realloc" => "cabi_realloc",
        other => other.strip_prefix("dl").unwrap_or(other),
    };
    let known = KNOWN.iter().find(|known| known.name == plain)?;
    is_rust
        .then(|| with_params(guest, index, known.operation, known.params, known.optional))
        .flatten()
        .map(|function| AllocatorFunction {
            checks_layout: known.checks_layout,
            has_sure_size: true,
            ..function
        })
}

/// Returns a function if it has these parameters. The last `optional` ones may be absent.
fn with_params(
    guest: &Guest,
    index: u32,
    operation: AllocatorOperation,
    params: &[Param],
    optional: usize,
) -> Option<AllocatorFunction> {
    let ty = guest.0.description.functions.get(index as usize)?;
    let count = ty.params.len();
    let is_i32 = |types: &[ValueType]| types.iter().all(|ty| *ty == ValueType::I32);
    let results = match operation {
        Allocate | Reallocate => 1,
        Release => 0,
    };
    let fits = (params.len() - optional..=params.len()).contains(&count)
        && ty.results.len() == results
        && is_i32(&ty.params)
        && is_i32(&ty.results);
    let at = |wanted: Param| {
        let number = params.iter().take(count).position(|param| *param == wanted);
        number.and_then(|number| u32::try_from(number).ok())
    };
    fits.then(|| AllocatorFunction {
        function: index,
        operation,
        params: AllocatorParams {
            address: at(Address),
            old_size: at(OldSize),
            size: at(Size),
            count: at(Count),
            alignment: at(Alignment),
        },
        checks_layout: false,
        has_sure_size: false,
    })
}

/// Returns the exports that allocate and release blocks by their names, or the functions that they
/// only call.
fn exported_functions(facts: &Facts<'_>) -> Allocator {
    let mut allocator = Allocator::default();
    let mut is_clear = true;
    let of_toolchain = |name: &str| name.starts_with("__") || name.starts_with("cabi_");
    let first = facts.guest.0.description.imported_functions;
    for function in &facts.functions {
        let is_generic = naming::subject(&function.words).is_empty();
        if of_toolchain(function.name) || !is_generic || function.index < first {
            continue;
        }
        let Some((operation, params)) = convention_of(facts, function) else {
            continue;
        };
        allocator.entries.push(function.index);
        let Some(params) = params else {
            // What its parameters mean is not clear, so the blocks are not known either.
            is_clear = false;
            continue;
        };
        let mut index = function.index;
        for _ in 0..MAX_WRAPPERS {
            let Some(inner) = wrapped(facts.guest, index, params.len()) else {
                break;
            };
            allocator.wrappers.push(index);
            index = inner;
        }
        let found = with_params_of_wrapped(facts.guest, index, operation, params);
        allocator.functions.extend(found);
    }
    if !is_clear {
        allocator.functions.clear();
    }
    allocator
}

/// What an export does by its name, and what its parameters mean, if that is clear.
type Convention = (AllocatorOperation, Option<&'static [Param]>);

fn convention_of(facts: &Facts<'_>, function: &Function<'_>) -> Option<Convention> {
    let count = function.ty.params.len();
    if calling_conventions::is_reallocator(facts, function) {
        let params: Option<&[Param]> = match count {
            2 => Some(&[Address, Size]),
            3 => Some(&[Address, OldSize, Size]),
            _ => None,
        };
        return Some((Reallocate, params));
    }
    if calling_conventions::is_release(facts, function) {
        let params: &[Param] = &[Address, OldSize, Alignment];
        return Some((Release, params.get(..count)));
    }
    if calling_conventions::is_allocator(facts, function) {
        let params: &[Param] = &[Size, Alignment];
        return Some((Allocate, params.get(..count)));
    }
    None
}

/// Returns a function whose first parameters are these. A function that is only called by a wrapper
/// may have more.
fn with_params_of_wrapped(
    guest: &Guest,
    index: u32,
    operation: AllocatorOperation,
    params: &[Param],
) -> Option<AllocatorFunction> {
    let ty = guest.0.description.functions.get(index as usize)?;
    let mut known = params.to_vec();
    // Nothing is known of the others. A second result address has no use.
    known.resize(ty.params.len().max(params.len()), Count);
    let found = with_params(guest, index, operation, &known, 0)?;
    Some(AllocatorFunction {
        params: AllocatorParams {
            count: None,
            ..found.params
        },
        ..found
    })
}

/// Returns the function that another one calls with all of its parameters in order, and perhaps
/// constants after them, if it does nothing else.
fn wrapped(guest: &Guest, function: u32, params: usize) -> Option<u32> {
    let mut operators = guest.body(function)?.get_operators_reader().ok()?;
    for number in 0..params {
        match operators.read().ok()? {
            wasmparser::Operator::LocalGet { local_index } if local_index as usize == number => {}
            _ => return None,
        }
    }
    let inner = loop {
        match operators.read().ok()? {
            wasmparser::Operator::I32Const { .. } => {}
            other => break callee(&other)?,
        }
    };
    let is_end = matches!(operators.read().ok()?, wasmparser::Operator::End);
    (is_end && guest.body(inner).is_some()).then_some(inner)
}
