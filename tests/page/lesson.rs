//! The page of a lesson: its questions are answered with keys, and its line is handed in.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::browser::Page;

/// Opens the page of a lesson.
fn open(chromium: &Path, name: &str) -> Page {
    let mut page = Page::empty(chromium);
    let file = page.folder.path().join("page.html");
    let written = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["lesson", name, "--format", "html", "--output"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(written.success(), "{name}");
    let source = std::fs::read_to_string(&file).unwrap();
    assert!(!source.contains("65535"), "the source shows an answer");
    page.go("");
    page
}

/// Types a text into the field of the question and sends it.
fn answer(page: &mut Page, typed: &str) {
    page.value(
        "document.getElementById('answer').focus(), document.getElementById('answer').value = ''",
    );
    page.ask("Input.insertText", json!({"text": typed}));
    enter(page);
}

fn enter(page: &mut Page) {
    for kind in ["keyDown", "keyUp"] {
        let text = if kind == "keyDown" { "\r" } else { "" };
        let key = json!({"type": kind, "key": "Enter", "code": "Enter", "text": text, "windowsVirtualKeyCode": 13});
        page.ask("Input.dispatchKeyEvent", key);
    }
}

fn shown_steps(page: &mut Page) -> i64 {
    page.value("document.querySelectorAll('#steps li:not([hidden])').length")
        .as_i64()
        .unwrap()
}

fn focused(page: &mut Page) -> Value {
    page.value("document.activeElement.id")
}

fn handed_in(text: &str, args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([&["answers", "-"], args].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

pub fn questions_are_answered_and_handed_in(chromium: &Path) {
    let mut page = open(chromium, "bytes");
    let all = page
        .value("document.querySelectorAll('#steps li').length")
        .as_i64()
        .unwrap();
    let first = shown_steps(&mut page);
    assert!(
        first < all,
        "{first} of {all}: the steps after the question are hidden"
    );
    // `G` and the address of the page go no further than the question.
    page.press("G");
    assert_eq!(
        page.text("#step-of"),
        format!("{} of {}", first - 1, all - 1)
    );
    assert!(page.text("#question").contains('?'));
    assert!(
        page.text("label[for=answer]").contains("a text"),
        "{}",
        page.text("label[for=answer]")
    );
    page.go("#step=9");
    assert_eq!(
        page.text("#step-of"),
        format!("{} of {}", first - 1, all - 1)
    );
    // A wrong answer leaves tries, and keys in the field do not move.
    answer(&mut page, "hl");
    assert!(
        page.text("#feedback").contains("Not hl. 2 tries are left."),
        "{}",
        page.text("#feedback")
    );
    assert_eq!(focused(&mut page), "answer");
    assert_eq!(shown_steps(&mut page), first);
    answer(&mut page, "0x49");
    assert_eq!(page.text("#feedback"), "Right.");
    assert_eq!(focused(&mut page), "next");
    assert!(shown_steps(&mut page) > first);
    // The second question: another kind, another base, a reply of the author, and the third try.
    page.press("G");
    answer(&mut page, "hello");
    assert_eq!(page.text("#feedback"), "A number is asked for.");
    answer(&mut page, "65536");
    assert!(
        page.text("#feedback").contains("That is the size."),
        "{}",
        page.text("#feedback")
    );
    page.value("[...document.querySelectorAll('#answering button')].find(b => b.textContent === 'Hint').click()");
    assert_eq!(
        page.value("document.querySelectorAll('.hints li').length"),
        1
    );
    answer(&mut page, "1");
    answer(&mut page, "2");
    assert!(
        page.text("#feedback").contains("The answer: 65535"),
        "{}",
        page.text("#feedback")
    );
    // The page is loaded again: the answers stay.
    page.go("");
    assert_eq!(page.text("#score"), "1 of 2 right");
    page.press("G");
    assert_eq!(shown_steps(&mut page), all);
    assert!(page.text("#hand-in").contains("Your score: 1 of 2 right."));
    // Half of a surrogate pair in the name is replaced.
    let line = page.value(
        "(() => { const field = document.getElementById('learner');
            const type = (text) => { field.value = text; field.dispatchEvent(new Event('input')); };
            type('A\\ud800');
            const line = document.getElementById('line').value;
            type('');
            return line; })()",
    );
    let line = line.as_str().unwrap();
    assert!(line.contains(" name=A%EF%BF%BD q"), "{line}");
    assert_eq!(handed_in(line, &[]).status.code(), Some(0), "{line}");
    page.value("document.getElementById('learner').focus()");
    page.ask("Input.insertText", json!({"text": "Ada, \"L\" é"}));
    let line = page.value("document.getElementById('line').value");
    let line = line.as_str().unwrap();
    page.value("document.getElementById('copy').click()");
    page.until("document.querySelector('#hand-in .feedback').textContent !== ''");
    let read = handed_in(&format!("Hello,\n> {line}\n"), &[]);
    let text = String::from_utf8_lossy(&read.stdout);
    assert_eq!(read.status.code(), Some(0), "{text}");
    assert!(
        text.contains("Ada, \"L\" é  bytes       1       1        0     0      5"),
        "{text}"
    );
    let json = handed_in(line, &["--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        json["lines"][0]["questions"][1]["typed"],
        json!(["65536", "1", "2"])
    );
    let changed = line.replace("missed", "right");
    let read = handed_in(&format!("{line}\n{changed}"), &["--format", "csv"]);
    assert_eq!(read.status.code(), Some(1));
    let text = String::from_utf8_lossy(&read.stdout);
    assert!(
        text.contains("standard input,2,\"Ada, \"\"L\"\" é\",bytes,2,0,0,0,5,changed"),
        "{text}"
    );
    page.done();
}

/// The terminal's test in `src/app/dialogs/lessons.rs` reads the same file.
pub fn equal_answers_are_equal(chromium: &Path) {
    let mut page = open(chromium, "tests/page/equal_answers.md");
    let mut checked = 0;
    loop {
        page.press("G");
        if page.value("document.getElementById('answering').hidden") == true {
            break;
        }
        let question = page.text("#answering .question");
        let (right, wrong) = question.split_once(" wrong: ").unwrap();
        let right = right.strip_prefix("right: ").unwrap();
        // The functions of the page are global in its script.
        for (list, is_right) in [(right, true), (wrong, false)] {
            for typed in list.split(" | ") {
                let (typed, step) = (json!(typed), page.text("#step-of"));
                let step = step.split(' ').next().unwrap();
                let is = page.value(&format!(
                    "(() => {{ const record = document.getElementById('record');
                    const {{ head, steps }} = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(record.textContent), (sign) => sign.charCodeAt(0))));
                    const {{ check }} = steps[{step}].ask, answer = typedAnswer({typed}, check);
                    return formProblem(answer, check) === null && [...answer.forms].some((form) =>
                        check.accepted.includes(sha256(`${{head.lesson.hash}}\\n{step}\\n${{form}}`).slice(0, 24))); }})()"
                ));
                assert_eq!(is, is_right, "{typed} at step {step}");
                checked += 1;
            }
        }
        page.value("[...document.querySelectorAll('#answering button')].find(b => b.textContent === 'Skip').click()");
    }
    assert!(checked > 80, "{checked}");
    page.done();
}

pub fn accessibility_and_width(chromium: &Path) {
    let mut page = open(chromium, "bytes");
    page.press("G");
    let nodes = page.ask("Accessibility.getFullAXTree", json!({}));
    let nodes = nodes["nodes"].as_array().unwrap();
    for (role, name) in [
        ("textbox", "Your answer"),
        ("button", "Check"),
        ("button", "Hint"),
        ("button", "Skip"),
        ("status", ""),
        ("list", "Hints"),
    ] {
        let has = nodes.iter().any(|node| {
            let is_named = node["name"]["value"]
                .as_str()
                .is_some_and(|text| text.starts_with(name));
            node["role"]["value"] == role && (name.is_empty() || is_named)
        });
        assert!(has, "no {role} {name:?}");
    }
    // Tab goes from the way on to the question, and from there to memory.
    page.value("document.getElementById('step').focus()");
    let mut order = Vec::new();
    for _ in 0..7 {
        page.press("Tab");
        order.push(page.value("document.activeElement.id || document.activeElement.textContent"));
    }
    let at = |wanted: &str| order.iter().position(|id| id == wanted);
    assert!(
        at("answer") < at("Check") && at("answer").is_some(),
        "{order:?}"
    );
    assert!(
        at("Check") < at("Hint") && at("Hint") < at("Skip"),
        "{order:?}"
    );
    for width in [320, 400, 768, 1280] {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        page.ask("Emulation.setDeviceMetricsOverride", size);
        let wide = page
            .value("document.documentElement.scrollWidth")
            .as_i64()
            .unwrap();
        assert!(wide <= width, "{wide} at {width}");
        if let Some(folder) = std::env::var_os("LINMEM_TEST_PICTURES") {
            let picture = page.ask("Page.captureScreenshot", json!({"format": "png"}));
            let picture = picture["data"].as_str().unwrap();
            let file = Path::new(&folder).join(format!("lesson-{width}.base64"));
            std::fs::write(file, picture).unwrap();
        }
    }
    page.done();
}
