//! The regions of memory, the map and growth on the screen.

use std::fmt::Write as _;

use linmem::app::App;
use linmem::testing::apps::app_showing;
use linmem::testing::steps;
use linmem::testing::timelines::{TimelineBuilder, announced_session_in};
use linmem::timeline::*;
use linmem::ui::Theme;

use super::{plain, screen, styles, text};

const STACK_END: u64 = 0x10_0000;
const DATA_END: u64 = 0x10_4000;
const BUFFER: u64 = 0x10_2000;
const BLOCK: u64 = 0x10_a000;

fn facts(kind: PartKind, name: &str, start: u64, end: Option<u64>) -> LayoutFacts {
    LayoutFacts {
        kind,
        name: name.into(),
        segment: None,
        start: Some(start),
        end,
        known_by: "exported global".into(),
    }
}

/// Returns a timeline of a guest with stack, data and heap. The host names a region and two blocks,
/// and releases one of them. Then the guest writes to all of them and grows memory.
fn timeline() -> Timeline {
    let mut builder = TimelineBuilder::continuing(announced_session_in(17 * PAGE));
    builder.timeline().guest.layout = vec![
        facts(PartKind::Data, "data", STACK_END, Some(DATA_END)),
        facts(PartKind::Stack, "stack", 0, Some(STACK_END)),
        facts(PartKind::Heap, "heap", DATA_END, None),
        LayoutFacts {
            segment: Some(0),
            ..facts(
                PartKind::Segment,
                ".rodata",
                STACK_END,
                Some(STACK_END + 0x1200),
            )
        },
    ];
    builder
        .step(StepKind::Instantiate, "instantiate", |step| {
            let writer = Writer::Data { segment: 0 };
            steps::write(step, STACK_END, b"static text", writer);
        })
        .step(StepKind::Call, "call run()", |step| {
            steps::fetch(step, BUFFER);
            steps::name_span(step, "buffer", SpanKind::Region, BUFFER, 1024);
        })
        .step(StepKind::Call, "call run()", |step| {
            steps::name_span(step, "old", SpanKind::Block, BLOCK, 48);
            let bytes = b"what the block held before it was given back";
            steps::write(step, BLOCK, bytes, Writer::Host);
        })
        .step(StepKind::Call, "call run()", |step| {
            steps::name_span(step, "new", SpanKind::Block, BLOCK + 0x40, 24);
        })
        .step(StepKind::Call, "call run()", |step| {
            step.naming = Some(Naming::Released("old".into()));
        })
        .step(StepKind::Call, "call run()", |step| {
            steps::grow(step, 18, Writer::guest());
            steps::write(step, 0xf_ff00, b"pushed", Writer::guest());
            steps::write(step, BUFFER, b"Did you know", Writer::guest());
            let page = 17 * PAGE;
            steps::write(step, page + 8, b"in the new page", Writer::guest());
        });
    builder.finish()
}

/// Returns an app that shows `step` with the cursor on a byte, a row or two below the top.
fn at(step: usize, cursor: u64, size: (u16, u16)) -> App {
    let mut app = app_showing(timeline(), step, size);
    (app.cursor, app.top) = (cursor, cursor / 32 * 32 - 32);
    app
}

/// Returns the lines of the map.
fn map_of(drawn: &str) -> String {
    let lines: Vec<&str> = drawn.lines().collect();
    let map = lines
        .iter()
        .position(|line| line.starts_with(" map"))
        .unwrap();
    let above = if lines[map - 1].starts_with("      ") {
        map - 1
    } else {
        map
    };
    lines[above..=map].join("\n") + "\n"
}

#[test]
fn map_at_each_width_with_and_without_color() {
    let mut all = String::new();
    for size in [(40, 20), (80, 24), (120, 40), (200, 50)] {
        for (name, theme) in [
            ("unicode", Theme::dark()),
            ("ascii", Theme::mono().with_ascii()),
        ] {
            for step in [0, 4, 5] {
                let _ = writeln!(all, "{} columns, {name}, step {step}", size.0);
                all.push_str(&map_of(&text(&screen(&at(step, BUFFER, size), &theme))));
            }
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn stack_pointer_below_the_end_of_the_stack_is_marked() {
    let line = |after: u64, theme: &Theme, size: (u16, u16)| {
        let mut builder = TimelineBuilder::continuing(timeline());
        builder.step(StepKind::Call, "call run()", |step| {
            step.stack_pointer = Some(StackPointer {
                before: Some(STACK_END),
                after,
            });
        });
        let mut app = app_showing(builder.finish(), 6, size);
        (app.cursor, app.top) = (BUFFER, BUFFER / 32 * 32 - 32);
        map_of(&text(&screen(&app, theme)))
    };
    let ascii = Theme::mono().with_ascii();
    assert!(line(0x8_0000, &Theme::dark(), (120, 40)).contains("─▾─"));
    assert!(line(0x8_0000, &ascii, (120, 40)).contains("-v-"));
    // On a low screen, the map has one row.
    assert!(line(0x8_0000, &Theme::dark(), (80, 24)).contains('▾'));
    assert!(!line(STACK_END, &Theme::dark(), (120, 40)).contains('▾'));
}

#[test]
fn growth_is_marked_with_a_rule() {
    let (grown, mono) = (at(5, 17 * PAGE + 8, (120, 40)), Theme::mono());
    insta::assert_snapshot!("growth_120x40", text(&screen(&grown, &Theme::dark())));
    insta::assert_snapshot!("growth_40x20", plain(&at(5, 17 * PAGE + 8, (40, 20))));
    assert!(plain(&grown).contains("memory ended here before step 5: 0x110000"));
    assert!(styles(&screen(&grown, &mono)).contains("reset bold"));
}

#[test]
fn named_spans_are_marked_and_released_blocks_struck_out() {
    let buffer = screen(&at(4, BLOCK + 4, (120, 40)), &Theme::dark());
    insta::assert_snapshot!("parts_120x40", text(&buffer));
    insta::assert_snapshot!("parts_styles_120x40", styles(&buffer));
    let ascii = screen(&at(4, BLOCK + 4, (80, 24)), &Theme::mono().with_ascii());
    insta::assert_snapshot!("parts_ascii_80x24", text(&ascii));
    assert!(styles(&ascii).contains("crossed_out"), "without color too");
}

#[test]
fn map_fits_four_gibibytes() {
    let mut builder = TimelineBuilder::continuing(announced_session_in(1 << 32));
    for address in [0, 0xffff_fff0] {
        builder.step(StepKind::Write, "write", |step| {
            steps::write(step, address, b"x", Writer::Host);
        });
    }
    let mut app = app_showing(builder.finish(), 1, (120, 40));
    (app.cursor, app.top) = (0xffff_fff0, 0xffff_ff00);
    insta::assert_snapshot!(map_of(&plain(&app)));
}
