//! The standard session and other states, at each size and with each theme.

use linmem::app::keymap::{BINDINGS, Choice, Keymap};
use linmem::app::{App, Notice, Overlay, Pane, SessionState};
use linmem::protocol::Progress;
use linmem::testing::apps::app_showing;
use linmem::testing::steps;
use linmem::testing::timelines::{
    BUFFER, DATA, TimelineBuilder, announced_session_in, standard_session_after,
};
use linmem::timeline::*;
use linmem::ui::{Screen, Theme};

use super::robustness::states;
use super::{at_step_4, field, plain, running, screen, styles, text, with};

fn with_pane(app: App, pane: Pane) -> App {
    with(app, |a| a.pane = pane)
}

#[test]
fn default_session_at_each_size() {
    for (columns, rows) in [(200, 50), (120, 40), (80, 24), (40, 12)] {
        let buffer = screen(&at_step_4((columns, rows)), &Theme::dark());
        insta::assert_snapshot!(format!("text_{columns}x{rows}"), text(&buffer));
        insta::assert_snapshot!(format!("styles_{columns}x{rows}"), styles(&buffer));
    }
}

#[test]
fn ascii_theme_draws_only_ascii() {
    let buffer = screen(&at_step_4((80, 24)), &Theme::mono().with_ascii());
    assert!(text(&buffer).is_ascii());
    insta::assert_snapshot!("ascii_80x24", text(&buffer));
    for state in states() {
        let state = with(state, |a| a.size = (120, 40));
        let drawn = text(&screen(&state, &Theme::dark().with_ascii()));
        assert!(drawn.is_ascii(), "{drawn}");
    }
}

#[test]
fn mono_theme_marks_changes_without_color() {
    let buffer = screen(&at_step_4((80, 24)), &Theme::mono());
    let plain_colour = buffer
        .content()
        .iter()
        .all(|c| c.fg == Default::default() && c.bg == Default::default());
    assert!(plain_colour);
    insta::assert_snapshot!("styles_mono_80x24", styles(&buffer));
}

#[test]
fn themes_set_no_background() {
    let themes = [
        Theme::dark(),
        Theme::light(),
        Theme::mono(),
        Theme::dark_true_color(),
        Theme::light_true_color(),
    ];
    for theme in themes {
        let buffer = screen(&at_step_4((120, 40)), &theme);
        assert!(
            buffer
                .content()
                .iter()
                .all(|cell| cell.bg == Default::default())
        );
    }
}

#[test]
fn narrow_screens_show_one_pane() {
    let mut all = String::new();
    for pane in [
        Pane::Steps,
        Pane::Happened,
        Pane::Inspector,
        Pane::Source,
        Pane::Guest,
    ] {
        all.push_str(&plain(&with_pane(at_step_4((40, 12)), pane)));
        all.push_str("========================================\n");
    }
    insta::assert_snapshot!("panes_40x12", all);
}

#[test]
fn too_small_terminals_show_a_message() {
    assert_eq!(
        plain(&at_step_4((20, 5))),
        "linmem needs 40x12;\nthis terminal is\n20x5\n\n\n"
    );
    assert_eq!(
        plain(&at_step_4((70, 1))),
        "linmem needs 40x12; this terminal is 70x1\n"
    );
    assert_eq!(plain(&at_step_4((1, 1))), "l\n");
}

#[test]
fn screen_before_the_first_step() {
    let mut state = app_showing(announced_session_in(PAGE), 0, (80, 24));
    state.session = SessionState::Opening { goal: None };
    insta::assert_snapshot!("opening_80x24", plain(&state));
}

#[test]
fn screen_after_instantiation() {
    let mut state = app_showing(standard_session_after(1, PAGE), 0, (120, 40));
    (state.top, state.cursor) = (DATA, DATA);
    insta::assert_snapshot!("instantiated_120x40", plain(&state));
}

#[test]
fn guest_without_memory() {
    let mut builder = TimelineBuilder::continuing(announced_session_in(0));
    builder.planned_step(|_| ());
    let drawn = plain(&app_showing(builder.finish(), 0, (80, 24)));
    assert_eq!(
        drawn.matches("this guest has no memory").count(),
        2,
        "{drawn}"
    );
}

#[test]
fn screen_after_growth_and_a_moved_pointer() {
    let mut builder = TimelineBuilder::continuing(standard_session_after(4, PAGE));
    builder.step(StepKind::Call, "ptr = call grow_and_move()", |step| {
        steps::fetch(step, 0x10008);
        steps::grow(step, 2, Writer::guest());
        steps::write(step, 0x10008, b"Did you know", Writer::guest());
        step.findings.push(Finding::new(
            FindingKind::MemoryGrew,
            "Memory grew from 1 page to 2.",
        ));
    });
    let mut state = app_showing(builder.finish(), 4, (120, 40));
    (state.cursor, state.cumulative) = (0x1000a, true);
    let buffer = screen(&state, &Theme::dark());
    insta::assert_snapshot!("moved_120x40", text(&buffer));
    insta::assert_snapshot!("moved_styles_120x40", styles(&buffer));
}

#[test]
fn bytes_of_a_finding_are_marked() {
    let recording = standard_session_after(4, PAGE);
    let mut step = recording.steps()[3].clone();
    step.index = 4;
    step.findings = vec![
        Finding::new(
            FindingKind::Overrun,
            "the guest wrote on past the end of region buffer, 0x406",
        )
        .about(Span {
            start: BUFFER + 6,
            len: 12,
        })
        .about(Span {
            start: BUFFER,
            len: 6,
        }),
    ];
    let mut again = recording.clone();
    again.push(step);
    let mut state = app_showing(again, 4, (120, 40));
    state.cursor = BUFFER + 2;
    let buffer = screen(&state, &Theme::dark());
    insta::assert_snapshot!("found_120x40", text(&buffer));
    insta::assert_snapshot!("found_styles_120x40", styles(&buffer));
    let ascii = text(&screen(&state, &Theme::mono().with_ascii()));
    assert!(ascii.contains("!"), "{ascii}");
}

#[test]
fn screen_of_a_trapped_step() {
    let mut builder = TimelineBuilder::continuing(standard_session_after(4, PAGE));
    builder.planned_step(|step| {
        let error = "The guest trapped: unreachable.\nIt happened in $panic\u{1b}[31m.";
        steps::fail(step, Outcome::Trapped, error);
        step.findings.push(Finding::new(
            FindingKind::Trap,
            "unreachable, in $panic, 3 calls deep",
        ));
    });
    let state = with(
        with_pane(app_showing(builder.finish(), 4, (80, 24)), Pane::Happened),
        |a| a.session = SessionState::Ended,
    );
    insta::assert_snapshot!("trapped_80x24", plain(&state));
}

#[test]
fn screen_while_a_step_runs() {
    let mut state = app_showing(standard_session_after(4, PAGE), 3, (80, 24));
    let progress = Progress {
        seconds: 3,
        stores: 1_234_567,
    };
    state.session = running(4, progress, false);
    let drawn = plain(&state);
    assert!(
        drawn.contains("step 4 is running … 3 s 1 234 567 stores so far   esc cancels"),
        "{drawn}"
    );
    assert!(drawn.contains("◌ 4 n = call"), "{drawn}");
    state.session = running(4, Progress::default(), true);
    assert!(plain(&state).contains("cancelling step 4 …"));
}

#[test]
fn screen_inside_a_call() {
    let mut state = at_step_4((80, 24));
    state.moment = Moment { step: 4, event: 3 };
    let drawn = plain(&state);
    assert!(drawn.contains("after store 3 of 14"), "{drawn}");
    assert!(
        drawn.contains("+     00000408 ┃ 6b 6e 6f 77 20 57 61 00 │know Wa⋄"),
        "{drawn}"
    );
}

#[test]
fn overlays() {
    let fields = vec![
        field("text", "Did you know", None),
        field("count", "twelve", Some("Expected a number; write 12.")),
    ];
    let over = |overlay: Overlay| with(at_step_4((80, 24)), |a| a.overlay = overlay);
    let all = [
        over(Overlay::Help { scroll: 0 }),
        with(over(Overlay::Help { scroll: 0 }), |a| a.size = (120, 40)),
        over(Overlay::Inputs { fields, chosen: 1 }),
        over(Overlay::Sessions { chosen: 1 }),
        over(Overlay::Search {
            input: "Wasm".into(),
        }),
    ];
    insta::assert_snapshot!(
        "overlays",
        all.map(|state| plain(&state))
            .join(&format!("{}\n", "=".repeat(80)))
    );
}

#[test]
fn glossary_at_each_size() {
    let mut all = String::new();
    for size in [(80, 24), (120, 40), (40, 12)] {
        for scroll in [0, u16::MAX] {
            let state = with(at_step_4(size), |a| {
                a.overlay = Overlay::Glossary { scroll };
            });
            all.push_str(&plain(&state));
            all.push_str(&format!("{}\n", "=".repeat(80)));
        }
    }
    insta::assert_snapshot!("glossary", all);
}

/// The marks of the glossary are those that the panes show, in every set of glyphs.
#[test]
fn glossary_has_the_marks_of_the_screen_only() {
    for theme in [Theme::dark(), Theme::mono(), Theme::dark().with_ascii()] {
        let state = with(at_step_4((120, 90)), |a| {
            a.overlay = Overlay::Glossary { scroll: u16::MAX };
        });
        let drawn = text(&screen(&state, &theme));
        for meaning in [
            "a step that ended well",
            "a step that has not run",
            "changed by this step or store",
            "a pointer points here",
            "a region or block",
        ] {
            assert!(drawn.contains(meaning), "{meaning}\n{drawn}");
        }
        for meaning in [
            "a step that was cancelled",
            "differs from the run before",
            "pages this step added",
        ] {
            assert!(!drawn.contains(meaning), "{meaning}\n{drawn}");
        }
    }
}

#[test]
fn narrow_session_list_wraps_the_description() {
    let mut state = with(at_step_4((40, 14)), |a| {
        a.overlay = Overlay::Sessions { chosen: 1 }
    });
    state.sessions[1].description =
        "the same exports with another contract, which is told at length".into();
    let drawn = plain(&state);
    assert!(
        drawn.contains(
            "│ the same exports with another        │\n│ contract, which is told at length    │"
        ),
        "{drawn}"
    );
}

#[test]
fn legend_names_configured_keys() {
    let choice = Choice {
        action: "cumulative-marks".into(),
        keys: vec!["Z".into()],
    };
    let help = with(at_step_4((120, 40)), |a| {
        a.keys = Keymap::with(std::slice::from_ref(&choice)).unwrap();
        a.overlay = Overlay::Help { scroll: u16::MAX };
    });
    assert!(
        plain(&help).contains("or since the start (Z)"),
        "{}",
        plain(&help)
    );
}

#[test]
fn help_lists_every_key() {
    let page = |scroll| {
        plain(&with(at_step_4((100, 100)), |a| {
            a.overlay = Overlay::Help { scroll }
        }))
    };
    let help = page(0) + &page(u16::MAX);
    let words: Vec<&str> = help.split_whitespace().collect();
    for binding in BINDINGS.iter() {
        assert!(
            binding.keys.iter().all(|key| words.contains(key)),
            "{:?}: {help}",
            binding.keys
        );
    }
}

#[test]
fn help_scrolls_to_its_end() {
    let help = |scroll| {
        plain(&with(at_step_4((60, 16)), |a| {
            a.overlay = Overlay::Help { scroll }
        }))
    };
    assert_ne!(help(0), help(5));
    assert_eq!(help(500), help(u16::MAX));
    assert!(help(u16::MAX).contains("map: pages this step added"));
    let state = with(at_step_4((60, 16)), |a| {
        a.overlay = Overlay::Help { scroll: 0 }
    });
    let last = Screen::compute(&state, &Theme::dark())
        .scroll_limits()
        .overlay;
    assert!(last > 0 && help(last) == help(u16::MAX) && help(last - 1) != help(last));
}

#[test]
fn cut_text_counts_the_remaining_lines() {
    let mut builder = TimelineBuilder::continuing(standard_session_after(3, PAGE));
    builder.step(StepKind::Let, "let x = 1", |step| {
        step.narration = Some((1..=20).map(|n| format!("line {n}\n")).collect());
    });
    let drawn = plain(&app_showing(builder.finish(), 3, (80, 24)));
    assert!(
        drawn.contains(" line 3\n … 17 more lines: 3 shows more\n"),
        "{drawn}"
    );
}

#[test]
fn screen_of_a_session_that_failed_to_open() {
    let mut state = app_showing(Timeline::default(), 0, (80, 24));
    state.session = SessionState::Broken(
        "broken.steps:3:9: expected a value, found `)`\n  3 | n = call )\n    |          ^\nAfter `call` comes the name of an export.".into(),
    );
    insta::assert_snapshot!("broken_80x24", plain(&state));
}

#[test]
fn notices_wrap_above_the_keys() {
    let mut state = at_step_4((80, 24));
    state.notice = Some(Notice {
        text: "Nothing holds \u{1b}[2J\"zebra\".".into(),
        is_error: true,
    });
    let drawn = plain(&state);
    let [notice, keys] = drawn.lines().skip(22).collect::<Vec<_>>()[..] else {
        panic!("two lines")
    };
    assert_eq!(notice, " Nothing holds \\u{1b}[2J\"zebra\".");
    assert!(keys.ends_with("? help  q quit"), "{keys}");
    let text = "The session is over: ← goes back, e edits the inputs, p chooses another session.";
    let small = with(at_step_4((40, 12)), |a| {
        a.notice = Some(Notice {
            text: text.into(),
            is_error: false,
        })
    });
    let drawn = plain(&small);
    let words: Vec<&str> = drawn
        .lines()
        .skip(8)
        .take(3)
        .flat_map(str::split_whitespace)
        .collect();
    assert_eq!(words.join(" "), text, "{drawn}");
    assert!(
        drawn.lines().last().unwrap().ends_with("? help  q quit"),
        "{drawn}"
    );
}
