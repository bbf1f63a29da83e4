//! The ledger: the blocks of the guest's allocator, from the calls that the guest records, whoever
//! makes them. It needs no `block` lines.
//!
//! Where the allocator is closed, all of its calls are recorded, and the ledger has every block.
//! Otherwise other code of the guest may allocate and release blocks too. Then only blocks count
//! that the host allocated by a call of its own, and only until something else may have changed
//! them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::blocks::overlap;
use crate::journal_abi::AllocatorOperation;
use crate::timeline::allocation::{AllocatorCall, AllocatorFacts, LiveBlock, LiveBlocks};
use crate::timeline::{Outcome, Span, StepRecord, Writer};

/// The largest number of released blocks that are watched. The oldest are forgotten first.
const MAX_RELEASED: usize = 4096;
/// The largest number of blocks that are listed for a step.
const MAX_LISTED: usize = 64;
/// The largest number of writes to a released block that are examined in a step. The allocator itself
/// writes there.
const MAX_EXAMINED_WRITES: usize = 1000;
/// The largest number of faults of one step.
const MAX_FAULTS: usize = 16;

/// Who called the allocator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Host,
    /// The guest, at a place in its code.
    Guest(Arc<str>),
    /// The guest through a table, or an import.
    Unknown,
}

/// A call that allocated or released a block.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub step: usize,
    /// How many stores of the step come before it.
    pub events_before: usize,
    /// The name of the function of the allocator.
    pub function: Arc<str>,
    pub owner: Owner,
}

/// A block of the allocator.
#[derive(Debug, Clone)]
pub(super) struct LedgerBlock {
    pub span: Span,
    pub alignment: u64,
    pub allocated: Act,
    pub released: Option<Act>,
    /// Whether it is certain that the allocator takes a size in bytes.
    pub has_sure_size: bool,
    /// How many releases there were before it was allocated.
    releases_before: u64,
    /// After how many events of the step writes to it are looked for.
    watched_from: usize,
    /// The number of its release.
    release_number: u64,
    /// Whether a write to it after its release was found.
    is_reported: bool,
}

/// Something wrong with the use of the allocator.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// A block was released again.
    ReleasedAgain { block: LedgerBlock, act: Act },
    /// An address was released that is not the start of a block; it may be in one.
    NoBlock {
        address: u64,
        around: Option<LedgerBlock>,
        act: Act,
    },
    /// A block was released with another size or alignment.
    OtherLayout {
        block: LedgerBlock,
        size: u64,
        alignment: u64,
        act: Act,
    },
    /// A block shares bytes with an older one that was not released.
    AllocatedTwice {
        block: LedgerBlock,
        act: Act,
        span: Span,
    },
    /// Something wrote to a released block.
    Written {
        block: LedgerBlock,
        span: Span,
        writer: Writer,
    },
}

/// A call that could not allocate a block.
#[derive(Debug, Clone)]
pub(super) struct FailedAllocation {
    pub size: u64,
    pub function: Arc<str>,
}

/// The blocks of the allocator so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    facts: Arc<AllocatorFacts>,
    is_closed: bool,
    /// By address.
    live: BTreeMap<u64, LedgerBlock>,
    bytes: u64,
    /// By address: released blocks whose bytes were not allocated again.
    released: BTreeMap<u64, LedgerBlock>,
    /// The addresses of released blocks, each with the number of its release.
    released_order: VecDeque<(u64, u64)>,
    releases: u64,
    /// The labels of calling instructions, by offset.
    callers: BTreeMap<u32, Arc<str>>,
    /// By step: calls of the host that returned 0.
    failed: BTreeMap<usize, FailedAllocation>,
    /// The addresses of the blocks that the last step released.
    ended: Vec<u64>,
    /// The blocks that the last step allocated.
    begun: Vec<Span>,
    listed: Option<Arc<LiveBlocks>>,
}

impl Ledger {
    pub fn new(facts: &AllocatorFacts) -> Self {
        Ledger {
            is_closed: facts.is_closed,
            facts: Arc::new(facts.clone()),
            ..Ledger::default()
        }
    }

    /// Returns whether all blocks are known.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Records the calls of a step. `origin` returns the step that fetched an address which the step
    /// passed to the guest.
    pub fn record_step(
        &mut self,
        record: &StepRecord,
        origin: impl Fn(u64) -> Option<usize>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.ended.clear();
        self.begun.clear();
        self.callers.extend(record.facts.callers.iter().cloned());
        for block in self.released.values_mut() {
            block.watched_from = 0;
        }
        for call in record.facts.allocator_calls.iter() {
            self.record_call(record, call, &origin, &mut faults);
        }
        let released: Vec<u64> = self.released.keys().copied().collect();
        for start in released {
            self.check_writes(record, start, record.events.len(), &mut faults);
        }
        // An allocator that did not return may have left its blocks in any state.
        let is_broken = |call: &AllocatorCall| call.events_at_return.is_none();
        if record.facts.misses_allocator_calls || record.facts.allocator_calls.iter().any(is_broken)
        {
            self.is_closed = false;
        }
        if !record.facts.allocator_calls.is_empty() {
            self.listed = None;
        }
        faults.truncate(MAX_FAULTS);
        faults
    }

    /// Returns the addresses of the blocks that the last step released or moved.
    pub fn ended(&self) -> &[u64] {
        &self.ended
    }

    /// Returns the blocks that the last step allocated.
    pub fn begun(&self) -> &[Span] {
        &self.begun
    }

    /// Returns the released block that contains any of these bytes.
    pub fn released_in(&self, span: Span) -> Option<&LedgerBlock> {
        let mut before = self.released.range(..span.end()).rev().take(4);
        before
            .find(|(_, block)| overlap(block.span, span).is_some())
            .map(|(_, block)| block)
    }

    /// Returns the block of the host that begins at an address, if it is allocated now.
    pub fn of_host_at(&self, address: u64) -> Option<&LedgerBlock> {
        self.live.get(&address).filter(|block| is_of_host(block))
    }

    /// Returns the block that contains an address and was not released.
    pub fn live_around(&self, address: u64) -> Option<&LedgerBlock> {
        let (_, block) = self.live.range(..=address).next_back()?;
        block.span.contains(address).then_some(block)
    }

    /// Returns the first block that contains any of these bytes and was not released.
    pub fn live_in_span(&self, span: Span) -> Option<&LedgerBlock> {
        let around = self.live_around(span.start);
        around.or_else(|| {
            let mut after = self.live.range(span.start..span.end());
            after.next().map(|(_, block)| block)
        })
    }

    /// Returns the call of a step that returned 0 for a block.
    pub fn failed_in(&self, step: usize) -> Option<&FailedAllocation> {
        self.failed.get(&step)
    }

    /// Returns the blocks that are allocated now; `None` if not all of them are known, or there is
    /// no allocator.
    pub fn listed(&mut self) -> Option<Arc<LiveBlocks>> {
        if !self.is_closed {
            return None;
        }
        let listed = self.listed.get_or_insert_with(|| {
            let first = self.live.values().take(MAX_LISTED).map(live_block);
            Arc::new(LiveBlocks {
                count: self.live.len() as u64,
                bytes: self.bytes,
                first: first.collect(),
            })
        });
        Some(Arc::clone(listed))
    }

    fn record_call(
        &mut self,
        record: &StepRecord,
        call: &AllocatorCall,
        origin: &impl Fn(u64) -> Option<usize>,
        faults: &mut Vec<Fault>,
    ) {
        let facts = Arc::clone(&self.facts);
        let Some((function, name)) = facts.functions.get(call.function as usize) else {
            return;
        };
        let act = Act {
            step: record.index,
            events_before: call.events_before,
            function: Arc::clone(name),
            owner: self.owner(call),
        };
        let takes_nothing = call.given == 0 || function.checks_layout && call.given_size == 0;
        let (result, size) = (u64::from(call.result), u64::from(call.size));
        let has_failed = call.events_at_return.is_none();
        match function.operation {
            AllocatorOperation::Release if takes_nothing => {}
            AllocatorOperation::Release => self.release(call, &act, origin, faults),
            AllocatorOperation::Reallocate if !takes_nothing => {
                // Rust's functions release a block by a new size of 0, and return no block then. If
                // C's return 0 for that size, the block is released too.
                let ends = size == 0 && (function.checks_layout || result == 0);
                if ends {
                    self.release(call, &act, origin, faults);
                } else if result != 0 {
                    self.release(call, &act, origin, faults);
                    self.allocate(record, call, act, faults);
                }
            }
            _ if has_failed => {}
            _ if result == 0 => {
                if size > 0 && call.is_by_host && record.outcome == Outcome::Ok {
                    let function = act.function;
                    self.failed
                        .insert(record.index, FailedAllocation { size, function });
                }
            }
            // Rust returns an address that is no block.
            _ if size == 0 && function.checks_layout => {}
            _ => self.allocate(record, call, act, faults),
        }
    }

    fn owner(&self, call: &AllocatorCall) -> Owner {
        match self.callers.get(&call.caller) {
            _ if call.is_by_host => Owner::Host,
            Some(label) => Owner::Guest(Arc::clone(label)),
            None => Owner::Unknown,
        }
    }

    fn allocate(
        &mut self,
        record: &StepRecord,
        call: &AllocatorCall,
        act: Act,
        faults: &mut Vec<Fault>,
    ) {
        let span = Span {
            start: call.result.into(),
            len: call.size.into(),
        };
        let is_sure = self.has_sure_size(call);
        while let Some((start, shared)) = self.live_in(span) {
            let Some(block) = self.remove(start) else {
                break;
            };
            // An allocator with an unknown contract may have released this block together with
            // another one.
            let is_certain = self.is_closed
                && (is_sure || block.releases_before == self.releases && start == span.start);
            if is_certain && shared.len > 0 {
                let act = act.clone();
                let span = shared;
                faults.push(Fault::AllocatedTwice { block, act, span });
            }
        }
        while let Some(start) = self.released_in(span).map(|block| block.span.start) {
            self.check_writes(record, start, call.events_before, faults);
            self.released.remove(&start);
        }
        // A block of no bytes begins at an address that may have been released before.
        self.released.remove(&span.start);
        self.bytes = self.bytes.saturating_add(span.len);
        let block = LedgerBlock {
            span,
            alignment: call.alignment.into(),
            allocated: act,
            released: None,
            has_sure_size: is_sure,
            releases_before: self.releases,
            watched_from: 0,
            release_number: 0,
            is_reported: false,
        };
        self.live.insert(span.start, block);
        self.begun.push(span);
    }

    fn has_sure_size(&self, call: &AllocatorCall) -> bool {
        let function = self.facts.functions.get(call.function as usize);
        function.is_some_and(|(function, _)| function.has_sure_size)
    }

    /// Returns the start of a live block that contains any of these bytes, or begins at the first of
    /// them, with the bytes that it shares.
    fn live_in(&self, span: Span) -> Option<(u64, Span)> {
        let end = span.end().max(span.start.saturating_add(1));
        let (start, block) = self.live.range(..end).next_back()?;
        match overlap(block.span, span) {
            Some(shared) => Some((*start, shared)),
            None if *start == span.start => Some((
                *start,
                Span {
                    start: *start,
                    len: 0,
                },
            )),
            None => None,
        }
    }

    fn remove(&mut self, start: u64) -> Option<LedgerBlock> {
        let block = self.live.remove(&start)?;
        self.bytes = self.bytes.saturating_sub(block.span.len);
        Some(block)
    }

    fn release(
        &mut self,
        call: &AllocatorCall,
        act: &Act,
        origin: &impl Fn(u64) -> Option<usize>,
        faults: &mut Vec<Fault>,
    ) {
        let address = u64::from(call.given);
        let origin = origin(address).filter(|_| call.is_by_host);
        // Where other code may allocate and release blocks too, the host's own blocks are known only
        // while it uses the address that it got for them.
        let is_known = |block: &LedgerBlock| {
            self.is_closed || origin == Some(block.allocated.step) && is_of_host(block)
        };
        if let Some(block) = self.released.get(&address) {
            if is_known(block) {
                let (block, act) = (block.clone(), act.clone());
                faults.push(Fault::ReleasedAgain { block, act });
            }
            return;
        }
        let Some(block) = self.live.get(&address) else {
            return self.release_no_block(call, address, act, faults);
        };
        let (size, alignment) = (u64::from(call.given_size), u64::from(call.alignment));
        let checks = self.facts.functions.get(call.function as usize);
        let is_other = size != block.span.len
            || alignment != block.alignment && alignment > 0 && block.alignment > 0;
        if checks.is_some_and(|(f, _)| f.checks_layout) && is_other && is_known(block) {
            faults.push(Fault::OtherLayout {
                block: block.clone(),
                size,
                alignment,
                act: act.clone(),
            });
        }
        self.releases += 1;
        let is_watched = self.is_closed || is_of_host(block) && call.is_by_host;
        let Some(mut block) = self.remove(address) else {
            return;
        };
        self.ended.push(address);
        block.released = Some(act.clone());
        block.release_number = self.releases;
        block.watched_from = call.events_at_return.unwrap_or(usize::MAX);
        if is_watched {
            self.watch(block);
        }
    }

    /// Records a release of an address at which no block is known to begin.
    fn release_no_block(
        &mut self,
        call: &AllocatorCall,
        address: u64,
        act: &Act,
        faults: &mut Vec<Fault>,
    ) {
        if !self.is_closed {
            return;
        }
        let byte = Span {
            start: address,
            len: 1,
        };
        let around = self
            .live_in(byte)
            .and_then(|(start, _)| self.live.get(&start))
            .cloned();
        if self.has_sure_size(call) || around.is_some() {
            let act = act.clone();
            faults.push(Fault::NoBlock {
                address,
                around,
                act,
            });
        } else {
            // What it takes may be no address at all.
            self.is_closed = false;
        }
    }

    fn watch(&mut self, block: LedgerBlock) {
        if self.released_order.len() >= MAX_RELEASED
            && let Some((oldest, number)) = self.released_order.pop_front()
            && self
                .released
                .get(&oldest)
                .is_some_and(|b| b.release_number == number)
        {
            self.released.remove(&oldest);
        }
        self.released_order
            .push_back((block.span.start, block.release_number));
        self.released.insert(block.span.start, block);
    }

    /// Finds the first write to a released block that is outside of the allocator, among the events
    /// of a step up to `until`.
    fn check_writes(
        &mut self,
        record: &StepRecord,
        start: u64,
        until: usize,
        faults: &mut Vec<Fault>,
    ) {
        let Some(block) = self.released.get_mut(&start) else {
            return;
        };
        if !self.is_closed || block.is_reported || faults.len() >= MAX_FAULTS {
            return;
        }
        let mut from = block.watched_from;
        for _ in 0..MAX_EXAMINED_WRITES {
            let Some(write) = record.events.first_write_in(block.span, from..until) else {
                return;
            };
            from = write.event.saturating_add(1);
            // What the allocator stores is its own.
            let calls = &record.facts.allocator_calls;
            let after = calls.partition_point(|call| call.events_before <= write.event);
            let call = after.checked_sub(1).and_then(|last| calls.get(last));
            let call_end = call.map(|call| call.events_at_return.unwrap_or(usize::MAX));
            if let Some(end) = call_end.filter(|end| write.event < *end) {
                from = end;
                continue;
            }
            // The accesses of the host are checked where it is known which pointer they use.
            let writer = record.events.writer_of(write.by);
            if write.is_difference || matches!(writer, Writer::Host | Writer::Data { .. }) {
                continue;
            }
            let span = Span {
                start: write.start,
                len: write.len,
            };
            let Some(span) = overlap(block.span, span) else {
                continue;
            };
            block.is_reported = true;
            let block = block.clone();
            faults.push(Fault::Written {
                block,
                span,
                writer,
            });
            return;
        }
    }
}

/// Returns whether the host allocated a block, and released it if it was released.
pub(super) fn is_of_host(block: &LedgerBlock) -> bool {
    let is_host = |act: &Act| act.owner == Owner::Host;
    is_host(&block.allocated) && block.released.as_ref().is_none_or(is_host)
}

fn live_block(block: &LedgerBlock) -> LiveBlock {
    let Act {
        step,
        events_before,
        function,
        owner,
    } = &block.allocated;
    LiveBlock {
        span: block.span,
        step: *step,
        events_before: *events_before,
        owner: match owner {
            Owner::Host => "host".into(),
            Owner::Guest(label) => Arc::clone(label),
            Owner::Unknown => "guest".into(),
        },
        allocator: Arc::clone(function),
    }
}
