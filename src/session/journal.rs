//! The host's side of the guest's journal: reads the slots that the guest wrote, and clears them.
//!
//! [`journal_abi`](crate::journal_abi) has the layout of a slot, [`JournalLayout`] the protocol
//! between guest and host. All bytes after the last slot are zero. So the host finds the end even
//! where the guest trapped before it stored its position.

use wasmer::{
    AsStoreMut, Global, Instance, Memory, MemoryAccessError, RuntimeError, Value as Wasm,
};

use crate::guest::JournalLayout;
use crate::journal_abi::{
    AllocatorRecord, CALL_RECORD, SLOT, SiteKind, Slot, SlotBytes, StoreSite, high_half, low_half,
};
use crate::timeline::{Attempt, Recording};

/// The largest number of slots that one session records, whatever a single call may record: 1 GiB
/// of them.
const MAX_SLOTS_IN_SESSION: u64 = 64 << 20;
/// The largest number of records of the guest's allocator that one session keeps.
const MAX_CALLS_IN_SESSION: usize = 1 << 20;
/// The longest copy from another memory whose bytes are recorded, in bytes.
const MAX_COPY: u64 = 64 << 20;

/// The journal of one instance.
pub(super) struct Journal {
    memory: Memory,
    position: Global,
    last_load: Global,
    layout: JournalLayout,
    has_copies_from: bool,
    /// The position in the records of the guest's allocator, if it has one.
    calls_position: Option<Global>,
    /// How many records of the allocator the session has.
    calls_in_session: usize,
    /// How many slots of this call may still be recorded.
    remaining: u64,
    recorded_in_session: u64,
    /// The first slot of the last store of a call that has ended.
    last: Option<Slot>,
}

/// Why the journal could not be made ready for the guest again.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    /// The limit could not be written.
    #[error("the engine refused to write the limit of the guest's journal: {0}")]
    Limit(#[from] MemoryAccessError),
    /// The position could not be set.
    #[error("the engine refused to reset the position in the guest's journal: {0}")]
    Position(#[from] RuntimeError),
}

/// The last store of a call, in terms of the module as given.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastStore {
    /// The offset of the instruction, in bytes from the start of the module.
    pub offset: u64,
    /// The access that the instruction makes, as if it had trapped.
    pub attempt: Attempt,
}

/// What one pass over the slots of the journal finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Scan {
    /// How many slots there are.
    slots: usize,
    /// How many of them, from the first on, may be recorded.
    recorded: usize,
    /// The first slot of the last store.
    last: Option<Slot>,
}

impl Journal {
    /// Finds the parts of the journal among the exports of an instance; `None` if one is missing.
    pub fn of(instance: &Instance, layout: &JournalLayout) -> Option<Self> {
        let global = |name: &str| instance.exports.get_global(name).ok().cloned();
        let memory = instance.exports.get_memory(&layout.memory_export).ok()?;
        Some(Journal {
            memory: memory.clone(),
            position: global(&layout.position_export)?,
            last_load: global(&layout.last_load_export)?,
            layout: layout.clone(),
            has_copies_from: layout
                .sites
                .iter()
                .any(|site| matches!(site.kind, SiteKind::CopyFrom)),
            calls_position: layout.calls_position_export.as_deref().and_then(global),
            calls_in_session: 0,
            remaining: 0,
            recorded_in_session: 0,
            last: None,
        })
    }

    /// Returns the private memory that holds the journal.
    pub fn private_memory(&self) -> &Memory {
        &self.memory
    }

    /// Begins a call that may record up to `max_stores` slots.
    pub fn begin_call(&mut self, max_stores: u64) {
        self.remaining =
            max_stores.min(MAX_SLOTS_IN_SESSION.saturating_sub(self.recorded_in_session));
        self.last = None;
    }

    /// Moves the slots up to the guest's position into `recording` and resets the position. Returns
    /// how many slots these were. `memory` is the guest's journaled memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine refuses to reset the journal.
    pub fn drain(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
        recording: &mut Recording,
    ) -> Result<u64, JournalError> {
        let calls = self.take_calls(store)?;
        let known = self.known_slots(store);
        let slots = stopped_slots(&self.memory, store, self.layout.start);
        let (slots, _) = slots.split_at_mut(known.min(slots.len()));
        // Most drains need no look at single slots: there is room for all of them, and only the
        // bytes of a copy from another memory have to be fetched.
        let scan = if !self.has_copies_from && slots.len() as u64 <= self.remaining {
            Scan {
                slots: slots.len(),
                recorded: slots.len(),
                last: None,
            }
        } else {
            self.scan(slots, slots.len())
        };
        self.record(slots, scan, &calls, recording);
        self.finish_drain(store, scan, memory, recording)
    }

    /// Moves all slots of a call that has ended into `recording`, whether it returned or trapped.
    /// Returns how many slots these were.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine refuses to reset the journal.
    pub fn drain_rest(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
        recording: &mut Recording,
    ) -> Result<u64, JournalError> {
        let calls = self.take_calls(store)?;
        let known = self.known_slots(store);
        let slots = stopped_slots(&self.memory, store, self.layout.start);
        let scan = self.scan(slots, known);
        // A call of the guest by an import may have trapped before, and then the rest is empty.
        self.last = scan.last.or(self.last);
        let slots = slots.get_mut(..scan.slots).unwrap_or_default();
        self.record(slots, scan, &calls, recording);
        self.finish_drain(store, scan, memory, recording)
    }

    /// Takes the records of the guest's allocator out of the journal. A session has a limited number
    /// of them.
    fn take_calls(
        &mut self,
        store: &mut impl AsStoreMut,
    ) -> Result<Vec<AllocatorRecord>, JournalError> {
        let Some(position) = &self.calls_position else {
            return Ok(Vec::new());
        };
        let Wasm::I32(end) = position.get(store) else {
            return Ok(Vec::new());
        };
        let start = self.layout.calls_start;
        let len = end.cast_unsigned().saturating_sub(start) as usize;
        if len == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; len];
        self.memory.view(store).read(start.into(), &mut bytes)?;
        position.set(store, Wasm::I32(start.cast_signed()))?;
        let (records, _) = bytes.as_chunks::<CALL_RECORD>();
        let left = MAX_CALLS_IN_SESSION.saturating_sub(self.calls_in_session);
        self.calls_in_session = self.calls_in_session.saturating_add(records.len());
        let records = records.iter().take(left).map(AllocatorRecord::decode);
        Ok(records.collect())
    }

    /// Returns whether the session has more records of the guest's allocator than it keeps.
    pub fn misses_calls(&self) -> bool {
        self.calls_in_session > MAX_CALLS_IN_SESSION
    }

    /// Returns how many slots are before the guest's position. There may be more: a function stores
    /// the position only now and then, and it may trap before it does.
    fn known_slots(&self, store: &mut impl AsStoreMut) -> usize {
        let Wasm::I32(position) = self.position.get(store) else {
            return 0;
        };
        (position as u32).saturating_sub(self.layout.start) as usize / SLOT
    }

    /// Reads the slots one by one up to the end of the journal. `known` of them are there for sure;
    /// after those, a slot of site 0 is the end.
    fn scan(&self, slots: &[SlotBytes], known: usize) -> Scan {
        let mut scan = Scan::default();
        let mut remaining = self.remaining;
        let mut is_full = false;
        while let Some(bytes) = slots.get(scan.slots) {
            let slot = Slot::decode(bytes);
            if slot.site == 0 && scan.slots >= known {
                break;
            }
            let kind = self.layout.site(slot.site).map(|site| site.kind);
            let count = kind
                .map_or(1, SiteKind::slots)
                .min(slots.len() - scan.slots);
            scan.slots += count;
            scan.last = Some(slot);
            // A growth is recorded beyond the limit, because it decides how long memory is.
            let is_growth = kind == Some(SiteKind::Grow);
            is_full |= remaining == 0 && !is_growth;
            if !is_full {
                scan.recorded += count;
                remaining -= u64::from(!is_growth);
            }
        }
        scan
    }

    /// Appends the slots to the recording and clears them. Those beyond the limit are only
    /// summarized.
    fn record(
        &mut self,
        slots: &mut [SlotBytes],
        scan: Scan,
        calls: &[AllocatorRecord],
        recording: &mut Recording,
    ) {
        let (recorded, summarized) = slots.split_at(scan.recorded.min(slots.len()));
        recording.push_slots(recorded.as_flattened());
        for call in calls {
            let slots_before = call.position.saturating_sub(self.layout.start) as usize / SLOT;
            let after = recorded.get(slots_before..).unwrap_or_default();
            recording.push_allocator_record(*call, self.count_stores(after, recording));
        }
        self.remaining = self.remaining.saturating_sub(recorded.len() as u64);
        self.recorded_in_session += recorded.len() as u64;
        if !summarized.is_empty() {
            self.remaining = 0;
            recording.summarize_slots(summarized.as_flattened());
        }
        slots.as_flattened_mut().fill(0);
    }

    /// Returns how many stores wrote these slots.
    fn count_stores(&self, slots: &[SlotBytes], recording: &Recording) -> usize {
        if !recording.has_vectors() {
            return slots.len();
        }
        let (mut at, mut count) = (0, 0);
        while let Some(bytes) = slots.get(at) {
            let site = self.layout.site(Slot::decode(bytes).site);
            at += site.map_or(1, |site| site.kind.slots());
            count += 1;
        }
        count
    }

    /// Records the bytes of a copy that ended the drained slots, and lets the guest start its
    /// journal again.
    fn finish_drain(
        &self,
        store: &mut impl AsStoreMut,
        scan: Scan,
        memory: Option<&Memory>,
        recording: &mut Recording,
    ) -> Result<u64, JournalError> {
        let last = scan.last.filter(|_| scan.recorded == scan.slots);
        if let (Some((start, len)), Some(memory)) =
            (last.and_then(|slot| self.copied_span(slot)), memory)
        {
            // The guest calls the host right after such a copy, so memory still holds the bytes.
            let mut bytes = vec![0; len];
            if memory.view(store).read(start, &mut bytes).is_ok() {
                recording.push_copied(&bytes);
            }
        }
        let limit = self.layout.limit.to_le_bytes();
        self.memory.view(store).write(0, &limit)?;
        let start = Wasm::I32(self.layout.start as i32);
        self.position.set(store, start)?;
        Ok(scan.slots as u64)
    }

    /// Returns the address and the length of what a copy from another memory wrote; `None` for any
    /// other store, and for a copy that is too long to be recorded.
    fn copied_span(&self, slot: Slot) -> Option<(u64, usize)> {
        let site = self
            .layout
            .site(slot.site)
            .filter(|site| matches!(site.kind, SiteKind::CopyFrom))?;
        let len = low_half(slot.value);
        (len <= MAX_COPY).then_some((start_of(slot, site), usize::try_from(len).ok()?))
    }

    /// Returns the address operand of the load that the guest noted last.
    pub fn last_load(&self, store: &mut impl AsStoreMut) -> Option<u32> {
        match self.last_load.get(store) {
            Wasm::I32(operand) => Some(operand as u32),
            _ => None,
        }
    }

    /// Forgets the last store of a call whose trap was caught.
    pub fn forget_last_store(&mut self) {
        self.last = None;
    }

    /// Returns the last store of the call that has just ended, as an access that may have trapped.
    /// `memory_end` is the size of memory in bytes.
    pub fn last_store(&self, memory_end: u64) -> Option<LastStore> {
        let slot = self.last?;
        let site = self.layout.site(slot.site)?;
        let (len, source) = match site.kind {
            SiteKind::Store { width } => (u64::from(width), None),
            SiteKind::Vector => (16, None),
            SiteKind::Copy => (low_half(slot.value), Some(high_half(slot.value))),
            SiteKind::Fill | SiteKind::CopyFrom | SiteKind::Init { .. } => {
                (low_half(slot.value), None)
            }
            SiteKind::Grow => return None,
        };
        let attempt = Attempt {
            is_store: true,
            address: start_of(slot, site),
            len,
            memory_end,
        };
        // A copy can go out of bounds at either end. Where it does at both, the destination is
        // reported.
        let attempt = match source {
            Some(address) if attempt.past_end() == 0 => Attempt {
                is_store: false,
                address,
                ..attempt
            },
            _ => attempt,
        };
        Some(LastStore {
            offset: site.offset,
            attempt,
        })
    }
}

/// Returns the address of the first byte that a slot's instruction writes.
fn start_of(slot: Slot, site: &StoreSite) -> u64 {
    u64::from(slot.address).saturating_add(site.immediate)
}

/// Returns the slots from `start` up to the end of the journal's memory.
///
/// The engine offers no slice of a shared memory, and its view copies word by word, which takes
/// longer than the rest of a drain (`docs/performance.md`). The slice borrows the store for its
/// whole life: while it exists, no guest can run and no other view of the memory can be taken.
#[expect(
    unsafe_code,
    reason = "the engine hands out no slice of a shared memory"
)]
fn stopped_slots<'s>(
    memory: &Memory,
    store: &'s mut impl AsStoreMut,
    start: u32,
) -> &'s mut [SlotBytes] {
    let view = memory.view(store);
    // The first word is left out, whatever the layout is: another thread may write it at any time.
    let start = usize::try_from(start).unwrap_or(usize::MAX).max(SLOT);
    let size = usize::try_from(view.data_size()).unwrap_or(0);
    let count = size.saturating_sub(start) / SLOT;
    if count == 0 {
        return &mut [];
    }
    // SAFETY: The slots are within the memory, which has a fixed size and never moves; the store
    // keeps it alive, and the slice lives no longer than the borrow of the store. The guest and
    // the host reach the memory only through that store, which is borrowed mutably, so nothing
    // else reads or writes the slots meanwhile. The interrupt timer's thread has the memory too,
    // but writes only the first word, which is left out. An array of bytes has no alignment, and
    // all bit patterns are valid.
    unsafe { std::slice::from_raw_parts_mut(view.data_ptr().add(start).cast(), count) }
}
