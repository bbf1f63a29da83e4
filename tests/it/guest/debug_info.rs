//! The place of each instruction in text: the text module itself, the source file it was compiled
//! from, or its disassembly. Wrong debug information is ignored, and no file outside the folder of the
//! module is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use linmem::guest::{Access, Guest};
use linmem::source::{ListingKind, Place};
use proptest::prelude::*;
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Parser, Payload};

const TEXT_WAT: &str = "guest/wasm_is_cool.wat";
const RUST_WASM: &str = "guest/rust/wasm_is_cool.wasm";

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns the offsets of all instructions with the names that the parser gives them.
fn named_instructions(guest: &Guest) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(guest.wasm()) {
        let Payload::CodeSectionEntry(body) = payload.unwrap() else {
            continue;
        };
        for operator in body
            .get_operators_reader()
            .unwrap()
            .into_iter_with_offsets()
        {
            let (operator, at) = operator.unwrap();
            found.push((
                at,
                format!("{operator:?}")
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .to_string(),
            ));
        }
    }
    found
}

fn instructions(guest: &Guest) -> Vec<u64> {
    named_instructions(guest)
        .into_iter()
        .map(|(at, _)| at)
        .collect()
}

fn stores(guest: &Guest) -> Vec<u64> {
    named_instructions(guest)
        .into_iter()
        .filter(|(_, name)| name.contains("Store"))
        .map(|(at, _)| at)
        .collect()
}

/// Returns the kind of a listing, its title, and the line of the instruction.
fn shown(place: &Place) -> (ListingKind, &str, &str) {
    let listing = place.listing.as_ref().expect("each instruction has a text");
    (
        listing.kind,
        &listing.title,
        listing
            .line(place.line)
            .expect("the line is one of the text's")
            .trim(),
    )
}

/// Assembles `text` to a binary module with line tables, as if it had been compiled from `file`.
fn compiled_from(file: &str, text: &str) -> Vec<u8> {
    let mut parser = wat::Parser::new();
    parser.generate_dwarf(wat::GenerateDwarf::Lines);
    parser.parse_str(Some(Path::new(file)), text).unwrap()
}

/// Returns the module with each section of debug information replaced by what `change` returns for
/// it. `None` removes the section.
fn with_debug(wasm: &[u8], mut change: impl FnMut(&str, &[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::CustomSection(section) => {
                let is_debug = section.name().starts_with(".debug_");
                let data = if is_debug {
                    change(section.name(), section.data())
                } else {
                    Some(section.data().into())
                };
                if let Some(data) = data {
                    module.section(&CustomSection {
                        name: section.name().into(),
                        data: data.into(),
                    });
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection {
                        id,
                        data: &wasm[range.start as usize..range.end as usize],
                    });
                }
            }
        }
    }
    module.finish()
}

/// Two functions, each with a store on its own line.
const TWO: &str = "(module (memory 1)
  (func $first
    (i32.store8 (i32.const 1) (i32.const 1)))
  (func $second (param i32)
    (if (local.get 0) (then unreachable))
    (i32.store16 offset=6 (i32.const 2) (i32.const 2))))
";

#[test]
fn text_module_is_its_own_source() {
    let guest = Guest::load(&in_repository(TEXT_WAT)).unwrap();
    let text = guest.text().unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.contains("i32.store8"))
        .unwrap();
    let [store] = stores(&guest)[..] else {
        panic!("the default guest has one store")
    };
    let place = guest.locate(store);
    assert_eq!(place.instruction.as_ref(), "i32.store8");
    assert_eq!(
        place.source.as_deref(),
        Some(format!("wasm_is_cool.wat:{line}").as_str())
    );
    assert_eq!(place.line as usize, line);
    assert!(place.inlined.is_empty());
    let listing = place.listing.as_ref().unwrap();
    assert_eq!(
        (listing.kind, listing.title.as_str(), listing.first_line),
        (ListingKind::Text, "wasm_is_cool.wat", 1)
    );
    assert_eq!(listing.lines, text.lines().collect::<Vec<_>>());
    for at in instructions(&guest) {
        assert!(
            Arc::ptr_eq(guest.locate(at).listing.as_ref().unwrap(), listing),
            "{at:#x}"
        );
    }
}

#[test]
fn instructions_of_a_text_module_have_the_right_line() {
    for functions in [1, 127, 128, 20_000] {
        let body = |i: usize| {
            format!("(func\n(i32.store (i32.const 0)\n(i32.add (i32.const {i})\n(i32.const 7))))\n")
        };
        let text = format!(
            "(module (memory 1)\n{})",
            (0..functions).map(body).collect::<String>()
        );
        let guest = Guest::from_bytes("many.wat", text.as_bytes()).unwrap();
        for (i, at) in instructions(&guest)
            .into_iter()
            .enumerate()
            .step_by(1 + functions / 500)
        {
            let place = guest.locate(at);
            // The order is: the address, two operands, their sum, the store, the end. A function has
            // four lines.
            let (expected, line) = [
                ("i32.const 0", 1),
                ("i32.const", 2),
                ("i32.const 7", 3),
                ("i32.add", 2),
                ("i32.store", 1),
                ("end", 1),
            ][i % 6];
            assert!(place.instruction.starts_with(expected), "{place:?}");
            let line = 2 + 4 * (i / 6) + line;
            assert_eq!(
                place.source.as_deref(),
                Some(format!("many.wat:{line}").as_str()),
                "{expected} {i}"
            );
        }
    }
}

#[test]
fn rust_guest_has_source_lines() {
    let guest = Guest::load(&in_repository(RUST_WASM)).unwrap();
    let text = std::fs::read_to_string(in_repository("guest/rust/src/lib.rs")).unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.contains("*start.add(i) = byte"))
        .unwrap();
    let source = format!("src/lib.rs:{line}");
    let places: Vec<Place> = stores(&guest)
        .into_iter()
        .map(|at| guest.locate(at))
        .collect();
    let own: Vec<&Place> = places
        .iter()
        .filter(|place| place.source.as_deref() == Some(&source))
        .collect();
    assert!(!own.is_empty());
    for place in own {
        assert!(place.instruction.starts_with("i32.store8"), "{place:?}");
        assert_eq!(
            shown(place),
            (
                ListingKind::Source,
                "src/lib.rs",
                "unsafe { *start.add(i) = byte };"
            )
        );
    }
    // Functions of the standard library have no lines here, and those of dropped functions are
    // ignored.
    assert!(
        places
            .iter()
            .any(|place| place.source.is_none() && shown(place).0 == ListingKind::Disassembly)
    );
}

#[test]
fn inlined_functions_are_listed_innermost_first() {
    let guest = Guest::load(&in_repository(RUST_WASM)).unwrap();
    let places: Vec<Place> = instructions(&guest)
        .into_iter()
        .map(|at| guest.locate(at))
        .collect();
    let place = places
        .iter()
        .max_by_key(|place| place.inlined.len())
        .unwrap();
    assert!(place.inlined.len() > 2, "{place:?}");
    assert_eq!(place.inlined.first().unwrap().source, place.source);
    let last = place.inlined.last().unwrap();
    assert_eq!(last.function.as_ref(), "add_wasm_is_cool");
    // The source of the library is not found, so the listing shows the line of the guest's own file.
    assert!(
        place.source.as_deref().unwrap().starts_with("library/"),
        "{place:?}"
    );
    let (kind, title, _) = shown(place);
    assert_eq!(
        (kind, format!("{title}:{}", place.line)),
        (ListingKind::Source, last.source.as_deref().unwrap().into())
    );
    for place in &places {
        assert!(
            place
                .inlined
                .iter()
                .all(|frame| !frame.function.starts_with("_ZN")),
            "{place:?}"
        );
        // A synthesized instruction has no line, but the calls around it have one.
        assert!(
            place
                .inlined
                .iter()
                .skip(1)
                .all(|frame| frame.source.is_some()),
            "{place:?}"
        );
    }
}

#[test]
fn guests_without_a_folder_read_no_source_file() {
    let bytes = std::fs::read(in_repository(RUST_WASM)).unwrap();
    let guest = Guest::from_bytes("wasm_is_cool.wasm", &bytes).unwrap();
    let places: Vec<Place> = stores(&guest)
        .into_iter()
        .map(|at| guest.locate(at))
        .collect();
    assert!(
        places
            .iter()
            .all(|place| shown(place).0 == ListingKind::Disassembly)
    );
    assert!(places.iter().any(|place| {
        place
            .source
            .as_deref()
            .is_some_and(|source| source.starts_with("src/lib.rs:"))
    }));
    let guest =
        Guest::from_bytes_in(&in_repository("guest/rust"), "wasm_is_cool.wasm", &bytes).unwrap();
    assert!(
        stores(&guest)
            .into_iter()
            .any(|at| shown(&guest.locate(at)).0 == ListingKind::Source)
    );
}

#[test]
fn modules_without_debug_info_are_disassembled() {
    let wasm = with_debug(&compiled_from("two.c", TWO), |_, _| None);
    let guest = Guest::from_bytes("two.wasm", &wasm).unwrap();
    let [first, second] = stores(&guest)[..] else {
        panic!("two stores")
    };
    let (a, b) = (guest.locate(first), guest.locate(second));
    let empty = Guest::from_bytes(
        "x.wasm",
        &wat::parse_str("(module (func (param i32)))").unwrap(),
    )
    .unwrap();
    let end = empty.locate(instructions(&empty)[0]);
    assert_eq!(
        (end.instruction.as_ref(), shown(&end).2),
        ("end", "(func (;0;) (type 0) (param i32))")
    );
    assert_eq!(shown(&a), (ListingKind::Disassembly, "first", "i32.store8"));
    assert_eq!(
        shown(&b),
        (ListingKind::Disassembly, "second", "i32.store16 offset=6")
    );
    assert_eq!(b.instruction.as_ref(), "i32.store16 offset=6");
    assert_eq!((a.source, b.source.clone()), (None, None));
    let listing = b.listing.as_ref().unwrap();
    let expected = [
        "(func $second (type 1) (param i32)",
        "  local.get 0",
        "  if ;; label = @1",
        "    unreachable",
        "  end",
        "  i32.const 2",
        "  i32.const 2",
        "  i32.store16 offset=6",
        ")",
    ];
    assert_eq!(
        (listing.first_line, listing.lines.as_slice(), b.line),
        (1, expected.map(String::from).as_slice(), 8)
    );
}

#[test]
fn long_functions_are_disassembled_around_the_instruction() {
    let body: String = (0..5000)
        .map(|i| format!("(i32.store offset={i} (i32.const 0) (i32.const {i}))"))
        .collect();
    let text = format!(
        "(module (memory 1) (func $other) (func (export \"long\") (local i64) call 0 {body}))"
    );
    let guest = Guest::from_bytes("long.wasm", &wat::parse_str(text).unwrap()).unwrap();
    for (i, at) in stores(&guest).into_iter().enumerate().step_by(37) {
        let place = guest.locate(at);
        let instruction = if i == 0 {
            "i32.store".into()
        } else {
            format!("i32.store offset={i}")
        };
        assert_eq!(
            (shown(&place).1, shown(&place).2),
            ("long", instruction.as_str())
        );
        // The header, the local and the call precede three lines for each store.
        assert_eq!(place.line as usize, 3 + 3 * (i + 1));
        let listing = place.listing.unwrap();
        let before = (place.line - listing.first_line) as usize;
        let after = listing.lines.len() - before - 1;
        let (whole_before, whole_after) = (place.line as usize - 1, 1 + 3 * (5000 - i - 1));
        assert!(
            before >= whole_before.min(200) && after >= whole_after.min(200),
            "{i}: {before} {after}"
        );
        assert!(listing.lines.len() <= 600);
    }
}

#[test]
fn line_tables_of_dropped_functions_are_ignored() {
    let wasm = compiled_from("two.c", TWO);
    // An extended opcode of five bytes sets the address of a sequence.
    let address_of = |table: &[u8], nth: usize| {
        let found = (0..table.len() - 7)
            .filter(|at| table[*at..].starts_with(&[0, 5, 2]))
            .nth(nth)
            .unwrap();
        found + 3..found + 7
    };
    let sources = |wasm: &[u8]| {
        let guest = Guest::from_bytes("two.wasm", wasm).unwrap();
        let places: Vec<Place> = stores(&guest)
            .into_iter()
            .map(|at| guest.locate(at))
            .collect();
        assert!(
            places
                .iter()
                .all(|place| shown(place).0 == ListingKind::Disassembly)
        );
        places
            .into_iter()
            .map(|place| place.source.map(|source| source.to_string()))
            .collect::<Vec<_>>()
    };
    let (first, second) = (Some("two.c:3".to_string()), Some("two.c:6".to_string()));
    assert_eq!(sources(&wasm), [first.clone(), second.clone()]);
    for tombstone in [0, u32::MAX, u32::MAX - 1, 3, 1 << 20] {
        for nth in [0, 1] {
            let moved = with_debug(&wasm, |name, data| {
                let mut data = data.to_vec();
                if name == ".debug_line" {
                    let place = address_of(&data, nth);
                    data[place].copy_from_slice(&tombstone.to_le_bytes());
                }
                Some(data)
            });
            let found = sources(&moved);
            assert_eq!(found[nth], None, "{tombstone:#x}");
            // The lines of the other function are still right.
            assert_eq!(found[1 - nth], [&first, &second][1 - nth].clone());
        }
    }
}

/// Returns the place of a store in a module in `folder` that was compiled from `file`.
fn place_in(folder: &Path, file: &str) -> Place {
    let path = folder.join("guest.wasm");
    std::fs::write(&path, compiled_from(file, TWO)).unwrap();
    let guest = Guest::load(&path).unwrap();
    guest.locate(stores(&guest)[0])
}

#[test]
fn source_files_are_found_in_the_folder_of_the_module() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("guest");
    std::fs::create_dir_all(folder.join("src/deep")).unwrap();
    std::fs::write(
        folder.join("src/deep/a.c"),
        "one\ntwo\n\tthree\u{1b}[31m \u{202e}\n",
    )
    .unwrap();
    let absolute = folder.join("src/deep/a.c");
    for file in [
        absolute.to_str().unwrap(),
        "src/deep/a.c",
        "/builder/x/src/deep/a.c",
        "./src/../src/deep/a.c",
    ] {
        let place = place_in(&folder, file);
        assert_eq!(place.source.as_deref(), Some("src/deep/a.c:3"), "{file}");
        assert_eq!(
            shown(&place),
            (
                ListingKind::Source,
                "src/deep/a.c",
                "three\\u{1b}[31m \\u{202e}"
            ),
            "{file}"
        );
        assert!(place.listing.unwrap().lines[2].starts_with("    three"));
    }
    // The file does not exist any more. Its path is still shown relative to the folder.
    let gone = folder.join("src/gone.c");
    let place = place_in(&folder, gone.to_str().unwrap());
    assert_eq!(
        (place.source.as_deref(), shown(&place).0),
        (Some("src/gone.c:3"), ListingKind::Disassembly)
    );
    // A file of a library with the same name is another file.
    let place = place_in(&folder, "/rustc/0123/library/core/src/deep/a.c");
    assert_eq!(
        place.source.as_deref(),
        Some("/rustc/0123/library/core/src/deep/a.c:3")
    );
    assert_eq!(shown(&place).0, ListingKind::Disassembly);
}

#[test]
fn source_files_outside_the_folder_of_the_module_are_not_read() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("guest");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    let secret = outer.path().join("secret.c");
    std::fs::write(&secret, "a\nb\nc\nd\n").unwrap();
    let mut files = vec![
        "../secret.c".to_string(),
        "sub/../../secret.c".into(),
        "../../etc/passwd".into(),
        "../../../../../../../../etc/passwd".into(),
        "/etc/passwd".into(),
        secret.to_str().unwrap().into(),
        "sub".into(),
        ".".into(),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, folder.join("link.c")).unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
        files.extend(["link.c".into(), "up/secret.c".into()]);
    }
    for file in files {
        let place = place_in(&folder, &file);
        assert_eq!(shown(&place).0, ListingKind::Disassembly, "{file}");
        assert!(
            place
                .source
                .as_deref()
                .is_some_and(|source| source.ends_with(":3")),
            "{file}: {place:?}"
        );
    }
}

#[test]
fn unsuitable_source_files_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let short = b"one\ntwo".to_vec();
    let binary = b"a\nb\nc\xff\nd".to_vec();
    let large = "line\n".repeat(1 << 20).into_bytes();
    for contents in [short, binary, large] {
        std::fs::write(folder.path().join("a.c"), &contents).unwrap();
        let place = place_in(folder.path(), "a.c");
        assert_eq!(
            (place.source.as_deref(), shown(&place).0),
            (Some("a.c:3"), ListingKind::Disassembly)
        );
    }
}

#[test]
fn names_in_listings_are_escaped() {
    let text = "(module (memory 1) (func $\"\\1b[2J (;\\u{202e}\") (func (call 0) (i32.store (i32.const 0) (i32.const 0))))";
    let guest = Guest::from_bytes("names.wat", text.as_bytes()).unwrap();
    for at in instructions(&guest) {
        let place = guest.locate(at);
        let (_, title, line) = shown(&place);
        for text in [title, line, &place.instruction] {
            assert!(!text.contains(linmem::safe::is_unsafe), "{text:?}");
        }
    }
}

#[test]
fn every_offset_has_a_place() {
    let guest = Guest::load(&in_repository(TEXT_WAT)).unwrap();
    for offset in (0..guest.wasm().len() as u64 + 10).chain([u64::MAX]) {
        let place = guest.locate(offset);
        assert_eq!(
            guest.function_at(offset).is_none(),
            place.listing.is_none(),
            "{offset:#x}"
        );
    }
}

#[test]
fn functions_are_found_by_offset() {
    let text =
        "(module (import \"a\" \"b\" (func)) (memory 1) (func) (func (drop (i32.const 1))) (func))";
    let guest = Guest::from_bytes("x.wat", text.as_bytes()).unwrap();
    let mut expected = vec![None; guest.wasm().len()];
    let mut index = 1;
    for payload in Parser::new(0).parse_all(guest.wasm()) {
        if let Payload::CodeSectionEntry(body) = payload.unwrap() {
            expected[body.range().start as usize..body.range().end as usize].fill(Some(index));
            index += 1;
        }
    }
    let found: Vec<_> = (0..expected.len() as u64)
        .map(|offset| guest.function_at(offset))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(guest.function_at(u64::MAX), None);
}

#[test]
fn accesses_have_the_right_width_and_offset() {
    type Row = (bool, u64, u64, u32);
    let rows: [(&str, Option<Row>); 22] = [
        (
            "(drop (i32.load8_s offset=3 (i32.const 0)))",
            Some((false, 1, 3, 0)),
        ),
        (
            "(drop (i64.load32_u (i32.const 0)))",
            Some((false, 4, 0, 0)),
        ),
        (
            "(drop (f64.load align=1 (i32.const 0)))",
            Some((false, 8, 0, 0)),
        ),
        (
            "(i32.store16 offset=4294967295 (i32.const 0) (i32.const 0))",
            Some((true, 2, u32::MAX.into(), 0)),
        ),
        (
            "(i64.store $more (i32.const 0) (i64.const 0))",
            Some((true, 8, 0, 1)),
        ),
        (
            "(f32.store (i32.const 0) (f32.const 0))",
            Some((true, 4, 0, 0)),
        ),
        ("(drop (v128.load (i32.const 0)))", Some((false, 16, 0, 0))),
        (
            "(v128.store offset=1 (i32.const 0) (v128.const i32x4 0 0 0 0))",
            Some((true, 16, 1, 0)),
        ),
        (
            "(drop (v128.load8x8_s (i32.const 0)))",
            Some((false, 8, 0, 0)),
        ),
        (
            "(drop (v128.load16_splat (i32.const 0)))",
            Some((false, 2, 0, 0)),
        ),
        (
            "(drop (v128.load32_zero (i32.const 0)))",
            Some((false, 4, 0, 0)),
        ),
        (
            "(v128.store64_lane 1 (i32.const 0) (v128.const i32x4 0 0 0 0))",
            Some((true, 8, 0, 0)),
        ),
        (
            "(drop (v128.load8_lane offset=2 3 (i32.const 0) (v128.const i32x4 0 0 0 0)))",
            Some((false, 1, 2, 0)),
        ),
        (
            "(drop (i32.atomic.load16_u (i32.const 0)))",
            Some((false, 2, 0, 0)),
        ),
        (
            "(i64.atomic.store8 (i32.const 0) (i64.const 0))",
            Some((true, 1, 0, 0)),
        ),
        (
            "(drop (i32.atomic.rmw8.add_u offset=5 (i32.const 0) (i32.const 0)))",
            Some((true, 1, 5, 0)),
        ),
        (
            "(drop (i64.atomic.rmw.cmpxchg (i32.const 0) (i64.const 0) (i64.const 0)))",
            Some((true, 8, 0, 0)),
        ),
        (
            "(drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const 0)))",
            Some((false, 8, 0, 0)),
        ),
        (
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
            None,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
            None,
        ),
        ("(drop (memory.grow (i32.const 0)))", None),
        ("(drop (i32.const 0))", None),
    ];
    for (text, expected) in rows {
        let module = format!("(module (memory 1 1 shared) (memory $more 1) (func {text}))");
        let guest = Guest::from_bytes("x.wat", module.as_bytes()).unwrap();
        let found: Vec<Access> = instructions(&guest)
            .into_iter()
            .filter_map(|at| guest.access_at(at))
            .collect();
        let expected: Vec<Access> = expected
            .map(|(is_store, width, immediate, memory)| Access {
                is_store,
                width,
                immediate,
                memory,
            })
            .into_iter()
            .collect();
        assert_eq!(found, expected, "{text}");
        // No other offset is an access.
        let all = instructions(&guest);
        let others = (0..guest.wasm().len() as u64 + 2).filter(|at| !all.contains(at));
        assert_eq!(
            others.filter_map(|at| guest.access_at(at)).count(),
            0,
            "{text}"
        );
    }
}

/// Damage to one section of debug information.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Flip(Vec<(prop::sample::Index, u8)>),
    Garbage(Vec<u8>),
    Repeat,
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::Cut),
        prop::collection::vec((index(), any::<u8>()), 1..20).prop_map(Damage::Flip),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Damage::Garbage),
        Just(Damage::Repeat),
    ]
}

fn damaged(data: &[u8], damage: &Damage) -> Vec<u8> {
    let mut data = data.to_vec();
    match damage {
        _ if data.is_empty() => {}
        Damage::Cut(at) => data.truncate(at.index(data.len())),
        Damage::Flip(flips) => {
            for (at, byte) in flips {
                let at = at.index(data.len());
                data[at] = *byte;
            }
        }
        Damage::Garbage(garbage) => data.clone_from(garbage),
        Damage::Repeat => data.extend_from_within(..),
    }
    data
}

/// Asserts that every `stride`-th instruction of a module has a place with a listing.
fn assert_places(wasm: &[u8], stride: usize) {
    let guest = Guest::from_bytes("damaged.wasm", wasm).unwrap();
    for at in instructions(&guest).into_iter().step_by(stride) {
        shown(&guest.locate(at));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_debug_info_never_panics(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..4),
        in_rust in any::<bool>(),
    ) {
        let wasm = match in_rust {
            true => std::fs::read(in_repository(RUST_WASM)).unwrap(),
            false => compiled_from("two.c", TWO),
        };
        let names = [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str", ".debug_ranges"];
        let first = which.index(names.len());
        let wasm = with_debug(&wasm, |name, data| {
            let at = names.iter().position(|known| *known == name).unwrap_or(0);
            Some(match damages.get((at + names.len() - first) % names.len()) {
                Some(damage) => damaged(data, damage),
                None => data.to_vec(),
            })
        });
        assert_places(&wasm, if in_rust { 300 } else { 1 });
    }
}
