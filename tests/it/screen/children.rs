//! A step that opens on the screen: imports in a call, and calls back into the guest in them. The
//! session is a real one.

use linmem::testing::nested_calls::after;

use crate::support::screen_text::screen_text;

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
