use proptest::prelude::*;

use super::*;
use crate::testing::{sessions, steps};
use crate::timeline::{PAGE, StepBuilder, StepKind, Writer};

/// A write: how many steps begin before it, its address and its bytes.
type Op = (bool, u64, Vec<u8>);

/// Builds a run with these writes by the host.
fn run(ops: &[Op]) -> Timeline {
    let mut timeline = Timeline::default();
    let mut memory = Image::zeroed(PAGE);
    let mut step = StepBuilder::begin(0, StepKind::Instantiate, String::new(), memory.clone());
    for (begins_step, start, bytes) in ops {
        if *begins_step {
            let after = step.memory.clone();
            timeline.push(step.finish(&memory));
            memory = after;
            let index = timeline.steps().len();
            step = StepBuilder::begin(index, StepKind::Write, String::new(), memory.clone());
        }
        steps::write(&mut step, *start, bytes, Writer::Host);
    }
    timeline.push(step.finish(&memory));
    timeline
}

/// Returns the last write to a byte up to a moment, found the slow way.
fn last_write(timeline: &Timeline, address: u64, moment: Moment) -> Option<Moment> {
    let mut found = None;
    for (step, record) in timeline.steps().iter().enumerate() {
        for (event, write) in record.events.writes().enumerate() {
            let at = Moment {
                step,
                event: event + 1,
            };
            if write.covers(address) && at <= moment {
                found = Some(at);
            }
        }
    }
    found
}

fn range(address: &str, length: Option<&str>, at: Option<At>) -> Range {
    Range {
        address: address.to_owned(),
        length: length.map(str::to_owned),
        at,
    }
}

fn at(text: &str) -> Option<At> {
    Some(text.parse().unwrap())
}

fn standard() -> Timeline {
    sessions::run(sessions::standard_config())
}

proptest! {
    /// Runs cover the range without gaps, each byte of a run has its last write, and two runs that
    /// follow each other have different ones.
    #[test]
    fn runs_have_the_last_write_of_each_byte(
        ops in prop::collection::vec((any::<bool>(), 0..40_u64, prop::collection::vec(any::<u8>(), 1..20)), 0..30),
        start in 0..50_u64,
        len in 1..40_u64,
        step in 0..30_usize,
        event in prop::option::of(0..6_usize),
    ) {
        let timeline = run(&ops);
        let step = step.min(timeline.steps().len() - 1);
        let events = timeline.step(step).unwrap().events.len();
        let moment = Moment { step, event: event.map_or(usize::MAX, |event| event.min(events)) };
        let writers = Writers::new(&timeline, moment, Span { start, len }, true);
        let runs: Vec<Run> = writers.runs().collect();
        let mut next = start;
        for (index, run) in runs.iter().enumerate() {
            prop_assert_eq!(run.span.start, next);
            prop_assert!(run.span.len > 0);
            next = run.span.end();
            for address in run.span.start..next {
                prop_assert_eq!(run.last, last_write(&timeline, address, moment));
            }
            if let Some(before) = index.checked_sub(1) {
                prop_assert_ne!(runs[before].last, run.last);
            }
        }
        prop_assert_eq!(next, start + len);
    }

    /// The writes of a run go back in time, and their bytes are those of memory at their moments.
    #[test]
    fn writes_of_a_run_have_the_bytes_before_and_after(
        ops in prop::collection::vec((any::<bool>(), 0..40_u64, prop::collection::vec(any::<u8>(), 1..20)), 0..30),
    ) {
        let timeline = run(&ops);
        let moment = timeline.end().unwrap();
        let writers = Writers::new(&timeline, moment, Span { start: 10, len: 30 }, true);
        for run in writers.runs() {
            let touches: Vec<Touch> = writers.writes(run).collect();
            let all = timeline.steps().iter().flat_map(|record| record.events.writes());
            let hits = all.filter(|write| write.start < run.span.end() && write.end() > run.span.start);
            prop_assert_eq!(touches.len(), hits.count());
            prop_assert!(touches.windows(2).all(|pair| pair[1].moment < pair[0].moment));
            for touch in touches {
                let Moment { step, event } = touch.moment;
                let Span { start, len } = touch.part;
                let before = timeline.memory_at(Moment { step, event: event - 1 }).read(start, len);
                prop_assert_eq!(&touch.before, &before);
                prop_assert_eq!(&touch.after, &timeline.memory_at(touch.moment).read(start, len));
                prop_assert_eq!(run.span.intersection(touch.whole), touch.part);
            }
        }
    }

    /// No line makes the parser panic, and every error is safe to print.
    #[test]
    fn any_line_is_a_request(line in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Err(error) = Request::parse(&line).question {
            prop_assert!(!error.to_string().contains(crate::safe::is_unsafe));
        }
    }

    /// No text makes the split or the evaluation of a range panic.
    #[test]
    fn any_text_is_split(text in "[0-9a-z.\"\\\\()\\[\\] é]{0,24}") {
        let (address, length) = split_range(&text);
        let timeline = Timeline::default();
        prop_assert!(writers(&timeline, &range(address, length, None), false).is_err());
    }
}

#[test]
fn a_range_is_split_at_the_dots_outside_of_brackets_and_quotes() {
    for (text, expected) in [
        ("0x400", ("0x400", None)),
        ("ptr + 4..16", ("ptr + 4", Some("16"))),
        ("ptr..", ("ptr", Some(""))),
        ("len(x[0..2])", ("len(x[0..2])", None)),
        (
            "x[0..2][0]..len(y[1..3])",
            ("x[0..2][0]", Some("len(y[1..3])")),
        ),
        ("len(\"a..b\\\"..\")..2", ("len(\"a..b\\\"..\")", Some("2"))),
        ("1..2..3", ("1..2", Some("3"))),
    ] {
        assert_eq!(split_range(text), expected, "{text}");
    }
}

#[test]
fn expressions_use_the_variables_at_the_moment() {
    let timeline = standard();
    let value = |expression: &str, at: Option<At>| {
        Expressions::new(&timeline, moment_of(&timeline, at.as_ref()).unwrap()).value(expression)
    };
    assert_eq!(value("ptr + 4", None), Ok(Value::Int(0x404)));
    assert_eq!(value("len(text)", at("0")), Ok(Value::Int(12)));
    // Step 4 binds `n` when it ends, so it has no value inside.
    assert_eq!(value("n", at("4")), Ok(Value::Int(26)));
    for inside in ["4.0", "4.13", "3"] {
        let error = value("n", at(inside)).unwrap_err();
        assert!(
            matches!(error, AnswerError::NotBoundYet { step: 4, .. }),
            "{error}"
        );
    }
    for (expression, code) in [
        ("nobody", "not-an-expression"),
        ("1 +", "not-an-expression"),
        ("", "not-an-expression"),
        ("1 / 0", "no-value"),
        ("calls(a.b)", "not-an-expression"),
        ("pages()", "not-an-expression"),
        ("file(\"x\")", "no-value"),
    ] {
        assert_eq!(
            value(expression, None).unwrap_err().code(),
            code,
            "{expression}"
        );
    }
}

#[test]
fn ranges_outside_memory_are_refused() {
    let timeline = standard();
    let code = |address: &str, length: Option<&str>| {
        let answer = writers(&timeline, &range(address, length, None), false);
        answer.map(drop).map_err(|error| error.code())
    };
    assert_eq!(code("0xffff", None), Ok(()));
    assert_eq!(code("0x10000", None), Err("outside-memory"));
    assert_eq!(code("0xffff", Some("2")), Err("outside-memory"));
    assert_eq!(code("-1", None), Err("outside-memory"));
    assert_eq!(code("1 << 40", None), Err("outside-memory"));
    assert_eq!(code("text", None), Err("outside-memory"));
    assert_eq!(code("0", Some("0")), Err("bad-length"));
    assert_eq!(code("0", Some("65536")), Ok(()));
    assert_eq!(code("0", Some("65537")), Err("bad-length"));
    assert_eq!(code("0", Some("1 << 40")), Err("bad-length"));
    assert_eq!(code("0", Some("1 << 100")), Err("bad-length"));
}

#[test]
fn next_and_previous_go_from_write_to_write() {
    let timeline = standard();
    let found = |address: &str, at: Option<At>, direction| {
        let found = find_touch(&timeline, &range(address, None, at), direction).unwrap();
        found.touch.map(|touch| At::from(touch.moment).to_string())
    };
    let (next, previous) = (Direction::Next, Direction::Previous);
    assert_eq!(found("0x40c", None, next).as_deref(), Some("4.1"));
    assert_eq!(found("0x40c", at("4.0"), next).as_deref(), Some("4.1"));
    assert_eq!(found("0x40c", at("4.1"), next), None);
    assert_eq!(found("0x40c", None, previous).as_deref(), Some("4.1"));
    assert_eq!(found("0x40c", at("4.2"), previous).as_deref(), Some("4.1"));
    assert_eq!(found("0x40c", at("4.1"), previous), None);
    assert_eq!(found("0x500", None, previous), None);
}

#[test]
fn questions_are_read_from_lines() {
    let question = |line: &str| Request::parse(line.as_bytes()).question;
    let who = |all| Question::Writers {
        range: range("ptr", Some("2"), at("4.10")),
        all,
    };
    assert_eq!(
        question(r#"{"who": {"address": "ptr", "length": 2, "at": "4.10", "all": true}}"#),
        Ok(who(true))
    );
    assert_eq!(
        question(r#"{"who": {"address": "ptr", "length": "2", "at": "4.10"}}"#),
        Ok(who(false))
    );
    assert_eq!(
        question(r#"{"memory": {"address": 1024, "length": null, "at": 3}}"#),
        Ok(Question::Memory {
            range: range("1024", None, at("3"))
        })
    );
    assert_eq!(question(r#"{"steps": {}}"#), Ok(Question::Steps));
    for line in [
        "{}",
        "1",
        r#"{"who": {}}"#,
        r#"{"who": 4}"#,
        r#"{"who": {"address": []}}"#,
        r#"{"who": {"address": 0, "all": 1}}"#,
        r#"{"who": {"address": 0, "at": 4.10}}"#,
        r#"{"who": {"address": 0, "at": "4.x"}}"#,
        r#"{"who": {"address": 0, "size": 1}}"#,
        r#"{"who": {"address": 0}, "next": {"address": 0}}"#,
        r#"{"steps": {"at": 1}}"#,
        r#"{"when": {}}"#,
    ] {
        assert_eq!(
            question(line).unwrap_err().code(),
            "not-a-question",
            "{line}"
        );
    }
    let id = |line: &str| Request::parse(line.as_bytes()).id.to_string();
    assert_eq!(
        id(r#"{"id": [1.50, {"a": null}], "x": 1}"#),
        r#"[1.50,{"a":null}]"#
    );
    assert_eq!(id(r#"{"id": 1"#), "null");
    let deep = "[".repeat(100_000);
    assert_eq!(question(&deep).unwrap_err().code(), "not-json");
}

#[test]
fn large_values_and_runs_without_steps_are_refused() {
    let timeline = standard();
    let question = Question::Value {
        expression: "repeat(\"a\", 2000000)".to_owned(),
        at: None,
    };
    assert_eq!(question.answer(&timeline).unwrap_err().code(), "too-large");
    let empty = Timeline::default();
    assert_eq!(
        Question::Regions { at: None }.answer(&empty).unwrap_err(),
        AnswerError::NoSteps
    );
}
