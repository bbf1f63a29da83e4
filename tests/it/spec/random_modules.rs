//! Modules made at random, run as given and rewritten: the same results and traps, the same
//! memories, globals, tables and calls of the host, and a journal that tells the recorded memory.

use super::differential::{self, Birth, Offered, Outcome, Places, Twins};
use super::replay::Told;
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

/// How many loop heads and function entries one call may pass.
const FUEL: u32 = 300;

/// The parts of WebAssembly a module may be made of.
#[derive(Debug, Clone)]
struct Parts {
    memories: usize,
    threads: bool,
    simd: bool,
    exceptions: bool,
    /// Nothing in it traps but for want of fuel.
    is_calm: bool,
    /// Accesses are made to lie within bounds, mostly, and stores are added: random code seldom
    /// writes memory.
    tamed_by: Option<u64>,
    /// Journals the last memory instead of the first.
    records_last: bool,
}

fn parts() -> impl Strategy<Value = Parts> {
    let any = any::<bool>;
    let tamed_by = prop::option::weighted(0.85, proptest::num::u64::ANY);
    (1..=2usize, any(), any(), any(), any(), tamed_by, any()).prop_map(
        |(memories, threads, simd, exceptions, is_calm, tamed_by, records_last)| Parts {
            memories,
            threads,
            simd,
            exceptions,
            is_calm,
            tamed_by,
            records_last,
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
        allow_start_export: true,
        threads_enabled: parts.threads,
        simd_enabled: parts.simd,
        relaxed_simd_enabled: parts.simd,
        exceptions_enabled: parts.exceptions,
        disallow_traps: parts.is_calm,
        // Which of several NaNs comes out is the engine's choice, and code around an operation may
        // sway it.
        canonicalize_nans: true,
        gc_enabled: false,
        tail_call_enabled: false,
        memory64_enabled: false,
        export_everything: true,
        ..Config::default()
    }
}

/// A valid module, all of it exported, every call of which ends. `None` where the bytes did not
/// make one.
fn module(parts: &Parts, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut module = wasm_smith::Module::new(config(parts), &mut Unstructured::new(bytes)).ok()?;
    module.ensure_termination(FUEL).ok()?;
    let wasm = match parts.tamed_by {
        Some(seed) => bound_accesses::tamed(&module.to_bytes(), seed).unwrap(),
        None => module.to_bytes(),
    };
    let wasm = expose::exposed(&wasm).unwrap();
    (!waits(&wasm)).then_some(wasm)
}

/// Whether the module may wait for a thread that does not come.
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

/// What became of some modules.
#[derive(Debug, Default)]
struct Seen {
    modules: usize,
    calls: usize,
    returned: usize,
    trapped: usize,
    threw: usize,
    told: Told,
}

/// Runs every export of a module in both worlds.
fn run(parts: &Parts, wasm: &[u8], seen: &mut Seen) -> Result<(), String> {
    let guest = match Guest::from_bytes("random", wasm) {
        Ok(guest) => guest,
        Err(_) => return Ok(()),
    };
    let mut twins = Twins::new(Places::Function);
    let memory = if parts.records_last {
        guest.memories().len() - 1
    } else {
        0
    };
    let Birth::Alive(pair) = twins.instantiate(&guest, Some(memory as u32), offer)? else {
        return Ok(());
    };
    seen.modules += 1;
    let exports = twins.pairs[pair].plain.exports.clone();
    let fuel = exports.iter().globals().last().unwrap().0.clone();
    for (name, function) in exports.iter().functions() {
        let ty = function.ty(&twins.plain.store);
        for number in [0, 1, 40_000] {
            twins.set_global(pair, &fuel, Arg::I32(FUEL as i32));
            let args: Vec<Arg> = ty
                .params()
                .iter()
                .map(|ty| Arg::number(*ty, number))
                .collect();
            let outcome = twins.call(pair, name, &args)?.unwrap();
            seen.calls += 1;
            match &outcome {
                // What it did before differs with the depth.
                outcome if outcome.is_exhaustion() => return Ok(()),
                Outcome::Returned(_) => seen.returned += 1,
                Outcome::Trapped(..) => seen.trapped += 1,
                Outcome::Threw(_) => seen.threw += 1,
            }
        }
    }
    differential::add(&mut seen.told, twins.told());
    Ok(())
}

/// Satisfies any import: functions return zeros, globals are zero, memories and tables as small as
/// they may be.
fn offer(twins: &mut Twins, module: &str, name: &str, types: [&ExternType; 2]) -> Offered {
    let sides = [
        (&mut twins.plain, types[0]),
        (&mut twins.rewritten, types[1]),
    ];
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
fn modules_made_at_random_mean_the_same() {
    let mut seen = Seen::default();
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
    let seen_by_cases = std::cell::RefCell::new(&mut seen);
    let result = runner.run(
        &(parts(), vec(any::<u8>(), 1000..8000)),
        |(parts, bytes)| {
            let Some(wasm) = module(&parts, &bytes) else {
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
    eprintln!("{seen:?}");
    // Nothing is proved by modules that write nothing.
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
            seen.told.get(kind).is_some_and(|count| *count >= 10),
            "{kind}: {seen:?}"
        );
    }
}
