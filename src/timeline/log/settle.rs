//! One pass over what a running step told, in order: makes events of it, finds what they touch, and memory after them.

use std::sync::Arc;

use super::EventLog;
use super::changes::{self, Changes};
use super::history::{BLOCK, Bits, Block, Bytes, History, LeafHistory, pack};
use super::recording::{Aside, Recording, Writers, pieces};
use super::sites::{SiteKind, SiteTable};
use super::slots::{ASIDE, Blob, CONTINUATION, Slot, Slots, parts, slot};
use crate::timeline::image::{LEAF, Leaf, PAGE};
use crate::timeline::{Image, Writer};

/// What a recording comes to.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    pub events: EventLog,
    /// Memory before, and the events.
    pub memory: Image,
    pub changes: Changes,
    /// The sites that wrote, each once, ascending.
    pub sites: Vec<u32>,
    /// How many single stores the guest made.
    pub stores: u64,
    /// How many of them are events of their own.
    pub recorded: u64,
}

/// Bytes that memory holds in truth, where the events tell it otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub start: u64,
    pub bytes: Vec<u8>,
    pub writer: Writer,
}

impl Recording {
    /// Works out what the events come to, over memory before them.
    pub fn settle(self, before: &Image) -> Settled {
        self.settle_against(before, |_, _| Vec::new())
    }

    /// Like [`settle`](Recording::settle); `truth` is given memory as the events make it and the starts of the leaves
    /// that were touched or noted, ascending. What it finds different is appended to the events.
    pub fn settle_against(self, before: &Image, truth: impl FnOnce(&Image, &[u64]) -> Vec<Difference>) -> Settled {
        let (stores, recorded) = (self.all_stores(), self.guest_stores());
        let mut touched = self.noted_leaves();
        let Recording { table, slots, asides, blob, writers, .. } = self;
        let mut pass = Pass::new(table, blob, writers, before);
        pass.run(slots, asides);
        let mut memory = pass.memory();
        touched.extend(pass.pages.iter().map(|page| page.number * LEAF));
        touched.sort_unstable();
        touched.dedup();
        for difference in truth(&memory, &touched) {
            memory.write(difference.start, &difference.bytes);
            pass.difference(difference);
        }
        let sites = pass.sites();
        let history = pass.finish(memory.clone());
        let events = EventLog(Arc::new(history));
        Settled { changes: Changes(events.clone()), events, memory, sites, stores, recorded }
    }
}

/// A leaf while events are put into it.
struct Page {
    number: u64,
    bytes: Box<Leaf>,
    /// What the events since the last block wrote.
    written: Box<Bits>,
    events: Vec<u32>,
    blocks: Vec<Block>,
}

impl Page {
    fn new(number: u64, before: &Image) -> Self {
        let bytes = match before.shared_leaf(number * LEAF) {
            Some(leaf) => Box::new(**leaf),
            None => Box::new([0; LEAF as usize]),
        };
        Page { number, bytes, written: Box::new([0; LEAF as usize / 64]), events: Vec::new(), blocks: Vec::new() }
    }

    /// Up to 8 bytes that lie inside the leaf.
    #[inline]
    fn few(&mut self, event: u32, within: usize, value: u64, width: u8) {
        let bytes = value.to_le_bytes();
        macro_rules! put {
            ($n:literal) => {
                if let Some(part) = self.bytes.get_mut(within..within + $n) {
                    part.copy_from_slice(&bytes[..$n]);
                }
            };
        }
        match width {
            1 => put!(1),
            2 => put!(2),
            4 => put!(4),
            _ => put!(8),
        }
        let mask = ((1u128 << width) - 1) << (within % 64);
        let word = within / 64;
        self.written[word] |= mask as u64;
        if let Some(next) = self.written.get_mut(word + 1) {
            *next |= (mask >> 64) as u64;
        }
        self.touched(event);
    }

    fn many(&mut self, event: u32, within: usize, skip: usize, len: usize, bytes: Bytes) {
        if let Some(part) = self.bytes.get_mut(within..within + len) {
            bytes.put(skip, part);
        }
        mark(&mut self.written, within, within + len);
        self.touched(event);
    }

    #[inline]
    fn touched(&mut self, event: u32) {
        self.events.push(event);
        if self.events.len().is_multiple_of(BLOCK) {
            let written = std::mem::replace(&mut self.written, Box::new([0; LEAF as usize / 64]));
            self.blocks.push(Block { leaf: Arc::new(*self.bytes), written });
        }
    }
}

/// Sets the bits of a range of bytes.
pub(super) fn mark(bits: &mut Bits, from: usize, to: usize) {
    let mut at = from;
    while at < to {
        let end = (at / 64 * 64 + 64).min(to);
        let ones = if end - at == 64 { u64::MAX } else { (1 << (end - at)) - 1 };
        if let Some(word) = bits.get_mut(at / 64) {
            *word |= ones << (at % 64);
        }
        at = end;
    }
}

/// Which page is at work on a leaf, by the leaf's number.
#[derive(Default)]
struct Places {
    roots: Vec<Option<Box<[u32; Places::ROOT]>>>,
}

impl Places {
    const ROOT: usize = 1024;

    /// Where the place of a leaf is kept: 0 for none, else one more than it.
    fn of(&mut self, number: u64) -> &mut u32 {
        let root = (number / Self::ROOT as u64) as usize;
        if root >= self.roots.len() {
            self.roots.resize(root + 1, None);
        }
        let leaves = self.roots[root].get_or_insert_with(|| Box::new([0; Self::ROOT]));
        &mut leaves[number as usize % Self::ROOT]
    }
}

/// A slot that the one after it completes.
enum Pending {
    Nothing,
    Wide { site: u32, address: u32, low: u64 },
    CopyFrom { site: u32, address: u64 },
}

struct Pass {
    table: Arc<SiteTable>,
    slots: Slots,
    blob: Blob,
    asides: Vec<Aside>,
    writers: Writers,
    lengths: Vec<(usize, u64)>,
    before: Image,
    /// Memory's length as it is now.
    len: u64,
    places: Places,
    pages: Vec<Page>,
    /// The leaf touched last and its place.
    last: (u64, usize),
    used: Vec<bool>,
    pending: Pending,
}

impl Pass {
    fn new(table: Arc<SiteTable>, blob: Blob, writers: Writers, before: &Image) -> Self {
        Pass {
            used: vec![false; table.len() + 1],
            table,
            slots: Slots::default(),
            blob,
            asides: Vec::new(),
            writers,
            lengths: Vec::new(),
            before: before.clone(),
            len: before.len(),
            places: Places::default(),
            pages: Vec::new(),
            last: (u64::MAX, 0),
            pending: Pending::Nothing,
        }
    }

    fn run(&mut self, slots: Slots, asides: Vec<(usize, Aside)>) {
        let table = Arc::clone(&self.table);
        let mut asides = asides.into_iter().peekable();
        let mut position = 0;
        for chunk in slots.into_chunks() {
            let mut rest = chunk.as_slice();
            while !rest.is_empty() {
                while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                    self.aside(aside);
                }
                let until = asides.peek().map_or(rest.len(), |(at, _)| (*at - position).min(rest.len()));
                let (now, later) = rest.split_at(until);
                for slot in now {
                    self.slot(slot, &table);
                }
                position += until;
                rest = later;
            }
        }
        for (_, aside) in asides {
            self.aside(aside);
        }
    }

    #[inline]
    fn slot(&mut self, whole: &Slot, table: &SiteTable) {
        let (site, address, value) = parts(whole);
        if site == CONTINUATION {
            return self.second_half(value);
        }
        self.pending = Pending::Nothing;
        let Some(shape) = table.shape(site) else { return };
        if let SiteKind::Store { width } = shape.kind {
            let event = self.emit(site, *whole);
            self.few(event, u64::from(address).saturating_add(shape.immediate), value, width);
            return;
        }
        self.bulk(site, address, value, table);
    }

    fn bulk(&mut self, site: u32, address: u32, value: u64, table: &SiteTable) {
        let Some(shape) = table.shape(site) else { return };
        let (start, len, source) = (u64::from(address), value & 0xffff_ffff, value >> 32);
        match &shape.kind {
            SiteKind::Store { .. } => {}
            SiteKind::Wide => self.pending = Pending::Wide { site, address, low: value },
            SiteKind::CopyFrom => self.pending = Pending::CopyFrom { site, address: start },
            SiteKind::Fill => {
                for (from, to) in pieces(start, len) {
                    let event = self.emit(site, slot(site, (start + from) as u32, source << 32 | (to - from)));
                    self.put(event, start + from, Bytes::Same(source as u8, to - from));
                }
            }
            SiteKind::Init { bytes } => {
                for (from, to) in pieces(start, len) {
                    let source = source + from;
                    let value = source << 32 | (to - from);
                    let event = self.emit(site, slot(site, (start + from) as u32, value));
                    let part = bytes.get(source as usize..(source + to - from) as usize).unwrap_or_default();
                    self.put(event, start + from, Bytes::Slice(part));
                }
            }
            SiteKind::Copy => {
                // All is read before anything is written: the two may overlap.
                let read: Vec<_> = pieces(start, len)
                    .map(|(from, to)| {
                        let bytes = self.read(source + from, (to - from) as usize);
                        (start + from, self.blob.put(&bytes), bytes.len())
                    })
                    .collect();
                for (at, place, len) in read {
                    self.copied(site, at, place, len);
                }
            }
            SiteKind::Grow if value as u32 != u32::MAX && address > 0 => {
                self.emit(site, slot(site, address, len));
                self.grow(len + u64::from(address));
            }
            SiteKind::Grow => {}
        }
    }

    fn second_half(&mut self, high: u64) {
        let Pending::Wide { site, address, low } = self.pending else { return };
        self.pending = Pending::Nothing;
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
        let place = self.blob.put(&bytes);
        let immediate = self.table.shape(site).map_or(0, |shape| shape.immediate);
        let event = self.emit(site, slot(site, address, place));
        self.put(event, u64::from(address).saturating_add(immediate), Bytes::Slice(&bytes));
    }

    fn copied(&mut self, site: u32, start: u64, place: u64, len: usize) {
        let event = self.emit(site, slot(site, start as u32, pack(place, len as u64)));
        let blob = std::mem::take(&mut self.blob);
        self.put(event, start, Bytes::Slice(blob.get(place, len)));
        self.blob = blob;
    }

    fn aside(&mut self, aside: Aside) {
        match aside {
            Aside::Copied { place, len } => {
                if let Pending::CopyFrom { site, address } = self.pending {
                    self.copied(site, address, place, len as usize);
                    self.pending = Pending::CopyFrom { site, address: address + u64::from(len) };
                }
                return;
            }
            Aside::Growth { after, .. } => {
                self.emit(ASIDE, slot(ASIDE, 0, self.asides.len() as u64));
                self.grow(after);
            }
            Aside::Write { start, place, len, .. } => {
                let event = self.emit(ASIDE, slot(ASIDE, 0, self.asides.len() as u64));
                let blob = std::mem::take(&mut self.blob);
                self.put(event, start, Bytes::Slice(blob.get(place, len as usize)));
                self.blob = blob;
            }
        }
        self.asides.push(aside);
    }

    fn difference(&mut self, Difference { start, bytes, writer }: Difference) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let place = self.blob.put(piece);
            let start = start.saturating_add(from);
            self.aside(Aside::Write { start, place, len: piece.len() as u32, writer, is_difference: true });
        }
    }

    /// The new event's number.
    #[inline]
    fn emit(&mut self, site: u32, slot: Slot) -> u32 {
        let event = self.slots.len() as u32;
        if let Some(used) = self.used.get_mut(site as usize) {
            *used = true;
        }
        self.slots.push(slot);
        event
    }

    fn grow(&mut self, pages: u64) {
        self.len = self.len.max(pages.saturating_mul(PAGE));
        self.lengths.push((self.slots.len(), self.len));
    }

    #[inline]
    fn few(&mut self, event: u32, start: u64, value: u64, width: u8) {
        let within = (start % LEAF) as usize;
        let end = start.saturating_add(u64::from(width));
        if within + usize::from(width) > LEAF as usize || end > self.len {
            return self.put(event, start, Bytes::Few(value.to_le_bytes(), width));
        }
        self.page(start / LEAF).few(event, within, value, width);
    }

    /// Bytes anywhere; what would lie past the end of memory is left out.
    fn put(&mut self, event: u32, start: u64, bytes: Bytes) {
        let end = start.saturating_add(bytes.len()).min(self.len);
        let mut at = start;
        while at < end {
            let within = (at % LEAF) as usize;
            let take = (LEAF - at % LEAF).min(end - at) as usize;
            self.page(at / LEAF).many(event, within, (at - start) as usize, take, bytes);
            at += take as u64;
        }
    }

    #[inline]
    fn page(&mut self, number: u64) -> &mut Page {
        if self.last.0 != number {
            self.last = (number, self.place(number));
        }
        &mut self.pages[self.last.1]
    }

    fn place(&mut self, number: u64) -> usize {
        let place = self.places.of(number);
        if *place == 0 {
            self.pages.push(Page::new(number, &self.before));
            *place = self.pages.len() as u32;
        }
        *place as usize - 1
    }

    /// Bytes as they are now, zeros past the end.
    fn read(&mut self, start: u64, len: usize) -> Vec<u8> {
        let mut out = self.before.read(start, len as u64);
        let mut at = 0;
        while at < len {
            let from = start + at as u64;
            let within = (from % LEAF) as usize;
            let take = (LEAF as usize - within).min(len - at);
            if from < self.len
                && let Some(place) = (*self.places.of(from / LEAF)).checked_sub(1)
                && let Some(page) = self.pages.get(place as usize)
                && let (Some(to), Some(from)) = (out.get_mut(at..at + take), page.bytes.get(within..within + take))
            {
                to.copy_from_slice(from);
            }
            at += take;
        }
        out
    }

    /// Memory as it is now, sharing with memory before what is the same.
    fn memory(&self) -> Image {
        let mut memory = self.before.clone();
        memory.grow(self.len);
        for page in self.pages.iter().filter(|page| differs(page, &self.before)) {
            memory.put_leaf(page.number, Arc::new(*page.bytes));
        }
        memory
    }

    fn sites(&self) -> Vec<u32> {
        let used = self.used.iter().enumerate().filter(|(site, used)| **used && *site != ASIDE as usize);
        used.map(|(site, _)| site as u32).collect()
    }

    fn finish(mut self, after: Image) -> History {
        self.pages.sort_unstable_by_key(|page| page.number);
        let changed = self.pages.iter().enumerate().filter(|(_, page)| differs(page, &self.before));
        let changed = changed.map(|(index, _)| index as u32).collect();
        let leaves = self.pages.into_iter().map(|page| LeafHistory {
            number: page.number,
            events: page.events.into_boxed_slice(),
            blocks: page.blocks.into_boxed_slice(),
        });
        self.slots.shrink();
        self.blob.shrink();
        let mut history = History {
            table: self.table,
            slots: self.slots,
            blob: self.blob,
            asides: self.asides,
            writers: self.writers.list,
            lengths: self.lengths,
            before: self.before,
            after,
            leaves: leaves.collect(),
            changed,
            summary: changes::Summary::default(),
        };
        history.summary = changes::summary(&history);
        history
    }
}

fn differs(page: &Page, before: &Image) -> bool {
    match before.shared_leaf(page.number * LEAF) {
        Some(leaf) => **leaf != *page.bytes,
        None => page.bytes.iter().any(|byte| *byte != 0),
    }
}
