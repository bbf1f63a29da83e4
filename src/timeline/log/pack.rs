//! Many entries in little room: what the stores of one loop have in common is kept once.
//!
//! Two forms. *Rows*: the same few instructions in the same order again and again, each with an address that moves by the
//! same distance every time, as a loop over an array has it; only values are kept. *Mixed*: all else; an address and a
//! value are kept for each entry, and which of the pack's sites it is of. Either gives back any entry by its place, at
//! once. Knows of sites how many bytes they store and nothing else.

use super::sites::SiteTable;
use super::slots::{Entry, SLOT, Slot, parts};

/// Most entries of a mixed pack: where a value begins is kept in 16 bits.
pub(super) const MOST_MIXED: usize = 1024;
/// Rows of more columns are not looked for.
const MOST_COLUMNS: usize = 16;
/// Rows of fewer entries are not worth a pack of their own.
const FEWEST_IN_ROWS: usize = 64;
/// In place of a site's place in a pack: it has none yet.
const NOWHERE: u8 = u8::MAX;

/// Entries that follow each other, packed.
#[derive(Debug, Clone)]
pub(super) struct Pack {
    len: u32,
    form: Form,
    bytes: Box<[u8]>,
}

#[derive(Debug, Clone)]
enum Form {
    /// Rows of one column: the values alone.
    Run(Column),
    /// The values, row by row.
    Rows(Box<[Column]>),
    /// The addresses; unless all are as wide, where each value begins; unless there is but one site, which it is; the
    /// values.
    Mixed(Box<[(u32, u8)]>),
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
        self.first.wrapping_add(self.stride.wrapping_mul(row as u32))
    }
}

impl Pack {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// The sites of its entries, some perhaps more than once.
    pub(super) fn sites(&self) -> impl Iterator<Item = u32> + '_ {
        let (run, rows, mixed): (_, &[Column], &[(u32, u8)]) = match &self.form {
            Form::Run(column) => (Some(column.site), &[], &[]),
            Form::Rows(columns) => (None, columns, &[]),
            Form::Mixed(sites) => (None, &[], sites),
        };
        run.into_iter().chain(rows.iter().map(|column| column.site)).chain(mixed.iter().map(|(site, _)| *site))
    }

    /// The entry at a place below [`len`](Pack::len); what another place gives means nothing.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Entry {
        match &self.form {
            Form::Run(column) => {
                let value = self.value(at * usize::from(column.width), column.width);
                Entry { site: column.site, address: column.address(at), value }
            }
            Form::Rows(columns) => {
                let row = at / columns.len().max(1);
                let Some(column) = columns.get(at % columns.len().max(1)) else { return Entry::default() };
                let value = self.value(row * usize::from(column.row) + usize::from(column.at), column.width);
                Entry { site: column.site, address: column.address(row), value }
            }
            Form::Mixed(sites) => {
                let (site, width) = self.site(sites, at);
                let (from, values) = match same_width(sites) {
                    Some(width) => (at * usize::from(width), self.values(sites, false)),
                    None => (self.number(self.len() * 4 + at * 2) as usize, self.values(sites, true)),
                };
                Entry { site, address: self.word(at * 4), value: self.value(values + from, width) }
            }
        }
    }

    /// Site, address and width of an entry, its value left aside.
    #[inline]
    pub(super) fn head(&self, at: usize) -> (u32, u32, u8) {
        match &self.form {
            Form::Run(column) => (column.site, column.address(at), column.width),
            Form::Rows(columns) => {
                let row = at / columns.len().max(1);
                let column = columns.get(at % columns.len().max(1));
                column.map_or((0, 0, 0), |column| (column.site, column.address(row), column.width))
            }
            Form::Mixed(sites) => {
                let (site, width) = self.site(sites, at);
                (site, self.word(at * 4), width)
            }
        }
    }

    pub(super) fn kept_bytes(&self) -> usize {
        let more = match &self.form {
            Form::Run(_) => 0,
            Form::Rows(columns) => size_of_val(&**columns),
            Form::Mixed(sites) => size_of_val(&**sites),
        };
        size_of::<Pack>() + more + self.bytes.len()
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
                self.bytes.get(self.len() * (4 + starts) + at).copied().map_or(0, usize::from)
            }
        };
        sites.get(place).copied().unwrap_or_default()
    }

    fn word(&self, at: usize) -> u32 {
        self.bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn number(&self, at: usize) -> u16 {
        self.bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    fn value(&self, at: usize, width: u8) -> u128 {
        let bytes = self.bytes.get(at..).unwrap_or_default();
        match width {
            1 => bytes.first().copied().map_or(0, u128::from),
            2 => bytes.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes).into()),
            4 => bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes).into()),
            8 => bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes).into()),
            _ => bytes.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes)),
        }
    }
}

/// The width of all sites, where they have one in common.
#[inline]
fn same_width(sites: &[(u32, u8)]) -> Option<u8> {
    let (_, first) = sites.first()?;
    sites.iter().all(|(_, width)| width == first).then_some(*first)
}

/// Makes packs. Keeps its room between them.
#[derive(Debug, Clone)]
pub(super) struct Packer {
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
    addresses: [u32; MOST_MIXED],
    starts: [u16; MOST_MIXED],
    places: [u8; MOST_MIXED],
    /// With room for a whole value behind the last.
    values: [u8; MOST_MIXED * 16 + 16],
    end: usize,
}

impl Packer {
    pub(super) fn new(table: &SiteTable) -> Self {
        let mixed = Mixed {
            len: 0,
            addresses: [0; MOST_MIXED],
            starts: [0; MOST_MIXED],
            places: [0; MOST_MIXED],
            values: [0; MOST_MIXED * 16 + 16],
            end: 0,
        };
        Packer { places: vec![NOWHERE; table.len() + 1], sites: Vec::new(), mixed: Box::new(mixed) }
    }

    /// Packs whole slots of a journal, in order.
    pub(super) fn pack(&mut self, slots: &[Slot], table: &SiteTable, mut done: impl FnMut(Pack)) {
        let mut rest = slots;
        while !rest.is_empty() {
            if let Some((pack, taken)) = rows(rest, table) {
                self.finish(&mut done);
                done(pack);
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            // Not asked again at each slot whether rows begin there.
            let until = rest.len().saturating_sub(FEWEST_IN_ROWS);
            while rest.len() > until {
                let Some(entry) = Entry::take(&mut rest, table) else { break };
                self.add(entry, table, &mut done);
            }
        }
        self.finish(&mut done);
    }

    /// Packs entries, in order.
    pub(super) fn pack_entries(&mut self, entries: &[Entry], table: &SiteTable, mut done: impl FnMut(Pack)) {
        entries.iter().for_each(|entry| self.add(*entry, table, &mut done));
        self.finish(&mut done);
    }

    #[inline]
    fn add(&mut self, entry: Entry, table: &SiteTable, done: &mut impl FnMut(Pack)) {
        let known = self.places.get(entry.site as usize).copied().unwrap_or(NOWHERE);
        let place = if known == NOWHERE { self.meet(entry.site, table, done) } else { known };
        let width = self.sites.get(usize::from(place)).map_or(8, |(_, width)| *width);
        if self.mixed.push(entry, place, width) == MOST_MIXED {
            self.finish(done);
        }
    }

    /// The place of a site that is new to the pack in work.
    #[cold]
    fn meet(&mut self, site: u32, table: &SiteTable, done: &mut impl FnMut(Pack)) -> u8 {
        if self.sites.len() == usize::from(NOWHERE) {
            self.finish(done);
        }
        // One that no guest can name is met again at each entry; no such entry is kept for long.
        self.sites.push((site, table.width(site)));
        let place = (self.sites.len() - 1) as u8;
        if let Some(known) = self.places.get_mut(site as usize) {
            *known = place;
        }
        place
    }

    fn finish(&mut self, done: &mut impl FnMut(Pack)) {
        for (site, _) in &self.sites {
            if let Some(known) = self.places.get_mut(*site as usize) {
                *known = NOWHERE;
            }
        }
        let sites = std::mem::take(&mut self.sites);
        if self.mixed.len > 0 {
            done(self.mixed.pack(sites.into()));
        }
        (self.mixed.len, self.mixed.end) = (0, 0);
    }
}

impl Mixed {
    /// How many there are with this one.
    #[inline]
    fn push(&mut self, entry: Entry, place: u8, width: u8) -> usize {
        let (len, end) = (self.len, self.end);
        if let (Some(address), Some(start), Some(to)) =
            (self.addresses.get_mut(len), self.starts.get_mut(len), self.places.get_mut(len))
        {
            (*address, *start, *to) = (entry.address, end as u16, place);
        }
        if let Some(to) = self.values.get_mut(end..end + 16) {
            to.copy_from_slice(&entry.value.to_le_bytes());
        }
        self.end = end + usize::from(width);
        self.len = len + 1;
        self.len
    }

    fn pack(&self, sites: Box<[(u32, u8)]>) -> Pack {
        let len = self.len;
        let mut bytes = Vec::with_capacity(len * 7 + self.end);
        bytes.extend(self.addresses.iter().take(len).flat_map(|address| address.to_le_bytes()));
        if same_width(&sites).is_none() {
            bytes.extend(self.starts.iter().take(len).flat_map(|start| start.to_le_bytes()));
        }
        if sites.len() > 1 {
            bytes.extend_from_slice(self.places.get(..len).unwrap_or_default());
        }
        bytes.extend_from_slice(self.values.get(..self.end).unwrap_or_default());
        Pack { len: len as u32, form: Form::Mixed(sites), bytes: bytes.into() }
    }
}

fn head(slot: &Slot) -> u64 {
    u64::from_le_bytes(*slot.first_chunk().unwrap_or(&[0; 8]))
}

/// The rows that these slots begin with, and how many slots they take; `None` where they would not be many.
fn rows(slots: &[Slot], table: &SiteTable) -> Option<(Pack, usize)> {
    let (columns, places, step) = first_row(slots, table)?;
    let count = match (&*columns, step) {
        ([column], 1) => count_run(slots, *column),
        _ => count_rows(slots, &columns, &places, step),
    };
    let len = count * columns.len();
    if len < FEWEST_IN_ROWS {
        return None;
    }
    let slots = slots.get(..count * step)?;
    let bytes = match (&*columns, step) {
        ([column], 1) => match column.width {
            1 => values::<1>(slots),
            2 => values::<2>(slots),
            4 => values::<4>(slots),
            _ => values::<8>(slots),
        },
        ([column], 2) if column.width == 16 => second_slots(slots),
        _ => values_of_rows(slots, &columns, &places, step),
    };
    let form = match *columns {
        [column] => Form::Run(column),
        _ => Form::Rows(columns.into()),
    };
    Some((Pack { len: u32::try_from(len).ok()?, form, bytes }, slots.len()))
}

/// The columns up to where the first instruction comes again, at which slot of a row each stands, and how many slots a
/// row takes.
fn first_row(slots: &[Slot], table: &SiteTable) -> Option<(Vec<Column>, Vec<usize>, usize)> {
    let (mut columns, mut places): (Vec<Column>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut at, mut row) = (0, 0);
    loop {
        let (site, first, _) = parts(slots.get(at)?);
        if columns.first().is_some_and(|column| column.site == site) {
            break;
        }
        if columns.len() == MOST_COLUMNS {
            return None;
        }
        let width = table.width(site);
        columns.push(Column { site, first, stride: 0, at: row, width, row: 0 });
        places.push(at);
        at += if width == 16 { 2 } else { 1 };
        row += u16::from(width);
    }
    for (column, place) in columns.iter_mut().zip(&places) {
        let (site, second, _) = parts(slots.get(at + place)?);
        if site != column.site {
            return None;
        }
        column.stride = second.wrapping_sub(column.first);
        column.row = row;
    }
    Some((columns, places, at))
}

/// How many slots go on as the first two do, all of one site.
fn count_run(slots: &[Slot], column: Column) -> usize {
    let stride = u64::from(column.stride) << 32;
    let mut last = slots.first().map_or(0, head);
    let rest = slots.get(1..).unwrap_or_default();
    let (eights, tail) = rest.as_chunks::<8>();
    let mut count = 1;
    for eight in eights {
        let mut differing = 0;
        for slot in eight {
            differing |= last.wrapping_add(stride) ^ head(slot);
            last = head(slot);
        }
        if differing != 0 {
            break;
        }
        count += 8;
    }
    let tail = if count > eights.len() * 8 { tail } else { slots.get(count..).unwrap_or_default() };
    let mut last = slots.get(count - 1).map_or(0, head);
    for slot in tail {
        if last.wrapping_add(stride) != head(slot) {
            break;
        }
        last = head(slot);
        count += 1;
    }
    count
}

/// How many rows go on as the first two do.
fn count_rows(slots: &[Slot], columns: &[Column], places: &[usize], step: usize) -> usize {
    let rows = slots.chunks_exact(step).enumerate();
    let fits = |(nth, row): &(usize, &[Slot])| {
        columns.iter().zip(places).all(|(column, place)| {
            row.get(*place).is_some_and(|slot| {
                let (site, address, _) = parts(slot);
                site == column.site && address == column.address(*nth)
            })
        })
    };
    rows.take_while(fits).count()
}

fn values<const WIDTH: usize>(slots: &[Slot]) -> Box<[u8]> {
    let value = |slot: &Slot| slot.get(8..).and_then(|value| value.first_chunk::<WIDTH>()).copied().unwrap_or([0; WIDTH]);
    slots.iter().map(value).collect::<Vec<_>>().into_flattened().into()
}

fn second_slots(slots: &[Slot]) -> Box<[u8]> {
    slots.as_chunks::<2>().0.iter().map(|[_, value]| *value).collect::<Vec<_>>().into_flattened().into()
}

fn values_of_rows(slots: &[Slot], columns: &[Column], places: &[usize], step: usize) -> Box<[u8]> {
    let row_bytes = columns.first().map_or(0, |column| usize::from(column.row));
    let mut bytes = Vec::with_capacity(slots.len() / step.max(1) * row_bytes);
    for row in slots.chunks_exact(step) {
        for (column, place) in columns.iter().zip(places) {
            let value = match column.width {
                16 => row.get(place + 1).map(|slot| slot.as_slice()),
                width => row.get(*place).and_then(|slot| slot.get(8..8 + usize::from(width))),
            };
            bytes.extend_from_slice(value.unwrap_or(&[0; SLOT][..usize::from(column.width)]));
        }
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::slots::entries;
    use super::super::{SiteKind, SiteShape};
    use super::*;

    /// Sites 1 to 5 store 1, 2, 4, 8 and 16 bytes, 6 fills; those behind store a byte.
    fn table() -> SiteTable {
        let kinds = [1, 2, 4, 8].map(|width| SiteKind::Store { width }).into_iter().chain([SiteKind::Wide, SiteKind::Fill]);
        let more = (0..600).map(|_| SiteKind::Store { width: 1 });
        SiteTable::new(kinds.chain(more).map(|kind| SiteShape { immediate: 0, kind }).collect())
    }

    /// Some rounds of a loop, which may break off within a row.
    fn part() -> impl Strategy<Value = Vec<(u32, u32)>> {
        let column = (prop_oneof![9 => 1..7u32, 1 => 7..606u32], any::<u32>(), prop_oneof![3 => 0..40u32, 1 => any::<u32>()]);
        (prop::collection::vec(column, 1..20), 1..300usize, any::<usize>()).prop_map(|(columns, rows, less)| {
            let row = |row: u32| columns.iter().map(move |(site, first, stride)| (*site, first.wrapping_add(stride.wrapping_mul(row))));
            let mut all: Vec<_> = (0..rows as u32).flat_map(row).collect();
            all.truncate(all.len() - less % columns.len());
            all
        })
    }

    fn slots(heads: &[(u32, u32)], table: &SiteTable, seed: u64) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        for (nth, (site, address)) in (0u64..).zip(heads) {
            let value = (nth ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let head = u128::from(*site) | u128::from(*address) << 32;
            slots.push((head | u128::from(value) << 64).to_le_bytes());
            if table.is_wide(*site) {
                slots.push((u128::from(value) << 64 | u128::from(value ^ seed)).to_le_bytes());
            }
        }
        slots
    }

    fn cut(entry: Entry, table: &SiteTable) -> Entry {
        let bits = 8 * u32::from(table.width(entry.site));
        Entry { value: entry.value & (u128::MAX >> (128 - bits)), ..entry }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(parts in prop::collection::vec(part(), 1..6), seed in any::<u64>()) {
            let table = table();
            let slots = slots(&parts.concat(), &table, seed);
            let mut packer = Packer::new(&table);
            for is_told_as_entries in [false, true] {
                let mut packs = Vec::new();
                match is_told_as_entries {
                    false => packer.pack(&slots, &table, |pack| packs.push(pack)),
                    true => {
                        let all: Vec<Entry> = entries(&slots, &table).collect();
                        packer.pack_entries(&all, &table, |pack| packs.push(pack));
                    }
                }
                let told = entries(&slots, &table).map(|entry| cut(entry, &table));
                let back = packs.iter().flat_map(|pack| (0..pack.len()).map(|at| pack.get(at)));
                prop_assert!(told.eq(back));
                for pack in &packs {
                    for at in 0..pack.len() {
                        let Entry { site, address, .. } = pack.get(at);
                        prop_assert_eq!(pack.head(at), (site, address, table.width(site)));
                        prop_assert!(pack.sites().any(|known| known == site));
                    }
                }
            }
        }
    }

    #[test]
    fn a_loop_takes_its_values_and_little_else() {
        let table = table();
        for (site, width) in [(1, 1), (3, 4), (4, 8), (5, 16)] {
            let heads: Vec<_> = (0..4000).map(|i| (site, i * 40)).collect();
            let mut kept = 0;
            Packer::new(&table).pack(&slots(&heads, &table, 1), &table, |pack| kept += pack.kept_bytes());
            assert!((4000 * width..4000 * width + 200).contains(&kept), "{kept} bytes");
        }
    }
}
