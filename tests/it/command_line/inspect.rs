//! `linmem inspect` and `linmem init`: what they say of the guests that ship with the program and
//! of one module for each convention, that every draft parses and those of known conventions run,
//! and that nothing a module holds harms either.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::json::{self, Foreign, Seen};
use arbitrary::Unstructured;
use linmem::guest::Guest;
use linmem::inspect::draft::Draft;
use linmem::inspect::{Format, Options, write};
use linmem::{safe, script};
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;
use wasm_encoder::{
    ExportKind, ExportSection, FunctionSection, ImportSection, Module, TypeSection,
};

/// The guests that ship with the program.
const GUESTS: [&str; 8] = [
    "guest/wasm_is_cool.wat",
    "guest/rust/wasm_is_cool.wasm",
    "guest/c_contract.wat",
    "guest/examples/growing.wat",
    "guest/examples/alloc.wat",
    "guest/examples/in_place.wat",
    "guest/examples/callback.wat",
    "guest/examples/hello_wasi.wat",
];

/// One module for each convention that none of those follows, and one that follows none.
const FAMILIES: [&str; 10] = [
    "tests/inspect/malloc.wat",
    "tests/inspect/globals.wat",
    "tests/inspect/module_buffer.wat",
    "tests/inspect/host_placed.wat",
    "tests/inspect/wasm_bindgen.wat",
    "tests/inspect/assemblyscript.wat",
    "tests/inspect/emscripten.wat",
    "tests/inspect/canonical.wat",
    "tests/inspect/wasi_reactor.wat",
    "tests/inspect/nothing.wat",
];

fn linmem(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn described(guest: &Guest, options: &Options) -> String {
    let mut text = Vec::new();
    write(guest, options, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn inspected(path: &str) -> String {
    described(
        &Guest::look_at(Path::new(path)).unwrap(),
        &Options::default(),
    )
}

/// Each with a rule before it.
fn all(paths: &[&str], of: impl Fn(&str) -> String) -> String {
    paths
        .iter()
        .map(|path| format!("{}\n{}", "=".repeat(80), of(path)))
        .collect()
}

#[test]
fn inspect_of_the_guests() {
    insta::assert_snapshot!(all(&GUESTS, inspected));
}

#[test]
fn inspect_of_the_families() {
    insta::assert_snapshot!(all(&FAMILIES, inspected));
}

#[test]
fn init_of_the_guests() {
    insta::assert_snapshot!(all(&GUESTS, |path| out(&linmem(&["init", path]))));
}

#[test]
fn init_of_the_families() {
    insta::assert_snapshot!(all(&FAMILIES, |path| out(&linmem(&["init", path]))));
}

#[test]
fn what_init_writes_runs() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut written = Vec::new();
    for path in GUESTS.iter().chain(&FAMILIES) {
        // The module's path is told from the file's folder, wherever that is.
        let file = folder
            .path()
            .join(path.replace('/', "-"))
            .with_extension("steps");
        let output = linmem(&["init", path, "--output", file.to_str().unwrap()]);
        assert_eq!(
            (output.status.code(), out(&output), err(&output)),
            (Some(0), String::new(), String::new()),
            "{path}"
        );
        written.push(file.to_str().unwrap().to_string());
    }
    let args: Vec<&str> = ["test"]
        .into_iter()
        .chain(written.iter().map(String::as_str))
        .collect();
    let output = linmem(&args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[test]
fn init_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.steps");
    fs::write(&file, "mine").unwrap();
    let output = linmem(&["init", GUESTS[0], "--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("mine.steps exists"),
        "{}",
        err(&output)
    );
    assert!(
        err(&output).contains("name another file, or remove it first"),
        "{}",
        err(&output)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let output = linmem(&[
        "init",
        GUESTS[0],
        "--output",
        folder.path().join("no/such.steps").to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cannot write"), "{}", err(&output));
}

/// A step that fails when it is tried is a comment that says how, and so is what needs its result.
#[test]
fn what_fails_when_tried_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trap.wat");
    let wat = "(module (memory (export \"memory\") 1)
        (func (export \"get_buffer\") (result i32) (i32.const 1024))
        (func (export \"transform\") (param $length i32) (result i32) unreachable))";
    fs::write(&path, wat).unwrap();
    let output = linmem(&["init", path.to_str().unwrap()]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(text.contains("# Tried: trapped, unreachable"), "{text}");
    assert!(text.contains("# n = call transform(len(text))"), "{text}");
    assert!(text.contains("\nwrite ptr, text\n"), "{text}");
    // Memory ends right behind the buffer, so nothing can be read at the length that comes back.
    let wat = wat.replace("unreachable", "(i32.const -1)");
    fs::write(&path, wat).unwrap();
    let text = out(&linmem(&["init", path.to_str().unwrap()]));
    assert!(
        text.contains("\nout = read ptr, len(text) as bytes"),
        "{text}"
    );
    // A guest that cannot be started at all still gets a file.
    fs::write(&path, "(module (memory 1) (data (i32.const 65535) \"ab\"))").unwrap();
    let text = out(&linmem(&["init", path.to_str().unwrap()]));
    assert!(
        text.contains(
            "# Tried, and the guest cannot be started like this: trapped, data segment 0"
        ),
        "{text}"
    );
}

/// A call that never comes back is stopped and set aside.
#[test]
fn what_never_ends_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless.wat");
    fs::write(
        &path,
        "(module (func (export \"run\") (loop $on (br $on))))",
    )
    .unwrap();
    let text = out(&linmem(&["init", path.to_str().unwrap()]));
    assert!(
        text.contains("# Tried: cancelled") && text.contains("# call run()"),
        "{text}"
    );
}

#[test]
fn what_is_no_module_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_string()
    };
    let rows = [
        (
            file("component.wasm", b"\0asm\x0d\0\x01\0"),
            "wasm-tools component",
        ),
        (
            file("component.wat", b"(component)"),
            "is a component, not a core module",
        ),
        (
            file("text.steps", b"module \"a.wasm\""),
            "is not a WebAssembly module: it is a session; name the module that it runs on: module \"a.wasm\"",
        ),
        (file("zip.wasm", b"PK\x03\x04"), "zip archive"),
        (file("empty.wasm", b""), "is empty"),
        (
            file("short.wasm", b"\0asm\x01\0\0\0\x01\x05"),
            "the file is incomplete",
        ),
        (
            folder.path().join("none.wasm").to_str().unwrap().into(),
            "there is no file",
        ),
        (folder.path().to_str().unwrap().into(), "is a folder"),
    ];
    for (path, expected) in rows {
        for command in ["inspect", "init"] {
            let output = linmem(&[command, &path]);
            assert_eq!(
                (output.status.code(), out(&output)),
                (Some(2), String::new()),
                "{command} {path}"
            );
            assert!(
                err(&output).starts_with("error: ") && err(&output).contains(expected),
                "{}",
                err(&output)
            );
        }
    }
}

#[test]
fn a_module_that_cannot_be_run_can_be_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.wat");
    fs::write(&path, "(module (memory (export \"memory\") i64 1))").unwrap();
    let output = linmem(&["inspect", path.to_str().unwrap()]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(text.contains("64-bit addresses"), "{text}");
    assert!(
        text.contains("linmem's engine cannot run: 64-bit memories or tables"),
        "{text}"
    );
    assert!(!text.contains("linmem init"), "{text}");
    let output = linmem(&["init", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("uses 64-bit memories or tables"),
        "{}",
        err(&output)
    );
}

#[test]
fn colour_and_ascii_change_the_looks_alone() {
    for path in [
        "guest/rust/wasm_is_cool.wasm",
        "tests/inspect/wasm_bindgen.wat",
    ] {
        let plain = out(&linmem(&["inspect", path]));
        let coloured = out(&linmem(&["inspect", path, "--color", "always"]));
        assert_ne!(plain, coloured);
        assert_eq!(
            coloured.replace("\x1b[1m", "").replace("\x1b[0m", ""),
            plain
        );
        let ascii = out(&linmem(&["inspect", path, "--ascii"]));
        assert!(ascii.is_ascii());
    }
}

/// A module with as many exports and imports as are asked for, of names made from their numbers.
fn crowded(count: usize, name: impl Fn(usize) -> String) -> Vec<u8> {
    let (mut types, mut imports, mut functions) = (
        TypeSection::new(),
        ImportSection::new(),
        FunctionSection::new(),
    );
    let mut exports = ExportSection::new();
    types.ty().function([], [wasm_encoder::ValType::I32]);
    functions.function(0);
    for i in 0..count.min(1000) {
        imports.import("env", &name(i), wasm_encoder::EntityType::Function(0));
    }
    for i in 0..count {
        exports.export(&name(i), ExportKind::Func, u32::try_from(i % 1000).unwrap());
    }
    let mut code = wasm_encoder::CodeSection::new();
    let mut body = wasm_encoder::Function::new([]);
    body.instructions().unreachable().end();
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module.finish()
}

#[test]
fn a_crowded_module_stays_readable() {
    let hostile = |i: usize| {
        format!(
            "__wbindgen_get_buffer_\x1b]0;x\x07\u{202e}{i}{}",
            "y".repeat(300)
        )
    };
    for wasm in [
        crowded(100_000, |i| format!("get_buffer_pointer_{i}")),
        crowded(500, hostile),
    ] {
        let guest = Guest::from_bytes("crowd.wasm", &wasm).unwrap();
        let begun = Instant::now();
        let text = described(&guest, &Options::default());
        let draft = Draft::of(&guest, "crowd.wasm").text();
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            text.lines().count() < 400 && draft.len() < 100_000,
            "{} {}",
            text.lines().count(),
            draft.len()
        );
        assert!(text.contains("more; --format json has them all"), "{text}");
        for line in text.lines() {
            assert!(line.width() <= 80, "{line}");
            assert!(!line.contains(safe::is_unsafe), "{line:?}");
        }
        assert!(
            draft.lines().all(|line| !line.contains(safe::is_unsafe)),
            "{draft}"
        );
        assert!(script::parse("draft.steps", &draft).is_ok(), "{draft}");
        let json = described(
            &guest,
            &Options {
                format: Format::Json,
                ..Options::default()
            },
        );
        assert!(json.lines().all(|line| !line.contains(safe::is_unsafe)));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            json["exports"].as_array().unwrap().len(),
            guest.exports().len()
        );
        assert_eq!(json["exports"][7]["name"], guest.exports()[7].name);
    }
}

#[test]
fn no_line_of_the_description_is_too_wide() {
    for path in GUESTS.iter().chain(&FAMILIES) {
        for line in inspected(path).lines() {
            assert!(line.width() <= 80, "{path}: {line}");
        }
    }
}

#[test]
fn the_page_and_the_description_agree() {
    let mut seen = Seen::new();
    let mut take = |guest: &Guest| {
        let text = described(
            guest,
            &Options {
                format: Format::Json,
                ..Options::default()
            },
        );
        json::note(
            &serde_json::from_str(&text).unwrap(),
            Foreign::default(),
            &mut seen,
        );
    };
    GUESTS
        .iter()
        .chain(&FAMILIES)
        .for_each(|path| take(&Guest::look_at(Path::new(path)).unwrap()));
    let odd = "(module (import \"env\" \"memory\" (memory 1 2 shared)) (import \"env\" \"base\" (global $base i32))
        (memory (export \"other\") 1) (memory (export \"more\") 1) (func $go) (start $go) (data (global.get $base) \"a\")
        (@custom \"sourceMappingURL\" \"\\05a.map\") (@custom \"external_debug_info\" \"\\01a\")
        (@producers (language \"C\" \"\")) (global (export \"__stack_pointer\") i32 (i32.const 1024)))";
    take(&Guest::from_bytes("odd.wat", odd.as_bytes()).unwrap());

    let page = include_str!("../../../docs/json.md");
    let (_, ours) = page.split_once("# The description of a module").unwrap();
    json::assert_agree(&json::described(ours), &seen);
}

/// Whether a draft is a steps file, whatever of it is set aside.
fn is_sound(guest: &Guest, module: &str) -> Result<(), String> {
    let mut draft = Draft::of(guest, module);
    for line in [0, 1, 7, 9, 12, 15, 17, 20] {
        let text = draft.text();
        script::parse("draft.steps", &text).map_err(|errors| format!("{errors}\n{text}"))?;
        draft.set_aside(line, "Tried: \"it\" # failed\n");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_draft_of_a_random_module_parses(seed in proptest::collection::vec(any::<u8>(), 0..2000), module in "\\PC{0,20}[a-z]") {
        let config = wasm_smith::Config {
            max_memories: 3,
            multi_value_enabled: true,
            simd_enabled: true,
            gc_enabled: false,
            memory64_enabled: false,
            tail_call_enabled: false,
            ..wasm_smith::Config::default()
        };
        if let Ok(made) = wasm_smith::Module::new(config, &mut Unstructured::new(&seed))
            && let Ok(guest) = Guest::from_bytes("random.wasm", &made.to_bytes())
        {
            prop_assert_eq!(is_sound(&guest, &module), Ok(()));
            let text = described(&guest, &Options::default());
            prop_assert!(text.lines().all(|line| line.width() <= 80 && !line.contains(safe::is_unsafe)), "{}", text);
        }
    }

    #[test]
    fn names_of_any_kind_are_quoted(
        names in proptest::collection::btree_set(prop_oneof![any::<String>(), "(get|alloc|free|true|_start)[\"\\\\_a-c ]{0,3}"], 1..8),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let wasm = crowded(names.len(), |i| names[i].clone());
        let guest = Guest::from_bytes("odd.wasm", &wasm).unwrap();
        prop_assert_eq!(is_sound(&guest, "odd \"name\".wasm"), Ok(()));
    }
}
