//! Apps that show a session which was recorded before.

use super::driver::{Driver, RecordedSteps};
use super::timelines;
use crate::app::{Action, App, Message, Pane, SessionChoice, SessionState, on_message};
use crate::protocol::Report;
use crate::timeline::{Moment, Timeline};

/// Returns an app of `size` columns and rows in which the standard session has just been opened and
/// step 0 is asked for.
pub fn opened(size: (u16, u16)) -> App {
    let mut app = App::new(size, sessions(), true);
    let report = Report::Opened(Box::new(timelines::announced_session()));
    on_message(&mut app, Message::Session(report));
    app
}

/// Returns an app of `size` columns and rows that has run the standard session and shows `step`.
pub fn app(size: (u16, u16), step: usize) -> App {
    app_over(timelines::standard_session(), size, step)
}

/// Returns an app of `size` columns and rows that has run all steps of `timeline` and shows `step`.
pub fn app_over(timeline: Timeline, size: (u16, u16), step: usize) -> App {
    let app = App::new(size, sessions(), true);
    let host = RecordedSteps::new(timeline.steps().iter().cloned());
    let mut driver = Driver::open(app, timelines::announced_session(), host);
    while driver.host.remaining() > 0 {
        driver.update(Action::Next);
    }
    driver.go_to(step);
    driver.app
}

/// Returns an app of `size` columns and rows that shows the end of `step` of `timeline` with the
/// cursor in the buffer of the standard session. The app has received no message, so the timeline
/// need not be complete.
pub fn app_showing(timeline: Timeline, step: usize, size: (u16, u16)) -> App {
    let mut app = App::new(size, sessions(), true);
    app.timeline = timeline;
    app.moment = Moment::end_of(step);
    app.session = SessionState::Ready;
    app.top = timelines::BUFFER;
    app.cursor = timelines::BUFFER + 0x19;
    app.pane = Pane::Memory;
    app
}

/// Returns two sessions for the list of sessions.
pub fn sessions() -> Vec<SessionChoice> {
    let choice = |name: &str, description: &str| SessionChoice {
        name: name.into(),
        description: description.into(),
    };
    vec![
        choice(
            "wasm_is_cool",
            "A host writes a string, the guest appends to it.",
        ),
        choice("moved", "The same, with a guest whose buffer moves."),
    ]
}
