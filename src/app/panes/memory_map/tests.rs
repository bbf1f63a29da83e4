use super::*;
use crate::testing::steps::write;
use crate::testing::timelines::{self, TimelineBuilder};
use crate::timeline::{
    Image, LayoutFacts, Moment, NamedSpan, Naming, PAGE, Span, SpanKind, StepKind, Timeline,
    Writer, take_examined_leaves,
};

fn facts(kind: PartKind, start: Option<u64>, end: Option<u64>) -> LayoutFacts {
    LayoutFacts {
        kind,
        name: kind.as_str().into(),
        segment: None,
        start,
        end,
        known_by: String::new(),
    }
}

/// Steps that each write one byte at these addresses, in a memory of that many bytes; the first is
/// instantiation.
fn timeline(len: u64, steps: &[&[u64]]) -> Timeline {
    let mut builder = TimelineBuilder::new("", 0);
    for (index, addresses) in steps.iter().enumerate() {
        builder.step(StepKind::Call, "", |step| {
            if index == 0 {
                step.memory = Image::zeroed(len);
            }
            for address in *addresses {
                write(step, *address, &[index as u8 + 1], Writer::Host);
            }
        });
    }
    builder.finish()
}

/// A timeline as it is, shown at a step.
fn app_at(timeline: Timeline, size: (u16, u16), step: usize) -> App {
    let mut app = App::new(size, Vec::new(), false);
    (app.timeline, app.moment) = (timeline, Moment::end_of(step));
    app
}

/// A letter for each cell: `N`ow, `e`arlier, at `s`tart, `.` never.
fn drawn(strip: &MemoryMap) -> String {
    let letter = |cell: &Cell| match cell.touched {
        Touched::Now => 'N',
        Touched::Earlier => 'e',
        Touched::AtStart => 's',
        Touched::Never => '.',
    };
    strip.cells.iter().map(letter).collect()
}

#[test]
fn cells_show_when_they_were_written() {
    let timeline = timeline(PAGE, &[&[0], &[0x4000], &[0x8000, 0xffff], &[]]);
    let at = |step: usize| drawn(&app_at(timeline.clone(), (40, 20), step).memory_map(8));
    assert_eq!(
        [0, 1, 2, 3].map(at),
        ["N.......", "s.N.....", "s.e.N..N", "s.e.e..e"]
    );
}

#[test]
fn inside_a_call_cells_are_written_up_to_the_moment() {
    let timeline = timeline(PAGE, &[&[], &[0x10, 0x4000, 0x4010, 0x8000]]);
    let mut app = app_at(timeline, (40, 20), 1);
    app.unfolded = true;
    let steps = [0, 1, 2, 3, 4].map(|event| {
        app.moment = Moment { step: 1, event };
        drawn(&app.memory_map(8))
    });
    assert_eq!(
        steps,
        ["........", "N.......", "N.N.....", "N.N.....", "N.N.N..."]
    );
    // Bytes that share a leaf are still distinguished.
    app.moment = Moment { step: 1, event: 1 };
    assert_eq!(drawn(&app.memory_map(512)).find('N'), Some(0));
    assert_eq!(drawn(&app.memory_map(512)).matches('N').count(), 1);
}

#[test]
fn a_map_of_a_gibibyte_costs_what_was_touched() {
    const GIB: u64 = 1 << 30;
    let far: Vec<u64> = (0..64).map(|n| n * (GIB / 64) + 5).collect();
    let timeline = timeline(GIB, &[&[], &far, &[GIB - 1], &[7]]);
    let mut app = app_at(timeline, (200, 50), 3);
    take_examined_leaves();
    let strip = app.memory_map(180);
    assert_eq!(
        strip
            .cells
            .iter()
            .filter(|cell| cell.touched == Touched::Earlier)
            .count(),
        64
    );
    // Each changed leaf belongs to one cell, and is met once from each side of that cell's edges at
    // most.
    let folded = take_examined_leaves();
    assert!(
        folded <= 66 + 2 * 180,
        "{folded} leaves for a map of 66 touched ones"
    );
    app.unfolded = true;
    app.moment = Moment { step: 1, event: 40 };
    assert_eq!(
        app.memory_map(180)
            .cells
            .iter()
            .filter(|cell| cell.touched == Touched::Now)
            .count(),
        40
    );
    let inside = take_examined_leaves();
    assert!(
        inside <= 66 + 2 * 180,
        "{inside} leaves for a map of 66 touched ones"
    );
    // Drawn again, nothing is looked at.
    let mut app = app_at(app.timeline.clone(), (200, 50), 3);
    crate::app::update(&mut app, crate::app::Action::ByteRight);
    take_examined_leaves();
    let cells = app.map_cells();
    assert!(cells > 100 && app.memory_map(cells) == app.memory_map(cells));
    assert_eq!(take_examined_leaves(), 0);
}

#[test]
fn a_cell_shows_the_most_telling_part() {
    let mut timeline = timeline(PAGE, &[&[]]);
    timeline.guest.layout = vec![
        facts(PartKind::Heap, Some(0x8000), None),
        facts(PartKind::Stack, None, Some(0x4000)),
        facts(PartKind::Segment, Some(0x4000), Some(0x4001)),
        facts(PartKind::Data, Some(0x4000), Some(0x6000)),
    ];
    for (index, (name, start)) in [("a", 0xa000), ("b", 0xc000)].into_iter().enumerate() {
        let mut step = StepRecord::begin(
            index + 1,
            StepKind::Block,
            String::new(),
            timeline.memory_after(index),
        );
        let span = Span { start, len: 16 };
        let named = NamedSpan {
            name: name.into(),
            kind: SpanKind::Block,
            span,
            released: false,
            data_type: None,
        };
        step.naming = Some(Naming::Named(named));
        timeline.push(step);
    }
    let mut step = StepRecord::begin(
        3,
        StepKind::Release,
        String::new(),
        timeline.memory_after(2),
    );
    step.naming = Some(Naming::Released("a".into()));
    timeline.push(step);
    let strip = app_at(timeline, (40, 20), 3).memory_map(8);
    let parts: Vec<_> = strip.cells.iter().map(|cell| cell.part).collect();
    let live = |kind| Some((kind, false));
    let expected = [
        None,
        live(PartKind::Stack),
        live(PartKind::Segment),
        None,
        live(PartKind::Heap),
        Some((PartKind::Block, true)),
        live(PartKind::Block),
        live(PartKind::Heap),
    ];
    assert_eq!(parts, expected);
    assert_eq!(strip.cell_of(0xa00f), Some(5));
}

#[test]
fn growth_shows_where_memory_ended() {
    let app = |step| {
        app_at(
            timelines::standard_session_with_moving_buffer(),
            (40, 20),
            step,
        )
    };
    let grown = |step| {
        app(step)
            .memory_map(8)
            .cells
            .iter()
            .map(|cell| cell.grown)
            .collect::<Vec<_>>()
    };
    assert!(grown(3).iter().all(|grown| *grown == Grown::AtStart));
    assert_eq!(grown(4), [[Grown::AtStart; 4], [Grown::Now; 4]].concat());
    assert_eq!(
        grown(5),
        [[Grown::AtStart; 4], [Grown::Earlier; 4]].concat()
    );
    let ends = |step| {
        app(step)
            .memory_map(8)
            .cells
            .iter()
            .position(|cell| cell.holds_old_end)
    };
    assert_eq!([3, 4, 5].map(ends), [None, Some(4), None]);
}

#[test]
fn a_strip_covers_any_memory_without_a_gap() {
    for len in [1u64, 20, 65536, 1 << 32, 1 << 48] {
        for cells in [4u16, 21, 181] {
            let timeline = timeline(len, &[&[len - 1]]);
            let strip = app_at(timeline, (80, 24), 0).memory_map(cells);
            assert_eq!(strip.cells.len(), usize::from(cells));
            assert_eq!(strip.cells.first().map(|cell| cell.start), Some(0));
            assert_eq!(
                strip.cells.last().map(|cell| (cell.end, cell.touched)),
                Some((len, Touched::Now))
            );
            assert!(
                strip
                    .cells
                    .windows(2)
                    .all(|pair| pair[0].end == pair[1].start)
            );
        }
    }
    assert!(
        app_at(Timeline::default(), (80, 24), 0)
            .memory_map(10)
            .cells
            .is_empty()
    );
    assert_eq!([0, 20, 40, 80].map(cells_in), [0, 0, 21, 61]);
}
