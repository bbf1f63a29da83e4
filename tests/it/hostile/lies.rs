//! Sections that say what is not so: names, debug information, and bytes behind the end.

use linmem::guest::Guest;
use wasm_encoder::{NameMap, NameSection};

use super::made::with_custom;
use crate::support::answer::{module, steps_on};

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
fn names_for_functions_that_do_not_exist() {
    let wasm = named(&[(0, "right"), (7, "nobody"), (u32::MAX, "never")]);
    steps_on(&wasm, "call f()", &[]).well(&["guest $right"]);
    steps_on(&wasm, "call g()", &[]).stops(&["unreachable in g"]);
}

#[test]
fn one_name_for_all() {
    let wasm = named(&[(0, "memcpy"), (1, "memcpy")]);
    steps_on(&wasm, "call f()\ncall g()", &[]).stops(&["unreachable in memcpy"]);
    let empty = named(&[(0, ""), (1, "")]);
    steps_on(empty, "call f()\ncall g()", &[]).stops(&["unreachable in g"]);
}

/// A later name section, one cut short, one that is no name section at all: none is a reason to
/// refuse.
#[test]
fn name_sections_that_cannot_be_read() {
    for contents in [
        &b""[..],
        b"\xff",
        b"\x01\xff\xff\xff\xff\x0f",
        b"\x01\x05\x02\x00\x01a\x00",
        b"\x01\x04\x01\x00\x02\xff\xfe",
    ] {
        let wasm = with_custom(&guest(), "name", contents);
        steps_on(wasm, "call f()\ncall g()", &[])
            .stops(&["changed 1 byte at 0x8", "unreachable in g"]);
    }
}

#[test]
fn debug_information_that_is_none() {
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
        steps_on(wasm, "call f()\ncall g()", &[])
            .stops(&["changed 1 byte at 0x8", "unreachable in g"]);
    }
}

#[test]
fn garbage_behind_the_last_section() {
    let behind = |garbage: &[u8]| module("a.wasm", [&guest(), garbage].concat());
    behind(b"\0").refused(&["ends at byte", "in the middle of a custom section"]);
    behind(b"garbage").refused(&[
        "in the middle of a section of a kind that does not exist",
        "incomplete",
    ]);
    behind(b"\x63\x01\x00").refused(&["not a valid module"]);
    behind(&guest()).refused(&["a.wasm"]);
    // An unknown custom section is no fault.
    let wasm = with_custom(&guest(), "\u{1b}[31m\u{202e}", &[0xff; 10_000]);
    module("a.wasm", wasm).well(&["all ok"]);
}

#[test]
fn a_module_cut_off_anywhere() {
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
