//! Goes through what was recorded in order: makes events of it, and applies each to memory.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec;

use super::working_memory::{Store, WorkingMemory};
use super::write_batch::WriteBatch;
use super::{ChildMark, RefusedGrowth};
use crate::journal_abi::{AllocatorRecord, SiteKind};
use crate::timeline::event_log::arena::Place;
use crate::timeline::event_log::encoding::{Pack, PackView};
use crate::timeline::event_log::entries::EntryList;
use crate::timeline::event_log::entry::{Entry, HOST_EVENT};
use crate::timeline::event_log::leaf_index::{History, StoredEvent, WriterId};
use crate::timeline::event_log::recording::{
    HostEvent, Mark, PlacedMark, Recording, Writers, pieces,
};
use crate::timeline::event_log::store_sites::SiteTable;
use crate::timeline::image::PAGE;
use crate::timeline::{Image, Writer};

/// The largest number of different refused growths that a step reports.
const MAX_REFUSED_GROWTHS: usize = 16;

/// What was recorded between entries and is still to come.
struct BetweenEntries {
    /// Host events, each with its position among the entries.
    host_events: Peekable<vec::IntoIter<(usize, HostEvent)>>,
    /// How many host events were replayed.
    replayed: usize,
    marks: Peekable<vec::IntoIter<PlacedMark>>,
}

impl BetweenEntries {
    /// Returns the next mark, if it comes before these entries and host events.
    fn next_mark(&mut self, entries: usize, host_events: usize) -> Option<PlacedMark> {
        let is_due = |next: &PlacedMark| next.entries <= entries && next.host_events <= host_events;
        self.marks.next_if(is_due)
    }
}

/// A replay of recorded entries. It may run in parts.
#[derive(Debug)]
pub(in crate::timeline::event_log) struct Replay {
    table: Arc<SiteTable>,
    /// The events so far; [`finish`](Replay::finish) adds the index over them.
    history: History,
    /// Memory after the events so far.
    memory: WorkingMemory,
    writers: Writers,
    /// By site number, whether the site wrote.
    used: Vec<bool>,
    /// The site and the destination of a copy from another memory, whose bytes come after it as
    /// host events.
    pending_copy: Option<(u32, u64)>,
    refused_growths: Vec<RefusedGrowth>,
    /// The records of the guest's allocator, each with the number of events before it.
    allocator_records: Vec<(usize, AllocatorRecord)>,
    child_marks: Vec<ChildMark>,
}

impl Replay {
    /// Creates a replay over memory `before`, with capacity for this many events.
    pub(super) fn new(table: Arc<SiteTable>, before: &Image, events: usize) -> Self {
        let history = History {
            table: Arc::clone(&table),
            ..History::default()
        };
        Replay {
            used: vec![false; table.len() + 1],
            table,
            history,
            memory: WorkingMemory::new(before, events),
            writers: Writers::default(),
            pending_copy: None,
            refused_growths: Vec::new(),
            allocator_records: Vec::new(),
            child_marks: Vec::new(),
        }
    }

    /// Replays what was recorded since the last part, and takes it out of the recording.
    pub(super) fn run(&mut self, recording: &mut Recording) {
        let (packs, arena, recent) = std::mem::take(&mut recording.entries).into_parts();
        self.history.entries.set_arena(arena);
        self.history.arena = std::mem::take(&mut recording.arena);
        self.writers = std::mem::take(&mut recording.writers);
        let host_events = std::mem::take(&mut recording.host_events);
        let marks = std::mem::take(&mut recording.marks);
        let mut between = BetweenEntries {
            host_events: host_events.into_iter().peekable(),
            replayed: 0,
            marks: marks.into_iter().peekable(),
        };
        let table = Arc::clone(&self.table);
        let mut position = 0;
        for pack in packs {
            position = self.replay_pack(pack, position, &mut between, &table);
        }
        for entry in recent {
            position = self.replay_entry(entry, position, &mut between, &table);
        }
        self.replay_up_to(usize::MAX, &mut between);
    }

    /// Returns the arenas and the writers to the recording, so that it can continue: the events of
    /// later parts are appended to the same ones.
    pub(super) fn return_buffers(&mut self, recording: &mut Recording) {
        // What was packed anew leaves its first packs unused.
        self.history.entries.free_unused();
        recording.entries = EntryList::with_arena(self.history.entries.take_arena());
        recording.arena = std::mem::take(&mut self.history.arena);
        recording.writers = std::mem::take(&mut self.writers);
    }

    /// Replays the entries of a pack, whose first entry is at `position`. Returns the position
    /// after the last.
    fn replay_pack(
        &mut self,
        pack: Pack,
        position: usize,
        between: &mut BetweenEntries,
        table: &SiteTable,
    ) -> usize {
        self.replay_up_to(position, between);
        let end = position + pack.len();
        let next_event = between.host_events.peek();
        let is_interrupted = next_event.is_some_and(|(at, _)| *at < end);
        let view = self.history.entries.view(&pack);
        if !is_interrupted && view.is_plain(table) {
            // Each entry is one event.
            let events = self.history.entries.len();
            while let Some(next) = between.next_mark(end.saturating_sub(1), between.replayed) {
                let before = events + next.entries.saturating_sub(position);
                self.place_mark(before, next.mark);
            }
            self.replay_plain_pack(pack, table);
            return end;
        }
        // A bulk operation may be several events or none, and a host event is an event among the
        // entries. So the entries are not the events, and they are packed anew.
        let mut entries = Vec::with_capacity(view.len());
        view.for_each(0, |entry| entries.push(entry));
        entries.into_iter().fold(position, |position, entry| {
            self.replay_entry(entry, position, between, table)
        })
    }

    /// Replays an entry and the host events before it. Returns the position after it.
    fn replay_entry(
        &mut self,
        entry: Entry,
        position: usize,
        between: &mut BetweenEntries,
        table: &SiteTable,
    ) -> usize {
        self.replay_up_to(position, between);
        self.pending_copy = None;
        match table.get(entry.site).map(|site| site.kind) {
            None => {}
            Some(SiteKind::Store { .. } | SiteKind::Vector) => {
                self.push_entry(entry);
                self.memory.store(store(entry, table));
            }
            Some(kind) => self.replay_bulk(entry, kind, table),
        }
        position + 1
    }

    /// Replays what was recorded before the entry at `position`.
    fn replay_up_to(&mut self, position: usize, between: &mut BetweenEntries) {
        while let Some((_, event)) = between.host_events.next_if(|(at, _)| *at <= position) {
            self.place_marks(position, between);
            self.replay_host_event(event);
            between.replayed += 1;
        }
        self.place_marks(position, between);
    }

    fn place_marks(&mut self, position: usize, between: &mut BetweenEntries) {
        while let Some(next) = between.next_mark(position, between.replayed) {
            self.place_mark(self.history.entries.len(), next.mark);
        }
    }

    /// Places a mark after the first `events` events.
    fn place_mark(&mut self, events: usize, mark: Mark) {
        match mark {
            Mark::Allocator(record) => self.allocator_records.push((events, record)),
            Mark::Child { number, is_end } => self.child_marks.push(ChildMark {
                number,
                is_end,
                events,
            }),
        }
    }

    /// Replays a pack of nothing but stores. Each entry is one event, so the pack is kept as it is.
    fn replay_plain_pack(&mut self, pack: Pack, table: &SiteTable) {
        self.pending_copy = None;
        let stores = self.history.entries.view(&pack);
        let mut at = 0;
        while let Some(next) = store_contiguous(&mut self.memory, &mut self.used, stores, at, table)
        {
            at = next;
        }
        store_each(&mut self.memory, &mut self.used, stores, at, table);
        self.history.entries.push_pack(pack, table);
    }

    fn replay_bulk(&mut self, entry: Entry, kind: SiteKind, table: &SiteTable) {
        let Entry { site, address, .. } = entry;
        let (start, len, operand) = (u64::from(address), entry.low_half(), entry.high_half());
        match kind {
            SiteKind::Store { .. } | SiteKind::Vector => {}
            SiteKind::CopyFrom => self.pending_copy = Some((site, start)),
            SiteKind::Fill => {
                for (from, to) in pieces(start, len) {
                    let value = operand << 32 | (to - from);
                    self.push_write(Entry::new(site, (start + from) as u32, value));
                }
            }
            SiteKind::Init { segment } => {
                // An instruction that trapped has written nothing.
                let is_inside = operand + len <= table.segment(segment).len() as u64;
                for (from, to) in pieces(start, if is_inside { len } else { 0 }) {
                    let value = (operand + from) << 32 | (to - from);
                    self.push_write(Entry::new(site, (start + from) as u32, value));
                }
            }
            SiteKind::Copy => {
                // All of the source is read before anything is written: the two may overlap.
                let read: Vec<_> = pieces(start, len)
                    .map(|(from, to)| {
                        let bytes = self.memory.read(operand + from, (to - from) as usize);
                        (start + from, self.history.arena.store(&bytes))
                    })
                    .collect();
                for (start, bytes) in read {
                    self.push_copied(site, start, bytes);
                }
            }
            SiteKind::Grow if len != u64::from(u32::MAX) && address > 0 => {
                self.push_entry(Entry::new(site, address, len));
                self.grow(len + u64::from(address));
            }
            SiteKind::Grow => self.refuse_growth(site, address),
        }
    }

    fn replay_host_event(&mut self, event: HostEvent) {
        match event {
            HostEvent::Copied { bytes } => {
                if let Some((site, start)) = self.pending_copy {
                    self.push_copied(site, start, bytes);
                    self.pending_copy = Some((site, start + bytes.len() as u64));
                }
            }
            HostEvent::Growth { after, .. } => {
                let entry = self.host_entry(event);
                self.push_entry(entry);
                self.grow(after);
            }
            HostEvent::Write { .. } => {
                let entry = self.host_entry(event);
                self.push_write(entry);
            }
        }
    }

    /// Keeps a host event and returns the entry that refers to it.
    fn host_entry(&mut self, event: HostEvent) -> Entry {
        let index = self.history.host_events.len();
        self.history.host_events.push(event);
        Entry::new(HOST_EVENT, 0, index as u64)
    }

    /// Appends an event that copies bytes which are in the arena.
    fn push_copied(&mut self, site: u32, start: u64, bytes: Place) {
        self.push_write(Entry::new(site, start as u32, bytes.to_bits()));
    }

    /// Appends an event, without applying it to memory.
    #[inline]
    fn push_entry(&mut self, entry: Entry) {
        mark_used(&mut self.used, entry.site);
        self.history.entries.push(entry, &self.table);
    }

    /// Appends an event that writes any number of bytes, and applies it to memory.
    fn push_write(&mut self, entry: Entry) {
        self.push_entry(entry);
        match self.history.decode(entry) {
            Some(StoredEvent::Write(write)) => self.memory.write(&write),
            _ => self.memory.touch_nothing(),
        }
    }

    fn grow(&mut self, pages: u64) {
        self.memory.grow(pages.saturating_mul(PAGE));
        self.history
            .lengths
            .push((self.history.entries.len(), self.memory.len()));
    }

    fn refuse_growth(&mut self, site: u32, by: u32) {
        let refused = RefusedGrowth {
            site,
            pages: self.memory.len() / PAGE,
            by: by.into(),
        };
        let refused_growths = &mut self.refused_growths;
        if by > 0
            && refused_growths.len() < MAX_REFUSED_GROWTHS
            && !refused_growths.contains(&refused)
        {
            refused_growths.push(refused);
        }
    }

    /// Appends an event for bytes that are not in live memory as the events before leave them.
    pub(super) fn push_difference(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let event = HostEvent::Write {
                start: start.saturating_add(from),
                bytes: self.history.arena.store(piece),
                writer,
                is_difference: true,
            };
            self.replay_host_event(event);
        }
    }

    /// Returns how much memory the events so far take, and what is made of them at the end, in
    /// bytes.
    pub(super) fn needed_bytes(&self) -> usize {
        self.history.event_bytes() + self.memory.needed_bytes()
    }

    /// Returns memory after the events so far.
    pub(super) fn memory(&self) -> &WorkingMemory {
        &self.memory
    }

    /// Returns the growths that were refused, and forgets them.
    pub(super) fn take_refused_growths(&mut self) -> Vec<RefusedGrowth> {
        std::mem::take(&mut self.refused_growths)
    }

    /// Returns the records of the guest's allocator, and forgets them.
    pub(super) fn take_allocator_records(&mut self) -> Vec<(usize, AllocatorRecord)> {
        std::mem::take(&mut self.allocator_records)
    }

    /// Returns where child steps began and ended, and forgets that.
    pub(super) fn take_child_marks(&mut self) -> Vec<ChildMark> {
        std::mem::take(&mut self.child_marks)
    }

    /// Returns the numbers of the sites that wrote, in ascending order.
    pub(super) fn sites(&self) -> Vec<u32> {
        let used = self
            .used
            .iter()
            .enumerate()
            .filter(|(site, used)| **used && *site != HOST_EVENT as usize);
        used.map(|(site, _)| site as u32).collect()
    }

    /// Returns the events with the index over them. `before` is memory before all of them.
    pub(super) fn finish(self, before: &Image) -> History {
        let Replay {
            mut history,
            memory,
            writers,
            ..
        } = self;
        history.before = before.clone();
        history.after = before.clone();
        history.after.grow(memory.len());
        history.writers = writers.list;
        history.build_index(memory.finish());
        history.entries.shrink();
        history.arena.shrink();
        history
    }
}

/// Returns the store that an entry is: one past the end of any memory if the guest has no such
/// site.
#[inline]
fn store(entry: Entry, table: &SiteTable) -> Store {
    let Entry {
        site,
        address,
        value,
    } = entry;
    match table.get(site) {
        Some(known) => Store {
            by: WriterId::site(site),
            start: u64::from(address).saturating_add(known.immediate),
            width: table.width(site),
            value,
        },
        None => Store {
            start: u64::MAX,
            ..Store::default()
        },
    }
}

/// Applies the stores of a pack one by one, from one on.
fn store_each(
    memory: &mut WorkingMemory,
    used: &mut [bool],
    stores: PackView<'_>,
    from: usize,
    table: &SiteTable,
) {
    let mut batch = WriteBatch::new(memory);
    // A store of the last site with the address operand 0.
    let (mut site, mut at_zero) = (HOST_EVENT, store(Entry::default(), table));
    stores.for_each(from, |entry| {
        // The site is mostly that of the store before, and is looked up only where it is not.
        if entry.site != site {
            site = entry.site;
            at_zero = store(
                Entry {
                    address: 0,
                    ..entry
                },
                table,
            );
            mark_used(used, site);
        }
        let start = at_zero.start.saturating_add(entry.address.into());
        batch.push(at_zero.by, at_zero.width, start, entry.value as u64, || {
            entry.value
        });
    });
}

/// Applies the stores of a pack from one on that are contiguous, all at once. Returns the index of
/// the next one; `None` if they are not contiguous, or not all of them are in memory.
fn store_contiguous(
    memory: &mut WorkingMemory,
    used: &mut [bool],
    stores: PackView<'_>,
    at: usize,
    table: &SiteTable,
) -> Option<usize> {
    let (site, address, width, bytes) = stores.contiguous(at)?;
    let len = bytes.len() as u64;
    let start = u64::from(address).saturating_add(table.get(site)?.immediate);
    // An address operand wraps around at 2^32, and then the stores are not contiguous.
    let wraps = u64::from(address) + len > 1 << 32;
    if len == 0 || wraps || start.saturating_add(len) > memory.len() {
        return None;
    }
    mark_used(used, site);
    memory.store_contiguous(start, width, bytes, WriterId::site(site));
    Some(at + bytes.len() / width.max(1))
}

#[inline]
fn mark_used(used: &mut [bool], site: u32) {
    if let Some(used) = used.get_mut(site as usize) {
        *used = true;
    }
}
