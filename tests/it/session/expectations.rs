//! A failed expectation leads to the bytes that it failed for, and to who wrote them.

use linmem::timeline::{Outcome, Timeline};

use super::harness::run;

/// `greet` writes "hello" at the address, and `twice` writes an `x` over its third byte.
const GUEST: &str = r#"(module (memory (export "memory") 1)
  (func $greet (export "greet") (param i32)
    (i32.store (local.get 0) (i32.const 0x6c6c6568))
    (i32.store8 offset=4 (local.get 0) (i32.const 0x6f)))
  (func $twice (export "twice") (param i32)
    (i32.store8 offset=2 (local.get 0) (i32.const 0x78))))"#;

/// Asserts that the last step failed for this byte, and that its message ends in `text`.
#[track_caller]
fn assert_leads_to(steps: &str, address: Option<u64>, text: &str) -> Timeline {
    let timeline = run(GUEST, steps);
    let last = timeline.steps().last().unwrap();
    assert_eq!(last.outcome, Outcome::Failed, "{steps}");
    assert_eq!(
        last.focus.map(|span| span.start),
        address,
        "{steps}\n{:?}",
        last.error
    );
    let error = last.error.clone().unwrap();
    let line = error.lines().last().unwrap();
    assert_eq!(line, text, "{steps}\n{error}");
    timeline
}

#[test]
fn the_first_different_byte_is_shown_with_its_writers() {
    assert_leads_to(
        "write 64, \"-----\"\ncall greet(64)\ncall twice(64)\ns = read 64, 5 as utf8\n\
         call greet(64)\nexpect s == \"hello\"",
        Some(66),
        "step 4 read this byte at 0x42; the guest, in twice, wrote it in step 3; before that, the \
         guest, in greet, wrote it in step 2",
    );
    assert_leads_to(
        "s = read 64, 2 as bytes\nexpect s == hex\"00 01\"",
        Some(65),
        "step 1 read this byte at 0x41; nothing had written to it",
    );
    assert_leads_to(
        "call greet(64)\ns = read 64, 3 as utf8\nexpect \"hello\" == s",
        Some(66),
        "step 2 read up to the byte at 0x42; the guest, in greet, wrote it in step 1",
    );
}

#[test]
fn the_byte_is_found_through_variables_slices_and_lists() {
    let written = "write 64, u16(1, 2, 0x304)\n";
    let end = "; the host wrote it in step 1";
    for (steps, address, step) in [
        ("l = read 64 as u16[3]\nexpect l == [1, 2, 0x305]", 68, 2),
        ("l = read 64 as u16[3]\nexpect l[1..3] == [2, 0x504]", 69, 2),
        ("l = read 64 as u16[3]\nlet n = l[2]\nexpect n == 4", 69, 2),
        (
            "n = read 64 as u32\nlet m = as_i32(n)\nexpect m == 1",
            66,
            2,
        ),
        ("n = read 66 as u16\nexpect [0, n] == [0, 3]", 66, 2),
        (
            "b = read 64, 6 as bytes\nlet c = hex\"09\" ++ b[2..6]\nexpect c == hex\"09 02 00 04 04\"",
            69,
            2,
        ),
        ("n = read 66 as u16\nexpect u16(1, n) == u16(1, 3)", 66, 2),
        ("n = read 66 as u16\nexpect n + 1 < 3", 66, 2),
        (
            "n = read 66 as u16\nlet is_one = n == 1\nexpect is_one",
            66,
            2,
        ),
    ] {
        assert_leads_to(
            &format!("{written}{steps}"),
            Some(address),
            &format!("step {step} read this byte at {address:#x}{end}"),
        );
    }
}

#[test]
fn a_value_that_was_not_read_leads_nowhere() {
    for steps in [
        "let n = 1\nexpect n == 2",
        "n = read 64 as u32\nlet n = 7\nexpect n == 8",
        "n = read 64 as u32\nexpect 1 == 2",
        "b = read 64, 2 as bytes\nexpect hex\"01\" ++ b == hex\"02 00 00\"",
    ] {
        let timeline = run(GUEST, steps);
        let last = timeline.steps().last().unwrap();
        assert_eq!(last.outcome, Outcome::Failed, "{steps}");
        assert_eq!(last.focus, None, "{steps}");
        assert!(!last.error.as_ref().unwrap().contains("read"), "{steps}");
    }
}

#[test]
fn an_access_outside_memory_shows_what_its_address_came_from() {
    let guest = r#"(module (memory (export "memory") 1)
      (func (export "follow") (param i32) (result i32) (i32.load (i32.load (local.get 0)))))"#;
    // The address was read from memory; the host wrote it there.
    let timeline = run(
        guest,
        "write 256, \"2222\"\np = read 256 as u32\nx = read p as u8",
    );
    let focus = timeline.steps().last().unwrap().focus.unwrap();
    assert_eq!(focus.start, 256);
    // The guest loaded it.
    let timeline = run(guest, "write 256, \"2222\"\nx = call follow(256)");
    let focus = timeline.steps().last().unwrap().focus.unwrap();
    assert_eq!(focus.start, 256);
    // Nothing in memory leads to it: the last rows of memory are not shown.
    let timeline = run(
        guest,
        "p = read 8 as u32\nlet q = p + 0x20000\nx = read q as u8",
    );
    assert_eq!(timeline.steps().last().unwrap().focus, None);
    // An access that begins in memory is shown there.
    let timeline = run(guest, "x = read 0xfffe as u32");
    let focus = timeline.steps().last().unwrap().focus.unwrap();
    assert_eq!((focus.start, focus.len), (0xfffe, 2));
}

#[test]
fn a_release_shows_its_block() {
    let timeline = run(GUEST, "block a = 64, 8\nblock b = 128, 8\nrelease a");
    let focus = timeline.steps().last().unwrap().focus.unwrap();
    assert_eq!((focus.start, focus.len), (64, 8));
}
