//! Atomic waits. No other thread runs the guest, so nothing can notify it.

use std::time::Duration;

use crate::support::command::{Run, steps_on};

fn waiting(memory: &str, steps: &str) -> Run {
    let guest = format!(
        r#"(module (memory (export "memory") {memory})
             (func $w32 (export "wait32") (param i32 i32 i64) (result i32)
               (i32.store (i32.const 64) (i32.const 7))
               (memory.atomic.wait32 offset=4 (local.get 0) (local.get 1) (local.get 2)))
             (func $w64 (export "wait64") (param i32 i64 i64) (result i32)
               (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
             (func (export "notify") (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 9)))
             (func (export "lock") (loop (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 5))) (br 0))))"#
    );
    let answer = steps_on(guest, steps, &["--max-time", "300ms"]);
    assert!(
        answer.duration < Duration::from_secs(20),
        "took {:?}",
        answer.duration
    );
    answer
}

#[test]
fn endless_waits_trap() {
    for call in [
        "call wait32(0, 0, -1)",
        "call wait64(8, 0, -9223372036854775808)",
    ] {
        waiting("1 1 shared", call).assert_stopped(&[
            "endless wait: no other thread runs the guest, so nothing can notify it in w",
        ]);
    }
    waiting("1 1 shared", "call wait32(0, 0, -1)")
        .assert_contains(&["07", "memory.atomic.wait32 offset=4"]);
}

#[test]
fn waits_with_a_timeout_return_at_once() {
    let steps =
        "a = call wait32(0, 0, 9223372036854775807)\nb = call wait64(8, 0, 0)\nexpect a + b == 4
        n = call notify(4)\nexpect n == 0";
    waiting("1 1 shared", steps).assert_ok(&["all ok"]);
}

#[test]
fn waits_for_another_value_return_at_once() {
    waiting("1 1 shared", "a = call wait32(0, 1, -1)\nexpect a == 1").assert_ok(&["all ok"]);
}

#[test]
fn addresses_of_waits_are_checked_first() {
    waiting("1 1 shared", "call wait32(2, 0, -1)").assert_stopped(&["(trapped)", "aligned"]);
    waiting("1 1 shared", "call wait64(65536, 0, -1)")
        .assert_stopped(&["(trapped)", "out of bounds"]);
}

#[test]
fn waits_on_an_unshared_memory_trap() {
    waiting("1 1", "call wait32(0, 0, -1)")
        .assert_stopped(&["wait on a memory that is not shared in w32"]);
}

#[test]
fn waiting_for_a_lock_forever_is_cancelled() {
    waiting("1 1 shared", "call lock()").assert_stopped(&["(cancelled)", "longer than 300ms"]);
}
