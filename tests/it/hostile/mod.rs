//! Guests that mean harm, or behave as if they did: each ends in a clear message within the limits,
//! with everything recorded so far kept, memory use bounded and the terminal whole. Files and
//! arguments that are wrong are `command_line/bad_input.rs`; WASI calls that are, `wasi/hostile.rs`.

mod floods;
mod growth;
mod lies;
mod loops;
mod made;
mod segments;
mod sizes;
mod stack;
#[cfg(target_os = "linux")]
mod terminal;
mod waits;
