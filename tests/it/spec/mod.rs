//! Modules run as given and instrumented, side by side: those of the test suite of the WebAssembly
//! specification, and random modules.

mod adapter;
mod bound_accesses;
mod differential;
mod expose;
mod host;
mod random_modules;
mod replay;
mod script;
mod stores;
mod testsuite;
mod values;
