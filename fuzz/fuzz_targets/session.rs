//! Whole sessions: a generated module and script, run under small limits, and every report of the
//! recording.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::session::check(bytes));
