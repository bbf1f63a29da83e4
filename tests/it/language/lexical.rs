//! Lexical structure of a script, in steps files and in Markdown.

use serde_json::json;

use super::harness::{
    Folder, GUEST, assert_contains, assert_refused, assert_values, folder_with, run,
};

#[test]
fn statements_continue_inside_brackets() {
    let trace = run(
        "sum = call divide(\n  10, # ten\n\n  2\n)\nlet list = [\n  1,\n  2\n]\nlet x = (1\n  + 2)",
    )
    .ok_trace();
    assert_eq!(trace.value("sum"), 5);
    assert_eq!(trace.value("list"), &json!([1, 2]));
    assert_eq!(trace.value("x"), 3);
    assert_eq!(trace.step(1)["line"], 2);
    assert_eq!(trace.step(1)["text"], "sum = call divide( 10, 2 )");
    assert_refused("let x = 1 let y = 2", &["s.steps:2:11"]);
    assert_refused("let x =\n  1", &["s.steps:2:8"]);
}

#[test]
fn number_signs_start_comments_outside_strings() {
    let trace = run("# alone\nlet x = \"# no comment\" # a comment\n   # indented").ok_trace();
    assert_eq!(trace.value("x"), "# no comment");
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.step(1)["text"], "let x = \"# no comment\"");
}

#[test]
fn names_have_letters_digits_and_underscores() {
    let trace = run("let _a9 = 1\nlet A_b = 2\nlet x = _a9 + A_b").ok_trace();
    assert_eq!(trace.value("x"), 3);
    assert_refused("let 9a = 1", &["s.steps:2:5"]);
    assert_refused("let a-b = 1", &["s.steps:2:6"]);
    assert_refused("let é = 1", &["s.steps:2:5"]);
}

#[test]
fn export_names_that_are_not_identifiers_are_quoted() {
    let trace = run("x = call \"my-export\"(1)").ok_trace();
    assert_eq!(trace.value("x"), 2);
    assert_eq!(trace.step(1)["call"]["export"], "my-export");
    assert_refused("x = call my-export(1)", &["call \"my-export\"(…)"]);
    let wat = r#"(module
      (import "a b" "c.d" (func $f (param i32) (result i32)))
      (global (export "the global") (mut i32) (i32.const 3))
      (memory (export "the memory") 1)
      (func (export "go") (result i32) (call $f (i32.const 4))))"#;
    let steps = "memory \"the memory\"\nimport \"a b\".\"c.d\"(n) returns n * 2\nset \"the global\" = 5\n\
                 g = global \"the global\"\nx = call go()\nlet n = calls(\"a b\".\"c.d\")\n\
                 let a = call_args(\"a b\".\"c.d\", 0)";
    let trace = super::harness::run_on(wat, steps).ok_trace();
    assert_eq!(trace.value("g"), 5);
    assert_eq!(trace.value("x"), 8);
    assert_eq!(trace.value("n"), 1);
    assert_eq!(trace.value("a"), &json!([4]));
}

#[test]
fn integers_are_decimal_hexadecimal_or_binary_with_underscores() {
    assert_values(&[
        ("26", json!(26)),
        ("-1", json!(-1)),
        ("0x400", json!(1024)),
        ("0xFf", json!(255)),
        ("0b1010", json!(10)),
        ("1_000", json!(1000)),
    ]);
}

#[test]
fn floats_have_a_point_an_exponent_or_are_inf_or_nan() {
    assert_values(&[
        ("1.5", json!(1.5)),
        ("-2e3", json!(-2000.0)),
        ("inf", json!("inf")),
        ("-inf", json!("-inf")),
        ("nan", json!("nan")),
    ]);
    assert_eq!(run("let x = -2e3").ok_trace().type_of("x"), "float");
    assert_eq!(run("let x = inf").ok_trace().type_of("x"), "float");
}

#[test]
fn booleans_text_bytes_lists_and_null_have_literals() {
    assert_values(&[
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
        assert_eq!(
            run(&format!("let x = {literal}")).ok_trace().type_of("x"),
            name
        );
    }
}

#[test]
fn unparsable_files_are_refused_before_anything_runs() {
    let message = run("let x = 1\nlet y = *").refusal();
    assert_contains(&message, "s.steps:3:9");
    assert_contains(&message, "let y = *");
    assert_contains(&message, "^");
    assert_contains(&message, "expected");
}

#[test]
fn all_errors_are_shown_at_once() {
    assert_refused(
        "let x = )\nlet fine = 1\nwrite 1\nnonsense here",
        &["s.steps:2:9", "s.steps:4:8", "s.steps:5:1"],
    );
}

#[test]
fn invalid_utf8_is_refused_with_its_line() {
    let folder = Folder::new();
    folder.write("s.steps", b"let x = 1\n\xff");
    let message = folder.run(&["run", "s.steps"]).refusal();
    assert_contains(&message, "line 2 is not UTF-8 text");
}

#[test]
fn markdown_prose_becomes_narration() {
    let folder = folder_with(GUEST);
    let markdown = "# The ABI\n\nFirst *call* `it`.\n\n```steps\nmodule \"guest.wat\"\nx = call id32(7)\n```\n\n\
                    Text without steps:\n\n```sh\nrm -rf /\n```\n\nThen look.\n\n```steps\nexpect x == 7\nlet y = x\n```\n";
    folder.write("README.md", markdown);
    let trace = folder
        .run(&["run", "README.md", "--format", "json"])
        .ok_trace();
    assert_eq!(trace.steps().len(), 4);
    assert_eq!(trace.step(0)["narration"], json!(null));
    assert_eq!(trace.step(1)["narration"], "The ABI\n\nFirst call it.");
    assert_eq!(trace.step(1)["line"], 7);
    assert_eq!(
        trace.step(2)["narration"],
        "Text without steps:\n\nThen look."
    );
    assert_eq!(trace.step(3)["narration"], json!(null));
    let text = folder.run(&["run", "README.md"]);
    assert_contains(&text.stdout, "First call it.");
    assert_contains(&text.stdout, "Then look.");
}

#[test]
fn markdown_errors_have_the_lines_of_the_file() {
    let folder = folder_with(GUEST);
    folder.write(
        "x.md",
        "# A\n\n```steps\nmodule \"guest.wat\"\nlet x = )\n```\n",
    );
    assert_contains(&folder.run(&["run", "x.md"]).refusal(), "x.md:5:9");
}

#[test]
fn a_dash_reads_steps_from_standard_input() {
    let folder = folder_with(GUEST);
    folder.write("data", "abc");
    let script = "module \"guest.wat\"\nx = call id32(7)\nlet d = file(\"data\")\nexpect x == 7";
    let trace = folder
        .command(&["run", "-", "--format", "json"])
        .stdin(script)
        .run()
        .ok_trace();
    assert_eq!(trace.value("x"), 7);
    assert_eq!(trace.value("d"), "616263");
    assert_contains(
        &folder
            .command(&["run", "-"])
            .stdin("let x = )")
            .run()
            .refusal(),
        "-:1:9",
    );
}
