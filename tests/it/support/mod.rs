//! What the tests share.

pub mod answer;
pub mod drawn;
pub mod explorer;
pub mod fabricated;
pub mod journal_host;
pub mod json;
pub mod live;
#[cfg(target_os = "linux")]
pub mod pty;
