//! A run of bytes that differ across a step.

use super::{Span, Writer};

/// A run of bytes that differ across a step and have one last writer.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The address of the first byte.
    pub start: u64,
    /// The bytes before the step.
    pub before: Vec<u8>,
    /// The bytes after the step.
    pub after: Vec<u8>,
    /// Who wrote them last.
    pub writer: Writer,
}

impl Change {
    /// Returns where the bytes are.
    pub fn span(&self) -> Span {
        Span {
            start: self.start,
            len: self.after.len() as u64,
        }
    }
}
