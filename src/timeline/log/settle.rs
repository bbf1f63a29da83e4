//! One pass over what a running step told, in order: makes events of it, lets each happen to the leaves it touches, and
//! keeps what was counted of these on the way.

mod batch;
mod finish;
mod ledger;
mod owners;
mod sheets;
mod stream;
mod tallies;
mod working;

pub(super) use owners::Owners;

use std::sync::Arc;

use batch::Batch;
use ledger::{Ledger, Store};

use super::EventLog;
use super::changes::Changes;
use super::history::{By, History, KeptEvent, pack};
use super::pack::{Opened, Pack};
use super::recording::{Aside, Recording, Writers, pieces};
use super::room::Room;
use super::sites::{SiteKind, SiteTable};
use super::slots::{ASIDE, Blob, Entry, Slots};
use crate::timeline::image::{LEAF, PAGE};
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

/// Memory as the events of a recording make it, for who can hold it against the truth.
pub struct Recorded<'a>(&'a mut Pass);

impl Recorded<'_> {
    /// Memory's length in bytes.
    pub fn size(&self) -> u64 {
        self.0.ledger.len()
    }

    /// The 4 KiB that begin at `start`, a multiple of that; zero past the end.
    pub fn leaf(&self, start: u64) -> &[u8; LEAF as usize] {
        self.0.ledger.leaf(start / LEAF)
    }

    /// Appends to the events what memory holds in truth from `start` on.
    pub fn differs(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        let pass = &mut *self.0;
        let writer = pass.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let place = pass.history.blob.put(piece);
            let start = start.saturating_add(from);
            pass.aside(Aside::Write { start, place, len: piece.len() as u32, writer, is_difference: true });
        }
    }
}

impl Recording {
    /// Works out what the events come to, over memory before them.
    pub fn settle(self, before: &Image) -> Settled {
        self.settle_against(before, |_, _| {})
    }

    /// Like [`settle`](Recording::settle); `check` is given memory as the events make it and the starts of the leaves
    /// that were touched or noted, ascending, and tells what is different in truth.
    pub fn settle_against(self, before: &Image, check: impl FnOnce(&mut Recorded, &[u64])) -> Settled {
        let (stores, recorded) = (self.all_stores(), self.guest_stores());
        let mut touched = self.noted_leaves();
        let Recording { table, slots, asides, blob, writers, .. } = self;
        let ledger = Ledger::new(before, slots.len() + asides.len());
        let mut pass = Pass::new(table, blob, writers, ledger);
        pass.run(slots, asides);
        touched.extend(pass.ledger.starts());
        touched.sort_unstable();
        touched.dedup();
        check(&mut Recorded(&mut pass), &touched);
        let sites = pass.sites();
        let refused = std::mem::take(&mut pass.refused);
        let events = EventLog(Arc::new(pass.finish(before)));
        let memory = events.0.after.clone();
        Settled { changes: Changes(events.clone()), events, memory, sites, stores, recorded, refused }
    }
}

/// A copy from another memory, whose bytes are told behind it: its site, and where the next of them go.
type Pending = Option<(u32, u64)>;

struct Pass {
    table: Arc<SiteTable>,
    /// As far as it is known; its leaves come last.
    history: History,
    ledger: Ledger,
    writers: Writers,
    used: Vec<bool>,
    pending: Pending,
    refused: Vec<Refused>,
}

impl Pass {
    fn new(table: Arc<SiteTable>, blob: Blob, writers: Writers, ledger: Ledger) -> Self {
        let history = History { table: Arc::clone(&table), blob, ..History::default() };
        Pass { used: vec![false; table.len() + 1], table, history, ledger, writers, pending: None, refused: Vec::new() }
    }

    fn run(&mut self, slots: Slots, asides: Vec<(usize, Aside)>) {
        let table = Arc::clone(&self.table);
        let mut asides = asides.into_iter().peekable();
        let mut position = 0;
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
        let stores = pack.open(room);
        if self.dense(stores, table).is_none() {
            self.each(stores, table);
        }
        self.history.slots.adopt(pack, table);
    }

    fn each(&mut self, stores: Opened<'_>, table: &SiteTable) {
        let mut batch = Batch::new(&mut self.ledger);
        let (mut site, mut at_zero) = (ASIDE, store(Entry::default(), table));
        let used = &mut self.used;
        stores.each(|entry| {
            // Mostly it is the site that stored before.
            if entry.site != site {
                (site, at_zero) = (entry.site, store(Entry { address: 0, ..entry }, table));
                if let Some(used) = used.get_mut(site as usize) {
                    *used = true;
                }
            }
            let start = at_zero.start.saturating_add(entry.address.into());
            batch.push(at_zero.by, at_zero.width, start, entry.value as u64, || entry.value);
        });
    }

    /// Stores that lie one right behind the other, all at once. `None` where they do not, or not all in memory.
    fn dense(&mut self, stores: Opened<'_>, table: &SiteTable) -> Option<()> {
        let (site, address, width, bytes) = stores.dense(0)?;
        let len = stores.len() * width;
        let bytes = bytes.get(..len)?;
        let start = u64::from(address).saturating_add(table.shape(site)?.immediate);
        let wraps = u64::from(address) + len as u64 > 1 << 32;
        if wraps || start.saturating_add(len as u64) > self.ledger.len() {
            return None;
        }
        self.use_site(site);
        self.ledger.store_dense(start, width, bytes, By::site(site));
        Some(())
    }

    fn entry(&mut self, entry: Entry, table: &SiteTable) {
        self.pending = None;
        let Some(shape) = table.shape(entry.site) else { return };
        match &shape.kind {
            SiteKind::Store { .. } | SiteKind::Wide => {
                self.emit(entry);
                self.ledger.store(store(entry, table));
            }
            kind => self.bulk(entry, kind),
        }
    }

    fn bulk(&mut self, entry: Entry, kind: &SiteKind) {
        let Entry { site, address, .. } = entry;
        let (start, len, source) = (u64::from(address), entry.low(), entry.high());
        match kind {
            SiteKind::Store { .. } | SiteKind::Wide => {}
            SiteKind::CopyFrom => self.pending = Some((site, start)),
            SiteKind::Fill => {
                for (from, to) in pieces(start, len) {
                    self.write(Entry::new(site, (start + from) as u32, source << 32 | (to - from)));
                }
            }
            SiteKind::Init { bytes } => {
                let len = if source + len <= bytes.len() as u64 { len } else { 0 };
                for (from, to) in pieces(start, len) {
                    let value = (source + from) << 32 | (to - from);
                    self.write(Entry::new(site, (start + from) as u32, value));
                }
            }
            SiteKind::Copy => {
                // All is read before anything is written: the two may overlap.
                let read: Vec<_> = pieces(start, len)
                    .map(|(from, to)| {
                        let bytes = self.ledger.read(source + from, (to - from) as usize);
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
        self.write(Entry::new(site, start as u32, pack(place, len as u64)));
    }

    fn aside(&mut self, aside: Aside) {
        match aside {
            Aside::Copied { place, len } => {
                if let Some((site, address)) = self.pending {
                    self.copied(site, address, place, len as usize);
                    self.pending = Some((site, address + u64::from(len)));
                }
            }
            Aside::Growth { after, .. } => {
                self.emit(Entry::new(ASIDE, 0, self.history.asides.len() as u64));
                self.history.asides.push(aside);
                self.grow(after);
            }
            Aside::Write { .. } => {
                let entry = Entry::new(ASIDE, 0, self.history.asides.len() as u64);
                self.history.asides.push(aside);
                self.write(entry);
            }
        }
    }

    #[inline]
    fn emit(&mut self, entry: Entry) {
        self.use_site(entry.site);
        self.history.slots.push(entry, &self.table);
    }

    /// A write that is no single store.
    fn write(&mut self, entry: Entry) {
        self.emit(entry);
        match self.history.kept_entry(entry) {
            Some(KeptEvent::Write(write)) => self.ledger.write(&write),
            _ => self.ledger.pass(),
        }
    }

    #[inline]
    fn use_site(&mut self, site: u32) {
        if let Some(used) = self.used.get_mut(site as usize) {
            *used = true;
        }
    }

    fn grow(&mut self, pages: u64) {
        self.ledger.grow(pages.saturating_mul(PAGE));
        self.history.lengths.push((self.history.slots.len(), self.ledger.len()));
    }

    fn refuse(&mut self, site: u32, by: u32) {
        let refused = Refused { site, pages: self.ledger.len() / PAGE, by: by.into() };
        if by > 0 && self.refused.len() < MOST_REFUSED && !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    fn sites(&self) -> Vec<u32> {
        let used = self.used.iter().enumerate().filter(|(site, used)| **used && *site != ASIDE as usize);
        used.map(|(site, _)| site as u32).collect()
    }

    fn finish(self, before: &Image) -> History {
        let Pass { mut history, ledger, writers, .. } = self;
        history.before = before.clone();
        history.after = before.clone();
        history.after.grow(ledger.len());
        history.writers = writers.list;
        history.keep(ledger.close());
        history.slots.shrink();
        history.blob.shrink();
        history
    }
}

/// What an entry stores that is a store and no more; nothing at all where no such instruction is known.
#[inline]
fn store(entry: Entry, table: &SiteTable) -> Store {
    let Entry { site, address, value } = entry;
    match table.shape(site) {
        Some(shape) => {
            let start = u64::from(address).saturating_add(shape.immediate);
            Store { by: By::site(site), start, width: table.width(site), value }
        }
        None => Store { start: u64::MAX, ..Store::default() },
    }
}
