//! What a step can end in, and the exit status.

use serde_json::json;

use super::support::{Folder, GUEST, assert_contains, run};

#[test]
fn the_default_session_runs_as_it_stands_on_the_page() {
    let folder = Folder::new();
    let run = folder.linmem(&["run", "--format", "json"], "");
    let trace = run.ok();
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
        .linmem(&["run", "--format", "json", "--set", "text=Hi"], "")
        .ok();
    assert_eq!(trace.value("out"), "Hi Wasm is cool!");
}

#[test]
fn ok_ends_with_status_0() {
    let trace = run("let x = 1").ok();
    assert_eq!(trace.last()["outcome"], "ok");
    assert_eq!(trace.last()["error"], json!(null));
}

#[test]
fn failed_is_an_expectation_a_host_access_bad_utf8_or_an_expression() {
    for step in [
        "expect 1 == 2",
        "write 65536, \"a\"",
        "x = read 4, 1 as utf8",
        "let x = 1 / 0",
    ] {
        let trace = run(&format!("write 4, hex\"ff\"\n{step}\nlet never = 1")).failed();
        assert_eq!(trace.steps().len(), 3, "{step}");
        assert_eq!(trace.last()["outcome"], "failed", "{step}");
    }
}

#[test]
fn trapped_is_a_guest_that_trapped_and_says_what_and_where() {
    let trace = run("call divide(1, 0)\nlet never = 1").trapped();
    assert_eq!(trace.steps().len(), 2);
    assert_contains(trace.error(), "zero");
    assert_contains(trace.error(), "divide");
    assert_eq!(
        trace.last()["call"],
        json!({"export": "divide", "args": [1, 0], "results": []})
    );
    let trace = run("call poke(-1, 1)").trapped();
    assert_contains(trace.error(), "out of bounds");
    let deep = "(module (func $f (export \"f\") (call $f)))";
    let trace = super::support::run_on(deep, "call f()").trapped();
    assert_contains(trace.error(), "stack");
}

#[test]
fn what_a_trapped_call_did_before_stays() {
    let wat = r#"(module (memory 1) (func (export "f") (i32.store (i32.const 8) (i32.const -1)) (unreachable)))"#;
    let trace =
        super::support::run_on(wat, "call f()\nexpect finding trap\nx = read 8 as i32").ok();
    assert_eq!(trace.step(1)["changes"][0]["after"], "ffffffff");
    assert_eq!(trace.value("x"), -1);
}

#[test]
fn cancelled_is_a_call_stopped_by_a_limit() {
    let folder = Folder::with_guest(GUEST);
    let script = "module \"guest.wat\"\ncall spin()\nlet never = 1";
    let trace = folder
        .steps(script, &["--max-time", "200ms"])
        .ended(1, "cancelled");
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.last()["outcome"], "cancelled");
    assert_contains(trace.error(), "--max-time");
    assert_eq!(trace.findings(1), ["limit"]);
    let expected = "module \"guest.wat\"\nexpect trap call spin()";
    folder
        .steps(expected, &["--max-time", "200ms"])
        .ended(1, "cancelled");
}

#[test]
fn memory_has_a_limit_that_the_guest_feels_as_a_growth_that_fails() {
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let folder = Folder::with_guest(wat);
    let script = "module \"guest.wat\"\na = call grow(3)\nb = call grow(1)";
    let trace = folder.steps(script, &["--max-memory", "256KiB"]).ok();
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(1), &json!(-1))
    );
    let trace = folder
        .steps(
            "module \"guest.wat\"\na = grow 4",
            &["--max-memory", "256KiB"],
        )
        .failed();
    assert_contains(trace.error(), "cannot grow");
}

#[test]
fn warnings_and_notes_alone_do_not_fail_a_run() {
    run("call grow(1)").ok();
    let folder = Folder::with_guest(GUEST);
    folder
        .steps(
            "module \"guest.wat\"\ncall grow(1)",
            &["--deny", "warnings"],
        )
        .ok();
}

#[test]
fn test_runs_many_files_and_exits_with_0_1_or_2() {
    let folder = Folder::with_guest(GUEST);
    folder.file("good.steps", "module \"guest.wat\"\nexpect true");
    folder.file("bad.steps", "module \"guest.wat\"\nexpect false");
    folder.file("broken.steps", "let");
    let code = |files: &[&str]| folder.linmem(&[&["test"], files].concat(), "").code;
    assert_eq!(code(&["good.steps"]), Some(0));
    assert_eq!(code(&["good.steps", "bad.steps"]), Some(1));
    assert_eq!(code(&["good.steps", "broken.steps", "bad.steps"]), Some(2));
    let run = folder.linmem(&["test", "good.steps", "bad.steps"], "");
    assert_contains(&run.stdout, "ok    good.steps");
    assert_contains(&run.stdout, "FAIL  bad.steps");
    assert_contains(&run.stdout, "2 sessions: 1 ok, 1 failed");
}

#[test]
fn a_command_line_that_cannot_be_used_ends_with_status_2() {
    let folder = Folder::with_guest(GUEST);
    for args in [
        &["run", "--nonsense"][..],
        &["run", "guest.wat", "--max-time", "x"],
        &["run", "guest.wat", "--at", "9"],
    ] {
        assert_eq!(folder.linmem(args, "").code, Some(2), "{args:?}");
    }
}
