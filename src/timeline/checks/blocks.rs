//! The regions and blocks that are named, who gave which back, and what must not be touched any
//! more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::overrun::Touch;
use super::phrases::{name, the_bytes};
use super::pointers::{Origin, Pointers};
use super::{MOST, shown};
use crate::text::count;
use crate::timeline::{
    CallRecord, Finding, FindingKind, NamedSpan, Naming, Outcome, Span, SpanKind, StepRecord, Use,
    UseKind, Writer,
};
use crate::value::Value;

/// A region or block with its history.
#[derive(Debug, Clone)]
pub(super) struct BlockState {
    pub name: String,
    pub kind: SpanKind,
    pub span: Span,
    /// The step that named it.
    pub step: usize,
    /// The step that gave it back.
    pub released: Option<usize>,
    /// It was given back, and nobody has got these bytes since.
    pub is_watched: bool,
}

impl BlockState {
    pub fn is_live(&self) -> bool {
        self.released.is_none()
    }

    /// `region buffer`
    pub fn called(&self) -> String {
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

/// What a call is remembered by.
#[derive(Debug)]
struct CallNote {
    step: usize,
    args: Vec<u64>,
    functions: Vec<Arc<str>>,
}

#[derive(Debug, Default)]
pub(super) struct Blocks {
    spans: Vec<BlockState>,
    calls: BTreeMap<usize, CallNote>,
    /// The guest's functions that store while it hands out blocks or takes them back: they may
    /// touch what was released.
    allocators: BTreeSet<Arc<str>>,
    /// Blocks given back before the guest was told: the next call that says so is no misuse.
    to_be_freed: BTreeSet<u64>,
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

    /// Judges an address that a step used. `origin` is where it came from.
    pub fn used(
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
        // Whoever got the address after the release got it from whoever owns the bytes now.
        if origin.is_some_and(|origin| origin.step > released) {
            block.is_watched = false;
            return None;
        }
        let block = block.clone();
        let hit = overlap(block.span, at)?;
        let (called, bytes) = (block.called(), the_bytes(hit));
        let message = match used.how {
            UseKind::Read => format!(
                "the host read {bytes}, in {called}, which was given back in step {released}: \
                 they may be anyone's by now. It got {}",
                shown(record, hit)
            ),
            UseKind::Write => format!(
                "the host wrote {bytes}, in {called}, which was given back in step {released}: \
                 they may be anyone's by now"
            ),
            UseKind::Passed
                if record.call.as_ref().is_some_and(frees)
                    && self.to_be_freed.remove(&block.span.start) =>
            {
                return None;
            }
            // A name for an address that the script chose itself is a new owner.
            UseKind::Named if origin.is_none() => return None,
            UseKind::Passed | UseKind::Named => {
                let variable =
                    origin.map_or_else(|| format!("{:#x}", used.span.start), |o| name(&o.name));
                let message = format!(
                    "{variable} points to {:#x}, in {called}, which was given back in step \
                     {released}: what lies there may be anyone's by now",
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

    /// Stops watching released blocks that a call has just handed out again.
    pub fn handed_out_again(&mut self, record: &StepRecord) {
        let Some(call) = &record.call else { return };
        let results: Vec<u64> = call.results.iter().filter_map(address).collect();
        for held in self.spans.iter_mut().filter(|held| held.is_watched) {
            held.is_watched = !results.iter().any(|result| held.span.contains(*result));
        }
    }

    /// Judges writes into released blocks by the guest and its imports.
    pub fn written(&mut self, record: &StepRecord, touches: Vec<Touch>) -> Vec<Finding> {
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
        for Touch { held, span, writer } in touches {
            // The guest's allocator ran, and may keep its own lists there or have handed the bytes
            // out again.
            if is_allocating && matches!(writer, Writer::Guest { .. }) {
                self.forget(&held);
                continue;
            }
            let Some(released) = held.released else {
                continue;
            };
            let message = format!(
                "{} wrote {}, in {}, which was given back in step {released}",
                super::overrun::who(&writer),
                the_bytes(span),
                held.called()
            );
            found.push(
                Finding::new(FindingKind::UseAfterRelease, message)
                    .about(span)
                    .blaming(released),
            );
        }
        found
    }

    fn forget(&mut self, held: &BlockState) {
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
                .any(|held| held.kind == SpanKind::Block && is_given(call, held.span.start))
    }

    /// Whether the step gives this block back to the guest, whose allocator may then write there as
    /// it likes.
    pub fn is_being_freed(&self, record: &StepRecord, held: &BlockState) -> bool {
        held.kind == SpanKind::Block
            && record
                .call
                .as_ref()
                .is_some_and(|call| frees(call) && is_given(call, held.span.start))
    }

    /// Takes over what a step did to the named spans.
    pub fn take(&mut self, record: &StepRecord, pointers: &Pointers) -> Vec<Finding> {
        if let Some(call) = &record.call {
            let args = call.args.iter().filter_map(address).collect();
            let functions = record.facts.functions.clone();
            self.calls.insert(
                record.index,
                CallNote {
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
                    self.learn(
                        made_by
                            .and_then(|step| self.calls.get(&step))
                            .map(|call| call.step),
                    );
                }
                self.named(record.index, span)
            }
            (Some(Naming::Released(block)), Outcome::Ok) => {
                self.release(record.index, block).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What stored during this call belongs to the guest's allocator.
    fn learn(&mut self, call: Option<usize>) {
        if let Some(call) = call.and_then(|step| self.calls.get(&step)) {
            self.allocators.extend(call.functions.iter().cloned());
        }
    }

    fn named(&mut self, step: usize, new: &NamedSpan) -> Vec<Finding> {
        let mut found = Vec::new();
        let is_same = |held: &BlockState| held.name == new.name && held.kind == new.kind;
        if new.kind == SpanKind::Block {
            for held in self.spans.iter_mut() {
                let Some(shared) =
                    overlap(held.span, new.span).filter(|_| held.kind == SpanKind::Block)
                else {
                    continue;
                };
                if held.is_live() && !is_same(held) && found.len() < MOST {
                    found.push(overlapping(held, new, shared));
                }
                held.is_watched = false;
            }
            // Moved elsewhere under the same name, nobody can give the old one back any more.
            let lost = self
                .spans
                .iter()
                .find(|held| is_same(held) && held.is_live() && held.span.len > 0);
            found.extend(
                lost.filter(|held| held.span.start != new.span.start)
                    .map(|held| {
                        let message = format!(
                            "{} gets a new place before the old one, {}, was given back: after \
                             this nobody can release that",
                            held.called(),
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
                "{} was given back in step {first} already: an allocator that is told twice hands \
                 the same bytes out twice",
                held.called()
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
        let told = self
            .calls
            .range(since..)
            .rev()
            .find(|(_, call)| call.args.contains(&start))
            .map(|(step, _)| *step);
        match told {
            Some(_) => self.learn(told),
            None => drop(self.to_be_freed.insert(start)),
        }
        None
    }

    /// The blocks that were never given back.
    pub fn leaks(&self) -> Vec<Finding> {
        let live: Vec<&BlockState> = self
            .live()
            .filter(|held| held.kind == SpanKind::Block)
            .collect();
        let mut found: Vec<Finding> = live.iter().take(MOST).map(|held| leak(held)).collect();
        let more = live.len().saturating_sub(MOST);
        if let Some(last) = found.last_mut().filter(|_| more > 0) {
            last.message
                .push_str(&format!("; so were {} more", count(more as u64, "block")));
        }
        found
    }
}

fn leak(held: &BlockState) -> Finding {
    let message = format!(
        "{}, {}, was never given back: nothing released it between step {} and the end",
        held.called(),
        the_bytes(held.span),
        held.step
    );
    Finding::new(FindingKind::Leak, message)
        .about(held.span)
        .blaming(held.step)
}

fn overlapping(held: &BlockState, new: &NamedSpan, shared: Span) -> Finding {
    let message = format!(
        "block {} shares {} with {}, which was not given back: two owners now hold the same bytes",
        name(&new.name),
        the_bytes(shared),
        held.called()
    );
    Finding::new(FindingKind::Overlap, message)
        .about(shared)
        .about(held.span)
        .blaming(held.step)
}

fn is_given(call: &CallRecord, start: u64) -> bool {
    call.args.iter().filter_map(address).any(|arg| arg == start)
}

/// An argument or result as an address: what is negative is read as unsigned.
fn address(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) if *n < 0 => i32::try_from(*n).ok().map(|n| u64::from(n.cast_unsigned())),
        Value::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

/// Whether an export's name says that it takes memory back.
fn frees(call: &CallRecord) -> bool {
    let name = call.export.to_lowercase();
    [
        "free", "dealloc", "realloc", "release", "delete", "drop", "destroy", "dispose", "unpin",
    ]
    .iter()
    .any(|word| name.contains(word))
}
