//! The stores that a session records: each with its writer, in order, however the call ends.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use linmem::protocol::{Report, Request};
use linmem::session::SessionConfig;
use linmem::session::limits::Limits;
use linmem::session::worker::Worker;
use linmem::testing::sessions::{self, config, guest};
use linmem::timeline::{Event, FindingKind, Moment, Outcome, StepRecord, Timeline, Write, Writer};

fn run_with(wat: &str, steps: &str, limits: Limits) -> Timeline {
    sessions::run(SessionConfig {
        limits,
        ..config(guest(wat), steps)
    })
}

fn run(wat: &str, steps: &str) -> Timeline {
    run_with(wat, steps, Limits::default())
}

fn last(timeline: &Timeline) -> &StepRecord {
    timeline.steps().last().unwrap()
}

/// Returns the address and the bytes of each write of a step.
fn writes(step: &StepRecord) -> Vec<(u64, Vec<u8>)> {
    step.events
        .writes()
        .map(|write| (write.start, write.after.to_vec()))
        .collect()
}

#[test]
fn default_call_records_fourteen_stores_with_lines() {
    let timeline = sessions::run(sessions::standard_config());
    let call = timeline
        .steps()
        .iter()
        .find(|s| s.text.contains("add_wasm_is_cool("))
        .unwrap();
    assert_eq!(
        (call.stores, call.stores_recorded, call.events.len()),
        (14, 14, 14)
    );
    let text: Vec<u8> = writes(call)
        .into_iter()
        .flat_map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(text, b" Wasm is cool!");
    let source = sessions::STANDARD_GUEST;
    for (index, write) in call.events.writes().enumerate() {
        assert_eq!(write.start, 0x400 + 12 + index as u64);
        let Writer::Guest {
            function: Some(function),
            offset: Some(offset),
            source: Some(at),
        } = &write.writer
        else {
            panic!("{:?}", write.writer)
        };
        assert_eq!(&**function, "add_wasm_is_cool");
        let place = timeline.locate(*offset).unwrap();
        let line: usize = at.rsplit(':').next().unwrap().parse().unwrap();
        assert_eq!(line, place.line as usize);
        assert!(
            source.lines().nth(line - 1).unwrap().contains("store8"),
            "{at}"
        );
        assert_eq!(
            place.listing.as_ref().unwrap().line(place.line).unwrap(),
            source.lines().nth(line - 1).unwrap()
        );
    }
}

#[test]
fn moments_exist_between_all_events() {
    let timeline = run(
        r#"(module (memory (export "memory") 1)
             (func (export "f")
               (i32.store8 (i32.const 65535) (i32.const 1))
               (drop (memory.grow (i32.const 2)))
               (i32.store (i32.const 65536) (i32.const 0x04030201))
               (drop (memory.grow (i32.const 0)))
               (drop (memory.grow (i32.const 70000)))))"#,
        "call f()",
    );
    let step = last(&timeline);
    let at = |event| timeline.memory_at(Moment { step: 1, event });
    assert_eq!((step.stores, step.events.len()), (2, 3));
    assert!(
        matches!(step.events.get(1), Some(Event::Growth(growth)) if (growth.before, growth.after) == (1, 3))
    );
    assert_eq!([0, 1, 2, 3].map(|event| at(event).pages()), [1, 1, 3, 3]);
    assert_eq!((at(1).byte(65535), at(1).byte(65536)), (Some(1), None));
    assert_eq!((at(2).byte(65536), at(3).byte(65536)), (Some(0), Some(1)));
}

#[test]
fn every_kind_of_store_is_recorded() {
    let timeline = run(
        r#"(module (memory (export "memory") 1) (data $d "passive")
             (func (export "f")
               (i64.store offset=8 (i32.const 0) (i64.const 0x0807060504030201))
               (f32.store (i32.const 16) (f32.const 1))
               (f64.store (i32.const 24) (f64.const -2))
               (i64.store32 (i32.const 32) (i64.const 0xaabbccdd11223344))
               (i32.store16 (i32.const 36) (i32.const 0xffff1234))
               (v128.store (i32.const 48) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
               (v128.store16_lane 3 (i32.const 64) (v128.const i16x8 0 1 2 0x7788 4 5 6 7))
               (memory.fill (i32.const 70) (i32.const 0x1ee) (i32.const 3))
               (memory.init $d (i32.const 80) (i32.const 1) (i32.const 4))
               (memory.copy (i32.const 81) (i32.const 80) (i32.const 4))
               (memory.copy (i32.const 90) (i32.const 90) (i32.const 0))
               (drop (i32.atomic.rmw.add (i32.const 100) (i32.const 5)))
               (drop (i32.atomic.rmw.cmpxchg (i32.const 100) (i32.const 4) (i32.const 9)))
               (drop (i32.atomic.rmw8.cmpxchg_u (i32.const 100) (i32.const 5) (i32.const 7)))
               (i64.atomic.store (i32.const 104) (i64.const -1))))"#,
        "call f()",
    );
    let step = last(&timeline);
    assert_eq!(step.outcome, Outcome::Ok, "{:?}", step.error);
    let wide: Vec<u8> = (0..16).collect();
    let expected: Vec<(u64, Vec<u8>)> = vec![
        (8, (1..=8).collect()),
        (16, 1f32.to_le_bytes().to_vec()),
        (24, (-2f64).to_le_bytes().to_vec()),
        (32, vec![0x44, 0x33, 0x22, 0x11]),
        (36, vec![0x34, 0x12]),
        (48, wide),
        (64, vec![0x88, 0x77]),
        (70, vec![0xee; 3]),
        (80, b"assi".to_vec()),
        (81, b"assi".to_vec()),
        (100, vec![5, 0, 0, 0]),
        (100, vec![7]),
        (104, vec![0xff; 8]),
    ];
    assert_eq!(
        writes(step)
            .into_iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .collect::<Vec<_>>(),
        expected
    );
    assert!(step.findings.is_empty(), "{:?}", step.findings);
}

#[test]
fn start_function_stores_follow_the_data_in_step_0() {
    let timeline = run(
        r#"(module (memory (export "memory") 1) (data (i32.const 4) "ab")
             (func $go (i32.store8 (i32.const 5) (i32.const 0x7a))) (start $go)
             (func (export "_initialize") (i32.store8 (i32.const 6) (i32.const 0x21))))"#,
        "let x = 1",
    );
    let step = &timeline.steps()[0];
    assert_eq!(
        writes(step),
        [(4, b"ab".to_vec()), (5, b"z".to_vec()), (6, b"!".to_vec())]
    );
    let writers: Vec<_> = step.events.writes().map(|w| w.writer.as_str()).collect();
    assert_eq!(writers, ["data", "guest", "guest"]);
}

#[test]
fn import_writes_are_ordered_between_guest_stores() {
    let timeline = run(
        r#"(module (import "env" "put" (func $put (param i32))) (memory (export "memory") 1)
             (func (export "f")
               (i32.store8 (i32.const 1) (i32.const 0x61))
               (call $put (i32.const 1))
               (i32.store8 (i32.const 1) (i32.const 0x63))))"#,
        "import env.put(p) writes p, \"b\"\ncall f()",
    );
    let step = last(&timeline);
    assert_eq!(
        writes(step),
        [(1, b"a".to_vec()), (1, b"b".to_vec()), (1, b"c".to_vec())]
    );
    let writers: Vec<_> = step.events.writes().map(|w| w.writer.as_str()).collect();
    assert_eq!(writers, ["guest", "import", "guest"]);
    let chain: Vec<Vec<u8>> = timeline
        .writes_to(1, Moment::end_of(1))
        .map(|(_, write): (_, Write)| write.after.to_vec())
        .collect();
    assert_eq!(chain, [b"c", b"b", b"a"]);
}

#[test]
fn trapped_accesses_are_attempts() {
    for (body, address, len, is_store) in [
        (
            "(i32.store offset=2 (i32.const 65534) (i32.const 1))",
            65536,
            4,
            true,
        ),
        (
            "(i64.store offset=4294967295 (i32.const -1) (i64.const 1))",
            0x1_ffff_fffe,
            8,
            true,
        ),
        (
            "(v128.store (i32.const 65521) (v128.const i64x2 1 1))",
            65521,
            16,
            true,
        ),
        (
            "(memory.fill (i32.const 65530) (i32.const 1) (i32.const 7))",
            65530,
            7,
            true,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 65530) (i32.const 7))",
            65530,
            7,
            false,
        ),
        (
            "(drop (i32.atomic.rmw.add (i32.const 65536) (i32.const 1)))",
            65536,
            4,
            true,
        ),
        (
            "(drop (i64.load offset=16 (i32.const 65521)))",
            65537,
            8,
            false,
        ),
        ("(drop (i32.load8_u (i32.const -1)))", 0xffff_ffff, 1, false),
        ("(drop (v128.load (i32.const 65535)))", 65535, 16, false),
    ] {
        let text = format!(
            r#"(module (memory (export "memory") 1)
                 (func $inner (i32.store8 (i32.const 7) (i32.const 9)) {body} (i32.store8 (i32.const 8) (i32.const 9)))
                 (func $outer (call $inner))
                 (func (export "f") (call $outer)))"#
        );
        let timeline = run(&text, "call f()");
        let step = last(&timeline);
        assert_eq!(step.outcome, Outcome::Trapped, "{body}");
        assert_eq!(writes(step), [(7, vec![9])], "{body}");
        let trap = step.trap.as_ref().unwrap();
        assert_eq!(
            trap.chain.iter().map(|f| &*f.function).collect::<Vec<_>>(),
            ["inner", "outer", "f"],
            "{body}"
        );
        let attempt = trap.attempt.unwrap_or_else(|| panic!("{body}: {trap:?}"));
        assert_eq!(
            (attempt.address, attempt.len, attempt.is_store),
            (address, len, is_store),
            "{body}"
        );
        assert_eq!(attempt.past_end(), address + len - 65536, "{body}");
        let offset = trap.chain[0].offset.unwrap();
        let name = body
            .trim_start_matches("(drop ")
            .trim_start_matches('(')
            .split(' ')
            .next()
            .unwrap();
        assert!(
            timeline
                .locate(offset)
                .unwrap()
                .instruction
                .starts_with(name),
            "{body}: {:?}",
            timeline.locate(offset)
        );
    }
}

#[test]
fn stores_before_a_trap_are_recorded() {
    let timeline = run(
        r#"(module (memory (export "memory") 1)
             (func (export "f") (i32.store8 (i32.const 7) (i32.const 9)) unreachable))"#,
        "call f()",
    );
    let step = last(&timeline);
    assert_eq!(writes(step), [(7, vec![9])]);
    assert_eq!(step.trap.as_ref().map(|trap| trap.attempt), Some(None));
}

const FILLER: &str = r#"(module (memory (export "memory") 4)
    (func (export "f") (param $n i32) (local $i i32)
      (loop $again
        (i32.store (i32.and (i32.mul (local.get $i) (i32.const 4)) (i32.const 0x1fffc)) (local.get $i))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
    (func (export "forever") (loop $again (i32.store (i32.const 16) (i32.const 1)) (br $again))))"#;

#[test]
fn stores_past_the_limit_become_a_difference() {
    let limits = Limits {
        max_stores: 10,
        ..Limits::default()
    };
    let timeline = run_with(FILLER, "call f(25)", limits);
    let step = last(&timeline);
    assert_eq!((step.stores, step.stores_recorded), (25, 10));
    let (single, rest): (Vec<Write>, Vec<Write>) =
        step.events.writes().partition(|w| !w.is_difference);
    assert_eq!(single.len(), 10);
    assert!(
        !rest.is_empty() && rest.iter().all(|w| w.start >= 40 && w.end() <= 100),
        "{rest:?}"
    );
    for i in 0..25u64 {
        assert_eq!(step.memory.read(i * 4, 4), (i as u32).to_le_bytes());
    }
    assert!(step.findings.is_empty(), "{:?}", step.findings);
}

#[test]
fn fifty_million_stores_record_the_first_four_million() {
    let limits = sessions::without_time_limit();
    let timeline = run_with(FILLER, "call f(50_000_000)", limits);
    let step = last(&timeline);
    assert_eq!(step.outcome, Outcome::Ok, "{:?}", step.error);
    assert_eq!((step.stores, step.stores_recorded), (50_000_000, 4_000_000));
    let at = |event| timeline.memory_at(Moment { step: 1, event });
    assert_eq!(
        at(4_000_000).read(3_999_999 * 4 % 0x20000, 4),
        3_999_999u32.to_le_bytes()
    );
    assert_eq!(
        step.memory.read(49_999_999 * 4 % 0x20000, 4),
        49_999_999u32.to_le_bytes()
    );
    assert!(step.findings.is_empty(), "{:?}", step.findings);
}

#[test]
fn cancelled_store_loops_keep_their_history() {
    let (sender, woken) = mpsc::channel();
    let mut worker = Worker::start(config(guest(FILLER), "call forever()"), move || {
        let _ = sender.send(());
    });
    let any = |worker: &mut Worker| loop {
        if let Some(report) = worker.next_report() {
            return report;
        }
        woken.recv_timeout(Duration::from_secs(60)).unwrap();
    };
    let next = |worker: &mut Worker| loop {
        let report = any(worker);
        if !matches!(report, Report::Progress(_) | Report::Compiling(_)) {
            return report;
        }
    };
    assert!(matches!(next(&mut worker), Report::Opened(_)));
    worker.send(Request::Advance);
    assert!(matches!(next(&mut worker), Report::Step(_)));
    worker.send(Request::Advance);
    while !matches!(any(&mut worker), Report::Progress(progress) if progress.stores > 0) {}
    worker.send(Request::Cancel);
    let asked = Instant::now();
    let Report::Step(step) = next(&mut worker) else {
        panic!("no step")
    };
    // The goal is 100 ms on an idle machine. Only a hang fails the test.
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(step.outcome, Outcome::Cancelled);
    assert!(step.stores > 0 && step.events.len() as u64 >= step.stores_recorded);
    assert_eq!(step.memory.read(16, 4), 1u32.to_le_bytes());
}

#[test]
fn loops_without_stores_stop_at_the_time_limit() {
    let limits = Limits {
        max_time: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    for body in [
        "(loop $l (br $l))",
        "(loop $l (block $b (br_table $l $l (i32.const 1))))",
        "(call $f)",
    ] {
        let text = format!(r#"(module (memory 1) (func $f (export "f") {body}))"#);
        let timeline = run_with(&text, "call f()", limits);
        let step = last(&timeline);
        let is_recursion = body.contains("call");
        // Endless recursion may run out of stack before it runs out of time.
        assert!(
            step.outcome == Outcome::Cancelled
                || (is_recursion && step.outcome == Outcome::Trapped),
            "{body}"
        );
        assert!(
            is_recursion || step.findings.iter().any(|f| f.kind == FindingKind::Limit),
            "{body}"
        );
    }
}

#[test]
fn only_the_selected_memory_is_recorded() {
    let timeline = run(
        r#"(module (memory (export "memory") 1) (memory $other (export "other") 1) (data (memory $other) (i32.const 9) "from there")
             (func (export "f")
               (i32.store8 $other (i32.const 100) (i32.const 7))
               (memory.copy 0 $other (i32.const 20) (i32.const 9) (i32.const 10))
               (i32.store8 (i32.const 20) (i32.const 0x46))))"#,
        "call f()",
    );
    assert_eq!(
        writes(last(&timeline)),
        [(20, b"from there".to_vec()), (20, b"F".to_vec())]
    );
}
