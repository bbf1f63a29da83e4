//! Recordings of hosts: any bytes after the first line, and any bytes as a whole file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::hostlog::check(bytes));
