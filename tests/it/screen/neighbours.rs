//! Regions that touch: an edge is between them in every theme, with colours and without.

use linmem::app::{Action, App};
use linmem::testing::driver::Driver;
use linmem::testing::sessions;
use linmem::ui::Theme;

use super::{screen, text};

const GUEST: &str = "(module (memory (export \"memory\") 1))";

/// Returns the rows of memory after the last step of a session.
fn rows(steps: &str, theme: &Theme) -> String {
    let app = App::new((80, 24), Vec::new(), true);
    let config = sessions::config(sessions::guest(GUEST), steps);
    let mut driver = Driver::live(app, config);
    driver.update(Action::Last);
    text(&screen(&driver.app, theme))
}

#[test]
fn neighbouring_regions_have_an_edge_between_them_in_every_theme() {
    let touching = "region one = 0x100, 4\nregion two = 0x104, 4\nregion three = 0x108, 8\n\
                    write 0x100, u8(0)\n";
    let one = "region one = 0x100, 8\nwrite 0x100, u8(0)\n";
    for theme in [
        Theme::dark(),
        Theme::light(),
        Theme::mono(),
        Theme::dark_true_color(),
        Theme::light_true_color(),
        Theme::mono().with_ascii(),
    ] {
        let drawn = rows(touching, &theme);
        assert!(drawn.contains("[00 00 00 00[00 00 00 00]"), "{drawn}");
        assert!(drawn.contains("[00 00 00 00 00 00 00 00]"), "{drawn}");
        for name in ["one", "two", "three"] {
            assert!(drawn.contains(name), "{name}\n{drawn}");
        }
        let drawn = rows(one, &theme);
        assert!(drawn.contains("[00 00 00 00 00 00 00 00]"), "{drawn}");
        assert!(!drawn.contains("00[00"), "{drawn}");
    }
}
