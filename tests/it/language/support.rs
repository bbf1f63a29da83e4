//! Runs a script on a guest in a folder of its own, and reads what comes back.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

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

/// A folder with a script and its guest.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// With `guest.wat` in it.
    pub fn with_guest(wat: &str) -> Self {
        let folder = Folder::new();
        folder.file("guest.wat", wat);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Runs the binary in the folder.
    pub fn linmem(&self, args: &[&str], stdin: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_linmem"))
            .args(args)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its standard input closes it, which is no error here.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Writes `s.steps` and runs it, with further arguments.
    pub fn steps(&self, script: &str, args: &[&str]) -> Run {
        self.file("s.steps", script);
        self.linmem(
            &[&["run", "s.steps", "--format", "json"], args].concat(),
            "",
        )
    }
}

/// How the program ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The trace of a run that ended with this exit status and its own status word.
    #[track_caller]
    pub fn ended(self, code: i32, status: &str) -> Trace {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stderr, self.stdout);
        let json: Json = serde_json::from_str(&self.stdout).unwrap();
        let trace = Trace(json);
        assert_eq!(trace.0["status"], status, "{:?}", trace.errors());
        assert_eq!(trace.0["schema"], "linmem.trace/1");
        trace
    }

    #[track_caller]
    pub fn ok(self) -> Trace {
        self.ended(0, "ok")
    }

    #[track_caller]
    pub fn failed(self) -> Trace {
        self.ended(1, "failed")
    }

    #[track_caller]
    pub fn trapped(self) -> Trace {
        self.ended(1, "trapped")
    }

    /// What the program said when it refused to run anything: exit status 2, and nothing on
    /// standard output.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "{}\n{}", self.stderr, self.stdout);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        self.stderr
    }
}

/// A trace as JSON.
pub struct Trace(pub Json);

impl Trace {
    pub fn steps(&self) -> &[Json] {
        self.0["steps"].as_array().unwrap()
    }

    #[track_caller]
    pub fn step(&self, index: usize) -> &Json {
        &self.steps()[index]
    }

    #[track_caller]
    pub fn last(&self) -> &Json {
        self.steps().last().unwrap()
    }

    /// The value that a name was last bound to.
    #[track_caller]
    pub fn value(&self, name: &str) -> &Json {
        &self.binding(name)["value"]
    }

    /// The type of the value that a name was last bound to.
    #[track_caller]
    pub fn type_of(&self, name: &str) -> &str {
        self.binding(name)["type"].as_str().unwrap()
    }

    #[track_caller]
    fn binding(&self, name: &str) -> &Json {
        let binding = self
            .steps()
            .iter()
            .rev()
            .find_map(|step| step["bindings"].get(name));
        binding.unwrap_or_else(|| panic!("nothing bound {name}"))
    }

    /// Why the last step did not end in ok.
    #[track_caller]
    pub fn error(&self) -> &str {
        self.last()["error"]
            .as_str()
            .expect("the last step has no error")
    }

    pub fn errors(&self) -> Vec<&str> {
        self.steps()
            .iter()
            .filter_map(|step| step["error"].as_str())
            .collect()
    }

    /// The kinds of a step's findings.
    #[track_caller]
    pub fn findings(&self, step: usize) -> Vec<&str> {
        let findings = self.step(step)["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| finding["kind"].as_str().unwrap())
            .collect()
    }
}

/// Runs steps on [`GUEST`].
pub fn run(steps: &str) -> Run {
    run_on(GUEST, steps)
}

/// Runs steps on a guest of this text.
pub fn run_on(wat: &str, steps: &str) -> Run {
    Folder::with_guest(wat).steps(&format!("module \"guest.wat\"\n{steps}"), &[])
}

/// Checks what expressions come to, each told with its value as JSON.
#[track_caller]
pub fn come_to(rows: &[(&str, Json)]) {
    let script: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(row, (expression, _))| format!("let v{row} = {expression}"))
        .collect();
    let trace = run(&script.join("\n")).ok();
    for (row, (expression, wanted)) in rows.iter().enumerate() {
        assert_eq!(trace.value(&format!("v{row}")), wanted, "{expression}");
    }
}

/// Checks that these expressions are errors of their step, with these words in the message.
#[track_caller]
pub fn fail(rows: &[(&str, &str)]) {
    for (expression, words) in rows {
        let trace = run(&format!(
            "let fine = 1\nlet x = {expression}\nlet never = 1"
        ))
        .failed();
        assert_eq!(trace.steps().len(), 3, "{expression}");
        assert_contains(trace.error(), words);
    }
}

/// Checks that a script is refused whole, with these words in the message.
#[track_caller]
pub fn refused(steps: &str, words: &[&str]) {
    let message = run(steps).refused();
    for words in words {
        assert_contains(&message, words);
    }
}

#[track_caller]
pub fn assert_contains(text: &str, words: &str) {
    assert!(text.contains(words), "`{words}` is not in:\n{text}");
}
