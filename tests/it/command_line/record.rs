//! Recordings of hosts: `linmem record`.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use linmem::hostlog::{self, Event, HostLog, JAVASCRIPT_RECORDER, Limits, PYTHON_RECORDER};

use crate::support::command::{Folder, in_repository, linmem, read_in_repository};

const RECORDING: &str = r#"{"format":"linmem.host/1","recorder":"test"}
{"module":0,"bytes":"AGFzbQEAAAA="}
{"instance":0,"module":0,"given":[]}
{"created":0,"exports":[]}
{"function":0,"instance":0,"export":"f"}
{"call":0,"args":[]}
{"return":[]}
"#;

#[test]
fn a_recording_is_checked() {
    let folder = Folder::new()
        .with("a.hostlog", RECORDING)
        .with("cut.hostlog", &RECORDING[..RECORDING.len() - 5])
        .with(
            "b.hostlog",
            format!("{RECORDING}{{\"call\":7,\"args\":[]}}\n"),
        );
    let checked = folder.run(&["record", "--check", "a.hostlog"]);
    assert_eq!(checked.status, 0);
    assert_eq!(
        checked.stdout,
        "a.hostlog: 1 module, 1 instance, 1 crossing\n"
    );
    let checked = folder.run(&["record", "--check", "cut.hostlog"]);
    assert_eq!(checked.status, 0);
    assert!(
        checked
            .stdout
            .ends_with("; its last line was cut and is left out\n"),
        "{}",
        checked.stdout
    );
    folder
        .run(&["record", "--check", "b.hostlog"])
        .assert_refused(&[
            "b.hostlog",
            "line 8: there is no function 7 before this line",
        ]);
    folder
        .run(&["record", "--check", "none.hostlog"])
        .assert_refused(&["cannot read none.hostlog"]);
}

#[test]
fn the_recorder_is_printed() {
    let printed = linmem(&["record", "--script"]).success();
    assert_eq!(printed, JAVASCRIPT_RECORDER);
    let printed = linmem(&["record", "--script", "python"]).success();
    assert_eq!(printed, PYTHON_RECORDER);
    let refused = linmem(&["record", "--script", "ruby"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("javascript, python"),
        "{}",
        refused.stderr
    );
}

#[test]
fn one_of_the_ways_to_use_the_command_is_needed() {
    let refused = linmem(&["record"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused
            .stderr
            .contains("<COMMAND|--script [<LANGUAGE>]|--check <FILE>>"),
        "{}",
        refused.stderr
    );
    let folder = Folder::new();
    let command = folder.command(&["record", "--", "no-such-program-here"]);
    command
        .env("XDG_CACHE_HOME", folder.path())
        .run()
        .assert_refused(&["cannot run no-such-program-here"]);
}

/// Returns whether there is a Node that the recorder runs in; prints that a test is left out if not.
pub(crate) fn has_node() -> bool {
    let check = "process.exit(typeof process.getBuiltinModule === 'function' ? 0 : 1)";
    let found = Command::new("node").args(["-e", check]).status();
    let has_node = found.is_ok_and(|status| status.success());
    if !has_node {
        eprintln!("left out: no node of version 20.16 or newer on the PATH");
    }
    has_node
}

fn read(path: &Path) -> HostLog {
    let file = std::fs::File::open(path).unwrap();
    hostlog::read(BufReader::new(file), &Limits::default()).unwrap()
}

fn node(folder: &Folder) -> Command {
    let mut node = Command::new("node");
    node.arg("app.mjs").current_dir(folder.path());
    node
}

#[test]
fn a_host_runs_as_ever_while_it_is_recorded() {
    if !has_node() {
        return;
    }
    let folder = Folder::of_host("every_form");
    let plain = node(&folder).output().unwrap();
    let plain_output = String::from_utf8(plain.stdout).unwrap();
    let cache = folder.arg("cache with a space");
    let record = |args: &[&str]| folder.command(args).env("XDG_CACHE_HOME", &cache).run();
    let recorded = record(&["record", "--", "node", "app.mjs"]);
    assert_eq!(recorded.stdout, plain_output);
    assert_eq!((recorded.status, recorded.stderr.as_str()), (3, ""));
    assert_eq!(plain.status.code(), Some(3));

    let log = read(&folder.join("app.hostlog"));
    assert_eq!(
        (log.modules.len(), log.instances.len(), log.crossings()),
        (4, 5, 28)
    );
    assert_eq!(
        log.modules[0],
        std::fs::read(folder.join("guest.wasm")).unwrap()
    );
    let worker = read(&folder.join("app.2.hostlog"));
    assert_eq!(worker.crossings(), 1);
    let mut wrote = Vec::new();
    for entry in &log.entries {
        if let Event::Wrote {
            address,
            length,
            at,
            ..
        } = &entry.event
        {
            let place = at.as_ref().unwrap();
            let index = place.line - place.first;
            wrote.push((*address, *length, place.lines[index as usize].clone()));
        }
    }
    let lines = |text: &str| {
        let source = std::fs::read_to_string(in_repository("tests/hosts/every_form.mjs")).unwrap();
        source
            .lines()
            .find(|line| line.contains(text))
            .unwrap()
            .to_owned()
    };
    let expected = [
        (100, 3, "view.set("),
        (200, 4, "view.fill("),
        (300, 3, "view.copyWithin("),
        (400, 6, "encodeInto"),
        (500, 4, "setUint32"),
        (600, 6, ".write("),
        (700, 2, "writeInt16LE"),
    ];
    let expected = expected.map(|(address, length, text)| (address, length, lines(text)));
    assert_eq!(wrote, expected);

    folder.write("app.hostlog", "notes");
    record(&["record", "--", "node", "app.mjs"])
        .assert_refused(&["app.hostlog already exists and is not a recording"]);
    assert_eq!(folder.read("app.hostlog"), "notes");
}

#[test]
fn a_host_that_is_killed_leaves_what_it_had() {
    if !has_node() {
        return;
    }
    let folder = Folder::of_host("every_form").with(
        "app.mjs",
        "import { readFileSync } from 'node:fs';
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
        const env = { memory, log: () => process.kill(process.pid, 'SIGKILL'), fail() {},
          again: () => 0, keep: (object) => object };
        const guest = new WebAssembly.Instance(
          new WebAssembly.Module(readFileSync('guest.wasm')), { env });
        guest.exports.add(1, 2);
        await new Promise((resolve) => setTimeout(resolve, 200));
        guest.exports.log(4);",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
    command
        .args(["record", "-o", "killed.hostlog", "--", "node", "app.mjs"])
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", folder.path());
    let status = command.status().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9)
    );
    let log = read(&folder.join("killed.hostlog"));
    assert_eq!(log.crossings(), 2);
}

/// Mistakes of `tests/hosts/mistakes.mjs`: the finding, and the line of the host that is wrong.
const MISTAKES: [(&str, &str, &str); 6] = [
    (
        "use_after_release",
        "error: use-after-release",
        "bytes(at, 5).fill(0x21);",
    ),
    ("double_release", "error: double-release", "free(at);"),
    ("invalid_release", "error: invalid-release", "free(at + 4);"),
    (
        "length_past_block",
        "out of bounds memory access",
        "upper(at, text.length + 70000);",
    ),
    (
        "released_while_used",
        "error: use-after-release",
        "upper(at, text.length);",
    ),
    // The wrong line is an assignment, so the call after it is named.
    (
        "assigned_after_release",
        "error: use-after-release",
        "alloc(5);",
    ),
];

#[test]
fn the_line_of_the_host_that_is_wrong_is_named() {
    if !has_node() {
        return;
    }
    let guest = wat::parse_str(read_in_repository("guest/examples/alloc.wat")).unwrap();
    let folder = Folder::new()
        .with("app.mjs", read_in_repository("tests/hosts/mistakes.mjs"))
        .with("guest.wasm", guest);
    let cache = folder.arg("cache");
    let record = |mistake: &str| {
        let command = [
            "record",
            "-o",
            "a.hostlog",
            "--",
            "node",
            "app.mjs",
            mistake,
        ];
        folder.command(&command).env("XDG_CACHE_HOME", &cache).run()
    };
    record("none");
    folder
        .run(&["run", "a.hostlog", "--deny", "warnings"])
        .success();
    for (mistake, finding, line) in MISTAKES {
        record(mistake);
        let run = folder.run(&["run", "a.hostlog"]);
        assert_eq!(run.status, 1, "{mistake}: {}", run.stdout);
        // The line is in the paragraph before the step with the finding.
        let (before, _) = run.stdout.split_once(finding).unwrap();
        let paragraph = before.rsplit("\n\n").nth(1).unwrap();
        let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(line), "{mistake}: {words}");
    }
}

#[test]
fn assignments_into_new_pages_are_seen_at_the_next_call() {
    if !has_node() {
        return;
    }
    let folder = Folder::of_host("after_growth");
    let cache = folder.arg("cache");
    let command = folder.command(&["record", "--", "node", "app.mjs"]);
    let recorded = command.env("XDG_CACHE_HOME", &cache).run();
    assert_eq!(recorded.stdout, "36\n");
    let run = folder.run(&["run", "app.hostlog"]).success();
    assert!(
        run.contains("write p1, hex\"01 02 03 04 05 06 07 08\""),
        "{run}"
    );
}

/// Returns whether `python3` has the package `wasmtime`; prints that a test is left out if not.
fn has_python() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import wasmtime"])
        .stderr(Stdio::null())
        .status();
    let has_python = found.is_ok_and(|status| status.success());
    if !has_python {
        eprintln!("left out: no python3 with the package wasmtime on the PATH");
    }
    has_python
}

fn python_folder() -> Folder {
    let text = read_in_repository("tests/hosts/python_host.wat");
    Folder::new()
        .with("app.py", read_in_repository("tests/hosts/python_host.py"))
        .with("guest.wasm", wat::parse_str(text).unwrap())
        .with(
            "own/sitecustomize.py",
            "import sys; print('own', file=sys.stderr)",
        )
}

#[test]
fn a_python_host_runs_as_ever_while_it_is_recorded() {
    if !has_python() {
        return;
    }
    // With an argument, the host ends by an exception that it does not catch.
    for (args, status) in [(&["app.py"][..], 3), (&["app.py", "fail"], 1)] {
        let folder = python_folder();
        let mut plain = Command::new("python3");
        let own = folder.join("own");
        plain
            .args(args)
            .current_dir(folder.path())
            .env("PYTHONPATH", &own);
        let plain = plain.output().unwrap();
        let command = [&["record", "--", "python3"], args].concat();
        let recorded = folder
            .command(&command)
            .env("XDG_CACHE_HOME", folder.arg("cache"))
            .env("PYTHONPATH", own.to_str().unwrap())
            .run();
        assert_eq!(recorded.stdout, String::from_utf8(plain.stdout).unwrap());
        // The traceback has no line of the recorder.
        assert_eq!(recorded.stderr, String::from_utf8(plain.stderr).unwrap());
        assert!(recorded.stderr.starts_with("own\n"), "{}", recorded.stderr);
        assert_eq!(
            (recorded.status, plain.status.code()),
            (status, Some(status))
        );
        let log = read(&folder.join("app.hostlog"));
        assert_eq!((log.modules.len(), log.instances.len()), (1, 2));
        let run = folder.run(&["run", "app.hostlog"]);
        assert!(!run.stdout.contains("diverged"), "{}", run.stdout);
        assert!(run.stdout.contains("app.py:50:"), "{}", run.stdout);
    }
}

#[test]
fn a_recording_of_a_python_host_ends_at_its_limit_and_the_host_does_not() {
    if !has_python() {
        return;
    }
    let folder = python_folder();
    let command = folder.command(&["record", "--", "python3", "app.py"]);
    let recorded = command
        .env("XDG_CACHE_HOME", folder.arg("cache"))
        .env("LINMEM_RECORD_LIMIT", "3000")
        .run();
    assert_eq!(recorded.status, 3);
    let text = folder.read("app.hostlog");
    assert!(text.ends_with("{\"end\":\"limit\"}\n"), "{text}");
}
