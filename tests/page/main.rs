//! The HTML page in headless Chromium: the test opens it from a file, moves its sliders, reads bytes
//! and presses keys.
//!
//! The test controls the browser through its debugging pipe, so that the keys are real ones. Without a
//! browser the test is skipped with a message. With `LINMEM_TEST_PAGE=must` in the environment, as in
//! `.ci/run`, it fails instead.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a failed assumption fails the test, and the harness prints its results"
)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use linmem::testing::nested_calls;
use serde_json::{Value, json};

/// The time that no answer of the browser takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let filters: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    if std::env::args().any(|arg| arg == "--list") {
        println!("page_in_chromium: test");
        return ExitCode::SUCCESS;
    }
    if !filters
        .iter()
        .all(|filter| "page_in_chromium".contains(filter.as_str()))
    {
        return ExitCode::SUCCESS;
    }
    let Some(chromium) = chromium() else {
        let must = std::env::var_os("LINMEM_TEST_PAGE").is_some_and(|word| word == "must");
        println!(
            "page_in_chromium ... {}: no chromium on the PATH",
            if must { "FAILED" } else { "SKIPPED" }
        );
        return if must {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        };
    };
    for (name, test) in TESTS {
        test(&chromium);
        println!("page_in_chromium {name} ... ok");
    }
    ExitCode::SUCCESS
}

fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

type Test = (&'static str, fn(&Path));

const TESTS: [Test; 6] = [
    ("sliders move through stores", sliders_move_through_stores),
    ("keys", keys),
    ("parts of a step", parts_of_a_step),
    ("accessibility", accessibility),
    ("findings and hostile names", findings_and_hostile_names),
    ("transcript", transcript),
];

/// A page that the program wrote, open in a browser.
struct Page {
    browser: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    next: u64,
    /// The errors that the browser reported.
    errors: Vec<String>,
    folder: tempfile::TempDir,
}

impl Page {
    fn open(chromium: &Path, args: &[&str], hash: &str) -> Page {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.html");
        let written = Command::new(env!("CARGO_BIN_EXE_linmem"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "run",
                "--format",
                "html",
                "--output",
                file.to_str().unwrap(),
            ])
            .args(args)
            .status()
            .unwrap();
        assert!(written.code().is_some_and(|code| code < 2));
        // The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        let mut browser = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2 2>/dev/null",
            ])
            .arg(chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
            ])
            .arg("--window-size=1280,1000")
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, from) = channel();
        let mut answers = browser.stdout.take().unwrap();
        std::thread::spawn(move || {
            let (mut kept, mut buffer) = (Vec::new(), [0; 65536]);
            while let Ok(read @ 1..) = answers.read(&mut buffer) {
                kept.extend_from_slice(&buffer[..read]);
                while let Some(end) = kept.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = kept.drain(..=end).collect();
                    if send
                        .send(serde_json::from_slice(&message[..end]).unwrap())
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
        let to = browser.stdin.take().unwrap();
        let (session, errors) = (String::new(), Vec::new());
        let mut page = Page {
            browser,
            to,
            from,
            session,
            next: 0,
            errors,
            folder,
        };
        let target =
            page.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = page.ask(
            "Target.attachToTarget",
            json!({"targetId": target, "flatten": true}),
        );
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            page.ask(domain, json!({}));
        }
        page.go(hash);
        page
    }

    fn go(&mut self, hash: &str) {
        let url = format!(
            "file://{}{hash}",
            self.folder.path().join("page.html").display()
        );
        self.ask("Page.navigate", json!({"url": url}));
        self.until("document.readyState === 'complete' && !!document.getElementById('record')");
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let answer = self
                .from
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no answer to {method}"));
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => self.errors.push(answer["params"].to_string()),
                Some("Log.entryAdded") if answer["params"]["entry"]["level"] == "error" => {
                    self.errors
                        .push(answer["params"]["entry"]["text"].to_string());
                }
                _ => {}
            }
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Evaluates an expression in the page.
    fn value(&mut self, expression: &str) -> Value {
        let answer = self.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true}),
        );
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    fn text(&mut self, selector: &str) -> String {
        let selector = serde_json::to_string(selector).unwrap();
        self.value(&format!(
            "document.querySelector({selector})?.textContent ?? 'nothing'"
        ))
        .as_str()
        .unwrap()
        .to_owned()
    }

    /// Waits until an expression is true.
    fn until(&mut self, expression: &str) {
        let promise = format!(
            "new Promise(done => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 10); look(); }})"
        );
        let asked = json!({"expression": promise, "awaitPromise": true, "returnByValue": true});
        assert_eq!(
            self.ask("Runtime.evaluate", asked)["result"]["value"],
            true,
            "{expression}"
        );
    }

    /// Presses and releases a key.
    fn press(&mut self, key: &str) {
        let code = match key {
            "ArrowRight" => 39,
            "ArrowLeft" => 37,
            "ArrowDown" => 40,
            "ArrowUp" => 38,
            "Tab" => 9,
            key => key.to_uppercase().bytes().next().unwrap().into(),
        };
        let text = if key.len() == 1 { key } else { "" };
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        let key = json!({"type": down, "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", key.clone());
        let mut up = key;
        up["type"] = "keyUp".into();
        self.ask("Input.dispatchKeyEvent", up);
    }

    fn byte(&mut self, table: &str, address: u64) -> String {
        self.text(&format!("#{table} [data-at='{address}']"))
    }

    #[track_caller]
    fn done(mut self) {
        assert_eq!(self.errors, Vec::<String>::new());
        let _ = self.ask("Target.getTargets", json!({}));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

fn sliders_move_through_stores(chromium: &Path) {
    let mut page = Page::open(chromium, &[], "#step=4&store=7");
    assert_eq!(page.text("h1"), "wasm_is_cool");
    assert_eq!(page.text("#after-title"), "Memory after store 7 of 14");
    assert_eq!(
        (page.byte("before", 0x412), page.byte("after", 0x412)),
        ("00".into(), "69".into())
    );
    assert_eq!(page.byte("after", 0x413), "00");
    assert!(
        page.text("#byte")
            .contains("step 4 store 7: guest $add_wasm_is_cool, wasm_is_cool.wat:45 (00 → 69)")
    );
    assert!(page.text("#byte").contains("i32.store8"));
    // The slider of the stores shows the text letter by letter.
    let read = "(() => { const text = []; const store = document.getElementById('store');\
        for (let at = 0; at <= 14; at++) { store.value = at; store.dispatchEvent(new Event('input', {bubbles: true}));\
        const byte = document.querySelector(`#after [data-at='${0x40c + Math.max(at - 1, 0)}']`).textContent;\
        if (at > 0) text.push(String.fromCharCode(parseInt(byte, 16))); } return text.join(''); })()";
    assert_eq!(page.value(read), " Wasm is cool!");
    let step = "(() => { const step = document.getElementById('step'); step.value = 3;\
        step.dispatchEvent(new Event('input', {bubbles: true})); return location.hash; })()";
    assert_eq!(page.value(step), "#step=3&byte=0x400");
    assert_eq!(
        (page.byte("before", 0x400), page.byte("after", 0x400)),
        ("00".into(), "44".into())
    );
    assert_eq!(page.byte("after", 0x40c), "00");
    // Every byte in the table has the value that the guest wrote.
    page.go("#step=6");
    let shown = page.value(
        "[...document.querySelectorAll('#after [data-at]')].map(cell => [Number(cell.dataset.at), cell.textContent])",
    );
    let text = b"Did you know Wasm is cool!";
    for cell in shown.as_array().unwrap() {
        let at = cell[0].as_u64().unwrap();
        let wanted = at
            .checked_sub(0x400)
            .and_then(|index| text.get(index as usize))
            .copied()
            .unwrap_or(0);
        assert_eq!(cell[1], format!("{wanted:02x}"), "{at:#x}");
    }
    page.done();
}

fn keys(chromium: &Path) {
    let mut page = Page::open(chromium, &[], "#step=3");
    page.press("ArrowRight");
    assert_eq!(page.text("#step-of"), "4 of 7");
    page.press("o");
    assert_eq!(page.text("#after-title"), "The same");
    page.press("ArrowRight");
    page.press("l");
    assert_eq!(page.text("#store-of"), "2 of 14");
    assert_eq!(page.byte("after", 0x40d), "57");
    page.press("ArrowLeft");
    assert_eq!(
        (page.text("#store-of"), page.byte("after", 0x40d)),
        ("1 of 14".into(), "00".into())
    );
    page.press("o");
    page.press("G");
    assert_eq!(page.text("#step-of"), "7 of 7");
    page.press("g");
    assert_eq!(page.text("#step-of"), "0 of 7");
    // Arrow keys move between the bytes of the table, and `w` goes to the writer of a byte.
    page.go("#step=6&byte=0x400");
    page.value("document.querySelector('#after [tabindex=\"0\"]').focus()");
    page.press("ArrowRight");
    page.press("ArrowDown");
    assert_eq!(page.value("document.activeElement.dataset.at"), "1041");
    assert_eq!(page.text("#byte-title"), "Byte 0x411");
    page.press("w");
    assert_eq!(page.value("location.hash"), "#step=4&store=6&byte=0x411");
    // The tab key reaches every control, and the focus is visible.
    page.go("#step=4");
    page.value("document.activeElement.blur()");
    let mut reached = Vec::new();
    for _ in 0..40 {
        page.press("Tab");
        reached.push(
            page.value("document.activeElement.id || document.activeElement.dataset.at || ''"),
        );
        assert_eq!(
            page.value("document.activeElement.matches(':focus-visible') || document.activeElement === document.body"),
            true
        );
    }
    for wanted in ["back", "next", "unfold", "step", "store", "1036", "writer"] {
        assert!(
            reached.iter().any(|id| id == wanted),
            "{wanted} in {reached:?}"
        );
    }
    page.done();
}

/// A call of an import is a part of its step: a button that shows memory before and after it.
fn parts_of_a_step(chromium: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let steps = folder.path().join("nested.steps");
    std::fs::write(folder.path().join("guest.wat"), nested_calls::GUEST).unwrap();
    let text = format!("module \"guest.wat\"\n{}\n", nested_calls::STEPS);
    std::fs::write(&steps, text).unwrap();
    let mut page = Page::open(chromium, &[steps.to_str().unwrap()], "#step=1");
    let names = "[...document.querySelectorAll('.parts button')].map(part => part.textContent)";
    assert_eq!(
        page.value(names),
        json!([
            "1/1 called env.fetch(16, 100) → 1, 3 events",
            "1/1/1 read 0x10 as cstr → \"color\"",
            "1/1/2 call allocate(5) → 1024, 1 event",
            "1/1/2/1 called env.log(1024)",
            "1/1/3 write 0x400, \"hello\"",
            "1/1/4 write 0x64, hex\"00 04 00 00 05 00 00 00\"",
            "1/2 called env.log(7)",
        ])
    );
    page.value("document.querySelectorAll('.parts button')[2].click()");
    assert_eq!(page.text("#before-title"), "Memory before 1/1/2");
    assert_eq!(page.text("#after-title"), "Memory after 1/1/2");
    let both = |page: &mut Page| (page.byte("before", 0x400), page.byte("after", 0x400));
    assert_eq!(both(&mut page), ("00".into(), "05".into()));
    page.value("document.querySelectorAll('.parts button')[0].click()");
    assert_eq!(both(&mut page), ("00".into(), "68".into()));
    // From a part on, the page goes through the stores.
    page.press("ArrowRight");
    assert_eq!(page.text("#after-title"), "Memory after store 6 of 6");
    page.done();
}

fn accessibility(chromium: &Path) {
    let mut page = Page::open(chromium, &[], "#step=4&store=7");
    assert_eq!(
        page.value("document.getElementById('said').getAttribute('aria-live')"),
        "polite"
    );
    let message = page.text("#said");
    assert!(
        message.contains("Store 7 of 14: guest $add_wasm_is_cool, wasm_is_cool.wat:45 put 69 at 0x412, where 00 was."),
        "{message}"
    );
    assert!(message.contains("The guest changed 14 bytes"), "{message}");
    let labelled = page
        .value("document.querySelector('#after [data-at=\"1042\"]').getAttribute('aria-label')");
    assert_eq!(labelled, "69, changed, was 00");
    // Changed bytes are marked by more than color.
    let style = "getComputedStyle(document.querySelector('#after .changed')).textDecorationLine";
    assert_eq!(page.value(style), "underline");
    let nodes = page.ask("Accessibility.getFullAXTree", json!({}));
    let nodes = nodes["nodes"].as_array().unwrap();
    let has = |role: &str, name: &str| {
        nodes.iter().any(|node| {
            node["role"]["value"] == role
                && node["name"]["value"]
                    .as_str()
                    .is_some_and(|text| text.starts_with(name))
        })
    };
    for (role, name) in [
        ("navigation", "Steps"),
        ("main", ""),
        ("grid", "Memory after"),
        ("slider", "step"),
        ("slider", "store"),
        ("button", "next"),
        ("heading", "Transcript"),
        ("rowheader", "00000400"),
        ("columnheader", "a"),
    ] {
        assert!(has(role, name), "no {role} {name:?}");
    }
    page.done();
}

fn findings_and_hostile_names(chromium: &Path) {
    let mut page = Page::open(chromium, &["guest/c_overrun.steps"], "#step=7");
    assert!(page.text("#findings").starts_with("as expected: overrun"));
    assert_eq!(
        page.value("document.querySelectorAll('#after .found').length > 0"),
        true
    );
    page.done();
    // The page opens at the step that failed.
    let mut page = Page::open(chromium, &["--set", "text=repeat(\"a\", 1011)"], "");
    assert_eq!(page.text("#step-of"), "4 of 7");
    assert!(
        page.text("#findings").contains("error: trap"),
        "{}",
        page.text("#findings")
    );
    page.done();
    let hostile = "</script><img src=x onerror=document.title='broken'>";
    let mut page = Page::open(chromium, &["--set", &format!("text={hostile}")], "");
    assert_eq!(page.value("document.title"), "wasm_is_cool · linmem");
    assert_eq!(page.value("document.querySelectorAll('img').length"), 0);
    assert!(page.text("header").contains(hostile));
    page.done();
}

fn transcript(chromium: &Path) {
    let mut page = Page::open(chromium, &[], "");
    assert!(
        page.text("#transcript")
            .contains("+ 00000400 │[44 69 64 20 79 6f 75 20")
    );
    page.ask("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let shown = "(id => getComputedStyle(document.getElementById(id)).display)";
    assert_eq!(page.value(&format!("{shown}('stage')")), "none");
    assert_eq!(page.value(&format!("{shown}('transcript')")), "block");
    page.ask("Emulation.setEmulatedMedia", json!({"media": "screen"}));
    // Nothing overflows to the right, even at the width of a phone.
    for width in [320, 400, 768, 1280] {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        page.ask("Emulation.setDeviceMetricsOverride", size);
        let wide = page
            .value("document.documentElement.scrollWidth")
            .as_i64()
            .unwrap();
        assert!(wide <= width, "{wide} at {width}");
    }
    page.done();
}
