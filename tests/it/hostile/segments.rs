//! Data segments at the end of memory and past it.

use crate::support::command::{Run, steps_on};

fn with_data(data: &str, steps: &str) -> Run {
    steps_on(
        format!("(module (memory (export \"memory\") 1) {data})"),
        steps,
        &[],
    )
}

#[test]
fn data_up_to_the_last_byte_fits() {
    let read = "x = read 65532, 4 as utf8\nexpect x == \"abcd\"";
    with_data(r#"(data (i32.const 65532) "abcd")"#, read).assert_ok(&["all ok"]);
    with_data(r#"(data (i32.const 65536) "")"#, "let x = 1").assert_ok(&["all ok"]);
}

#[test]
fn data_past_the_end_of_memory_traps() {
    let answer = with_data(
        r#"(data (i32.const 0) "ok") (data (i32.const 65533) "abcd")"#,
        "let x = 1",
    );
    answer.assert_stopped(&[
        "data segment 1 of 4 bytes at 0xfffd does not fit: memory ends at 0x10000",
        "6f 6b",
    ]);
    with_data(r#"(data (i32.const 65537) "")"#, "let x = 1")
        .assert_stopped(&["data segment 0 of 0 bytes at 0x10001"]);
    with_data(r#"(data (i32.const -1) "abcd")"#, "let x = 1")
        .assert_stopped(&["4 bytes at 0xffffffff does not fit"]);
}

#[test]
fn data_at_an_imported_global_is_placed() {
    let placed = r#"(module (import "env" "at" (global $at i32)) (memory (export "memory") 1)
        (data (global.get $at) "abcd"))"#;
    let read = "x = read 65532, 4 as utf8\nexpect x == \"abcd\"";
    steps_on(placed, &format!("import env.at = 65532\n{read}"), &[]).assert_ok(&["all ok"]);
    steps_on(placed, &format!("import env.at = 65533\n{read}"), &[])
        .assert_stopped(&["at 0xfffd does not fit"]);
}

#[test]
fn data_in_an_empty_memory_traps() {
    let none = r#"(module (memory (export "memory") 0) (data (i32.const 0) "a"))"#;
    steps_on(none, "let x = 1", &[])
        .assert_stopped(&["data segment 0 of 1 bytes at 0x0 does not fit: memory ends at 0x0"]);
}

#[test]
fn memory_init_is_bounds_checked() {
    let init = r#"(data $d "abcd") (func (export "f") (param i32 i32 i32)
        (memory.init $d (local.get 0) (local.get 1) (local.get 2)))"#;
    with_data(
        init,
        "call f(65532, 0, 4)\nx = read 65532, 4 as utf8\nexpect x == \"abcd\"",
    )
    .assert_ok(&["all ok"]);
    with_data(init, "call f(65533, 0, 4)").assert_stopped(&["out of bounds"]);
    with_data(init, "call f(0, 1, 4)").assert_stopped(&["out of bounds"]);
    with_data(init, "call f(-1, -1, -1)").assert_stopped(&["out of bounds"]);
}
