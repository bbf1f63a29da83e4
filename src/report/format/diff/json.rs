//! The comparison as `linmem.diff/1`, described in `docs/diff.md`. Keys are only ever added.

use std::io;

use crate::report::common::json::{Hex, Plain, WriterOut, print_value};
use crate::timeline::{ByteSide, Comparison, Divergence, Event, Mismatch, Rest, Timeline};

#[derive(serde::Serialize)]
struct DiffOut<'a> {
    schema: &'static str,
    same: bool,
    sides: [SideOut<'a>; 2],
    parting: Option<DivergenceOut<'a>>,
    rest: Option<RestOut<'a>>,
}

#[derive(serde::Serialize)]
struct SideOut<'a> {
    title: &'a str,
    guest: GuestOut<'a>,
    steps: usize,
    status: &'static str,
}

#[derive(serde::Serialize)]
struct GuestOut<'a> {
    path: &'a str,
    sha256: &'a str,
    bytes: u64,
}

#[derive(serde::Serialize)]
struct DivergenceOut<'a> {
    step: usize,
    statements: [Option<StatementOut<'a>>; 2],
    parts: Vec<PartOut<'a>>,
    store: Option<StoreOut<'a>>,
    byte: Option<ByteOut<'a>>,
    bytes_differing: u64,
    spans: Vec<SpanOut>,
}

#[derive(serde::Serialize)]
struct StatementOut<'a> {
    line: Option<u32>,
    text: &'a str,
}

#[derive(serde::Serialize)]
struct PartOut<'a> {
    what: &'static str,
    name: Option<&'a str>,
    sides: [Option<Plain<'a>>; 2],
}

#[derive(serde::Serialize)]
struct StoreOut<'a> {
    number: usize,
    sides: [Option<EventOut<'a>>; 2],
}

#[derive(serde::Serialize)]
struct EventOut<'a> {
    kind: &'static str,
    start: Option<u64>,
    before: Option<Hex<&'a [u8]>>,
    after: Option<Hex<&'a [u8]>>,
    pages: Option<u64>,
    writer: WriterOut<'a>,
}

#[derive(serde::Serialize)]
struct ByteOut<'a> {
    address: u64,
    sides: [ByteSideOut<'a>; 2],
}

#[derive(serde::Serialize)]
struct ByteSideOut<'a> {
    value: Option<u8>,
    step: Option<usize>,
    store: Option<usize>,
    writer: Option<WriterOut<'a>>,
}

#[derive(serde::Serialize)]
struct SpanOut {
    start: u64,
    len: u64,
}

#[derive(serde::Serialize)]
struct RestOut<'a> {
    both_ran: usize,
    differ: &'a [usize],
    parts: Vec<PartOut<'a>>,
    status: [&'static str; 2],
    bytes_differing: u64,
}

pub(super) fn write(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = DiffOut {
        schema: "linmem.diff/1",
        same: comparison.is_same(),
        sides: timelines.map(side),
        parting: comparison
            .parting
            .as_ref()
            .map(|parting| parting_out(timelines, parting)),
        rest: comparison.rest.as_ref().map(rest_out),
    };
    print_value(&document, out)
}

fn side(timeline: &Timeline) -> SideOut<'_> {
    let guest = &timeline.guest;
    SideOut {
        title: &timeline.title,
        guest: GuestOut {
            path: &guest.path,
            sha256: &guest.sha256,
            bytes: guest.bytes,
        },
        steps: timeline.steps().len(),
        status: timeline.status().word(),
    }
}

fn parting_out<'a>(timelines: [&'a Timeline; 2], parting: &'a Divergence) -> DivergenceOut<'a> {
    DivergenceOut {
        step: parting.step,
        statements: timelines.map(|timeline| {
            let record = timeline.step(parting.step)?;
            Some(StatementOut {
                line: record.line,
                text: &record.text,
            })
        }),
        parts: parting.parts.iter().map(part).collect(),
        store: parting.store.as_ref().map(|store| StoreOut {
            number: store.number,
            sides: store.sides.each_ref().map(|side| side.as_ref().map(event)),
        }),
        byte: parting.byte.as_ref().map(|byte| ByteOut {
            address: byte.address,
            sides: byte.sides.each_ref().map(held),
        }),
        bytes_differing: parting.differing,
        spans: parting
            .spans
            .iter()
            .map(|span| SpanOut {
                start: span.start,
                len: span.len,
            })
            .collect(),
    }
}

fn part(part: &Mismatch) -> PartOut<'_> {
    PartOut {
        what: part.what.word(),
        name: part.name.as_deref(),
        sides: part.sides.each_ref().map(|side| side.as_ref().map(Plain)),
    }
}

fn event(event: &Event) -> EventOut<'_> {
    match event {
        Event::Write(write) => EventOut {
            kind: "write",
            start: Some(write.start),
            before: Some(Hex(&write.before)),
            after: Some(Hex(&write.after)),
            pages: None,
            writer: (&write.writer).into(),
        },
        Event::Growth(growth) => EventOut {
            kind: "grow",
            start: None,
            before: None,
            after: None,
            pages: Some(growth.after),
            writer: (&growth.by).into(),
        },
    }
}

fn held(held: &ByteSide) -> ByteSideOut<'_> {
    let moment = held.written.as_ref().map(|(moment, _)| *moment);
    ByteSideOut {
        value: held.value,
        step: moment.map(|moment| moment.step),
        store: moment.map(|moment| moment.event),
        writer: held.written.as_ref().map(|(_, writer)| writer.into()),
    }
}

fn rest_out(rest: &Rest) -> RestOut<'_> {
    RestOut {
        both_ran: rest.both_ran,
        differ: &rest.differ,
        parts: rest.parts.iter().map(part).collect(),
        status: rest.status.map(|status| status.word()),
        bytes_differing: rest.differing,
    }
}
