//! Chooses the encoding of entries: finds what the stores of a journal have in common.

use super::{Column, Encoding, Pack, RunStart, common_width};
use crate::journal_abi::{SLOT, Slot, SlotBytes, VALUE_OFFSET, head, join_head};
use crate::timeline::event_log::arena::Arena;
use crate::timeline::event_log::entry::Entry;
use crate::timeline::event_log::store_sites::SiteTable;

/// The largest number of entries in a mixed pack: the offset of a value is kept in 16 bits.
pub(in crate::timeline::event_log) const MAX_MIXED: usize = 1024;
/// The largest number of columns of a row that is searched for.
const MAX_COLUMNS: usize = 16;
/// Rows of fewer entries than these are not worth a pack of their own.
const MIN_ENTRIES_IN_ROWS: usize = 64;
/// The smallest number of entries in a run that shares its pack with others: the start of a run
/// takes as much memory as a value of 8 bytes.
const MIN_RUN: usize = 8;
/// The widest value, in bytes.
const MAX_WIDTH: usize = 16;
/// The value in place of a site's index in a pack, where it has none yet.
const NO_INDEX: u8 = u8::MAX;

/// Makes packs. Keeps its buffers from one to the next.
#[derive(Debug)]
pub(in crate::timeline::event_log) struct Packer {
    /// By site number, its index in `sites`.
    indices: Vec<u8>,
    /// The sites of the current mixed pack, each with its width.
    sites: Vec<(u32, u8)>,
    mixed: Box<MixedBuffer>,
}

/// The columns of the current mixed pack.
#[derive(Debug)]
struct MixedBuffer {
    len: usize,
    addresses: [[u8; 4]; MAX_MIXED],
    /// Where each value begins in `values`.
    starts: [[u8; 2]; MAX_MIXED],
    site_indices: [u8; MAX_MIXED],
    /// One value longer than needed: every value is written with the full width, and the next one
    /// overwrites what is too much.
    values: [u8; MAX_MIXED * MAX_WIDTH + MAX_WIDTH],
    values_len: usize,
}

impl Packer {
    pub(in crate::timeline::event_log) fn new(table: &SiteTable) -> Self {
        let mixed = MixedBuffer {
            len: 0,
            addresses: [[0; 4]; MAX_MIXED],
            starts: [[0; 2]; MAX_MIXED],
            site_indices: [0; MAX_MIXED],
            values: [0; MAX_MIXED * MAX_WIDTH + MAX_WIDTH],
            values_len: 0,
        };
        Packer {
            indices: vec![NO_INDEX; table.len() + 1],
            sites: Vec::new(),
            mixed: Box::new(mixed),
        }
    }

    /// Packs whole slots of a journal in order, and calls `done` with each pack.
    pub(in crate::timeline::event_log) fn pack(
        &mut self,
        slots: &[SlotBytes],
        table: &SiteTable,
        arena: &mut Arena,
        mut done: impl FnMut(Pack),
    ) {
        if !table.has_vectors() {
            return pack_single_slots(slots, table, arena, done);
        }
        let mut rest = slots;
        while !rest.is_empty() {
            if let Some((pack, taken)) = pack_rows(rest, table, arena) {
                // What was gathered comes before the rows.
                self.finish(arena, &mut done);
                done(pack);
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            // Rows do not begin here. They are searched for again after some entries only, because
            // a search at every entry would take longer than all else.
            let until = rest.len().saturating_sub(MIN_ENTRIES_IN_ROWS);
            while rest.len() > until {
                let Some(entry) = Entry::take_first(&mut rest, table) else {
                    break;
                };
                self.add(entry, table, arena, &mut done);
            }
        }
        self.finish(arena, &mut done);
    }

    /// Packs entries in order, and calls `done` with each pack.
    pub(in crate::timeline::event_log) fn pack_entries(
        &mut self,
        entries: &[Entry],
        table: &SiteTable,
        arena: &mut Arena,
        mut done: impl FnMut(Pack),
    ) {
        for entry in entries {
            self.add(*entry, table, arena, &mut done);
        }
        self.finish(arena, &mut done);
    }

    /// Adds an entry to the current mixed pack.
    #[inline]
    fn add(
        &mut self,
        entry: Entry,
        table: &SiteTable,
        arena: &mut Arena,
        done: &mut impl FnMut(Pack),
    ) {
        let known = self
            .indices
            .get(entry.site as usize)
            .copied()
            .unwrap_or(NO_INDEX);
        let index = if known == NO_INDEX {
            self.add_site(entry.site, table, arena, done)
        } else {
            known
        };
        let width = self
            .sites
            .get(usize::from(index))
            .map_or(8, |(_, width)| *width);
        self.mixed.push(entry, index, width);
        if self.mixed.len == MAX_MIXED {
            self.finish(arena, done);
        }
    }

    /// Gives a site an index in the current pack, and returns it.
    #[cold]
    fn add_site(
        &mut self,
        site: u32,
        table: &SiteTable,
        arena: &mut Arena,
        done: &mut impl FnMut(Pack),
    ) -> u8 {
        if self.sites.len() == usize::from(NO_INDEX) {
            self.finish(arena, done);
        }
        // A site that the guest does not have is not in `indices`, so it is added again for each
        // entry. Such entries come from no real journal, and they are dropped when they are settled.
        self.sites.push((site, table.width(site)));
        let index = (self.sites.len() - 1) as u8;
        if let Some(known) = self.indices.get_mut(site as usize) {
            *known = index;
        }
        index
    }

    /// Ends the current mixed pack.
    fn finish(&mut self, arena: &mut Arena, done: &mut impl FnMut(Pack)) {
        for (site, _) in &self.sites {
            if let Some(known) = self.indices.get_mut(*site as usize) {
                *known = NO_INDEX;
            }
        }
        let sites = std::mem::take(&mut self.sites);
        if self.mixed.len > 0 {
            done(self.mixed.pack(sites.into(), arena));
        }
        (self.mixed.len, self.mixed.values_len) = (0, 0);
    }
}

impl MixedBuffer {
    #[inline]
    fn push(&mut self, entry: Entry, site_index: u8, width: u8) {
        let (len, start) = (self.len, self.values_len);
        if let (Some(to_address), Some(to_start), Some(to_index)) = (
            self.addresses.get_mut(len),
            self.starts.get_mut(len),
            self.site_indices.get_mut(len),
        ) {
            *to_address = entry.address.to_le_bytes();
            *to_start = (start as u16).to_le_bytes();
            *to_index = site_index;
        }
        if let Some(to) = self.values.get_mut(start..start + MAX_WIDTH) {
            to.copy_from_slice(&entry.value.to_le_bytes());
        }
        self.values_len = start + usize::from(width);
        self.len = len + 1;
    }

    /// Copies the columns that the pack needs into the arena, one after the other.
    fn pack(&self, sites: Box<[(u32, u8)]>, arena: &mut Arena) -> Pack {
        // Values of one width are found by their index, and with one site there is no choice.
        let starts_len = match common_width(&sites) {
            Some(_) => 0,
            None => self.len,
        };
        let indices_len = if sites.len() > 1 { self.len } else { 0 };
        let addresses = self.addresses.get(..self.len).unwrap_or_default();
        let starts = self.starts.get(..starts_len).unwrap_or_default();
        let columns = [
            addresses.as_flattened(),
            starts.as_flattened(),
            self.site_indices.get(..indices_len).unwrap_or_default(),
            self.values.get(..self.values_len).unwrap_or_default(),
        ];
        let (place, mut to) = arena.allocate(columns.iter().map(|column| column.len()).sum());
        for column in columns {
            let Some((here, rest)) = to.split_at_mut_checked(column.len()) else {
                break;
            };
            here.copy_from_slice(column);
            to = rest;
        }
        Pack {
            len: self.len as u32,
            encoding: Encoding::Mixed(sites),
            place,
        }
    }
}

/// Packs slots of a guest without vectors, where each slot is one entry. What is no rows is kept as
/// it is: that takes the least time.
fn pack_single_slots(
    slots: &[SlotBytes],
    table: &SiteTable,
    arena: &mut Arena,
    mut done: impl FnMut(Pack),
) {
    let pack_slots = |slots: &[SlotBytes], arena: &mut Arena, done: &mut dyn FnMut(Pack)| {
        if !slots.is_empty() {
            done(Pack {
                len: slots.len() as u32,
                encoding: Encoding::Slots,
                place: arena.store(slots.as_flattened()),
            });
        }
    };
    // The slots from `from` up to `at` are no rows.
    let (mut from, mut at) = (0, 0);
    while let Some(rest) = slots.get(at..).filter(|rest| !rest.is_empty()) {
        match pack_rows(rest, table, arena) {
            Some((pack, taken)) => {
                pack_slots(slots.get(from..at).unwrap_or_default(), arena, &mut done);
                done(pack);
                at += taken;
                from = at;
            }
            None => at += rest.len().min(MIN_ENTRIES_IN_ROWS),
        }
    }
    pack_slots(slots.get(from..).unwrap_or_default(), arena, &mut done);
}

/// Packs the rows at the start of `slots`. Returns the pack and how many slots it takes; `None` if
/// there are no rows, or too few.
fn pack_rows(slots: &[SlotBytes], table: &SiteTable, arena: &mut Arena) -> Option<(Pack, usize)> {
    let row_slots = row_slots(slots, table)?;
    let first = Slot::decode(slots.first()?);
    let second = Slot::decode(slots.get(row_slots)?);
    let width = table.width(first.site);
    let column = Column {
        site: first.site,
        first_address: first.address,
        stride: second.address.wrapping_sub(first.address),
        value_offset: 0,
        width,
        row_width: width.into(),
    };
    // With constant widths the compiler copies the values of a row without a call.
    match (width, row_slots) {
        (1, 1) => pack_runs::<1, VALUE_OFFSET, 1>(slots, column, arena),
        (2, 1) => pack_runs::<1, VALUE_OFFSET, 2>(slots, column, arena),
        (4, 1) => pack_runs::<1, VALUE_OFFSET, 4>(slots, column, arena),
        (8, 1) => pack_runs::<1, VALUE_OFFSET, 8>(slots, column, arena),
        // A vector is the second slot of its row.
        (16, 2) => pack_runs::<2, SLOT, 16>(slots, column, arena),
        _ => pack_several_columns(slots, table, row_slots, arena),
    }
}

/// Packs rows of one column, each of `ROW` slots: a run of them, and further runs of the same site
/// right after it. `OFFSET` is where a value begins in a row, `WIDTH` its length, both in bytes.
fn pack_runs<const ROW: usize, const OFFSET: usize, const WIDTH: usize>(
    slots: &[SlotBytes],
    column: Column,
    arena: &mut Arena,
) -> Option<(Pack, usize)> {
    let rows = slots.as_chunks::<ROW>().0;
    let mut len = count_run(rows, column);
    let mut further: Vec<RunStart> = Vec::new();
    // A loop in a loop makes a run in each of its rounds. All of them go into one pack, because a
    // pack takes much more than the start of a run.
    while let Some(rest) = rows.get(len..)
        && let Some(next) = rest.first().and_then(|row| row.first()).map(Slot::decode)
        && next.site == column.site
    {
        let start = Column {
            first_address: next.address,
            ..column
        };
        let count = count_run(rest, start);
        if count < MIN_RUN {
            break;
        }
        further.push(RunStart::new(len, next.address));
        len += count;
    }
    if len < MIN_ENTRIES_IN_ROWS {
        return None;
    }
    let first = RunStart::new(0, column.first_address);
    let starts: &[RunStart] = if further.is_empty() { &[] } else { &[first] };
    let starts_len = size_of_val(starts) + size_of_val(&*further);
    let (place, to) = arena.allocate(len * WIDTH + starts_len);
    let (to_values, to_starts) = to.split_at_mut_checked(len * WIDTH)?;
    copy_values::<ROW, OFFSET, WIDTH>(rows, to_values.as_chunks_mut().0);
    for (to, start) in to_starts
        .as_chunks_mut()
        .0
        .iter_mut()
        .zip(starts.iter().chain(&further))
    {
        *to = start.0;
    }
    let encoding = if further.is_empty() {
        Encoding::Run(column)
    } else {
        Encoding::Runs(column)
    };
    let pack = Pack {
        len: u32::try_from(len).ok()?,
        encoding,
        place,
    };
    Some((pack, len * ROW))
}

/// Packs rows of several columns, each of `row_slots` slots.
fn pack_several_columns(
    slots: &[SlotBytes],
    table: &SiteTable,
    row_slots: usize,
    arena: &mut Arena,
) -> Option<(Pack, usize)> {
    let (columns, indices) = columns_of_row(slots, table, row_slots)?;
    let count = count_rows(slots, &columns, &indices, row_slots);
    let len = count * columns.len();
    if len < MIN_ENTRIES_IN_ROWS {
        return None;
    }
    let slots = slots.get(..count * row_slots)?;
    let row_width: usize = columns.iter().map(|column| usize::from(column.width)).sum();
    let (place, to) = arena.allocate(count * row_width);
    copy_values_of_rows(slots, &columns, &indices, row_slots, to);
    let pack = Pack {
        len: u32::try_from(len).ok()?,
        encoding: Encoding::Rows(columns.into()),
        place,
    };
    Some((pack, slots.len()))
}

/// Returns how many slots a row takes: those up to where the site of the first one comes again.
/// Returns `None` if its address does not move by the same distance twice, which excludes most of
/// what is no rows at little cost.
fn row_slots(slots: &[SlotBytes], table: &SiteTable) -> Option<usize> {
    let first = head(slots.first()?);
    let mut at = 0;
    for _ in 0..MAX_COLUMNS {
        at += if table.is_vector(head(slots.get(at)?) as u32) {
            2
        } else {
            1
        };
        let second = head(slots.get(at)?);
        if second as u32 == first as u32 {
            let third = head(slots.get(at * 2)?);
            // The sites are equal, so the differences are those of the addresses. If the third slot
            // is of another site, they differ.
            return (third.wrapping_sub(second) == second.wrapping_sub(first)).then_some(at);
        }
    }
    None
}

/// Returns the columns of rows of this many slots, and the index of each column's slot in a row.
/// Returns `None` if the first two rows are not of the same sites.
fn columns_of_row(
    slots: &[SlotBytes],
    table: &SiteTable,
    row_slots: usize,
) -> Option<(Vec<Column>, Vec<usize>)> {
    let (mut columns, mut indices): (Vec<Column>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut index, mut value_offset) = (0, 0);
    while index < row_slots {
        let first = Slot::decode(slots.get(index)?);
        let second = Slot::decode(slots.get(row_slots + index)?);
        if first.site != second.site {
            return None;
        }
        let width = table.width(first.site);
        columns.push(Column {
            site: first.site,
            first_address: first.address,
            stride: second.address.wrapping_sub(first.address),
            value_offset,
            width,
            row_width: 0,
        });
        indices.push(index);
        index += if table.is_vector(first.site) { 2 } else { 1 };
        value_offset += u16::from(width);
    }
    for column in &mut columns {
        column.row_width = value_offset;
    }
    Some((columns, indices))
}

/// Returns how many rows continue a column.
fn count_run<const ROW: usize>(rows: &[[SlotBytes; ROW]], column: Column) -> usize {
    let stride = join_head(0, column.stride);
    let head = |row: &[SlotBytes; ROW]| row.first().map_or(0, head);
    let mut next = join_head(column.site, column.first_address);
    let mut count = 0;
    // Eight rows at a time without a branch, so that the compiler can use vector instructions.
    for eight in rows.as_chunks::<8>().0 {
        let (mut differing, mut expected) = (0, next);
        for row in eight {
            differing |= expected ^ head(row);
            // An address that wraps around carries out of the number, and leaves the site alone.
            expected = expected.wrapping_add(stride);
        }
        if differing != 0 {
            break;
        }
        next = expected;
        count += 8;
    }
    for row in rows.get(count..).unwrap_or_default() {
        if next != head(row) {
            break;
        }
        next = next.wrapping_add(stride);
        count += 1;
    }
    count
}

/// Returns how many rows continue the columns.
fn count_rows(
    slots: &[SlotBytes],
    columns: &[Column],
    indices: &[usize],
    row_slots: usize,
) -> usize {
    let fits = |(nth, row): &(usize, &[SlotBytes])| {
        columns.iter().zip(indices).all(|(column, index)| {
            row.get(*index).is_some_and(|slot| {
                let slot = Slot::decode(slot);
                slot.site == column.site && slot.address == column.address(*nth)
            })
        })
    };
    let rows = slots.chunks_exact(row_slots).enumerate();
    rows.take_while(fits).count()
}

/// Copies the value of each row, as many as `to` has space for.
fn copy_values<const ROW: usize, const OFFSET: usize, const WIDTH: usize>(
    rows: &[[SlotBytes; ROW]],
    to: &mut [[u8; WIDTH]],
) {
    for (to, row) in to.iter_mut().zip(rows) {
        let value = row
            .get(OFFSET / SLOT)
            .and_then(|slot| slot.get(OFFSET % SLOT..)?.first_chunk());
        *to = value.copied().unwrap_or([0; WIDTH]);
    }
}

/// Copies the values of each row, one after the other.
fn copy_values_of_rows(
    slots: &[SlotBytes],
    columns: &[Column],
    indices: &[usize],
    row_slots: usize,
    to: &mut [u8],
) {
    let mut rest = to;
    for row in slots.chunks_exact(row_slots) {
        for (column, index) in columns.iter().zip(indices) {
            rest = match column.width {
                1 => copy_value::<1>(row.get(*index), VALUE_OFFSET, rest),
                2 => copy_value::<2>(row.get(*index), VALUE_OFFSET, rest),
                4 => copy_value::<4>(row.get(*index), VALUE_OFFSET, rest),
                8 => copy_value::<8>(row.get(*index), VALUE_OFFSET, rest),
                _ => copy_value::<16>(row.get(*index + 1), 0, rest),
            };
        }
    }
}

/// Copies the value at an offset of a slot, and returns the rest of `to`.
#[inline]
fn copy_value<'a, const WIDTH: usize>(
    slot: Option<&SlotBytes>,
    offset: usize,
    to: &'a mut [u8],
) -> &'a mut [u8] {
    let value = slot.and_then(|slot| slot.get(offset..)?.first_chunk::<WIDTH>());
    let Some((to, rest)) = to.split_first_chunk_mut::<WIDTH>() else {
        return &mut [];
    };
    *to = value.copied().unwrap_or([0; WIDTH]);
    rest
}
