use super::*;

macro_rules! fixture {
    ($name:literal) => {
        Guest::from_bytes($name, include_bytes!(concat!("../../../", $name))).unwrap()
    };
}

fn abi(wat: &str) -> Abi {
    Guest::from_bytes("test.wat", wat.as_bytes()).unwrap().abi()
}

fn families(guest: &Guest) -> Vec<(Family, Confidence)> {
    guest
        .abi()
        .families
        .into_iter()
        .map(|found| (found.family, found.confidence))
        .collect()
}

/// `name: role arg arg`, a line each.
fn roles(guest: &Guest) -> Vec<String> {
    let abi = guest.abi();
    let line = |(export, found): (&super::super::Export, &ExportRole)| {
        let args: String = found
            .args
            .iter()
            .map(|arg| format!(" {}", arg.as_str()))
            .collect();
        format!("{}: {}{args}", export.name, found.role.as_str())
    };
    guest.exports().iter().zip(&abi.roles).map(line).collect()
}

#[test]
fn nothing_is_made_of_nothing() {
    assert_eq!(abi("(module)"), Abi::default());
    let guest = fixture!("tests/inspect/nothing.wat");
    assert_eq!(families(&guest), []);
    assert_eq!(
        roles(&guest),
        [
            "add: function unknown unknown",
            "odd \"name\"\n: function unknown"
        ]
    );
}

#[test]
fn each_family_is_recognised_by_its_own() {
    use Confidence::{Fair, Strong, Weak};
    let rows = [
        (
            fixture!("guest/wasm_is_cool.wat"),
            vec![(Family::StaticBuffer, Strong)],
        ),
        (
            fixture!("guest/rust/wasm_is_cool.wasm"),
            vec![(Family::StaticBuffer, Strong)],
        ),
        (
            fixture!("guest/c_contract.wat"),
            vec![(Family::StaticBuffer, Strong)],
        ),
        (
            fixture!("guest/examples/growing.wat"),
            vec![(Family::StaticBuffer, Fair)],
        ),
        (
            fixture!("guest/examples/alloc.wat"),
            vec![(Family::AllocFree, Strong)],
        ),
        (
            fixture!("guest/examples/in_place.wat"),
            vec![(Family::ExportedGlobals, Strong)],
        ),
        (fixture!("guest/examples/callback.wat"), vec![]),
        (
            fixture!("guest/examples/hello_wasi.wat"),
            vec![(Family::WasiCommand, Strong)],
        ),
        (
            fixture!("tests/inspect/globals.wat"),
            vec![(Family::ExportedGlobals, Strong)],
        ),
        (
            fixture!("tests/inspect/malloc.wat"),
            vec![(Family::Malloc, Strong)],
        ),
        (
            fixture!("tests/inspect/module_buffer.wat"),
            vec![(Family::WasiReactor, Fair), (Family::ModuleBuffer, Weak)],
        ),
        (
            fixture!("tests/inspect/host_placed.wat"),
            vec![(Family::HostPlaced, Weak)],
        ),
        (
            fixture!("tests/inspect/wasm_bindgen.wat"),
            vec![(Family::WasmBindgen, Strong)],
        ),
        (
            fixture!("tests/inspect/assemblyscript.wat"),
            vec![(Family::AssemblyScript, Strong)],
        ),
        (
            fixture!("tests/inspect/emscripten.wat"),
            vec![(Family::Emscripten, Strong), (Family::Malloc, Strong)],
        ),
        (
            fixture!("tests/inspect/canonical.wat"),
            vec![(Family::CanonicalAbi, Strong)],
        ),
        (
            fixture!("tests/inspect/wasi_reactor.wat"),
            vec![(Family::WasiReactor, Strong)],
        ),
    ];
    for (guest, expected) in rows {
        assert_eq!(families(&guest), expected, "{}", guest.name());
    }
}

#[test]
fn near_misses_stay_quiet() {
    let rows = [
        // A length, not a pointer.
        "(module (memory (export \"memory\") 1) (func (export \"get_buffer_length\") (result i32) \
         (i32.const 8)))",
        // A pointer by its name, but not as wide as one.
        "(module (memory (export \"memory\") 1) (func (export \"get_pointer\") (result i64) \
         (i64.const 8)))",
        // Names in which the words are only letters.
        "(module (memory (export \"memory\") 1) (func (export \"reallocated\")) (func (export \
         \"freedom\") (param i32)))",
        // The linker's own globals.
        "(module (memory (export \"memory\") 1) (global (export \"__heap_base\") i32 (i32.const \
         1024)))",
        // A constant that is outside memory.
        "(module (memory (export \"memory\") 1) (global (export \"input\") i32 (i32.const \
         7000000)))",
        // `abort` of another type.
        "(module (import \"env\" \"abort\" (func)) (memory (export \"memory\") 1))",
        // `_start` that wants something, and `malloc` that answers nothing.
        "(module (func (export \"_start\") (param i32)) (func (export \"malloc\") (param i32)))",
    ];
    for wat in rows {
        let found = abi(wat).families;
        assert!(found.is_empty(), "{wat}: {found:?}");
    }
}

#[test]
fn exports_say_what_they_look_like() {
    let of = |guest: Guest| roles(&guest);
    assert_eq!(
        of(fixture!("guest/wasm_is_cool.wat"))[1..],
        [
            "get_wasm_memory_buffer_pointer: pointer-getter",
            "add_wasm_is_cool: transform length"
        ]
    );
    assert_eq!(
        of(fixture!("guest/examples/alloc.wat"))[1..],
        [
            "alloc: allocator length",
            "free: release pointer",
            "upper: transform pointer length"
        ]
    );
    assert_eq!(
        of(fixture!("tests/inspect/globals.wat"))[1..],
        [
            "input: pointer",
            "output: pointer",
            "INPUT_LENGTH: length",
            "init: action",
            "digest: transform length"
        ]
    );
    assert_eq!(
        of(fixture!("tests/inspect/wasm_bindgen.wat"))[1..],
        [
            "__wbindgen_add_to_stack_pointer: stack-pointer unknown",
            "__wbindgen_malloc: allocator length alignment",
            "__wbindgen_realloc: reallocator pointer length length alignment",
            "__wbindgen_free: release pointer length alignment",
            "shout: transform return-area pointer length",
        ]
    );
    assert_eq!(
        of(fixture!("tests/inspect/module_buffer.wat"))[1..],
        [
            "sa: sized-pointer length",
            "parse: answer",
            "e: answer",
            "_initialize: initialize"
        ]
    );
}

#[test]
fn reasons_are_short_and_safe_to_print() {
    let many: String = (0..500)
        .map(|i| format!("(func (export \"__wbindgen_\\1b[31m{i:0>300}\"))"))
        .collect();
    for found in abi(&format!("(module {many})")).families {
        for reason in found.reasons {
            assert!(!reason.contains('\x1b') && reason.len() < 400, "{reason}");
            assert!(reason.contains("497 more"), "{reason}");
        }
    }
}

#[test]
fn words_for_programs_are_distinct() {
    let keys: std::collections::HashSet<_> =
        Family::ALL.iter().map(|family| family.as_str()).collect();
    assert_eq!(keys.len(), Family::ALL.len());
}
