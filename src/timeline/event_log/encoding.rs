//! Many entries in little room: what the stores of one loop have in common is kept once.
//!
//! Three forms. *Rows*: the same few instructions in the same order again and again, each with an
//! address that moves by the same distance every time, as a loop over an array has it; only values
//! are kept, and of one instruction alone also where such runs begin, as each round of a loop
//! around it has one. *Slots*: as they lay in the journal, for all else that comes in great
//! numbers; more was tried, but fresh memory is cheaper than the time it took. *Mixed*: where
//! vectors would make these too large, and for what comes one by one; an address and a value are
//! kept for each entry, and which of the pack's sites it is of. Each gives back any entry by its
//! place, at once. Knows of sites how many bytes they store and nothing else.

mod packer;

pub(super) use packer::{MOST_MIXED, Packer};

use super::arena::{Arena, Place};
use super::entries::Entry;
use super::store_sites::SiteTable;
use crate::journal_abi::{Slot, SlotBytes};

/// Entries that follow each other, packed.
#[derive(Debug, Clone)]
pub(super) struct Pack {
    len: u32,
    form: Form,
    place: Place,
}

/// A pack with its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pack: &'a Pack,
    bytes: &'a [u8],
}

#[derive(Debug, Clone)]
enum Form {
    /// Rows of one column: the values alone.
    Run(Column),
    /// Several of these, which differ in their first address alone: the values; where each begins
    /// among them, and its first address.
    Runs(Column),
    /// The values, row by row.
    Rows(Box<[Column]>),
    /// The addresses; unless all are as wide, where each value begins; unless there is but one
    /// site, which it is; the values.
    Mixed(Box<[(u32, u8)]>),
    /// A journal's slots as they lay there.
    Slots,
}

/// One instruction of a row.
#[derive(Debug, Clone, Copy)]
struct Column {
    site: u32,
    first: u32,
    stride: u32,
    /// Where its value begins in a row.
    at: u16,
    width: u8,
    /// What its row takes.
    row: u16,
}

impl Column {
    fn address(&self, row: usize) -> u32 {
        self.first
            .wrapping_add(self.stride.wrapping_mul(row as u32))
    }
}

/// Where a run begins among the values of its pack, and its first address: 32 bits each.
type Beginning = [u8; 8];

fn beginning(run: &Beginning) -> (usize, u32) {
    let both = u64::from_le_bytes(*run);
    (both as u32 as usize, (both >> 32) as u32)
}

impl Pack {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Where its bytes lie.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn open<'a>(&'a self, room: &'a Arena) -> Opened<'a> {
        Opened {
            pack: self,
            bytes: room.get(self.place),
        }
    }

    /// What it takes beside its bytes in the room, in bytes.
    pub(super) fn kept_bytes(&self) -> usize {
        let more = match &self.form {
            Form::Run(_) | Form::Runs(_) | Form::Slots => 0,
            Form::Rows(columns) => size_of_val(&**columns),
            Form::Mixed(sites) => size_of_val(&**sites),
        };
        size_of::<Pack>() + more
    }
}

impl<'a> Opened<'a> {
    pub(super) fn len(&self) -> usize {
        self.pack.len()
    }

    /// Whether each entry is one store and all there is of it.
    pub(super) fn is_plain(&self, table: &SiteTable) -> bool {
        let is_plain = |site| table.is_plain(site);
        match &self.pack.form {
            _ if table.has_plain_stores_only() => true,
            Form::Run(column) | Form::Runs(column) => is_plain(column.site),
            Form::Rows(columns) => columns.iter().all(|column| is_plain(column.site)),
            Form::Mixed(sites) => sites.iter().all(|(site, _)| is_plain(*site)),
            Form::Slots => self
                .slots()
                .iter()
                .all(|slot| is_plain(Slot::decode(slot).site)),
        }
    }

    fn slots(&self) -> &'a [SlotBytes] {
        self.bytes.as_chunks().0
    }

    /// Where the runs begin, in order.
    fn runs(&self, column: &Column) -> &'a [Beginning] {
        self.bytes
            .get(self.len() * usize::from(column.width)..)
            .unwrap_or_default()
            .as_chunks()
            .0
    }

    /// The run that an entry is in: as a column of its own, with the place of its first entry and
    /// the one past its last.
    #[inline]
    fn run(&self, column: &Column, at: usize) -> (Column, usize, usize) {
        let runs = self.runs(column);
        let next = runs.partition_point(|run| beginning(run).0 <= at);
        let (start, first) = next
            .checked_sub(1)
            .and_then(|here| runs.get(here))
            .map_or((0, 0), beginning);
        let end = runs.get(next).map_or(self.len(), |next| beginning(next).0);
        (Column { first, ..*column }, start, end)
    }

    /// The entry at a place below [`len`](Opened::len); what another place gives means nothing.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Entry {
        match &self.pack.form {
            Form::Run(column) => {
                let value = self.value(at * usize::from(column.width), column.width);
                Entry {
                    site: column.site,
                    address: column.address(at),
                    value,
                }
            }
            Form::Runs(column) => {
                let value = self.value(at * usize::from(column.width), column.width);
                let (column, start, _) = self.run(column, at);
                Entry {
                    site: column.site,
                    address: column.address(at - start),
                    value,
                }
            }
            Form::Rows(columns) => {
                let row = at / columns.len().max(1);
                let Some(column) = columns.get(at % columns.len().max(1)) else {
                    return Entry::default();
                };
                let value = self.value(
                    row * usize::from(column.row) + usize::from(column.at),
                    column.width,
                );
                Entry {
                    site: column.site,
                    address: column.address(row),
                    value,
                }
            }
            Form::Mixed(sites) => {
                let (site, width) = self.site(sites, at);
                let (from, values) = match same_width(sites) {
                    Some(width) => (at * usize::from(width), self.values(sites, false)),
                    None => (
                        self.number(self.len() * 4 + at * 2) as usize,
                        self.values(sites, true),
                    ),
                };
                Entry {
                    site,
                    address: self.word(at * 4),
                    value: self.value(values + from, width),
                }
            }
            Form::Slots => self.slots().get(at).map(Entry::decode).unwrap_or_default(),
        }
    }

    /// Site and address of an entry, its value left aside.
    #[inline]
    pub(super) fn head(&self, at: usize) -> (u32, u32) {
        match &self.pack.form {
            Form::Run(column) => (column.site, column.address(at)),
            Form::Runs(column) => {
                let (column, start, _) = self.run(column, at);
                (column.site, column.address(at - start))
            }
            Form::Rows(columns) => {
                let row = at / columns.len().max(1);
                let column = columns.get(at % columns.len().max(1));
                column.map_or((0, 0), |column| (column.site, column.address(row)))
            }
            Form::Mixed(sites) => {
                let (site, _) = self.site(sites, at);
                (site, self.word(at * 4))
            }
            Form::Slots => self.slots().get(at).map_or((0, 0), |slot| {
                let slot = Slot::decode(slot);
                (slot.site, slot.address)
            }),
        }
    }

    /// Tells the entries from one on, in order.
    #[inline]
    pub(super) fn each(&self, from: usize, mut tell: impl FnMut(Entry)) {
        let mut run = |column: Column, start: usize, end: usize| {
            for at in start.max(from)..end {
                let value = self.value(at * usize::from(column.width), column.width);
                tell(Entry {
                    site: column.site,
                    address: column.address(at - start),
                    value,
                });
            }
        };
        match &self.pack.form {
            Form::Run(column) => run(*column, 0, self.len()),
            Form::Runs(column) => {
                let mut at = from;
                while at < self.len() {
                    let (column, start, end) = self.run(column, at);
                    run(column, start, end);
                    at = end.max(at + 1);
                }
            }
            Form::Slots => {
                for slot in self.slots().iter().skip(from) {
                    tell(Entry::decode(slot));
                }
            }
            _ => (from..self.len()).for_each(|at| tell(self.get(at))),
        }
    }

    /// The values from an entry on as they lie in memory, as far as each entry begins where the one
    /// before it ends. With site, address and width of the first.
    #[inline]
    pub(super) fn dense(&self, at: usize) -> Option<(u32, u32, usize, &'a [u8])> {
        let (column, start, end) = match &self.pack.form {
            Form::Run(column) => (*column, 0, self.len()),
            Form::Runs(column) => self.run(column, at),
            _ => return None,
        };
        let width = usize::from(column.width);
        if column.stride as usize != width {
            return None;
        }
        Some((
            column.site,
            column.address(at - start),
            width,
            self.bytes.get(at * width..end * width)?,
        ))
    }

    /// Where the values of a mixed pack begin.
    fn values(&self, sites: &[(u32, u8)], has_starts: bool) -> usize {
        self.len() * (4 + 2 * usize::from(has_starts) + usize::from(sites.len() > 1))
    }

    /// Site and width of an entry of a mixed pack.
    #[inline]
    fn site(&self, sites: &[(u32, u8)], at: usize) -> (u32, u8) {
        let place = match sites.len() {
            1 => 0,
            _ => {
                let starts = if same_width(sites).is_some() { 0 } else { 2 };
                self.bytes
                    .get(self.len() * (4 + starts) + at)
                    .copied()
                    .map_or(0, usize::from)
            }
        };
        sites.get(place).copied().unwrap_or_default()
    }

    fn word(&self, at: usize) -> u32 {
        self.bytes
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn number(&self, at: usize) -> u16 {
        self.bytes
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    fn value(&self, at: usize, width: u8) -> u128 {
        let bytes = self.bytes.get(at..).unwrap_or_default();
        match width {
            1 => bytes.first().copied().map_or(0, u128::from),
            2 => bytes
                .first_chunk()
                .map_or(0, |bytes| u16::from_le_bytes(*bytes).into()),
            4 => bytes
                .first_chunk()
                .map_or(0, |bytes| u32::from_le_bytes(*bytes).into()),
            8 => bytes
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes).into()),
            _ => bytes
                .first_chunk()
                .map_or(0, |bytes| u128::from_le_bytes(*bytes)),
        }
    }
}

/// The width of all sites, where they have one in common.
#[inline]
fn same_width(sites: &[(u32, u8)]) -> Option<u8> {
    let (_, first) = sites.first()?;
    sites
        .iter()
        .all(|(_, width)| width == first)
        .then_some(*first)
}

#[cfg(test)]
mod tests;
