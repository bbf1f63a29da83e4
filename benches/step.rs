//! What a whole step costs through a session, with recording, settling and the check of the recorder: cost must follow
//! what was touched, not how large memory is. Ratios within one run.

use std::time::{Duration, Instant};

use linmem::guest::Guest;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{Control, Limits};
use linmem::session::{Opening, Session};

const CALLS: usize = 400;

fn session(pages: u32) -> Session {
    let text = format!(
        r#"(module (memory (export "memory") {pages})
             (func (export "f") (param $at i32) (i32.store (local.get $at) (i32.const 0x01020304))))"#
    );
    let steps: String = (0..CALLS).map(|call| format!("call f({})\n", 0x100 + call * 4)).collect();
    let opening = Opening {
        title: "step".into(),
        script: script::parse("step.steps", &steps).unwrap_or_else(|e| panic!("{e}")),
        guest: Guest::from_bytes("step.wat", text.as_bytes()).unwrap_or_else(|e| panic!("{e}")),
        files: Files::BuiltIn(&[]),
        sets: Vec::new(),
        limits: Limits::default(),
        control: Control::default(),
        stdin: Default::default(),
    };
    Session::open(opening).unwrap_or_else(|e| panic!("{e}")).0
}

/// Step 0's time, and the middle one of all calls.
fn times(pages: u32) -> (Duration, Duration) {
    let mut session = session(pages);
    let mut timed = || {
        let start = Instant::now();
        let step = session.advance();
        let took = start.elapsed();
        drop(step);
        took
    };
    let first = timed();
    let mut calls: Vec<Duration> = (0..CALLS).map(|_| timed()).collect();
    calls.sort();
    (first, calls[CALLS / 2])
}

fn main() {
    let (small_first, small) = times(1);
    for (name, pages) in [("16 MiB", 256), ("1 GiB", 16384)] {
        let (first, call) = times(pages);
        println!(
            "a call that stores once: {:.1} µs in 64 KiB, {:.1} µs in {name}: {:.2} times; step 0: {:.2} ms and {:.2} ms",
            small.as_secs_f64() * 1e6,
            call.as_secs_f64() * 1e6,
            call.as_secs_f64() / small.as_secs_f64(),
            small_first.as_secs_f64() * 1e3,
            first.as_secs_f64() * 1e3,
        );
    }
}
