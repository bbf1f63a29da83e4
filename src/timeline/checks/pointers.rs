//! Pointers: which fetch each variable came from, and what a later fetch in the same way shows
//! about it.
//!
//! Only what can be fetched again is compared: the result of a call that changed nothing, and an
//! exported global that may change. An allocator returns another address each time, and changes
//! something for that.

use std::collections::BTreeMap;

use super::phrases::{name, the_bytes};
use super::{describe_bytes, format_bytes};
use crate::timeline::{
    BindingFacts, Finding, FindingKind, Outcome, Provenance, Span, StepKind, StepRecord, Use,
    UseKind,
};

/// The largest number of bytes that are kept of what a use read.
pub(super) const MAX_RECORDED_BYTES: u64 = 256;
/// The largest number of uses of one pointer that are remembered until it is fetched again.
const MAX_USES: usize = 100;
/// The largest number of findings of one fetch.
const MAX_FINDINGS_PER_FETCH: usize = 4;

/// How a variable was fetched, as people write it: `get_pointer()`, `global readings`.
type Source = String;

/// Where a variable's value came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The name of the variable.
    pub name: String,
    /// The step that fetched it from the guest.
    pub step: usize,
    /// How it was fetched, if it can be fetched again that way, with the value that it had then.
    source: Option<(Source, u64)>,
}

/// What is known of a way to fetch a pointer.
#[derive(Debug)]
struct SourceState {
    /// The last value, and the step that fetched it.
    value: u64,
    step: usize,
    /// The uses since then.
    uses: Vec<RecordedUse>,
}

/// A use of a pointer, kept in case that it turns out to have been stale.
#[derive(Debug)]
struct RecordedUse {
    step: usize,
    name: String,
    how: UseKind,
    span: Span,
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Pointers {
    variables: BTreeMap<String, Origin>,
    sources: BTreeMap<Source, SourceState>,
    /// The steps in which a pointer may have moved, and those of them in which the guest's memory
    /// grew.
    moving_steps: Vec<usize>,
    growing_steps: Vec<usize>,
    /// The bytes of the shadow stack. An address there is where the stack pointer was, and cannot be
    /// fetched again.
    stack: Option<Span>,
}

impl Origin {
    /// Returns whether the value can be fetched again in the same way.
    pub fn is_refetchable(&self) -> bool {
        self.source.is_some()
    }
}

impl Pointers {
    pub fn new(stack: Option<Span>) -> Self {
        Pointers {
            stack,
            ..Pointers::default()
        }
    }

    /// Returns the origin of the first of these variables that came from the guest.
    pub fn origin(&self, names: &[String]) -> Option<&Origin> {
        names.iter().find_map(|name| self.variables.get(name))
    }

    /// Returns the same for a length.
    pub fn returned(&self, names: &[String]) -> Option<&Origin> {
        self.origin(names)
    }

    /// Checks an address that a step used, by what is known before the step.
    pub fn check_use(&mut self, record: &StepRecord, used: &Use) -> Option<Finding> {
        let origin = self.origin(&used.names)?.clone();
        let (source, value) = origin.source.clone()?;
        let known = self.sources.get_mut(&source)?;
        if known.value != value {
            return Some(stale_use(record, used, &origin, &source, value, known));
        }
        let grown = self
            .growing_steps
            .last()
            .copied()
            .filter(|step| *step > known.step);
        let is_first = !known
            .uses
            .iter()
            .any(|other| other.name == origin.name && Some(other.step) > grown);
        if known.uses.len() < MAX_USES {
            let bytes = match used.how {
                UseKind::Read => record
                    .memory
                    .read(used.span.start, used.span.len.min(MAX_RECORDED_BYTES)),
                _ => Vec::new(),
            };
            let (step, how, span) = (record.index, used.how, used.span);
            known.uses.push(RecordedUse {
                step,
                name: origin.name.clone(),
                how,
                span,
                bytes,
            });
        }
        let grown = grown.filter(|_| is_first)?;
        let message = format!(
            "{} has the value from step {}, {value:#x}, but memory grew in step {grown} and the \
             guest may have moved what was there: fetch it again from {source} first",
            name(&origin.name),
            known.step
        );
        Some(
            Finding::new(FindingKind::PointerNotRefetched, message)
                .about(used.span)
                .blaming(grown),
        )
    }

    /// Records what a step bound. A fetch that differs from the last one shows which uses of the
    /// old pointer were stale.
    pub fn record_step(&mut self, record: &StepRecord) -> Vec<Finding> {
        if may_move(record) {
            self.moving_steps.push(record.index);
            if record.call.is_some() && record.pages_after > record.pages_before {
                self.growing_steps.push(record.index);
            }
        }
        let mut found = Vec::new();
        for given in &record.facts.given {
            let (origin, findings) = self.origin_of(record, given);
            found.extend(findings);
            match origin {
                Some(origin) => drop(self.variables.insert(given.name.clone(), origin)),
                None => drop(self.variables.remove(&given.name)),
            }
        }
        found
    }

    fn origin_of(
        &mut self,
        record: &StepRecord,
        given: &BindingFacts,
    ) -> (Option<Origin>, Vec<Finding>) {
        let origin = |source| {
            Some(Origin {
                name: given.name.clone(),
                step: record.index,
                source,
            })
        };
        match &given.from {
            Provenance::Elsewhere => (None, Vec::new()),
            Provenance::Memory => (origin(None), Vec::new()),
            Provenance::Variables(names) => {
                let from = self.origin(names).cloned();
                (
                    from.map(|from| Origin {
                        name: given.name.clone(),
                        ..from
                    }),
                    Vec::new(),
                )
            }
            Provenance::Result(_) | Provenance::Global { .. } => {
                let is_on_stack = |at: &u64| self.stack.is_some_and(|stack| stack.contains(*at));
                let address = given.address.filter(|at| !is_on_stack(at));
                let source = source_of(record, &given.from).zip(address);
                let found = match &source {
                    Some((source, value)) => {
                        self.compare_fetch(record, &given.name, source, *value)
                    }
                    None => Vec::new(),
                };
                (origin(source), found)
            }
        }
    }

    /// Compares a pointer that was fetched again with the last one.
    fn compare_fetch(
        &mut self,
        record: &StepRecord,
        name: &str,
        source: &Source,
        value: u64,
    ) -> Vec<Finding> {
        let new = SourceState {
            value,
            step: record.index,
            uses: Vec::new(),
        };
        let Some(old) = self.sources.insert(source.clone(), new) else {
            return Vec::new();
        };
        if old.value == value {
            return Vec::new();
        }
        let stale = old
            .uses
            .iter()
            .filter(|used| self.was_stale(&old, used, record.index));
        stale
            .take(MAX_FINDINGS_PER_FETCH)
            .map(|used| stale_earlier_use(record, name, used, old.value, value))
            .collect()
    }

    /// Returns whether a pointer had moved before it was used: it could move after it was fetched
    /// and not after the use, or memory grew in between and not after.
    fn was_stale(&self, old: &SourceState, used: &RecordedUse, now: usize) -> bool {
        let in_between = |steps: &[usize], from: usize, to: usize| {
            let first = steps.partition_point(|step| *step < from);
            steps.get(first).is_some_and(|step| *step < to)
        };
        let moved = |steps: &[usize]| {
            in_between(steps, old.step + 1, used.step) && !in_between(steps, used.step, now)
        };
        moved(&self.moving_steps) || moved(&self.growing_steps)
    }
}

/// Returns whether the guest, or the host by setting a global, may have moved what a pointer points
/// to.
fn may_move(record: &StepRecord) -> bool {
    record.kind == StepKind::Set || record.call.is_some() && !changed_nothing(record)
}

fn changed_nothing(record: &StepRecord) -> bool {
    record.stores == 0
        && record.pages_after == record.pages_before
        && record.imports_called_total == 0
        && record.facts.preserves_globals
}

/// Returns how a value was fetched, if it can be fetched again that way.
fn source_of(record: &StepRecord, from: &Provenance) -> Option<Source> {
    match from {
        Provenance::Global {
            export,
            is_mutable: true,
        } => Some(format!("global {}", name(export))),
        Provenance::Result(index) => {
            let call = record
                .call
                .as_ref()
                .filter(|_| record.outcome == Outcome::Ok && changed_nothing(record))?;
            let args: Vec<String> = call.args.iter().map(|arg| arg.brief(40)).collect();
            let which = if call.results.len() > 1 {
                format!(", result {}", index + 1)
            } else {
                String::new()
            };
            Some(format!(
                "{}({}){which}",
                name(&call.export),
                args.join(", ")
            ))
        }
        _ => None,
    }
}

/// Returns the finding for a use of a pointer that is known to have moved.
fn stale_use(
    record: &StepRecord,
    used: &Use,
    origin: &Origin,
    source: &str,
    old: u64,
    known: &SourceState,
) -> Finding {
    let right = moved_span(used.span, old, known.value);
    let start = format!(
        "{} is still {old:#x}, from step {}, but {source} returns {:#x} since step {}",
        name(&origin.name),
        origin.step,
        known.value,
        known.step
    );
    let effect = match used.how {
        UseKind::Read => format!(
            "this step read {} at {:#x}, while {:#x} holds {}",
            describe_bytes(record, used.span),
            used.span.start,
            right.start,
            describe_bytes(record, right)
        ),
        UseKind::Write => format!(
            "the host wrote {}, where the guest no longer looks",
            the_bytes(used.span)
        ),
        UseKind::Named => "the name means the old address".into(),
        UseKind::Passed => "the guest got the old address".into(),
    };
    let finding =
        Finding::new(FindingKind::StalePointer, format!("{start}: {effect}")).about(used.span);
    let finding = if used.how == UseKind::Read {
        finding.about(right)
    } else {
        finding
    };
    finding.blaming(origin.step)
}

/// Returns the finding for an earlier use that this step shows to have been stale.
fn stale_earlier_use(
    record: &StepRecord,
    name_now: &str,
    used: &RecordedUse,
    old: u64,
    new: u64,
) -> Finding {
    let right = moved_span(used.span, old, new);
    let effect = match used.how {
        UseKind::Read => format!(
            "it read {} at {:#x}, while {:#x} holds {}",
            format_bytes(&used.bytes, used.span.len),
            used.span.start,
            right.start,
            describe_bytes(record, right)
        ),
        UseKind::Write => format!(
            "it wrote {}, where the guest no longer looks",
            the_bytes(used.span)
        ),
        UseKind::Named => "the name that it gave means the old address".into(),
        UseKind::Passed => "it passed the old address to the guest".into(),
    };
    let which = if used.name == name_now {
        String::new()
    } else {
        format!(" ({})", name(&used.name))
    };
    let message = format!(
        "{} has moved from {old:#x} to {new:#x}, and step {} used the old address{which}: {effect}",
        name(name_now),
        used.step
    );
    let finding = Finding::new(FindingKind::StalePointer, message).about(used.span);
    let finding = if used.how == UseKind::Read {
        finding.about(right)
    } else {
        finding
    };
    finding.blaming(used.step)
}

/// Returns the same bytes, counted from where the pointer is now.
fn moved_span(span: Span, old: u64, new: u64) -> Span {
    let start = match span.start.checked_sub(old) {
        Some(within) => new.saturating_add(within),
        None => new.saturating_sub(old - span.start),
    };
    Span { start, ..span }
}
