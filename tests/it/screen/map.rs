//! The parts of memory, its map and its growth, as they are drawn.

use std::fmt::Write as _;

use linmem::app::{App, Pane};
use linmem::timeline::*;
use linmem::ui::Theme;
use linmem::value::Value;

use super::session::{announced, app, store};
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

/// A guest as Rust makes them: stack, data, heap. The host names a region, and two blocks of which
/// it gives one back; then the guest writes into all of them and grows memory.
fn timeline() -> Timeline {
    let mut timeline = announced(17 * PAGE);
    timeline.guest.layout = vec![
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
    let named = |name: &str, kind, start, len| {
        Naming::Named(NamedSpan {
            name: name.into(),
            kind,
            span: Span { start, len },
            released: false,
        })
    };
    let namings = [
        None,
        Some(named("buffer", SpanKind::Region, BUFFER, 1024)),
        Some(named("old", SpanKind::Block, BLOCK, 48)),
        Some(named("new", SpanKind::Block, BLOCK + 0x40, 24)),
        Some(Naming::Released("old".into())),
        None,
    ];
    for (index, naming) in namings.into_iter().enumerate() {
        let before = timeline.memory_after(index);
        let mut step =
            StepRecord::begin(index, StepKind::Call, "call run()".into(), before.clone());
        step.naming = naming;
        match index {
            0 => {
                step.kind = StepKind::Instantiate;
                step.memory.grow(17 * PAGE);
                step.pages_after = 17;
                store(
                    &mut step,
                    STACK_END,
                    b"static text",
                    Writer::Data { segment: 0 },
                );
            }
            2 => store(
                &mut step,
                BLOCK,
                b"what the block held before it was given back",
                Writer::Host,
            ),
            5 => {
                step.recording.push(Event::Growth(Growth {
                    before: 17,
                    after: 18,
                    by: Writer::guest(),
                }));
                step.memory.grow(18 * PAGE);
                step.pages_after = 18;
                store(&mut step, 0xf_ff00, b"pushed", Writer::guest());
                store(&mut step, BUFFER, b"Did you know", Writer::guest());
                store(
                    &mut step,
                    17 * PAGE + 8,
                    b"in the new page",
                    Writer::guest(),
                );
            }
            _ => {}
        }
        if index > 0 {
            let fetched = index == 1;
            if fetched {
                step.bindings = vec![Binding {
                    name: "ptr".into(),
                    value: Value::Int(BUFFER.into()),
                }];
            }
            step.pointers = vec![Pointer {
                name: "ptr".into(),
                address: BUFFER,
                moved_from: None,
                fetched,
            }];
        }
        step.settle(&before);
        timeline.push(step);
    }
    timeline
}

/// Shown at a step with the cursor on a byte, a row or two below the top.
fn at(step: usize, cursor: u64, size: (u16, u16)) -> App {
    let mut app = app(timeline(), step, size);
    app.pane = Pane::Memory;
    (app.cursor, app.top) = (cursor, cursor / 32 * 32 - 32);
    app
}

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
fn the_map_at_each_width_with_and_without_colour() {
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
fn growth_is_ruled_off() {
    let (grown, mono) = (at(5, 17 * PAGE + 8, (120, 40)), Theme::mono());
    insta::assert_snapshot!("growth_120x40", text(&screen(&grown, &Theme::dark())));
    insta::assert_snapshot!("growth_40x20", plain(&at(5, 17 * PAGE + 8, (40, 20))));
    assert!(plain(&grown).contains("memory ended here before step 5: 0x110000"));
    assert!(styles(&screen(&grown, &mono)).contains("reset bold"));
}

#[test]
fn named_parts_have_a_channel_of_their_own_and_released_blocks_look_dead() {
    let buffer = screen(&at(4, BLOCK + 4, (120, 40)), &Theme::dark());
    insta::assert_snapshot!("parts_120x40", text(&buffer));
    insta::assert_snapshot!("parts_styles_120x40", styles(&buffer));
    let ascii = screen(&at(4, BLOCK + 4, (80, 24)), &Theme::mono().with_ascii());
    insta::assert_snapshot!("parts_ascii_80x24", text(&ascii));
    assert!(styles(&ascii).contains("crossed_out"), "without colour too");
}

#[test]
fn all_of_four_gibibytes_fits_a_map() {
    let mut timeline = announced(1 << 32);
    for (index, at) in [0, 0xffff_fff0u64].into_iter().enumerate() {
        let before = timeline.memory_before(index);
        let mut step = StepRecord::begin(index, StepKind::Write, "write".into(), before.clone());
        store(&mut step, at, b"x", Writer::Host);
        step.settle(&before);
        timeline.push(step);
    }
    let mut app = app(timeline, 1, (120, 40));
    (app.cursor, app.top) = (0xffff_fff0, 0xffff_ff00);
    insta::assert_snapshot!(map_of(&plain(&app)));
}
