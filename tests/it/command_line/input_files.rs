//! Devices, pipes and long files as input, and output that nobody reads. No file is read without
//! bound, and the exit status is that of the run.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::{Folder, linmem};

const GUEST: &str = r#"(module (memory (export "memory") 1) (func (export "f")))"#;

#[test]
fn devices_are_not_read_without_bound() {
    linmem(&["run", "/dev/zero"])
        .assert_refused(&["/dev/zero is larger than 16 MiB, the limit for a steps file"]);
    linmem(&["inspect", "/dev/zero"]).assert_refused(&["larger than 256 MiB"]);
    let folder = Folder::new().with("m.wat", GUEST);
    folder
        .run(&["run", "m.wat", "--stdin", "/dev/zero"])
        .assert_refused(&["larger than 64 MiB"]);
    folder
        .run(&["run", "m.wat", "--config", "/dev/zero"])
        .assert_refused(&["/dev/zero is longer than"]);
}

#[test]
fn a_steps_file_has_one_limit_however_it_comes() {
    let long = "let x = 1\n".repeat((16 << 20) / 10 + 1);
    let folder = Folder::new().with("m.wat", GUEST).with("long.steps", &long);
    let limit = "larger than 16 MiB, the limit for a steps file";
    folder.run(&["run", "long.steps"]).assert_refused(&[limit]);
    let piped = folder.command(&["run", "-"]).stdin(long).run();
    piped.assert_refused(&[&format!("standard input is {limit}")]);
}

#[test]
fn errors_are_collected_up_to_a_number() {
    let garbage = "zzz\n".repeat(2 << 20);
    let folder = Folder::new().with("a.steps", garbage);
    let run = folder.run(&["run", "a.steps"]);
    assert!(run.duration < Duration::from_secs(30), "{:?}", run.duration);
    run.assert_refused(&["a.steps:1:1", "and 280 more errors"]);
    let brackets = format!("let x = {}", "(".repeat((1 << 20) + 10));
    let folder = Folder::new().with("a.steps", brackets);
    folder
        .run(&["run", "a.steps"])
        .assert_refused(&["more than 1048576 brackets are open here"]);
}

#[test]
fn refusals_quote_no_bytes_of_a_module() {
    for secret in [&b"secret=hunter2\n"[..], b"\x01\x02secret\xff"] {
        let folder = Folder::new()
            .with("m", secret)
            .with("a.steps", "module \"m\"\n");
        let refused = folder.run(&["run", "a.steps"]);
        assert!(!refused.stderr.contains("secret"), "{}", refused.stderr);
        refused.assert_refused(&["is not a WebAssembly module"]);
    }
}

/// Returns the path of a new named pipe.
fn pipe(folder: &Folder) -> String {
    let path = folder.arg("pipe");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

#[test]
fn a_pipe_that_nothing_writes_is_named() {
    let folder = Folder::new().with("m.wat", GUEST);
    let path = pipe(&folder);
    for args in [
        vec!["run", &path],
        vec!["run", "m.wat", "--stdin", &path],
        vec!["run", "m.wat", "--config", &path],
        vec!["inspect", &path],
    ] {
        let mut child = folder.command(&args).spawn();
        let expected = "waiting for a program that writes to the pipe";
        let mut message = vec![0; expected.len()];
        let stderr = child.stderr.as_mut().unwrap();
        stderr.read_exact(&mut message).unwrap();
        assert_eq!(String::from_utf8_lossy(&message), expected);
        // A writer that leaves at once ends the wait.
        drop(OpenOptions::new().write(true).open(&path).unwrap());
        child.wait().unwrap();
    }
}

#[test]
fn a_pipe_with_a_writer_is_read_without_a_message() {
    let folder = Folder::new().with("m.wat", GUEST);
    let path = pipe(&folder);
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
            pipe.write_all(b"module \"m.wat\"\ncall f()\n").unwrap();
        })
    };
    let run = folder.run(&["run", &path]);
    writer.join().unwrap();
    assert_eq!(run.stderr, "");
    run.assert_ok(&["call f()"]);
}

/// Runs the program with a device as one of its streams, and returns its exit status.
fn status(folder: &Folder, args: &[&str], redirect: impl FnOnce(&mut Command)) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
    command
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    redirect(&mut command);
    command.status().unwrap().code()
}

#[cfg(target_os = "linux")]
#[test]
fn streams_that_cannot_be_written_change_no_failure() {
    let folder = Folder::new()
        .with("m.wat", GUEST)
        .with("good.steps", "module \"m.wat\"\ncall f()\n")
        .with("bad.steps", "module \"m.wat\"\nexpect 1 == 2\n");
    let full = || {
        Stdio::from(
            OpenOptions::new()
                .write(true)
                .open(Path::new("/dev/full"))
                .unwrap(),
        )
    };
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let no_stderr = |args: &[&str]| {
        let on_full = status(&folder, args, |command| {
            command.stderr(full());
        });
        let on_closed = status(&folder, args, |command| {
            command.stderr(closed());
        });
        assert_eq!(on_full, on_closed, "{args:?}");
        on_full
    };
    assert_eq!(no_stderr(&["run", "nofile"]), Some(2));
    assert_eq!(no_stderr(&["run", "bad.steps"]), Some(1));
    assert_eq!(no_stderr(&["test", "nofile", "bad.steps"]), Some(2));
    let no_reader = |args: &[&str]| {
        status(&folder, args, |command| {
            command.stdout(closed());
        })
    };
    for command in ["run", "test"] {
        assert_eq!(no_reader(&[command, "good.steps"]), Some(0));
        assert_eq!(no_reader(&[command, "bad.steps"]), Some(1));
    }
    assert_eq!(no_reader(&["diff", "good.steps", "bad.steps"]), Some(1));
    assert_eq!(no_reader(&["--help"]), Some(0));
    let no_space = |args: &[&str]| {
        status(&folder, args, |command| {
            command.stdout(full());
        })
    };
    for args in [
        &["--help"][..],
        &["--version"],
        &["run", "good.steps"],
        &["test", "good.steps"],
    ] {
        assert_eq!(no_space(args), Some(2), "{args:?}");
    }
}
