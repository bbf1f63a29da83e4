//! Each function by example, and every refusal by its message.

use super::*;

#[test]
fn functions_do_what_the_page_says() {
    let one = |function, arg| shown(call(function, vec![arg]));
    assert_eq!(one(Function::Len, text("é!")), "3");
    assert_eq!(one(Function::Len, bytes(b"ab")), "2");
    assert_eq!(one(Function::Len, name("empty")), "0");
    assert_eq!(one(Function::Utf8, text("é")), "hex\"c3 a9\"");
    assert_eq!(one(Function::Utf16, text("a€")), "hex\"61 00 ac 20\"");
    assert_eq!(one(Function::Cstr, text("a\0b")), "hex\"61 00 62 00\"");
    assert_eq!(one(Function::Bytes, text("a")), "hex\"61\"");
    assert_eq!(one(Function::Bytes, bytes(&[0xff])), "hex\"ff\"");
    assert_eq!(one(Function::File, text("a.bin")), "hex\"01 02 03\"");
    assert_eq!(shown(call(Function::Pages, vec![])), "17");
    assert_eq!(
        shown(call(Function::Repeat, vec![text("ab"), int(3)])),
        "\"ababab\""
    );
    assert_eq!(
        shown(call(Function::Repeat, vec![bytes(&[1]), int(0)])),
        "hex\"\""
    );
    assert_eq!(
        shown(call(Function::Repeat, vec![text(""), int(i128::MAX)])),
        "\"\""
    );
    assert_eq!(
        shown(call(
            Function::Encode(NumberType::U16),
            vec![int(1), int(0xfffe)]
        )),
        "hex\"01 00 fe ff\""
    );
    assert_eq!(
        shown(call(Function::Encode(NumberType::F32), vec![float(1.0)])),
        "hex\"00 00 80 3f\""
    );
}

#[test]
fn functions_refuse_what_they_cannot_take() {
    let one = |function, arg| refusal(call(function, vec![arg]));
    assert_eq!(
        one(Function::Len, int(5)),
        "`len(…)` was given an integer (5); it takes text, bytes or a list"
    );
    assert_eq!(
        one(Function::Utf8, bytes(b"a")),
        "`utf8(…)` was given bytes (hex\"61\"); it takes text"
    );
    assert_eq!(
        one(Function::Bytes, int(1)),
        "`bytes(…)` was given an integer (1); it takes text or bytes"
    );
    assert_eq!(
        one(Function::File, text("b")),
        "there is no file \"b\" in this built-in session"
    );
    assert_eq!(
        refusal(call(Function::Len, vec![])),
        "`len(…)` was given 0 arguments; it takes 1"
    );
    assert_eq!(
        refusal(call(Function::Repeat, vec![int(1)])),
        "`repeat(…)` was given 1 argument; it takes 2"
    );
    assert_eq!(
        refusal(call(Function::Pages, vec![int(1)])),
        "`pages(…)` was given 1 argument; it takes 0"
    );
    assert_eq!(
        refusal(call(Function::Encode(NumberType::U8), vec![])),
        "`u8(…)` was given no number; it takes one or more"
    );
    assert_eq!(
        refusal(call(Function::Repeat, vec![text("a"), int(-1)])),
        "`repeat(…)` was given the count -1; a count is 0 or more"
    );
    assert_eq!(
        refusal(call(Function::Repeat, vec![int(1), int(2)])),
        "`repeat(…)` was given an integer (1); it takes text or bytes"
    );
}

#[test]
fn bits_are_read_again_as_another_type() {
    let cases = [
        (Function::AsU32, -1, 0xffff_ffff),
        (Function::AsU32, 0xffff_ffff, 0xffff_ffff),
        (Function::AsI32, 0xffff_ffff, -1),
        (Function::AsI32, 0x7fff_ffff, 0x7fff_ffff),
        (Function::AsU64, -1, i128::from(u64::MAX)),
        (Function::AsU64, i128::from(i32::MIN), 0xffff_ffff_8000_0000),
        (Function::AsI64, i128::from(u64::MAX), -1),
        (Function::AsI64, 0xffff_ffff, 0xffff_ffff),
    ];
    for (function, from, to) in cases {
        assert_eq!(
            evaluate(&call(function, vec![int(from)]), &env()),
            Ok(Value::Int(to)),
            "{function:?} {from}"
        );
    }
    assert_eq!(
        refusal(call(Function::AsU32, vec![int(1 << 32)])),
        "4294967296 does not fit in 32 bits; for its low bits, write `x & 0xffffffff`"
    );
    assert_eq!(
        refusal(call(Function::AsI64, vec![int(1 << 64)])),
        "18446744073709551616 does not fit in 64 bits"
    );
    assert_eq!(
        refusal(call(Function::AsI32, vec![float(1.0)])),
        "`as_i32(…)` was given a float (1.0); it takes an integer"
    );
}

#[test]
fn printed_returns_what_is_on_a_stream() {
    assert_eq!(
        shown(call(Function::Printed, vec![int(1)])),
        "\"on standard output\""
    );
    assert_eq!(
        shown(call(Function::Printed, vec![int(2)])),
        "\"on standard error\""
    );
    assert_eq!(
        refusal(call(Function::Printed, vec![int(0)])),
        "`printed(…)` was given an integer (0); write 1 for standard output or 2 for standard error"
    );
    assert!(refusal(call(Function::Printed, vec![text("out")])).contains("text (\"out\")"));
}

#[test]
fn calls_of_imports_can_be_asked_for() {
    let part = |part, n| {
        expr(ExprKind::CallPart {
            part,
            function: import("log"),
            index: Box::new(n),
        })
    };
    let args = |n| part(CallPart::Args, n);
    assert_eq!(shown(part(CallPart::Reads, int(0))), "[\"readings\"]");
    assert_eq!(shown(part(CallPart::Results, int(0))), "[\"results\"]");
    assert_eq!(shown(expr(ExprKind::Calls(import("log")))), "2");
    assert_eq!(shown(args(int(1))), "[1, null]");
    assert_eq!(
        refusal(expr(ExprKind::Calls(import("other")))),
        "the guest has no import other; it imports log"
    );
    assert_eq!(
        refusal(args(int(2))),
        "log was called 2 times, so there is no call 2; the first is call 0"
    );
    assert_eq!(
        refusal(args(int(-1))),
        "there is no call -1; calls are counted from 0"
    );
    assert_eq!(
        refusal(args(text("a"))),
        "the number of a call is text (\"a\"); it must be an integer"
    );
}
