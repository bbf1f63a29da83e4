//! The settled events of a step and what was worked out of them once, so that any moment is found
//! quickly.
//!
//! Event number i is entry number i. For each 4 KiB leaf that was touched there is a list of the
//! events that touch it, and after every [`BLOCK`] of them a copy of the leaf and which of its
//! bytes they wrote. So a leaf at any moment is the nearest copy before it and at most [`BLOCK`]
//! events, and a byte's writers are found without looking at events that leave it alone.

use std::ops::Range;
use std::sync::Arc;

use super::byte_mask::Bits;
use super::entries::{ASIDE, Blob, Entry, Reader, Slots};
use super::recording::HostEvent;
use super::store_sites::SiteTable;
use super::summary::Summary;
use crate::journal_abi::SiteKind;
use crate::timeline::image::{LEAF, Leaf, Leaves, PAGE};
use crate::timeline::{Event, Growth, Image, Write, Writer};

/// Touches of a leaf between two copies of it: 2 bytes a touch.
pub(super) const BLOCK: usize = 2048;

#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) table: Arc<SiteTable>,
    pub(super) slots: Slots,
    pub(super) blob: Blob,
    pub(super) asides: Vec<HostEvent>,
    pub(super) writers: Vec<Writer>,
    /// Memory's length in bytes from an event on.
    pub(super) lengths: Vec<(usize, u64)>,
    pub(super) before: Image,
    pub(super) after: Image,
    /// The events that touch each leaf, leaf after leaf.
    pub(super) touches: Vec<u32>,
    /// By number.
    pub(super) leaves: Vec<LeafHistory>,
    /// Which of `leaves` differ across the step.
    pub(super) changed: Vec<u32>,
    pub(super) summary: Summary,
}

/// What happened to one leaf.
#[derive(Debug, Clone)]
pub(super) struct LeafHistory {
    pub(super) number: u64,
    /// Which of the touches are its own.
    pub(super) touches: Range<usize>,
    /// One for each full [`BLOCK`] of events.
    pub(super) blocks: Box<[Block]>,
}

#[derive(Debug, Clone)]
pub(super) struct Block {
    /// As its last event leaves it.
    pub(super) leaf: Arc<Leaf>,
    /// Which bytes its events may have written.
    pub(super) written: Box<Bits>,
}

/// Who wrote, as a number that is compared quickly: a site, or one of the other writers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in crate::timeline) struct WriterId(pub(super) u32);

impl WriterId {
    const OTHER: u32 = 1 << 31;
    /// No writer at all.
    pub(in crate::timeline) const NOBODY: WriterId = WriterId(u32::MAX);

    pub(super) fn site(site: u32) -> Self {
        WriterId(site & !WriterId::OTHER)
    }

    pub(super) fn other(writer: u32) -> Self {
        WriterId(writer | WriterId::OTHER)
    }

    pub(super) fn is_site(self) -> bool {
        self.0 & WriterId::OTHER == 0
    }

    /// Of the site, or of the other writer.
    pub(super) fn number(self) -> u32 {
        self.0 & !WriterId::OTHER
    }
}

/// The bytes that an event writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes<'a> {
    Few([u8; 16], u8),
    Same(u8, u64),
    Slice(&'a [u8]),
}

impl Bytes<'_> {
    pub(super) fn len(&self) -> u64 {
        match self {
            Bytes::Few(_, len) => u64::from(*len),
            Bytes::Same(_, len) => *len,
            Bytes::Slice(bytes) => bytes.len() as u64,
        }
    }

    /// Writes the part from `skip` on to `to`.
    pub(super) fn put(&self, skip: usize, to: &mut [u8]) {
        match self {
            Bytes::Few(bytes, _) => copy(bytes, skip, to),
            Bytes::Same(byte, _) => to.fill(*byte),
            Bytes::Slice(bytes) => copy(bytes, skip, to),
        }
    }

    fn to_arc(self) -> Arc<[u8]> {
        match self {
            Bytes::Few(bytes, len) => bytes.get(..usize::from(len)).unwrap_or_default().into(),
            Bytes::Same(byte, len) => vec![byte; len as usize].into(),
            Bytes::Slice(bytes) => bytes.into(),
        }
    }
}

fn copy(bytes: &[u8], skip: usize, to: &mut [u8]) {
    if let Some(part) = bytes.get(skip..skip + to.len()) {
        to.copy_from_slice(part);
    }
}

/// A write as it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) start: u64,
    pub(super) bytes: Bytes<'a>,
    pub(super) by: WriterId,
    pub(super) is_difference: bool,
}

impl Kept<'_> {
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.len())
    }

    fn covers(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }

    /// The part of a leaf that it writes, from and to which byte of the leaf.
    pub(super) fn within(&self, leaf: u64) -> Range<usize> {
        let base = leaf * LEAF;
        let from = self.start.clamp(base, base + LEAF) - base;
        let to = self.end().clamp(base, base + LEAF) - base;
        from as usize..to as usize
    }

    /// Writes what it has for a leaf, and tells which bytes these are.
    pub(super) fn apply(&self, leaf: u64, bytes: &mut Leaf, len: u64) -> Range<usize> {
        let mut range = self.within(leaf);
        range.end = range
            .end
            .min(len.saturating_sub(leaf * LEAF).min(LEAF) as usize);
        let skip = (leaf * LEAF).saturating_sub(self.start) as usize;
        range.end = range.end.max(range.start);
        if let Some(part) = bytes.get_mut(range.clone()) {
            self.bytes.put(skip, part);
        }
        range
    }
}

/// An event as it is kept.
pub(super) enum KeptEvent<'a> {
    Write(Kept<'a>),
    Growth {
        before: u64,
        after: u64,
        by: WriterId,
    },
}

impl History {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn kept(&self, event: usize) -> Option<KeptEvent<'_>> {
        self.kept_entry(self.slots.get(event)?)
    }

    pub(super) fn kept_entry(&self, entry: Entry) -> Option<KeptEvent<'_>> {
        let Entry {
            site,
            address,
            value,
        } = entry;
        if site == ASIDE {
            return self.kept_aside(value as u64);
        }
        let shape = self.table.get(site)?;
        let by = WriterId::site(site);
        let bytes = match shape.kind {
            SiteKind::Store { width } => Bytes::Few(value.to_le_bytes(), width),
            SiteKind::Vector => Bytes::Few(value.to_le_bytes(), 16),
            SiteKind::Fill => Bytes::Same(entry.high() as u8, entry.low()),
            SiteKind::Copy | SiteKind::CopyFrom => {
                let (place, len) = unpack(value as u64);
                Bytes::Slice(self.blob.get(place, len))
            }
            SiteKind::Init { segment } => {
                let from = entry.high() as usize;
                Bytes::Slice(
                    self.table
                        .segment(segment)
                        .get(from..from + entry.low() as usize)
                        .unwrap_or_default(),
                )
            }
            SiteKind::Grow => {
                let before = entry.low();
                return Some(KeptEvent::Growth {
                    before,
                    after: before + u64::from(address),
                    by,
                });
            }
        };
        let start = u64::from(address).saturating_add(shape.immediate);
        Some(KeptEvent::Write(Kept {
            start,
            bytes,
            by,
            is_difference: false,
        }))
    }

    fn kept_aside(&self, index: u64) -> Option<KeptEvent<'_>> {
        match *self.asides.get(index as usize)? {
            HostEvent::Write {
                start,
                place,
                len,
                writer,
                is_difference,
            } => {
                let bytes = Bytes::Slice(self.blob.get(place, len as usize));
                Some(KeptEvent::Write(Kept {
                    start,
                    bytes,
                    by: WriterId::other(writer),
                    is_difference,
                }))
            }
            HostEvent::Growth {
                before,
                after,
                writer,
            } => Some(KeptEvent::Growth {
                before,
                after,
                by: WriterId::other(writer),
            }),
            HostEvent::Copied { .. } => None,
        }
    }

    pub(super) fn kept_write(&self, event: usize) -> Option<Kept<'_>> {
        match self.kept(event)? {
            KeptEvent::Write(write) => Some(write),
            KeptEvent::Growth { .. } => None,
        }
    }

    /// The event as readers have it, over what memory held before it.
    pub(super) fn event(
        &self,
        event: usize,
        read: impl FnOnce(&Kept) -> Arc<[u8]>,
    ) -> Option<Event> {
        Some(match self.kept(event)? {
            KeptEvent::Write(kept) => Event::Write(Write {
                start: kept.start,
                before: read(&kept),
                after: kept.bytes.to_arc(),
                writer: self.writer(kept.by),
                is_difference: kept.is_difference,
            }),
            KeptEvent::Growth { before, after, by } => Event::Growth(Growth {
                before,
                after,
                by: self.writer(by),
            }),
        })
    }

    pub(super) fn writer(&self, WriterId(number): WriterId) -> Writer {
        match number & WriterId::OTHER {
            0 => self.table.writer(number),
            _ => self
                .writers
                .get((number & !WriterId::OTHER) as usize)
                .cloned()
                .unwrap_or_else(Writer::guest),
        }
    }

    /// Memory's length in bytes after the first `events` events.
    pub(super) fn length(&self, events: usize) -> u64 {
        let known = self.lengths.partition_point(|(from, _)| *from <= events);
        match known.checked_sub(1).and_then(|last| self.lengths.get(last)) {
            Some((_, len)) => *len,
            None => self.before.len(),
        }
    }

    /// The place of a leaf among `leaves`.
    pub(super) fn find(&self, number: u64) -> Option<usize> {
        self.leaves
            .binary_search_by_key(&number, |leaf| leaf.number)
            .ok()
    }

    /// A leaf as it stands after the first `events` events; `None` where it is all zero.
    pub(super) fn leaf_at(&self, number: u64, events: usize) -> Option<Arc<Leaf>> {
        let offset = number * LEAF;
        let before = || self.before.shared_leaf(offset).cloned();
        let Some(history) = self.find(number).and_then(|index| self.leaves.get(index)) else {
            return before();
        };
        let all = self.touches_of(history);
        let touches = all.partition_point(|event| (*event as usize) < events);
        if touches == all.len() {
            return self.after.shared_leaf(offset).cloned();
        }
        let base = match (touches / BLOCK)
            .checked_sub(1)
            .and_then(|block| history.blocks.get(block))
        {
            Some(block) => Some(Arc::clone(&block.leaf)),
            None => before(),
        };
        let rest = all
            .get(touches / BLOCK * BLOCK..touches)
            .unwrap_or_default();
        if rest.is_empty() {
            return base;
        }
        let mut leaf = base.map_or([0; LEAF as usize], |leaf| *leaf);
        let mut reader = self.reader();
        self.play_all(&mut reader, rest, number, &mut leaf);
        Some(Arc::new(leaf))
    }

    /// The events that touch a leaf, in order.
    pub(super) fn touches_of(&self, leaf: &LeafHistory) -> &[u32] {
        self.touches.get(leaf.touches.clone()).unwrap_or_default()
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader::new(&self.slots)
    }

    /// Lets an event happen to a leaf.
    #[inline]
    fn play(&self, reader: &mut Reader<'_>, event: u32, number: u64, leaf: &mut Leaf) {
        let Some(entry) = reader.get(event as usize) else {
            return;
        };
        match self.plain_store(entry.site, entry.address, number) {
            Some(range) => store(leaf, range.start, entry.value.to_le_bytes(), range.len()),
            None => {
                if let Some(KeptEvent::Write(write)) = self.kept_entry(entry) {
                    write.apply(number, leaf, self.length_for(event));
                }
            }
        }
    }

    /// Lets several of a leaf's events happen to it.
    fn play_all(&self, reader: &mut Reader<'_>, events: &[u32], number: u64, leaf: &mut Leaf) {
        let mut rest = events;
        while let Some((first, behind)) = rest.split_first() {
            match self.dense(reader, rest, number) {
                Some((from, bytes, count)) => {
                    if let Some(to) = leaf.get_mut(from..from + bytes.len()) {
                        to.copy_from_slice(bytes);
                    }
                    rest = rest.get(count..).unwrap_or_default();
                }
                None => {
                    self.play(reader, *first, number, leaf);
                    rest = behind;
                }
            }
        }
    }

    /// What the first of a leaf's events write to it one right behind the other: from where on,
    /// which bytes, and how many events these are. `None` where they are few.
    fn dense<'a>(
        &self,
        reader: &mut Reader<'a>,
        events: &[u32],
        number: u64,
    ) -> Option<(usize, &'a [u8], usize)> {
        let first = *events.first()?;
        let (pack, at) = reader.place(first as usize)?;
        let (site, address, width, bytes) = pack.dense(at)?;
        let start = u64::from(address).saturating_add(self.table.get(site)?.immediate);
        let from = (start % LEAF) as usize;
        let count = ((LEAF as usize - from) / width.max(1))
            .min(bytes.len() / width.max(1))
            .min(events.len());
        // Each of them touches this leaf and is an event of it, so that no other comes between. A
        // list that has it otherwise, as where an address wraps around, is left to the long way.
        let last = *events.get(count.checked_sub(1)?)?;
        let is_whole = count > 1 && start / LEAF == number && (last - first) as usize == count - 1;
        let wraps = u64::from(address) + (count * width) as u64 > 1 << 32;
        (is_whole && !wraps).then_some((from, bytes.get(..count * width)?, count))
    }

    /// Which bytes of a leaf an event writes, and who does.
    #[inline]
    pub(super) fn reach(
        &self,
        reader: &mut Reader<'_>,
        event: u32,
        number: u64,
    ) -> Option<(Range<usize>, WriterId)> {
        let (site, address) = reader.head(event as usize)?;
        match self.plain_store(site, address, number) {
            Some(range) => Some((range, WriterId::site(site))),
            None => self
                .kept_write(event as usize)
                .map(|write| (write.within(number), write.by)),
        }
    }

    /// Which bytes of a leaf are written, by an ordinary store that writes within it.
    #[inline]
    fn plain_store(&self, site: u32, address: u32, number: u64) -> Option<Range<usize>> {
        let shape = self.table.get(site)?;
        let width = match shape.kind {
            SiteKind::Store { width } => usize::from(width),
            SiteKind::Vector => 16,
            _ => return None,
        };
        let start = u64::from(address).saturating_add(shape.immediate);
        let from = (start % LEAF) as usize;
        (start / LEAF == number && from + width <= LEAF as usize).then_some(from..from + width)
    }

    /// Where the bytes an event writes must end; memory that ends within a leaf is not a guest's.
    fn length_for(&self, event: u32) -> u64 {
        if self.before.len().is_multiple_of(LEAF) {
            u64::MAX
        } else {
            self.length(event as usize)
        }
    }

    /// `len` bytes as they stand after the first `events` events, zeros past the end.
    pub(super) fn read_at(&self, start: u64, len: u64, events: usize) -> Vec<u8> {
        let mut out = vec![0; usize::try_from(len).unwrap_or(0)];
        let mut at = 0;
        while at < out.len() {
            let from = start.saturating_add(at as u64);
            let within = (from % LEAF) as usize;
            let take = (LEAF as usize - within).min(out.len() - at);
            if let Some(leaf) = self.leaf_at(from / LEAF, events) {
                copy(&leaf[..], within, &mut out[at..at + take]);
            }
            at += take;
        }
        out
    }

    /// The last event before event number `most` that writes the byte.
    pub(super) fn touch_before(&self, address: u64, most: usize) -> Option<usize> {
        let leaf = self.leaves.get(self.find(address / LEAF)?)?;
        let events = self.touches_of(leaf);
        let mut at = events.partition_point(|event| (*event as usize) < most);
        while at > 0 {
            if at.is_multiple_of(BLOCK)
                && let Some(block) = leaf.blocks.get(at / BLOCK - 1)
                && !block.wrote(address)
            {
                at -= BLOCK;
                continue;
            }
            at -= 1;
            if let Some(event) = events.get(at).filter(|event| self.writes(**event, address)) {
                return Some(*event as usize);
            }
        }
        None
    }

    /// The first event from event number `from` on that writes the byte.
    pub(super) fn touch_from(&self, address: u64, from: usize) -> Option<usize> {
        let leaf = self.leaves.get(self.find(address / LEAF)?)?;
        let events = self.touches_of(leaf);
        let mut at = events.partition_point(|event| (*event as usize) < from);
        while at < events.len() {
            if at.is_multiple_of(BLOCK)
                && let Some(block) = leaf.blocks.get(at / BLOCK)
                && !block.wrote(address)
            {
                at += BLOCK;
                continue;
            }
            if let Some(event) = events.get(at).filter(|event| self.writes(**event, address)) {
                return Some(*event as usize);
            }
            at += 1;
        }
        None
    }

    fn writes(&self, event: u32, address: u64) -> bool {
        self.kept_write(event as usize)
            .is_some_and(|write| write.covers(address))
    }

    /// What all of it takes, but for memory before and after, in bytes.
    pub(super) fn kept_bytes(&self) -> usize {
        let block = LEAF as usize + size_of::<Bits>() + size_of::<Block>();
        let leaf = |leaf: &LeafHistory| size_of::<LeafHistory>() + leaf.blocks.len() * block;
        self.slots.kept_bytes()
            + self.blob.kept_bytes()
            + self.asides.capacity() * size_of::<HostEvent>()
            + self.lengths.capacity() * size_of::<(usize, u64)>()
            + (self.touches.capacity() + self.changed.capacity()) * 4
            + self.leaves.iter().map(leaf).sum::<usize>()
    }
}

impl Block {
    fn wrote(&self, address: u64) -> bool {
        let within = (address % LEAF) as usize;
        self.written
            .get(within / 64)
            .is_some_and(|word| word >> (within % 64) & 1 == 1)
    }
}

impl Leaves for History {
    fn touches(&self, leaves: Range<u64>) -> bool {
        let first = self
            .leaves
            .partition_point(|leaf| leaf.number < leaves.start);
        self.leaves
            .get(first)
            .is_some_and(|leaf| leaf.number < leaves.end)
    }

    fn leaf(&self, number: u64, events: usize) -> Option<Arc<Leaf>> {
        self.leaf_at(number, events)
    }
}

/// Writes the first `width` bytes into a leaf.
#[inline]
pub(super) fn store(leaf: &mut Leaf, at: usize, bytes: [u8; 16], width: usize) {
    macro_rules! put {
        ($n:literal) => {
            if let Some(part) = leaf.get_mut(at..at + $n) {
                part.copy_from_slice(&bytes[..$n]);
            }
        };
    }
    match width {
        1 => put!(1),
        2 => put!(2),
        4 => put!(4),
        8 => put!(8),
        _ => put!(16),
    }
}

/// A place in the blob and a length of at most 64 KiB in one number.
pub(super) fn pack(place: u64, len: u64) -> u64 {
    place << 17 | len
}

fn unpack(value: u64) -> (u64, usize) {
    (value >> 17, (value & 0x1_ffff) as usize)
}

const _: () = assert!(PAGE <= 0x1_ffff);
