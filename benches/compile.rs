//! The time to instrument and compile one large function, compared with compiling it as given. The
//! functions are generated: each has a number of stores in one shape of control flow.
//!
//!     cargo bench --bench compile                     # all shapes, with 1,000 and 10,000 stores
//!     cargo bench --bench compile -- 100000 if loop   # these numbers and shapes
//!
//! The benchmark measures processor time, and only the ratios are meaningful. The aim is 2. It fails
//! above [`MAX_RATIO`], which a form of instrumentation exceeds whose time grows faster than the
//! function. Each compilation is in a process of its own, which is ended after [`MAX_SECONDS`]: some
//! functions take very long as given, too.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use linmem::guest::{Guest, InstrumentOptions};
use rustix::time::{ClockId, clock_gettime};
use wasmer::{Module, Store};

/// The largest ratio that passes.
const MAX_RATIO: f64 = 4.0;

/// The processor time after which a compilation is ended.
const MAX_SECONDS: u64 = 60;

/// How often each compilation runs; the shortest time counts.
const ROUNDS: usize = 3;

/// How many stores one `br_table` chooses from.
const CASES: usize = 100;

/// A way to arrange stores.
struct Shape {
    name: &'static str,
    /// Writes the code of the store of this number.
    write: fn(&mut String, usize),
}

const STORE: &str = "(i32.store offset=4 (local.get 0) (local.get 1))";

const SHAPES: [Shape; 10] = [
    Shape {
        name: "constants",
        write: |code, n| {
            let offset = n * 4 % 65536;
            *code += &format!("(i32.store offset={offset} (local.get 0) (i32.const {n}))");
        },
    },
    Shape {
        name: "computed",
        write: |code, n| {
            let address =
                format!("(i32.add (local.get 0) (i32.mul (local.get 1) (i32.const {n})))");
            let value = format!("(i32.add (i32.load (local.get 0)) (i32.const {n}))");
            *code += &format!("(i32.store {address} {value})");
        },
    },
    Shape {
        name: "calls",
        write: |code, n| {
            *code += &format!("(i32.store (local.get 0) (call $g (i32.const {n})))");
        },
    },
    Shape {
        name: "if",
        write: |code, n| {
            *code += &format!("(if (i32.eq (local.get 0) (i32.const {n})) (then {STORE}))");
        },
    },
    Shape {
        name: "else",
        write: |code, n| {
            *code += &format!("(if (i32.eq (local.get 0) (i32.const {n})) (then {STORE}) ");
            *code += "(else (i32.store8 offset=8 (local.get 0) (local.get 1))))";
        },
    },
    Shape {
        name: "block",
        write: |code, n| {
            *code += &format!("(block (br_if 0 (i32.eq (local.get 0) (i32.const {n}))) {STORE})");
        },
    },
    Shape {
        name: "loop",
        write: |code, n| {
            *code += &format!("(loop {STORE} (br_if 0 (i32.eq (local.get 0) (i32.const {n}))))");
        },
    },
    Shape {
        name: "count",
        write: |code, n| {
            let count = "(local.tee 0 (i32.sub (local.get 0) (i32.const 1)))";
            *code += &format!("(loop {STORE} (br_if 0 (i32.gt_s {count} (i32.const {n}))))");
        },
    },
    Shape {
        name: "br_table",
        write: |code, n| {
            write_table(code, n);
            let end = CASES - 1 - n % CASES;
            *code += &format!("{STORE} (br {end}))");
        },
    },
    Shape {
        // Each case goes on with the next.
        name: "through",
        write: |code, n| {
            write_table(code, n);
            *code += &format!("{STORE})");
        },
    },
];

/// Opens the blocks of a `br_table` before its first store.
fn write_table(code: &mut String, n: usize) {
    if !n.is_multiple_of(CASES) {
        return;
    }
    *code += &"(block ".repeat(CASES + 1);
    code.push_str("(br_table");
    for depth in 0..=CASES {
        write!(code, " {depth}").unwrap();
    }
    write!(code, " (i32.sub (local.get 0) (i32.const {n}))))").unwrap();
}

/// Returns a module with one function of that shape. `stores` is a multiple of [`CASES`].
fn module(shape: &str, stores: usize) -> Vec<u8> {
    let shape = SHAPES.iter().find(|known| known.name == shape);
    let shape = shape.expect("one of the shapes");
    let mut text = String::from(
        "(module (memory 2) (func $g (param i32) (result i32) (local.get 0))
        (func (export \"f\") (param i32 i32) ",
    );
    for n in 0..stores {
        (shape.write)(&mut text, n);
    }
    text.push_str("))");
    wat::parse_str(text).unwrap()
}

/// Returns the processor time of this process.
fn now() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Compiles a function, and prints the seconds that it took.
fn compile(shape: &str, stores: usize, is_instrumented: bool) {
    let guest = Guest::from_bytes("large", &module(shape, stores)).unwrap();
    let store = Store::default();
    let begin = now();
    if is_instrumented {
        let options = InstrumentOptions {
            max_memory: 1 << 30,
            memory: Some(0),
        };
        Module::new(&store, guest.instrument(&options).unwrap().wasm).unwrap();
    } else {
        Module::new(&store, guest.wasm()).unwrap();
    }
    println!("{}", (now() - begin).as_secs_f64());
}

/// Returns the seconds of the shortest of some compilations, each in a process of its own; `None` if
/// they took too long.
fn measure(shape: &str, stores: usize, form: &str) -> Option<f64> {
    let limited = format!("ulimit -t {MAX_SECONDS}; exec \"$0\" \"$@\"");
    let seconds = (0..ROUNDS).map(|_| {
        let output = Command::new("sh")
            .args(["-c", &limited])
            .arg(std::env::current_exe().unwrap())
            .args(["--compile", shape, &stores.to_string(), form])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .ok()
    });
    // If one takes too long, the others do.
    let seconds: Option<Vec<f64>> = seconds.collect();
    seconds?.into_iter().min_by(f64::total_cmp)
}

/// Measures a shape, and returns whether its ratio passes.
fn passes(shape: &str, stores: usize) -> bool {
    let plain = measure(shape, stores, "plain");
    let instrumented = measure(shape, stores, "instrumented");
    let shown = |number: Option<f64>| number.map_or("-".into(), |number| format!("{number:.3}"));
    let ratio = plain.zip(instrumented).map(|(plain, both)| both / plain);
    println!(
        "{shape:>10} {stores:>7} {:>8} {:>12} {:>8}",
        shown(plain),
        shown(instrumented),
        shown(ratio)
    );
    match (plain, ratio) {
        (None, _) => true,
        (Some(_), ratio) => ratio.is_some_and(|ratio| ratio <= MAX_RATIO),
    }
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    if let [command, shape, stores, form] = args.as_slice()
        && command == "--compile"
    {
        return compile(shape, stores.parse().unwrap(), form == "instrumented");
    }
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    for arg in &args {
        match arg.parse::<usize>() {
            Ok(size) => sizes.push(size.next_multiple_of(CASES)),
            Err(_) => names.push(arg.as_str()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000];
    }
    println!("     shape  stores  plain s instrumented    ratio");
    let mut has_passed = true;
    for shape in SHAPES.iter().map(|shape| shape.name) {
        if names.is_empty() || names.contains(&shape) {
            for stores in &sizes {
                has_passed &= passes(shape, *stores);
            }
        }
    }
    assert!(has_passed, "a ratio is above {MAX_RATIO}");
}
