//! Sessions with real guests, through the library.

mod exploration;
mod findings;
mod recording;
mod runs;
