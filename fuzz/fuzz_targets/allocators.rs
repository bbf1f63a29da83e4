//! Sessions that use an allocator correctly: they have no error and no warning.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| linmem_fuzz::allocators::check(bytes));
