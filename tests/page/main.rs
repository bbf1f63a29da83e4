//! The HTML page in headless Chromium: the test opens it from a file, moves its sliders, reads bytes
//! and presses keys. The recorder runs in a page too.
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

mod browser;
mod lesson;
mod recorder;

use std::path::Path;
use std::process::ExitCode;

use browser::Page;
use linmem::testing::nested_calls;
use serde_json::json;

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
    let Some(chromium) = browser::chromium() else {
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

type Test = (&'static str, fn(&Path));

const TESTS: [Test; 10] = [
    ("sliders move through stores", sliders_move_through_stores),
    ("keys", keys),
    ("parts of a step", parts_of_a_step),
    ("accessibility", accessibility),
    ("findings and hostile names", findings_and_hostile_names),
    ("transcript", transcript),
    (
        "lesson, answered",
        lesson::questions_are_answered_and_handed_in,
    ),
    ("lesson, equal answers", lesson::equal_answers_are_equal),
    ("lesson, access and width", lesson::accessibility_and_width),
    ("recorder", recorder::a_page_is_recorded_and_replayed),
];

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
