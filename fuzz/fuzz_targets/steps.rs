//! The steps language: any bytes as a plain file, as Markdown, as one statement and as one value.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::steps::check(bytes));
