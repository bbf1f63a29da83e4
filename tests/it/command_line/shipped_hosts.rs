//! The JavaScript hosts of the lesson `real-host`, and hosts with one mistake each: their recordings name
//! the line that is wrong. With Node, the hosts are recorded again.

use std::path::PathBuf;

use crate::support::command::{Folder, Run, in_repository, read_in_repository};

use super::record::has_node;

/// Whether the committed files that are made from others are written again.
fn is_renewing() -> bool {
    std::env::var("LINMEM_RENEW").is_ok_and(|value| value == "1")
}

/// Asserts that a committed file has these bytes, or writes it.
#[track_caller]
fn assert_file(path: &str, bytes: &[u8]) {
    let path: PathBuf = in_repository(path);
    if is_renewing() {
        std::fs::write(&path, bytes).unwrap();
    }
    let found = std::fs::read(&path).unwrap();
    assert!(
        found == bytes,
        "{} is out of date; LINMEM_RENEW=1 writes it again",
        path.display()
    );
}

/// Returns a folder with a host, which is recorded if there is Node, or with its committed recording.
fn recorded(folder: &Folder, host: &str, args: &[&str], committed: &str) {
    let committed = in_repository(committed);
    if !has_node() {
        folder.write("a.hostlog", std::fs::read(committed).unwrap());
        return;
    }
    let mut command = vec!["record", "-o", "a.hostlog", "--", "node", host];
    command.extend(args);
    let cache = folder.arg("cache");
    folder.command(&command).env("XDG_CACHE_HOME", &cache).run();
    if is_renewing() {
        std::fs::write(committed, folder.read("a.hostlog")).unwrap();
    }
}

/// Returns the paragraph before a step with this text, and the line with the text, which names the line
/// of a step that is blamed.
#[track_caller]
fn lines_about(run: &Run, text: &str) -> String {
    let (before, after) = run
        .stdout
        .split_once(text)
        .unwrap_or_else(|| panic!("no {text} in:\n{}", run.stdout));
    let paragraph = before.rsplit("\n\n").nth(1).unwrap_or_default();
    let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = after.lines().next().unwrap_or_default();
    format!("{paragraph}\n{text}{rest}")
}

#[test]
fn the_module_of_the_hosts_is_that_of_the_lesson() {
    let text = read_in_repository("guest/lessons/27-real-host.wat");
    assert_file("guest/hosts/guest.wasm", &wat::parse_str(text).unwrap());
}

/// The hosts of the lesson: what they print, the finding and the wrong line.
const SHIPPED: [(&str, &str, &str, &str); 2] = [
    (
        "kept_view",
        "\"\\u0000\\u0000\\u0000\\u0000\\u0000\"\n",
        "warning: detached-view",
        "new TextEncoder().encodeInto('title', view);",
    ),
    (
        "freed_twice",
        "plum  plum \n",
        "error: double-release",
        "free(letter);",
    ),
];

#[test]
fn the_hosts_of_the_lesson_name_their_wrong_lines() {
    for (name, output, finding, line) in SHIPPED {
        let folder = Folder::new();
        folder
            .run(&["lesson", "real-host", "--export", "."])
            .success();
        let committed = format!("{name}.hostlog");
        if has_node() {
            let cache = folder.arg("cache");
            let app = format!("{name}.mjs");
            let command = folder.command(&["record", "--", "node", &app]);
            let run = command.env("XDG_CACHE_HOME", &cache).run();
            assert_eq!(run.stdout, output);
            if is_renewing() {
                let path = in_repository(&format!("guest/hosts/{committed}"));
                std::fs::write(path, folder.read(&committed)).unwrap();
            }
        }
        let run = folder.run(&["run", &committed]);
        let paragraph = lines_about(&run, finding);
        assert!(paragraph.contains(line), "{name}: {paragraph}");
        let whole = read_in_repository(&format!("guest/hosts/{committed}"));
        let folder = Folder::new().with(&committed, whole);
        assert_eq!(
            folder.run(&["run", &committed]).stdout,
            run.stdout,
            "{name}"
        );
    }
}

/// The mistakes of `tests/hosts/conventions.mjs`: the finding, the wrong line, and the host that does it
/// right.
const MISTAKES: [(&str, &str, &str, Option<&str>); 8] = [
    (
        "hard_coded_return_area",
        "warning: stray-write",
        "guest.to_hex(8, from, 2);",
        Some("return_area"),
    ),
    (
        "result_left_out",
        "warning: stray-write",
        "guest.size();",
        Some("result_passed"),
    ),
    (
        "exception_leaves_stack",
        "warning: stack-not-restored",
        "guest.digit(0x78)",
        Some("exception_restores_stack"),
    ),
    (
        "text_larger_than_stack",
        "warning: stray-write",
        "bytes().set(text, at);",
        Some("text_on_stack"),
    ),
    (
        "index_for_address",
        "warning: scaled-pointer",
        "new Float32Array(memory.buffer).set([0.5, 0.25, 0.125, 0.125], at);",
        Some("index_of_address"),
    ),
    (
        "allocates_from_zero",
        "warning: stray-write",
        "bytes().set(encoder.encode(text), at);",
        Some("allocates_from_heap_base"),
    ),
    (
        "callback_of_another_type",
        "trap",
        "guest.apply(2, 21);",
        Some("callback_of_its_type"),
    ),
    (
        "growth_refused",
        "warning: growth-refused",
        "guest.reserve(70000);",
        None,
    ),
];

#[test]
fn the_wrong_line_of_each_host_is_named_and_the_right_one_is_quiet() {
    let guest = wat::parse_str(read_in_repository("tests/hosts/conventions.wat")).unwrap();
    let folder = Folder::new()
        .with("app.mjs", read_in_repository("tests/hosts/conventions.mjs"))
        .with("guest.wasm", guest);
    let mut faults = Vec::new();
    for (mistake, finding, line, right) in MISTAKES {
        let committed = format!("tests/hosts/conventions/{mistake}.hostlog");
        recorded(&folder, "app.mjs", &[mistake], &committed);
        let run = folder.run(&["run", "a.hostlog"]);
        if !run.stdout.contains(finding) {
            faults.push(format!("{mistake}: no {finding}\n{}", run.stdout));
        } else {
            let paragraph = lines_about(&run, finding);
            if !paragraph.contains(line) {
                faults.push(format!("{mistake}: {paragraph}\n{}", run.stdout));
            }
        }
        if let Some(right) = right {
            let committed = format!("tests/hosts/conventions/{right}.hostlog");
            recorded(&folder, "app.mjs", &[right], &committed);
            let run = folder.run(&["run", "a.hostlog", "--deny", "warnings"]);
            if run.status != 0 {
                faults.push(format!("{right}:\n{}", run.stdout));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn writes_into_detached_views_are_named_and_writes_into_new_views_are_quiet() {
    let folder = Folder::of_host("detached");
    recorded(
        &folder,
        "app.mjs",
        &["kept"],
        "tests/hosts/detached_kept.hostlog",
    );
    let run = folder.run(&["run", "a.hostlog"]);
    let expected = [
        "with `encodeInto` at app.mjs:10:13 in fill into a view",
        "with `set` at app.mjs:21:10 into a view",
    ];
    for message in expected {
        assert!(run.stdout.contains(message), "{message}\n{}", run.stdout);
    }
    let count = |text: &str| run.stdout.matches(text).count();
    // The import fills a detached view in the second and in the third call.
    assert_eq!(count("warning: detached-view"), 3, "{}", run.stdout);
    assert_eq!(count("memory grew in step 3, and"), 2, "{}", run.stdout);
    assert_eq!(count("diverged"), 0, "{}", run.stdout);

    recorded(
        &folder,
        "app.mjs",
        &["made"],
        "tests/hosts/detached_made.hostlog",
    );
    let run = folder.run(&["run", "a.hostlog", "--deny", "warnings"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
}

#[test]
fn what_the_host_does_to_tables_is_replayed() {
    let folder = Folder::of_host("tables");
    recorded(&folder, "app.mjs", &[], "tests/hosts/tables.hostlog");
    let run = folder.run(&["run", "a.hostlog", "--deny", "warnings"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    for step in [
        "set env.objects[3] = object(\"ref 0\")",
        "set env.objects[4] = null",
        "grow functions by 2",
        "set functions[1] = export double",
        "call apply(2, 21)  → -21",
        "expect trap call apply(1, 1)",
    ] {
        assert!(run.stdout.contains(step), "{step}\n{}", run.stdout);
    }
    let written = folder.run(&["run", "a.hostlog", "--format", "steps", "-o", "again.steps"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let steps = folder.read("again.steps");
    assert!(steps.contains("import env.objects elements 5\n"), "{steps}");
    assert!(
        steps.contains("sets functions[2] = export negate"),
        "{steps}"
    );
    let again = folder.run(&["run", "again.steps"]);
    assert_eq!(again.status, 0, "{}", again.stdout);
}

/// How many times a host is killed.
fn kills() -> u64 {
    let wanted = std::env::var("LINMEM_TEST_KILLS").ok();
    wanted.and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

#[test]
fn a_host_that_is_killed_at_any_moment_leaves_a_recording_that_opens() {
    if !has_node() {
        return;
    }
    let app = "import { readFileSync } from 'node:fs';
        const { memory, alloc, free, upper } = new WebAssembly.Instance(
          new WebAssembly.Module(readFileSync('guest.wasm'))).exports;
        for (let i = 0; ; i++) {
          const at = alloc(8 + i % 50);
          new Uint8Array(memory.buffer).set(new TextEncoder().encode('text ' + i), at);
          upper(at, 8);
          free(at);
        }";
    let folder = Folder::new().with("app.mjs", app).with(
        "guest.wasm",
        std::fs::read(in_repository("guest/hosts/guest.wasm")).unwrap(),
    );
    let cache = folder.arg("cache");
    for kill in 0..kills() {
        let _ = std::fs::remove_file(folder.join("a.hostlog"));
        let command = folder.command(&["record", "-o", "a.hostlog", "--", "node", "app.mjs"]);
        let mut child = command.env("XDG_CACHE_HOME", &cache).spawn();
        // The moments are spread over the first megabyte.
        let wanted = 20_000 + kill * 337_331 % 1_000_000;
        let size = || std::fs::metadata(folder.join("a.hostlog")).map_or(0, |file| file.len());
        while size() < wanted {
            assert!(child.try_wait().unwrap().is_none(), "the host ended");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let text = std::fs::read_to_string(folder.join("a.hostlog")).unwrap();
        let checked = folder.run(&["record", "--check", "a.hostlog"]);
        assert_eq!(checked.status, 0, "kill {kill}: {}", checked.stderr);
        assert!(
            text.contains("\"call\""),
            "kill {kill}: nothing was recorded"
        );
        // The beginning is enough for the replay, which takes long otherwise.
        let lines: Vec<&str> = text.split_inclusive('\n').take(200).collect();
        folder.write("a.hostlog", lines.concat());
        let run = folder.run(&["run", "a.hostlog"]);
        assert!(
            !run.stdout.contains("diverged"),
            "kill {kill}: {}",
            run.stdout
        );
        assert!(
            run.stdout.contains("call upper("),
            "kill {kill}: {}",
            run.stdout
        );
    }
}
