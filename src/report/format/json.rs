//! The JSON trace, `linmem.trace/1`. `docs/json.md` describes every key, and a test holds the two
//! together. Keys are only ever added.
//!
//! Texts stand in it exactly as they were; characters that would change a terminal are written as
//! `\u` escapes, so that the document can be printed as it is.

mod events;
mod trap;

use std::cell::Cell;
use std::io;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::report::common::json::{Hex, Plain, WriterOut, print};
use crate::report::common::options::{Options, steps_shown};
use crate::timeline::{
    Answer, CallRecord, ExportFacts, Finding, Growth, GuestFacts, ImportCall, ImportFacts,
    InputFacts, LayoutFacts, NamedSpan, Naming, Pointer, SpanKind, StepRecord, Timeline, narrate,
};
use crate::value::Value;

use events::Events;
use trap::TrapOut;

pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let one_line = Cell::new(false);
    let trace = Trace {
        schema: "linmem.trace/1",
        status: timeline.status().word(),
        title: &timeline.title,
        guest: (&timeline.guest).into(),
        inputs: timeline.inputs.iter().map(InputOut::from).collect(),
        steps_planned: timeline.planned.len().max(timeline.steps().len()),
        steps: Steps {
            timeline,
            options,
            one_line: &one_line,
        },
    };
    print(&trace, &one_line, out)
}

#[derive(serde::Serialize)]
struct Trace<'a> {
    schema: &'static str,
    status: &'static str,
    title: &'a str,
    guest: GuestOut<'a>,
    inputs: Vec<InputOut<'a>>,
    steps_planned: usize,
    steps: Steps<'a>,
}

#[derive(serde::Serialize)]
struct GuestOut<'a> {
    path: &'a str,
    sha256: &'a str,
    bytes: u64,
    memory: Option<MemoryOut>,
    exports: Vec<ExportOut<'a>>,
    imports: Vec<ImportOut<'a>>,
    layout: Vec<LayoutOut<'a>>,
}

#[derive(serde::Serialize)]
struct LayoutOut<'a> {
    kind: &'static str,
    name: &'a str,
    segment: Option<u32>,
    start: Option<u64>,
    end: Option<u64>,
    known_by: &'a str,
}

#[derive(serde::Serialize)]
struct MemoryOut {
    pages: u64,
    max: Option<u64>,
    is_64: bool,
}

#[derive(serde::Serialize)]
struct ExportOut<'a> {
    name: &'a str,
    kind: &'static str,
    r#type: String,
}

#[derive(serde::Serialize)]
struct ImportOut<'a> {
    module: &'a str,
    name: &'a str,
    kind: &'static str,
    r#type: String,
}

#[derive(serde::Serialize)]
struct InputOut<'a> {
    name: &'a str,
    r#type: &'static str,
    value: Plain<'a>,
}

#[derive(serde::Serialize)]
struct StepOut<'a> {
    index: usize,
    line: Option<u32>,
    kind: &'static str,
    text: &'a str,
    outcome: &'static str,
    error: Option<&'a str>,
    trap: Option<TrapOut<'a>>,
    narration: Option<&'a str>,
    happened: String,
    bindings: Bindings<'a>,
    call: Option<CallOut<'a>>,
    imports_called: Vec<ImportCallOut<'a>>,
    imports_called_total: u64,
    output: Option<&'a str>,
    output_bytes: u64,
    output_kept: u64,
    exit_code: Option<i32>,
    pages: PagesOut,
    growth: Growths<'a>,
    stores: u64,
    stores_recorded: u64,
    changes: Changes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Events<'a>>,
    pointers: Vec<PointerOut<'a>>,
    span: Option<SpanOut<'a>>,
    released: Option<&'a str>,
    ask: Option<AskOut<'a>>,
    findings: Vec<FindingOut<'a>>,
}

#[derive(serde::Serialize)]
struct CallOut<'a> {
    export: &'a str,
    args: Vec<Plain<'a>>,
    results: Vec<Plain<'a>>,
}

#[derive(serde::Serialize)]
struct ImportCallOut<'a> {
    name: &'a str,
    args: Vec<Plain<'a>>,
    results: Vec<Plain<'a>>,
    saw: Vec<Plain<'a>>,
    meaning: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct PagesOut {
    before: u64,
    after: u64,
}

#[derive(serde::Serialize)]
struct GrowthOut<'a> {
    before: u64,
    after: u64,
    writer: WriterOut<'a>,
}

#[derive(serde::Serialize)]
struct ChangeOut<'a> {
    start: u64,
    before: Hex<&'a [u8]>,
    after: Hex<&'a [u8]>,
    writer: WriterOut<'a>,
}

#[derive(serde::Serialize)]
struct PointerOut<'a> {
    name: &'a str,
    address: u64,
    moved_from: Option<u64>,
    fetched: bool,
}

#[derive(serde::Serialize)]
struct SpanOut<'a> {
    kind: &'static str,
    name: &'a str,
    start: u64,
    len: u64,
}

#[derive(serde::Serialize)]
struct AskOut<'a> {
    question: &'a str,
    answer: Option<AnswerOut<'a>>,
}

#[derive(serde::Serialize)]
struct AnswerOut<'a> {
    value: Option<Plain<'a>>,
    error: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct FindingOut<'a> {
    kind: &'static str,
    severity: &'static str,
    message: &'a str,
    address: Option<u64>,
    spans: Vec<PlainSpan>,
    step: Option<usize>,
    expected: bool,
}

#[derive(serde::Serialize)]
struct PlainSpan {
    start: u64,
    len: u64,
}

/// The steps, made one at a time: a long run is never held twice.
struct Steps<'a> {
    timeline: &'a Timeline,
    options: &'a Options,
    one_line: &'a Cell<bool>,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = steps_shown(self.timeline, self.options);
        serializer.collect_seq(
            self.timeline
                .steps()
                .iter()
                .take(shown)
                .map(|s| StepOut::new(self, s)),
        )
    }
}

impl<'a> StepOut<'a> {
    fn new(steps: &Steps<'a>, record: &'a StepRecord) -> Self {
        let timeline = steps.timeline;
        StepOut {
            index: record.index,
            line: record.line,
            kind: record.kind.word(),
            text: &record.text,
            outcome: record.outcome.word(),
            error: record.error.as_deref(),
            trap: record
                .trap
                .as_ref()
                .map(|trap| TrapOut::new(timeline, trap)),
            narration: record.narration.as_deref(),
            happened: narrate(timeline, record.index),
            bindings: Bindings(record),
            call: record.call.as_ref().map(CallOut::from),
            imports_called: record
                .imports_called
                .iter()
                .map(ImportCallOut::from)
                .collect(),
            imports_called_total: record.imports_called_total,
            output: record.output.as_deref(),
            output_bytes: record.output_bytes,
            output_kept: record.output_kept,
            exit_code: record.exit_code,
            pages: PagesOut {
                before: record.pages_before,
                after: record.pages_after,
            },
            growth: Growths(record),
            stores: record.stores,
            stores_recorded: record.stores_recorded,
            changes: Changes(record),
            events: steps.options.stores.then_some(Events {
                log: &record.events,
                one_line: steps.one_line,
            }),
            pointers: record.pointers.iter().map(PointerOut::from).collect(),
            span: match &record.naming {
                Some(Naming::Named(span)) => Some(span.into()),
                _ => None,
            },
            released: match &record.naming {
                Some(Naming::Released(name)) => Some(name),
                _ => None,
            },
            ask: record.ask.as_ref().map(|ask| AskOut {
                question: &ask.question,
                answer: timeline.answer_to(record.index).map(AnswerOut::from),
            }),
            findings: record.findings.iter().map(FindingOut::from).collect(),
        }
    }
}

/// What a step changed, made one run at a time.
struct Changes<'a>(&'a StepRecord);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for change in self.0.changes.iter() {
            array.serialize_element(&ChangeOut {
                start: change.start,
                before: Hex(&change.before),
                after: Hex(&change.after),
                writer: (&change.writer).into(),
            })?;
        }
        array.end()
    }
}

/// Each time memory grew in a step.
struct Growths<'a>(&'a StepRecord);

impl Serialize for Growths<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for Growth { before, after, by } in self.0.events.growths() {
            array.serialize_element(&GrowthOut {
                before,
                after,
                writer: (&by).into(),
            })?;
        }
        array.end()
    }
}

fn plain(values: &[Value]) -> Vec<Plain<'_>> {
    values.iter().map(Plain).collect()
}

impl<'a> From<&'a GuestFacts> for GuestOut<'a> {
    fn from(guest: &'a GuestFacts) -> Self {
        GuestOut {
            path: &guest.path,
            sha256: &guest.sha256,
            bytes: guest.bytes,
            memory: guest.memory.as_ref().map(|m| MemoryOut {
                pages: m.pages,
                max: m.max,
                is_64: m.is_64,
            }),
            exports: guest.exports.iter().map(ExportOut::from).collect(),
            imports: guest.imports.iter().map(ImportOut::from).collect(),
            layout: guest.layout.iter().map(LayoutOut::from).collect(),
        }
    }
}

impl<'a> From<&'a ExportFacts> for ExportOut<'a> {
    fn from(export: &'a ExportFacts) -> Self {
        ExportOut {
            name: &export.name,
            kind: export.ty.kind().as_str(),
            r#type: export.ty.to_string(),
        }
    }
}

impl<'a> From<&'a ImportFacts> for ImportOut<'a> {
    fn from(import: &'a ImportFacts) -> Self {
        ImportOut {
            module: &import.module,
            name: &import.name,
            kind: import.ty.kind().as_str(),
            r#type: import.ty.to_string(),
        }
    }
}

impl<'a> From<&'a LayoutFacts> for LayoutOut<'a> {
    fn from(facts: &'a LayoutFacts) -> Self {
        let LayoutFacts {
            kind,
            name,
            segment,
            start,
            end,
            known_by,
        } = facts;
        LayoutOut {
            kind: kind.word(),
            name,
            segment: *segment,
            start: *start,
            end: *end,
            known_by,
        }
    }
}

impl<'a> From<&'a InputFacts> for InputOut<'a> {
    fn from(input: &'a InputFacts) -> Self {
        InputOut {
            name: &input.name,
            r#type: input.value.type_name(),
            value: Plain(&input.value),
        }
    }
}

impl<'a> From<&'a CallRecord> for CallOut<'a> {
    fn from(call: &'a CallRecord) -> Self {
        CallOut {
            export: &call.export,
            args: plain(&call.args),
            results: plain(&call.results),
        }
    }
}

impl<'a> From<&'a ImportCall> for ImportCallOut<'a> {
    fn from(call: &'a ImportCall) -> Self {
        let (args, results, saw) = (plain(&call.args), plain(&call.results), plain(&call.saw));
        ImportCallOut {
            name: &call.name,
            args,
            results,
            saw,
            meaning: call.meaning,
        }
    }
}

impl<'a> From<&'a Pointer> for PointerOut<'a> {
    fn from(pointer: &'a Pointer) -> Self {
        let Pointer {
            name,
            address,
            moved_from,
            fetched,
        } = pointer;
        PointerOut {
            name,
            address: *address,
            moved_from: *moved_from,
            fetched: *fetched,
        }
    }
}

impl<'a> From<&'a NamedSpan> for SpanOut<'a> {
    fn from(span: &'a NamedSpan) -> Self {
        let kind = match span.kind {
            SpanKind::Region => "region",
            SpanKind::Block => "block",
        };
        SpanOut {
            kind,
            name: &span.name,
            start: span.span.start,
            len: span.span.len,
        }
    }
}

impl<'a> From<&'a Answer> for AnswerOut<'a> {
    fn from(answer: &'a Answer) -> Self {
        match &answer.value {
            Ok(value) => AnswerOut {
                value: Some(Plain(value)),
                error: None,
            },
            Err(why) => AnswerOut {
                value: None,
                error: Some(why),
            },
        }
    }
}

impl<'a> From<&'a Finding> for FindingOut<'a> {
    fn from(finding: &'a Finding) -> Self {
        FindingOut {
            kind: finding.kind.as_str(),
            severity: finding.severity().as_str(),
            message: &finding.message,
            address: finding.address,
            spans: finding
                .spans
                .iter()
                .map(|span| PlainSpan {
                    start: span.start,
                    len: span.len,
                })
                .collect(),
            step: finding.blamed,
            expected: finding.claimed,
        }
    }
}

/// Names to typed values, in the order they were bound; a name bound twice stands once, with its
/// last value.
struct Bindings<'a>(&'a StepRecord);

impl Serialize for Bindings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Typed<'a> {
            r#type: &'static str,
            value: Plain<'a>,
        }
        let bindings = &self.0.bindings;
        let mut map = serializer.serialize_map(None)?;
        for (i, binding) in bindings.iter().enumerate() {
            if !bindings
                .iter()
                .skip(i + 1)
                .any(|later| later.name == binding.name)
            {
                let typed = Typed {
                    r#type: binding.value.type_name(),
                    value: Plain(&binding.value),
                };
                map.serialize_entry(&binding.name, &typed)?;
            }
        }
        map.end()
    }
}
