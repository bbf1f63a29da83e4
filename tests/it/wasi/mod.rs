//! The built-in WASI functions of both versions: each one by itself, in programs, and called by
//! malicious guests.

mod files;
mod functions;
mod hostile;
mod programs;

use std::sync::Arc;

use linmem::guest::Guest;
use linmem::session::{SessionConfig, WasiVersion, wasi_functions};
use linmem::testing::sessions;
use linmem::timeline::{FindingKind, Status, StepRecord, Timeline};

use crate::support::reports::text;

const PREVIEW1: &str = "wasi_snapshot_preview1";
const UNSTABLE: &str = "wasi_unstable";

/// Returns the functions of a version with their parameters, a letter each: `i` for i32, `I` for i64.
/// All but `proc_exit` return an i32.
fn functions(module: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    wasi_functions(WasiVersion::of_module(module).unwrap())
}

/// Returns a guest that imports every function and exports each under its own name, with the module
/// fields `more`.
fn every_function(module: &str, more: &str) -> String {
    let mut wat = String::from("(module\n");
    for (name, params) in functions(module) {
        wat.push_str(&format!(
            "(import \"{module}\" \"{name}\" (func ${name} {}))\n",
            ty(name, params)
        ));
    }
    wat.push_str("(memory (export \"memory\") 1)\n");
    for (name, params) in functions(module) {
        let args: String = (0..params.len())
            .map(|i| format!("(local.get {i})"))
            .collect();
        wat.push_str(&format!(
            "(func (export \"{name}\") {} (call ${name} {args}))\n",
            ty(name, params)
        ));
    }
    wat + more + ")"
}

/// Returns the type of a function in the text format.
fn ty(name: &str, params: &str) -> String {
    let params: String = params
        .chars()
        .map(|c| if c == 'I' { " i64" } else { " i32" })
        .collect();
    let result = if name == "proc_exit" {
        ""
    } else {
        "(result i32)"
    };
    format!("(param{params}) {result}")
}

/// Returns a guest that can print, with the module fields `more`.
fn printer(more: &str) -> String {
    format!(
        r#"(module
          (import "{PREVIEW1}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "{PREVIEW1}" "proc_exit" (func $proc_exit (param i32)))
          (import "{PREVIEW1}" "sched_yield" (func $sched_yield (result i32)))
          (memory (export "memory") 1)
          (func $print (param $at i32) (param $len i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $len))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
          {more})"#
    )
}

fn config(wat: &str, steps: &str, stdin: &[u8]) -> SessionConfig {
    SessionConfig {
        stdin: Arc::from(stdin),
        ..sessions::config(
            Guest::from_bytes("some/folder/test.wat", wat.as_bytes()).unwrap(),
            steps,
        )
    }
}

fn run(wat: &str, steps: &str) -> Timeline {
    sessions::run(config(wat, steps, b""))
}

/// Asserts that every step ended well and every byte has a writer.
#[track_caller]
fn all_ok(timeline: Timeline) -> Timeline {
    assert_eq!(timeline.status(), Status::Ok, "{}", text(&timeline));
    for step in timeline.steps() {
        assert!(
            step.findings
                .iter()
                .all(|f| f.kind != FindingKind::Unattributed),
            "{}",
            text(&timeline)
        );
    }
    timeline
}

/// Runs `steps` on the guest `wat` and asserts that every step ended well.
#[track_caller]
fn ok(wat: &str, steps: &str) -> Timeline {
    all_ok(run(wat, steps))
}

fn last(timeline: &Timeline) -> &StepRecord {
    timeline.steps().last().unwrap()
}

/// Returns the steps for lines of the form `CALL -> ERRNO`. A line without an arrow is a step itself.
fn expected_errnos(rows: &str) -> String {
    let step = |(index, row): (usize, &str)| match row.split_once(" -> ") {
        Some((call, errno)) => format!("e{index} = call {call}\nexpect e{index} == {errno}\n"),
        None => format!("{row}\n"),
    };
    rows.lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .enumerate()
        .map(step)
        .collect()
}
