//! Rows inside a step that opens: events, and children that open themselves.

use crate::app::InsideRow;
use crate::app::navigation::time;
use crate::testing::driver::Driver;
use crate::testing::live_session::LiveSession;
use crate::testing::nested_calls::after;
use crate::timeline::{At, Image, Moment};

/// Returns the row of the list that is shown: its name, or `.n` for an event; `-` before the first.
fn row(driver: &Driver<LiveSession>) -> String {
    let app = &driver.app;
    let record = app.timeline.step(app.moment.step).unwrap();
    match app.row_here() {
        Some(InsideRow::Child(child)) => record.child_label(child),
        Some(InsideRow::Event(number)) => format!(".{number}"),
        None => "-".into(),
    }
}

#[test]
fn keys_walk_through_what_is_open() {
    let rows = [
        ("o", "-"),
        ("o →", ".1"),
        ("o → →", ".2"),
        // A closed child is one row, at its end.
        ("o → → →", "1/1"),
        ("o → → → →", ".6"),
        ("o → → → → →", "1/2"),
        ("o → → → o", "1/1"),
        ("o → → → o →", "1/1/1"),
        ("o → → → o → →", "1/1/2"),
        ("o → → → o → → →", "1/1/3"),
        ("o → → → o → → o →", ".3"),
        ("o → → → o → → o → →", "1/1/2/1"),
        ("o → → → o → → o → → →", "1/1/3"),
        ("o → → → o → → o → → → ← ← ←", "1/1/2"),
        // `o` on a row in a child closes that, and then the one around it.
        ("o → → → o → → o → o", "1/1/2"),
        ("o → → → o → → o → o ← o", "1/1/1"),
        ("o End", "1/2"),
        ("o End Home", "-"),
        ("o End → ←", "1/2"),
        // A number is that of an event of the step: what is around it opens.
        ("3 o", ".3"),
        ("5 o", "1/1/4"),
        ("5 o → →", "1/2"),
    ];
    for (keys, expected) in rows {
        assert_eq!(row(&after((120, 40), keys)), expected, "{keys}");
    }
}

#[test]
fn memory_before_and_after_is_that_of_the_row() {
    let bytes = |keys: &str| {
        let driver = after((120, 40), keys);
        let read = |image: Image| image.read(0x400, 5);
        (read(driver.app.memory_before()), read(driver.app.memory()))
    };
    let (zero, five) = (vec![0; 5], vec![5, 0, 0, 0, 0]);
    let hello = b"hello".to_vec();
    assert_eq!(bytes("o → → →"), (zero.clone(), hello.clone()));
    assert_eq!(bytes("o → → → o"), (zero.clone(), zero.clone()));
    assert_eq!(bytes("o → → → o → →"), (zero, five.clone()));
    assert_eq!(bytes("o → → → o → → →"), (five, hello));
}

#[test]
fn going_to_a_write_opens_what_is_around_it() {
    let mut driver = after((120, 40), "");
    driver.app.cursor = 0x64;
    driver.press("w");
    assert_eq!(row(&driver), "1/1/4");
    assert_eq!(driver.app.moment, Moment { step: 1, event: 5 });
    driver.press("{");
    assert!(
        driver
            .app
            .notice
            .as_ref()
            .is_some_and(|n| n.text.contains("not written earlier"))
    );
}

#[test]
fn the_cursor_is_on_the_bytes_that_a_part_reads_or_writes() {
    for (keys, cursor) in [
        ("o → → → o →", 0x10),
        ("5 o", 0x64),
        ("o → → → o → → →", 0x400),
    ] {
        assert_eq!(after((120, 40), keys).app.cursor, cursor, "{keys}");
    }
}

#[test]
fn a_moment_that_the_step_does_not_have_is_refused_once() {
    let mut driver = after((120, 40), "");
    let at: At = "1/9".parse().unwrap();
    time::show_at(&mut driver.app, &at);
    let notice = driver
        .app
        .notice
        .as_ref()
        .map(|notice| notice.text.as_str());
    assert_eq!(notice, Some("There is no moment 1/9: step 1 has 2 parts."));
}
