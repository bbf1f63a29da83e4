use super::*;
use crate::testing::steps::write;
use crate::testing::timelines::{self, TimelineBuilder};
use crate::timeline::{
    Image, LayoutFacts, Moment, NamedSpan, Naming, PAGE, Span, SpanKind, StepKind, Timeline,
    Writer, looked_at,
};

fn facts(kind: PartKind, start: Option<u64>, end: Option<u64>) -> LayoutFacts {
    LayoutFacts {
        kind,
        name: kind.word().into(),
        segment: None,
        start,
        end,
        known_by: String::new(),
    }
}

/// Steps that each write one byte at these addresses, in a memory of so many bytes; the first is
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
fn shown(timeline: Timeline, size: (u16, u16), step: usize) -> App {
    let mut app = App::new(size, Vec::new(), false);
    (app.timeline, app.moment) = (timeline, Moment::end_of(step));
    app
}

/// A letter for each cell: `N`ow, `e`arlier, at `s`tart, `.` never.
fn drawn(strip: &Strip) -> String {
    let letter = |cell: &Cell| match cell.touched {
        Touched::Now => 'N',
        Touched::Earlier => 'e',
        Touched::AtStart => 's',
        Touched::Never => '.',
    };
    strip.cells.iter().map(letter).collect()
}

#[test]
fn cells_tell_when_they_were_written() {
    let timeline = timeline(PAGE, &[&[0], &[0x4000], &[0x8000, 0xffff], &[]]);
    let at = |step: usize| drawn(&shown(timeline.clone(), (40, 20), step).strip(8));
    assert_eq!(
        [0, 1, 2, 3].map(at),
        ["N.......", "s.N.....", "s.e.N..N", "s.e.e..e"]
    );
}

#[test]
fn inside_a_call_cells_are_written_up_to_the_moment() {
    let timeline = timeline(PAGE, &[&[], &[0x10, 0x4000, 0x4010, 0x8000]]);
    let mut app = shown(timeline, (40, 20), 1);
    app.unfolded = true;
    let steps = [0, 1, 2, 3, 4].map(|event| {
        app.moment = Moment { step: 1, event };
        drawn(&app.strip(8))
    });
    assert_eq!(
        steps,
        ["........", "N.......", "N.N.....", "N.N.....", "N.N.N..."]
    );
    // Bytes that share a leaf are still told apart.
    app.moment = Moment { step: 1, event: 1 };
    assert_eq!(drawn(&app.strip(512)).find('N'), Some(0));
    assert_eq!(drawn(&app.strip(512)).matches('N').count(), 1);
}

#[test]
fn a_map_of_a_gibibyte_looks_at_what_was_touched() {
    const GIB: u64 = 1 << 30;
    let far: Vec<u64> = (0..64).map(|n| n * (GIB / 64) + 5).collect();
    let timeline = timeline(GIB, &[&[], &far, &[GIB - 1], &[7]]);
    let mut app = shown(timeline, (200, 50), 3);
    looked_at();
    let strip = app.strip(180);
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
    let folded = looked_at();
    assert!(
        folded <= 66 + 2 * 180,
        "{folded} leaves for a map of 66 touched ones"
    );
    app.unfolded = true;
    app.moment = Moment { step: 1, event: 40 };
    assert_eq!(
        app.strip(180)
            .cells
            .iter()
            .filter(|cell| cell.touched == Touched::Now)
            .count(),
        40
    );
    let inside = looked_at();
    assert!(
        inside <= 66 + 2 * 180,
        "{inside} leaves for a map of 66 touched ones"
    );
    // Drawn again, nothing is looked at.
    let mut app = shown(app.timeline.clone(), (200, 50), 3);
    super::super::update(&mut app, super::super::Action::ByteRight);
    looked_at();
    let cells = app.map_cells();
    assert!(cells > 100 && app.strip(cells) == app.strip(cells));
    assert_eq!(looked_at(), 0);
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
    let strip = shown(timeline, (40, 20), 3).strip(8);
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
        shown(
            timelines::standard_session_with_moving_buffer(),
            (40, 20),
            step,
        )
    };
    let grown = |step| {
        app(step)
            .strip(8)
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
            .strip(8)
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
            let strip = shown(timeline, (80, 24), 0).strip(cells);
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
        shown(Timeline::default(), (80, 24), 0)
            .strip(10)
            .cells
            .is_empty()
    );
    assert_eq!([0, 20, 40, 80].map(cells_in), [0, 0, 21, 61]);
}
