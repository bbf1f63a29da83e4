//! A range of bytes of memory.

use serde::Serialize;

/// `len` bytes from `start` on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The address of the first byte.
    pub start: u64,
    /// The number of bytes.
    pub len: u64,
}

impl Span {
    /// Returns the address after the last byte.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// Returns whether the byte at an address is in the span.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }
}
