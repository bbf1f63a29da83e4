//! A learner at the real program: asked, hinted, right, wrong, silent; and what is remembered.

use std::process::Command;

use crate::support::pty::Pty;

fn open(lesson: &str, state: &str) -> Pty {
    let mut pty = Pty::spawn(
        &["lesson", lesson],
        24,
        80,
        &[("XDG_STATE_HOME", state), ("HOME", state)],
    );
    pty.wait_for_text("✓  0 instantiate");
    pty
}

/// Runs steps until the one of this number is shown.
fn go_to(pty: &mut Pty, from: usize, to: usize) {
    for step in from + 1..=to {
        pty.send(" ");
        pty.wait_for_text(&format!("step {step} of"));
    }
}

#[test]
fn a_lesson_from_first_to_last_and_what_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let mut pty = open("1", state);
    pty.wait_for_text("lesson 1 of 11  Memory is bytes");

    // A hint, and an answer that is not quite right.
    go_to(&mut pty, 0, 4);
    pty.wait_for_text("i answers  H gives a hint  space goes on without");
    pty.send("H");
    pty.wait_for_text("letters are numbered");
    pty.send("iJ\r");
    pty.wait_for_text("You said J. Not quite: it is \"I\".");

    // What cannot be read is said at once; a hint from within the line; then the right answer, as
    // an expression.
    go_to(&mut pty, 5, 6);
    pty.send("i");
    pty.wait_for_text("enter answers  tab hint");
    pty.send("\t");
    pty.wait_for_text("a row of three bytes");
    pty.send("64 *\r");
    pty.wait_for_text("expected");
    pty.send(" 1024 - 1\r");
    pty.wait_for_text("You said 64 * 1024 - 1: right.");

    go_to(&mut pty, 7, 12);
    pty.wait_for_text("L opens lesson 2, protocol.");
    pty.send("L");
    pty.wait_for_text("lesson 2 of 11");

    // Skipping: the line closed by enter alone, and no line at all.
    pty.wait_for_text("step 0 of");
    go_to(&mut pty, 0, 4);
    pty.send("i\r");
    pty.wait_for_text("The answer to the question of step 4: 8.");
    go_to(&mut pty, 5, 7);
    pty.wait_for("no word of an answer", |screen| {
        !screen.contents().contains("You said")
    });

    // The list knows which lesson was finished.
    pty.send("p");
    pty.wait_for_text("1 bytes         ✓");
    pty.send("\x1b");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);

    assert_eq!(
        std::fs::read_to_string(folder.path().join("linmem/lessons")).unwrap(),
        "bytes\n"
    );
    let list = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .arg("lesson")
        .env("XDG_STATE_HOME", state)
        .env("HOME", state)
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.starts_with("✓  1  bytes") && list.contains("\n   2  protocol"),
        "{list}"
    );
    assert!(
        list.ends_with("1 of 11 finished. Go on with: linmem lesson protocol\n"),
        "{list}"
    );
}

#[test]
fn what_cannot_be_remembered_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("linmem/lessons")).unwrap();
    let mut pty = open("1", folder.path().to_str().unwrap());
    pty.send("G");
    pty.wait_for_text("will be forgotten when you leave: cannot write");
    pty.wait_for_text("L opens lesson 2, protocol.");
    pty.send("L");
    pty.wait_for_text("lesson 2 of 11");
    pty.wait_for_text("step 0 of");
    pty.send("G");
    pty.wait_for_text("L opens lesson 3, strings.");
    pty.send("p");
    pty.wait_for_text("2 protocol      ✓");
    assert!(!pty.screen().contents().contains("forgotten"));
    pty.send("\x1bq");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn garbage_in_the_file_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("linmem")).unwrap();
    std::fs::write(
        folder.path().join("linmem/lessons"),
        b"\xff\0\x1b[2J strings\nstrings\nno such lesson",
    )
    .unwrap();
    let list = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .arg("lesson")
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains("✓  3  strings") && list.contains("1 of 11 finished"),
        "{list}"
    );
}
