//! Timelines for the tests of reports, built by hand.

use std::sync::Arc;

use linmem::testing::steps::{bind, call, fail, fetch, grow, guest_writer, name_span, write};
use linmem::testing::timelines::{TimelineBuilder, standard_session};
use linmem::timeline::*;
use linmem::value::{Float, Value};
use linmem::wasm_types::{ExternType, ValueType};

use super::event_timelines::{frame, place};

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Returns the standard session with prose before its write.
pub fn default_session() -> Timeline {
    let session = standard_session();
    let mut timeline = Timeline::new(
        session.title.clone(),
        session.guest.clone(),
        session.inputs.clone(),
        session.planned.clone(),
    );
    for step in session.steps() {
        let mut step = step.clone();
        if step.kind == StepKind::Write {
            step.narration = Some(
                "Writing\n\nThe host copies its text into the guest's memory, at the address that the \
                 guest gave it. The guest does not know yet: nothing runs while the host writes."
                    .into(),
            );
        }
        timeline.push(step);
    }
    timeline
}

/// Returns a session in which a call grows memory, moves the buffer, and overwrites the old one.
pub fn growth_that_moves() -> Timeline {
    let mut builder = TimelineBuilder::new("moving.md", 17);
    builder.instantiate().fetch(0x400);
    builder.step(StepKind::Write, "write ptr, \"hello\"", |step| {
        write(step, 0x400, b"hello", Writer::Host)
    });
    builder.step(StepKind::Call, "call grow_and_move()", |step| {
        grow(step, 18, guest_writer("grow_and_move", 60, 9));
        write(
            step,
            0x110000,
            b"hello",
            guest_writer("grow_and_move", 64, 10),
        );
        write(step, 0x400, b"XXXXX", guest_writer("grow_and_move", 70, 11));
        call(step, "grow_and_move", &[], &[]);
        step.findings.push(Finding::new(
            FindingKind::MemoryGrew,
            "Memory grew from 17 to 18 pages: fetch pointers again.",
        ));
        (step.stores, step.stores_recorded) = (10, 10);
    });
    builder.step(
        StepKind::Call,
        "ptr = call get_wasm_memory_buffer_pointer()",
        |step| {
            fetch(step, 0x110000);
            step.findings.push(
                Finding {
                    blamed: Some(3),
                    ..Finding::new(
                        FindingKind::StalePointer,
                        "0x400 was read after the buffer had moved to 0x110000.",
                    )
                }
                .about(Span {
                    start: 0x400,
                    len: 26,
                }),
            );
        },
    );
    builder.finish()
}

/// Returns a session with an expectation that fails.
pub fn failed_expect() -> Timeline {
    let mut builder = TimelineBuilder::new("failing.steps", 1);
    builder.timeline().planned = (0..4)
        .map(|_| PlannedStep {
            kind: StepKind::Expect,
            line: None,
            text: String::new(),
            narration: None,
            question: None,
            javascript: String::new(),
        })
        .collect();
    builder.instantiate().fetch(0x400);
    builder.step(StepKind::Expect, "expect ptr == 0x500", |step| {
        fail(
            step,
            Outcome::Failed,
            "ptr == 0x500 does not hold\nleft:  1024\nright: 1280",
        );
    });
    builder.finish()
}

/// Returns a session with a call that traps.
pub fn trapped_call() -> Timeline {
    let mut builder = TimelineBuilder::new("trap.steps", 1);
    builder.instantiate().fetch(0x400);
    builder.step(StepKind::Call, "n = call add_wasm_is_cool(4000)", |step| {
        let error = "unreachable executed\nin $add_wasm_is_cool, wasm_is_cool.wat:21";
        fail(step, Outcome::Trapped, error);
        call(step, "add_wasm_is_cool", &[Value::Int(4000)], &[]);
        write(step, 0x7ff, b"!", guest_writer("add_wasm_is_cool", 150, 20));
        step.findings.push(Finding::new(FindingKind::Trap, error));
    });
    builder.finish()
}

/// Returns a session with a write out of bounds that is expected.
pub fn out_of_bounds() -> Timeline {
    let mut builder = TimelineBuilder::new("bounds.steps", 1);
    builder.instantiate().fetch(0xfff8);
    builder.step(StepKind::Write, "write ptr, \"far too long\"", |step| {
        let error = "12 bytes at 0xfff8 end 4 bytes past the end of memory, 0x10000";
        fail(step, Outcome::Failed, error);
        step.focus = Some(Span {
            start: 0xfff8,
            len: 12,
        });
        step.findings.push(
            Finding {
                blamed: Some(1),
                ..Finding::new(FindingKind::OutOfBounds, error)
            }
            .at(0x10000),
        );
    });
    builder.step(StepKind::Expect, "expect finding out-of-bounds", |step| {
        step.claims = vec![(2, FindingKind::OutOfBounds)]
    });
    builder.finish()
}

/// Returns a session with a guest without memory.
pub fn no_memory() -> Timeline {
    let mut builder = TimelineBuilder::new("pure.wat", 0);
    builder.step(StepKind::Instantiate, "instantiate", |_| ());
    builder.step(StepKind::Call, "sum = call add(1, 2)", |step| {
        call(
            step,
            "add",
            &[Value::Int(1), Value::Int(2)],
            &[Value::Int(3)],
        );
        bind(step, "sum", Value::Int(3));
    });
    builder.finish()
}

/// Returns a session whose records have every field: imports that write, output, questions, blocks, and
/// every kind of value.
pub fn rich() -> Timeline {
    let mut builder = TimelineBuilder::new("rich.md", 1);
    builder.timeline().guest.imports = vec![ImportFacts {
        module: "env".into(),
        name: "fill".into(),
        ty: ExternType::func(&[ValueType::I32], &[]),
    }];
    let facts = |kind, name: &str, segment, start, end| {
        let known_by = format!("exported global __{name}");
        LayoutFacts {
            kind,
            name: name.into(),
            segment,
            start,
            end,
            known_by,
        }
    };
    builder.timeline().guest.layout = vec![
        facts(PartKind::Stack, "stack", None, None, Some(0x8000)),
        facts(PartKind::Heap, "heap", None, Some(0x8000), None),
        facts(
            PartKind::Segment,
            "data[0]",
            Some(0),
            Some(0x100),
            Some(0x10e),
        ),
    ];
    builder.timeline().inputs = vec![InputFacts {
        name: "count".into(),
        value: Value::Int(i128::MAX),
    }];
    builder.instantiate().fetch(0x400);
    builder.step(StepKind::Ask, "ask \"How many?\" = n", |step| {
        step.ask = Some(Ask {
            question: "How many?".into(),
            ..Default::default()
        })
    });
    builder.step(StepKind::Call, "n = call work(ptr)", |step| {
        call(
            step,
            "work",
            &[Value::Int(0x400), Value::Null, Value::Bool(true)],
            &[Value::Int(-9)],
        );
        bind(step, "n", Value::Int(-9));
        step.stack_pointer = Some(StackPointer {
            before: Some(0x8000),
            after: 0x7fc0,
        });
        write(
            step,
            0x400,
            &[0xff, 0x00, 0x80, 0x1b],
            Writer::Import {
                module: "env".into(),
                name: "fill".into(),
            },
        );
        write(step, 0x404, b"!", Writer::guest());
        write(step, 0x500, b"by the host", Writer::Host);
        grow(
            step,
            2,
            Writer::Import {
                module: "env".into(),
                name: "emscripten_resize_heap".into(),
            },
        );
        for i in 0..10 {
            step.imports_called.push(ImportCall {
                name: "env.fill".into(),
                args: vec![Value::Int(i)],
                results: vec![Value::Float(Float::from_f32(0.1))],
                saw: vec![text("hi"), Value::Bytes(vec![0xc3, 0x28])],
                calls: match i {
                    3 => vec![CallRecord {
                        export: "allocate".into(),
                        args: vec![Value::Int(5)],
                        results: vec![Value::Int(0x400)],
                    }],
                    _ => Vec::new(),
                },
                meaning: (i == 7).then_some("EBADF"),
            });
        }
        step.imports_called_total = 25;
        step.output = Some("first line\nsecond \x1b[31mline".into());
        (step.output_bytes, step.output_kept) = (22, 22);
        step.exit_code = Some(0);
        step.answers = vec![Answer {
            asked_in: 2,
            value: Ok(Value::Int(-9)),
        }];
    });
    builder.step(StepKind::Let, "let odd = …", |step| {
        bind(step, "nan", Value::Float(Float::from_f64(f64::NAN)));
        bind(
            step,
            "low",
            Value::Float(Float::from_f64(f64::NEG_INFINITY)),
        );
        bind(step, "bytes", Value::Bytes(vec![0xff, 0, 1]));
        bind(
            step,
            "list",
            Value::List(vec![Value::Int(1), Value::List(vec![text("a")])]),
        );
    });
    builder.step(StepKind::Block, "block a = ptr, 16", |step| {
        name_span(step, "a", SpanKind::Block, 0x400, 16)
    });
    builder.step(StepKind::Release, "release a", |step| {
        step.naming = Some(Naming::Released("a".into()))
    });
    builder.step(StepKind::Ask, "ask \"Why?\" = 1 / 0", |step| {
        step.ask = Some(Ask {
            question: "Why?".into(),
            ..Default::default()
        })
    });
    builder.step(StepKind::Grow, "old = grow 1", |step| {
        grow(step, 3, Writer::Host);
        bind(step, "old", Value::Int(2));
        step.live_blocks = Some(Arc::new(LiveBlocks {
            count: 2,
            bytes: 40,
            first: vec![LiveBlock {
                span: Span {
                    start: 0x500,
                    len: 16,
                },
                step: 3,
                events_before: 2,
                owner: "host".into(),
                allocator: "malloc".into(),
            }],
        }));
        step.answers = vec![Answer {
            asked_in: 7,
            value: Err("1 / 0 divides by zero".into()),
        }];
    });
    builder.finish()
}

/// Returns a session with `bad` in every text that a guest or a script chooses.
pub fn hostile(bad: &str) -> Timeline {
    let mut builder = TimelineBuilder::new(bad, 1);
    builder.timeline().guest.path = bad.into();
    builder.timeline().guest.sha256 = bad.into();
    builder.timeline().guest.exports[0].name = bad.into();
    builder.timeline().inputs = vec![InputFacts {
        name: bad.into(),
        value: text(bad),
    }];
    builder.step(StepKind::Instantiate, bad, |step| {
        step.narration = Some(format!("{bad}\n\n{bad} prose {bad}"))
    });
    builder.step(StepKind::Ask, bad, |step| {
        step.ask = Some(Ask {
            question: bad.into(),
            ..Default::default()
        })
    });
    builder.step(StepKind::Call, bad, |step| {
        call(step, bad, &[text(bad)], &[text(bad)]);
        bind(step, bad, text(bad));
        write(
            step,
            0x400,
            bad.as_bytes(),
            Writer::Import {
                module: bad.into(),
                name: bad.into(),
            },
        );
        let source = Writer::Guest {
            function: Some(bad.into()),
            offset: None,
            source: Some(bad.into()),
        };
        write(step, 0x300, b"x", source);
        step.pointers = vec![Pointer {
            name: bad.into(),
            address: 0x400,
            moved_from: Some(0x300),
            fetched: true,
        }];
        step.imports_called = vec![ImportCall {
            name: bad.into(),
            args: vec![text(bad)],
            results: vec![text(bad)],
            saw: vec![text(bad)],
            calls: vec![CallRecord {
                export: bad.into(),
                args: vec![text(bad)],
                results: vec![text(bad)],
            }],
            meaning: None,
        }];
        step.output = Some(bad.into());
        step.trap = Some(Trap {
            kind: bad.into(),
            chain: vec![frame(bad, Some(7), Some(bad)), frame(bad, None, None)],
            depth: 2,
            attempt: None,
            reasons: vec![bad.into()],
        });
        step.places = vec![(7, place(bad))];
        step.findings.push(Finding::new(FindingKind::Trap, bad));
        step.answers = vec![Answer {
            asked_in: 1,
            value: Err(bad.into()),
        }];
    });
    builder.step(StepKind::Region, bad, |step| {
        name_span(step, bad, SpanKind::Region, 0x400, 4)
    });
    builder.step(StepKind::Block, bad, |step| {
        name_span(step, bad, SpanKind::Block, 0x300, 4)
    });
    builder.step(StepKind::Release, bad, |step| {
        step.naming = Some(Naming::Released(bad.into()))
    });
    builder.step(StepKind::Write, bad, |step| {
        write(step, 0x400, bad.to_uppercase().as_bytes(), Writer::Host)
    });
    builder.step(StepKind::Expect, bad, |step| {
        fail(step, Outcome::Failed, bad)
    });
    builder.finish()
}

/// Returns a session with a write of 10 MiB over the data of the guest.
pub fn large_write() -> Timeline {
    let mut builder = TimelineBuilder::new("large.steps", 256);
    builder.instantiate();
    builder.step(
        StepKind::Write,
        "write 0x108, file(\"large.bin\")",
        |step| {
            write(step, 0x108, &vec![b'z'; 10 << 20], Writer::Host);
        },
    );
    builder.finish()
}
