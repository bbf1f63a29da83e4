//! The guest's journal as the host reaches it: where the stores are that the guest made since the
//! last look.
//!
//! A slot is 16 bytes: the site's number, the address operand, the value (see `guest::rewrite`); a
//! vector is a second slot behind its own. What lies behind the last slot is all zero, so the end
//! is found even where the guest trapped before it could say how far it had come.

use wasmer::{AsStoreMut, AsStoreRef, Global, Instance, Memory, MemoryView, Value as Wasm};

use crate::guest::{JournalLayout, Site, SiteKind};
use crate::timeline::{Attempt, Recording};

/// In bytes.
pub(super) const SLOT: usize = 16;
/// Slots that one session keeps at most, whatever each call may keep: 1 GiB of them.
const MOST_KEPT_IN_ALL: u64 = 64 << 20;
/// The longest copy from another memory that is kept byte by byte.
const LONGEST_COPY: u64 = 64 << 20;

/// The journal of one instance.
pub(super) struct Journal {
    private: Memory,
    position: Global,
    last_load: Global,
    layout: JournalLayout,
    has_copies_from: bool,
    /// Stores that this call may still keep.
    room: u64,
    kept_in_all: u64,
    /// The slot written last in the drain after the call.
    last: Option<[u8; SLOT]>,
}

/// The slot that was written last, in terms of the module as given.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastSlot {
    /// The instruction's.
    pub offset: u64,
    /// The access it was going to make, as if it had trapped.
    pub attempt: Attempt,
}

impl Journal {
    /// Finds the journal's parts among the instance's exports; `None` where one is missing.
    pub fn of(instance: &Instance, layout: &JournalLayout) -> Option<Self> {
        let global = |name: &str| instance.exports.get_global(name).ok().cloned();
        Some(Journal {
            private: instance
                .exports
                .get_memory(&layout.memory_export)
                .ok()?
                .clone(),
            position: global(&layout.position_export)?,
            last_load: global(&layout.last_load_export)?,
            layout: layout.clone(),
            has_copies_from: layout
                .sites
                .iter()
                .any(|site| matches!(site.kind, SiteKind::CopyFrom)),
            room: 0,
            kept_in_all: 0,
            last: None,
        })
    }

    pub fn private_memory(&self) -> &Memory {
        &self.private
    }

    /// Starts a call that may keep so many stores.
    pub fn begin(&mut self, max_stores: u64) {
        self.room = max_stores.min(MOST_KEPT_IN_ALL.saturating_sub(self.kept_in_all));
        self.last = None;
    }

    /// Takes over what the guest has written up to the position it says, and lets it start again.
    /// How many slots that were. `memory` is the guest's own.
    pub fn drain(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
        into: &mut Recording,
    ) -> Result<u64, String> {
        let end = self.said_position(store);
        self.take(store, end, memory, into)
    }

    /// Takes over all there is, after a call that ended in any way.
    pub fn drain_rest(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
        into: &mut Recording,
    ) -> Result<u64, String> {
        let end = self.true_position(store)?;
        let view = self.private.view(store);
        let last = self
            .wholes(written(&view, u64::from(self.layout.start), end))
            .last();
        self.last = last.and_then(|whole| whole.first_chunk()).copied();
        self.take(store, end, memory, into)
    }

    fn said_position(&self, store: &mut impl AsStoreMut) -> u64 {
        match self.position.get(store) {
            Wasm::I32(position) => u64::from(position as u32).max(u64::from(self.layout.start)),
            _ => u64::from(self.layout.start),
        }
    }

    /// The end of the slots: the guest says its position only now and then, and a trap may come
    /// before.
    fn true_position(&self, store: &mut impl AsStoreMut) -> Result<u64, String> {
        let said = self.said_position(store);
        let view = self.private.view(store);
        let behind = written(&view, said, view.data_size());
        Ok(said
            + self
                .wholes(behind)
                .take_while(|whole| number(whole) != 0)
                .map(|whole| whole.len() as u64)
                .sum::<u64>())
    }

    /// Slots, each with the second one that belongs to it.
    fn wholes<'a>(&'a self, slots: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = slots;
        std::iter::from_fn(move || {
            let is_wide = matches!(self.kind(number(rest)), Some(SiteKind::Wide));
            let len = if is_wide { 2 * SLOT } else { SLOT };
            let (whole, behind) = rest.split_at_checked(len.min(rest.len()))?;
            rest = behind;
            (!whole.is_empty()).then_some(whole)
        })
    }

    /// Hands over what lies before `end`, clears it, and lets the guest start again. How many slots
    /// that were.
    fn take(
        &mut self,
        store: &mut impl AsStoreMut,
        end: u64,
        memory: Option<&Memory>,
        into: &mut Recording,
    ) -> Result<u64, String> {
        let view = self.private.view(store);
        let written = written(&view, u64::from(self.layout.start), end);
        let slots = (written.len() / SLOT) as u64;
        self.hand_over(written, store, memory, into)?;
        written.fill(0);
        view.write(0, &self.layout.limit.to_le_bytes())
            .map_err(|e| e.to_string())?;
        self.position
            .set(store, Wasm::I32(self.layout.start as i32))
            .map_err(|e| e.to_string())?;
        Ok(slots)
    }

    /// Gives slots to the recording, as many as may be kept; of the rest it keeps only where they
    /// went.
    fn hand_over(
        &mut self,
        drained: &[u8],
        store: &impl AsStoreRef,
        memory: Option<&Memory>,
        into: &mut Recording,
    ) -> Result<(), String> {
        let slots = (drained.len() / SLOT) as u64;
        let kept = if slots <= self.room {
            drained.len()
        } else {
            self.kept_part(drained)
        };
        let (keep, note) = drained.split_at(kept.min(drained.len()));
        into.push_slots(keep);
        let copied = match self.has_copies_from && note.is_empty() {
            true => self.wholes(keep).last().and_then(|slot| self.copied(slot)),
            false => None,
        };
        self.room = self.room.saturating_sub((keep.len() / SLOT) as u64);
        self.kept_in_all = self.kept_in_all.saturating_add((keep.len() / SLOT) as u64);
        if !note.is_empty() {
            self.room = 0;
            into.note_slots(note);
        }
        if let (Some((start, len)), Some(memory)) = (copied, memory) {
            // The guest calls right behind such a copy, so the bytes are still those it copied.
            let mut bytes = vec![0; len];
            if memory.view(store).read(start, &mut bytes).is_ok() {
                into.push_copied(&bytes);
            }
        }
        Ok(())
    }

    /// Where among the slots the last store ends that may be kept, in bytes.
    fn kept_part(&self, drained: &[u8]) -> usize {
        let mut room = self.room;
        let stores = self.wholes(drained).take_while(|whole| {
            if matches!(self.kind(number(whole)), Some(SiteKind::Grow)) {
                return true;
            }
            let has_room = room > 0;
            room = room.saturating_sub(1);
            has_room
        });
        stores.map(<[u8]>::len).sum()
    }

    /// The span that a copy from another memory wrote.
    fn copied(&self, slot: &[u8]) -> Option<(u64, usize)> {
        let site = self
            .site(number(slot))
            .filter(|site| matches!(site.kind, SiteKind::CopyFrom))?;
        let len = value(slot) & u64::from(u32::MAX);
        let start = u64::from(operand(slot)).saturating_add(site.immediate);
        (len <= LONGEST_COPY).then_some((start, usize::try_from(len).ok()?))
    }

    fn site(&self, number: u32) -> Option<&Site> {
        self.layout
            .sites
            .get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    fn kind(&self, number: u32) -> Option<&SiteKind> {
        self.site(number).map(|site| &site.kind)
    }

    /// The address operand of the load that the guest noted last.
    pub fn last_load(&self, store: &mut impl AsStoreMut) -> Option<u32> {
        match self.last_load.get(store) {
            Wasm::I32(operand) => Some(operand as u32),
            _ => None,
        }
    }

    /// The last slot of the call that just ended, read as an access that may have trapped.
    pub fn last_slot(&self, memory_end: u64) -> Option<LastSlot> {
        let slot = self.last.as_ref()?;
        let site = self.site(number(slot))?;
        let to = u64::from(operand(slot)).saturating_add(site.immediate);
        let (len, from) = match site.kind {
            SiteKind::Store { width } => (u64::from(width), None),
            SiteKind::Wide => (16, None),
            SiteKind::Copy => (value(slot) & u64::from(u32::MAX), Some(value(slot) >> 32)),
            SiteKind::Fill | SiteKind::CopyFrom | SiteKind::Init { .. } => {
                (value(slot) & u64::from(u32::MAX), None)
            }
            SiteKind::Grow => return None,
        };
        let attempt = Attempt {
            is_store: true,
            address: to,
            len,
            memory_end,
        };
        // A copy goes wrong at either end; the destination is told where both do.
        let attempt = match from {
            Some(from) if attempt.past_end() == 0 => Attempt {
                is_store: false,
                address: from,
                ..attempt
            },
            _ => attempt,
        };
        Some(LastSlot {
            offset: site.offset,
            attempt,
        })
    }
}

/// The whole slots from `start` up to `end`. The view's own copying goes word by word, which costs
/// more than the rest of a drain.
#[expect(
    unsafe_code,
    reason = "the engine hands out no slice of a shared memory"
)]
#[expect(
    clippy::mut_from_ref,
    reason = "a view is a pointer, and the only one in use here"
)]
fn written<'a>(view: &'a MemoryView<'_>, start: u64, end: u64) -> &'a mut [u8] {
    let start = start.max(size_of::<u64>() as u64);
    let end = end.min(view.data_size());
    let len = end.saturating_sub(start) as usize / SLOT * SLOT;
    if len == 0 {
        return &mut [];
    }
    // SAFETY: The span lies in the memory, which has a fixed size and so never moves, and lives as
    // long as the view. It is the guest's private journal: the guest is stopped while the host
    // drains it, and no other part of the host holds a pointer into it. Another thread writes the
    // first word only, which the span leaves out.
    unsafe { std::slice::from_raw_parts_mut(view.data_ptr().add(start as usize), len) }
}

fn part<const N: usize>(slot: &[u8], at: usize) -> [u8; N] {
    slot.get(at..at + N)
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or([0; N])
}

fn number(slot: &[u8]) -> u32 {
    u32::from_le_bytes(part(slot, 0))
}

fn operand(slot: &[u8]) -> u32 {
    u32::from_le_bytes(part(slot, 4))
}

fn value(slot: &[u8]) -> u64 {
    u64::from_le_bytes(part(slot, 8))
}
