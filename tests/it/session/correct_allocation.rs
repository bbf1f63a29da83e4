//! Random sessions that use an allocator correctly have no error and no warning.

use linmem::testing::allocators::{AllocatorGuest, GUESTS, check};

/// How many sessions run on each guest.
const SESSIONS: u64 = 70;

/// Returns the next number of a sequence (splitmix64).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Runs the sessions of one guest.
#[track_caller]
fn check_sessions(guest: &AllocatorGuest) {
    for seed in 0..SESSIONS {
        let mut state = seed;
        let steps = guest.correct_session(&mut |below| {
            u32::try_from(next(&mut state) % u64::from(below)).unwrap()
        });
        check(guest, &steps);
    }
}

#[test]
fn correct_sessions_with_a_bump_arena_have_no_error_and_no_warning() {
    check_sessions(&GUESTS[0]);
}

#[test]
fn correct_sessions_with_a_free_list_have_no_error_and_no_warning() {
    check_sessions(&GUESTS[1]);
}

#[test]
fn correct_sessions_with_boundary_tags_have_no_error_and_no_warning() {
    check_sessions(&GUESTS[2]);
}
