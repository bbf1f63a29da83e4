//! A session that runs again after its files have changed.

use linmem::app::execution::reload::ReloadState;
use linmem::app::{App, Message, SessionState};
use linmem::testing::driver::Driver;
use linmem::testing::sessions::{STANDARD_GUEST, STANDARD_STEPS, config, guest, standard_config};
use linmem::ui::Theme;

use super::{plain, running, screen, styles, text, with};

/// Returns the standard session at step 4 after its guest was changed to append other text.
pub fn after_reload(size: (u16, u16)) -> App {
    let mut driver = Driver::live(App::new(size, Vec::new(), true), standard_config());
    driver.press("G 4 G");
    let changed = STANDARD_GUEST.replace(" Wasm is cool!", " Wasm is COOL!");
    assert_ne!(changed, STANDARD_GUEST);
    let changed = config(guest(&changed), STANDARD_STEPS);
    driver.host.changed = Some(Ok(changed));
    driver.receive(Message::FilesChanged(Some("a.wat has changed".into())));
    driver.press("R");
    driver.app
}

#[test]
fn differences_from_the_run_before_are_marked_at_each_size() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let app = after_reload((columns, rows));
        insta::assert_snapshot!(format!("marks_{columns}x{rows}"), plain(&app));
    }
    let drawn = styles(&screen(&after_reload((80, 24)), &Theme::mono()));
    insta::assert_snapshot!("marks_mono_80x24", drawn);
    let drawn = text(&screen(
        &after_reload((80, 24)),
        &Theme::mono().with_ascii(),
    ));
    assert!(drawn.is_ascii() && drawn.contains("20%43%4f%4f"), "{drawn}");
}

#[test]
fn the_status_line_shows_what_became_of_the_files() {
    let changed = |a: &mut App| a.reload.changed = Some("guest.wasm has changed".into());
    let state = |state| move |a: &mut App| a.reload.state = state;
    let mut all = String::new();
    for size in [(120, 40), (80, 24), (40, 12)] {
        let app = || super::at_step_4(size);
        let states = [
            with(app(), changed),
            with(with(app(), changed), |a| {
                a.session = running(5, Default::default(), false)
            }),
            with(app(), state(ReloadState::Loading)),
            with(app(), state(ReloadState::Failed)),
            with(with(app(), changed), |a| {
                a.session = SessionState::Ended;
                a.count = Some(12);
            }),
        ];
        for state in states {
            all.push_str(plain(&state).lines().last().unwrap_or_default());
            all.push('\n');
        }
    }
    insta::assert_snapshot!("status", all);
}
