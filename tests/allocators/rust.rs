//! A guest that works with blocks of Rust's allocator, which is dlmalloc.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn text(n: usize) -> *mut u8;
    fn name(p: *mut u8, n: usize);
}

static mut HELD: (*mut u8, usize) = (std::ptr::null_mut(), 0);
static mut ARENA: (*mut u8, usize) = (std::ptr::null_mut(), 0);

fn layout(n: usize) -> Layout {
    Layout::from_size_align(n, 1).unwrap_or_else(|_| std::process::abort())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn guest_alloc(n: usize) -> *mut u8 {
    unsafe { alloc(layout(n)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn guest_free(p: *mut u8, n: usize) {
    unsafe { dealloc(p, layout(n)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn guest_realloc(p: *mut u8, old: usize, n: usize) -> *mut u8 {
    unsafe { realloc(p, layout(old), n) }
}

/// Takes a block over: changes it and releases it.
#[unsafe(no_mangle)]
unsafe extern "C" fn consume(p: *mut u8, n: usize) -> usize {
    let mut bytes = unsafe { Vec::from_raw_parts(p, n, n) };
    bytes.fill(b'c');
    bytes.len()
}

/// Takes a block over, and releases the one that it took over before.
#[unsafe(no_mangle)]
unsafe extern "C" fn hold(p: *mut u8, n: usize) {
    unsafe {
        if !HELD.0.is_null() {
            guest_free(HELD.0, HELD.1);
        }
        HELD = (p, n);
        p.write_bytes(b'h', n);
    }
}

/// Returns a new block, which the caller must release.
#[unsafe(no_mangle)]
unsafe extern "C" fn make(n: usize) -> *mut u8 {
    unsafe {
        let p = if n % 2 == 0 { alloc(layout(n)) } else { alloc_zeroed(layout(n)) };
        p.write_bytes(b'm', n);
        p
    }
}

/// Fills a block of the caller.
#[unsafe(no_mangle)]
unsafe extern "C" fn fill(p: *mut u8, n: usize) {
    unsafe { p.write_bytes(b'f', n) }
}

/// Gets a block from an import, which allocates it with this guest's allocator, and releases it.
#[unsafe(no_mangle)]
unsafe extern "C" fn fetch(n: usize) -> usize {
    unsafe {
        let p = text(n);
        p.write(b'!');
        guest_free(p, n);
    }
    n
}

/// Lets an import write to a block, and releases it.
#[unsafe(no_mangle)]
unsafe extern "C" fn ask(n: usize) -> usize {
    let mut bytes = vec![0_u8; n];
    unsafe { name(bytes.as_mut_ptr(), n) };
    bytes.first().copied().unwrap_or(0) as usize
}

/// Returns a part of a larger block, which `arena_reset` releases.
#[unsafe(no_mangle)]
unsafe extern "C" fn arena_take(n: usize) -> *mut u8 {
    unsafe {
        if ARENA.0.is_null() {
            ARENA.0 = guest_alloc(4096);
        }
        let p = ARENA.0.add(ARENA.1);
        ARENA.1 += n.next_multiple_of(8);
        p
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn arena_reset() {
    unsafe {
        if !ARENA.0.is_null() {
            guest_free(ARENA.0, 4096);
        }
        ARENA = (std::ptr::null_mut(), 0);
    }
}

/// Works with vectors that grow, boxes and a frame on the stack.
#[unsafe(no_mangle)]
extern "C" fn work(rounds: usize) -> usize {
    let mut sum = 0;
    for round in 0..rounds {
        let mut frame = [0_u8; 64];
        std::hint::black_box(&mut frame).fill(round as u8);
        let mut grown = Vec::new();
        for at in 0..round * 7 + 5 {
            grown.push(frame[at % 64]);
        }
        let boxed = std::hint::black_box(Box::new([frame[1] as u64; 4]));
        grown.shrink_to_fit();
        sum += std::hint::black_box(grown).len() + boxed.len();
    }
    sum
}
