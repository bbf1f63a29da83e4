//! `linmem run --format javascript`: the modules run in Node.js and come to the same results. Without
//! Node.js the test is skipped with a message.

use std::fs;
use std::process::Command;

use crate::support::command::{Folder, in_repository, linmem};

/// Returns whether Node.js is on the path.
#[expect(clippy::print_stdout, reason = "a test that is skipped prints so")]
fn has_node() -> bool {
    let is_there = Command::new("node").arg("--version").output().is_ok();
    if !is_there {
        println!("SKIPPED: no node on the PATH");
    }
    is_there
}

/// Writes a session as a module, runs it, and returns what it printed and whether it succeeded.
fn run(file: &str) -> (String, bool) {
    let folder = Folder::new();
    let module = folder.join("session.mjs");
    linmem(&[
        "run",
        file,
        "--format",
        "javascript",
        "-o",
        module.to_str().unwrap(),
    ])
    .success();
    let ran = Command::new("node").arg(&module).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
    (errors, ran.status.success())
}

#[test]
fn every_lesson_and_example_runs_in_node() {
    if !has_node() {
        return;
    }
    let mut count = 0;
    for (folder, ending) in [
        ("guest/lessons", "md"),
        ("guest/examples", "steps"),
        ("guest", "steps"),
        ("guest/rust", "steps"),
    ] {
        for entry in fs::read_dir(in_repository(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|found| found == ending) {
                let (errors, is_well) = run(path.to_str().unwrap());
                assert!(is_well, "{}: {errors}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn an_expectation_that_does_not_hold_fails_in_node_too() {
    if !has_node() {
        return;
    }
    let wat =
        "(module (memory (export \"memory\") 1) (func (export \"f\") (result i64) (i64.const 7)))";
    let folder = Folder::new()
        .with("a.wat", wat)
        .with("a.steps", "module \"a.wat\"\nx = call f()\nexpect x == 8");
    let module = folder.join("a.mjs");
    let file = folder.join("a.steps");
    let args = ["run", file.to_str().unwrap(), "--format", "javascript"];
    linmem(&[args.as_slice(), &["-o", module.to_str().unwrap()]].concat()).assert_status(1);
    let ran = Command::new("node").arg(&module).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(errors.contains("an expectation does not hold"), "{errors}");
}
