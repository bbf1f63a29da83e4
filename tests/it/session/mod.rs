//! Sessions with real guests.

mod allocators;
mod causes;
mod expectations;
mod exploration;
mod findings;
mod harness;
mod recording;
mod runs;
mod stack;
mod standard;
