//! Complete sessions: the shipped ones, the edges of their buffers, the invariants of a recording, and
//! the worker thread.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use linmem::guest::Guest;
use linmem::protocol::{Report, Request};
use linmem::session::worker::Worker;
use linmem::session::{OpenError, Session, SessionConfig};
use linmem::testing::sessions::{self, run};
use linmem::timeline::{FindingKind, Moment, Outcome, Status, Timeline};
use linmem::value::Value;

use crate::support::command::in_repository;

fn guests() -> PathBuf {
    in_repository("guest")
}

fn config(wat: &str, steps: &str) -> SessionConfig {
    sessions::config(sessions::guest(wat), steps)
}

/// Returns the paths of the shipped sessions below `guest/`, without the lessons.
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

/// Asserts the invariants of a recording: memory before a step with its events applied is memory
/// after it, `changes` are the differences, and every moment can be computed.
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
fn shipped_sessions_run_to_their_end() {
    let sessions = all_sessions();
    assert!(sessions.len() >= 8, "{sessions:?}");
    for path in sessions {
        let timeline = run(sessions::file_config(&guests().join(&path)));
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

/// Three guests with the same two exports, run by the same script, differ exactly where their
/// contracts do.
#[test]
fn contracts_differ_at_the_edges() {
    let steps = r#"
        input text = "Did you know"
        ptr = call get_wasm_memory_buffer_pointer()
        write ptr, text
        n   = call add_wasm_is_cool(len(text))
        ptr = call get_wasm_memory_buffer_pointer()
    "#;
    let run_guest = |guest: &str, length: usize| {
        let guest = Guest::load(&guests().join(guest)).unwrap();
        run(SessionConfig {
            input_overrides: vec![("text".into(), "a".repeat(length))],
            ..sessions::config(guest, steps)
        })
    };
    let returned = |timeline: &Timeline| timeline.steps()[3].call.as_ref().unwrap().results.clone();
    for guest in ["wasm_is_cool.wat", "rust/wasm_is_cool.wasm"] {
        for length in [0, 12, 1010] {
            let timeline = run_guest(guest, length);
            assert_eq!(timeline.status(), Status::Ok, "{guest} {length}");
            assert_eq!(
                returned(&timeline),
                [Value::Int(length as i128 + 14)],
                "{guest} {length}"
            );
            check_recording(&timeline);
        }
        let timeline = run_guest(guest, 1011);
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
        let timeline = run_guest("c_contract.wat", length);
        assert_eq!(timeline.status(), Status::Ok, "C {length}");
        assert_eq!(returned(&timeline), [Value::Int(result)], "C {length}");
    }
    let grew = |timeline: &Timeline| {
        (
            timeline.steps()[3].pages_before,
            timeline.steps()[3].pages_after,
        )
    };
    assert_eq!(grew(&run_guest("rust/wasm_is_cool.wasm", 12)), (17, 18));
    assert_eq!(grew(&run_guest("wasm_is_cool.wat", 12)), (1, 1));
}

#[test]
fn writers_are_distinguished() {
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
    let timeline = run(config(module, steps));
    assert_eq!(timeline.status(), Status::Ok);
    check_recording(&timeline);
    let writer = |address| {
        timeline
            .last_write(address, Moment::end_of(9))
            .map(|(m, w)| (m.step, w.writer.as_str()))
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
fn unexported_memories_are_visible() {
    let module = r#"(module (memory 1) (data (i32.const 4) "mine"))"#;
    let timeline = run(config(
        module,
        "x = read 4, 4 as utf8\nexpect x == \"mine\"\n",
    ));
    assert_eq!(timeline.status(), Status::Ok);
}

#[test]
fn guests_without_memory_fail_on_memory_access() {
    let module = r#"(module (func (export "two") (result i32) (i32.const 2)))"#;
    let timeline = run(config(
        module,
        "n = call two()\nexpect n == 2\nwrite 0, \"x\"\n",
    ));
    assert_eq!(timeline.status(), Status::Failed);
    let error = timeline.steps()[3].error.clone().unwrap();
    assert!(error.contains("no memory"), "{error}");
}

#[test]
fn invalid_inputs_are_refused_by_name() {
    let module = r#"(module (memory (export "memory") 1))"#;
    let mut config = config(module, "input n = 3\nlet m = n\n");
    config.input_overrides = vec![("n".into(), "three".into()), ("N".into(), "1".into())];
    match Session::open(config) {
        Err(OpenError::Inputs(refused)) => {
            let names: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["N", "n"]);
            assert!(
                refused[0].1.to_string().contains("did you mean n?"),
                "{refused:?}"
            );
        }
        other => panic!("{:?}", other.err()),
    }
}

const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "spin") (i32.store8 (i32.const 5) (i32.const 9)) (loop $l (br $l))))"#;

#[test]
fn cancelled_workers_keep_their_history() {
    let (wake, woken) = mpsc::channel();
    let mut config = config(ENDLESS, "call spin()\nlet x = 1\n");
    config.limits.max_time = None;
    let mut worker = Worker::start(config, move || {
        let _ = wake.send(());
    });
    let any = |worker: &mut Worker| loop {
        if let Some(report) = worker.next_report() {
            return report;
        }
        woken
            .recv_timeout(Duration::from_secs(60))
            .expect("a report of the worker");
    };
    let next = |worker: &mut Worker| loop {
        let report = any(worker);
        if !matches!(report, Report::Progress(_) | Report::Compiling(_)) {
            return report;
        }
    };
    let Report::Opened(mut timeline) = next(&mut worker) else {
        panic!("opened")
    };
    worker.send(Request::Advance);
    let Report::Step(step) = next(&mut worker) else {
        panic!("step 0")
    };
    timeline.push(*step);
    worker.send(Request::Advance);
    // The guest runs until it is cancelled; its store has been drained.
    loop {
        match any(&mut worker) {
            Report::Progress(progress) if progress.stores > 0 => break,
            Report::Progress(_) => {}
            other => panic!("{other:?}"),
        }
    }
    worker.send(Request::Cancel);
    let Report::Step(step) = next(&mut worker) else {
        panic!("step 1")
    };
    assert_eq!(step.outcome, Outcome::Cancelled);
    timeline.push(*step);
    assert!(matches!(next(&mut worker), Report::Ended));
    assert_eq!(timeline.memory_after(1).byte(5), Some(9));
    check_recording(&timeline);
}

#[test]
fn calls_past_the_time_limit_are_findings() {
    let mut config = config(ENDLESS, "call spin()\n");
    config.limits.max_time = Some(Duration::from_millis(50));
    let timeline = run(config);
    assert_eq!(timeline.status(), Status::Cancelled);
    let step = timeline.steps().last().unwrap();
    assert!(
        step.findings.iter().any(|f| f.kind == FindingKind::Limit),
        "{:?}",
        step.error
    );
}
