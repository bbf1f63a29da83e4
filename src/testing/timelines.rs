//! Timelines built by hand, as a session would record them.

use std::sync::Arc;

use super::steps::{self, guest_writer, place_in_text};
use crate::source::{Frame, Listing, ListingKind, Place};
use crate::timeline::{
    Attempt, CallFrame, ExportFacts, Finding, FindingKind, GuestFacts, Image, InputFacts,
    MemoryFacts, Outcome, PAGE, PlannedStep, Pointer, Span, SpanKind, StepBuilder, StepKind,
    StepRecord, Timeline, Trap, Writer,
};
use crate::value::Value;
use crate::wasm_types::{ExternType, MemoryType, ValueType};

/// The address of the buffer of the standard session.
pub const BUFFER: u64 = 0x400;
/// The address of the buffer after it has moved.
pub const MOVED_BUFFER: u64 = 0x10400;
/// The address of the data segment of the standard session.
pub const DATA: u64 = 0x800;

/// The text that the host writes.
const TEXT: &str = "Did you know";
/// The text that the guest appends.
const SUFFIX: &str = " Wasm is cool!";

/// The steps of the standard session with their lines in `guest/wasm_is_cool.steps`.
const PLAN: [(StepKind, Option<u32>, &str); 8] = [
    (StepKind::Instantiate, None, "instantiate"),
    (
        StepKind::Call,
        Some(4),
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Region, Some(5), "region buffer = ptr, 1024"),
    (StepKind::Write, Some(6), "write ptr, text"),
    (
        StepKind::Call,
        Some(7),
        "n   = call add_wasm_is_cool(len(text))",
    ),
    (
        StepKind::Call,
        Some(8),
        "ptr = call get_wasm_memory_buffer_pointer()",
    ),
    (StepKind::Read, Some(9), "out = read ptr, n as utf8"),
    (
        StepKind::Expect,
        Some(10),
        "expect out == text ++ \" Wasm is cool!\"",
    ),
];

/// Builds a timeline step by step. Memory, pages and changes follow from the events of each step.
pub struct TimelineBuilder {
    timeline: Timeline,
}

impl TimelineBuilder {
    /// Starts a timeline of a guest with `pages` pages of memory. With 0 the guest has no memory.
    pub fn new(title: &str, pages: u64) -> Self {
        let mut timeline = Timeline::default();
        timeline.title = title.into();
        timeline.guest = guest_facts(pages);
        TimelineBuilder { timeline }
    }

    /// Continues `timeline`.
    pub fn continuing(timeline: Timeline) -> Self {
        TimelineBuilder { timeline }
    }

    /// Returns the timeline so far. Its facts can be changed.
    pub fn timeline(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    /// Appends a step that `fill` completes. Its line is its index; it knows the pointers of the
    /// step before it.
    pub fn step(
        &mut self,
        kind: StepKind,
        text: &str,
        fill: impl FnOnce(&mut StepBuilder),
    ) -> &mut Self {
        let line = u32::try_from(self.timeline.steps().len()).ok();
        self.push(kind, line.filter(|line| *line > 0), text, fill)
    }

    /// Appends the next planned step, which `fill` completes.
    pub fn planned_step(&mut self, fill: impl FnOnce(&mut StepBuilder)) -> &mut Self {
        let planned = self.timeline.planned[self.timeline.steps().len()].clone();
        self.push(planned.kind, planned.line, &planned.text, fill)
    }

    /// Appends the instantiation of a guest whose data segment 0 is at 0x100.
    pub fn instantiate(&mut self) -> &mut Self {
        self.step(StepKind::Instantiate, "instantiate", |step| {
            steps::write(step, 0x100, SUFFIX.as_bytes(), Writer::Data { segment: 0 });
        })
    }

    /// Appends a call that fetches the pointer `ptr`, which is `address`.
    pub fn fetch(&mut self, address: u64) -> &mut Self {
        let text = "ptr = call get_wasm_memory_buffer_pointer()";
        self.step(StepKind::Call, text, |step| steps::fetch(step, address))
    }

    /// Returns the timeline.
    pub fn finish(self) -> Timeline {
        self.timeline
    }

    fn push(
        &mut self,
        kind: StepKind,
        line: Option<u32>,
        text: &str,
        fill: impl FnOnce(&mut StepBuilder),
    ) -> &mut Self {
        let index = self.timeline.steps().len();
        let before = self.timeline.memory_before(index);
        let pages = self.timeline.guest.memory.as_ref().map_or(0, |m| m.pages);
        let start = match index {
            0 => Image::zeroed(pages * PAGE),
            _ => before.clone(),
        };
        let mut step = StepBuilder::begin(index, kind, text.into(), start);
        step.pages_before = before.pages();
        step.line = line;
        if let Some(previous) = index.checked_sub(1).and_then(|i| self.timeline.step(i)) {
            step.pointers = previous.pointers.iter().map(unmoved).collect();
        }
        fill(&mut step);
        self.timeline.push(step.finish(&before));
        self
    }
}

/// Returns the pointer as the steps after its fetch record it.
fn unmoved(pointer: &Pointer) -> Pointer {
    Pointer {
        moved_from: None,
        fetched: false,
        ..pointer.clone()
    }
}

/// Returns the facts of the standard guest with `pages` pages of memory, or without memory for 0.
fn guest_facts(pages: u64) -> GuestFacts {
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
    GuestFacts {
        has_other_memories: false,
        variables: Vec::new(),
        debug_types: Default::default(),
        path: "wasm_is_cool.wat".into(),
        sha256: "3f2a9c01d4e5b6a7".repeat(4),
        bytes: 412,
        memory: (pages > 0).then_some(MemoryFacts {
            pages,
            max: Some(32),
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
        allocator: Default::default(),
        layout: Vec::new(),
    }
}

/// Returns the standard session before its first step, on a memory of one page.
pub fn announced_session() -> Timeline {
    announced_session_in(PAGE)
}

/// Returns the standard session before its first step, on a memory of `bytes` bytes.
pub fn announced_session_in(bytes: u64) -> Timeline {
    let mut builder = TimelineBuilder::new("default session", bytes.div_ceil(PAGE));
    let timeline = builder.timeline();
    timeline.inputs = vec![InputFacts {
        name: "text".into(),
        value: Value::Text(TEXT.into()),
    }];
    let plan = PLAN.iter().map(|(kind, line, text)| PlannedStep {
        kind: *kind,
        line: *line,
        text: (*text).into(),
        narration: None,
        question: None,
        javascript: String::new(),
    });
    timeline.planned = plan.collect();
    builder.finish()
}

/// Returns the standard session, all eight steps: `guest/wasm_is_cool.steps` as it is recorded. The
/// buffer is at [`BUFFER`], the text of the guest at [`DATA`].
pub fn standard_session() -> Timeline {
    standard_session_in(PAGE)
}

/// Returns the standard session on a memory of `bytes` bytes.
pub fn standard_session_in(bytes: u64) -> Timeline {
    session(announced_session_in(bytes), BUFFER, append)
}

/// Returns the first `steps` steps of the standard session on a memory of `bytes` bytes. The other
/// steps are planned.
pub fn standard_session_after(steps: usize, bytes: u64) -> Timeline {
    let mut timeline = announced_session_in(bytes);
    for step in standard_session_in(bytes).steps().iter().take(steps) {
        timeline.push(step.clone());
    }
    timeline
}

/// Returns the standard session with a guest that grows memory in step 4 and has its buffer at
/// [`MOVED_BUFFER`] from then on.
pub fn standard_session_with_moving_buffer() -> Timeline {
    session(announced_session(), MOVED_BUFFER, move_and_append)
}

/// Builds the standard session, in which `transform` is step 4 and `later` the address of the
/// buffer after it.
fn session(announced: Timeline, later: u64, transform: fn(&mut StepBuilder)) -> Timeline {
    let mut builder = TimelineBuilder::continuing(announced);
    up_to_the_call(&mut builder);
    builder
        .planned_step(transform)
        .planned_step(|step| steps::fetch(step, later))
        .planned_step(|step| {
            steps::bind(step, "out", Value::Text(format!("{TEXT}{SUFFIX}")));
            step.focus = Some(Span {
                start: later,
                len: 26,
            });
        })
        .planned_step(|step| step.focus = None);
    builder.finish()
}

/// Appends steps 0 to 3 of the standard session.
fn up_to_the_call(builder: &mut TimelineBuilder) {
    builder
        .planned_step(|step| {
            let writer = Writer::Data { segment: 0 };
            steps::write(step, DATA, SUFFIX.as_bytes(), writer);
        })
        .planned_step(|step| steps::fetch(step, BUFFER))
        .planned_step(|step| {
            steps::name_span(step, "buffer", SpanKind::Region, BUFFER, 1024);
            step.focus = Some(Span {
                start: BUFFER,
                len: 1024,
            });
        })
        .planned_step(|step| steps::write(step, BUFFER, TEXT.as_bytes(), Writer::Host));
}

/// Step 4: the guest appends its text, byte by byte.
fn append(step: &mut StepBuilder) {
    write_suffix(step, BUFFER, guest_writer("add_wasm_is_cool", 0xa9, 45));
    step.places = vec![(0xa9, place_in_text(45))];
    (step.stores, step.stores_recorded) = (14, 14);
}

/// Step 4 of a guest that grows memory first and copies the buffer into the new page.
fn move_and_append(step: &mut StepBuilder) {
    steps::grow(step, 2, binary_writer(0x98));
    let copied = TEXT.as_bytes();
    steps::write(step, MOVED_BUFFER, copied, binary_writer(0x9c));
    write_suffix(step, MOVED_BUFFER, binary_writer(0xa9));
    step.findings.push(Finding::new(
        FindingKind::MemoryGrew,
        "Memory grew from 1 page to 2: views and lengths kept from before are no longer valid.",
    ));
    step.places = [(0x98, 2), (0x9c, 6), (0xa9, 11)]
        .map(|(offset, line)| (offset, place_in_disassembly(line)))
        .to_vec();
    (step.stores, step.stores_recorded) = (15, 15);
}

/// Writes the text of the guest after that of the host, one byte at a time, and returns from the
/// call.
fn write_suffix(step: &mut StepBuilder, buffer: u64, writer: Writer) {
    let start = buffer + TEXT.len() as u64;
    for (address, byte) in (start..).zip(SUFFIX.bytes()) {
        steps::write(step, address, &[byte], writer.clone());
    }
    step.focus = Some(Span {
        start,
        len: SUFFIX.len() as u64,
    });
    steps::bind(step, "n", Value::Int(26));
    steps::call(
        step,
        "add_wasm_is_cool",
        &[Value::Int(12)],
        &[Value::Int(26)],
    );
}

/// Returns the writer that is an instruction of a binary without a source.
fn binary_writer(offset: u64) -> Writer {
    Writer::Guest {
        function: Some("add_wasm_is_cool".into()),
        offset: Some(offset),
        source: None,
    }
}

/// Returns the place of the instruction on line `line` of a disassembly. Two functions are inlined
/// around the one on line 11.
fn place_in_disassembly(line: u32) -> Arc<Place> {
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
    let listing = Listing {
        kind: ListingKind::Disassembly,
        title: "add_wasm_is_cool".into(),
        first_line: 1,
        lines: LINES.iter().map(|line| (*line).to_owned()).collect(),
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
        inlined: match line {
            11 => ["push", "extend", "add_wasm_is_cool"].map(frame).to_vec(),
            _ => Vec::new(),
        },
    })
}

/// Returns the standard session up to a step 4 that trapped in its third store, past the end of
/// memory.
pub fn standard_session_that_traps() -> Timeline {
    let mut builder = TimelineBuilder::continuing(announced_session());
    up_to_the_call(&mut builder);
    builder.planned_step(|step| {
        for address in [0xfff8, 0xfffc] {
            steps::write(step, address, b"cool", guest_writer("fill", 0xb4, 45));
        }
        step.focus = None;
        (step.stores, step.stores_recorded) = (2, 2);
        let message = "out of bounds memory access in fill";
        steps::fail(step, Outcome::Trapped, message);
        step.trap = Some(trap());
        step.places = vec![(0xb4, place_in_text(45))];
        step.findings.push(Finding::new(
            FindingKind::Trap,
            "out of bounds memory access in fill, 3 calls deep",
        ));
    });
    builder.finish()
}

fn trap() -> Trap {
    let frame = |function: &str, offset: u64, line: u32| CallFrame {
        function: function.into(),
        offset: Some(offset),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
    };
    Trap {
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
        reasons: Vec::new(),
    }
}

/// Returns a timeline of one step, which leaves `memory` as it is.
pub fn one_step_over(memory: Image) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        memory,
    ));
    timeline
}

/// Returns a timeline of one step, in which the host writes the byte at `address` `count` times.
pub fn one_step_of_writes(address: u64, count: u8) -> Timeline {
    let mut builder = TimelineBuilder::new("", 1);
    builder.step(StepKind::Instantiate, "instantiate", |step| {
        for value in 1..=count {
            steps::write(step, address, &[value], Writer::Host);
        }
        step.focus = None;
    });
    builder.finish()
}

/// Returns a timeline of three steps. Step 1 is a call of `recorded` stores to 256 bytes in turn
/// that states `all` stores. In step 2 the host writes to 0x10.
pub fn call_of_stores(recorded: u64, all: u64) -> Timeline {
    let mut builder = TimelineBuilder::continuing(announced_session());
    builder.timeline().planned.truncate(3);
    builder
        .planned_step(|_| ())
        .planned_step(|step| {
            for number in 0..recorded {
                let value = [number as u8 / 2];
                let writer = guest_writer("churn", 0x91, 45);
                steps::write(step, number % 256, &value, writer);
            }
            step.focus = None;
            (step.stores, step.stores_recorded) = (all, recorded);
            step.places = vec![(0x91, place_in_text(45))];
        })
        .planned_step(|step| {
            steps::write(step, 0x10, b"x", Writer::Host);
            step.focus = None;
        });
    builder.finish()
}
