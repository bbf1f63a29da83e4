//! Transcripts of timelines that are built by hand, as snapshots, and properties of all transcripts.

use super::timelines;
use crate::support::reports::{json, report, text, without_history_bytes};

use linmem::report::{Format, Options, problem, summary_line, write};
use linmem::safe;
use linmem::timeline::{Moment, Timeline};
use proptest::prelude::*;

#[test]
fn default_session() {
    let timeline = timelines::default_session();
    insta::assert_snapshot!("default_session", text(&timeline));
    insta::assert_snapshot!(
        "default_session_ascii",
        report(
            &timeline,
            &Options {
                ascii: true,
                ..Options::default()
            }
        )
    );
    let colored = report(
        &timeline,
        &Options {
            color: true,
            ..Options::default()
        },
    );
    insta::assert_snapshot!("default_session_color", colored.replace('\x1b', "␛"));
    insta::assert_snapshot!(
        "default_session_json",
        without_history_bytes(&json(&timeline))
    );
}

#[test]
fn growth_that_moves_the_pointer() {
    insta::assert_snapshot!("growth_that_moves", text(&timelines::growth_that_moves()));
}

#[test]
fn failures_and_traps() {
    insta::assert_snapshot!("failed_expect", text(&timelines::failed_expect()));
    insta::assert_snapshot!("trapped_call", text(&timelines::trapped_call()));
    insta::assert_snapshot!("out_of_bounds", text(&timelines::out_of_bounds()));
}

#[test]
fn guest_without_memory() {
    insta::assert_snapshot!("no_memory", text(&timelines::no_memory()));
}

#[test]
fn record_with_every_field() {
    insta::assert_snapshot!("rich", text(&timelines::rich()));
}

#[test]
fn names_with_control_characters() {
    insta::assert_snapshot!(
        "hostile",
        text(&timelines::hostile("a\x1b[2J\u{202e}\n\x07é\""))
    );
}

#[test]
fn large_writes_are_short_in_text_and_exact_in_json() {
    let timeline = timelines::large_write();
    insta::assert_snapshot!("large_write", text(&timeline));
    let trace: serde_json::Value = serde_json::from_str(&json(&timeline)).unwrap();
    assert_eq!(
        trace["steps"][1]["changes"][0]["after"]
            .as_str()
            .unwrap()
            .len(),
        2 * (10 << 20)
    );
}

#[test]
fn reports_end_at_a_moment() {
    let timeline = timelines::growth_that_moves();
    let at = |moment| {
        report(
            &timeline,
            &Options {
                until: Some(moment),
                ..Options::default()
            },
        )
    };
    insta::assert_snapshot!("until_step", at(Moment::end_of(2)));
    insta::assert_snapshot!("until_event", at(Moment { step: 3, event: 2 }));
    assert_eq!(
        at(Moment::end_of(99)).matches("✓").count(),
        timeline.steps().len()
    );
}

#[test]
fn color_and_stores_options_only_add() {
    for timeline in [
        timelines::default_session(),
        timelines::rich(),
        timelines::trapped_call(),
    ] {
        let colored = report(
            &timeline,
            &Options {
                color: true,
                ..Options::default()
            },
        );
        let bare = ["\x1b[1;4m", "\x1b[1m", "\x1b[0m"]
            .iter()
            .fold(colored, |text, code| text.replace(code, ""));
        assert_eq!(bare, text(&timeline));
    }
    let (without, with) = (
        json(&timelines::rich()),
        Options {
            stores: true,
            ..Options::default()
        },
    );
    let with = report(
        &timelines::rich(),
        &Options {
            format: Format::Json,
            ..with
        },
    );
    let mut with: serde_json::Value = serde_json::from_str(&with).unwrap();
    for step in with["steps"].as_array_mut().unwrap() {
        assert!(step.as_object_mut().unwrap().remove("events").is_some());
    }
    assert_eq!(
        with,
        serde_json::from_str::<serde_json::Value>(&without).unwrap()
    );
}

#[test]
fn summary_is_one_line() {
    let line = |timeline: &Timeline| {
        summary_line(timeline, "a.steps", problem(timeline, false).as_deref())
    };
    assert_eq!(
        line(&timelines::default_session()),
        "ok    a.steps  8 steps"
    );
    assert_eq!(
        line(&timelines::failed_expect()),
        "FAIL  a.steps  step 2: ptr == 0x500 does not hold; left: 1024; right: 1280"
    );
    assert_eq!(
        line(&timelines::trapped_call()),
        "FAIL  a.steps  step 2: unreachable executed; in $add_wasm_is_cool, wasm_is_cool.wat:21"
    );
    assert_eq!(line(&timelines::out_of_bounds()), "ok    a.steps  4 steps");
    let warned = timelines::growth_that_moves();
    assert_eq!(line(&warned), "ok    a.steps  5 steps");
    let denied = "step 4: stale-pointer: 0x400 was read after the buffer had moved to 0x110000.";
    assert_eq!(problem(&warned, true).as_deref(), Some(denied));
}

#[test]
fn numbers_are_exact_in_json() {
    let trace: serde_json::Value = serde_json::from_str(&json(&timelines::rich())).unwrap();
    assert_eq!(
        trace["inputs"][0]["value"].to_string(),
        i128::MAX.to_string()
    );
    let bindings = &trace["steps"][4]["bindings"];
    assert_eq!(bindings["nan"]["value"], "nan");
    assert_eq!(bindings["low"]["value"], "-inf");
    assert_eq!(bindings["bytes"]["value"], "ff0001");
    assert_eq!(bindings["list"]["value"].to_string(), r#"[1,["a"]]"#);
    assert_eq!(
        trace["steps"][3]["imports_called"][0]["results"][0].to_string(),
        "0.1"
    );
}

#[test]
fn write_errors_are_returned() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in [Format::Text, Format::Json] {
        let options = Options {
            format,
            ..Options::default()
        };
        let error = write(&timelines::rich(), &options, &mut Full).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn control_characters_are_escaped(bad in "\\PC{0,12}|(.|\\n|\\x1b|\\u{202e}|\\u{9b}){0,12}") {
        let timeline = timelines::hostile(&bad);
        for ascii in [false, true] {
            let until = Some(Moment::end_of(2));
            let shown = report(&timeline, &Options { ascii, until, ..Options::default() })
                + &report(&timeline, &Options { ascii, stores: true, ..Options::default() });
            prop_assert!(!shown.chars().any(|c| c != '\n' && safe::is_unsafe(c)), "{shown:?}");
            prop_assert!(!ascii || shown.is_ascii());
        }
        let trace = json(&timeline);
        prop_assert!(!trace.chars().any(|c| c != '\n' && safe::is_unsafe(c)), "{trace:?}");
        let parsed: serde_json::Value = serde_json::from_str(&trace).unwrap();
        prop_assert_eq!(parsed["title"].as_str(), Some(bad.as_str()));
        prop_assert!(!summary_line(&timeline, &bad, problem(&timeline, true).as_deref()).chars().any(safe::is_unsafe));
    }
}
