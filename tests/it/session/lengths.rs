//! Lengths that count something else than the bytes of what they belong to.

use linmem::timeline::describe_step;

use super::harness::{findings, run};

/// `greet` returns its address in the upper and its length in the lower half of an i64.
const GUEST: &str = r#"(module
  (memory (export "memory") 2)
  (data (i32.const 0x10) "Hello, ")
  (func (export "buffer") (result i32) (i32.const 0x400))
  (func (export "greet") (param $p i32) (param $n i32) (result i64)
    (memory.copy (i32.const 0x800) (i32.const 0x10) (i32.const 7))
    (memory.copy (i32.const 0x807) (local.get $p) (local.get $n))
    (i64.or (i64.const 0x80000000000) (i64.extend_i32_u (i32.add (local.get $n) (i32.const 7)))))
  (func (export "hello") (result i32 i32) (i32.const 0x10) (i32.const 7))
  (func (export "length") (result i32) (i32.const 7))
  (func (export "both") (param i32 i32 i32) (result i32) (i32.const 0)))"#;

/// Returns the step, the kind and the message of each finding.
#[track_caller]
fn found(steps: &str) -> Vec<(usize, &'static str, String)> {
    findings(&run(GUEST, &format!("p = call buffer()\n{steps}")))
}

#[test]
fn a_length_in_characters_is_found_where_the_text_has_more_bytes() {
    let message = "the host passed 11 to greet as the length of the text at 0x400, from step 2: it has \
                   11 characters, and takes 13 bytes of UTF-8";
    let steps = "write p, \"héllo wörld\"\nr = call greet(p, 11)";
    assert_eq!(found(steps), [(3, "length-in-characters", message.into())]);
    // JavaScript counts an emoji as two.
    let emoji = found("write p, \"ok 🙂\"\nr = call greet(p, 5)");
    assert!(
        emoji[0]
            .2
            .contains("it has 5 code units of UTF-16, and takes 7 bytes"),
        "{emoji:?}"
    );
}

#[test]
fn other_lengths_are_not_those_in_characters() {
    for steps in [
        "write p, \"héllo wörld\"\nr = call greet(p, 13)",
        "write p, \"hello world\"\nr = call greet(p, 11)",
        // A part of the text.
        "write p, \"héllo wörld\"\nr = call greet(p, 6)",
        // The guest gets both.
        "write p, \"héllo wörld\"\nr = call both(p, 11, 13)",
        // Other bytes have replaced the text.
        "write p, \"héllo wörld\"\nwrite p, \"hello world\"\nr = call greet(p, 11)",
        "write p, \"héllo wörld\"\nwrite p + 1, \"ello world\"\nr = call greet(p, 11)",
        // Two bytes for each character, and a text that ends with a NUL.
        "write p, utf16(\"héllo\")\nr = call greet(p, 5)",
        "write p, cstr(\"héllo\")\nr = call greet(p, 5)",
    ] {
        assert_eq!(found(steps), [], "{steps}");
    }
}

#[test]
fn an_address_and_a_length_that_are_swapped_are_found() {
    let greeted = "write p, \"world\"\nr = call greet(p, 5)\n";
    let message = "the host read 2048 bytes at 0xc, but the call of step 3 wrote 12 bytes at 0x800: \
                   address and length are the other way around";
    assert_eq!(
        found(&format!(
            "{greeted}x = read r & 0xffffffff, r >> 32 as bytes"
        )),
        [(4, "address-and-length-swapped", message.into())]
    );
    for right in [
        "x = read r >> 32, r & 0xffffffff as utf8",
        // Other bytes at a low address.
        "x = read 12, 2047 as bytes",
        "x = read 13, 2048 as bytes",
    ] {
        assert_eq!(found(&format!("{greeted}{right}")), [], "{right}");
    }
}

#[test]
fn a_static_text_whose_address_and_length_are_swapped_is_found() {
    let message = "the host read 16 bytes at 0x7, but data segment 0 has 7 bytes at 0x10: address and \
                   length are the other way around";
    assert_eq!(
        found("n, at = call hello()\nx = read at, n as bytes"),
        [(3, "address-and-length-swapped", message.into())]
    );
    assert_eq!(found("at, n = call hello()\nx = read at, n as bytes"), []);
    // The numbers are not from one step, or the script has them.
    assert_eq!(
        found("n, x = call hello()\nat = call length()\nx = read at, n as bytes"),
        []
    );
    assert_eq!(found("x = read 7, 16 as bytes"), []);
}

#[test]
fn text_in_another_encoding_is_described() {
    let narration = |steps: &str| {
        let timeline = run(GUEST, &format!("p = call buffer()\n{steps}"));
        let last = timeline.steps().len() - 1;
        describe_step(&timeline, last)
    };
    let wide = "Every second byte is 0, as in UTF-16";
    let narrow = "Every byte is a letter of ASCII, as in UTF-8";
    let rows = [
        (
            "write p, utf16(\"hello\")\nx = read p, 10 as utf8",
            Some(wide),
        ),
        (
            "write p, \"hello you\"\nx = read p, 8 as utf16",
            Some(narrow),
        ),
        ("write p, utf16(\"hello\")\nx = read p, 10 as utf16", None),
        ("write p, \"hello\"\nx = read p, 5 as utf8", None),
        ("write p, utf16(\"日本語\")\nx = read p, 6 as utf16", None),
        ("write p, \"日本語\"\nx = read p, 9 as utf8", None),
        ("write p, hex\"61 00\"\nx = read p, 2 as utf8", None),
    ];
    for (steps, expected) in rows {
        let text = narration(steps);
        let found = [wide, narrow].into_iter().find(|part| text.contains(part));
        assert_eq!(found, expected, "{steps}: {text}");
    }
}
