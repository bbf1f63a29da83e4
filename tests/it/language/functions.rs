//! The functions of expressions.

use serde_json::json;

use super::harness::{
    GUEST, assert_contains, assert_fails, assert_refused, assert_values, folder_with, run,
};

#[test]
fn len_counts_utf8_bytes_or_elements() {
    assert_values(&[
        ("len(\"é\")", json!(2)),
        ("len(hex\"000102\")", json!(3)),
        ("len([1, [2, 3]])", json!(2)),
    ]);
    assert_fails(&[("len(5)", "an integer")]);
}

#[test]
fn utf8_utf16_and_cstr_encode_text() {
    assert_values(&[
        ("utf8(\"aé\")", json!("61c3a9")),
        ("utf16(\"aé😀\")", json!("6100e9003dd800de")),
        ("cstr(\"ab\")", json!("616200")),
        ("cstr(\"\")", json!("00")),
    ]);
    assert_fails(&[
        ("utf8(1)", "text"),
        ("utf16(hex\"00\")", "text"),
        ("cstr([1])", "text"),
    ]);
}

#[test]
fn number_functions_return_little_endian_bytes() {
    assert_values(&[
        ("i8(-1, 127)", json!("ff7f")),
        ("i16(-2)", json!("feff")),
        ("i32(-2)", json!("feffffff")),
        ("i64(-2)", json!("feffffffffffffff")),
        ("u8(0, 255)", json!("00ff")),
        ("u16(0x1234)", json!("3412")),
        ("u32(1, 0xffffffff)", json!("01000000ffffffff")),
        ("u64(0xffff_ffff_ffff_ffff)", json!("ffffffffffffffff")),
        ("f32(1.5, 0.1)", json!("0000c03fcdcccc3d")),
        ("f64(-2.0)", json!("00000000000000c0")),
        ("f64(3)", json!("0000000000000840")),
    ]);
    assert_fails(&[
        ("u8(256)", "does not fit in u8"),
        ("i8(128)", "does not fit in i8"),
        ("u32(-1)", "as_u32(-1)"),
        ("i32(0xffff_ffff)", "as_i32(4294967295)"),
        ("u8(1.5)", "is a float"),
        ("u8(\"a\")", "text was given; u8 takes a number"),
        ("f32(1e300)", "too large for f32"),
    ]);
    assert_refused("let x = u8()", &["u8(x, …)"]);
}

#[test]
fn as_functions_reinterpret_the_bits() {
    assert_values(&[
        ("as_u32(-1)", json!(4294967295u32)),
        ("as_i32(4294967295)", json!(-1)),
        ("as_u64(-1)", json!(18446744073709551615u64)),
        ("as_i64(18446744073709551615)", json!(-1)),
        ("as_u32(7)", json!(7)),
        ("as_i32(-7)", json!(-7)),
    ]);
    assert_fails(&[
        ("as_u32(0x1_0000_0000)", "4294967296"),
        ("as_i32(1.5)", "a float"),
    ]);
}

#[test]
fn repeat_repeats_text_or_bytes() {
    assert_values(&[
        ("repeat(\"ab\", 3)", json!("ababab")),
        ("repeat(hex\"0a\", 2)", json!("0a0a")),
        ("repeat(\"a\", 0)", json!("")),
    ]);
    assert_fails(&[
        ("repeat(\"a\", -1)", "-1"),
        ("repeat([1], 2)", "text or bytes"),
        ("repeat(\"abc\", 1 << 60)", "MiB"),
    ]);
}

#[test]
fn bytes_encodes_text() {
    assert_values(&[
        ("bytes(\"é\")", json!("c3a9")),
        ("bytes(hex\"01\")", json!("01")),
    ]);
    assert_fails(&[("bytes(1)", "text or bytes")]);
}

#[test]
fn file_reads_relative_to_the_steps_file() {
    let folder = folder_with(GUEST);
    folder.write(
        "inner/s.steps",
        "module \"../guest.wat\"\nlet x = file(\"data/a.bin\")\nlet y = file(\"./data/../data/a.bin\")",
    );
    folder.write("inner/data/a.bin", [0, 255]);
    let trace = folder
        .run(&["run", "inner/s.steps", "--format", "json"])
        .ok_trace();
    assert_eq!(trace.value("x"), "00ff");
    assert_eq!(trace.value("y"), "00ff");
}

#[test]
fn file_stays_in_the_folder_of_the_steps_file() {
    let folder = folder_with(GUEST);
    folder.write("secret", "s");
    let absolute = folder.path().join("secret");
    for path in [
        "../secret",
        "../inner/../secret",
        absolute.to_str().unwrap(),
        "link",
    ] {
        folder.write(
            "inner/s.steps",
            format!("module \"../guest.wat\"\nlet x = file(\"{path}\")"),
        );
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink("../secret", folder.path().join("inner/link"));
        let trace = folder
            .run(&["run", "inner/s.steps", "--format", "json"])
            .failed_trace();
        assert_contains(trace.error(), "leads out of the steps file's folder");
    }
    assert_fails(&[
        ("file(\"missing\")", "cannot read \"missing\""),
        ("file(\".\")", "not a file"),
        ("file(1)", "text"),
    ]);
}

#[test]
fn pages_is_the_current_size_of_memory() {
    let trace =
        run("let a = pages()\ncall grow(2)\nlet b = pages()\nexpect pages() == 3").ok_trace();
    assert_eq!(trace.value("a"), 1);
    assert_eq!(trace.value("b"), 3);
    let trace = super::harness::run_on("(module)", "let a = pages()").failed_trace();
    assert_contains(trace.error(), "no memory");
}

/// A guest that calls `env.log` twice and `env.next` three times, and prints on both streams.
const TALKER: &str = r#"(module
  (import "env" "log" (func $log (param i32 i32) (result i32)))
  (import "env" "next" (func $next (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\ff")
  (func (export "log_twice")
    (drop (call $log (i32.const 16) (i32.const 5)))
    (drop (call $log (i32.const 17) (i32.const 2))))
  (func (export "next") (result i32 i32 i32) (call $next) (call $next) (call $next))
  (func (export "print") (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

const TALKER_IMPORTS: &str = "import env.log(at, n) reads at, n as utf8 ; reads at as u8 ; \
                              returns n + calls(env.log)\nimport env.next() returns [5, 7, \
                              9][calls(env.next)]\n";

#[test]
fn call_reads_and_call_results_return_what_an_import_read_and_returned() {
    let trace = super::harness::run_on(
        TALKER,
        &format!(
            "{TALKER_IMPORTS}call log_twice()\nlet r = call_reads(env.log, 1)\nlet s = \
             call_results(env.log, 1)\nlet none = call_reads(env.next, 0)"
        ),
    )
    .failed_trace();
    assert_eq!(trace.value("r"), &json!(["el", 101]));
    assert_eq!(trace.value("s"), &json!([3]));
    assert_contains(trace.error(), "env.next was called 0 times");
}

#[test]
fn calls_in_an_action_counts_the_calls_before_this_one() {
    let steps = format!("{TALKER_IMPORTS}a, b, c = call next()\nexpect calls(env.next) == 3");
    let trace = super::harness::run_on(TALKER, &steps).ok_trace();
    let values = ["a", "b", "c"].map(|name| trace.value(name).clone());
    assert_eq!(values, [json!(5), json!(7), json!(9)]);
}

#[test]
fn a_call_that_trapped_has_no_results() {
    let steps = "import env.log(at, n) reads at as u8 ; traps \"no\"\nimport env.next() returns 0\n\
                 expect trap \"no\" call log_twice()\nlet x = call_results(env.log, 0)";
    let trace = super::harness::run_on(TALKER, steps).failed_trace();
    assert_contains(
        trace.error(),
        "s.steps:5:9: call 0 of env.log did not return, so it has no results",
    );
}

#[test]
fn printed_returns_all_that_the_guest_has_printed() {
    let steps = format!(
        "{TALKER_IMPORTS}let empty = printed(1)\ncall print(1, 16, 5)\ncall print(2, 17, 1)\n\
         call print(1, 20, 2)\nlet out = printed(1)\nlet errors = printed(2)"
    );
    let trace = super::harness::run_on(TALKER, &steps).ok_trace();
    assert_eq!(trace.value("empty"), "");
    assert_eq!(trace.value("out"), "helloo\\xff");
    assert_eq!(trace.value("errors"), "e");
}

#[test]
fn printed_takes_the_number_of_an_output_stream() {
    assert_refused(
        "let x = printed(3)",
        &[
            "s.steps:2:17",
            "`3` is no stream that a guest prints on",
            "`printed(1)` for standard output, `printed(2)` for standard error",
        ],
    );
    assert_refused("let x = printed()", &["write `printed(1)`"]);
    assert_refused(
        "input x = printed(1)",
        &[
            "s.steps:2:11",
            "`printed(…)` has no value before the guest starts",
        ],
    );
    assert_fails(&[(
        "printed(1 + 2)",
        "was given an integer (3); write 1 for standard output or 2 for standard error",
    )]);
}

#[test]
fn a_part_of_a_call_needs_an_import_and_a_number() {
    assert_refused(
        "let x = call_reads(env.f)",
        &["s.steps:2:25", "write `call_reads(MODULE.NAME, i)`"],
    );
    assert_refused(
        "let x = call_results(f, 0)",
        &["s.steps:2:9", "there is no variable `f` here"],
    );
}

#[test]
fn calls_and_call_args_describe_the_calls_of_an_import() {
    let wat = r#"(module (import "env" "log" (func $log (param i32 f64)))
      (func (export "go") (call $log (i32.const -1) (f64.const 2.5)) (call $log (i32.const 7) (f64.const 0))))"#;
    let steps = "import env.log(a, b)\nlet none = calls(env.log)\ncall go()\nlet two = calls(env.log)\n\
                 let first = call_args(env.log, 0)\nlet n = call_args(env.log, two - 1)[0]\ncall go()\n\
                 expect calls(env.log) == 4";
    let trace = super::harness::run_on(wat, steps).ok_trace();
    assert_eq!(trace.value("none"), 0);
    assert_eq!(trace.value("two"), 2);
    assert_eq!(trace.value("first"), &json!([-1, 2.5]));
    assert_eq!(trace.value("n"), 7);
    let trace = super::harness::run_on(
        wat,
        "import env.log(a, b)\ncall go()\nlet x = call_args(env.log, 2)",
    )
    .failed_trace();
    assert_contains(trace.error(), "called 2 times");
    let trace = super::harness::run_on(
        wat,
        "import env.log(a, b)\ncall go()\nlet x = call_args(env.log, -1)",
    )
    .failed_trace();
    assert_contains(trace.error(), "-1");
    let trace = super::harness::run_on(wat, "expect calls(env.lgo) == 0").failed_trace();
    assert_contains(
        trace.error(),
        "the guest has no import env.lgo; it imports env.log",
    );
}

#[test]
fn unknown_functions_are_refused() {
    assert_refused(
        "let x = lenn(\"a\")",
        &["there is no function `lenn`", "did you mean `len`?"],
    );
    assert_refused("let x = len(1, 2)", &["len(x)"]);
}
