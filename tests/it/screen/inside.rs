//! Moments inside a step: unfolded calls, the source pane, traps and growth.

use linmem::app::input::hit_test::{Hit, hit};
use linmem::app::{App, InsideRow, click, key, keymap};
use linmem::testing::{apps, timelines};
use linmem::timeline::{Moment, Timeline};
use linmem::ui::Theme;

use super::{plain, screen, styles, with};

/// Returns `timeline` at step 4, after `keys`.
fn after_keys(timeline: Timeline, size: (u16, u16), keys: &str) -> App {
    with(apps::app_over(timeline, size, 4), |a| {
        for spec in keys.split_whitespace() {
            key(a, keymap::parse(spec).unwrap());
        }
    })
}

const SIZES: [(u16, u16); 4] = [(200, 50), (120, 40), (80, 24), (40, 12)];

/// Returns the screen at each size. At 40 columns it is drawn once for each of `panes`.
fn at_each_size(timeline: &Timeline, keys: &str, panes: &str) -> String {
    let mut all = String::new();
    for size in SIZES {
        let panes: Vec<&str> = if size.0 < 80 {
            panes.split_whitespace().collect()
        } else {
            vec![""]
        };
        for pane in panes {
            let drawn = plain(&after_keys(
                timeline.clone(),
                size,
                &format!("{keys} {pane}"),
            ));
            all.push_str(&drawn);
            all.push_str(&format!("{}\n", "=".repeat(usize::from(size.0))));
        }
    }
    all
}

#[test]
fn call_unfolded_at_store_7() {
    insta::assert_snapshot!(
        "unfolded",
        at_each_size(&timelines::standard_session(), "7 o", "1 2 3 4")
    );
    let buffer = screen(
        &after_keys(timelines::standard_session(), (80, 24), "7 o"),
        &Theme::dark(),
    );
    insta::assert_snapshot!("unfolded_styles_80x24", styles(&buffer));
}

#[test]
fn source_pane_follows_the_cursor() {
    let mut all = at_each_size(&timelines::standard_session(), "w 5", "5");
    for keys in ["w 5 j j j", "3 G 5", "g 5", "6"] {
        all.push_str(&plain(&after_keys(
            timelines::standard_session(),
            (80, 24),
            keys,
        )));
        all.push_str(&format!("{}\n", "=".repeat(80)));
    }
    insta::assert_snapshot!("source", all);
}

#[test]
fn trapped_store_past_the_end_of_memory() {
    insta::assert_snapshot!(
        "trap",
        at_each_size(
            &timelines::standard_session_that_traps(),
            "o End",
            "1 2 3 5"
        )
    );
}

#[test]
fn moments_around_growth() {
    insta::assert_snapshot!(
        "growth",
        at_each_size(
            &timelines::standard_session_with_moving_buffer(),
            "1 o",
            "1 2 3 5"
        )
    );
    let before = after_keys(
        timelines::standard_session_with_moving_buffer(),
        (80, 24),
        "o",
    );
    assert!(
        plain(&before).contains("memory 1 page, 64 KiB"),
        "{}",
        plain(&before)
    );
    let after = after_keys(
        timelines::standard_session_with_moving_buffer(),
        (80, 24),
        "1 o",
    );
    assert!(
        plain(&after).contains("memory 2 pages, 128 KiB"),
        "{}",
        plain(&after)
    );
}

#[test]
fn only_a_window_of_many_stores_is_shown() {
    let recording = timelines::call_of_stores(5000, 60_000_000);
    let state = with(apps::app_over(recording, (120, 40), 1), |a| {
        for spec in "2 5 0 0 o".split(' ') {
            key(a, keymap::parse(spec).unwrap());
        }
    });
    insta::assert_snapshot!("many_stores_120x40", plain(&state));
}

#[test]
fn clicks_on_an_event_go_to_it() {
    let mut state = after_keys(timelines::standard_session(), (120, 40), "7 o");
    let row = plain(&state)
        .lines()
        .position(|line| line.contains("0x40e"))
        .unwrap();
    assert_eq!(hit(&state, 10, row as u16), Hit::Row(InsideRow::Event(3)));
    click(&mut state, 10, row as u16);
    assert_eq!(state.moment, Moment { step: 4, event: 3 });
}

#[test]
fn nothing_is_marked_before_the_first_store() {
    let drawn = plain(&after_keys(timelines::standard_session(), (120, 40), "o"));
    assert!(
        drawn.contains("─ before step 4 ─") && drawn.contains("─ before store 1 of 14 ─"),
        "{drawn}"
    );
    assert!(!drawn.contains("│+ "), "{drawn}");
    assert!(
        drawn.contains("Before store 1 of 14: this step has written nothing yet."),
        "{drawn}"
    );
}

#[test]
fn folded_steps_show_the_trap_first() {
    insta::assert_snapshot!(
        "trap_folded_120x40",
        plain(&after_keys(
            timelines::standard_session_that_traps(),
            (120, 40),
            ""
        ))
    );
}
