//! The cost of a whole step of a session: recording, settling and the self check. It must depend on
//! what is touched, not on the size of memory. Only ratios within one run are meaningful. Then the time
//! of a cancel, from the request to a step with its complete history.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::time::{Duration, Instant};

use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};
use linmem::testing::sessions;

const CALLS: usize = 400;

fn session(pages: u32) -> Session {
    let text = format!(
        r#"(module (memory (export "memory") {pages})
             (func (export "f") (param $at i32) (i32.store (local.get $at) (i32.const 0x01020304))))"#
    );
    let steps: String = (0..CALLS)
        .map(|call| format!("call f({})\n", 0x100 + call * 4))
        .collect();
    open(&text, &steps, CancelHandle::default())
}

fn open(text: &str, steps: &str, control: CancelHandle) -> Session {
    let config = SessionConfig {
        control,
        ..sessions::config(sessions::guest(text), steps)
    };
    sessions::open(config).0
}

/// Measures the time from a cancel of an endless loop to its step. `next` computes the next address.
fn cancel(name: &str, next: &str) {
    let text = format!(
        r#"(module (memory (export "memory") 256)
             (func (export "f") (local $i i32)
               (loop $on
                 (i32.store (i32.and (local.get $i) (i32.const 0xfffffc)) (local.get $i))
                 (local.set $i {next})
                 (br $on))))"#
    );
    let control = CancelHandle::default();
    let mut session = open(&text, "call f()\n", control.clone());
    session.advance();
    let (sender, requested) = std::sync::mpsc::channel();
    let before = control.stores();
    let canceller = std::thread::spawn(move || {
        // Waits for more stores than are recorded one by one.
        while control.stores() - before < 2 * Limits::default().max_stores {
            std::thread::sleep(Duration::from_millis(5));
        }
        control.cancel();
        let _ = sender.send(Instant::now());
    });
    let step = session.advance();
    let done = Instant::now();
    let took = requested
        .recv()
        .map_or(Duration::ZERO, |requested| done - requested);
    let _ = canceller.join();
    let kept = step.map_or(0, |step| step.events.len());
    println!(
        "an endless loop that stores {name}, cancelled: {:.1} ms, {kept} events",
        took.as_secs_f64() * 1e3
    );
}

/// Returns the time of step 0 and the median time of all calls.
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
    cancel(
        "one word after the other",
        "(i32.add (local.get $i) (i32.const 4))",
    );
    cancel("to one place", "(i32.const 64)");
    cancel(
        "anywhere in 16 MiB",
        "(i32.add (i32.mul (local.get $i) (i32.const 1664525)) (i32.const 1013904223))",
    );
}
