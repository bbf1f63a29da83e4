//! The app's behaviour as rows of (state, keys, state), and its invariants under anything at all.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::navigation::viewport;
use super::panes::hex_dump::{self, HexDump};
use super::panes::{byte_inspector, layout, memory_map, source, step_list};
use super::*;
use crate::protocol::{InputRefusal, Progress, Report, Request};
use crate::testing::apps::{app, app_over, opened};
use crate::testing::timelines;
use crate::timeline::{Image, Outcome};
use crate::value::Value;

mod addresses;
mod findings;
mod goals;
mod inside_children;
mod inside_steps;
mod key_overrides;
mod reload;
mod typed_steps;
mod types;

const SIZE: (u16, u16) = (120, 40);

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    keys.split(' ')
        .filter(|k| !k.is_empty())
        .flat_map(|k| key(app, keymap::parse(k).unwrap()))
        .collect()
}

/// Presses keys and returns the effects in short.
fn requested(app: &mut App, keys: &str) -> String {
    in_short(&press(app, keys))
}

/// Effects in short, such as `advance, quit`; without the lines that are remembered.
fn in_short(effects: &[Effect]) -> String {
    let label = |effect: &Effect| match effect {
        Effect::Session(Request::Advance) => "advance".to_owned(),
        Effect::Session(Request::Insert(statement)) => format!("insert {}", statement.text),
        Effect::Session(Request::Replay(replay)) => format!("replay {}", replay.records.len()),
        Effect::Session(Request::Restart(rerun)) => format!("restart {:?}", rerun.inputs),
        Effect::Session(Request::Cancel) => "cancel".to_owned(),
        Effect::Reload(_) => "reload".to_owned(),
        Effect::OpenSession(index) => format!("open {index}"),
        Effect::SaveSteps(save) => format!("save steps {}", save.path),
        Effect::SaveMoment(save) => format!("save {}", save.path),
        Effect::KeepProgress(lesson) => format!("keep {lesson}"),
        Effect::Remember(line) => format!("remember {line}"),
        Effect::Copy(_) => "copy".to_owned(),
        Effect::CaptureMouse(on) => format!("mouse {on}"),
        Effect::Suspend => "suspend".to_owned(),
        Effect::Redraw => "redraw".to_owned(),
        Effect::Quit { keep_frame: false } => "quit".to_owned(),
        Effect::Quit { keep_frame: true } => "quit, keep frame".to_owned(),
    };
    let kept = effects
        .iter()
        .filter(|effect| !matches!(effect, Effect::Remember(_)));
    kept.map(label).collect::<Vec<_>>().join(", ")
}

/// The hex dump on the screen.
fn dump(app: &App) -> HexDump {
    HexDump::compute(app, layout::memory_rows(app))
}

/// Passes a report of the session to the app.
fn report(app: &mut App, report: Report) -> Vec<Effect> {
    on_message(app, Message::Session(report))
}

fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        key(app, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    }
}

fn notice(app: &App) -> &str {
    app.notice.as_ref().map_or("", |n| &n.text)
}

/// Answers every request for a step as the session does, until nothing is requested.
fn run(app: &mut App, mut effects: Vec<Effect>, records: &[StepRecord]) {
    while in_short(&effects) == "advance" {
        effects = match records.get(app.timeline.steps().len()) {
            Some(record) => report(app, Report::Step(Box::new(record.clone()))),
            None => report(app, Report::Ended),
        };
    }
}

/// The request that opening a session makes.
fn advance() -> Vec<Effect> {
    vec![Effect::Session(Request::Advance)]
}

fn running(step: usize, progress: Progress) -> SessionState {
    SessionState::Running {
        step,
        goal: None,
        follows: true,
        pending: None,
        progress,
        cancelling: false,
    }
}

fn default_records() -> Vec<StepRecord> {
    timelines::standard_session().steps().to_vec()
}

#[test]
fn keys_move_through_what_has_run() {
    let rows = [
        (0, "space", 1),
        (0, "→ l enter", 3),
        (3, "← h", 1),
        (3, "backspace", 2),
        (7, "g", 0),
        (2, "G", 7),
        (2, "End Home", 0),
        (0, "1 2 G", 0),
        (0, "5 G", 5),
        (7, "0 3 G", 3),
        (0, "h", 0),
        (7, "l", 7),
        (0, "1 j j k", 1),
        (0, "1 PgDn", 7),
        (5, "3 j j", 5),
    ];
    for (from, keys, to) in rows {
        let mut app = app(SIZE, from);
        let effects = press(&mut app, keys);
        assert_eq!(app.moment, Moment::end_of(to), "{keys} from {from}");
        assert_eq!(in_short(&effects), "", "{keys} runs nothing");
    }
}

#[test]
fn the_ends_of_time_have_a_notice() {
    let mut app = app(SIZE, 0);
    press(&mut app, "←");
    assert!(notice(&app).starts_with("This is the beginning"));
    press(&mut app, "G space");
    assert!(
        notice(&app).starts_with("The session is over: ← goes back"),
        "{}",
        notice(&app)
    );
    press(&mut app, "3 0 G");
    assert_eq!(notice(&app), "There is no step 30: the last is step 7.");
    press(&mut app, "a");
    assert_eq!(notice(&app), "", "a notice lasts until the next key");
}

#[test]
fn digits_go_to_panes_until_g_makes_them_a_number() {
    let rows = [
        ("2", Pane::Memory, Some(2)),
        ("5", Pane::Source, Some(5)),
        ("6", Pane::Guest, Some(6)),
        ("2 0 o", Pane::Steps, None),
        ("7", Pane::Steps, Some(7)),
        ("2 4", Pane::Steps, Some(24)),
        ("2 4 esc", Pane::Steps, None),
        ("2 G", Pane::Steps, None),
        ("3 j 2", Pane::Memory, Some(2)),
        ("tab", Pane::Memory, None),
        ("shift-tab", Pane::Guest, None),
    ];
    for (keys, pane, count) in rows {
        let mut app = app(SIZE, 7);
        press(&mut app, keys);
        assert_eq!((app.pane, app.count), (pane, count), "{keys}");
    }
}

#[test]
fn the_program_s_keys_have_their_effects() {
    let rows = [
        ("q", "quit"),
        ("Q", "quit, keep frame"),
        ("ctrl-z", "suspend"),
        ("ctrl-l", "redraw"),
        ("M", "mouse false"),
        ("? q", ""),
        ("/ q", ""),
        ("/ ctrl-z", "suspend"),
        ("p j enter", "open 1"),
        ("p p", ""),
    ];
    for (keys, effects) in rows {
        let mut app = app(SIZE, 3);
        assert_eq!(requested(&mut app, keys), effects, "{keys}");
    }
}

#[test]
fn a_step_shows_the_bytes_it_is_about_and_does_not_jump_about() {
    let mut app = app(SIZE, 3);
    let top = app.top;
    assert_eq!(app.cursor, 0x400);
    assert!(top <= 0x400 && 0x400 < top + viewport::window(&app));
    press(&mut app, "→");
    assert_eq!(
        (app.cursor, app.top),
        (0x40c, top),
        "in view already: the view stays"
    );
    let mut moved = app_over(timelines::standard_session_with_moving_buffer(), SIZE, 3);
    press(&mut moved, "→");
    assert_eq!(moved.cursor, 0x1040c);
    let above = (moved.cursor - moved.top) / viewport::width(&moved);
    assert_eq!(above, viewport::rows(&moved) / 3);
}

#[test]
fn the_byte_cursor_moves_and_takes_the_view_along() {
    let rows = [
        (0x400, ".", 0x401),
        (0x400, ", ,", 0x3fe),
        (0x400, "shift-→ shift-←", 0x400),
        (0x405, "shift-↓", 0x415),
        (0x405, "shift-↑", 0x3f5),
        (0, ",", 0),
        (5, "shift-↑", 5),
        (0xffff, ".", 0xffff),
        (0xfff2, "shift-↓", 0xfff2),
        (0x400, "2 j j k", 0x410),
    ];
    for (from, keys, to) in rows {
        let mut app = app(SIZE, 3);
        viewport::go_to(&mut app, from, 1);
        press(&mut app, keys);
        assert_eq!(app.cursor, to, "{keys} from {from:#x}");
        assert!(viewport::is_in_view(&app, to, 1), "{keys}");
    }
}

#[test]
fn changes_pointers_and_focus_are_jumped_to() {
    let mut app = app(SIZE, 4);
    viewport::go_to(&mut app, 0, 1);
    press(&mut app, "]");
    assert_eq!(app.cursor, 0x40c);
    press(&mut app, "shift-↓ shift-↓ a");
    assert_eq!(app.cursor, 0x40c);
    press(&mut app, "c [");
    assert_eq!(
        app.cursor, 0x400,
        "since the start, the host's bytes count too"
    );
    press(&mut app, "c → ]");
    assert!(notice(&app).starts_with("This step changed no bytes"));
    viewport::go_to(&mut app, 0x400, 1);
    press(&mut app, "r");
    assert!(
        notice(&app).contains("this is not a pointer"),
        "{}",
        notice(&app)
    );
    let mut bytes = vec![0; 0x2000];
    bytes[..4].copy_from_slice(&0x1234u32.to_le_bytes());
    let mut app = app_over(timelines::one_step_over(Image::from_bytes(&bytes)), SIZE, 0);
    press(&mut app, "r");
    assert_eq!(app.cursor, 0x1234);
}

#[test]
fn finding_goes_round_and_round() {
    let mut app = app(SIZE, 7);
    press(&mut app, "g G /");
    type_text(&mut app, "Wasm");
    press(&mut app, "enter");
    assert_eq!(app.cursor, 0x40d);
    for (keys, at) in [("n", 0x801), ("n", 0x40d), ("N", 0x801), ("N", 0x40d)] {
        press(&mut app, keys);
        assert_eq!(
            (app.cursor, app.search.as_ref().and_then(|s| s.found)),
            (at, Some(at)),
            "{keys}"
        );
    }
    press(&mut app, "g");
    assert_eq!(
        app.search.as_ref().and_then(|s| s.found),
        None,
        "it is not there at step 0"
    );
    press(&mut app, "esc n");
    assert!(app.search.is_none() && notice(&app).starts_with("There is no search yet"));
}

#[test]
fn addresses_are_gone_to_by_number_and_by_name() {
    for (typed, at) in [
        ("@0x500", 0x500),
        ("@1024", 0x400),
        ("@ptr", 0x400),
        ("@buffer+0x10", 0x410),
    ] {
        let mut app = app(SIZE, 7);
        press(&mut app, "/");
        type_text(&mut app, typed);
        press(&mut app, "enter");
        assert_eq!(app.cursor, at, "{typed}");
        assert!(app.search.is_none(), "{typed}");
    }
    for typed in ["@0x10000", "@nobody", "@ptr-2000", "hex\"0\"", ""] {
        let mut app = app(SIZE, 7);
        press(&mut app, "/");
        type_text(&mut app, typed);
        press(&mut app, "enter");
        assert!(app.notice.as_ref().is_some_and(|n| n.is_error), "{typed}");
        assert_eq!(
            app.context(),
            Context::Search,
            "{typed}: the line stays open"
        );
    }
}

#[test]
fn inputs_are_edited_and_the_session_runs_again_to_the_same_step() {
    let mut app = app(SIZE, 4);
    press(&mut app, "e ctrl-u");
    type_text(&mut app, "Hi");
    paste(&mut app, " th\u{1b}ere,\r\nyou\n");
    assert_eq!(
        requested(&mut app, "enter"),
        r#"restart [("text", "Hi there, you")]"#
    );
    assert!(app.session.is_opening());
    assert_eq!(app.moment.step, 4, "the old run is still shown");
    let effects = report(
        &mut app,
        Report::Opened(Box::new(timelines::announced_session())),
    );
    assert_eq!(app.context(), Context::Normal);
    run(&mut app, effects, &default_records());
    assert_eq!((app.moment.step, &app.session), (4, &SessionState::Ready));
}

#[test]
fn refused_inputs_leave_everything_as_it_was() {
    let mut app = app(SIZE, 4);
    press(&mut app, "e enter");
    let refusal = refusal("text", "a closing\n\u{1b} quote is missing");
    report(&mut app, Report::InputsRefused(vec![refusal]));
    assert_eq!((&app.session, app.moment.step), (&SessionState::Ended, 4));
    let Overlay::Inputs { fields, .. } = &app.overlay else {
        panic!("the lines stay open")
    };
    assert_eq!(
        fields[0].error.as_deref(),
        Some("a closing\\n\\u{1b} quote is missing")
    );
    type_text(&mut app, "x");
    let Overlay::Inputs { fields, .. } = &app.overlay else {
        panic!("the lines stay open")
    };
    assert_eq!(fields[0].error, None, "typing takes the reason away");
}

#[test]
fn what_is_copied_is_a_hex_dump() {
    let mut app = app(SIZE, 4);
    let copied = press(&mut app, "y").pop().unwrap();
    let Effect::Copy(text) = copied else {
        panic!("{copied:?}")
    };
    assert!(text.starts_with("00000400  44 69 64 20"), "{text}");
    let Some(Effect::Copy(text)) = press(&mut app, "Y").pop() else {
        panic!("rows")
    };
    assert_eq!(text.lines().count() as u64, viewport::rows(&app));
}

#[test]
fn the_glossary_opens_scrolls_and_closes() {
    let mut app = app(SIZE, 4);
    press(&mut app, "K j j PgDn k");
    assert!(matches!(app.overlay, Overlay::Glossary { scroll: 11 }));
    press(&mut app, "g");
    assert!(matches!(app.overlay, Overlay::Glossary { scroll: 0 }));
    press(&mut app, "K");
    assert_eq!((app.context(), app.moment.step), (Context::Normal, 4));
}

#[test]
fn the_status_line_has_what_applies() {
    let labels = |app: &App| {
        status_keys(app)
            .into_iter()
            .map(|(_, label)| label)
            .collect::<Vec<_>>()
    };
    let running = opened(SIZE);
    assert!(labels(&running).contains(&"cancel") && !labels(&running).contains(&"next"));
    let at_end = app(SIZE, 7);
    assert!(!labels(&at_end).contains(&"next") && !labels(&at_end).contains(&"cancel"));
    assert!(labels(&at_end).contains(&"back") && !labels(&app(SIZE, 0)).contains(&"back"));
    let mut help = app(SIZE, 7);
    press(&mut help, "?");
    assert!(labels(&help).contains(&"close") && !labels(&help).contains(&"quit"));
}

#[test]
fn a_broken_session_can_only_be_left_or_replaced() {
    let mut app = opened(SIZE);
    report(&mut app, Report::OpenFailed("no such file".into()));
    assert_eq!(requested(&mut app, "space"), "");
    assert!(notice(&app).contains("could not be opened"));
    assert_eq!(requested(&mut app, "p enter"), "open 0");
}

#[derive(Debug, Clone)]
enum Input {
    Key(KeyEvent),
    Report(u8),
    Files(u8),
    Resize(u16, u16),
    Click(u16, u16),
    Wheel(u16, u16, i16),
    Paste(String),
}

fn any_input() -> impl Strategy<Value = Input> {
    let specs: Vec<&'static str> = keymap::BINDINGS
        .iter()
        .flat_map(|b| b.keys)
        .copied()
        .collect();
    prop_oneof![
        8 => prop::sample::select(specs).prop_map(|spec| Input::Key(keymap::parse(spec).unwrap())),
        2 => any::<char>().prop_map(|c| Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))),
        2 => prop::sample::select(vec!['@', '0', 'x', '4', 'D', '"', '+']).prop_map(|c| Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))),
        6 => any::<u8>().prop_map(Input::Report),
        1 => any::<u8>().prop_map(Input::Files),
        1 => (0u16..300, 0u16..100).prop_map(|(w, h)| Input::Resize(w, h)),
        1 => any::<(u16, u16)>().prop_map(|(w, h)| Input::Resize(w, h)),
        1 => (0u16..200, 0u16..60).prop_map(|(c, r)| Input::Click(c, r)),
        1 => (0u16..200, 0u16..60, any::<i16>()).prop_map(|(c, r, n)| Input::Wheel(c, r, n)),
        1 => any::<String>().prop_map(Input::Paste),
    ]
}

fn refusal(name: &str, reason: &str) -> InputRefusal {
    InputRefusal {
        name: name.into(),
        reason: reason.into(),
    }
}

fn about_files(number: u8) -> Message {
    match number % 4 {
        0 => Message::FilesChanged(None),
        1 => Message::FilesChanged(Some("a.wat has changed".into())),
        2 => Message::Reloaded(Err(message::ReloadError {
            reason: "no".into(),
            rest: None,
        })),
        _ => Message::Reloaded(Ok(Box::new(message::Reloaded {
            timeline: timelines::announced_session(),
            left_out: None,
            has_setup: number.is_power_of_two(),
        }))),
    }
}

fn any_report(number: u8, records: &[StepRecord], app: &App) -> Report {
    let next = records.get(app.timeline.steps().len()).cloned();
    match (number % 16, next) {
        (0, _) => Report::Opened(Box::new(timelines::announced_session())),
        (1, _) => Report::Ended,
        (2, _) => Report::Progress(Progress {
            seconds: u64::MAX,
            stores: u64::MAX,
        }),
        (3, _) => Report::OpenFailed("no".into()),
        (4, _) => Report::InputsRefused(vec![refusal("text", "no"), refusal("other", "no")]),
        (5, _) => Report::Step(Box::new(
            records[usize::from(number) % records.len()].clone(),
        )),
        (_, Some(record)) => Report::Step(Box::new(record)),
        (_, None) => Report::Ended,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_breaks_the_invariants(inputs in prop::collection::vec(any_input(), 0..60), moved in any::<bool>()) {
        let records = if moved { timelines::standard_session_with_moving_buffer() } else { timelines::standard_session() }.steps().to_vec();
        let mut app = opened(SIZE);
        for input in inputs {
            match &input {
                Input::Key(event) => drop(key(&mut app, *event)),
                Input::Report(number) => {
                    let news = any_report(*number, &records, &app);
                    report(&mut app, news);
                }
                Input::Files(number) => drop(on_message(&mut app, about_files(*number))),
                Input::Resize(columns, rows) => resize(&mut app, (*columns, *rows)),
                Input::Click(column, row) => drop(click(&mut app, *column, *row)),
                Input::Wheel(column, row, notches) => wheel(&mut app, *column, *row, *notches),
                Input::Paste(text) => paste(&mut app, text),
            }
            let len = app.memory().len();
            prop_assert_eq!(app.top % viewport::width(&app), 0, "{:?}", input);
            prop_assert!(app.top <= len, "{:?}", input);
            prop_assert!(app.cursor < len || app.cursor == 0, "{:?}", input);
            prop_assert!(app.moment.step < app.timeline.steps().len().max(1), "{:?}", input);
            let events = app.record().map_or(0, |r| r.events.len());
            if app.unfolded && events > 0 {
                prop_assert!(app.moment.event <= events, "{:?}", input);
            } else {
                prop_assert_eq!(app.moment, Moment::end_of(app.moment.step), "{:?}", input);
            }
            prop_assert!(app.memory() == app.timeline.memory_at(app.moment), "{:?}: what is kept is out of date", input);
            let writers: Vec<_> = app.timeline.writes_to(app.cursor, app.moment).take(MAX_WRITERS).collect();
            prop_assert_eq!(app.writers(), writers, "{:?}", input);
            if let Overlay::Inputs { fields, chosen } = &app.overlay {
                prop_assert!(*chosen < fields.len());
            }
            byte_inspector::Inspection::of(&app, 3);
            source::SourceView::of(&app);
            if app.size.1 < 200 {
                dump(&app);
            }
            status_keys(&app);
        }
    }
}

/// Terminals send an escape and a key that follow each other closely as one sequence, alt and the
/// key.
#[test]
fn an_escape_right_before_a_key_is_two_keys() {
    let mut app = app((80, 24), 3);
    press(&mut app, "?");
    assert!(matches!(app.overlay, Overlay::Help { .. }));
    press(&mut app, "alt-p");
    assert!(
        matches!(app.overlay, Overlay::Sessions { .. }),
        "{:?}",
        app.overlay
    );
    press(&mut app, "esc /");
    assert_eq!(
        requested(&mut app, "alt-q"),
        "",
        "while typing, alt is no escape"
    );
}
