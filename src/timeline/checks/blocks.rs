//! The regions and blocks that are named, which of them were released, and which bytes must not be
//! used any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::block_findings::{
    handed_out_again, leak, overlapping, stale_pointer, used_after_release, written_after_release,
};
use super::block_state::BlockState;
use super::calls::{Calls, address, allocates, frees, passes_address, resizes, returns_address};
use super::phrases::the_bytes;
use super::pointers::{Origin, Pointers};
use super::span_index::SpanIndex;
use super::{MAX_FINDINGS_PER_KIND, stack};
use crate::text::count;
use crate::timeline::{
    CallRecord, Finding, FindingKind, NamedSpan, Naming, Outcome, Span, SpanKind, StepRecord, Use,
    UseKind, Writer,
};

/// The size of a pointer of a guest, in bytes.
const POINTER_SIZE: u64 = 4;

/// The most bytes of a released block that allocators write in one piece: four words, such as the
/// pointers of a list.
const ALLOCATOR_WORDS: u64 = 4 * POINTER_SIZE;

/// The multiple to which allocators round the size of a block, in bytes.
const ALLOCATOR_ALIGNMENT: u64 = 16;

/// A write to a released block: the first one by each writer.
pub(super) struct ReleasedWrite {
    pub held: BlockState,
    pub span: Span,
    pub writer: Writer,
}

pub(super) fn overlap(a: Span, b: Span) -> Option<Span> {
    let (start, end) = (a.start.max(b.start), a.end().min(b.end()));
    (start < end).then(|| Span {
        start,
        len: end - start,
    })
}

#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// By number, in the order in which they were named.
    spans: BTreeMap<u64, BlockState>,
    /// The number of the next span.
    next: u64,
    /// The numbers of the spans by kind and name.
    numbers: HashMap<(SpanKind, String), u64>,
    /// The blocks by their bytes.
    blocks: SpanIndex,
    /// The numbers of the released blocks that are watched, and these blocks by their bytes.
    watched: BTreeSet<u64>,
    watched_bytes: SpanIndex,
    calls: Calls,
    /// The bytes of the shadow stack.
    stack: Option<Span>,
    /// Addresses of blocks that the script released before it called the guest for that. The next
    /// call with such an address is no misuse.
    pending_frees: BTreeSet<u64>,
}

impl Blocks {
    pub fn new(stack: Option<Span>) -> Self {
        Blocks {
            stack,
            ..Blocks::default()
        }
    }

    /// Returns the bytes of the shadow stack.
    pub fn stack(&self) -> Option<Span> {
        self.stack
    }

    pub fn has_spans(&self) -> bool {
        !self.watched.is_empty() || self.spans.values().any(BlockState::is_live)
    }

    /// Returns the bytes of a region or block that is not released.
    pub fn span_of(&self, name: &str) -> Option<Span> {
        let mut spans = self.spans.values().rev();
        let found = spans.find(|held| held.released.is_none() && held.name == name);
        found.map(|held| held.span)
    }

    pub fn live(&self) -> impl Iterator<Item = &BlockState> {
        self.spans
            .values()
            .filter(|held| held.is_live() && held.span.len > 0)
    }

    pub fn watched(&self) -> impl Iterator<Item = &BlockState> {
        let state = |number| self.spans.get(number);
        self.watched.iter().filter_map(state)
    }

    /// Sets whether a released block is watched.
    fn watch(&mut self, number: u64, is_watched: bool) {
        let Some(held) = self.spans.get_mut(&number) else {
            return;
        };
        let was_watched = std::mem::replace(&mut held.is_watched, is_watched);
        match (was_watched, is_watched) {
            (false, true) => {
                self.watched.insert(number);
                self.watched_bytes.insert(held.span, number);
            }
            (true, false) => {
                self.watched.remove(&number);
                self.watched_bytes.remove(held.span, number);
            }
            _ => {}
        }
    }

    /// Removes the span of this kind and name.
    fn remove(&mut self, kind: SpanKind, name: &str) {
        let Some(number) = self.numbers.remove(&(kind, name.to_owned())) else {
            return;
        };
        self.watch(number, false);
        if let Some(held) = self.spans.remove(&number) {
            self.blocks.remove(held.span, number);
        }
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
        let near = self.watched_bytes.near(at);
        let state = |number: u64| Some((number, self.spans.get(&number)?));
        let (number, block) = near
            .into_iter()
            .filter_map(state)
            .find(|(_, held)| overlap(held.span, at).is_some())?;
        let released = block.released?;
        // An address that was fetched after the release, or by the call that released the block,
        // comes from the new owner of the bytes.
        let is_new =
            |origin: &Origin| origin.step > released || Some(origin.step) == block.releasing_call;
        if origin.is_some_and(is_new) {
            self.watch(number, false);
            return None;
        }
        let block = block.clone();
        let hit = overlap(block.span, at)?;
        match used.how {
            UseKind::Read | UseKind::Write => {
                let is_read = matches!(used.how, UseKind::Read);
                Some(used_after_release(record, &block, released, hit, is_read))
            }
            UseKind::Passed
                if record.call.as_ref().is_some_and(frees)
                    && self.pending_frees.remove(&block.span.start) =>
            {
                None
            }
            // A name for an address that the script chose itself means a new owner.
            UseKind::Named if origin.is_none() || stack::contains(self.stack, block.span) => None,
            UseKind::Passed | UseKind::Named => {
                Some(stale_pointer(used, origin, &block, released, hit))
            }
        }
    }

    /// Checks what a step hands out. Stops watching released blocks whose bytes have a new owner,
    /// and blocks that the guest has resized in place or handed out again.
    pub fn check_new_owners(&mut self, record: &StepRecord) -> Vec<Finding> {
        let call = record.call.as_ref();
        if call.is_none() && record.facts.global_set.is_none() {
            return Vec::new();
        }
        let nested = record
            .imports_called
            .iter()
            .flat_map(|import| &import.calls);
        let calls: Vec<&CallRecord> = call.into_iter().chain(nested).collect();
        let has_new_owner = |number: &u64| {
            self.spans.get(number).is_some_and(|held| {
                calls.iter().any(|call| allocates(call, held.span))
                    || stack::covers_again(self.stack, held.span, record)
            })
        };
        let no_longer: Vec<u64> = self.watched.iter().copied().filter(has_new_owner).collect();
        no_longer
            .into_iter()
            .for_each(|number| self.watch(number, false));
        let Some(call) = call else { return Vec::new() };
        let mut found = Vec::new();
        let starts = call.results.iter().filter_map(address);
        let mut near: Vec<u64> = starts
            .flat_map(|start| self.blocks.near(Span { start, len: 1 }))
            .collect();
        near.sort_unstable();
        near.dedup();
        for number in near {
            let Some(held) = self.spans.get_mut(&number) else {
                continue;
            };
            let is_returned = held.is_live()
                && held.kind == SpanKind::Block
                && held.span.len > 0
                // The stack pointer that a call restores is no new block. That of an empty stack is
                // its end, which may be the start of a block.
                && !stack::contains(self.stack, held.span)
                && self.stack.is_none_or(|stack| stack.end() != held.span.start)
                && returns_address(call, held.span.start);
            let is_allocating = self.calls.is_allocating(&call.export);
            match passes_address(call, held.span.start) {
                _ if !is_returned => {}
                true if is_allocating || resizes(call) => {
                    held.released = Some(record.index);
                    held.is_resized = true;
                }
                false if is_allocating => {
                    held.is_reallocated = true;
                    found.push(handed_out_again(held, call));
                }
                _ => {}
            }
        }
        found
    }

    /// Checks writes to released blocks by the guest and its imports.
    pub fn check_writes(
        &mut self,
        record: &StepRecord,
        writes: Vec<ReleasedWrite>,
    ) -> Vec<Finding> {
        let is_allocating = self.calls.may_run_allocator(record)
            || record
                .call
                .as_ref()
                .is_some_and(|call| self.frees_a_block(call));
        let mut found = Vec::new();
        for ReleasedWrite { held, span, writer } in writes {
            // The guest's allocator ran. It may keep its own lists in these bytes, or have
            // allocated them again. An import may write to what was allocated again.
            if is_allocating && matches!(writer, Writer::Guest { .. } | Writer::Import { .. }) {
                self.unwatch(&held);
                continue;
            }
            let Some(released) = held.released else {
                continue;
            };
            found.push(written_after_release(&writer, &held, released, span));
        }
        found
    }

    fn unwatch(&mut self, held: &BlockState) {
        let key = (held.kind, held.name.clone());
        if let Some(number) = self.numbers.get(&key).copied() {
            self.watch(number, false);
        }
    }

    /// Returns the kind and name of the block that the script named at the start of these bytes.
    pub fn label_at(&self, span: Span) -> Option<String> {
        let numbers = self.at(span.start);
        let named = numbers
            .iter()
            .rev()
            .filter_map(|number| self.spans.get(number));
        named.map(BlockState::label).next()
    }

    /// Returns the numbers of the blocks at this address, in the order in which they were named.
    fn at(&self, start: u64) -> Vec<u64> {
        let mut numbers = self.blocks.near(Span { start, len: 1 });
        let is_at = |number: &u64| {
            let held = self.spans.get(number);
            held.is_some_and(|held| held.span.start == start)
        };
        numbers.retain(is_at);
        numbers
    }

    /// Records that calls of the guest's allocator released the blocks at the addresses `ended`, and
    /// allocated the blocks `begun`.
    pub fn record_calls(&mut self, ended: &[u64], begun: &[Span]) {
        for new in begun {
            for number in self.blocks.near(*new) {
                let held = self.spans.get_mut(&number);
                let is_hit =
                    |held: &&mut BlockState| !held.is_live() && overlap(held.span, *new).is_some();
                let Some(held) = held.filter(is_hit) else {
                    continue;
                };
                held.is_reallocated |= held.is_released_by_call;
                self.watch(number, false);
            }
        }
        for number in ended
            .iter()
            .flat_map(|start| self.at(*start))
            .collect::<Vec<_>>()
        {
            let held = self.spans.get_mut(&number);
            if let Some(held) = held.filter(|held| held.is_live()) {
                held.is_released_by_call = true;
            }
        }
    }

    /// Records that a fault in the use of the allocator was found at the start of a block, so that
    /// the lines of the script show it no second time.
    pub fn record_fault(&mut self, start: u64, is_double_release: bool) {
        for number in self.at(start) {
            let Some(held) = self.spans.get_mut(&number) else {
                continue;
            };
            if !is_double_release {
                held.is_released_by_call = true;
            } else if held.released.is_some() {
                held.is_resized = true;
            }
        }
    }

    fn frees_a_block(&self, call: &CallRecord) -> bool {
        frees(call)
            && self
                .spans
                .values()
                .any(|held| held.kind == SpanKind::Block && passes_address(call, held.span.start))
    }

    /// Returns whether bytes that the guest wrote can be those of its allocator, which released a
    /// block that the step passed to it: a few words that end where the rounded size of the block
    /// ends or before. Allocators keep lists at the start of a block and its size at the end.
    pub fn can_be_allocator_words(
        &self,
        record: &StepRecord,
        held: &BlockState,
        run: Span,
    ) -> bool {
        let offset = run.start.saturating_sub(held.span.start);
        let rounded = held.span.len.checked_next_multiple_of(ALLOCATOR_ALIGNMENT);
        held.kind == SpanKind::Block
            && offset.is_multiple_of(POINTER_SIZE)
            && run.len.is_multiple_of(POINTER_SIZE)
            && run.len <= ALLOCATOR_WORDS
            && rounded.is_some_and(|rounded| offset.saturating_add(run.len) <= rounded)
            && record
                .call
                .as_ref()
                .is_some_and(|call| passes_address(call, held.span.start))
            && self.calls.may_run_allocator(record)
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
        self.calls.record(record);
        match (&record.naming, record.outcome) {
            (Some(Naming::Named(span)), Outcome::Ok) => {
                if span.kind == SpanKind::Block {
                    let names = record
                        .facts
                        .uses
                        .first()
                        .map(|used| used.names.as_slice())
                        .unwrap_or_default();
                    if let Some(origin) = pointers.origin(names) {
                        self.calls.record_allocation(origin);
                    }
                }
                self.name_span(record.index, span)
            }
            (Some(Naming::Released(block)), Outcome::Ok) => {
                self.release(record.index, block).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn name_span(&mut self, step: usize, new: &NamedSpan) -> Vec<Finding> {
        let mut found = Vec::new();
        let same = self.numbers.get(&(new.kind, new.name.clone())).copied();
        if new.kind == SpanKind::Block {
            for number in self.blocks.near(new.span) {
                let Some(held) = self.spans.get(&number) else {
                    continue;
                };
                let Some(shared) = overlap(held.span, new.span) else {
                    continue;
                };
                let is_owned = held.released.is_none() && !held.is_released_by_call;
                if is_owned && same != Some(number) && found.len() < MAX_FINDINGS_PER_KIND {
                    found.push(overlapping(held, new, shared));
                }
                self.watch(number, false);
            }
            // If the name moves to other bytes, nothing can release the old ones any more.
            let lost = same
                .and_then(|number| self.spans.get(&number))
                .filter(|held| held.is_live() && held.span.len > 0);
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
        self.remove(new.kind, &new.name);
        let number = self.next;
        self.next += 1;
        if new.kind == SpanKind::Block {
            self.blocks.insert(new.span, number);
        }
        self.numbers.insert((new.kind, new.name.clone()), number);
        let state = BlockState {
            name: new.name.clone(),
            kind: new.kind,
            span: new.span,
            step,
            released: None,
            is_watched: false,
            releasing_call: None,
            is_reallocated: false,
            is_resized: false,
            is_released_by_call: false,
        };
        self.spans.insert(number, state);
        found
    }

    fn release(&mut self, step: usize, block: &str) -> Option<Finding> {
        let key = (SpanKind::Block, block.to_owned());
        let number = *self.numbers.get(&key)?;
        let held = self.spans.get_mut(&number)?;
        if let Some(first) = held.released.filter(|_| !held.is_resized) {
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
        let had_owner = std::mem::take(&mut held.is_resized) || held.is_reallocated;
        held.released = Some(step);
        let (start, since) = (held.span.start, held.step);
        held.releasing_call = self.calls.last_with(start, since);
        // A call that got the block and returned the same bytes is their new owner.
        let is_returned = held
            .releasing_call
            .is_some_and(|call| self.calls.returned_into(call, held.span));
        let is_watched = held.span.len > 0 && !had_owner && !is_returned;
        // A call that only used the block released nothing: the guest releases it later.
        let is_release = |call: &usize| self.calls.can_have_run_allocator(*call);
        let releasing_call = held.releasing_call.filter(is_release);
        self.watch(number, is_watched);
        match releasing_call {
            Some(call) => self.calls.add_allocator_of(call),
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
