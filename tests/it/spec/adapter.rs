//! Where the tests meet the rewriting: the options they choose, and how a journal is laid out.

use linmem::guest::{Guest, GuestError, InstrumentOptions, InstrumentedModule, JournalLayout};

pub use linmem::guest::{Site, SiteKind as Kind};

pub type Layout = JournalLayout;

/// As much memory as a module can want: a limit would be a difference.
pub fn rewrite(guest: &Guest, memory: Option<u32>) -> Result<InstrumentedModule, GuestError> {
    guest.rewrite(&InstrumentOptions {
        max_memory: 1 << 32,
        memory,
    })
}
