//! Timelines whose calls are recorded store by store, and timelines of traps, built by hand.

use std::sync::Arc;

use linmem::source::{Frame, Listing, ListingKind, Place};
use linmem::testing::steps::{call, fail, grow, guest_writer, write, write_difference};
use linmem::testing::timelines::TimelineBuilder;
use linmem::timeline::*;
use linmem::value::Value;

/// Returns a session with a call of events of every kind: growth, stores of every width, writes of an
/// import and of the host, and more stores than are recorded one by one.
pub fn all_sorts() -> Timeline {
    let mut builder = TimelineBuilder::new("sorts.steps", 1);
    builder.instantiate();
    builder.step(StepKind::Call, "call work()", |step| {
        write(step, 0xfffe, &[1, 0x80], guest_writer("work", 60, 9));
        write(
            step,
            0x10,
            &7u32.to_le_bytes(),
            Writer::Guest {
                function: Some("func[3]".into()),
                offset: Some(77),
                source: None,
            },
        );
        grow(step, 2, guest_writer("work", 64, 10));
        write(
            step,
            0x10000,
            &1.5f64.to_le_bytes(),
            guest_writer("work", 70, 11),
        );
        write(
            step,
            0x10008,
            b"sixteen bytes, a",
            guest_writer("work", 74, 12),
        );
        write(step, 0x10008, b"S", guest_writer("work", 78, 13));
        write(
            step,
            0x10020,
            &[0xee; 100],
            Writer::Import {
                module: "env".into(),
                name: "fill".into(),
            },
        );
        write(step, 0x10100, b"host", Writer::Host);
        write_difference(step, 0x10300, b"the rest");
        call(step, "work", &[], &[]);
        (step.stores, step.stores_recorded) = (50_000_000, 5);
    });
    builder.finish()
}

/// Returns a session with a store past the end of memory in the third of three nested calls, the
/// innermost one inlined.
pub fn trapped_store() -> Timeline {
    let mut builder = TimelineBuilder::new("trap.steps", 1);
    builder.instantiate();
    builder.step(StepKind::Call, "call outer()", |step| {
        let error = "out of bounds memory access in inner, called from mid, called from outer";
        fail(step, Outcome::Trapped, error);
        call(step, "outer", &[], &[]);
        write(step, 0x10, &[9, 0, 0, 0], guest_writer("outer", 90, 5));
        step.trap = Some(Trap {
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
            reasons: Vec::new(),
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
        step.places = vec![
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
        step.findings
            .push(Finding::new(FindingKind::Trap, error).at(0xfffd));
        (step.stores, step.stores_recorded) = (1, 1);
    });
    builder.finish()
}

/// Returns a session with a load far past the end of memory. Only its address is known.
pub fn trapped_load() -> Timeline {
    let mut builder = TimelineBuilder::new("trap.steps", 1);
    builder.instantiate();
    builder.step(StepKind::Call, "call peek(-1)", |step| {
        fail(step, Outcome::Trapped, "the guest gave up");
        call(step, "peek", &[Value::Int(-1)], &[]);
        step.trap = Some(Trap {
            kind: "out of bounds memory access".into(),
            chain: Vec::new(),
            depth: 0,
            attempt: Some(Attempt {
                is_store: false,
                address: 0x1_0000_0003,
                len: 1,
                memory_end: 0x10000,
            }),
            reasons: Vec::new(),
        });
        step.findings
            .push(Finding::new(FindingKind::Trap, "the guest gave up"));
    });
    builder.finish()
}

/// Returns a session with a call of `count` stores of one byte.
pub fn many_stores(count: u64) -> Timeline {
    let mut builder = TimelineBuilder::new("many.steps", 1);
    builder.instantiate();
    builder.step(StepKind::Call, "call fill()", |step| {
        for i in 0..count {
            write(step, i % 0x8000, &[i as u8], guest_writer("fill", 171, 25));
        }
        (step.stores, step.stores_recorded) = (count, count);
    });
    builder.finish()
}

/// Returns a session of `count` steps. The last one fails.
pub fn many_steps(count: u64) -> Timeline {
    let mut builder = TimelineBuilder::new("long.steps", 1);
    builder.instantiate();
    for i in 1..count {
        builder.step(StepKind::Write, &format!("write {i}, \"x\""), |step| {
            write(step, i, b"x", Writer::Host)
        });
    }
    builder.step(StepKind::Expect, "expect false", |step| {
        fail(step, Outcome::Failed, "false is not true")
    });
    builder.finish()
}

/// Returns a frame of a trap.
pub fn frame(function: &str, offset: Option<u64>, source: Option<&str>) -> CallFrame {
    CallFrame {
        function: function.into(),
        offset,
        source: source.map(Into::into),
    }
}

/// Returns the place of an instruction with `text` as all its names, inlined into two functions.
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
