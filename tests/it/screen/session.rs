//! The default session as a recording made by hand, so that screens can be drawn without running a
//! guest.

use std::sync::Arc;

use linmem::app::{App, Engine, Pane, SessionChoice};
use linmem::timeline::*;
use linmem::value::Value;

pub const PTR: u64 = 0x400;

const TEXTS: [(StepKind, &str); 8] = [
    (StepKind::Instantiate, "instantiate"),
    (
        StepKind::Call,
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Region, "region buffer = ptr, 1024"),
    (StepKind::Write, "write ptr, text"),
    (StepKind::Call, "n = call add_wasm_is_cool(len(text))"),
    (
        StepKind::Call,
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Read, "out = read ptr, n as utf8"),
    (StepKind::Expect, "expect out == text ++ \" Wasm is cool!\""),
];

/// The guest and the steps, nothing having run. Memory is so many bytes large.
pub fn announced(bytes: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.title = "wasm_is_cool.wat".into();
    timeline.guest = GuestFacts {
        path: "wasm_is_cool.wat".into(),
        sha256: "00".repeat(32),
        bytes: 512,
        memory: Some(MemoryFacts {
            pages: bytes.div_ceil(PAGE),
            max: None,
            is_64: false,
        }),
        exports: vec![ExportFacts {
            name: "add_wasm_is_cool".into(),
            kind: "func".into(),
            ty: "(i32) -> i32".into(),
        }],
        imports: Vec::new(),
        looks: Default::default(),
        layout: Vec::new(),
    };
    timeline.inputs = vec![InputFacts {
        name: "text".into(),
        value: Value::Text("Did you know".into()),
    }];
    timeline.planned = TEXTS
        .iter()
        .zip([
            None,
            Some(4),
            Some(5),
            Some(6),
            Some(7),
            Some(8),
            Some(9),
            Some(10),
        ])
        .map(|((kind, text), line)| PlannedStep {
            kind: *kind,
            line,
            text: (*text).into(),
            narration: None,
        })
        .collect();
    timeline
}

/// The default session after `steps` of its steps, in a memory of so many bytes.
pub fn timeline(bytes: u64, steps: usize) -> Timeline {
    let mut timeline = announced(bytes);
    for index in 0..steps {
        let record = record(&timeline, index, bytes);
        timeline.push(record);
    }
    timeline
}

fn record(timeline: &Timeline, index: usize, bytes: u64) -> StepRecord {
    let before = timeline.memory_after(index);
    let (kind, text) = TEXTS[index];
    let mut step = StepRecord::begin(index, kind, text.into(), before.clone());
    step.line = timeline.planned[index].line;
    let bind = |name: &str, value: Value| {
        vec![Binding {
            name: name.into(),
            value,
        }]
    };
    match index {
        0 => {
            step.memory.grow(bytes);
            step.pages_after = step.memory.pages();
            store(
                &mut step,
                0x100,
                b" Wasm is cool!",
                Writer::Data { segment: 0 },
            );
        }
        1 | 5 => step.bindings = bind("ptr", Value::Int(PTR.into())),
        2 => {
            let span = Span {
                start: PTR,
                len: 1024,
            };
            let named = NamedSpan {
                name: "buffer".into(),
                kind: SpanKind::Region,
                span,
                released: false,
            };
            step.naming = Some(Naming::Named(named));
        }
        3 => store(&mut step, PTR, b"Did you know", Writer::Host),
        4 => {
            for (i, byte) in b" Wasm is cool!".iter().enumerate() {
                let writer = Writer::Guest {
                    function: Some(Arc::from("add_wasm_is_cool")),
                    offset: Some(0x91),
                    source: Some(Arc::from("wasm_is_cool.wat:25")),
                };
                store(&mut step, PTR + 12 + i as u64, &[*byte], writer);
            }
            (step.stores, step.stores_recorded) = (14, 14);
            step.bindings = bind("n", Value::Int(26));
        }
        6 => step.bindings = bind("out", Value::Text("Did you know Wasm is cool!".into())),
        _ => {}
    }
    if index > 0 {
        step.focus = Some(Span {
            start: PTR,
            len: 26,
        });
        let fetched = matches!(index, 1 | 5);
        step.pointers = vec![Pointer {
            name: "ptr".into(),
            address: PTR,
            moved_from: None,
            fetched,
        }];
    }
    step.settle(&before);
    step
}

/// Writes into the step's memory and records it.
pub fn store(step: &mut StepRecord, start: u64, bytes: &[u8], writer: Writer) {
    let before = step.memory.read(start, bytes.len() as u64);
    step.memory.write(start, bytes);
    let write = Write {
        start,
        before: before.into(),
        after: bytes.into(),
        writer,
        is_difference: false,
    };
    step.recording.push(Event::Write(write));
}

/// The state that shows `step` of a recording, as it is when a person arrives there.
pub fn app(timeline: Timeline, step: usize, size: (u16, u16)) -> App {
    let sessions = vec![
        SessionChoice {
            name: "default".into(),
            description: "Fetch the pointer, write, transform, read".into(),
        },
        SessionChoice {
            name: "stale-pointer".into(),
            description: "A buffer that moves while you look away".into(),
        },
    ];
    let mut app = App::new(size, sessions, true);
    app.timeline = timeline;
    app.moment = Moment::end_of(step);
    app.engine = Engine::Ready;
    app.top = PTR;
    app.cursor = PTR + 0x19;
    app.pane = Pane::Memory;
    app
}
