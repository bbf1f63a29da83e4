//! Malicious guests in a real terminal. The terminal is restored, and the memory of the program stays
//! within bounds.

use crate::support::command::Folder;
use crate::support::pty::{Pty, fresh_modes};

/// The program in a terminal, after all steps have run.
struct Stopped {
    pty: Pty,
    _folder: Folder,
}

/// Runs all steps of a session and waits until the screen shows `text`.
fn run_in_terminal(guest: &str, steps: &str, more: &[&str], text: &str) -> Stopped {
    let folder = Folder::new()
        .with("g.wat", guest)
        .with("s.steps", format!("module \"g.wat\"\n{steps}\n"));
    let session = folder.arg("s.steps");
    let args = [&[session.as_str()], more].concat();
    let mut pty = Pty::spawn(&args, 40, 160, &[]);
    pty.wait_for_text("0 instantiate");
    pty.send("G");
    pty.wait_for_text(text);
    Stopped {
        pty,
        _folder: folder,
    }
}

impl Stopped {
    /// Asserts that the peak memory of the program, as Linux reports it, is below `mebibytes`.
    #[track_caller]
    fn within(mut self, mebibytes: u64) -> Stopped {
        self.pty.wait_for_quiet();
        let peak = self.pty.peak() >> 20;
        assert!(peak > 5 && peak < mebibytes, "{peak} MiB");
        self
    }

    /// Quits and asserts that the terminal is restored.
    #[track_caller]
    fn quit(mut self) {
        self.pty.send("q");
        assert_eq!(self.pty.wait_for_end(), 0);
        let screen = self.pty.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(self.pty.modes(), fresh_modes());
        let written = String::from_utf8_lossy(&self.pty.written);
        assert!(
            !written.contains("panicked") && !written.contains("\x1b]0;evil"),
            "{}",
            self.pty.picture()
        );
    }
}

const PRINTER: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "\1b]0;evil\07")
    (func (export "flood") (param $times i32)
        (i64.store (i32.const 0) (i64.const 0xfde800000040))
        (loop $again
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if $again (local.get $times)))))"#;

#[test]
fn one_hundred_mebibytes_of_output_stay_in_bounds() {
    run_in_terminal(
        PRINTER,
        "call flood(1614)",
        &["--max-time", "0"],
        "call flood",
    )
    .within(400)
    .quit();
}

#[test]
fn endless_stores_stay_in_bounds() {
    let busy = r#"(module (memory (export "memory") 1) (func (export "go") (local i32) (loop
        (i32.store8 (i32.and (local.get 0) (i32.const 0xffff)) (i32.const 0x2a))
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"#;
    run_in_terminal(
        busy,
        "call go()",
        &["--max-time", "500ms", "--max-stores", "100k"],
        "longer than 500ms",
    )
    .within(400)
    .quit();
}

#[test]
fn grown_but_untouched_memory_costs_nothing() {
    let greedy = r#"(module (memory (export "memory") 1) (func (export "go")
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))))"#;
    run_in_terminal(
        greedy,
        "call go()",
        &["--max-memory", "512MiB"],
        "growth-refused",
    )
    .within(300)
    .quit();
}

#[test]
fn endless_waits_and_stack_exhaustion_end_the_step() {
    let wait = r#"(module (memory (export "memory") 1 1 shared) (func (export "go") (result i32)
        (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"#;
    run_in_terminal(wait, "call go()", &["--max-time", "0"], "endless wait").quit();
    let deep = r#"(module (memory (export "memory") 1) (func $deep (export "go") (call $deep)))"#;
    run_in_terminal(deep, "call go()", &[], "deep calls itself").quit();
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let names = r#"(module (memory (export "memory") 1)
        (func $"f\1b]0;evil\07\e2\80\ae" (export "\1b]0;evil\07\0a") unreachable))"#;
    run_in_terminal(
        names,
        "call \"\\u{1b}]0;evil\\u{7}\\n\"()",
        &[],
        "unreachable",
    )
    .quit();
}
