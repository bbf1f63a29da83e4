//! Whole screens, as a person sees them.

use super::session::{PTR, announced, app, store, timeline};
use super::{plain, screen, styles, text, with};
use linmem::app::keymap::{BINDINGS, Choice, Keymap};
use linmem::app::layout::{Hit, hit, memory_rows};
use linmem::app::{App, Engine, InputField, Notice, Overlay, Pane, Progress, Search, sample};
use linmem::timeline::*;
use linmem::ui::{Theme, draw, last_scroll};
use linmem::value::Value;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn at_step_4(size: (u16, u16)) -> App {
    app(timeline(PAGE, 5), 4, size)
}

fn with_pane(app: App, pane: Pane) -> App {
    with(app, |a| a.pane = pane)
}

#[test]
fn the_default_session_at_each_size() {
    for (columns, rows) in [(200, 50), (120, 40), (80, 24), (40, 12)] {
        let buffer = screen(&at_step_4((columns, rows)), &Theme::dark());
        insta::assert_snapshot!(format!("text_{columns}x{rows}"), text(&buffer));
        insta::assert_snapshot!(format!("styles_{columns}x{rows}"), styles(&buffer));
    }
}

#[test]
fn ascii_draws_nothing_else() {
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
fn mono_uses_no_colour_and_still_marks_what_changed() {
    let buffer = screen(&at_step_4((80, 24)), &Theme::mono());
    let plain_colour = buffer
        .content()
        .iter()
        .all(|c| c.fg == Default::default() && c.bg == Default::default());
    assert!(plain_colour);
    insta::assert_snapshot!("styles_mono_80x24", styles(&buffer));
}

#[test]
fn no_theme_forces_a_background() {
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
fn one_pane_at_a_time_at_40() {
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
fn too_small_says_so() {
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
fn before_anything_has_run() {
    let mut state = app(announced(PAGE), 0, (80, 24));
    state.engine = Engine::Opening;
    insta::assert_snapshot!("opening_80x24", plain(&state));
}

#[test]
fn instantiation_shows_the_first_memory() {
    let mut state = app(timeline(PAGE, 1), 0, (120, 40));
    (state.top, state.cursor) = (0x100, 0x100);
    insta::assert_snapshot!("instantiated_120x40", plain(&state));
}

#[test]
fn a_guest_without_memory() {
    let mut recording = announced(0);
    recording.guest.memory = None;
    recording.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        "instantiate".into(),
        Image::default(),
    ));
    let drawn = plain(&app(recording, 0, (80, 24)));
    assert_eq!(
        drawn.matches("this guest has no memory").count(),
        2,
        "{drawn}"
    );
}

#[test]
fn a_pointer_that_moved_and_memory_that_grew() {
    let mut recording = timeline(PAGE, 4);
    let before = recording.memory_after(3);
    let mut step = StepRecord::begin(
        4,
        StepKind::Call,
        "ptr = call grow_and_move()".into(),
        before.clone(),
    );
    step.memory.grow(2 * PAGE);
    step.recording.push(Event::Growth(Growth {
        before: 1,
        after: 2,
        by: Writer::guest(),
    }));
    store(&mut step, 0x10008, b"Did you know", Writer::guest());
    step.pages_after = 2;
    step.bindings = vec![Binding {
        name: "ptr".into(),
        value: Value::Int(0x10008),
    }];
    step.pointers = vec![Pointer {
        name: "ptr".into(),
        address: 0x10008,
        moved_from: Some(PTR),
        fetched: true,
    }];
    step.findings.push(Finding::new(
        FindingKind::MemoryGrew,
        "Memory grew from 1 page to 2.",
    ));
    step.settle(&before);
    recording.push(step);
    let mut state = app(recording, 4, (120, 40));
    (state.cursor, state.cumulative) = (0x1000a, true);
    let buffer = screen(&state, &Theme::dark());
    insta::assert_snapshot!("moved_120x40", text(&buffer));
    insta::assert_snapshot!("moved_styles_120x40", styles(&buffer));
}

#[test]
fn the_bytes_that_a_finding_is_about_are_marked() {
    let recording = timeline(PAGE, 4);
    let mut step = recording.steps()[3].clone();
    step.index = 4;
    step.findings = vec![
        Finding::new(
            FindingKind::Overrun,
            "the guest wrote on past the end of region buffer, 0x406",
        )
        .about(Span {
            start: PTR + 6,
            len: 12,
        })
        .about(Span { start: PTR, len: 6 }),
    ];
    let mut again = recording.clone();
    again.push(step);
    let mut state = app(again, 4, (120, 40));
    state.cursor = PTR + 2;
    let buffer = screen(&state, &Theme::dark());
    insta::assert_snapshot!("found_120x40", text(&buffer));
    insta::assert_snapshot!("found_styles_120x40", styles(&buffer));
    let ascii = text(&screen(&state, &Theme::mono().with_ascii()));
    assert!(ascii.contains("!"), "{ascii}");
}

#[test]
fn a_step_that_trapped() {
    let mut recording = timeline(PAGE, 4);
    let mut step = StepRecord::begin(
        4,
        StepKind::Call,
        "n = call add_wasm_is_cool(2000)".into(),
        recording.memory_after(3),
    );
    step.line = Some(7);
    step.pointers = recording.steps()[3].pointers.clone();
    step.outcome = Outcome::Trapped;
    step.error = Some("The guest trapped: unreachable.\nIt happened in $panic\u{1b}[31m.".into());
    step.findings.push(Finding::new(
        FindingKind::Trap,
        "unreachable, in $panic, 3 calls deep",
    ));
    recording.push(step);
    let state = with(
        with_pane(app(recording, 4, (80, 24)), Pane::Happened),
        |a| a.engine = Engine::Ended,
    );
    insta::assert_snapshot!("trapped_80x24", plain(&state));
}

#[test]
fn while_a_step_runs() {
    let mut state = app(timeline(PAGE, 4), 3, (80, 24));
    state.engine = Engine::Running {
        step: 4,
        progress: Progress {
            seconds: 3,
            stores: 1_234_567,
        },
        cancelling: false,
    };
    let drawn = plain(&state);
    assert!(
        drawn.contains("step 4 is running … 3 s 1 234 567 stores so far   esc cancels"),
        "{drawn}"
    );
    assert!(drawn.contains("◌ 4 n = call"), "{drawn}");
    state.engine = Engine::Running {
        step: 4,
        progress: Progress::default(),
        cancelling: true,
    };
    assert!(plain(&state).contains("cancelling step 4 …"));
}

#[test]
fn inside_a_call() {
    let mut state = at_step_4((80, 24));
    state.moment = Moment { step: 4, event: 3 };
    let drawn = plain(&state);
    assert!(drawn.contains("after store 3 of 14"), "{drawn}");
    assert!(
        drawn.contains("+     00000408 ┃ 6b 6e 6f 77 20 57 61 00 │know Wa⋄"),
        "{drawn}"
    );
}

fn field(name: &str, typed: &str, error: Option<&str>) -> InputField {
    InputField {
        facts: InputFacts {
            name: name.into(),
            value: Value::Text(typed.into()),
        },
        input: typed.into(),
        error: error.map(Into::into),
    }
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
fn the_chosen_session_is_described_in_full_where_the_list_is_narrow() {
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
fn the_legend_names_the_key_in_force() {
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
fn help_names_every_key_whole() {
    let page = |scroll| {
        plain(&with(at_step_4((100, 100)), |a| {
            a.overlay = Overlay::Help { scroll }
        }))
    };
    let help = page(0) + &page(u16::MAX);
    let words: Vec<&str> = help.split_whitespace().collect();
    for binding in BINDINGS {
        assert!(
            binding.keys.iter().all(|key| words.contains(key)),
            "{:?}: {help}",
            binding.keys
        );
    }
}

#[test]
fn help_scrolls_to_its_end_and_no_further() {
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
    let last = last_scroll(&state, &Theme::dark()).help;
    assert!(last > 0 && help(last) == help(u16::MAX) && help(last - 1) != help(last));
}

#[test]
fn what_does_not_fit_is_said_to_follow() {
    let mut recording = timeline(PAGE, 3);
    let mut step = StepRecord::begin(
        3,
        StepKind::Let,
        "let x = 1".into(),
        recording.memory_after(2),
    );
    step.narration = Some((1..=20).map(|n| format!("line {n}\n")).collect());
    recording.push(step);
    let drawn = plain(&app(recording, 3, (80, 24)));
    assert!(
        drawn.contains(" line 3\n … 17 more lines: 3 shows more\n"),
        "{drawn}"
    );
}

#[test]
fn a_session_that_did_not_open() {
    let mut state = app(Timeline::default(), 0, (80, 24));
    state.engine = Engine::Broken(
        "broken.steps:3:9: expected a value, found `)`\n  3 | n = call )\n    |          ^\nAfter `call` comes the name of an export.".into(),
    );
    insta::assert_snapshot!("broken_80x24", plain(&state));
}

#[test]
fn a_notice_stands_above_the_keys_whole_at_any_width() {
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

#[test]
fn text_of_the_guest_is_never_raw() {
    let evil = "\u{1b}]0;x\u{7}\u{202e}\u{200b}日本語";
    let mut recording = timeline(PAGE, 5);
    recording.title = evil.into();
    recording.guest.path = evil.into();
    recording.guest.exports[0].name = evil.into();
    let mut step = StepRecord::begin(5, StepKind::Call, evil.into(), recording.memory_after(4));
    step.error = Some(evil.into());
    step.outcome = Outcome::Failed;
    step.output = Some(evil.into());
    step.narration = Some(evil.into());
    step.findings.push(Finding::new(FindingKind::Trap, evil));
    step.pointers = vec![Pointer {
        name: evil.into(),
        address: PTR,
        moved_from: Some(1),
        fetched: false,
    }];
    let span = Span {
        start: PTR,
        len: 64,
    };
    step.naming = Some(Naming::Named(NamedSpan {
        name: evil.into(),
        kind: SpanKind::Block,
        span,
        released: true,
    }));
    recording.push(step);
    let mut state = app(recording, 5, (120, 40));
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
    for engine in [Engine::Ended, Engine::Broken(evil.into())] {
        for overlay in &overlays {
            for size in [(120, 40), (80, 24), (40, 12), (30, 4)] {
                let state = with(state.clone(), |a| {
                    a.overlay = overlay.clone();
                    a.engine = engine.clone();
                    a.size = size;
                });
                let drawn = plain(&state).replace('\n', "");
                assert!(!drawn.chars().any(linmem::safe::is_unsafe), "{drawn:?}");
            }
        }
    }
}

/// States that differ in everything drawing looks at.
fn states() -> Vec<App> {
    let mut no_memory = announced(0);
    no_memory.guest.memory = None;
    let base = || at_step_4((0, 0));
    let large = |overlay| {
        with(app(timeline(1 << 34, 8), 7, (0, 0)), |a| {
            a.overlay = overlay;
            a.top = u64::MAX;
            a.cursor = u64::MAX;
        })
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
        with(app(Timeline::default(), 9, (0, 0)), |a| {
            a.engine = Engine::Broken("one\ntwo 日本語".into())
        }),
        with(app(no_memory, 3, (0, 0)), |a| a.engine = Engine::Opening),
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
            sample::app_over(sample::timeline_that_trapped(), (120, 40), 4),
            |a| a.unfolded = true,
        ),
        with(
            sample::app_over(sample::timeline_where_memory_moved(), (120, 40), 4),
            |a| {
                a.moment = Moment { step: 4, event: 1 };
                a.scroll.source = i16::MAX;
            },
        ),
        with(base(), |a| a.overlay = Overlay::Help { scroll: 9 }),
        with(base(), |a| {
            a.overlay = Overlay::Search {
                input: "日本語".into(),
            }
        }),
        with(base(), |a| {
            a.engine = Engine::Running {
                step: 5,
                progress: Progress {
                    seconds: u64::MAX,
                    stores: u64::MAX,
                },
                cancelling: false,
            };
            a.count = Some(12);
        }),
    ]
}

#[test]
fn nothing_panics_at_any_size() {
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
fn a_screen_that_is_not_the_size_the_state_says_is_drawn_too() {
    for state in states() {
        let state = with(state, |a| a.size = (120, 40));
        let mut terminal = Terminal::new(TestBackend::new(33, 7)).unwrap();
        terminal
            .draw(|frame| draw(frame, &state, &Theme::dark()))
            .unwrap();
    }
}

#[test]
fn drawing_twice_gives_the_same_screen() {
    for state in states() {
        let state = with(state, |a| a.size = (120, 40));
        assert_eq!(
            screen(&state, &Theme::dark()),
            screen(&state, &Theme::dark())
        );
    }
}

#[test]
fn a_click_finds_what_is_drawn_there() {
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
    let (column, row) = find("6d 20 69 73");
    assert_eq!(hit(&state, column, row), Hit::Byte(PTR + 0x10));
    assert_eq!(hit(&state, column + 3, row), Hit::Byte(PTR + 0x11));
    let (column, row) = find("what happened");
    assert_eq!(hit(&state, column, row), Hit::Pane(Pane::Happened));
    assert_eq!(hit(&state, 0, 0), Hit::Nothing);
    assert_eq!(hit(&at_step_4((40, 12)), 10, 1), Hit::Pane(Pane::Memory));
    let covered = with(state, |a| a.overlay = Overlay::Help { scroll: 0 });
    assert_eq!(hit(&covered, column, row), Hit::Nothing);
}

#[test]
fn memory_panes_fill_their_rows_and_stay_level() {
    for size in [(200, 50), (120, 40), (80, 24), (80, 12), (60, 30), (40, 12)] {
        let state = with(at_step_4(size), |a| {
            a.top = 0;
            a.cursor = 0;
        });
        assert!(memory_rows(&state) >= 3, "{size:?}");
    }
}
