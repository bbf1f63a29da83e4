//! The README's blocks that are made from the program: the keys, and a screen of the default
//! session.

use std::path::Path;

use linmem::app::{Action, keymap};

use crate::support::live::Live;

/// Columns and rows of the picture.
const SIZE: (u16, u16) = (120, 38);

/// What stands in README.md between `<!-- NAME -->` and `<!-- /NAME -->` must be `expected`.
#[track_caller]
fn assert_block(name: &str, expected: &str) {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .unwrap_or_default();
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let found = readme
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close))
        .map(|(block, _)| block.trim());
    assert!(
        found == Some(expected.trim()),
        "README.md {} this block; put it there as it stands here:\n\n{open}\n{}\n{close}\n",
        if found.is_some() {
            "has something else in"
        } else {
            "lacks"
        },
        expected.trim()
    );
}

#[test]
fn the_keys_are_those_of_the_program() {
    assert_block("keys", &keymap::markdown_table());
}

#[test]
fn the_screen_is_what_the_program_draws_in_the_middle_of_step_4() {
    let mut live = Live::open(SIZE);
    for _ in 0..4 {
        live.press(Action::Next);
    }
    live.press(Action::Unfold);
    for _ in 0..7 {
        live.press(Action::Next);
    }
    assert_eq!((live.app.moment.step, live.app.moment.event), (4, 7));
    assert_block("screen", &format!("```text\n{}```", live.screen()));
}

/// What a command prints, as a block.
fn printed(command: &str) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args([command, "guest/examples/alloc.wat"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    format!("```text\n{}```", String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_description_is_what_inspect_prints() {
    assert_block("inspect", &printed("inspect"));
}

#[test]
fn the_first_steps_are_what_init_writes() {
    assert_block("init", &printed("init"));
}
