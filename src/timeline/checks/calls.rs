//! What is remembered of calls: which blocks they allocated and released, and which of them can run
//! the guest's allocator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pointers::Origin;
use crate::timeline::{CallRecord, CodeReach, Span, StepRecord};
use crate::value::Value;

/// What is remembered of a call.
#[derive(Debug)]
pub(super) struct RecordedCall {
    export: String,
    args: Vec<u64>,
    results: Vec<u64>,
    functions: Vec<Arc<str>>,
    reach: Option<Arc<CodeReach>>,
    /// Whether it called the known functions of the guest's allocator.
    has_allocator_calls: bool,
}

/// The calls so far, and what they show of the guest's allocator.
#[derive(Debug, Default)]
pub(super) struct Calls {
    by_step: BTreeMap<usize, RecordedCall>,
    /// The guest's functions that store while it allocates or releases blocks. They may write to
    /// what was released.
    allocators: BTreeSet<Arc<str>>,
    /// What the calls that allocated or released blocks can run and set.
    reaches: Vec<Arc<CodeReach>>,
    /// The exports that returned the start of a block, and not the same one each time.
    allocating_exports: BTreeSet<String>,
}

impl Calls {
    /// Records the call of a step, if it made one.
    pub fn record(&mut self, record: &StepRecord) {
        let Some(call) = &record.call else { return };
        let recorded = RecordedCall {
            export: call.export.clone(),
            args: call.args.iter().filter_map(address).collect(),
            results: call.results.iter().filter_map(address).collect(),
            functions: record.facts.functions.clone(),
            reach: record.facts.reach.clone(),
            has_allocator_calls: has_allocator_calls(record),
        };
        self.by_step.insert(record.index, recorded);
    }

    /// Records that a block begins at an address with this origin.
    pub fn record_allocation(&mut self, origin: &Origin) {
        self.add_allocator_of(origin.step);
        if let Some(call) = self.by_step.get(&origin.step)
            && !origin.is_refetchable()
        {
            self.allocating_exports.insert(call.export.clone());
        }
    }

    /// Records that a call released a block.
    pub fn add_allocator_of(&mut self, step: usize) {
        let Some(call) = self.by_step.get(&step) else {
            return;
        };
        self.allocators.extend(call.functions.iter().cloned());
        if let Some(reach) = &call.reach
            && !self.reaches.contains(reach)
        {
            self.reaches.push(Arc::clone(reach));
        }
    }

    /// Returns whether the call of a step can have run the guest's allocator: it called one of its
    /// functions, one of them stored, or both can run the same functions or set the same globals.
    pub fn can_have_run_allocator(&self, step: usize) -> bool {
        let Some(call) = self.by_step.get(&step) else {
            return false;
        };
        let overlaps = |reach: &Arc<CodeReach>| self.reaches.iter().any(|o| reach.overlaps(o));
        call.has_allocator_calls
            || call.functions.iter().any(|f| self.allocators.contains(f))
            || call.reach.as_ref().is_none_or(overlaps)
    }

    /// Returns the step of the last call since step `since` that got this address.
    pub fn last_with(&self, start: u64, since: usize) -> Option<usize> {
        let mut calls = self.by_step.range(since..).rev();
        calls
            .find(|(_, call)| call.args.contains(&start))
            .map(|(step, _)| *step)
    }

    /// Returns whether the call of a step returned an address within these bytes.
    pub fn returned_into(&self, step: usize, span: Span) -> bool {
        let results = self.by_step.get(&step).map(|call| call.results.as_slice());
        let mut results = results.unwrap_or_default().iter();
        results.any(|result| span.contains(*result))
    }

    /// Returns whether an export has allocated a block before.
    pub fn is_allocating(&self, export: &str) -> bool {
        self.allocating_exports.contains(export)
    }

    /// Returns whether the guest's allocator may have run in a step: one of its functions was called
    /// or stored, or the code that was called and the allocator can run the same functions or set
    /// the same globals.
    pub fn may_run_allocator(&self, record: &StepRecord) -> bool {
        let functions = &record.facts.functions;
        let reach = record.facts.reach.as_ref();
        has_allocator_calls(record)
            || functions.iter().any(|f| self.allocators.contains(f))
            || reach.is_some_and(|reach| self.reaches.iter().any(|other| reach.overlaps(other)))
    }
}

/// Returns whether functions that are known as the guest's allocator ran in a step.
fn has_allocator_calls(record: &StepRecord) -> bool {
    record.facts.misses_allocator_calls || !record.facts.allocator_calls.is_empty()
}

/// Returns whether a call that returned an address in or below these bytes allocated them again, as
/// far as its arguments can be sizes.
pub(super) fn allocates(call: &CallRecord, span: Span) -> bool {
    let results = || call.results.iter().filter_map(address);
    let sizes = || {
        let args = call.args.iter().filter_map(address);
        args.filter(|size| *size != span.start)
    };
    let is_covered = |result: u64| {
        result <= span.start && sizes().any(|size| result.saturating_add(size) > span.start)
    };
    results().any(|result| span.contains(result) || is_covered(result))
}

pub(super) fn passes_address(call: &CallRecord, start: u64) -> bool {
    call.args.iter().filter_map(address).any(|arg| arg == start)
}

pub(super) fn returns_address(call: &CallRecord, start: u64) -> bool {
    let mut results = call.results.iter().filter_map(address);
    results.any(|result| result == start)
}

/// Returns an argument or result as an address. A negative number is read as unsigned.
pub(super) fn address(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) if *n < 0 => i32::try_from(*n).ok().map(|n| u64::from(n.cast_unsigned())),
        Value::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

/// Returns whether an export releases memory, by its name.
pub(super) fn frees(call: &CallRecord) -> bool {
    has_word(
        call,
        &[
            "free", "dealloc", "realloc", "release", "delete", "drop", "destroy", "dispose",
            "unpin",
        ],
    )
}

/// Returns whether an export changes the length of a block, by its name.
pub(super) fn resizes(call: &CallRecord) -> bool {
    has_word(call, &["realloc", "resize", "renew"])
}

fn has_word(call: &CallRecord, words: &[&str]) -> bool {
    let name = call.export.to_lowercase();
    words.iter().any(|word| name.contains(word))
}
