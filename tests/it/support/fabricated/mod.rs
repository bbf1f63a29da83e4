//! Timelines made by hand, as a session would record them.

pub mod stores;

use linmem::timeline::*;
use linmem::value::{Float, Value};

/// Builds a timeline step by step; memory, pages and changes follow from the events.
pub struct Story {
    pub timeline: Timeline,
    pages: u64,
}

impl Story {
    pub fn new(title: &str, pages: u64) -> Self {
        let guest = GuestFacts {
            path: "wasm_is_cool.wat".into(),
            sha256: "3f2a9c01d4e5b6a7".repeat(4),
            bytes: 412,
            memory: (pages > 0).then_some(MemoryFacts {
                pages,
                max: Some(32),
                is_64: false,
            }),
            exports: vec![
                ExportFacts {
                    name: "memory".into(),
                    kind: "memory".into(),
                    ty: "1".into(),
                },
                ExportFacts {
                    name: "add_wasm_is_cool".into(),
                    kind: "func".into(),
                    ty: "(i32) -> i32".into(),
                },
            ],
            imports: vec![],
            looks: Default::default(),
            layout: vec![],
        };
        let mut timeline = Timeline::default();
        timeline.title = title.into();
        timeline.guest = guest;
        Story { timeline, pages }
    }

    pub fn step(
        &mut self,
        kind: StepKind,
        text: &str,
        shape: impl FnOnce(&mut StepRecord),
    ) -> &mut Self {
        let index = self.timeline.steps().len();
        let before = self.timeline.memory_before(index);
        let start = if index == 0 {
            Image::zeroed(self.pages * PAGE)
        } else {
            before.clone()
        };
        let mut record = StepRecord::begin(index, kind, text.into(), start);
        record.pages_before = before.pages();
        record.line = u32::try_from(index).ok().filter(|line| *line > 0);
        if let Some(previous) = index.checked_sub(1).and_then(|i| self.timeline.step(i)) {
            let still = |p: &Pointer| Pointer {
                moved_from: None,
                fetched: false,
                ..p.clone()
            };
            record.pointers = previous.pointers.iter().map(still).collect();
        }
        shape(&mut record);
        record.pages_after = record.memory.pages();
        // A story says how many stores there were: the writes it is told by are no single stores.
        let (stores, recorded) = (record.stores, record.stores_recorded);
        record.settle(&before);
        (record.stores, record.stores_recorded) = (stores, recorded);
        self.timeline.push(record);
        self
    }

    pub fn instantiate(&mut self) -> &mut Self {
        self.step(StepKind::Instantiate, "instantiate", |r| {
            put(r, 0x100, b" Wasm is cool!", Writer::Data { segment: 0 });
        })
    }

    pub fn fetch(&mut self, address: u64) -> &mut Self {
        self.step(
            StepKind::Call,
            "ptr = call get_wasm_memory_buffer_pointer()",
            |r| fetched(r, address),
        )
    }
}

pub fn put(record: &mut StepRecord, start: u64, bytes: &[u8], writer: Writer) {
    let before = record.memory.read(start, bytes.len() as u64);
    let write = Write {
        start,
        before: before.into(),
        after: bytes.into(),
        writer,
        is_difference: false,
    };
    let event = Event::Write(write);
    event.apply(&mut record.memory);
    record.recording.push(event);
    record.focus = Some(Span {
        start,
        len: bytes.len() as u64,
    });
}

pub fn grow(record: &mut StepRecord, after: u64, by: Writer) {
    let event = Event::Growth(Growth {
        before: record.memory.pages(),
        after,
        by,
    });
    event.apply(&mut record.memory);
    record.recording.push(event);
}

pub fn called(record: &mut StepRecord, export: &str, args: &[Value], results: &[Value]) {
    record.call = Some(CallRecord {
        export: export.into(),
        args: args.to_vec(),
        results: results.to_vec(),
    });
}

pub fn bind(record: &mut StepRecord, name: &str, value: Value) {
    record.bindings.push(Binding {
        name: name.into(),
        value,
    });
}

pub fn fetched(record: &mut StepRecord, address: u64) {
    called(
        record,
        "get_wasm_memory_buffer_pointer",
        &[],
        &[Value::Int(address.into())],
    );
    bind(record, "ptr", Value::Int(address.into()));
    let old = record
        .pointers
        .first()
        .map(|p| p.address)
        .filter(|old| *old != address);
    record.pointers = vec![Pointer {
        name: "ptr".into(),
        address,
        moved_from: old,
        fetched: true,
    }];
    record.focus = Some(Span {
        start: address,
        len: 1,
    });
}

pub fn fail(record: &mut StepRecord, outcome: Outcome, error: &str) {
    record.outcome = outcome;
    record.error = Some(error.into());
}

pub fn guest(function: &str, offset: u64, line: u32) -> Writer {
    let source = format!("wasm_is_cool.wat:{line}");
    Writer::Guest {
        function: Some(function.into()),
        offset: Some(offset),
        source: Some(source.into()),
    }
}

pub fn region(name: &str, kind: SpanKind, start: u64, len: u64) -> Option<Naming> {
    Some(Naming::Named(NamedSpan {
        name: name.into(),
        kind,
        span: Span { start, len },
        released: false,
    }))
}

pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The session the program runs when it is started with no argument, to its end.
pub fn default_session() -> Timeline {
    let mut story = Story::new("default session", 1);
    story.timeline.inputs = vec![InputFacts {
        name: "text".into(),
        value: text("Did you know"),
    }];
    story.instantiate().fetch(0x400);
    story.step(StepKind::Region, "region buffer = ptr, 1024", |r| {
        r.naming = region("buffer", SpanKind::Region, 0x400, 1024);
    });
    story.step(StepKind::Write, "write ptr, text", |r| {
        r.narration = Some(
            "Writing\n\nThe host copies its text into the guest's memory, at the address that the \
                            guest gave it. The guest does not know yet: nothing runs while the host writes."
                .into(),
        );
        put(r, 0x400, b"Did you know", Writer::Host);
    });
    story.step(
        StepKind::Call,
        "n = call add_wasm_is_cool(len(text))",
        |r| {
            put(
                r,
                0x40c,
                b" Wasm is cool!",
                guest("add_wasm_is_cool", 171, 25),
            );
            called(r, "add_wasm_is_cool", &[Value::Int(12)], &[Value::Int(26)]);
            bind(r, "n", Value::Int(26));
            (r.stores, r.stores_recorded) = (14, 14);
        },
    );
    story.fetch(0x400);
    story.step(StepKind::Read, "out = read ptr, n as utf8", |r| {
        r.focus = Some(Span {
            start: 0x400,
            len: 26,
        });
        bind(r, "out", text("Did you know Wasm is cool!"));
    });
    story.step(
        StepKind::Expect,
        "expect out == text ++ \" Wasm is cool!\"",
        |_| (),
    );
    story.timeline
}

/// Memory grows inside a call, the buffer moves, and old bytes are overwritten.
pub fn growth_that_moves() -> Timeline {
    let mut story = Story::new("moving.md", 17);
    story.instantiate().fetch(0x400);
    story.step(StepKind::Write, "write ptr, \"hello\"", |r| {
        put(r, 0x400, b"hello", Writer::Host)
    });
    story.step(StepKind::Call, "call grow_and_move()", |r| {
        grow(r, 18, guest("grow_and_move", 60, 9));
        put(r, 0x110000, b"hello", guest("grow_and_move", 64, 10));
        put(r, 0x400, b"XXXXX", guest("grow_and_move", 70, 11));
        called(r, "grow_and_move", &[], &[]);
        r.findings.push(Finding::new(
            FindingKind::MemoryGrew,
            "Memory grew from 17 to 18 pages: fetch pointers again.",
        ));
        (r.stores, r.stores_recorded) = (10, 10);
    });
    story.step(
        StepKind::Call,
        "ptr = call get_wasm_memory_buffer_pointer()",
        |r| {
            fetched(r, 0x110000);
            r.findings.push(
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
    story.timeline
}

pub fn failed_expect() -> Timeline {
    let mut story = Story::new("failing.steps", 1);
    story.timeline.planned = (0..4)
        .map(|_| PlannedStep {
            kind: StepKind::Expect,
            line: None,
            text: String::new(),
            narration: None,
        })
        .collect();
    story.instantiate().fetch(0x400);
    story.step(StepKind::Expect, "expect ptr == 0x500", |r| {
        fail(
            r,
            Outcome::Failed,
            "ptr == 0x500 does not hold\nleft:  1024\nright: 1280",
        );
    });
    story.timeline
}

pub fn trapped_call() -> Timeline {
    let mut story = Story::new("trap.steps", 1);
    story.instantiate().fetch(0x400);
    story.step(StepKind::Call, "n = call add_wasm_is_cool(4000)", |r| {
        let error = "unreachable executed\nin $add_wasm_is_cool, wasm_is_cool.wat:21";
        fail(r, Outcome::Trapped, error);
        called(r, "add_wasm_is_cool", &[Value::Int(4000)], &[]);
        put(r, 0x7ff, b"!", guest("add_wasm_is_cool", 150, 20));
        r.findings.push(Finding::new(FindingKind::Trap, error));
    });
    story.timeline
}

pub fn out_of_bounds() -> Timeline {
    let mut story = Story::new("bounds.steps", 1);
    story.instantiate().fetch(0xfff8);
    story.step(StepKind::Write, "write ptr, \"far too long\"", |r| {
        let error = "12 bytes at 0xfff8 end 4 bytes past the end of memory, 0x10000";
        fail(r, Outcome::Failed, error);
        r.focus = Some(Span {
            start: 0xfff8,
            len: 12,
        });
        r.findings.push(
            Finding {
                blamed: Some(1),
                ..Finding::new(FindingKind::OutOfBounds, error)
            }
            .at(0x10000),
        );
    });
    story.step(StepKind::Expect, "expect finding out-of-bounds", |r| {
        r.claims = vec![(2, FindingKind::OutOfBounds)]
    });
    story.timeline
}

pub fn no_memory() -> Timeline {
    let mut story = Story::new("pure.wat", 0);
    story.step(StepKind::Instantiate, "instantiate", |_| ());
    story.step(StepKind::Call, "sum = call add(1, 2)", |r| {
        called(r, "add", &[Value::Int(1), Value::Int(2)], &[Value::Int(3)]);
        bind(r, "sum", Value::Int(3));
    });
    story.timeline
}

/// Imports that write, output, questions, blocks, every sort of value: whatever a record can hold.
pub fn rich() -> Timeline {
    let mut story = Story::new("rich.md", 1);
    story.timeline.guest.imports = vec![ImportFacts {
        module: "env".into(),
        name: "fill".into(),
        kind: "func".into(),
        ty: "(i32)".into(),
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
    story.timeline.guest.layout = vec![
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
    story.timeline.inputs = vec![InputFacts {
        name: "count".into(),
        value: Value::Int(i128::MAX),
    }];
    story.instantiate().fetch(0x400);
    story.step(StepKind::Ask, "ask \"How many?\" = n", |r| {
        r.ask = Some(Ask {
            question: "How many?".into(),
        })
    });
    story.step(StepKind::Call, "n = call work(ptr)", |r| {
        called(
            r,
            "work",
            &[Value::Int(0x400), Value::Null, Value::Bool(true)],
            &[Value::Int(-9)],
        );
        bind(r, "n", Value::Int(-9));
        put(
            r,
            0x400,
            &[0xff, 0x00, 0x80, 0x1b],
            Writer::Import {
                module: "env".into(),
                name: "fill".into(),
            },
        );
        put(r, 0x404, b"!", Writer::guest());
        put(r, 0x500, b"by the host", Writer::Host);
        grow(
            r,
            2,
            Writer::Import {
                module: "env".into(),
                name: "emscripten_resize_heap".into(),
            },
        );
        for i in 0..10 {
            r.imports_called.push(ImportCall {
                name: "env.fill".into(),
                args: vec![Value::Int(i)],
                results: vec![Value::Float(Float::from_f32(0.1))],
                saw: vec![text("hi"), Value::Bytes(vec![0xc3, 0x28])],
                meaning: (i == 7).then_some("EBADF"),
            });
        }
        r.imports_called_total = 25;
        r.output = Some("first line\nsecond \x1b[31mline".into());
        (r.output_bytes, r.output_kept) = (22, 22);
        r.exit_code = Some(0);
        r.answers = vec![Answer {
            asked_in: 2,
            value: Ok(Value::Int(-9)),
        }];
    });
    story.step(StepKind::Let, "let odd = …", |r| {
        bind(r, "nan", Value::Float(Float::from_f64(f64::NAN)));
        bind(r, "low", Value::Float(Float::from_f64(f64::NEG_INFINITY)));
        bind(r, "bytes", Value::Bytes(vec![0xff, 0, 1]));
        bind(
            r,
            "list",
            Value::List(vec![Value::Int(1), Value::List(vec![text("a")])]),
        );
    });
    story.step(StepKind::Block, "block a = ptr, 16", |r| {
        r.naming = region("a", SpanKind::Block, 0x400, 16)
    });
    story.step(StepKind::Release, "release a", |r| {
        r.naming = Some(Naming::Released("a".into()))
    });
    story.step(StepKind::Ask, "ask \"Why?\" = 1 / 0", |r| {
        r.ask = Some(Ask {
            question: "Why?".into(),
        })
    });
    story.step(StepKind::Grow, "old = grow 1", |r| {
        grow(r, 3, Writer::Host);
        bind(r, "old", Value::Int(2));
        r.answers = vec![Answer {
            asked_in: 7,
            value: Err("1 / 0 divides by zero".into()),
        }];
    });
    story.timeline
}

/// `bad` in every text that anyone else chooses.
pub fn hostile(bad: &str) -> Timeline {
    let mut story = Story::new(bad, 1);
    story.timeline.guest.path = bad.into();
    story.timeline.guest.sha256 = bad.into();
    story.timeline.guest.exports[0].name = bad.into();
    story.timeline.inputs = vec![InputFacts {
        name: bad.into(),
        value: text(bad),
    }];
    story.step(StepKind::Instantiate, bad, |r| {
        r.narration = Some(format!("{bad}\n\n{bad} prose {bad}"))
    });
    story.step(StepKind::Ask, bad, |r| {
        r.ask = Some(Ask {
            question: bad.into(),
        })
    });
    story.step(StepKind::Call, bad, |r| {
        called(r, bad, &[text(bad)], &[text(bad)]);
        bind(r, bad, text(bad));
        put(
            r,
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
        put(r, 0x300, b"x", source);
        r.pointers = vec![Pointer {
            name: bad.into(),
            address: 0x400,
            moved_from: Some(0x300),
            fetched: true,
        }];
        r.imports_called = vec![ImportCall {
            name: bad.into(),
            args: vec![text(bad)],
            results: vec![text(bad)],
            saw: vec![text(bad)],
            meaning: None,
        }];
        r.output = Some(bad.into());
        r.trap = Some(Trap {
            kind: bad.into(),
            chain: vec![
                stores::frame(bad, Some(7), Some(bad)),
                stores::frame(bad, None, None),
            ],
            depth: 2,
            attempt: None,
        });
        r.places = vec![(7, stores::place(bad))];
        r.findings.push(Finding::new(FindingKind::Trap, bad));
        r.answers = vec![Answer {
            asked_in: 1,
            value: Err(bad.into()),
        }];
    });
    story.step(StepKind::Region, bad, |r| {
        r.naming = region(bad, SpanKind::Region, 0x400, 4)
    });
    story.step(StepKind::Block, bad, |r| {
        r.naming = region(bad, SpanKind::Block, 0x300, 4)
    });
    story.step(StepKind::Release, bad, |r| {
        r.naming = Some(Naming::Released(bad.into()))
    });
    story.step(StepKind::Write, bad, |r| {
        put(r, 0x400, bad.to_uppercase().as_bytes(), Writer::Host)
    });
    story.step(StepKind::Expect, bad, |r| fail(r, Outcome::Failed, bad));
    story.timeline
}

/// 10 MiB in one write, over bytes that were there already in part.
pub fn large_write() -> Timeline {
    let mut story = Story::new("large.steps", 256);
    story.instantiate();
    story.step(StepKind::Write, "write 0x108, file(\"large.bin\")", |r| {
        put(r, 0x108, &vec![b'z'; 10 << 20], Writer::Host);
    });
    story.timeline
}
