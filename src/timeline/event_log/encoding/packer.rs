//! Finds what the stores of a journal have in common.

use super::{Beginning, Column, Form, Pack, same_width};
use crate::journal_abi::{SLOT, Slot, SlotBytes, VALUE_OFFSET, head, join_head};
use crate::timeline::event_log::arena::Arena;
use crate::timeline::event_log::entries::Entry;
use crate::timeline::event_log::store_sites::SiteTable;

/// Most entries of a mixed pack: where a value begins is kept in 16 bits.
pub(in crate::timeline::event_log) const MOST_MIXED: usize = 1024;
/// Rows of more columns are not looked for.
const MOST_COLUMNS: usize = 16;
/// Rows of fewer entries are not worth a pack of their own.
const FEWEST_IN_ROWS: usize = 64;
/// Entries of a run that is kept with others; where it begins takes as much as a value.
const SHORTEST_RUN: usize = 8;
/// In place of a site's place in a pack: it has none yet.
const NOWHERE: u8 = u8::MAX;

/// Makes packs. Keeps its room between them.
#[derive(Debug, Clone)]
pub(in crate::timeline::event_log) struct Packer {
    /// By site, its place among `sites`.
    places: Vec<u8>,
    /// Those of the pack in work.
    sites: Vec<(u32, u8)>,
    mixed: Box<Mixed>,
}

/// The columns of a mixed pack in work.
#[derive(Debug, Clone)]
struct Mixed {
    len: usize,
    addresses: [[u8; 4]; MOST_MIXED],
    starts: [[u8; 2]; MOST_MIXED],
    places: [u8; MOST_MIXED],
    /// With room for a whole value behind the last.
    values: [u8; MOST_MIXED * 16 + 16],
    end: usize,
}

impl Packer {
    pub(in crate::timeline::event_log) fn new(table: &SiteTable) -> Self {
        let mixed = Mixed {
            len: 0,
            addresses: [[0; 4]; MOST_MIXED],
            starts: [[0; 2]; MOST_MIXED],
            places: [0; MOST_MIXED],
            values: [0; MOST_MIXED * 16 + 16],
            end: 0,
        };
        Packer {
            places: vec![NOWHERE; table.len() + 1],
            sites: Vec::new(),
            mixed: Box::new(mixed),
        }
    }

    /// Packs whole slots of a journal, in order.
    pub(in crate::timeline::event_log) fn pack(
        &mut self,
        slots: &[SlotBytes],
        table: &SiteTable,
        room: &mut Arena,
        mut done: impl FnMut(Pack),
    ) {
        if !table.has_vectors() {
            return pack_narrow(slots, table, room, done);
        }
        let mut rest = slots;
        while !rest.is_empty() {
            if let Some((pack, taken)) = rows(rest, table, room) {
                self.finish(room, &mut done);
                done(pack);
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            // Not asked again at each slot whether rows begin there.
            let until = rest.len().saturating_sub(FEWEST_IN_ROWS);
            while rest.len() > until {
                let Some(entry) = Entry::take(&mut rest, table) else {
                    break;
                };
                self.add(entry, table, room, &mut done);
            }
        }
        self.finish(room, &mut done);
    }

    /// Packs entries, in order.
    pub(in crate::timeline::event_log) fn pack_entries(
        &mut self,
        entries: &[Entry],
        table: &SiteTable,
        room: &mut Arena,
        mut done: impl FnMut(Pack),
    ) {
        entries
            .iter()
            .for_each(|entry| self.add(*entry, table, room, &mut done));
        self.finish(room, &mut done);
    }

    #[inline]
    fn add(
        &mut self,
        entry: Entry,
        table: &SiteTable,
        room: &mut Arena,
        done: &mut impl FnMut(Pack),
    ) {
        let known = self
            .places
            .get(entry.site as usize)
            .copied()
            .unwrap_or(NOWHERE);
        let place = if known == NOWHERE {
            self.meet(entry.site, table, room, done)
        } else {
            known
        };
        let width = self
            .sites
            .get(usize::from(place))
            .map_or(8, |(_, width)| *width);
        if self.mixed.push(entry, place, width) == MOST_MIXED {
            self.finish(room, done);
        }
    }

    /// The place of a site that is new to the pack in work.
    #[cold]
    fn meet(
        &mut self,
        site: u32,
        table: &SiteTable,
        room: &mut Arena,
        done: &mut impl FnMut(Pack),
    ) -> u8 {
        if self.sites.len() == usize::from(NOWHERE) {
            self.finish(room, done);
        }
        // One that no guest can name is met again at each entry; no such entry is kept for long.
        self.sites.push((site, table.width(site)));
        let place = (self.sites.len() - 1) as u8;
        if let Some(known) = self.places.get_mut(site as usize) {
            *known = place;
        }
        place
    }

    fn finish(&mut self, room: &mut Arena, done: &mut impl FnMut(Pack)) {
        for (site, _) in &self.sites {
            if let Some(known) = self.places.get_mut(*site as usize) {
                *known = NOWHERE;
            }
        }
        let sites = std::mem::take(&mut self.sites);
        if self.mixed.len > 0 {
            done(self.mixed.pack(sites.into(), room));
        }
        (self.mixed.len, self.mixed.end) = (0, 0);
    }
}

impl Mixed {
    /// How many there are with this one.
    #[inline]
    fn push(&mut self, entry: Entry, place: u8, width: u8) -> usize {
        let (len, end) = (self.len, self.end);
        if let (Some(address), Some(start), Some(to)) = (
            self.addresses.get_mut(len),
            self.starts.get_mut(len),
            self.places.get_mut(len),
        ) {
            (*address, *start, *to) = (
                entry.address.to_le_bytes(),
                (end as u16).to_le_bytes(),
                place,
            );
        }
        if let Some(to) = self.values.get_mut(end..end + 16) {
            to.copy_from_slice(&entry.value.to_le_bytes());
        }
        self.end = end + usize::from(width);
        self.len = len + 1;
        self.len
    }

    fn pack(&self, sites: Box<[(u32, u8)]>, room: &mut Arena) -> Pack {
        let has_starts = same_width(&sites).is_none();
        let addresses = self
            .addresses
            .get(..self.len)
            .unwrap_or_default()
            .as_flattened();
        let starts = self
            .starts
            .get(..if has_starts { self.len } else { 0 })
            .unwrap_or_default()
            .as_flattened();
        let places = self
            .places
            .get(..if sites.len() > 1 { self.len } else { 0 })
            .unwrap_or_default();
        let values = self.values.get(..self.end).unwrap_or_default();
        let parts = [addresses, starts, places, values];
        let (place, mut rest) = room.take(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            let Some((to, behind)) = rest.split_at_mut_checked(part.len()) else {
                break;
            };
            to.copy_from_slice(part);
            rest = behind;
        }
        Pack {
            len: self.len as u32,
            form: Form::Mixed(sites),
            place,
        }
    }
}

/// Packs slots that are all entries of their own: what is not rows stays as it lies, which takes
/// least time.
fn pack_narrow(
    slots: &[SlotBytes],
    table: &SiteTable,
    room: &mut Arena,
    mut done: impl FnMut(Pack),
) {
    let plain = |slots: &[SlotBytes], room: &mut Arena, done: &mut dyn FnMut(Pack)| {
        if !slots.is_empty() {
            let bytes = slots.as_flattened();
            let (place, to) = room.take(bytes.len());
            to.copy_from_slice(bytes);
            done(Pack {
                len: slots.len() as u32,
                form: Form::Slots,
                place,
            });
        }
    };
    let (mut from, mut at) = (0, 0);
    while let Some(rest) = slots.get(at..).filter(|rest| !rest.is_empty()) {
        match rows(rest, table, room) {
            Some((pack, taken)) => {
                plain(slots.get(from..at).unwrap_or_default(), room, &mut done);
                done(pack);
                at += taken;
                from = at;
            }
            None => at += rest.len().min(FEWEST_IN_ROWS),
        }
    }
    plain(slots.get(from..).unwrap_or_default(), room, &mut done);
}

/// The rows that these slots begin with, and how many slots they take; `None` where they would not
/// be many.
fn rows(slots: &[SlotBytes], table: &SiteTable, room: &mut Arena) -> Option<(Pack, usize)> {
    let step = step(slots, table)?;
    let Slot {
        site,
        address: first,
        ..
    } = Slot::decode(slots.first()?);
    let second = Slot::decode(slots.get(step)?).address;
    let width = table.width(site);
    let column = Column {
        site,
        first,
        stride: second.wrapping_sub(first),
        at: 0,
        width,
        row: width.into(),
    };
    match (width, step) {
        (1, 1) => runs::<1, VALUE_OFFSET, 1>(slots, column, room),
        (2, 1) => runs::<1, VALUE_OFFSET, 2>(slots, column, room),
        (4, 1) => runs::<1, VALUE_OFFSET, 4>(slots, column, room),
        (8, 1) => runs::<1, VALUE_OFFSET, 8>(slots, column, room),
        (16, 2) => runs::<2, SLOT, 16>(slots, column, room),
        _ => rows_of_several(slots, table, step, room),
    }
}

/// Rows of one column, each of `STEP` slots: a run of them, and others of the same instruction
/// right behind it. Where a value lies in a row, and how wide it is, is in bytes.
fn runs<const STEP: usize, const AT: usize, const WIDTH: usize>(
    slots: &[SlotBytes],
    column: Column,
    room: &mut Arena,
) -> Option<(Pack, usize)> {
    let rows = slots.as_chunks::<STEP>().0;
    let mut len = count_run(rows, column);
    let mut behind: Vec<Beginning> = Vec::new();
    while let Some(rest) = rows.get(len..)
        && let Some(next) = rest.first().and_then(|row| row.first()).map(Slot::decode)
        && next.site == column.site
    {
        let first = next.address;
        let count = count_run(rest, Column { first, ..column });
        if count < SHORTEST_RUN {
            break;
        }
        behind.push((len as u64 | u64::from(first) << 32).to_le_bytes());
        len += count;
    }
    if len < FEWEST_IN_ROWS {
        return None;
    }
    let beginnings = if behind.is_empty() {
        0
    } else {
        (behind.len() + 1) * size_of::<Beginning>()
    };
    let (place, to) = room.take(len * WIDTH + beginnings);
    let (to, to_beginnings) = to.split_at_mut_checked(len * WIDTH)?;
    values::<STEP, AT, WIDTH>(rows, to.as_chunks_mut().0);
    let first = (u64::from(column.first) << 32).to_le_bytes();
    for (to, beginning) in to_beginnings
        .as_chunks_mut()
        .0
        .iter_mut()
        .zip([first].iter().chain(&behind))
    {
        *to = *beginning;
    }
    let form = if behind.is_empty() {
        Form::Run(column)
    } else {
        Form::Runs(column)
    };
    Some((
        Pack {
            len: u32::try_from(len).ok()?,
            form,
            place,
        },
        len * STEP,
    ))
}

fn rows_of_several(
    slots: &[SlotBytes],
    table: &SiteTable,
    step: usize,
    room: &mut Arena,
) -> Option<(Pack, usize)> {
    let (columns, places) = first_row(slots, table, step)?;
    let count = count_rows(slots, &columns, &places, step);
    let len = count * columns.len();
    if len < FEWEST_IN_ROWS {
        return None;
    }
    let slots = slots.get(..count * step)?;
    let (place, to) = room.take(
        count
            * columns
                .iter()
                .map(|column| usize::from(column.width))
                .sum::<usize>(),
    );
    values_of_rows(slots, &columns, &places, step, to);
    Some((
        Pack {
            len: u32::try_from(len).ok()?,
            form: Form::Rows(columns.into()),
            place,
        },
        slots.len(),
    ))
}

/// How many slots a row takes: up to where the first instruction comes again. `None` where its
/// address does not move by the same distance three times, which tells most of what is no row.
fn step(slots: &[SlotBytes], table: &SiteTable) -> Option<usize> {
    let first = head(slots.first()?);
    let mut at = 0;
    for _ in 0..MOST_COLUMNS {
        at += if table.is_vector(head(slots.get(at)?) as u32) {
            2
        } else {
            1
        };
        if head(slots.get(at)?) as u32 == first as u32 {
            let (second, third) = (head(slots.get(at)?), head(slots.get(at * 2)?));
            return (third.wrapping_sub(second) == second.wrapping_sub(first)).then_some(at);
        }
    }
    None
}

/// The columns of rows of so many slots, and at which slot of a row each stands.
fn first_row(
    slots: &[SlotBytes],
    table: &SiteTable,
    step: usize,
) -> Option<(Vec<Column>, Vec<usize>)> {
    let (mut columns, mut places): (Vec<Column>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut place, mut at) = (0, 0);
    while place < step {
        let first = Slot::decode(slots.get(place)?);
        let second = Slot::decode(slots.get(step + place)?);
        if first.site != second.site {
            return None;
        }
        let width = table.width(first.site);
        columns.push(Column {
            site: first.site,
            first: first.address,
            stride: second.address.wrapping_sub(first.address),
            at,
            width,
            row: 0,
        });
        places.push(place);
        place += if width == 16 { 2 } else { 1 };
        at += u16::from(width);
    }
    columns.iter_mut().for_each(|column| column.row = at);
    Some((columns, places))
}

/// How many rows go on as a column says.
fn count_run<const STEP: usize>(rows: &[[SlotBytes; STEP]], column: Column) -> usize {
    let stride = join_head(0, column.stride);
    let head = |row: &[SlotBytes; STEP]| row.first().map_or(0, head);
    let mut next = join_head(column.site, column.first);
    let mut count = 0;
    for eight in rows.as_chunks::<8>().0 {
        let (mut differing, mut expected) = (0, next);
        for row in eight {
            differing |= expected ^ head(row);
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

/// How many rows go on as the first two do.
fn count_rows(slots: &[SlotBytes], columns: &[Column], places: &[usize], step: usize) -> usize {
    let rows = slots.chunks_exact(step).enumerate();
    let fits = |(nth, row): &(usize, &[SlotBytes])| {
        columns.iter().zip(places).all(|(column, place)| {
            row.get(*place).is_some_and(|slot| {
                let slot = Slot::decode(slot);
                slot.site == column.site && slot.address == column.address(*nth)
            })
        })
    };
    rows.take_while(fits).count()
}

/// Takes the value at a place of each row, as many as there is room for.
fn values<const STEP: usize, const AT: usize, const WIDTH: usize>(
    rows: &[[SlotBytes; STEP]],
    to: &mut [[u8; WIDTH]],
) {
    for (to, row) in to.iter_mut().zip(rows) {
        let value = row
            .get(AT / SLOT)
            .and_then(|slot| slot.get(AT % SLOT..)?.first_chunk());
        *to = value.copied().unwrap_or([0; WIDTH]);
    }
}

fn values_of_rows(
    slots: &[SlotBytes],
    columns: &[Column],
    places: &[usize],
    step: usize,
    to: &mut [u8],
) {
    let mut rest = to;
    for row in slots.chunks_exact(step) {
        for (column, place) in columns.iter().zip(places) {
            rest = match column.width {
                1 => value_of_row::<1>(row.get(*place), VALUE_OFFSET, rest),
                2 => value_of_row::<2>(row.get(*place), VALUE_OFFSET, rest),
                4 => value_of_row::<4>(row.get(*place), VALUE_OFFSET, rest),
                8 => value_of_row::<8>(row.get(*place), VALUE_OFFSET, rest),
                _ => value_of_row::<16>(row.get(*place + 1), 0, rest),
            };
        }
    }
}

#[inline]
fn value_of_row<'a, const WIDTH: usize>(
    slot: Option<&SlotBytes>,
    at: usize,
    to: &'a mut [u8],
) -> &'a mut [u8] {
    let value = slot.and_then(|slot| slot.get(at..)?.first_chunk::<WIDTH>());
    let Some((to, rest)) = to.split_first_chunk_mut::<WIDTH>() else {
        return &mut [];
    };
    *to = value.copied().unwrap_or([0; WIDTH]);
    rest
}
