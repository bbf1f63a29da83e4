//! What programs need: printing, reading, exiting, and a session around it all.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use linmem::app::{self, Action, App, Effect, Message};
use linmem::report::Format;
use linmem::session::Session;
use linmem::timeline::{Moment, Outcome, Writer};
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{
    PREVIEW1, all_ok, answers, complete, every_function, last, ok, opening, printer, run, text,
    written,
};

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
    let timeline = all_ok(complete(opening(
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
fn nothing_on_standard_input_is_its_end() {
    let steps = "write 0, u32(64, 3)\ne = call fd_read(0, 0, 1, 32)\nn = read 32 as u32\nexpect [e, n] == [0, 0]";
    ok(&every_function(PREVIEW1, ""), steps);
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
    assert_eq!(
        last(&failed).error.as_deref(),
        Some("the guest exited with exit code 3")
    );
    assert_eq!(failed.steps().len(), 2, "the run stops there");
    assert!(written(&failed, Format::Json).contains("\"exit_code\": 3"));

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
fn a_reactor_starts_and_a_command_may_leave_while_it_starts() {
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

    // The start function leaves well: the program is over, and its reactor part is not begun.
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
    let once = || {
        written(
            &ok(&wat, "n = call all()\nm = call all()\nexpect n != m"),
            Format::Json,
        )
    };
    assert_eq!(once(), once());
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
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
        )
    };
    let steps = steps.to_str().unwrap();
    let (code, shown) = linmem(&["run", steps], b"");
    assert!(
        code == Some(0) && shown.contains("printed: Hello, world!"),
        "{shown}"
    );
    let (code, shown) = linmem(&["run", steps, "--stdin", name.to_str().unwrap()], b"");
    assert!(
        code == Some(0) && shown.contains("printed: Hello, Ada!"),
        "{shown}"
    );
    let (code, shown) = linmem(&["run", steps, "--stdin", "-"], b"Grace");
    assert!(
        code == Some(0) && shown.contains("printed: Hello, Grace!"),
        "{shown}"
    );
    let (code, shown) = linmem(&[steps, "--stdin", "-"], b"Grace");
    assert!(
        code == Some(0) && shown.contains("printed: Hello, Grace!"),
        "{shown}"
    );
    let (code, shown) = linmem(&["test", steps, steps, "--stdin", "-"], b"Grace");
    assert!(
        code == Some(0) && shown.contains("2 sessions: 2 ok"),
        "{shown}"
    );
    let (code, shown) = linmem(&["run", "-", "--stdin", "-"], b"");
    assert!(
        code == Some(2) && shown.contains("cannot be both the session and what the guest reads"),
        "{shown}"
    );
    let (code, shown) = linmem(&["run", steps, "--stdin", "/no/such/file"], b"");
    assert!(
        code == Some(2) && shown.contains("cannot read /no/such/file, which --stdin names"),
        "{shown}"
    );
}

#[test]
fn the_screen_shows_what_was_printed_and_how_the_guest_left() {
    let wat = include_str!("../../../guest/examples/hello_wasi.wat");
    let (mut session, timeline) =
        Session::open(opening(wat, "call _start()", b"Eve\x1b[31m")).unwrap();
    let mut app = App::new((120, 40), Vec::new(), true);
    let mut effect = app::receive(&mut app, Message::Opened(Box::new(timeline)));
    for action in [None, Some(Action::Next)] {
        if let Some(action) = action {
            effect = app::update(&mut app, action);
        }
        while effect == Effect::Advance {
            let step = session.advance();
            effect = app::receive(
                &mut app,
                step.map_or(Message::Ended, |step| Message::Step(Box::new(step))),
            );
        }
    }
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal
        .draw(|frame| draw(frame, &app, &Theme::dark()))
        .unwrap();
    let screen: String = terminal
        .backend()
        .buffer()
        .content
        .iter()
        .map(|cell| cell.symbol())
        .collect();
    assert!(
        screen.contains(r#"The guest printed: "Hello, Eve\u{1b}[31m!\n""#),
        "{screen}"
    );
    assert!(
        screen.contains("The guest exited with exit code 0."),
        "{screen}"
    );
}
