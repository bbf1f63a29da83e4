//! Instantiation is step 0.

use serde_json::json;

use super::harness::{assert_contains, folder_with, run_in, run_on};

#[test]
fn step_0_copies_active_data_segments() {
    let wat = r#"(module (memory 1) (data (i32.const 8) "abcd") (data "passive") (data (i32.const 10) "XY"))"#;
    let trace = run_on(wat, "").ok_trace();
    let step = trace.step(0);
    assert_eq!(
        (&step["index"], &step["kind"], &step["line"]),
        (&json!(0), &json!("instantiate"), &json!(null))
    );
    let changes: Vec<_> = step["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (
                c["start"].as_u64().unwrap(),
                c["after"].as_str().unwrap(),
                c["writer"]["segment"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(changes, [(8, "6162", 0), (10, "5859", 2)]);
    assert_eq!(step["changes"][0]["writer"]["by"], "data");
}

#[test]
fn data_segments_before_one_that_traps_stay() {
    let wat = r#"(module (memory 1) (data (i32.const 8) "ab") (data (i32.const 65535) "cd"))"#;
    let trace = run_on(wat, "let never = 1").trapped_trace();
    assert_eq!(trace.steps().len(), 1);
    assert_eq!(trace.step(0)["changes"][0]["after"], "6162");
    assert_contains(trace.error(), "memory ends at 0x10000");
    assert_eq!(trace.findings(0), ["out-of-bounds"]);
    for step in ["let n = pages()", "x = read 8 as u8", "call f()"] {
        let trace = run_on(wat, &format!("expect finding out-of-bounds\n{step}")).failed_trace();
        assert_contains(trace.error(), "the guest was not instantiated");
    }
}

#[test]
fn step_0_runs_the_start_function() {
    let wat = r#"(module (memory 1) (global $n (export "n") (mut i32) (i32.const 0)) (func $start
      (i32.store8 (i32.const 4) (i32.const 65)) (global.set $n (i32.add (global.get $n) (i32.const 1)))) (start $start))"#;
    let trace = run_on(wat, "n = global n").ok_trace();
    assert_eq!(trace.value("n"), 1);
    let change = &trace.step(0)["changes"][0];
    assert_eq!(
        (&change["start"], &change["after"]),
        (&json!(4), &json!("41"))
    );
    assert_eq!(change["writer"]["by"], "guest");
}

#[test]
fn memory_stays_after_a_trap_in_the_start_function() {
    let wat = r#"(module (memory 1) (data (i32.const 0) "d") (func $start
      (i32.store8 (i32.const 4) (i32.const 65)) (unreachable)) (start $start) (func (export "f")))"#;
    let trace = run_on(wat, "call f()").trapped_trace();
    assert_eq!(trace.steps().len(), 1);
    assert_contains(trace.error(), "unreachable");
    assert_eq!(trace.findings(0), ["trap"]);
    assert_eq!(trace.step(0)["changes"].as_array().unwrap().len(), 2);
}

#[test]
fn endless_start_functions_are_cancelled() {
    let wat = r#"(module (memory 1) (func $start (i32.store8 (i32.const 4) (i32.const 65)) (loop (br 0))) (start $start))"#;
    let trace = run_in(
        &folder_with(wat),
        "module \"guest.wat\"",
        &["--max-time", "200ms"],
    )
    .trace(1, "cancelled");
    assert_eq!(trace.findings(0), ["limit"]);
    assert_eq!(trace.step(0)["changes"][0]["after"], "41");
}

const INITIALIZE: &str = r#"(module (global $n (export "n") (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 1)))) (func (export "f")))"#;

#[test]
fn step_0_calls_an_exported_initialize() {
    assert_eq!(run_on(INITIALIZE, "n = global n").ok_trace().value("n"), 1);
    let trap = r#"(module (func (export "_initialize") (unreachable)))"#;
    let trace = run_on(trap, "let x = 1").trapped_trace();
    assert_eq!(trace.steps().len(), 1);
}

#[test]
fn initialize_is_not_called_twice_or_with_parameters() {
    let trace = run_on(
        INITIALIZE,
        "before = global n\ncall _initialize()\nn = global n",
    )
    .ok_trace();
    assert_eq!(
        (trace.value("before"), trace.value("n")),
        (&json!(0), &json!(1))
    );
    let trace = run_on(INITIALIZE, "n = global n\nexpect trap call _initialize()").failed_trace();
    assert_eq!(trace.value("n"), 0);
    let wat = r#"(module (global $n (export "n") (mut i32) (i32.const 0))
      (func (export "_initialize") (param i32) (global.set $n (local.get 0))))"#;
    assert_eq!(run_on(wat, "n = global n").ok_trace().value("n"), 0);
    let wat = r#"(module (global (export "_initialize") i32 (i32.const 3)))"#;
    run_on(wat, "").ok_trace();
}

#[test]
fn import_calls_during_the_start_are_recorded() {
    let wat = r#"(module (import "env" "log" (func $log (param i32))) (memory 1)
      (func $start (call $log (i32.const 3))) (start $start))"#;
    let trace = run_on(
        wat,
        "import env.log(n) writes 8, u8(n)\nlet n = calls(env.log)",
    )
    .ok_trace();
    assert_eq!(trace.step(0)["imports_called"][0]["args"], json!([3]));
    assert_eq!(trace.step(0)["changes"][0]["writer"]["import"], "env.log");
    assert_eq!(trace.value("n"), 1);
    let trace = run_on(wat, "let n = 1").trapped_trace();
    assert_eq!(trace.findings(0), ["import-undefined"]);
}
