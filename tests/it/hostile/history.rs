//! What is recorded stays within `--max-history`.

use std::time::Duration;

use crate::support::command::{Folder, Run, steps_on};

/// A guest that stores one byte in each 4 KiB of 16 MiB, and has other ways to make a long record.
const GUEST: &str = r#"(module (import "a" "f" (func $f (param i32)))
    (memory (export "memory") 256)
    (func (export "touch") (param $value i32) (local $at i32) (loop $l
        (i32.store8 (local.get $at) (local.get $value))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br_if $l (i32.lt_u (local.get $at) (i32.const 0x1000000)))))
    (func (export "fill") (param $value i32)
        (memory.fill (i32.const 0) (local.get $value) (i32.const 0x1000000)))
    (func (export "one") (i32.store8 (i32.const 4) (i32.const 9)))
    (func (export "imports") (loop $l (call $f (i32.const 0)) (br $l)))
    (func (export "grows") (param i32)
        (loop $l (drop (memory.grow (local.get 0))) (br $l))))"#;

const IMPORT: &str = "import a.f(x) writes x, repeat(\"x\", 60000)\n";

fn run(steps: &str, args: &[&str]) -> Run {
    steps_on(GUEST, &format!("{IMPORT}{steps}"), args)
}

/// Returns how much memory the trace reports for what is recorded, in bytes.
fn recorded(steps: &str, max: &str) -> u64 {
    let folder = Folder::new()
        .with("m.wat", GUEST)
        .with("s.steps", format!("module \"m.wat\"\n{IMPORT}{steps}"));
    let args = ["run", "s.steps", "--format", "json", "--max-history", max];
    let trace: serde_json::Value =
        serde_json::from_str(&folder.run(&args).stdout).expect("a trace");
    trace["history_bytes"].as_u64().expect("a number")
}

#[test]
fn steps_that_reach_the_limit_are_stopped_and_stay() {
    let touch: String = (1..30).map(|n| format!("call touch({n})\n")).collect();
    let fill: String = (1..30).map(|n| format!("call fill({n})\n")).collect();
    for steps in [&fill, &touch, "call imports()\n"] {
        let stopped = run(steps, &["--max-history", "48MiB", "--max-time", "0"]);
        stopped.assert_stopped(&[
            "(cancelled)",
            "takes more than 48 MiB",
            "--max-history sets it",
        ]);
        let bytes = recorded(steps, "48MiB");
        // The journal may hold one store in each of 4096 leaves when the host is called.
        let most = (48 << 20) + (18 << 20);
        assert!((20 << 20..=most).contains(&bytes), "{bytes}");
    }
}

#[test]
fn steps_below_the_limit_run() {
    let steps = "call touch(1)\ncall touch(2)\ncall one()";
    run(steps, &["--max-history", "64MiB"]).assert_ok(&["all ok"]);
    assert!(recorded(steps, "64MiB") > 30 << 20);
}

#[test]
fn the_limit_can_be_expected_and_further_steps_record_nothing() {
    let steps = "call fill(7)\nexpect finding limit\nexpect 1 == 1\ncall one()";
    run(steps, &["--max-history", "1MiB"])
        .assert_stopped(&["stopped at step 4", "takes more than 1 MiB"]);
}

#[test]
fn growth_that_changes_nothing_takes_nothing() {
    for pages in ["0", "70000"] {
        let steps = format!("call grows({pages})");
        run(&steps, &["--max-history", "8MiB", "--max-time", "700ms"])
            .assert_stopped(&["longer than 700ms"]);
    }
    let nothing = IMPORT.replace("writes x, repeat(\"x\", 60000)", "grows x");
    let args = ["--max-history", "1MiB", "--max-time", "300ms"];
    steps_on(GUEST, &format!("{nothing}call imports()"), &args)
        .assert_stopped(&["longer than 300ms"]);
}

#[test]
fn init_tries_its_draft_with_little_memory() {
    let guest = r#"(module (memory (export "memory") 16384)
        (func (export "fill") (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x40000000))))"#;
    let folder = Folder::new().with("m.wat", guest);
    let run = folder.run(&["init", "m.wat"]);
    assert!(run.duration < Duration::from_secs(60), "{:?}", run.duration);
    run.assert_ok(&["the history of this run takes more than 64"]);
}
