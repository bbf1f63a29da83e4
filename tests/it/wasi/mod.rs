//! WASI built in: every function of both versions, what real programs need of it, and guests that
//! mean it harm.

mod functions;
mod hostile;
mod programs;

use std::sync::Arc;

use linmem::guest::Guest;
use linmem::report::{self, Format, Options};
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};
use linmem::timeline::{FindingKind, Status, StepRecord, Timeline};

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
    FUNCTIONS
        .into_iter()
        .filter(move |(name, _)| !(is_old && *name == "sock_accept"))
}

/// A guest that imports every function and exports each under its own name, and what `more` adds.
fn every_function(module: &str, more: &str) -> String {
    let mut wat = String::from("(module\n");
    for (name, params) in functions(module) {
        wat.push_str(&format!(
            "(import \"{module}\" \"{name}\" (func ${name} {}))\n",
            ty(name, params)
        ));
    }
    wat.push_str("(memory (export \"memory\") 1)\n");
    for (name, params) in functions(module) {
        let args: String = (0..params.len())
            .map(|i| format!("(local.get {i})"))
            .collect();
        wat.push_str(&format!(
            "(func (export \"{name}\") {} (call ${name} {args}))\n",
            ty(name, params)
        ));
    }
    wat + more + ")"
}

fn ty(name: &str, params: &str) -> String {
    let params: String = params
        .chars()
        .map(|c| if c == 'I' { " i64" } else { " i32" })
        .collect();
    let result = if name == "proc_exit" {
        ""
    } else {
        "(result i32)"
    };
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

fn opening(wat: &str, steps: &str, stdin: &[u8]) -> SessionConfig {
    SessionConfig {
        title: "test".into(),
        script: script::parse("test.steps", steps).unwrap_or_else(|e| panic!("{e}")),
        guest: Guest::from_bytes("some/folder/test.wat", wat.as_bytes()).unwrap(),
        files: Files::Folder(".".into()),
        sets: Vec::new(),
        limits: Limits::default(),
        control: CancelHandle::default(),
        stdin: Arc::from(stdin),
    }
}

fn complete(opening: SessionConfig) -> Timeline {
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
    report::write(
        timeline,
        &Options {
            format,
            ..Options::default()
        },
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

fn text(timeline: &Timeline) -> String {
    written(timeline, Format::Text)
}

fn all_ok(timeline: Timeline) -> Timeline {
    assert_eq!(timeline.status(), Status::Ok, "{}", text(&timeline));
    for step in timeline.steps() {
        assert!(
            step.findings
                .iter()
                .all(|f| f.kind != FindingKind::Unattributed),
            "{}",
            text(&timeline)
        );
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
    rows.lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .enumerate()
        .map(step)
        .collect()
}
