//! Sections with invalid contents: names, debug information, and bytes after the last section.

use linmem::guest::Guest;
use wasm_encoder::{NameMap, NameSection};

use super::binary_modules::with_custom;
use crate::support::command::{module, steps_on};

fn guest() -> Vec<u8> {
    wat::parse_str(
        r#"(module (memory (export "memory") 1)
             (func (export "f") (i32.store (i32.const 8) (i32.const 0x2a)))
             (func (export "g") unreachable))"#,
    )
    .unwrap()
}

fn named(names: &[(u32, &str)]) -> Vec<u8> {
    let mut section = NameSection::new();
    let mut functions = NameMap::new();
    names
        .iter()
        .for_each(|(index, name)| functions.append(*index, name));
    section.functions(&functions);
    let mut module = wasm_encoder::Module::new();
    module.section(&section);
    [guest(), module.finish()[8..].to_vec()].concat()
}

#[test]
fn names_of_missing_functions_are_ignored() {
    let wasm = named(&[(0, "right"), (7, "nobody"), (u32::MAX, "never")]);
    steps_on(&wasm, "call f()", &[]).assert_ok(&["guest $right"]);
    steps_on(&wasm, "call g()", &[]).assert_stopped(&["unreachable in g"]);
}

#[test]
fn duplicate_and_empty_names_are_accepted() {
    let wasm = named(&[(0, "memcpy"), (1, "memcpy")]);
    steps_on(&wasm, "call f()\ncall g()", &[]).assert_stopped(&["unreachable in memcpy"]);
    let empty = named(&[(0, ""), (1, "")]);
    steps_on(empty, "call f()\ncall g()", &[]).assert_stopped(&["unreachable in g"]);
}

/// Name sections that are empty, truncated, repeated or not name sections at all.
#[test]
fn invalid_name_sections_are_ignored() {
    for contents in [
        &b""[..],
        b"\xff",
        b"\x01\xff\xff\xff\xff\x0f",
        b"\x01\x05\x02\x00\x01a\x00",
        b"\x01\x04\x01\x00\x02\xff\xfe",
    ] {
        let wasm = with_custom(&guest(), "name", contents);
        steps_on(wasm, "call f()\ncall g()", &[]).assert_stopped(&[
            "changed 1 of the 4 bytes that it stored at 0x8..0xc",
            "unreachable in g",
        ]);
    }
}

#[test]
fn invalid_debug_info_is_ignored() {
    let noise: Vec<u8> = (0..5000u32)
        .map(|n| (n.wrapping_mul(2654435761) >> 13) as u8)
        .collect();
    for garbage in [&b""[..], b"\xff\xff\xff\xff", &[0; 64], &noise] {
        let mut wasm = guest();
        for name in [
            ".debug_info",
            ".debug_abbrev",
            ".debug_line",
            ".debug_str",
            ".debug_ranges",
            "external_debug_info",
        ] {
            wasm = with_custom(&wasm, name, garbage);
        }
        steps_on(wasm, "call f()\ncall g()", &[]).assert_stopped(&[
            "changed 1 of the 4 bytes that it stored at 0x8..0xc",
            "unreachable in g",
        ]);
    }
}

#[test]
fn bytes_after_the_last_section_are_reported() {
    let appended = |garbage: &[u8]| module("a.wasm", [&guest(), garbage].concat());
    appended(b"\0").assert_refused(&["ends at byte", "in the middle of a custom section"]);
    appended(b"garbage").assert_refused(&[
        "in the middle of a section of a kind that does not exist",
        "incomplete",
    ]);
    appended(b"\x63\x01\x00").assert_refused(&["not a valid module"]);
    appended(&guest()).assert_refused(&["a.wasm"]);
    // An unknown custom section is valid.
    let wasm = with_custom(&guest(), "\u{1b}[31m\u{202e}", &[0xff; 10_000]);
    module("a.wasm", wasm).assert_ok(&["all ok"]);
}

#[test]
fn truncated_modules_never_panic() {
    let wasm = named(&[(0, "f"), (1, "g")]);
    for end in 0..wasm.len() {
        match Guest::from_bytes("cut.wasm", &wasm[..end]) {
            Ok(guest) => assert!(guest.exports().len() <= 3),
            Err(error) => assert!(
                error
                    .to_string()
                    .chars()
                    .all(|c| !linmem::safe::is_unsafe(c)),
                "{error}"
            ),
        }
    }
}
