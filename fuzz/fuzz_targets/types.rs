//! Modules whose debug information is damaged.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::types::check(bytes));
