//! Each function by itself: its result, and what it writes.

use linmem::testing::sessions;

use super::{
    PREVIEW1, UNSTABLE, all_ok, config, every_function, expected_errnos, functions, last, ok, run,
};
use crate::support::reports::{json, text};

#[test]
fn every_function_is_built_in_with_its_type() {
    for module in [PREVIEW1, UNSTABLE] {
        let calls: String = functions(module)
            .filter(|(name, _)| *name != "proc_exit")
            .map(|(name, params)| format!("call {name}({})\n", vec!["0"; params.len()].join(", ")))
            .collect();
        let timeline = ok(&every_function(module, ""), &calls);
        for step in &timeline.steps()[1..] {
            assert_eq!(step.imports_called.len(), 1);
            assert_eq!(step.imports_called[0].results.len(), 1);
        }
    }
}

#[test]
fn impossible_calls_return_the_documented_errno() {
    let rows = "
        fd_prestat_get(0, 64) -> 8
        fd_prestat_get(3, 64) -> 8
        fd_prestat_dir_name(3, 64, 10) -> 8
        fd_seek(0, 0, 0, 64) -> 70
        fd_seek(1, 5, 2, 64) -> 70
        fd_seek(1, 5, 3, 64) -> 28
        fd_seek(3, 0, 0, 64) -> 8
        fd_tell(1, 64) -> 70
        fd_tell(9, 64) -> 8
        fd_pread(0, 64, 1, 0, 96) -> 70
        fd_pwrite(1, 64, 1, 0, 96) -> 70
        fd_pwrite(5, 64, 1, 0, 96) -> 8
        fd_advise(1, 0, 0, 0) -> 70
        fd_advise(4, 0, 0, 0) -> 8
        fd_allocate(1, 0, 100) -> 43
        fd_sync(1) -> 28
        fd_sync(4) -> 8
        fd_datasync(1) -> 28
        fd_filestat_set_size(1, 100) -> 28
        fd_filestat_set_times(1, 0, 0, 0) -> 76
        fd_readdir(0, 64, 100, 0, 32) -> 54
        fd_readdir(3, 64, 100, 0, 32) -> 8
        fd_read(1, 64, 1, 96) -> 8
        fd_write(0, 64, 1, 96) -> 8
        fd_read(3, 64, 1, 96) -> 8
        fd_write(0x7fffffff, 64, 1, 96) -> 8
        fd_fdstat_get(3, 64) -> 8
        fd_filestat_get(3, 64) -> 8
        fd_fdstat_set_flags(1, 4) -> 0
        fd_fdstat_set_flags(1, 32) -> 28
        fd_fdstat_set_flags(3, 0) -> 8
        fd_fdstat_set_rights(3, 0, 0) -> 8
        fd_fdstat_set_rights(1, 0xffffffffffffffff, 0) -> 76
        fd_fdstat_set_rights(1, 0x40, 1) -> 76
        fd_renumber(1, 3) -> 8
        fd_renumber(3, 1) -> 8
        fd_close(3) -> 8
        path_open(3, 0, 64, 4, 0, 0, 0, 0, 96) -> 8
        path_open(1, 0, 64, 4, 0, 0, 0, 0, 96) -> 54
        path_create_directory(3, 64, 4) -> 8
        path_filestat_get(3, 0, 64, 4, 96) -> 8
        path_filestat_set_times(3, 0, 64, 4, 0, 0, 0) -> 8
        path_link(3, 0, 64, 4, 3, 64, 4) -> 8
        path_link(0, 0, 64, 4, 3, 64, 4) -> 8
        path_link(0, 0, 64, 4, 1, 64, 4) -> 54
        path_readlink(3, 64, 4, 96, 10, 32) -> 8
        path_remove_directory(3, 64, 4) -> 8
        path_rename(0, 64, 4, 3, 64, 4) -> 8
        path_rename(0, 64, 4, 0, 64, 4) -> 54
        path_symlink(64, 4, 3, 64, 4) -> 8
        path_symlink(64, 4, 0, 64, 4) -> 54
        path_unlink_file(3, 64, 4) -> 8
        sock_recv(0, 64, 1, 0, 96, 32) -> 57
        sock_recv(3, 64, 1, 0, 96, 32) -> 8
        sock_send(1, 64, 1, 0, 96) -> 57
        sock_shutdown(1, 0) -> 57
        sock_shutdown(3, 0) -> 8
        proc_raise(6) -> 52
        proc_raise(31) -> 28
        sched_yield() -> 0
        clock_time_get(4, 0, 64) -> 28
        clock_res_get(4, 64) -> 28
        poll_oneoff(64, 256, 0, 32) -> 28
    ";
    for module in [PREVIEW1, UNSTABLE] {
        let timeline = ok(&every_function(module, ""), &expected_errnos(rows));
        assert!(
            timeline.steps().iter().all(|step| step.changes.is_empty()),
            "a failed call writes nothing"
        );
        let meaning = |index: usize| timeline.steps()[index].imports_called[0].meaning;
        assert_eq!((meaning(1), meaning(7)), (Some("EBADF"), Some("ESPIPE")));
    }
    ok(
        &every_function(PREVIEW1, ""),
        &expected_errnos("sock_accept(0, 0, 64) -> 57\nsock_accept(3, 0, 64) -> 8"),
    );
    let json = json(&run(&every_function(PREVIEW1, ""), "call fd_close(9)"));
    assert!(json.contains(r#""meaning": "EBADF""#), "{json}");
    assert!(
        text(&run(&every_function(PREVIEW1, ""), "call fd_close(9)"))
            .contains("fd_close(9) → 8 EBADF")
    );
}

#[test]
fn arguments_hold_the_module_name_and_the_environment_is_empty() {
    let steps = "
        call args_sizes_get(16, 20)
        count = read 16 as u32
        bytes = read 20 as u32
        expect count == 1
        expect bytes == 9
        call args_get(32, 64)
        pointer = read 32 as u32
        expect pointer == 64
        name = read 64, 9 as utf8
        expect name == \"test.wat\\0\"
        write 16, hex\"ffffffff ffffffff\"
        call environ_sizes_get(16, 20)
        empty = read 16 as u64
        expect empty == 0
        e = call environ_get(0xffffffff, 0xffffffff)
        expect e == 0";
    ok(&every_function(PREVIEW1, ""), steps);
}

#[test]
fn a_script_gives_arguments_and_an_environment() {
    let steps = "
        input path = \"/in.txt\"
        args \"tool\", \"--check\", path
        env LANG = \"C\"
        env \"A B\" = \"\"
        call args_sizes_get(16, 20)
        sizes = read 16 as u32[2]
        expect sizes == [3, 21]
        call args_get(32, 64)
        at = read 32 as u32[3]
        expect at == [64, 69, 77]
        text = read 64, 21 as utf8
        expect text == \"tool\\0--check\\0/in.txt\\0\"
        call environ_sizes_get(16, 20)
        sizes = read 16 as u32[2]
        expect sizes == [2, 12]
        call environ_get(32, 64)
        at = read 32 as u32[2]
        expect at == [64, 71]
        text = read 64, 12 as utf8
        expect text == \"LANG=C\\0A B=\\0\"
        e = call environ_get(65532, 64)
        expect e == 21
        e = call args_get(32, 65530)
        expect e == 21";
    ok(&every_function(PREVIEW1, ""), steps);
}

#[test]
fn clocks_advance_by_one_tick() {
    let steps = "
        call clock_res_get(0, 64)
        tick = read 64 as u64
        expect tick == 1000000
        call clock_time_get(1, 0, 64)
        first = read 64 as u64
        call clock_time_get(1, 0, 64)
        second = read 64 as u64
        expect second - first == tick
        call clock_time_get(0, 0, 64)
        wall = read 64 as u64
        expect wall == 946684800 * 1000000000 + 3 * tick
        call clock_time_get(2, 0, 64)
        process = read 64 as u64
        call clock_time_get(3, 0, 64)
        thread = read 64 as u64
        expect [process, thread] == [4 * tick, 5 * tick]";
    ok(&every_function(PREVIEW1, ""), steps);
}

#[test]
fn random_numbers_are_deterministic() {
    let steps = "
        call random_get(64, 16)
        first = read 64, 16 as bytes
        call random_get(64, 16)
        second = read 64, 16 as bytes
        expect first != second
        e = call random_get(0, 65536)
        expect e == 0";
    let wat = every_function(PREVIEW1, "");
    let (one, other) = (ok(&wat, steps), ok(&wat, steps));
    assert_eq!(json(&one), json(&other));
    assert_eq!(one.steps()[2].bindings, other.steps()[2].bindings);
    let all = last(&one).memory.read(0, 65536);
    assert!(
        all.chunks(64)
            .all(|part| part.iter().any(|byte| *byte != 0))
    );
}

#[test]
fn descriptors_are_terminals_in_both_layouts() {
    let rights = |way: u64| way | 1 << 3 | 1 << 21 | 1 << 27;
    for (module, filestat, links) in [
        (PREVIEW1, 64, "64 + 24 as u64"),
        (UNSTABLE, 56, "64 + 20 as u32"),
    ] {
        let steps = format!(
            "
            call fd_fdstat_set_flags(1, 5)
            call fd_fdstat_get(1, 8)
            kind = read 8 as u8
            flags = read 10 as u16
            base = read 16 as u64
            inheriting = read 24 as u64
            expect [kind, flags, base, inheriting] == [2, 5, {}, 0]
            call fd_fdstat_get(0, 8)
            base = read 16 as u64
            expect base == {}
            write 64, repeat(hex\"ff\", 72)
            call fd_filestat_get(2, 64)
            ino = read 72 as u64
            kind = read 80 as u8
            links = read {links}
            expect [ino, kind, links] == [3, 2, 1]
            rest = read 64 + {filestat}, 8 as bytes
            expect rest == repeat(hex\"ff\", 8)
            end = read 64 + {filestat} - 8 as u64
            expect end == 0",
            rights(1 << 6),
            rights(1 << 1),
        );
        ok(&every_function(module, ""), &steps);
    }
}

#[test]
fn descriptors_can_be_closed_renumbered_and_restricted() {
    let rows = "
        write 0, u32(32, 2)
        write 32, \"ab\"
        fd_close(1) -> 0
        fd_close(1) -> 8
        fd_write(1, 0, 1, 16) -> 8
        fd_write(2, 0, 1, 16) -> 0
        fd_renumber(2, 0) -> 0
        fd_write(0, 0, 1, 16) -> 0
        fd_read(0, 0, 1, 16) -> 8
        fd_renumber(0, 0) -> 0
        fd_write(0, 0, 1, 16) -> 0
        fd_fdstat_set_rights(0, 8, 0) -> 0
        fd_write(0, 0, 1, 16) -> 76
        fd_filestat_get(0, 64) -> 76
        fd_fdstat_set_rights(0, 0x40, 0) -> 76
    ";
    ok(&every_function(PREVIEW1, ""), &expected_errnos(rows));
}

#[test]
fn poll_oneoff_advances_the_clock() {
    // Two clocks, and the first is due earlier: one event, and the time moves to it.
    for (module, size, clock) in [(PREVIEW1, 48, 16), (UNSTABLE, 56, 24)] {
        let steps = format!(
            "
            write 0, u64(7)
            write {clock}, u32(1)
            write {clock} + 8, u64(5000000000)
            write {size}, u64(8)
            write {size} + {clock} + 8, u64(9000000000)
            e = call poll_oneoff(0, 256, 2, 200)
            n = read 200 as u32
            expect [e, n] == [0, 1]
            userdata = read 256 as u64
            error = read 264 as u16
            kind = read 266 as u8
            expect [userdata, error, kind] == [7, 0, 0]
            call clock_time_get(1, 0, 208)
            now = read 208 as u64
            expect now == 5000000000 + 1000000

            # The first waits for a time in the past and is due at once.
            write {clock} + 24, u16(1)
            e = call poll_oneoff(0, 256, 2, 200)
            n = read 200 as u32
            expect [e, n] == [0, 1]
            call clock_time_get(1, 0, 208)
            now = read 208 as u64
            expect now == 5000000000 + 2000000

            # The clock does not exist.
            write {clock}, u32(9)
            e = call poll_oneoff(0, 256, 1, 200)
            error = read 264 as u16
            expect [e, error] == [0, 28]

            # The largest possible time.
            write {clock}, u32(0)
            write {clock} + 8, u64(0xffffffffffffffff)
            e = call poll_oneoff(0, 256, 1, 200)
            n = read 200 as u32
            expect [e, n] == [0, 1]"
        );
        ok(&every_function(module, ""), &steps);
    }
}

#[test]
fn poll_oneoff_reports_streams_as_ready() {
    let steps = "
        write 0, u64(1)
        write 8, u8(1)
        write 48, u64(2)
        write 56, u8(2)
        write 64, u32(1)
        write 96, u64(3)
        write 104, u8(1)
        write 112, u32(5)
        write 144, u64(4)
        write 160 + 8, u64(1000)
        write 192, u64(5)
        write 200, u8(9)
        e = call poll_oneoff(0, 512, 5, 400)
        n = read 400 as u32
        expect [e, n] == [0, 4]
        first = read 512 as u64
        bytes = read 528 as u64
        expect [first, bytes] == [1, 5]
        second = read 544 as u64
        kind = read 554 as u8
        expect [second, kind] == [2, 2]
        third = read 576 as u64
        error = read 584 as u16
        expect [third, error] == [3, 8]
        fourth = read 608 as u64
        error = read 616 as u16
        expect [fourth, error] == [5, 28]";
    all_ok(sessions::run(config(
        &every_function(PREVIEW1, ""),
        steps,
        b"input",
    )));
}

#[test]
fn unknown_functions_and_types_are_not_built_in() {
    let import = |module: &str, name: &str, ty: &str| {
        let wat = format!(
            r#"(module (import "{module}" "{name}" (func $f {ty})) (func (export "f") (call $f)))"#
        );
        last(&run(&wat, "call f()")).error.clone().unwrap()
    };
    let error = import(PREVIEW1, "sched_yield", "");
    assert!(
        error.contains(&format!(
            "the guest called {PREVIEW1}.sched_yield as () -> ()"
        )),
        "{error}"
    );
    assert!(
        error.contains("the function that is built in is () -> i32"),
        "{error}"
    );
    assert!(
        error.contains(&format!("import {PREVIEW1}.sched_yield()")),
        "{error}"
    );
    let error = import(PREVIEW1, "fd_teleport", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
    let error = import(UNSTABLE, "sock_accept", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
    let error = import("wasi_snapshot_preview2", "sched_yield", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
}
