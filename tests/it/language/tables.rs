//! Functions in tables: calls of them by the host, and callbacks that the host puts there.

use serde_json::json;

use super::harness::{Run, assert_contains, run_on};

/// A guest with a table that it does not export: `$add` at 1, `$one` at 2, room up to 6 places.
const FOLDER: &str = r#"(module
  (type $fold (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 4 6 funcref)
  (elem (i32.const 1) $add $one)
  (func $add (param i32 i32) (result i32)
    (i32.store (i32.const 64) (i32.const 9))
    (i32.add (local.get 0) (local.get 1)))
  (func $one (param i32) (result i32) (local.get 0))
  (func (export "fold") (param $f i32) (result i32)
    (call_indirect (type $fold) (i32.const 5) (i32.const 7) (local.get $f)))
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

/// A guest with an imported and an exported table, in which nothing is.
const TWO_TABLES: &str = r#"(module
  (import "env" "mine" (table 2 funcref))
  (table $other (export "other") 3 funcref)
  (table (export "objects") 1 externref)
  (func (export "go") (param i32) (call_indirect $other (local.get 0)))
  (export "table" (func 0)))"#;

fn fold(steps: &str) -> Run {
    run_on(FOLDER, steps)
}

#[test]
fn a_function_in_a_table_is_called_by_its_place() {
    let trace = fold("let at = 1\ns = call table[at](2, 3)\nt = call table[at + 1](8)").ok_trace();
    assert_eq!((trace.value("s"), trace.value("t")), (&json!(5), &json!(8)));
    let step = trace.step(2);
    assert_eq!(
        step["call"],
        json!({"export": "table[1]", "args": [2, 3], "results": [5]})
    );
    assert_eq!(step["changes"][0]["writer"]["function"], "add");
}

#[test]
fn a_place_without_a_fitting_function_fails_the_step() {
    for (call, message) in [
        (
            "call table[0]()",
            "table[0] is empty: no function is at this place of the table",
        ),
        (
            "call table[4]()",
            "table[4] is outside the table, which has 4 places, 0 to 3",
        ),
        ("call table[-1]()", "table[4294967295] is outside the table"),
        (
            "call table[2](1, 2)",
            "table[2] takes 1 argument, 2 given; its type is (i32) -> i32",
        ),
        (
            "a, b = call table[2](1)",
            "table[2] gives 1 result, 2 named",
        ),
        (
            "call table[2](\"a\")",
            "argument 1 of table[2], of type i32: text (\"a\") was given",
        ),
        (
            "call tabel[1](1, 2)",
            "the guest exports and imports no table tabel; write `table` for its only one",
        ),
        (
            "call table[\"a\"]()",
            "the place in the table is text (\"a\"); it must be an integer",
        ),
        (
            "expect trap call table[2](1)",
            "table[2] was expected to trap, but it returned 1",
        ),
    ] {
        assert_contains(fold(call).failed_trace().error(), message);
    }
    fold("call table[x]()").assert_refused(&["s.steps:2:12", "there is no variable `x` here"]);
    fold("call table[1").assert_refused(&["s.steps:2:11", "never closed"]);
    fold("call table[1]").assert_refused(&["s.steps:2:14", "expected `(`"]);
}

#[test]
fn a_table_has_the_name_of_its_export_or_import() {
    let steps = "one = callback in mine(n: i32) -> i32 returns n + 1\n\
                 two = callback in other()\na = call mine[one](4)\nb = call env.mine[one](5)\n\
                 call other[two]()\nexpect calls(one) == 2\nexpect calls(two) == 1";
    let trace = run_on(TWO_TABLES, steps).ok_trace();
    assert_eq!((trace.value("a"), trace.value("b")), (&json!(5), &json!(6)));
    for (step, message) in [
        (
            "cb = callback()",
            "the guest has 3 tables; name one of them: `callback in TABLE(…)`",
        ),
        (
            "cb = callback in nothing()",
            "the guest has no table nothing; its tables are other, objects and mine",
        ),
        (
            "cb = callback in objects()",
            "a callback needs a table of functions",
        ),
        (
            "call objects[0]()",
            "objects[0] is not a function: table objects holds other references",
        ),
        ("call table[0]()", "the guest has no table table"),
    ] {
        assert_contains(run_on(TWO_TABLES, step).failed_trace().error(), message);
    }
}

#[test]
fn a_callback_is_called_by_the_guest() {
    let trace = fold(
        "let more = 100\ncb = callback(a: i32, b: i32) -> i32 writes 16, u8(a, b) ; let sum = a + b \
         ; seen = reads 16 as u8[2] ; d = call twice(sum) ; returns d + more + calls(cb)\n\
         s = call fold(cb)\nt = call fold(cb)\nexpect calls(cb) == 2\n\
         expect call_args(cb, 1) == [5, 7]\nexpect call_reads(cb, 0) == [[5, 7]]\n\
         expect call_results(cb, 1) == [125]",
    )
    .ok_trace();
    assert_eq!(trace.value("cb"), 3);
    assert_eq!(
        (trace.value("s"), trace.value("t")),
        (&json!(124), &json!(125))
    );
    assert_eq!(trace.step(2)["kind"], "callback");
    let call = trace.step(3);
    assert_eq!(call["imports_called"][0]["name"], "callback.cb");
    assert_eq!(call["changes"][0]["writer"]["import"], "callback.cb");
}

#[test]
fn a_table_of_a_fixed_size_takes_a_callback_too() {
    for table in ["(table 4 4 funcref)", "(table (export \"t\") 4 4 funcref)"] {
        let wat = FOLDER.replace("(table 4 6 funcref)", table);
        let trace = run_on(
            &wat,
            "cb = callback(a: i32, b: i32) -> i32 returns a * b\ns = call fold(cb)\n\
             zero = callback(a: i32, b: i32) -> i32 returns b\nt = call fold(zero)\n\
             u = call fold(1)\nfull = callback()",
        )
        .failed_trace();
        assert_eq!(
            (trace.value("cb"), trace.value("s")),
            (&json!(3), &json!(35))
        );
        assert_eq!(
            (trace.value("zero"), trace.value("t")),
            (&json!(0), &json!(7))
        );
        assert_eq!(trace.value("u"), 12);
        assert_contains(trace.error(), "its 4 places are all taken");
    }
}

#[test]
fn callbacks_take_the_end_of_the_table_then_grow_it_then_fill_gaps() {
    let steps: Vec<String> = (0..4)
        .map(|n| format!("c{n} = callback(a: i32, b: i32) -> i32 returns {n}"))
        .chain((0..4).map(|n| format!("r{n} = call fold(c{n})")))
        .chain(["last = callback()".to_owned()])
        .collect();
    let trace = fold(&steps.join("\n")).failed_trace();
    let places = ["c0", "c1", "c2", "c3"].map(|name| trace.value(name).clone());
    assert_eq!(places, [json!(3), json!(4), json!(5), json!(0)]);
    let results = ["r0", "r1", "r2", "r3"].map(|name| trace.value(name).clone());
    assert_eq!(results, [json!(0), json!(1), json!(2), json!(3)]);
    assert_contains(
        trace.error(),
        "the table has no place left for a callback: its 6 places are all taken",
    );
}

#[test]
fn a_callback_of_another_type_traps_when_the_guest_calls_it() {
    let trace = fold("cb = callback(a: i32) -> i32 returns a\ns = call fold(cb)").trapped_trace();
    assert_contains(trace.error(), "indirect call type mismatch");
    let trace = fold("cb = callback(a: i32, b: i32) -> i32 traps \"no more\"\ns = call fold(cb)")
        .trapped_trace();
    assert_contains(trace.error(), "no more");
    let trace = fold("cb = callback(a: i32, b: i32) -> i32 returns \"x\"\ns = call fold(cb)")
        .trapped_trace();
    assert_contains(
        trace.error(),
        "callback cb: returns: text (\"x\") was given; an integer is needed",
    );
}

#[test]
fn several_results_have_their_types_in_brackets() {
    let trace = fold(
        "cb = callback(a: f32) -> (i64, f64) returns 1 << 40, 0.5\nx, y = call table[cb](1.5)\n\
         let seen = call_args(cb, 0)",
    )
    .ok_trace();
    assert_eq!(trace.value("x"), &json!(1u64 << 40));
    assert_eq!(trace.value("y"), &json!(0.5));
    assert_eq!(trace.value("seen"), &json!([1.5]));
}

#[test]
fn mistakes_in_a_callback_are_refused_with_their_place() {
    for (step, texts) in [
        (
            "cb = callback(a) returns a",
            [
                "s.steps:2:16",
                "expected `:`",
                "its type in the guest: `a: i32`",
            ],
        ),
        (
            "cb = callback(a: int)",
            ["s.steps:2:18", "there is no type `int`", "`i32`, `i64`"],
        ),
        (
            "cb = callback(a: i32, a: i32)",
            [
                "s.steps:2:23",
                "two parameters are called `a`",
                "its own name",
            ],
        ),
        (
            "cb = callback(a: i32) -> i32",
            [
                "s.steps:2:1",
                "returns nothing, but its type has 1 result",
                "after `returns`",
            ],
        ),
        (
            "cb = callback() returns 1, 2",
            [
                "s.steps:2:1",
                "gives 2 values, but the callback's type has 0 results",
                "after `->`",
            ],
        ),
        (
            "cb = callback(a: i32) -> i32 returns q",
            ["s.steps:2:38", "there is no variable `q` here", ""],
        ),
        (
            "callback(a: i32)",
            [
                "s.steps:2:1",
                "the value of `callback` has no name",
                "write `x = callback(a: i32)`",
            ],
        ),
        (
            "let cb = callback(a: i32)",
            [
                "s.steps:2:10",
                "cannot be used inside an expression",
                "`cb = callback(…)`",
            ],
        ),
        (
            "a, b = callback()",
            [
                "s.steps:2:8",
                "`callback` has one result, but 2 names are given",
                "give one name",
            ],
        ),
        (
            "let n = calls(cb)",
            ["s.steps:2:9", "there is no variable `cb` here", ""],
        ),
        (
            "call fold(1) -> x",
            [
                "s.steps:2:14",
                "found `->`",
                "write the results first: `NAME = call …`",
            ],
        ),
    ] {
        fold(step).assert_refused(&texts);
    }
    let trace = fold("let x = 1\nlet n = calls(x)").failed_trace();
    assert_contains(trace.error(), "`x` is not a callback");
}
