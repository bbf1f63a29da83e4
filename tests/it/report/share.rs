//! Output that people share: Markdown reports that can be run again, pages, pictures, asciicasts, and
//! the files they are written to.

use super::{event_timelines, timelines};
use crate::support::command::{Folder, in_repository, linmem, read_in_repository};
use crate::support::reports::as_format;

use std::fs;
use std::path::{Path, PathBuf};

use super::markup::assert_well_formed;

use linmem::report::Format;

#[track_caller]
fn stdout(args: &[&str]) -> String {
    linmem(args).quiet()
}

#[track_caller]
fn stdout_in(folder: &Folder, args: &[&str]) -> String {
    folder.run(args).quiet()
}

#[test]
fn default_session_as_markdown_svg_and_asciicast() {
    let report = stdout(&["run", "--format", "markdown"]);
    let recorded = format!("recorded by linmem {}", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(
        "default_session_markdown",
        report.replace(&recorded, "recorded by linmem VERSION")
    );
    insta::assert_snapshot!(
        "default_session_svg",
        stdout(&["run", "--format", "svg", "--at", "4.7"])
    );
    insta::assert_snapshot!(
        "default_session_cast",
        stdout(&["run", "--format", "cast", "--at", "4"])
    );
}

#[test]
fn trapped_step_as_markdown() {
    let timeline = event_timelines::trapped_store();
    insta::assert_snapshot!(
        "trapped_markdown",
        as_format(&timeline, Format::Markdown).replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

/// Returns a folder with the default guest in it.
fn folder_with_guest() -> Folder {
    Folder::new().with("guest.wat", read_in_repository("guest/wasm_is_cool.wat"))
}

/// Returns the paths of all sessions below `folder`.
fn sessions(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sessions(&path));
        } else if path.extension().is_some_and(|e| e == "steps" || e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the steps of a trace without their lines and narration.
fn steps(trace: &str) -> Vec<serde_json::Value> {
    let mut trace: serde_json::Value = serde_json::from_str(trace).unwrap();
    let steps = trace["steps"].as_array_mut().unwrap();
    for step in steps.iter_mut() {
        step.as_object_mut().unwrap().remove("line");
        step.as_object_mut().unwrap().remove("narration");
    }
    steps.clone()
}

#[test]
fn markdown_reports_run_to_the_same_memory() {
    let folder = Folder::new();
    let mut tried = 0;
    for session in sessions(&in_repository("guest")) {
        let report = folder.arg("report.md");
        let session = session.to_str().unwrap();
        if fs::read_to_string(session).unwrap().contains("file(") {
            // The files that a script reads must be next to the report.
            continue;
        }
        let first = linmem(&["run", session, "--format", "json"]);
        if first.status == 2 {
            // The document contains no session.
            continue;
        }
        linmem(&["run", session, "--format", "markdown", "--output", &report]);
        let again = folder.run(&["run", "report.md", "--format", "json"]);
        assert_eq!(again.status, first.status, "{session}: {}", again.stderr);
        assert_eq!(steps(&first.stdout), steps(&again.stdout), "{session}");
        tried += 1;
    }
    assert!(tried >= 9, "{tried} sessions");
}

#[test]
fn ascii_reports_are_ascii_and_run_again() {
    let folder = folder_with_guest();
    let session = "# Größe\n\nEin Pfeil → und mehr…\n\n```steps\nmodule \"guest.wat\"\ninput text = \"→ é\"\n\
                   ptr = call get_wasm_memory_buffer_pointer()\nregion r = ptr, 16\nwrite ptr, \"│ \\\\→ ✓\" ++ text\n```\n";
    folder.write("a.md", session);
    for format in ["text", "markdown", "svg", "cast"] {
        let shown = |more: &[&str]| {
            stdout_in(
                &folder,
                &[&["run", "a.md", "--format", format], more].concat(),
            )
        };
        assert!(!shown(&[]).is_ascii(), "{format}");
        let ascii = shown(&["--ascii"]);
        assert!(ascii.is_ascii(), "{format}: {ascii}");
        if format == "svg" {
            assert_well_formed(&ascii);
        }
    }
    stdout_in(
        &folder,
        &[
            "run", "a.md", "--ascii", "--format", "markdown", "-o", "b.md",
        ],
    );
    let changes = |file: &str| {
        let trace: serde_json::Value =
            serde_json::from_str(&stdout_in(&folder, &["run", file, "--format", "json"])).unwrap();
        trace["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["changes"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(changes("a.md"), changes("b.md"));
}

#[test]
fn multiline_messages_are_joined() {
    let guest = "(module (import \"env\" \"log\" (func $log (param i32))) (func (export \"say\") (call $log (i32.const 3))))";
    let folder = Folder::new()
        .with("guest.wat", guest)
        .with("a.steps", "module \"guest.wat\"\ncall say()\n");
    for format in ["markdown", "html", "svg"] {
        let shown = stdout_in(&folder, &["run", "a.steps", "--format", format]);
        let body = shown.split("</script>").next().unwrap_or_default();
        assert!(
            body.contains("it, add before the first"),
            "{format}: {body}"
        );
        assert!(!body.contains("step:;"), "{format}: {body}");
    }
}

#[test]
fn markdown_reports_keep_inputs_prose_and_limits() {
    let folder = folder_with_guest();
    let session = "# Title\n\nA *word* on `ptr` & <b>.\n\n```steps\nmodule \"guest.wat\"\ninput text = \"x\"\n\
                   ptr = call get_wasm_memory_buffer_pointer()\n```\n\nSecond prose.\n\n```steps\nwrite ptr, text\n```\n";
    folder.write("a.md", session);
    let args = [
        "run",
        "a.md",
        "--set",
        "text=``` \u{202e}end",
        "--max-memory",
        "1MiB",
        "--format",
        "markdown",
        "-o",
        "b.md",
    ];
    stdout_in(&folder, &args);
    let report = folder.read("b.md");
    assert!(
        report.contains("`linmem REPORT.md --max-memory 1048576`"),
        "{report}"
    );
    assert!(!report.contains('\u{202e}'), "{report}");
    let trace = |file: &str, set: &[&str]| {
        let args: Vec<&str> = ["run", file, "--format", "json"]
            .iter()
            .chain(set)
            .copied()
            .collect();
        let trace: serde_json::Value = serde_json::from_str(&stdout_in(&folder, &args)).unwrap();
        let steps = trace["steps"].as_array().unwrap().clone();
        steps
            .into_iter()
            .map(|step| (step["narration"].clone(), step["changes"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        trace("b.md", &[]),
        trace("a.md", &["--set", "text=``` \u{202e}end"])
    );
    // A report of the report differs only in its name.
    stdout_in(
        &folder,
        &[
            "run",
            "b.md",
            "--max-memory",
            "1MiB",
            "--format",
            "markdown",
            "-o",
            "c.md",
        ],
    );
    let second = folder.read("c.md");
    assert_eq!(
        second.replace("c.md", "X").split_once('\n').unwrap().1,
        report.split_once('\n').unwrap().1
    );
}

#[test]
fn large_sessions_have_small_reports() {
    let timeline = timelines::large_write();
    for (format, most) in [
        (Format::Markdown, 8_000),
        (Format::Html, 120_000),
        (Format::Svg, 40_000),
    ] {
        let len = as_format(&timeline, format).len();
        assert!(len < most, "{format:?}: {len}");
    }
    let many = event_timelines::many_stores(100_000);
    for (format, most) in [
        (Format::Markdown, 10_000),
        (Format::Html, 400_000),
        (Format::Svg, 40_000),
    ] {
        let len = as_format(&many, format).len();
        assert!(len < most, "{format:?}: {len}");
    }
    assert!(as_format(&many, Format::Html).contains("\"events\":100000"));
}

#[test]
fn markdown_of_many_steps_is_shortened() {
    let report = as_format(&event_timelines::many_steps(2000), Format::Markdown);
    let (steps, _) = report.split_once("## The session").unwrap();
    assert!(steps.chars().count() < 60_000, "{}", steps.chars().count());
    assert!(
        steps.contains("are left out here") && steps.contains("1881 more steps"),
        "{steps}"
    );
    assert!(steps.contains("### ✗ Step 2000, failed"), "{steps}");
}

#[test]
fn asciicast_plays_in_a_terminal_of_its_size() {
    let cast = stdout(&["run", "--format", "cast", "--size", "120x40"]);
    assert_eq!(
        cast,
        stdout(&["run", "--format", "cast", "--size", "120x40"]),
        "the same every time"
    );
    let mut lines = cast.lines();
    let header: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(
        (&header["version"], &header["width"], &header["height"]),
        (&2.into(), &120.into(), &40.into())
    );
    assert!(header.get("timestamp").is_none());
    let mut terminal = vt100::Parser::new(40.try_into().unwrap(), 120.try_into().unwrap(), 0);
    let (mut last, mut frames, mut seen) = (0.0, 0, String::new());
    for line in lines {
        let event: (f64, String, String) = serde_json::from_str(line).unwrap();
        assert!(event.0 >= last && event.1 == "o", "{line}");
        (last, frames) = (event.0, frames + 1);
        terminal.process(event.2.as_bytes());
        seen.push_str(&terminal.screen().contents());
    }
    assert!((10.0..120.0).contains(&last), "{last} seconds");
    assert!(frames > 25, "{frames} frames");
    assert!(seen.contains("after store 7 of 14") && seen.contains("step 4 of 7"));
    let end = terminal.screen().contents();
    assert!(
        end.contains("step 7 of 7") && end.contains("✓ 7 expect out"),
        "{end}"
    );
    linmem(&["run", "--format", "cast", "--size", "10x10"])
        .assert_refused(&["from 40x12 to 300x100"]);
}

#[test]
fn output_files_are_replaced_or_refused() {
    let folder = Folder::new();
    for (format, start) in [
        ("html", "<!doctype html>"),
        ("svg", "<svg "),
        ("markdown", "# "),
        ("cast", "{"),
        ("json", "{"),
    ] {
        let file = format!("a.{format}");
        folder.write(&file, "old");
        stdout_in(&folder, &["run", "--format", format, "--output", &file]);
        assert!(folder.read(&file).starts_with(start), "{format}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    let message = folder.run(&["run", "--output", "."]).refusal();
    assert_eq!(message, "error: . is a folder; name a file in it\n");
    let message = folder.run(&["run", "--output", "none/a.svg"]).refusal();
    assert!(message.starts_with("error: cannot write none/a.svg"));
}

/// The pictures in the README are what the program draws. `LINMEM_RENEW=1 cargo test --test it
/// report::share` updates them.
#[test]
fn readme_pictures_are_current() {
    let pictures: [(&str, &[&str]); 2] = [
        (
            "docs/pictures/call.svg",
            &["run", "--format", "svg", "--at", "4.7"],
        ),
        (
            "docs/pictures/overrun.svg",
            &[
                "run",
                "guest/c_overrun.steps",
                "--format",
                "svg",
                "--at",
                "7",
            ],
        ),
    ];
    let readme = read_in_repository("README.md");
    for (path, args) in pictures {
        let drawn = stdout(args);
        if std::env::var_os("LINMEM_RENEW").is_some() {
            fs::write(in_repository(path), &drawn).unwrap();
        }
        let current = fs::read_to_string(in_repository(path)).unwrap_or_default();
        assert!(
            current == drawn,
            "{path} is not what the program draws; LINMEM_RENEW=1 cargo test --test it report::share updates it"
        );
        assert!(assert_well_formed(&drawn) > 20);
        assert!(readme.contains(path), "the README shows {path}");
    }
}
