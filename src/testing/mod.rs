//! Fixtures for tests, benchmarks and fuzz targets: timelines built by hand, sessions that run to
//! their end, and a driver that runs the app without a terminal.
//!
//! The module is compiled for the library's own tests and with the feature `testing`, which only
//! the development dependencies and `fuzz` switch on. The program does not contain it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a fixture that cannot be built fails the test that asks for it"
)]

pub mod allocators;
pub mod apps;
pub mod debug_types;
pub mod driver;
pub mod live_session;
pub mod nested_calls;
pub mod sessions;
pub mod steps;
pub mod timelines;
pub mod typed;
