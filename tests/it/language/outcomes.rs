//! The outcomes of steps, and the exit status.

use serde_json::json;

use super::harness::{Folder, GUEST, assert_contains, folder_with, run, run_in};

#[test]
fn default_session_runs() {
    let folder = Folder::new();
    let run = folder.run(&["run", "--format", "json"]);
    let trace = run.ok_trace();
    assert_eq!(trace.value("out"), "Did you know Wasm is cool!");
    assert_eq!(trace.value("n"), 26);
    let texts: Vec<_> = trace
        .steps()
        .iter()
        .map(|step| step["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts[1..],
        [
            "ptr = call get_wasm_memory_buffer_pointer()",
            "region buffer = ptr, 1024",
            "write ptr, text",
            "n = call add_wasm_is_cool(len(text))",
            "ptr = call get_wasm_memory_buffer_pointer()",
            "out = read ptr, n as utf8",
            "expect out == text ++ \" Wasm is cool!\"",
        ]
        .map(|text| if text.starts_with("n = ") {
            text.replacen("n = ", "n   = ", 1)
        } else {
            text.to_owned()
        })
    );
    let trace = folder
        .run(&["run", "--format", "json", "--set", "text=Hi"])
        .ok_trace();
    assert_eq!(trace.value("out"), "Hi Wasm is cool!");
}

#[test]
fn ok_exits_with_0() {
    let trace = run("let x = 1").ok_trace();
    assert_eq!(trace.last()["outcome"], "ok");
    assert_eq!(trace.last()["error"], json!(null));
}

#[test]
fn failed_covers_expectations_host_accesses_and_expressions() {
    for step in [
        "expect 1 == 2",
        "write 65536, \"a\"",
        "x = read 4, 1 as utf8",
        "let x = 1 / 0",
    ] {
        let trace = run(&format!("write 4, hex\"ff\"\n{step}\nlet never = 1")).failed_trace();
        assert_eq!(trace.steps().len(), 3, "{step}");
        assert_eq!(trace.last()["outcome"], "failed", "{step}");
    }
}

#[test]
fn trapped_names_the_trap_and_its_place() {
    let trace = run("call divide(1, 0)\nlet never = 1").trapped_trace();
    assert_eq!(trace.steps().len(), 2);
    assert_contains(trace.error(), "zero");
    assert_contains(trace.error(), "divide");
    assert_eq!(
        trace.last()["call"],
        json!({"export": "divide", "args": [1, 0], "results": []})
    );
    let trace = run("call poke(-1, 1)").trapped_trace();
    assert_contains(trace.error(), "out of bounds");
    let deep = "(module (func $f (export \"f\") (call $f)))";
    let trace = super::harness::run_on(deep, "call f()").trapped_trace();
    assert_contains(trace.error(), "stack");
}

#[test]
fn effects_before_a_trap_stay() {
    let wat = r#"(module (memory 1) (func (export "f") (i32.store (i32.const 8) (i32.const -1)) (unreachable)))"#;
    let trace =
        super::harness::run_on(wat, "call f()\nexpect finding trap\nx = read 8 as i32").ok_trace();
    assert_eq!(trace.step(1)["changes"][0]["after"], "ffffffff");
    assert_eq!(trace.value("x"), -1);
}

#[test]
fn cancelled_covers_calls_stopped_by_a_limit() {
    let folder = folder_with(GUEST);
    let script = "module \"guest.wat\"\ncall spin()\nlet never = 1";
    let trace = run_in(&folder, script, &["--max-time", "200ms"]).trace(1, "cancelled");
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.last()["outcome"], "cancelled");
    assert_contains(trace.error(), "--max-time");
    assert_eq!(trace.findings(1), ["limit"]);
    let expected = "module \"guest.wat\"\nexpect trap call spin()";
    run_in(&folder, expected, &["--max-time", "200ms"]).trace(1, "cancelled");
}

#[test]
fn guest_growth_above_the_limit_fails() {
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let folder = folder_with(wat);
    let script = "module \"guest.wat\"\na = call grow(3)\nb = call grow(1)";
    let trace = run_in(&folder, script, &["--max-memory", "256KiB"]).ok_trace();
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(1), &json!(-1))
    );
    let trace = run_in(
        &folder,
        "module \"guest.wat\"\na = grow 4",
        &["--max-memory", "256KiB"],
    )
    .failed_trace();
    assert_contains(trace.error(), "cannot grow");
}

#[test]
fn warnings_and_notes_alone_do_not_fail_a_run() {
    run("call grow(1)").ok_trace();
    let folder = folder_with(GUEST);
    run_in(
        &folder,
        "module \"guest.wat\"\ncall grow(1)",
        &["--deny", "warnings"],
    )
    .ok_trace();
}

#[test]
fn test_exit_status_is_0_1_or_2() {
    let folder = folder_with(GUEST);
    folder.write("good.steps", "module \"guest.wat\"\nexpect true");
    folder.write("bad.steps", "module \"guest.wat\"\nexpect false");
    folder.write("broken.steps", "let");
    let status = |files: &[&str]| folder.run(&[&["test"], files].concat()).status;
    assert_eq!(status(&["good.steps"]), 0);
    assert_eq!(status(&["good.steps", "bad.steps"]), 1);
    assert_eq!(status(&["good.steps", "broken.steps", "bad.steps"]), 2);
    let run = folder.run(&["test", "good.steps", "bad.steps"]);
    assert_contains(&run.stdout, "ok    good.steps");
    assert_contains(&run.stdout, "FAIL  bad.steps");
    assert_contains(&run.stdout, "2 sessions: 1 ok, 1 failed");
}

#[test]
fn unusable_command_lines_exit_with_2() {
    let folder = folder_with(GUEST);
    for args in [
        &["run", "--nonsense"][..],
        &["run", "guest.wat", "--max-time", "x"],
        &["run", "guest.wat", "--at", "9"],
    ] {
        assert_eq!(folder.run(args).status, 2, "{args:?}");
    }
}
