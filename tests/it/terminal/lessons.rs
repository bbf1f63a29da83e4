//! Lessons in a terminal: questions, hints, right and wrong answers, skipped questions, and the
//! progress file.

use crate::support::command::{Folder, TestCommand};
use crate::support::pty::Pty;

/// Opens a lesson, with its progress in `state`.
fn open(lesson: &str, state: &Folder) -> Pty {
    let state = state.path().to_str().unwrap();
    let mut pty = Pty::spawn(
        &["lesson", lesson],
        24,
        80,
        &[("XDG_STATE_HOME", state), ("HOME", state)],
    );
    pty.wait_for_text("✓  0 instantiate");
    pty
}

/// Returns the list of the lessons, with the progress in `state`.
fn list(state: &Folder) -> String {
    TestCommand::new(&["lesson"])
        .env("XDG_STATE_HOME", state.path())
        .env("HOME", state.path())
        .run()
        .success()
}

/// Runs the steps after `from` up to `to`.
fn go_to(pty: &mut Pty, from: usize, to: usize) {
    for step in from + 1..=to {
        pty.send(" ");
        pty.wait_for_text(&format!("step {step} of"));
    }
}

#[test]
fn a_lesson_from_first_to_last_step() {
    let state = Folder::new();
    let mut pty = open("1", &state);
    pty.wait_for_text("lesson 1 of 29  Memory is bytes");

    // A hint and a wrong answer.
    go_to(&mut pty, 0, 4);
    pty.wait_for_text("enter answers with a text  H gives a hint  space goes on without");
    pty.send("H");
    pty.wait_for_text("letters are numbered");
    pty.send("J\r");
    pty.wait_for_text("Not J. 2 tries are left.");
    pty.send("\rI\r");
    pty.wait_for_text("You answered I: right.");

    // An unparsable answer is reported at once. A hint is shown from within the line. Then the right
    // answer is given as an expression.
    go_to(&mut pty, 5, 6);
    pty.send("i");
    pty.wait_for_text("enter answers  tab hint");
    pty.send("\t");
    pty.wait_for_text("a row of three bytes");
    pty.send("64 *\r");
    pty.wait_for_text("expected");
    pty.send(" 1024 - 1\r");
    pty.wait_for_text("You answered 64 * 1024 - 1: right.");

    go_to(&mut pty, 7, 13);
    pty.wait_for_text("L opens lesson 2, protocol.");
    pty.send("L");
    pty.wait_for_text("lesson 2 of 29");

    // A question is skipped by an empty line, or by going on.
    pty.wait_for_text("step 0 of");
    go_to(&mut pty, 0, 4);
    pty.send("i\r");
    pty.wait_for_text("The answer to the question of step 4: 8.");
    go_to(&mut pty, 5, 7);
    pty.wait_for("no answer is shown", |screen| {
        !screen.contents().contains("You said")
    });

    // The list marks the finished lesson.
    pty.send("p");
    pty.wait_for_text("1 bytes             ✓");
    pty.send("\x1b");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);

    assert_eq!(state.read("linmem/lessons"), "bytes\n");
    let answers = state.read("linmem/answers.json");
    assert!(
        answers.contains("\"J\"") && answers.contains("\"64 * 1024 - 1\""),
        "{answers}"
    );
    let list = list(&state);
    assert!(
        list.starts_with("✓  1  bytes")
            && list.contains("2 of 2 right\n   2  protocol")
            && list.contains("2 of 2 skipped\n   3"),
        "{list}"
    );
    assert!(
        list.ends_with("1 of 29 finished. Go on with: linmem lesson protocol\n"),
        "{list}"
    );
}

#[test]
fn unwritable_progress_is_reported_once() {
    // A folder in the place of the file.
    let state = Folder::new().with("linmem/answers.json/x", "");
    let mut pty = open("1", &state);
    pty.send("G");
    pty.wait_for_text("The answers will not be kept:");
    pty.wait_for_text("L opens lesson 2, protocol.");
    pty.send("L");
    pty.wait_for_text("lesson 2 of 29");
    pty.wait_for_text("step 0 of");
    pty.send("G");
    pty.wait_for_text("L opens lesson 3, strings.");
    assert!(!pty.screen().contents().contains("will not be kept"));
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

/// What was answered is there the next time, and the lesson goes on where it was left.
#[test]
fn a_lesson_goes_on_the_next_time() {
    let state = Folder::new();
    let mut pty = open("1", &state);
    go_to(&mut pty, 0, 4);
    pty.send("I\r");
    pty.wait_for_text("You answered I: right.");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
    let mut pty = open("1", &state);
    pty.wait_for_text("Last time you came to step 5: L goes on there.");
    pty.send("L");
    pty.wait_for_text("step 5 of");
    pty.send("\x1b[D");
    pty.wait_for_text("You answered I: right.");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn invalid_progress_files_are_tolerated() {
    let progress = b"\xff\0\x1b[2J strings\nstrings\nno such lesson";
    let list = list(&Folder::new().with("linmem/lessons", progress));
    assert!(
        list.contains("✓  3  strings") && list.contains("1 of 29 finished"),
        "{list}"
    );
}
