//! Timelines whose calls are recorded store by store, and traps that tell where they were.

use std::sync::Arc;

use linmem::source::{Frame, Listing, ListingKind, Place};

use super::*;

/// The default session with its call's 14 stores told apart.
pub fn fourteen_stores() -> Timeline {
    let mut story = Story::new("default session", 1);
    story.instantiate().fetch(0x400);
    story.step(StepKind::Write, "write ptr, text", |r| {
        put(r, 0x400, b"Did you know", Writer::Host)
    });
    story.step(
        StepKind::Call,
        "n = call add_wasm_is_cool(len(text))",
        |r| {
            for (i, byte) in (0u64..).zip(b" Wasm is cool!") {
                put(r, 0x40c + i, &[*byte], guest("add_wasm_is_cool", 171, 25));
            }
            called(r, "add_wasm_is_cool", &[Value::Int(12)], &[Value::Int(26)]);
            bind(r, "n", Value::Int(26));
            (r.stores, r.stores_recorded) = (14, 14);
        },
    );
    story.timeline
}

/// Growth in the middle of a call, stores of every width, an import and the host in between, and
/// more stores than were recorded one by one.
pub fn all_sorts() -> Timeline {
    let mut story = Story::new("sorts.steps", 1);
    story.instantiate();
    story.step(StepKind::Call, "call work()", |r| {
        put(r, 0xfffe, &[1, 0x80], guest("work", 60, 9));
        put(
            r,
            0x10,
            &7u32.to_le_bytes(),
            Writer::Guest {
                function: Some("func[3]".into()),
                offset: Some(77),
                source: None,
            },
        );
        grow(r, 2, guest("work", 64, 10));
        put(r, 0x10000, &1.5f64.to_le_bytes(), guest("work", 70, 11));
        put(r, 0x10008, b"sixteen bytes, a", guest("work", 74, 12));
        put(r, 0x10008, b"S", guest("work", 78, 13));
        put(
            r,
            0x10020,
            &[0xee; 100],
            Writer::Import {
                module: "env".into(),
                name: "fill".into(),
            },
        );
        put(r, 0x10100, b"host", Writer::Host);
        difference(r, 0x10300, b"the rest");
        called(r, "work", &[], &[]);
        (r.stores, r.stores_recorded) = (50_000_000, 5);
    });
    story.timeline
}

/// A store past the end of memory, below two callers, one of which was inlined.
pub fn trapped_store() -> Timeline {
    let mut story = Story::new("trap.steps", 1);
    story.instantiate();
    story.step(StepKind::Call, "call outer()", |r| {
        let error = "out of bounds memory access in inner, called from mid, called from outer";
        fail(r, Outcome::Trapped, error);
        called(r, "outer", &[], &[]);
        put(r, 0x10, &[9, 0, 0, 0], guest("outer", 90, 5));
        r.trap = Some(Trap {
            kind: "out of bounds memory access".into(),
            chain: vec![
                frame("inner", Some(50), Some("lib.rs:3")),
                frame("mid", Some(70), None),
                frame("outer", Some(95), Some("lib.rs:40")),
            ],
            depth: 5,
            attempt: Some(Attempt {
                is_store: true,
                address: 0xfffd,
                len: 4,
                memory_end: 0x10000,
            }),
        });
        let listing = Arc::new(Listing {
            kind: ListingKind::Source,
            title: "slice.rs".into(),
            first_line: 6,
            lines: vec![
                "for item in self {".into(),
                "    *item = value.clone();".into(),
                "}".into(),
            ],
        });
        let plain = |instruction: &str| Place {
            instruction: instruction.into(),
            source: None,
            listing: None,
            line: 1,
            inlined: Vec::new(),
        };
        let inlined = vec![
            Frame {
                function: "core::slice::fill".into(),
                source: Some("slice.rs:7".into()),
            },
            Frame {
                function: "inner".into(),
                source: Some("lib.rs:3".into()),
            },
        ];
        r.places = vec![
            (
                50,
                Arc::new(Place {
                    inlined,
                    listing: Some(listing),
                    line: 7,
                    ..plain("i32.store offset=4")
                }),
            ),
            (
                70,
                Arc::new(Place {
                    source: Some("lib.rs:20".into()),
                    ..plain("call 1")
                }),
            ),
        ];
        r.findings
            .push(Finding::new(FindingKind::Trap, error).at(0xfffd));
        (r.stores, r.stores_recorded) = (1, 1);
    });
    story.timeline
}

/// A load far past the end of memory, of which no more is known than where it went.
pub fn trapped_load() -> Timeline {
    let mut story = Story::new("trap.steps", 1);
    story.instantiate();
    story.step(StepKind::Call, "call peek(-1)", |r| {
        fail(r, Outcome::Trapped, "the guest gave up");
        called(r, "peek", &[Value::Int(-1)], &[]);
        r.trap = Some(Trap {
            kind: "out of bounds memory access".into(),
            chain: Vec::new(),
            depth: 0,
            attempt: Some(Attempt {
                is_store: false,
                address: 0x1_0000_0003,
                len: 1,
                memory_end: 0x10000,
            }),
        });
        r.findings
            .push(Finding::new(FindingKind::Trap, "the guest gave up"));
    });
    story.timeline
}

/// So many stores of one byte in one call.
pub fn many_stores(count: u64) -> Timeline {
    let mut story = Story::new("many.steps", 1);
    story.instantiate();
    story.step(StepKind::Call, "call fill()", |r| {
        for i in 0..count {
            put(r, i % 0x8000, &[i as u8], guest("fill", 171, 25));
        }
        (r.stores, r.stores_recorded) = (count, count);
    });
    story.timeline
}

/// So many steps of which the last fails.
pub fn many_steps(count: u64) -> Timeline {
    let mut story = Story::new("long.steps", 1);
    story.instantiate();
    for i in 1..count {
        story.step(StepKind::Write, &format!("write {i}, \"x\""), |r| {
            put(r, i, b"x", Writer::Host)
        });
    }
    story.step(StepKind::Expect, "expect false", |r| {
        fail(r, Outcome::Failed, "false is not true")
    });
    story.timeline
}

pub fn frame(function: &str, offset: Option<u64>, source: Option<&str>) -> CallFrame {
    CallFrame {
        function: function.into(),
        offset,
        source: source.map(Into::into),
    }
}

/// An instruction inlined into two functions, all of one name.
pub fn place(text: &str) -> Arc<Place> {
    let frame = Frame {
        function: text.into(),
        source: Some(text.into()),
    };
    let inlined = vec![frame.clone(), frame];
    let (title, lines) = (text.to_string(), vec![text.to_string()]);
    let listing = Arc::new(Listing {
        kind: ListingKind::Text,
        title,
        first_line: 1,
        lines,
    });
    Arc::new(Place {
        instruction: text.into(),
        source: Some(text.into()),
        listing: Some(listing),
        line: 1,
        inlined,
    })
}

/// Bytes known as a difference of memory only.
fn difference(record: &mut StepRecord, start: u64, bytes: &[u8]) {
    let before = record.memory.read(start, bytes.len() as u64);
    let (before, after) = (before.into(), bytes.into());
    let event = Event::Write(Write {
        start,
        before,
        after,
        writer: Writer::guest(),
        is_difference: true,
    });
    event.apply(&mut record.memory);
    record.recording.push(event);
}
