//! Malicious guests: pointers outside memory, and large numbers of calls and of output.

use linmem::session::SessionConfig;
use linmem::timeline::{FindingKind, Outcome};

use linmem::testing::sessions;

use super::{
    PREVIEW1, UNSTABLE, all_ok, config, every_function, expected_errnos, functions, last, ok,
    printer, run,
};
use crate::support::reports::text;

#[test]
fn pointers_outside_memory_return_efault() {
    let rows = "
        args_get(0xffffffff, 64) -> 21
        args_get(64, 65535) -> 21
        args_sizes_get(64, 65533) -> 21
        args_sizes_get(0xfffffffe, 64) -> 21
        environ_sizes_get(0x10000, 64) -> 21
        clock_res_get(0, 65529) -> 21
        clock_time_get(0, 0, 0xffffffff) -> 21
        random_get(0, 0x10001) -> 21
        random_get(0xffffffff, 1) -> 21
        random_get(0, 0xffffffff) -> 21
        fd_fdstat_get(0, 65513) -> 21
        fd_filestat_get(0, 0xffffffff) -> 21
        write 0, u32(16, 4, 0xfffffff0, 0x7fffffff)
        fd_write(1, 0, 1, 65533) -> 21
        fd_write(1, 0, 2, 64) -> 21
        fd_write(1, 0, 0x80000000, 64) -> 21
        fd_write(1, 0, 0xffffffff, 64) -> 21
        fd_write(1, 0xfffffff8, 1, 64) -> 21
        fd_read(0, 0, 1, 65533) -> 21
        fd_read(0, 0, 2, 64) -> 21
        fd_read(0, 0, 0x80000000, 64) -> 21
        poll_oneoff(0xffffffff, 64, 1, 32) -> 21
        poll_oneoff(64, 0xffffffff, 1, 32) -> 21
        poll_oneoff(64, 128, 1, 65533) -> 21
        poll_oneoff(64, 128, 60000, 32) -> 21
        poll_oneoff(64, 128, 0xffffffff, 32) -> 28
    ";
    for module in [PREVIEW1, UNSTABLE] {
        let timeline = all_ok(sessions::run(config(
            &every_function(module, ""),
            &expected_errnos(rows),
            b"input",
        )));
        assert!(timeline.steps().iter().all(|step| step.output.is_none()));
        assert!(
            last(&timeline)
                .memory
                .read(64, 64)
                .iter()
                .all(|byte| *byte == 0)
        );
    }
}

#[test]
fn every_function_survives_extreme_arguments() {
    for module in [PREVIEW1, UNSTABLE] {
        for worst in ["-1", "0x7fffffff", "0x80000000", "0xfffc"] {
            let calls: String = functions(module)
                .filter(|(name, _)| *name != "proc_exit")
                .map(|(name, params)| {
                    format!("call {name}({})\n", vec![worst; params.len()].join(", "))
                })
                .collect();
            let timeline = ok(&every_function(module, ""), &calls);
            // At 0xfffc four bytes are inside memory, and some functions write their result there.
            assert!(
                worst == "0xfffc" || timeline.steps().iter().all(|step| step.changes.is_empty())
            );
        }
    }
}

#[test]
fn guests_without_memory_get_efault() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $f (param i32 i32) (result i32)))
             (func (export "f") (result i32) (call $f (i32.const 0) (i32.const 1))))"#
    );
    ok(&wat, "e = call f()\nexpect e == 21");
}

#[test]
fn printed_control_characters_are_escaped() {
    let rows = "
        write 0, u32(64, 12)
        write 64, hex\"1b 5b 32 4a ff fe e2 80 ae 61 c3 0a\"
        fd_write(1, 0, 1, 32) -> 0
    ";
    let timeline = ok(&every_function(PREVIEW1, ""), &expected_errnos(rows));
    assert_eq!(
        timeline.steps()[3].output.as_deref(),
        Some("\u{1b}[2J\\xff\\xfe\u{202e}a\\xc3\n")
    );
    assert!(
        text(&timeline).contains("printed: \\u{1b}[2J\\xff\\xfe\\u{202e}a\\xc3\n"),
        "{}",
        text(&timeline)
    );
}

#[test]
fn long_output_is_counted_and_its_start_recorded() {
    let wat = printer(
        r#"(func (export "flood") (param $times i32)
             (memory.fill (i32.const 100) (i32.const 0x61) (i32.const 65436))
             (loop $again
               (call $print (i32.const 100) (i32.const 65000))
               (local.set $times (i32.sub (local.get $times) (i32.const 1)))
               (br_if $again (local.get $times))))"#,
    );
    let timeline = ok(&wat, "call flood(1614)\ncall flood(1)");
    let flood = &timeline.steps()[1];
    assert_eq!(
        (flood.output_bytes, flood.output_kept),
        (1614 * 65000, 1 << 20)
    );
    assert_eq!(flood.output.as_ref().unwrap().len(), 1 << 20);
    assert!(text(&timeline).contains("… 104910000 bytes in all, the first 1048576 of them kept"));
    assert_eq!(
        timeline.steps()[2].output_kept,
        65000,
        "each step has its own"
    );
}

#[test]
fn one_million_calls_are_counted_and_the_first_recorded() {
    let wat = printer(
        r#"(func (export "rest") (param $times i32)
             (loop $again
               (drop (call $sched_yield))
               (local.set $times (i32.sub (local.get $times) (i32.const 1)))
               (br_if $again (local.get $times))))
           (func (export "busy") (param $times i32)
             (loop $again
               (call $print (i32.const 100) (i32.const 1))
               (local.set $times (i32.sub (local.get $times) (i32.const 1)))
               (br_if $again (local.get $times))))"#,
    );
    let steps = format!(
        "call rest(1000000)
        expect calls({PREVIEW1}.sched_yield) == 1000000
        call busy(100001)
        expect calls({PREVIEW1}.fd_write) == 100001
        expect call_args({PREVIEW1}.fd_write, 99999) == [1, 0, 1, 8]
        expect call_args({PREVIEW1}.fd_write, 100000) == []"
    );
    let timeline = sessions::run(SessionConfig {
        limits: sessions::without_time_limit(),
        ..config(&wat, &steps, b"")
    });
    let rest = &timeline.steps()[1];
    assert_eq!(
        (rest.imports_called.len(), rest.imports_called_total),
        (1000, 1_000_000)
    );
    assert_eq!(timeline.steps()[3].output_bytes, 100_001);
    assert!(text(&timeline).contains("… and 999992 more of 1000000 calls"));
    assert_eq!(timeline.steps().len(), 7, "{}", text(&timeline));
    let error = last(&timeline).error.clone().unwrap();
    assert!(
        error.contains("only the arguments of the first 100000 calls"),
        "{error}"
    );
}

#[test]
fn writes_above_the_recording_limit_are_cancelled() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $random_get (param i32 i32) (result i32)))
             (memory (export "memory") 800)
             (func (export "f") (loop $again
               (drop (call $random_get (i32.const 0) (i32.const 0x3200000)))
               (br $again))))"#
    );
    let timeline = run(&wat, "call f()");
    assert_eq!(
        last(&timeline).outcome,
        Outcome::Cancelled,
        "{:?}",
        last(&timeline).error
    );
    assert!(
        last(&timeline)
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::Limit)
    );
    assert!(
        last(&timeline)
            .findings
            .iter()
            .all(|f| f.kind != FindingKind::Unattributed)
    );
}
