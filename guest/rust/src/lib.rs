//! The default guest, written as one would in Rust: the same two exports as `../wasm_is_cool.wat`, the same contract.
//!
//! To compare with the text version: memory starts with 17 pages (16 of them are the stack), the first call makes it
//! grow because `format!` allocates, and what is wrong with the input ends in a panic, which is a trap.

// Keeps the compiler from making one call of memcpy out of the copying below.
#![no_builtins]

use std::cell::UnsafeCell;
use std::slice;

const CAPACITY: usize = 1024;

/// The bytes that host and guest share. A cell, because the host changes them behind Rust's back.
#[repr(transparent)]
struct Buffer(UnsafeCell<[u8; CAPACITY]>);

// This guest has one thread, and the host writes only between calls.
unsafe impl Sync for Buffer {}

static BUFFER: Buffer = Buffer(UnsafeCell::new([0; CAPACITY]));

/// Says where the buffer is.
#[no_mangle]
pub extern "C" fn get_wasm_memory_buffer_pointer() -> *mut u8 {
    BUFFER.0.get().cast()
}

/// Reads `length` bytes of UTF-8 from the buffer, puts " Wasm is cool!" behind them and returns the new length.
/// Panics when the bytes are no UTF-8, or when they or the result do not fit the buffer.
#[no_mangle]
pub extern "C" fn add_wasm_is_cool(length: usize) -> usize {
    assert!(length <= CAPACITY, "the text does not fit the buffer");
    let start = get_wasm_memory_buffer_pointer();
    // Sound: `length` bytes from `start` lie within the buffer, and nobody writes to them while this borrow lives.
    let text = std::str::from_utf8(unsafe { slice::from_raw_parts(start, length) }).expect("the text is no UTF-8");

    let longer = format!("{text} Wasm is cool!");

    assert!(longer.len() <= CAPACITY, "the longer text does not fit the buffer");
    // Byte by byte, not `copy_from_slice`, which is a call into the standard library: so the stores belong to this line.
    for (i, byte) in longer.bytes().enumerate() {
        // Sound: `i` is less than CAPACITY, and `text` is no longer used.
        unsafe { *start.add(i) = byte };
    }
    longer.len()
}
