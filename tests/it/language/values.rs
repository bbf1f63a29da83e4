//! Values and operators.

use serde_json::json;

use super::harness::{assert_contains, assert_fails, assert_values, run};

#[test]
fn integers_are_exact_and_never_wrap_silently() {
    assert_values(&[(
        "0xffff_ffff_ffff_ffff + 1 == 18446744073709551616",
        json!(true),
    )]);
    let trace = run("let x = 1 << 126").ok_trace();
    assert_eq!(trace.value("x").to_string(), (1i128 << 126).to_string());
    assert_fails(&[
        (
            "170141183460469231731687303715884105727 + 1",
            "overflows 128 bits",
        ),
        (
            "-170141183460469231731687303715884105728 - 1",
            "overflows 128 bits",
        ),
        ("(1 << 100) * (1 << 100)", "overflows 128 bits"),
        ("1 << 127", "overflows 128 bits"),
    ]);
    let trace = run("call id32(0x1_0000_0000)").failed_trace();
    assert_contains(trace.error(), "does not fit in an i32");
}

#[test]
fn results_of_type_i32_and_i64_are_signed() {
    let trace =
        run("a = call id32(0xffff_ffff)\nb = call id64(0xffff_ffff_ffff_ffff)\nc = call id64(-5)")
            .ok_trace();
    assert_eq!(trace.value("a"), -1);
    assert_eq!(trace.value("b"), -1);
    assert_eq!(trace.value("c"), -5);
    assert_eq!(trace.step(1)["call"]["results"], json!([-1]));
}

#[test]
fn floats_keep_their_type() {
    let steps = "r = call idf32(0.1)\nw = call idf64(0.1)\nexpect r == 0.1\nexpect 0.1 == r\nexpect w == 0.1\n\
                 expect r == w\nexpect r <= 0.1\nexpect r >= 0.1\nlet less = r < 0.1\nlet more = 0.1 < r\n\
                 let half = r / r\nexpect r < 0.2\nexpect [r, r] == [0.1, w]\nlet bits = f32(r)\nlet other = f64(w)";
    let trace = run(steps).ok_trace();
    assert_eq!(trace.value("r").to_string(), "0.1");
    assert_eq!(trace.value("less"), false);
    assert_eq!(trace.value("more"), false);
    assert_eq!(trace.value("bits"), "cdcccc3d");
    assert_eq!(trace.value("other"), "9a9999999999b93f");
    let trace = run("g = global ratio\nexpect g == 0.1\nwrite 64, f32(0.1)\nm = read 64 as f32\nexpect m == 0.1").ok_trace();
    assert_eq!(trace.value("m").to_string(), "0.1");
    let trace = run("r = call idf32(0.1)\nexpect r == 0.25").failed_trace();
    assert_contains(
        trace.error(),
        "left:  0.1\nright: 0.25\none side is an f32, the other an f64",
    );
}

#[test]
fn floats_survive_a_round_trip() {
    let steps = "a = call idf32(1.5)\nb = call idf64(-0.0)\nc = call idf32(inf)\nd = call idf64(nan)\n\
                 e = call idf64(3)\nf = call idf32(16777216)";
    let trace = run(steps).ok_trace();
    assert_eq!(trace.value("a"), &json!(1.5));
    assert_eq!(trace.value("b").to_string(), "-0.0");
    assert_eq!(trace.value("c"), "inf");
    assert_eq!(trace.value("d"), "nan");
    assert_eq!(trace.value("e").to_string(), "3.0");
    assert_eq!(trace.value("f").to_string(), "16777216.0");
    assert_contains(
        run("call idf32(16777217)").failed_trace().error(),
        "not exact",
    );
}

#[test]
fn v128_is_sixteen_bytes() {
    let trace = run("v = call id128(hex\"000102030405060708090a0b0c0d0e0f\")").ok_trace();
    assert_eq!(trace.value("v"), "000102030405060708090a0b0c0d0e0f");
    assert_eq!(trace.type_of("v"), "bytes");
    assert_contains(
        run("call id128(hex\"00\")").failed_trace().error(),
        "16 bytes",
    );
    assert_contains(run("call id128(1)").failed_trace().error(), "16 bytes");
}

#[test]
fn null_is_a_reference_argument() {
    let trace = run("x = call is_null(null)\ny = call is_null_func(null)\nr = call null_ref()\nexpect r == null").ok_trace();
    assert_eq!(trace.value("x"), 1);
    assert_eq!(trace.value("y"), 1);
    assert_eq!(trace.value("r"), &json!(null));
    assert_contains(run("call is_null(1)").failed_trace().error(), "null");
    assert_contains(
        run("call some_func()").failed_trace().error(),
        "reference that is not null",
    );
}

#[test]
fn negative_i32_addresses_are_read_unsigned() {
    let trace = run("p = call id32(-16)\nx = read p, 4 as bytes").failed_trace();
    assert_contains(trace.error(), "0xfffffff0..0xfffffff4");
    assert_contains(trace.error(), "p is -16, from step 1");
    assert_eq!(trace.findings(2), ["out-of-bounds"]);
    let trace = run("n = call id32(-1)\nx = read 0, n as bytes").failed_trace();
    assert_contains(trace.error(), "4294967295 bytes");
}

#[test]
fn addresses_outside_the_index_type_name_the_variable() {
    for step in [
        "write far, \"a\"",
        "x = read far, 1 as utf8",
        "x = read 0, far as utf8",
        "x = read 0 as u8[far]",
        "x = read far as u8",
        "x = read far as cstr",
        "region r = far, 1",
        "region r = 0, far",
        "block b = far, 1",
        "x = grow far",
        "write (far), \"a\"",
    ] {
        let trace = run(&format!("let far = 0x1_0000_0000\n{step}")).failed_trace();
        assert_contains(trace.error(), "`far` is 4294967296");
    }
    let trace = run("let far = 0xffff_ffff\nx = read far + 1, 1 as utf8").failed_trace();
    assert_contains(trace.error(), "the address, made from `far`, is 4294967296");
    let trace = run("let low = -0x8000_0001\nwrite low, \"a\"").failed_trace();
    assert_contains(trace.error(), "`low` is -2147483649");
    let trace = run("let p = 1.5\nwrite p, \"a\"").failed_trace();
    assert_contains(trace.error(), "`p` is a float");
}

#[test]
fn comparisons_return_booleans() {
    assert_values(&[
        ("1 == 1", json!(true)),
        ("1 != 1", json!(false)),
        ("1 < 2", json!(true)),
        ("2 <= 2", json!(true)),
        ("1 > 2", json!(false)),
        ("2 >= 3", json!(false)),
        ("\"a\" == \"a\"", json!(true)),
        ("\"a\" < \"b\"", json!(true)),
        ("hex\"00\" == u8(0)", json!(true)),
        ("hex\"00\" < hex\"01\"", json!(true)),
        ("[1, 2] == [1, 2]", json!(true)),
        ("[1] != [2]", json!(true)),
        ("true == false", json!(false)),
        ("nan == nan", json!(false)),
        ("null == null", json!(true)),
    ]);
}

#[test]
fn operator_precedence_matches_the_page() {
    assert_values(&[
        ("1 | 2 == 3", json!(true)),
        ("1 | 3 ^ 1", json!(3)),
        ("1 ^ 3 & 2", json!(3)),
        ("1 & 2 << 1", json!(0)),
        ("1 << 1 + 1", json!(4)),
        ("1 + 2 * 3", json!(7)),
        ("7 - 2 - 1", json!(4)),
        ("-2 * 3", json!(-6)),
        ("~0 & 0xff", json!(255)),
        ("-[5][0]", json!(-5)),
        ("(1 + 2) * 3", json!(9)),
        ("\"a\" ++ \"b\" == \"ab\"", json!(true)),
    ]);
}

#[test]
fn arithmetic_matches_the_page() {
    assert_values(&[
        ("7 / 2", json!(3)),
        ("-7 / 2", json!(-3)),
        ("-7 % 2", json!(-1)),
        ("-8 >> 1", json!(-4)),
        ("-1 >> 100", json!(-1)),
        ("~5", json!(-6)),
        ("5 ^ 1", json!(4)),
        ("1.5 + 2.0", json!(3.5)),
        ("3.0 / 2.0", json!(1.5)),
        ("-(-3)", json!(3)),
    ]);
}

#[test]
fn concatenation_requires_equal_types() {
    assert_values(&[
        ("\"a\" ++ \"é\"", json!("aé")),
        ("hex\"00\" ++ hex\"01\"", json!("0001")),
        ("u8(1) ++ utf8(\"a\")", json!("0161")),
    ]);
    assert_fails(&[
        ("\"a\" ++ hex\"00\"", "`++` cannot mix"),
        ("1 ++ 2", "it takes text and text"),
        ("\"a\" + \"b\"", "`++` joins them"),
    ]);
}

#[test]
fn indexes_and_slices_count_bytes() {
    assert_values(&[
        ("[10, 20, 30][1]", json!(20)),
        ("[10, 20, 30][1..3]", json!([20, 30])),
        ("hex\"0a0b0c\"[2]", json!(12)),
        ("hex\"0a0b0c\"[0..2]", json!("0a0b")),
        ("\"héllo\"[0..3]", json!("hé")),
        ("\"hello\"[1..1]", json!("")),
        ("\"hello\"[0]", json!(104)),
    ]);
    assert_fails(&[
        ("[1, 2][2]", "2"),
        ("[1, 2][-1]", "-1"),
        ("hex\"00\"[1..3]", "3"),
        ("\"abc\"[2..1]", "1"),
        ("\"é\"[0..1]", "inside a character"),
        ("5[0]", "an integer"),
    ]);
}

#[test]
fn expression_errors_fail_the_step() {
    assert_fails(&[
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("1.0 / 0.0", "divides by zero"),
        ("1 + \"a\"", "cannot mix"),
        ("1 + 1.5", "1.0"),
        ("1 == \"1\"", "cannot mix"),
        ("1 < true", "cannot mix"),
        ("-\"a\"", "takes a number"),
        ("~1.5", "takes an integer"),
        ("1 << 128", "0 to 127"),
        ("1 << -1", "0 to 127"),
        ("true + true", "takes numbers"),
        ("null < null", "null"),
    ]);
    let trace = run("let fine = 1\nlet x = 1 / 0").failed_trace();
    assert_contains(trace.error(), "s.steps:3:");
    assert_eq!(trace.last()["outcome"], "failed");
}
