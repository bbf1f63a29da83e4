//! The call of the default session, unfolded into its fourteen stores: in text, in JSON, and on the
//! screen. The session is a real one.

use linmem::app::{Action, App};
use linmem::report::{Format, Options};
use linmem::testing::apps::sessions as session_choices;
use linmem::testing::driver::Driver;
use linmem::testing::live_session::LiveSession;
use linmem::testing::sessions;

use crate::support::reports::report;
use crate::support::screen_text::screen_text;

/// The step of the call.
const CALL: usize = 4;

fn with_stores(format: Format) -> String {
    report(
        &sessions::run(sessions::standard_config()),
        &Options {
            format,
            stores: true,
            ..Options::default()
        },
    )
}

#[test]
fn unfolded_in_text() {
    let text = with_stores(Format::Text);
    let from = text.find("✓ 4").unwrap();
    let to = text.find("✓ 5").unwrap();
    insta::assert_snapshot!(&text[from..to]);
}

#[test]
fn unfolded_in_json() {
    let trace: serde_json::Value = serde_json::from_str(&with_stores(Format::Json)).unwrap();
    let step = &trace["steps"][CALL];
    assert_eq!(
        (step["stores"].as_u64(), step["stores_recorded"].as_u64()),
        (Some(14), Some(14))
    );
    let events = step["events"].as_array().unwrap();
    assert_eq!(events.len(), 14);
    insta::assert_snapshot!(
        events
            .iter()
            .map(|event| format!("{event}\n"))
            .collect::<String>()
    );
}

/// Returns the default session on a screen of `size`, inside its call after `stores` stores.
pub fn unfolded(size: (u16, u16), stores: usize) -> Driver<LiveSession> {
    let mut driver = Driver::live(
        App::new(size, session_choices(), true),
        sessions::standard_config(),
    );
    for _ in 0..CALL {
        driver.update(Action::Next);
    }
    driver.update(Action::Unfold);
    for _ in 0..stores {
        driver.update(Action::Next);
    }
    driver
}

#[test]
fn unfolded_on_the_screen() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let driver = unfolded((columns, rows), 7);
        insta::assert_snapshot!(format!("screen_{columns}x{rows}"), screen_text(&driver.app));
    }
}

#[test]
fn going_back_from_a_store_restores_the_screen() {
    let mut driver = unfolded((120, 40), 0);
    // The notice of the unfolded step disappears with the next key.
    driver.update(Action::Next);
    driver.update(Action::Back);
    let mut seen = vec![screen_text(&driver.app)];
    for _ in 0..14 {
        driver.update(Action::Next);
        seen.push(screen_text(&driver.app));
    }
    for earlier in seen.iter().rev().skip(1) {
        driver.update(Action::Back);
        assert_eq!(screen_text(&driver.app), *earlier);
    }
}
