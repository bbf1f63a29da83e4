//! The cost of moments inside a step: recording, settling, and going to any of ten million stores.
//! Only ratios within one run are meaningful. The times are given as parts of a frame of 16 ms.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use linmem::journal_abi::{SiteKind, StoreSite};
use linmem::timeline::{
    Image, Moment, PAGE, Recording, Settled, SiteTable, StepKind, StepRecord, Timeline,
};

const FRAME: f64 = 16.0;
const STORES: usize = 10_000_000;
const WIDE_MEMORY: u64 = 64 << 20;

/// A pseudorandom number generator (xorshift64), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn sites() -> Arc<SiteTable> {
    let site = |kind| StoreSite {
        function: 0,
        offset: 0,
        immediate: 0,
        kind,
    };
    let stores = [1, 2, 4, 8].map(|width| SiteKind::Store { width });
    let sites = stores.into_iter().chain([SiteKind::Grow]).map(site);
    Arc::new(SiteTable::new(sites.collect()))
}

/// Returns a journal of stores of 8 bytes at `addresses`.
fn journal(addresses: impl Iterator<Item = u32>) -> Vec<u8> {
    let slot = |(value, address): (u64, u32)| {
        let head = u64::from(address) << 32 | 4;
        [
            head.to_le_bytes(),
            value.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes(),
        ]
        .concat()
    };
    (1u64..).zip(addresses).flat_map(slot).collect()
}

fn dense() -> Vec<u8> {
    journal((0..STORES as u32).map(|i| i % (1 << 20) * 8))
}

fn scattered() -> Vec<u8> {
    let mut random = Random(0x1234_5678_9abc_def1);
    journal((0..STORES).map(|_| random.below(WIDE_MEMORY / 8) as u32 * 8))
}

/// Returns a journal of stores to four addresses, as of counters on a stack.
fn hot() -> Vec<u8> {
    journal((0..STORES as u32).map(|i| 64 + i % 4 * 8))
}

fn settled(journal: &[u8], memory: u64) -> (Settled, f64) {
    let mut recording = Recording::new(sites());
    journal
        .chunks(64 << 10)
        .for_each(|part| recording.push_slots(part));
    let before = Image::zeroed(memory);
    let start = Instant::now();
    let settled = recording.settle(&before);
    (settled, start.elapsed().as_secs_f64())
}

fn timeline(settled: Settled, memory: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        String::new(),
        Image::zeroed(memory),
    ));
    let mut step = StepRecord::begin(1, StepKind::Call, String::new(), Image::zeroed(memory));
    step.set_effects(&settled);
    timeline.push(step);
    timeline
}

/// Reads what a frame needs: four kilobytes around an address, which may be in two leaves.
fn look(timeline: &Timeline, moment: Moment, address: u64) {
    black_box(
        timeline
            .memory_at(moment)
            .read(address.saturating_sub(2048), 4096),
    );
}

/// Returns the median and the 99th percentile of the times of `tries` calls, in milliseconds.
fn milliseconds(tries: u32, mut act: impl FnMut(u32)) -> (f64, f64) {
    let once = |i| {
        let start = Instant::now();
        act(i);
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..tries).map(once).collect();
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn print(what: &str, (median, most): (f64, f64)) {
    let part = 100.0 * most / FRAME;
    println!(
        "  {what:<48} {median:>8.4} ms, 99 of 100 below {most:>8.4} ms: {part:>6.2} % of a frame"
    );
}

fn ten_million(name: &str, journal: &[u8], memory: u64) {
    let (settled, seconds) = settled(journal, memory);
    let each = seconds * 1e9 / STORES as f64;
    let room = settled.events.allocated_bytes() as f64 / STORES as f64;
    println!("{name}: {STORES} stores, settled in {each:.1} ns each, kept in {room:.2} bytes each");
    let log = settled.events.clone();
    let timeline = timeline(settled, memory);
    let end = memory.min(8 << 20);
    let mut random = Random(99);
    let mut anywhere = || {
        (
            Moment {
                step: 1,
                event: random.below(STORES as u64) as usize,
            },
            random.below(end),
        )
    };
    print(
        "memory at any store, a screen of it read",
        milliseconds(300, |_| {
            let (moment, address) = anywhere();
            look(&timeline, moment, address);
        }),
    );
    let middle = STORES / 2;
    print(
        "one store on or back",
        milliseconds(300, |i| {
            look(
                &timeline,
                Moment {
                    step: 1,
                    event: middle + (i % 2) as usize + (i / 2) as usize,
                },
                4096,
            );
        }),
    );
    let mut random = Random(7);
    print(
        "next and previous touch, last writer of a byte",
        milliseconds(300, |_| {
            let moment = Moment {
                step: 1,
                event: random.below(STORES as u64) as usize,
            };
            let address = random.below(end);
            black_box((
                timeline.next_touch(address, moment),
                timeline.previous_touch(address, moment),
            ));
            black_box(timeline.last_write(address, moment));
        }),
    );
    let start = Instant::now();
    black_box(log.iter().take(2_000_000).count());
    println!(
        "  events one after another: {:.0} ns each",
        start.elapsed().as_secs_f64() * 1e9 / 2e6
    );
    print(
        "narration",
        milliseconds(20, |_| {
            black_box(linmem::timeline::describe_step(&timeline, 1));
        }),
    );
}

/// Measures appending a journal to a recording, compared with copying it.
fn appending(journal: &[u8]) {
    let best = |act: &mut dyn FnMut()| {
        (0..5)
            .map(|_| {
                let start = Instant::now();
                act();
                start.elapsed()
            })
            .min()
            .unwrap_or_default()
            .as_secs_f64()
    };
    let table = sites();
    let push = best(&mut || {
        let mut recording = Recording::new(Arc::clone(&table));
        journal
            .chunks(64 << 10)
            .for_each(|part| recording.push_slots(part));
        black_box(recording.recorded_stores());
    });
    let copy = best(&mut || {
        let parts: Vec<Vec<u8>> = journal.chunks(1 << 20).map(<[u8]>::to_vec).collect();
        black_box(parts);
    });
    let each = push * 1e9 / (journal.len() / 16) as f64;
    println!(
        "push_slots: {each:.2} ns a store, {:.2} times copying the journal\n",
        push / copy
    );
}

/// Measures a step that touches one page, in a small and in a large memory without a zero byte.
fn one_page() {
    let time = |bytes: u64| {
        let before = Image::from_bytes(&vec![7; bytes as usize]);
        let at = (bytes / 2 / PAGE * PAGE) as u32;
        let journal = journal((0..PAGE as u32 / 8).map(|i| at + i * 8));
        let once = || {
            let mut recording = Recording::new(sites());
            recording.push_slots(&journal);
            let start = Instant::now();
            black_box(recording.settle(&before));
            start.elapsed()
        };
        (0..200)
            .map(|_| once())
            .min()
            .unwrap_or_default()
            .as_secs_f64()
    };
    let (small, large) = (time(64 << 10), time(1 << 30));
    println!(
        "a step that touches one page: {:.1} us in 1 GiB, {:.1} us in 64 KiB, {:.2} times as long\n",
        large * 1e6,
        small * 1e6,
        large / small
    );
}

fn main() {
    one_page();
    appending(&dense());
    ten_million("dense", &dense(), WIDE_MEMORY);
    ten_million("random over 64 MiB", &scattered(), WIDE_MEMORY);
    ten_million("four addresses", &hot(), WIDE_MEMORY);
}
