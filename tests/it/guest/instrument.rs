//! The instrumented module compared with the given one: the same results, traps and memory. Then what
//! the instrumentation adds: ticks, limits, exports of every memory, and a start function that is
//! called later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::journal_host::{Host, Limit, PAGE, Plain, guest};
use linmem::guest::{Guest, GuestError, InstrumentOptions, InstrumentedModule};
use wasmer::{Function, Imports, Instance, Module, Store, Value};

const OPTIONS: InstrumentOptions = InstrumentOptions {
    max_memory: 16 * PAGE,
    memory: Some(0),
};

/// Instantiates an instrumented module without calling its start function.
fn instantiate(instrumented: &InstrumentedModule, limit: Limit, most_ticks: u64) -> Host {
    Host::new(&guest("(module)"), instrumented, limit, most_ticks)
}

/// Runs `calls` on both modules, with frequent and with rare ticks, and compares results, memories and
/// globals.
fn assert_same(text: &str, calls: &[(&str, &[i32])]) {
    assert_same_with(OPTIONS, text, calls);
}

fn assert_same_with(options: InstrumentOptions, text: &str, calls: &[(&str, &[i32])]) {
    let guest = guest(text);
    let (journaled, idle) = (
        guest.instrument(&options).unwrap(),
        InstrumentOptions {
            memory: None,
            ..options
        },
    );
    for instrumented in [journaled, guest.instrument(&idle).unwrap()] {
        for limit in [Limit::Always, Limit::Slots(3), Limit::Full] {
            let mut plain = Plain::new(&guest).unwrap();
            let mut other = Host::new(&guest, &instrumented, limit, u64::MAX);
            if let Some(start) = &instrumented.start_export {
                assert_eq!(other.call(start, &[]), Ok(vec![]));
            }
            for (name, args) in calls {
                assert_eq!(
                    plain.call(name, args),
                    other.call(name, args),
                    "{name}{args:?}"
                );
                for (index, memory) in guest.memories().iter().enumerate() {
                    let shown = other.memory(&instrumented.memory_exports[index]);
                    for export in &memory.exported_as {
                        assert!(
                            plain.memory(export) == shown,
                            "memory {export} differs after {name}{args:?}"
                        );
                    }
                }
            }
            assert_eq!(plain.globals(), other.globals());
        }
    }
}

#[test]
fn stores_loops_and_traps_behave_as_given() {
    assert_same(
        r#"(module
          (memory (export "memory") 1 4)
          (data (i32.const 0) "Did you know")
          (global $i (export "i") (mut i32) (i32.const 0))
          (func (export "fill") (param $from i32) (param $to i32) (result i32)
            (loop $l
              (i32.store8 (local.get $from) (i32.const 42))
              (global.set $i (i32.add (global.get $i) (i32.const 1)))
              (local.set $from (i32.add (local.get $from) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $from) (local.get $to))))
            (local.get $from))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0)
              (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
              (else (i32.const 0))))
          (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 7) (local.get 0)))
          (func (export "nested") (result i32) (local $a i32) (local $b i32)
            (block $out
              (loop $x
                (local.set $b (i32.const 0))
                (loop $y
                  (br_if $out (i32.gt_s (local.get $a) (i32.const 20)))
                  (local.set $b (i32.add (local.get $b) (i32.const 1)))
                  (br_table $y $x $out (i32.sub (i32.ge_s (local.get $b) (i32.const 5)) (i32.const 0))))
                unreachable))
            (i32.add (i32.mul (local.get $a) (i32.const 100)) (local.get $b)))
          (func (export "stop") unreachable))"#,
        &[
            ("fill", &[100, 200]),
            ("fill", &[65530, 65540]),
            ("grow", &[2]),
            ("fill", &[65530, 65540]),
            ("grow", &[2]),
            ("deep", &[500]),
            ("divide", &[0]),
            ("divide", &[2]),
            ("stop", &[]),
        ],
    );
}

#[test]
fn function_indices_are_shifted_everywhere() {
    assert_same(
        r#"(module
          (import "env" "add" (func $add (param i32 i32) (result i32)))
          (import "env" "base" (global $base i32))
          (type $two (func (param i32 i32) (result i32)))
          (table $t (export "table") 6 funcref)
          (elem (i32.const 0) $sub $add)
          (elem $later funcref (ref.func $mul) (ref.null func))
          (elem declare func $mul)
          (memory (export "memory") 1)
          (data (global.get $base) "abc")
          (global $f funcref (ref.func $mul))
          (global $ready (export "ready") (mut i32) (i32.const 0))
          (func $sub (type $two) (i32.sub (local.get 0) (local.get 1)))
          (func $mul (type $two) (i32.mul (local.get 0) (local.get 1)))
          (func $begin (global.set $ready (call $add (i32.const 1) (global.get $base))))
          (func (export "by_index") (param i32 i32 i32) (result i32)
            (call_indirect (type $two) (local.get 1) (local.get 2) (local.get 0)))
          (func (export "init") (table.init $t $later (i32.const 2) (i32.const 0) (i32.const 2)))
          (func (export "set") (table.set $t (i32.const 4) (ref.func $mul)) (table.set $t (i32.const 5) (global.get $f)))
          (export "sub" (func $sub))
          (export "add" (func $add))
          (start $begin))"#,
        &[
            ("by_index", &[0, 9, 4]),
            ("by_index", &[1, 9, 4]),
            ("by_index", &[2, 9, 4]),
            ("init", &[]),
            ("by_index", &[2, 9, 4]),
            ("by_index", &[3, 9, 4]),
            ("set", &[]),
            ("by_index", &[4, 9, 4]),
            ("by_index", &[5, 9, 4]),
            ("by_index", &[6, 9, 4]),
            ("sub", &[1, 2]),
            ("add", &[1, 2]),
        ],
    );
}

/// Fills and copies of more than 4 MiB are performed in pieces.
#[test]
fn long_bulk_operations_behave_as_given() {
    let memory = 200 * 65536;
    let guest = r#"(module (memory $a (export "memory") 200) (memory $b (export "other") 100)
        (table $t 20000 funcref) (elem declare func $pattern)
        (func $pattern (export "pattern") (local $at i32) (loop $l
            (i32.store (local.get $at) (i32.mul (local.get $at) (i32.const 2654435761)))
            (local.set $at (i32.add (local.get $at) (i32.const 252)))
            (br_if $l (i32.lt_u (local.get $at) (i32.const 13000000)))))
        (func (export "fill") (param i32 i32 i32) (i32.store8 (i32.const 9) (i32.const 1))
            (memory.fill $a (local.get 0) (local.get 1) (local.get 2))
            (i32.store8 (i32.const 5) (i32.const 1)))
        (func (export "copy") (param i32 i32 i32)
            (memory.copy $a $a (local.get 0) (local.get 1) (local.get 2)))
        (func (export "copy_out") (param i32 i32 i32)
            (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
        (func (export "copy_in") (param i32 i32 i32)
            (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill_other") (param i32 i32 i32)
            (memory.fill $b (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill_table") (param i32)
            (table.fill $t (i32.const 0) (ref.func $pattern) (local.get 0))))"#;
    let options = InstrumentOptions {
        max_memory: 200 * PAGE,
        ..OPTIONS
    };
    assert_same_with(
        options,
        guest,
        &[
            ("pattern", &[]),
            ("fill", &[1_000_003, 0x1_77, 9_000_001]),
            ("fill", &[1, 2, memory - 1]),
            ("pattern", &[]),
            ("copy", &[100_001, 3, 12_000_000]),
            ("copy", &[3, 100_001, 12_000_000]),
            ("copy", &[7, 7, 12_000_000]),
            ("copy", &[5_000_000, 0, 6_000_000]),
            ("copy_out", &[5, 1_234_567, 6_000_001]),
            ("fill_other", &[77, 3, 5_000_000]),
            ("copy_in", &[4_194_303, 1, 6_500_000]),
            // Nothing is written by what goes out of bounds.
            ("fill", &[100, 9, memory]),
            ("fill", &[-5, 9, 6_000_000]),
            ("copy", &[100, 0, memory]),
            ("copy", &[0, 100, memory]),
            ("copy_out", &[0, 0, memory]),
            ("fill_table", &[20_000]),
            ("fill_table", &[20_001]),
        ],
    );
}

#[test]
fn several_memories_behave_as_given() {
    assert_same(
        r#"(module
          (import "env" "memory" (memory $m 1 8))
          (memory $a (export "a") 1 3)
          (memory $b (export "b") 1)
          (export "m" (memory $m))
          (data (memory $b) (i32.const 4) "xyz")
          (func (export "go") (param i32) (result i32)
            (i32.store $a (local.get 0) (i32.const 77))
            (memory.copy $m $b (i32.const 100) (i32.const 4) (i32.const 3))
            (drop (memory.grow $m (i32.const 1)))
            (i32.add (memory.grow $a (i32.const 1)) (memory.size $b))))"#,
        &[("go", &[0]), ("go", &[65536]), ("go", &[65536 * 3])],
    );
}

#[test]
fn empty_modules_run() {
    for text in [
        "(module)",
        "(module (memory 1))",
        "(module (func (export \"f\")))",
        "(module (table 1 funcref))",
    ] {
        let instrumented = guest(text).instrument(&OPTIONS).unwrap();
        instantiate(&instrumented, Limit::Always, 0);
        assert_eq!(instrumented.start_export, None);
    }
}

#[test]
fn unexported_memories_are_exported() {
    let text = r#"(module (memory 1) (memory (export "linmem memory 0") 1) (data "") (data (i32.const 3) "here"))"#;
    let instrumented = guest(text).instrument(&OPTIONS).unwrap();
    assert_eq!(
        instrumented.memory_exports,
        ["linmem memory 0'", "linmem memory 0"]
    );
    let run = instantiate(&instrumented, Limit::Always, 0);
    assert_eq!(
        &run.memory(&instrumented.memory_exports[0])[..8],
        b"\0\0\0here\0"
    );
}

#[test]
fn added_names_avoid_those_of_the_guest() {
    let text = r#"(module
      (import "linmem" "tick" (func))
      (import "linmem" "tick'" (global i32))
      (func $s) (start $s)
      (export "linmem journal" (func $s)) (export "linmem position" (func $s)) (export "linmem last load" (func $s)) (export "linmem start" (func $s)))"#;
    let instrumented = guest(text).instrument(&OPTIONS).unwrap();
    assert_eq!(instrumented.tick_import, ("linmem".into(), "tick''".into()));
    let journal = &instrumented.journal;
    assert_eq!(journal.memory_export, "linmem journal'");
    assert_eq!(
        (&*journal.position_export, &*journal.last_load_export),
        ("linmem position'", "linmem last load'")
    );
    assert_eq!(instrumented.start_export.as_deref(), Some("linmem start'"));
}

#[test]
fn memory_is_visible_after_a_trap_in_the_start_function() {
    let text = r#"(module (memory 1) (func $s (i32.store8 (i32.const 5) (i32.const 9)) unreachable) (start $s))"#;
    let guest = guest(text);
    assert!(Plain::new(&guest).is_err());
    let instrumented = guest.instrument(&OPTIONS).unwrap();
    let mut run = instantiate(&instrumented, Limit::Always, u64::MAX);
    assert_eq!(run.memory(&instrumented.memory_exports[0])[5], 0);
    let start = instrumented.start_export.clone().unwrap();
    assert_eq!(run.call(&start, &[]), Err("unreachable".into()));
    assert_eq!(run.memory(&instrumented.memory_exports[0])[5], 9);
}

#[test]
fn imported_start_functions_are_called() {
    let text = r#"(module (import "a" "b" (func $f)) (memory 1) (func) (start $f))"#;
    let instrumented = guest(text).instrument(&OPTIONS).unwrap();
    let mut store = Store::default();
    let module = Module::new(&store, &instrumented.wasm).unwrap();
    let called = Arc::new(AtomicU64::new(0));
    let counter = called.clone();
    let mut imports = Imports::new();
    let f = Function::new_typed(&mut store, move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    imports.define("a", "b", f);
    imports.define("linmem", "tick", Function::new_typed(&mut store, || ()));
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let start = instance
        .exports
        .get_function(&instrumented.start_export.unwrap())
        .unwrap();
    start.call(&mut store, &[]).unwrap();
    assert_eq!(called.load(Ordering::Relaxed), 1);
}

#[test]
fn endless_code_can_be_cancelled() {
    let text = r#"(module
      (func (export "loop") (loop $l (br $l)))
      (func $a (export "mutual") (call $b)) (func $b (call $a))
      (func (export "inner") (loop $x (loop $y (br_if $x (i32.const 1)))))
      (func (export "fence") (loop $l (try_table (br $l)))))"#;
    let instrumented = guest(text).instrument(&OPTIONS).unwrap();
    for name in ["loop", "mutual", "inner", "fence"] {
        let mut run = instantiate(&instrumented, Limit::Always, 100);
        assert_eq!(run.call(name, &[]), Err("cancelled".into()), "{name}");
        assert_eq!(run.ticks(), 101);
    }
}

#[test]
fn guests_cannot_catch_a_cancelled_tick() {
    let text = r#"(module (func (export "f")
      (loop $l (block $h (try_table (catch_all $h) (loop $k (br $k)))) (br $l))))"#;
    let mut run = instantiate(
        &guest(text).instrument(&OPTIONS).unwrap(),
        Limit::Always,
        100,
    );
    assert_eq!(run.call("f", &[]), Err("cancelled".into()));
    assert_eq!(run.ticks(), 101);
}

#[test]
fn ticks_are_called_when_requested() {
    let text = r#"(module (func (export "f") (param i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let instrumented = guest(text).instrument(&OPTIONS).unwrap();
    let mut run = instantiate(&instrumented, Limit::Always, u64::MAX);
    // One tick between each two of one hundred rounds.
    run.call("f", &[100]).unwrap();
    assert_eq!(run.ticks(), 99);
    let mut run = instantiate(&instrumented, Limit::Full, u64::MAX);
    run.call("f", &[100]).unwrap();
    assert_eq!(run.ticks(), 1);
}

#[test]
fn locals_of_a_loop_survive_a_tick() {
    let text = r#"(module
      (func (export "f") (param $n i32) (result i32)
        (local $a f32) (local $b f64) (local $c v128) (local $same f64) (local $out i32)
        (local.set $same (f64.const 3))
        (local.set $out (block $out (result i32)
          (loop $l (result i32)
            (local.set $a (f32.add (local.get $a) (f32.const 1)))
            (local.set $b (f64.add (local.get $b) (local.get $same)))
            (local.set $c (i32x4.add (local.get $c) (v128.const i32x4 5 6 7 8)))
            (drop (br_if $out (i32.const 1000) (i32.eq (local.get $n) (i32.const 77))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
            (i32.const 0))))
        (i32.add (local.get $out) (i32.add (i32.trunc_f32_s (local.get $a)) (i32.add (i32.trunc_f64_s (local.get $b))
          (i32x4.extract_lane 3 (local.get $c)))))))"#;
    for limit in [Limit::Always, Limit::Full] {
        let mut run = instantiate(&guest(text).instrument(&OPTIONS).unwrap(), limit, u64::MAX);
        assert_eq!(run.call("f", &[50]), Ok(vec![Value::I32(50 * (1 + 3 + 8))]));
        assert_eq!(
            run.call("f", &[126]),
            Ok(vec![Value::I32(1000 + 50 * (1 + 3 + 8))])
        );
    }
}

#[test]
fn memory_grows_to_the_limit() {
    let grow = r#"(func (export "g") (param i32) (result i32) (memory.grow (local.get 0)))"#;
    for (memory, first, second) in [
        ("1", 15, 1),
        ("1 4", 3, 1),
        ("1 100", 15, 1),
        ("16 100", 0, 1),
    ] {
        let guest = guest(&format!("(module (memory {memory}) {grow})"));
        let instrumented = guest.instrument(&OPTIONS).unwrap();
        let mut run = instantiate(&instrumented, Limit::Always, u64::MAX);
        assert!(
            run.call("g", &[first]).unwrap() != [Value::I32(-1)],
            "{memory}"
        );
        assert_eq!(
            run.call("g", &[second]),
            Ok(vec![Value::I32(-1)]),
            "{memory}"
        );
        assert_eq!(
            instrumented.memory_types[0].max,
            Some(guest.memories()[0].ty.max.unwrap_or(16).min(16))
        );
    }
}

#[test]
fn maximum_of_an_imported_memory_is_lowered() {
    let guest = guest(r#"(module (import "env" "memory" (memory 1 100)))"#);
    assert_eq!(guest.memories()[0].ty.max, Some(100));
    let instrumented = guest
        .instrument(&InstrumentOptions {
            max_memory: 8 * PAGE,
            ..OPTIONS
        })
        .unwrap();
    assert_eq!(instrumented.memory_types[0].max, Some(8));
    let run = instantiate(&instrumented, Limit::Always, 0);
    assert_eq!(
        run.memory(&instrumented.memory_exports[0]).len() as u64,
        PAGE
    );
}

#[test]
fn guests_that_start_above_the_limit_are_refused() {
    let error = guest("(module (memory 17 20))")
        .instrument(&OPTIONS)
        .unwrap_err();
    assert!(matches!(error, GuestError::MemoryLimit { required, .. } if required == 17 * PAGE));
    assert_eq!(
        error.to_string(),
        "test.wat needs at least 1088 KiB of memory and the limit is 1 MiB; allow more with --max-memory 1088KiB"
    );
    let tables = "(table 6000000 funcref)".repeat(2);
    let error = guest(&format!("(module {tables})"))
        .instrument(&OPTIONS)
        .unwrap_err();
    assert!(matches!(
        error,
        GuestError::TableLimit {
            required: 12_000_000,
            ..
        }
    ));
}

#[test]
fn table_growth_is_limited() {
    let text = r#"(module (table $t 1 funcref)
      (func (export "g") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))"#;
    let mut run = instantiate(
        &guest(text).instrument(&OPTIONS).unwrap(),
        Limit::Always,
        u64::MAX,
    );
    assert_eq!(run.call("g", &[5]), Ok(vec![Value::I32(1)]));
    assert_eq!(run.call("g", &[-2]), Ok(vec![Value::I32(-1)]));
    assert_eq!(run.call("g", &[10_000_000]), Ok(vec![Value::I32(-1)]));
}

#[test]
fn traps_keep_the_names_of_functions() {
    let text = r#"(module $m
      (import "env" "add" (func $add (param i32 i32) (result i32)))
      (func $inner unreachable)
      (func $outer (export "f") (call $inner)))"#;
    let guest = guest(text);
    let instrumented = guest.instrument(&OPTIONS).unwrap();
    let mut run = instantiate(&instrumented, Limit::Always, u64::MAX);
    let f = run.instance.exports.get_function("f").unwrap().clone();
    let error = f.call(&mut run.store, &[]).unwrap_err();
    let names: Vec<_> = error
        .trace()
        .iter()
        .map(|frame| frame.function_name().unwrap_or("").to_owned())
        .collect();
    assert_eq!(names, ["inner", "outer"]);
    let original: Vec<_> = error
        .trace()
        .iter()
        .map(|frame| instrumented.original_function(frame.func_index()).unwrap())
        .collect();
    assert_eq!(original, [1, 2]);
    assert_eq!(guest.function_name(original[0]), "inner");
    assert_eq!(
        (
            instrumented.original_function(0),
            instrumented.original_function(1)
        ),
        (Some(0), None)
    );
}

#[test]
fn invalid_name_sections_are_ignored() {
    let mut wasm = wat::parse_str("(module (func $named (export \"f\") nop))").unwrap();
    for contents in [
        &b"\x04name\x01\x09\x01"[..],
        b"\x04name\x01\x03\x01\x00\x7f",
        b"\x04name\xff\xff",
        b"\x04name",
    ] {
        wasm.extend([0, contents.len() as u8]);
        wasm.extend(contents);
        let guest = Guest::from_bytes("x.wasm", &wasm).unwrap();
        assert_eq!(guest.function_name(0), "named");
        instantiate(
            &guest.instrument(&OPTIONS).unwrap(),
            Limit::Always,
            u64::MAX,
        )
        .call("f", &[])
        .unwrap();
    }
    let strange = b"\x04name\x01\x08\x01\xff\xff\xff\xff\x0f\x01x";
    wasm.extend([0, strange.len() as u8]);
    wasm.extend(strange);
    let guest = Guest::from_bytes("x.wasm", &wasm).unwrap();
    instantiate(
        &guest.instrument(&OPTIONS).unwrap(),
        Limit::Always,
        u64::MAX,
    )
    .call("f", &[])
    .unwrap();
}

#[test]
fn compact_imports_are_expanded() {
    use wasm_encoder::{
        EntityType, ImportCompact, ImportSection, Imports as Encoded, TypeSection, ValType,
    };
    let mut types = TypeSection::new();
    types
        .ty()
        .function([ValType::I32, ValType::I32], [ValType::I32]);
    let mut imports = ImportSection::new();
    let items = vec![
        ImportCompact {
            name: "add",
            ty: EntityType::Function(0),
        },
        ImportCompact {
            name: "base",
            ty: EntityType::Global(wasm_encoder::GlobalType {
                val_type: ValType::I32,
                mutable: false,
                shared: false,
            }),
        },
    ];
    imports.imports(Encoded::Compact1 {
        module: "env",
        items: items.into(),
    });
    let mut exports = wasm_encoder::ExportSection::new();
    exports.export("add", wasm_encoder::ExportKind::Func, 0);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports).section(&exports);
    let guest = Guest::from_bytes("x.wasm", &module.finish()).unwrap();
    assert_eq!(guest.imports().len(), 2);
    let mut run = instantiate(
        &guest.instrument(&OPTIONS).unwrap(),
        Limit::Always,
        u64::MAX,
    );
    assert_eq!(run.call("add", &[2, 3]), Ok(vec![Value::I32(5)]));
}

#[test]
fn custom_sections_are_dropped() {
    let guest = guest("(module (@custom \"mine\" \"x\") (func $named))");
    let sections = |wasm: &[u8]| -> Vec<String> {
        let payloads = wasmparser::Parser::new(0)
            .parse_all(wasm)
            .map(Result::unwrap);
        payloads
            .filter_map(|payload| match payload {
                wasmparser::Payload::CustomSection(section) => Some(section.name().to_owned()),
                _ => None,
            })
            .collect()
    };
    let given = sections(guest.wasm());
    assert!(
        given.contains(&"mine".into()) && given.iter().any(|name| name.starts_with(".debug_line")),
        "{given:?}"
    );
    assert_eq!(
        sections(&guest.instrument(&OPTIONS).unwrap().wasm),
        ["name"]
    );
}

#[test]
fn instrumented_functions_map_to_the_original() {
    let instrumented = guest("(module (import \"a\" \"b\" (func)) (func) (func))")
        .instrument(&OPTIONS)
        .unwrap();
    let found: Vec<_> = (0..4)
        .map(|index| instrumented.original_function(index))
        .collect();
    assert_eq!(found, [Some(0), None, Some(1), Some(2)]);
}

#[test]
fn exports_keep_their_order_and_types() {
    let guest = guest(
        "(module (memory 1) (func (export \"b\") (param i64)) (global (export \"a\") i32 (i32.const 1)))",
    );
    let again = Guest::from_bytes("again", &guest.instrument(&OPTIONS).unwrap().wasm).unwrap();
    let shown = |guest: &Guest| -> Vec<String> {
        guest
            .exports()
            .iter()
            .map(|e| format!("{} {}", e.name, e.ty))
            .collect()
    };
    assert_eq!(shown(&guest), ["b (i64) -> ()", "a i32"]);
    let added = [
        "linmem journal 2 2 shared",
        "linmem position (mut i32)",
        "linmem last load (mut i32)",
        "linmem memory 0 1 16",
    ];
    assert_eq!(
        shown(&again),
        [&["b (i64) -> ()", "a i32"][..], &added].concat()
    );
    assert!(
        matches!(again.imports(), [tick] if tick.name == "tick" && tick.ty.to_string() == "() -> ()")
    );
}

#[test]
fn empty_function_sections_are_kept() {
    let guest = Guest::from_bytes("empty", b"\0asm\x01\0\0\0\x03\x01\0").unwrap();
    let again = guest.instrument(&OPTIONS).unwrap();
    let again = Guest::from_bytes("again", &again.wasm).unwrap();
    assert!(matches!(again.imports(), [tick] if tick.name == "tick"));
}
