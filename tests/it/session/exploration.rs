//! Exploring with real guests: typed steps are steps like any other, branches keep everything,
//! guests that take the same steps again end where the first did, and a saved exploration runs to
//! the same end.

use crate::support::explorer::Explorer;
use linmem::app::Engine;
use linmem::session::replay;
use linmem::timeline::{FindingKind, Outcome, Timeline};
use linmem::value::Value;
use proptest::prelude::*;

/// A bump allocator, a transform, a global, a counter in memory, growth and a trap.
const GUEST: &str = r#"(module
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 4)
  (global $next (mut i32) (i32.const 64))
  (global (export "limit") (mut i32) (i32.const 7))
  (data (i32.const 16) "Wasm")
  (func (export "alloc") (param i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 0))))
  (func (export "free-it") (param i32))
  (func (export "count") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (i32.load (i32.const 0)))
  (func (export "fill") (param i32 i32)
    (memory.fill (local.get 0) (i32.load8_u (i32.const 0)) (local.get 1)))
  (func (export "more") (drop (memory.grow (i32.const 1))))
  (func (export "shout") (call $log (i32.const 1)))
  (func (export "pair") (result i32 f64) (i32.const 3) (f64.const nan:0x123))
)"#;

fn bare() -> Explorer {
    Explorer::open(GUEST, "")
}

fn value(explorer: &Explorer, name: &str) -> Option<Value> {
    let steps = explorer.app.timeline.steps().iter().rev();
    steps
        .flat_map(|s| &s.bindings)
        .find(|b| b.name == name)
        .map(|b| b.value.clone())
}

/// Memory, outcomes and values of two runs are the same.
#[track_caller]
fn assert_same(shown: &Timeline, again: &Timeline) {
    assert_eq!(shown.steps().len(), again.steps().len());
    for (a, b) in shown.steps().iter().zip(again.steps()) {
        assert_eq!(
            replay::difference(a, b),
            None,
            "step {}: {}",
            a.index,
            a.text
        );
        assert_eq!(a.stores, b.stores);
    }
}

#[test]
fn a_bare_module_is_explored_step_by_step() {
    let mut explorer = bare();
    assert_eq!(explorer.app.timeline.steps().len(), 1);
    explorer.type_line("p = call alloc(16)");
    explorer.type_line("write p, \"Hello\"");
    explorer.type_line("n = call count()");
    explorer.type_line("call fill(p, 3)");
    explorer.type_line("seen = read p, 5 as bytes");
    assert_eq!(
        value(&explorer, "seen"),
        Some(Value::Bytes(vec![1, 1, 1, b'l', b'o'])),
        "{}",
        explorer.complaint()
    );
    let timeline = &explorer.app.timeline;
    assert_eq!((timeline.steps().len(), explorer.replays), (6, 0));
    assert!(
        timeline.steps()[1..]
            .iter()
            .all(|s| s.line.is_none() && s.outcome == Outcome::Ok)
    );
    assert!(
        timeline.steps()[2].pointers.iter().any(|p| p.name == "p"),
        "p is a pointer once it is used as one"
    );
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn going_back_and_typing_runs_on_a_guest_as_it_was_then() {
    let mut explorer = bare();
    for line in ["a = call count()", "b = call count()", "c = call count()"] {
        explorer.type_line(line);
    }
    let first = explorer.app.timeline.clone();
    explorer.go_to(1);
    explorer.type_line("d = call count()");
    assert_eq!(
        (
            value(&explorer, "d"),
            value(&explorer, "c"),
            explorer.replays
        ),
        (Some(Value::Int(2)), None, 1)
    );
    explorer.type_line("e = call count()");
    assert_eq!(
        (value(&explorer, "e"), explorer.replays),
        (Some(Value::Int(3)), 1)
    );
    let second = explorer.app.timeline.clone();
    explorer.press("x");
    assert_same(&explorer.app.timeline, &first);
    explorer.press("G");
    explorer.type_line("f = call count()");
    assert_eq!(
        (value(&explorer, "f"), explorer.replays),
        (Some(Value::Int(4)), 2)
    );
    explorer.press("x");
    assert_same(&explorer.app.timeline, &second);
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn a_trap_does_not_end_the_exploration() {
    let mut explorer = bare();
    explorer.type_line("a = call count()");
    explorer.type_line("call fill(65530, 100)");
    assert_eq!(explorer.app.timeline.steps()[2].outcome, Outcome::Trapped);
    explorer.type_line("b = call count()");
    assert_eq!(
        (value(&explorer, "b"), explorer.app.branch()),
        (Some(Value::Int(2)), Some((2, 2)))
    );
    // Where the trap is what was meant, the run goes on from it, on the same guest.
    explorer.press("x G");
    explorer.type_line("expect finding leak");
    assert!(
        explorer.complaint().contains("it has trap"),
        "{}",
        explorer.complaint()
    );
    explorer.type_line("expect finding trap");
    assert_eq!(
        explorer.app.timeline.steps().len(),
        4,
        "{}",
        explorer.complaint()
    );
    assert!(explorer.app.timeline.steps()[2].is_claimed());
    explorer.type_line("b = call count()");
    assert_eq!(value(&explorer, "b"), Some(Value::Int(2)));
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
    // Going back to the trap leaves out what expected it, so the next step takes the trap's place.
    explorer.go_to(2);
    explorer.type_line("c = call count()");
    assert_eq!(explorer.app.timeline.steps().len(), 3);
    assert_eq!(value(&explorer, "c"), Some(Value::Int(2)));
}

#[test]
fn an_import_that_nobody_defines_traps_and_says_the_line() {
    let mut explorer = bare();
    let undefined = &explorer.app.timeline.guest.looks.undefined;
    assert_eq!(undefined.len(), 1);
    assert_eq!(
        (undefined[0].name.as_str(), undefined[0].line.as_str()),
        ("env.log", "import env.log(a0)")
    );
    explorer.type_line("call shout()");
    let step = explorer.app.timeline.steps().last().unwrap();
    assert!(
        step.findings
            .iter()
            .any(|f| f.kind == FindingKind::ImportUndefined),
        "{:?}",
        step.error
    );
    // Typed, it starts a guest that has it, and what trapped runs again; the trap is set aside.
    explorer.type_line("import env.log(a0, b)");
    assert!(
        explorer.complaint().contains("has 2 parameters here"),
        "{}",
        explorer.complaint()
    );
    explorer.type_line("import env.log(a0)");
    let step = explorer.app.timeline.steps().last().unwrap();
    assert_eq!(
        (step.text.as_str(), step.outcome),
        ("call shout()", Outcome::Ok),
        "{}",
        explorer.complaint()
    );
    assert_eq!(explorer.app.branch(), Some((2, 2)));
    assert!(explorer.app.timeline.guest.looks.undefined.is_empty());
    explorer.type_line("a = call count()");
    explorer.go_to(1);
    explorer.type_line("b = call count()");
    assert_eq!(
        value(&explorer, "b"),
        Some(Value::Int(1)),
        "{}",
        explorer.complaint()
    );
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn a_memory_that_the_guest_imports_can_be_given_after_it_failed_to_start() {
    let wat = r#"(module (import "env" "memory" (memory 1)) (data (i32.const 70000) "far"))"#;
    let mut explorer = Explorer::open(wat, "");
    assert_eq!(explorer.app.timeline.steps()[0].outcome, Outcome::Trapped);
    explorer.type_line("x = read 70000 as u8");
    assert!(
        explorer.complaint().contains("not instantiated"),
        "{}",
        explorer.complaint()
    );
    explorer.type_line("import env.memory pages 2");
    explorer.type_line("x = read 70000 as u8");
    assert_eq!(
        value(&explorer, "x"),
        Some(Value::Int(102)),
        "{}",
        explorer.complaint()
    );
}

#[test]
fn a_script_goes_on_after_a_step_typed_in_its_middle() {
    let steps = "module \"guest.wat\"\ninput text = \"abc\"\nimport env.log(a)\np = call alloc(8)\nwrite p, text\n\
                 n = call count()\nseen = read p, len(text) as utf8\n";
    let mut explorer = Explorer::open(GUEST, steps);
    explorer.go_to(2);
    explorer.type_line("write p + 1, \"X\"");
    assert_eq!(explorer.app.engine, Engine::Ready);
    explorer.press("G");
    assert_eq!(
        value(&explorer, "seen"),
        Some(Value::Text("aXc".into())),
        "{}",
        explorer.complaint()
    );
    let lines: Vec<Option<u32>> = explorer
        .app
        .timeline
        .steps()
        .iter()
        .map(|s| s.line)
        .collect();
    assert_eq!(lines, [None, Some(4), Some(5), None, Some(6), Some(7)]);
    explorer.type_line("call shout()");
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
    // Other inputs run the same branch again, what was typed included.
    explorer.press("esc e ctrl-u");
    linmem::app::paste(&mut explorer.app, "xyz!");
    explorer.press("enter G G");
    assert_eq!(value(&explorer, "seen"), Some(Value::Text("xXz!".into())));
    explorer.go_to(1);
    explorer.type_line("write p, text");
    assert_eq!(
        explorer.app.timeline.memory_after(2).read(64, 4),
        b"xyz!",
        "{}",
        explorer.complaint()
    );
    let again = explorer.run_saved();
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn a_question_typed_before_its_answer_is_answered() {
    let mut explorer = bare();
    explorer.type_line("a = call count()");
    explorer.type_line("ask \"what will it count?\" = a + 1");
    explorer.type_line("b = call count()");
    assert_eq!(
        explorer.app.timeline.answer_to(2).map(|a| a.value.clone()),
        Some(Ok(Value::Int(2)))
    );
}

#[test]
fn a_block_that_may_still_be_given_back_is_no_leak() {
    let mut explorer = bare();
    for line in [
        "p = call alloc(16)",
        "block b = p, 16",
        "write p, \"x\"",
        "call \"free-it\"(p)",
        "release b",
    ] {
        explorer.type_line(line);
    }
    let found: Vec<_> = explorer
        .app
        .timeline
        .open_findings()
        .map(|(step, f)| (step.index, f.kind))
        .collect();
    assert!(
        found.iter().all(|(_, kind)| *kind != FindingKind::Leak),
        "{found:?}"
    );
    explorer.type_line("write p, \"y\"");
    let found: Vec<_> = explorer
        .app
        .timeline
        .open_findings()
        .map(|(_, f)| f.kind)
        .collect();
    assert!(found.contains(&FindingKind::UseAfterRelease), "{found:?}");
}

#[test]
fn a_reactor_is_initialised_once() {
    let wat = r#"(module (memory (export "memory") 1) (func (export "_initialize")
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))))"#;
    let mut explorer = Explorer::open(wat, "");
    explorer.type_line("call _initialize()");
    assert!(
        explorer.complaint().contains("initialized once"),
        "{}",
        explorer.complaint()
    );
    assert_eq!(explorer.app.timeline.steps().len(), 1);
    explorer.type_line("x = read 0 as u32");
    assert_eq!(value(&explorer, "x"), Some(Value::Int(1)));
}

#[test]
fn examples_of_the_guests_that_ship_are_steps_that_run() {
    let guests = [
        "wasm_is_cool.wat",
        "c_contract.wat",
        "examples/alloc.wat",
        "examples/growing.wat",
        "examples/in_place.wat",
    ];
    for guest in guests {
        let wat = std::fs::read_to_string(format!("{}/guest/{guest}", env!("CARGO_MANIFEST_DIR")))
            .unwrap();
        let mut explorer = Explorer::open(&wat, "");
        let examples = explorer.app.timeline.guest.looks.examples.clone();
        assert!(examples.len() >= 2, "{guest}: {examples:?}");
        for (at, step) in examples.iter().enumerate() {
            explorer.type_line(step);
            let ran = explorer.app.timeline.steps().len();
            assert_eq!(ran, at + 2, "{guest}: {step}: {}", explorer.complaint());
        }
    }
}

/// What a person may do next.
#[derive(Debug, Clone)]
enum Move {
    Type(usize),
    GoTo(usize),
    Swap,
    Next,
}

const LINES: [&str; 19] = [
    "p = call alloc(16)",
    "write p, \"Hello\"",
    "write 100, u32(1, 2, 3)",
    "n = call count()",
    "call fill(p, n)",
    "call fill(65535, 9)",
    "call more()",
    "old = grow 1",
    "seen = read p, 5 as bytes",
    "text = read 16, 4 as utf8",
    "x, y = call pair()",
    "set limit = 9",
    "l = global limit",
    "let k = len(text) + 1",
    "region r = p, 8",
    "block b = p, 16",
    "release b",
    "expect n == 2",
    "expect finding trap",
];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => (0..LINES.len()).prop_map(Move::Type),
        2 => (0usize..12).prop_map(Move::GoTo),
        1 => Just(Move::Swap),
        1 => Just(Move::Next),
    ];
    prop::collection::vec(one, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is typed, wherever: each branch, saved, runs to the same end, and nothing that was
    /// set aside changes.
    #[test]
    fn saved_explorations_run_to_the_same_end(moves in moves(), is_bare in any::<bool>()) {
        let script = "module \"guest.wat\"\nimport env.log(a)\nq = call alloc(4)\nwrite q, \"abcd\"\nz = call count()\n";
        let mut explorer = Explorer::open(GUEST, if is_bare { "" } else { script });
        for step in &moves {
            match step {
                Move::Type(line) => explorer.type_line(LINES[*line]),
                Move::GoTo(step) => explorer.go_to(*step),
                Move::Swap => explorer.press("esc x"),
                Move::Next => explorer.press("esc space"),
            }
            prop_assert!(!explorer.app.is_running());
            prop_assert_eq!(&explorer.differences, &Vec::<String>::new());
        }
        let branches = explorer.app.branch().map_or(1, |_| explorer.app.branches.set_aside() + 1);
        for _ in 0..branches {
            let shown = explorer.app.timeline.clone();
            let again = explorer.run_saved();
            // Steps still to come are in the file too: it runs on to where they end.
            prop_assert!(again.steps().len() >= shown.steps().len());
            for (a, b) in shown.steps().iter().zip(again.steps()) {
                let difference = replay::difference(a, b);
                prop_assert!(difference.is_none(), "{:?}: step {}: {}", difference, a.index, a.text);
            }
            explorer.press("esc x");
        }
    }
}
