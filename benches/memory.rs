//! The cost of a moment of memory. Only ratios within one run are meaningful. The two sizes of
//! `page_diff` differ by a factor of a thousand in memory and not in what is touched, so their times
//! should be similar.

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
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use linmem::timeline::{Image, PAGE};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Returns an image without a zero byte, and the same image with one page changed.
fn pair(len: u64) -> (Image, Image) {
    let before = Image::from_bytes(&vec![7; len as usize]);
    let mut after = before.clone();
    after.write(len / 2 / PAGE * PAGE, &[9; PAGE as usize]);
    (before, after)
}

fn page_diff(c: &mut Criterion) {
    let mut group = c.benchmark_group("page_diff");
    let (small, large) = (pair(64 * KIB), pair(64 * MIB));
    for (name, (before, after)) in [("64 KiB", &small), ("64 MiB", &large)] {
        group.throughput(Throughput::Bytes(PAGE));
        group.bench_with_input(
            BenchmarkId::from_parameter(name),
            &(before, after),
            |b, (before, after)| {
                b.iter(|| black_box(after.differences(before)));
            },
        );
    }
    group.finish();
    let ratio = times(&large) / times(&small);
    println!(
        "page_diff: one page of 64 MiB takes {ratio:.2} times as long as one page of 64 KiB\n"
    );
}

/// Returns the shortest time of many comparisons of two images, in seconds.
fn times((before, after): &(Image, Image)) -> f64 {
    let once = || {
        let start = Instant::now();
        black_box(after.differences(before));
        start.elapsed()
    };
    (0..200)
        .map(|_| once())
        .min()
        .unwrap_or(Duration::MAX)
        .as_secs_f64()
}

fn capture(c: &mut Criterion) {
    let mut group = c.benchmark_group("capture");
    let bytes = vec![7; (16 * MIB) as usize];
    let known = Image::from_bytes(&bytes);
    group.throughput(Throughput::Bytes(16 * MIB));
    group.bench_function("16 MiB unchanged", |b| {
        b.iter_batched(
            || known.clone(),
            |mut image| image.capture(0, black_box(&bytes)),
            BatchSize::SmallInput,
        );
    });
    let other = bytes.clone();
    group.bench_function("16 MiB compared as plain bytes", |b| {
        b.iter(|| black_box(&bytes) == black_box(&other));
    });
    group.finish();
}

fn snapshot(c: &mut Criterion) {
    let mut group = c.benchmark_group("snapshot");
    let (page, large) = (
        vec![9; PAGE as usize],
        Image::from_bytes(&vec![7; (64 * MIB) as usize]),
    );
    group.throughput(Throughput::Bytes(PAGE));
    group.bench_function("clone 64 MiB and write one page", |b| {
        b.iter(|| {
            let mut image = large.clone();
            image.write(32 * MIB, black_box(&page));
            image
        });
    });
    group.bench_function("copy one page", |b| b.iter(|| black_box(&page).clone()));
    group.finish();
}

criterion_group!(benches, page_diff, capture, snapshot);
criterion_main!(benches);
