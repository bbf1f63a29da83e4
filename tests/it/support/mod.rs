//! The harnesses that the tests share.

pub mod command;
pub mod journal_host;
pub mod json_keys;
#[cfg(target_os = "linux")]
pub mod pty;
pub mod reports;
pub mod screen_text;
pub mod trace;
