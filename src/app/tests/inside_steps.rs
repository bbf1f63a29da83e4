//! Time inside a step: rows of (state, keys, moment), the jumps to the writes of a byte, and the
//! source shown.

use super::super::*;
use super::{
    SIZE, advance, app, app_over, default_records, notice, opened, press, run, source, step_list,
    viewport,
};
use crate::testing::timelines;
use crate::timeline::Image;

/// Returns the moment in short: `4` for the end of a step, `4.7` for an event of an unfolded one.
fn at(app: &App) -> String {
    match app.position() {
        Some(event) => format!("{}.{event}", app.moment.step),
        None => app.moment.step.to_string(),
    }
}

#[test]
fn unfolded_steps_are_walked_store_by_store() {
    let rows = [
        (4, "o", "4.0"),
        (4, "o o", "4"),
        (4, "o space", "4.1"),
        (4, "o → l enter ←", "4.2"),
        (4, "o h", "3.1"),
        (4, "o h h", "3.0"),
        (4, "o h h h", "2"),
        (4, "o h h h space space space", "4.0"),
        (4, "1 4 o", "4.14"),
        (4, "1 4 o space", "5"),
        (4, "1 4 o space o", "5"),
        (4, "1 4 o space o ←", "4"),
        (4, "1 5 o", "4"),
        (4, "0 o", "4.0"),
        (4, "7 o o", "4"),
        (4, "7 o 9 o", "4.9"),
        (4, "o End", "4.14"),
        (4, "o End Home", "4.0"),
        (4, "7 o g", "0.1"),
        (4, "7 o G", "7"),
        (4, "7 o 3 G", "3.1"),
        (4, "7 o 4 G", "4.14"),
        (4, "7 o 1 j j k", "4.8"),
        (4, "1 o PgDn", "4.14"),
        (4, "1 o PgDn PgDn", "5"),
        (4, "1 o PgDn PgUp", "4.0"),
        (7, "o", "7"),
        (3, "o", "3.0"),
        (0, "o", "0.0"),
        (0, "o ←", "0.0"),
        (0, "End Home", "0"),
    ];
    for (from, keys, to) in rows {
        let mut app = app(SIZE, from);
        let effects = press(&mut app, keys);
        assert_eq!(at(&app), to, "{keys} from {from}");
        assert!(effects.is_empty(), "{keys} runs nothing");
    }
}

#[test]
fn back_then_forward_is_where_one_was() {
    let timelines = [
        timelines::standard_session(),
        timelines::standard_session_with_moving_buffer(),
        timelines::standard_session_that_traps(),
    ];
    for timeline in timelines {
        let mut app = app_over(timeline, SIZE, 0);
        press(&mut app, "o");
        let mut seen = Vec::new();
        loop {
            seen.push((app.moment, app.cursor, app.memory()));
            press(&mut app, "space");
            if seen.last().is_some_and(|last| last.0 == app.moment) {
                break;
            }
        }
        assert!(seen.len() > 8);
        for (moment, cursor, memory) in seen.iter().rev().skip(1) {
            press(&mut app, "←");
            assert_eq!((app.moment, app.cursor), (*moment, *cursor));
            assert!(app.memory() == *memory);
        }
    }
}

#[test]
fn bytes_appear_one_by_one_under_the_cursor() {
    let mut app = app(SIZE, 4);
    press(&mut app, "7 o");
    assert_eq!(
        (app.cursor, app.memory().read(0x40c, 8)),
        (0x412, b" Wasm i\0".to_vec())
    );
    assert_eq!(app.memory_before().read(0x40c, 8), b" Wasm \0\0");
    press(&mut app, "space");
    assert_eq!(app.cursor, 0x413);
}

#[test]
fn a_byte_s_writes_are_gone_to_across_steps() {
    let timeline = || timelines::call_of_stores(1000, 1000);
    let rows = [
        (2, 0x10, "w", "2.1"),
        (2, 0x10, "w w", "2.1"),
        (2, 0x10, "{", "2.1"),
        (2, 0x10, "{ {", "1.785"),
        (2, 0x10, "{ { {", "1.529"),
        (2, 0x10, "{ { { }", "1.785"),
        (2, 0x10, "{ { { } }", "2.1"),
        (2, 0x10, "{ { { } } }", "2.1"),
        (0, 0x10, "}", "1.17"),
        (0, 0x10, "} } }", "1.529"),
        (0, 0x10, "} {", "1.17"),
        (2, 0x11, "w", "1.786"),
        (2, 0x200, "w", "2"),
        (2, 0x200, "{ }", "2"),
        (0, 0x10, "w", "0"),
    ];
    for (from, cursor, keys, to) in rows {
        let mut app = app_over(timeline(), SIZE, from);
        viewport::go_to(&mut app, cursor, 1);
        press(&mut app, keys);
        assert_eq!(
            (at(&app).as_str(), app.cursor),
            (to, cursor),
            "{keys} at {cursor:#x} from {from}"
        );
    }
    let notice_after = |cursor, keys| {
        let mut app = app_over(timeline(), SIZE, 2);
        viewport::go_to(&mut app, cursor, 1);
        press(&mut app, keys);
        notice(&app).to_owned()
    };
    assert_eq!(
        notice_after(0x200, "w"),
        "This byte was never written; memory starts as zeros."
    );
    assert_eq!(notice_after(0x10, "w"), "Step 2, write 1 of 1.");
    assert!(notice_after(0x10, "w w").starts_with("This is the last write to this byte"));
    assert!(notice_after(0x10, "}").starts_with("No later step that has run writes this byte"));
    assert!(notice_after(0x200, "{").starts_with("This byte was not written earlier"));
}

#[test]
fn growth_is_an_event_with_a_moment_on_either_side() {
    let mut app = app_over(timelines::standard_session_with_moving_buffer(), SIZE, 4);
    let pages = |app: &App| (app.memory_before().pages(), app.memory().pages());
    press(&mut app, "o");
    assert_eq!(
        (pages(&app), app.cursor),
        ((1, 1), 0xffff),
        "the end of memory as it is"
    );
    press(&mut app, "space");
    assert_eq!(
        (pages(&app), app.cursor),
        ((1, 2), 0x10000),
        "the first of the new bytes"
    );
    press(&mut app, "space");
    assert_eq!((pages(&app), app.cursor), ((2, 2), 0x10400));
}

#[test]
fn a_trap_is_shown_where_memory_ends() {
    let mut app = app_over(timelines::standard_session_that_traps(), SIZE, 4);
    assert_eq!(app.cursor, 0xffff);
    let origin = source::SourceView::of(&app);
    assert_eq!(
        (origin.title.as_str(), origin.listing.map(|l| l.1)),
        ("wasm_is_cool.wat", Some(45))
    );
    assert_eq!(origin.lines, ["trapped here: out of bounds memory access"]);
    press(&mut app, ",");
    assert_eq!(
        source::SourceView::of(&app).lines,
        [""; 0],
        "the byte's own writer, once the cursor is moved"
    );
    press(&mut app, "o End");
    assert_eq!((at(&app).as_str(), app.cursor), ("4.2", 0xffff));
    let memory = app.memory();
    assert_eq!(
        (memory.len(), memory.read(0xfffc, 4)),
        (0x10000, b"cool".to_vec()),
        "nothing of the third is there"
    );
}

#[test]
fn the_source_is_that_of_the_byte_or_the_event() {
    let origin = |timeline: Timeline, step: usize, keys: &str| {
        let mut app = app_over(timeline, SIZE, step);
        press(&mut app, keys);
        let origin = source::SourceView::of(&app);
        (origin.title, origin.listing.map(|l| l.1), origin.lines)
    };
    let (title, line, lines) = origin(timelines::standard_session(), 4, "");
    assert_eq!(
        (title.as_str(), line, lines.len()),
        ("wasm_is_cool.wat", Some(45), 0)
    );
    assert_eq!(
        origin(timelines::standard_session(), 3, "").2,
        ["step 3, the host", "line 6:  write ptr, text"]
    );
    assert_eq!(
        origin(timelines::standard_session(), 0, "g shift-↓ shift-↓").2,
        ["This byte was never written; memory starts as zeros."]
    );
    let (title, line, lines) = origin(timelines::standard_session_with_moving_buffer(), 4, "5 o");
    assert_eq!(
        (title.as_str(), line),
        ("disassembly of add_wasm_is_cool", Some(11))
    );
    assert_eq!(lines, ["inlined: push ← extend ← add_wasm_is_cool"]);
    let (_, line, lines) = origin(timelines::standard_session_with_moving_buffer(), 4, "o");
    assert_eq!(
        (line, lines),
        (Some(2), vec!["about to write, from here:".to_owned()])
    );
}

#[test]
fn live_steps_arrive_unfolded_where_steps_are() {
    let records = default_records();
    let mut app = opened(SIZE);
    run(&mut app, advance(), &records);
    press(&mut app, "o End");
    for (keys, to) in [
        ("space", "1"),
        ("space", "2"),
        ("space", "3.0"),
        ("space", "3.1"),
        ("space", "4.0"),
    ] {
        let effects = press(&mut app, keys);
        run(&mut app, effects, &records);
        assert_eq!(at(&app), to);
    }
    let effects = press(&mut app, "7 G");
    run(&mut app, effects, &records);
    assert_eq!(at(&app), "7");
}

#[test]
fn the_source_scrolls_both_ways_until_another_byte_is_looked_at() {
    let mut app = app(SIZE, 4);
    for (keys, lines) in [
        ("5 j j k", 1),
        ("k k", -1),
        ("PgDn", 9),
        (".", 0),
        ("j", 1),
        ("o", 0),
    ] {
        press(&mut app, keys);
        assert_eq!(app.scroll.source, lines, "{keys}");
    }
}

#[test]
fn a_step_that_only_tried_to_store_unfolds_into_that() {
    let mut timeline = timelines::announced_session();
    timeline.push(StepRecord::begin(
        0,
        crate::timeline::StepKind::Instantiate,
        "instantiate".into(),
        Image::zeroed(65536),
    ));
    let mut step = timelines::standard_session_that_traps().steps()[4].clone();
    step.events = Default::default();
    step.memory = timeline.memory_after(0);
    step.index = 1;
    timeline.push(step);
    let mut app = app_over(timeline, SIZE, 1);
    press(&mut app, "o");
    assert_eq!(
        (at(&app).as_str(), app.unfolded, app.cursor),
        ("1", true, 0xffff)
    );
    let lines = step_list::lines(&app, 20);
    assert!(
        lines
            .iter()
            .any(|line| matches!(line, step_list::ListLine::Attempt(_))),
        "{lines:?}"
    );
    press(&mut app, "o");
    assert!(!app.unfolded);
    press(&mut app, "1 o");
    assert!(notice(&app).contains("wrote nothing"), "{}", notice(&app));
}
