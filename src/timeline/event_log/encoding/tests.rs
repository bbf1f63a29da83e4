use proptest::prelude::*;

use super::super::entry::decode_entries;
use super::super::tests::model::site;
use super::*;
use crate::journal_abi::SiteKind;

/// Sites 1 to 5 store 1, 2, 4, 8 and perhaps 16 bytes, 6 fills; those after it store a byte.
fn table(has_wide: bool) -> SiteTable {
    let wide = if has_wide {
        SiteKind::Vector
    } else {
        SiteKind::Store { width: 8 }
    };
    let kinds = [1, 2, 4, 8]
        .map(|width| SiteKind::Store { width })
        .into_iter()
        .chain([wide, SiteKind::Fill]);
    let more = (0..600).map(|_| SiteKind::Store { width: 1 });
    SiteTable::new(kinds.chain(more).map(|kind| site(kind, 0)).collect())
}

/// Some rounds of a loop, which may break off within a row.
fn part() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let column = (
        prop_oneof![9 => 1..7u32, 1 => 7..606u32],
        any::<u32>(),
        prop_oneof![3 => 0..40u32, 1 => any::<u32>()],
    );
    (
        prop::collection::vec(column, 1..20),
        1..300usize,
        any::<usize>(),
    )
        .prop_map(|(columns, rows, less)| {
            let row = |row: u32| {
                columns.iter().map(move |(site, first, stride)| {
                    (*site, first.wrapping_add(stride.wrapping_mul(row)))
                })
            };
            let mut all: Vec<_> = (0..rows as u32).flat_map(row).collect();
            all.truncate(all.len() - less % columns.len());
            all
        })
}

fn slots(heads: &[(u32, u32)], table: &SiteTable, seed: u64) -> Vec<SlotBytes> {
    let mut slots: Vec<SlotBytes> = Vec::new();
    for (nth, (site, address)) in (0u64..).zip(heads) {
        let value = (nth ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = Slot {
            site: *site,
            address: *address,
            value,
        };
        slots.push(slot.encode());
        if table.is_vector(*site) {
            slots.push((u128::from(value) << 64 | u128::from(value ^ seed)).to_le_bytes());
        }
    }
    slots
}

fn cut(entry: Entry, table: &SiteTable) -> Entry {
    let bits = 8 * u32::from(table.width(entry.site));
    Entry {
        value: entry.value & (u128::MAX >> (128 - bits)),
        ..entry
    }
}

proptest! {
    #[test]
    fn what_is_packed_comes_back(parts in prop::collection::vec(part(), 1..6), seed in any::<u64>(), has_wide in any::<bool>()) {
        let table = table(has_wide);
        let slots = slots(&parts.concat(), &table, seed);
        let mut packer = Packer::new(&table);
        for as_entries in [false, true] {
            let (mut packs, mut arena): (Vec<Pack>, Arena) = Default::default();
            match as_entries {
                false => packer.pack(&slots, &table, &mut arena, |pack| packs.push(pack)),
                true => {
                    let all: Vec<Entry> = decode_entries(&slots, &table).collect();
                    packer.pack_entries(&all, &table, &mut arena, |pack| packs.push(pack));
                }
            }
            let expected_entries = decode_entries(&slots, &table).map(|entry| cut(entry, &table));
            let views: Vec<PackView> = packs.iter().map(|pack| pack.view(&arena)).collect();
            let back = views.iter().flat_map(|pack| (0..pack.len()).map(|at| cut(pack.get(at), &table)));
            prop_assert!(expected_entries.eq(back));
            for pack in &views {
                let mut all = Vec::new();
                pack.for_each(0, |entry| all.push(entry));
                prop_assert_eq!(all.len(), pack.len());
                for (at, expected_entries) in all.into_iter().enumerate() {
                    let entry = pack.get(at);
                    prop_assert_eq!(pack.head(at), (entry.site, entry.address));
                    prop_assert_eq!(expected_entries, entry);
                }
            }
        }
    }
}

/// Runs of one instruction, each at another place.
fn a_run() -> impl Strategy<Value = Vec<(u32, u32)>> {
    (
        any::<u32>(),
        1..90u32,
        prop_oneof![9 => Just(3u32), 1 => 1..4u32],
    )
        .prop_map(|(first, len, site)| {
            (0..len)
                .map(|at| (site, first.wrapping_add(at * 4)))
                .collect()
        })
}

proptest! {
    #[test]
    fn runs_after_each_other_come_back(parts in prop::collection::vec(a_run(), 1..40), from in any::<prop::sample::Index>()) {
        let table = table(false);
        let slots = slots(&parts.concat(), &table, 7);
        let (mut packs, mut arena): (Vec<Pack>, Arena) = Default::default();
        Packer::new(&table).pack(&slots, &table, &mut arena, |pack| packs.push(pack));
        let mut expected_entries = decode_entries(&slots, &table).map(|entry| cut(entry, &table));
        for pack in packs.iter().map(|pack| pack.view(&arena)) {
            let expected: Vec<Entry> = expected_entries.by_ref().take(pack.len()).collect();
            let from = from.index(pack.len());
            let mut rest = Vec::new();
            pack.for_each(from, |entry| rest.push(cut(entry, &table)));
            prop_assert_eq!(&rest, &expected[from..]);
            let Some((site, address, width, bytes)) = pack.contiguous(from) else { continue };
            let here = expected[from];
            prop_assert_eq!((site, address, width), (here.site, here.address, usize::from(table.width(here.site))));
            prop_assert!(!bytes.is_empty());
            for (at, value) in bytes.chunks(width).enumerate() {
                let entry = expected[from + at];
                prop_assert_eq!(entry.address, address.wrapping_add((at * width) as u32));
                prop_assert_eq!(&entry.value.to_le_bytes()[..width], value);
            }
        }
        prop_assert_eq!(expected_entries.next(), None);
    }
}

#[test]
fn a_loop_in_a_loop_takes_its_values_and_where_each_round_begins() {
    let table = table(true);
    for (site, width) in [(1, 1), (3, 4), (5, 16)] {
        let heads: Vec<_> = (0..200)
            .flat_map(|row| (0..20).map(move |i| (site, row * 100 + i * 4)))
            .collect();
        let (mut packs, mut arena) = (Vec::new(), Arena::default());
        let slots = slots(&heads, &table, 1);
        Packer::new(&table).pack(&slots, &table, &mut arena, |pack| packs.push(pack));
        let kept: usize = packs
            .iter()
            .map(|pack| size_of::<Pack>() + pack.boxed_bytes() + pack.view(&arena).bytes.len())
            .sum();
        let values = 4000 * width + 200 * 8;
        assert!((values..values + 200).contains(&kept), "{kept} bytes");
    }
}

#[test]
fn a_loop_takes_its_values_and_little_else() {
    let table = table(true);
    for (site, width) in [(1, 1), (3, 4), (4, 8), (5, 16)] {
        let heads: Vec<_> = (0..4000).map(|i| (site, i * 40)).collect();
        let (mut packs, mut arena) = (Vec::new(), Arena::default());
        let slots = slots(&heads, &table, 1);
        Packer::new(&table).pack(&slots, &table, &mut arena, |pack| packs.push(pack));
        let kept: usize = packs
            .iter()
            .map(|pack| size_of::<Pack>() + pack.boxed_bytes() + pack.view(&arena).bytes.len())
            .sum();
        assert!(
            (4000 * width..4000 * width + 200).contains(&kept),
            "{kept} bytes"
        );
    }
}
