use super::*;
use crate::wasm_types::{FuncType, MemoryType, ValueType};

fn interface() -> Interface {
    let func = |params: &[ValueType], results: &[ValueType]| {
        ExternType::Func(FuncType {
            params: params.to_vec(),
            results: results.to_vec(),
        })
    };
    let memory = MemoryType {
        min: 1,
        max: None,
        is_64: false,
        shared: false,
    };
    Interface {
        exports: vec![
            ("memory".into(), ExternType::Memory(memory)),
            ("wide".into(), func(&[ValueType::I64], &[ValueType::I64])),
            ("two".into(), func(&[], &[ValueType::I32, ValueType::I64])),
            ("get it".into(), func(&[ValueType::I32], &[ValueType::F32])),
        ],
        imports: Vec::new(),
    }
}

/// Returns the code of the last step of a script.
fn code(steps: &str) -> String {
    let text = format!("module \"a.wat\"\n{steps}");
    let script = crate::script::parse("a.steps", &text).unwrap();
    super::steps(&script, &interface()).pop().unwrap()
}

#[test]
fn a_step_becomes_the_code_of_a_host() {
    let rows = [
        (
            "write 0x400, \"Hi\"",
            "new Uint8Array(memory.buffer).set(encoder.encode(\"Hi\"), 0x400);",
        ),
        (
            "write 64, u32(255)",
            "new DataView(memory.buffer).setUint32(64, 255, true);",
        ),
        (
            "x = read 16, 2 as utf8",
            "const x = decoder.decode(new Uint8Array(memory.buffer, 16, 2));",
        ),
        (
            "x = read 16 as u64",
            "const x = new DataView(memory.buffer).getBigUint64(16, true);",
        ),
        ("class = grow 1", "const class_ = memory.grow(1);"),
        ("x = call wide(5)", "const x = exports.wide(BigInt(5));"),
        (
            "x = call \"get it\"(1)\nexpect x == 0.1",
            "assert(x === Math.fround(0.1));",
        ),
        (
            "expect trap \"bounds\" call wide(1)",
            "assertThrows(() => exports.wide(BigInt(1)));",
        ),
        ("ask \"How many?\" = 3", "// Question: How many?"),
        (
            "region name = 0x400, 8",
            "// linmem calls these bytes \"name\". JavaScript has no names for memory.",
        ),
    ];
    for (steps, expected) in rows {
        assert_eq!(code(steps), expected, "{steps}");
    }
}

#[test]
fn numbers_of_both_kinds_are_not_mixed() {
    assert_eq!(
        code("a, b = call two()\nexpect b + a == 3"),
        "assert((b + BigInt(a)) == 3);"
    );
    assert_eq!(code("let x = 7 / 2"), "const x = Math.trunc(7 / 2);");
    assert_eq!(
        code("let x = 0xffffffff & 0xf0"),
        "const x = Number(BigInt(4294967295) & BigInt(240));"
    );
    assert_eq!(
        code("let x = 18446744073709551615"),
        "const x = 18446744073709551615n;"
    );
    assert_eq!(
        code("x = read 0 as u8\nx = read 1 as u8"),
        "x = new DataView(memory.buffer).getUint8(1);"
    );
}

#[test]
fn what_cannot_be_expressed_is_a_comment_with_the_reason() {
    let code = code("let x = printed(1)");
    assert!(
        code.starts_with("// let x = printed(1)\n// Not in JavaScript: only linmem"),
        "{code}"
    );
    assert!(literal("a\"\\\n\u{202e}\u{1b}") == "\"a\\\"\\\\\\n\\u{202e}\\u{1b}\"");
    assert_eq!(property("exports", "a b"), "exports[\"a b\"]");
}
