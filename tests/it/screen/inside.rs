//! Time inside a step: unfolded calls, the source, traps and growth.

use linmem::app::layout::{Hit, hit};
use linmem::app::{App, click, key, keymap, sample};
use linmem::timeline::{Moment, Timeline};
use linmem::ui::Theme;

use super::{plain, screen, styles, with};

/// A sample session at step 4, after some keys.
fn after_keys(timeline: Timeline, size: (u16, u16), keys: &str) -> App {
    with(sample::app_over(timeline, size, 4), |a| {
        for spec in keys.split_whitespace() {
            key(a, keymap::parse(spec).unwrap());
        }
    })
}

const SIZES: [(u16, u16); 4] = [(200, 50), (120, 40), (80, 24), (40, 12)];

/// The screen at each size; at 40 columns, each of some panes.
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
fn a_call_unfolded_at_store_7() {
    insta::assert_snapshot!(
        "unfolded",
        at_each_size(&sample::timeline(), "7 o", "1 2 3 4")
    );
    let buffer = screen(
        &after_keys(sample::timeline(), (80, 24), "7 o"),
        &Theme::dark(),
    );
    insta::assert_snapshot!("unfolded_styles_80x24", styles(&buffer));
}

#[test]
fn the_source_of_the_byte() {
    let mut all = at_each_size(&sample::timeline(), "w 5", "5");
    for keys in ["w 5 j j j", "3 G 5", "g 5", "6"] {
        all.push_str(&plain(&after_keys(sample::timeline(), (80, 24), keys)));
        all.push_str(&format!("{}\n", "=".repeat(80)));
    }
    insta::assert_snapshot!("source", all);
}

#[test]
fn a_store_past_the_end_of_memory() {
    insta::assert_snapshot!(
        "trap",
        at_each_size(&sample::timeline_that_trapped(), "o End", "1 2 3 5")
    );
}

#[test]
fn the_moments_around_growth() {
    insta::assert_snapshot!(
        "growth",
        at_each_size(&sample::timeline_where_memory_moved(), "1 o", "1 2 3 5")
    );
    let before = after_keys(sample::timeline_where_memory_moved(), (80, 24), "o");
    assert!(
        plain(&before).contains("memory 1 page, 64 KiB"),
        "{}",
        plain(&before)
    );
    let after = after_keys(sample::timeline_where_memory_moved(), (80, 24), "1 o");
    assert!(
        plain(&after).contains("memory 2 pages, 128 KiB"),
        "{}",
        plain(&after)
    );
}

#[test]
fn of_many_stores_only_a_window_is_shown() {
    let recording = sample::timeline_of_stores(5000, 60_000_000);
    let state = with(sample::app_over(recording, (120, 40), 1), |a| {
        for spec in "2 5 0 0 o".split(' ') {
            key(a, keymap::parse(spec).unwrap());
        }
    });
    insta::assert_snapshot!("many_stores_120x40", plain(&state));
}

#[test]
fn a_click_on_an_event_goes_to_it() {
    let mut state = after_keys(sample::timeline(), (120, 40), "7 o");
    let row = plain(&state)
        .lines()
        .position(|line| line.contains("0x40e"))
        .unwrap();
    assert_eq!(hit(&state, 10, row as u16), Hit::Event(3));
    click(&mut state, 10, row as u16);
    assert_eq!(state.moment, Moment { step: 4, event: 3 });
}

#[test]
fn before_the_first_store_nothing_is_marked() {
    let drawn = plain(&after_keys(sample::timeline(), (120, 40), "o"));
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
fn a_trap_is_told_first_where_the_step_is_folded() {
    insta::assert_snapshot!(
        "trap_folded_120x40",
        plain(&after_keys(sample::timeline_that_trapped(), (120, 40), ""))
    );
}
