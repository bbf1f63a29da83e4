//! Modules before and while they run: loading, rewriting, the journal, debug information, and the
//! guests that ship.

mod debug_info;
mod features;
mod instrument;
mod interrupt;
mod journal;
mod load;
mod shipped;
