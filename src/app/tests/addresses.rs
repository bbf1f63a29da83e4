//! Jumps to addresses: by the map, and by names after `@`.

use super::*;
use crate::app::panes::layout::Layout;
use crate::timeline::{LayoutFacts, Moment, NamedSpan, Naming, PartKind, Span, SpanKind};

fn facts(kind: PartKind, name: &str, start: Option<u64>, end: Option<u64>) -> LayoutFacts {
    LayoutFacts {
        kind,
        name: name.into(),
        segment: None,
        start,
        end,
        known_by: String::new(),
    }
}

/// The default session of a guest whose parts of memory are known.
fn with_parts() -> App {
    let mut app = app(SIZE, 7);
    app.timeline.guest.layout = vec![
        facts(PartKind::Stack, "stack", None, Some(0x4000)),
        facts(PartKind::Heap, "heap", Some(0x8000), None),
        facts(PartKind::Segment, ".rodata", Some(0x800), Some(0x80e)),
        facts(PartKind::Segment, ".data", Some(0x900), Some(0x90e)),
    ];
    app
}

fn find(app: &mut App, typed: &str) {
    press(app, "/");
    type_text(app, typed);
}

#[test]
fn every_named_part_can_be_gone_to() {
    let rows = [
        ("@.rodata+4", 0x804),
        ("@heap", 0x8000),
        ("@stack", 0x3fff),
        ("@buffer", 0x400),
        ("@ptr + 1", 0x401),
    ];
    for (typed, at) in rows {
        let mut app = with_parts();
        find(&mut app, typed);
        press(&mut app, "enter");
        assert_eq!(
            (app.cursor, app.context()),
            (at, Context::Normal),
            "{typed}: {}",
            notice(&app)
        );
    }
}

#[test]
fn a_name_that_is_not_known_brings_the_nearest_and_all_of_them() {
    let mut app = with_parts();
    find(&mut app, "@bufer");
    press(&mut app, "enter");
    assert_eq!(
        notice(&app),
        "Nothing is called bufer here. Did you mean buffer? The names are ptr, buffer, heap, \
         stack, .rodata, .data."
    );
    let mut app = with_parts();
    find(&mut app, "@zzz");
    press(&mut app, "enter");
    assert!(!notice(&app).contains("Did you mean"), "{}", notice(&app));
    let mut app = opened(SIZE);
    find(&mut app, "@x");
    press(&mut app, "enter");
    assert_eq!(
        notice(&app),
        "Nothing is called x here: this step knows no names."
    );
}

#[test]
fn tab_goes_on_with_a_name_as_far_as_there_is_one_way() {
    let rows = [
        ("@b", "@buffer", ""),
        ("@.", "@.", ".rodata, .data"),
        ("@.r", "@.rodata", ""),
        ("@", "@", "ptr, buffer, heap, stack, .rodata, .data"),
        ("@stac", "@stack", ""),
        (
            "text",
            "text",
            "Tab completes a name after @; @ alone lists all names.",
        ),
    ];
    for (typed, completed, said) in rows {
        let mut app = with_parts();
        find(&mut app, typed);
        press(&mut app, "tab");
        let Overlay::Search { input } = &app.overlay else {
            panic!("the line stays open")
        };
        assert_eq!((input.value(), notice(&app)), (completed, said), "{typed}");
    }
    let mut app = with_parts();
    find(&mut app, "@nobody");
    press(&mut app, "tab");
    assert!(notice(&app).starts_with("Nothing is called nobody here."));
}

#[test]
fn a_click_on_the_map_goes_there() {
    for size in [(40, 20), (80, 24), (120, 40), (200, 50)] {
        let mut app = app(size, 7);
        let area = Layout::of(size, app.pane).map.unwrap();
        let strip = app.memory_map(memory_map::cells_in(area.width));
        let last = memory_map::LEFT + u16::try_from(strip.cells.len()).unwrap() - 1;
        click(&mut app, last, area.bottom() - 1);
        assert_eq!(app.cursor, strip.cells.last().unwrap().start, "{size:?}");
        assert_eq!(app.pane, Pane::Memory);
        click(&mut app, memory_map::LEFT, area.y);
        assert_eq!(app.cursor, 0);
        for column in [0, 2, last + 1, size.0 - 1] {
            click(&mut app, column, area.y);
            assert_eq!(app.cursor, 0, "{column}");
        }
    }
}

#[test]
fn changes_are_gone_through_both_ways_and_round() {
    let mut app = app(SIZE, 4);
    press(&mut app, "]");
    assert_eq!(app.cursor, 0x40c);
    press(&mut app, "shift-↓ ]");
    assert_eq!(
        (app.cursor, notice(&app)),
        (0x40c, "Continued from the first change.")
    );
    press(&mut app, "shift-↑ [");
    assert_eq!(
        (app.cursor, notice(&app)),
        (0x40c, "Continued from the last change.")
    );
    press(&mut app, "c [");
    assert_eq!(
        app.cursor, 0x400,
        "the host's write before it belongs to what changed since the start"
    );
}

#[test]
fn growth_puts_a_line_between_the_old_end_and_the_new_bytes() {
    let mut app = app_over(timelines::standard_session_with_moving_buffer(), SIZE, 4);
    app.top = 0xfff0;
    let lines = |app: &App| {
        let kinds = dump(app).lines.into_iter().map(|line| match line {
            hex_dump::DumpLine::OldEnd { address } => format!("was {address:x}"),
            hex_dump::DumpLine::Row { address, .. } => format!("{address:x}"),
            _ => "*".into(),
        });
        kinds.take(3).collect::<Vec<_>>()
    };
    assert_eq!(lines(&app), ["fff0", "was 10000", "10000"]);
    // Before the growth, inside the step, nothing is new yet; after it, it is.
    app.unfolded = true;
    app.moment = Moment { step: 4, event: 0 };
    assert_eq!(lines(&app)[1], "*");
    app.moment = Moment { step: 4, event: 3 };
    assert_eq!(lines(&app)[1], "was 10000");
    let later = app_over(timelines::standard_session_with_moving_buffer(), SIZE, 5);
    assert!(dump(&later).old_end.is_none());
}

#[test]
fn the_inspector_shows_the_parts_of_a_byte() {
    let mut timeline = with_parts().timeline;
    for (index, naming) in [
        Naming::Named(NamedSpan {
            name: "b".into(),
            kind: SpanKind::Block,
            span: Span {
                start: 0x9000,
                len: 16,
            },
            released: false,
            data_type: None,
        }),
        Naming::Released("b".into()),
    ]
    .into_iter()
    .enumerate()
    {
        let mut step = StepRecord::begin(
            8 + index,
            crate::timeline::StepKind::Block,
            String::new(),
            timeline.memory_after(7),
        );
        step.naming = Some(naming);
        timeline.push(step);
    }
    let places = |step: usize, address: u64| {
        let looked = byte_inspector::Inspection::at(&timeline, Moment::end_of(step), address, 0);
        looked
            .rows
            .into_iter()
            .filter(|row| row.0 == "in")
            .map(|row| row.1)
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert_eq!(places(7, 0x803), "data segment .rodata + 3 of 14");
    assert_eq!(places(7, 0x4000), "beyond the stack's end, 0x4000");
    assert_eq!(places(7, 0x8010), "heap + 16");
    assert_eq!(
        places(8, 0x9004),
        "b + 4 of 16  (block at 0x9000); heap + 4100"
    );
    assert_eq!(
        places(9, 0x9004),
        "b + 4 of 16  (released block at 0x9000); heap + 4100"
    );
    assert_eq!(places(7, 0x3000), "");
}
