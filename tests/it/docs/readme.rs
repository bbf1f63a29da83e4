//! The generated blocks of the README: the keys, a screen of the default session, and the output of
//! two commands.

use linmem::app::keymap;

use crate::screen::unfolding::unfolded;
use crate::support::command::{linmem, read_in_repository};
use crate::support::screen_text::screen_text;

/// The columns and rows of the screen.
const SIZE: (u16, u16) = (120, 38);

/// Asserts that `README.md` has `expected` between `<!-- NAME -->` and `<!-- /NAME -->`.
#[track_caller]
fn assert_block(name: &str, expected: &str) {
    let readme = read_in_repository("README.md");
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let found = readme
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close))
        .map(|(block, _)| block.trim());
    assert!(
        found == Some(expected.trim()),
        "README.md {} this block; replace it by:\n\n{open}\n{}\n{close}\n",
        if found.is_some() {
            "has other contents in"
        } else {
            "does not have"
        },
        expected.trim()
    );
}

#[test]
fn readme_lists_the_keys() {
    assert_block("keys", &keymap::markdown_table());
}

#[test]
fn readme_shows_the_screen_inside_step_4() {
    let app = unfolded(SIZE, 7).app;
    assert_eq!((app.moment.step, app.moment.event), (4, 7));
    assert_block("screen", &format!("```text\n{}```", screen_text(&app)));
}

/// Returns what a command prints, as a fenced block.
fn output_of(command: &str) -> String {
    let output = linmem(&[command, "guest/examples/alloc.wat"]).success();
    format!("```text\n{output}```")
}

#[test]
fn readme_shows_the_output_of_inspect() {
    assert_block("inspect", &output_of("inspect"));
}

#[test]
fn readme_shows_the_output_of_init() {
    assert_block("init", &output_of("init"));
}
