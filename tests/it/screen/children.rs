//! A step that opens on the screen: imports in a call, and calls back into the guest in them. The
//! session is a real one.

use linmem::app::{Action, App};
use linmem::testing::apps::sessions as session_choices;
use linmem::testing::driver::Driver;
use linmem::testing::live_session::LiveSession;
use linmem::testing::nested_calls;

use crate::support::screen_text::screen_text;

/// Returns the session after the step that opens, and these keys.
fn after(size: (u16, u16), keys: &str) -> Driver<LiveSession> {
    let app = App::new(size, session_choices(), true);
    let mut driver = Driver::live(app, nested_calls::config());
    driver.update(Action::Next);
    driver.press(keys);
    driver
}

#[test]
fn children_on_the_screen() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let driver = after((columns, rows), "o → → → o → → o → →");
        insta::assert_snapshot!(
            format!("children_{columns}x{rows}"),
            screen_text(&driver.app)
        );
    }
}
