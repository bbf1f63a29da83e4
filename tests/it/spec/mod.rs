//! Modules run as given and rewritten, side by side: those of the WebAssembly specification's test
//! suite, and modules made at random.

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
