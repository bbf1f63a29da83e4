//! `linmem test --junit PATH`. The file is read back with an XML parser.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::support::command::{Folder, Run};

const GUEST: &str = "(module (memory (export \"memory\") 1) (func (export \"boom\") unreachable))";

fn folder() -> Folder {
    Folder::new()
        .with("m.wat", GUEST)
        .with("good.steps", "module \"m.wat\"\nwrite 16, \"hello\"\n")
        .with(
            "bad.steps",
            "module \"m.wat\"\nlet a = \"<&\\u{1}\\u{1b}[2J]]>\"\nexpect a == \"'x'\"\n",
        )
        .with("trap.steps", "module \"m.wat\"\ncall boom()\n")
        .with(
            "warn.steps",
            "module \"m.wat\"\nregion r = 16, 2\nwrite 16, \"abc\"\n",
        )
        .with("broken.steps", "module \"m.wat\"\nnonsense <here>\n")
}

fn test(folder: &Folder, args: &[&str]) -> Run {
    folder.run(&[&["test"], args].concat())
}

/// Parses `text`. Returns a line for each element with its attributes, and the texts between them.
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
fn results_are_written_even_if_sessions_fail() {
    let folder = folder();
    let args = [
        "good.steps",
        "bad.steps",
        "trap.steps",
        "broken.steps",
        "--junit",
        "out.xml",
    ];
    // `broken.steps` cannot be run.
    test(&folder, &args).assert_status(2);
    let text = folder.read("out.xml");
    let is_legal = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_legal), "{text:?}");
    let (elements, texts) = read(&text);
    assert_eq!(
        elements[0],
        "testsuites name=linmem tests=4 skipped=0 failures=2 errors=1"
    );
    assert_eq!(
        elements[1],
        "testsuite name=linmem tests=4 skipped=0 errors=1 failures=2"
    );
    assert_eq!(
        elements[2],
        "testcase name=good.steps classname=linmem file=good.steps"
    );
    assert_eq!(
        elements[3],
        "testcase name=bad.steps classname=linmem file=bad.steps"
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
    // The output is deterministic.
    test(&folder, &args);
    assert_eq!(folder.read("out.xml"), text);
}

#[test]
fn failures_match_the_exit_status() {
    let folder = folder();
    let suite = |args: &[&str]| {
        let status = test(&folder, args).status;
        let (elements, _) = read(&folder.read("out.xml"));
        (status, elements[1].clone())
    };
    let counts =
        |failures| format!("testsuite name=linmem tests=1 skipped=0 errors=0 failures={failures}");
    assert_eq!(suite(&["warn.steps", "--junit", "out.xml"]), (0, counts(0)));
    assert_eq!(
        suite(&["warn.steps", "--junit", "out.xml", "--deny", "warnings"]),
        (1, counts(1))
    );
}

#[test]
fn an_unwritable_file_exits_with_2() {
    let folder = folder();
    let run = test(&folder, &["good.steps", "--junit", "none/out.xml"]);
    run.assert_status(2)
        .assert_contains(&["error: cannot write none/out.xml", "1 session: 1 ok"]);
}
