//! The comparison as `linmem.diff/1`, described in `docs/diff.md`. Keys are only ever added.

use std::io;

use serde::Serialize;

use crate::report::common::json::{WriterData, write_document};
use crate::timeline::{
    ByteSide, Comparison, Divergence, Event, FieldChange, Mismatch, Rest, Span, Status, Timeline,
};
use crate::value::{Hex, Value};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    same: bool,
    sides: [SideData<'a>; 2],
    parting: Option<PartingData<'a>>,
    rest: Option<RestData<'a>>,
}

#[derive(Serialize)]
struct SideData<'a> {
    title: &'a str,
    guest: GuestData<'a>,
    steps: usize,
    status: Status,
}

#[derive(Serialize)]
struct GuestData<'a> {
    path: &'a str,
    sha256: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct PartingData<'a> {
    step: usize,
    statements: [Option<StatementData<'a>>; 2],
    parts: Vec<PartData<'a>>,
    store: Option<StoreData<'a>>,
    byte: Option<ByteData<'a>>,
    bytes_differing: u64,
    spans: &'a [Span],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldData>,
}

/// A field of a view that differs after the step, with its value on each side.
#[derive(Serialize)]
struct FieldData {
    path: String,
    start: u64,
    len: u64,
    sides: [Option<Value>; 2],
}

#[derive(Serialize)]
struct StatementData<'a> {
    line: Option<u32>,
    text: &'a str,
}

#[derive(Serialize)]
struct PartData<'a> {
    what: &'static str,
    name: Option<&'a str>,
    sides: &'a [Option<Value>; 2],
}

#[derive(Serialize)]
struct StoreData<'a> {
    number: usize,
    sides: [Option<EventData<'a>>; 2],
}

#[derive(Serialize)]
struct EventData<'a> {
    kind: &'static str,
    start: Option<u64>,
    before: Option<Hex<'a>>,
    after: Option<Hex<'a>>,
    pages: Option<u64>,
    writer: WriterData<'a>,
}

#[derive(Serialize)]
struct ByteData<'a> {
    address: u64,
    sides: [ByteSideData<'a>; 2],
}

#[derive(Serialize)]
struct ByteSideData<'a> {
    value: Option<u8>,
    step: Option<usize>,
    store: Option<usize>,
    writer: Option<WriterData<'a>>,
}

#[derive(Serialize)]
struct RestData<'a> {
    both_ran: usize,
    differ: &'a [usize],
    parts: Vec<PartData<'a>>,
    status: [Status; 2],
    bytes_differing: u64,
}

/// Writes the comparison.
pub(super) fn write(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let parting = comparison.divergence.as_ref();
    let document = Document {
        schema: "linmem.diff/1",
        same: comparison.is_same(),
        sides: timelines.map(SideData::from),
        parting: parting.map(|parting| parting_data(timelines, parting)),
        rest: comparison.rest.as_ref().map(RestData::from),
    };
    write_document(&document, out)
}

impl From<FieldChange> for FieldData {
    fn from(field: FieldChange) -> Self {
        FieldData {
            path: field.path,
            start: field.span.start,
            len: field.span.len,
            sides: [Some(field.before), Some(field.after)],
        }
    }
}

fn parting_data<'a>(timelines: [&'a Timeline; 2], parting: &'a Divergence) -> PartingData<'a> {
    PartingData {
        step: parting.step,
        statements: timelines.map(|timeline| {
            let record = timeline.step(parting.step)?;
            Some(StatementData {
                line: record.line,
                text: &record.text,
            })
        }),
        parts: parting.parts.iter().map(PartData::from).collect(),
        store: parting.store.as_ref().map(|store| StoreData {
            number: store.number,
            sides: store
                .sides
                .each_ref()
                .map(|side| side.as_ref().map(EventData::from)),
        }),
        byte: parting.byte.as_ref().map(|byte| ByteData {
            address: byte.address,
            sides: byte.sides.each_ref().map(ByteSideData::from),
        }),
        bytes_differing: parting.differing,
        spans: &parting.spans,
        fields: super::fields_that_differ(timelines, parting.step)
            .into_iter()
            .map(FieldData::from)
            .collect(),
    }
}

impl<'a> From<&'a Timeline> for SideData<'a> {
    fn from(timeline: &'a Timeline) -> Self {
        let guest = &timeline.guest;
        SideData {
            title: &timeline.title,
            guest: GuestData {
                path: &guest.path,
                sha256: &guest.sha256,
                bytes: guest.bytes,
            },
            steps: timeline.steps().len(),
            status: timeline.status(),
        }
    }
}

impl<'a> From<&'a Mismatch> for PartData<'a> {
    fn from(part: &'a Mismatch) -> Self {
        PartData {
            what: part.what.as_str(),
            name: part.name.as_deref(),
            sides: &part.sides,
        }
    }
}

impl<'a> From<&'a Event> for EventData<'a> {
    fn from(event: &'a Event) -> Self {
        match event {
            Event::Write(write) => EventData {
                kind: "write",
                start: Some(write.start),
                before: Some(Hex(&write.before)),
                after: Some(Hex(&write.after)),
                pages: None,
                writer: (&write.writer).into(),
            },
            Event::Growth(growth) => EventData {
                kind: "grow",
                start: None,
                before: None,
                after: None,
                pages: Some(growth.after),
                writer: (&growth.by).into(),
            },
        }
    }
}

impl<'a> From<&'a ByteSide> for ByteSideData<'a> {
    fn from(side: &'a ByteSide) -> Self {
        let written = side.written.as_ref();
        let moment = written.map(|(moment, _)| moment);
        ByteSideData {
            value: side.value,
            step: moment.map(|moment| moment.step),
            store: moment.map(|moment| moment.event),
            writer: written.map(|(_, writer)| writer.into()),
        }
    }
}

impl<'a> From<&'a Rest> for RestData<'a> {
    fn from(rest: &'a Rest) -> Self {
        RestData {
            both_ran: rest.both_ran,
            differ: &rest.differ,
            parts: rest.parts.iter().map(PartData::from).collect(),
            status: rest.status,
            bytes_differing: rest.differing,
        }
    }
}
