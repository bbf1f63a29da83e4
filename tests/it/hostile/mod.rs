//! Guests that behave maliciously. Each run ends in a clear message within the limits, keeps what was
//! recorded before, uses bounded memory and restores the terminal.
//!
//! Invalid files and arguments are tested in `command_line/bad_input.rs`, malicious WASI calls in
//! `wasi/hostile.rs`.

#[cfg(target_os = "linux")]
mod allocation;
mod atomic_wait;
mod binary_modules;
mod bulk;
mod floods;
mod growth;
mod history;
mod invalid_sections;
mod loops;
mod segments;
mod sizes;
mod stack;
#[cfg(target_os = "linux")]
mod terminal;
