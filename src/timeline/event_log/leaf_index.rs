//! The events of a step that is settled, with an index over them, so that memory at any moment and
//! the writers of any byte are found quickly.
//!
//! Event number i is entry number i. For each 4 KiB leaf that was touched, there is a list of the
//! events that touch it: its *touches*. After every [`TOUCHES_PER_CHECKPOINT`] of them there is a
//! *checkpoint*: a copy of the leaf, and which of its bytes were written since the one before. So a
//! leaf at any moment is the last checkpoint before it plus a limited number of events, and a
//! byte's writers are found without looking at events that write elsewhere.

use std::ops::Range;
use std::sync::Arc;

use super::arena::{Arena, Place};
use super::byte_mask::{ByteMask, is_any_marked};
use super::entries::{EntryList, EntryReader};
use super::entry::{Entry, HOST_EVENT};
use super::recording::HostEvent;
use super::store_sites::SiteTable;
use super::summary::Summary;
use super::touches::Touches;
use crate::journal_abi::SiteKind;
use crate::timeline::image::{LEAF, Leaf, Leaves};
use crate::timeline::{Event, Growth, Image, Write, Writer};

/// How many touches of a leaf there are between two checkpoints. A checkpoint takes 2 bytes for
/// each of them.
pub(super) const TOUCHES_PER_CHECKPOINT: usize = 2048;

/// The memory that a checkpoint takes, in bytes.
pub(super) const CHECKPOINT_BYTES: usize =
    LEAF as usize + size_of::<ByteMask>() + size_of::<Checkpoint>();

/// The events of a step, and what was derived from them once.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) table: Arc<SiteTable>,
    pub(super) entries: EntryList,
    /// The bytes of host events and copies.
    pub(super) arena: Arena,
    pub(super) host_events: Vec<HostEvent>,
    /// The writers that are not store sites, by their number.
    pub(super) writers: Vec<Writer>,
    /// From which event on memory has which length in bytes.
    pub(super) lengths: Vec<(usize, u64)>,
    pub(super) before: Image,
    pub(super) after: Image,
    /// The events that touch each leaf, leaf after leaf.
    pub(super) touches: Touches,
    /// The leaves that were touched, in the order of their numbers.
    pub(super) leaves: Vec<LeafHistory>,
    /// The indices of those in `leaves` that differ across the step.
    pub(super) changed: Vec<u32>,
    pub(super) summary: Summary,
}

/// What happened to one leaf.
#[derive(Debug)]
pub(super) struct LeafHistory {
    /// The address of the leaf, in leaves.
    pub(super) number: u64,
    /// The range of its own touches in [`History::touches`].
    pub(super) touches: Range<usize>,
    /// One for each [`TOUCHES_PER_CHECKPOINT`] touches.
    pub(super) checkpoints: Box<[Checkpoint]>,
}

/// A leaf after a number of its touches.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// The leaf as the last of the touches left it.
    pub(super) leaf: Arc<Leaf>,
    /// Which bytes may have been written since the checkpoint before.
    pub(super) written: Box<ByteMask>,
}

/// A writer as a number that is cheap to compare: a store site, or one of the other writers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in crate::timeline) struct WriterId(pub(super) u32);

impl WriterId {
    /// Set for a writer that is not a store site.
    const OTHER: u32 = 1 << 31;
    /// The id that is no writer.
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

    /// Returns the number of the site, or that of the other writer.
    pub(super) fn number(self) -> u32 {
        self.0 & !WriterId::OTHER
    }
}

/// The bytes that an event writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum WrittenBytes<'a> {
    /// The first bytes of an array, and how many.
    Few([u8; 16], u8),
    /// One byte, and how often it is written.
    Repeated(u8, u64),
    Slice(&'a [u8]),
}

impl WrittenBytes<'_> {
    pub(super) fn len(&self) -> u64 {
        match self {
            WrittenBytes::Few(_, len) => u64::from(*len),
            WrittenBytes::Repeated(_, len) => *len,
            WrittenBytes::Slice(bytes) => bytes.len() as u64,
        }
    }

    /// Copies the bytes from number `skip` on to all of `to`.
    pub(super) fn copy_to(&self, skip: usize, to: &mut [u8]) {
        match self {
            WrittenBytes::Few(bytes, _) => copy(bytes, skip, to),
            WrittenBytes::Repeated(byte, _) => to.fill(*byte),
            WrittenBytes::Slice(bytes) => copy(bytes, skip, to),
        }
    }

    fn to_arc(self) -> Arc<[u8]> {
        match self {
            WrittenBytes::Few(bytes, len) => {
                bytes.get(..usize::from(len)).unwrap_or_default().into()
            }
            WrittenBytes::Repeated(byte, len) => vec![byte; len as usize].into(),
            WrittenBytes::Slice(bytes) => bytes.into(),
        }
    }
}

fn copy(bytes: &[u8], skip: usize, to: &mut [u8]) {
    if let Some(part) = bytes.get(skip..skip + to.len()) {
        to.copy_from_slice(part);
    }
}

/// A write as it is decoded from an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredWrite<'a> {
    pub(super) start: u64,
    pub(super) bytes: WrittenBytes<'a>,
    pub(super) by: WriterId,
    pub(super) is_difference: bool,
}

impl StoredWrite<'_> {
    /// Returns the address after the last byte.
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.len())
    }

    /// Returns the range of a leaf's bytes that the write covers.
    pub(super) fn range_in_leaf(&self, leaf: u64) -> Range<usize> {
        let base = leaf * LEAF;
        let from = self.start.clamp(base, base + LEAF) - base;
        let to = self.end().clamp(base, base + LEAF) - base;
        from as usize..to as usize
    }

    /// Writes the part that is in a leaf, and returns its range there. `len` is the length of
    /// memory in bytes; nothing past it is written.
    pub(super) fn apply(&self, leaf: u64, bytes: &mut Leaf, len: u64) -> Range<usize> {
        let mut range = self.range_in_leaf(leaf);
        range.end = range
            .end
            .min(len.saturating_sub(leaf * LEAF).min(LEAF) as usize);
        range.end = range.end.max(range.start);
        let skip = (leaf * LEAF).saturating_sub(self.start) as usize;
        if let Some(part) = bytes.get_mut(range.clone()) {
            self.bytes.copy_to(skip, part);
        }
        range
    }
}

/// An event as it is decoded from an entry.
pub(super) enum StoredEvent<'a> {
    Write(StoredWrite<'a>),
    /// Sizes are in 64 KiB pages.
    Growth {
        before: u64,
        after: u64,
        by: WriterId,
    },
}

impl History {
    /// Returns the number of events.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn stored_event(&self, event: usize) -> Option<StoredEvent<'_>> {
        self.decode(self.entries.get(event)?)
    }

    /// Decodes the event that an entry is; `None` if its site or its host event does not exist.
    pub(super) fn decode(&self, entry: Entry) -> Option<StoredEvent<'_>> {
        let Entry {
            site,
            address,
            value,
        } = entry;
        if site == HOST_EVENT {
            return self.decode_host_event(value as u64);
        }
        let known = self.table.get(site)?;
        let by = WriterId::site(site);
        let bytes = match known.kind {
            SiteKind::Store { width } => WrittenBytes::Few(value.to_le_bytes(), width),
            SiteKind::Vector => WrittenBytes::Few(value.to_le_bytes(), 16),
            SiteKind::Fill => WrittenBytes::Repeated(entry.high_half() as u8, entry.low_half()),
            SiteKind::Copy | SiteKind::CopyFrom => {
                WrittenBytes::Slice(self.arena.get(Place::from_bits(value as u64)))
            }
            SiteKind::Init { segment } => {
                let from = entry.high_half() as usize;
                let bytes = self.table.segment(segment);
                let written = bytes.get(from..from + entry.low_half() as usize);
                WrittenBytes::Slice(written.unwrap_or_default())
            }
            SiteKind::Grow => {
                let before = entry.low_half();
                return Some(StoredEvent::Growth {
                    before,
                    after: before + u64::from(address),
                    by,
                });
            }
        };
        Some(StoredEvent::Write(StoredWrite {
            start: u64::from(address).saturating_add(known.immediate),
            bytes,
            by,
            is_difference: false,
        }))
    }

    fn decode_host_event(&self, index: u64) -> Option<StoredEvent<'_>> {
        match *self.host_events.get(index as usize)? {
            HostEvent::Write {
                start,
                bytes,
                writer,
                is_difference,
            } => Some(StoredEvent::Write(StoredWrite {
                start,
                bytes: WrittenBytes::Slice(self.arena.get(bytes)),
                by: WriterId::other(writer),
                is_difference,
            })),
            HostEvent::Growth {
                before,
                after,
                writer,
            } => Some(StoredEvent::Growth {
                before,
                after,
                by: WriterId::other(writer),
            }),
            HostEvent::Copied { .. } => None,
        }
    }

    /// Returns a write; `None` for an event that is none.
    pub(super) fn stored_write(&self, event: usize) -> Option<StoredWrite<'_>> {
        match self.stored_event(event)? {
            StoredEvent::Write(write) => Some(write),
            StoredEvent::Growth { .. } => None,
        }
    }

    /// Returns an event as readers get it. `read` returns the bytes before a write.
    pub(super) fn event(
        &self,
        event: usize,
        read: impl FnOnce(&StoredWrite) -> Arc<[u8]>,
    ) -> Option<Event> {
        Some(match self.stored_event(event)? {
            StoredEvent::Write(write) => Event::Write(Write {
                start: write.start,
                before: read(&write),
                after: write.bytes.to_arc(),
                writer: self.writer(write.by),
                is_difference: write.is_difference,
            }),
            StoredEvent::Growth { before, after, by } => Event::Growth(Growth {
                before,
                after,
                by: self.writer(by),
            }),
        })
    }

    /// Returns the writer of an id.
    pub(super) fn writer(&self, by: WriterId) -> Writer {
        if by.is_site() {
            return self.table.writer(by.number());
        }
        self.writers
            .get(by.number() as usize)
            .cloned()
            .unwrap_or_else(Writer::guest)
    }

    /// Returns the length of memory after the first `events` events, in bytes.
    pub(super) fn length(&self, events: usize) -> u64 {
        let known = self.lengths.partition_point(|(from, _)| *from <= events);
        match known.checked_sub(1).and_then(|last| self.lengths.get(last)) {
            Some((_, len)) => *len,
            None => self.before.len(),
        }
    }

    /// Returns the index of a leaf in `leaves`; `None` if it was not touched.
    pub(super) fn find(&self, number: u64) -> Option<usize> {
        self.leaves
            .binary_search_by_key(&number, |leaf| leaf.number)
            .ok()
    }

    /// Returns a leaf after the first `events` events; `None` if it is all zero.
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
        let checkpoints = touches / TOUCHES_PER_CHECKPOINT;
        let base = match checkpoints
            .checked_sub(1)
            .and_then(|last| history.checkpoints.get(last))
        {
            Some(checkpoint) => Some(Arc::clone(&checkpoint.leaf)),
            None => before(),
        };
        let rest = all
            .get(checkpoints * TOUCHES_PER_CHECKPOINT..touches)
            .unwrap_or_default();
        if rest.is_empty() {
            return base;
        }
        let mut leaf = base.map_or([0; LEAF as usize], |leaf| *leaf);
        self.apply_events(&mut self.reader(), rest, number, &mut leaf);
        Some(Arc::new(leaf))
    }

    /// Returns the events that touch a leaf, in order.
    pub(super) fn touches_of(&self, leaf: &LeafHistory) -> &[u32] {
        let all = self.touches.sorted();
        all.get(leaf.touches.clone()).unwrap_or_default()
    }

    pub(super) fn reader(&self) -> EntryReader<'_> {
        EntryReader::new(&self.entries)
    }

    /// Applies an event to a leaf.
    #[inline]
    fn apply_event(&self, reader: &mut EntryReader<'_>, event: u32, number: u64, leaf: &mut Leaf) {
        let Some(entry) = reader.get(event as usize) else {
            return;
        };
        match self.range_of_plain_store(entry.site, entry.address, number) {
            Some(range) => {
                store_to_leaf(leaf, range.start, entry.value.to_le_bytes(), range.len());
            }
            None => {
                if let Some(StoredEvent::Write(write)) = self.decode(entry) {
                    write.apply(number, leaf, self.length_for(event));
                }
            }
        }
    }

    /// Applies several of a leaf's events to it.
    fn apply_events(
        &self,
        reader: &mut EntryReader<'_>,
        events: &[u32],
        number: u64,
        leaf: &mut Leaf,
    ) {
        let mut rest = events;
        while let Some((first, later)) = rest.split_first() {
            match self.contiguous(reader, rest, number) {
                Some((from, bytes, count)) => {
                    if let Some(to) = leaf.get_mut(from..from + bytes.len()) {
                        to.copy_from_slice(bytes);
                    }
                    rest = rest.get(count..).unwrap_or_default();
                }
                None => {
                    self.apply_event(reader, *first, number, leaf);
                    rest = later;
                }
            }
        }
    }

    /// Returns what the first of a leaf's events write to it, if these are contiguous stores: the
    /// first byte in the leaf, the bytes, and how many events these are. Returns `None` if there are
    /// fewer than two.
    fn contiguous<'a>(
        &self,
        reader: &mut EntryReader<'a>,
        events: &[u32],
        number: u64,
    ) -> Option<(usize, &'a [u8], usize)> {
        let first = *events.first()?;
        let (pack, at) = reader.locate(first as usize)?;
        let (site, address, width, bytes) = pack.contiguous(at)?;
        let start = u64::from(address).saturating_add(self.table.get(site)?.immediate);
        let from = (start % LEAF) as usize;
        let count = ((LEAF as usize - from) / width.max(1))
            .min(bytes.len() / width.max(1))
            .min(events.len());
        // Each of these entries touches the leaf, so each is among its events. If the events with
        // these numbers follow each other in the list, no other one is between them.
        let last = *events.get(count.checked_sub(1)?)?;
        let is_whole = count > 1 && start / LEAF == number && (last - first) as usize == count - 1;
        // An address operand wraps around at 2^32. Then the stores are not contiguous.
        let wraps = u64::from(address) + (count * width) as u64 > 1 << 32;
        (is_whole && !wraps).then_some((from, bytes.get(..count * width)?, count))
    }

    /// Returns the range of a leaf's bytes that an event writes, and the writer.
    #[inline]
    pub(super) fn written_range(
        &self,
        reader: &mut EntryReader<'_>,
        event: u32,
        number: u64,
    ) -> Option<(Range<usize>, WriterId)> {
        let (site, address) = reader.head(event as usize)?;
        match self.range_of_plain_store(site, address, number) {
            Some(range) => Some((range, WriterId::site(site))),
            None => self
                .stored_write(event as usize)
                .map(|write| (write.range_in_leaf(number), write.by)),
        }
    }

    /// Returns the range of a leaf's bytes that a store writes; `None` for anything but a store
    /// that is in this leaf as a whole.
    #[inline]
    fn range_of_plain_store(&self, site: u32, address: u32, number: u64) -> Option<Range<usize>> {
        let known = self.table.get(site)?;
        let width = match known.kind {
            SiteKind::Store { width } => usize::from(width),
            SiteKind::Vector => 16,
            _ => return None,
        };
        let start = u64::from(address).saturating_add(known.immediate);
        let from = (start % LEAF) as usize;
        (start / LEAF == number && from + width <= LEAF as usize).then_some(from..from + width)
    }

    /// Returns the length of memory at an event, in bytes, if it can end within a leaf. A guest's
    /// memory cannot, but that of a test can.
    fn length_for(&self, event: u32) -> u64 {
        if self.before.len().is_multiple_of(LEAF) {
            u64::MAX
        } else {
            self.length(event as usize)
        }
    }

    /// Returns `len` bytes from `start` on after the first `events` events; zeros past the end.
    pub(super) fn read_at(&self, start: u64, len: u64, events: usize) -> Vec<u8> {
        let mut out = vec![0; usize::try_from(len).unwrap_or(0)];
        let mut at = 0;
        while at < out.len() {
            let from = start.saturating_add(at as u64);
            let offset = (from % LEAF) as usize;
            let count = (LEAF as usize - offset).min(out.len() - at);
            if let Some(leaf) = self.leaf_at(from / LEAF, events)
                && let Some(to) = out.get_mut(at..at + count)
            {
                copy(&leaf[..], offset, to);
            }
            at += count;
        }
        out
    }

    /// Returns how much memory everything here takes, except for memory before and after the step,
    /// in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        let leaf = |leaf: &LeafHistory| {
            size_of::<LeafHistory>() + leaf.checkpoints.len() * CHECKPOINT_BYTES
        };
        self.event_bytes()
            + self.touches.allocated_bytes()
            + self.changed.capacity() * size_of::<u32>()
            + self.leaves.iter().map(leaf).sum::<usize>()
    }

    /// Returns how much memory the events take without the index over them, in bytes.
    pub(super) fn event_bytes(&self) -> usize {
        self.entries.allocated_bytes()
            + self.arena.allocated_bytes()
            + self.host_events.capacity() * size_of::<HostEvent>()
            + self.lengths.capacity() * size_of::<(usize, u64)>()
    }

    /// Returns how much of memory after the step is not shared with memory before it, in bytes.
    pub(super) fn changed_memory_bytes(&self) -> usize {
        let leaf = |index: &u32| self.leaves.get(*index as usize);
        let numbers = self.changed.iter().filter_map(leaf).map(|leaf| leaf.number);
        self.changed.len() * LEAF as usize + self.after.branch_bytes(numbers)
    }
}

impl Checkpoint {
    /// Returns whether any of these addresses, which are in the leaf, may have been written since the
    /// checkpoint before.
    pub(super) fn may_have_written(&self, addresses: &Range<u64>) -> bool {
        let from = (addresses.start % LEAF) as usize;
        let len = addresses.end.saturating_sub(addresses.start) as usize;
        is_any_marked(&self.written, from..from + len)
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

/// Writes the first `width` bytes to a leaf. With a constant width the compiler makes one store of
/// each arm.
#[inline]
pub(super) fn store_to_leaf(leaf: &mut Leaf, offset: usize, bytes: [u8; 16], width: usize) {
    macro_rules! store {
        ($width:literal) => {
            if let (Some(to), Some(from)) = (
                leaf.get_mut(offset..offset + $width),
                bytes.first_chunk::<$width>(),
            ) {
                to.copy_from_slice(from);
            }
        };
    }
    match width {
        1 => store!(1),
        2 => store!(2),
        4 => store!(4),
        8 => store!(8),
        _ => store!(16),
    }
}
