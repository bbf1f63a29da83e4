//! Runs that a signal ends before their last step: none looks like one that completed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::command::{Folder, Run, spawn};

const GUEST: &str = r#"(module (memory (export "memory") 1)
    (func (export "spin") (i32.store8 (i32.const 5) (i32.const 9)) (loop $l (br $l)))
    (func (export "one") (result i32) (i32.const 1)))"#;

/// A session whose third step never ends, and one of many steps whose last one fails.
fn folder() -> Folder {
    let many = format!(
        "module \"m.wat\"\n{}expect 1 == 2\n",
        "x = call one()\n".repeat(60_000)
    );
    Folder::new()
        .with("m.wat", GUEST)
        .with(
            "endless.steps",
            "module \"m.wat\"\nlet a = 1\ncall spin()\nlet b = 2\n",
        )
        .with("many.steps", many)
        .with("good.steps", "module \"m.wat\"\nlet a = 1\n")
}

/// Waits until the program listens for signals: its thread for them exists.
fn wait_until_listening(child: &Child) {
    let started = Instant::now();
    let threads = PathBuf::from(format!("/proc/{}/task", child.id()));
    let listens = || {
        let entries = fs::read_dir(&threads).ok()?;
        let name = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("comm")).ok();
        let mut names = entries.filter_map(Result::ok).filter_map(name);
        names.find(|name| name.trim_end() == "signals")
    };
    while listens().is_none() {
        assert!(
            started.elapsed() < crate::support::pty::PATIENCE,
            "the program does not listen for signals"
        );
        std::thread::yield_now();
    }
}

/// Runs the program and sends it a signal as soon as it listens.
fn interrupted_by(signal: Signal, folder: &Folder, args: &[&str]) -> Run {
    let started = Instant::now();
    let child = folder.command(args).spawn();
    wait_until_listening(&child);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    Run::new(child.wait_with_output().unwrap(), started.elapsed())
}

/// Returns the names of the files in the folder.
fn files(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(target_os = "linux")]
#[test]
fn transcripts_of_interrupted_runs_are_partial() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = folder();
        for file in ["endless.steps", "many.steps"] {
            let args = ["run", file, "--max-time", "0"];
            let run = interrupted_by(signal, &folder, &args).assert_status(status);
            let last = run.stdout.lines().last().unwrap_or_default();
            assert!(last.starts_with("interrupted "), "{last}");
            assert!(!run.stdout.contains("all ok"), "{last}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_answered_about_an_interrupted_run() {
    let folder = folder();
    for args in [
        &["who", "5", "endless.steps"][..],
        &["memory", "5", "1", "endless.steps", "--format", "raw"],
        &["query", "endless.steps"],
    ] {
        let args = [args, &["--max-time", "0"]].concat();
        let run = interrupted_by(Signal::INT, &folder, &args).assert_status(130);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(
            run.stderr.ends_with("; nothing was answered\n"),
            "{}",
            run.stderr
        );
    }
}

/// After the run, no session is there to cancel, so that the first signal ends the program.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_the_wait_for_questions() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let started = Instant::now();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_linmem"));
        let child = child
            .args(["query", "--no-cache"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawn(child).unwrap();
        // The questions do not end before the test does.
        let questions = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        output.read_line(&mut greeting).unwrap();
        assert!(greeting.contains("linmem.query/1"), "{greeting}");
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let run = Run::new(child.wait_with_output().unwrap(), started.elapsed());
        run.assert_status(status).quiet();
        drop(questions);
    }
}

/// Compiling these functions takes many times as long as the program may take to end.
#[cfg(target_os = "linux")]
#[test]
fn compilation_is_interrupted() {
    let store = "(i32.store (local.get 0) (i32.add (local.get 0) (i32.const 7)))".repeat(40);
    let function = format!("(func (param i32) {store})");
    let guest = format!("(module (memory 1) {})", function.repeat(1_000));
    let folder = Folder::new().with("m.wat", guest);
    let child = folder.command(&["run", "m.wat"]).spawn();
    wait_until_listening(&child);
    let started = Instant::now();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let run = Run::new(child.wait_with_output().unwrap(), started.elapsed());
    assert!(run.duration < Duration::from_secs(5), "{:?}", run.duration);
    let run = run.assert_status(130);
    assert!(run.stdout.contains("interrupted "), "{}", run.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn the_time_of_a_stopped_process_does_not_count() {
    let folder = folder();
    let started = Instant::now();
    let child = folder
        .command(&["run", "endless.steps", "--max-time", "2s"])
        .spawn();
    wait_until_listening(&child);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    // Only time itself can pass here: the process must be stopped for longer than its limit.
    std::thread::sleep(Duration::from_secs(3));
    kill_process(pid, Signal::CONT).unwrap();
    let run = Run::new(child.wait_with_output().unwrap(), started.elapsed());
    assert!(
        run.duration > Duration::from_millis(4500),
        "{:?}",
        run.duration
    );
    run.assert_stopped(&["ran longer than 2s"]);
}

#[cfg(target_os = "linux")]
#[test]
fn reports_of_interrupted_runs_replace_no_file() {
    let folder = folder().with("out.json", "old");
    let before = files(&folder);
    let args = [
        "run",
        "endless.steps",
        "--max-time",
        "0",
        "--format",
        "json",
    ];
    let to_file = [&args[..], &["-o", "out.json"]].concat();
    let run = interrupted_by(Signal::INT, &folder, &to_file).assert_status(130);
    assert!(
        run.stderr.contains("out.json was not written"),
        "{}",
        run.stderr
    );
    assert_eq!(folder.read("out.json"), "old");
    assert_eq!(files(&folder), before);
    let run = interrupted_by(Signal::INT, &folder, &args).assert_status(130);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["status"], "cancelled");
    assert_eq!(document["interrupted"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn interrupted_tests_are_neither_ok_nor_failed() {
    let folder = folder();
    let args = ["test", "--max-time", "0", "--junit", "out.xml"];
    let files = ["many.steps", "good.steps"];
    let run = interrupted_by(Signal::INT, &folder, &[&args[..], &files[..]].concat());
    let run = run.assert_status(130);
    // The signal may come before the first session starts: then none of them runs.
    assert!(!run.stdout.contains("ok    ") && !run.stdout.contains("FAIL"));
    let last = run.stdout.lines().last().unwrap();
    assert_eq!(last, "2 sessions: 0 ok, 0 failed, 2 interrupted or not run");
    let junit = folder.read("out.xml");
    assert_eq!(junit.matches("<skipped").count(), 2, "{junit}");
    assert!(junit.contains("tests=\"2\" skipped=\"2\""), "{junit}");
}

#[cfg(target_os = "linux")]
#[test]
fn interrupted_comparisons_report_no_difference() {
    let folder = folder();
    let args = ["diff", "--max-time", "0", "many.steps", "good.steps"];
    let run = interrupted_by(Signal::INT, &folder, &args).assert_status(130);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("side A was interrupted"),
        "{}",
        run.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_the_program_at_once() {
    let folder = folder();
    let args = ["run", "many.steps", "-o", "out.txt"];
    let child = folder.command(&args).spawn();
    wait_until_listening(&child);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    for _ in 0..2 {
        // The program may have ended by the first signal.
        let _ = kill_process(pid, Signal::INT);
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(!files(&folder).iter().any(|name| name.ends_with(".tmp")));
    assert!(!folder.join("out.txt").exists());
}
