//! The recorded history of a session: what each step was, what it did to memory, and who did it.
//!
//! A [`Timeline`] is plain data to which steps are appended. The session fills it; reports and the
//! terminal read it. It knows no WebAssembly runtime, no script and no screen.
//!
//! # What every reader may rely on
//!
//! - Memory before a step plus the step's events, in order, is memory after it.
//! - A record never changes once it is [pushed](Timeline::push), except for the `claimed` mark of
//!   its findings.
//! - Memory at any [`Moment`] is an [`Image`], which shares with others what did not change. It is
//!   computed when it is read.
//!
//! # Files
//!
//! | file                 | content                                                               |
//! | -------------------- | --------------------------------------------------------------------- |
//! | `mod.rs`             | [`Timeline`]: the steps, and memory at any moment                     |
//! | `moment.rs`          | [`Moment`], and how a person writes one: [`At`]                       |
//! | `touches.rs`         | the writes to a byte or a span, back and forth in time: [`Touch`]     |
//! | `span.rs`            | [`Span`]: a range of bytes of memory                                  |
//! | `change.rs`          | [`Change`]: a run of bytes that differ across a step                  |
//! | `step.rs`            | [`StepRecord`]: one step                                              |
//! | `event.rs`           | [`Event`]: a write or a growth of memory                              |
//! | `event_log/`         | the events of a step, packed and indexed: [`EventLog`], [`Recording`] |
//! | `image.rs`           | [`Image`]: memory at one moment, a tree of shared leaves              |
//! | `image/change_eq.rs` | whether memory changed in the same way in two runs                    |
//! | `declared_views.rs`  | memory that debug information gives a type                            |
//! | `field_changes.rs`   | the fields of views that a step changed                               |
//! | `finding.rs`         | [`Finding`]: something that is wrong, or worth knowing                |
//! | `checks/`            | [`Checks`]: finds them                                                |
//! | `provenance.rs`      | what the checks need to know of the script's variables                |
//! | `regions.rs`         | the named parts of memory                                             |
//! | `describe.rs`        | what happened in a step, in sentences                                 |
//! | `hex_rows.rs`        | the rows of a hex dump                                                |
//! | `at.rs`              | [`At`]: a moment as people write it, `4/2.7`                          |
//! | `children.rs`        | [`Children`]: the parts of a step that open                           |
//! | `compare.rs`         | [`Comparison`] of two runs                                            |
//! | `step_builder.rs`    | builds records by hand, for tests and benches                         |

mod allocation;
mod at;
mod change;
mod checks;
mod children;
mod compare;
mod declared_views;
mod describe;
mod event;
mod event_log;
mod field_changes;
mod finding;
mod hex_rows;
mod image;
mod matching;
mod moment;
mod outcome;
mod provenance;
mod regions;
mod shadow_stack;
mod span;
mod step;
#[cfg(any(test, feature = "testing"))]
mod step_builder;
mod touches;

pub(crate) use allocation::AllocatorCall;
pub use allocation::{AllocatorFacts, LiveBlock, LiveBlocks};
pub use at::{At, NoSuchMoment, NotAMoment, Resolved};
pub use change::Change;
pub use checks::Checks;
pub use children::{ChildKind, ChildStep, Children};
pub(crate) use compare::{ByteSide, Divergence, FirstByte, FirstStore, Mismatch, Rest};
pub use compare::{Comparison, What};
pub use describe::describe_view;
pub(crate) use describe::{describe_answer, describe_child, format_answer};
pub use describe::{describe_step, effect};
pub(crate) use event::CodeLabel;
pub use event::{Event, Growth, Write, Writer};
#[cfg(test)]
pub(crate) use event_log::take_examined_leaves;
pub use event_log::{Changes, EventLog, Recording, Settled, SiteTable};
pub(crate) use event_log::{ChildMark, LeafDifference, RecordedMemory, RefusedGrowth};
pub(crate) use field_changes::{FieldChange, field_differences};
pub use finding::{Finding, FindingKind, Severity};
pub use hex_rows::{Line, Row, rows};
pub(crate) use image::LEAF;
pub use image::{Image, PAGE};
pub(crate) use matching::nearest_equal;
pub use moment::Moment;
pub use outcome::Outcome;
pub(crate) use provenance::{
    ArgumentFacts, BindingFacts, CodeReach, Facts, ImportWrite, Provenance, ScaledPointer, Use,
    UseKind,
};
pub(crate) use regions::Part;
pub use regions::{LayoutFacts, PartKind, StalePointer, unnamed};
pub(crate) use shadow_stack::StackRange;
pub use span::Span;
pub(crate) use step::is_far_outside;
pub use step::{
    Answer, AnswerForm, AnswerKind, Ask, Attempt, Binding, CallFrame, CallRecord, HostLine,
    ImportCall, NamedSpan, Naming, Pointer, SpanKind, StackPointer, StepKind, StepRecord, Trap,
};

pub use touches::Touch;

#[doc(hidden)]
#[cfg(any(test, feature = "testing"))]
pub use step_builder::StepBuilder;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use crate::data_types::{TypeLookup, TypeTable};
use crate::prose::Document;
use crate::source::Place;
use crate::wasm_types::ExternType;

/// What is known of the guest before anything runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GuestFacts {
    /// The path as the person wrote it; never made absolute.
    pub path: String,
    /// The SHA-256 of the file as given, in lower-case hexadecimal.
    pub sha256: String,
    /// The length of the file as given, in bytes.
    pub(crate) bytes: u64,
    /// The memory that the session records, as the module declares it; `None` for a guest without
    /// one.
    pub memory: Option<MemoryFacts>,
    /// The exports, in order.
    pub exports: Vec<ExportFacts>,
    /// The imports, in order.
    pub imports: Vec<ImportFacts>,
    /// The parts of that memory that the module declares.
    pub layout: Vec<LayoutFacts>,
    /// What the guest looks like.
    #[serde(skip)]
    pub abi_hints: AbiHints,
    /// The functions of its allocator.
    #[serde(skip)]
    pub allocator: AllocatorFacts,
    /// Its global variables, as debug information declares them. They are within memory.
    #[serde(skip)]
    pub variables: Vec<NamedSpan>,
    /// The types of its debug information.
    #[serde(skip)]
    pub debug_types: TypeLookup,
    /// Whether the guest has memories that the session does not record.
    #[serde(skip)]
    pub has_other_memories: bool,
}

/// What the guest looks like: guesses, safe to print.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AbiHints {
    /// The conventions that it seems to follow, the surest first: `looks like C's malloc and free,
    /// because …`.
    pub families: Vec<String>,
    /// A few words on each export, in order; empty for some.
    pub exports: Vec<String>,
    /// Steps with which a person may begin.
    pub examples: Vec<String>,
    /// The imported functions that trap when they are called, because nothing defines them.
    pub undefined: Vec<UndefinedImport>,
}

/// An import that nothing defines.
#[derive(Debug, Clone, PartialEq)]
pub struct UndefinedImport {
    /// The name in a script: `env.log`.
    pub name: String,
    /// The line of a script that would define it.
    pub line: String,
}

/// The declared limits of a memory, in 64 KiB pages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryFacts {
    /// The initial size.
    pub pages: u64,
    /// The maximum; `None` for no declared one.
    pub(crate) max: Option<u64>,
    /// Whether addresses are 64 bits wide.
    pub(crate) is_64: bool,
}

/// Something that the guest offers to its host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportFacts {
    /// The name as the guest has it: not safe to print.
    pub name: String,
    /// The type, which includes the kind.
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
    /// The type, which includes the kind.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// A step of the script before it has run. The first is always instantiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// What the step does.
    pub kind: StepKind,
    /// The line in the steps file, from 1; `None` for instantiation.
    pub line: Option<u32>,
    /// The statement as written.
    pub text: String,
    /// The prose before it in a Markdown session.
    pub narration: Option<String>,
    /// The question of a step that asks one.
    pub question: Option<String>,
    /// The step in JavaScript, as the code of a host that does the same.
    pub javascript: String,
}

/// A value that the person may set.
#[derive(Debug, Clone, PartialEq)]
pub struct InputFacts {
    /// The name of the input.
    pub name: String,
    /// The value in this run.
    pub value: crate::value::Value,
}

/// The recorded history of a session.
///
/// # Examples
///
/// A session records its steps; this example records one by hand.
///
/// ```
/// use linmem::timeline::{Image, Moment, PAGE, Status, StepKind, StepRecord, Timeline};
///
/// let mut timeline = Timeline::default();
/// let memory = Image::from_bytes(&[7; PAGE as usize]);
/// timeline.push(StepRecord::begin(0, StepKind::Instantiate, String::new(), memory));
///
/// assert_eq!(timeline.status(), Status::Ok);
/// assert_eq!(timeline.memory_at(Moment::end_of(0)).byte(16), Some(7));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// The name of the session on the screen: that of a file, or "default session".
    pub title: String,
    /// What is known of the guest.
    pub guest: GuestFacts,
    /// The inputs, with their values.
    pub inputs: Vec<InputFacts>,
    /// The statements that are no steps, as written, one line each: imports, the memory that is
    /// recorded, and inputs with their values. The module is in `guest`.
    pub(crate) setup: Vec<String>,
    /// The types that the script names, as far as they are known before the first step.
    pub types: Arc<TypeTable>,
    /// The steps of the script, whether they have run or not.
    pub planned: Vec<PlannedStep>,
    /// What the author of a Markdown session wrote around its steps.
    pub(crate) document: Document,
    /// Whether a person or the system ended the run before its last step had completed.
    pub interrupted: bool,
    steps: Vec<StepRecord>,
    /// How much memory the records of all steps take, in bytes.
    history_bytes: u64,
    /// The steps that name a span or release one.
    namings: Vec<usize>,
    /// By the name of a block, the steps that name it.
    block_namings: HashMap<String, Vec<usize>>,
    /// By the offset of an instruction, where its source is.
    places: BTreeMap<u64, Arc<Place>>,
}

/// How a whole run has ended so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All steps are ok, or what failed was expected.
    Ok,
    /// A step failed in the host.
    Failed,
    /// The guest trapped.
    Trapped,
    /// A step was stopped, or the run was interrupted.
    Cancelled,
}

impl Timeline {
    /// Creates a session before its first step.
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

    /// Returns the session as it was when `step` was its last, without steps planned after that.
    /// Shares what was recorded.
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
            // The steps that expect these findings mark them again, if they are kept.
            record
                .findings
                .iter_mut()
                .for_each(|finding| finding.claimed = false);
            shorter.push(record);
        }
        // Earlier steps may refer to instructions whose sources only later steps have.
        shorter.places.clone_from(&self.places);
        shorter
    }

    /// Appends the record of the next step. A step that expects findings of an earlier one marks
    /// those as claimed.
    pub fn push(&mut self, step: StepRecord) {
        self.places.extend(step.places.iter().cloned());
        for (claimed_step, kind) in &step.claims {
            if let Some(earlier) = self.steps.get_mut(*claimed_step) {
                for finding in earlier.findings.iter_mut().filter(|f| f.kind == *kind) {
                    finding.claimed = true;
                }
            }
        }
        if let Some(naming) = &step.naming {
            self.namings.push(self.steps.len());
            if let Naming::Named(span) = naming
                && span.kind == SpanKind::Block
            {
                let namings = self.block_namings.entry(span.name.clone()).or_default();
                namings.push(self.steps.len());
            }
        }
        self.history_bytes = self.history_bytes.saturating_add(step.history_bytes());
        self.steps.push(step);
    }

    /// Returns how much memory the records of all steps take, in bytes. In a long call, it differs a
    /// little from run to run, because it depends on when the journal was drained.
    pub fn history_bytes(&self) -> u64 {
        self.history_bytes
    }

    /// Returns the steps that have run.
    pub fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    /// Returns a step that has run.
    pub fn step(&self, index: usize) -> Option<&StepRecord> {
        self.steps.get(index)
    }

    /// Returns the source of the instruction at an offset of the module, if it is known.
    pub fn locate(&self, offset: u64) -> Option<&Arc<Place>> {
        self.places.get(&offset)
    }

    /// Returns memory before a step: that after the step before it. Before instantiation, memory is
    /// all zero.
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

    /// Returns memory after a step; for a step that has not run, after the last that has.
    pub fn memory_after(&self, step: usize) -> Image {
        self.steps
            .get(step)
            .or(self.steps.last())
            .map(|s| s.memory.clone())
            .unwrap_or_default()
    }

    /// Returns memory at a moment. This is cheap, whatever the number of events: each part is
    /// computed when it is read.
    pub fn memory_at(&self, moment: Moment) -> Image {
        match self.steps.get(moment.step) {
            Some(step) if moment.event < step.events.len() => step.events.memory_at(moment.event),
            _ => self.memory_after(moment.step),
        }
    }

    /// Returns the named spans at the end of a step, in the order in which they were named.
    pub(crate) fn spans_at(&self, step: usize) -> Vec<NamedSpan> {
        let mut spans: Vec<NamedSpan> = Vec::new();
        let (mut known, mut released) = (HashSet::new(), HashSet::new());
        let until = self.namings.partition_point(|at| *at <= step);
        let namings = self.namings.get(..until).unwrap_or_default();
        for record in namings.iter().rev().filter_map(|at| self.steps.get(*at)) {
            match &record.naming {
                Some(Naming::Named(span)) if known.insert((span.kind, &span.name)) => {
                    let released = span.kind == SpanKind::Block && released.contains(&span.name);
                    spans.push(NamedSpan {
                        released,
                        ..span.clone()
                    });
                }
                Some(Naming::Released(name)) => {
                    // A name that has been given to other bytes since is not that of these.
                    if !known.contains(&(SpanKind::Block, name)) {
                        released.insert(name);
                    }
                }
                Some(Naming::Named(_)) | None => {}
            }
        }
        spans.reverse();
        spans
    }

    /// Returns the bytes that a block had when a step released it.
    pub(crate) fn span_of_block(&self, name: &str, step: usize) -> Option<Span> {
        let namings = self.block_namings.get(name)?;
        let until = namings.partition_point(|at| *at <= step);
        let last = *namings.get(until.checked_sub(1)?)?;
        match &self.steps.get(last)?.naming {
            Some(Naming::Named(span)) => Some(span.span),
            _ => None,
        }
    }

    /// Returns the timeline with the prose of another one.
    #[must_use]
    pub fn with_document_of(mut self, other: &Timeline) -> Self {
        self.document = other.document.clone();
        self
    }

    /// Returns the number of words of a step's prose and of its question.
    pub fn words_of(&self, step: usize) -> u64 {
        let prose = self.document.of_step(step).map(|prose| prose.plain());
        let record = self.step(step);
        let question = record.and_then(|record| record.ask.as_ref());
        let texts = [prose, question.map(|ask| ask.question.clone())];
        let words = |text: String| text.split_whitespace().count() as u64;
        texts.into_iter().flatten().map(words).sum()
    }

    /// Returns the answer of a later step to the question of `step`.
    pub fn answer_to(&self, step: usize) -> Option<&Answer> {
        self.steps
            .iter()
            .flat_map(|s| &s.answers)
            .find(|a| a.asked_in == step)
    }

    /// Returns how the run has ended: as the first step that failed and that no `expect finding`
    /// claims; [`Status::Ok`] if there is none.
    pub fn status(&self) -> Status {
        let complete = match self.interrupted {
            true => Status::Cancelled,
            false => Status::Ok,
        };
        self.steps
            .iter()
            .find(|s| s.outcome != Outcome::Ok && !s.is_claimed())
            .map_or(complete, |s| match s.outcome {
                Outcome::Ok => Status::Ok,
                Outcome::Failed => Status::Failed,
                Outcome::Trapped => Status::Trapped,
                Outcome::Cancelled => Status::Cancelled,
            })
    }

    /// Returns the findings that no `expect finding` claims, with their steps.
    pub fn open_findings(&self) -> impl Iterator<Item = (&StepRecord, &Finding)> {
        self.steps.iter().flat_map(|s| {
            s.findings
                .iter()
                .filter(|f| !f.claimed)
                .map(move |f| (s, f))
        })
    }
}
