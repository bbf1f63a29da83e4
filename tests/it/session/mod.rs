//! Sessions with real guests.

mod allocators;
mod exploration;
mod findings;
mod recording;
mod runs;
mod standard;
