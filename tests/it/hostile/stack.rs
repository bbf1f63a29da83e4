//! Recursion that exhausts the stack. The message names the functions that can have exhausted it: the
//! engine reports no frames for this trap.

use crate::support::command::{Run, steps_on};

fn overflows(functions: &str, steps: &str) -> Run {
    let guest = format!("(module (memory (export \"memory\") 1) {functions})");
    steps_on(guest, steps, &[]).assert_stopped(&["(trapped)", "call stack exhausted"])
}

#[test]
fn direct_recursion_exhausts_the_stack() {
    overflows(r#"(func $calls (export "go") (call $calls))"#, "call go()")
        .assert_contains(&["exhausted: calls calls itself"]);
    let with_frames =
        r#"(func $down (export "go") (result i32) (i32.add (call $down) (i32.const 1)))"#;
    overflows(with_frames, "call go()").assert_contains(&["exhausted: down calls itself"]);
    let stores = r#"(func $down (param i32) (i32.store (local.get 0) (i32.const 7))
        (call $down (i32.and (i32.add (local.get 0) (i32.const 4)) (i32.const 0xffc))) (i32.store (i32.const 0) (i32.const 9)))
        (func (export "go") (call $down (i32.const 8)))"#;
    overflows(stores, "call go()")
        .assert_contains(&["exhausted: down calls itself", "[07]00 00 00[07]00 00 00"]);
}

#[test]
fn mutual_recursion_exhausts_the_stack() {
    let circle = r#"(func $a (export "go") (call $b)) (func $b (call $c)) (func $c (call $a)) (func $other (call $other))"#;
    overflows(circle, "call go()").assert_contains(&["a, b and c call each other"]);
    let large: String = (0..100)
        .map(|n| format!("(func $f{n} (call $f{}))", (n + 1) % 100))
        .collect();
    let exported = r#"(func (export "go") (call $f0))"#;
    overflows(&format!("{large} {exported}"), "call go()")
        .assert_contains(&["f0, f1, f2, f3 and 96 more functions call each other"]);
}

#[test]
fn indirect_recursion_exhausts_the_stack() {
    let table =
        r#"(table funcref (elem $a)) (func $a (export "go") (call_indirect (i32.const 0)))"#;
    overflows(table, "call go()")
        .assert_contains(&["below a, by calls through a table, because no others can nest"]);
}

#[test]
fn recursion_in_a_start_function_exhausts_the_stack() {
    overflows("(func $s (call $s)) (start $s)", "let x = 1")
        .assert_contains(&["exhausted: s calls itself", "step 0"]);
}

#[test]
fn stack_exhaustion_can_be_expected() {
    let guest = r#"(module (func $s (export "go") (call $s)))"#;
    steps_on(
        guest,
        "expect trap \"stack exhausted\" call go()\nlet x = 1",
        &[],
    )
    .assert_ok(&["all ok"]);
}

#[test]
fn names_of_recursive_functions_are_escaped() {
    let guest = "(func $\"a\\1b[2J\\e2\\80\\ae\" (export \"go\") (call 0))";
    overflows(guest, "call go()").assert_contains(&["a\\u{1b}[2J\\u{202e} calls itself"]);
}
