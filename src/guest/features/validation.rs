//! Validation of a module in which no body of a function is validated again that was valid before.

use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

/// The least code of functions that is read on several threads, in bytes.
const MIN_PARALLEL: u64 = 256 << 10;

/// How many functions a thread takes at once.
const BATCH: usize = 64;

/// A module, and its functions that were not valid so far.
///
/// What is valid with some features is valid with more. So the features of one call of
/// [`Validation::is_valid`] include those of the call before.
#[derive(Debug)]
pub(super) struct Validation<'a> {
    wasm: &'a [u8],
    /// The numbers of these functions, in order; `None` while no function was validated.
    pending: Option<Vec<u32>>,
    /// How many bodies were validated, some of them up to an error.
    #[cfg(test)]
    pub(super) validated: std::sync::atomic::AtomicUsize,
}

impl<'a> Validation<'a> {
    pub(super) fn new(wasm: &'a [u8]) -> Self {
        Validation {
            wasm,
            pending: None,
            #[cfg(test)]
            validated: Default::default(),
        }
    }

    /// Returns whether the module is valid with these features.
    pub(super) fn is_valid(&mut self, features: WasmFeatures) -> bool {
        let Some(failed) = self.failed_functions(features) else {
            return false;
        };
        let is_valid = failed.is_empty();
        self.pending = Some(failed);
        is_valid
    }

    /// Returns whether the module is valid with these features. Unlike [`Validation::is_valid`], it
    /// does not require that the features of the next call include these.
    pub(super) fn would_be_valid(&self, features: WasmFeatures) -> bool {
        self.failed_functions(features)
            .is_some_and(|failed| failed.is_empty())
    }

    /// Returns the bodies that were not valid so far, with the numbers of their functions.
    pub(super) fn pending_bodies(&self) -> Vec<(u32, FunctionBody<'a>)> {
        self.pending_of(bodies(self.wasm))
    }

    fn pending_of<T>(&self, of_functions: impl IntoIterator<Item = T>) -> Vec<(u32, T)> {
        let numbered = (0..).zip(of_functions);
        match &self.pending {
            None => numbered.collect(),
            Some(pending) => numbered
                .filter(|(number, _)| pending.binary_search(number).is_ok())
                .collect(),
        }
    }

    /// Returns the numbers of those pending functions that are not valid, in order; `None` if
    /// something else is not valid.
    fn failed_functions(&self, features: WasmFeatures) -> Option<Vec<u32>> {
        let functions = validate_around_bodies(self.wasm, features).ok()?;
        let functions = self.pending_of(functions);
        #[cfg(test)]
        self.validated
            .fetch_add(functions.len(), std::sync::atomic::Ordering::Relaxed);
        let bytes = functions
            .iter()
            .map(|(_, (_, body))| code_bytes(body))
            .sum();
        let failed = on_all_processors(functions, bytes, |functions| {
            let mut allocations = FuncValidatorAllocations::default();
            let mut failed = Vec::new();
            for (number, (function, body)) in functions {
                let mut validator = function.into_validator(allocations);
                if validator.validate(&body).is_err() {
                    failed.push(number);
                }
                allocations = validator.into_allocations();
            }
            failed
        });
        let mut failed = failed.concat();
        failed.sort_unstable();
        Some(failed)
    }
}

/// Returns the bodies of all functions that a module defines.
pub(super) fn bodies(wasm: &[u8]) -> impl Iterator<Item = FunctionBody<'_>> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    payloads.filter_map(|payload| match payload {
        wasmparser::Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    })
}

/// Returns the length of a body, in bytes.
pub(super) fn code_bytes(body: &FunctionBody<'_>) -> u64 {
    let range = body.range();
    range.end.saturating_sub(range.start)
}

type Function<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates everything but the bodies of functions, and returns these.
pub(super) fn validate_around_bodies(
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

/// Applies `work` to parts of `items` on all processors, and returns all results. `bytes` is how much
/// code the items have.
pub(super) fn on_all_processors<T: Send, R: Send>(
    items: Vec<T>,
    bytes: u64,
    work: impl Fn(&mut dyn Iterator<Item = T>) -> R + Sync,
) -> Vec<R> {
    let threads = match thread::available_parallelism() {
        Ok(count) if bytes >= MIN_PARALLEL => count.get(),
        _ => 1,
    };
    let items = Mutex::new(items.into_iter());
    let work = || {
        let batch = || Some(lock(&items).by_ref().take(BATCH).collect::<Vec<T>>());
        let batches = std::iter::from_fn(|| batch().filter(|batch| !batch.is_empty()));
        work(&mut batches.flatten())
    };
    thread::scope(|scope| {
        // A thread that the system does not give leaves its work to the others.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let own = work();
        let others = others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(own).chain(others).collect()
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::features::{Need, Needs, needs_of, survey_of};

    const FUNCTIONS: usize = 100;

    fn module(other: &str) -> Vec<u8> {
        let function = "(func (param i32) (drop (i32.add (local.get 0) (i32.const 1))))";
        wat::parse_str(format!("(module {} {other})", function.repeat(FUNCTIONS))).unwrap()
    }

    /// Returns what a module needs, and how many bodies were validated for that: when it is loaded, and
    /// when it is described.
    fn work(wasm: &[u8]) -> [(Needs, usize); 2] {
        let count = |validation: &Validation| {
            validation
                .validated
                .load(std::sync::atomic::Ordering::Relaxed)
        };
        let mut validation = Validation::new(wasm);
        let loaded = needs_of("", wasm, &mut validation).unwrap();
        let loaded = (loaded, count(&validation));
        let mut validation = Validation::new(wasm);
        let described = survey_of("", wasm, &mut validation).unwrap();
        [loaded, (described, count(&validation))]
    }

    #[test]
    fn a_valid_body_is_validated_once() {
        let cases = [
            ("", "", 0),
            ("(func (drop (v128.const i64x2 0 0)))", "", 1),
            (
                "(func (return_call 0 (i32.const 1)))",
                "tail calls",
                // Once with the features of the engine, with the old exceptions, and with tail calls.
                3,
            ),
            ("(memory i64 1)", "64-bit memories or tables", 0),
            ("(type (struct))", "garbage-collected types", 0),
        ];
        for (other, unsupported, more) in cases {
            let [(loaded, of_load), (described, of_description)] = work(&module(other));
            assert_eq!(loaded.unsupported.concat(), unsupported, "{other}");
            assert_eq!(described.unsupported, loaded.unsupported, "{other}");
            let number = FUNCTIONS as u32;
            let first = loaded.first == Some(Need::Function(number));
            assert_eq!(first, unsupported == "tail calls", "{:?}", loaded.first);
            assert_eq!(of_load, FUNCTIONS + more, "{other}");
            assert_eq!(of_description, FUNCTIONS + more.min(1), "{other}");
        }
    }

    #[test]
    fn only_bodies_with_old_exceptions_are_validated_again() {
        let wasm = module("(func try catch_all end)");
        for (needs, validated) in work(&wasm) {
            assert!(needs.has_legacy_exceptions && needs.unsupported.is_empty());
            assert!(
                (FUNCTIONS + 1..=FUNCTIONS + 2).contains(&validated),
                "{validated}"
            );
        }
    }

    #[test]
    fn what_no_instruction_shows_is_searched_for_in_few_bodies() {
        let wasm = module("(func (local externref))");
        let [(loaded, of_load), (described, of_description)] = work(&wasm);
        assert!(loaded.unsupported.is_empty() && described.unsupported.is_empty());
        assert_eq!(of_load, FUNCTIONS + 1);
        assert_eq!(described.used.unwrap(), ["reference types"]);
        assert!(of_description < FUNCTIONS + 20, "{of_description}");
    }

    #[test]
    fn all_invalid_functions_of_all_threads_are_pending() {
        let invalid = "(func (result i32))".repeat(3);
        let wasm = module(&format!("{invalid} (func) {invalid}"));
        let mut validation = Validation::new(&wasm);
        assert!(!validation.is_valid(WasmFeatures::all()));
        let numbers = validation
            .pending_bodies()
            .into_iter()
            .map(|(number, _)| number);
        assert_eq!(numbers.collect::<Vec<_>>(), [100, 101, 102, 104, 105, 106]);
    }

    #[test]
    fn every_item_is_worked_on_once() {
        let sums = on_all_processors((0..10_000).collect(), MIN_PARALLEL, |items| {
            items.sum::<u64>()
        });
        assert_eq!(sums.iter().sum::<u64>(), 10_000 * 9_999 / 2);
    }
}
