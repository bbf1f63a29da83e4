//! The entries of a step in order: the latest as they are, all before them packed.

use super::arena::Arena;
use super::encoding::{MAX_MIXED, Pack, PackView, Packer};
use super::entry::Entry;
use super::store_sites::SiteTable;
use crate::journal_abi::SlotBytes;

/// This many slots are packed at once; fewer are gathered first, so that packs do not get small.
pub(super) const MIN_SLOTS_TO_PACK: usize = 256;
/// [`EntryList::index`] has the pack of every 2^10th entry.
const INDEX_STEP_BITS: u32 = 10;

/// A list of entries that may be long.
#[derive(Debug, Default)]
pub(super) struct EntryList {
    packs: Vec<Pack>,
    /// The bytes of the packs.
    arena: Arena,
    /// By pack, how many entries come before it.
    starts: Vec<u32>,
    /// Which pack holds each 2^10th entry: a search for an entry starts there.
    index: Vec<u32>,
    packed: usize,
    /// The entries after all packs.
    recent: Vec<Entry>,
    /// How much memory the packs take besides their places in the list and their bytes in the
    /// arena, in bytes.
    boxed_bytes: usize,
    /// `None` until something is packed. It has large buffers, which are used again.
    packer: Option<Packer>,
}

impl EntryList {
    /// Creates an empty list whose packs are put into an arena that may hold others.
    pub(super) fn with_arena(arena: Arena) -> Self {
        EntryList {
            arena,
            ..EntryList::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.packed + self.recent.len()
    }

    pub(super) fn push(&mut self, entry: Entry, table: &SiteTable) {
        self.recent.push(entry);
        if self.recent.len() == MAX_MIXED {
            self.pack_recent(table);
        }
    }

    /// Appends many slots as they are in a journal, and calls `visit` for each pack of them.
    pub(super) fn push_slots(
        &mut self,
        slots: &[SlotBytes],
        table: &SiteTable,
        mut visit: impl FnMut(PackView<'_>),
    ) {
        self.pack_recent(table);
        let before = self.packs.len();
        self.with_packer(table, |packer, arena, done| {
            packer.pack(slots, table, arena, done);
        });
        for pack in self.packs.iter().skip(before) {
            visit(pack.view(&self.arena));
        }
    }

    /// Appends a pack whose bytes are in this list's arena.
    pub(super) fn push_pack(&mut self, pack: Pack, table: &SiteTable) {
        self.pack_recent(table);
        self.add(pack);
    }

    fn pack_recent(&mut self, table: &SiteTable) {
        if self.recent.is_empty() {
            return;
        }
        let mut recent = std::mem::take(&mut self.recent);
        self.with_packer(table, |packer, arena, done| {
            packer.pack_entries(&recent, table, arena, done);
        });
        // The buffer is used again.
        recent.clear();
        self.recent = recent;
    }

    /// Calls `pack` with the packer, the arena, and a function that appends a finished pack.
    fn with_packer(
        &mut self,
        table: &SiteTable,
        pack: impl FnOnce(&mut Packer, &mut Arena, &mut dyn FnMut(Pack)),
    ) {
        let mut packer = self.packer.take().unwrap_or_else(|| Packer::new(table));
        let mut arena = std::mem::take(&mut self.arena);
        pack(&mut packer, &mut arena, &mut |pack| self.add(pack));
        self.arena = arena;
        self.packer = Some(packer);
    }

    fn add(&mut self, pack: Pack) {
        self.starts.push(self.packed as u32);
        self.packed += pack.len();
        self.boxed_bytes += pack.boxed_bytes();
        self.packs.push(pack);
        while self.index.len() << INDEX_STEP_BITS < self.packed {
            self.index.push(self.packs.len() as u32 - 1);
        }
    }

    /// Removes the last entry and returns it.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        if self.recent.is_empty()
            && let Some(pack) = self.packs.pop()
        {
            self.starts.pop();
            self.packed -= pack.len();
            self.boxed_bytes = self.boxed_bytes.saturating_sub(pack.boxed_bytes());
            self.index
                .truncate(self.packed.div_ceil(1 << INDEX_STEP_BITS));
            let pack = pack.view(&self.arena);
            self.recent.extend((0..pack.len()).map(|at| pack.get(at)));
        }
        self.recent.pop()
    }

    pub(super) fn get(&self, index: usize) -> Option<Entry> {
        EntryReader::new(self).get(index)
    }

    /// Returns the packs, the arena with their bytes, and the entries after them.
    pub(super) fn into_parts(self) -> (Vec<Pack>, Arena, Vec<Entry>) {
        (self.packs, self.arena, self.recent)
    }

    pub(super) fn set_arena(&mut self, arena: Arena) {
        self.arena = arena;
    }

    pub(super) fn take_arena(&mut self) -> Arena {
        std::mem::take(&mut self.arena)
    }

    /// Returns the view of a pack whose bytes are in this list's arena.
    pub(super) fn view<'a>(&'a self, pack: &'a Pack) -> PackView<'a> {
        pack.view(&self.arena)
    }

    /// Returns the index of the pack that holds an entry; `None` if it is not packed.
    fn find(&self, index: usize) -> Option<usize> {
        if index >= self.packed {
            return None;
        }
        let mut pack = *self.index.get(index >> INDEX_STEP_BITS)? as usize;
        while self
            .starts
            .get(pack + 1)
            .is_some_and(|start| *start as usize <= index)
        {
            pack += 1;
        }
        Some(pack)
    }

    /// Frees the parts of the arena that no pack of this list uses.
    pub(super) fn free_unused(&mut self) {
        self.arena.retain(self.packs.iter().map(Pack::place));
    }

    /// Frees what no entry needs.
    pub(super) fn shrink(&mut self) {
        self.packer = None;
        self.free_unused();
        self.arena.shrink();
        self.recent.shrink_to_fit();
    }

    /// Returns how much memory the list takes, in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.packs.capacity() * size_of::<Pack>()
            + self.boxed_bytes
            + self.arena.allocated_bytes()
            + (self.starts.capacity() + self.index.capacity()) * size_of::<u32>()
            + self.recent.capacity() * size_of::<Entry>()
    }
}

/// Reads entries by their index, and remembers the pack: the next one is often in the same.
#[derive(Debug, Clone)]
pub(super) struct EntryReader<'a> {
    entries: &'a EntryList,
    pack: Option<PackView<'a>>,
    /// The index of the first entry in `pack`.
    start: usize,
}

impl<'a> EntryReader<'a> {
    pub(super) fn new(entries: &'a EntryList) -> Self {
        EntryReader {
            entries,
            pack: None,
            start: 0,
        }
    }

    #[inline]
    pub(super) fn get(&mut self, index: usize) -> Option<Entry> {
        match self.locate(index) {
            Some((pack, at)) => Some(pack.get(at)),
            None => self.recent(index).copied(),
        }
    }

    /// Returns the site and the address of an entry, which is cheaper than all of it.
    #[inline]
    pub(super) fn head(&mut self, index: usize) -> Option<(u32, u32)> {
        match self.locate(index) {
            Some((pack, at)) => Some(pack.head(at)),
            None => self.recent(index).map(|entry| (entry.site, entry.address)),
        }
    }

    fn recent(&self, index: usize) -> Option<&'a Entry> {
        self.entries
            .recent
            .get(index.checked_sub(self.entries.packed)?)
    }

    /// Returns the pack that holds an entry, and the entry's index there; `None` if it is not
    /// packed.
    #[inline]
    pub(super) fn locate(&mut self, index: usize) -> Option<(PackView<'a>, usize)> {
        if let Some(pack) = self.pack
            && index.wrapping_sub(self.start) < pack.len()
        {
            return Some((pack, index - self.start));
        }
        let nth = self.entries.find(index)?;
        let pack = self.entries.packs.get(nth)?.view(&self.entries.arena);
        self.pack = Some(pack);
        self.start = *self.entries.starts.get(nth)? as usize;
        Some((pack, index - self.start))
    }
}
