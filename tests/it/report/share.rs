//! What a person hands to others: the report that runs again, the picture, the recording and the
//! files they are in. All by the real program.

use crate::support::fabricated;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use linmem::report::{self, Format, Options};
use linmem::timeline::{Moment, Timeline};
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn linmem(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linmem"))
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = linmem(folder, args);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn written(timeline: &Timeline, options: &Options) -> String {
    let mut out = Vec::new();
    report::write(timeline, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn as_format(timeline: &Timeline, format: Format) -> String {
    written(
        timeline,
        &Options {
            format,
            ..Options::default()
        },
    )
}

#[test]
fn the_default_session_as_a_report_a_picture_and_a_recording() {
    let report = stdout(root(), &["run", "--format", "markdown"]);
    let recorded = format!("recorded by linmem {}", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(
        "default_session_markdown",
        report.replace(&recorded, "recorded by linmem VERSION")
    );
    insta::assert_snapshot!(
        "default_session_svg",
        stdout(root(), &["run", "--format", "svg", "--at", "4.7"])
    );
    insta::assert_snapshot!(
        "default_session_cast",
        stdout(root(), &["run", "--format", "cast", "--at", "4"])
    );
}

#[test]
fn a_step_that_trapped_as_a_report() {
    let timeline = fabricated::stores::trapped_store();
    insta::assert_snapshot!(
        "trapped_markdown",
        as_format(&timeline, Format::Markdown).replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

/// All sessions that ship with the program.
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

/// The steps of a trace, without where in the file they stand.
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
fn a_report_runs_again_to_the_same_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for session in sessions(&root().join("guest")) {
        let report = folder.path().join("report.md");
        let (session, report) = (session.to_str().unwrap(), report.to_str().unwrap());
        if fs::read_to_string(session).unwrap().contains("file(") {
            // What a script reads has to lie beside the report, as the report says.
            continue;
        }
        let first = linmem(root(), &["run", session, "--format", "json"]);
        if first.status.code() == Some(2) {
            // A document that holds no session.
            continue;
        }
        linmem(
            root(),
            &["run", session, "--format", "markdown", "--output", report],
        );
        let again = linmem(folder.path(), &["run", "report.md", "--format", "json"]);
        assert_eq!(
            again.status.code(),
            first.status.code(),
            "{session}: {}",
            String::from_utf8_lossy(&again.stderr)
        );
        let (first, again) = (
            String::from_utf8(first.stdout).unwrap(),
            String::from_utf8(again.stdout).unwrap(),
        );
        assert_eq!(steps(&first), steps(&again), "{session}");
        tried += 1;
    }
    assert!(tried >= 9, "{tried} sessions");
}

#[test]
fn in_ascii_there_is_nothing_else_and_a_report_is_the_same_session() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        root().join("guest/wasm_is_cool.wat"),
        folder.path().join("guest.wat"),
    )
    .unwrap();
    let session = "# Größe\n\nEin Pfeil → und mehr…\n\n```steps\nmodule \"guest.wat\"\ninput text = \"→ é\"\n\
                   ptr = call get_wasm_memory_buffer_pointer()\nregion r = ptr, 16\nwrite ptr, \"│ \\\\→ ✓\" ++ text\n```\n";
    fs::write(folder.path().join("a.md"), session).unwrap();
    for format in ["text", "markdown", "svg", "cast"] {
        let shown = |more: &[&str]| {
            stdout(
                folder.path(),
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
    stdout(
        folder.path(),
        &[
            "run", "a.md", "--ascii", "--format", "markdown", "-o", "b.md",
        ],
    );
    let changes = |file: &str| {
        let trace: serde_json::Value =
            serde_json::from_str(&stdout(folder.path(), &["run", file, "--format", "json"]))
                .unwrap();
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
fn a_message_of_several_lines_reads_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let guest = "(module (import \"env\" \"log\" (func $log (param i32))) (func (export \"say\") (call $log (i32.const 3))))";
    fs::write(folder.path().join("guest.wat"), guest).unwrap();
    fs::write(
        folder.path().join("a.steps"),
        "module \"guest.wat\"\ncall say()\n",
    )
    .unwrap();
    for format in ["markdown", "html", "svg"] {
        let shown = stdout(folder.path(), &["run", "a.steps", "--format", format]);
        let told = shown.split("</script>").next().unwrap_or_default();
        assert!(
            told.contains("it, add before the first"),
            "{format}: {told}"
        );
        assert!(!told.contains("step:;"), "{format}: {told}");
    }
}

#[test]
fn a_report_keeps_inputs_prose_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    let guest = root().join("guest/wasm_is_cool.wat");
    fs::copy(guest, folder.path().join("guest.wat")).unwrap();
    let session = "# Title\n\nA *word* on `ptr` & <b>.\n\n```steps\nmodule \"guest.wat\"\ninput text = \"x\"\n\
                   ptr = call get_wasm_memory_buffer_pointer()\n```\n\nSecond prose.\n\n```steps\nwrite ptr, text\n```\n";
    fs::write(folder.path().join("a.md"), session).unwrap();
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
    stdout(folder.path(), &args);
    let report = fs::read_to_string(folder.path().join("b.md")).unwrap();
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
        let trace: serde_json::Value = serde_json::from_str(&stdout(folder.path(), &args)).unwrap();
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
    // A report of the report is the same report, but for its name.
    stdout(
        folder.path(),
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
    let second = fs::read_to_string(folder.path().join("c.md")).unwrap();
    assert_eq!(
        second.replace("c.md", "X").split_once('\n').unwrap().1,
        report.split_once('\n').unwrap().1
    );
}

/// Markdown that a reader or a tracker would take for more than text.
#[track_caller]
fn assert_tame(report: &str) {
    let mut is_session = false;
    for event in Parser::new_ext(report, pulldown_cmark::Options::all()) {
        match event {
            Event::Html(html) if html.trim() == "<!-- linmem: the session -->" => is_session = true,
            Event::Html(html) | Event::InlineHtml(html) => {
                assert_eq!(html.trim(), "<!-- -->", "in\n{report}");
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                // Only the session at the end holds statements.
                let is_known = if is_session {
                    &*info == "steps"
                } else {
                    ["text", "diff"].contains(&&*info)
                };
                assert!(is_known, "a block of {info:?} in\n{report}");
            }
            Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::Table(_) | Tag::BlockQuote(_),
            ) => {
                panic!("{event:?} in\n{report}")
            }
            _ => {}
        }
    }
}

#[track_caller]
fn assert_well_formed(svg: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let mut texts = 0;
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error} in\n{svg}"))
        {
            quick_xml::events::Event::Eof => return texts,
            quick_xml::events::Event::Start(tag) => {
                let known = ["svg", "title", "style", "text"];
                assert!(
                    known.iter().any(|name| tag.name().as_ref() == *name),
                    "{tag:?}"
                );
                assert!(
                    tag.attributes().all(|attribute| attribute.is_ok()),
                    "{tag:?}"
                );
                texts += usize::from(tag.name().as_ref() == "text");
            }
            quick_xml::events::Event::DocType(_) | quick_xml::events::Event::CData(_) => {
                panic!("{svg}")
            }
            _ => {}
        }
    }
}

#[track_caller]
fn assert_page_is_tame(page: &str) {
    let count = |what: &str| page.to_lowercase().matches(what).count();
    assert_eq!(
        (
            count("<script"),
            count("</script"),
            count("<!--"),
            count("<style")
        ),
        (2, 2, 0, 1)
    );
    assert!(!page.contains(['\u{2028}', '\u{202e}', '\u{1b}']));
    // No tag asks for anything.
    let body = page
        .split_once("</style>")
        .unwrap()
        .1
        .split_once("<script")
        .unwrap()
        .0;
    for tag in body
        .split('<')
        .filter_map(|tag| tag.split_once('>'))
        .map(|(tag, _)| tag)
    {
        let asks = [" src", " on", "style", "http", "url("]
            .iter()
            .any(|word| tag.to_lowercase().contains(word));
        assert!(
            !asks && (!tag.contains("href") || tag.contains("href=\"#")),
            "{tag}"
        );
    }
    let style = page
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    assert!(!style.contains("@import") && !style.contains("url("));
    let json = page
        .split_once("id=\"record\">")
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    serde_json::from_str::<serde_json::Value>(json).unwrap();
}

fn assert_nothing_breaks_out(bad: &str) {
    let timeline = fabricated::hostile(bad);
    assert_tame(&as_format(&timeline, Format::Markdown));
    assert_page_is_tame(&as_format(&timeline, Format::Html));
    for step in 0..timeline.steps().len() {
        let until = Some(Moment::end_of(step));
        assert!(
            assert_well_formed(&written(
                &timeline,
                &Options {
                    format: Format::Svg,
                    until,
                    ..Options::default()
                }
            )) > 2
        );
    }
}

#[test]
fn text_of_a_guest_becomes_neither_markup_nor_a_statement() {
    for bad in [
        "</script><script>alert(1)</script>",
        "<!-- --><img src=x onerror=alert(1)>",
        "```\n```steps\nwrite 0, \"x\"\n```",
        "[a](javascript:alert(1)) ![b](http://c) @someone #1",
        "a\x1b[2J\u{202e}\n\x07é\"'\u{2028}\u{fffe}]]>&amp;",
        "| a | b |\n|---|---|\n# x\n> y\n- z\n1. w",
        "~~~steps",
        "<!-- linmem: the session -->",
    ] {
        assert_nothing_breaks_out(bad);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_text_breaks_out(bad in "[`<>!\\-&\"'\\[\\]()#|~*_@/:a-z\\\\\n\u{1b}\u{202e}\u{2028} ]{1,40}") {
        assert_nothing_breaks_out(&bad);
    }
}

#[test]
fn what_is_large_stays_small() {
    let timeline = fabricated::large_write();
    for (format, most) in [
        (Format::Markdown, 8_000),
        (Format::Html, 120_000),
        (Format::Svg, 40_000),
    ] {
        let len = as_format(&timeline, format).len();
        assert!(len < most, "{format:?}: {len}");
    }
    let many = fabricated::stores::many_stores(100_000);
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
fn a_report_of_many_steps_fits_a_tracker_and_tells_what_went_wrong() {
    let report = as_format(&fabricated::stores::many_steps(2000), Format::Markdown);
    let (told, _) = report.split_once("## The session").unwrap();
    assert!(told.chars().count() < 60_000, "{}", told.chars().count());
    assert!(
        told.contains("are left out here") && told.contains("1881 more steps"),
        "{told}"
    );
    assert!(told.contains("### ✗ Step 2000, failed"), "{told}");
}

#[test]
fn a_recording_plays_on_a_terminal_of_its_size() {
    let cast = stdout(root(), &["run", "--format", "cast", "--size", "120x40"]);
    assert_eq!(
        cast,
        stdout(root(), &["run", "--format", "cast", "--size", "120x40"]),
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
    let refused = linmem(root(), &["run", "--format", "cast", "--size", "10x10"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("from 40x12 to 300x100"));
}

#[test]
fn files_are_written_whole_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (format, begins) in [
        ("html", "<!doctype html>"),
        ("svg", "<svg "),
        ("markdown", "# "),
        ("cast", "{"),
        ("json", "{"),
    ] {
        let path = folder.path().join(format!("a.{format}"));
        fs::write(&path, "old").unwrap();
        stdout(
            folder.path(),
            &[
                "run",
                "--format",
                format,
                "--output",
                path.to_str().unwrap(),
            ],
        );
        assert!(
            fs::read_to_string(&path).unwrap().starts_with(begins),
            "{format}"
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    let refused = linmem(folder.path(), &["run", "--output", "."]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "error: . is a folder; name a file in it\n"
    );
    let refused = linmem(folder.path(), &["run", "--output", "none/a.svg"]);
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("error: cannot write none/a.svg"));
}

/// The pictures in the README are what the program draws today. `LINMEM_RENEW=1 cargo test --test it
/// report::share` draws them anew.
#[test]
fn the_pictures_of_the_readme_are_those_of_the_program() {
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
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (path, args) in pictures {
        let drawn = stdout(root(), args);
        if std::env::var_os("LINMEM_RENEW").is_some() {
            fs::create_dir_all(root().join(path).parent().unwrap()).unwrap();
            fs::write(root().join(path), &drawn).unwrap();
        }
        let kept = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(
            kept == drawn,
            "{path} is not what the program draws; LINMEM_RENEW=1 cargo test --test it report::share renews it"
        );
        assert!(assert_well_formed(&drawn) > 20);
        assert!(readme.contains(path), "the README shows {path}");
    }
}
