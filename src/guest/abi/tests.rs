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
            "add: function number number",
            "odd \"name\"\n: function number"
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
            vec![(Family::ModuleBuffer, Weak)],
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
        // `_initialize` without an import of WASI.
        "(module (import \"env\" \"now\" (func (result f64))) (memory (export \"memory\") 1) (func \
         (export \"_initialize\")))",
        // Members of an enumeration, by their values and by the form of their names.
        "(module (memory (export \"memory\") 1) (global (export \"INPUT\") i32 (i32.const 1)) \
         (global (export \"OUTPUT\") i32 (i32.const 2)))",
        "(module (memory (export \"memory\") 1) (global (export \"Kind.Input\") i32 (i32.const 255)))",
        // Words inside names that are made for linkers.
        "(module (memory (export \"memory\") 1) (func (export \"_ZNSt9bad_allocC1Ev\") (param i32) \
         (result i32) (local.get 0)) (global (export \"_ZTV6Buffer\") i32 (i32.const 1024)))",
        // A count.
        "(module (memory (export \"memory\") 1) (func (export \"getNumberOfBuffers\") (result i32) \
         (i32.const 1024)))",
        // An allocator by its name that loads from its parameter.
        "(module (memory (export \"memory\") 1) (func (export \"alloc_stats\") (param i32) (result \
         i32) (i32.load (local.get 0))))",
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

/// Returns the arguments of the function `f` in a module with a memory and these fields.
fn args(fields: &str) -> Vec<&'static str> {
    let wat = format!("(module (memory (export \"memory\") 1) {fields})");
    let guest = Guest::from_bytes("test.wat", wat.as_bytes()).unwrap();
    let abi = guest.abi();
    let at = guest.exports().iter().position(|export| export.name == "f");
    let found = &abi.roles[at.unwrap()];
    found.args.iter().map(|arg| arg.as_str()).collect()
}

#[test]
fn code_shows_what_parameters_are() {
    let rows = [
        // A loop over bytes, bounded by a count.
        (
            "(func (export \"f\") (param i32 i32) (result i32) (local i32)
               (block $done (loop $next
                 (br_if $done (i32.eqz (local.get 1)))
                 (local.set 2 (i32.add (local.get 2) (i32.load8_u (local.get 0))))
                 (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                 (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                 (br $next)))
               (local.get 2))",
            vec!["pointer", "length"],
        ),
        // The end of the bytes is compared with an address, in another function.
        (
            "(func $sum (param i32 i32) (result i32)
               (loop $next
                 (drop (i32.load8_u (local.get 0)))
                 (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                 (br_if $next (i32.lt_u (local.get 0) (local.get 1))))
               (i32.const 0))
             (func (export \"f\") (param i32 i32) (result i32)
               (call $sum (local.get 0) (i32.add (local.get 0) (local.get 1))))",
            vec!["pointer", "length"],
        ),
        // Bytes are copied: to the first, from the second.
        (
            "(func (export \"f\") (param i32 i32 i32)
               (memory.copy (local.get 0) (local.get 1) (local.get 2)))",
            vec!["output", "pointer", "length"],
        ),
        // Stores at fixed places, in the function and in one that it calls.
        (
            "(func $set (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))
             (func (export \"f\") (param i32 i64)
               (i64.store (local.get 0) (i64.const 7))
               (call $set (local.get 0) (local.get 1)))",
            vec!["return-area", "number"],
        ),
        // A field of a structure is set: the address is that of an object.
        (
            "(func (export \"f\") (param i32 i32) (i32.store offset=4 (local.get 0) (local.get 1)))",
            vec!["object", "number"],
        ),
        // Fields of a structure are loaded, a byte among them.
        (
            "(func (export \"f\") (param i32) (result i32)
               (i32.add (i32.load offset=8 (local.get 0)) (i32.load8_u offset=12 (local.get 0))))",
            vec!["object"],
        ),
        // A number is only computed with, and is no address although a table is indexed by it.
        (
            "(func (export \"f\") (param i32 f64) (result i32)
               (i32.load8_u offset=2048 (i32.and (local.get 0) (i32.const 15))))",
            vec!["number", "number"],
        ),
        // A field far from the start: of an object, or of a table that begins at 0.
        (
            "(func (export \"f\") (param i32) (i32.store offset=3216 (local.get 0) (i32.const 7)))",
            vec!["unknown"],
        ),
        // Bytes go to an object, which has a field after them.
        (
            "(func (export \"f\") (param i32 i32 i32)
               (memory.copy (local.get 0) (local.get 1) (local.get 2))
               (i32.store offset=300 (local.get 0) (i32.const 1)))",
            vec!["object", "pointer", "length"],
        ),
        // A decompressor loads what it stored before. Its input is only loaded from.
        (
            "(func (export \"f\") (param i32 i32 i32 i32) (result i32) (local i32)
               (loop $next
                 (i32.store8 (i32.add (local.get 0) (local.get 4))
                   (i32.add (i32.load8_u (i32.add (local.get 0) (local.get 4)))
                     (i32.load8_u (i32.add (local.get 2) (local.get 4)))))
                 (local.set 4 (i32.add (local.get 4) (i32.const 1)))
                 (br_if $next (i32.and (i32.lt_u (local.get 4) (local.get 1))
                   (i32.lt_u (local.get 4) (local.get 3)))))
               (local.get 4))",
            vec!["output", "capacity", "pointer", "length"],
        ),
        // The same without another span works in place.
        (
            "(func (export \"f\") (param i32 i32) (local i32)
               (loop $next
                 (i32.store8 (i32.add (local.get 0) (local.get 2))
                   (i32.load8_u (i32.add (local.get 0) (local.get 2))))
                 (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                 (br_if $next (i32.lt_u (local.get 2) (local.get 1)))))",
            vec!["pointer", "length"],
        ),
        // Words of a varying number.
        (
            "(func (export \"f\") (param i32 i32) (result i32)
               (loop $next
                 (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                 (drop (i32.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))
                 (br_if $next (local.get 1)))
               (i32.const 0))",
            vec!["elements", "length"],
        ),
        // What goes to code that is not known may be anything.
        (
            "(import \"env\" \"g\" (func $g (param i32)))
             (func (export \"f\") (param i32) (call $g (local.get 0)))",
            vec!["unknown"],
        ),
    ];
    for (fields, expected) in rows {
        // Imports come first in a module.
        let found = match fields.starts_with("(import") {
            true => {
                let (import, rest) = fields.split_once('\n').unwrap();
                let wat = format!("(module {import} (memory (export \"memory\") 1) {rest})");
                let guest = Guest::from_bytes("test.wat", wat.as_bytes()).unwrap();
                let abi = guest.abi();
                let found = abi.roles.last().unwrap();
                found.args.iter().map(|arg| arg.as_str()).collect()
            }
            false => args(fields),
        };
        assert_eq!(found, expected, "{fields}");
    }
}

#[test]
fn allocator_of_the_toolchain_comes_first() {
    let name = |wat: &str| {
        let guest = Guest::from_bytes("test.wat", wat.as_bytes()).unwrap();
        let found = guest.abi().allocation.unwrap();
        let name = |at: usize| guest.exports()[at].name.clone();
        (name(found.allocator), found.release.map(name))
    };
    let some = |name: &str| Some(name.to_string());
    let sized = "(param i32) (result i32) (i32.const 1024)";
    let free = "(param i32)";
    assert_eq!(
        name(&format!(
            "(module (memory 1) (func (export \"my_alloc\") {sized}) (func (export \"malloc\") {sized})
             (func (export \"my_free\") {free}) (func (export \"free\") {free}))"
        )),
        ("malloc".into(), some("free"))
    );
    assert_eq!(
        name(&format!(
            "(module (memory 1) (func (export \"alloc\") {sized}) (func (export \"dealloc\") {free})
             (func (export \"__wbindgen_malloc\") {sized})
             (func (export \"__wbindgen_free\") (param i32 i32)))"
        )),
        ("__wbindgen_malloc".into(), some("__wbindgen_free"))
    );
    // What is released must be any block.
    assert_eq!(
        name(&format!(
            "(module (memory 1) (func (export \"allocate_nodes\") {sized})
             (func (export \"free_nodes\") {free}))"
        )),
        ("allocate_nodes".into(), None)
    );
    assert_eq!(
        name(&format!(
            "(module (memory 1) (func (export \"lib_malloc\") {sized}) (func (export \"lib_free\") {free})
             (func (export \"other_free\") {free}))"
        )),
        ("lib_malloc".into(), some("lib_free"))
    );
}

#[test]
fn guests_that_need_a_host_of_their_own_are_named() {
    let rows = [
        (
            "(module (import \"gojs\" \"runtime.wasmExit\" (func (param i32))) (memory (export \"mem\") 1)
             (func (export \"run\") (param i32 i32)))",
            Family::GoJs,
        ),
        (
            "(module (import \"js_code\" \"kotlin.now\" (func)))",
            Family::KotlinWasm,
        ),
        (
            "(module (import \"dart2wasm\" \"_1\" (func)) (func (export \"$invokeMain\")))",
            Family::Dart,
        ),
        (
            "(module (import \"napi\" \"napi_create_function\" (func)) (func (export \"napi_register_wasm_v1\")))",
            Family::NodeApi,
        ),
        (
            "(module (import \"env\" \"memory\" (memory 1)) (import \"env\" \"__memory_base\" (global i32))
             (@custom \"dylink.0\" (before first) \"\\01\\04\\10\\02\\00\\00\"))",
            Family::SideModule,
        ),
        (
            "(module (func (export \"mono_wasm_load_runtime\")))",
            Family::DotNet,
        ),
        (
            "(module (func (export \"dprint_plugin_version_4\") (result i32) (i32.const 4)))",
            Family::DprintPlugin,
        ),
        (
            "(module (import \"env\" \"_embind_register_void\" (func (param i32 i32))))",
            Family::Embind,
        ),
    ];
    for (wat, family) in rows {
        let found = abi(wat);
        assert!(found.is(family), "{wat}: {:?}", found.families);
        assert!(
            family == Family::DprintPlugin || family.advice().is_some(),
            "{family:?}"
        );
    }
    // TinyGo imports from the same module, and exports functions that a host can call.
    let tiny = "(module (import \"gojs\" \"runtime.ticks\" (func (result f64)))
        (func (export \"malloc\") (param i32) (result i32) (i32.const 1024)))";
    assert!(!abi(tiny).is(Family::GoJs));
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
