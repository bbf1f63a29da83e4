//! `linmem inspect` and `linmem init`: their output for the shipped guests and for one module of each
//! calling convention. Every draft parses, drafts for known conventions run, and the contents of a
//! module are escaped.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::command::{Folder, linmem, read_in_repository};
use crate::support::json_keys::{self, Foreign, Seen};
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

/// The shipped guests.
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

/// One module for each other calling convention, and one that follows none.
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

/// Returns the steps that `linmem init` drafts for a module.
#[track_caller]
fn init(path: &str) -> String {
    linmem(&["init", path]).success()
}

fn described(guest: &Guest, options: &Options) -> String {
    let mut text = Vec::new();
    write(guest, options, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn inspected(path: &str) -> String {
    described(
        &Guest::load_for_inspection(Path::new(path)).unwrap(),
        &Options::default(),
    )
}

/// Joins the outputs of `of` for `paths`, each with a rule before it.
fn all(paths: &[&str], of: impl Fn(&str) -> String) -> String {
    paths
        .iter()
        .map(|path| format!("{}\n{}", "=".repeat(80), of(path)))
        .collect()
}

#[test]
fn inspect_describes_the_shipped_guests() {
    insta::assert_snapshot!(all(&GUESTS, inspected));
}

#[test]
fn inspect_describes_each_calling_convention() {
    insta::assert_snapshot!(all(&FAMILIES, inspected));
}

#[test]
fn init_drafts_steps_for_the_shipped_guests() {
    insta::assert_snapshot!(all(&GUESTS, init));
}

#[test]
fn init_drafts_steps_for_each_calling_convention() {
    insta::assert_snapshot!(all(&FAMILIES, init));
}

#[test]
fn drafted_steps_run() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut written = Vec::new();
    for path in GUESTS.iter().chain(&FAMILIES) {
        // The file names the module relative to its own folder.
        let file = folder
            .path()
            .join(path.replace('/', "-"))
            .with_extension("steps");
        let stdout = linmem(&["init", path, "--output", file.to_str().unwrap()]).success();
        assert_eq!(stdout, "", "{path}");
        written.push(file.to_str().unwrap().to_string());
    }
    let args: Vec<&str> = ["test"]
        .into_iter()
        .chain(written.iter().map(String::as_str))
        .collect();
    linmem(&args).assert_status(0);
}

#[test]
fn init_does_not_overwrite_files() {
    let folder = Folder::new().with("mine.steps", "mine");
    let init_to = |file: &str| linmem(&["init", GUESTS[0], "--output", &folder.arg(file)]);
    init_to("mine.steps").assert_refused(&[
        "mine.steps already exists",
        "choose another name or delete it",
    ]);
    assert_eq!(folder.read("mine.steps"), "mine");
    init_to("no/such.steps").assert_refused(&["cannot write"]);
}

/// A step that fails in the trial run becomes a comment with the failure, and so do the steps that
/// need its result.
#[test]
fn steps_that_fail_in_the_trial_become_comments() {
    let init_of = |wat: &str| init(&Folder::new().with("trap.wat", wat).arg("trap.wat"));
    let wat = "(module (memory (export \"memory\") 1)
        (func (export \"get_buffer\") (result i32) (i32.const 1024))
        (func (export \"transform\") (param $length i32) (result i32) unreachable))";
    let text = init_of(wat);
    assert!(
        text.contains("# linmem ran this step, and it failed: trapped, unreachable"),
        "{text}"
    );
    assert!(text.contains("# n = call transform(len(text))"), "{text}");
    assert!(text.contains("\nwrite ptr, text\n"), "{text}");
    // The returned length reaches past the end of memory, so the draft reads the written length.
    let text = init_of(&wat.replace("unreachable", "(i32.const -1)"));
    assert!(
        text.contains("\nout = read ptr, len(text) as bytes"),
        "{text}"
    );
    // A guest that cannot be instantiated still gets a file.
    let text = init_of("(module (memory 1) (data (i32.const 65535) \"ab\"))");
    assert!(
        text.contains(
            "# linmem ran this draft, and the guest did not start: trapped, data segment 0"
        ),
        "{text}"
    );
}

#[test]
fn calls_that_do_not_return_become_comments() {
    let wat = "(module (func (export \"run\") (loop $on (br $on))))";
    let folder = Folder::new().with("endless.wat", wat);
    let text = init(&folder.arg("endless.wat"));
    assert!(
        text.contains("# linmem ran this step, and it failed: cancelled")
            && text.contains("# call run()"),
        "{text}"
    );
}

#[test]
fn files_that_are_not_modules_are_identified() {
    let folder = Folder::new();
    let file = |name: &str, contents: &[u8]| {
        folder.write(name, contents);
        folder.arg(name)
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
            "is not a WebAssembly module: it is a session; name the module that it runs on",
        ),
        (file("zip.wasm", b"PK\x03\x04"), "zip archive"),
        (file("empty.wasm", b""), "is empty"),
        (
            file("short.wasm", b"\0asm\x01\0\0\0\x01\x05"),
            "the file is incomplete",
        ),
        (folder.arg("none.wasm"), "there is no file"),
        (folder.path().to_str().unwrap().into(), "is a folder"),
    ];
    for (path, expected) in rows {
        for command in ["inspect", "init"] {
            linmem(&[command, &path]).assert_refused(&[expected]);
        }
    }
}

#[test]
fn unsupported_modules_can_be_inspected() {
    let folder = Folder::new().with("wide.wat", "(module (memory (export \"memory\") i64 1))");
    let path = folder.arg("wide.wat");
    let text = linmem(&["inspect", &path]).success();
    assert!(text.contains("64-bit addresses"), "{text}");
    assert!(
        text.contains("linmem's engine cannot run: 64-bit memories or tables"),
        "{text}"
    );
    assert!(!text.contains("linmem init"), "{text}");
    linmem(&["init", &path]).assert_refused(&["uses 64-bit memories or tables"]);
}

#[test]
fn color_and_ascii_options_keep_the_text() {
    for path in [
        "guest/rust/wasm_is_cool.wasm",
        "tests/inspect/wasm_bindgen.wat",
    ] {
        let plain = linmem(&["inspect", path]).success();
        let coloured = linmem(&["inspect", path, "--color", "always"]).success();
        assert_ne!(plain, coloured);
        assert_eq!(
            coloured.replace("\x1b[1m", "").replace("\x1b[0m", ""),
            plain
        );
        let ascii = linmem(&["inspect", path, "--ascii"]).success();
        assert!(ascii.is_ascii());
    }
}

/// Returns a module with `count` exports, and as many imports up to 1000, which `name` names by their
/// index.
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
fn descriptions_of_large_modules_are_shortened() {
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
        let draft = Draft::new(&guest, "crowd.wasm").text();
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
fn descriptions_fit_80_columns() {
    for path in GUESTS.iter().chain(&FAMILIES) {
        for line in inspected(path).lines() {
            assert!(line.width() <= 80, "{path}: {line}");
        }
    }
}

#[test]
fn json_page_describes_every_key_of_inspect() {
    let mut seen = Seen::new();
    let mut take = |guest: &Guest| {
        let text = described(
            guest,
            &Options {
                format: Format::Json,
                ..Options::default()
            },
        );
        json_keys::note(
            &serde_json::from_str(&text).unwrap(),
            Foreign::default(),
            &mut seen,
        );
    };
    GUESTS
        .iter()
        .chain(&FAMILIES)
        .for_each(|path| take(&Guest::load_for_inspection(Path::new(path)).unwrap()));
    let odd = "(module (import \"env\" \"memory\" (memory 1 2 shared)) (import \"env\" \"base\" (global $base i32))
        (memory (export \"other\") 1) (memory (export \"more\") 1) (func $go) (start $go) (data (global.get $base) \"a\")
        (@custom \"sourceMappingURL\" \"\\05a.map\") (@custom \"external_debug_info\" \"\\01a\")
        (@producers (language \"C\" \"\")) (global (export \"__stack_pointer\") i32 (i32.const 1024)))";
    take(&Guest::from_bytes("odd.wat", odd.as_bytes()).unwrap());

    take(&Guest::load_for_inspection(Path::new("tests/types/c_layouts.wasm")).unwrap());

    // A section with the number 1 is a core module.
    let component = b"\0asm\x0d\0\x01\0\x01\x08\0asm\x01\0\0\0";
    let folder = Folder::new().with("component.wasm", component);
    let path = folder.arg("component.wasm");
    let text = linmem(&["inspect", &path, "--format", "json"]).success();
    let document = serde_json::from_str(&text).unwrap();
    json_keys::note(&document, Foreign::default(), &mut seen);

    let page = read_in_repository("docs/json.md");
    let (_, ours) = page.split_once("# The description of a module").unwrap();
    json_keys::assert_agree(&json_keys::described(ours), &seen);
}

/// Checks that the draft for `guest` parses, also after some of its lines have become comments.
fn check_draft(guest: &Guest, module: &str) -> Result<(), String> {
    let mut draft = Draft::new(guest, module);
    for line in [0, 1, 7, 9, 12, 15, 17, 20] {
        let text = draft.text();
        script::parse("draft.steps", &text).map_err(|errors| format!("{errors}\n{text}"))?;
        draft.comment_out(line, "Tried: \"it\" # failed\n");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drafts_of_random_modules_parse(seed in proptest::collection::vec(any::<u8>(), 0..2000), module in "\\PC{0,20}[a-z]") {
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
            prop_assert_eq!(check_draft(&guest, &module), Ok(()));
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
        prop_assert_eq!(check_draft(&guest, "odd \"name\".wasm"), Ok(()));
    }
}
