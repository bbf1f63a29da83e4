//! One pass over what a running step told, in order: makes events of it, finds what they touch, and memory after them.

use std::ops::Range;
use std::sync::Arc;

use super::EventLog;
use super::changes::Changes;
use super::history::{BLOCK, Block, History, LeafHistory, pack};
use super::pack::Pack;
use super::recording::{Aside, Recording, Writers, pieces};
use super::room::Room;
use super::sites::{SiteKind, SiteTable};
use super::slots::{ASIDE, Blob, Entry, Slots};
use super::summary::Sum;
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
    /// The guest's wishes for more memory that were not granted, each once; a bounded number of them.
    pub refused: Vec<Refused>,
}

/// A `memory.grow` that answered -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub site: u32,
    /// Memory's size then, in pages.
    pub pages: u64,
    /// How many more were asked for.
    pub by: u64,
}

/// Refused growths of one step that are told apart.
const MOST_REFUSED: usize = 16;

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
        pass.work_out();
        touched.extend(pass.history.leaves.iter().map(|leaf| leaf.number * LEAF));
        touched.sort_unstable();
        touched.dedup();
        let differences = truth(&pass.history.after, &touched);
        if !differences.is_empty() {
            differences.into_iter().for_each(|difference| pass.difference(difference));
            pass.work_out();
        }
        let sites = pass.sites();
        let refused = std::mem::take(&mut pass.refused);
        let events = EventLog(Arc::new(pass.finish()));
        let memory = events.0.after.clone();
        Settled { changes: Changes(events.clone()), events, memory, sites, stores, recorded, refused }
    }
}

/// Which place a leaf has among those that were met, by its number.
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

/// A copy from another memory, whose bytes are told behind it: its site, and where the next of them go.
type Pending = Option<(u32, u64)>;

/// A leaf that was touched.
struct Met {
    number: u64,
    touches: u32,
    /// Its bytes, up to [`Pass::applied`], where somebody copies.
    bytes: Option<Box<Leaf>>,
}

/// In the stream of touches: another touch of the same event.
const MORE: u32 = 1 << 31;
/// In the stream of touches: an event that touches nothing.
const NONE: u32 = MORE - 1;

struct Pass {
    table: Arc<SiteTable>,
    /// As far as it is known; its leaves come last.
    history: History,
    writers: Writers,
    /// Memory's length as it is now.
    len: u64,
    places: Places,
    met: Vec<Met>,
    /// The leaf touched last and its place.
    last: (u64, u32),
    /// The places that the events touch, in order of the events: at least one entry for each.
    stream: Vec<u32>,
    /// How many events were let happen to the bytes of the leaves that were met.
    applied: usize,
    used: Vec<bool>,
    pending: Pending,
    refused: Vec<Refused>,
}

impl Pass {
    fn new(table: Arc<SiteTable>, blob: Blob, writers: Writers, before: &Image) -> Self {
        let history = History { table: Arc::clone(&table), blob, before: before.clone(), ..History::default() };
        Pass {
            used: vec![false; table.len() + 1],
            table,
            history,
            writers,
            len: before.len(),
            places: Places::default(),
            met: Vec::new(),
            last: (u64::MAX, 0),
            stream: Vec::new(),
            applied: 0,
            pending: None,
            refused: Vec::new(),
        }
    }

    fn run(&mut self, slots: Slots, asides: Vec<(usize, Aside)>) {
        let table = Arc::clone(&self.table);
        let mut asides = asides.into_iter().peekable();
        let mut position = 0;
        self.stream.reserve(slots.len());
        let (packs, room, open) = slots.into_parts();
        self.history.slots = Slots::within(room.clone());
        for pack in packs {
            while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                self.aside(aside);
            }
            let is_whole = asides.peek().is_none_or(|(at, _)| *at >= position + pack.len());
            if is_whole && pack.open(&room).is_plain(&table) {
                position += pack.len();
                self.adopt(pack, &room, &table);
                continue;
            }
            let pack = pack.open(&room);
            for at in 0..pack.len() {
                while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                    self.aside(aside);
                }
                self.entry(pack.get(at), &table);
                position += 1;
            }
        }
        for entry in open {
            while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                self.aside(aside);
            }
            self.entry(entry, &table);
            position += 1;
        }
        for (_, aside) in asides {
            self.aside(aside);
        }
    }

    /// Takes over a pack of nothing but stores.
    fn adopt(&mut self, pack: Pack, room: &Room, table: &SiteTable) {
        self.pending = None;
        pack.open(room).each_head(|site, address| {
            let Some(shape) = table.shape(site) else { return self.stream.push(NONE) };
            self.use_site(site);
            self.touch(u64::from(address).saturating_add(shape.immediate), table.width(site).into());
        });
        self.history.slots.adopt(pack, table);
    }

    fn entry(&mut self, entry: Entry, table: &SiteTable) {
        self.pending = None;
        let Some(shape) = table.shape(entry.site) else { return };
        let width = match shape.kind {
            SiteKind::Store { width } => u64::from(width),
            SiteKind::Wide => 16,
            _ => return self.bulk(entry, &shape.kind),
        };
        self.emit(entry);
        self.touch(u64::from(entry.address).saturating_add(shape.immediate), width);
    }

    fn bulk(&mut self, entry: Entry, kind: &SiteKind) {
        let Entry { site, address, .. } = entry;
        let (start, len, source) = (u64::from(address), entry.low(), entry.high());
        match kind {
            SiteKind::Store { .. } | SiteKind::Wide => {}
            SiteKind::CopyFrom => self.pending = Some((site, start)),
            SiteKind::Fill => {
                for (from, to) in pieces(start, len) {
                    self.emit(Entry::new(site, (start + from) as u32, source << 32 | (to - from)));
                    self.touch(start + from, to - from);
                }
            }
            SiteKind::Init { bytes } => {
                let len = if source + len <= bytes.len() as u64 { len } else { 0 };
                for (from, to) in pieces(start, len) {
                    let value = (source + from) << 32 | (to - from);
                    self.emit(Entry::new(site, (start + from) as u32, value));
                    self.touch(start + from, to - from);
                }
            }
            SiteKind::Copy => {
                self.catch_up();
                // All is read before anything is written: the two may overlap.
                let read: Vec<_> = pieces(start, len)
                    .map(|(from, to)| {
                        let bytes = self.read(source + from, (to - from) as usize);
                        (start + from, self.history.blob.put(&bytes), bytes.len())
                    })
                    .collect();
                for (at, place, len) in read {
                    self.copied(site, at, place, len);
                }
            }
            SiteKind::Grow if len != u64::from(u32::MAX) && address > 0 => {
                self.emit(Entry::new(site, address, len));
                self.grow(len + u64::from(address));
            }
            SiteKind::Grow => self.refuse(site, address),
        }
    }

    fn copied(&mut self, site: u32, start: u64, place: u64, len: usize) {
        self.emit(Entry::new(site, start as u32, pack(place, len as u64)));
        self.touch(start, len as u64);
    }

    fn aside(&mut self, aside: Aside) {
        match aside {
            Aside::Copied { place, len } => {
                if let Some((site, address)) = self.pending {
                    self.copied(site, address, place, len as usize);
                    self.pending = Some((site, address + u64::from(len)));
                }
                return;
            }
            Aside::Growth { after, .. } => {
                self.emit(Entry::new(ASIDE, 0, self.history.asides.len() as u64));
                self.grow(after);
            }
            Aside::Write { start, len, .. } => {
                self.emit(Entry::new(ASIDE, 0, self.history.asides.len() as u64));
                self.touch(start, u64::from(len));
            }
        }
        self.history.asides.push(aside);
    }

    fn difference(&mut self, Difference { start, bytes, writer }: Difference) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let place = self.history.blob.put(piece);
            let start = start.saturating_add(from);
            self.aside(Aside::Write { start, place, len: piece.len() as u32, writer, is_difference: true });
        }
    }

    #[inline]
    fn emit(&mut self, entry: Entry) {
        self.use_site(entry.site);
        self.history.slots.push(entry, &self.table);
    }

    fn use_site(&mut self, site: u32) {
        if let Some(used) = self.used.get_mut(site as usize) {
            *used = true;
        }
    }

    fn grow(&mut self, pages: u64) {
        self.len = self.len.max(pages.saturating_mul(PAGE));
        self.history.lengths.push((self.history.slots.len(), self.len));
        self.stream.push(NONE);
    }

    fn refuse(&mut self, site: u32, by: u32) {
        let refused = Refused { site, pages: self.len / PAGE, by: by.into() };
        if by > 0 && self.refused.len() < MOST_REFUSED && !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// Notes the leaves that the event emitted last touches; what lies past the end of memory is none.
    #[inline]
    fn touch(&mut self, start: u64, len: u64) {
        let end = start.saturating_add(len);
        if len == 0 || end > self.len || start / LEAF != (end - 1) / LEAF {
            return self.touch_many(start, end.min(self.len));
        }
        let place = self.place(start / LEAF);
        self.stream.push(place);
    }

    fn touch_many(&mut self, start: u64, end: u64) {
        let Some(last) = end.checked_sub(1).filter(|last| *last >= start) else { return self.stream.push(NONE) };
        for number in start / LEAF..=last / LEAF {
            let more = if number > start / LEAF { MORE } else { 0 };
            let place = self.place(number);
            self.stream.push(place | more);
        }
    }

    /// The place of a leaf that is touched once more.
    #[inline]
    fn place(&mut self, number: u64) -> u32 {
        if self.last.0 != number {
            self.last = (number, self.find(number));
        }
        if let Some(met) = self.met.get_mut(self.last.1 as usize) {
            met.touches += 1;
        }
        self.last.1
    }

    fn find(&mut self, number: u64) -> u32 {
        let place = self.places.of(number);
        if *place == 0 {
            self.met.push(Met { number, touches: 0, bytes: None });
            *place = self.met.len() as u32;
        }
        *place - 1
    }

    /// Lets the events that were not yet happen to the bytes of the leaves, for who is to read them.
    fn catch_up(&mut self) {
        let mut reader = self.history.reader();
        for event in self.applied..self.history.len() {
            let Some(write) = self.history.kept_write(event) else { continue };
            let end = write.end().min(self.history.length(event));
            for number in write.start / LEAF..end.div_ceil(LEAF) {
                let Some(place) = self.places.of(number).checked_sub(1) else { continue };
                let Some(met) = self.met.get_mut(place as usize) else { continue };
                let bytes = met.bytes.get_or_insert_with(|| leaf_of(&self.history.before, number));
                self.history.play(&mut reader, event as u32, number, bytes, None);
            }
        }
        self.applied = self.history.len();
    }

    /// Bytes as they are once [`catch_up`](Pass::catch_up) was called, zeros past the end.
    fn read(&mut self, start: u64, len: usize) -> Vec<u8> {
        let mut out = self.history.before.read(start, len as u64);
        let mut at = 0;
        while at < len {
            let from = start + at as u64;
            let within = (from % LEAF) as usize;
            let take = (LEAF as usize - within).min(len - at);
            if from < self.len
                && let Some(place) = self.places.of(from / LEAF).checked_sub(1)
                && let Some(bytes) = self.met.get(place as usize).and_then(|met| met.bytes.as_ref())
                && let (Some(to), Some(from)) = (out.get_mut(at..at + take), bytes.get(within..within + take))
            {
                to.copy_from_slice(from);
            }
            at += take;
        }
        out
    }

    fn sites(&self) -> Vec<u32> {
        let used = self.used.iter().enumerate().filter(|(site, used)| **used && *site != ASIDE as usize);
        used.map(|(site, _)| site as u32).collect()
    }

    /// Works out everything that follows from the events, leaf by leaf in order of address.
    fn work_out(&mut self) {
        let mut order: Vec<usize> = (0..self.met.len()).collect();
        order.sort_unstable_by_key(|place| self.met.get(*place).map(|met| met.number));
        let ranges = self.sort_touches(&order);
        let history = &mut self.history;
        history.after = history.before.clone();
        history.after.grow(self.len);
        history.leaves = Vec::with_capacity(order.len());
        history.changed.clear();
        history.writers.clone_from(&self.writers.list);
        let mut sum = Sum::default();
        for (index, (place, touches)) in order.into_iter().zip(ranges).enumerate() {
            let Some(met) = self.met.get(place) else { continue };
            let (number, offset) = (met.number, met.number * LEAF);
            let (blocks, leaf) = play_all(history, number, &touches);
            history.leaves.push(LeafHistory { number, touches, blocks });
            let is_same = match history.before.shared_leaf(offset) {
                Some(before) => **before == *leaf,
                None => leaf.iter().all(|byte| *byte == 0),
            };
            if !is_same {
                history.after.put_leaf(number, leaf.into());
                history.changed.push(index as u32);
                sum.add_leaf(history, index);
            }
        }
        history.summary = sum.finish(history);
    }

    /// Brings the stream into the order of the leaves; where the touches of each lie.
    fn sort_touches(&mut self, order: &[usize]) -> Vec<Range<usize>> {
        let mut next = vec![0; self.met.len()];
        let mut ranges = Vec::with_capacity(order.len());
        let mut total = 0;
        for place in order {
            let touches = self.met.get(*place).map_or(0, |met| met.touches as usize);
            ranges.push(total..total + touches);
            if let Some(next) = next.get_mut(*place) {
                *next = total;
            }
            total += touches;
        }
        let mut touches = vec![0; total];
        let mut events = 0u32;
        for entry in &self.stream {
            events += u32::from(entry & MORE == 0);
            if let Some(next) = next.get_mut((entry & !MORE) as usize) {
                if let Some(touch) = touches.get_mut(*next) {
                    *touch = events - 1;
                }
                *next += 1;
            }
        }
        self.history.touches = touches;
        ranges
    }

    fn finish(mut self) -> History {
        self.history.slots.shrink();
        self.history.blob.shrink();
        self.history
    }
}

fn leaf_of(image: &Image, number: u64) -> Box<Leaf> {
    image.shared_leaf(number * LEAF).map_or_else(|| Box::new([0; LEAF as usize]), |leaf| Box::new(**leaf))
}

/// A leaf after all its events, and what is kept on the way.
fn play_all(history: &History, number: u64, touches: &Range<usize>) -> (Box<[Block]>, Box<Leaf>) {
    let mut leaf = leaf_of(&history.before, number);
    let mut blocks = Vec::new();
    let events = history.touches.get(touches.clone()).unwrap_or_default();
    let (full, rest) = events.as_chunks::<BLOCK>();
    let mut reader = history.reader();
    for events in full {
        let mut written = Box::new([0; LEAF as usize / 64]);
        history.play_all(&mut reader, events, number, &mut leaf, Some(&mut written));
        blocks.push(Block { leaf: Arc::new(*leaf), written });
    }
    history.play_all(&mut reader, rest, number, &mut leaf, None);
    (blocks.into_boxed_slice(), leaf)
}
