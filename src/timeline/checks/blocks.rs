//! The regions and blocks that are named, which of them were released, and which bytes must not be
//! used any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::phrases::{describe_writer, name, the_bytes};
use super::pointers::{Origin, Pointers};
use super::{MAX_FINDINGS_PER_KIND, describe_bytes};
use crate::text::count;
use crate::timeline::{
    CallRecord, Finding, FindingKind, NamedSpan, Naming, Outcome, Span, SpanKind, StepRecord, Use,
    UseKind, Writer,
};
use crate::value::Value;

/// A write to a released block: the first one by each writer.
pub(super) struct ReleasedWrite {
    pub held: BlockState,
    pub span: Span,
    pub writer: Writer,
}

/// A region or block with its history.
#[derive(Debug, Clone)]
pub(super) struct BlockState {
    pub name: String,
    pub kind: SpanKind,
    pub span: Span,
    /// The step that named it.
    pub step: usize,
    /// The step that released it.
    pub released: Option<usize>,
    /// Whether it was released and its bytes were not allocated again since.
    pub is_watched: bool,
}

impl BlockState {
    pub fn is_live(&self) -> bool {
        self.released.is_none()
    }

    /// Returns its kind and name: `region buffer`.
    pub fn label(&self) -> String {
        let kind = match self.kind {
            SpanKind::Region => "region",
            SpanKind::Block => "block",
        };
        format!("{kind} {}", name(&self.name))
    }
}

pub(super) fn overlap(a: Span, b: Span) -> Option<Span> {
    let (start, end) = (a.start.max(b.start), a.end().min(b.end()));
    (start < end).then(|| Span {
        start,
        len: end - start,
    })
}

/// What is remembered of a call.
#[derive(Debug)]
struct RecordedCall {
    step: usize,
    args: Vec<u64>,
    functions: Vec<Arc<str>>,
}

#[derive(Debug, Default)]
pub(super) struct Blocks {
    spans: Vec<BlockState>,
    calls: BTreeMap<usize, RecordedCall>,
    /// The guest's functions that store while it allocates or releases blocks. They may write to
    /// what was released.
    allocators: BTreeSet<Arc<str>>,
    /// Addresses of blocks that the script released before it called the guest for that. The next
    /// call with such an address is no misuse.
    pending_frees: BTreeSet<u64>,
}

impl Blocks {
    pub fn has_spans(&self) -> bool {
        self.spans
            .iter()
            .any(|held| held.is_live() || held.is_watched)
    }

    pub fn live(&self) -> impl Iterator<Item = &BlockState> {
        self.spans
            .iter()
            .filter(|held| held.is_live() && held.span.len > 0)
    }

    pub fn watched(&self) -> impl Iterator<Item = &BlockState> {
        self.spans.iter().filter(|held| held.is_watched)
    }

    /// Checks an address that a step used. `origin` is where it came from.
    pub fn check_use(
        &mut self,
        record: &StepRecord,
        used: &Use,
        origin: Option<&Origin>,
    ) -> Option<Finding> {
        let at = Span {
            len: used.span.len.max(1),
            ..used.span
        };
        let block = self
            .spans
            .iter_mut()
            .find(|held| held.is_watched && overlap(held.span, at).is_some())?;
        let released = block.released?;
        // An address that was fetched after the release comes from the new owner of the bytes.
        if origin.is_some_and(|origin| origin.step > released) {
            block.is_watched = false;
            return None;
        }
        let block = block.clone();
        let hit = overlap(block.span, at)?;
        let (label, bytes) = (block.label(), the_bytes(hit));
        let message = match used.how {
            UseKind::Read => format!(
                "the host read {bytes}, in {label}, which was released in step {released}: the \
                 guest may have reused them. The result is {}",
                describe_bytes(record, hit)
            ),
            UseKind::Write => format!(
                "the host wrote {bytes}, in {label}, which was released in step {released}: the \
                 guest may have reused them"
            ),
            UseKind::Passed
                if record.call.as_ref().is_some_and(frees)
                    && self.pending_frees.remove(&block.span.start) =>
            {
                return None;
            }
            // A name for an address that the script chose itself means a new owner.
            UseKind::Named if origin.is_none() => return None,
            UseKind::Passed | UseKind::Named => {
                let variable =
                    origin.map_or_else(|| format!("{:#x}", used.span.start), |o| name(&o.name));
                let message = format!(
                    "{variable} points to {:#x}, in {label}, which was released in step {released}: \
                     the guest may have reused these bytes",
                    used.span.start
                );
                let finding = Finding::new(FindingKind::StalePointer, message).about(hit);
                return Some(finding.blaming(released));
            }
        };
        Some(
            Finding::new(FindingKind::UseAfterRelease, message)
                .about(hit)
                .blaming(released),
        )
    }

    /// Stops watching released blocks that a call has just allocated again.
    pub fn unwatch_reallocated(&mut self, record: &StepRecord) {
        let Some(call) = &record.call else { return };
        let results: Vec<u64> = call.results.iter().filter_map(address).collect();
        for held in self.spans.iter_mut().filter(|held| held.is_watched) {
            held.is_watched = !results.iter().any(|result| held.span.contains(*result));
        }
    }

    /// Checks writes to released blocks by the guest and its imports.
    pub fn check_writes(
        &mut self,
        record: &StepRecord,
        writes: Vec<ReleasedWrite>,
    ) -> Vec<Finding> {
        let is_allocating = record
            .facts
            .functions
            .iter()
            .any(|function| self.allocators.contains(function))
            || record
                .call
                .as_ref()
                .is_some_and(|call| self.frees_a_block(call));
        let mut found = Vec::new();
        for ReleasedWrite { held, span, writer } in writes {
            // The guest's allocator ran. It may keep its own lists in these bytes, or have
            // allocated them again.
            if is_allocating && matches!(writer, Writer::Guest { .. }) {
                self.unwatch(&held);
                continue;
            }
            let Some(released) = held.released else {
                continue;
            };
            let message = format!(
                "{} wrote {}, in {}, which was released in step {released}",
                describe_writer(&writer),
                the_bytes(span),
                held.label()
            );
            found.push(
                Finding::new(FindingKind::UseAfterRelease, message)
                    .about(span)
                    .blaming(released),
            );
        }
        found
    }

    fn unwatch(&mut self, held: &BlockState) {
        for other in self
            .spans
            .iter_mut()
            .filter(|other| other.step == held.step)
        {
            other.is_watched = false;
        }
    }

    fn frees_a_block(&self, call: &CallRecord) -> bool {
        frees(call)
            && self
                .spans
                .iter()
                .any(|held| held.kind == SpanKind::Block && passes_address(call, held.span.start))
    }

    /// Returns whether the step passes this block to the guest to be released. The allocator of the
    /// guest may then write there.
    pub fn is_being_freed(&self, record: &StepRecord, held: &BlockState) -> bool {
        held.kind == SpanKind::Block
            && record
                .call
                .as_ref()
                .is_some_and(|call| frees(call) && passes_address(call, held.span.start))
    }

    /// Records what a step did to the named spans.
    pub fn record_step(&mut self, record: &StepRecord, pointers: &Pointers) -> Vec<Finding> {
        if let Some(call) = &record.call {
            let args = call.args.iter().filter_map(address).collect();
            let functions = record.facts.functions.clone();
            self.calls.insert(
                record.index,
                RecordedCall {
                    step: record.index,
                    args,
                    functions,
                },
            );
        }
        match (&record.naming, record.outcome) {
            (Some(Naming::Named(span)), Outcome::Ok) => {
                if span.kind == SpanKind::Block {
                    let names = record
                        .facts
                        .uses
                        .first()
                        .map(|used| used.names.as_slice())
                        .unwrap_or_default();
                    let made_by = pointers.origin(names).map(|origin| origin.step);
                    self.add_allocator_of(
                        made_by
                            .and_then(|step| self.calls.get(&step))
                            .map(|call| call.step),
                    );
                }
                self.name_span(record.index, span)
            }
            (Some(Naming::Released(block)), Outcome::Ok) => {
                self.release(record.index, block).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Adds the functions that stored during a call to those of the guest's allocator.
    fn add_allocator_of(&mut self, call: Option<usize>) {
        if let Some(call) = call.and_then(|step| self.calls.get(&step)) {
            self.allocators.extend(call.functions.iter().cloned());
        }
    }

    fn name_span(&mut self, step: usize, new: &NamedSpan) -> Vec<Finding> {
        let mut found = Vec::new();
        let is_same = |held: &BlockState| held.name == new.name && held.kind == new.kind;
        if new.kind == SpanKind::Block {
            for held in &mut self.spans {
                let Some(shared) =
                    overlap(held.span, new.span).filter(|_| held.kind == SpanKind::Block)
                else {
                    continue;
                };
                if held.is_live() && !is_same(held) && found.len() < MAX_FINDINGS_PER_KIND {
                    found.push(overlapping(held, new, shared));
                }
                held.is_watched = false;
            }
            // If the name moves to other bytes, nothing can release the old ones any more.
            let lost = self
                .spans
                .iter()
                .find(|held| is_same(held) && held.is_live() && held.span.len > 0);
            found.extend(
                lost.filter(|held| held.span.start != new.span.start)
                    .map(|held| {
                        let message = format!(
                            "{} gets a new address before its old bytes, {}, were released: \
                             nothing can release them any more",
                            held.label(),
                            the_bytes(held.span)
                        );
                        Finding::new(FindingKind::Leak, message)
                            .about(held.span)
                            .blaming(held.step)
                    }),
            );
        }
        self.spans.retain(|held| !is_same(held));
        let NamedSpan {
            name, kind, span, ..
        } = new.clone();
        self.spans.push(BlockState {
            name,
            kind,
            span,
            step,
            released: None,
            is_watched: false,
        });
        found
    }

    fn release(&mut self, step: usize, block: &str) -> Option<Finding> {
        let held = self
            .spans
            .iter_mut()
            .find(|held| held.kind == SpanKind::Block && held.name == block)?;
        if let Some(first) = held.released {
            let message = format!(
                "{} was already released in step {first}: an allocator that releases a block \
                 twice may hand out the same bytes twice",
                held.label()
            );
            return Some(
                Finding::new(FindingKind::DoubleRelease, message)
                    .about(held.span)
                    .blaming(first),
            );
        }
        held.released = Some(step);
        held.is_watched = held.span.len > 0;
        let (start, since) = (held.span.start, held.step);
        let releasing_call = self
            .calls
            .range(since..)
            .rev()
            .find(|(_, call)| call.args.contains(&start))
            .map(|(step, _)| *step);
        match releasing_call {
            Some(_) => self.add_allocator_of(releasing_call),
            None => drop(self.pending_frees.insert(start)),
        }
        None
    }

    /// Returns findings for the blocks that were never released.
    pub fn leaks(&self) -> Vec<Finding> {
        let live: Vec<&BlockState> = self
            .live()
            .filter(|held| held.kind == SpanKind::Block)
            .collect();
        let mut found: Vec<Finding> = live
            .iter()
            .take(MAX_FINDINGS_PER_KIND)
            .map(|held| leak(held))
            .collect();
        let more = live.len().saturating_sub(MAX_FINDINGS_PER_KIND);
        if let Some(last) = found.last_mut().filter(|_| more > 0) {
            last.message
                .push_str(&format!("; so were {} more", count(more as u64, "block")));
        }
        found
    }
}

fn leak(held: &BlockState) -> Finding {
    let message = format!(
        "{}, {}, was never released: no step between step {} and the end did so",
        held.label(),
        the_bytes(held.span),
        held.step
    );
    Finding::new(FindingKind::Leak, message)
        .about(held.span)
        .blaming(held.step)
}

fn overlapping(held: &BlockState, new: &NamedSpan, shared: Span) -> Finding {
    let message = format!(
        "block {} shares {} with {}, which was not released: the same bytes now have two owners",
        name(&new.name),
        the_bytes(shared),
        held.label()
    );
    Finding::new(FindingKind::Overlap, message)
        .about(shared)
        .about(held.span)
        .blaming(held.step)
}

fn passes_address(call: &CallRecord, start: u64) -> bool {
    call.args.iter().filter_map(address).any(|arg| arg == start)
}

/// Returns an argument or result as an address. A negative number is read as unsigned.
fn address(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) if *n < 0 => i32::try_from(*n).ok().map(|n| u64::from(n.cast_unsigned())),
        Value::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

/// Returns whether an export releases memory, by its name.
fn frees(call: &CallRecord) -> bool {
    let name = call.export.to_lowercase();
    [
        "free", "dealloc", "realloc", "release", "delete", "drop", "destroy", "dispose", "unpin",
    ]
    .iter()
    .any(|word| name.contains(word))
}
