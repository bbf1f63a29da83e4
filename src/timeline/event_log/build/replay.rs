//! What was told, in order: events are made of it, and each happens to memory as it passes by.

use std::sync::Arc;

use super::Refused;
use super::working_memory::{Store, WorkingMemory};
use super::write_batch::Batch;
use crate::journal_abi::SiteKind;
use crate::timeline::event_log::encoding::{Opened, Pack};
use crate::timeline::event_log::entries::{ASIDE, Entry, Slots};
use crate::timeline::event_log::leaf_index::{History, KeptEvent, WriterId, pack};
use crate::timeline::event_log::recording::{HostEvent, Recording, Writers, pieces};
use crate::timeline::event_log::store_sites::SiteTable;
use crate::timeline::image::PAGE;
use crate::timeline::{Image, Writer};

/// Refused growths of one step that are told apart.
const MOST_REFUSED: usize = 16;

/// A copy from another memory, whose bytes are told behind it: its site, and where the next of them
/// go.
type Pending = Option<(u32, u64)>;

/// One pass over what is told, in order. It may come in parts.
#[derive(Debug, Clone)]
pub(in crate::timeline::event_log) struct Pass {
    table: Arc<SiteTable>,
    /// As far as it is known; its leaves come last.
    history: History,
    ledger: WorkingMemory,
    writers: Writers,
    used: Vec<bool>,
    pending: Pending,
    refused: Vec<Refused>,
}

impl Pass {
    /// Arena is made for so many events.
    pub(super) fn new(table: Arc<SiteTable>, before: &Image, events: usize) -> Self {
        let history = History {
            table: Arc::clone(&table),
            ..History::default()
        };
        let ledger = WorkingMemory::new(before, events);
        let used = vec![false; table.len() + 1];
        Pass {
            used,
            table,
            history,
            ledger,
            writers: Writers::default(),
            pending: None,
            refused: Vec::new(),
        }
    }

    /// Takes over what was told since, and what goes beside it.
    pub(super) fn go_on(&mut self, told: &mut Recording) {
        let (packs, room, open) = std::mem::take(&mut told.slots).into_parts();
        self.history.slots.put_room(room);
        self.history.blob = std::mem::take(&mut told.blob);
        self.writers = std::mem::take(&mut told.writers);
        self.run(packs, open, std::mem::take(&mut told.asides));
    }

    /// Gives back what goes beside all that is told, for more to be told.
    pub(super) fn give_back(&mut self, told: &mut Recording) {
        told.slots = Slots::within(self.history.slots.take_room());
        told.blob = std::mem::take(&mut self.history.blob);
        told.writers = std::mem::take(&mut self.writers);
    }

    fn run(&mut self, packs: Vec<Pack>, open: Vec<Entry>, asides: Vec<(usize, HostEvent)>) {
        let table = Arc::clone(&self.table);
        let mut asides = asides.into_iter().peekable();
        let mut position = 0;
        for pack in packs {
            while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                self.aside(aside);
            }
            let is_whole = asides
                .peek()
                .is_none_or(|(at, _)| *at >= position + pack.len());
            let opened = self.history.slots.open(&pack);
            if is_whole && opened.is_plain(&table) {
                position += pack.len();
                self.adopt(pack, &table);
                continue;
            }
            let mut entries = Vec::with_capacity(pack.len());
            opened.each(0, |entry| entries.push(entry));
            for entry in entries {
                while let Some((_, aside)) = asides.next_if(|(at, _)| *at <= position) {
                    self.aside(aside);
                }
                self.entry(entry, &table);
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
    fn adopt(&mut self, pack: Pack, table: &SiteTable) {
        self.pending = None;
        let stores = self.history.slots.open(&pack);
        let mut at = 0;
        while let Some(next) = dense(&mut self.ledger, &mut self.used, stores, at, table) {
            at = next;
        }
        each(&mut self.ledger, &mut self.used, stores, at, table);
        self.history.slots.adopt(pack, table);
    }

    fn entry(&mut self, entry: Entry, table: &SiteTable) {
        self.pending = None;
        let Some(site) = table.get(entry.site) else {
            return;
        };
        match site.kind {
            SiteKind::Store { .. } | SiteKind::Vector => {
                self.emit(entry);
                self.ledger.store(store(entry, table));
            }
            kind => self.bulk(entry, kind),
        }
    }

    fn bulk(&mut self, entry: Entry, kind: SiteKind) {
        let Entry { site, address, .. } = entry;
        let (start, len, source) = (u64::from(address), entry.low(), entry.high());
        match kind {
            SiteKind::Store { .. } | SiteKind::Vector => {}
            SiteKind::CopyFrom => self.pending = Some((site, start)),
            SiteKind::Fill => {
                for (from, to) in pieces(start, len) {
                    self.write(Entry::new(
                        site,
                        (start + from) as u32,
                        source << 32 | (to - from),
                    ));
                }
            }
            SiteKind::Init { segment } => {
                let len = if source + len <= self.table.segment(segment).len() as u64 {
                    len
                } else {
                    0
                };
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

    fn aside(&mut self, aside: HostEvent) {
        match aside {
            HostEvent::Copied { place, len } => {
                if let Some((site, address)) = self.pending {
                    self.copied(site, address, place, len as usize);
                    self.pending = Some((site, address + u64::from(len)));
                }
            }
            HostEvent::Growth { after, .. } => {
                self.emit(Entry::new(ASIDE, 0, self.history.asides.len() as u64));
                self.history.asides.push(aside);
                self.grow(after);
            }
            HostEvent::Write { .. } => {
                let entry = Entry::new(ASIDE, 0, self.history.asides.len() as u64);
                self.history.asides.push(aside);
                self.write(entry);
            }
        }
    }

    #[inline]
    fn emit(&mut self, entry: Entry) {
        use_site(&mut self.used, entry.site);
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

    fn grow(&mut self, pages: u64) {
        self.ledger.grow(pages.saturating_mul(PAGE));
        self.history
            .lengths
            .push((self.history.slots.len(), self.ledger.len()));
    }

    fn refuse(&mut self, site: u32, by: u32) {
        let refused = Refused {
            site,
            pages: self.ledger.len() / PAGE,
            by: by.into(),
        };
        if by > 0 && self.refused.len() < MOST_REFUSED && !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// What is different in truth from memory as the events make it.
    pub(super) fn differs(&mut self, start: u64, bytes: &[u8], writer: Writer) {
        let writer = self.writers.number(writer);
        for (from, to) in pieces(start, bytes.len() as u64) {
            let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
            let place = self.history.blob.put(piece);
            let start = start.saturating_add(from);
            self.aside(HostEvent::Write {
                start,
                place,
                len: piece.len() as u32,
                writer,
                is_difference: true,
            });
        }
    }

    /// Memory as the events make it.
    pub(super) fn ledger(&self) -> &WorkingMemory {
        &self.ledger
    }

    pub(super) fn refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    /// The sites that wrote, ascending.
    pub(super) fn sites(&self) -> Vec<u32> {
        let used = self
            .used
            .iter()
            .enumerate()
            .filter(|(site, used)| **used && *site != ASIDE as usize);
        used.map(|(site, _)| site as u32).collect()
    }

    /// The events, their bytes beside them.
    pub(super) fn finish(self, before: &Image) -> History {
        let Pass {
            mut history,
            ledger,
            writers,
            ..
        } = self;
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

/// What an entry stores that is a store and no more; nothing at all where no such instruction is
/// known.
#[inline]
fn store(entry: Entry, table: &SiteTable) -> Store {
    let Entry {
        site,
        address,
        value,
    } = entry;
    match table.get(site) {
        Some(shape) => {
            let start = u64::from(address).saturating_add(shape.immediate);
            Store {
                by: WriterId::site(site),
                start,
                width: table.width(site),
                value,
            }
        }
        None => Store {
            start: u64::MAX,
            ..Store::default()
        },
    }
}

/// The stores from one on, each for itself.
fn each(
    ledger: &mut WorkingMemory,
    used: &mut [bool],
    stores: Opened<'_>,
    from: usize,
    table: &SiteTable,
) {
    let mut batch = Batch::new(ledger);
    let (mut site, mut at_zero) = (ASIDE, store(Entry::default(), table));
    stores.each(from, |entry| {
        // Mostly it is the site that stored before.
        if entry.site != site {
            (site, at_zero) = (
                entry.site,
                store(
                    Entry {
                        address: 0,
                        ..entry
                    },
                    table,
                ),
            );
            use_site(used, site);
        }
        let start = at_zero.start.saturating_add(entry.address.into());
        batch.push(at_zero.by, at_zero.width, start, entry.value as u64, || {
            entry.value
        });
    });
}

/// Stores from one on that lie one right behind the other, all at once; the place of the next.
/// `None` where there are none, or not all in memory.
fn dense(
    ledger: &mut WorkingMemory,
    used: &mut [bool],
    stores: Opened<'_>,
    at: usize,
    table: &SiteTable,
) -> Option<usize> {
    let (site, address, width, bytes) = stores.dense(at)?;
    let len = bytes.len() as u64;
    let start = u64::from(address).saturating_add(table.get(site)?.immediate);
    let wraps = u64::from(address) + len > 1 << 32;
    if len == 0 || wraps || start.saturating_add(len) > ledger.len() {
        return None;
    }
    use_site(used, site);
    ledger.store_dense(start, width, bytes, WriterId::site(site));
    Some(at + bytes.len() / width.max(1))
}

#[inline]
fn use_site(used: &mut [bool], site: u32) {
    if let Some(used) = used.get_mut(site as usize) {
        *used = true;
    }
}
