//! The time of 10,000 and of 100,000 steps of each kind: the run and its reports. It must grow with the
//! number of steps and not with its square, so the larger number may take at most 15 times as long.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::time::{Duration, Instant};

use linmem::report::{self, Format, Options};
use linmem::testing::sessions;
use linmem::timeline::{Comparison, Timeline};

const FEW: usize = 10_000;
const MANY: usize = 100_000;
const MOST_TIMES: f64 = 15.0;

const GUEST: &str = r#"(module (memory (export "memory") 16)
    (func (export "f") (param i32) (result i32)
        (i32.store8 (local.get 0) (i32.const 7)) (local.get 0)))"#;

/// Returns the steps of a kind, about `count` of them.
fn steps(kind: &str, count: usize) -> String {
    let line = |n: usize| match kind {
        "let" => format!("let x{} = {n}\n", n % 50),
        "call" => format!("p = call f({})\n", n % 60_000),
        "write" => format!("write {}, u8({})\n", n % 60_000, n % 256),
        "region" => format!("region r{n} = {}, 1\n", n * 4 % 900_000),
        "block" => format!("block b{n} = {}, 4\n", n * 8 % 1_000_000),
        "release" if n < count / 2 => format!("block b{n} = {}, 4\n", n * 8 % 1_000_000),
        "release" => format!("release b{}\n", n - count / 2),
        "finding" => format!("block b{n} = {}, 4\n", n % 2 * 2),
        _ => format!("expect {n} == {n}\n"),
    };
    (0..count).map(line).collect()
}

fn run(kind: &str, count: usize) -> Timeline {
    let config = sessions::config(sessions::guest(GUEST), &steps(kind, count));
    sessions::run(config)
}

/// Returns the time of each part of the work for `count` steps.
fn measure(kind: &str, count: usize) -> Vec<(&'static str, Duration)> {
    let mut times = Vec::new();
    let mut measure = |name, work: &mut dyn FnMut()| {
        let started = Instant::now();
        work();
        times.push((name, started.elapsed()));
    };
    let mut timeline = Timeline::default();
    measure("run", &mut || timeline = run(kind, count));
    for (name, format) in [
        ("text", Format::Text),
        ("JSON", Format::Json),
        ("Markdown", Format::Markdown),
        ("HTML", Format::Html),
    ] {
        let options = Options {
            format,
            ..Options::default()
        };
        measure(name, &mut || {
            report::write(&timeline, &options, &mut std::io::sink()).unwrap();
        });
    }
    measure("diff", &mut || {
        std::hint::black_box(Comparison::of(&timeline, &timeline.clone()));
    });
    times
}

fn main() {
    let mut has_failed = false;
    for kind in [
        "let", "expect", "call", "write", "region", "block", "release", "finding",
    ] {
        let (few, many) = (measure(kind, FEW), measure(kind, MANY));
        for ((name, few), (_, many)) in few.into_iter().zip(many) {
            let times = many.as_secs_f64() / few.as_secs_f64().max(0.001);
            // Times below a tenth of a second vary too much.
            let is_slow = times > MOST_TIMES && many > Duration::from_millis(100);
            has_failed |= is_slow;
            let mark = if is_slow { "  too slow" } else { "" };
            println!("{kind:<8} {name:<9} {few:>10.2?} {many:>10.2?}  {times:>5.1}{mark}");
        }
    }
    assert!(!has_failed, "time grows faster than the steps");
}
