//! Where entries are kept, in order, and the bytes that do not fit into them.

use super::arena::Arena;
use super::encoding::{MOST_MIXED, Opened, Pack, Packer};
use super::store_sites::SiteTable;
use crate::journal_abi::{Slot, SlotBytes, high_half, low_half};

/// In place of a site, in a log: the value counts the events that are not the guest's own stores.
pub(super) const ASIDE: u32 = 0;

/// A store as it is told, or an event as it is kept. What the value means depends on the site; of
/// one that stores, only the low bytes count that it stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) site: u32,
    pub(super) address: u32,
    pub(super) value: u128,
}

impl Entry {
    pub(super) fn new(site: u32, address: u32, value: u64) -> Self {
        Entry {
            site,
            address,
            value: value.into(),
        }
    }

    /// Decodes a slot that is an entry by itself.
    #[inline]
    pub(super) fn decode(slot: &SlotBytes) -> Self {
        let Slot {
            site,
            address,
            value,
        } = Slot::decode(slot);
        Entry::new(site, address, value)
    }

    /// The value's low and high halves, as bulk operations have them: mostly a length in bytes, and
    /// something else.
    pub(super) fn low(&self) -> u64 {
        low_half(self.value as u64)
    }

    pub(super) fn high(&self) -> u64 {
        high_half(self.value as u64)
    }

    /// Reads the first entry of a journal's slots.
    #[inline]
    pub(super) fn take(slots: &mut &[SlotBytes], table: &SiteTable) -> Option<Self> {
        let (first, rest) = slots.split_first()?;
        *slots = rest;
        let entry = Entry::decode(first);
        if !table.is_vector(entry.site) {
            return Some(entry);
        }
        let value = match rest.split_first() {
            Some((second, rest)) => {
                *slots = rest;
                u128::from_le_bytes(*second)
            }
            None => 0,
        };
        Some(Entry { value, ..entry })
    }
}

/// The entries that a journal's slots tell.
pub(super) fn entries<'a>(
    mut slots: &'a [SlotBytes],
    table: &'a SiteTable,
) -> impl Iterator<Item = Entry> + 'a {
    std::iter::from_fn(move || Entry::take(&mut slots, table))
}

/// So many slots at once are packed right away; fewer are better gathered first.
pub(super) const MANY: usize = 256;
const STRIDE_BITS: u32 = 10;

/// A long list of entries: the latest as they are, all before them packed.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    packs: Vec<Pack>,
    room: Arena,
    /// How many entries come before each pack.
    starts: Vec<u32>,
    /// Which pack holds each 1024th entry.
    index: Vec<u32>,
    packed: usize,
    open: Vec<Entry>,
    packer: Option<Packer>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.packed + self.open.len()
    }

    pub(super) fn push(&mut self, entry: Entry, table: &SiteTable) {
        self.open.push(entry);
        if self.open.len() == MOST_MIXED {
            self.close(table);
        }
    }

    /// Appends many slots as they lie in a journal, and tells of the packs they make.
    pub(super) fn extend(
        &mut self,
        slots: &[SlotBytes],
        table: &SiteTable,
        mut told: impl FnMut(Opened<'_>),
    ) {
        self.close(table);
        let before = self.packs.len();
        let mut packer = self.packer.take().unwrap_or_else(|| Packer::new(table));
        let mut room = std::mem::take(&mut self.room);
        packer.pack(slots, table, &mut room, |pack| self.add(pack));
        self.room = room;
        self.packer = Some(packer);
        self.packs
            .iter()
            .skip(before)
            .for_each(|pack| told(pack.open(&self.room)));
    }

    /// Appends a pack as it is.
    pub(super) fn adopt(&mut self, pack: Pack, table: &SiteTable) {
        self.close(table);
        self.add(pack);
    }

    /// Packs the latest entries.
    fn close(&mut self, table: &SiteTable) {
        if self.open.is_empty() {
            return;
        }
        let mut packer = self.packer.take().unwrap_or_else(|| Packer::new(table));
        let mut open = std::mem::take(&mut self.open);
        let mut room = std::mem::take(&mut self.room);
        packer.pack_entries(&open, table, &mut room, |pack| self.add(pack));
        self.room = room;
        open.clear();
        self.open = open;
        self.packer = Some(packer);
    }

    fn add(&mut self, pack: Pack) {
        self.starts.push(self.packed as u32);
        self.packed += pack.len();
        self.packs.push(pack);
        while self.index.len() << STRIDE_BITS < self.packed {
            self.index.push(self.packs.len() as u32 - 1);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        if self.open.is_empty()
            && let Some(pack) = self.packs.pop()
        {
            self.starts.pop();
            self.packed -= pack.len();
            self.index.truncate(self.packed.div_ceil(1 << STRIDE_BITS));
            let pack = pack.open(&self.room);
            self.open.extend((0..pack.len()).map(|at| pack.get(at)));
        }
        self.open.pop()
    }

    pub(super) fn get(&self, index: usize) -> Option<Entry> {
        Reader::new(self).get(index)
    }

    /// What is packed, and what is not yet.
    pub(super) fn into_parts(self) -> (Vec<Pack>, Arena, Vec<Entry>) {
        (self.packs, self.room, self.open)
    }

    /// An empty list whose packs may lie in a room that is there already.
    pub(super) fn within(room: Arena) -> Self {
        Slots {
            room,
            ..Slots::default()
        }
    }

    pub(super) fn put_room(&mut self, room: Arena) {
        self.room = room;
    }

    pub(super) fn take_room(&mut self) -> Arena {
        std::mem::take(&mut self.room)
    }

    /// A pack whose bytes lie in this list's room.
    pub(super) fn open<'a>(&'a self, pack: &'a Pack) -> Opened<'a> {
        pack.open(&self.room)
    }

    /// The pack that holds an entry, where it is packed.
    fn find(&self, index: usize) -> Option<usize> {
        if index >= self.packed {
            return None;
        }
        let mut pack = *self.index.get(index >> STRIDE_BITS)? as usize;
        while self
            .starts
            .get(pack + 1)
            .is_some_and(|start| *start as usize <= index)
        {
            pack += 1;
        }
        Some(pack)
    }

    pub(super) fn shrink(&mut self) {
        self.packer = None;
        self.room.keep(self.packs.iter().map(Pack::place));
        self.open.shrink_to_fit();
    }

    pub(super) fn kept_bytes(&self) -> usize {
        let packs: usize = self.packs.iter().map(Pack::kept_bytes).sum();
        packs
            + self.room.kept_bytes()
            + (self.starts.capacity() + self.index.capacity()) * 4
            + self.open.capacity() * size_of::<Entry>()
    }
}

/// Reads entries, and remembers the pack it was in: the next is often in the same.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    slots: &'a Slots,
    pack: Option<Opened<'a>>,
    start: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(slots: &'a Slots) -> Self {
        Reader {
            slots,
            pack: None,
            start: 0,
        }
    }

    #[inline]
    pub(super) fn get(&mut self, index: usize) -> Option<Entry> {
        match self.place(index) {
            Some((pack, at)) => Some(pack.get(at)),
            None => self
                .slots
                .open
                .get(index.checked_sub(self.slots.packed)?)
                .copied(),
        }
    }

    /// Site and address of an entry.
    #[inline]
    pub(super) fn head(&mut self, index: usize) -> Option<(u32, u32)> {
        match self.place(index) {
            Some((pack, at)) => Some(pack.head(at)),
            None => {
                let entry = self.slots.open.get(index.checked_sub(self.slots.packed)?)?;
                Some((entry.site, entry.address))
            }
        }
    }

    /// The pack that an entry is in, and its place there.
    #[inline]
    pub(super) fn place(&mut self, index: usize) -> Option<(Opened<'a>, usize)> {
        if let Some(pack) = self.pack
            && index.wrapping_sub(self.start) < pack.len()
        {
            return Some((pack, index - self.start));
        }
        let nth = self.slots.find(index)?;
        let pack = self.slots.packs.get(nth)?.open(&self.slots.room);
        self.pack = Some(pack);
        self.start = *self.slots.starts.get(nth)? as usize;
        Some((pack, index - self.start))
    }
}

const PART_BITS: u32 = 20;
const PART: usize = 1 << PART_BITS;

/// Bytes that belong to slots, put there one after another and found again by their place.
#[derive(Debug, Clone, Default)]
pub(super) struct Blob {
    parts: Vec<Vec<u8>>,
}

impl Blob {
    /// Keeps at most 64 KiB and tells where they lie: a number below 2^47.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u64 {
        if self
            .parts
            .last()
            .is_none_or(|part| part.len() + bytes.len() > PART)
        {
            self.parts.push(Vec::new());
        }
        let index = self.parts.len() - 1;
        let Some(part) = self.parts.last_mut() else {
            return 0;
        };
        let place = (index as u64) << PART_BITS | part.len() as u64;
        part.extend_from_slice(bytes);
        place
    }

    pub(super) fn get(&self, place: u64, len: usize) -> &[u8] {
        let within = place as usize & (PART - 1);
        let part = self.parts.get((place >> PART_BITS) as usize);
        part.and_then(|part| part.get(within..within + len))
            .unwrap_or_default()
    }

    pub(super) fn shrink(&mut self) {
        if let Some(last) = self.parts.last_mut() {
            last.shrink_to_fit();
        }
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.parts.iter().map(Vec::capacity).sum()
    }
}
