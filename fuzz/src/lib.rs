//! The properties that must hold for any input: a function for each fuzz target, which panics where
//! they do not.

pub mod allocators;
pub mod hostlog;
pub mod module;
mod screen;
mod script_gen;
pub mod session;
mod smith;
pub mod steps;
pub mod types;

use linmem::safe;

/// Panics where `text` contains a character that a terminal would interpret. Line breaks are allowed
/// where `lines` is set.
#[track_caller]
fn assert_safe(text: &str, lines: bool) {
    let raw = text
        .chars()
        .find(|c| safe::is_unsafe(*c) && !(lines && *c == '\n'));
    assert!(raw.is_none(), "a raw {raw:?} in {text:?}");
}
