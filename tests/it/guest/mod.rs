//! Guests: loading, instrumentation, the journal, debug information, and the shipped guests.

mod debug_info;
mod debug_types;
mod features;
mod instrument;
mod interrupt;
mod journal;
mod known;
mod legacy_exceptions;
mod load;
mod shipped;
