//! Lexical: how a script is written, in both carriers.

use serde_json::json;

use super::support::{Folder, GUEST, assert_contains, come_to, refused, run};

#[test]
fn one_statement_a_line_and_a_line_goes_on_inside_brackets() {
    let trace = run(
        "sum = call divide(\n  10, # ten\n\n  2\n)\nlet list = [\n  1,\n  2\n]\nlet x = (1\n  + 2)",
    )
    .ok();
    assert_eq!(trace.value("sum"), 5);
    assert_eq!(trace.value("list"), &json!([1, 2]));
    assert_eq!(trace.value("x"), 3);
    assert_eq!(trace.step(1)["line"], 2);
    assert_eq!(trace.step(1)["text"], "sum = call divide( 10, 2 )");
    refused("let x = 1 let y = 2", &["s.steps:2:11"]);
    refused("let x =\n  1", &["s.steps:2:8"]);
}

#[test]
fn a_number_sign_starts_a_comment_outside_a_string() {
    let trace = run("# alone\nlet x = \"# no comment\" # a comment\n   # indented").ok();
    assert_eq!(trace.value("x"), "# no comment");
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.step(1)["text"], "let x = \"# no comment\"");
}

#[test]
fn names_have_letters_digits_and_underscores() {
    let trace = run("let _a9 = 1\nlet A_b = 2\nlet x = _a9 + A_b").ok();
    assert_eq!(trace.value("x"), 3);
    refused("let 9a = 1", &["s.steps:2:5"]);
    refused("let a-b = 1", &["s.steps:2:6"]);
    refused("let é = 1", &["s.steps:2:5"]);
}

#[test]
fn a_name_that_is_none_is_quoted() {
    let trace = run("x = call \"my-export\"(1)").ok();
    assert_eq!(trace.value("x"), 2);
    assert_eq!(trace.step(1)["call"]["export"], "my-export");
    refused("x = call my-export(1)", &["call \"my-export\"(…)"]);
    let wat = r#"(module
      (import "a b" "c.d" (func $f (param i32) (result i32)))
      (global (export "the global") (mut i32) (i32.const 3))
      (memory (export "the memory") 1)
      (func (export "go") (result i32) (call $f (i32.const 4))))"#;
    let steps = "memory \"the memory\"\nimport \"a b\".\"c.d\"(n) returns n * 2\nset \"the global\" = 5\n\
                 g = global \"the global\"\nx = call go()\nlet n = calls(\"a b\".\"c.d\")\n\
                 let a = call_args(\"a b\".\"c.d\", 0)";
    let trace = super::support::run_on(wat, steps).ok();
    assert_eq!(trace.value("g"), 5);
    assert_eq!(trace.value("x"), 8);
    assert_eq!(trace.value("n"), 1);
    assert_eq!(trace.value("a"), &json!([4]));
}

#[test]
fn integers_are_decimal_hexadecimal_or_binary_with_underscores() {
    come_to(&[
        ("26", json!(26)),
        ("-1", json!(-1)),
        ("0x400", json!(1024)),
        ("0xFf", json!(255)),
        ("0b1010", json!(10)),
        ("1_000", json!(1000)),
    ]);
}

#[test]
fn floats_are_written_with_a_point_an_exponent_or_as_inf_and_nan() {
    come_to(&[
        ("1.5", json!(1.5)),
        ("-2e3", json!(-2000.0)),
        ("inf", json!("inf")),
        ("-inf", json!("-inf")),
        ("nan", json!("nan")),
    ]);
    assert_eq!(run("let x = -2e3").ok().type_of("x"), "float");
    assert_eq!(run("let x = inf").ok().type_of("x"), "float");
}

#[test]
fn booleans_text_bytes_lists_and_null_have_literals() {
    come_to(&[
        ("true", json!(true)),
        ("false", json!(false)),
        (
            r#""a\n\t\r\0\\\"\u{e9}\u{1F600}é""#,
            json!("a\n\t\r\0\\\"é😀é"),
        ),
        (r#"hex"ff fe 00""#, json!("fffe00")),
        (r#"hex"FFfe00""#, json!("fffe00")),
        (r#"hex"""#, json!("")),
        ("[1, 2]", json!([1, 2])),
        ("[]", json!([])),
        ("[1, [true, \"a\"], 2.5]", json!([1, [true, "a"], 2.5])),
        ("null", json!(null)),
    ]);
    for (literal, name) in [
        ("true", "bool"),
        ("\"a\"", "text"),
        ("hex\"00\"", "bytes"),
        ("[1]", "list"),
        ("null", "null"),
        ("1", "int"),
    ] {
        assert_eq!(run(&format!("let x = {literal}")).ok().type_of("x"), name);
    }
}

#[test]
fn a_file_that_does_not_parse_is_refused_whole_before_anything_runs() {
    let message = run("let x = 1\nlet y = *").refused();
    assert_contains(&message, "s.steps:3:9");
    assert_contains(&message, "let y = *");
    assert_contains(&message, "^");
    assert_contains(&message, "expected");
}

#[test]
fn all_errors_of_the_file_are_shown_at_once() {
    refused(
        "let x = )\nlet fine = 1\nwrite 1\nnonsense here",
        &["s.steps:2:9", "s.steps:4:8", "s.steps:5:1"],
    );
}

#[test]
fn what_is_not_utf8_is_refused_and_says_where() {
    let folder = Folder::new();
    folder.file("s.steps", b"let x = 1\n\xff");
    let message = folder.linmem(&["run", "s.steps"], "").refused();
    assert_contains(&message, "line 2 is not UTF-8 text");
}

#[test]
fn markdown_carries_the_same_language_and_its_prose_is_the_narration() {
    let folder = Folder::with_guest(GUEST);
    let markdown = "# The ABI\n\nFirst *call* `it`.\n\n```steps\nmodule \"guest.wat\"\nx = call id32(7)\n```\n\n\
                    Text without steps:\n\n```sh\nrm -rf /\n```\n\nThen look.\n\n```steps\nexpect x == 7\nlet y = x\n```\n";
    folder.file("README.md", markdown);
    let trace = folder
        .linmem(&["run", "README.md", "--format", "json"], "")
        .ok();
    assert_eq!(trace.steps().len(), 4);
    assert_eq!(trace.step(0)["narration"], json!(null));
    assert_eq!(trace.step(1)["narration"], "The ABI\n\nFirst call it.");
    assert_eq!(trace.step(1)["line"], 7);
    assert_eq!(
        trace.step(2)["narration"],
        "Text without steps:\n\nThen look."
    );
    assert_eq!(trace.step(3)["narration"], json!(null));
    let text = folder.linmem(&["run", "README.md"], "");
    assert_contains(&text.stdout, "First call it.");
    assert_contains(&text.stdout, "Then look.");
}

#[test]
fn markdown_errors_have_the_lines_of_the_file() {
    let folder = Folder::with_guest(GUEST);
    folder.file(
        "x.md",
        "# A\n\n```steps\nmodule \"guest.wat\"\nlet x = )\n```\n",
    );
    assert_contains(&folder.linmem(&["run", "x.md"], "").refused(), "x.md:5:9");
}

#[test]
fn a_dash_reads_a_steps_file_from_standard_input() {
    let folder = Folder::with_guest(GUEST);
    folder.file("data", "abc");
    let script = "module \"guest.wat\"\nx = call id32(7)\nlet d = file(\"data\")\nexpect x == 7";
    let trace = folder
        .linmem(&["run", "-", "--format", "json"], script)
        .ok();
    assert_eq!(trace.value("x"), 7);
    assert_eq!(trace.value("d"), "616263");
    assert_contains(
        &folder.linmem(&["run", "-"], "let x = )").refused(),
        "-:1:9",
    );
}
