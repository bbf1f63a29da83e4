//! The cost of drawing. It depends on what is shown, not on the size of memory: the same screen over
//! 64 KiB and over 64 MiB whose bytes are all set, and over 64 MiB of zeros, where a screen skips the
//! most rows. Only ratios within one run are meaningful.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops"
)]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use linmem::app::{self, Action, App, Pane};
use linmem::testing::apps::app_showing;
use linmem::testing::steps;
use linmem::testing::timelines::{TimelineBuilder, standard_session_after};
use linmem::testing::typed;
use linmem::timeline::{StepKind, Timeline, Writer};
use linmem::ui::{Screen, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SMALL: u64 = 64 << 10;
const LARGE: u64 = 64 << 20;

/// Returns the first five steps of the standard session, on a memory of `bytes` bytes.
fn session(bytes: u64) -> Timeline {
    standard_session_after(5, bytes)
}

/// Returns the session with one more step, which fills memory with rows that all differ.
fn filled(bytes: u64) -> Timeline {
    let mut builder = TimelineBuilder::continuing(session(bytes));
    builder.step(StepKind::Call, "call fill()", |step| {
        let content: Vec<u8> = (0..bytes / 8).flat_map(|i| i.to_le_bytes()).collect();
        steps::write(step, 0, &content, Writer::guest());
    });
    builder.finish()
}

/// Returns the session with `count` more steps. Each changes every other byte of 200 KiB, one by one.
/// The byte under the cursor is never written, so all of these stores are searched.
fn scattered(bytes: u64, count: u8) -> Timeline {
    let mut builder = TimelineBuilder::continuing(session(bytes));
    for index in 0..count {
        builder.step(StepKind::Call, "call scatter()", |step| {
            for address in (0x10000..0x10000 + 200 * 1024).step_by(2) {
                steps::write(step, address, &[index + 5], Writer::guest());
            }
        });
    }
    builder.finish()
}

/// Returns a session with a view of a hundred fields, and one of an array of 100000 records of four
/// fields, all of whose bytes are set.
fn typed(is_large: bool) -> Timeline {
    if is_large {
        let record = "type Record = { id: u32, name: *cstr, count: u32, next: *Record }\n";
        return typed::session_of(record, "[Record; 100000]");
    }
    let fields: String = (0..100).map(|i| format!("    f{i}: u32,\n")).collect();
    typed::session_of(&format!("type Wide = {{\n{fields}}}\n"), "Wide")
}

/// Measures keys with the fields in focus.
fn fields(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fields 200x60");
    group.sample_size(20);
    for (name, is_large) in [("100 fields", false), ("[Record; 100000]", true)] {
        let mut state = app_showing(typed(is_large), 1, (200, 60));
        state.pane = Pane::Fields;
        key_to_frame(&mut group, name, state, [Action::Down, Action::Up]);
    }
    group.finish();
}

/// Measures keys over memories of different sizes.
fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key to frame 200x60");
    group.sample_size(20);
    let recordings = [
        ("64 MiB set", filled(LARGE), 5),
        ("64 MiB zero", session(LARGE), 4),
        ("64 MiB, 10^5 changes", scattered(LARGE, 1), 5),
        ("64 MiB, 10 times 10^5 changes", scattered(LARGE, 10), 14),
    ];
    for (name, recording, step) in recordings {
        let state = app_showing(recording, step, (200, 60));
        let there_and_back = [Action::ByteRight, Action::ByteLeft];
        key_to_frame(&mut group, name, state, there_and_back);
    }
    group.finish();
}

/// Measures the time from a key to the next frame. The keys do two actions, which undo each other, in
/// turn.
fn key_to_frame(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mut state: App,
    [there, back]: [Action; 2],
) {
    let theme = Theme::dark();
    let mut terminal =
        Terminal::new(TestBackend::new(200, 60)).expect("a test backend always opens");
    let mut is_there = false;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            is_there = !is_there;
            app::update(&mut state, if is_there { there } else { back });
            let screen = Screen::compute(&state, &theme);
            let drawn = terminal.draw(|frame| screen.draw(frame)).map(|_| ());
            let limits = screen.scroll_limits();
            app::limit_scroll(&mut state, limits);
            drawn
        });
    });
}

/// Measures the time to draw a screen.
fn drawing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw 200x60");
    group.sample_size(50);
    let recordings = [
        ("64 KiB set", filled(SMALL), 5),
        ("64 MiB set", filled(LARGE), 5),
        ("64 KiB zero", session(SMALL), 4),
        ("64 MiB zero", session(LARGE), 4),
    ];
    for (name, recording, step) in recordings {
        let state = app_showing(recording, step, (200, 60));
        let theme = Theme::dark();
        let mut terminal =
            Terminal::new(TestBackend::new(200, 60)).expect("a test backend always opens");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let screen = Screen::compute(&state, &theme);
                terminal.draw(|frame| screen.draw(frame)).map(|_| ())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, drawing, keys, fields);
criterion_main!(benches);
