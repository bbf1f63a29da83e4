//! `linmem test --junit PATH`, read back as any other program would read it.

use std::fs;
use std::process::{Command, Output};

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use tempfile::TempDir;

const GUEST: &str = "(module (memory (export \"memory\") 1) (func (export \"boom\") unreachable))";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("m.wat", GUEST);
    write("good.steps", "module \"m.wat\"\nwrite 16, \"hello\"\n");
    write(
        "bad.steps",
        "module \"m.wat\"\nlet a = \"<&\\u{1}\\u{1b}[2J]]>\"\nexpect a == \"'x'\"\n",
    );
    write("trap.steps", "module \"m.wat\"\ncall boom()\n");
    write(
        "warn.steps",
        "module \"m.wat\"\nregion r = 16, 2\nwrite 16, \"abc\"\n",
    );
    write("broken.steps", "module \"m.wat\"\nnonsense <here>\n");
    folder
}

fn test(folder: &TempDir, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linmem"))
        .current_dir(folder.path())
        .arg("test")
        .args(args)
        .output()
        .unwrap()
}

/// What a reader sees: a line for each element with its attributes, and the texts in between.
fn read(text: &str) -> (Vec<String>, String) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let (mut elements, mut texts) = (Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                let mut line = tag.name().as_ref().to_string();
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(XmlVersion::Explicit1_0).unwrap();
                    line.push_str(&format!(" {}={value}", attribute.key.as_ref()));
                }
                elements.push(line);
            }
            Event::Text(part) => texts.push_str(&part),
            Event::GeneralRef(name) => texts.push_str(match &*name {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                other => panic!("&{other}; is not one of XML's own"),
            }),
            Event::Eof => return (elements, texts),
            _ => {}
        }
    }
}

#[test]
fn results_are_written_though_sessions_fail() {
    let folder = folder();
    let args = [
        "good.steps",
        "bad.steps",
        "trap.steps",
        "broken.steps",
        "--junit",
        "out.xml",
    ];
    let output = test(&folder, &args);
    assert_eq!(output.status.code(), Some(2), "broken.steps cannot be run");
    let text = fs::read_to_string(folder.path().join("out.xml")).unwrap();
    let is_legal = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_legal), "{text:?}");
    let (elements, texts) = read(&text);
    assert_eq!(
        elements[0],
        "testsuites name=linmem tests=4 failures=2 errors=1"
    );
    assert_eq!(
        elements[1],
        "testsuite name=linmem tests=4 failures=2 errors=1 skipped=0"
    );
    assert_eq!(
        elements[2],
        "testcase classname=linmem name=good.steps file=good.steps"
    );
    assert_eq!(
        elements[3],
        "testcase classname=linmem name=bad.steps file=bad.steps"
    );
    assert!(
        elements[4].starts_with("failure message=step 2: "),
        "{}",
        elements[4]
    );
    assert!(
        elements[4].contains("<&\\u{1}\\u{1b}[2J]]>") && elements[4].contains("'x'"),
        "{}",
        elements[4]
    );
    assert!(
        elements[6].starts_with("failure message=step 1: ") && elements[6].contains("unreachable"),
        "{}",
        elements[6]
    );
    assert!(
        elements[8].starts_with("error message=broken.steps:2:1"),
        "{}",
        elements[8]
    );
    assert!(
        texts.contains("✗ 2  expect a == ") && texts.contains("✗ 1  call boom()  → trapped"),
        "{texts}"
    );
    assert!(texts.contains("nonsense <here>"), "{texts}");
    // The same runs give the same bytes.
    test(&folder, &args);
    assert_eq!(
        fs::read_to_string(folder.path().join("out.xml")).unwrap(),
        text
    );
}

#[test]
fn failures_are_those_that_the_exit_status_counts() {
    let folder = folder();
    let suite = |args: &[&str]| {
        let output = test(&folder, args);
        let (elements, _) = read(&fs::read_to_string(folder.path().join("out.xml")).unwrap());
        (output.status.code(), elements[1].clone())
    };
    let counts =
        |failures| format!("testsuite name=linmem tests=1 failures={failures} errors=0 skipped=0");
    assert_eq!(
        suite(&["warn.steps", "--junit", "out.xml"]),
        (Some(0), counts(0))
    );
    assert_eq!(
        suite(&["warn.steps", "--junit", "out.xml", "--deny", "warnings"]),
        (Some(1), counts(1))
    );
}

#[test]
fn a_file_that_cannot_be_written_ends_in_2() {
    let folder = folder();
    let output = test(&folder, &["good.steps", "--junit", "none/out.xml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("error: cannot write none/out.xml"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 session: 1 ok"));
}
