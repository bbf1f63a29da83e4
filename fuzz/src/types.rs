//! Types of debug information, damaged.

use linmem::guest::Guest;
use linmem::testing::debug_types::ask_all;

use crate::assert_safe;

/// Asks all questions about the types of a module.
pub fn check(bytes: &[u8]) {
    if let Ok(guest) = Guest::from_bytes("guest.wasm", bytes) {
        assert_safe(&ask_all(&guest), true);
    }
}
