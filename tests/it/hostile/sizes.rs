//! Modules with extreme sizes: many items, long names, deep nesting.

use std::fmt::Write as _;
use std::time::Duration;

use wasm_encoder::{BlockType, Function, ValType};

use super::binary_modules::{one_function, one_function_of};
use crate::support::command::{module, steps_on};

/// The time that the largest module takes on a slow and busy machine.
const SOON: Duration = Duration::from_secs(45);

#[test]
fn ten_thousand_functions() {
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    for n in 0..10_000 {
        let _ = writeln!(
            text,
            "(func $f{n} (export \"f{n}\") (result i32) (i32.const {n}))"
        );
    }
    let answer = steps_on(
        text + ")",
        "n = call f9999()\nexpect n == 9999\ncall f10000()",
        &[],
    );
    answer.assert_stopped(&["no export named \"f10000\"", "did you mean f1000?"]);
}

#[test]
fn a_hundred_thousand_exports() {
    let exports: String = (0..100_000)
        .map(|i| format!("(export \"f{i}\" (func $f))"))
        .collect();
    steps_on(
        format!("(module (func $f) {exports})"),
        "call f99999()\ncall nope()",
        &[],
    )
    .assert_stopped(&["no export named \"nope\"", "and 99992 more"]);
}

#[test]
fn names_of_a_mebibyte() {
    let name = "n".repeat(1 << 20);
    module("a.wat", format!("(module (func (export \"{name}\")))"))
        .assert_refused(&["not a valid module", "string size"]);
    module(
        "a.wat",
        format!("(module (import \"{name}\" \"f\" (func)))"),
    )
    .assert_refused(&["not a valid module", "string size"]);
    // The names of functions are only shown, so a long one is cut instead of refused.
    let called = format!("(module (func ${name} (export \"go\") unreachable))");
    steps_on(called, "call go()", &[]).assert_stopped(&["unreachable in nnn", "nnn…"]);
    let long = "é".repeat(49_000);
    let answer = steps_on(
        format!("(module (func $\"{long}x\" (export \"{long}\") unreachable))"),
        &format!("call \"{long}\"()"),
        &[],
    );
    let shown = answer
        .assert_stopped(&["ééé…"])
        .stdout
        .lines()
        .map(|line| line.chars().count())
        .max();
    assert!(shown.is_some_and(|columns| columns < 200_000), "{shown:?}");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let names = r#"(module (memory (export "m\0a\1b[31m\e2\80\ae") 1) (global (export "\1b]0;x\07") i32 (i32.const 1))
        (func $"f\1b[2J\0d" (export "\e2\80\8f\0a\0a") unreachable))"#;
    module("a.wat", names).assert_ok(&["all ok"]);
    steps_on(names, "call \"\\u{200f}\\n\\n\"()", &[])
        .assert_stopped(&["unreachable in f\\u{1b}[2J\\r"]);
    steps_on(names, "call nope()", &[]).assert_stopped(&["\\u{200f}\\n\\n"]);
    steps_on(names, "memory nope\nlet x = 1", &[]).assert_refused(&["m\\n\\u{1b}[31m\\u{202e}"]);
    steps_on(
        names,
        "g = global \"\\u{1b}]0;x\\u{7}\"\nexpect g == 1",
        &[],
    )
    .assert_ok(&["all ok"]);
}

#[test]
fn deeply_nested_blocks_run() {
    let nested = |depth: usize| {
        let mut body = Function::new([]);
        let mut put = body.instructions();
        (0..depth).for_each(|_| _ = put.block(BlockType::Empty));
        put.i32_const(0)
            .i32_const(1)
            .i32_store8(wasm_encoder::MemArg {
                offset: 0,
                align: 0,
                memory_index: 0,
            });
        (0..=depth).for_each(|_| _ = put.end());
        one_function(&body)
    };
    let answer = steps_on(
        nested(3_000),
        "call f()\nx = read 0 as u8\nexpect x == 1",
        &[],
    )
    .assert_ok(&["all ok"]);
    assert!(answer.duration < SOON, "{:?}", answer.duration);
    let answer = steps_on(nested(1_000_000), "call f()", &[]);
    assert!(answer.duration < SOON, "{:?}", answer.duration);
    answer.assert_refused(&[
        "its function f nests 1000000 blocks",
        "more than 20000 take too long to compile",
    ]);
}

#[test]
fn a_function_with_very_many_locals() {
    let with = |count: u32| {
        let mut body = Function::new([(count - 1, ValType::F64)]);
        let mut put = body.instructions();
        put.loop_(BlockType::Empty);
        for local in 0..500 {
            put.local_get(1 + local).local_set(count - local - 1);
        }
        put.i32_const(8)
            .local_get(1)
            .f64_store(wasm_encoder::MemArg {
                offset: 0,
                align: 0,
                memory_index: 0,
            });
        put.end().end();
        one_function_of(&[ValType::I32], &body)
    };
    steps_on(with(10_000), "call f(0)", &[]).assert_ok(&["all ok"]);
    steps_on(with(50_000), "call f(0)", &[])
        .assert_refused(&["has 50000 locals; recording adds a few more"]);
    steps_on(with(50_001), "call f(0)", &[])
        .assert_refused(&["not a valid module", "too many locals"]);
}

#[test]
fn too_many_segments_are_refused() {
    let mut module = wasm_encoder::Module::new();
    let mut memories = wasm_encoder::MemorySection::new();
    memories.memory(super::binary_modules::MEMORY);
    let mut data = wasm_encoder::DataSection::new();
    (0..100_001).for_each(|_| _ = data.active(0, &wasm_encoder::ConstExpr::i32_const(0), *b"a"));
    let too_many = module.section(&memories).section(&data).clone().finish();
    crate::support::command::module("a.wasm", too_many)
        .assert_refused(&["not a valid module", "data"]);
    let segments: String = (0..5_000)
        .map(|n| format!("(data (i32.const {n}) \"ab\")\n"))
        .collect();
    let read = "x = read 4999, 2 as utf8\nexpect x == \"ab\"";
    steps_on(
        format!("(module (memory (export \"memory\") 1) {segments})"),
        read,
        &[],
    )
    .assert_ok(&["all ok"]);
}

#[test]
fn wrong_section_counts_are_refused() {
    for (id, contents) in [
        (1, &b"\xff\xff\xff\xff\x0f"[..]),
        (2, b"\xff\xff\xff\x7f"),
        (7, b"\xff\xff\xff\x7f"),
        (9, b"\xff\xff\xff\x7f"),
        (11, b"\xff\xff\xff\x7f"),
        (12, b"\xff\xff\xff\x7f"),
    ] {
        let wasm = [
            b"\0asm\x01\0\0\0".as_slice(),
            &[id, contents.len() as u8],
            contents,
        ]
        .concat();
        module("a.wasm", wasm).assert_refused(&["a.wasm"]);
    }
    let locals = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b";
    module("a.wasm", locals).assert_refused(&["not a valid module", "locals"]);
}

/// The writer of line tables scans the rest of the line at each instruction.
#[test]
fn a_text_module_on_one_line() {
    let stores: String = (0..10_000)
        .map(|n| format!("(i32.store8 (i32.const {n}) (i32.const 1))"))
        .collect();
    let text = format!(r#"(module (memory (export "memory") 1) (func (export "f") {stores}))"#);
    let answer = steps_on(text, "call f()", &[]).assert_ok(&["10000 bytes"]);
    assert!(answer.duration < SOON, "{:?}", answer.duration);
}
