//! What has no end is stopped in time.

use std::time::Duration;

use crate::support::answer::{Answer, steps_on};

const QUICK: [&str; 2] = ["--max-time", "300ms"];

fn cancelled(answer: Answer) -> Answer {
    let answer = answer.stops(&["(cancelled)", "longer than 300ms", "--max-time"]);
    assert!(
        answer.took < Duration::from_secs(20),
        "took {:?}",
        answer.took
    );
    answer
}

#[test]
fn a_loop_without_stores() {
    let spin = r#"(module (memory (export "memory") 1) (func (export "spin") (loop (br 0))))"#;
    cancelled(steps_on(spin, "write 0, \"kept\"\ncall spin()", &QUICK))
        .says(&["wrote 4 bytes", "6b 65 70 74"]);
}

#[test]
fn a_loop_while_the_module_comes_to_life() {
    for body in [
        r#"(func $s (loop (br 0))) (start $s)"#,
        r#"(func (export "_initialize") (loop (br 0)))"#,
    ] {
        cancelled(steps_on(format!("(module {body})"), "let x = 1", &QUICK));
    }
}

#[test]
fn calls_that_multiply() {
    let calls_itself = r#"(module (func $a (param i32) (block (br_if 0 (i32.eqz (local.get 0)))
        (call $a (i32.sub (local.get 0) (i32.const 1))) (call $a (i32.sub (local.get 0) (i32.const 1)))))
        (func (export "go") (call $a (i32.const 1000))))"#;
    cancelled(steps_on(calls_itself, "call go()", &QUICK));
}

#[test]
fn a_loop_that_calls_the_host() {
    let ping =
        r#"(module (import "env" "f" (func $f)) (func (export "go") (loop (call $f) (br 0))))"#;
    cancelled(steps_on(ping, "import env.f()\ncall go()", &QUICK))
        .says(&["called env.f()", "more of"]);
}

/// Of its stores as many are kept as may be, and what memory holds in the end is told all the same.
#[test]
fn a_loop_that_stores() {
    let busy = r#"(module (memory (export "memory") 1) (func (export "go") (local i32) (loop
        (i32.store8 (i32.and (local.get 0) (i32.const 0xffff)) (i32.const 0x2a))
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"#;
    let more = [&QUICK[..], &["--max-stores", "1000"]].concat();
    cancelled(steps_on(busy, "call go()", &more)).says(&[
        "2a 2a 2a 2a",
        "1000 of ",
        "stores recorded one by one; the rest as a difference",
    ]);
}
