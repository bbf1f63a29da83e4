//! Steps that open: calls of imports, what the host did in them, and the calls back into the guest.

use linmem::testing::{nested_calls, sessions};
use linmem::timeline::{ChildKind, FindingKind, Moment, Outcome, StepRecord, Timeline};

use super::harness::run;

/// Returns the children of a step in short: name, text, result, and the events around each.
fn in_short(record: &StepRecord) -> Vec<String> {
    let child = |(index, child): (usize, &linmem::timeline::ChildStep)| {
        let result = child.result.as_deref().unwrap_or("-");
        let (label, text) = (record.child_label(index), &child.text);
        format!(
            "{label} {text} → {result}, {}..{}",
            child.events.start, child.events.end
        )
    };
    record.children.iter().map(child).collect()
}

/// Checks that each child is within its parent and after the ones before it, and that memory before
/// it and its events give memory after it.
fn check(timeline: &Timeline) {
    for record in timeline.steps() {
        for (index, child) in record.children.iter() {
            let around = match child.parent.and_then(|parent| record.children.get(parent)) {
                Some(parent) => parent.events.clone(),
                None => 0..record.events.len(),
            };
            assert!(around.start <= child.events.start && child.events.end <= around.end);
            let mut end = child.events.start;
            for (_, part) in record.children.parts_of(Some(index)) {
                assert!(end <= part.events.start, "{:?}", in_short(record));
                end = part.events.end;
            }
            let step = record.index;
            let at = |event| timeline.memory_at(Moment { step, event });
            let mut memory = at(child.events.start);
            for event in record
                .events
                .iter()
                .skip(child.events.start)
                .take(child.events.len())
            {
                event.apply(&mut memory);
            }
            assert_eq!(memory.differences(&at(child.events.end)), []);
        }
    }
}

#[test]
fn a_call_opens_into_imports_and_calls_back_into_the_guest() {
    let timeline = sessions::run(nested_calls::config());
    let record = &timeline.steps()[nested_calls::CALL];
    assert_eq!(
        in_short(record),
        [
            "1/1 env.fetch(16, 100) → 1, 2..5",
            "1/1/1 read 0x10 as cstr → \"color\", 2..2",
            "1/1/2 call allocate(5) → 1024, 2..3",
            "1/1/2/1 env.log(1024) → -, 3..3",
            "1/1/3 write 0x400, \"hello\" → -, 3..4",
            "1/1/4 write 0x64, hex\"00 04 00 00 05 00 00 00\" → -, 4..5",
            "1/2 env.log(7) → -, 6..6",
        ]
    );
    assert!(
        record
            .children
            .iter()
            .all(|(_, child)| child.outcome == Outcome::Ok)
    );
    assert_eq!(record.children.total(), 7);
    check(&timeline);
    // Memory before and after the call back into the guest: only its store is between them.
    let allocate = record.children.find(&[1, 2]).unwrap();
    let events = record.children.get(allocate).unwrap().events.clone();
    let at = |event| timeline.memory_at(Moment { step: 1, event }).read(0x400, 4);
    assert_eq!(
        (at(events.start), at(events.end)),
        (vec![0; 4], vec![5, 0, 0, 0])
    );
}

#[test]
fn moments_inside_children_are_found_by_their_names() {
    let timeline = sessions::run(nested_calls::config());
    let moment = |text: &str| {
        let resolved = timeline.resolve(&text.parse().unwrap());
        resolved.map(|found| found.moment.event)
    };
    for (text, event) in [
        ("1/1", 5),
        ("1/1.0", 2),
        ("1/1.2", 4),
        ("1/1/2", 3),
        ("1/1/2.1", 3),
        ("1/1/2/1", 3),
        ("1/2.0", 6),
    ] {
        assert_eq!(moment(text), Ok(event), "{text}");
    }
    for (text, error) in [
        ("1/3", "1/3: step 1 has 2 parts"),
        ("1/1/2/2", "1/1/2/2: 1/1/2 has one part"),
        (
            "1/2/1",
            "1/2/1: 1/2 has no parts: the guest called no import in it, or they were not recorded",
        ),
        ("1/1.4", "1/1.4: the last event of 1/1 is 3"),
        (
            "1/2.1",
            "1/2.1: 1/2 wrote nothing, so there is no 1/2.1; use 1/2",
        ),
        ("9/1", "9/1: the session ran steps 0 to 2"),
    ] {
        assert_eq!(moment(text).unwrap_err().to_string(), error);
    }
}

/// A guest that stores the number of its stores so far before each call of the import, which reads
/// that; between the calls it stores in a loop.
const COUNTER: &str = r#"(module
  (import "env" "now" (func $now))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "run") (param $calls i32) (local $i i32)
    (loop $next
      (local.set $i (i32.const 0))
      (loop $store
        (i32.store offset=0x1000 (i32.mul (local.get $i) (i32.const 4)) (local.get $i))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $store (i32.lt_u (local.get $i) (i32.const 999))))
      (global.set $count (i32.add (global.get $count) (i32.const 1000)))
      (i32.store (i32.const 0) (global.get $count))
      (call $now)
      (local.set $calls (i32.sub (local.get $calls) (i32.const 1)))
      (br_if $next (local.get $calls)))))"#;

#[test]
fn children_keep_their_place_among_stores_that_are_settled_in_parts() {
    let timeline = run(
        COUNTER,
        "import env.now() reads 0 as u32 ; writes 8, u32(1)\ncall run(700)",
    );
    let record = &timeline.steps()[1];
    // Each import writes once, which is an event too.
    assert_eq!(record.events.len(), 700 * 1001);
    let imports = record.children.parts_of(None);
    let mut calls = 0;
    for (number, (index, child)) in imports.enumerate() {
        let before = (number + 1) * 1000 + number;
        assert_eq!(child.events, before..before + 1, "call {number}");
        let read = record.children.get(index + 1).unwrap();
        assert_eq!(read.result, Some(((number + 1) * 1000).to_string()));
        calls += 1;
    }
    assert_eq!(calls, 700);
}

#[test]
fn more_children_than_are_recorded_are_counted() {
    let timeline = run(COUNTER, "import env.now() reads 0 as u32\ncall run(2500)");
    let children = &timeline.steps()[1].children;
    assert_eq!((children.len(), children.total()), (4000, 5000));
}

#[test]
fn a_child_in_which_the_guest_traps_has_no_end_of_its_own() {
    let guest = r#"(module
      (import "env" "f" (func $f))
      (memory (export "memory") 1)
      (func (export "boom") (i32.store (i32.const 4) (i32.const 9)) (unreachable))
      (func (export "run")
        (i32.store (i32.const 0) (i32.const 1))
        (call $f)
        (i32.store (i32.const 0) (i32.const 2))))"#;
    let timeline = run(guest, "import env.f() call boom()\ncall run()");
    let record = &timeline.steps()[1];
    assert_eq!(
        in_short(record),
        ["1/1 env.f() → -, 1..2", "1/1/1 call boom() → -, 1..2"]
    );
    let outcomes: Vec<Outcome> = record.children.iter().map(|(_, c)| c.outcome).collect();
    assert_eq!(outcomes, [Outcome::Trapped; 2]);
    check(&timeline);
    // A host that goes on after the trap: the call trapped, and the import did not.
    let timeline = run(guest, "import env.f() catches call boom()\ncall run()");
    let record = &timeline.steps()[1];
    let outcomes: Vec<Outcome> = record.children.iter().map(|(_, c)| c.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Trapped]);
    assert_eq!((record.outcome, record.events.len()), (Outcome::Ok, 3));
    check(&timeline);
}

#[test]
fn a_store_that_traps_in_a_call_back_is_no_event() {
    let guest = r#"(module
      (import "env" "f" (func $f))
      (memory (export "memory") 1)
      (func (export "bad") (i32.store (i32.const 4) (i32.const 9)) (i32.store (i32.const -4) (i32.const 9)))
      (func (export "run") (call $f)))"#;
    let timeline = run(guest, "import env.f() call bad()\ncall run()");
    let record = &timeline.steps()[1];
    assert_eq!(
        in_short(record),
        ["1/1 env.f() → -, 0..1", "1/1/1 call bad() → -, 0..1"]
    );
    assert!(record.findings.iter().any(|f| f.kind == FindingKind::Trap));
    check(&timeline);
    // A host that goes on: what it writes comes after what the guest stored before it trapped.
    let steps = "import env.f() catches call bad() ; writes 4, \"x\"\ncall run()";
    let timeline = run(guest, steps);
    let record = &timeline.steps()[1];
    assert_eq!(
        in_short(record),
        [
            "1/1 env.f() → -, 0..2",
            "1/1/1 call bad() → -, 0..1",
            "1/1/2 write 0x4, \"x\" → -, 1..2",
        ]
    );
    assert_eq!(
        (record.findings.len(), record.memory.read(4, 1)),
        (0, b"x".to_vec())
    );
    check(&timeline);
}

#[test]
fn a_trap_that_the_host_catches_leaves_no_byte_without_a_writer() {
    let guest = r#"(module
      (import "env" "f" (func $f))
      (memory (export "memory") 1 1)
      (func (export "grow") (drop (memory.grow (i32.const 1))) (i32.store (i32.const 4) (i32.const 9)) (unreachable))
      (func (export "fill") (memory.fill (i32.const 8) (i32.const 7) (i32.const 4))
        (memory.fill (i32.const 0xfffe) (i32.const 7) (i32.const 4)))
      (func (export "load") (i32.store (i32.const 16) (i32.const 9)) (drop (i32.load (i32.const -1))))
      (func (export "run") (call $f) (i32.store (i32.const 0) (i32.const 2)) (call $f)))"#;
    for called in ["grow", "fill", "load"] {
        let steps = format!(
            "import env.f() catches call {called}() ; writes 40, u32(calls(env.f))\ncall run()"
        );
        let timeline = run(guest, &steps);
        let record = &timeline.steps()[1];
        assert_eq!(record.outcome, Outcome::Ok, "{called}");
        let errors: Vec<_> = record
            .findings
            .iter()
            .filter(|f| f.kind == FindingKind::Unattributed)
            .collect();
        assert_eq!(errors.len(), 0, "{called}: {errors:?}");
        assert_eq!(record.events.len(), 5, "{called}");
        check(&timeline);
    }
}

#[test]
fn imports_that_grow_or_copy_have_parts_of_their_own() {
    let guest = r#"(module
      (import "env" "f" (func $f))
      (memory (export "memory") 1)
      (data (i32.const 0) "abc")
      (func (export "run") (call $f)))"#;
    let steps = "import env.f() grows 100000 ; copies 16, 0, 3 ; grows 1\ncall run()";
    let timeline = run(guest, steps);
    let record = &timeline.steps()[1];
    assert_eq!(
        in_short(record),
        [
            "1/1 env.f() → -, 0..2",
            "1/1/1 grow 1 → -, 0..1",
            "1/1/2 write 0x10, \"abc\" → -, 1..2",
        ]
    );
    let kinds: Vec<ChildKind> = record
        .children
        .iter()
        .map(|(_, child)| child.kind)
        .collect();
    assert_eq!(
        kinds,
        [ChildKind::Import, ChildKind::Grow, ChildKind::Write]
    );
    check(&timeline);
}

#[test]
fn instantiation_opens_too() {
    let guest = r#"(module
      (import "env" "f" (func $f))
      (memory (export "memory") 1)
      (data (i32.const 0) "abc")
      (func $start (call $f))
      (start $start))"#;
    let timeline = run(guest, "import env.f() writes 8, u32(1)");
    assert_eq!(
        in_short(&timeline.steps()[0]),
        [
            "0/1 env.f() → -, 1..2",
            "0/1/1 write 0x8, hex\"01 00 00 00\" → -, 1..2"
        ]
    );
}
