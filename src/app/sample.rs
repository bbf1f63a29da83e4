//! Recorded sessions made by hand, so that the screen's tests need no guest: the default session as
//! the recorder tells it, one in which memory grows and the buffer moves, one that traps, and calls
//! of many stores. For tests alone.

use std::sync::Arc;

use super::{App, Message, SessionChoice, on_message};
use crate::protocol::Report;
use crate::source::{Frame, Listing, ListingKind, Place};
use crate::timeline::{
    Attempt, Binding, CallFrame, CallRecord, Event, ExportFacts, Finding, FindingKind, Growth,
    GuestFacts, Image, InputFacts, MemoryFacts, NamedSpan, Naming, Outcome, PAGE, PlannedStep,
    Pointer, Span, SpanKind, StepBuilder, StepKind, StepRecord, Timeline, Trap, Write, Writer,
};
use crate::value::Value;
use crate::wasm_types::{ExternType, MemoryType, ValueType};

const SOURCE: &str = include_str!("../../guest/wasm_is_cool.wat");

const TEXT: &str = "Did you know";
const TAIL: &str = " Wasm is cool!";
const BUFFER: u64 = 0x400;
const MOVED: u64 = 0x10400;

const PLAN: [(StepKind, u32, &str); 7] = [
    (
        StepKind::Call,
        4,
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Region, 5, "region buffer = ptr, 1024"),
    (StepKind::Write, 6, "write ptr, text"),
    (StepKind::Call, 7, "n   = call add_wasm_is_cool(len(text))"),
    (
        StepKind::Call,
        8,
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Read, 9, "out = read ptr, n as utf8"),
    (
        StepKind::Expect,
        10,
        "expect out == text ++ \" Wasm is cool!\"",
    ),
];

/// The default session, all eight steps of it. The buffer is at 0x400, the guest's own text at
/// 0x800.
pub fn timeline() -> Timeline {
    let mut timeline = announced();
    for record in records(BUFFER) {
        timeline.push(record);
    }
    timeline
}

/// The same session with a guest that grows memory in step 4 and has its buffer at 0x10400 from
/// then on.
pub fn timeline_where_memory_moved() -> Timeline {
    let mut timeline = announced();
    for record in records(MOVED) {
        timeline.push(record);
    }
    timeline
}

/// The default session before anything has run: what arrives with [`Message::Opened`].
pub fn announced() -> Timeline {
    let mut planned = vec![PlannedStep {
        kind: StepKind::Instantiate,
        line: None,
        text: "instantiate".into(),
        narration: None,
    }];
    planned.extend(PLAN.iter().map(|(kind, line, text)| PlannedStep {
        kind: *kind,
        line: Some(*line),
        text: (*text).into(),
        narration: None,
    }));
    let export = |name: &str, ty: ExternType| ExportFacts {
        name: name.into(),
        ty,
    };
    let memory = MemoryType {
        min: 1,
        max: None,
        is_64: false,
        shared: false,
    };
    let mut timeline = Timeline::default();
    timeline.title = "default session".into();
    timeline.guest = GuestFacts {
        path: "wasm_is_cool.wat".into(),
        sha256: "00".repeat(32),
        bytes: 271,
        memory: Some(MemoryFacts {
            pages: 1,
            max: None,
            is_64: false,
        }),
        exports: vec![
            export("memory", ExternType::Memory(memory)),
            export(
                "get_wasm_memory_buffer_pointer",
                ExternType::func(&[], &[ValueType::I32]),
            ),
            export(
                "add_wasm_is_cool",
                ExternType::func(&[ValueType::I32], &[ValueType::I32]),
            ),
        ],
        imports: Vec::new(),
        abi_hints: Default::default(),
        layout: Vec::new(),
    };
    timeline.inputs = vec![InputFacts {
        name: "text".into(),
        value: Value::Text(TEXT.into()),
    }];
    timeline.planned = planned;
    timeline
}

/// The records of the default session in order; the buffer is at `later` from step 4 on.
pub fn records(later: u64) -> Vec<StepRecord> {
    let mut memory = Image::zeroed(PAGE);
    let moves = later != BUFFER;

    let mut instantiate = StepRecord::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        Image::default(),
    );
    let data = write(&memory, 0x800, TAIL.as_bytes(), Writer::Data { segment: 0 });
    let growth = Growth {
        before: 0,
        after: 1,
        by: Writer::guest(),
    };
    record(&mut instantiate, &mut memory, Some(growth), vec![data]);
    instantiate.pages_before = 0;
    instantiate.focus = Some(Span {
        start: 0x800,
        len: 14,
    });

    let mut fetch = planned(1, &memory);
    fetched(&mut fetch, BUFFER, None);

    let mut region = planned(2, &memory);
    region.pointers = pointer(BUFFER);
    region.focus = Some(Span {
        start: BUFFER,
        len: 1024,
    });
    let span = Span {
        start: BUFFER,
        len: 1024,
    };
    region.naming = Some(Naming::Named(NamedSpan {
        name: "buffer".into(),
        kind: SpanKind::Region,
        span,
        released: false,
    }));

    let mut put = planned(3, &memory);
    let text = write(&memory, BUFFER, TEXT.as_bytes(), Writer::Host);
    record(&mut put, &mut memory, None, vec![text]);
    put.pointers = pointer(BUFFER);
    put.focus = Some(Span {
        start: BUFFER,
        len: 12,
    });

    let mut call = transform(&mut memory, later, moves);
    call.pointers = pointer(BUFFER);

    let mut again = planned(5, &memory);
    fetched(&mut again, later, moves.then_some(BUFFER));

    let whole = format!("{TEXT}{TAIL}");
    let mut read = planned(6, &memory);
    read.bindings = vec![Binding {
        name: "out".into(),
        value: Value::Text(whole),
    }];
    read.pointers = pointer(later);
    read.focus = Some(Span {
        start: later,
        len: 26,
    });

    let mut expect = planned(7, &memory);
    expect.pointers = pointer(later);
    expect.focus = None;
    vec![instantiate, fetch, region, put, call, again, read, expect]
}

/// Step 4: the guest appends its text, byte by byte; where the buffer moves, after it has grown
/// memory and copied it.
fn transform(memory: &mut Image, later: u64, moves: bool) -> StepRecord {
    let mut call = planned(4, memory);
    let mut writes = Vec::new();
    let growth = moves.then(|| Growth {
        before: 1,
        after: 2,
        by: grower(0x98),
    });
    if moves {
        memory.grow(2 * PAGE);
        writes.push(write(memory, later, TEXT.as_bytes(), grower(0x9c)));
        let message =
            "Memory grew from 1 page to 2: views and lengths kept from before are no longer valid.";
        call.findings
            .push(Finding::new(FindingKind::MemoryGrew, message));
        call.places = vec![
            (0x98, disassembled(2)),
            (0x9c, disassembled(6)),
            (0xa9, disassembled(11)),
        ];
    } else {
        call.places = vec![(0xa9, written_at(45))];
    }
    for (at, byte) in (later + 12..).zip(TAIL.bytes()) {
        let writer = if moves {
            grower(0xa9)
        } else {
            guest("add_wasm_is_cool", 0xa9, 45)
        };
        writes.push(write(memory, at, &[byte], writer));
    }
    record(&mut call, memory, growth, writes);
    call.stores = if moves { 15 } else { 14 };
    call.stores_recorded = call.stores;
    call.pages_before = 1;
    call.focus = Some(Span {
        start: later + 12,
        len: 14,
    });
    call.bindings = vec![Binding {
        name: "n".into(),
        value: Value::Int(26),
    }];
    call.call = Some(CallRecord {
        export: "add_wasm_is_cool".into(),
        args: vec![Value::Int(12)],
        results: vec![Value::Int(26)],
    });
    call
}

/// A function of the text module.
fn guest(function: &str, offset: u64, line: u32) -> Writer {
    Writer::Guest {
        function: Some(function.into()),
        offset: Some(offset),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
    }
}

/// The same in a binary without a source.
fn grower(offset: u64) -> Writer {
    Writer::Guest {
        function: Some("add_wasm_is_cool".into()),
        offset: Some(offset),
        source: None,
    }
}

/// The place of an instruction in the text module.
fn written_at(line: u32) -> Arc<Place> {
    let lines = SOURCE.lines().map(str::to_owned).collect();
    let listing = Listing {
        kind: ListingKind::Text,
        title: "wasm_is_cool.wat".into(),
        first_line: 1,
        lines,
    };
    Arc::new(Place {
        instruction: "i32.store8".into(),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
        listing: Some(Arc::new(listing)),
        line,
        inlined: Vec::new(),
    })
}

/// The place of an instruction that two other functions were inlined around, in a disassembly.
fn disassembled(line: u32) -> Arc<Place> {
    const LINES: &[&str] = &[
        "i32.const 1",
        "memory.grow",
        "drop",
        "global.get 0",
        "i32.const 12",
        "memory.copy",
        "loop",
        "  local.get 1",
        "  local.get 2",
        "  i32.load8_u offset=2048",
        "  i32.store8 offset=12",
        "  br_if 0",
        "end",
    ];
    let lines = LINES.iter().map(|line| (*line).to_owned()).collect();
    let listing = Listing {
        kind: ListingKind::Disassembly,
        title: "add_wasm_is_cool".into(),
        first_line: 1,
        lines,
    };
    let frame = |function: &str| Frame {
        function: function.into(),
        source: None,
    };
    Arc::new(Place {
        instruction: "i32.store8 offset=12".into(),
        source: None,
        listing: Some(Arc::new(listing)),
        line,
        inlined: if line == 11 {
            vec![frame("push"), frame("extend"), frame("add_wasm_is_cool")]
        } else {
            Vec::new()
        },
    })
}

fn planned(index: usize, memory: &Image) -> StepRecord {
    let (kind, line, text) = PLAN[index - 1];
    let mut record = StepRecord::begin(index, kind, text.into(), memory.clone());
    record.line = Some(line);
    record
}

fn fetched(record: &mut StepRecord, address: u64, moved_from: Option<u64>) {
    let value = Value::Int(i128::from(address));
    record.bindings = vec![Binding {
        name: "ptr".into(),
        value: value.clone(),
    }];
    record.call = Some(CallRecord {
        export: "get_wasm_memory_buffer_pointer".into(),
        args: Vec::new(),
        results: vec![value],
    });
    record.pointers = vec![Pointer {
        name: "ptr".into(),
        address,
        moved_from,
        fetched: true,
    }];
    record.focus = Some(Span {
        start: address,
        len: 1,
    });
}

fn pointer(address: u64) -> Vec<Pointer> {
    vec![Pointer {
        name: "ptr".into(),
        address,
        moved_from: None,
        fetched: false,
    }]
}

fn write(memory: &Image, start: u64, bytes: &[u8], writer: Writer) -> Write {
    let before = memory.read(start, bytes.len() as u64);
    Write {
        start,
        before: before.into(),
        after: bytes.into(),
        writer,
        is_difference: false,
    }
}

/// Applies the writes to memory, and adds them to the record after a growth.
fn record(step: &mut StepRecord, memory: &mut Image, growth: Option<Growth>, writes: Vec<Write>) {
    let mut builder = StepBuilder::from(step.clone());
    if let Some(growth) = growth {
        builder.push(Event::Growth(growth));
    }
    for write in writes {
        memory.write(write.start, &write.after);
        builder.push(Event::Write(write));
    }
    builder.memory = memory.clone();
    builder.pages_after = memory.pages();
    *step = builder.finish(&step.memory);
}

/// One step over a memory given as it is.
pub fn timeline_over(memory: Image) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        memory,
    ));
    timeline
}

/// One step in which the host writes the byte at `address` `count` times.
pub fn timeline_with_many_writes(address: u64, count: u8) -> Timeline {
    let mut memory = Image::zeroed(PAGE);
    let mut step = StepBuilder::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        memory.clone(),
    );
    for value in 1..=count {
        let one = write(&memory, address, &[value], Writer::Host);
        memory.write(address, &[value]);
        step.push(Event::Write(one));
    }
    step.memory = memory;
    let mut timeline = Timeline::default();
    timeline.guest.memory = Some(MemoryFacts {
        pages: 1,
        max: None,
        is_64: false,
    });
    timeline.push(step.finish(&timeline.memory_before(0)));
    timeline
}

/// The default session up to a step 4 that trapped in its third store, past the end of memory.
pub fn timeline_that_trapped() -> Timeline {
    let mut timeline = announced();
    let mut earlier = records(BUFFER);
    earlier.truncate(4);
    for record in earlier {
        timeline.push(record);
    }
    let mut memory = timeline.memory_after(3);
    let mut call = planned(4, &memory);
    let stores = [0xfff8, 0xfffc].map(|at| write(&memory, at, b"cool", guest("fill", 0xb4, 45)));
    record(&mut call, &mut memory, None, stores.into());
    (call.stores, call.stores_recorded) = (2, 2);
    call.pointers = pointer(BUFFER);
    call.outcome = Outcome::Trapped;
    call.error = Some("out of bounds memory access in fill".into());
    let frame = |function: &str, offset: u64, line: u32| CallFrame {
        function: function.into(),
        offset: Some(offset),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
    };
    call.trap = Some(Trap {
        kind: "out of bounds memory access".into(),
        chain: vec![
            frame("fill", 0xb4, 45),
            frame("append", 0xc1, 48),
            frame("add_wasm_is_cool", 0xd0, 51),
        ],
        depth: 3,
        attempt: Some(Attempt {
            is_store: true,
            address: PAGE,
            len: 4,
            memory_end: PAGE,
        }),
    });
    call.places = vec![(0xb4, written_at(45))];
    call.findings.push(Finding::new(
        FindingKind::Trap,
        "out of bounds memory access in fill, 3 calls deep",
    ));
    timeline.push(call);
    timeline
}

/// A call of so many stores to 256 bytes in turn, of which it says that there were `all`; then a
/// host's write to 0x10.
pub fn timeline_of_stores(recorded: u64, all: u64) -> Timeline {
    let mut timeline = announced();
    timeline.planned.truncate(3);
    let mut memory = Image::zeroed(PAGE);
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        memory.clone(),
    ));
    let mut call = planned(1, &memory);
    let mut stores = Vec::new();
    for number in 0..recorded {
        let one = write(
            &memory,
            number % 256,
            &[number as u8 / 2],
            guest("churn", 0x91, 45),
        );
        memory.write(one.start, &one.after);
        stores.push(one);
    }
    record(&mut call, &mut memory, None, stores);
    (call.stores, call.stores_recorded) = (all, recorded);
    call.places = vec![(0x91, written_at(45))];
    timeline.push(call);
    let mut put = planned(2, &memory);
    let text = write(&memory, 0x10, b"x", Writer::Host);
    record(&mut put, &mut memory, None, vec![text]);
    timeline.push(put);
    timeline
}

/// The default session, wholly run and shown at `step`, at a terminal of `size`.
pub fn app(size: (u16, u16), step: usize) -> App {
    app_over(timeline(), size, step)
}

/// A session that has run as far as its timeline goes, shown at `step`.
pub fn app_over(timeline: Timeline, size: (u16, u16), step: usize) -> App {
    let mut app = opened(size);
    for record in timeline.steps() {
        on_message(
            &mut app,
            Message::Session(Report::Step(Box::new(record.clone()))),
        );
    }
    super::navigation::time::show_end_of(&mut app, step);
    app
}

/// The default session just opened: step 0 has been asked for.
pub fn opened(size: (u16, u16)) -> App {
    let choice = |name: &str, description: &str| SessionChoice {
        name: name.into(),
        description: description.into(),
    };
    let sessions = vec![
        choice(
            "wasm_is_cool",
            "A host writes a string, the guest appends to it.",
        ),
        choice("moved", "The same, with a guest whose buffer moves."),
    ];
    let mut app = App::new(size, sessions, true);
    on_message(
        &mut app,
        Message::Session(Report::Opened(Box::new(announced()))),
    );
    app
}
