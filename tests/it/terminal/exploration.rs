//! Exploring with the real program in a pseudo-terminal.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::pty::Pty;

const GUEST: &str = r#"(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "count") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (i32.load (i32.const 0)))
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "spin") (loop $again (br $again))))"#;

/// A folder with the guest in it, and the program on the bare module.
fn explore(rows: u16, columns: u16) -> (tempfile::TempDir, Pty) {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("guest.wat");
    fs::write(&module, GUEST).unwrap();
    let state = folder.path().join("state");
    let env = [("XDG_STATE_HOME", state.to_str().unwrap())];
    let mut pty = Pty::spawn(
        &[module.to_str().unwrap(), "--max-time", "0"],
        rows,
        columns,
        &env,
    );
    pty.wait_for("the guest is introduced", |screen| {
        let text = screen.contents();
        text.contains("Step 0 has run") && text.contains("esc close")
    });
    (folder, pty)
}

/// Types a line after `:` and waits until what it shows is there.
#[track_caller]
fn type_line(pty: &mut Pty, line: &str, shown: &str) {
    pty.send(format!(":{line}\r"));
    pty.wait_for_text(shown);
}

fn run(file: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .arg("run")
        .arg(file)
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_module_is_explored_branched_and_saved_and_the_file_runs_to_the_same_end() {
    let (folder, mut pty) = explore(40, 120);
    pty.wait_for("the exports have types", |screen| {
        let text = screen.contents();
        text.contains("twice")
            && text.contains("(i32) -> i32")
            && text.contains("press : and type a step")
    });
    type_line(
        &mut pty,
        "a = call twice(21)",
        "✓ 1 a = call twice(21) → 42",
    );
    type_line(&mut pty, "n = call count()", "✓ 2 n = call count() → 1");
    // Back, and another way.
    pty.send("\x1b[D");
    pty.wait_for_text("step 1 of 2");
    type_line(&mut pty, "write 512, \"other\"", "✓ 2 write 512, \"other\"");
    pty.wait_for_text("branch 2 of 2");
    type_line(&mut pty, "m = call count()", "✓ 3 m = call count() → 1");
    // The first way again.
    pty.send("x");
    pty.wait_for("the first branch", |screen| {
        let text = screen.contents();
        text.contains("branch 1 of 2")
            && text.contains("2 n = call count() → 1")
            && !text.contains("other")
    });
    let first = folder.path().join("first.steps");
    pty.send(format!(":save {}\r", first.display()));
    pty.wait_for_text("Saved 2 steps");
    pty.send("x");
    pty.wait_for_text("branch 2 of 2");
    let second = folder.path().join("second.steps");
    pty.send(format!(":save {}\r", second.display()));
    pty.wait_for_text("Saved 3 steps");
    pty.send(format!(":save {}\r", second.display()));
    pty.wait_for_text("is there already");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
    let text = fs::read_to_string(&second).unwrap();
    assert_eq!(
        text,
        "module \"guest.wat\"\n\na = call twice(21)\nwrite 512, \"other\"\nm = call count()\n"
    );
    let (is_well, transcript) = run(&second);
    assert!(
        is_well && transcript.contains("m = call count()"),
        "{transcript}"
    );
    assert!(run(&first).0);
    assert_eq!(
        fs::read_to_string(folder.path().join("state/linmem/history"))
            .unwrap()
            .lines()
            .count(),
        6
    );
}

#[test]
fn a_mistake_is_shown_under_the_line_before_enter() {
    let (_folder, mut pty) = explore(24, 80);
    pty.send(":call twise(1) ");
    pty.wait_for("the mistake and what was meant", |screen| {
        let text = screen.contents();
        text.contains("no function `twise`")
            && text.contains("did you mean twice?")
            && text.contains("^^^^^")
    });
    pty.send("\x15call tw\t");
    pty.wait_for_text("call twice(");
    pty.send("4)\r");
    pty.wait_for_text("✓ 1 call twice(4) → 8");
    pty.send(":\x1b[A");
    pty.wait_for_text(": call twice(4)");
}

#[test]
fn several_pasted_lines_run_one_after_the_other() {
    let (_folder, mut pty) = explore(24, 80);
    pty.send(":");
    pty.wait_for_text("a step after step 0");
    pty.send("\x1b[200~a = call count()\nb = call count()   # two\nexpect b == 2\n\x1b[201~");
    pty.wait_for_text("2 more lines");
    pty.send("\r");
    pty.wait_for_text("✓ 3 expect b == 2");
}

#[test]
fn a_typed_call_that_never_ends_is_cancelled_and_the_exploration_goes_on() {
    let (_folder, mut pty) = explore(24, 80);
    type_line(&mut pty, "a = call count()", "✓ 1 a = call count() → 1");
    pty.send(":call spin()\r");
    pty.wait_for("the call runs", |screen| {
        screen.contents().contains("step 2 is running")
    });
    pty.send("\x03");
    pty.wait_for_text("⊘ 2 call spin()");
    type_line(&mut pty, "b = call count()", "✓ 2 b = call count() → 2");
    pty.wait_for_text("branch 2 of 2");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn what_a_terminal_would_act_on_never_comes_back_from_the_line() {
    let (_folder, mut pty) = explore(12, 40);
    pty.send(":");
    pty.wait_for_text("a step after step 0");
    let from = pty.written.len();
    let long = "x".repeat(5000);
    pty.send(format!(
        "\x1b[200~write 0, \"\u{9b}31m\u{202e}{long}\x07\x1b[201~"
    ));
    pty.send("\r");
    pty.wait_for_text("closed");
    let written = &pty.written[from..];
    assert!(!written.contains(&7) && !String::from_utf8_lossy(written).contains('\u{202e}'));
    pty.send("\x03");
    pty.wait_for("the line is closed", |screen| {
        !screen.contents().contains("closed")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn a_built_in_session_is_saved_with_its_module() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = Pty::spawn(&[], 30, 120, &[]);
    pty.wait_for_text("✓ 0 instantiate");
    pty.send("3G");
    pty.wait_for_text("✓ 3 write");
    type_line(&mut pty, "write ptr + 1, \"X\"", "✓ 4 write ptr + 1");
    let file = folder.path().join("mine");
    pty.send(format!(":save {}\r", file.display()));
    pty.wait_for_text("Saved 8 steps");
    pty.send("q");
    pty.wait_for_end();
    assert!(folder.path().join("wasm_is_cool.wat").exists());
    let (is_well, transcript) = run(&file.with_extension("steps"));
    // The script's own expectation, of what was written first, is not met any more.
    assert!(
        !is_well && transcript.contains("DXd you know Wasm is cool!"),
        "{transcript}"
    );
}
