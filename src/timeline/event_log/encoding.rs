//! How entries are kept in little memory: what the stores of a loop have in common is kept once.
//!
//! Entries that follow each other are put together into a [`Pack`], which has one of five encodings
//! (see the page of [`event_log`](super)). Each encoding returns any entry by its index without
//! looking at the others. This module knows of a site how many bytes it stores, and nothing else.

mod packer;

pub(super) use packer::{MAX_MIXED, Packer};

use super::arena::{Arena, Place};
use super::entry::Entry;
use super::store_sites::SiteTable;
use crate::journal_abi::{Slot, SlotBytes};

/// Entries that follow each other, without the bytes in the arena.
#[derive(Debug)]
pub(super) struct Pack {
    /// How many entries there are.
    len: u32,
    encoding: Encoding,
    place: Place,
}

/// A pack with its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackView<'a> {
    pack: &'a Pack,
    bytes: &'a [u8],
}

/// The encoding of a pack, with what its entries have in common.
#[derive(Debug)]
enum Encoding {
    /// Rows of one column. The arena has the values.
    Run(Column),
    /// Several runs that differ in their first address only. The arena has the values, then a
    /// [`RunStart`] for each run.
    Runs(Column),
    /// Rows of several columns. The arena has the values, row by row.
    Rows(Box<[Column]>),
    /// Entries of these sites, each with its width, in any order. The arena has, for all entries:
    /// the address (`u32`); where the value begins (`u16`), unless all widths are equal; the index
    /// of the site (`u8`), unless there is one only; the values.
    Mixed(Box<[(u32, u8)]>),
    /// The arena has the slots of a journal as they were.
    Slots,
}

/// One store of a row: an instruction of a loop, whose address moves by the same distance in every
/// row.
#[derive(Debug, Clone, Copy)]
struct Column {
    site: u32,
    /// The address in the first row.
    first_address: u32,
    /// How far the address moves from row to row, in bytes, modulo 2^32.
    stride: u32,
    /// Where the value begins in a row, in bytes.
    value_offset: u16,
    /// The length of the value, in bytes.
    width: u8,
    /// The length of all values of a row, in bytes.
    row_width: u16,
}

impl Column {
    fn address(&self, row: usize) -> u32 {
        self.first_address
            .wrapping_add(self.stride.wrapping_mul(row as u32))
    }
}

/// The index of a run's first entry in its pack and that entry's address, as they are encoded.
#[derive(Debug, Clone, Copy)]
struct RunStart([u8; 8]);

impl RunStart {
    fn new(entry: usize, address: u32) -> Self {
        RunStart((entry as u64 | u64::from(address) << 32).to_le_bytes())
    }

    fn decode(bytes: &[u8; 8]) -> (usize, u32) {
        let both = u64::from_le_bytes(*bytes);
        (both as u32 as usize, (both >> 32) as u32)
    }
}

impl Pack {
    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Returns where the bytes are in the arena.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Returns the pack with its bytes. `arena` is the one that it was packed into.
    pub(super) fn view<'a>(&'a self, arena: &'a Arena) -> PackView<'a> {
        PackView {
            pack: self,
            bytes: arena.get(self.place),
        }
    }

    /// Returns how much memory the pack takes besides itself and its bytes in the arena, in bytes.
    pub(super) fn boxed_bytes(&self) -> usize {
        match &self.encoding {
            Encoding::Run(_) | Encoding::Runs(_) | Encoding::Slots => 0,
            Encoding::Rows(columns) => size_of_val(&**columns),
            Encoding::Mixed(sites) => size_of_val(&**sites),
        }
    }
}

impl<'a> PackView<'a> {
    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.pack.len()
    }

    /// Returns whether each entry is one store and nothing else.
    pub(super) fn is_plain(&self, table: &SiteTable) -> bool {
        let is_plain = |site| table.is_plain(site);
        match &self.pack.encoding {
            _ if table.has_plain_stores_only() => true,
            Encoding::Run(column) | Encoding::Runs(column) => is_plain(column.site),
            Encoding::Rows(columns) => columns.iter().all(|column| is_plain(column.site)),
            Encoding::Mixed(sites) => sites.iter().all(|(site, _)| is_plain(*site)),
            Encoding::Slots => self
                .slots()
                .iter()
                .all(|slot| is_plain(Slot::decode(slot).site)),
        }
    }

    fn slots(&self) -> &'a [SlotBytes] {
        self.bytes.as_chunks().0
    }

    /// Returns the starts of the runs, in order; empty for a single run.
    fn run_starts(&self, column: &Column) -> &'a [[u8; 8]] {
        self.bytes
            .get(self.len() * usize::from(column.width)..)
            .unwrap_or_default()
            .as_chunks()
            .0
    }

    /// Returns the run that an entry is in: as a column of its own, with the index of its first
    /// entry and the one after its last.
    #[inline]
    fn run_of(&self, column: &Column, at: usize) -> (Column, usize, usize) {
        let starts = self.run_starts(column);
        let next = starts.partition_point(|start| RunStart::decode(start).0 <= at);
        let (start, first_address) = next
            .checked_sub(1)
            .and_then(|here| starts.get(here))
            .map_or((0, 0), RunStart::decode);
        let end = starts
            .get(next)
            .map_or(self.len(), |next| RunStart::decode(next).0);
        let run = Column {
            first_address,
            ..*column
        };
        (run, start, end)
    }

    /// Returns the entry at an index below [`len`](PackView::len). For any other index, the result
    /// is undefined.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Entry {
        match &self.pack.encoding {
            Encoding::Run(column) => self.entry_of(column, at, at),
            Encoding::Runs(column) => {
                let (run, start, _) = self.run_of(column, at);
                self.entry_of(&run, at - start, at)
            }
            Encoding::Rows(columns) => {
                let row = at / columns.len().max(1);
                let Some(column) = columns.get(at % columns.len().max(1)) else {
                    return Entry::default();
                };
                let offset = row * usize::from(column.row_width) + usize::from(column.value_offset);
                Entry {
                    site: column.site,
                    address: column.address(row),
                    value: self.value_at(offset, column.width),
                }
            }
            Encoding::Mixed(sites) => self.mixed_entry(sites, at),
            Encoding::Slots => self.slots().get(at).map(Entry::decode).unwrap_or_default(),
        }
    }

    /// Returns the entry of a run in a row, whose value is number `at` of the pack.
    #[inline]
    fn entry_of(&self, column: &Column, row: usize, at: usize) -> Entry {
        Entry {
            site: column.site,
            address: column.address(row),
            value: self.value_at(at * usize::from(column.width), column.width),
        }
    }

    /// Returns the site and the address of the entry at an index, which is cheaper than all of it.
    #[inline]
    pub(super) fn head(&self, at: usize) -> (u32, u32) {
        match &self.pack.encoding {
            Encoding::Run(column) => (column.site, column.address(at)),
            Encoding::Runs(column) => {
                let (run, start, _) = self.run_of(column, at);
                (run.site, run.address(at - start))
            }
            Encoding::Rows(columns) => {
                let row = at / columns.len().max(1);
                let column = columns.get(at % columns.len().max(1));
                column.map_or((0, 0), |column| (column.site, column.address(row)))
            }
            Encoding::Mixed(sites) => {
                let (site, _) = self.mixed_site(sites, at);
                (site, self.u32_at(at * 4))
            }
            Encoding::Slots => self.slots().get(at).map_or((0, 0), |slot| {
                let slot = Slot::decode(slot);
                (slot.site, slot.address)
            }),
        }
    }

    /// Calls `visit` for each entry from an index on, in order.
    #[inline]
    pub(super) fn for_each(&self, from: usize, mut visit: impl FnMut(Entry)) {
        let mut visit_run = |column: &Column, start: usize, end: usize| {
            for at in start.max(from)..end {
                visit(self.entry_of(column, at - start, at));
            }
        };
        match &self.pack.encoding {
            Encoding::Run(column) => visit_run(column, 0, self.len()),
            Encoding::Runs(column) => {
                let mut at = from;
                while at < self.len() {
                    let (run, start, end) = self.run_of(column, at);
                    visit_run(&run, start, end);
                    at = end.max(at + 1);
                }
            }
            Encoding::Slots => {
                for slot in self.slots().iter().skip(from) {
                    visit(Entry::decode(slot));
                }
            }
            _ => (from..self.len()).for_each(|at| visit(self.get(at))),
        }
    }

    /// Returns the values from an entry on that are contiguous in the guest's memory, because each
    /// store begins where the one before ended: with the site, the address and the width of the
    /// first. Returns `None` for any other entry.
    #[inline]
    pub(super) fn contiguous(&self, at: usize) -> Option<(u32, u32, usize, &'a [u8])> {
        let (column, start, end) = match &self.pack.encoding {
            Encoding::Run(column) => (*column, 0, self.len()),
            Encoding::Runs(column) => self.run_of(column, at),
            _ => return None,
        };
        let width = usize::from(column.width);
        if column.stride as usize != width {
            return None;
        }
        let values = self.bytes.get(at * width..end * width)?;
        Some((column.site, column.address(at - start), width, values))
    }

    #[inline]
    fn mixed_entry(&self, sites: &[(u32, u8)], at: usize) -> Entry {
        let (site, width) = self.mixed_site(sites, at);
        let start = match common_width(sites) {
            Some(width) => at * usize::from(width),
            None => usize::from(self.u16_at(self.len() * 4 + at * 2)),
        };
        Entry {
            site,
            address: self.u32_at(at * 4),
            value: self.value_at(self.mixed_values_offset(sites) + start, width),
        }
    }

    /// Returns where the values of a mixed pack begin.
    #[inline]
    fn mixed_values_offset(&self, sites: &[(u32, u8)]) -> usize {
        let indices = if sites.len() > 1 { self.len() } else { 0 };
        self.mixed_indices_offset(sites) + indices
    }

    /// Returns where the site indices of a mixed pack begin.
    #[inline]
    fn mixed_indices_offset(&self, sites: &[(u32, u8)]) -> usize {
        let start_width = if common_width(sites).is_some() { 0 } else { 2 };
        self.len() * (4 + start_width)
    }

    /// Returns the site of an entry of a mixed pack, and its width.
    #[inline]
    fn mixed_site(&self, sites: &[(u32, u8)], at: usize) -> (u32, u8) {
        let index = match sites.len() {
            1 => 0,
            _ => self
                .bytes
                .get(self.mixed_indices_offset(sites) + at)
                .copied()
                .map_or(0, usize::from),
        };
        sites.get(index).copied().unwrap_or_default()
    }

    fn u32_at(&self, offset: usize) -> u32 {
        self.bytes
            .get(offset..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn u16_at(&self, offset: usize) -> u16 {
        self.bytes
            .get(offset..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    fn value_at(&self, offset: usize, width: u8) -> u128 {
        let bytes = self.bytes.get(offset..).unwrap_or_default();
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

/// Returns the width that all sites of a mixed pack have in common; `None` if they differ.
#[inline]
fn common_width(sites: &[(u32, u8)]) -> Option<u8> {
    let (_, first) = sites.first()?;
    sites
        .iter()
        .all(|(_, width)| width == first)
        .then_some(*first)
}

#[cfg(test)]
mod tests;
