//! Pointers: which fetch each variable came from, and what a later fetch by the same means tells
//! about it.
//!
//! Only what can be asked for again is compared: a call that changed nothing, and an exported
//! global that may change. An allocator gives another address each time, and changes something to
//! do so.

use std::collections::BTreeMap;

use super::phrases::{name, the_bytes};
use super::{bytes_in_words, shown};
use crate::timeline::{
    BindingFacts, Finding, FindingKind, Outcome, Provenance, Span, StepKind, StepRecord, Use,
    UseKind,
};

/// Bytes that are kept of what a use read.
pub(super) const KEPT: u64 = 256;
/// Uses of one pointer that are remembered until it is fetched again.
const MOST_USES: usize = 100;
/// Findings for one fetch.
const MOST_TOLD: usize = 4;

/// What a variable was fetched by, as people write it: `get_pointer()`, `global readings`.
type Source = String;

/// Where a variable's value came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The variable.
    pub name: String,
    /// The step that got it from the guest.
    pub step: usize,
    /// Fetched by what can be asked again, with the value it had then.
    source: Option<(Source, u64)>,
}

/// What is known of a source.
#[derive(Debug)]
struct Known {
    /// The latest answer and its step.
    value: u64,
    step: usize,
    /// Since then.
    uses: Vec<Used>,
}

/// A use of a pointer, as it will be told if it turns out to have been stale.
#[derive(Debug)]
struct Used {
    step: usize,
    name: String,
    how: UseKind,
    span: Span,
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Pointers {
    variables: BTreeMap<String, Origin>,
    sources: BTreeMap<Source, Known>,
    /// Steps in which a pointer may have moved, and those of them in which the guest's memory grew.
    movers: Vec<usize>,
    growers: Vec<usize>,
}

impl Pointers {
    /// Where the first of the variables that came from the guest did.
    pub fn origin(&self, names: &[String]) -> Option<&Origin> {
        names.iter().find_map(|name| self.variables.get(name))
    }

    /// The same, for a length.
    pub fn returned(&self, names: &[String]) -> Option<&Origin> {
        self.origin(names)
    }

    /// Judges an address that a step used, by what is known before the step.
    pub fn used(&mut self, record: &StepRecord, used: &Use) -> Option<Finding> {
        let origin = self.origin(&used.names)?.clone();
        let (source, value) = origin.source.clone()?;
        let known = self.sources.get_mut(&source)?;
        if known.value != value {
            return Some(stale_now(record, used, &origin, &source, value, known));
        }
        let grown = self
            .growers
            .last()
            .copied()
            .filter(|step| *step > known.step);
        let is_first = !known
            .uses
            .iter()
            .any(|other| other.name == origin.name && Some(other.step) > grown);
        if known.uses.len() < MOST_USES {
            let bytes = match used.how {
                UseKind::Read => record.memory.read(used.span.start, used.span.len.min(KEPT)),
                _ => Vec::new(),
            };
            let (step, how, span) = (record.index, used.how, used.span);
            known.uses.push(Used {
                step,
                name: origin.name.clone(),
                how,
                span,
                bytes,
            });
        }
        let grown = grown.filter(|_| is_first)?;
        let message = format!(
            "{} is used as step {} fetched it, {value:#x}, but memory grew in step {grown} and \
             the guest may have moved what was there: ask {source} again first",
            name(&origin.name),
            known.step
        );
        Some(
            Finding::new(FindingKind::PointerNotRefetched, message)
                .about(used.span)
                .blaming(grown),
        )
    }

    /// Takes over what a step bound; a fetch that differs from the last one tells which uses of the
    /// old were stale.
    pub fn take(&mut self, record: &StepRecord) -> Vec<Finding> {
        if may_move(record) {
            self.movers.push(record.index);
            if record.call.is_some() && record.pages_after > record.pages_before {
                self.growers.push(record.index);
            }
        }
        let mut found = Vec::new();
        for given in &record.facts.given {
            let (origin, news) = self.origin_of(record, given);
            found.extend(news);
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
                let source = source_of(record, &given.from).zip(given.address);
                let found = match &source {
                    Some((source, value)) => self.fetched(record, &given.name, source, *value),
                    None => Vec::new(),
                };
                (origin(source), found)
            }
        }
    }

    /// A source has answered again.
    fn fetched(
        &mut self,
        record: &StepRecord,
        name: &str,
        source: &Source,
        value: u64,
    ) -> Vec<Finding> {
        let new = Known {
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
            .take(MOST_TOLD)
            .map(|used| stale_then(record, name, used, old.value, value))
            .collect()
    }

    /// Whether the pointer had moved before it was used: it could move since it was fetched, and
    /// not after the use; or memory grew before, and not after.
    fn was_stale(&self, old: &Known, used: &Used, now: usize) -> bool {
        let in_between = |steps: &[usize], from: usize, to: usize| {
            let first = steps.partition_point(|step| *step < from);
            steps.get(first).is_some_and(|step| *step < to)
        };
        let moved = |steps: &[usize]| {
            in_between(steps, old.step + 1, used.step) && !in_between(steps, used.step, now)
        };
        moved(&self.movers) || moved(&self.growers)
    }
}

/// Whether the guest, or the host by setting a global, may have moved what a pointer points to.
fn may_move(record: &StepRecord) -> bool {
    record.kind == StepKind::Set || record.call.is_some() && !changed_nothing(record)
}

fn changed_nothing(record: &StepRecord) -> bool {
    record.stores == 0
        && record.pages_after == record.pages_before
        && record.imports_called_total == 0
        && record.facts.preserves_globals
}

/// What a value was fetched by, where that can be asked again for the same.
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

/// A use of a pointer that is known to have moved.
fn stale_now(
    record: &StepRecord,
    used: &Use,
    origin: &Origin,
    source: &str,
    old: u64,
    known: &Known,
) -> Finding {
    let right = moved(used.span, old, known.value);
    let start = format!(
        "{} is still {old:#x}, from step {}, but {source} has answered {:#x} since step {}",
        name(&origin.name),
        origin.step,
        known.value,
        known.step
    );
    let effect = match used.how {
        UseKind::Read => format!(
            "the reading got {} at {:#x}, where {:#x} holds {}",
            shown(record, used.span),
            used.span.start,
            right.start,
            shown(record, right)
        ),
        UseKind::Write => format!(
            "the host wrote {}, where the guest no longer looks",
            the_bytes(used.span)
        ),
        UseKind::Named => "the name means the old place".into(),
        UseKind::Passed => "the guest was given the old place".into(),
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

/// A use that this step shows to have been stale.
fn stale_then(record: &StepRecord, name_now: &str, used: &Used, old: u64, new: u64) -> Finding {
    let right = moved(used.span, old, new);
    let effect = match used.how {
        UseKind::Read => format!(
            "it read {} at {:#x}, where {:#x} holds {}",
            bytes_in_words(&used.bytes, used.span.len),
            used.span.start,
            right.start,
            shown(record, right)
        ),
        UseKind::Write => format!(
            "it wrote {}, where the guest no longer looks",
            the_bytes(used.span)
        ),
        UseKind::Named => "the name it gave means the old place".into(),
        UseKind::Passed => "it gave the guest the old place".into(),
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

/// The same bytes, counted from where the pointer is now.
fn moved(span: Span, old: u64, new: u64) -> Span {
    let start = match span.start.checked_sub(old) {
        Some(within) => new.saturating_add(within),
        None => new.saturating_sub(old - span.start),
    };
    Span { start, ..span }
}
