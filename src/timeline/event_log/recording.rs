//! What a step does to memory, as it is told while the step runs: appended to and nothing else, so
//! that it costs little more than copying it.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::Pass;
use super::encoding::Opened;
use super::entries::{Blob, Entry, MANY, Slots, entries};
use super::store_sites::SiteTable;
use crate::journal_abi::{SLOT, SiteKind};
use crate::timeline::image::{LEAF, PAGE};
use crate::timeline::{Event, Image, Writer};

/// What was told beside the guest's slots.
#[derive(Debug, Clone)]
pub(super) enum HostEvent {
    /// At most 64 KiB of bytes, kept in the blob at `place`.
    Write {
        start: u64,
        place: u64,
        len: u32,
        writer: u32,
        is_difference: bool,
    },
    /// In 64 KiB pages.
    Growth {
        before: u64,
        after: u64,
        writer: u32,
    },
    /// A part of the bytes that the store before it copied from another memory.
    Copied { place: u64, len: u32 },
}

/// The events of a step that is running, as they come in. [`settle`](Recording::settle) makes the
/// [`EventLog`](super::EventLog) of them that readers look at.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    pub(super) table: Arc<SiteTable>,
    pub(super) slots: Slots,
    /// With the number of entries that came before each.
    pub(super) asides: Vec<(usize, HostEvent)>,
    pub(super) blob: Blob,
    pub(super) writers: Writers,
    /// Memory before all of it, where it is known.
    pub(super) before: Option<Image>,
    /// What was settled already; all that is here came later.
    pub(super) ahead: Option<Box<Pass>>,
    kept: u64,
    noted: u64,
    noted_leaves: LeafSet,
    /// The site and operand of the store told last, where it was only noted.
    last_noted: Option<(u32, u32)>,
    /// What bulk operations take beside their slots, in bytes.
    bulk: u64,
    /// How many bytes bulk operations wrote that are not settled yet.
    pub(super) unsettled: u64,
}

/// What the bulk operations of a step may take beside their slots, in bytes: a guest that copies a
/// large buffer again and again takes more room for its bytes than for its stores.
const MOST_BULK: u64 = 512 << 20;
/// One byte is kept for so many that a fill or a data segment writes: the touches of leaves.
const BYTES_PER_TOUCH: u64 = 512;

impl Recording {
    pub fn new(table: Arc<SiteTable>) -> Self {
        Recording {
            table,
            ..Recording::default()
        }
    }

    /// A recording over memory as it is `before`, which is settled while it goes on: so that the
    /// end of a step of millions of stores is not waited for.
    pub fn over(before: Image, table: Arc<SiteTable>) -> Self {
        Recording {
            before: Some(before),
            ..Recording::new(table)
        }
    }

    /// Appends an event of any sort; what a write says about the bytes before it is not kept but
    /// worked out again.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Write(write) if write.is_difference => {
                self.push_difference(write.start, &write.after, write.writer);
            }
            Event::Write(write) => self.push_write(write.start, &write.after, write.writer),
            Event::Growth(growth) => self.push_growth(growth.before, growth.after, growth.by),
        }
    }

    /// Appends a part of the guest's journal: whole slots of 16 bytes, those of one store together.
    /// Once bulk operations have taken 512 MiB, the rest is only noted, as by
    /// [`note_slots`](Recording::note_slots).
    pub fn push_slots(&mut self, bytes: &[u8]) {
        if self.bulk > MOST_BULK {
            return self.note_slots(bytes);
        }
        if !bytes.is_empty() {
            self.settle_ahead();
        }
        let table = Arc::clone(&self.table);
        let slots = bytes.as_chunks::<SLOT>().0;
        let mut tally = Tally::default();
        if slots.len() < MANY {
            for entry in entries(slots, &table) {
                tally.add(&entry, &table);
                self.slots.push(entry, &table);
            }
        } else {
            self.slots
                .extend(slots, &table, |pack| tally.add_pack(pack, &table));
        }
        self.kept += tally.stores;
        self.bulk = self.bulk.saturating_add(tally.bulk);
        self.unsettled = self.unsettled.saturating_add(tally.written);
        self.last_noted = None;
    }

    /// Appends bytes that somebody other than the guest's own code put into memory.
    pub fn push_write(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        self.aside_write(start, bytes, writer, false);
    }

    /// Appends bytes of which only the end of a longer stretch is known.
    pub fn push_difference(&mut self, start: u64, after: &[u8], writer: Writer) {
        self.aside_write(start, after, writer, true);
    }

    /// Appends a growth of memory from and to so many 64 KiB pages.
    pub fn push_growth(&mut self, before: u64, after: u64, by: Writer) {
        let writer = self.writers.number(by);
        self.asides.push((
            self.slots.len(),
            HostEvent::Growth {
                before,
                after,
                writer,
            },
        ));
    }

    /// Tells the bytes that the store appended last copied from another memory.
    pub fn push_copied(&mut self, bytes: &[u8]) {
        if self.last_noted.is_some() {
            return;
        }
        for piece in bytes.chunks(PAGE as usize) {
            let place = self.blob.put(piece);
            self.asides.push((
                self.slots.len(),
                HostEvent::Copied {
                    place,
                    len: piece.len() as u32,
                },
            ));
        }
    }

    /// Takes the last store away, one that trapped: its site and its address operand.
    pub fn undo_last_store(&mut self) -> Option<(u32, u32)> {
        if let Some(attempt) = self.last_noted.take() {
            self.noted = self.noted.saturating_sub(1);
            return Some(attempt);
        }
        let entry = self.slots.pop()?;
        let mut tally = Tally::default();
        tally.add(&entry, &self.table);
        self.kept = self.kept.saturating_sub(tally.stores);
        let len = self.slots.len();
        for (position, _) in self
            .asides
            .iter_mut()
            .rev()
            .take_while(|(position, _)| *position > len)
        {
            *position = len;
        }
        Some((entry.site, entry.address))
    }

    /// How many stores of the guest are kept one by one. Each bulk operation and each atomic counts
    /// as one.
    pub fn guest_stores(&self) -> u64 {
        self.kept
    }

    /// How many stores of the guest there were, kept or only noted.
    pub fn all_stores(&self) -> u64 {
        self.kept + self.noted
    }

    /// Counts the stores in a part of the journal and notes the 4 KiB leaves they touch, without
    /// keeping them. Growth is kept: without it the size of memory would be wrong.
    pub fn note_slots(&mut self, bytes: &[u8]) {
        self.settle_ahead();
        let table = Arc::clone(&self.table);
        let mut tally = Tally::default();
        for entry in entries(bytes.as_chunks::<SLOT>().0, &table) {
            let Some(site) = table.get(entry.site) else {
                continue;
            };
            tally.add(&entry, &table);
            self.last_noted = Some((entry.site, entry.address));
            let len = match site.kind {
                SiteKind::Store { width } => u64::from(width),
                SiteKind::Vector => 16,
                SiteKind::Fill | SiteKind::Copy | SiteKind::CopyFrom | SiteKind::Init { .. } => {
                    entry.low()
                }
                SiteKind::Grow => {
                    self.slots.push(entry, &table);
                    continue;
                }
            };
            self.noted_leaves
                .add(u64::from(entry.address).saturating_add(site.immediate), len);
        }
        self.noted += tally.stores;
    }

    /// Where the noted leaves start, ascending.
    pub fn noted_leaves(&self) -> Vec<u64> {
        self.noted_leaves.starts()
    }

    fn aside_write(&mut self, start: u64, bytes: &[u8], writer: Writer, is_difference: bool) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let place = self.blob.put(piece);
            let len = piece.len() as u32;
            let start = start.saturating_add(from);
            self.asides.push((
                self.slots.len(),
                HostEvent::Write {
                    start,
                    place,
                    len,
                    writer,
                    is_difference,
                },
            ));
        }
    }
}

/// How many stores entries tell of; what bulk operations among them take beside themselves and what
/// they write, in bytes.
#[derive(Debug, Default)]
struct Tally {
    stores: u64,
    bulk: u64,
    written: u64,
}

impl Tally {
    fn add(&mut self, entry: &Entry, table: &SiteTable) {
        let (stores, bulk) = match table.get(entry.site).map(|site| site.kind) {
            Some(SiteKind::Store { .. } | SiteKind::Vector) => (1, 0),
            Some(SiteKind::Copy | SiteKind::CopyFrom) => (1, entry.low()),
            Some(SiteKind::Fill | SiteKind::Init { .. }) => (1, entry.low() / BYTES_PER_TOUCH),
            Some(SiteKind::Grow) | None => (0, 0),
        };
        self.stores += stores;
        self.bulk = self.bulk.saturating_add(bulk);
        if bulk > 0 {
            self.written = self.written.saturating_add(entry.low());
        }
    }

    fn add_pack(&mut self, pack: Opened<'_>, table: &SiteTable) {
        if pack.is_plain(table) {
            self.stores += pack.len() as u64;
        } else {
            (0..pack.len()).for_each(|at| self.add(&pack.get(at), table));
        }
    }
}

/// How `len` bytes from `start` are cut into events: whole up to 64 KiB, else at the ends of pages.
/// Gives the first byte and the one past the last of each, counted from `start`.
pub(super) fn pieces(start: u64, len: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let within = start.wrapping_add(from) % PAGE;
        let to = if len <= PAGE {
            len
        } else {
            from.saturating_add(PAGE - within).min(len)
        };
        let piece = (from, to);
        from = to;
        (piece.0 < to).then_some(piece)
    })
}

/// Writers that are not sites, each with its number.
#[derive(Debug, Clone, Default)]
pub(super) struct Writers {
    pub(super) list: Vec<Writer>,
    numbers: HashMap<Writer, u32>,
}

impl Writers {
    pub(super) fn number(&mut self, writer: Writer) -> u32 {
        if let Some(number) = self.numbers.get(&writer) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(writer.clone());
        self.numbers.insert(writer, number);
        number
    }
}

/// Leaves past this one are past what any memory of an i32 address can have.
const MOST_LEAVES: u64 = 1 << 24;

/// A set of 4 KiB leaves, one bit each.
#[derive(Debug, Clone, Default)]
struct LeafSet {
    words: Vec<u64>,
}

impl LeafSet {
    fn add(&mut self, start: u64, len: u64) {
        let Some(last) = len
            .checked_sub(1)
            .map(|more| start.saturating_add(more) / LEAF)
        else {
            return;
        };
        for leaf in start / LEAF..=last.min(MOST_LEAVES) {
            let index = (leaf / 64) as usize;
            if index >= self.words.len() {
                self.words.resize(index + 1, 0);
            }
            if let Some(word) = self.words.get_mut(index) {
                *word |= 1 << (leaf % 64);
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
