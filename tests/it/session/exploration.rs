//! Exploration of real guests: inserted steps are ordinary steps, branches keep their timelines,
//! replays reach the same state, and a saved exploration runs to the same end.

use linmem::app::{App, Overlay, SessionState};
use linmem::script;
use linmem::session::{SessionConfig, replay};
use linmem::testing::driver::Driver;
use linmem::testing::live_session::LiveSession;
use linmem::testing::sessions;
use linmem::timeline::{FindingKind, Outcome, Timeline};
use linmem::value::Value;
use proptest::prelude::*;

/// A guest with a bump allocator, a global, a counter in memory, growth, a trap and an import.
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

/// An app in which a live session is explored.
type Explorer = Driver<LiveSession>;

/// Opens a session of `steps` on the guest `wat`; `""` means a bare module.
fn explore(wat: &str, steps: &str) -> Explorer {
    let config = SessionConfig {
        limits: sessions::without_time_limit(),
        ..sessions::config(sessions::guest(wat), steps)
    };
    Driver::live(App::new((120, 40), Vec::new(), true), config)
}

fn bare() -> Explorer {
    explore(GUEST, "")
}

/// Saves the branch that is shown and runs the steps file from its start.
fn run_saved(explorer: &mut Explorer) -> Timeline {
    explorer.enter_line("save x.steps");
    let text = explorer.host.saved.take().expect("the branch was saved");
    let script = script::parse("saved.steps", &text);
    let script = script.unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    sessions::run(explorer.host.config(script, Vec::new()))
}

/// Returns the message of the prompt, or the notice below the panes.
fn message(explorer: &Explorer) -> String {
    match &explorer.app.overlay {
        Overlay::Prompt(prompt) => format!("{:?}", prompt.feedback),
        _ => explorer
            .app
            .notice
            .as_ref()
            .map(|notice| notice.text.clone())
            .unwrap_or_default(),
    }
}

/// Returns the value that `name` was last bound to.
fn value(explorer: &Explorer, name: &str) -> Option<Value> {
    let steps = explorer.app.timeline.steps().iter().rev();
    steps
        .flat_map(|s| &s.bindings)
        .find(|b| b.name == name)
        .map(|b| b.value.clone())
}

/// Asserts that memory, outcomes and values of two runs are the same.
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
fn bare_modules_are_explored_step_by_step() {
    let mut explorer = bare();
    assert_eq!(explorer.app.timeline.steps().len(), 1);
    explorer.enter_line("p = call alloc(16)");
    explorer.enter_line("write p, \"Hello\"");
    explorer.enter_line("n = call count()");
    explorer.enter_line("call fill(p, 3)");
    explorer.enter_line("seen = read p, 5 as bytes");
    assert_eq!(
        value(&explorer, "seen"),
        Some(Value::Bytes(vec![1, 1, 1, b'l', b'o'])),
        "{}",
        message(&explorer)
    );
    let timeline = &explorer.app.timeline;
    assert_eq!((timeline.steps().len(), explorer.host.replays), (6, 0));
    assert!(
        timeline.steps()[1..]
            .iter()
            .all(|s| s.line.is_none() && s.outcome == Outcome::Ok)
    );
    assert!(
        timeline.steps()[2].pointers.iter().any(|p| p.name == "p"),
        "p becomes a pointer when it is used as one"
    );
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn inserting_after_going_back_replays_the_guest() {
    let mut explorer = bare();
    for line in ["a = call count()", "b = call count()", "c = call count()"] {
        explorer.enter_line(line);
    }
    let first = explorer.app.timeline.clone();
    explorer.go_to(1);
    explorer.enter_line("d = call count()");
    assert_eq!(
        (
            value(&explorer, "d"),
            value(&explorer, "c"),
            explorer.host.replays
        ),
        (Some(Value::Int(2)), None, 1)
    );
    explorer.enter_line("e = call count()");
    assert_eq!(
        (value(&explorer, "e"), explorer.host.replays),
        (Some(Value::Int(3)), 1)
    );
    let second = explorer.app.timeline.clone();
    explorer.press("x");
    assert_same(&explorer.app.timeline, &first);
    explorer.press("G");
    explorer.enter_line("f = call count()");
    assert_eq!(
        (value(&explorer, "f"), explorer.host.replays),
        (Some(Value::Int(4)), 2)
    );
    explorer.press("x");
    assert_same(&explorer.app.timeline, &second);
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn exploration_continues_after_a_trap() {
    let mut explorer = bare();
    explorer.enter_line("a = call count()");
    explorer.enter_line("call fill(65530, 100)");
    assert_eq!(explorer.app.timeline.steps()[2].outcome, Outcome::Trapped);
    explorer.enter_line("b = call count()");
    assert_eq!(
        (value(&explorer, "b"), explorer.app.branch()),
        (Some(Value::Int(2)), Some((2, 2)))
    );
    // An expected trap lets the run continue on the same guest.
    explorer.press("x G");
    explorer.enter_line("expect finding leak");
    assert!(
        message(&explorer).contains("it has trap"),
        "{}",
        message(&explorer)
    );
    explorer.enter_line("expect finding trap");
    assert_eq!(
        explorer.app.timeline.steps().len(),
        4,
        "{}",
        message(&explorer)
    );
    assert!(explorer.app.timeline.steps()[2].is_claimed());
    explorer.enter_line("b = call count()");
    assert_eq!(value(&explorer, "b"), Some(Value::Int(2)));
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
    // After going back to the trap, the next step replaces the trap and its expectation.
    explorer.go_to(2);
    explorer.enter_line("c = call count()");
    assert_eq!(explorer.app.timeline.steps().len(), 3);
    assert_eq!(value(&explorer, "c"), Some(Value::Int(2)));
}

#[test]
fn undefined_imports_trap_and_suggest_a_line() {
    let mut explorer = bare();
    let undefined = &explorer.app.timeline.guest.abi_hints.undefined;
    assert_eq!(undefined.len(), 1);
    assert_eq!(
        (undefined[0].name.as_str(), undefined[0].line.as_str()),
        ("env.log", "import env.log(a0)")
    );
    explorer.enter_line("call shout()");
    let step = explorer.app.timeline.steps().last().unwrap();
    assert!(
        step.findings
            .iter()
            .any(|f| f.kind == FindingKind::ImportUndefined),
        "{:?}",
        step.error
    );
    // The line starts a guest with the import, and the step that trapped runs again on a new branch.
    explorer.enter_line("import env.log(a0, b)");
    assert!(
        message(&explorer).contains("has 2 parameters here"),
        "{}",
        message(&explorer)
    );
    explorer.enter_line("import env.log(a0)");
    let step = explorer.app.timeline.steps().last().unwrap();
    assert_eq!(
        (step.text.as_str(), step.outcome),
        ("call shout()", Outcome::Ok),
        "{}",
        message(&explorer)
    );
    assert_eq!(explorer.app.branch(), Some((2, 2)));
    assert!(explorer.app.timeline.guest.abi_hints.undefined.is_empty());
    explorer.enter_line("a = call count()");
    explorer.go_to(1);
    explorer.enter_line("b = call count()");
    assert_eq!(
        value(&explorer, "b"),
        Some(Value::Int(1)),
        "{}",
        message(&explorer)
    );
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn imported_memories_can_be_defined_later() {
    let wat = r#"(module (import "env" "memory" (memory 1)) (data (i32.const 70000) "far"))"#;
    let mut explorer = explore(wat, "");
    assert_eq!(explorer.app.timeline.steps()[0].outcome, Outcome::Trapped);
    explorer.enter_line("x = read 70000 as u8");
    assert!(
        message(&explorer).contains("not instantiated"),
        "{}",
        message(&explorer)
    );
    explorer.enter_line("import env.memory pages 2");
    explorer.enter_line("x = read 70000 as u8");
    assert_eq!(
        value(&explorer, "x"),
        Some(Value::Int(102)),
        "{}",
        message(&explorer)
    );
}

#[test]
fn scripts_continue_after_an_inserted_step() {
    let steps = "module \"guest.wat\"\ninput text = \"abc\"\nimport env.log(a)\np = call alloc(8)\nwrite p, text\n\
                 n = call count()\nseen = read p, len(text) as utf8\n";
    let mut explorer = explore(GUEST, steps);
    explorer.go_to(2);
    explorer.enter_line("write p + 1, \"X\"");
    assert_eq!(explorer.app.session, SessionState::Ready);
    explorer.press("G");
    assert_eq!(
        value(&explorer, "seen"),
        Some(Value::Text("aXc".into())),
        "{}",
        message(&explorer)
    );
    let lines: Vec<Option<u32>> = explorer
        .app
        .timeline
        .steps()
        .iter()
        .map(|s| s.line)
        .collect();
    assert_eq!(lines, [None, Some(4), Some(5), None, Some(6), Some(7)]);
    explorer.enter_line("call shout()");
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
    // Other inputs run the same branch again, with the inserted steps.
    explorer.press("esc e ctrl-u");
    explorer.paste("xyz!");
    explorer.press("enter G G");
    assert_eq!(value(&explorer, "seen"), Some(Value::Text("xXz!".into())));
    explorer.go_to(1);
    explorer.enter_line("write p, text");
    assert_eq!(
        explorer.app.timeline.memory_after(2).read(64, 4),
        b"xyz!",
        "{}",
        message(&explorer)
    );
    let again = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &again);
}

#[test]
fn inserted_questions_are_answered() {
    let mut explorer = bare();
    explorer.enter_line("a = call count()");
    explorer.enter_line("ask \"what will it count?\" = a + 1");
    explorer.enter_line("b = call count()");
    assert_eq!(
        explorer.app.timeline.answer_to(2).map(|a| a.value.clone()),
        Some(Ok(Value::Int(2)))
    );
}

#[test]
fn blocks_are_not_leaks_while_exploring() {
    let mut explorer = bare();
    for line in [
        "p = call alloc(16)",
        "block b = p, 16",
        "write p, \"x\"",
        "call \"free-it\"(p)",
        "release b",
    ] {
        explorer.enter_line(line);
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
    explorer.enter_line("write p, \"y\"");
    let found: Vec<_> = explorer
        .app
        .timeline
        .open_findings()
        .map(|(_, f)| f.kind)
        .collect();
    assert!(found.contains(&FindingKind::UseAfterRelease), "{found:?}");
}

#[test]
fn reactors_are_initialized_once() {
    let wat = r#"(module (memory (export "memory") 1) (func (export "_initialize")
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))))"#;
    let mut explorer = explore(wat, "");
    explorer.enter_line("call _initialize()");
    assert!(
        message(&explorer).contains("initialized once"),
        "{}",
        message(&explorer)
    );
    assert_eq!(explorer.app.timeline.steps().len(), 1);
    explorer.enter_line("x = read 0 as u32");
    assert_eq!(value(&explorer, "x"), Some(Value::Int(1)));
}

#[test]
fn examples_for_the_shipped_guests_run() {
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
        let mut explorer = explore(&wat, "");
        let examples = explorer.app.timeline.guest.abi_hints.examples.clone();
        assert!(examples.len() >= 2, "{guest}: {examples:?}");
        for (at, step) in examples.iter().enumerate() {
            explorer.enter_line(step);
            let ran = explorer.app.timeline.steps().len();
            assert_eq!(ran, at + 2, "{guest}: {step}: {}", message(&explorer));
        }
    }
}

/// A random action of a user.
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

    /// Each branch of an arbitrary exploration, saved, runs to the same end.
    #[test]
    fn saved_explorations_run_to_the_same_end(moves in moves(), is_bare in any::<bool>()) {
        let script = "module \"guest.wat\"\nimport env.log(a)\nq = call alloc(4)\nwrite q, \"abcd\"\nz = call count()\n";
        let mut explorer = explore(GUEST, if is_bare { "" } else { script });
        for step in &moves {
            match step {
                Move::Type(line) => explorer.enter_line(LINES[*line]),
                Move::GoTo(step) => explorer.go_to(*step),
                Move::Swap => explorer.press("esc x"),
                Move::Next => explorer.press("esc space"),
            }
            prop_assert!(!explorer.app.session.is_running());
            prop_assert_eq!(&explorer.host.differences, &Vec::<String>::new());
        }
        let branches = explorer.app.branch().map_or(1, |_| explorer.app.branches.hidden() + 1);
        for _ in 0..branches {
            let shown = explorer.app.timeline.clone();
            let again = run_saved(&mut explorer);
            // The file also contains the steps that have not run yet.
            prop_assert!(again.steps().len() >= shown.steps().len());
            for (a, b) in shown.steps().iter().zip(again.steps()) {
                let difference = replay::difference(a, b);
                prop_assert!(difference.is_none(), "{:?}: step {}: {}", difference, a.index, a.text);
            }
            explorer.press("esc x");
        }
    }
}

#[test]
fn types_are_typed_used_and_saved() {
    let mut explorer = explore(
        GUEST,
        "module \"guest.wat\"\ntype Pair = { a: u32, b: u32 }\n",
    );
    explorer.enter_line("p = call alloc(16)");
    explorer.enter_line("write p, Pair { a: 1, b: 2 }");
    explorer.enter_line("type Line = { from: Pair, to: Pair }");
    explorer.enter_line("l = read p as Line");
    let shown = value(&explorer, "l").map(|value| value.to_string());
    let expected = "Line { from: Pair { a: 1, b: 2 }, to: Pair { a: 0, b: 0 } }";
    assert_eq!(shown.as_deref(), Some(expected), "{}", message(&explorer));
    explorer.enter_line("view pairs = p as [Pair; 2]");
    explorer.enter_line("write p + 8, u32(9)");
    let step = explorer.app.timeline.steps().len() - 1;
    let happened = linmem::timeline::describe_step(&explorer.app.timeline, step);
    assert!(happened.contains("pairs[1].a: 0 → 9"), "{happened}");
    explorer.enter_line("l = read p as Lime");
    assert!(
        message(&explorer).contains("there is no type"),
        "{}",
        message(&explorer)
    );
    let saved = run_saved(&mut explorer);
    assert_same(&explorer.app.timeline, &saved);
}
