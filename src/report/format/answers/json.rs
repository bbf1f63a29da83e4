//! Answers as JSON: `linmem.who/1`, `linmem.memory/1`, and the lines of `linmem.query/1`.
//!
//! `docs/json.md` and `docs/query.md` describe every key. Keys are only ever added.

use std::cell::{Cell, RefCell};
use std::io;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::answers::{Answer, AnswerError, FoundTouch, MemoryPart, Regions, Run, Writers};
use crate::report::common::json::{FindingData, HostData, TypedValue, WriterData, write_document};
use crate::report::common::summary;
use crate::safe;
use crate::timeline::{
    At, Moment, Outcome, Part, PartKind, Span, Status, StepKind, StepRecord, Timeline, Touch,
};
use crate::value::Hex;

const WHO: &str = "linmem.who/1";
const MEMORY: &str = "linmem.memory/1";
const QUERY: &str = "linmem.query/1";

pub(super) fn write_writers(writers: &Writers, out: &mut dyn io::Write) -> io::Result<()> {
    write_document(
        &Document::new(WHO, writers.timeline, WritersData(writers)),
        out,
    )
}

pub(super) fn write_touch(found: &FoundTouch, out: &mut dyn io::Write) -> io::Result<()> {
    write_document(
        &Document::new(WHO, found.timeline, TouchData::from(found)),
        out,
    )
}

pub(super) fn write_memory(memory: &MemoryPart, out: &mut dyn io::Write) -> io::Result<()> {
    let bytes = memory.bytes();
    let data = MemoryData::new(memory, &bytes);
    write_document(&Document::new(MEMORY, memory.timeline, data), out)
}

pub(super) fn write_greeting(
    timeline: &Timeline,
    moment: Option<Moment>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let end = timeline.end();
    let greeting = Greeting {
        schema: QUERY,
        status: timeline.status(),
        title: &timeline.title,
        steps: timeline.steps().len(),
        at: moment.map(at),
        memory: end.map_or(0, |end| timeline.memory_at(end).len()),
        problem: summary::problem(timeline, false),
    };
    write_line(&greeting, out)
}

pub(super) fn write_answer_line(
    id: &Value,
    answer: &Result<Answer, AnswerError>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    write_line(&AnswerLine { id, answer }, out)
}

fn write_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    safe::json::write_compact(value, &mut *out)?;
    out.write_all(b"\n")
}

fn at(moment: Moment) -> String {
    At::from(moment).to_string()
}

/// A document of one answer.
#[derive(Serialize)]
struct Document<T> {
    schema: &'static str,
    status: Status,
    #[serde(flatten)]
    answer: T,
}

impl<T> Document<T> {
    fn new(schema: &'static str, timeline: &Timeline, answer: T) -> Self {
        Document {
            schema,
            status: timeline.status(),
            answer,
        }
    }
}

#[derive(Serialize)]
struct Greeting<'a> {
    schema: &'static str,
    status: Status,
    title: &'a str,
    steps: usize,
    at: Option<String>,
    memory: u64,
    problem: Option<String>,
}

struct AnswerLine<'a> {
    id: &'a Value,
    answer: &'a Result<Answer<'a>, AnswerError>,
}

impl Serialize for AnswerLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        match self.answer {
            Ok(Answer::Writers(writers)) => map.serialize_entry("who", &WritersData(writers))?,
            Ok(Answer::Touch(found)) => {
                map.serialize_entry(found.direction.as_str(), &TouchData::from(found))?;
            }
            Ok(Answer::Memory(memory)) => {
                let bytes = memory.bytes();
                map.serialize_entry("memory", &MemoryData::new(memory, &bytes))?;
            }
            Ok(Answer::Value(value)) => map.serialize_entry("value", &TypedValue::from(value))?,
            Ok(Answer::Steps(timeline)) => map.serialize_entry("steps", &Steps(timeline))?,
            Ok(Answer::Findings(timeline)) => {
                map.serialize_entry("findings", &Findings(timeline))?;
            }
            Ok(Answer::Regions(regions)) => {
                map.serialize_entry("regions", &RegionsData::from(regions))?;
            }
            Err(error) => map.serialize_entry("error", &ErrorData::from(error))?,
        }
        map.end()
    }
}

#[derive(Serialize)]
struct ErrorData {
    code: &'static str,
    message: String,
}

impl From<&AnswerError> for ErrorData {
    fn from(error: &AnswerError) -> Self {
        ErrorData {
            code: error.code(),
            message: error.to_string(),
        }
    }
}

/// The writers of a range. Runs are found one at a time, as they are written.
struct WritersData<'a>(&'a Writers<'a>);

impl Serialize for WritersData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let writers = self.0;
        let has_more = Cell::new(false);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &at(writers.moment))?;
        map.serialize_entry("address", &writers.span.start)?;
        map.serialize_entry("length", &writers.span.len)?;
        let runs = Limited {
            items: || writers.runs().map(|run| RunData { writers, run }),
            most: writers.most_runs,
            has_more: &has_more,
        };
        map.serialize_entry("runs", &runs)?;
        map.serialize_entry("more_runs", &has_more.get())?;
        map.end()
    }
}

/// A list of at most `most` items. Sets whether there are more.
struct Limited<'a, F> {
    items: F,
    most: usize,
    has_more: &'a Cell<bool>,
}

impl<F: Fn() -> I, I: Iterator<Item = T>, T: Serialize> Serialize for Limited<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = (self.items)();
        let mut array = serializer.serialize_seq(None)?;
        for item in items.by_ref().take(self.most) {
            array.serialize_element(&item)?;
        }
        self.has_more.set(items.next().is_some());
        array.end()
    }
}

/// A run, with the writes to it. The earlier ones are found as they are written.
struct RunData<'a> {
    writers: &'a Writers<'a>,
    run: Run,
}

impl Serialize for RunData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RunData { writers, run } = self;
        let write = |touch| WriteData::new(writers.timeline, touch);
        // The last write is found first, and the earlier ones are those after it.
        let writes = RefCell::new(writers.writes(*run));
        let last = writes.borrow_mut().next();
        let has_more = Cell::new(false);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("address", &run.span.start)?;
        map.serialize_entry("length", &run.span.len)?;
        map.serialize_entry("last", &last.map(write))?;
        let earlier = Limited {
            items: || std::iter::from_fn(|| writes.borrow_mut().next()).map(write),
            most: writers.most_earlier,
            has_more: &has_more,
        };
        map.serialize_entry("earlier", &earlier)?;
        map.serialize_entry("more_earlier", &has_more.get())?;
        map.end()
    }
}

/// A write, as far as it is to the bytes in question.
struct WriteData<'a> {
    record: Option<&'a StepRecord>,
    touch: Touch,
}

impl<'a> WriteData<'a> {
    fn new(timeline: &'a Timeline, touch: Touch) -> Self {
        WriteData {
            record: timeline.step(touch.moment.step),
            touch,
        }
    }
}

impl Serialize for WriteData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WriteData { record, touch } = self;
        let host = record.and_then(|record| record.host.as_ref());
        let data = WriteFields {
            at: at(touch.moment),
            step: touch.moment.step,
            store: touch.moment.event,
            line: record.and_then(|record| record.line),
            text: record.map_or("", |record| &record.text),
            part: record.and_then(|record| {
                let part = record.children.innermost(touch.moment.event)?;
                Some(record.child_label(part))
            }),
            host: host.map(HostData::of),
            address: touch.part.start,
            before: Hex(&touch.before),
            after: Hex(&touch.after),
            write: BytesData::from(touch.whole),
            is_difference: touch.is_difference,
            writer: (&touch.writer).into(),
        };
        data.serialize(serializer)
    }
}

#[derive(Serialize)]
struct WriteFields<'a> {
    at: String,
    step: usize,
    store: usize,
    line: Option<u32>,
    text: &'a str,
    /// The innermost part of the step in which it was made.
    part: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<HostData<'a>>,
    address: u64,
    before: Hex<'a>,
    after: Hex<'a>,
    write: BytesData,
    is_difference: bool,
    writer: WriterData<'a>,
}

#[derive(Serialize)]
struct BytesData {
    address: u64,
    length: u64,
}

impl From<Span> for BytesData {
    fn from(span: Span) -> Self {
        BytesData {
            address: span.start,
            length: span.len,
        }
    }
}

#[derive(Serialize)]
struct TouchData<'a> {
    at: String,
    #[serde(flatten)]
    bytes: BytesData,
    touch: Option<WriteData<'a>>,
}

impl<'a> From<&'a FoundTouch<'a>> for TouchData<'a> {
    fn from(found: &'a FoundTouch<'a>) -> Self {
        let touch = found.touch.clone();
        TouchData {
            at: at(found.moment),
            bytes: found.span.into(),
            touch: touch.map(|touch| WriteData::new(found.timeline, touch)),
        }
    }
}

#[derive(Serialize)]
struct MemoryData<'a> {
    at: String,
    #[serde(flatten)]
    part: BytesData,
    memory: u64,
    bytes: Hex<'a>,
}

impl<'a> MemoryData<'a> {
    fn new(memory: &MemoryPart, bytes: &'a [u8]) -> Self {
        MemoryData {
            at: at(memory.moment),
            part: memory.span.into(),
            memory: memory.image.len(),
            bytes: Hex(bytes),
        }
    }
}

/// The steps, made one at a time.
struct Steps<'a>(&'a Timeline);

#[derive(Serialize)]
struct StepData<'a> {
    index: usize,
    line: Option<u32>,
    kind: StepKind,
    text: &'a str,
    outcome: Outcome,
    error: Option<&'a str>,
    events: usize,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.steps().iter().map(|record| StepData {
            index: record.index,
            line: record.line,
            kind: record.kind,
            text: &record.text,
            outcome: record.outcome,
            error: record.error.as_deref(),
            events: record.events.len(),
        }))
    }
}

/// The findings of all steps, made one at a time.
struct Findings<'a>(&'a Timeline);

#[derive(Serialize)]
struct StepFinding<'a> {
    index: usize,
    #[serde(flatten)]
    finding: FindingData<'a>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.steps().iter().flat_map(|record| {
            record.findings.iter().map(|finding| StepFinding {
                index: record.index,
                finding: finding.into(),
            })
        });
        serializer.collect_seq(findings)
    }
}

#[derive(Serialize)]
struct RegionsData<'a> {
    at: String,
    parts: Vec<PartData<'a>>,
}

#[derive(Serialize)]
struct PartData<'a> {
    kind: PartKind,
    name: &'a str,
    segment: Option<u32>,
    #[serde(flatten)]
    bytes: BytesData,
    released: bool,
}

impl<'a> From<&'a Regions> for RegionsData<'a> {
    fn from(regions: &'a Regions) -> Self {
        RegionsData {
            at: at(regions.moment),
            parts: regions.parts.iter().map(PartData::from).collect(),
        }
    }
}

impl<'a> From<&'a Part> for PartData<'a> {
    fn from(part: &'a Part) -> Self {
        PartData {
            kind: part.kind,
            name: &part.name,
            segment: part.segment,
            bytes: part.span.into(),
            released: part.released,
        }
    }
}
