//! Each operator by example, and every refusal by its message.

use super::*;

#[test]
fn integers_are_exact() {
    let cases = [
        (7, Add, 5, 12),
        (7, Subtract, 9, -2),
        (-7, Multiply, 3, -21),
        (7, Divide, -2, -3),
        (-7, Divide, 2, -3),
        (-7, Remainder, 2, -1),
        (7, Remainder, -2, 1),
        (i128::MIN, Remainder, -1, 0),
        (0b1100, Or, 0b1010, 0b1110),
        (0b1100, Xor, 0b1010, 0b0110),
        (-1, And, 0xff, 0xff),
        (1, ShiftLeft, 126, 1 << 126),
        (-1, ShiftLeft, 127, i128::MIN),
        (0, ShiftLeft, 127, 0),
        (-5, ShiftRight, 1, -3),
        (-1, ShiftRight, 127, -1),
        (i128::MAX, Add, 0, i128::MAX),
    ];
    for (a, op, b, expected) in cases {
        assert_eq!(
            evaluate(&binary(int(a), op, int(b)), &env()),
            Ok(Value::Int(expected)),
            "{a} {op:?} {b}"
        );
    }
    assert_eq!(shown(unary(UnaryOp::Not, int(0))), "-1");
    assert_eq!(shown(unary(UnaryOp::Minus, name("n"))), "-26");
}

#[test]
fn what_integers_cannot_do_is_an_error() {
    let refused = |a, op, b| refusal(binary(int(a), op, int(b)));
    assert_eq!(refused(1, Divide, 0), "1 / 0 divides by zero");
    assert_eq!(refused(1, Remainder, 0), "1 % 0 divides by zero");
    assert_eq!(
        refused(3, ShiftLeft, -1),
        "`<<` cannot shift by -1 bits; it shifts by 0 to 127"
    );
    assert_eq!(
        refused(3, ShiftRight, 128),
        "`>>` cannot shift by 128 bits; it shifts by 0 to 127"
    );
    assert!(refused(i128::MAX, Add, 1).ends_with(" + 1 overflows 128 bits"));
    assert!(refused(i128::MIN, Subtract, 1).ends_with("overflows 128 bits"));
    assert!(refused(i128::MAX, Multiply, 2).ends_with("overflows 128 bits"));
    assert!(refused(i128::MIN, Divide, -1).ends_with("overflows 128 bits"));
    assert_eq!(refused(1, ShiftLeft, 127), "1 << 127 overflows 128 bits");
    assert!(refusal(unary(UnaryOp::Minus, int(i128::MIN))).ends_with("overflows 128 bits"));
}

#[test]
fn floats_keep_their_width() {
    assert_eq!(
        shown(binary(float(0.1), Add, float(0.2))),
        "0.30000000000000004"
    );
    assert_eq!(shown(binary(float32(0.1), Add, float32(0.2))), "0.3");
    let narrow = evaluate(&binary(float32(1.0), Divide, float32(3.0)), &env()).unwrap();
    assert!(matches!(narrow, Value::Float(Float::F32(_))));
    let wide = evaluate(&binary(float32(1.0), Divide, float(3.0)), &env()).unwrap();
    assert!(matches!(wide, Value::Float(Float::F64(_))));
    assert_eq!(shown(binary(float(-7.5), Remainder, float(2.0))), "-1.5");
    assert_eq!(shown(unary(UnaryOp::Minus, float32(0.0))), "-0.0");
    assert_eq!(
        refusal(binary(float(1.0), Divide, float(-0.0))),
        "1.0 / 0 divides by zero"
    );
    assert_eq!(
        refusal(binary(float(1.0), And, float(1.0))),
        "`&` was given a float (1.0) and a float (1.0); it takes integers or truth values"
    );
}

#[test]
fn floats_of_two_widths_compare_as_the_narrower() {
    for (op, holds) in [
        (Equal, true),
        (NotEqual, false),
        (Less, false),
        (LessOrEqual, true),
        (GreaterOrEqual, true),
    ] {
        assert_eq!(
            shown(binary(float32(0.1), op, float(0.1))),
            holds.to_string(),
            "{op:?}"
        );
        assert_eq!(
            shown(binary(float(0.1), op, float32(0.1))),
            holds.to_string(),
            "{op:?}"
        );
    }
    assert_eq!(shown(binary(float32(0.1), Less, float(0.2))), "true");
    assert_eq!(
        shown(binary(float32(f32::INFINITY), Greater, float(1e300))),
        "true"
    );
}

#[test]
fn truth_values_have_logic_and_no_arithmetic() {
    assert_eq!(shown(binary(boolean(true), And, boolean(false))), "false");
    assert_eq!(shown(binary(boolean(true), Or, boolean(false))), "true");
    assert_eq!(shown(binary(boolean(true), Xor, boolean(true))), "false");
    assert_eq!(shown(unary(UnaryOp::Not, boolean(true))), "false");
    assert_eq!(
        refusal(binary(boolean(true), Add, boolean(true))),
        "`+` was given a truth value (true) and a truth value (true); it takes numbers"
    );
    assert!(refusal(binary(boolean(true), And, int(1))).starts_with("`&` cannot mix"));
}

#[test]
fn mixed_types_are_an_error_that_says_what_to_write() {
    let mixed = "cannot mix an integer (3) and a float (1.5); write the integer as a float: `3.0`";
    for (op, sign) in [(Add, "+"), (Equal, "=="), (Less, "<")] {
        assert_eq!(
            refusal(binary(int(3), op, float(1.5))),
            format!("`{sign}` {mixed}")
        );
    }
    assert_eq!(
        refusal(binary(text("a"), Join, bytes(b"b"))),
        "`++` cannot mix text (\"a\") and bytes (hex\"62\"); write `utf8(…)` around the text"
    );
    assert_eq!(
        refusal(binary(text("a"), Equal, bytes(b"a"))),
        "`==` cannot mix text (\"a\") and bytes (hex\"61\"); write `utf8(…)` around the text"
    );
    assert_eq!(
        refusal(binary(text("a"), Add, text("b"))),
        "`+` was given text (\"a\") and text (\"b\"); it takes numbers; `++` joins them"
    );
    assert_eq!(
        refusal(binary(text("a"), Join, int(1))),
        "`++` was given text (\"a\") and an integer (1); it takes text and text, or bytes and bytes"
    );
    assert!(
        refusal(binary(name("empty"), Join, name("empty")))
            .ends_with("it takes text and text, or bytes and bytes")
    );
    assert_eq!(
        refusal(binary(literal(Value::Null), Equal, int(0))),
        "`==` cannot mix null and an integer (0)"
    );
    assert_eq!(
        refusal(unary(UnaryOp::Minus, text("a"))),
        "`-` was given text (\"a\"); it takes a number"
    );
    assert_eq!(
        refusal(unary(UnaryOp::Not, float(1.0))),
        "`~` was given a float (1.0); it takes an integer or a truth value"
    );
}

#[test]
fn comparisons_are_of_one_type() {
    let truths = [
        binary(int(1), Less, int(2)),
        binary(int(2), GreaterOrEqual, int(2)),
        binary(text("Z"), Less, text("a")),
        binary(text("é"), Greater, text("z")),
        binary(bytes(&[1]), Less, bytes(&[1, 0])),
        binary(float(0.0), Equal, float(-0.0)),
        binary(float(f64::NAN), NotEqual, float(f64::NAN)),
        binary(float32(0.5), Equal, float(0.5)),
        binary(literal(Value::Null), Equal, literal(Value::Null)),
        binary(
            list(vec![int(1), text("a")]),
            Equal,
            list(vec![int(1), text("a")]),
        ),
        binary(list(vec![int(1)]), NotEqual, list(vec![int(1), int(2)])),
        binary(text("ab"), Equal, binary(text("a"), Join, text("b"))),
    ];
    for truth in truths {
        assert_eq!(evaluate(&truth, &env()), Ok(Value::Bool(true)), "{truth:?}");
    }
    assert_eq!(
        shown(binary(float(f64::NAN), LessOrEqual, float(1.0))),
        "false"
    );
    assert_eq!(
        shown(binary(float(f64::NAN), GreaterOrEqual, float(1.0))),
        "false"
    );
    assert!(
        refusal(binary(list(vec![int(1)]), Equal, list(vec![float(1.0)])))
            .starts_with("`==` cannot mix")
    );
    assert_eq!(
        refusal(binary(name("empty"), Less, name("empty"))),
        "`<` was given a list ([]) and a list ([]); it takes numbers, text or bytes"
    );
}

#[test]
fn an_index_counts_bytes_or_elements() {
    assert_eq!(shown(index(list(vec![int(5), text("b")]), int(1))), "\"b\"");
    assert_eq!(shown(index(bytes(&[7, 0xff]), int(1))), "255");
    assert_eq!(shown(index(text("é"), int(1))), "169");
    assert_eq!(
        refusal(index(text("abc"), int(3))),
        "index 3 is outside a text of 3 bytes; its indices are 0 to 2"
    );
    assert_eq!(
        refusal(index(bytes(b"a"), int(-1))),
        "index -1 is outside 1 byte; its indices are 0 to 0"
    );
    assert_eq!(
        refusal(index(name("empty"), int(i128::MAX))),
        format!(
            "index {} is outside a list of 0 elements; it is empty",
            i128::MAX
        )
    );
    assert_eq!(
        refusal(index(text("abc"), text("a"))),
        "an index is text (\"a\"); it must be an integer"
    );
    assert_eq!(
        refusal(index(name("n"), int(0))),
        "an integer (26) has no index; only text, bytes and lists have one"
    );
}

#[test]
fn a_slice_keeps_its_type() {
    assert_eq!(shown(slice(name("text"), 4, 7)), "\"you\"");
    assert_eq!(shown(slice(bytes(&[1, 2, 3]), 1, 3)), "hex\"02 03\"");
    assert_eq!(shown(slice(list(vec![int(1), int(2)]), 0, 1)), "[1]");
    assert_eq!(shown(slice(text("é"), 2, 2)), "\"\"");
    assert_eq!(
        refusal(slice(name("text"), 9, 13)),
        "9..13 is outside a text of 12 bytes; a slice must be within 0..12"
    );
    assert_eq!(
        refusal(slice(name("text"), -1, 2)),
        "-1..2 is outside a text of 12 bytes; a slice must be within 0..12"
    );
    assert_eq!(
        refusal(slice(name("text"), 3, 2)),
        "the slice 3..2 ends before it starts; write the smaller bound first"
    );
    assert_eq!(
        refusal(slice(text("aé"), 0, 2)),
        "byte 2 is inside a character; to slice the bytes, use `utf8(…)`"
    );
    assert_eq!(
        refusal(slice(int(5), 0, 1)),
        "an integer (5) has no slices; only text, bytes and lists have them"
    );
}
