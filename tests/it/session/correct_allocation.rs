//! Random sessions that use an allocator correctly have no error and no warning.

use linmem::testing::allocators::{AllocatorGuest, GUESTS, check, problems, run};

/// How many sessions run on each guest, unless `LINMEM_ALLOCATOR_SESSIONS` is set.
const SESSIONS: u64 = 70;

/// Returns the next number of a sequence (splitmix64).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns how many sessions run on each guest.
fn sessions() -> u64 {
    let wanted = std::env::var("LINMEM_ALLOCATOR_SESSIONS");
    wanted.map_or(SESSIONS, |wanted| wanted.parse().unwrap())
}

fn guest(name: &str) -> &'static AllocatorGuest {
    GUESTS.iter().find(|guest| guest.name == name).unwrap()
}

/// Runs the sessions of one guest.
#[track_caller]
fn check_sessions(name: &str) {
    let guest = guest(name);
    for seed in 0..sessions() {
        let mut state = seed;
        let steps = guest.correct_session(&mut |below| {
            u32::try_from(next(&mut state) % u64::from(below)).unwrap()
        });
        check(guest, &steps);
    }
}

#[test]
fn correct_sessions_with_a_bump_arena_have_no_error_and_no_warning() {
    check_sessions("bump arena");
}

#[test]
fn correct_sessions_with_a_free_list_have_no_error_and_no_warning() {
    check_sessions("free list");
}

#[test]
fn correct_sessions_with_boundary_tags_have_no_error_and_no_warning() {
    check_sessions("boundary tags");
}

#[test]
fn correct_sessions_with_dlmalloc_of_wasi_libc_have_no_error_and_no_warning() {
    check_sessions("dlmalloc of wasi-libc");
}

#[test]
fn correct_sessions_with_emmalloc_have_no_error_and_no_warning() {
    check_sessions("emmalloc");
}

#[test]
fn correct_sessions_with_dlmalloc_of_rust_have_no_error_and_no_warning() {
    check_sessions("dlmalloc of Rust");
}

#[test]
fn correct_sessions_with_zigs_allocator_have_no_error_and_no_warning() {
    check_sessions("Zig's allocator");
}

#[test]
fn correct_sessions_with_assemblyscripts_heap_have_no_error_and_no_warning() {
    check_sessions("AssemblyScript's TLSF allocator");
}

#[test]
fn correct_sessions_with_assemblyscripts_stub_have_no_error_and_no_warning() {
    check_sessions("AssemblyScript's stub allocator");
}

#[test]
fn correct_sessions_with_assemblyscripts_collector_have_no_error_and_no_warning() {
    check_sessions("AssemblyScript's collector");
}

/// Returns what is wrong in a session with AssemblyScript's TLSF allocator.
fn problems_with_heap(steps: &str) -> Vec<String> {
    let imports = "import env.text(n) returns 0\nimport env.name(p, n)\n";
    let steps = format!("{imports}{steps}");
    problems(&run(guest("AssemblyScript's TLSF allocator"), &steps))
}

#[test]
fn lists_of_the_allocator_in_a_small_block_are_no_overrun() {
    let block = "p = call alloc(5)\nblock b = p, 5\nq = call alloc(5)\ncall dealloc(q)\n";
    // The guest releases the block within the call, before the script does.
    let released = format!("{block}n = call consume(p, 5)\nrelease b");
    assert_eq!(problems_with_heap(&released), Vec::<String>::new());
    for length in [6, 8] {
        let found = problems_with_heap(&format!("{block}call fill(p, {length})\nrelease b"));
        let is_overrun = |problem: &String| problem.contains("overrun: ");
        assert!(found.iter().any(is_overrun), "{length}: {found:?}");
    }
}
