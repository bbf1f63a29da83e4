//! The instrumentation as these tests use it: its options, and the layout of a journal.

use linmem::guest::{Guest, GuestError, InstrumentOptions, InstrumentedModule, JournalLayout};

pub use linmem::journal_abi::{SiteKind as Kind, StoreSite as Site};

pub type Layout = JournalLayout;

/// Instruments `guest` with the largest memory limit: a lower one would be a difference.
pub fn rewrite(guest: &Guest, memory: Option<u32>) -> Result<InstrumentedModule, GuestError> {
    guest.instrument(&InstrumentOptions {
        max_memory: 1 << 32,
        memory,
    })
}
