//! Random modules, run as given and instrumented: the results, traps, memories, globals, tables and
//! host calls are the same, and the replay of the journal results in the recorded memory.

use super::differential::{self, Differential, Instantiation, Offered, Outcome, Places};
use super::replay::SlotCounts;
use super::values::Arg;
use super::{bound_accesses, expose};
use arbitrary::Unstructured;
use linmem::guest::Guest;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as Proptest, RngAlgorithm, TestError, TestRng, TestRunner};
use wasm_smith::{Config, MemoryOffsetChoices};
use wasmer::{Extern, ExternType, Function, Global, Memory, Table, Tag, Value};
use wasmparser::{Operator, Parser, Payload};

/// The number of loop heads and function entries that one call may pass.
const FUEL: u32 = 300;

/// The WebAssembly features that a module may use.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    pub memories: usize,
    pub threads: bool,
    pub simd: bool,
    pub exceptions: bool,
    /// Nothing in the module traps except for missing fuel.
    pub never_traps: bool,
    /// The seed of the changes that keep most accesses within bounds and add stores, because random
    /// code rarely writes memory.
    pub bound_by: Option<u64>,
    /// Whether the last memory is journaled instead of the first.
    pub records_last: bool,
    /// The imports of another host, as a module. With it, the module has only what every engine can
    /// run with the same results, and no start function.
    pub host: Option<Vec<u8>>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let any = any::<bool>;
    let bound_by = prop::option::weighted(0.85, proptest::num::u64::ANY);
    (1..=2usize, any(), any(), any(), any(), bound_by, any()).prop_map(
        |(memories, threads, simd, exceptions, never_traps, bound_by, records_last)| Parts {
            memories,
            threads,
            simd,
            exceptions,
            never_traps,
            bound_by,
            records_last,
            host: None,
        },
    )
}

fn config(parts: &Parts) -> Config {
    Config {
        min_memories: parts.memories as u32,
        max_memories: parts.memories,
        max_memory32_bytes: 4 * 65536,
        memory_max_size_required: true,
        table_max_size_required: true,
        memory_offset_choices: MemoryOffsetChoices(97, 2, 1),
        min_funcs: 3,
        max_funcs: 6,
        max_instructions: 120,
        max_imports: 3,
        max_tables: 2,
        max_table_elements: 50,
        max_elements: 8,
        max_data_segments: 4,
        max_globals: 5,
        max_types: 6,
        min_tags: usize::from(parts.exceptions),
        max_tags: 3,
        allow_start_export: parts.host.is_none(),
        available_imports: parts.host.clone(),
        threads_enabled: parts.threads,
        simd_enabled: parts.simd,
        relaxed_simd_enabled: parts.simd && parts.host.is_none(),
        extended_const_enabled: parts.host.is_none(),
        exceptions_enabled: parts.exceptions,
        disallow_traps: parts.never_traps,
        // The engine chooses between several NaNs, and code around an operation can change the choice.
        canonicalize_nans: true,
        gc_enabled: false,
        tail_call_enabled: false,
        memory64_enabled: false,
        export_everything: true,
        ..Config::default()
    }
}

/// Returns a valid module whose items are all exported and whose calls all end. Returns `None` where
/// `bytes` do not make one. `fuel` is the number of loop heads and function entries that it may pass.
pub fn module(parts: &Parts, bytes: &[u8], fuel: u32) -> Option<Vec<u8>> {
    let mut module = wasm_smith::Module::new(config(parts), &mut Unstructured::new(bytes)).ok()?;
    module.ensure_termination(fuel).ok()?;
    let wasm = match parts.bound_by {
        Some(seed) => bound_accesses::bound_accesses(&module.to_bytes(), seed).unwrap(),
        None => module.to_bytes(),
    };
    let wasm = expose::with_all_exports(&wasm).unwrap();
    (!waits(&wasm)).then_some(wasm)
}

/// Returns whether the module contains a wait for another thread.
fn waits(wasm: &[u8]) -> bool {
    let bodies = Parser::new(0)
        .parse_all(wasm)
        .flatten()
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
    let mut operators =
        bodies.flat_map(|body| body.get_operators_reader().unwrap().into_iter().flatten());
    operators.any(|operator| {
        matches!(
            operator,
            Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }
        )
    })
}

/// The results of some modules.
#[derive(Debug, Default)]
struct Totals {
    modules: usize,
    calls: usize,
    returned: usize,
    trapped: usize,
    threw: usize,
    slot_counts: SlotCounts,
}

/// Calls every export of a module on both sides.
fn run(parts: &Parts, wasm: &[u8], totals: &mut Totals) -> Result<(), String> {
    let guest = match Guest::from_bytes("random", wasm) {
        Ok(guest) => guest,
        Err(_) => return Ok(()),
    };
    let mut runs = Differential::new(Places::Function);
    let memory = if parts.records_last {
        guest.memories().len() - 1
    } else {
        0
    };
    let Instantiation::Instance(pair) = runs.instantiate(&guest, Some(memory as u32), offer)?
    else {
        return Ok(());
    };
    totals.modules += 1;
    let exports = runs.pairs[pair].plain.exports.clone();
    let fuel = exports.iter().globals().last().unwrap().0.clone();
    for (name, function) in exports.iter().functions() {
        let ty = function.ty(&runs.plain.store);
        for number in [0, 1, 40_000] {
            runs.set_global(pair, &fuel, Arg::I32(FUEL as i32));
            let args: Vec<Arg> = ty
                .params()
                .iter()
                .map(|ty| Arg::number(*ty, number))
                .collect();
            let outcome = runs.call(pair, name, &args)?.unwrap();
            totals.calls += 1;
            match &outcome {
                // The effects before it depend on the depth.
                outcome if outcome.is_exhaustion() => return Ok(()),
                Outcome::Returned(_) => totals.returned += 1,
                Outcome::Trapped(..) => totals.trapped += 1,
                Outcome::Threw(_) => totals.threw += 1,
            }
        }
    }
    differential::add(&mut totals.slot_counts, runs.slot_counts());
    Ok(())
}

/// Satisfies any import: functions return zeros, globals are zero, memories and tables have their
/// minimum size.
fn offer(runs: &mut Differential, module: &str, name: &str, types: [&ExternType; 2]) -> Offered {
    let sides = [(&mut runs.plain, types[0]), (&mut runs.rewritten, types[1])];
    let [plain, rewritten] = sides.map(|(side, ty)| -> Extern {
        let store = &mut side.store;
        match ty {
            ExternType::Function(ty) => {
                let (calls, called) = (side.calls.clone(), format!("{module}.{name}"));
                let results: Vec<Value> = ty
                    .results()
                    .iter()
                    .map(|ty| Arg::zero(*ty).value(store))
                    .collect();
                let answer = Function::new(store, ty, move |args| {
                    calls.lock().unwrap().push(format!("{called}{args:?}"));
                    Ok(results.clone())
                });
                answer.into()
            }
            ExternType::Global(ty) => {
                let zero = Arg::zero(ty.ty).value(store);
                match ty.mutability.is_mutable() {
                    true => Global::new_mut(store, zero).into(),
                    false => Global::new(store, zero).into(),
                }
            }
            ExternType::Memory(ty) => Memory::new(store, *ty).unwrap().into(),
            ExternType::Table(ty) => {
                let null = Arg::zero(ty.ty).value(store);
                Table::new(store, *ty, null).unwrap().into()
            }
            ExternType::Tag(ty) => Tag::new(store, ty.params.clone()).into(),
        }
    });
    Some((plain, rewritten))
}

#[test]
fn random_modules_behave_as_given() {
    let mut totals = Totals::default();
    let config = Proptest {
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Proptest::default()
    };
    let mut runner = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => TestRunner::new(config),
        None => {
            let config = Proptest {
                cases: 500,
                ..config
            };
            TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        }
    };
    let seen_by_cases = std::cell::RefCell::new(&mut totals);
    let result = runner.run(
        &(parts(), vec(any::<u8>(), 1000..8000)),
        |(parts, bytes)| {
            let Some(wasm) = module(&parts, &bytes, FUEL) else {
                return Ok(());
            };
            run(&parts, &wasm, &mut seen_by_cases.borrow_mut()).map_err(|difference| {
                let text = wasmprinter::print_bytes(&wasm).unwrap();
                TestCaseError::fail(format!("{difference}\n{parts:?}\n{text}"))
            })
        },
    );
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    eprintln!("{totals:?}");
    // The test is only meaningful if the modules write memory.
    for kind in [
        "store 1",
        "store 2",
        "store 4",
        "store 8",
        "wide",
        "fill",
        "copy",
        "copy from",
        "init",
        "grow",
    ] {
        assert!(
            totals
                .slot_counts
                .get(kind)
                .is_some_and(|count| *count >= 10),
            "{kind}: {totals:?}"
        );
    }
}
