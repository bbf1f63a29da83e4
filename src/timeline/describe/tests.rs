use std::sync::Arc;

use super::super::{Ask, FindingKind, Image, NamedSpan, PlannedStep, Span, StepBuilder, Writer};
use super::*;
use crate::testing::steps::{bind, fail, grow, import_writer as import, write as put};
use crate::testing::timelines::TimelineBuilder;

/// A timeline of one page, instantiated, to which steps are added one by one.
struct Story(TimelineBuilder);

impl Story {
    fn new() -> Self {
        let mut builder = TimelineBuilder::new("", 1);
        builder.step(StepKind::Instantiate, "instantiate", |_| ());
        Story(builder)
    }

    /// Adds a step that `fill` completes and returns its narration.
    fn step(&mut self, kind: StepKind, fill: impl FnOnce(&mut StepBuilder)) -> String {
        let index = self.0.timeline().steps().len();
        self.0.step(kind, "", fill);
        describe_step(self.0.timeline(), index)
    }
}

fn call(record: &mut StepRecord, results: &[Value]) {
    crate::testing::steps::call(record, "f", &[], results);
}

/// Makes the step a call that fetches a pointer.
fn fetch(record: &mut StepRecord, address: u64, moved_from: Option<u64>) {
    call(record, &[Value::Int(address.into())]);
    bind(record, "ptr", Value::Int(address.into()));
    record.pointers = vec![Pointer {
        name: "ptr".into(),
        address,
        moved_from,
        fetched: true,
    }];
}

/// Returns the narration of an instantiation that `fill` completes.
fn first(fill: impl FnOnce(&mut StepBuilder)) -> String {
    let mut builder = TimelineBuilder::new("", 1);
    builder.step(StepKind::Instantiate, "", fill);
    describe_step(&builder.finish(), 0)
}

#[test]
fn instantiation_describes_what_data_segments_wrote() {
    assert_eq!(
        first(|r| put(r, 0x100, b" Wasm is cool!", Writer::Data { segment: 0 })),
        "The module was instantiated: data segment 0 wrote 14 bytes at 0x100..0x10e. Memory is 1 \
         page, 64 KiB, zero elsewhere."
    );
    assert_eq!(
        first(|_| ()),
        "The module was instantiated. Memory is 1 page, 64 KiB, all zero."
    );
    let many = first(|r| {
        (0..5).for_each(|n| put(r, 16 * u64::from(n), b"ab", Writer::Data { segment: n }));
    });
    assert!(
        many.contains("5 data segments wrote 10 bytes in 5 runs within 0x0..0x42"),
        "{many}"
    );
    let started = first(|r| {
        put(r, 8, b"a", Writer::Data { segment: 0 });
        put(r, 9, b"b", Writer::guest());
        put(r, 99, b"c", import("init"));
    });
    assert!(
        started.contains(
            "data segment 0 wrote 1 byte at 0x8, its start code changed 1 byte at 0x9 and import \
             env.init changed 1 byte at 0x63."
        ),
        "{started}"
    );
}

#[test]
fn a_guest_without_memory_is_described_so() {
    let mut timeline = Timeline::default();
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        String::new(),
        Image::default(),
    ));
    assert_eq!(
        describe_step(&timeline, 0),
        "The module was instantiated. It has no memory."
    );
    let mut record = StepRecord::begin(1, StepKind::Call, String::new(), Image::default());
    call(&mut record, &[Value::Int(3), Value::Bool(true)]);
    timeline.push(record);
    assert_eq!(
        describe_step(&timeline, 1),
        "The guest returned 3 and true."
    );
}

#[test]
fn a_pointer_is_fetched_fetched_again_and_moved() {
    let mut story = Story::new();
    assert_eq!(
        story.step(StepKind::Call, |r| fetch(r, 0x400, None)),
        "The guest returned 0x400: ptr points there."
    );
    assert_eq!(
        story.step(StepKind::Call, |r| fetch(r, 0x400, None)),
        "The pointer is the same as before: 0x400."
    );
    assert_eq!(
        story.step(StepKind::Call, |r| {
            fetch(r, 0x20000, Some(0x400));
            r.facts.preserves_globals = true;
        }),
        "The pointer moved from 0x400 to 0x20000: all addresses that the host derived from the \
         old one are out of date."
    );
    assert_eq!(
        story.step(StepKind::Call, |r| fetch(r, 0x30000, Some(0x20000))),
        "The pointer now holds another address: 0x30000, before 0x20000.",
        "an allocator returns another block, and nothing has moved"
    );
    let several = Story::new().step(StepKind::Call, |r| {
        fetch(r, 0x20000, None);
        r.pointers.push(Pointer {
            name: "other".into(),
            address: 1,
            moved_from: None,
            fetched: false,
        });
        bind(r, "n", Value::Int(7));
        put(r, 4, b"x", Writer::guest());
    });
    assert_eq!(
        several,
        "The guest returned 0x20000 for ptr: that is past the end of memory, 0x10000. n is 7. \
         The guest changed 1 byte at 0x4. Its memory did not grow."
    );
}

#[test]
fn a_call_is_described_by_what_it_changed_and_where() {
    let mut story = Story::new();
    let text = story.step(StepKind::Write, |r| {
        put(r, 0x400, b"Did you know", Writer::Host);
    });
    assert_eq!(
        text,
        "The host wrote 12 bytes at 0x400..0x40c: \"Did you know\"."
    );
    let again = story.step(StepKind::Write, |r| {
        put(r, 0x400, b"Did you know", Writer::Host);
    });
    assert!(
        again.ends_with("These bytes were there already: nothing changed."),
        "{again}"
    );
    let text = story.step(StepKind::Call, |r| {
        put(
            r,
            0x40c,
            b" Wasm is",
            Writer::Guest {
                function: Some("f".into()),
                offset: Some(1),
                source: None,
            },
        );
        put(r, 0x414, b" cool!", Writer::guest());
        call(r, &[Value::Int(26)]);
    });
    assert_eq!(
        text,
        "The guest changed 14 bytes at 0x40c..0x41a, right after the 12 the host wrote, and \
         returned 26. Its memory did not grow."
    );
    let text = story.step(StepKind::Call, |r| put(r, 0x402, b"D", Writer::guest()));
    assert_eq!(
        text,
        "The guest changed 1 byte at 0x402, among the 12 the host wrote. Its memory did not grow."
    );
    let text = story.step(StepKind::Call, |r| {
        put(r, 0x400, b"dID_YOU_KNOW", Writer::guest());
    });
    assert!(
        text.contains(
            "changed 11 of the 12 bytes that it stored at 0x400..0x40c, among the 12 the host wrote."
        ),
        "{text}"
    );
}

#[test]
fn a_call_that_changes_nothing_grows_or_uses_imports() {
    let mut story = Story::new();
    assert_eq!(
        story.step(StepKind::Call, |r| call(r, &[Value::Int(-1)])),
        "The guest returned -1 and changed nothing in memory."
    );
    assert_eq!(
        story.step(StepKind::Call, |r| call(r, &[])),
        "The guest returned and changed nothing in memory."
    );
    let text = story.step(StepKind::Call, |r| {
        call(r, &[Value::Int(1)]);
        grow(r, 18, Writer::guest());
        put(r, 0x10, b"ab", import("fill"));
        put(r, 0x20, b"c", Writer::Host);
        for name in ["env.fill", "env.log"] {
            r.imports_called.push(ImportCall {
                name: name.into(),
                ..ImportCall::default()
            });
        }
        r.imports_called_total = 40;
    });
    assert_eq!(
        text,
        "The guest returned 1. Import env.fill changed 2 bytes at 0x10..0x12. The host changed 1 \
         byte at 0x20. Memory grew from 1 to 18 pages (1152 KiB): views that the host held are \
         no longer valid. The guest called imports 40 times, env.fill first."
    );
    let crowd = story.step(StepKind::Call, |r| {
        (0..6).for_each(|n| put(r, 0x100 + 2 * n, b"z", import(&format!("f{n}"))));
    });
    assert!(
        crowd.contains("3 other writers changed 3 bytes in 3 runs within 0x106..0x10b."),
        "{crowd}"
    );
}

#[test]
fn failures_begin_with_the_error() {
    let mut story = Story::new();
    let text = story.step(StepKind::Call, |r| {
        fail(r, Outcome::Trapped, "unreachable executed\nin $f, line 3");
        put(r, 0x10, b"ab", Writer::guest());
        grow(r, 2, Writer::guest());
    });
    assert_eq!(
        text,
        "Unreachable executed in $f, line 3. Until then the guest changed 2 bytes at 0x10..0x12. \
         Memory grew from 1 to 2 pages (128 KiB): views that the host held are no longer valid."
    );
    assert!(effect(story.0.timeline(), 1).starts_with("Until then"));
    let text = story.step(StepKind::Call, |r| fail(r, Outcome::Cancelled, ""));
    assert_eq!(
        text,
        "The step was cancelled. The call changed nothing in memory."
    );
    let text = story.step(StepKind::Expect, |r| {
        fail(r, Outcome::Failed, "n == 26: left is 25, right is 26");
    });
    assert_eq!(text, "n == 26: left is 25, right is 26.");
    assert_eq!(
        story.step(StepKind::Write, |r| fail(r, Outcome::Failed, "\x1b[31mno")),
        "\\u{1b}[31mno."
    );
}

#[test]
fn what_the_host_writes_and_reads() {
    let mut story = Story::new();
    let number = story.step(StepKind::Write, |r| {
        put(r, 0x8, &[7, 0, 0, 0], Writer::Host);
    });
    assert_eq!(
        number,
        "The host wrote 4 bytes at 0x8..0xc: hex\"07 00 00 00\"."
    );
    let nothing = story.step(StepKind::Write, |r| {
        r.focus = Some(Span {
            start: 0x400,
            len: 0,
        });
    });
    assert_eq!(nothing, "The host wrote 0 bytes at 0x400: nothing changed.");
    let text = story.step(StepKind::Read, |r| {
        r.focus = Some(Span { start: 0x8, len: 4 });
        bind(r, "p", Value::Int(7));
        r.pointers = vec![Pointer {
            name: "p".into(),
            address: 7,
            moved_from: Some(9),
            fetched: true,
        }];
    });
    assert_eq!(
        text,
        "The host read 4 bytes at 0x8..0xc: 0x7. The pointer moved from 0x9 to 0x7: all \
         addresses that the host derived from the old one are out of date."
    );
    let empty = story.step(StepKind::Read, |r| {
        r.focus = Some(Span { start: 0x8, len: 0 });
        bind(r, "t", Value::Text(String::new()));
    });
    assert_eq!(empty, "The host read 0 bytes at 0x8: \"\".");
}

#[test]
fn the_other_statements() {
    let mut story = Story::new();
    let grown = story.step(StepKind::Grow, |r| grow(r, 16, Writer::Host));
    assert_eq!(
        grown,
        "The host grew memory from 1 to 16 pages (1 MiB): views that it held are no longer valid."
    );
    assert_eq!(
        story.step(StepKind::Grow, |_| ()),
        "Memory did not grow: it stays 16 pages, 1 MiB."
    );
    assert_eq!(
        story.step(StepKind::Global, |r| bind(r, "g", Value::Int(5))),
        "The global holds 5."
    );
    assert_eq!(
        story.step(StepKind::Set, |_| ()),
        "The host set the global. Memory is unchanged."
    );
    assert_eq!(
        story.step(StepKind::Let, |r| bind(r, "x", Value::Bool(true))),
        "x is true."
    );
    let span = |kind, len| NamedSpan {
        name: "b".into(),
        kind,
        span: Span { start: 16, len },
        released: false,
        data_type: None,
    };
    assert_eq!(
        story.step(StepKind::Region, |r| r.naming =
            Some(Naming::Named(span(SpanKind::Region, 1)))),
        "From here on, b means the byte at 0x10."
    );
    assert_eq!(
        story.step(StepKind::Block, |r| r.naming =
            Some(Naming::Named(span(SpanKind::Block, 8)))),
        "From here on, b means the 8 bytes at 0x10..0x18, in use until they are released."
    );
    assert_eq!(
        story.step(StepKind::Release, |r| r.naming =
            Some(Naming::Released("b".into()))),
        "b is released: the 8 bytes at 0x10..0x18 must not be used any more."
    );
    assert_eq!(story.step(StepKind::Expect, |_| ()), "It holds.");
    assert_eq!(
        story.step(StepKind::Expect, |r| r.claims =
            vec![(3, FindingKind::Trap)]),
        "It holds: step 3 has trap."
    );
    assert_eq!(
        story.step(StepKind::Expect, |r| call(r, &[])),
        "The call trapped, as expected."
    );
}

#[test]
fn questions_and_their_answers() {
    let mut story = Story::new();
    let asked = |r: &mut StepBuilder| {
        r.ask = Some(Ask {
            question: "How long is the text now?".into(),
            ..Default::default()
        });
    };
    assert_eq!(
        story.step(StepKind::Ask, asked),
        "The question: How long is the text now?"
    );
    let text = story.step(StepKind::Let, |r| {
        bind(r, "x", Value::Int(1));
        r.answers = vec![Answer {
            asked_in: 1,
            value: Ok(Value::Int(26)),
        }];
    });
    assert_eq!(text, "x is 1. The answer to the question of step 1: 26.");
    assert_eq!(
        describe_step(story.0.timeline(), 1),
        "The question: How long is the text now? The answer: 26."
    );
}

#[test]
fn steps_that_have_not_run_and_steps_that_are_none() {
    let mut story = Story::new();
    let planned = |kind| PlannedStep {
        kind,
        line: None,
        text: String::new(),
        narration: None,
        question: None,
        javascript: String::new(),
    };
    story.0.timeline().planned = vec![planned(StepKind::Instantiate), planned(StepKind::Call)];
    assert_eq!(
        describe_step(story.0.timeline(), 1),
        "This step has not run yet."
    );
    assert_eq!(describe_step(story.0.timeline(), 9), "");
}

#[test]
fn hostile_names_stay_escaped() {
    let text = Story::new().step(StepKind::Call, |r| {
        call(r, &[Value::Text("\x1b[2J".into())]);
        put(
            r,
            1,
            b"x",
            Writer::Import {
                module: "\u{202e}m".into(),
                name: Arc::from("\x07"),
            },
        );
        fetch(r, 5, None);
        r.pointers[0].name = "\x1bp".into();
        r.bindings[0].name = "\x1bp".into();
    });
    assert!(!text.chars().any(safe::is_unsafe), "{text:?}");
}
