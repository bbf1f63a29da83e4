//! `module`, `input`, `--module` and `--set`.

use serde_json::json;

use super::harness::{
    Folder, GUEST, Run, assert_contains, assert_refused, folder_with, run, run_in,
};

const INPUTS: &str = "module \"guest.wat\"\ninput t = \"a\"\ninput n = 1\ninput f = 1.5\ninput b = true\n\
                      input h = hex\"00\"\ninput l = [1, 2]\ninput double = n * 2\nlet out = [t, n, f, b, h, l, double]";

fn set(args: &[&str]) -> Run {
    run_in(&folder_with(GUEST), INPUTS, args)
}

#[test]
fn module_paths_are_relative_to_the_steps_file() {
    let folder = Folder::new();
    folder.write("lib/guest.wat", GUEST);
    folder.write(
        "lib/guest.wasm",
        wat::parse_str("(module (func (export \"one\") (result i32) i32.const 1))").unwrap(),
    );
    folder.write("a/s.steps", "module \"../lib/guest.wat\"\nx = call id32(3)");
    assert_eq!(
        folder
            .run(&["run", "a/s.steps", "--format", "json"])
            .ok_trace()
            .value("x"),
        3
    );
    folder.write("a/s.steps", "module \"../lib/guest.wasm\"\nx = call one()");
    assert_eq!(
        folder
            .run(&["run", "a/s.steps", "--format", "json"])
            .ok_trace()
            .value("x"),
        1
    );
}

#[test]
fn module_comes_first_and_at_most_once() {
    assert_refused("module \"guest.wat\"", &["s.steps:2:1: a second `module`"]);
    let folder = folder_with(GUEST);
    assert_contains(
        &run_in(&folder, "let x = 1\nmodule \"guest.wat\"", &[]).refusal(),
        "`module` must be the first",
    );
    assert_contains(
        &run_in(&folder, "let x = 1", &[]).refusal(),
        "names no module",
    );
}

#[test]
fn the_command_line_overrides_the_module() {
    let folder = folder_with(GUEST);
    folder.write(
        "other.wat",
        "(module (func (export \"id32\") (param i32) (result i32) i32.const 99))",
    );
    let trace = run_in(
        &folder,
        "module \"guest.wat\"\nx = call id32(3)",
        &["--module", "other.wat"],
    )
    .ok_trace();
    assert_eq!(trace.value("x"), 99);
    let trace = run_in(&folder, "x = call id32(3)", &["--module", "other.wat"]).ok_trace();
    assert_eq!(trace.value("x"), 99);
}

#[test]
fn unusable_modules_exit_with_2() {
    let folder = Folder::new();
    assert_contains(
        &run_in(&folder, "module \"missing.wasm\"", &[]).refusal(),
        "missing.wasm",
    );
    folder.write("bad.wasm", b"\0asm\x01\0\0\0garbage");
    run_in(&folder, "module \"bad.wasm\"", &[]).refusal();
    folder.write("bad.wat", "(module");
    run_in(&folder, "module \"bad.wat\"", &[]).refusal();
    folder.run(&["run", "nowhere.steps"]).refusal();
}

#[test]
fn inputs_have_their_defaults() {
    let trace = set(&[]).ok_trace();
    assert_eq!(
        trace.value("out"),
        &json!(["a", 1, 1.5, true, "00", [1, 2], 2])
    );
    let inputs = trace.0["inputs"].as_array().unwrap();
    let named: Vec<_> = inputs
        .iter()
        .map(|i| (i["name"].as_str().unwrap(), i["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            ("t", "text"),
            ("n", "int"),
            ("f", "float"),
            ("b", "bool"),
            ("h", "bytes"),
            ("l", "list"),
            ("double", "int")
        ]
    );
    assert_eq!(trace.steps().len(), 2, "an input is no step");
}

#[test]
fn set_changes_inputs_of_every_type() {
    let args = [
        "--set",
        "t=Hello, you",
        "--set",
        "n=0x10",
        "--set",
        "f=2",
        "--set",
        "b=false",
        "--set",
        "h=hex\"ff\"",
    ];
    let trace = set(&[&args[..], &["--set", "l=[3]"]].concat()).ok_trace();
    assert_eq!(
        trace.value("out"),
        &json!(["Hello, you", 16, 2.0, false, "ff", [3], 32])
    );
    assert_eq!(trace.0["inputs"][0]["value"], "Hello, you");
    let trace = set(&[
        "--set",
        "t=repeat(\"ab\", 2)",
        "--set",
        "n=-5",
        "--set",
        "f=-2e3",
        "--set",
        "h=hi",
    ]);
    assert_contains(&trace.refusal(), "input h");
    let trace = set(&[
        "--set",
        "t=repeat(\"ab\", 2)",
        "--set",
        "n=-5",
        "--set",
        "f=-2e3",
        "--set",
        "double=7",
    ])
    .ok_trace();
    assert_eq!(
        trace.value("out"),
        &json!(["abab", -5, -2000.0, true, "00", [1, 2], 7])
    );
    assert_eq!(set(&["--set", "t=12"]).ok_trace().value("out")[0], "12");
    assert_eq!(set(&["--set", "t="]).ok_trace().value("out")[0], "");
    assert_eq!(set(&["--set", "t=a=b"]).ok_trace().value("out")[0], "a=b");
}

#[test]
fn set_refuses_wrong_types_and_unknown_inputs() {
    for (setting, words) in [
        (
            "n=abc",
            "input n: `abc` is not a value of the steps language; this input is an integer",
        ),
        ("n=1.5", "input n"),
        ("n=\"1\"", "input n"),
        ("f=x", "this input is a float"),
        (
            "b=1",
            "input b: an integer (1) was given; this input is true or false",
        ),
        ("h=1", "input h"),
        ("l=1", "input l"),
        (
            "nn=1",
            "input nn: the script has no such input; did you mean n?",
        ),
    ] {
        assert_contains(&set(&["--set", setting]).refusal(), words);
    }
    set(&["--set", "nonsense"]).refusal();
}

#[test]
fn inputs_after_steps_are_known_from_the_start() {
    let folder = folder_with(GUEST);
    let script = "module \"guest.wat\"\nlet a = 1\ninput late = 5\nlet b = late";
    let trace = run_in(&folder, script, &["--set", "late=6"]).ok_trace();
    assert_eq!(trace.value("b"), 6);
    assert_eq!(
        trace.0["inputs"],
        json!([{"name": "late", "type": "int", "value": 6}])
    );
    assert_contains(
        &run_in(&folder, script, &["--set", "late=x"]).refusal(),
        "input late",
    );
}

#[test]
fn inputs_are_evaluated_before_the_guest_starts() {
    assert_refused(
        "input n = pages()",
        &["has no value before the guest starts"],
    );
    assert_refused(
        "let x = 1\ninput n = x",
        &["it can use only the inputs above it"],
    );
    assert_contains(
        &run("input n = 1 / 0\nlet x = n").refusal(),
        "s.steps:2:11: 1 / 0 divides by zero",
    );
}
