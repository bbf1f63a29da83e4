//! Drawing costs what is shown, not memory's size: the same screen over 64 KiB and over 64 MiB, every byte of which is
//! set, and over 64 MiB of zeros, where a screenful passes over the most rows. Compare the three within one run.

#[path = "../tests/screens/session.rs"]
mod session;

use criterion::{Criterion, criterion_group, criterion_main};
use linmem::app::App;
use linmem::timeline::{StepKind, StepRecord, Timeline, Writer};
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SMALL: u64 = 64 << 10;
const LARGE: u64 = 64 << 20;

/// The default session, and one more step that fills memory with bytes no two rows of which are equal.
fn filled(bytes: u64) -> Timeline {
    let mut timeline = session::timeline(bytes, 5);
    let before = timeline.memory_after(4);
    let mut step = StepRecord::begin(5, StepKind::Call, "call fill()".into(), before.clone());
    let content: Vec<u8> = (0..bytes / 8).flat_map(|i| i.to_le_bytes()).collect();
    session::store(&mut step, 0, &content, Writer::guest());
    step.settle_changes(&before);
    timeline.push(step);
    timeline
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
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a test backend always opens");
        group.bench_function(name, |bencher| {
            bencher.iter(|| terminal.draw(|frame| draw(frame, &state, &theme)).map(|_| ()));
        });
    }
    group.finish();
}

criterion_group!(benches, drawing);
criterion_main!(benches);
