//! The WebAssembly features that the engine supports, each tested with a small guest: accepted features
//! run, and refused ones are named. The last test fails when a newer engine supports more.

use linmem::guest::{Guest, InstrumentOptions};
use wasmer::{Function, Instance, Module, Store, Value, imports};

/// The feature, the fields of a module that exports `f`, and the result of `f`.
const RUN: &[(&str, &str, i32)] = &[
    (
        "SIMD",
        "(func (export \"f\") (result i32)
            (i32x4.extract_lane 2 (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (i32.const 4)))))",
        7,
    ),
    (
        "relaxed SIMD",
        "(func (export \"f\") (result i32)
            (i32.trunc_f32_s (f32x4.extract_lane 0 (f32x4.relaxed_madd
                (f32x4.splat (f32.const 2)) (f32x4.splat (f32.const 3)) (f32x4.splat (f32.const 1))))))",
        7,
    ),
    (
        "relaxed SIMD dot product",
        "(func (export \"f\") (result i32)
            (i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
                (i8x16.splat (i32.const 2)) (i8x16.splat (i32.const 3)) (i32x4.splat (i32.const 1)))))",
        25,
    ),
    (
        "relaxed SIMD lanes",
        "(func (export \"f\") (result i32)
            (i8x16.extract_lane_u 0 (i8x16.relaxed_laneselect
                (i8x16.splat (i32.const 7)) (i8x16.splat (i32.const 3)) (i8x16.splat (i32.const -1)))))",
        7,
    ),
    (
        "bulk memory",
        "(memory 1) (data $d \"abc\")
         (func (export \"f\") (result i32)
            (memory.init $d (i32.const 8) (i32.const 0) (i32.const 3))
            (data.drop $d)
            (memory.copy (i32.const 9) (i32.const 8) (i32.const 3))
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 4))
            (i32.load8_u (i32.const 10)))",
        98,
    ),
    (
        "reference types",
        "(table $t 2 externref)
         (func (export \"f\") (result i32) (drop (table.grow $t (ref.null extern) (i32.const 3))) (table.size $t))",
        5,
    ),
    (
        "tables of functions",
        "(table $t 2 funcref) (elem declare func $g) (type $v (func (result i32)))
         (func $g (result i32) (i32.const 9))
         (func (export \"f\") (result i32)
            (table.set $t (i32.const 1) (ref.func $g)) (call_indirect $t (type $v) (i32.const 1)))",
        9,
    ),
    (
        "several results",
        "(func $g (result i32 i32) (i32.const 9) (i32.const 2)) (func (export \"f\") (result i32) call $g i32.sub)",
        7,
    ),
    (
        "loops with parameters",
        "(global $n (mut i32) (i32.const 0))
         (func (export \"f\") (result i32)
            i32.const 0
            loop $l (param i32) (result i32)
                i32.const 2
                i32.add
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (br_if $l (i32.lt_s (global.get $n) (i32.const 6)))
            end)",
        12,
    ),
    (
        "several memories",
        "(memory $a 1) (memory $b 1)
         (func (export \"f\") (result i32)
            (i32.store $b (i32.const 8) (i32.const 5))
            (memory.copy $a $b (i32.const 0) (i32.const 8) (i32.const 4))
            (i32.load $a (i32.const 0)))",
        5,
    ),
    (
        "atomics",
        "(memory 1)
         (func (export \"f\") (result i32)
            (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 5)))
            (atomic.fence)
            (i32.atomic.rmw8.cmpxchg_u (i32.const 8) (i32.const 5) (i32.const 6)))",
        5,
    ),
    (
        "shared memory",
        "(memory 1 2 shared)
         (func (export \"f\") (result i32)
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))",
        1,
    ),
    (
        "exceptions",
        "(tag $e (param i32)) (func $t (throw $e (i32.const 6)))
         (func (export \"f\") (result i32)
            (block $h (result i32) (try_table (catch $e $h) (call $t)) (i32.const 0)))",
        6,
    ),
    (
        "exception references",
        "(tag $e (param i32)) (func $t (throw $e (i32.const 6)))
         (func $u (local $x exnref)
            (block $h (result exnref) (try_table (catch_all_ref $h) (call $t)) (return))
            (local.set $x) (throw_ref (local.get $x)))
         (func (export \"f\") (result i32)
            (block $h (result i32) (try_table (catch $e $h) (call $u)) (i32.const 0)))",
        6,
    ),
    (
        "extended constant expressions",
        "(global $g i32 (i32.add (i32.const 3) (i32.mul (i32.const 2) (i32.const 2))))
         (func (export \"f\") (result i32) (global.get $g))",
        7,
    ),
    (
        "wide arithmetic",
        "(global $g (mut i64) (i64.const 0))
         (func (export \"f\") (result i32)
            (i64.mul_wide_u (i64.const -1) (i64.const 8)) (global.set $g) (drop) (i32.wrap_i64 (global.get $g)))",
        7,
    ),
    (
        "sign extension and saturating conversion",
        "(func (export \"f\") (result i32) (i32.extend8_s (i32.trunc_sat_f32_s (f32.const 255))))",
        -1,
    ),
    (
        "mutable globals",
        "(global $g (export \"g\") (mut i32) (i32.const 7)) (func (export \"f\") (result i32) (global.get $g))",
        7,
    ),
    (
        "typed select",
        "(func (export \"f\") (result i32)
            (ref.is_null (select (result externref) (ref.null extern) (ref.null extern) (i32.const 1))))",
        1,
    ),
    (
        "globals of every type",
        "(global v128 (v128.const i64x2 1 2)) (global f32 (f32.const 1)) (global funcref (ref.func 0))
         (global externref (ref.null extern)) (func (export \"f\") (result i32) (i32.const 3))",
        3,
    ),
];

const REFUSED: &[(&str, &str)] = &[
    ("tail calls", "(func $f (return_call $f))"),
    ("64-bit memories or tables", "(memory i64 1)"),
    ("64-bit memories or tables", "(table i64 1 funcref)"),
    (
        "garbage-collected types",
        "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))",
    ),
    (
        "garbage-collected types",
        "(func (drop (ref.i31 (i32.const 1))))",
    ),
    (
        "typed function references",
        "(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))",
    ),
    (
        "the old and the new form of exception handling in one module",
        "(func try catch_all end) (func (block $h (try_table (catch_all $h))))",
    ),
    ("custom page sizes", "(memory 1 (pagesize 1))"),
    (
        "stack switching",
        "(type $f (func)) (type $c (cont $f)) (elem declare func $g) (func $g)
         (func (drop (cont.new $c (ref.func $g))))",
    ),
    (
        "shared functions, tables or globals",
        "(global (shared i32) (i32.const 0))",
    ),
    (
        "tail calls and 64-bit memories or tables",
        "(memory i64 1) (func $f (return_call $f))",
    ),
    (
        "an element segment that holds more than functions and nulls",
        "(import \"a\" \"b\" (global funcref)) (table 1 funcref) (elem (i32.const 0) funcref (global.get 0))",
    ),
];

/// Features that the engine validates and then panics on. They must never reach it.
const PANICS: &[(&str, &str)] = &[
    (
        "a table or global of exception references",
        "(table 1 exnref)",
    ),
    (
        "a table or global of exception references",
        "(global exnref (ref.null exn))",
    ),
    ("an exception that carries a v128", "(tag (param i32 v128))"),
];

fn module(fields: &str) -> String {
    format!("(module {fields})")
}

#[test]
fn accepted_features_run() {
    for (what, fields, expected) in RUN {
        let guest = Guest::from_bytes("g.wat", module(fields).as_bytes())
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        let rewritten = guest
            .instrument(&InstrumentOptions {
                max_memory: 1 << 20,
                memory: Some(0),
            })
            .unwrap();
        let mut store = Store::default();
        let compiled =
            Module::new(&store, &rewritten.wasm).unwrap_or_else(|e| panic!("{what}: {e}"));
        let (place, name) = &rewritten.tick_import;
        let tick = Function::new_typed(&mut store, || ());
        let imports = imports! { place => { name.as_str() => tick } };
        let instance = Instance::new(&mut store, &compiled, &imports)
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        let f = instance.exports.get_function("f").unwrap();
        let results = f
            .call(&mut store, &[])
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(&*results, [Value::I32(*expected)], "{what}");
    }
}

#[test]
fn refused_features_are_named() {
    for (what, fields) in REFUSED.iter().chain(PANICS) {
        let error = Guest::from_bytes("g.wat", module(fields).as_bytes())
            .unwrap_err()
            .to_string();
        let (first, rest) = error.split_at(format!("g.wat uses {what}").len());
        assert_eq!(first, format!("g.wat uses {what}"));
        let (_, remedy) = rest
            .split_once(", which the engine (wasmer 7.4.2, cranelift) cannot run; ")
            .unwrap();
        assert!(remedy.contains("linmem inspect"), "{remedy}");
    }
}

#[test]
fn a_refusal_names_what_needs_the_feature_first() {
    let cases = [
        (
            "(import \"m\" \"f\" (func)) (func) (func $again (return_call $again))",
            "uses tail calls (first in function 2, again), which",
        ),
        (
            "(memory 1) (memory i64 1)",
            "64-bit memories or tables (first in memory 1), which",
        ),
        (
            "(type (func)) (type (struct))",
            "garbage-collected types (first in type 1), which",
        ),
        (
            "(type (func)) (func) (func (param (ref 0)))",
            "typed function references (first in type 1), which",
        ),
    ];
    for (fields, expected) in cases {
        let error = Guest::from_bytes("g.wat", module(fields).as_bytes());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_engine_refuses_the_same_features() {
    for (what, fields) in REFUSED {
        let wasm = wat::parse_str(module(fields)).unwrap();
        assert!(
            Module::new(&Store::default(), wasm).is_err(),
            "the engine supports {what} now"
        );
    }
}
