//! Drawing costs what is shown, not memory's size: the same screen over 64 KiB and over 64 MiB,
//! every byte of which is set, and over 64 MiB of zeros, where a screenful passes over the most
//! rows. Compare the three within one run.

#[path = "../tests/it/screen/session.rs"]
mod session;

use criterion::{Criterion, criterion_group, criterion_main};
use linmem::app::{self, Action, App};
use linmem::timeline::{StepKind, StepRecord, Timeline, Writer};
use linmem::ui::{Theme, draw, last_scroll};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SMALL: u64 = 64 << 10;
const LARGE: u64 = 64 << 20;

/// The default session, and one more step that fills memory with bytes no two rows of which are
/// equal.
fn filled(bytes: u64) -> Timeline {
    let mut timeline = session::timeline(bytes, 5);
    let before = timeline.memory_after(4);
    let mut step = StepRecord::begin(5, StepKind::Call, "call fill()".into(), before.clone());
    let content: Vec<u8> = (0..bytes / 8).flat_map(|i| i.to_le_bytes()).collect();
    session::store(&mut step, 0, &content, Writer::guest());
    step.settle(&before);
    timeline.push(step);
    timeline
}

/// The default session, and some steps each of which changed every other byte of 200 KiB, one by
/// one. The byte under the cursor was never written: all of them have to be asked.
fn scattered(bytes: u64, steps: usize) -> Timeline {
    let mut timeline = session::timeline(bytes, 5);
    for index in 5..5 + steps {
        let mut step = StepRecord::begin(
            index,
            StepKind::Call,
            "call scatter()".into(),
            timeline.memory_after(index - 1),
        );
        let value = [index as u8];
        for at in (0x10000..0x10000 + 200 * 1024).step_by(2) {
            session::store(&mut step, at, &value, Writer::guest());
        }
        step.settle(&timeline.memory_after(index - 1));
        timeline.push(step);
    }
    timeline
}

/// From a key to the next frame.
fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key to frame 200x60");
    group.sample_size(20);
    let recordings = [
        ("64 MiB set", filled(LARGE), 5),
        ("64 MiB zero", session::timeline(LARGE, 5), 4),
        ("64 MiB, 10^5 changes", scattered(LARGE, 1), 5),
        ("64 MiB, 10 times 10^5 changes", scattered(LARGE, 10), 14),
    ];
    for (name, recording, step) in recordings {
        let mut state: App = session::app(recording, step, (200, 60));
        let theme = Theme::dark();
        let mut terminal =
            Terminal::new(TestBackend::new(200, 60)).expect("a test backend always opens");
        let mut forth = false;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                forth = !forth;
                app::update(
                    &mut state,
                    if forth {
                        Action::ByteRight
                    } else {
                        Action::ByteLeft
                    },
                );
                let last = last_scroll(&state, &theme);
                app::limit_scroll(&mut state, last);
                terminal
                    .draw(|frame| draw(frame, &state, &theme))
                    .map(|_| ())
            });
        });
    }
    group.finish();
}

fn drawing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw 200x60");
    group.sample_size(50);
    let recordings = [
        ("64 KiB set", filled(SMALL), 5),
        ("64 MiB set", filled(LARGE), 5),
        ("64 KiB zero", session::timeline(SMALL, 5), 4),
        ("64 MiB zero", session::timeline(LARGE, 5), 4),
    ];
    for (name, recording, step) in recordings {
        let state: App = session::app(recording, step, (200, 60));
        let theme = Theme::dark();
        let mut terminal =
            Terminal::new(TestBackend::new(200, 60)).expect("a test backend always opens");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                terminal
                    .draw(|frame| draw(frame, &state, &theme))
                    .map(|_| ())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, drawing, keys);
criterion_main!(benches);
