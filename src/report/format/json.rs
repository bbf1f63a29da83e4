//! The JSON trace, `linmem.trace/1`.
//!
//! `docs/json.md` describes every key, and a test compares the two. Keys are only ever added. Texts
//! are exactly those of the record; characters that would act on a terminal are written as `\u`
//! escapes, so that the document can be printed.

mod children;
mod events;
mod trap;

use std::io;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::report::common::json::{FindingData, HostData, TypedValue, WriterData, write_document};
use crate::report::common::options::{Options, steps_shown};
use crate::timeline::{
    Answer, CallRecord, FieldChange, GuestFacts, ImportCall, InputFacts, Moment, NamedSpan, Naming,
    Outcome, Pointer, StackPointer, Status, StepKind, StepRecord, Timeline, describe_step,
};
use crate::value::{Hex, Value};
use children::ChildData;
use events::Events;
use trap::TrapData;

/// Writes the trace.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let trace = Trace {
        schema: "linmem.trace/1",
        status: timeline.status(),
        interrupted: timeline.interrupted,
        title: &timeline.title,
        guest: &timeline.guest,
        inputs: timeline.inputs.iter().map(InputData::from).collect(),
        history_bytes: timeline.history_bytes(),
        steps_planned: timeline.planned.len().max(timeline.steps().len()),
        blocks: blocks_at_end(timeline, options),
        views: views_at_end(timeline, options),
        steps: Steps { timeline, options },
    };
    write_document(&trace, out)
}

#[derive(Serialize)]
struct Trace<'a> {
    schema: &'static str,
    status: Status,
    interrupted: bool,
    title: &'a str,
    guest: &'a GuestFacts,
    inputs: Vec<InputData<'a>>,
    history_bytes: u64,
    steps_planned: usize,
    blocks: Option<BlocksData<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    views: Vec<ViewData>,
    steps: Steps<'a>,
}

/// The blocks of the guest's allocator after the last step.
#[derive(Serialize)]
struct BlocksData<'a> {
    count: u64,
    bytes: u64,
    first: Vec<BlockData<'a>>,
}

#[derive(Serialize)]
struct BlockData<'a> {
    start: u64,
    len: u64,
    step: usize,
    stores_before: usize,
    owner: &'a str,
    allocator: &'a str,
}

/// A part of memory whose bytes have a type, after the last step.
#[derive(Serialize)]
struct ViewData {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    start: u64,
    len: u64,
}

fn views_at_end(timeline: &Timeline, options: &Options) -> Vec<ViewData> {
    let shown = steps_shown(timeline, options);
    let Some(last) = timeline.steps().iter().take(shown).next_back() else {
        return Vec::new();
    };
    let views = timeline.views_at(Moment::end_of(last.index), last.memory.len());
    let views = views.into_iter().filter_map(|view| {
        Some(ViewData {
            ty: view.data_type?.label(),
            name: view.name,
            start: view.span.start,
            len: view.span.len,
        })
    });
    views.collect()
}

fn blocks_at_end<'a>(timeline: &'a Timeline, options: &Options) -> Option<BlocksData<'a>> {
    let steps = timeline.steps().iter();
    let last = steps.take(steps_shown(timeline, options)).next_back()?;
    let live = last.live_blocks.as_ref()?;
    let first = live.first.iter().map(|block| BlockData {
        start: block.span.start,
        len: block.span.len,
        step: block.step,
        stores_before: block.events_before,
        owner: &block.owner,
        allocator: &block.allocator,
    });
    Some(BlocksData {
        count: live.count,
        bytes: live.bytes,
        first: first.collect(),
    })
}

#[derive(Serialize)]
struct InputData<'a> {
    name: &'a str,
    #[serde(flatten)]
    value: TypedValue<'a>,
}

#[derive(Serialize)]
struct StepData<'a> {
    index: usize,
    line: Option<u32>,
    kind: StepKind,
    text: &'a str,
    outcome: Outcome,
    error: Option<&'a str>,
    trap: Option<TrapData<'a>>,
    narration: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<HostData<'a>>,
    happened: String,
    bindings: Bindings<'a>,
    call: Option<&'a CallRecord>,
    imports_called: &'a [ImportCall],
    imports_called_total: u64,
    children: Vec<ChildData<'a>>,
    children_total: u64,
    output: Option<&'a str>,
    output_bytes: u64,
    output_kept: u64,
    exit_code: Option<i32>,
    pages: Pages,
    growth: Growths<'a>,
    stack_pointer: Option<StackPointer>,
    stores: u64,
    stores_recorded: u64,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    fields: Fields,
    changes: Changes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Events<'a>>,
    pointers: &'a [Pointer],
    span: Option<&'a NamedSpan>,
    released: Option<&'a str>,
    ask: Option<AskData<'a>>,
    findings: Vec<FindingData<'a>>,
}

#[derive(Serialize)]
struct Pages {
    before: u64,
    after: u64,
}

#[derive(Serialize)]
struct GrowthData<'a> {
    before: u64,
    after: u64,
    writer: WriterData<'a>,
}

#[derive(Serialize)]
struct ChangeData<'a> {
    start: u64,
    before: Hex<'a>,
    after: Hex<'a>,
    writer: WriterData<'a>,
}

#[derive(Serialize)]
struct AskData<'a> {
    question: &'a str,
    answer: Option<AnswerData<'a>>,
}

#[derive(Serialize)]
struct AnswerData<'a> {
    value: Option<&'a Value>,
    error: Option<&'a str>,
}

/// The steps, made one at a time, so that a long run is in memory only once.
struct Steps<'a> {
    timeline: &'a Timeline,
    options: &'a Options,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = steps_shown(self.timeline, self.options);
        let steps = self.timeline.steps().iter().take(shown);
        serializer.collect_seq(steps.map(|record| self.step(record)))
    }
}

impl<'a> Steps<'a> {
    fn step(&self, record: &'a StepRecord) -> StepData<'a> {
        let timeline = self.timeline;
        let (span, released) = match &record.naming {
            Some(Naming::Named(span)) => (Some(span), None),
            Some(Naming::Released(name)) => (None, Some(name.as_str())),
            None => (None, None),
        };
        StepData {
            index: record.index,
            line: record.line,
            kind: record.kind,
            text: &record.text,
            outcome: record.outcome,
            error: record.error.as_deref(),
            trap: record
                .trap
                .as_ref()
                .map(|trap| TrapData::new(timeline, trap)),
            narration: record.narration.as_deref(),
            host: record.host.as_ref().map(HostData::of),
            happened: describe_step(timeline, record.index),
            bindings: Bindings(record),
            call: record.call.as_ref(),
            imports_called: &record.imports_called,
            imports_called_total: record.imports_called_total,
            children: children::of(record),
            children_total: record.children.total(),
            output: record.output.as_deref(),
            output_bytes: record.output_bytes,
            output_kept: record.output_kept,
            exit_code: record.exit_code,
            pages: Pages {
                before: record.pages_before,
                after: record.pages_after,
            },
            growth: Growths(record),
            stack_pointer: record.stack_pointer,
            stores: record.stores,
            stores_recorded: record.stores_recorded,
            fields: Fields(timeline.field_changes(record)),
            changes: Changes(record),
            events: self.options.stores.then_some(Events(&record.events)),
            pointers: &record.pointers,
            span,
            released,
            ask: record.ask.as_ref().map(|ask| AskData {
                question: &ask.question,
                answer: timeline.answer_to(record.index).map(AnswerData::from),
            }),
            findings: record.findings.iter().map(FindingData::from).collect(),
        }
    }
}

/// The fields of views that a step changed.
struct Fields(Vec<FieldChange>);

impl Fields {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Serialize)]
struct FieldData<'a> {
    path: &'a str,
    before: TypedValue<'a>,
    after: TypedValue<'a>,
    start: u64,
    len: u64,
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|change| FieldData {
            path: &change.path,
            before: (&change.before).into(),
            after: (&change.after).into(),
            start: change.span.start,
            len: change.span.len,
        }))
    }
}

/// The changes of a step, made one at a time.
struct Changes<'a>(&'a StepRecord);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for change in self.0.changes.iter_joined() {
            array.serialize_element(&ChangeData {
                start: change.start,
                before: Hex(&change.before),
                after: Hex(&change.after),
                writer: (&change.writer).into(),
            })?;
        }
        array.end()
    }
}

/// The growth of memory in a step.
struct Growths<'a>(&'a StepRecord);

impl Serialize for Growths<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for growth in self.0.events.growths() {
            array.serialize_element(&GrowthData {
                before: growth.before,
                after: growth.after,
                writer: (&growth.by).into(),
            })?;
        }
        array.end()
    }
}

/// Variables and their values, in the order in which they were bound. Of a name that was bound
/// twice the last value counts.
struct Bindings<'a>(&'a StepRecord);

impl Serialize for Bindings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bindings = &self.0.bindings;
        let mut map = serializer.serialize_map(None)?;
        for (i, binding) in bindings.iter().enumerate() {
            let mut later = bindings.iter().skip(i + 1);
            if !later.any(|later| later.name == binding.name) {
                map.serialize_entry(&binding.name, &TypedValue::from(&binding.value))?;
            }
        }
        map.end()
    }
}

impl<'a> From<&'a InputFacts> for InputData<'a> {
    fn from(input: &'a InputFacts) -> Self {
        InputData {
            name: &input.name,
            value: (&input.value).into(),
        }
    }
}

impl<'a> From<&'a Answer> for AnswerData<'a> {
    fn from(answer: &'a Answer) -> Self {
        AnswerData {
            value: answer.value.as_ref().ok(),
            error: answer.value.as_ref().err().map(String::as_str),
        }
    }
}
