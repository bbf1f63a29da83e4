//! Whole sessions: a module and a script made at random, run under small limits, and every reader
//! of what was recorded.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::session::check(bytes));
