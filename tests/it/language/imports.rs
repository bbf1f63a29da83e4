//! `import`: host functions and their actions, memories, globals, and undefined imports.

use serde_json::json;

use super::harness::{Run, Trace, assert_contains, folder_with, run_in, run_on};

/// A guest that passes its two arguments to `env.f` and returns the result.
const CALLER: &str = r#"(module (import "env" "f" (func $f (param i32 i32) (result i32)))
  (memory (export "memory") 1 3)
  (data (i32.const 16) "hello\00")
  (func (export "go") (param i32 i32) (result i32) (call $f (local.get 0) (local.get 1))))"#;

fn go(import: &str, args: &str) -> Run {
    run_on(
        CALLER,
        &format!("import env.f(a, b) {import}\nx = call go({args})"),
    )
}

#[track_caller]
fn import_call(trace: &Trace) -> &serde_json::Value {
    let calls = trace.last()["imports_called"].as_array().unwrap();
    assert_eq!(calls.len(), 1);
    &calls[0]
}

#[test]
fn import_calls_are_recorded_with_arguments_and_results() {
    let trace = go("returns a + b", "3, -1").ok_trace();
    assert_eq!(trace.value("x"), 2);
    let call = json!({"name": "env.f", "args": [3, -1], "results": [2], "saw": [], "calls": [], "meaning": null});
    assert_eq!(import_call(&trace), &call);
    assert_eq!(trace.last()["imports_called_total"], 1);
}

#[test]
fn an_import_without_actions_does_nothing() {
    let wat = r#"(module (import "env" "f" (func $f (param i32))) (func (export "go") (call $f (i32.const 5))))"#;
    let trace = run_on(wat, "import env.f(n)\ncall go()").ok_trace();
    assert_eq!(import_call(&trace)["args"], json!([5]));
}

#[test]
fn imports_with_results_need_returns() {
    let message = go("", "1, 2").refusal();
    assert_contains(&message, "s.steps:2:8");
    assert_contains(&message, "env.f returns nothing here");
    assert_contains(
        &go("reads a as u8", "1, 2").refusal(),
        "returns nothing here, but its type in the guest is (i32, i32) -> i32; add `returns`",
    );
    assert_contains(
        &go("returns 1, 2", "1, 2").refusal(),
        "env.f returns 2 values here",
    );
    let few = run_on(CALLER, "import env.f(a) returns 1\ncall go(1, 2)").refusal();
    assert_contains(&few, "env.f has 1 parameter here");
}

#[test]
fn returns_checks_types_and_order() {
    let wat = r#"(module (import "env" "f" (func $f (result i32 i64 f32 externref)))
      (func (export "go") (result i32 i64 f32 externref) (call $f)))"#;
    let trace = run_on(
        wat,
        "import env.f() returns -1, 1 << 40, 0.5, null\na, b, c, d = call go()",
    )
    .ok_trace();
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(-1), &json!(1u64 << 40))
    );
    assert_eq!(
        (trace.value("c"), trace.value("d")),
        (&json!(0.5), &json!(null))
    );
    let trace = go("returns 1.5", "1, 2").trapped_trace();
    assert_contains(
        trace.error(),
        "env.f: returns: a float (1.5) was given; an integer is needed",
    );
}

#[test]
fn writes_stores_text_or_bytes_as_the_import() {
    let trace = go("writes a, u16(b) ++ utf8(\"!\") ; returns 0", "100, 0x4142").ok_trace();
    let change = &trace.last()["changes"][0];
    assert_eq!(
        (&change["start"], &change["after"]),
        (&json!(100), &json!("424121"))
    );
    assert_eq!(change["writer"]["by"], "import");
    assert_eq!(change["writer"]["import"], "env.f");
    let trace = go("writes a, \"ab\" ; returns 0", "65535, 0").trapped_trace();
    assert_eq!(trace.findings(1), ["out-of-bounds"]);
    assert_contains(trace.error(), "env.f");
    assert_contains(trace.error(), "memory ends at 0x10000");
}

#[test]
fn copies_handles_overlapping_bytes() {
    let trace = go("copies a, b, 5 ; returns 0", "18, 16").ok_trace();
    assert_eq!(trace.last()["changes"][0]["after"], "68656c6c6f");
    let trace = go("copies a, b, 5 ; returns 0", "0, -1").trapped_trace();
    assert_eq!(trace.findings(1), ["out-of-bounds"]);
}

#[test]
fn grows_reaches_at_least_the_given_bytes() {
    let trace = go("grows a ; returns pages()", "65537, 0").ok_trace();
    assert_eq!(trace.value("x"), 2);
    assert_eq!(trace.last()["pages"], json!({"before": 1, "after": 2}));
    assert_eq!(trace.last()["growth"][0]["writer"]["import"], "env.f");
    assert_eq!(trace.findings(1), ["memory-grew"]);
    assert_eq!(
        go("grows a ; returns pages()", "65536, 0")
            .ok_trace()
            .value("x"),
        1
    );
    assert_eq!(
        go("grows a ; returns pages()", "0, 0")
            .ok_trace()
            .value("x"),
        1
    );
    let trace = go("grows a ; returns 0", "1000000, 0").trapped_trace();
    assert_contains(trace.error(), "cannot grow memory to 1000000 bytes");
}

#[test]
fn reads_records_its_value_with_the_call() {
    for (reading, wanted) in [
        ("a, b as utf8", json!("hello")),
        ("a as cstr", json!("hello")),
        ("a, 2 as bytes", json!("6865")),
        ("a, 2 as utf16", json!("敨")),
        ("a as u16", json!(0x6568)),
        ("a as u8[2]", json!([0x68, 0x65])),
    ] {
        let trace = go(&format!("reads {reading} ; returns 0"), "16, 5").ok_trace();
        assert_eq!(import_call(&trace)["saw"], json!([wanted]), "{reading}");
    }
    let folder = folder_with(CALLER);
    folder.write(
        "s.steps",
        "module \"guest.wat\"\nimport env.f(a, n) reads a, n as utf8 ; returns 0\ncall go(16, 5)",
    );
    assert_contains(&folder.run(&["run", "s.steps"]).stdout, "saw \"hello\"");
    let trace = go("reads a, b as utf8 ; returns 0", "65530, 50").trapped_trace();
    assert_eq!(trace.findings(1), ["out-of-bounds"]);
    let trace = go(
        "writes a, hex\"ff\" ; reads a, 1 as utf8 ; returns 0",
        "64, 0",
    )
    .trapped_trace();
    assert_contains(trace.error(), "not valid UTF-8");
    assert_eq!(trace.findings(1), ["invalid-utf8"]);
}

#[test]
fn traps_ends_the_call_with_its_message() {
    let trace = go("traps \"no more \" ++ \"room\"", "1, 2").trapped_trace();
    assert_contains(trace.error(), "no more room");
    assert_eq!(trace.findings(1), ["trap"]);
    assert_eq!(import_call(&trace)["args"], json!([1, 2]));
}

#[test]
fn actions_run_in_order_with_parameters_and_inputs() {
    let folder = folder_with(CALLER);
    let steps = "module \"guest.wat\"\ninput word = \"abc\"\n\
                 import env.f(a, b) writes a, word ; copies b, a, len(word) ; reads b, 3 as utf8 ; \
                 writes a, \"x\" ; reads a as cstr ; returns calls(env.f)\nx = call go(64, 80)";
    let trace = run_in(&folder, steps, &[]).ok_trace();
    assert_eq!(import_call(&trace)["saw"], json!(["abc", "xbc"]));
    assert_eq!(trace.value("x"), 0);
    let message = go("writes q, \"a\" ; returns 0", "1, 2").refusal();
    assert_contains(&message, "no variable `q`");
}

#[test]
fn addresses_outside_the_index_type_name_the_parameter() {
    let wat = r#"(module (import "env" "f" (func $f (param i64))) (memory 1)
      (func (export "go") (call $f (i64.const 0x1_0000_0000))))"#;
    for action in [
        "writes far, \"a\"",
        "reads far as u8",
        "reads 0, far as utf8",
        "copies 0, far, 1",
        "grows far",
    ] {
        let trace = run_on(wat, &format!("import env.f(far) {action}\ncall go()")).trapped_trace();
        assert_contains(trace.error(), "`far` is 4294967296");
    }
}

#[test]
fn errors_in_actions_trap_and_name_the_import() {
    let trace = go("returns a / b", "1, 0").trapped_trace();
    assert_contains(trace.error(), "env.f: 1 / 0 divides by zero");
    assert_eq!(
        trace.error().matches("import env.f").count(),
        1,
        "{}",
        trace.error()
    );
}

#[test]
fn imported_memories_have_the_declared_pages() {
    let wat = r#"(module (import "env" "mem" (memory 1 10)) (data (i32.const 4) "hi")
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let trace = run_on(
        wat,
        "import env.mem pages 3 max 4\nlet n = pages()\na = call grow(1)\nb = call grow(1)",
    )
    .ok_trace();
    assert_eq!(trace.value("n"), 3);
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(3), &json!(-1))
    );
    assert_eq!(trace.step(0)["changes"][0]["after"], "6869");
    assert_eq!(
        run_on(
            wat,
            "import env.mem pages 2 max 10\nlet n = pages()\na = call grow(8)"
        )
        .ok_trace()
        .value("a"),
        2
    );
    assert_eq!(
        run_on(wat, "let n = pages()").ok_trace().value("n"),
        1,
        "without a line as the guest declares it"
    );
    assert_contains(
        &run_on(wat, "import env.mem pages 0\nlet n = 1").refusal(),
        "the guest needs at least 1",
    );
    assert_contains(
        &run_on(wat, "import env.mem pages 1 max 11\nlet n = 1").refusal(),
        "the guest allows at most 10",
    );
    assert_contains(
        &run_on(wat, "import env.mem() returns 1\nlet n = 1").refusal(),
        "as something else",
    );
}

#[test]
fn import_lines_that_no_engine_links_are_refused_at_their_place() {
    let shared = r#"(module (import "env" "mem" (memory 1 10 shared)) (func (export "f")))"#;
    let unshared = r#"(module (import "env" "mem" (memory 1 10)) (func (export "f")))"#;
    let open = r#"(module (import "env" "mem" (memory 1)) (import "env" "emitChunk" (func (param i32)))
      (func (export "f")))"#;
    for (wat, line, message) in [
        (
            unshared,
            "import env.mem pages 1",
            "2:8: env.mem has no maximum here, but the guest allows at most 10 pages, and no engine \
             links such a memory; write `pages 1 max 10`",
        ),
        (
            shared,
            "import env.mem pages 1 max 4",
            "2:8: env.mem is not shared here, but the guest imports a shared memory; write `shared` \
             after its maximum",
        ),
        (
            unshared,
            "import env.mem pages 1 max 4 shared",
            "2:8: env.mem is shared here, but the guest imports a memory that is not; remove \
             `shared`",
        ),
        (
            open,
            "import env.emit(at) reads at as u8",
            "2:8: the guest imports no env.emit; did you mean env.emitChunk?",
        ),
        (
            open,
            "import env.other(at)",
            "2:8: the guest imports no env.other; its imports are env.mem and env.emitChunk",
        ),
        (
            r#"(module (func (export "f")))"#,
            "import env.other(at)",
            "2:8: the guest imports no env.other; it has no imports",
        ),
    ] {
        let refusal = run_on(wat, &format!("{line}\ncall f()")).refusal();
        let refusal = refusal.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_contains(&refusal, message);
    }
    for (wat, line) in [
        (shared, "import env.mem pages 2 max 4 shared"),
        (unshared, "import env.mem pages 1 max 10"),
        (open, "import env.mem pages 4\nimport env.emitChunk(at)"),
        (open, "import env.mem pages 4 max 9"),
    ] {
        run_on(wat, &format!("{line}\ncall f()")).ok_trace();
    }
}

#[test]
fn imported_globals_have_the_declared_value() {
    let wat = r#"(module (import "env" "base" (global $b i32)) (import "env" "top" (global $t (mut f64)))
      (memory 1) (data (global.get $b) "hi")
      (func (export "base") (result i32) (global.get $b)) (func (export "top") (result f64) (global.get $t)))"#;
    let steps = "input at = 64\nimport env.base = at * 2\nimport env.top = 1.5\na = call base()\nb = call top()";
    let trace = run_on(wat, steps).ok_trace();
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(128), &json!(1.5))
    );
    assert_eq!(trace.step(0)["changes"][0]["start"], 128);
    let trace = run_on(wat, "a = call base()").ok_trace();
    assert_eq!(trace.value("a"), 0, "without a line it is zero");
    let trace = run_on(wat, "import env.base = 1.5\na = call base()").failed_trace();
    assert_contains(trace.error(), "import env.base, of type i32");
    assert_eq!(trace.steps().len(), 1);
}

#[test]
fn undefined_imports_are_satisfied() {
    let wat = r#"(module (import "env" "f" (func $f (param i32 i32) (result i32))) (import "env" "m" (memory 2))
      (import "env" "t" (table 3 funcref)) (import "env" "g" (global i64)) (import "env" "e" (table 1 externref))
      (import "x" "v" (global v128)) (import "x" "r" (global (mut externref)))
      (func (export "fine") (result i32) (i32.const 1))
      (func (export "go") (result i32) (call $f (i32.const 1) (i32.const 2))))"#;
    let trace = run_on(wat, "x = call fine()\ny = call go()").trapped_trace();
    assert_eq!(trace.value("x"), 1);
    assert_eq!(trace.findings(2), ["import-undefined"]);
    assert_contains(trace.error(), "env.f");
    assert_contains(trace.error(), "\n    import env.f(a0, a1) returns 0");
    let repaired = run_on(wat, "import env.f(a0, a1) returns 0\ny = call go()").ok_trace();
    assert_eq!(repaired.value("y"), 0);
}

#[test]
fn one_name_may_be_imported_with_two_types() {
    let wat = r#"(module (import "e" "f" (func $f (param i32))) (import "e" "f" (global $g i32))
      (import "e" "f" (func $h (result i64)))
      (func (export "fine") (result i32) (global.get $g)) (func (export "go") (result i64) (call $h)))"#;
    let trace = run_on(
        wat,
        "x = call fine()\nexpect trap \"e.f() returns 0\" call go()",
    )
    .ok_trace();
    assert_eq!(trace.value("x"), 0);
    assert_contains(
        &run_on(wat, "import e.f(a)\ncall fine()").refusal(),
        "as something else",
    );
}

#[test]
fn suggested_import_lines_work() {
    let wat = r#"(module (import "a-b" "c d" (func $f (param i32) (result externref f64)))
      (func (export "go") (drop) (drop (call $f (i32.const 1)))))"#;
    let wat = wat.replace(
        "(drop) (drop (call $f (i32.const 1)))",
        "(call $f (i32.const 1)) (drop) (drop)",
    );
    let trace = run_on(&wat, "call go()").trapped_trace();
    let line = trace.error().lines().last().unwrap().trim().to_owned();
    run_on(&wat, &format!("{line}\ncall go()")).ok_trace();
}

#[test]
fn assemblyscript_abort_traps_with_its_message() {
    let wat = r#"(module (import "env" "abort" (func $abort (param i32 i32 i32 i32))) (memory (export "memory") 1)
      (data (i32.const 12) "\06\00\00\00b\00a\00d\00") (data (i32.const 28) "\04\00\00\00x\00y\00")
      (func (export "go") (call $abort (i32.const 16) (i32.const 32) (i32.const 7) (i32.const 9)))
      (func (export "wild") (call $abort (i32.const -1) (i32.const 0) (i32.const 7) (i32.const 9))))"#;
    let trace = run_on(wat, "call go()").trapped_trace();
    assert_contains(trace.error(), "bad at xy:7:9");
    assert_eq!(trace.findings(1), ["trap"]);
    run_on(wat, "call wild()").trapped_trace();
    let overridden =
        run_on(wat, "import env.abort(m, f, l, c) reads l as u8\ncall go()").ok_trace();
    assert_eq!(
        overridden.last()["imports_called"][0]["args"],
        json!([16, 32, 7, 9])
    );
}

#[test]
fn wasm_bindgen_throw_traps_with_its_message() {
    let wat = r#"(module (import "__wbindgen_placeholder__" "__wbindgen_throw" (func $throw (param i32 i32)))
      (memory (export "memory") 1) (data (i32.const 8) "out of luck")
      (func (export "go") (call $throw (i32.const 8) (i32.const 11))))"#;
    let trace = run_on(wat, "call go()").trapped_trace();
    assert_contains(trace.error(), "out of luck");
    assert_eq!(trace.findings(1), ["trap"]);
}

#[test]
fn import_lines_must_precede_the_first_step() {
    let message = run_on(CALLER, "let x = 1\nimport env.f(a, b) returns 1").refusal();
    assert_contains(&message, "`import` must be before the first step");
}
