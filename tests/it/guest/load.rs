//! Loading a guest: the parts that it lists, and the errors for files that cannot be used.

use std::path::Path;

use linmem::guest::{
    ExternType, FuncType, Guest, GuestError, InstrumentOptions, Offset, ValueType,
};
use proptest::prelude::*;

const COUNTER: &str = r#"(module $counter
  (import "env" "abort" (func $abort (param i32)))
  (import "env" "base" (global $base i32))
  (memory (export "memory") (export "again") 1 16)
  (data (i32.const 16) "hello\00")
  (data $passive "unseen")
  (data (global.get $base) "\ff")
  (data (i32.add (global.get $base) (i32.const 4)) "x")
  (global (export "count") (mut i64) (i64.const 0))
  (table (export "table") 2 9 funcref)
  (func $bump (param i32 i32) (result i32) local.get 0)
  (func (export "read") (result i32) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1)) i32.const 7)
  (func $begin)
  (func)
  (start $begin))"#;

fn guest(text: &str) -> Guest {
    Guest::from_bytes("test.wat", text.as_bytes()).unwrap()
}

fn refused(bytes: impl AsRef<[u8]>) -> String {
    Guest::from_bytes("x.wasm", bytes.as_ref())
        .unwrap_err()
        .to_string()
}

#[test]
fn guest_lists_its_parts() {
    let guest = guest(COUNTER);
    assert_eq!(guest.name(), "test.wat");
    assert_eq!(guest.text(), Some(COUNTER));
    assert_eq!(guest.given_bytes(), COUNTER.as_bytes());
    assert!(guest.wasm().starts_with(b"\0asm"));
    let exports: Vec<String> = guest
        .exports()
        .iter()
        .map(|e| format!("{} {} {} {}", e.ty.kind(), e.name, e.index, e.ty))
        .collect();
    assert_eq!(
        exports,
        [
            "memory memory 0 1 16",
            "memory again 0 1 16",
            "global count 1 (mut i64)",
            "table table 0 2 9 funcref",
            "func read 2 () -> i32",
        ]
    );
    let imports: Vec<String> = guest
        .imports()
        .iter()
        .map(|i| format!("{}.{}: {}", i.module, i.name, i.ty))
        .collect();
    assert_eq!(imports, ["env.abort: (i32) -> ()", "env.base: i32"]);
    assert_eq!(
        guest.imports()[0].ty,
        ExternType::Func(FuncType {
            params: vec![ValueType::I32],
            results: vec![]
        })
    );
    assert_eq!(
        guest.imported_global(0).map(|i| i.name.as_str()),
        Some("base")
    );
    assert_eq!(guest.imported_global(1), None);
    assert_eq!(guest.memories()[0].exported_as, ["memory", "again"]);
    assert_eq!(guest.start(), Some(3));
    assert_eq!(guest.function_count(), 5);
    let names: Vec<String> = (0..6).map(|index| guest.function_name(index)).collect();
    assert_eq!(
        names,
        ["abort", "bump", "read", "begin", "func[4]", "func[5]"]
    );
}

#[test]
fn active_data_segments_have_their_offset() {
    let guest = guest(COUNTER);
    let segments = guest.data_segments();
    let places: Vec<(u32, Option<u64>)> = segments
        .iter()
        .map(|s| {
            (
                s.index,
                s.offset.resolve(|global| (global == 0).then_some(1024)),
            )
        })
        .collect();
    assert_eq!(places, [(0, Some(16)), (2, Some(1024)), (3, Some(1028))]);
    assert_eq!(&*segments[0].bytes, b"hello\0");
    assert_eq!(segments[1].offset, Offset::Global(0));
    assert!(matches!(&segments[2].offset, Offset::Computed(ops) if ops.len() == 3));
    let high = self::guest("(module (memory 65536) (data (i32.const -16) \"x\"))");
    assert_eq!(high.data_segments()[0].offset, Offset::Const(0xffff_fff0));
}

#[test]
fn function_names_are_escaped_and_shortened() {
    let import = guest("(module (import \"a\\1b\" \"b\" (func)))");
    assert_eq!(import.function_name(0), "a\\u{1b}.b");
    let long = guest(&format!(
        "(module (func (export \"\\1b]0;{}\")))",
        "x".repeat(500)
    ));
    let name = long.function_name(0);
    assert!(
        name.starts_with("\\u{1b}]0;xxx") && name.ends_with('…'),
        "{name}"
    );
    assert!(name.chars().count() < 210, "{name}");
}

#[test]
fn names_with_a_nul_are_accepted() {
    for text in [
        "(module (func $\"a\\00b\" nop))",
        "(module (func (@name \"a\\00b\") nop))",
        "(module $\"a\\00b\" (func))",
    ] {
        let guest = guest(text);
        assert!(guest.function_name(0) == "a\\0b" || guest.function_name(0) == "func[0]");
        guest
            .instrument(&InstrumentOptions {
                max_memory: 0,
                memory: Some(0),
            })
            .unwrap();
    }
    assert!(Guest::from_bytes("a\0b", b"(module (func nop))").is_ok());
    assert!(Guest::from_bytes("", b"(module (func nop))").is_ok());
}

#[test]
fn default_memory_is_chosen_by_export_name() {
    let default = |text: &str| {
        guest(text)
            .default_memory()
            .map_err(|error| error.to_string())
    };
    assert_eq!(default("(module)"), Ok(None));
    assert_eq!(default("(module (memory 1))"), Ok(Some(0)));
    assert_eq!(
        default("(module (memory 1) (memory (export \"memory\") 1))"),
        Ok(Some(1))
    );
    assert_eq!(
        default("(module (memory 1) (memory (export \"mem\") 1))"),
        Ok(Some(1))
    );
    assert_eq!(default("(module (memory 1) (memory 1))"), Ok(Some(0)));
    assert_eq!(
        default("(module (memory (export \"a\") 1) (memory 1) (memory (export \"b\\1b\") 1))"),
        Err("test.wat has 3 memories (\"a\", \"b\\u{1b}\"); choose one with: memory NAME".into())
    );
    let two =
        guest("(module (memory (export \"a\") 1) (memory (export \"b\") 1) (func (export \"f\")))");
    assert_eq!(
        (
            two.memory_named("b"),
            two.memory_named("f"),
            two.memory_named("c")
        ),
        (Some(1), None, None)
    );
}

#[test]
fn files_that_are_not_modules_are_identified() {
    let looks = |bytes: &[u8]| refused(bytes).replace("x.wasm is not a WebAssembly module: ", "");
    assert_eq!(
        refused(b""),
        "x.wasm is empty; a module has at least 8 bytes"
    );
    assert!(looks(b"<!DOCTYPE html><html>").contains("HTML"));
    assert!(looks(b"\x1f\x8b\x08\0").contains("gzip"));
    assert!(looks(b"\x7fELF\x02\x01").contains("ELF"));
    assert!(looks(b"\xff\xfe(\0m\0").contains("UTF-16"));
    assert!(looks(b"  \n").contains("white space"));
    assert_eq!(
        looks(b"\x01\x02\xff"),
        "it is neither text nor a binary module, which begins with 00 61 73 6d"
    );
    assert_eq!(
        looks(b"fn main() {}\x1b\nmore"),
        "it is text, and a text module begins with (module"
    );
}

#[test]
fn components_are_refused_with_advice() {
    for bytes in [&b"\0asm\x0d\0\x01\0"[..], b"(component)"] {
        assert!(
            refused(bytes).contains("is a component, not a core module"),
            "{}",
            refused(bytes)
        );
    }
}

#[test]
fn truncated_files_name_the_section() {
    let whole = wat::parse_str(COUNTER).unwrap();
    assert_eq!(
        refused(&whole[..6]),
        "x.wasm ends at byte 6 in the middle of the header; the file is incomplete"
    );
    let whole =
        wat::parse_str("(module (func (export \"f\") (result i32) i32.const 1000000))").unwrap();
    let cut = &whole[..whole.len() - 3];
    assert_eq!(
        refused(cut),
        format!(
            "x.wasm ends at byte {} in the middle of the code section; the file is incomplete",
            cut.len()
        )
    );
}

#[test]
fn invalid_modules_name_the_offset() {
    let error = refused("(module (func (result i32) i64.const 1))");
    assert!(
        error.starts_with(
            "x.wasm is not a valid module: type mismatch: expected i32, found i64, at byte "
        ),
        "{error}"
    );
    assert!(
        refused(b"\0asm\x02\0\0\0").contains("version"),
        "{}",
        refused(b"\0asm\x02\0\0\0")
    );
    assert!(refused(b"\0asm\x01\0\0\0\xff\0").contains("not a valid module"));
}

#[test]
fn text_errors_show_the_line_escaped() {
    let error = Guest::from_bytes("dir/bad.wat", b"(module\n  (func (i32.cons 1)))").unwrap_err();
    assert!(matches!(error, GuestError::Text { .. }));
    let message = error.to_string();
    assert!(
        message.contains("dir/bad.wat:2:10") && message.contains('^'),
        "{message}"
    );
    for text in [
        "(module \x1b[2J)",
        "(module (func \u{202e}))",
        "(module (func $x (call $\"\\1b[2J\")))",
    ] {
        let message = refused(text);
        assert!(
            message
                .chars()
                .all(|c| c == '\n' || !linmem::safe::is_unsafe(c)),
            "{message:?}"
        );
    }
    let long = refused(format!("(module {} oops)", "(func)".repeat(100_000)));
    assert!(long.len() < 1000 && long.contains("x.wasm:1:"), "{long}");
}

#[test]
fn format_is_detected_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("binary.wat"), wat::parse_str(COUNTER).unwrap()).unwrap();
    std::fs::write(path("text.wasm"), COUNTER).unwrap();
    assert_eq!(Guest::load(&path("binary.wat")).unwrap().text(), None);
    assert!(Guest::load(&path("text.wasm")).unwrap().text().is_some());
    assert!(matches!(
        Guest::load(dir.path()),
        Err(GuestError::Folder { .. })
    ));
    let missing = Guest::load(Path::new("no/such\x1b.wasm")).unwrap_err();
    assert_eq!(missing.to_string(), "there is no file no/such\\u{1b}.wasm");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), with_magic in any::<bool>()) {
        let mut all = if with_magic { b"\0asm\x01\0\0\0".to_vec() } else { Vec::new() };
        all.extend(bytes);
        let _ = Guest::from_bytes("x", &all);
    }

    #[test]
    fn arbitrary_text_never_panics(words in prop::collection::vec(prop::sample::select(vec![
        "(", ")", "module", "func", "$a", "\"\\00\"", "(memory 1)", "(data (i32.const 0)", "i32.const", "1", "loop",
        "end", "(export \"a\"", ";;", "(;", "(@name \"\")", "binary", "component", "\u{1b}", "\n", "(start 0)",
    ]), 0..30)) {
        let _ = Guest::from_bytes("x", format!("(module {}", words.join(" ")).as_bytes());
    }

    #[test]
    fn damaged_modules_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = wat::parse_str(COUNTER).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(guest) = Guest::from_bytes("x", &bytes) {
            let _ = guest.instrument(&InstrumentOptions { max_memory: 1 << 30, memory: Some(0) });
            (0..10).for_each(|index| assert!(!guest.function_name(index).is_empty()));
        }
    }
}
