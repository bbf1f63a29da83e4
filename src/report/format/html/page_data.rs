//! The record as the page reads it: each step with its events, and the bytes that each write has in
//! rows of the page. Applied in order they give those rows at every moment.
//!
//! The keys are those of `page.js` and of nothing else.

use std::collections::HashMap;
use std::io;

use serde::Serialize;

use super::accepted_answers;
use super::row_selection::{RowSelection, STEP_EVENTS};
use crate::report::common::child_lines;
use crate::report::common::hex_dump::ROW;
use crate::report::common::lesson_view;
use crate::report::common::options::{LessonPage, Options};
use crate::report::common::step_view::StepView;
use crate::report::common::summary;
use crate::safe;
use crate::source::ListingKind;
use crate::timeline::{
    AnswerForm, AnswerKind, Event, Finding, Image, Moment, NamedSpan, Pointer, SpanKind,
    StepRecord, Timeline, Write, Writer, describe_view,
};
use crate::value::Value;

/// The most that a page holds: steps, events of all steps, and bytes that events write.
pub(super) const STEPS: usize = 2000;
const EVENTS: usize = 40_000;
const BYTES: usize = 1 << 20;

/// Parts of one step.
const PARTS: usize = 200;

/// Steps that did not run and are named.
const PENDING: usize = 100;

/// Characters of a statement and of a message that are shown before it is cut.
const STATEMENT: usize = 240;
const MESSAGE: usize = 1000;

#[derive(Serialize)]
struct Head {
    /// Memory's length before the first step, in bytes.
    born: u64,
    /// The number of steps that ran but are not in the page.
    more: usize,
    /// The first of the steps that did not run.
    pending: Vec<String>,
    /// The number of steps that did not run.
    left: usize,
    at: At,
    #[serde(skip_serializing_if = "Option::is_none")]
    lesson: Option<LessonData>,
}

/// The lesson of a page that asks its questions.
#[derive(Serialize)]
struct LessonData {
    name: String,
    hash: String,
    /// The prose after the last step.
    closing: Vec<String>,
}

/// The moment that the page opens at.
#[derive(Serialize)]
struct At {
    step: usize,
    /// The number of events before the moment; `None` at the end of the step.
    store: Option<usize>,
}

#[derive(Serialize)]
struct StepData {
    text: String,
    outcome: &'static str,
    claimed: bool,
    back: Option<String>,
    /// The prose that introduces the step.
    prose: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<AskData>,
    effect: String,
    /// The step in JavaScript, and what it means for a view of memory.
    javascript: String,
    view: Option<String>,
    error: Option<String>,
    findings: Vec<FindingData>,
    /// Memory's length after the step, in bytes.
    len: u64,
    focus: Option<u64>,
    rows: Vec<u64>,
    pointers: Vec<PointerData>,
    spans: Vec<SpanData>,
    /// The number of events; `list` has the first of them.
    events: usize,
    list: Vec<EventData>,
    /// The effect of the events that are not in `list`.
    rest: Vec<Patch>,
    /// The number of stores that were not recorded one by one.
    unrecorded: u64,
    /// The calls of imports and what the host did in each, each before its own parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartData>,
}

/// A part of a step, with the numbers of events before it began and before it ended.
#[derive(Serialize)]
struct PartData {
    name: String,
    text: String,
    depth: usize,
    from: usize,
    to: usize,
}

/// A question, with what the page folds.
#[derive(Serialize)]
struct AskData {
    question: String,
    hints: Vec<String>,
    answer: Option<String>,
    /// What the page of a lesson needs to check an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckData>,
}

/// How an answer is checked, with hashes in the place of answers.
#[derive(Serialize)]
struct CheckData {
    /// `number`, `text`, `truth` or `other`; `None` if that is not known.
    kind: Option<&'static str>,
    hexadecimal: bool,
    choices: Vec<String>,
    accepted: Vec<String>,
    nearly: Vec<String>,
    /// The replies to wrong answers, each with the hashes of one.
    replies: Vec<(Vec<String>, String)>,
}

#[derive(Serialize)]
struct FindingData {
    kind: &'static str,
    severity: &'static str,
    message: String,
    blamed: Option<usize>,
    claimed: bool,
    spans: Vec<(u64, u64)>,
}

#[derive(Serialize)]
struct PointerData {
    name: String,
    at: u64,
    from: Option<u64>,
}

#[derive(Serialize)]
struct SpanData {
    name: String,
    kind: SpanKind,
    at: u64,
    len: u64,
    released: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventData {
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

/// Bytes that an event changed: their address, the bytes before and after in hex, and the number of
/// the writer.
#[derive(Serialize)]
struct Patch(u64, String, String, usize);

/// Writes the record as one JSON object.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let run = timeline.steps().len();
    let steps = timeline.steps().get(..run.min(STEPS)).unwrap_or_default();
    let mut page = PageData {
        timeline,
        lesson: options.lesson.as_ref(),
        selection: RowSelection::new(timeline, steps),
        writers: Writers::default(),
        events: 0,
        bytes: 0,
    };
    out.write_all(b"{\"head\":")?;
    write_line(out, &head(timeline, options, steps))?;
    out.write_all(b",\n\"steps\":[")?;
    for record in steps {
        out.write_all(if record.index == 0 { b"\n" } else { b",\n" })?;
        write_line(out, &page.step(record))?;
    }
    out.write_all(b"],\n\"writers\":")?;
    write_line(out, &page.writers.data)?;
    out.write_all(b"}\n")
}

/// Writes a value on one line, without a character that would act on a terminal or on a reader.
fn write_line(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    safe::json::write_compact(value, out)
}

/// Returns the head of a page with these steps.
///
/// Unless a moment is given, the page opens at the first step that went wrong, or else at the
/// start, as that of a lesson always does.
fn head(timeline: &Timeline, options: &Options, steps: &[StepRecord]) -> Head {
    let run = timeline.steps().len();
    let failed = summary::first_failed_step(timeline).map(|step| step.index);
    let failed = failed.filter(|index| *index < steps.len());
    // A lesson begins at its start, whatever goes wrong in it.
    let first = failed.filter(|_| options.lesson.is_none()).unwrap_or(0);
    let at = options.until.unwrap_or(Moment::end_of(first));
    let is_inside = steps
        .get(at.step)
        .is_some_and(|step| at.event < step.events.len());
    let pending = timeline.planned.get(run..).unwrap_or_default();
    Head {
        born: timeline.memory_before(0).len(),
        more: run - steps.len(),
        pending: pending
            .iter()
            .take(PENDING)
            .map(|step| safe::cut(&step.text, STATEMENT))
            .collect(),
        left: pending.len(),
        at: At {
            step: at.step.min(steps.len().saturating_sub(1)),
            store: is_inside.then_some(at.event),
        },
        lesson: options.lesson.as_ref().map(|lesson| LessonData {
            name: safe::plain(&lesson.name),
            hash: lesson.hash.clone(),
            closing: lesson_view::closing(timeline),
        }),
    }
}

/// Returns the question of a step. The page of a lesson shows the choices as buttons, and checks
/// answers.
fn ask(timeline: &Timeline, record: &StepRecord, lesson: Option<&LessonPage>) -> Option<AskData> {
    let asked = record.ask.as_ref()?;
    let question = match lesson {
        Some(_) => safe::cut(&asked.question, MESSAGE),
        None => lesson_view::question(record)?,
    };
    Some(AskData {
        question,
        hints: lesson_view::hints(timeline, record),
        answer: lesson_view::answer(timeline, record),
        check: lesson.map(|lesson| check(timeline, record, &asked.form, lesson)),
    })
}

/// Returns how an answer is checked.
fn check(
    timeline: &Timeline,
    record: &StepRecord,
    form: &AnswerForm,
    lesson: &LessonPage,
) -> CheckData {
    let step = record.index;
    let answer = timeline.answer_to(step);
    let answer = answer.and_then(|answer| answer.value.as_ref().ok());
    let replies = timeline.document.of_step(step).map(|prose| &prose.replies);
    let replies = replies.into_iter().flatten().map(|reply| {
        let value = accepted_answers::meant_by_reply(lesson, timeline, step, &reply.answer, form);
        let text = safe::plain(&reply.paragraph.plain());
        (accepted_answers::hashes(lesson, step, &value), text)
    });
    let hashes = |hashes: fn(&LessonPage, usize, &Value) -> Vec<String>| {
        answer.map_or_else(Vec::new, |answer| hashes(lesson, step, answer))
    };
    CheckData {
        kind: form.kind.map(|kind| match kind {
            AnswerKind::Number => "number",
            AnswerKind::Text => "text",
            AnswerKind::Truth => "truth",
            AnswerKind::Other => "other",
        }),
        hexadecimal: form.is_hexadecimal,
        choices: form.choices.iter().map(|c| safe::cut(c, MESSAGE)).collect(),
        accepted: hashes(accepted_answers::hashes),
        nearly: hashes(accepted_answers::nearly),
        replies: replies.collect(),
    }
}

/// Returns the parts of a step. The page has the first `listed` events of it.
fn parts(record: &StepRecord, listed: usize) -> Vec<PartData> {
    let children = record.children.iter().take(PARTS);
    children
        .map(|(index, child)| PartData {
            name: record.child_label(index),
            text: child_lines::line(child),
            depth: record.children.depth(index),
            from: child.events.start.min(listed),
            to: child.events.end.min(listed),
        })
        .collect()
}

/// What is in the page so far.
struct PageData<'a> {
    timeline: &'a Timeline,
    lesson: Option<&'a LessonPage>,
    selection: RowSelection,
    writers: Writers,
    events: usize,
    bytes: usize,
}

impl PageData<'_> {
    fn step(&mut self, record: &StepRecord) -> StepData {
        let view = StepView(record);
        let list = self.listed_events(record);
        let rest = self.effect_of_others(record, list.len());
        let rows = self.selection.by_step.get(record.index);
        StepData {
            text: lesson_view::statement(record, STATEMENT),
            outcome: record.outcome.as_str(),
            claimed: record.is_claimed(),
            back: view.failure_or_result(),
            prose: lesson_view::narration(self.timeline, record),
            ask: ask(self.timeline, record, self.lesson),
            effect: lesson_view::effect_without_answer(self.timeline, record),
            javascript: lesson_view::javascript(self.timeline, record),
            view: describe_view(self.timeline, record.index),
            error: view.error().map(message),
            findings: record.findings.iter().map(FindingData::from).collect(),
            len: record.memory.len(),
            focus: record.focus.map(|span| span.start),
            rows: rows.into_iter().flatten().copied().collect(),
            pointers: record.pointers.iter().map(PointerData::from).collect(),
            spans: self
                .timeline
                .spans_at(record.index)
                .iter()
                .map(SpanData::from)
                .collect(),
            events: record.events.len(),
            unrecorded: record.stores.saturating_sub(record.stores_recorded),
            parts: parts(record, list.len()),
            list,
            rest,
        }
    }

    /// Returns the first events of a step, as many as the page may hold.
    fn listed_events(&mut self, record: &StepRecord) -> Vec<EventData> {
        let mut list = Vec::new();
        for event in record.events.iter().take(STEP_EVENTS) {
            if self.events >= EVENTS || self.bytes >= BYTES {
                break;
            }
            self.events += 1;
            list.push(match &event {
                Event::Growth(growth) => EventData::Growth {
                    grew: (growth.before, growth.after),
                    by: self.writers.number(self.timeline, &growth.by),
                },
                Event::Write(write) => self.write(write),
            });
        }
        list
    }

    fn write(&mut self, write: &Write) -> EventData {
        let by = self.writers.number(self.timeline, &write.writer);
        let mut patches = Vec::new();
        for part in self.selection.parts_of(write.span()) {
            let range = (part.start - write.start) as usize..(part.end() - write.start) as usize;
            let before = write.before.get(range.clone());
            if let (Some(before), Some(after)) = (before, write.after.get(range)) {
                self.bytes += after.len();
                patches.push(Patch(part.start, hex(before), hex(after), by));
            }
        }
        EventData::Write {
            at: write.start,
            len: write.after.len(),
            by,
            patches,
        }
    }

    /// Returns how the events after the first `listed` ones change the rows of the page.
    fn effect_of_others(&mut self, record: &StepRecord, listed: usize) -> Vec<Patch> {
        if listed >= record.events.len() {
            return Vec::new();
        }
        let before = self.timeline.memory_at(Moment {
            step: record.index,
            event: listed,
        });
        let mut patches: Vec<Patch> = Vec::new();
        for row in &self.selection.rows {
            for address in *row..row.saturating_add(ROW) {
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

/// Returns a byte, which is zero past the end of memory: the page knows where memory ends.
fn byte(image: &Image, address: u64) -> u8 {
    image.byte(address).unwrap_or(0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a message whose lines stay lines, safe to print.
fn message(message: &str) -> String {
    let lines: Vec<String> = message
        .lines()
        .map(|line| safe::cut(line, MESSAGE))
        .collect();
    lines.join("\n")
}

/// The writers of a page, each once.
#[derive(Default)]
struct Writers {
    data: Vec<WriterData>,
    /// Indexes into `data`.
    numbers: HashMap<Writer, usize>,
}

#[derive(Serialize)]
struct WriterData {
    by: &'static str,
    name: String,
    /// The line of the source that wrote, or the instruction.
    code: Option<String>,
}

impl Writers {
    /// Returns the number of a writer, which is new where the page does not have it yet.
    fn number(&mut self, timeline: &Timeline, by: &Writer) -> usize {
        if let Some(number) = self.numbers.get(by) {
            return *number;
        }
        let number = self.data.len();
        self.data.push(WriterData {
            by: by.as_str(),
            name: by.label().to_string(),
            code: code(timeline, by),
        });
        self.numbers.insert(by.clone(), number);
        number
    }
}

fn code(timeline: &Timeline, by: &Writer) -> Option<String> {
    let Writer::Guest { offset, .. } = by else {
        return None;
    };
    let place = timeline.locate((*offset)?)?;
    let listing = place
        .listing
        .as_ref()
        .filter(|listing| listing.kind != ListingKind::Disassembly);
    let line = listing
        .and_then(|listing| listing.line(place.line))
        .unwrap_or(&place.instruction);
    Some(safe::cut(line.trim(), STATEMENT))
}

impl From<&Finding> for FindingData {
    fn from(finding: &Finding) -> Self {
        FindingData {
            kind: finding.kind.as_str(),
            severity: finding.severity().as_str(),
            message: message(&finding.message),
            blamed: finding.blamed,
            claimed: finding.claimed,
            spans: finding.spans.iter().map(|s| (s.start, s.len)).collect(),
        }
    }
}

impl From<&Pointer> for PointerData {
    fn from(pointer: &Pointer) -> Self {
        PointerData {
            name: safe::cut(&pointer.name, STATEMENT),
            at: pointer.address,
            from: pointer.moved_from,
        }
    }
}

impl From<&NamedSpan> for SpanData {
    fn from(named: &NamedSpan) -> Self {
        SpanData {
            name: safe::cut(&named.name, STATEMENT),
            kind: named.kind,
            at: named.span.start,
            len: named.span.len,
            released: named.released,
        }
    }
}
