//! Modules run as given and instrumented, side by side: those of the test suite of the WebAssembly
//! specification, and random modules. Random modules also run in sessions, and in Node.js.

mod adapter;
mod bound_accesses;
mod counted_stores;
mod differential;
mod expose;
mod host;
mod node;
mod random_modules;
mod replay;
mod script;
mod stores;
mod testsuite;
mod values;
