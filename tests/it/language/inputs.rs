//! `module`, `input`, `--module` and `--set`.

use serde_json::json;

use super::support::{Folder, GUEST, Run, assert_contains, refused, run};

const INPUTS: &str = "module \"guest.wat\"\ninput t = \"a\"\ninput n = 1\ninput f = 1.5\ninput b = true\n\
                      input h = hex\"00\"\ninput l = [1, 2]\ninput double = n * 2\nlet out = [t, n, f, b, h, l, double]";

fn set(args: &[&str]) -> Run {
    Folder::with_guest(GUEST).steps(INPUTS, args)
}

#[test]
fn module_is_relative_to_the_file_and_may_be_wat_or_wasm() {
    let folder = Folder::new();
    folder.file("lib/guest.wat", GUEST);
    folder.file(
        "lib/guest.wasm",
        wat::parse_str("(module (func (export \"one\") (result i32) i32.const 1))").unwrap(),
    );
    folder.file("a/s.steps", "module \"../lib/guest.wat\"\nx = call id32(3)");
    assert_eq!(
        folder
            .linmem(&["run", "a/s.steps", "--format", "json"], "")
            .ok()
            .value("x"),
        3
    );
    folder.file("a/s.steps", "module \"../lib/guest.wasm\"\nx = call one()");
    assert_eq!(
        folder
            .linmem(&["run", "a/s.steps", "--format", "json"], "")
            .ok()
            .value("x"),
        1
    );
}

#[test]
fn module_stands_at_most_once_and_first() {
    refused("module \"guest.wat\"", &["s.steps:2:1: a second `module`"]);
    let folder = Folder::with_guest(GUEST);
    assert_contains(
        &folder
            .steps("let x = 1\nmodule \"guest.wat\"", &[])
            .refused(),
        "`module` must be the first",
    );
    assert_contains(&folder.steps("let x = 1", &[]).refused(), "names no module");
}

#[test]
fn the_command_line_overrides_the_module() {
    let folder = Folder::with_guest(GUEST);
    folder.file(
        "other.wat",
        "(module (func (export \"id32\") (param i32) (result i32) i32.const 99))",
    );
    let trace = folder
        .steps(
            "module \"guest.wat\"\nx = call id32(3)",
            &["--module", "other.wat"],
        )
        .ok();
    assert_eq!(trace.value("x"), 99);
    let trace = folder
        .steps("x = call id32(3)", &["--module", "other.wat"])
        .ok();
    assert_eq!(trace.value("x"), 99);
}

#[test]
fn a_module_that_cannot_be_used_ends_with_status_2() {
    let folder = Folder::new();
    assert_contains(
        &folder.steps("module \"missing.wasm\"", &[]).refused(),
        "missing.wasm",
    );
    folder.file("bad.wasm", b"\0asm\x01\0\0\0garbage");
    folder.steps("module \"bad.wasm\"", &[]).refused();
    folder.file("bad.wat", "(module");
    folder.steps("module \"bad.wat\"", &[]).refused();
    folder.linmem(&["run", "nowhere.steps"], "").refused();
}

#[test]
fn inputs_have_their_defaults() {
    let trace = set(&[]).ok();
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
fn set_changes_an_input_of_every_type() {
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
    let trace = set(&[&args[..], &["--set", "l=[3]"]].concat()).ok();
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
    assert_contains(&trace.refused(), "input h");
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
    .ok();
    assert_eq!(
        trace.value("out"),
        &json!(["abab", -5, -2000.0, true, "00", [1, 2], 7])
    );
    assert_eq!(set(&["--set", "t=12"]).ok().value("out")[0], "12");
    assert_eq!(set(&["--set", "t="]).ok().value("out")[0], "");
    assert_eq!(set(&["--set", "t=a=b"]).ok().value("out")[0], "a=b");
}

#[test]
fn a_value_of_another_type_or_for_no_input_is_refused() {
    for (setting, words) in [
        ("n=abc", "input n: this input is an integer"),
        ("n=1.5", "input n"),
        ("n=\"1\"", "input n"),
        ("f=x", "input f: this input is a float"),
        ("b=1", "input b: this input is true or false"),
        ("h=1", "input h"),
        ("l=1", "input l"),
        (
            "nn=1",
            "input nn: the script has no such input; did you mean n?",
        ),
    ] {
        assert_contains(&set(&["--set", setting]).refused(), words);
    }
    set(&["--set", "nonsense"]).refused();
}

#[test]
fn an_input_may_stand_behind_steps_and_is_known_from_the_start() {
    let folder = Folder::with_guest(GUEST);
    let script = "module \"guest.wat\"\nlet a = 1\ninput late = 5\nlet b = late";
    let trace = folder.steps(script, &["--set", "late=6"]).ok();
    assert_eq!(trace.value("b"), 6);
    assert_eq!(
        trace.0["inputs"],
        json!([{"name": "late", "type": "int", "value": 6}])
    );
    assert_contains(
        &folder.steps(script, &["--set", "late=x"]).refused(),
        "input late",
    );
}

#[test]
fn an_input_is_told_before_the_guest_starts() {
    refused("input n = pages()", &["not known before the guest starts"]);
    refused(
        "let x = 1\ninput n = x",
        &["it knows only the inputs above it"],
    );
    assert_contains(
        &run("input n = 1 / 0\nlet x = n").refused(),
        "s.steps:2:11: 1 / 0 divides by zero",
    );
}
