//! WASI built in: every function of both versions, what real programs need of it, and guests that mean it harm.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use linmem::guest::Guest;
use linmem::report::{self, Format, Options};
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{Control, Limits};
use linmem::session::{Opening, Session};
use linmem::timeline::{FindingKind, Moment, Outcome, Status, StepRecord, Timeline, Writer};

const PREVIEW1: &str = "wasi_snapshot_preview1";
const UNSTABLE: &str = "wasi_unstable";

/// Every function with its parameters, `i` an i32 and `I` an i64; all but proc_exit return an i32.
const FUNCTIONS: [(&str, &str); 46] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// The functions of a version: one is newer than `wasi_unstable`.
fn functions(module: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_old = module == UNSTABLE;
    FUNCTIONS.into_iter().filter(move |(name, _)| !(is_old && *name == "sock_accept"))
}

/// A guest that imports every function and exports each under its own name, and what `more` adds.
fn every_function(module: &str, more: &str) -> String {
    let mut wat = String::from("(module\n");
    for (name, params) in functions(module) {
        wat.push_str(&format!("(import \"{module}\" \"{name}\" (func ${name} {}))\n", ty(name, params)));
    }
    wat.push_str("(memory (export \"memory\") 1)\n");
    for (name, params) in functions(module) {
        let args: String = (0..params.len()).map(|i| format!("(local.get {i})")).collect();
        wat.push_str(&format!("(func (export \"{name}\") {} (call ${name} {args}))\n", ty(name, params)));
    }
    wat + more + ")"
}

fn ty(name: &str, params: &str) -> String {
    let params: String = params.chars().map(|c| if c == 'I' { " i64" } else { " i32" }).collect();
    let result = if name == "proc_exit" { "" } else { "(result i32)" };
    format!("(param{params}) {result}")
}

/// A guest that prints: `fd_write` and one page, and what `more` adds.
fn printer(more: &str) -> String {
    format!(
        r#"(module
          (import "{PREVIEW1}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "{PREVIEW1}" "proc_exit" (func $proc_exit (param i32)))
          (import "{PREVIEW1}" "sched_yield" (func $sched_yield (result i32)))
          (memory (export "memory") 1)
          (func $print (param $at i32) (param $len i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $len))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
          {more})"#
    )
}

fn opening(wat: &str, steps: &str, stdin: &[u8]) -> Opening {
    Opening {
        title: "test".into(),
        script: script::parse("test.steps", steps).unwrap_or_else(|e| panic!("{e}")),
        guest: Guest::from_bytes("some/folder/test.wat", wat.as_bytes()).unwrap(),
        files: Files::Folder(".".into()),
        sets: Vec::new(),
        limits: Limits::default(),
        control: Control::default(),
        stdin: Arc::from(stdin),
    }
}

fn complete(opening: Opening) -> Timeline {
    let (mut session, mut timeline) = Session::open(opening).unwrap_or_else(|e| panic!("{e}"));
    while let Some(step) = session.advance() {
        timeline.push(step);
    }
    timeline
}

fn run(wat: &str, steps: &str) -> Timeline {
    complete(opening(wat, steps, b""))
}

fn written(timeline: &Timeline, format: Format) -> String {
    let mut out = Vec::new();
    report::write(timeline, &Options { format, ..Options::default() }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(timeline: &Timeline) -> String {
    written(timeline, Format::Text)
}

fn all_ok(timeline: Timeline) -> Timeline {
    assert_eq!(timeline.status(), Status::Ok, "{}", text(&timeline));
    for step in timeline.steps() {
        assert!(step.findings.iter().all(|f| f.kind != FindingKind::Unattributed), "{}", text(&timeline));
    }
    timeline
}

fn ok(wat: &str, steps: &str) -> Timeline {
    all_ok(run(wat, steps))
}

fn last(timeline: &Timeline) -> &StepRecord {
    timeline.steps().last().unwrap()
}

/// `CALL -> ERRNO` a line, as steps; a line without an arrow stays.
fn answers(rows: &str) -> String {
    let step = |(index, row): (usize, &str)| match row.split_once(" -> ") {
        Some((call, errno)) => format!("e{index} = call {call}\nexpect e{index} == {errno}\n"),
        None => format!("{row}\n"),
    };
    rows.lines().map(str::trim).filter(|row| !row.is_empty()).enumerate().map(step).collect()
}

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
fn what_cannot_be_answers_the_right_error() {
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
        let timeline = ok(&every_function(module, ""), &answers(rows));
        assert!(timeline.steps().iter().all(|step| step.changes.is_empty()), "an error writes nothing");
        let meaning = |index: usize| timeline.steps()[index].imports_called[0].meaning;
        assert_eq!((meaning(1), meaning(7)), (Some("EBADF"), Some("ESPIPE")));
    }
    ok(&every_function(PREVIEW1, ""), &answers("sock_accept(0, 0, 64) -> 57\nsock_accept(3, 0, 64) -> 8"));
    let json = written(&run(&every_function(PREVIEW1, ""), "call fd_close(9)"), Format::Json);
    assert!(json.contains(r#""meaning": "EBADF""#), "{json}");
    assert!(text(&run(&every_function(PREVIEW1, ""), "call fd_close(9)")).contains("fd_close(9) → 8 EBADF"));
}

#[test]
fn pointers_out_of_memory_fault_and_nothing_is_done() {
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
        let timeline = all_ok(complete(opening(&every_function(module, ""), &answers(rows), b"input")));
        assert!(timeline.steps().iter().all(|step| step.output.is_none()));
        assert!(last(&timeline).memory.read(64, 64).iter().all(|byte| *byte == 0));
    }
}

#[test]
fn every_function_survives_the_worst_arguments() {
    for module in [PREVIEW1, UNSTABLE] {
        for worst in ["-1", "0x7fffffff", "0x80000000", "0xfffc"] {
            let calls: String = functions(module)
                .filter(|(name, _)| *name != "proc_exit")
                .map(|(name, params)| format!("call {name}({})\n", vec![worst; params.len()].join(", ")))
                .collect();
            let timeline = ok(&every_function(module, ""), &calls);
            // At 0xfffc there are four bytes, in which a few of them answer.
            assert!(worst == "0xfffc" || timeline.steps().iter().all(|step| step.changes.is_empty()));
        }
    }
}

#[test]
fn a_guest_without_memory_is_told_so() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $f (param i32 i32) (result i32)))
             (func (export "f") (result i32) (call $f (i32.const 0) (i32.const 1))))"#
    );
    ok(&wat, "e = call f()\nexpect e == 21");
}

#[test]
fn arguments_are_the_modules_name_and_the_environment_is_empty() {
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
fn clocks_count() {
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
fn chance_is_the_same_in_every_run_and_goes_on_from_call_to_call() {
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
    assert_eq!(written(&one, Format::Json), written(&other, Format::Json));
    assert_eq!(one.steps()[2].bindings, other.steps()[2].bindings);
    let all = last(&one).memory.read(0, 65536);
    assert!(all.chunks(64).all(|part| part.iter().any(|byte| *byte != 0)));
}

#[test]
fn descriptors_are_terminals_in_the_layout_of_each_version() {
    let rights = |way: u64| way | 1 << 3 | 1 << 21 | 1 << 27;
    for (module, filestat, links) in [(PREVIEW1, 64, "64 + 24 as u64"), (UNSTABLE, 56, "64 + 20 as u32")] {
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
fn descriptors_are_closed_moved_and_stripped_of_rights() {
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
    ok(&every_function(PREVIEW1, ""), &answers(rows));
}

#[test]
fn what_is_printed_is_shown_in_order() {
    let rows = "
        write 0, u32(64, 5, 0, 0, 69, 7, 0xffffffff, 0)
        write 64, \"Hello, WASI\\n\"
        fd_write(1, 0, 4, 32) -> 0
        fd_write(2, 0, 1, 32) -> 0
        fd_write(1, 0, 0, 32) -> 0
    ";
    let timeline = ok(&every_function(PREVIEW1, ""), &answers(rows));
    let printed = |index: usize| timeline.steps()[index].output.as_deref();
    assert_eq!([3, 5, 7].map(printed), [Some("Hello, WASI\n"), Some("Hello"), None]);
    let step = &timeline.steps()[3];
    assert_eq!((step.output_bytes, step.output_kept), (12, 12));
    let change = step.changes.iter().next().unwrap();
    assert_eq!((change.start, change.after.as_slice()), (32, &[12][..]));
    assert_eq!(change.writer, Writer::Import { module: PREVIEW1.into(), name: "fd_write".into() });
    assert!(text(&timeline).contains("printed: Hello, WASI\n"));
}

#[test]
fn what_is_printed_reaches_no_terminal_as_it_is() {
    let rows = "
        write 0, u32(64, 12)
        write 64, hex\"1b 5b 32 4a ff fe e2 80 ae 61 c3 0a\"
        fd_write(1, 0, 1, 32) -> 0
    ";
    let timeline = ok(&every_function(PREVIEW1, ""), &answers(rows));
    assert_eq!(timeline.steps()[3].output.as_deref(), Some("\u{1b}[2J\\xff\\xfe\u{202e}a\\xc3\n"));
    assert!(text(&timeline).contains("printed: \\u{1b}[2J\\xff\\xfe\\u{202e}a\\xc3\n"), "{}", text(&timeline));
}

#[test]
fn standard_input_is_read_piece_by_piece() {
    let steps = "
        write 0, u32(64, 3, 96, 4, 128, 100)
        call fd_read(0, 0, 2, 32)
        n = read 32 as u32
        one = read 64, 3 as utf8
        two = read 96, 4 as utf8
        expect [n, one, two] == [7, \"one\", \" two\"]
        call fd_read(0, 0, 3, 32)
        n = read 32 as u32
        one = read 64, 3 as utf8
        rest = read 96, 3 as utf8
        expect [n, one, rest] == [6, \" th\", \"ree\"]
        e = call fd_read(0, 0, 3, 32)
        n = read 32 as u32
        expect [e, n] == [0, 0]";
    let timeline = all_ok(complete(opening(&every_function(PREVIEW1, ""), steps, b"one two three")));
    let writers: Vec<_> = timeline.steps()[2].changes.iter().map(|change| change.writer).collect();
    let fd_read = Writer::Import { module: PREVIEW1.into(), name: "fd_read".into() };
    assert_eq!(writers, vec![fd_read; 3]);
    for index in 0..timeline.steps().len() {
        let step = &timeline.steps()[index];
        assert!(timeline.memory_at(Moment::end_of(index)) == step.memory);
    }
}

#[test]
fn nothing_on_standard_input_is_its_end() {
    let steps = "write 0, u32(64, 3)\ne = call fd_read(0, 0, 1, 32)\nn = read 32 as u32\nexpect [e, n] == [0, 0]";
    ok(&every_function(PREVIEW1, ""), steps);
}

#[test]
fn waiting_takes_no_time_and_moves_the_clock() {
    // Two clocks, one of which is due earlier: one event, and time moved to it.
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

            # The first waits until a time that has passed: it is due at once.
            write {clock} + 24, u16(1)
            e = call poll_oneoff(0, 256, 2, 200)
            n = read 200 as u32
            expect [e, n] == [0, 1]
            call clock_time_get(1, 0, 208)
            now = read 208 as u64
            expect now == 5000000000 + 2000000

            # No such clock.
            write {clock}, u32(9)
            e = call poll_oneoff(0, 256, 1, 200)
            error = read 264 as u16
            expect [e, error] == [0, 28]

            # Until the end of time.
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
fn input_and_output_are_always_ready() {
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
    all_ok(complete(opening(&every_function(PREVIEW1, ""), steps, b"input")));
}

#[test]
fn an_exit_ends_the_call_with_its_code() {
    let wat = printer(
        r#"(data (i32.const 100) "bye\n")
           (func (export "leave") (param i32)
             (call $print (i32.const 100) (i32.const 4))
             (call $proc_exit (local.get 0))
             (call $print (i32.const 100) (i32.const 4)))
           (func (export "answer") (param i32) (result i32) (call $proc_exit (local.get 0)) (i32.const 42))"#,
    );
    let timeline = ok(
        &wat,
        "call leave(0)\nexpect trap \"exit code 3\" call leave(3)\nexpect trap \"exit code -1\" call leave(-1)",
    );
    let exits: Vec<_> = timeline.steps().iter().map(|step| step.exit_code).collect();
    assert_eq!(exits, [None, Some(0), Some(3), Some(-1)]);
    assert_eq!(timeline.steps()[1].output.as_deref(), Some("bye\n"));
    assert_eq!(timeline.steps()[1].imports_called.len(), 2);
    assert!(text(&timeline).contains("exited with exit code 0"));

    let failed = run(&wat, "call leave(3)\ncall leave(0)");
    assert_eq!(last(&failed).outcome, Outcome::Trapped);
    assert_eq!(last(&failed).error.as_deref(), Some("the guest exited with exit code 3"));
    assert_eq!(failed.steps().len(), 2, "the run stops there");
    assert!(written(&failed, Format::Json).contains("\"exit_code\": 3"));

    let unnamed = run(&wat, "n = call answer(0)");
    assert_eq!(last(&unnamed).error.as_deref(), Some("the guest exited, so there is no result to name"));
    let expected = run(&wat, "expect trap call leave(0)");
    assert!(last(&expected).error.as_deref().unwrap().contains("but it exited with exit code 0"));
}

#[test]
fn a_reactor_starts_and_a_command_may_leave_while_it_starts() {
    let start = |code: &str| {
        let body = format!("(call $print (i32.const 100) (i32.const 3)) {code}");
        printer(&format!(r#"(data (i32.const 100) "up\n") (func (export "_initialize") {body}) (func (export "f"))"#))
    };
    let timeline = ok(&start(""), "call f()");
    assert_eq!(timeline.steps()[0].output.as_deref(), Some("up\n"));
    let left = ok(&start("(call $proc_exit (i32.const 0))"), "call f()");
    assert_eq!(left.steps()[0].exit_code, Some(0));
    let failed = run(&start("(call $proc_exit (i32.const 1))"), "call f()");
    assert_eq!(failed.steps().len(), 1);
    assert_eq!(last(&failed).error.as_deref(), Some("the guest exited with exit code 1"));

    // The start function leaves well: the program is over, and its reactor part is not begun.
    let wat = printer(
        r#"(data (i32.const 100) "up\n")
           (func $start (call $proc_exit (i32.const 0)))
           (start $start)
           (func (export "_initialize") (call $print (i32.const 100) (i32.const 3)))"#,
    );
    let left = ok(&wat, "expect true");
    assert_eq!((left.steps()[0].exit_code, left.steps()[0].output.as_deref()), (Some(0), None));
}

#[test]
fn an_import_line_overrides_what_is_built_in() {
    let steps = format!(
        "import {PREVIEW1}.random_get(at, len) writes at, repeat(hex\"2a\", len) ; returns 0
        import {PREVIEW1}.fd_write(fd, list, n, written) returns 29
        call random_get(64, 4)
        drawn = read 64, 4 as bytes
        expect drawn == hex\"2a2a2a2a\"
        e = call fd_write(1, 0, 0, 0)
        expect e == 29
        expect calls({PREVIEW1}.fd_write) == 1"
    );
    let timeline = ok(&every_function(PREVIEW1, ""), &steps);
    assert!(timeline.steps().iter().all(|step| step.output.is_none()));
}

#[test]
fn a_function_of_another_type_or_of_no_name_is_not_built_in() {
    let import = |module: &str, name: &str, ty: &str| {
        let wat = format!(r#"(module (import "{module}" "{name}" (func $f {ty})) (func (export "f") (call $f)))"#);
        last(&run(&wat, "call f()")).error.clone().unwrap()
    };
    let error = import(PREVIEW1, "sched_yield", "");
    assert!(error.contains(&format!("the guest called {PREVIEW1}.sched_yield as () -> ()")), "{error}");
    assert!(error.contains("the function that is built in is () -> i32"), "{error}");
    assert!(error.contains(&format!("import {PREVIEW1}.sched_yield()")), "{error}");
    let error = import(PREVIEW1, "fd_teleport", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
    let error = import(UNSTABLE, "sock_accept", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
    let error = import("wasi_snapshot_preview2", "sched_yield", "");
    assert!(error.contains("an import that nobody defined"), "{error}");
}

#[test]
fn wasi_speaks_of_the_memory_called_memory_even_where_another_is_meant() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $random_get (param i32 i32) (result i32)))
             (memory (export "other") 1) (memory (export "memory") 1)
             (func (export "f") (result i64)
               (drop (call $random_get (i32.const 8) (i32.const 8)))
               (i64.load 1 (i32.const 8))))"#
    );
    let steps = |chosen: &str| format!("memory {chosen}\nn = call f()\nexpect n != 0");
    let aside = ok(&wat, &steps("other"));
    assert!(aside.steps().iter().all(|step| step.changes.is_empty()));
    let meant = ok(&wat, &steps("memory"));
    assert_eq!(meant.steps()[1].changes.bytes(), 8);
    assert_eq!(aside.steps()[1].bindings, meant.steps()[1].bindings);
}

#[test]
fn two_runs_are_the_same() {
    let more = r#"(func (export "all") (result i32)
        (local $i i32)
        (loop $again
          (drop (call $random_get (i32.const 512) (i32.const 100)))
          (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 640)))
          (i32.store (i32.const 0) (i32.const 512))
          (i32.store (i32.const 4) (i32.const 140))
          (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $i) (i32.const 50))))
        (i32.load (i32.const 512)))"#;
    let wat = every_function(PREVIEW1, more);
    let once = || written(&ok(&wat, "n = call all()\nm = call all()\nexpect n != m"), Format::Json);
    assert_eq!(once(), once());
}

#[test]
fn a_hundred_mebibytes_of_output_are_counted_and_their_beginning_kept() {
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
    assert_eq!((flood.output_bytes, flood.output_kept), (1614 * 65000, 1 << 20));
    assert_eq!(flood.output.as_ref().unwrap().len(), 1 << 20);
    assert!(text(&timeline).contains("… 104910000 bytes in all, the first 1048576 of them kept"));
    assert_eq!(timeline.steps()[2].output_kept, 65000, "each step has its own");
}

#[test]
fn a_million_calls_are_counted_and_the_first_kept() {
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
    let opening = opening(&wat, &steps, b"");
    let timeline = complete(Opening { limits: Limits { max_time: None, ..Limits::default() }, ..opening });
    let rest = &timeline.steps()[1];
    assert_eq!((rest.imports_called.len(), rest.imports_called_total), (1000, 1_000_000));
    assert_eq!(timeline.steps()[3].output_bytes, 100_001);
    assert!(text(&timeline).contains("… and 999992 more of 1000000 calls"));
    assert_eq!(timeline.steps().len(), 7, "{}", text(&timeline));
    let error = last(&timeline).error.clone().unwrap();
    assert!(error.contains("only the arguments of the first 100000 calls"), "{error}");
}

#[test]
fn writing_more_than_is_recorded_ends_in_a_limit() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $random_get (param i32 i32) (result i32)))
             (memory (export "memory") 800)
             (func (export "f") (loop $again
               (drop (call $random_get (i32.const 0) (i32.const 0x3200000)))
               (br $again))))"#
    );
    let timeline = run(&wat, "call f()");
    assert_eq!(last(&timeline).outcome, Outcome::Cancelled, "{:?}", last(&timeline).error);
    assert!(last(&timeline).findings.iter().any(|f| f.kind == FindingKind::Limit));
    assert!(last(&timeline).findings.iter().all(|f| f.kind != FindingKind::Unattributed));
}

#[test]
fn the_command_line_gives_the_guest_its_standard_input() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let steps = root.join("guest/examples/hello_wasi.steps");
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("name.txt");
    std::fs::write(&name, "Ada").unwrap();
    let linmem = |args: &[&str], stdin: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_linmem"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let steps = steps.to_str().unwrap();
    let (code, shown) = linmem(&["run", steps], b"");
    assert!(code == Some(0) && shown.contains("printed: Hello, world!"), "{shown}");
    let (code, shown) = linmem(&["run", steps, "--stdin", name.to_str().unwrap()], b"");
    assert!(code == Some(0) && shown.contains("printed: Hello, Ada!"), "{shown}");
    let (code, shown) = linmem(&["run", steps, "--stdin", "-"], b"Grace");
    assert!(code == Some(0) && shown.contains("printed: Hello, Grace!"), "{shown}");
    let (code, shown) = linmem(&[steps, "--stdin", "-"], b"Grace");
    assert!(code == Some(0) && shown.contains("printed: Hello, Grace!"), "{shown}");
    let (code, shown) = linmem(&["test", steps, steps, "--stdin", "-"], b"Grace");
    assert!(code == Some(0) && shown.contains("2 sessions: 2 ok"), "{shown}");
    let (code, shown) = linmem(&["run", "-", "--stdin", "-"], b"");
    assert!(code == Some(2) && shown.contains("cannot be both the session and what the guest reads"), "{shown}");
    let (code, shown) = linmem(&["run", steps, "--stdin", "/no/such/file"], b"");
    assert!(code == Some(2) && shown.contains("cannot read /no/such/file, which --stdin names"), "{shown}");
}
