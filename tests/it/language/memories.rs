//! `memory`, `write`, `read` and `grow`.

use serde_json::json;

use super::harness::{assert_contains, assert_refused, run, run_on};

const TWO: &str = r#"(module (memory 1) (memory (export "second") 2) (memory (export "third") 3)
  (data (memory 1) (i32.const 0) "two") (data (memory 2) (i32.const 0) "three"))"#;

#[test]
fn memory_statement_selects_a_memory() {
    let trace = run_on(TWO, "memory third\nlet n = pages()\nx = read 0, 5 as utf8").ok_trace();
    assert_eq!(trace.value("n"), 3);
    assert_eq!(trace.value("x"), "three");
    assert_eq!(trace.step(0)["changes"][0]["after"], "7468726565");
    assert_eq!(trace.0["guest"]["memory"]["pages"], 3);
    let trace = run_on(TWO, "memory \"second\"\nx = read 0, 3 as utf8").ok_trace();
    assert_eq!(trace.value("x"), "two");
    let message = run_on(TWO, "memory fourth\nlet x = 1").refusal();
    assert_contains(
        &message,
        "s.steps:2:8: the guest exports no memory named \"fourth\"",
    );
    assert_contains(&message, "\"second\", \"third\"");
}

#[test]
fn default_memory_is_exported_as_memory() {
    let wat = r#"(module (memory 1) (memory (export "memory") 2) (memory (export "other") 3))"#;
    assert_eq!(run_on(wat, "let n = pages()").ok_trace().value("n"), 2);
}

#[test]
fn default_memory_is_the_only_one() {
    let wat = r#"(module (memory 2) (data (i32.const 1) "in") (func (export "get") (result i32) (i32.load8_u (i32.const 8))))"#;
    let trace = run_on(
        wat,
        "x = read 1, 2 as utf8\nwrite 8, u8(200)\ny = call get()",
    )
    .ok_trace();
    assert_eq!(trace.value("x"), "in");
    assert_eq!(trace.value("y"), 200);
    assert_eq!(
        run_on(r#"(module (memory (export "heap") 2))"#, "let n = pages()")
            .ok_trace()
            .value("n"),
        2
    );
}

#[test]
fn ambiguous_memories_fail_on_first_use() {
    let trace = run_on(TWO, "let fine = 1\nx = read 0, 1 as utf8").failed_trace();
    assert_eq!(trace.value("fine"), 1);
    assert_contains(trace.error(), "memory");
    let trace = run_on("(module)", "write 0, \"a\"").failed_trace();
    assert_contains(trace.error(), "no memory");
}

#[test]
fn write_stores_utf8_text_or_bytes() {
    let trace = run(
        "write 100, \"é\"\nwrite 104, hex\"00ff\"\nwrite 108, u32(1, 2)\nx = read 100, 16 as bytes",
    )
    .ok_trace();
    assert_eq!(trace.value("x"), "c3a9000000ff00000100000002000000");
    let changes = &trace.step(1)["changes"];
    assert_eq!(changes.as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &changes[0]["start"],
            &changes[0]["before"],
            &changes[0]["after"],
            &changes[0]["writer"]["by"]
        ),
        (&json!(100), &json!("0000"), &json!("c3a9"), &json!("host"))
    );
    let trace = run("write 65536, \"\"\nwrite 0, \"\"").ok_trace();
    assert_eq!(trace.step(1)["changes"], json!([]));
}

#[test]
fn numbers_are_written_with_their_width() {
    assert_refused("write 0, 7", &["s.steps:2:10", "u32(7)"]);
    assert_refused("write 0, 1.5", &["f32(1.5)", "f64(1.5)"]);
    let trace = run("let n = 7\nwrite 0, n").failed_trace();
    assert_contains(trace.error(), "u32(");
    let trace = run("let l = [1]\nwrite 0, l").failed_trace();
    assert_contains(trace.error(), "u32(");
}

#[test]
fn accesses_outside_memory_name_the_excess_and_the_origin() {
    let trace = run("let p = 65530\nlet n = 10\nx = read p, n as bytes").failed_trace();
    assert_contains(
        trace.error(),
        "the host cannot read 10 bytes at 0xfffa..0x10004",
    );
    assert_contains(trace.error(), "memory ends at 0x10000 (1 page)");
    assert_contains(trace.error(), "4 bytes past the end");
    assert_contains(trace.error(), "p is 65530, from step 1");
    assert_contains(trace.error(), "n is 10, from step 2");
    assert_eq!(trace.findings(3), ["out-of-bounds"]);
    assert_eq!(trace.last()["findings"][0]["severity"], "error");
    for step in [
        "write 65535, \"ab\"",
        "x = read 65536 as u8",
        "x = read 65533 as u32",
        "x = read 65535 as u8[2]",
    ] {
        assert_eq!(
            run(step).failed_trace().findings(1),
            ["out-of-bounds"],
            "{step}"
        );
    }
    let trace = run("write 65535, \"ab\"").failed_trace();
    assert_eq!(
        trace.last()["changes"],
        json!([]),
        "nothing is written of a write that does not fit"
    );
}

#[test]
fn read_lengths_count_bytes() {
    let steps = "write 64, \"hé\"\nwrite 80, utf16(\"h😀\")\na = read 64, 3 as utf8\nb = read 80, 6 as utf16\n\
                 c = read 64, 3 as bytes\nd = read 64, 0 as utf8\ne = read 65536, 0 as bytes";
    let trace = run(steps).ok_trace();
    assert_eq!(trace.value("a"), "hé");
    assert_eq!(trace.value("b"), "h😀");
    assert_eq!(trace.value("c"), "68c3a9");
    assert_eq!(trace.value("d"), "");
    assert_eq!(trace.value("e"), "");
    assert_eq!(
        (trace.type_of("a"), trace.type_of("b"), trace.type_of("c")),
        ("text", "text", "bytes")
    );
    assert_contains(
        run("x = read 64, 3 as utf16").failed_trace().error(),
        "even number of bytes",
    );
    assert_contains(
        run("write 64, hex\"00d8\"\nx = read 64, 2 as utf16")
            .failed_trace()
            .error(),
        "surrogate",
    );
}

#[test]
fn invalid_utf8_fails_with_its_byte() {
    let trace = run("write 64, hex\"6162ff63\"\nx = read 64, 4 as utf8").failed_trace();
    assert_contains(trace.error(), "byte 2 of 4");
    assert_contains(trace.error(), "\\xff");
    assert_eq!(trace.findings(2), ["invalid-utf8"]);
    assert_eq!(trace.last()["findings"][0]["address"], 66);
    let trace = run("write 64, hex\"61c300\"\nx = read 64 as cstr").failed_trace();
    assert_eq!(trace.findings(2), ["invalid-utf8"]);
}

#[test]
fn read_supports_each_number_type() {
    let bits = "write 64, hex\"fefffffffffffffffe\"\n";
    for (name, wanted) in [
        ("i8", "-2"),
        ("i16", "-2"),
        ("i32", "-2"),
        ("i64", "-2"),
        ("u8", "254"),
        ("u16", "65534"),
        ("u32", "4294967294"),
        ("u64", "18446744073709551614"),
        ("f32", "\"nan\""),
        ("f64", "\"nan\""),
    ] {
        let trace = run(&format!("{bits}x = read 64 as {name}")).ok_trace();
        assert_eq!(trace.value("x").to_string(), wanted, "{name}");
    }
    let trace =
        run("write 64, f32(0.1)\nwrite 72, f64(-0.1)\na = read 64 as f32\nb = read 72 as f64")
            .ok_trace();
    assert_eq!(trace.value("a").to_string(), "0.1");
    assert_eq!(trace.value("b").to_string(), "-0.1");
}

#[test]
fn read_of_an_array_returns_a_list() {
    let trace = run(
        "write 64, u32(1, 0xffffffff)\na = read 64 as u32[2]\nb = read 64 as i8[8]\nlet n = 0\n\
                     c = read 64 as u16[n]\nwrite 80, f64(1.5, 2.5)\nd = read 80 as f64[1 + 1]",
    )
    .ok_trace();
    assert_eq!(trace.value("a"), &json!([1, 4294967295u32]));
    assert_eq!(trace.value("b"), &json!([1, 0, 0, 0, -1, -1, -1, -1]));
    assert_eq!(trace.value("c"), &json!([]));
    assert_eq!(trace.value("d"), &json!([1.5, 2.5]));
    assert_eq!(trace.type_of("a"), "list");
    let trace = run("x = read 0 as u64[0x4000_0000]").failed_trace();
    assert_eq!(trace.findings(1), ["out-of-bounds"]);
}

#[test]
fn read_as_cstr_stops_at_the_nul() {
    let trace = run("a = read 16 as cstr\nb = read 21 as cstr\nc = read 65535 as cstr").ok_trace();
    assert_eq!(trace.value("a"), "hello");
    assert_eq!(trace.value("b"), "");
    assert_eq!(trace.value("c"), "");
    let trace = run("write 65534, \"ab\"\nlet p = 65534\nx = read p as cstr").failed_trace();
    assert_contains(trace.error(), "no NUL between 0xfffe and the end of memory");
    assert_contains(trace.error(), "p is 65534, from step 2");
    assert_refused("x = read 0, 4 as cstr", &["takes no length"]);
    assert_refused("x = read 0, 4 as u32", &["takes no length"]);
    assert_refused("x = read 0 as utf8", &["needs a length"]);
    assert_refused("x = read 0 as u24", &["cannot be read as `u24`"]);
}

#[test]
fn grow_returns_the_old_size_in_pages() {
    let trace =
        run("a = grow 2\nb = grow 0\ngrow 1\nlet n = pages()\nwrite 65536, \"new\"").ok_trace();
    assert_eq!(trace.value("a"), 1);
    assert_eq!(trace.value("b"), 3);
    assert_eq!(trace.value("n"), 4);
    assert_eq!(trace.step(1)["pages"], json!({"before": 1, "after": 3}));
    assert_eq!(trace.step(1)["growth"][0]["writer"]["by"], "host");
    assert_eq!(trace.findings(1), ["memory-grew"]);
    assert_eq!(trace.findings(2), Vec::<&str>::new());
    assert_eq!(trace.step(1)["kind"], "grow");
}

#[test]
fn refused_growth_fails_the_step() {
    let trace = run("a = grow 4").failed_trace();
    assert_contains(
        trace.error(),
        "memory of 1 page, 64 KiB cannot grow by 4 pages",
    );
    assert_eq!(trace.last()["pages"], json!({"before": 1, "after": 1}));
    assert_eq!(
        run("a = grow -1").failed_trace().last()["outcome"],
        "failed"
    );
}
