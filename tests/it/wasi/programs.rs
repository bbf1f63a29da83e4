//! Programs that print, read and exit.

use linmem::app::App;
use linmem::testing::driver::Driver;
use linmem::testing::sessions;
use linmem::timeline::{Moment, Outcome, Writer};

use super::{PREVIEW1, all_ok, config, every_function, expected_errnos, last, ok, printer, run};
use crate::support::command::{Folder, TestCommand, read_in_repository};
use crate::support::reports::{json, text};
use crate::support::screen_text::screen_text;

#[test]
fn printed_output_is_recorded_in_order() {
    let rows = "
        write 0, u32(64, 5, 0, 0, 69, 7, 0xffffffff, 0)
        write 64, \"Hello, WASI\\n\"
        fd_write(1, 0, 4, 32) -> 0
        fd_write(2, 0, 1, 32) -> 0
        fd_write(1, 0, 0, 32) -> 0
    ";
    let timeline = ok(&every_function(PREVIEW1, ""), &expected_errnos(rows));
    let printed = |index: usize| timeline.steps()[index].output.as_deref();
    assert_eq!(
        [3, 5, 7].map(printed),
        [Some("Hello, WASI\n"), Some("Hello"), None]
    );
    let step = &timeline.steps()[3];
    assert_eq!((step.output_bytes, step.output_kept), (12, 12));
    let change = step.changes.iter().next().unwrap();
    assert_eq!((change.start, change.after.as_slice()), (32, &[12][..]));
    assert_eq!(
        change.writer,
        Writer::Import {
            module: PREVIEW1.into(),
            name: "fd_write".into()
        }
    );
    assert!(text(&timeline).contains("printed: Hello, WASI\n"));
}

#[test]
fn standard_input_is_read_in_pieces() {
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
    let timeline = all_ok(sessions::run(config(
        &every_function(PREVIEW1, ""),
        steps,
        b"one two three",
    )));
    let writers: Vec<_> = timeline.steps()[2]
        .changes
        .iter()
        .map(|change| change.writer)
        .collect();
    let fd_read = Writer::Import {
        module: PREVIEW1.into(),
        name: "fd_read".into(),
    };
    assert_eq!(writers, vec![fd_read; 3]);
    for index in 0..timeline.steps().len() {
        let step = &timeline.steps()[index];
        assert!(timeline.memory_at(Moment::end_of(index)) == step.memory);
    }
}

#[test]
fn empty_standard_input_is_at_its_end() {
    let steps = "write 0, u32(64, 3)\ne = call fd_read(0, 0, 1, 32)\nn = read 32 as u32\nexpect [e, n] == [0, 0]";
    ok(&every_function(PREVIEW1, ""), steps);
}

#[test]
fn proc_exit_ends_the_call_with_its_code() {
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
    assert_eq!(
        last(&failed).error.as_deref(),
        Some("the guest exited with exit code 3")
    );
    assert_eq!(failed.steps().len(), 2, "the run stops there");
    assert!(json(&failed).contains("\"exit_code\": 3"));

    let unnamed = run(&wat, "n = call answer(0)");
    assert_eq!(
        last(&unnamed).error.as_deref(),
        Some("the guest exited, so there is no result to name")
    );
    let expected = run(&wat, "expect trap call leave(0)");
    assert!(
        last(&expected)
            .error
            .as_deref()
            .unwrap()
            .contains("but it exited with exit code 0")
    );
}

#[test]
fn reactors_start_and_may_exit_while_starting() {
    let start = |code: &str| {
        let body = format!("(call $print (i32.const 100) (i32.const 3)) {code}");
        printer(&format!(
            r#"(data (i32.const 100) "up\n") (func (export "_initialize") {body}) (func (export "f"))"#
        ))
    };
    let timeline = ok(&start(""), "call f()");
    assert_eq!(timeline.steps()[0].output.as_deref(), Some("up\n"));
    let left = ok(&start("(call $proc_exit (i32.const 0))"), "call f()");
    assert_eq!(left.steps()[0].exit_code, Some(0));
    let failed = run(&start("(call $proc_exit (i32.const 1))"), "call f()");
    assert_eq!(failed.steps().len(), 1);
    assert_eq!(
        last(&failed).error.as_deref(),
        Some("the guest exited with exit code 1")
    );

    // The start function exits with code 0, so `_initialize` is not called.
    let wat = printer(
        r#"(data (i32.const 100) "up\n")
           (func $start (call $proc_exit (i32.const 0)))
           (start $start)
           (func (export "_initialize") (call $print (i32.const 100) (i32.const 3)))"#,
    );
    let left = ok(&wat, "expect true");
    assert_eq!(
        (left.steps()[0].exit_code, left.steps()[0].output.as_deref()),
        (Some(0), None)
    );
}

#[test]
fn import_lines_override_built_in_functions() {
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
fn wasi_uses_the_memory_exported_as_memory() {
    let wat = format!(
        r#"(module (import "{PREVIEW1}" "random_get" (func $random_get (param i32 i32) (result i32)))
             (memory (export "other") 1) (memory (export "memory") 1)
             (func (export "f") (result i64)
               (drop (call $random_get (i32.const 8) (i32.const 8)))
               (i64.load 1 (i32.const 8))))"#
    );
    let steps = |chosen: &str| format!("memory {chosen}\nn = call f()\nexpect n != 0");
    let other = ok(&wat, &steps("other"));
    assert!(other.steps().iter().all(|step| step.changes.is_empty()));
    let selected = ok(&wat, &steps("memory"));
    assert_eq!(selected.steps()[1].changes.bytes(), 8);
    assert_eq!(other.steps()[1].bindings, selected.steps()[1].bindings);
}

#[test]
fn runs_are_deterministic() {
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
    let once = || json(&ok(&wat, "n = call all()\nm = call all()\nexpect n != m"));
    assert_eq!(once(), once());
}

#[test]
fn stdin_option_provides_standard_input() {
    let steps = "guest/examples/hello_wasi.steps";
    let folder = Folder::new().with("name.txt", "Ada");
    let linmem = |args: &[&str], stdin: &str| TestCommand::new(args).stdin(stdin).run();
    let name = folder.arg("name.txt");
    linmem(&["run", steps], "").assert_ok(&["printed: Hello, world!"]);
    linmem(&["run", steps, "--stdin", &name], "").assert_ok(&["printed: Hello, Ada!"]);
    linmem(&["run", steps, "--stdin", "-"], "Grace").assert_ok(&["printed: Hello, Grace!"]);
    linmem(&[steps, "--stdin", "-"], "Grace").assert_ok(&["printed: Hello, Grace!"]);
    linmem(&["test", steps, steps, "--stdin", "-"], "Grace").assert_ok(&["2 sessions: 2 ok"]);
    linmem(&["run", "-", "--stdin", "-"], "")
        .assert_refused(&["cannot be both the session and what the guest reads"]);
    linmem(&["run", steps, "--stdin", "/no/such/file"], "")
        .assert_refused(&["cannot read /no/such/file, which --stdin names"]);
}

#[test]
fn the_screen_shows_output_and_exit_code() {
    let wat = read_in_repository("guest/examples/hello_wasi.wat");
    let config = config(&wat, "call _start()", b"Eve\x1b[31m");
    let mut driver = Driver::live(App::new((120, 40), Vec::new(), true), config);
    driver.press("space");
    let screen = screen_text(&driver.app);
    assert!(
        screen.contains(r#"The guest printed: "Hello, Eve\u{1b}[31m!\n""#),
        "{screen}"
    );
    assert!(
        screen.contains("The guest exited with exit code 0."),
        "{screen}"
    );
}
