//! Many entries in little room: what the stores of one loop have in common is kept once.
//!
//! Three forms. *Rows*: the same few instructions in the same order again and again, each with an address that moves by the
//! same distance every time, as a loop over an array has it; only values are kept. *Slots*: as they lay in the journal, for
//! all else that comes in great numbers; more was tried, but fresh memory is cheaper than the time it took. *Mixed*: where
//! vectors would make these too large, and for what comes one by one; an address and a value are kept for each entry, and
//! which of the pack's sites it is of. Each gives back any entry by its place, at once. Knows of sites how many bytes they
//! store and nothing else.

use super::room::{Place, Room};
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
    /// The values, row by row.
    Rows(Box<[Column]>),
    /// The addresses; unless all are as wide, where each value begins; unless there is but one site, which it is; the
    /// values.
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
        self.first.wrapping_add(self.stride.wrapping_mul(row as u32))
    }
}

impl Pack {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Where its bytes lie.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn open<'a>(&'a self, room: &'a Room) -> Opened<'a> {
        Opened { pack: self, bytes: room.get(self.place) }
    }

    /// What it takes beside its bytes in the room, in bytes.
    pub(super) fn kept_bytes(&self) -> usize {
        let more = match &self.form {
            Form::Run(_) | Form::Slots => 0,
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
            Form::Run(column) => is_plain(column.site),
            Form::Rows(columns) => columns.iter().all(|column| is_plain(column.site)),
            Form::Mixed(sites) => sites.iter().all(|(site, _)| is_plain(*site)),
            Form::Slots => self.slots().iter().all(|slot| is_plain(head(slot) as u32)),
        }
    }

    fn slots(&self) -> &'a [Slot] {
        self.bytes.as_chunks().0
    }

    /// The entry at a place below [`len`](Opened::len); what another place gives means nothing.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Entry {
        match &self.pack.form {
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
            Form::Slots => self.slots().get(at).map_or_else(Entry::default, |slot| {
                let (site, address, value) = parts(slot);
                Entry::new(site, address, value)
            }),
        }
    }

    /// Site and address of an entry, its value left aside.
    #[inline]
    pub(super) fn head(&self, at: usize) -> (u32, u32) {
        match &self.pack.form {
            Form::Run(column) => (column.site, column.address(at)),
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
                let (site, address, _) = parts(slot);
                (site, address)
            }),
        }
    }

    /// Tells all entries, in order.
    #[inline]
    pub(super) fn each(&self, mut tell: impl FnMut(Entry)) {
        match &self.pack.form {
            Form::Run(column) => {
                let mut address = column.first;
                for at in 0..self.len() {
                    let value = self.value(at * usize::from(column.width), column.width);
                    tell(Entry { site: column.site, address, value });
                    address = address.wrapping_add(column.stride);
                }
            }
            Form::Slots => {
                for slot in self.slots() {
                    let (site, address, value) = parts(slot);
                    tell(Entry::new(site, address, value));
                }
            }
            _ => (0..self.len()).for_each(|at| tell(self.get(at))),
        }
    }

    /// The values from an entry on as they lie in memory, where each entry begins where the one before it ends. With
    /// site, address and width of the first.
    #[inline]
    pub(super) fn dense(&self, at: usize) -> Option<(u32, u32, usize, &'a [u8])> {
        let Form::Run(column) = &self.pack.form else { return None };
        let width = usize::from(column.width);
        if column.stride as usize != width {
            return None;
        }
        Some((column.site, column.address(at), width, self.bytes.get(at * width..)?))
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
    addresses: [[u8; 4]; MOST_MIXED],
    starts: [[u8; 2]; MOST_MIXED],
    places: [u8; MOST_MIXED],
    /// With room for a whole value behind the last.
    values: [u8; MOST_MIXED * 16 + 16],
    end: usize,
}

impl Packer {
    pub(super) fn new(table: &SiteTable) -> Self {
        let mixed = Mixed {
            len: 0,
            addresses: [[0; 4]; MOST_MIXED],
            starts: [[0; 2]; MOST_MIXED],
            places: [0; MOST_MIXED],
            values: [0; MOST_MIXED * 16 + 16],
            end: 0,
        };
        Packer { places: vec![NOWHERE; table.len() + 1], sites: Vec::new(), mixed: Box::new(mixed) }
    }

    /// Packs whole slots of a journal, in order.
    pub(super) fn pack(&mut self, slots: &[Slot], table: &SiteTable, room: &mut Room, mut done: impl FnMut(Pack)) {
        if !table.has_wide() {
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
                let Some(entry) = Entry::take(&mut rest, table) else { break };
                self.add(entry, table, room, &mut done);
            }
        }
        self.finish(room, &mut done);
    }

    /// Packs entries, in order.
    pub(super) fn pack_entries(
        &mut self,
        entries: &[Entry],
        table: &SiteTable,
        room: &mut Room,
        mut done: impl FnMut(Pack),
    ) {
        entries.iter().for_each(|entry| self.add(*entry, table, room, &mut done));
        self.finish(room, &mut done);
    }

    #[inline]
    fn add(&mut self, entry: Entry, table: &SiteTable, room: &mut Room, done: &mut impl FnMut(Pack)) {
        let known = self.places.get(entry.site as usize).copied().unwrap_or(NOWHERE);
        let place = if known == NOWHERE { self.meet(entry.site, table, room, done) } else { known };
        let width = self.sites.get(usize::from(place)).map_or(8, |(_, width)| *width);
        if self.mixed.push(entry, place, width) == MOST_MIXED {
            self.finish(room, done);
        }
    }

    /// The place of a site that is new to the pack in work.
    #[cold]
    fn meet(&mut self, site: u32, table: &SiteTable, room: &mut Room, done: &mut impl FnMut(Pack)) -> u8 {
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

    fn finish(&mut self, room: &mut Room, done: &mut impl FnMut(Pack)) {
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
        if let (Some(address), Some(start), Some(to)) =
            (self.addresses.get_mut(len), self.starts.get_mut(len), self.places.get_mut(len))
        {
            (*address, *start, *to) = (entry.address.to_le_bytes(), (end as u16).to_le_bytes(), place);
        }
        if let Some(to) = self.values.get_mut(end..end + 16) {
            to.copy_from_slice(&entry.value.to_le_bytes());
        }
        self.end = end + usize::from(width);
        self.len = len + 1;
        self.len
    }

    fn pack(&self, sites: Box<[(u32, u8)]>, room: &mut Room) -> Pack {
        let has_starts = same_width(&sites).is_none();
        let addresses = self.addresses.get(..self.len).unwrap_or_default().as_flattened();
        let starts = self.starts.get(..if has_starts { self.len } else { 0 }).unwrap_or_default().as_flattened();
        let places = self.places.get(..if sites.len() > 1 { self.len } else { 0 }).unwrap_or_default();
        let values = self.values.get(..self.end).unwrap_or_default();
        let parts = [addresses, starts, places, values];
        let (place, mut rest) = room.take(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            let Some((to, behind)) = rest.split_at_mut_checked(part.len()) else { break };
            to.copy_from_slice(part);
            rest = behind;
        }
        Pack { len: self.len as u32, form: Form::Mixed(sites), place }
    }
}

/// Packs slots that are all entries of their own: what is not rows stays as it lies, which takes least time.
fn pack_narrow(slots: &[Slot], table: &SiteTable, room: &mut Room, mut done: impl FnMut(Pack)) {
    let plain = |slots: &[Slot], room: &mut Room, done: &mut dyn FnMut(Pack)| {
        if !slots.is_empty() {
            let bytes = slots.as_flattened();
            let (place, to) = room.take(bytes.len());
            to.copy_from_slice(bytes);
            done(Pack { len: slots.len() as u32, form: Form::Slots, place });
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

fn head(slot: &Slot) -> u64 {
    u64::from_le_bytes(*slot.first_chunk().unwrap_or(&[0; 8]))
}

/// The rows that these slots begin with, and how many slots they take; `None` where they would not be many.
fn rows(slots: &[Slot], table: &SiteTable, room: &mut Room) -> Option<(Pack, usize)> {
    let step = step(slots, table)?;
    let (site, first, _) = parts(slots.first()?);
    let (_, second, _) = parts(slots.get(step)?);
    let width = table.width(site);
    let is_alone = step == if table.is_wide(site) { 2 } else { 1 };
    if !is_alone {
        return rows_of_several(slots, table, step, room);
    }
    let column = Column { site, first, stride: second.wrapping_sub(first), at: 0, width, row: width.into() };
    let count = if step == 1 { count_run::<1>(slots, column) } else { count_run::<2>(slots, column) };
    if count < FEWEST_IN_ROWS {
        return None;
    }
    let slots = slots.get(..count * step)?;
    let (place, to) = room.take(count * usize::from(width));
    match width {
        1 => values::<1, 8, 1>(slots, to),
        2 => values::<1, 8, 2>(slots, to),
        4 => values::<1, 8, 4>(slots, to),
        8 => values::<1, 8, 8>(slots, to),
        _ => values::<2, SLOT, 16>(slots, to),
    }
    Some((Pack { len: u32::try_from(count).ok()?, form: Form::Run(column), place }, slots.len()))
}

fn rows_of_several(slots: &[Slot], table: &SiteTable, step: usize, room: &mut Room) -> Option<(Pack, usize)> {
    let (columns, places) = first_row(slots, table, step)?;
    let count = count_rows(slots, &columns, &places, step);
    let len = count * columns.len();
    if len < FEWEST_IN_ROWS {
        return None;
    }
    let slots = slots.get(..count * step)?;
    let (place, to) = room.take(count * columns.iter().map(|column| usize::from(column.width)).sum::<usize>());
    values_of_rows(slots, &columns, &places, step, to);
    Some((Pack { len: u32::try_from(len).ok()?, form: Form::Rows(columns.into()), place }, slots.len()))
}

/// How many slots a row takes: up to where the first instruction comes again. `None` where its address does not move by
/// the same distance three times, which tells most of what is no row.
fn step(slots: &[Slot], table: &SiteTable) -> Option<usize> {
    let first = head(slots.first()?);
    let mut at = 0;
    for _ in 0..MOST_COLUMNS {
        at += if table.is_wide(head(slots.get(at)?) as u32) { 2 } else { 1 };
        if head(slots.get(at)?) as u32 == first as u32 {
            let (second, third) = (head(slots.get(at)?), head(slots.get(at * 2)?));
            return (third.wrapping_sub(second) == second.wrapping_sub(first)).then_some(at);
        }
    }
    None
}

/// The columns of rows of so many slots, and at which slot of a row each stands.
fn first_row(slots: &[Slot], table: &SiteTable, step: usize) -> Option<(Vec<Column>, Vec<usize>)> {
    let (mut columns, mut places): (Vec<Column>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut place, mut at) = (0, 0);
    while place < step {
        let (site, first, _) = parts(slots.get(place)?);
        let (same, second, _) = parts(slots.get(step + place)?);
        if site != same {
            return None;
        }
        let width = table.width(site);
        columns.push(Column { site, first, stride: second.wrapping_sub(first), at, width, row: 0 });
        places.push(place);
        place += if width == 16 { 2 } else { 1 };
        at += u16::from(width);
    }
    columns.iter_mut().for_each(|column| column.row = at);
    Some((columns, places))
}

/// How many rows of one column, each of so many slots, go on as the first two do.
fn count_run<const STEP: usize>(slots: &[Slot], column: Column) -> usize {
    let stride = u64::from(column.stride) << 32;
    let rows = slots.as_chunks::<STEP>().0;
    let head = |row: &[Slot; STEP]| row.first().map_or(0, head);
    let mut last = rows.first().map_or(0, head).wrapping_sub(stride);
    let mut count = 0;
    for eight in rows.as_chunks::<8>().0 {
        let (mut differing, mut next) = (0, last);
        for row in eight {
            next = next.wrapping_add(stride);
            differing |= next ^ head(row);
        }
        if differing != 0 {
            break;
        }
        last = next;
        count += 8;
    }
    for row in rows.get(count..).unwrap_or_default() {
        last = last.wrapping_add(stride);
        if last != head(row) {
            break;
        }
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

/// Takes the value at a place of each row.
fn values<const STEP: usize, const AT: usize, const WIDTH: usize>(slots: &[Slot], to: &mut [u8]) {
    for (to, row) in to.as_chunks_mut::<WIDTH>().0.iter_mut().zip(slots.as_chunks::<STEP>().0) {
        let value = row.get(AT / SLOT).and_then(|slot| slot.get(AT % SLOT..)?.first_chunk());
        *to = value.copied().unwrap_or([0; WIDTH]);
    }
}

fn values_of_rows(slots: &[Slot], columns: &[Column], places: &[usize], step: usize, to: &mut [u8]) {
    let mut rest = to;
    for row in slots.chunks_exact(step) {
        for (column, place) in columns.iter().zip(places) {
            rest = match column.width {
                1 => value_of_row::<1>(row.get(*place), 8, rest),
                2 => value_of_row::<2>(row.get(*place), 8, rest),
                4 => value_of_row::<4>(row.get(*place), 8, rest),
                8 => value_of_row::<8>(row.get(*place), 8, rest),
                _ => value_of_row::<16>(row.get(*place + 1), 0, rest),
            };
        }
    }
}

#[inline]
fn value_of_row<'a, const WIDTH: usize>(slot: Option<&Slot>, at: usize, to: &'a mut [u8]) -> &'a mut [u8] {
    let value = slot.and_then(|slot| slot.get(at..)?.first_chunk::<WIDTH>());
    let Some((to, rest)) = to.split_first_chunk_mut::<WIDTH>() else { return &mut [] };
    *to = value.copied().unwrap_or([0; WIDTH]);
    rest
}

#[cfg(test)]
mod tests;
