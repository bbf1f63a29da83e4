//! Sessions with real guests.

mod exploration;
mod findings;
mod recording;
mod runs;
mod standard;
