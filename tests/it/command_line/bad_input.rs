//! Invalid and malicious files, modules, guests and arguments. Each run ends in a clear message and
//! the documented exit status, in bounded time, without a panic and without control characters.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};

use crate::support::command::{Folder, PATIENCE, Run, module, steps_on};

const GUEST: &str = r#"(module
    (memory (export "memory") 1 4)
    (global (export "g") i32 (i32.const 7))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "minus") (result i32) (i32.const -1))
    (func (export "float") (param f32))
    (func $spin (export "spin") (loop (br 0)))
    (func (export "bad_text") (i32.store (i32.const 100) (i32.const 0x0080ff41)))
    (func (export "evil_text")
        (i64.store (i32.const 200) (i64.const 0x6d31335b1b0a0741))
        (i32.store (i32.const 208) (i32.const 0x41ae80e2)))
    (func (export "\1b]0;x\07\e2\80\ae") unreachable))"#;

/// Runs `lines` on [`GUEST`].
fn steps(lines: &str) -> Run {
    steps_on(GUEST, lines, &[])
}

#[test]
fn files_that_are_not_modules_are_refused() {
    let folder = Folder::new();
    folder
        .run(&["run", "nope.wasm"])
        .assert_refused(&["there is no file nope.wasm"]);
    fs::create_dir(folder.path().join("dir")).unwrap();
    folder
        .run(&["run", "dir"])
        .assert_refused(&["dir is a folder; name a .steps, .md, .wasm or .wat file in it"]);
    module("a.wasm", "").assert_refused(&["a.wasm is empty"]);
    module("a.wasm", "hello").assert_refused(&["is not a WebAssembly module", "it is text"]);
    module("a.wasm", b"\0asm").assert_refused(&["ends at byte 4", "header", "incomplete"]);
    module("a.wasm", b"\0asm\x01\0\0\0\x01\x50\x01")
        .assert_refused(&["in the middle of the type section"]);
    module("a.wasm", b"\0asm\x0d\0\x01\0")
        .assert_refused(&["is a component, not a core module", "unbundle"]);
    module("a.wat", "(module (func (i32.ad)))").assert_refused(&["a.wat:1:16", "^"]);
    module("a.wat", "(module \u{1b}[31m)").assert_refused(&["unexpected character", "\\u{1b}"]);
    module("a.wat", b"(module \xff)").assert_refused(&["is not a WebAssembly module"]);
    module("a.wat", "(module (func (result i32)))")
        .assert_refused(&["not a valid module", "type mismatch"]);
    module("a.wat", "(".repeat(100_000)).assert_refused(&["a.wat:1:2"]);
}

#[test]
fn unsupported_features_are_named() {
    module("a.wat", "(module (func $f (return_call $f)))")
        .assert_refused(&["uses tail calls", "cannot run"]);
    module("a.wat", "(module (memory i64 1))").assert_refused(&["uses 64-bit memories"]);
    module(
        "a.wat",
        "(module (type (struct)) (func (drop (struct.new 0))))",
    )
    .assert_refused(&["garbage-collected"]);
}

#[test]
fn a_missing_module_is_reported() {
    let folder = Folder::new()
        .with("s.steps", "module \"no\u{202e}pe.wasm\"\n")
        .with("t.steps", "let x = 1\n");
    folder.run(&["run", "s.steps"]).assert_refused(&[
        "s.steps names a module",
        "  1: there is no file no\\u{202e}pe.wasm",
    ]);
    folder.run(&["run", "t.steps"]).assert_refused(&[
        "t.steps names no module",
        "module \"guest.wasm\"",
        "--module",
    ]);
    folder
        .run(&["run", "--module", "x.wasm"])
        .assert_refused(&["there is no file x.wasm"]);
}

#[test]
fn control_characters_in_names_are_escaped() {
    let folder = Folder::new().with("\u{1b}[31m\u{202e}.steps", "foo\n");
    folder
        .run(&["run", "\u{1b}[31m\u{202e}.steps"])
        .assert_refused(&["\\u{1b}[31m\\u{202e}.steps:1:1", "no statement `foo`"]);
    steps("call \"\\u{1b}]0;x\\u{7}\\u{202e}\"()")
        .assert_stopped(&["trap: unreachable\n", "in $\\u{1b}]0;x\\u{7}\\u{202e}"]);
    steps("call \"\u{1b}[31mq\u{202e}\"()")
        .assert_stopped(&["no export named \"\\u{1b}[31mq\\u{202e}\""]);
    let imports =
        r#"(module (import "m\1b[31m" "n\e2\80\ae\0a" (func $f)) (func (export "go") call $f))"#;
    steps_on(imports, "call go()", &[]).assert_stopped(&[
        "nobody defined",
        "import \"m\\u{1b}[31m\".\"n\\u{202e}\\n\"()",
    ]);
    let names = "(module (func $\"a\\1b[2Jb\" (export \"go\") unreachable))";
    steps_on(names, "call go()", &[]).assert_stopped(&["unreachable in a\\u{1b}[2Jb"]);
    steps_on(names, "call go()", &["--format", "json"])
        .assert_contains(&["\"status\": \"trapped\""]);
}

#[test]
fn control_characters_in_text_are_escaped() {
    steps("call bad_text()\nx = read 100, 4 as utf8").assert_stopped(&[
        "invalid-utf8",
        "byte 1 of 4",
        "A\\xff\\x80",
    ]);
    let evil = "call evil_text()\nx = read 200, 12 as utf8\nexpect x == \"y\"";
    steps(evil).assert_stopped(&[
        "A\\u{7}\\n\\u{1b}[31m\\u{202e}A",
        "first difference at byte 0",
    ]);
    steps_on(GUEST, evil, &["--format", "json"]).assert_contains(&["\\u001b[31m\\u202e"]);
    steps("# \u{1b}[2J\nlet x = \"a\u{1b}]0;x\u{7}\u{202e}\"\nexpect x == \"b\"")
        .assert_stopped(&["a\\u{1b}]0;x\\u{7}\\u{202e}"]);
    steps("\u{1b}[31m foo\u{202e}").assert_refused(&["s.steps:2:1", "\\u{1b}"]);
    let traps = r#"(module (import "env" "f" (func $f)) (func (export "go") call $f))"#;
    steps_on(
        traps,
        "import env.f() traps \"a\\u{1b}[31m\\nb\"\ncall go()",
        &[],
    )
    .assert_stopped(&["trap: a\\u{1b}[31m\\nb"]);
}

#[test]
fn calls_that_do_not_match_an_export_fail() {
    steps("call ad(1, 2)").assert_stopped(&["no export named \"ad\"", "did you mean add?"]);
    steps("call qqqq()")
        .assert_stopped(&["no export named \"qqqq\"", "its functions are add, minus,"]);
    steps("call add(1)").assert_stopped(&["add takes 2 arguments, 1 given", "(i32, i32) -> i32"]);
    steps("call add(1, \"x\")").assert_stopped(&[
        "argument 2 of add, of type i32: text (\"x\") was given; an integer is needed",
    ]);
    steps("call float(hex\"00\")").assert_stopped(&[
        "argument 1 of float, of type f32: bytes (hex\"00\") was given; a float is needed",
    ]);
    steps("call add(1, 0x100000000)").assert_stopped(&["4294967296 does not fit in an i32"]);
    steps("a, b = call add(1, 2)").assert_stopped(&["add gives 1 result, 2 named"]);
    steps("call g()").assert_stopped(&["g is not a function but a global"]);
    steps("x = global add").assert_stopped(&["add is not a global but a function"]);
}

#[test]
fn accesses_outside_memory_fail() {
    steps("write 65530, \"abcdefghijk\"").assert_stopped(&[
        "out-of-bounds",
        "0xfffa..0x10005",
        "5 bytes past the end",
    ]);
    steps("x = read 65536, 1 as utf8").assert_stopped(&["it begins where memory ends"]);
    let negative = steps("n = call minus()\nx = read 0, n as utf8")
        .assert_stopped(&["4294967295 bytes", "n is -1, from step 1"]);
    assert!(
        !negative.stdout.contains("(because of"),
        "the step is named once: {}",
        negative.stdout
    );
    steps("x = read 0, 0x80000000 as utf8")
        .assert_stopped(&["cannot read 2147483648 bytes", "memory ends at 0x10000"]);
    steps("x = read 0x100000000, 1 as bytes")
        .assert_stopped(&["an address or length of 32 bits is 0 to 4294967295"]);
    steps("write -0x80000001, \"a\"")
        .assert_stopped(&["an address or length of 32 bits is 0 to 4294967295"]);
    steps("grow 100").assert_stopped(&[
        "memory of 1 page",
        "cannot grow by 100 pages: it may have at most 4 pages",
    ]);
    let late = r#"(module (memory (export "memory") 1) (data (i32.const 0) "ok") (data (i32.const 65534) "abcd"))"#;
    steps_on(late, "let x = 1", &[])
        .assert_stopped(&["data segment 1 of 4 bytes at 0xfffe does not fit", "6f 6b"]);
}

#[test]
fn empty_text_can_be_written_and_read() {
    steps("write 0, \"\"\nx = read 0, 0 as utf8\nexpect x == \"\"").assert_ok(&["4 steps, all ok"]);
}

#[test]
fn ten_mebibytes_of_text_survive_a_round_trip() {
    let lines = "input text = repeat(\"é\", 5242880)\nwrite 0, text\nt = read 0, len(text) as utf8\nexpect t == text";
    let answer = steps_on(r#"(module (memory (export "memory") 160))"#, lines, &[])
        .assert_ok(&["10485760 bytes in all"]);
    assert!(
        answer.stdout.len() < 10_000,
        "a transcript shows the beginning only"
    );
}

#[test]
fn large_reads_of_bytes_succeed_and_large_arrays_are_refused() {
    let large = r#"(module (memory (export "memory") 16384))"#;
    steps_on(large, "x = read 0, 943718400 as bytes", &[]).assert_ok(&["943718400 bytes in all"]);
    steps_on(large, "x = read 0 as u8[943718400]", &[])
        .assert_stopped(&["943718400 numbers are more than 1048576"]);
}

#[test]
fn values_have_a_size_limit() {
    steps("let x = repeat(\"a\", 1000000000000)").assert_stopped(&["larger than 256 MiB"]);
    steps(&format!(
        "let x = \"ab\"\n{}",
        "let x = x ++ x\n".repeat(40)
    ))
    .assert_stopped(&["larger than 256 MiB"]);
    steps(&format!("let x = [1]\n{}", "let x = [x]\n".repeat(100)))
        .assert_stopped(&["this list nests deeper than 64 levels, the limit for lists"]);
    steps(&"let x = repeat(\"a\", 200000000)\n".repeat(8))
        .assert_stopped(&["the values of this run add up to more than 1024 MiB"]);
}

#[test]
fn oversized_scripts_are_handled() {
    let saved_wrong = Folder::new().with("s.steps", b"module \"guest.wat\"\nlet x = \"caf\xe9\"\n");
    saved_wrong
        .run(&["run", "s.steps"])
        .assert_refused(&["line 2 is not UTF-8 text (byte e9)", "save it as UTF-8"]);
    steps(&format!(
        "let x = \"{}\"\nexpect len(x) == 2000000",
        "a".repeat(2_000_000)
    ))
    .assert_ok(&["all ok"]);
    steps(&format!("let x = {}", "(".repeat(500_000)))
        .assert_refused(&["never closed", "s.steps:2:"]);
    for deep in [
        "(".repeat(9999) + "1" + &")".repeat(9999),
        "-".repeat(9999) + "1",
        "[".repeat(9999) + &"]".repeat(9999),
    ] {
        steps(&format!("let x = {deep}"))
            .assert_refused(&["more than 200 nested brackets or signs", "`let`"]);
    }
    steps(&format!("let x = 1{}", "+1".repeat(100_000)))
        .assert_refused(&["more than 500 operators"]);
    steps(&format!("call {}()", "n".repeat(1 << 20))).assert_stopped(&["no export named \"nnn"]);
    steps("let x = file(\"../../etc/passwd\")")
        .assert_stopped(&["leads out of the steps file's folder"]);
    let many =
        steps(&"foo\n".repeat(20_000)).assert_refused(&["no statement `foo`", "more errors"]);
    assert!(many.stderr.len() < 10_000);
}

#[test]
fn one_hundred_thousand_statements_run() {
    steps(&"expect 1 == 1\n".repeat(100_000)).assert_ok(&["100001 steps, all ok"]);
    let writes =
        steps(&"region r = 0, 1\nwrite 0, u8(1)\n".repeat(5_000)).assert_ok(&["10001 steps"]);
    assert!(
        writes.duration < Duration::from_secs(30),
        "took {:?}",
        writes.duration
    );
}

#[test]
fn invalid_option_values_are_refused() {
    let run = |args: &[&str]| {
        let folder = Folder::new().with("g.wat", GUEST).with(
            "s.steps",
            "module \"g.wat\"\ninput text = \"a\"\ninput n = 3\nlet x = n\n",
        );
        folder.run(&[&["run", "s.steps"], args].concat())
    };
    run(&["--set", "a"]).assert_refused(&["expected NAME=VALUE"]);
    run(&["--set", "txt=1"]).assert_refused(&["input txt", "no such input", "did you mean text?"]);
    run(&["--set", "n=abc"]).assert_refused(&["input n", "an integer, such as 3"]);
    run(&["--set", "text="]).assert_ok(&["input   text = \"\""]);
    run(&["--at", "x"]).assert_refused(&["expected a step's number"]);
    run(&["--at", "99"]).assert_refused(&["--at 99", "steps 0 to 1"]);
    run(&["--at", "1.1"]).assert_refused(&["--at 1.1: step 1 wrote nothing"]);
    run(&["--max-memory", "1TiB"]).assert_refused(&["expected a size"]);
    run(&["--max-memory", "99999999999GiB"]).assert_refused(&["expected a size"]);
    run(&["--max-memory", "0"]).assert_refused(&["at least 64 KiB", "limit is 0 bytes"]);
    for time in ["abc", "nan", "-1s", "1e400s", "10"] {
        run(&[&format!("--max-time={time}")]).assert_refused(&["expected a time"]);
    }
    run(&["--format", "xml"]).assert_refused(&["possible values: text, json"]);
    run(&["--output", "missing/out"]).assert_refused(&["cannot write missing/out", "  1: "]);
    run(&["--output", "."]).assert_refused(&[". is a folder", "name a file"]);
}

#[test]
fn a_mistyped_command_suggests_the_command() {
    let folder = Folder::new();
    folder.run(&["isnpect"]).assert_refused(&[
        "there is no file or command isnpect",
        "did you mean `linmem inspect`?",
    ]);
    folder
        .run(&["inspct", "a.wasm"])
        .assert_refused(&["did you mean `linmem inspect`?"]);
    folder
        .run(&["help"])
        .assert_refused(&["did you mean `linmem --help`?"]);
    folder
        .run(&["frobnicate"])
        .assert_refused(&["there is no file frobnicate"]);
    fs::write(folder.path().join("tests"), "module \"none.wat\"\n").unwrap();
    folder
        .run(&["tests"])
        .assert_refused(&["tests names a module that cannot be used"]);
}

#[test]
fn control_characters_in_arguments_are_escaped() {
    let folder = Folder::new();
    folder
        .run(&["run", "--\u{1b}[31mx\u{202e}"])
        .assert_refused(&["unexpected argument", "\\u{1b}[31mx\\u{202e}"]);
    folder
        .run(&["run", "--color", "\u{1b}[31m\u{202e}"])
        .assert_refused(&["invalid value", "\\u{202e}"]);
    folder
        .run(&["run", "--set", "\u{1b}[2Jx=1"])
        .assert_refused(&["input \\u{1b}[2Jx"]);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        let raw = || OsString::from_vec(b"\xff\x1b[2J".to_vec());
        folder
            .run(&["run".into(), raw()])
            .assert_refused(&["there is no file", "\\u{1b}[2J"]);
        folder
            .run(&["run".into(), "a".into(), raw()])
            .assert_refused(&["unexpected argument", "\\u{1b}[2J"]);
        folder
            .run(&["run".into(), "--set".into(), raw()])
            .assert_refused(&["expected NAME=VALUE"]);
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let folder = Folder::new().with("g.wat", GUEST).with(
        "s.steps",
        format!("module \"g.wat\"\n{}", "expect true\n".repeat(20_000)),
    );
    let mut child = folder.command(&["run", "s.steps"]).spawn();
    let mut first = [0; 16];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Interrupts the program after it has worked for so long that the guest must be in the loop.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_cancels_an_endless_call_and_keeps_the_earlier_steps() {
    let folder = Folder::new().with("g.wat", GUEST).with(
        "s.steps",
        "module \"g.wat\"\nwrite 0, \"kept\"\ncall spin()\n",
    );
    let child = folder
        .command(&["run", "s.steps", "--max-time", "0"])
        .spawn();
    let begun = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    while !has_worked_for(child.id(), 50) {
        assert!(begun.elapsed() < PATIENCE, "the guest never ran");
        std::thread::yield_now();
    }
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    Run::new(output, begun.elapsed())
        .assert_status(130)
        .assert_contains(&[
            "wrote 4 bytes",
            "cancelled while",
            "interrupted in step 2 of 2",
        ]);
}

/// Returns whether a process has used `ticks` clock ticks of 10 ms, as Linux reports it. The signal
/// handler is installed and the loop entered long before.
#[cfg(target_os = "linux")]
fn has_worked_for(pid: u32, ticks: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let user = after_name
        .split_whitespace()
        .nth(11)
        .and_then(|n| n.parse().ok());
    user.unwrap_or(0) >= ticks
}
