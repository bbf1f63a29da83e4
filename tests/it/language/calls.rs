//! `let`, `call`, `global` and `set`.

use serde_json::json;

use super::harness::{assert_contains, assert_refused, run};

#[test]
fn let_binds_a_value() {
    let trace = run("let x = 5\nlet y = x * x\nlet x = y + 1").ok_trace();
    assert_eq!(trace.value("y"), 25);
    assert_eq!(trace.value("x"), 26);
    assert_eq!(trace.step(1)["kind"], "let");
    assert_refused("let y = x\nlet x = 1", &["`x` has no value yet"]);
}

#[test]
fn a_call_binds_all_results_or_none() {
    let trace =
        run("a, b = call pair(-3)\ncall pair(4)\ncall nothing()\n_, c = call pair(5)").ok_trace();
    assert_eq!(trace.value("a"), -3);
    assert_eq!(trace.value("b"), -6);
    assert_eq!(trace.value("c"), 10);
    assert_eq!(trace.step(2)["call"]["results"], json!([4, 8]));
    assert_eq!(trace.step(2)["bindings"], json!({}));
    assert_eq!(trace.step(3)["call"]["results"], json!([]));
    for (step, words) in [
        ("a = call pair(1)", "pair gives 2 results, 1 named"),
        ("a, b, c = call pair(1)", "pair gives 2 results, 3 named"),
        ("a = call nothing()", "nothing gives 0 results, 1 named"),
    ] {
        let trace = run(step).failed_trace();
        assert_contains(trace.error(), words);
        assert_eq!(
            trace.step(1)["call"],
            json!(null),
            "the call must not run: {step}"
        );
    }
}

#[test]
fn an_i32_takes_a_truth_value_as_1_or_0() {
    let trace = run(
        "input on = false\na = call id32(true)\nb = call id32(on)\nless = call \
                     id32(2 < 1)\nq = call divide(7, 1 == 1)",
    )
    .ok_trace();
    assert_eq!((trace.value("a"), trace.value("b")), (&json!(1), &json!(0)));
    assert_eq!(trace.value("less"), 0);
    assert_eq!(trace.value("q"), 7);
}

#[test]
fn arguments_are_checked_against_the_type_of_the_export() {
    for (step, words) in [
        (
            "call id32()",
            "id32 takes 1 argument, 0 given; its type is (i32) -> i32",
        ),
        ("call divide(1)", "divide takes 2 arguments, 1 given"),
        (
            "call id32(1.5)",
            "argument 1 of id32, of type i32: a float (1.5) was given; an integer is needed",
        ),
        ("call id32(\"a\")", "text (\"a\") was given"),
        ("call id64(1 << 64)", "does not fit in an i64"),
        (
            "call id64(true)",
            "argument 1 of id64, of type i64: a truth value (true) was given; an integer is needed",
        ),
        ("call idf32(false)", "a float is needed"),
        ("call idf64(null)", "a float is needed"),
    ] {
        let trace = run(step).failed_trace();
        assert_contains(trace.error(), words);
    }
}

#[test]
fn calls_of_missing_exports_fail() {
    assert_contains(
        run("call id23(1)").failed_trace().error(),
        "no export named \"id23\"; did you mean id32?",
    );
    assert_contains(
        run("call memory()").failed_trace().error(),
        "memory is not a function but a memory",
    );
    assert_contains(
        run("x = global id32").failed_trace().error(),
        "id32 is not a global but a function",
    );
    assert_contains(
        run("set id32 = 1").failed_trace().error(),
        "id32 is not a global but a function",
    );
}

#[test]
fn exported_globals_are_read_and_set() {
    let trace = run("a = global answer\nb = global count\nset count = 1 << 40\nc = global count\nset ratio = 0.5\n\
                     r = global ratio\nset count = 0xffff_ffff_ffff_ffff\nd = global count")
    .ok_trace();
    assert_eq!(trace.value("a"), 42);
    assert_eq!(trace.value("b"), -7);
    assert_eq!(trace.value("c"), 1u64 << 40);
    assert_eq!(trace.value("r"), &json!(0.5));
    assert_eq!(trace.value("d"), -1);
    assert_eq!(
        (&trace.step(1)["kind"], &trace.step(3)["kind"]),
        (&json!("global"), &json!("set"))
    );
}

#[test]
fn immutable_or_mistyped_globals_cannot_be_set() {
    assert_contains(
        run("set answer = 1").failed_trace().error(),
        "global answer is not mutable",
    );
    assert_contains(
        run("set count = 1.5").failed_trace().error(),
        "global count, of type i64: a float (1.5) was given; an integer is needed",
    );
    assert_contains(
        run("set count = 1 << 64").failed_trace().error(),
        "does not fit in an i64",
    );
}
