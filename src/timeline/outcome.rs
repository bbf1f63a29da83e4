//! How a step, or a part of one, ended.

use serde::Serialize;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It completed.
    Ok,
    /// It failed in the host.
    Failed,
    /// The guest trapped.
    Trapped,
    /// The person or a limit stopped it.
    Cancelled,
}

impl Outcome {
    /// Returns the name in transcripts and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Trapped => "trapped",
            Outcome::Cancelled => "cancelled",
        }
    }
}
