//! Addresses, failed expectations, inputs.

use super::*;

#[test]
fn an_address_is_read_unsigned() {
    let place = |n, is_64| address(&Value::Int(n), "`ptr`", is_64);
    assert_eq!(place(1024, false), Ok(1024));
    assert_eq!(place(-1, false), Ok(0xffff_ffff));
    assert_eq!(place(0xffff_ffff, false), Ok(0xffff_ffff));
    assert_eq!(place(-1, true), Ok(u64::MAX));
    assert_eq!(place(1 << 40, true), Ok(1 << 40));
    assert_eq!(
        place(1 << 32, false).unwrap_err().to_string(),
        "`ptr` is 4294967296; an address or length of 32 bits is 0 to 4294967295"
    );
    assert!(place(i128::from(i32::MIN) - 1, false).is_err());
    assert!(
        place(1 << 64, true)
            .unwrap_err()
            .to_string()
            .contains("64 bits")
    );
    assert!(place(i128::MIN, true).is_err());
    assert_eq!(
        address(&Value::Text("x".into()), "the address", false)
            .unwrap_err()
            .to_string(),
        "the address is text (\"x\"); it must be an integer"
    );
    assert_eq!(
        address(&Value::Null, "`p`", false).unwrap_err().to_string(),
        "`p` is null; it must be an integer"
    );
    assert_eq!(subject(&name("ptr"), "the address"), "`ptr`");
    assert_eq!(subject(&int(5), "the address"), "the address");
    let sum = binary(int(5), Add, name("ptr"));
    assert_eq!(
        subject(&sum, "the address"),
        "the address, made from `ptr`,"
    );
}

#[test]
fn a_failed_comparison_shows_both_sides() {
    let explained = |expr| explain_failure(&expr, &env());
    assert_eq!(
        explained(binary(name("n"), Equal, int(27))),
        "left:  26\nright: 27"
    );
    assert_eq!(
        explained(binary(
            name("text"),
            Equal,
            binary(name("text"), Join, text(" that"))
        )),
        "left:  \"Did you know\"\nright: \"Did you know that\"\nfirst difference at byte 12: left \
         ends, right has 0x20 ' '"
    );
    assert_eq!(
        explained(binary(bytes(&[1, 2]), Equal, bytes(&[1, 0x1b]))),
        "left:  hex\"01 02\"\nright: hex\"01 1b\"\nfirst difference at byte 1: left has 0x02, \
         right has 0x1b"
    );
    assert_eq!(
        explained(binary(int(1), NotEqual, int(1))),
        "both sides are 1"
    );
    assert_eq!(
        explained(binary(
            list(vec![int(1), int(2)]),
            Equal,
            list(vec![int(1), int(3)])
        )),
        "left:  [1, 2]\nright: [1, 3]\nfirst difference at element 1: left has 2, right has 3"
    );
    assert_eq!(explained(boolean(false)), "the value is false");
    assert_eq!(
        explained(name("n")),
        "expected true or false, found an integer (26)"
    );
    assert_eq!(explained(name("nope")), "`nope` has no value here");
    assert_eq!(
        explained(binary(name("nope"), Equal, int(1))),
        "`nope` has no value here"
    );
    assert_eq!(explained(boolean(true)), "the expectation holds");
    assert_eq!(
        explained(binary(int(1), Equal, int(1))),
        "the expectation holds"
    );
}

#[test]
fn a_difference_far_into_a_text_is_shown_where_it_is() {
    let long = |end: &str| text(&format!("{}{end}", "abcdefghij".repeat(30)));
    let lines = explain_failure(&binary(long("x\u{1b}"), Equal, long("y")), &env());
    let lines: Vec<_> = lines.lines().collect();
    assert!(lines[0].ends_with("\"… 302 bytes in all"), "{}", lines[0]);
    assert_eq!(
        lines[2..],
        [
            "first difference at byte 300: left has 0x78 'x', right has 0x79 'y'",
            "left there:  …\"ghijabcdefghijabcdefghijx\\u{1b}\"",
            "right there: …\"ghijabcdefghijabcdefghijy\"",
        ]
    );
}

#[test]
fn surprising_floats_are_explained() {
    let explained = |left, op, right| explain_failure(&binary(left, op, right), &env());
    assert_eq!(
        explained(float32(0.1), NotEqual, float(0.1000000001)),
        "left:  0.1\nright: 0.1000000001\none side is an f32, the other an f64; they are compared \
         as f32"
    );
    assert_eq!(
        explained(float32(0.1), NotEqual, float(0.1)),
        "both sides are 0.1"
    );
    assert!(
        explained(float(f64::NAN), Equal, float(f64::NAN))
            .ends_with("`x != x` is true only where x is nan")
    );
    assert!(
        explained(float(f64::NAN), Less, float(1.0)).ends_with("no comparison with nan is true")
    );
    assert_eq!(
        explained(float(2.0), Less, float(1.0)),
        "left:  2.0\nright: 1.0"
    );
}

#[test]
fn an_input_keeps_the_type_of_its_default() {
    let text = |s: &str| Value::Text(s.to_owned());
    let given =
        |default: &Value, typed: &str, parsed: Option<Value>| coerce_input(default, typed, parsed);
    let message = |default: &Value, typed: &str, parsed: Option<Value>| {
        coerce_input(default, typed, parsed)
            .unwrap_err()
            .to_string()
    };
    let default = text("Did you know");
    assert_eq!(
        given(&default, "hello there", None),
        Ok(text("hello there"))
    );
    assert_eq!(given(&default, "12", Some(Value::Int(12))), Ok(text("12")));
    assert_eq!(
        given(&default, "\"a\\n\"", Some(text("a\n"))),
        Ok(text("a\n"))
    );
    assert_eq!(
        given(&default, "hex\"ff\"", Some(Value::Bytes(vec![255]))),
        Ok(Value::Bytes(vec![255]))
    );

    let default = Value::Bytes(vec![1]);
    assert_eq!(
        given(&default, "\"a\"", Some(text("a"))),
        Ok(Value::Bytes(b"a".to_vec()))
    );
    assert_eq!(
        message(&default, "12", Some(Value::Int(12))),
        "an integer (12) was given; this input is bytes, such as hex\"ff 00\" or \"text\""
    );

    let default = Value::Int(26);
    assert_eq!(
        given(&default, "2 * 3", Some(Value::Int(6))),
        Ok(Value::Int(6))
    );
    assert_eq!(
        message(&default, "ab\u{1b}c", None),
        "`ab\\u{1b}c` is not a value of the steps language; this input is an integer, such as 26"
    );

    let default = Value::Float(Float::from_f64(1.5));
    assert_eq!(
        given(&default, "3", Some(Value::Int(3))),
        Ok(Value::Float(Float::from_f64(3.0)))
    );
    assert!(
        given(
            &default,
            "9007199254740993",
            Some(Value::Int((1 << 53) + 1))
        )
        .is_err()
    );
    assert_eq!(
        message(&Value::Bool(true), "1", Some(Value::Int(1))),
        "an integer (1) was given; this input is true or false"
    );
    assert_eq!(
        message(&Value::List(vec![]), "x", None),
        "`x` is not a value of the steps language; this input is a list, such as [1, 2]"
    );
}
