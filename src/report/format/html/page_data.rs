//! The record as the page reads it: each step with its events, and of every write the bytes that
//! lie in rows which the page keeps. Applied in order they give those rows at every moment.

use std::collections::HashMap;
use std::io;

use serde::Serialize;

use super::row_selection::{Kept, WIDTH};
use crate::report::common::json::TerminalSafe;
use crate::report::common::options::Options;
use crate::report::common::{step_details, writer_label};
use crate::safe;
use crate::source::ListingKind;
use crate::timeline::{
    Event, Finding, Image, Moment, NamedSpan, Outcome, Pointer, Span, SpanKind, StepKind,
    StepRecord, Timeline, Write, Writer, effect,
};

/// What a page holds at most: steps, events of one step and of all, and bytes that events write.
pub(super) const STEPS: usize = 2000;
pub(super) const STEP_EVENTS: usize = 1000;
const EVENTS: usize = 40_000;
const BYTES: usize = 1 << 20;

/// Rows of 16 bytes that one step shows.
pub(super) const STEP_ROWS: usize = 40;

/// Steps that did not run and are still named.
const PENDING: usize = 100;

/// Characters of a statement and of a message that are shown before it is cut.
const STATEMENT: usize = 240;
const MESSAGE: usize = 1000;

#[derive(Serialize)]
struct Head {
    /// Memory's length in bytes before anything ran.
    born: u64,
    /// Steps that ran but are not in the page.
    more: usize,
    /// The first of the steps that did not run, and how many there are.
    pending: Vec<String>,
    left: usize,
    at: At,
}

/// The moment that the page opens at.
#[derive(Serialize)]
struct At {
    step: usize,
    store: Option<usize>,
}

#[derive(Serialize)]
struct StepOut {
    text: String,
    outcome: &'static str,
    claimed: bool,
    back: Option<String>,
    said: String,
    error: Option<String>,
    findings: Vec<FindingOut>,
    /// Memory's length in bytes afterwards.
    len: u64,
    focus: Option<u64>,
    rows: Vec<u64>,
    pointers: Vec<PointerOut>,
    spans: Vec<SpanOut>,
    /// How many events there were; `list` has the first of them.
    events: usize,
    list: Vec<EventOut>,
    /// What the other events came to.
    rest: Vec<Patch>,
    /// Stores that the recorder could not tell apart.
    untold: u64,
}

#[derive(Serialize)]
struct FindingOut {
    kind: &'static str,
    severity: &'static str,
    message: String,
    blamed: Option<usize>,
    claimed: bool,
    spans: Vec<(u64, u64)>,
}

#[derive(Serialize)]
struct PointerOut {
    name: String,
    at: u64,
    from: Option<u64>,
}

#[derive(Serialize)]
struct SpanOut {
    name: String,
    kind: &'static str,
    at: u64,
    len: u64,
    released: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventOut {
    Write {
        at: u64,
        len: usize,
        by: usize,
        patches: Vec<Patch>,
    },
    Growth {
        grew: (u64, u64),
        by: usize,
    },
}

/// Bytes that changed hands: address, hex before, hex after, and by whom.
#[derive(Serialize)]
struct Patch(u64, String, String, usize);

pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let steps = timeline.steps().get(..shown.min(STEPS)).unwrap_or_default();
    // Nothing else being said, the page opens where something went wrong, or at the start.
    let wrong = steps
        .iter()
        .find(|step| step.outcome != Outcome::Ok && !step.is_claimed());
    let at = options
        .until
        .unwrap_or(Moment::end_of(wrong.map_or(0, |step| step.index)));
    let store = steps
        .get(at.step)
        .map(|step| step.events.len())
        .filter(|events| at.event < *events);
    let pending = timeline.planned.get(shown..).unwrap_or_default();
    let head = Head {
        pending: pending
            .iter()
            .take(PENDING)
            .map(|step| safe::cut(&step.text, STATEMENT))
            .collect(),
        left: pending.len(),
        born: timeline.memory_before(0).len(),
        more: shown.saturating_sub(steps.len()),
        at: At {
            step: at.step.min(steps.len().saturating_sub(1)),
            store: store.map(|_| at.event),
        },
    };
    let mut page = Page {
        timeline,
        kept: Kept::of(timeline, steps),
        writers: Writers::default(),
        events: 0,
        bytes: 0,
    };
    out.write_all(b"{\"head\":")?;
    put(out, &head)?;
    out.write_all(b",\n\"steps\":[")?;
    for record in steps {
        out.write_all(if record.index == 0 { b"\n" } else { b",\n" })?;
        let step = page.step(record);
        put(out, &step)?;
    }
    out.write_all(b"],\n\"writers\":")?;
    put(out, &page.writers.told)?;
    out.write_all(b"}\n")
}

/// One value on one line, without a character that would act on a terminal or on a reader.
fn put(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    let one_line = std::cell::Cell::new(true);
    let mut serializer = serde_json::Serializer::with_formatter(out, TerminalSafe::new(&one_line));
    Ok(value.serialize(&mut serializer)?)
}

/// What has gone into the page so far.
struct Page<'a> {
    timeline: &'a Timeline,
    kept: Kept,
    writers: Writers,
    events: usize,
    bytes: usize,
}

impl Page<'_> {
    fn step(&mut self, record: &StepRecord) -> StepOut {
        let list = self.events_of(record);
        let rest = self.rest_of(record, list.len());
        let spans = self.timeline.spans_at(record.index);
        let said = record
            .findings
            .iter()
            .any(|f| Some(&f.message) == record.error.as_ref());
        StepOut {
            text: match record.kind {
                StepKind::Instantiate => "instantiate".into(),
                _ => safe::cut(&record.text, STATEMENT),
            },
            outcome: record.outcome.word(),
            claimed: record.is_claimed(),
            back: step_details::came_back(record),
            said: effect(self.timeline, record.index),
            error: record
                .error
                .as_ref()
                .filter(|_| !said)
                .map(|error| lines(error)),
            findings: record.findings.iter().map(FindingOut::from).collect(),
            len: record.memory.len(),
            focus: record.focus.map(|span| span.start),
            rows: self
                .kept
                .of_steps
                .get(record.index)
                .into_iter()
                .flatten()
                .copied()
                .collect(),
            pointers: record.pointers.iter().map(PointerOut::from).collect(),
            spans: spans.iter().map(SpanOut::from).collect(),
            events: record.events.len(),
            untold: record.stores.saturating_sub(record.stores_recorded),
            list,
            rest,
        }
    }

    fn events_of(&mut self, record: &StepRecord) -> Vec<EventOut> {
        let mut list = Vec::new();
        for event in record.events.iter().take(STEP_EVENTS) {
            if self.events >= EVENTS || self.bytes >= BYTES {
                break;
            }
            self.events += 1;
            let out = match &event {
                Event::Growth(growth) => EventOut::Growth {
                    grew: (growth.before, growth.after),
                    by: self.writers.number(self.timeline, &growth.by),
                },
                Event::Write(write) => self.write(write),
            };
            list.push(out);
        }
        list
    }

    fn write(&mut self, write: &Write) -> EventOut {
        let by = self.writers.number(self.timeline, &write.writer);
        let len = write.after.len();
        let span = Span {
            start: write.start,
            len: len as u64,
        };
        let mut patches = Vec::new();
        for part in self.kept.within(span) {
            let range = (part.start - write.start) as usize..(part.end() - write.start) as usize;
            if let (Some(before), Some(after)) =
                (write.before.get(range.clone()), write.after.get(range))
            {
                self.bytes += after.len();
                patches.push(Patch(part.start, hex(before), hex(after), by));
            }
        }
        EventOut::Write {
            at: write.start,
            len,
            by,
            patches,
        }
    }

    /// The kept rows as the step's other events leave them.
    fn rest_of(&mut self, record: &StepRecord, listed: usize) -> Vec<Patch> {
        if listed >= record.events.len() {
            return Vec::new();
        }
        let before = self.timeline.memory_at(Moment {
            step: record.index,
            event: listed,
        });
        let mut patches: Vec<Patch> = Vec::new();
        for row in &self.kept.rows {
            for address in *row..row.saturating_add(WIDTH) {
                let (old, new) = (byte(&before, address), byte(&record.memory, address));
                if old != new {
                    let by = record.events.writes_to(address, record.events.len()).next();
                    let by = by.map_or(Writer::guest(), |(_, write)| write.writer);
                    let by = self.writers.number(self.timeline, &by);
                    patches.push(Patch(address, hex(&[old]), hex(&[new]), by));
                }
            }
        }
        patches
    }
}

/// Past the end of memory as zero: the page knows where memory ends.
fn byte(image: &Image, address: u64) -> u8 {
    image.byte(address).unwrap_or(0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A message whose lines stay lines.
fn lines(message: &str) -> String {
    message
        .lines()
        .map(|line| safe::cut(line, MESSAGE))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Who wrote, in words, each told once.
#[derive(Default)]
struct Writers {
    told: Vec<WriterOut>,
    numbers: HashMap<Writer, usize>,
}

#[derive(Serialize)]
struct WriterOut {
    by: &'static str,
    name: String,
    /// The line of the source that wrote, or the instruction.
    code: Option<String>,
}

impl Writers {
    fn number(&mut self, timeline: &Timeline, by: &Writer) -> usize {
        if let Some(number) = self.numbers.get(by) {
            return *number;
        }
        let mut name = String::new();
        writer_label::push(&mut name, by);
        self.told.push(WriterOut {
            by: by.word(),
            name,
            code: code(timeline, by),
        });
        self.numbers.insert(by.clone(), self.told.len() - 1);
        self.told.len() - 1
    }
}

fn code(timeline: &Timeline, by: &Writer) -> Option<String> {
    let Writer::Guest {
        offset: Some(offset),
        ..
    } = by
    else {
        return None;
    };
    let place = timeline.place(*offset)?;
    let listing = place
        .listing
        .as_ref()
        .filter(|listing| listing.kind != ListingKind::Disassembly);
    let line = listing
        .and_then(|listing| listing.line(place.line))
        .unwrap_or(&place.instruction);
    Some(safe::cut(line.trim(), STATEMENT))
}

impl From<&Finding> for FindingOut {
    fn from(finding: &Finding) -> Self {
        FindingOut {
            kind: finding.kind.as_str(),
            severity: finding.severity().as_str(),
            message: lines(&finding.message),
            blamed: finding.blamed,
            claimed: finding.claimed,
            spans: finding
                .spans
                .iter()
                .map(|span| (span.start, span.len))
                .collect(),
        }
    }
}

impl From<&Pointer> for PointerOut {
    fn from(pointer: &Pointer) -> Self {
        PointerOut {
            name: safe::cut(&pointer.name, STATEMENT),
            at: pointer.address,
            from: pointer.moved_from,
        }
    }
}

impl From<&NamedSpan> for SpanOut {
    fn from(named: &NamedSpan) -> Self {
        SpanOut {
            name: safe::cut(&named.name, STATEMENT),
            kind: match named.kind {
                SpanKind::Region => "region",
                SpanKind::Block => "block",
            },
            at: named.span.start,
            len: named.span.len,
            released: named.released,
        }
    }
}
