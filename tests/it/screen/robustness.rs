//! Drawing with hostile texts, at every size, and the positions of clicks.

use linmem::app::execution::reload::ReloadState;
use linmem::app::input::hit_test::{Hit, hit};
use linmem::app::panes::layout::memory_rows;
use linmem::app::{App, Overlay, Pane, Search, SessionState};
use linmem::protocol::Progress;
use linmem::testing::apps::{app_over, app_showing};
use linmem::testing::steps;
use linmem::testing::timelines::{
    self, BUFFER, TimelineBuilder, announced_session_in, standard_session_after,
};
use linmem::timeline::*;
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::reload::after_reload;
use super::{at_step_4, field, plain, running, screen, with};

#[test]
fn guest_text_is_escaped() {
    let evil = "\u{1b}]0;x\u{7}\u{202e}\u{200b}日本語";
    let mut builder = TimelineBuilder::continuing(standard_session_after(5, PAGE));
    let facts = builder.timeline();
    facts.title = evil.into();
    facts.guest.path = evil.into();
    facts.guest.exports[0].name = evil.into();
    builder.step(StepKind::Call, evil, |step| {
        steps::fail(step, Outcome::Failed, evil);
        step.output = Some(evil.into());
        step.narration = Some(evil.into());
        step.findings.push(Finding::new(FindingKind::Trap, evil));
        step.pointers = vec![Pointer {
            name: evil.into(),
            address: BUFFER,
            moved_from: Some(1),
            fetched: false,
        }];
        steps::name_span(step, evil, SpanKind::Block, BUFFER, 64);
    });
    let mut state = app_showing(builder.finish(), 5, (120, 40));
    state.sessions[0].name = evil.into();
    state.sessions[0].description = evil.into();
    let overlays = [
        Overlay::None,
        Overlay::Sessions { chosen: 0 },
        Overlay::Search { input: evil.into() },
        Overlay::Inputs {
            fields: vec![field(evil, evil, Some(evil))],
            chosen: 0,
        },
    ];
    for session in [SessionState::Ended, SessionState::Broken(evil.into())] {
        for overlay in &overlays {
            for size in [(120, 40), (80, 24), (40, 12), (30, 4)] {
                let state = with(state.clone(), |a| {
                    a.overlay = overlay.clone();
                    a.session = session.clone();
                    a.size = size;
                });
                let drawn = plain(&state).replace('\n', "");
                assert!(!drawn.chars().any(linmem::safe::is_unsafe), "{drawn:?}");
            }
        }
    }
}

/// Returns states that differ in everything that drawing uses.
pub fn states() -> Vec<App> {
    let no_memory = announced_session_in(0);
    let base = || at_step_4((0, 0));
    let large = |overlay| {
        with(
            app_showing(standard_session_after(8, 1 << 34), 7, (0, 0)),
            |a| {
                a.overlay = overlay;
                a.top = u64::MAX;
                a.cursor = u64::MAX;
            },
        )
    };
    let fields = (0..30)
        .map(|i| field("name", "日本語 typed", (i % 2 == 0).then_some("no")))
        .collect();
    let search = Search {
        typed: "W".into(),
        needle: b"Wasm".to_vec(),
        found: Some(u64::MAX - 1),
    };
    vec![
        base(),
        with(app_showing(Timeline::default(), 9, (0, 0)), |a| {
            a.session = SessionState::Broken("one\ntwo 日本語".into())
        }),
        with(app_showing(no_memory, 3, (0, 0)), |a| {
            a.session = SessionState::Opening { goal: None }
        }),
        with(large(Overlay::Inputs { fields, chosen: 29 }), |a| {
            a.search = Some(search);
            a.cumulative = true;
        }),
        with(large(Overlay::Sessions { chosen: 7 }), |a| {
            a.sessions = Vec::new()
        }),
        with(base(), |a| a.moment = Moment { step: 4, event: 0 }),
        with(base(), |a| a.unfolded = true),
        with(
            app_over(timelines::standard_session_that_traps(), (120, 40), 4),
            |a| a.unfolded = true,
        ),
        with(
            app_over(
                timelines::standard_session_with_moving_buffer(),
                (120, 40),
                4,
            ),
            |a| {
                a.moment = Moment { step: 4, event: 1 };
                a.scroll.source = i16::MAX;
            },
        ),
        with(base(), |a| a.overlay = Overlay::Help { scroll: 9 }),
        with(base(), |a| a.overlay = Overlay::Glossary { scroll: 9 }),
        with(after_reload((120, 40)), |a| {
            a.reload.changed = Some("日本語\u{1b}".repeat(90))
        }),
        with(base(), |a| a.reload.state = ReloadState::Loading),
        with(base(), |a| a.reload.state = ReloadState::Failed),
        with(base(), |a| {
            a.overlay = Overlay::Search {
                input: "日本語".into(),
            }
        }),
        with(base(), |a| {
            let progress = Progress {
                seconds: u64::MAX,
                stores: u64::MAX,
            };
            a.session = running(5, progress, false);
            a.count = Some(12);
        }),
    ]
}

#[test]
fn no_size_panics() {
    let theme = Theme::dark();
    let panes = Pane::ALL;
    for (index, state) in states().into_iter().enumerate() {
        for (turn, columns) in (0..=130).step_by(3).enumerate() {
            for rows in (turn % 5..=45).step_by(5) {
                let size = (columns, rows as u16);
                let pane = panes[(index + turn) % panes.len()];
                let state = with(state.clone(), |a| {
                    a.size = size;
                    a.pane = pane;
                });
                screen(&state, &theme);
                hit(&state, columns / 2, rows as u16 / 2);
            }
        }
    }
}

#[test]
fn mismatched_sizes_are_drawn() {
    for state in states() {
        let state = with(state, |a| a.size = (120, 40));
        let mut terminal = Terminal::new(TestBackend::new(33, 7)).unwrap();
        terminal
            .draw(|frame| draw(frame, &state, &Theme::dark()))
            .unwrap();
    }
}

#[test]
fn drawing_is_deterministic() {
    for state in states() {
        let state = with(state, |a| a.size = (120, 40));
        assert_eq!(
            screen(&state, &Theme::dark()),
            screen(&state, &Theme::dark())
        );
    }
}

#[test]
fn clicks_hit_what_is_drawn() {
    let state = at_step_4((120, 40));
    let drawn = plain(&state);
    let find = |needle: &str| {
        let row = drawn
            .lines()
            .position(|line| line.contains(needle))
            .unwrap();
        let line = drawn.lines().nth(row).unwrap();
        let column = line.split(needle).next().unwrap().chars().count();
        (column as u16, row as u16)
    };
    let (column, row) = find("3 write ptr");
    assert_eq!(hit(&state, column, row), Hit::Step(3));
    let (column, row) = find("6d 20 69 73 20 63");
    assert_eq!(hit(&state, column, row), Hit::Byte(BUFFER + 0x10));
    assert_eq!(hit(&state, column + 3, row), Hit::Byte(BUFFER + 0x11));
    let (column, row) = find("what happened");
    assert_eq!(hit(&state, column, row), Hit::Pane(Pane::Happened));
    assert_eq!(hit(&state, 0, 0), Hit::Nothing);
    assert_eq!(hit(&at_step_4((40, 12)), 10, 1), Hit::Pane(Pane::Memory));
    let covered = with(state, |a| a.overlay = Overlay::Help { scroll: 0 });
    assert_eq!(hit(&covered, column, row), Hit::Nothing);
}

#[test]
fn memory_panes_have_rows_at_every_size() {
    for size in [(200, 50), (120, 40), (80, 24), (80, 12), (60, 30), (40, 12)] {
        let state = with(at_step_4(size), |a| {
            a.top = 0;
            a.cursor = 0;
        });
        assert!(memory_rows(&state) >= 3, "{size:?}");
    }
}
