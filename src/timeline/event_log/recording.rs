//! What a step does to memory, appended while the step runs. Appending costs little more than a
//! copy: events are made of it when the recording is settled.

use std::collections::HashMap;
use std::sync::Arc;

use super::arena::{Arena, Place};
use super::build::Replay;
use super::encoding::PackView;
use super::entries::{EntryList, MIN_SLOTS_TO_PACK};
use super::entry::{Entry, decode_entries};
use super::store_sites::SiteTable;
use crate::journal_abi::{AllocatorRecord, SLOT, SiteKind};
#[cfg(any(test, feature = "testing"))]
use crate::timeline::Event;
use crate::timeline::image::{LEAF, PAGE};
use crate::timeline::{Image, Writer};

/// What happened between two of the guest's entries, or what belongs to the one before.
#[derive(Debug, Clone, Copy)]
pub(super) enum HostEvent {
    /// A write of at most 64 KiB.
    Write {
        start: u64,
        bytes: Place,
        writer: u32,
        is_difference: bool,
    },
    /// A growth; sizes are in 64 KiB pages.
    Growth {
        before: u64,
        after: u64,
        writer: u32,
    },
    /// Bytes that the entry before it copied from another memory, or a part of them.
    Copied { bytes: Place },
}

/// Something that is no event, but has its place among them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// A record of the guest's allocator.
    Allocator(AllocatorRecord),
    /// The beginning or the end of the child step with this number.
    Child { number: usize, is_end: bool },
}

/// A mark, with what comes before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedMark {
    /// How many entries come before it.
    pub entries: usize,
    /// How many host events come before it.
    pub host_events: usize,
    pub mark: Mark,
}

/// The events of a step that is running, as they come in.
///
/// [`settle`](Recording::settle) makes the [`EventLog`](super::EventLog) of them that readers use.
#[derive(Debug, Default)]
pub struct Recording {
    pub(super) table: Arc<SiteTable>,
    pub(super) entries: EntryList,
    /// Each with the number of entries that come before it.
    pub(super) host_events: Vec<(usize, HostEvent)>,
    /// The marks, in order.
    pub(super) marks: Vec<PlacedMark>,
    /// The bytes of the host events.
    pub(super) arena: Arena,
    pub(super) writers: Writers,
    /// Memory before the step, where it is known.
    pub(super) before: Option<Image>,
    /// What is settled already. Everything else here came later.
    pub(super) settled_part: Option<Box<Replay>>,
    /// How much memory the settled part takes without the arenas, in bytes.
    pub(super) settled_bytes: usize,
    recorded: u64,
    summarized: u64,
    summarized_leaves: LeafSet,
    /// The site and the address operand of the last store, if it was summarized.
    last_summarized: Option<(u32, u32)>,
    /// How much memory bulk operations take beyond their entries, in bytes.
    bulk_bytes: u64,
    /// How many bytes the bulk operations that are not settled yet have written.
    pub(super) unsettled_bulk_bytes: u64,
}

/// How much memory the bulk operations of a step may take beyond their entries, in bytes. A guest
/// that copies a large buffer again and again needs more memory for the bytes than for the entries.
const MAX_BULK_BYTES: u64 = 512 << 20;
/// A fill or a data segment takes one byte for this many that it writes: the touches of leaves.
const BYTES_PER_TOUCH: u64 = 512;

/// The memory that a leaf with summarized stores takes, in bytes: its difference, the leaf while the
/// recording is settled, and the leaf in memory after the step.
const BYTES_PER_SUMMARIZED_LEAF: usize = 3 * LEAF as usize;

impl Recording {
    /// Creates a recording that is settled at its end only.
    pub fn new(table: Arc<SiteTable>) -> Self {
        Recording {
            table,
            ..Recording::default()
        }
    }

    /// Creates a recording over memory as it is `before` the step. It is settled in parts while the
    /// step runs, so that a step of millions of stores ends quickly.
    pub(crate) fn over(before: Image, table: Arc<SiteTable>) -> Self {
        Recording {
            before: Some(before),
            ..Recording::new(table)
        }
    }

    /// Appends an event of any sort. The bytes before a write are not kept: they follow from the
    /// events before.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn push(&mut self, event: Event) {
        match event {
            Event::Write(write) if write.is_difference => {
                self.push_difference(write.start, &write.after, write.writer);
            }
            Event::Write(write) => self.push_write(write.start, &write.after, write.writer),
            Event::Growth(growth) => self.push_growth(growth.before, growth.after, growth.by),
        }
    }

    /// Appends whole slots of the guest's journal, 16 bytes each; those of one store must come
    /// together. After bulk operations have taken 512 MiB, the slots are only
    /// summarized.
    pub fn push_slots(&mut self, bytes: &[u8]) {
        if self.bulk_bytes > MAX_BULK_BYTES {
            return self.summarize_slots(bytes);
        }
        // The last drain of a call may have no slots. Nothing is settled then, so that the store
        // before it can still be undone.
        if !bytes.is_empty() {
            self.settle_if_large();
        }
        let table = Arc::clone(&self.table);
        let slots = bytes.as_chunks::<SLOT>().0;
        let mut counter = StoreCounter::default();
        if slots.len() < MIN_SLOTS_TO_PACK {
            for entry in decode_entries(slots, &table) {
                counter.add(&entry, &table);
                self.entries.push(entry, &table);
            }
        } else {
            self.entries
                .push_slots(slots, &table, |pack| counter.add_pack(pack, &table));
        }
        self.recorded += counter.stores;
        self.bulk_bytes = self.bulk_bytes.saturating_add(counter.bulk_bytes);
        self.unsettled_bulk_bytes = self
            .unsettled_bulk_bytes
            .saturating_add(counter.bulk_written);
        self.last_summarized = None;
    }

    /// Appends bytes that somebody other than the guest's own code wrote to memory.
    pub(crate) fn push_write(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        self.push_host_write(start, bytes, writer, false);
    }

    /// Appends bytes that are known only as they are after a longer stretch of the step.
    pub(crate) fn push_difference(&mut self, start: u64, after: &[u8], writer: Writer) {
        self.push_host_write(start, after, writer, true);
    }

    /// Appends a growth of memory. Sizes are in 64 KiB pages.
    pub(crate) fn push_growth(&mut self, before: u64, after: u64, by: Writer) {
        let writer = self.writers.number(by);
        self.push_host_event(HostEvent::Growth {
            before,
            after,
            writer,
        });
    }

    /// Appends the bytes that the last entry copied from another memory.
    pub(crate) fn push_copied(&mut self, bytes: &[u8]) {
        if self.last_summarized.is_some() {
            return;
        }
        for piece in bytes.chunks(PAGE as usize) {
            let bytes = self.arena.store(piece);
            self.push_host_event(HostEvent::Copied { bytes });
        }
    }

    /// Appends a record of the guest's allocator. `entries_after` of the entries that were appended
    /// last come after it.
    pub(crate) fn push_allocator_record(&mut self, record: AllocatorRecord, entries_after: usize) {
        self.marks.push(PlacedMark {
            entries: self.entries.len().saturating_sub(entries_after),
            host_events: self.host_events.len(),
            mark: Mark::Allocator(record),
        });
    }

    /// Appends the beginning or the end of the child step with this number.
    pub(crate) fn push_child(&mut self, number: usize, is_end: bool) {
        self.marks.push(PlacedMark {
            entries: self.entries.len(),
            host_events: self.host_events.len(),
            mark: Mark::Child { number, is_end },
        });
    }

    /// Returns whether the guest has stores that take two slots.
    pub(crate) fn has_vectors(&self) -> bool {
        self.table.has_vectors()
    }

    /// Removes the last store, one that trapped. Returns its site and its address operand.
    pub(crate) fn undo_last_store(&mut self) -> Option<(u32, u32)> {
        if let Some(attempt) = self.last_summarized.take() {
            self.summarized = self.summarized.saturating_sub(1);
            return Some(attempt);
        }
        let entry = self.entries.pop()?;
        let mut counter = StoreCounter::default();
        counter.add(&entry, &self.table);
        self.recorded = self.recorded.saturating_sub(counter.stores);
        // What came after the entry comes after the one before it now.
        let len = self.entries.len();
        for (position, _) in self.host_events.iter_mut().rev() {
            if *position <= len {
                break;
            }
            *position = len;
        }
        for placed in &mut self.marks {
            placed.entries = placed.entries.min(len);
        }
        Some((entry.site, entry.address))
    }

    /// Returns how many stores of the guest are recorded one by one. Each bulk operation and each
    /// atomic instruction counts as one.
    pub fn recorded_stores(&self) -> u64 {
        self.recorded
    }

    /// Returns how many stores of the guest there were, recorded or summarized.
    pub(crate) fn all_stores(&self) -> u64 {
        self.recorded + self.summarized
    }

    /// Counts the stores of journal slots and marks the 4 KiB leaves that they touch, without
    /// recording them. Growths are recorded: without them the size of memory would be wrong.
    pub(crate) fn summarize_slots(&mut self, bytes: &[u8]) {
        self.settle_if_large();
        let table = Arc::clone(&self.table);
        let mut counter = StoreCounter::default();
        for entry in decode_entries(bytes.as_chunks::<SLOT>().0, &table) {
            let Some(site) = table.get(entry.site) else {
                continue;
            };
            counter.add(&entry, &table);
            self.last_summarized = Some((entry.site, entry.address));
            let len = match site.kind {
                SiteKind::Store { width } => u64::from(width),
                SiteKind::Vector => 16,
                SiteKind::Fill | SiteKind::Copy | SiteKind::CopyFrom | SiteKind::Init { .. } => {
                    entry.low_half()
                }
                SiteKind::Grow => {
                    self.entries.push(entry, &table);
                    continue;
                }
            };
            let start = u64::from(entry.address).saturating_add(site.immediate);
            self.summarized_leaves.add(start, len);
        }
        self.summarized += counter.stores;
    }

    /// Returns whether the recording takes more than `available` bytes of memory now, or will when
    /// it is settled. The part that is not settled yet is settled if it decides. `memory_len` is the
    /// length of linear memory in bytes.
    pub(crate) fn exceeds(&mut self, available: u64, memory_len: u64) -> bool {
        let fits = |bytes: usize| bytes as u64 <= available;
        let unsettled = self.unsettled_bytes(memory_len);
        if fits(self.needed_bytes().saturating_add(unsettled)) {
            return false;
        }
        self.settle_so_far();
        !fits(self.needed_bytes())
    }

    /// Returns how much memory the recording takes without what is not settled yet, in bytes.
    fn needed_bytes(&self) -> usize {
        self.settled_bytes
            + self.entries.allocated_bytes()
            + self.arena.allocated_bytes()
            + self.host_events.capacity() * size_of::<(usize, HostEvent)>()
            + self.summarized_leaves.len * BYTES_PER_SUMMARIZED_LEAF
    }

    /// Returns how much memory it takes at most to settle the rest, in bytes.
    fn unsettled_bytes(&self, memory_len: u64) -> usize {
        let bulk_leaves = self.unsettled_bulk_bytes.div_ceil(LEAF);
        // A write of 64 KiB touches up to 17 leaves.
        let host_leaves = (self.host_events.len() as u64).saturating_mul(PAGE / LEAF + 1);
        let leaves = (self.entries.len() as u64)
            .saturating_mul(2)
            .saturating_add(bulk_leaves)
            .saturating_add(host_leaves)
            .min(memory_len.div_ceil(LEAF));
        let bytes = leaves.saturating_mul(2 * LEAF);
        usize::try_from(bytes.saturating_add(self.unsettled_bulk_bytes)).unwrap_or(usize::MAX)
    }

    /// Returns the addresses of the leaves that summarized stores touch, in ascending order.
    pub(crate) fn summarized_leaves(&self) -> Vec<u64> {
        self.summarized_leaves.starts()
    }

    fn push_host_write(&mut self, start: u64, bytes: &[u8], writer: Writer, is_difference: bool) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let event = HostEvent::Write {
                start: start.saturating_add(from),
                bytes: self.arena.store(piece),
                writer,
                is_difference,
            };
            self.push_host_event(event);
        }
    }

    fn push_host_event(&mut self, event: HostEvent) {
        self.host_events.push((self.entries.len(), event));
    }
}

/// Counts the stores among entries, and what their bulk operations take and write.
#[derive(Debug, Default)]
struct StoreCounter {
    stores: u64,
    /// How much memory bulk operations take beyond their entries, in bytes.
    bulk_bytes: u64,
    /// How many bytes bulk operations write.
    bulk_written: u64,
}

impl StoreCounter {
    fn add(&mut self, entry: &Entry, table: &SiteTable) {
        let (stores, bulk_bytes) = match table.get(entry.site).map(|site| site.kind) {
            Some(SiteKind::Store { .. } | SiteKind::Vector) => (1, 0),
            Some(SiteKind::Copy | SiteKind::CopyFrom) => (1, entry.low_half()),
            Some(SiteKind::Fill | SiteKind::Init { .. }) => (1, entry.low_half() / BYTES_PER_TOUCH),
            Some(SiteKind::Grow) | None => (0, 0),
        };
        self.stores += stores;
        self.bulk_bytes = self.bulk_bytes.saturating_add(bulk_bytes);
        if bulk_bytes > 0 {
            self.bulk_written = self.bulk_written.saturating_add(entry.low_half());
        }
    }

    fn add_pack(&mut self, pack: PackView<'_>, table: &SiteTable) {
        if pack.is_plain(table) {
            self.stores += pack.len() as u64;
        } else {
            (0..pack.len()).for_each(|at| self.add(&pack.get(at), table));
        }
    }
}

/// Cuts `len` bytes from `start` on into the pieces that are events: one piece up to 64 KiB, else
/// cut at the ends of pages. Yields the first byte of each piece and the one after its last,
/// counted from `start`.
pub(super) fn pieces(start: u64, len: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let offset_in_page = start.wrapping_add(from) % PAGE;
        let to = if len <= PAGE {
            len
        } else {
            from.saturating_add(PAGE - offset_in_page).min(len)
        };
        let piece = (from, to);
        from = to;
        (piece.0 < to).then_some(piece)
    })
}

/// The writers that are not store sites, each with a number.
#[derive(Debug, Default)]
pub(super) struct Writers {
    pub(super) list: Vec<Writer>,
    numbers: HashMap<Writer, u32>,
    /// By the index of a data segment, one more than its number; 0 for none. A module may have a
    /// hundred thousand of them.
    segments: Vec<u32>,
}

impl Writers {
    /// Returns the number of a writer, which is its index in the list.
    pub(super) fn number(&mut self, writer: Writer) -> u32 {
        if let Writer::Data { segment } = writer {
            return self.segment_number(segment);
        }
        if let Some(number) = self.numbers.get(&writer) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(writer.clone());
        self.numbers.insert(writer, number);
        number
    }

    fn segment_number(&mut self, segment: u32) -> u32 {
        let index = segment as usize;
        if index >= self.segments.len() {
            self.segments.resize(index + 1, 0);
        }
        let next = self.list.len() as u32;
        match self.segments.get_mut(index) {
            Some(known) if *known > 0 => return *known - 1,
            Some(known) => *known = next + 1,
            None => {}
        }
        self.list.push(Writer::Data { segment });
        next
    }
}

/// No leaf after this one can be reached with a 32-bit address operand and a 32-bit offset.
const LAST_LEAF: u64 = 1 << 24;

/// A set of 4 KiB leaves, one bit each.
#[derive(Debug, Default)]
struct LeafSet {
    words: Vec<u64>,
    /// The number of leaves.
    len: usize,
}

impl LeafSet {
    /// Adds the leaves that contain `len` bytes from `start` on.
    fn add(&mut self, start: u64, len: u64) {
        let Some(last) = len
            .checked_sub(1)
            .map(|more| start.saturating_add(more) / LEAF)
        else {
            return;
        };
        for leaf in start / LEAF..=last.min(LAST_LEAF) {
            let index = (leaf / 64) as usize;
            if index >= self.words.len() {
                self.words.resize(index + 1, 0);
            }
            if let Some(word) = self.words.get_mut(index) {
                let bit = 1 << (leaf % 64);
                self.len += usize::from(*word & bit == 0);
                *word |= bit;
            }
        }
    }

    fn starts(&self) -> Vec<u64> {
        let bits = |(index, word): (usize, &u64)| {
            let word = *word;
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| (index as u64 * 64 + bit) * LEAF)
        };
        self.words.iter().enumerate().flat_map(bits).collect()
    }
}
