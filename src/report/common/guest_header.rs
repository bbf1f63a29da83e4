//! The guest's fingerprint and memory, as the head of a report shows them.

use crate::safe;
use crate::timeline::{GuestFacts, MemoryFacts};
use crate::wasm_types::memory_size;

/// Digits of a SHA-256 fingerprint that distinguish modules.
const DIGITS: usize = 12;

/// Returns the beginning of the guest's SHA-256 fingerprint, safe to print.
pub(in crate::report) fn short_sha256(guest: &GuestFacts) -> String {
    safe::plain(&guest.sha256.chars().take(DIGITS).collect::<String>())
}

/// Returns a memory's declared limits: `1 page, 64 KiB, at most 2 pages, 128 KiB`.
pub(in crate::report) fn memory_limits(memory: &MemoryFacts) -> String {
    let size = memory_size(memory.pages);
    match memory.max {
        Some(max) => format!("{size}, at most {}", memory_size(max)),
        None => size,
    }
}

/// Returns a memory's declared limits, and the width of its addresses where they have 64 bits.
pub(in crate::report) fn memory_type(memory: Option<&MemoryFacts>) -> String {
    match memory {
        None => "none".into(),
        Some(memory) if memory.is_64 => format!("{}, 64-bit addresses", memory_limits(memory)),
        Some(memory) => memory_limits(memory),
    }
}
