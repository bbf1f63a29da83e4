//! Findings about views: each with a guest that causes it, and near misses that stay quiet.

use super::harness::{findings, run};

/// A guest with a stack from 0x800 to 0x1000 and blocks after it.
const GUEST: &str = r#"(module
  (memory (export "memory") 1 4)
  (global $__stack_pointer (mut i32) (i32.const 0x1000))
  (global (export "__data_end") i32 (i32.const 0x800))
  (global (export "__heap_base") i32 (i32.const 0x1000))
  (global $top (mut i32) (i32.const 0x2000))
  (func (export "alloc") (param $n i32) (result i32) (local $p i32)
    (local.set $p (global.get $top))
    (global.set $top (i32.add (global.get $top) (i32.const 0x100)))
    (local.get $p))
  (func (export "free") (param i32) (global.set $top (local.get 0)))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 0x41) (local.get 1)))
  (func (export "grow") (drop (memory.grow (i32.const 1))))
  ;; Stores the address of a local variable, or of an argument that it got.
  (func (export "keep_local") (param $out i32) (param $other i32) (local $fp i32)
    (global.set $__stack_pointer
      (local.tee $fp (i32.sub (global.get $__stack_pointer) (i32.const 64))))
    (i32.store (local.get $fp) (i32.const 7))
    (i32.store offset=4 (local.get $out)
      (select (local.get $other) (local.get $fp) (local.get $other)))
    (global.set $__stack_pointer (i32.add (local.get $fp) (i32.const 64)))))"#;

const TYPES: &str = "\
type User = { kind: u8, name: *[u8; 4], tag: [u8; 5] }
type Packed = packed { kind: u8, name: u32 }
";

/// Returns the findings of steps after the first one: their kinds and messages.
fn found(steps: &str) -> Vec<(&'static str, String)> {
    let timeline = run(GUEST, &format!("{TYPES}p = call alloc(256)\n{steps}"));
    let errors: Vec<_> = timeline
        .steps()
        .iter()
        .filter_map(|s| s.error.clone())
        .collect();
    assert!(errors.is_empty(), "{steps}\n{errors:?}");
    let found = findings(&timeline).into_iter();
    let found = found.map(|(_, kind, message)| (kind, message));
    found.filter(|(kind, _)| *kind != "leak").collect()
}

/// Asserts that the findings of steps have this kind and these texts.
#[track_caller]
fn assert_finds(steps: &str, kind: &str, texts: &[&str]) {
    let found = found(steps);
    let (_, message) = found
        .iter()
        .find(|(other, message)| *other == kind && texts.iter().all(|text| message.contains(text)))
        .unwrap_or_else(|| panic!("no {kind} with {texts:?}: {found:#?}"));
    assert!(!message.contains('`'), "{message}");
}

/// Asserts that steps have no finding apart from notes that memory grew from one size to another.
#[track_caller]
fn assert_quiet(steps: &str) {
    let mut found = found(steps);
    found.retain(|(_, message)| !message.starts_with("memory grew from"));
    assert!(found.is_empty(), "{steps}\n{found:#?}");
}

#[test]
fn an_overrun_of_a_view_names_the_last_element_and_what_it_overwrote() {
    assert_finds(
        "view users = p as [User; 2]\ncall fill(p, 36)",
        "overrun",
        &["; that is 4 bytes past users[1]"],
    );
    assert_finds(
        "view user = p as User\ncall fill(p, 17)",
        "overrun",
        &["; that is 1 byte past user.tag, the last field"],
    );
    assert_finds(
        "region buffer = p, 8\nview users = p + 8 as [User; 2]\ncall fill(p, 14)",
        "overrun",
        &["; this overwrote users[0].kind, padding of users[0] and users[0].name, a pointer"],
    );
    assert_finds(
        "region buffer = p, 8\nview users = p + 8 as [User; 2]\ncall fill(p, 40)",
        "overrun",
        &["; this overwrote all of users"],
    );
    assert_quiet("view users = p as [User; 2]\ncall fill(p, 32)");
    // A finding elsewhere names no field.
    let found = found("view users = p + 64 as [User; 2]\nregion r = p, 8\ncall fill(p, 9)");
    assert_eq!(found.len(), 1);
    assert!(!found[0].1.contains("users"), "{}", found[0].1);
}

#[test]
fn use_after_release_names_the_fields() {
    let steps = "block b = p, 64\nview users = p as [User; 2]\ncall free(p)\nrelease b\n";
    assert_finds(
        &format!("{steps}x = read p + 20, 4 as bytes"),
        "use-after-release",
        &["; these bytes are users[1].name, a pointer"],
    );
    assert_finds(
        &format!("{steps}x = read p + 8, 5 as bytes"),
        "use-after-release",
        &["; these bytes are users[0].tag"],
    );
}

#[test]
fn the_host_writes_data_into_padding() {
    let view = "view user = p as User\n";
    // A record without padding, written where the type has it.
    assert_finds(
        &format!("{view}write p, Packed {{ kind: 1, name: 0x2010 }}"),
        "padding-written",
        &[
            "the 5 bytes at 0x2000..0x2005",
            "0x2001..0x2004 are padding of user after kind",
        ],
    );
    assert_finds(
        &format!("{view}write p + 1, hex\"07\""),
        "padding-written",
        &["the byte at 0x2001 is padding of user after kind"],
    );
    // A text that is longer than its field.
    assert_finds(
        &format!("{view}write p + 8, \"abcdef\""),
        "padding-written",
        &["the byte at 0x200d is padding of user after tag"],
    );
    // Fields alone, zeros, several fields, a whole record with what its padding had, and a guest's writes.
    for quiet in [
        "write p, User { kind: 1, name: 0x2010, tag: [1, 2, 3, 4, 5] }",
        "write zeroed p, User { kind: 1, name: 0x2010, tag: [1, 2, 3, 4, 5] }",
        "write p + 1, hex\"000000\"",
        "write p, \"0123456789abcdef\"",
        "write p + 8, \"abcde\"",
        "write p, \"01234567\"",
        "call fill(p, 16)",
        "write p + 256, \"x\"",
    ] {
        assert_quiet(&format!("{view}{quiet}"));
    }
}

#[test]
fn a_field_straddles_the_end_of_memory_before_it_grew() {
    assert_finds(
        "call grow()\nview users = 0xfff0 - 6 as [User; 2]",
        "memory-grew",
        &[
            "users[1].name, a pointer, has 2 of its 4 bytes from 0x10000 on",
            "before step 2",
        ],
    );
    // The end is between two fields, in padding, outside, or that of memory as it is now.
    assert_quiet("call grow()\nview users = 0xfff0 - 8 as [User; 2]");
    assert_quiet("call grow()\nview users = 0xfff0 - 2 as [User; 2]");
    assert_quiet("call grow()\nview users = 0x10000 as [User; 2]");
    assert_quiet("call grow()\nview users = 0x20000 - 32 as [User; 2]");
}

#[test]
fn the_host_writes_a_pointer_to_a_released_block() {
    let steps = "view user = p as User
q = call alloc(64)
block b = q, 64
";
    let write = "write p, User { kind: 1, name: q + 8, tag: [1, 2, 3, 4, 5] }";
    assert_finds(
        &format!("{steps}call free(q)\nrelease b\n{write}"),
        "stale-pointer",
        &["into user.name, in block b, which was released in step 6"],
    );
    // Before the release, to the block that is allocated again, and as a number that is no pointer.
    assert_quiet(&format!("{steps}{write}\ncall free(q)\nrelease b"));
    assert_quiet(&format!(
        "{steps}call free(q)\nrelease b\nq = call alloc(64)\n{write}"
    ));
    let number = "write p + 8, hex\"08210000\"";
    assert_quiet(&format!("{steps}call free(q)\nrelease b\n{number}"));
}

#[test]
fn the_guest_stores_a_pointer_to_its_own_frame() {
    assert_finds(
        "view user = p as User\ncall keep_local(p, 0)",
        "stack-address-returned",
        &[
            "in keep_local",
            "a pointer to 0xfc0 in user.name, below the stack pointer 0x1000",
        ],
    );
    // A pointer to somewhere else, and the same number in a field that is no pointer.
    assert_quiet("view user = p as User\ncall keep_local(p, p + 64)");
    assert_quiet("view user = p as Packed\ncall keep_local(p - 3, 0)");
}
