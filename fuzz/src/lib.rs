//! What must hold whatever comes in: a function for each fuzz target, which panics where it does
//! not.

pub mod module;
mod screen;
mod script_gen;
pub mod session;
mod smith;
pub mod steps;

use linmem::safe;

/// Fails where a text would do something to a terminal. A line break is left to the caller, where
/// `lines` says so.
#[track_caller]
fn assert_safe(text: &str, lines: bool) {
    let raw = text
        .chars()
        .find(|c| safe::is_unsafe(*c) && !(lines && *c == '\n'));
    assert!(raw.is_none(), "a raw {raw:?} in {text:?}");
}
