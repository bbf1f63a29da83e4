pub(super) mod model;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use self::model::{
    COPY_FROM, FAR, FILL, GROW, INIT, Op, WIDE, both, changes, op, site, sites, slot, timeline,
    wide_slots,
};
use super::write_headers::WriteHeader;
use super::*;
use crate::journal_abi::SiteKind;
use crate::timeline::image::LEAF;
use crate::timeline::{Moment, PAGE, Span, Writer};

/// Returns the first event from number `from` on that writes the byte at `address`.
fn next_touch(events: &EventLog, address: u64, from: usize) -> Option<usize> {
    let write = events.first_write_in(Span::of_byte(address), from..usize::MAX);
    write.map(|write| write.event)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_log_has_what_happened(ops in prop::collection::vec(op(), 0..60), is_zero in any::<bool>(), picks in prop::collection::vec(any::<Index>(), 12)) {
        let (before, plain, settled) = both(&ops, is_zero);
        let log = &settled.events;
        prop_assert_eq!(log.len(), plain.events.len());
        prop_assert!(log.iter().eq(plain.events.iter().cloned()));
        prop_assert_eq!(settled.memory.len(), plain.bytes.len() as u64);
        prop_assert_eq!(settled.memory.read(0, settled.memory.len()), plain.bytes.clone());
        let stores = ops.iter().map(|op| match op {
            Op::Loop { sites, rows, .. } => sites.len() as u64 * u64::from(*rows),
            op => matches!(op, Op::Store { .. } | Op::Wide { .. } | Op::Fill { .. } | Op::Copy { .. } | Op::CopyFrom { .. } | Op::Init { .. }).into(),
        });
        prop_assert_eq!(settled.stores, stores.sum::<u64>());

        let timeline = timeline(&before, &settled);
        for pick in &picks {
            let event = pick.index(log.len() + 1);
            prop_assert_eq!(log.get(event), plain.events.get(event).cloned());
            prop_assert!(log.iter_from(event).take(3).eq(plain.events[event..].iter().take(3).cloned()));
            // A jump from anywhere is the replay from the start; a walk from there to the end is
            // memory after.
            let mut replayed = before.clone();
            plain.events[..event].iter().for_each(|event| event.apply(&mut replayed));
            let mut jumped = timeline.memory_at(Moment { step: 1, event });
            prop_assert_eq!(jumped.len(), replayed.len());
            prop_assert!(jumped == replayed);
            prop_assert_eq!(jumped.differences(&before), replayed.differences(&before));
            plain.events[event..].iter().for_each(|event| event.apply(&mut jumped));
            prop_assert!(jumped == settled.memory);

            let address = pick.index(plain.bytes.len()) as u64;
            let touches: Vec<usize> = (0..plain.events.len())
                .filter(|i| matches!(&plain.events[*i], Event::Write(write) if write.covers(address)))
                .collect();
            let moment = Moment { step: 1, event };
            let at = |event: Option<&usize>| event.map(|event| Moment { step: 1, event: event + 1 });
            prop_assert_eq!(timeline.next_touch(address, moment), at(touches.iter().find(|i| **i >= event)));
            prop_assert_eq!(timeline.previous_touch(address, moment), at(touches.iter().rev().find(|i| **i + 1 < event)));
            prop_assert_eq!(timeline.next_touch(address, Moment { step: 0, event: 0 }), at(touches.first()));
            let writes: Vec<_> = timeline.writes_to(address, moment).collect();
            let known: Vec<_> = touches.iter().rev().filter(|i| **i < event).map(|i| (at(Some(i)).unwrap(), plain.events[*i].clone())).collect();
            prop_assert_eq!(writes.into_iter().map(|(m, w)| (m, Event::Write(w))).collect::<Vec<_>>(), known);
        }

        let grown = |event: &Event| matches!(event, Event::Growth(_));
        prop_assert!(log.growths().map(Event::Growth).eq(plain.events.iter().filter(|e| grown(e)).cloned()));
    }

    #[test]
    fn changes_are_what_differs_and_who_did_it(ops in prop::collection::vec(op(), 0..60), is_zero in any::<bool>(), picks in prop::collection::vec(any::<Index>(), 20)) {
        // Sites are distinguished by their names.
        let (before, mut plain, settled) = both(&ops, is_zero);
        let table = &settled.events.0.table;
        for site in 1..=FAR {
            table.set_writer(site, Writer::Guest { function: None, offset: Some(site.into()), source: None });
        }
        plain.events = settled.events.iter().collect();
        let known = changes(&before, &plain);
        let found = settled.changes.iter().map(|change| {
            assert_eq!(change.before, before.read(change.start, change.before.len() as u64));
            assert_eq!(change.after, settled.memory.read(change.start, change.after.len() as u64));
            (change.start, change.after.len() as u64, 0, change.writer)
        });
        prop_assert_eq!(found.collect::<Vec<_>>(), known.clone());
        prop_assert_eq!(settled.changes.len(), known.len() as u64);
        prop_assert_eq!(settled.changes.bytes(), known.iter().map(|run| run.1).sum::<u64>());
        prop_assert_eq!(settled.changes.is_empty(), known.is_empty());
        let spans: Vec<Span> = known.iter().map(|(start, len, ..)| Span { start: *start, len: *len }).collect();
        prop_assert_eq!(settled.changes.last(), spans.last().copied());
        prop_assert_eq!(settled.changes.first(), spans.first().copied());
        let sums = |runs: &mut dyn Iterator<Item = (Writer, u64)>| {
            let mut sums: Vec<(Writer, u64)> = Vec::new();
            for (writer, bytes) in runs {
                match sums.iter_mut().find(|(known, _)| *known == writer) {
                    Some((_, sum)) => *sum += bytes,
                    None => sums.push((writer, bytes)),
                }
            }
            sums
        };
        let by_writer = sums(&mut settled.changes.bytes_by_writer());
        prop_assert_eq!(by_writer, sums(&mut known.iter().map(|(_, len, _, writer)| (writer.clone(), *len))));
        let mut rows: Vec<u64> = spans.iter().flat_map(|span| span.start / 16..=(span.end() - 1) / 16).map(|row| row * 16).collect();
        rows.dedup();
        prop_assert_eq!(settled.changes.rows().collect::<Vec<_>>(), rows);
        for pick in &picks {
            let at = pick.index(plain.bytes.len()) as u64;
            let len = at % 5000 + 1;
            prop_assert_eq!(settled.changes.next(at), spans.iter().find(|s| s.start > at).copied());
            prop_assert_eq!(settled.changes.previous(at), spans.iter().rev().find(|s| s.start < at).copied());
            prop_assert_eq!(settled.changes.contains(at), spans.iter().any(|s| s.contains(at)));
            let any = spans.iter().any(|s| s.start < at + len && s.end() > at);
            prop_assert_eq!(settled.changes.any_within(at, at + len), any, "{} {}", at, len);
            let inside = spans.iter().map(|span| span.end().min(at + len).saturating_sub(span.start.max(at)));
            prop_assert_eq!(settled.changes.bytes_within(Span { start: at, len }), inside.sum::<u64>());
        }
    }

    #[test]
    fn joined_changes_have_one_last_writer_for_all_their_bytes(ops in prop::collection::vec(op(), 0..60), is_zero in any::<bool>()) {
        let (_, _, settled) = both(&ops, is_zero);
        let table = &settled.events.0.table;
        for site in 1..=FAR {
            table.set_writer(site, Writer::Guest { function: None, offset: Some(site.into()), source: None });
        }
        let writer = |at: u64| {
            let writes = settled.events.writes_to(at, settled.events.len());
            writes.map(|(_, write)| write.writer).next()
        };
        let differs = |at: u64| settled.changes.contains(at);
        let joined: Vec<_> = settled.changes.iter_joined().collect();
        for change in &joined {
            let Span { start, len } = change.span();
            prop_assert_eq!(&change.after, &settled.memory.read(start, len));
            prop_assert!(differs(start) && differs(start + len - 1));
            // The bytes that differ are checked with all changes.
            for at in (start..start + len).filter(|at| !differs(*at)) {
                prop_assert_eq!(writer(at), Some(change.writer.clone()));
            }
        }
        let mut rest = settled.changes.spans();
        prop_assert!(rest.all(|span| joined.iter().any(|change| change.span().contains(span.start) && change.span().end() >= span.end())));
        for pair in joined.windows(2) {
            let (end, start) = (pair[0].span().end(), pair[1].start);
            let is_one = start - end < 16
                && (end - 1) / LEAF == start / LEAF
                && (end..start).all(|at| writer(at).as_ref() == Some(&pair[0].writer))
                && pair[0].writer == pair[1].writer;
            prop_assert!(!is_one, "{} {}", end, start);
        }
    }

    /// Many stores to few leaves, with checkpoints in between.
    #[test]
    fn any_of_many_stores_is_found(seed in any::<u64>(), picks in prop::collection::vec(any::<Index>(), 20)) {
        let mut dice = seed | 1;
        let mut roll = |n: u64| { dice ^= dice << 13; dice ^= dice >> 7; dice ^= dice << 17; dice % n };
        let mut recording = Recording::new(sites());
        let before = Image::zeroed(PAGE);
        let stores: Vec<(u32, u32, u64)> = (0..12_000).map(|i| {
            let near = if i % 3 == 0 { roll(64) } else { roll(8000) };
            (1 + roll(4) as u32, near as u32, roll(u64::MAX))
        }).collect();
        stores.iter().for_each(|(site, at, value)| recording.push_slots(&slot(*site, *at, *value)));
        let settled = recording.settle(&before);
        // Summed up on the way, and read from the events again.
        prop_assert_eq!(settled.changes.len(), settled.changes.iter().count() as u64);
        prop_assert_eq!(settled.changes.bytes(), settled.changes.spans().map(|span| span.len).sum::<u64>());
        let width = |site: u32| 1usize << (site - 1);
        for pick in picks {
            let event = pick.index(stores.len() + 1);
            let mut bytes = vec![0; PAGE as usize];
            for (site, at, value) in &stores[..event] {
                bytes[*at as usize..*at as usize + width(*site)].copy_from_slice(&value.to_le_bytes()[..width(*site)]);
            }
            prop_assert_eq!(settled.events.memory_at(event).read(0, PAGE), bytes);
            let address = pick.index(8010);
            let touches = |(_, (site, at, _)): &(usize, &(u32, u32, u64))| (*at as usize..*at as usize + width(*site)).contains(&address);
            let next = stores.iter().enumerate().skip(event).find(touches).map(|(i, _)| i);
            let previous = stores.iter().enumerate().take(event).rev().find(touches).map(|(i, _)| i);
            prop_assert_eq!(next_touch(&settled.events, address as u64, event), next);
            prop_assert_eq!(settled.events.previous_touch(address as u64, event), previous);
            let span = Span { start: address as u64, len: 1 + pick.index(200) as u64 };
            let hits = |(_, (site, at, _)): &(usize, &(u32, u32, u64))| {
                u64::from(*at) < span.end() && u64::from(*at) + width(*site) as u64 > span.start
            };
            let next = stores.iter().enumerate().skip(event).find(hits).map(|(i, _)| i);
            let previous = stores.iter().enumerate().take(event).rev().find(hits).map(|(i, _)| i);
            let number = |write: Option<WriteHeader>| write.map(|write| write.event);
            prop_assert_eq!(number(settled.events.first_write_in(span, event..stores.len())), next);
            prop_assert_eq!(number(settled.events.last_write_in(span, 0..event)), previous);
        }
    }
}

/// A loop over an array whose numbers cross the ends of leaves, so often that there are checkpoints in
/// between.
#[test]
fn any_store_of_a_walk_done_again_and_again_is_found() {
    const COUNT: usize = 3000;
    let at = |event: usize| 6 + event % COUNT * 4;
    let value = |event: usize| (event as u32).wrapping_mul(0x9e37_79b9);
    let mut recording = Recording::new(sites());
    let all = 9 * COUNT;
    let journal: Vec<u8> = (0..all)
        .flat_map(|event| slot(3, at(event) as u32, value(event).into()))
        .collect();
    journal
        .chunks(COUNT * 16)
        .for_each(|part| recording.push_slots(part));
    let settled = recording.settle(&Image::zeroed(PAGE));
    assert_eq!(settled.events.len(), all);
    let mut bytes = vec![0; PAGE as usize];
    for event in 0..all {
        if event % 997 == 0 {
            assert_eq!(
                settled.events.memory_at(event).read(0, PAGE),
                bytes,
                "{event}"
            );
            assert_eq!(
                next_touch(&settled.events, at(event) as u64 + 3, event),
                Some(event)
            );
            assert_eq!(
                settled.events.previous_touch(at(event) as u64, event),
                event.checked_sub(COUNT)
            );
        }
        bytes[at(event)..at(event) + 4].copy_from_slice(&value(event).to_le_bytes());
    }
    assert_eq!(settled.memory.read(0, PAGE), bytes);
    let changes: Vec<_> = settled
        .changes
        .iter()
        .map(|change| (change.start, change.after.len() as u64))
        .collect();
    assert_eq!(settled.changes.len(), changes.len() as u64);
    assert_eq!(
        settled.changes.bytes(),
        bytes.iter().filter(|byte| **byte != 0).count() as u64
    );
}

/// Who wrote last is known of each byte, however many wrote into a leaf.
#[test]
fn of_many_writers_the_last_one_counts() {
    let shapes = (0..40_000)
        .map(|_| site(SiteKind::Store { width: 4 }, 0))
        .collect();
    for sites in [
        [1, 1, 1],
        [1, 2, 1],
        [1, 2, 3],
        [1, 2, 40_000],
        [40_000, 39_999, 1],
    ] {
        let mut recording = Recording::new(Arc::new(SiteTable::new(Vec::clone(&shapes))));
        for (site, at) in sites.into_iter().zip([0x100, 0x102, 0x104]) {
            recording.push_slots(&slot(site, at, 0x0101_0101));
        }
        let settled = recording.settle(&Image::zeroed(PAGE));
        settled.sites.iter().for_each(|site| {
            let writer = Writer::Guest {
                function: None,
                offset: Some(u64::from(*site)),
                source: None,
            };
            settled.events.0.table.set_writer(*site, writer);
        });
        let runs: Vec<_> = settled
            .changes
            .iter()
            .map(|change| (change.start, change.writer))
            .collect();
        let differ = 1 + u64::from(sites[0] != sites[1]) + u64::from(sites[1] != sites[2]);
        assert_eq!(
            (settled.changes.len(), runs.len() as u64),
            (differ, differ),
            "{sites:?}"
        );
        let last = runs.last().map(|(_, writer)| writer.clone());
        assert_eq!(
            last,
            Some(Writer::Guest {
                function: None,
                offset: Some(sites[2].into()),
                source: None
            })
        );
    }
}

#[test]
fn stores_reach_both_ends_of_the_largest_memory() {
    const END: u64 = 1 << 32;
    let before = Image::zeroed(END);
    let store = |immediate, width| site(SiteKind::Store { width }, immediate);
    let table = SiteTable::new(vec![
        store(0, 1),
        store(0, 8),
        store(0xffff_fff8, 8),
        store(0xffff_ffff, 1),
    ]);
    let mut recording = Recording::new(Arc::new(table));
    for (site, operand, value) in [
        (1, 0, 1),
        (2, 0, 2),
        (1, u32::MAX, 3),
        (2, u32::MAX - 7, 4),
        (3, 0, 5),
        (4, 0, 6),
        (2, u32::MAX - 6, 7),
    ] {
        recording.push_slots(&slot(site, operand, value));
    }
    // The last would reach past the end: it trapped.
    assert_eq!(recording.undo_last_store(), Some((2, u32::MAX - 6)));
    // So would this one, past 2^32. It was not undone, and it writes nothing.
    recording.push_slots(&slot(3, 8, 0xff));
    let settled = recording.settle(&before);
    assert_eq!(settled.memory.len(), END);
    assert_eq!(settled.memory.read(0, 8), 2u64.to_le_bytes());
    assert_eq!(settled.memory.read(END - 8, 8), [5, 0, 0, 0, 0, 0, 0, 6]);
    let spans: Vec<_> = settled.changes.spans().collect();
    assert_eq!(
        spans,
        [
            Span { start: 0, len: 1 },
            Span {
                start: END - 8,
                len: 1
            },
            Span {
                start: END - 1,
                len: 1
            }
        ]
    );
    assert_eq!(
        settled.events.memory_at(3).read(END - 8, 8),
        [0, 0, 0, 0, 0, 0, 0, 3]
    );
    assert_eq!(settled.events.previous_touch(END - 1, usize::MAX), Some(5));
    assert_eq!(next_touch(&settled.events, END - 8, 4), Some(4));
}

#[test]
fn long_writes_are_cut_at_pages() {
    let before = Image::zeroed(4 * PAGE);
    let mut recording = Recording::new(sites());
    recording.push_slots(&slot(FILL, 0xff00, 0x1_0100 | 7 << 32));
    recording.push_slots(&slot(FILL, 0xff00, 0x1_0000 | 8 << 32));
    recording.push_write(10, &vec![9; 2 * PAGE as usize], Writer::Host);
    let settled = recording.settle(&before);
    let spans: Vec<_> = settled
        .events
        .writes()
        .map(|w| (w.start, w.after.len() as u64))
        .collect();
    let whole = (0xff00, PAGE);
    assert_eq!(
        spans,
        [
            (0xff00, 0x100),
            (PAGE, PAGE),
            whole,
            (10, PAGE - 10),
            (PAGE, PAGE),
            (2 * PAGE, 10)
        ]
    );
    assert_eq!(settled.stores, 2);
    assert_eq!(settled.sites, [FILL]);
}

/// What a dense pattern takes, with everything that is worked out of it.
#[test]
fn a_store_takes_at_most_24_bytes() {
    let dense: Vec<u8> = (0..10_000u32)
        .flat_map(|i| slot(3, i * 4 % 40_000, (i / 3).into()))
        .collect();
    let wide: Vec<u8> = (0..2000u32)
        .flat_map(|i| wide_slots(i * 16, [i as u8; 16]))
        .collect();
    let scattered: Vec<u8> = (0..10_000u32)
        .flat_map(|i| slot(1 + i * i % 7 % 4, i * i % 60_001, i.into()))
        .collect();
    for (part, most) in [(dense, 11.0), (wide, 23.0), (scattered, 20.0)] {
        let mut recording = Recording::new(sites());
        (0..30).for_each(|_| recording.push_slots(&part));
        let settled = recording.settle(&Image::zeroed(PAGE));
        let each = settled.events.allocated_bytes() as f64 / settled.stores as f64;
        assert!(
            (5.0..=most).contains(&each),
            "{each} bytes a store, not {most}"
        );
    }
}

#[test]
fn what_is_only_summarized_becomes_a_difference() {
    let before = Image::zeroed(2 * PAGE);
    let mut recording = Recording::new(sites());
    recording.push_slots(&slot(1, 5, 1));
    recording.summarize_slots(
        &[
            slot(1, 5, 2),
            slot(FILL, 0x1ffe, 4 | 3 << 32),
            slot(GROW, 1, 2),
        ]
        .concat(),
    );
    assert_eq!(
        (recording.recorded_stores(), recording.all_stores()),
        (1, 3)
    );
    assert_eq!(recording.summarized_leaves(), [0, 0x1000, 0x2000]);
    let settled = recording.settle_against(&before, |memory, leaves| {
        assert_eq!((memory.leaf(0)[5], memory.size()), (1, 3 * PAGE));
        assert_eq!(leaves, [0, 0x1000, 0x2000]);
        memory.correct(5, &[2], Writer::guest());
        memory.correct(0x1ffe, &[3; 4], Writer::guest());
        assert_eq!((memory.leaf(0)[5], memory.leaf(0x2000)[1]), (2, 3));
    });
    assert_eq!((settled.stores, settled.recorded), (3, 1));
    assert_eq!(settled.memory.read(0x1ffd, 6), [0, 3, 3, 3, 3, 0]);
    assert_eq!(settled.memory.byte(5), Some(2));
    let found: Vec<_> = settled
        .events
        .writes()
        .map(|w| (w.start, w.before[0], w.is_difference))
        .collect();
    assert_eq!(found, [(5, 0, false), (5, 1, true), (0x1ffe, 0, true)]);
    assert_eq!(settled.changes.bytes(), 5);
}

/// What no rewritten guest writes into its journal is passed over.
#[test]
fn nonsense_in_a_journal_is_no_event() {
    let mut recording = Recording::new(sites());
    for (site, address, value) in [
        (0, 1, 1),
        (99, 1, 1),
        (u32::MAX, 0, 7),
        (WIDE, 4, 4),
        (1, 3, 3),
        (INIT, 0, u64::MAX),
        (COPY_FROM, 0, 5),
        (GROW, u32::MAX, 0),
    ] {
        recording.push_slots(&slot(site, address, value));
    }
    recording.push_slots(&[1, 2, 3]);
    let settled = recording.settle(&Image::zeroed(PAGE));
    assert_eq!(settled.memory.byte(3), Some(3));
    assert!(settled.events.iter().count() == settled.events.len());
}

/// A guest that copies a buffer again and again takes no more memory than it may.
#[test]
fn bulk_operations_are_summarized_once_they_have_taken_their_memory() {
    let mut recording = Recording::new(sites());
    (0..600).for_each(|_| recording.push_slots(&slot(FILL, 0, 1 << 30)));
    assert_eq!(
        (recording.recorded_stores(), recording.all_stores()),
        (257, 600)
    );
    recording.push_slots(&slot(COPY_FROM, 0x5000, 8));
    recording.push_copied(&[1; 8]);
    assert_eq!(recording.undo_last_store(), Some((COPY_FROM, 0x5000)));
    assert_eq!(
        (recording.recorded_stores(), recording.all_stores()),
        (257, 600)
    );
    assert_eq!(recording.summarized_leaves().len(), 1 << 18);
}
