//! Random modules in a session and, as given, in Node.js. Three memories at the end are the same: that
//! of Node, that of the running guest, and the one that results from the recorded events. So are
//! results, traps, globals and the number of stores, which the guest counts by itself.
//!
//! `LINMEM_NODE_GUESTS` sets the number of guests, and `LINMEM_NODE_SEED` the first seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use linmem::guest::Guest;
use linmem::testing::sessions;
use linmem::timeline::{Event, Outcome, StepRecord, Timeline, Writer};
use linmem::value::{Float, Value};
use serde::Deserialize;
use serde_json::json;
use wasm_encoder::ValType;

use super::counted_stores::{COUNT, CountedStores, NumberFunction, count_stores};
use super::random_modules::{Parts, module};
use super::stores::Random;
use crate::support::command::{Folder, in_repository};

/// The number of guests without the environment variable.
const GUESTS: u64 = 100;

/// The number of loop heads and function entries that all calls of one guest may pass.
const FUEL: u32 = 2000;

/// The host function that a guest may import: it writes the second argument to an address in the first
/// page.
pub const PUT: (&str, &str) = ("host", "put");
const HOST: &str = r#"(module (import "host" "put" (func (param i32 i32) (result i32))))"#;
const PUT_LINE: &str =
    "import host.put(at, value) writes at & 65520, u32(as_u32(value)) ; returns at\n";

/// The messages of traps in Node, and the names of the same traps in linmem.
const TRAPS: [(&str, &str); 15] = [
    ("unreachable", "unreachable"),
    ("memory access out of bounds", "out of bounds memory access"),
    // An atomic access that is both. The engines check in another order.
    ("memory access out of bounds", "unaligned atomic access"),
    ("divide by zero", "integer divide by zero"),
    ("remainder by zero", "integer divide by zero"),
    ("divide result unrepresentable", "integer overflow"),
    (
        "float unrepresentable in integer range",
        "invalid conversion to integer",
    ),
    ("float unrepresentable in integer range", "integer overflow"),
    ("table index is out of bounds", "out of bounds table access"),
    ("table access out of bounds", "out of bounds table access"),
    (
        "null function or function signature mismatch",
        "indirect call type mismatch",
    ),
    (
        "null function or function signature mismatch",
        "uninitialized element",
    ),
    (
        "operation does not support unaligned accesses",
        "unaligned atomic access",
    ),
    ("data segment out of bounds", "out of bounds memory access"),
    (
        "element segment out of bounds",
        "out of bounds table access",
    ),
];

/// A call of an exported function.
struct Call<'a> {
    function: &'a NumberFunction,
    number: u32,
}

/// What a guest did in Node.
#[derive(Deserialize)]
#[serde(untagged)]
enum InNode {
    Ran {
        calls: Vec<Called>,
        globals: Vec<String>,
    },
    /// It could not be instantiated.
    Refused { refused: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Called {
    Results(Vec<String>),
    Trap(String),
}

/// Returns whether there is a Node; prints that the test is left out if not.
fn has_node() -> bool {
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !has_node {
        eprintln!("left out: no node on the PATH");
    }
    has_node
}

fn number_from(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.parse().unwrap(),
        Err(_) => default,
    }
}

/// Returns the guest of a seed.
fn guest(seed: u64, host: &[u8]) -> Option<CountedStores> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    // The first numbers of neighbouring seeds are similar.
    for _ in 0..16 {
        random.below(2);
    }
    let mut chance = |of| random.below(of) == 0;
    let parts = Parts {
        memories: 1,
        threads: chance(2),
        simd: chance(2),
        never_traps: !chance(4),
        host: Some(host.to_vec()),
        ..Parts::default()
    };
    let parts = Parts {
        bound_by: Some(random.0),
        ..parts
    };
    let bytes: Vec<u8> = (0..1000 + random.below(7000))
        .map(|_| random.below(256) as u8)
        .collect();
    Some(count_stores(&module(&parts, &bytes, FUEL)?).unwrap())
}

fn calls(guest: &CountedStores) -> impl Iterator<Item = Call<'_>> {
    let functions = guest.functions.iter();
    functions.flat_map(|function| [0, 1, 40_000].map(|number| Call { function, number }))
}

fn name_of(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        _ => "f64",
    }
}

/// Runs all guests in Node.
fn run_in_node(folder: &Path, guests: &BTreeMap<u64, CountedStores>) -> Vec<InNode> {
    let plan: Vec<_> = guests
        .iter()
        .map(|(seed, guest)| {
            std::fs::write(folder.join(format!("{seed}.wasm")), &guest.wasm).unwrap();
            let calls: Vec<_> = calls(guest)
                .map(|Call { function, number }| {
                    let args: Vec<_> = function
                        .params
                        .iter()
                        .map(|ty| json!([name_of(*ty), number]))
                        .collect();
                    let results: Vec<_> = function.results.iter().map(|ty| name_of(*ty)).collect();
                    json!({ "name": function.name, "args": args, "results": results })
                })
                .collect();
            let globals: Vec<_> = guest
                .globals
                .iter()
                .map(|(name, ty)| json!([name, name_of(*ty)]))
                .collect();
            let globals = [globals, vec![json!([COUNT, "i64"])]].concat();
            json!({
                "wasm": format!("{seed}.wasm"), "memory": format!("{seed}.memory"),
                "calls": calls, "globals": globals,
            })
        })
        .collect();
    std::fs::write(folder.join("plan.json"), json!(plan).to_string()).unwrap();
    let mut node = Command::new("node");
    node.arg(in_repository("tests/it/spec/node.mjs"))
        .arg(folder);
    let output = node.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the steps file that does the same as Node did.
fn steps(guest: &CountedStores, outcomes: &[Called]) -> String {
    let mut steps = String::new();
    if has_imports(&guest.wasm) {
        steps.push_str(PUT_LINE);
    }
    for (Call { function, number }, outcome) in calls(guest).zip(outcomes) {
        let args: Vec<String> = function
            .params
            .iter()
            .map(|ty| match ty {
                ValType::F32 | ValType::F64 => format!("{number}.0"),
                _ => number.to_string(),
            })
            .collect();
        let expected = match outcome {
            Called::Results(_) => "",
            Called::Trap(_) => "expect trap ",
        };
        steps.push_str(&format!(
            "{expected}call {}({})\n",
            function.name,
            args.join(", ")
        ));
    }
    for (name, _) in &guest.globals {
        steps.push_str(&format!("{name} = global {name}\n"));
    }
    steps.push_str(&format!(
        "{COUNT} = global {COUNT}\nlive = read 0, pages() * 65536 as bytes\n"
    ));
    steps
}

fn has_imports(wasm: &[u8]) -> bool {
    !Guest::from_bytes("random.wasm", wasm)
        .unwrap()
        .imports()
        .is_empty()
}

/// Returns a value as `node.mjs` writes it.
fn written(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(Float::F32(bits)) if f32::from_bits(*bits).is_nan() => "nan".into(),
        Value::Float(Float::F64(bits)) if f64::from_bits(*bits).is_nan() => "nan".into(),
        Value::Float(Float::F32(bits)) => bits.to_string(),
        Value::Float(Float::F64(bits)) => bits.to_string(),
        other => panic!("{other:?}"),
    }
}

fn written_all(values: &[Value]) -> Vec<String> {
    values.iter().map(written).collect()
}

/// Applies the events of a step to memory, and checks the bytes before each.
fn apply(step: &StepRecord, memory: &mut Vec<u8>) {
    for event in step.events.iter() {
        match event {
            Event::Write(write) => {
                let span = write.start as usize..write.end() as usize;
                assert_eq!(memory[span.clone()], write.before[..], "{write:?}");
                memory[span].copy_from_slice(&write.after);
            }
            Event::Growth(growth) => memory.resize(growth.after as usize * 65536, 0),
        }
    }
}

/// Counts the stores of a step that the guest counts too.
fn counted(step: &StepRecord, guest: &CountedStores) -> usize {
    let stores = step.events.writes();
    let is_counted = |writer: &Writer| matches!(writer, Writer::Guest { offset: Some(offset), .. } if guest.stores.contains(offset));
    stores.filter(|write| is_counted(&write.writer)).count()
}

/// What all guests did.
#[derive(Debug, Default)]
struct Totals {
    guests: usize,
    refused: usize,
    calls: usize,
    traps: BTreeMap<String, usize>,
    imports: u64,
    growths: usize,
    stores: usize,
    events: usize,
}

/// Compares a session with what Node did.
fn compare(guest: &CountedStores, in_node: &InNode, memory: &Path, totals: &mut Totals) {
    totals.guests += 1;
    let none = Vec::new();
    let outcomes = match in_node {
        InNode::Ran { calls, .. } => calls,
        InNode::Refused { .. } => &none,
    };
    let script = steps(guest, outcomes);
    let loaded = Guest::from_bytes("random.wasm", &guest.wasm).unwrap();
    let timeline = sessions::run(sessions::config(loaded, &script));
    let (calls, globals) = match in_node {
        InNode::Ran { calls, globals } => (calls, globals),
        InNode::Refused { refused } => {
            totals.refused += 1;
            let first = &timeline.steps()[0];
            assert_eq!(first.outcome, Outcome::Trapped, "Node: {refused}");
            let error = first.error.as_deref().unwrap_or_default();
            let kind = |text: &str| ["data", "elem"].map(|kind| text.contains(kind));
            return assert_eq!(kind(error), kind(refused), "{error}; Node: {refused}");
        }
    };
    compare_outcomes(&timeline, calls, totals);
    let bindings: Vec<Value> = timeline
        .steps()
        .iter()
        .skip(1 + calls.len())
        .flat_map(|step| step.bindings.iter().map(|binding| binding.value.clone()))
        .collect();
    let (live, numbers) = bindings.split_last().expect("the last step reads memory");
    assert_eq!(&written_all(numbers), globals);
    compare_memory(&timeline, live, &std::fs::read(memory).unwrap());
    let stores: usize = timeline
        .steps()
        .iter()
        .map(|step| counted(step, guest))
        .sum();
    assert_eq!(
        Some(&stores.to_string()),
        globals.last(),
        "the number of stores"
    );
    totals.stores += stores;
    for step in timeline.steps() {
        totals.events += step.events.len();
        totals.imports += step.imports_called_total;
        totals.growths += usize::from(step.pages_before < step.pages_after);
    }
}

fn compare_outcomes(timeline: &Timeline, calls: &[Called], totals: &mut Totals) {
    for (step, called) in timeline.steps().iter().skip(1).zip(calls) {
        totals.calls += 1;
        assert_eq!(step.outcome, Outcome::Ok, "{}: {:?}", step.text, step.error);
        match called {
            Called::Results(results) => {
                assert_eq!(
                    &written_all(&step.call.as_ref().unwrap().results),
                    results,
                    "{}",
                    step.text
                );
            }
            Called::Trap(message) => {
                assert_same_trap(step, message);
                *totals.traps.entry(message.clone()).or_default() += 1;
            }
        }
    }
}

fn assert_same_trap(step: &StepRecord, in_node: &str) {
    let kind = &step.trap.as_ref().unwrap().kind;
    let is_same = |(node, linmem): &(&str, &str)| in_node.contains(node) && kind.contains(linmem);
    assert!(
        TRAPS.iter().any(is_same),
        "{}: {kind}, Node: {in_node}",
        step.text
    );
}

/// Compares the memories at the end of a session: the record, the events, the running guest and Node.
fn compare_memory(timeline: &Timeline, live: &Value, in_node: &[u8]) {
    let before = timeline.memory_before(0);
    let mut replayed = before.read(0, before.len());
    for step in timeline.steps() {
        assert!(
            step.findings
                .iter()
                .all(|finding| finding.kind.as_str() != "unattributed")
        );
        apply(step, &mut replayed);
    }
    let last = timeline.steps().len() - 1;
    let recorded = timeline.memory_after(last);
    assert!(recorded.read(0, recorded.len()) == in_node, "the record");
    assert!(replayed == in_node, "the events");
    assert!(*live == Value::Bytes(in_node.to_vec()), "the running guest");
}

#[test]
fn random_modules_do_the_same_in_a_session_and_in_node() {
    if !has_node() {
        return;
    }
    let first = number_from("LINMEM_NODE_SEED", 1);
    let host = wat::parse_str(HOST).unwrap();
    let guests: BTreeMap<u64, CountedStores> = (first..)
        .filter_map(|seed| Some((seed, guest(seed, &host)?)))
        .take(number_from("LINMEM_NODE_GUESTS", GUESTS) as usize)
        .collect();
    let folder = Folder::new();
    let in_node = run_in_node(folder.path(), &guests);
    let mut totals = Totals::default();
    for ((seed, guest), in_node) in guests.iter().zip(&in_node) {
        let compared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            compare(
                guest,
                in_node,
                &folder.join(&format!("{seed}.memory")),
                &mut totals,
            );
        }));
        if let Err(panic) = compared {
            let text = wasmprinter::print_bytes(&guest.wasm).unwrap();
            eprintln!("the guest of seed {seed}:\n{text}");
            std::panic::resume_unwind(panic);
        }
    }
    eprintln!("{totals:?}");
}
