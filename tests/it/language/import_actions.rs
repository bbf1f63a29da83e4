//! Actions of an import that bind values, and that call the guest.

use serde_json::json;

use super::harness::{Run, Trace, assert_contains, run_on};

/// A guest that asks `env.fetch` for text, with an allocator that grows memory.
const FETCHER: &str = r#"(module
  (import "env" "fetch" (func $fetch (param i32 i32)))
  (memory (export "memory") 1)
  (global $brk (mut i32) (i32.const 0x1000))
  (data (i32.const 0x100) "greeting\00")
  (func (export "allocate") (param $n i32) (result i32) (local $p i32)
    (local.set $p (global.get $brk))
    (global.set $brk (i32.add (local.get $p) (local.get $n)))
    (if (i32.gt_u (global.get $brk) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow (i32.const 16)))))
    (i32.store (i32.const 0x300) (local.get $n))
    (local.get $p))
  (func (export "nothing"))
  (func (export "pair") (result i32 i32) (i32.const 7) (i32.const 8))
  (func (export "boom") (unreachable))
  (func $go (export "go") (result i32)
    (i32.store (i32.const 0x304) (i32.const 1))
    (call $fetch (i32.const 0x100) (i32.const 0x200))
    (i32.store (i32.const 0x308) (i32.const 2))
    (i32.load (i32.const 0x204))))"#;

fn fetch(actions: &str) -> Run {
    run_on(
        FETCHER,
        &format!("import env.fetch(key, ret) {actions}\nn = call go()"),
    )
}

fn import_call(trace: &Trace) -> &serde_json::Value {
    &trace.last()["imports_called"][0]
}

#[test]
fn an_action_binds_what_it_reads_calls_and_computes() {
    let trace = fetch(
        "k = reads key as cstr ; let answer = k ++ \"!\" ; p = call allocate(len(answer)) ; \
         writes p, answer ; writes ret, u32(p, len(answer))",
    )
    .ok_trace();
    assert_eq!(trace.value("n"), 9);
    let call = import_call(&trace);
    assert_eq!(call["saw"], json!(["greeting"]));
    assert_eq!(
        call["calls"],
        json!([{"export": "allocate", "args": [9], "results": [0x1000]}])
    );
}

#[test]
fn addresses_follow_what_was_bound() {
    let trace = fetch(
        "writes 0x400, u32(0x100, 5) ; s = reads 0x400 as u32[2] ; name = reads s[0], s[1] as \
         utf8 ; writes ret, u32(0, len(name))",
    )
    .ok_trace();
    assert_eq!(
        import_call(&trace)["saw"],
        json!([[0x100, 5], "greet"]),
        "{:?}",
        trace.last()
    );
}

#[test]
fn stores_inside_the_inner_call_keep_their_writers_and_their_order() {
    let steps = "import env.fetch(key, ret) writes 0x400, \"a\" ; p = call allocate(5) ; writes \
                 0x401, \"b\"\ncall go()";
    let folder = super::harness::folder_with(FETCHER);
    let script = format!("module \"guest.wat\"\n{steps}");
    let trace = super::harness::run_in(&folder, &script, &["--stores"]).ok_trace();
    let stores: Vec<(u64, &str)> = trace.last()["events"]
        .as_array()
        .unwrap_or_else(|| panic!("{:#}", trace.last()))
        .iter()
        .map(|store| {
            (
                store["address"].as_u64().unwrap(),
                store["writer"]["by"].as_str().unwrap(),
            )
        })
        .collect();
    let wanted = [
        (0x304, "guest"),
        (0x400, "import"),
        (0x300, "guest"),
        (0x401, "import"),
        (0x308, "guest"),
    ];
    assert_eq!(stores, wanted);
}

#[test]
fn an_inner_call_can_grow_memory() {
    let trace = fetch(
        "p = call allocate(70000) ; writes p, repeat(\"x\", 70000) ; writes ret, u32(p, 70000)",
    )
    .ok_trace();
    assert_eq!(trace.value("n"), 70000);
    assert_eq!(trace.last()["pages"], json!({"before": 1, "after": 17}));
    assert_eq!(trace.findings(1), ["memory-grew"]);
}

#[test]
fn a_call_names_all_results_or_none() {
    let trace = fetch("call nothing() ; a, _ = call pair() ; writes ret, u32(0, a)").ok_trace();
    assert_eq!(trace.value("n"), 7);
    let trace = fetch("a = call pair()").trapped_trace();
    assert_contains(
        trace.error(),
        "import env.fetch: pair gives 2 results, 1 named",
    );
    let trace = fetch("a = call allocate()").trapped_trace();
    assert_contains(trace.error(), "allocate takes 1 argument, 0 given");
    let trace = fetch("a = call allocate(1.5)").trapped_trace();
    assert_contains(trace.error(), "argument 1 of allocate, of type i32");
    let trace = fetch("a = call alocate(1)").trapped_trace();
    assert_contains(trace.error(), "did you mean allocate?");
}

#[test]
fn a_trap_inside_an_inner_call_ends_the_step_with_that_trap() {
    let trace = fetch("call boom()").trapped_trace();
    assert_contains(trace.error(), "unreachable");
    assert_eq!(trace.findings(1), ["trap"]);
    assert_eq!(
        import_call(&trace)["calls"],
        json!([{"export": "boom", "args": [], "results": []}])
    );
}

#[test]
fn guests_that_call_each_other_without_end_stop_at_a_depth_of_64() {
    let trace = fetch("call go()").trace(1, "cancelled");
    assert_contains(trace.error(), "more than 64 calls of the guest by imports");
    assert_eq!(trace.findings(1), ["limit"]);
    assert_eq!(trace.last()["imports_called_total"], 65);
}

#[test]
fn calls_of_an_import_are_counted_by_where_they_begin() {
    // The second call runs inside the first one, which then still is call 0.
    let wat = r#"(module (import "env" "f" (func $f (param i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "go") (param i32) (result i32) (call $f (local.get 0))))"#;
    let steps = "import env.f(n) let first = calls(env.f) ; writes first, u8(7) ; let times = \
                 [0, 9][n] ; writes times * 8, \"\" ; returns first * 10 + calls(env.f)\n\
                 a = call go(0)\nb = call go(1)";
    let trace = run_on(wat, steps).ok_trace();
    assert_eq!(
        (trace.value("a"), trace.value("b")),
        (&json!(0), &json!(11))
    );
}

#[test]
fn a_later_action_sees_the_newest_value_and_no_later_one() {
    let trace =
        fetch("let a = 1 ; let a = a + 1 ; let key = a + 1 ; writes ret, u32(0, a * 10 + key)")
            .ok_trace();
    assert_eq!(trace.value("n"), 23);
    fetch("writes ret, k ; k = reads key as cstr")
        .assert_refused(&["s.steps:2:40", "there is no variable `k` here"]);
}

#[test]
fn mistakes_are_refused_with_their_place() {
    for (actions, place, message, help) in [
        (
            "k = read key as cstr",
            "s.steps:2:32",
            "expected `reads` or `call`, found `read`",
            "write `k = reads …`",
        ),
        (
            "p = calls allocate(5)",
            "s.steps:2:32",
            "found `calls`",
            "write `p = call EXPORT(…)`",
        ),
        (
            "p = 5",
            "s.steps:2:32",
            "expected `reads` or `call`, found `5`",
            "write `let p = …`",
        ),
        (
            "a, b = reads key as u8",
            "s.steps:2:35",
            "`reads` has one result, but 2 names are given",
            "give one name",
        ),
        (
            "calls allocate(5)",
            "s.steps:2:28",
            "there is no action `calls`",
            "did you mean `call`?",
        ),
        (
            "a, a = call pair()",
            "s.steps:2:31",
            "two results are called `a`",
            "give each result its own name",
        ),
        (
            "traps \"x\" ; k = reads key as u8",
            "s.steps:2:40",
            "an action after `traps` never runs",
            "make `traps` the last action",
        ),
        (
            "let true = 1",
            "s.steps:2:32",
            "`true` is a value and cannot be a name",
            "choose another name",
        ),
    ] {
        fetch(actions).assert_refused(&[place, message, help]);
    }
}
