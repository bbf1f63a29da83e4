//! Exploration in a terminal.

use crate::support::command::{Folder, linmem};
use crate::support::pty::Pty;

const GUEST: &str = r#"(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "count") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (i32.load (i32.const 0)))
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "spin") (loop $again (br $again))))"#;

/// Returns a folder with the guest in it, and the program that explores the guest without a script.
fn explore(rows: u16, columns: u16) -> (Folder, Pty) {
    let folder = Folder::new().with("guest.wat", GUEST);
    let (module, state) = (folder.arg("guest.wat"), folder.arg("state"));
    let env = [("XDG_STATE_HOME", state.as_str())];
    let mut pty = Pty::spawn(&[&module, "--max-time", "0"], rows, columns, &env);
    pty.wait_for("the overview of the guest is shown", |screen| {
        let text = screen.contents();
        text.contains("Step 0 has run") && text.contains("esc close")
    });
    (folder, pty)
}

/// Enters a line after `:` and waits until the screen shows `text`.
#[track_caller]
fn enter_line(pty: &mut Pty, line: &str, text: &str) {
    pty.send(format!(":{line}\r"));
    pty.wait_for_text(text);
}

#[test]
fn explorations_branch_and_are_saved() {
    let (folder, mut pty) = explore(40, 120);
    pty.wait_for("the exports have types", |screen| {
        let text = screen.contents();
        text.contains("twice")
            && text.contains("(i32) -> i32")
            && text.contains("press : and type a step")
    });
    enter_line(
        &mut pty,
        "a = call twice(21)",
        "✓ 1 a = call twice(21) → 42",
    );
    enter_line(&mut pty, "n = call count()", "✓ 2 n = call count() → 1");
    // Going back and inserting a step starts a second branch.
    pty.send("\x1b[D");
    pty.wait_for_text("step 1 of 2");
    enter_line(&mut pty, "write 512, \"other\"", "✓ 2 write 512, \"other\"");
    pty.wait_for_text("branch 2 of 2");
    enter_line(&mut pty, "m = call count()", "✓ 3 m = call count() → 1");
    // `x` shows the first branch again.
    pty.send("x");
    pty.wait_for("the first branch", |screen| {
        let text = screen.contents();
        text.contains("branch 1 of 2")
            && text.contains("2 n = call count() → 1")
            && !text.contains("other")
    });
    let (first, second) = (folder.arg("first.steps"), folder.arg("second.steps"));
    pty.send(format!(":save {first}\r"));
    pty.wait_for_text("Saved 2 steps");
    pty.send("x");
    pty.wait_for_text("branch 2 of 2");
    pty.send(format!(":save {second}\r"));
    pty.wait_for_text("Saved 3 steps");
    pty.send(format!(":save {second}\r"));
    pty.wait_for_text("already exists");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
    assert_eq!(
        folder.read("second.steps"),
        "module \"guest.wat\"\n\na = call twice(21)\nwrite 512, \"other\"\nm = call count()\n"
    );
    linmem(&["run", &second]).assert_ok(&["m = call count()"]);
    linmem(&["run", &first]).assert_ok(&[]);
    assert_eq!(folder.read("state/linmem/history").lines().count(), 6);
}

#[test]
fn mistakes_are_shown_before_enter() {
    let (_folder, mut pty) = explore(24, 80);
    pty.send(":call twise(1) ");
    pty.wait_for("the mistake and a suggestion", |screen| {
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
fn pasted_lines_run_in_order() {
    let (_folder, mut pty) = explore(24, 80);
    pty.send(":");
    pty.wait_for_text("a step after step 0");
    pty.send("\x1b[200~a = call count()\nb = call count()   # two\nexpect b == 2\n\x1b[201~");
    pty.wait_for_text("2 more lines");
    pty.send("\r");
    pty.wait_for_text("✓ 3 expect b == 2");
}

#[test]
fn exploration_continues_after_a_cancelled_call() {
    let (_folder, mut pty) = explore(24, 80);
    enter_line(&mut pty, "a = call count()", "✓ 1 a = call count() → 1");
    pty.send(":call spin()\r");
    pty.wait_for("the call runs", |screen| {
        screen.contents().contains("step 2 is running")
    });
    pty.send("\x03");
    pty.wait_for_text("⊘ 2 call spin()");
    enter_line(&mut pty, "b = call count()", "✓ 2 b = call count() → 2");
    pty.wait_for_text("branch 2 of 2");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn pasted_control_characters_are_escaped() {
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
fn built_in_sessions_are_saved_with_their_module() {
    let folder = Folder::new();
    let mut pty = Pty::spawn(&[], 30, 120, &[]);
    pty.wait_for_text("✓ 0 instantiate");
    pty.send("3G");
    pty.wait_for_text("✓ 3 write");
    enter_line(&mut pty, "write ptr + 1, \"X\"", "✓ 4 write ptr + 1");
    pty.send(format!(":save {}\r", folder.arg("mine")));
    pty.wait_for_text("Saved 8 steps");
    pty.send("q");
    pty.wait_for_end();
    assert!(folder.join("wasm_is_cool.wat").exists());
    // The expectation of the script fails, because the inserted step changes the text.
    linmem(&["run", &folder.arg("mine.steps")]).assert_stopped(&["DXd you know Wasm is cool!"]);
}
