//! Files of a session that change while it is on the screen.

use std::fs;

use crate::support::command::Folder;
use crate::support::pty::Pty;

/// A guest whose `set` stores `byte` at 16, between two other bytes.
fn guest(byte: u8) -> String {
    format!(
        "(module (memory (export \"memory\") 1)\n  (func (export \"set\")\n    (i32.store8 (i32.const 15) \
         (i32.const 0xaa))\n    (i32.store8 (i32.const 16) (i32.const {byte}))\n    (i32.store8 \
         (i32.const 17) (i32.const 0xbb))))\n"
    )
}

const STEPS: &str = "module \"guest.wat\"\ncall set()\nx = read 16 as u8\n";

/// Opens the session in `folder` at its end.
fn open(folder: &Folder, options: &[&str]) -> Pty {
    let session = folder.arg("a.steps");
    let mut pty = Pty::spawn(&[&[session.as_str()], options].concat(), 30, 120, &[]);
    pty.wait_for_text("✓ 0 instantiate");
    pty.send("G");
    pty.wait_for_text("✓ 2 x = read 16 as u8 → 1");
    pty
}

fn folder() -> Folder {
    Folder::new()
        .with("guest.wat", guest(1))
        .with("a.steps", STEPS)
}

#[test]
fn a_changed_module_runs_again_on_a_key() {
    let folder = folder();
    let mut pty = open(&folder, &[]);
    folder.write("guest.wat", guest(2));
    pty.wait_for_text("guest.wat has changed: R runs it again");
    assert!(
        pty.screen().contents().contains("as u8 → 1"),
        "not by itself"
    );
    pty.send("R");
    pty.wait_for("the new byte and the marks of what differs", |screen| {
        let text = screen.contents();
        text.contains("✓ 2 x = read 16 as u8 → 2 ≠")
            && text.contains("1 call set() ≠")
            && text.contains("≠02")
            && text.contains("step 1: memory (1 byte from 0x10 on)")
            && !text.contains("has changed")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn watching_runs_again_by_itself() {
    let folder = folder();
    let mut pty = open(&folder, &["--watch"]);
    folder.write("guest.wat", guest(3));
    pty.wait_for_text("as u8 → 3 ≠");
    // The steps file is watched too, and an editor replaces a file by another one.
    folder.write("draft", STEPS.replace("u8", "i8"));
    fs::rename(folder.join("draft"), folder.join("a.steps")).unwrap();
    pty.wait_for_text("✓ 2 x = read 16 as i8 → 3");
    fs::remove_file(folder.join("guest.wat")).unwrap();
    folder.write("guest.wat", guest(4));
    pty.wait_for_text("as i8 → 4 ≠");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn a_broken_file_leaves_the_recording_until_it_is_mended() {
    let folder = folder();
    let mut pty = open(&folder, &["--watch"]);
    folder.write(
        "guest.wat",
        "(module\n  (func (export \"set\") (i32.stor)))\n",
    );
    pty.wait_for("the fault, and the old recording", |screen| {
        let text = screen.contents();
        text.contains("Not loaded:")
            && text.contains("prints the rest; R tries again.")
            && text.contains("as u8 → 1")
    });
    pty.send("b");
    pty.wait_for_text("not loaded: R tries again");
    folder.write("a.steps", "module \"guest.wat\"\ncall sett(\n");
    pty.wait_for_text("Not loaded:");
    folder.write("a.steps", STEPS);
    folder.write("guest.wat", guest(5));
    pty.wait_for("the mended guest", |screen| {
        let text = screen.contents();
        text.contains("as u8 → 5 ≠") && !text.contains("ot loaded")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn a_file_that_is_gone_is_an_error_only_on_the_key() {
    let folder = folder();
    let mut pty = open(&folder, &[]);
    fs::remove_file(folder.join("guest.wat")).unwrap();
    pty.send("R");
    pty.wait_for_text("Not loaded:");
    folder.write("guest.wat", guest(6));
    pty.wait_for_text("guest.wat has changed: R runs it again");
    pty.send("R");
    pty.wait_for_text("as u8 → 6 ≠");
}

#[test]
fn an_endless_call_does_not_keep_the_new_session_waiting() {
    let endless = guest(1).replace(
        "(func (export \"set\")",
        "(func (export \"set\") (loop (br 0))",
    );
    let folder = folder();
    folder.write("guest.wat", endless);
    let session = folder.arg("a.steps");
    let mut pty = Pty::spawn(&[&session, "--max-time", "0"], 24, 80, &[]);
    pty.wait_for_text("✓ 0 instantiate");
    pty.send(" ");
    pty.wait_for_text("step 1 is running");
    folder.write("guest.wat", guest(7));
    pty.wait_for("the change beside what runs", |screen| {
        let text = screen.contents();
        text.contains("guest.wat has changed: R") && text.contains("step 1 is run")
    });
    pty.send("R");
    pty.wait_for("the new session is open", |screen| {
        let text = screen.contents();
        text.contains("Run again") && text.contains("· 1 call set()")
    });
    pty.send("G");
    pty.wait_for_text("as u8 → 7");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn watched_files_leave_the_program_asleep() {
    let folder = folder();
    let mut pty = open(&folder, &["--watch"]);
    pty.wait_for_quiet();
    let (ticks, written) = (pty.ticks(), pty.written.len());
    let mut waits = 0;
    pty.wait_for("a second passes", |_| {
        waits += 1;
        waits > 20
    });
    let used = pty.ticks() - ticks;
    assert!(used <= 5, "{used} ticks of 10 ms used");
    assert_eq!(pty.written.len(), written, "{}", pty.picture());
}

#[test]
fn built_in_sessions_run_again() {
    let mut pty = Pty::spawn(&[], 24, 80, &[]);
    pty.wait_for_text("✓ 0 instantiate");
    pty.send("G");
    pty.wait_for_text("✓ 7 expect");
    pty.send("R");
    pty.wait_for_text("Run again: nothing differs from the run before.");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn watching_needs_a_screen() {
    let folder = folder();
    folder
        .run(&["--watch", "a.steps"])
        .assert_refused(&["--watch needs a terminal", "linmem test --watch"]);
}

#[test]
fn watched_tests_run_again_when_one_of_their_files_changes() {
    let folder = folder()
        .with("other.wat", guest(1))
        .with(
            "b.steps",
            "module \"other.wat\"\nwrite 0, file(\"b.bin\")\nx = read 0 as u8\nexpect x == 0x31\n",
        )
        .with("b.bin", "1");
    let (a, b) = (folder.arg("a.steps"), folder.arg("b.steps"));
    let mut pty = Pty::spawn(&["test", "--watch", &a, &b], 40, 160, &[]);
    pty.wait_for_text("2 sessions: 2 ok, 0 failed");
    let ran = |pty: &Pty, name: &str| {
        let written = String::from_utf8_lossy(&pty.written).into_owned();
        let lines = written.lines().filter(|line| line.contains(name));
        lines.filter(|line| !line.starts_with("---")).count()
    };
    folder.write("b.bin", "2");
    pty.wait_for_text("2 sessions: 1 ok, 1 failed");
    assert_eq!((ran(&pty, "a.steps"), ran(&pty, "b.steps")), (1, 2));
    pty.wait_for_text("UTC: b.bin has changed");
    folder.write("guest.wat", "(module");
    pty.wait_for_text("2 sessions: 0 ok, 1 failed, 1 cannot be run");
    folder.write("guest.wat", guest(2));
    let rounds = "2 sessions: 1 ok, 1 failed";
    pty.wait_for("the mended module has run", |screen| {
        screen.contents().matches(rounds).count() == 2
    });
    pty.send("\x03");
    assert_eq!(pty.wait_for_end(), 1, "the status of the last round");
}

#[test]
fn watched_tests_write_no_junit_file_and_read_no_standard_input() {
    let folder = folder();
    folder
        .run(&["test", "--watch", "--junit", "r.xml", "a.steps"])
        .assert_refused(&["--junit"]);
    folder
        .run(&["test", "--watch", "-"])
        .assert_refused(&["standard input does not change"]);
}
