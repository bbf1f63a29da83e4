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
    /// Returns the span of one byte.
    pub(crate) fn of_byte(address: u64) -> Self {
        Span {
            start: address,
            len: 1,
        }
    }

    /// Returns the bytes that are in both spans; an empty span where there are none.
    pub(crate) fn intersection(&self, other: Span) -> Span {
        let start = self.start.max(other.start);
        Span {
            start,
            len: self.end().min(other.end()).saturating_sub(start),
        }
    }

    /// Returns the address after the last byte.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// Returns whether the byte at an address is in the span.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }
}
