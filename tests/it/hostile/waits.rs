//! Waiting for another thread, of which there is none.

use std::time::Duration;

use crate::support::answer::{Answer, steps_on};

fn waiting(memory: &str, steps: &str) -> Answer {
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
        answer.took < Duration::from_secs(20),
        "took {:?}",
        answer.took
    );
    answer
}

#[test]
fn an_endless_wait_is_a_trap_that_says_so() {
    for call in [
        "call wait32(0, 0, -1)",
        "call wait64(8, 0, -9223372036854775808)",
    ] {
        waiting("1 1 shared", call)
            .stops(&["endless wait: no other thread runs the guest, so nothing can wake it in w"]);
    }
    waiting("1 1 shared", "call wait32(0, 0, -1)").says(&["07", "memory.atomic.wait32 offset=4"]);
}

#[test]
fn a_wait_with_a_timeout_has_timed_out_at_once() {
    let steps =
        "a = call wait32(0, 0, 9223372036854775807)\nb = call wait64(8, 0, 0)\nexpect a + b == 4
        n = call notify(4)\nexpect n == 0";
    waiting("1 1 shared", steps).well(&["all ok"]);
}

#[test]
fn a_wait_for_another_value_does_not_wait() {
    waiting("1 1 shared", "a = call wait32(0, 1, -1)\nexpect a == 1").well(&["all ok"]);
}

#[test]
fn addresses_are_checked_first() {
    waiting("1 1 shared", "call wait32(2, 0, -1)").stops(&["(trapped)", "aligned"]);
    waiting("1 1 shared", "call wait64(65536, 0, -1)").stops(&["(trapped)", "out of bounds"]);
}

#[test]
fn no_memory_but_a_shared_one_is_waited_on() {
    waiting("1 1", "call wait32(0, 0, -1)").stops(&["wait on a memory that is not shared in w32"]);
}

#[test]
fn a_lock_that_is_never_free_is_a_loop_like_any_other() {
    waiting("1 1 shared", "call lock()").stops(&["(cancelled)", "longer than 300ms"]);
}
