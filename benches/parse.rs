//! The cost of parsing a steps file of 10 000 lines, compared with reading each of its bytes once. Only
//! the ratio is meaningful.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn source() -> String {
    let mut text = String::from("module \"a.wat\"\ninput text = \"Did you know\"\n");
    for i in 0..2_000 {
        text += &format!(
            "ptr = call get_wasm_memory_buffer_pointer({i}, 0x{i:x})  # again\nregion buffer{i} = ptr, 1024\n\
             write ptr + {i} * 4, text ++ \" {i}\"\nn = read ptr, len(text) as utf8\nexpect n == text[0..len(n)] ++ \"\"\n"
        );
    }
    text
}

fn parse(c: &mut Criterion) {
    let text = source();
    let mut group = c.benchmark_group("parse 10 000 lines");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("scan", |b| {
        b.iter(|| {
            black_box(text.as_str()).bytes().fold(0u64, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(byte.into())
            })
        });
    });
    group.bench_function("parse", |b| {
        b.iter(|| {
            linmem::script::parse("a.steps", black_box(&text))
                .map(drop)
                .is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
