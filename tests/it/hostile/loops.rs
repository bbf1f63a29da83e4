//! Endless code is cancelled at the time limit.

use std::time::Duration;

use crate::support::command::{Run, steps_on};

const QUICK: [&str; 2] = ["--max-time", "300ms"];

fn cancelled(answer: Run) -> Run {
    let answer = answer.assert_stopped(&["(cancelled)", "longer than 300ms", "--max-time"]);
    assert!(
        answer.duration < Duration::from_secs(20),
        "took {:?}",
        answer.duration
    );
    answer
}

#[test]
fn endless_loops_are_cancelled() {
    let spin = r#"(module (memory (export "memory") 1) (func (export "spin") (loop (br 0))))"#;
    cancelled(steps_on(spin, "write 0, \"kept\"\ncall spin()", &QUICK))
        .assert_contains(&["wrote 4 bytes", "6b 65 70 74"]);
}

#[test]
fn endless_loops_during_instantiation_are_cancelled() {
    for body in [
        r#"(func $s (loop (br 0))) (start $s)"#,
        r#"(func (export "_initialize") (loop (br 0)))"#,
    ] {
        cancelled(steps_on(format!("(module {body})"), "let x = 1", &QUICK));
    }
}

#[test]
fn exponential_recursion_is_cancelled() {
    let calls_itself = r#"(module (func $a (param i32) (block (br_if 0 (i32.eqz (local.get 0)))
        (call $a (i32.sub (local.get 0) (i32.const 1))) (call $a (i32.sub (local.get 0) (i32.const 1)))))
        (func (export "go") (call $a (i32.const 1000))))"#;
    cancelled(steps_on(calls_itself, "call go()", &QUICK));
}

#[test]
fn endless_import_calls_are_cancelled() {
    let ping =
        r#"(module (import "env" "f" (func $f)) (func (export "go") (loop (call $f) (br 0))))"#;
    cancelled(steps_on(ping, "import env.f()\ncall go()", &QUICK))
        .assert_contains(&["called env.f()", "more of"]);
}

/// The first stores are recorded up to `--max-stores`. The report shows the final memory all the
/// same.
#[test]
fn endless_stores_are_cancelled() {
    let busy = r#"(module (memory (export "memory") 1) (func (export "go") (local i32) (loop
        (i32.store8 (i32.and (local.get 0) (i32.const 0xffff)) (i32.const 0x2a))
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"#;
    let more = [&QUICK[..], &["--max-stores", "1000"]].concat();
    cancelled(steps_on(busy, "call go()", &more)).assert_contains(&[
        "2a 2a 2a 2a",
        "1000 of ",
        "stores recorded one by one; the rest as a difference",
    ]);
}
