//! Whole sessions through the library: the guests that ship, at the edges of their buffers; the
//! recording's invariant; the thread that a session runs on.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use linmem::guest::Guest;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::worker::{Report, Worker};
use linmem::session::{OpenError, Session, SessionConfig};
use linmem::timeline::{FindingKind, Moment, Outcome, Status, Timeline};
use linmem::value::Value;

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guest")
}

fn opening(name: &str, text: &str, guest: Guest, sets: &[(&str, &str)]) -> SessionConfig {
    SessionConfig {
        title: name.into(),
        script: script::parse(name, text).unwrap_or_else(|e| panic!("{name}:\n{e}")),
        guest,
        files: Files::Folder(guests()),
        sets: sets
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect(),
        limits: Limits::default(),
        control: CancelHandle::default(),
        stdin: Default::default(),
    }
}

fn file(path: &str, sets: &[(&str, &str)]) -> SessionConfig {
    let path = guests().join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    let script = script::parse("x.steps", &text).unwrap();
    let guest = Guest::load(&path.parent().unwrap().join(script.module().unwrap())).unwrap();
    opening(
        path.file_name().unwrap().to_str().unwrap(),
        &text,
        guest,
        sets,
    )
}

fn wat(text: &str, steps: &str) -> SessionConfig {
    opening(
        "test.steps",
        steps,
        Guest::from_bytes("test.wat", text.as_bytes()).unwrap(),
        &[],
    )
}

fn complete(opening: SessionConfig) -> Timeline {
    let (mut session, mut timeline) = Session::open(opening).unwrap_or_else(|e| panic!("{e}"));
    while let Some(step) = session.advance() {
        timeline.push(step);
    }
    timeline
}

fn all_sessions() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "examples", "rust"] {
        for entry in std::fs::read_dir(guests().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".steps") {
                found.push(Path::new(folder).join(name).to_str().unwrap().to_string());
            }
        }
    }
    found.sort();
    found
}

/// Memory before a step, plus its events, is memory after it; what `changes` says is what differs;
/// and any moment can be reached from any other.
fn check_recording(timeline: &Timeline) {
    for step in timeline.steps() {
        let before = timeline.memory_before(step.index);
        let mut image = before.clone();
        for (count, event) in step.events.iter().enumerate() {
            assert!(
                timeline.memory_at(Moment {
                    step: step.index,
                    event: count
                }) == image,
                "step {}",
                step.index
            );
            event.apply(&mut image);
        }
        assert!(
            image == step.memory,
            "step {}: before + events is not after",
            step.index
        );
        let mut patched = before.clone();
        patched.grow(step.memory.len());
        for change in step.changes.iter() {
            assert_eq!(
                patched.read(change.start, change.before.len() as u64),
                change.before
            );
            patched.write(change.start, &change.after);
        }
        assert!(
            patched == step.memory,
            "step {}: before + changes is not after",
            step.index
        );
        assert_eq!(step.pages_after, step.memory.pages());
    }
}

#[test]
fn every_session_that_ships_runs_to_its_end() {
    let sessions = all_sessions();
    assert!(sessions.len() >= 8, "{sessions:?}");
    for path in sessions {
        let timeline = complete(file(&path, &[]));
        assert_eq!(
            timeline.status(),
            Status::Ok,
            "{path}: {:?}",
            timeline.steps().last()
        );
        assert_eq!(timeline.steps().len(), timeline.planned.len(), "{path}");
        check_recording(&timeline);
    }
}

/// The same two exports behind the same script, at the edges: they differ exactly where their
/// contracts do.
#[test]
fn three_guests_of_one_name_differ_at_the_edges() {
    let steps = r#"
        input text = "Did you know"
        ptr = call get_wasm_memory_buffer_pointer()
        write ptr, text
        n   = call add_wasm_is_cool(len(text))
        ptr = call get_wasm_memory_buffer_pointer()
    "#;
    let run = |guest: &str, length: usize| {
        let guest = Guest::load(&guests().join(guest)).unwrap();
        let text = "a".repeat(length);
        complete(opening("edges.steps", steps, guest, &[("text", &text)]))
    };
    let returned = |timeline: &Timeline| timeline.steps()[3].call.as_ref().unwrap().results.clone();
    for guest in ["wasm_is_cool.wat", "rust/wasm_is_cool.wasm"] {
        for length in [0, 12, 1010] {
            let timeline = run(guest, length);
            assert_eq!(timeline.status(), Status::Ok, "{guest} {length}");
            assert_eq!(
                returned(&timeline),
                [Value::Int(length as i128 + 14)],
                "{guest} {length}"
            );
            check_recording(&timeline);
        }
        let timeline = run(guest, 1011);
        assert_eq!(timeline.status(), Status::Trapped, "{guest}");
        let last = timeline.steps().last().unwrap();
        assert_eq!((last.index, last.outcome), (3, Outcome::Trapped));
        assert!(
            last.error.as_ref().unwrap().contains("unreachable"),
            "{:?}",
            last.error
        );
        assert!(last.findings.iter().any(|f| f.kind == FindingKind::Trap));
        check_recording(&timeline);
    }
    for (length, result) in [(0, 15), (12, 27), (99, 114), (1010, -1), (1011, -1)] {
        let timeline = run("c_contract.wat", length);
        assert_eq!(timeline.status(), Status::Ok, "C {length}");
        assert_eq!(returned(&timeline), [Value::Int(result)], "C {length}");
    }
    let grew = |timeline: &Timeline| {
        (
            timeline.steps()[3].pages_before,
            timeline.steps()[3].pages_after,
        )
    };
    assert_eq!(grew(&run("rust/wasm_is_cool.wasm", 12)), (17, 18));
    assert_eq!(grew(&run("wasm_is_cool.wat", 12)), (1, 1));
}

#[test]
fn writers_are_told_apart() {
    let module = r#"(module
        (import "env" "put" (func $put (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "data")
        (func $start (i32.store8 (i32.const 8) (i32.const 1)))
        (start $start)
        (func (export "go")
            (i32.store8 (i32.const 16) (i32.const 2))
            (call $put (i32.const 32))
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const 70000) (i32.const 3))))"#;
    let steps = "import env.put(at) writes at, \"hi\"\nwrite 64, \"host\"\ncall go()\n";
    let timeline = complete(wat(module, steps));
    assert_eq!(timeline.status(), Status::Ok);
    check_recording(&timeline);
    let writer = |address| {
        timeline
            .last_write(address, Moment::end_of(9))
            .map(|(m, w)| (m.step, w.writer.word()))
    };
    assert_eq!(writer(0), Some((0, "data")));
    assert_eq!(writer(8), Some((0, "guest")));
    assert_eq!(writer(16), Some((2, "guest")));
    assert_eq!(writer(33), Some((2, "import")));
    assert_eq!(writer(64), Some((1, "host")));
    assert_eq!(writer(70000), Some((2, "guest")));
    assert_eq!(writer(100), None);
    assert!(
        timeline.steps()[2]
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::MemoryGrew)
    );
}

#[test]
fn a_memory_that_the_module_keeps_to_itself_is_seen() {
    let module = r#"(module (memory 1) (data (i32.const 4) "mine"))"#;
    let timeline = complete(wat(module, "x = read 4, 4 as utf8\nexpect x == \"mine\"\n"));
    assert_eq!(timeline.status(), Status::Ok);
}

#[test]
fn a_guest_without_memory_runs_and_says_so_when_it_is_asked_for() {
    let module = r#"(module (func (export "two") (result i32) (i32.const 2)))"#;
    let timeline = complete(wat(
        module,
        "n = call two()\nexpect n == 2\nwrite 0, \"x\"\n",
    ));
    assert_eq!(timeline.status(), Status::Failed);
    let error = timeline.steps()[3].error.clone().unwrap();
    assert!(error.contains("no memory"), "{error}");
}

#[test]
fn inputs_that_do_not_fit_are_refused_with_their_names() {
    let module = r#"(module (memory (export "memory") 1))"#;
    let mut opening = wat(module, "input n = 3\nlet m = n\n");
    opening.sets = vec![("n".into(), "three".into()), ("N".into(), "1".into())];
    match Session::open(opening) {
        Err(OpenError::Inputs(refused)) => {
            let names: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["N", "n"]);
            assert!(refused[0].1.contains("did you mean n?"), "{refused:?}");
        }
        other => panic!("{:?}", other.err()),
    }
}

const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "spin") (i32.store8 (i32.const 5) (i32.const 9)) (loop $l (br $l))))"#;

#[test]
fn a_thread_in_an_endless_loop_is_cancelled_with_its_history_kept() {
    let (wake, woken) = mpsc::channel();
    let mut opening = wat(ENDLESS, "call spin()\nlet x = 1\n");
    opening.limits.max_time = None;
    let worker = Worker::start(opening, move || {
        let _ = wake.send(());
    })
    .unwrap();
    let next = |worker: &Worker| loop {
        if let Some(report) = worker.next_report() {
            return report;
        }
        woken
            .recv_timeout(Duration::from_secs(60))
            .expect("word from the thread");
    };
    let Report::Opened(mut timeline) = next(&worker) else {
        panic!("opened")
    };
    worker.advance();
    let Report::Step(step) = next(&worker) else {
        panic!("step 0")
    };
    timeline.push(*step);
    worker.advance();
    // It runs until it is told to stop: the host has heard of its store.
    while worker.stores() == 0 {
        woken
            .recv_timeout(Duration::from_secs(60))
            .expect("progress");
    }
    worker.cancel();
    let Report::Step(step) = next(&worker) else {
        panic!("step 1")
    };
    assert_eq!(step.outcome, Outcome::Cancelled);
    timeline.push(*step);
    assert!(matches!(next(&worker), Report::Ended));
    assert_eq!(timeline.memory_after(1).byte(5), Some(9));
    check_recording(&timeline);
}

#[test]
fn a_call_past_the_time_limit_is_a_finding() {
    let mut opening = wat(ENDLESS, "call spin()\n");
    opening.limits.max_time = Some(Duration::from_millis(50));
    let timeline = complete(opening);
    assert_eq!(timeline.status(), Status::Cancelled);
    let step = timeline.steps().last().unwrap();
    assert!(
        step.findings.iter().any(|f| f.kind == FindingKind::Limit),
        "{:?}",
        step.error
    );
}

#[test]
fn scripts_and_timelines_know_the_same_findings() {
    let timeline: Vec<&str> = FindingKind::ALL.iter().map(|k| k.word()).collect();
    assert_eq!(timeline, script::FINDING_KINDS);
}
