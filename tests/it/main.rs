//! All integration tests, linked into one program: `cargo test --test it` runs them, and
//! `cargo test --test it report::` those of one folder. The page's test in a browser has a harness
//! of its own, in `tests/page.rs`.

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
