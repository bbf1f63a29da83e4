//! The same in a real terminal: it stays awake, is given back whole, and the program's memory stays
//! within bounds.

use std::fs;

use tempfile::TempDir;

use crate::support::pty::{Pty, fresh_modes};

/// A program in a terminal, stopped where its guest was.
struct Shown {
    pty: Pty,
    _folder: TempDir,
}

/// Runs all steps of a session and waits for these words.
fn shown(guest: &str, steps: &str, more: &[&str], words: &str) -> Shown {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("g.wat"), guest).unwrap();
    let session = folder.path().join("s.steps");
    fs::write(&session, format!("module \"g.wat\"\n{steps}\n")).unwrap();
    let args = [&[session.to_str().unwrap()], more].concat();
    let mut pty = Pty::spawn(&args, 40, 160, &[]);
    pty.wait_for_text("0 instantiate");
    pty.send("G");
    pty.wait_for_text(words);
    Shown {
        pty,
        _folder: folder,
    }
}

impl Shown {
    /// The most memory that the program had so far, by Linux's own books, is below so many MiB.
    #[track_caller]
    fn within(mut self, mebibytes: u64) -> Shown {
        self.pty.wait_for_quiet();
        let peak = self.pty.peak() >> 20;
        assert!(peak > 5 && peak < mebibytes, "{peak} MiB");
        self
    }

    /// Leaves, and the terminal is as it was.
    #[track_caller]
    fn leave(mut self) {
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
fn a_hundred_mebibytes_of_output() {
    shown(
        PRINTER,
        "call flood(1614)",
        &["--max-time", "0"],
        "call flood",
    )
    .within(400)
    .leave();
}

#[test]
fn stores_without_end() {
    let busy = r#"(module (memory (export "memory") 1) (func (export "go") (local i32) (loop
        (i32.store8 (i32.and (local.get 0) (i32.const 0xffff)) (i32.const 0x2a))
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"#;
    shown(
        busy,
        "call go()",
        &["--max-time", "500ms", "--max-stores", "100k"],
        "longer than 500ms",
    )
    .within(400)
    .leave();
}

#[test]
fn growth_to_the_limit_takes_no_more_than_is_touched() {
    let greedy = r#"(module (memory (export "memory") 1) (func (export "go")
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))))"#;
    shown(
        greedy,
        "call go()",
        &["--max-memory", "512MiB"],
        "growth-refused",
    )
    .within(300)
    .leave();
}

#[test]
fn an_endless_wait_and_a_full_stack() {
    let wait = r#"(module (memory (export "memory") 1 1 shared) (func (export "go") (result i32)
        (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"#;
    shown(wait, "call go()", &["--max-time", "0"], "endless wait").leave();
    let deep = r#"(module (memory (export "memory") 1) (func $deep (export "go") (call $deep)))"#;
    shown(deep, "call go()", &[], "deep calls itself").leave();
}

#[test]
fn names_that_would_do_something_to_it() {
    let names = r#"(module (memory (export "memory") 1)
        (func $"f\1b]0;evil\07\e2\80\ae" (export "\1b]0;evil\07\0a") unreachable))"#;
    shown(
        names,
        "call \"\\u{1b}]0;evil\\u{7}\\n\"()",
        &[],
        "unreachable",
    )
    .leave();
}
