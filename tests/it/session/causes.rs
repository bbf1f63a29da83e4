//! Messages that name what led to a failure, and near misses in which they do not.

use linmem::timeline::describe_step;

use super::harness::{findings, run};

/// A guest of at most two pages, which does single things.
const GUEST: &str = r#"(module
  (memory (export "memory") 1 2)
  (type $binary (func (param i32 i32) (result i32)))
  (table $t 4 4 funcref)
  (elem (i32.const 1) $negate $add)
  (func $negate (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "fold") (param $callback i32) (result i32)
    (call_indirect $t (type $binary) (i32.const 1) (i32.const 2) (local.get $callback)))
  (func (export "fold_next") (param $callback i32) (result i32)
    (call_indirect $t (type $binary) (i32.const 1) (i32.const 2)
      (i32.add (local.get $callback) (i32.const 1))))
  (func (export "put") (param $at i32) (i32.store (local.get $at) (i32.const 1)))
  (func (export "get") (param $at i32) (result i32) (i32.load (local.get $at)))
  (func (export "follow") (param $at i32) (result i32)
    (i32.load offset=8 (i32.load (local.get $at))))
  (func (export "alloc") (param $n i32) (result i32)
    (i32.store (i32.const 0x300) (local.get $n)) (i32.const 0x8000))
  (func (export "grow") (param $n i32) (result i32) (memory.grow (local.get $n)))
  (func (export "grow_and_put") (param $n i32) (param $at i32)
    (drop (memory.grow (local.get $n)))
    (i32.store (local.get $at) (i32.const 1)))
  (func (export "size_of_screen") (param $result i32)
    (i32.store (local.get $result) (i32.const 640)))
  (func (export "float") (param f32))
  (func (export "last") (param $at i32) (param $n i32) (result i32)
    (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $n)) (i32.const 1))))
)"#;

/// Returns the error of the last step.
fn error(steps: &str) -> String {
    let timeline = run(GUEST, steps);
    let last = timeline.steps().last().unwrap();
    last.error.clone().unwrap_or_default()
}

#[track_caller]
fn assert_error(steps: &str, words: &str) {
    let error = error(steps);
    assert!(error.contains(words), "`{words}` is not in: {error}");
}

#[track_caller]
fn assert_error_without(steps: &str, words: &str) {
    let error = error(steps);
    assert!(!error.is_empty(), "{steps}");
    assert!(!error.contains(words), "`{words}` is in: {error}");
}

#[test]
fn a_number_with_the_highest_byte_first_may_be_why() {
    let words = "perhaps the order of bytes: the guest reads 0x5000000 at 0x404, where the host wrote 5 \
                 with the highest byte first in step 1";
    assert_error(
        "write 0x400, hex\"01 00 00 00 00 00 00 05\"\ncall get(0x10000)",
        words,
    );
    for write in [
        "u32(1, 5)",
        // 2.0 as an f32, a text, and a number that is larger either way.
        "f32(1.0, 2.0)",
        "\"abcdefgh\"",
        "hex\"00 01 00 05\"",
        "u32(0x05000000) ++ u8(1)",
    ] {
        let steps = format!("write 0x400, {write}\ncall get(0x10000)");
        assert_error_without(&steps, "order of bytes");
    }
    // It is there no more.
    assert_error_without(
        "write 0x400, hex\"00 00 00 05\"\nwrite 0x400, u32(5)\ncall get(0x10000)",
        "order of bytes",
    );
}

#[test]
fn a_length_that_memory_does_not_have_is_named() {
    assert_error(
        "p = call alloc(8)\nx = call last(p, 100000)",
        "the argument after 0x8000 is 100000: from there, memory has 32768 bytes",
    );
    assert_error(
        "p = call alloc(8)\nx = call last(p, -2147483648)",
        "is -2147483648 (2147483648 as an unsigned number)",
    );
    // A number of the script is no pointer, and a length within memory is no absurd one.
    assert_error_without("x = call last(0x8000, 100000)", "the argument after");
    assert_error_without(
        "p = call alloc(8)\nx = call last(p, 40000)",
        "the argument after",
    );
}

#[test]
fn an_address_just_below_zero_is_described_so() {
    assert_error(
        "call put(-16)",
        "a store of 4 bytes at 16 bytes below 0 (0xfffffff0): memory is 0x0..0x10000",
    );
    assert_error(
        "n = call get(-1)",
        "a load of 4 bytes at 1 byte below 0 (0xffffffff)",
    );
    assert_error(
        "let p = 0xfffffff0\nwrite p, u32(1)",
        "the host cannot write 4 bytes at 16 bytes below 0 (0xfffffff0..0xfffffff4): memory is 0x0..0x10000",
    );
    assert_error_without("call put(-65537)", "below 0");
    assert_error_without("let p = 0xfff00000\nwrite p, u32(1)", "below 0");
}

#[test]
fn growth_that_the_module_refuses_is_named_with_the_trap_after_it() {
    let timeline = run(GUEST, "n = call grow(5)");
    let found = findings(&timeline);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (1, "growth-refused"));
    assert_eq!(
        found[0].2,
        "grow asked for 5 more pages than the 1 page, 64 KiB, and memory.grow answered -1 because \
         of the maximum that the module itself declares, 2 pages, 128 KiB: no host can grant more"
    );
    let reason = "before that, memory.grow answered -1";
    assert_error("call grow_and_put(5, 0x20000)", reason);
    // It was granted, or refused in an earlier call.
    assert_error_without("call grow_and_put(1, 0x20000)", reason);
    assert_error_without("n = call grow(5)\ncall put(0x20000)", reason);
    // Without a maximum of its own, only the number of addresses ends a memory.
    let timeline = run(&GUEST.replace("1 2)", "1)"), "n = call grow(65536)");
    assert_eq!(findings(&timeline), []);
}

#[test]
fn an_absurd_number_names_the_last_writer_of_its_bytes() {
    let origin = "0x32323232 is at 0x404; the host wrote it there in step 1";
    assert_error(
        "write 0x400, \"111122223333\"\nn = call follow(0x404)",
        origin,
    );
    assert_error(
        "write 0x400, \"111122223333\"\np = read 0x404 as u32\nwrite p, \"x\"",
        origin,
    );
    assert_error(
        "write 0x400, \"111122223333\"\np = call get(0x404)\nx = read p as u8",
        origin,
    );
    // With several places, it is not known which one was loaded.
    assert_error(
        "write 0x400, repeat(\"2\", 16)\nn = call follow(0x404)",
        "0x32323232 is at several addresses, the lowest 0x400; the host wrote it there in step 1",
    );
    // A length that was read is named too, although it is not large.
    assert_error(
        "write 0x400, u32(70000)\nn = read 0x400 as u32\nx = read 0, n as bytes",
        "0x11170 is at 0x400; the host wrote it there in step 1",
    );
    assert_error(
        "p = call alloc(0x12345678)\nn = call follow(0x300)",
        "0x12345678 is at 0x300; the guest, in alloc, wrote it there in step 1",
    );
    // The script chose the address, memory does not have it, or it has changed since.
    assert_error_without(
        "write 0x400, u32(0x32323232)\nx = read 0x32323232 as u8",
        " is at ",
    );
    assert_error_without(
        "write 0x400, u32(0x32323232)\nn = call get(0x42424242)",
        " is at ",
    );
    assert_error_without(
        "write 0x400, u32(0x32323232)\np = read 0x400 as u32\nwrite 0x400, u32(0)\nwrite p, \"x\"",
        " is at ",
    );
    // The end of memory is in memory for good reasons.
    assert_error_without(
        "write 0x400, u32(0x10000)\nn = call get(0x10000)",
        " is at ",
    );
}

#[test]
fn a_multiplied_or_divided_pointer_is_named() {
    let block = "p = call alloc(16)\nblock samples = p, 16\n";
    assert_error(
        &format!("{block}write p * 4, u32(1)"),
        "0x20000 is p * 4, and p is 0x8000: that is an address, not an index into a Uint32Array",
    );
    let kinds = |steps: &str| {
        let timeline = run(GUEST, &format!("{block}{steps}\nrelease samples"));
        let found = findings(&timeline);
        found
            .into_iter()
            .map(|(step, kind, _)| (step, kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("write p / 4, u32(1)"), [(3, "scaled-pointer")]);
    assert_eq!(kinds("x = read p >> 3 as u32"), [(3, "scaled-pointer")]);
    let timeline = run(
        GUEST,
        &format!("{block}write p / 4, u32(1)\nrelease samples"),
    );
    assert_eq!(
        findings(&timeline)[0].2,
        "the host wrote the 4 bytes at 0x2000..0x2004, outside of block samples, the 16 bytes at \
         0x8000..0x8010: 0x2000 is p / 4, and p is 0x8000: an index into a Uint32Array is not an \
         address"
    );
    // Another factor, a place that has a name, an address that the script chose, and the pointer.
    assert_eq!(kinds("write p / 3, u32(1)"), []);
    assert_eq!(kinds("region table = 0x2000, 64\nwrite p / 4, u32(1)"), []);
    assert_eq!(kinds("let q = 0x8000\nwrite q / 4, u32(1)"), []);
    assert_eq!(kinds("write p + 4 * 2, u32(1)"), []);
    assert_eq!(kinds("write 0x2000, u32(1)"), []);
}

#[test]
fn wrong_counts_of_arguments_and_results_are_one_message() {
    assert_eq!(
        error("v = call size_of_screen()"),
        "size_of_screen takes 1 argument, 0 given, and gives 0 results, 1 named; its type is (i32) \
         -> (); a function of C that returns a struct has one more parameter, the first: pass the \
         address of enough bytes there, and read the result from them after the call"
    );
    assert_error(
        "call size_of_screen()",
        "a function of C that returns a struct",
    );
    assert_eq!(
        error("v = call size_of_screen(0)"),
        "size_of_screen gives 0 results, 1 named; its type is (i32) -> (); name all of them or none"
    );
    for steps in [
        "call size_of_screen(1, 2)",
        "call float()",
        "n = call get()",
        "call grow_and_put()",
    ] {
        assert_error_without(steps, "of C");
    }
}

#[test]
fn another_memory_may_have_changed() {
    let wat = r#"(module (memory (export "memory") 1) (memory $other 1)
        (func (export "write_other") (i32.store $other (i32.const 0) (i32.const 1)))
        (func (export "nothing") (unreachable)))"#;
    let sentence = |wat: &str, call: &str| {
        let timeline = run(wat, call);
        describe_step(&timeline, 1)
    };
    assert_eq!(
        sentence(wat, "call write_other()"),
        "The guest returned and changed nothing in the memory that is recorded."
    );
    assert!(sentence(wat, "call nothing()").contains("nothing in the memory that is recorded"));
    assert!(sentence(GUEST, "n = call get(0)").contains("changed nothing in memory."));
}

#[test]
fn a_call_through_a_table_names_what_is_there_and_what_it_needs() {
    assert_error(
        "n = call fold(1)",
        "negate, of type (i32) -> i32, is at index 1 of table 0, and the call needs a function of \
         type (i32, i32) -> i32",
    );
    assert_error(
        "n = call fold(0)",
        "nothing is at index 0 of table 0, and the call needs a function of type (i32, i32) -> i32",
    );
    assert_error(
        "n = call fold(9)",
        "index 9 is past the end of table 0, which has 4 elements",
    );
    assert_error(
        "n = call fold(-1)",
        "index 4294967295 is past the end of table 0",
    );
    // The index is computed, so only the type is known.
    assert_error(
        "n = call fold_next(0)",
        "the call needs a function of type (i32, i32) -> i32 in table 0",
    );
    assert_eq!(error("n = call fold(2)\nexpect n == 3"), "");
}
