//! All integration tests, linked into one program: `cargo test --test it` runs them, and
//! `cargo test --test it report::` those of one folder. The page's test in a browser has a harness
//! of its own, in `tests/page/`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a failed assumption fails the test, with its place"
)]
#![allow(
    clippy::manual_let_else,
    clippy::semicolon_if_nothing_returned,
    reason = "a test has the form in which it reads best"
)]

mod command_line;
mod docs;
mod guest;
mod hostile;
mod language;
mod layering;
mod report;
mod screen;
mod session;
mod spec;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod wasi;
