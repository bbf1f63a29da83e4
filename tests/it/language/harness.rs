//! Runs scripts on a guest in a folder of its own.

use serde_json::Value as Json;

pub use crate::support::command::{Folder, Run};
pub use crate::support::trace::Trace;

/// A guest with one of everything that scripts use.
pub const GUEST: &str = r#"(module
  (memory (export "memory") 1 4)
  (data (i32.const 16) "hello\00")
  (global (export "answer") i32 (i32.const 42))
  (global (export "count") (mut i64) (i64.const -7))
  (global (export "ratio") (mut f32) (f32.const 0.1))
  (func $nothing (export "nothing"))
  (func (export "id32") (param i32) (result i32) (local.get 0))
  (func (export "id64") (param i64) (result i64) (local.get 0))
  (func (export "idf32") (param f32) (result f32) (local.get 0))
  (func (export "idf64") (param f64) (result f64) (local.get 0))
  (func (export "id128") (param v128) (result v128) (local.get 0))
  (func (export "pair") (param i32) (result i32 i64)
    (local.get 0) (i64.mul (i64.extend_i32_s (local.get 0)) (i64.const 2)))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
  (func (export "is_null_func") (param funcref) (result i32) (ref.is_null (local.get 0)))
  (func (export "null_ref") (result externref) (ref.null extern))
  (func (export "some_func") (result funcref) (ref.func $nothing))
  (func (export "my-export") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func $boom (export "boom") (unreachable))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "spin") (loop $again (br $again))))"#;

/// Returns a folder with `guest.wat` in it.
pub fn folder_with(wat: &str) -> Folder {
    Folder::new().with("guest.wat", wat)
}

/// Runs `steps` on [`GUEST`].
pub fn run(steps: &str) -> Run {
    run_on(GUEST, steps)
}

/// Runs `steps` on the guest `wat`.
pub fn run_on(wat: &str, steps: &str) -> Run {
    run_in(
        &folder_with(wat),
        &format!("module \"guest.wat\"\n{steps}"),
        &[],
    )
}

/// Writes `script` to `s.steps` in `folder` and runs it with more arguments.
pub fn run_in(folder: &Folder, script: &str, args: &[&str]) -> Run {
    folder.write("s.steps", script);
    folder.run(&[&["run", "s.steps", "--format", "json"], args].concat())
}

/// Asserts that each expression evaluates to its value, which is given as JSON.
#[track_caller]
pub fn assert_values(rows: &[(&str, Json)]) {
    let script: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(row, (expression, _))| format!("let v{row} = {expression}"))
        .collect();
    let trace = run(&script.join("\n")).ok_trace();
    for (row, (expression, wanted)) in rows.iter().enumerate() {
        assert_eq!(trace.value(&format!("v{row}")), wanted, "{expression}");
    }
}

/// Asserts that each expression fails its step with a message that contains the given text.
#[track_caller]
pub fn assert_fails(rows: &[(&str, &str)]) {
    for (expression, text) in rows {
        let trace = run(&format!(
            "let fine = 1\nlet x = {expression}\nlet never = 1"
        ))
        .failed_trace();
        assert_eq!(trace.steps().len(), 3, "{expression}");
        assert_contains(trace.error(), text);
    }
}

/// Asserts that the script is refused before anything runs, with a message that contains `texts`.
#[track_caller]
pub fn assert_refused(steps: &str, texts: &[&str]) {
    run(steps).assert_refused(texts);
}

#[track_caller]
pub fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in:\n{text}");
}
