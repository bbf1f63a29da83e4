//! The recorded history of one session: plain data, append-only, knowing memory at every moment.
//!
//! Owns what a step was, what it did to memory and who did it. Knows no wasm runtime, no script, no
//! screen: the session fills it, reports and the terminal read it. The invariant every reader may
//! rely on: memory before a step plus the step's events, in order, is memory after it.

mod checks;
mod compare;
mod describe;
mod event;
mod event_log;
mod finding;
mod hex_rows;
mod image;
mod provenance;
mod regions;
mod step;

pub use checks::Checks;
pub use compare::{ByteSide, Comparison, Divergence, FirstByte, FirstStore, Mismatch, Rest, What};
pub use describe::{answer_in_words, effect, narrate, told_answer};
pub use event::{CodeLabel, Event, Growth, Write, Writer, WriterLabel};
#[cfg(test)]
pub(crate) use event_log::looked_at;
pub use event_log::{
    Changes, Differing, EventLog, Recorded, Recording, Refused, Settled, SiteKind, SiteShape,
    SiteTable,
};
pub use finding::{Finding, FindingKind, Severity};
pub use hex_rows::{Line, Row, rows};
pub use image::{Image, LEAF, PAGE};
pub use provenance::{BindingFacts, Facts, Provenance, Use, UseKind};
pub use regions::{LayoutFacts, Part, PartKind, StalePointer, unnamed};
pub use step::{
    Answer, Ask, Attempt, Binding, CallFrame, CallRecord, Change, ImportCall, NamedSpan, Naming,
    Outcome, Pointer, Span, SpanKind, StepKind, StepRecord, Trap,
};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::prose::Document;
use crate::source::Place;
use crate::wasm_types::ExternType;

/// What is known about the guest before anything runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GuestFacts {
    /// As the person named it: never made absolute.
    pub path: String,
    /// Of the file as given, in lower-case hex.
    pub sha256: String,
    /// Length of the file as given.
    pub bytes: u64,
    /// The memory the session means, as the module declares it; `None` for a guest without one.
    pub memory: Option<MemoryFacts>,
    pub exports: Vec<ExportFacts>,
    pub imports: Vec<ImportFacts>,
    /// Where it says that the parts of that memory lie.
    pub layout: Vec<LayoutFacts>,
    #[serde(skip)]
    pub looks: AbiHints,
}

/// What the guest looks like to be for: guesses, safe to print.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AbiHints {
    /// `looks like C's malloc and free, because …`, the surest first.
    pub families: Vec<String>,
    /// A word or two on each of the guest's exports, in their order.
    pub exports: Vec<String>,
    /// Steps that a person could begin with.
    pub examples: Vec<String>,
    /// The imported functions that trap when they are called, because nobody says what they do.
    pub undefined: Vec<UndefinedImport>,
}

/// An import that nobody defines.
#[derive(Debug, Clone, PartialEq)]
pub struct UndefinedImport {
    /// As a script names it: `env.log`.
    pub name: String,
    /// The line that would define it.
    pub line: String,
}

/// A memory's declared limits, in 64 KiB pages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryFacts {
    pub pages: u64,
    pub max: Option<u64>,
    /// Addresses are 64 bits wide.
    pub is_64: bool,
}

/// Something that the guest offers to its host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportFacts {
    /// The name as the guest has it: not safe to print.
    pub name: String,
    /// The type, which also tells functions from memories and so on.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// Something that the guest needs of its host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportFacts {
    /// The first half of the name as the guest has it: not safe to print.
    pub module: String,
    /// The second half of the name as the guest has it: not safe to print.
    pub name: String,
    /// The type, which also tells functions from memories and so on.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// A step as the script announces it, before it has run. The first is always instantiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    pub kind: StepKind,
    /// In the steps file, counted from 1; `None` for instantiation.
    pub line: Option<u32>,
    /// As written.
    pub text: String,
    /// The prose before it in a Markdown session.
    pub narration: Option<String>,
}

/// A value the person may change.
#[derive(Debug, Clone, PartialEq)]
pub struct InputFacts {
    pub name: String,
    /// In force for this run.
    pub value: crate::value::Value,
}

/// What has run so far.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// What the session is called on the screen: a file's name, or "default session".
    pub title: String,
    pub guest: GuestFacts,
    pub inputs: Vec<InputFacts>,
    /// The statements that are no steps, as written, a line each: imports, the memory that is
    /// meant, and inputs with the values in force. Which module is meant is `guest`'s to say.
    pub setup: Vec<String>,
    pub planned: Vec<PlannedStep>,
    /// What the author of a Markdown session wrote around its steps.
    pub document: Document,
    steps: Vec<StepRecord>,
    /// Which of the steps name a span or release one.
    namings: Vec<usize>,
    places: BTreeMap<u64, Arc<Place>>,
}

/// How the whole run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Failed,
    Trapped,
    Cancelled,
}

impl Status {
    /// The word used in transcripts and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Trapped => "trapped",
            Status::Cancelled => "cancelled",
        }
    }
}

/// A point in time: after the first `event` events of a step. `event` past the step's last means
/// the step's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub step: usize,
    pub event: usize,
}

impl Moment {
    /// The end of a step, whatever happened in it.
    pub fn end_of(step: usize) -> Self {
        Moment {
            step,
            event: usize::MAX,
        }
    }
}

impl Timeline {
    /// A session before its first step.
    pub fn new(
        title: String,
        guest: GuestFacts,
        inputs: Vec<InputFacts>,
        planned: Vec<PlannedStep>,
    ) -> Self {
        Timeline {
            title,
            guest,
            inputs,
            planned,
            ..Timeline::default()
        }
    }

    /// The same session as it stood when `step` was its last, with nothing planned after it. Shares
    /// what was recorded.
    pub fn until(&self, step: usize) -> Timeline {
        let kept = step.saturating_add(1);
        let planned = self.planned.iter().take(kept).cloned().collect();
        let mut shorter = Timeline::new(
            self.title.clone(),
            self.guest.clone(),
            self.inputs.clone(),
            planned,
        );
        for record in self.steps.iter().take(kept) {
            let mut record = record.clone();
            // The steps that expect them put their marks again, where they are kept.
            record
                .findings
                .iter_mut()
                .for_each(|finding| finding.claimed = false);
            shorter.push(record);
        }
        // Others name places too: those of instructions that earlier steps were the first to reach.
        shorter.places.clone_from(&self.places);
        shorter
    }

    /// Appends what the session reports. Steps come in order; an earlier step's record never
    /// changes, but for the `claimed` mark that a later `expect finding` puts on its findings.
    pub fn push(&mut self, step: StepRecord) {
        let mut step = step;
        if !step.recording.is_empty() {
            step.settle(&self.memory_before(self.steps.len()));
        }
        self.places.extend(step.places.iter().cloned());
        for (claimed_step, kind) in &step.claims {
            if let Some(earlier) = self.steps.get_mut(*claimed_step) {
                for finding in earlier.findings.iter_mut().filter(|f| f.kind == *kind) {
                    finding.claimed = true;
                }
            }
        }
        if step.naming.is_some() {
            self.namings.push(self.steps.len());
        }
        self.steps.push(step);
    }

    pub fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    pub fn step(&self, index: usize) -> Option<&StepRecord> {
        self.steps.get(index)
    }

    /// Where the instruction at an offset of the module stands in text, where that is known.
    pub fn place(&self, offset: u64) -> Option<&Arc<Place>> {
        self.places.get(&offset)
    }

    /// Memory before a step ran: the end of the one before it; before instantiation, memory as it
    /// is born, all zero.
    pub fn memory_before(&self, step: usize) -> Image {
        match step.checked_sub(1) {
            Some(previous) => self.memory_after(previous),
            None => Image::zeroed(
                self.guest
                    .memory
                    .as_ref()
                    .map_or(0, |m| m.pages.saturating_mul(PAGE)),
            ),
        }
    }

    /// Memory at the end of a step; for a step that has not run, at the end of the last that has.
    pub fn memory_after(&self, step: usize) -> Image {
        self.steps
            .get(step)
            .or(self.steps.last())
            .map(|s| s.memory.clone())
            .unwrap_or_default()
    }

    /// Memory after the first `moment.event` events of a step. Costs nothing until it is read: what
    /// is looked at is worked out then, whatever the number of events.
    pub fn memory_at(&self, moment: Moment) -> Image {
        match self.steps.get(moment.step) {
            Some(step) if moment.event < step.events.len() => step.events.memory_at(moment.event),
            _ => self.memory_after(moment.step),
        }
    }

    /// The write that put the byte at `address` there, as of `moment`: the moment just after it,
    /// and the write itself. `None` for a byte nobody wrote.
    pub fn last_write(&self, address: u64, moment: Moment) -> Option<(Moment, Write)> {
        self.writes_to(address, moment).next()
    }

    /// All writes to the byte at `address` up to `moment`, latest first. Steps that left the byte
    /// alone cost next to nothing.
    pub fn writes_to(
        &self,
        address: u64,
        moment: Moment,
    ) -> impl Iterator<Item = (Moment, Write)> + '_ {
        self.steps_until(moment)
            .rev()
            .flat_map(move |(step, events, most)| {
                events.writes_to(address, most).map(move |(event, write)| {
                    (
                        Moment {
                            step,
                            event: event + 1,
                        },
                        write,
                    )
                })
            })
    }

    /// The moment just after the next write to the byte at `address`, after `moment`.
    pub fn next_touch(&self, address: u64, moment: Moment) -> Option<Moment> {
        let steps = self.steps.iter().enumerate().skip(moment.step);
        steps.into_iter().find_map(|(step, record)| {
            let from = if step == moment.step { moment.event } else { 0 };
            record.events.next_touch(address, from).map(|event| Moment {
                step,
                event: event + 1,
            })
        })
    }

    /// The moment just after the last write to the byte at `address` that came before `moment`:
    /// where `moment` is just after one, the one before it. The end of a step comes after all of
    /// its events.
    pub fn previous_touch(&self, address: u64, moment: Moment) -> Option<Moment> {
        self.steps_until(moment)
            .rev()
            .find_map(|(step, events, most)| {
                let is_at_event = step == moment.step && moment.event <= events.len();
                let most = if is_at_event {
                    most.saturating_sub(1)
                } else {
                    most
                };
                events.previous_touch(address, most).map(|event| Moment {
                    step,
                    event: event + 1,
                })
            })
    }

    /// The steps up to a moment, with how many of their events came before it.
    fn steps_until(
        &self,
        moment: Moment,
    ) -> impl DoubleEndedIterator<Item = (usize, &EventLog, usize)> {
        let shown = self.steps.len().min(moment.step.saturating_add(1));
        let steps = self.steps.get(..shown).unwrap_or_default();
        steps.iter().enumerate().map(move |(step, record)| {
            let most = if step == moment.step {
                moment.event
            } else {
                usize::MAX
            };
            (step, &record.events, most.min(record.events.len()))
        })
    }

    /// The named spans that exist at the end of a step, in the order they were named.
    pub fn spans_at(&self, step: usize) -> Vec<NamedSpan> {
        let mut spans: Vec<NamedSpan> = Vec::new();
        for record in self
            .namings
            .iter()
            .take_while(|at| **at <= step)
            .filter_map(|at| self.steps.get(*at))
        {
            match &record.naming {
                Some(Naming::Named(span)) => {
                    spans.retain(|s| s.name != span.name || s.kind != span.kind);
                    spans.push(span.clone());
                }
                Some(Naming::Released(name)) => {
                    for span in spans
                        .iter_mut()
                        .filter(|s| s.name == *name && s.kind == SpanKind::Block)
                    {
                        span.released = true;
                    }
                }
                None => {}
            }
        }
        spans
    }

    /// The answer a later step gave to the question asked in `step`.
    pub fn answer_to(&self, step: usize) -> Option<&Answer> {
        self.steps
            .iter()
            .flat_map(|s| &s.answers)
            .find(|a| a.asked_in == step)
    }

    /// The first step that ended in anything but ok and that no `expect finding` claims; `Ok` where
    /// there is none.
    pub fn status(&self) -> Status {
        self.steps
            .iter()
            .find(|s| s.outcome != Outcome::Ok && !s.is_claimed())
            .map_or(Status::Ok, |s| match s.outcome {
                Outcome::Ok => Status::Ok,
                Outcome::Failed => Status::Failed,
                Outcome::Trapped => Status::Trapped,
                Outcome::Cancelled => Status::Cancelled,
            })
    }

    /// Findings that no `expect finding` claims, with their steps.
    pub fn open_findings(&self) -> impl Iterator<Item = (&StepRecord, &Finding)> {
        self.steps.iter().flat_map(|s| {
            s.findings
                .iter()
                .filter(|f| !f.claimed)
                .map(move |f| (s, f))
        })
    }
}
