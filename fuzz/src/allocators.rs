//! Sessions that use an allocator correctly, on guests with allocators of several kinds.

use arbitrary::Unstructured;
use linmem::testing::allocators::{self, GUESTS};

/// Generates a session from the bytes, runs it, and panics if it has an error or a warning.
pub fn check(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let Ok(guest) = u.choose(&GUESTS) else { return };
    // Without bytes left, every choice is the first one, and the session ends.
    let steps = guest.correct_session(&mut |below| {
        u.int_in_range(0..=below.saturating_sub(1))
            .unwrap_or_default()
    });
    allocators::check(guest, &steps);
}
