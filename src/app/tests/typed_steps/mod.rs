//! The line of `:` and branches, as rows of (state, keys, state). The reports of the session are made
//! by hand.

use super::*;
use crate::app::message::SaveStepsError;
use crate::app::prompt::Feedback;
use crate::protocol::ReplayError;
use crate::timeline::{PlannedStep, StepKind};

mod queue;

fn prompt(app: &App) -> &prompt::Prompt {
    let Overlay::Prompt(prompt) = &app.overlay else {
        panic!("the line is not open: {:?}", app.overlay)
    };
    prompt
}

fn line(app: &App) -> &str {
    prompt(app).input.value()
}

fn typed(app: &mut App, text: &str) -> Vec<Effect> {
    press(app, ":");
    type_text(app, text);
    press(app, "enter")
}

/// Types a line, enters it, and returns the effects in short.
fn requested_by(app: &mut App, text: &str) -> String {
    in_short(&typed(app, text))
}

/// Answers requests as a session would: each typed step ends well, and each replay.
fn answer(app: &mut App, mut effects: Vec<Effect>) {
    while let Some(Effect::Session(request)) = effects.pop() {
        effects = match request {
            Request::Insert(statement) => {
                report(app, Report::Inserted(planned(&statement.text)));
                let record = after_all(app, &statement.text);
                report(app, Report::Step(Box::new(record)))
            }
            Request::Replay(replay) => {
                assert_eq!(replay.records.len(), app.timeline.steps().len());
                report(app, Report::Replayed(1));
                report(app, Report::ReplayDone)
            }
            _ => return,
        }
    }
}

fn planned(text: &str) -> PlannedStep {
    PlannedStep {
        kind: StepKind::Let,
        line: None,
        text: text.into(),
        narration: None,
        question: None,
        javascript: String::new(),
    }
}

fn after_all(app: &App, text: &str) -> StepRecord {
    let index = app.timeline.steps().len();
    let memory = app.timeline.memory_after(index);
    StepRecord::begin(index, StepKind::Let, text.into(), memory)
}

fn texts(app: &App) -> Vec<&str> {
    app.timeline
        .planned
        .iter()
        .skip(1)
        .map(|p| p.text.split(' ').next().unwrap_or_default())
        .collect()
}

#[test]
fn a_typed_step_is_the_next_one() {
    let mut app = app(SIZE, 7);
    let effects = typed(&mut app, "let x = len(out)");
    assert_eq!(in_short(&effects), "insert let x = len(out)");
    assert!(app.session.is_running() && matches!(app.overlay, Overlay::None));
    answer(&mut app, effects);
    assert_eq!(
        (app.moment.step, app.timeline.planned.len(), &app.session),
        (8, 9, &SessionState::Ended)
    );
    assert_eq!(app.branch(), None);
    let effects = typed(&mut app, "let y = n");
    answer(&mut app, effects);
    assert_eq!(app.timeline.planned[9].text, "let y = n");
}

#[test]
fn in_the_middle_of_a_script_the_rest_comes_after_it() {
    let mut app = app(SIZE, 3);
    press(&mut app, "g");
    app.timeline = app.timeline.until(3);
    app.timeline.planned = timelines::announced_session().planned;
    app.session = SessionState::Ready;
    press(&mut app, "G");
    let effects = typed(&mut app, "write ptr, \"x\"");
    answer(&mut app, effects);
    assert_eq!((app.moment.step, &app.session), (4, &SessionState::Ready));
    assert_eq!(
        texts(&app),
        [
            "ptr", "region", "write", "write", "n", "ptr", "out", "expect"
        ]
    );
}

#[test]
fn going_back_and_typing_makes_a_branch_and_x_shows_the_other_one() {
    let mut app = app(SIZE, 7);
    let before = app.timeline.clone();
    press(&mut app, "x");
    assert!(
        notice(&app).starts_with("There is no other branch"),
        "{}",
        notice(&app)
    );
    press(&mut app, "3 G");
    let effects = typed(&mut app, "write ptr, \"other\"");
    assert_eq!(in_short(&effects), "replay 4");
    // A report of the session before, which was on its way, does not end the replay.
    report(&mut app, Report::Ended);
    assert!(
        matches!(app.session, SessionState::Replaying { steps: 4, .. }),
        "{:?}",
        app.session
    );
    assert_eq!(
        app.timeline.steps().len(),
        4,
        "what was before is shown at once"
    );
    answer(&mut app, effects);
    assert_eq!((app.moment.step, app.branch()), (4, Some((2, 2))));
    assert_eq!(texts(&app), ["ptr", "region", "write", "write"]);
    assert_eq!(
        requested(&mut app, "x"),
        "",
        "nothing runs to show what has run"
    );
    assert_eq!(
        (app.moment.step, app.branch(), app.timeline.steps().len()),
        (3, Some((1, 2)), 8)
    );
    for step in 0..8 {
        assert!(app.timeline.memory_after(step) == before.memory_after(step));
    }
    press(&mut app, "x");
    assert_eq!((app.moment.step, app.branch()), (4, Some((2, 2))));
    // The guest is at the end of this branch: nothing has to run again. For the other branch it has
    // to.
    let effects = typed(&mut app, "grow 1");
    assert_eq!(in_short(&effects), "insert grow 1");
    answer(&mut app, effects);
    press(&mut app, "x G");
    assert_eq!(requested_by(&mut app, "grow 1"), "replay 8");
    assert_eq!(
        app.branch(),
        Some((1, 2)),
        "at the end of a branch no new one is made"
    );
}

#[test]
fn a_step_that_failed_is_replaced_by_the_one_typed_in_its_place() {
    let mut app = app(SIZE, 7);
    let effects = typed(&mut app, "expect n == 5");
    assert_eq!(in_short(&effects), "insert expect n == 5");
    report(&mut app, Report::Inserted(planned("expect n == 5")));
    let record = after_all(&app, "expect n == 5");
    let failed = StepRecord {
        outcome: Outcome::Failed,
        error: Some("no".into()),
        ..record
    };
    report(&mut app, Report::Step(Box::new(failed)));
    assert_eq!((app.moment.step, &app.session), (8, &SessionState::Ended));
    press(&mut app, ":");
    type_text(&mut app, "expect n == 26");
    let Feedback::Hint(hint) = &prompt(&app).feedback else {
        panic!()
    };
    assert!(hint.contains("in the place of step 8"), "{hint}");
    let effects = press(&mut app, "enter");
    assert_eq!(in_short(&effects), "replay 8");
    answer(&mut app, effects);
    assert_eq!((app.moment.step, app.branch()), (8, Some((2, 2))));
    assert_eq!(app.timeline.planned[8].text, "expect n == 26");
}

#[test]
fn a_replay_that_differs_or_is_stopped_leaves_everything_as_it_was() {
    let mut app = app(SIZE, 7);
    press(&mut app, "2 G");
    typed(&mut app, "grow 1");
    let differs = ReplayError::Differs {
        step: 1,
        difference: "n was 1 and is 2 now".into(),
    };
    report(&mut app, Report::ReplayFailed(differs));
    assert_eq!(
        (app.branch(), app.timeline.steps().len(), app.moment.step),
        (None, 8, 2)
    );
    let Feedback::Mistake(mistake) = &prompt(&app).feedback else {
        panic!("the line has no mistake")
    };
    assert_eq!(
        (mistake.message.as_str(), line(&app)),
        (
            "not run: step 1 did something else when it ran again: n was 1 and is 2 now. What was \
             recorded is shown as it was",
            "grow 1"
        )
    );
    press(&mut app, "enter");
    assert!(matches!(app.session, SessionState::Replaying { .. }));
    assert_eq!(requested(&mut app, "esc"), "cancel");
    report(&mut app, Report::ReplayFailed(ReplayError::Cancelled));
    assert_eq!(
        (app.branch(), app.timeline.steps().len(), &app.session),
        (None, 8, &SessionState::Ended)
    );
    assert!(notice(&app).starts_with("Cancelled"), "{}", notice(&app));
}

#[test]
fn what_cannot_run_stays_in_the_line_with_the_reason() {
    let rows = [
        ("call nothing()", "the guest exports no function `nothing`"),
        (
            "call add_wasm_is_col(1)",
            "the guest exports no function `add_wasm_is_col`",
        ),
        (
            "call add_wasm_is_cool()",
            "add_wasm_is_cool takes 1 argument, 0 given",
        ),
        (
            "a, b = call add_wasm_is_cool(1)",
            "add_wasm_is_cool gives 1 result, 2 named",
        ),
        ("x = global memory", "export `memory` is not a global"),
        ("write ptr", "expected `,`"),
        (
            "write nowhere, \"x\"",
            "there is no variable `nowhere` here",
        ),
        (
            "text = call get_wasm_memory_buffer_pointer()",
            "`text` is an input already",
        ),
        ("import env.f() returns", "expected"),
        ("input x = 1", "too late: inputs are set before step 0"),
        (
            "module \"b.wasm\"",
            "too late: the guest is chosen before step 0",
        ),
        (":nonsense", "there is no command `nonsense`"),
    ];
    for (text, why) in rows {
        let mut app = app(SIZE, 7);
        assert_eq!(requested_by(&mut app, text), "", "{text}");
        let Feedback::Mistake(mistake) = &prompt(&app).feedback else {
            panic!("{text}: {:?}", prompt(&app).feedback)
        };
        assert!(
            mistake.message.starts_with(why),
            "{text}: {}",
            mistake.message
        );
        assert!(mistake.from < mistake.to, "{text}");
        assert_eq!(line(&app), text);
    }
}

#[test]
fn mistakes_are_shown_while_typing_and_what_is_unfinished_is_not_one() {
    let mut app = app(SIZE, 7);
    press(&mut app, ":");
    let mistakes = |app: &mut App, text: &str| {
        press(app, "ctrl-u");
        let mut first = None;
        for (at, c) in text.chars().enumerate() {
            type_text(app, &c.to_string());
            if matches!(prompt(app).feedback, Feedback::Mistake(_)) && first.is_none() {
                first = Some(at);
            }
        }
        first
    };
    for right in [
        "n = call add_wasm_is_cool(len(text))",
        "write ptr, hex\"ff 00\"",
        "expect out == text ++ \"!\"",
    ] {
        assert_eq!(mistakes(&mut app, right), None, "{right}");
    }
    assert_eq!(
        mistakes(&mut app, "cal f()"),
        Some(4),
        "as soon as the word is over"
    );
    assert_eq!(mistakes(&mut app, "write nowhere, 1"), Some(15));
}

#[test]
fn tab_completes_words_exports_variables_and_functions() {
    let rows = [
        ("reg", "region "),
        ("call add", "call add_wasm_is_cool("),
        ("p = call g", "p = call get_wasm_memory_buffer_pointer()"),
        ("write pt", "write ptr"),
        ("write ptr, te", "write ptr, text"),
        (
            "n = call add_wasm_is_cool(le",
            "n = call add_wasm_is_cool(len(",
        ),
        ("x = read ptr, 4 as ut", "x = read ptr, 4 as utf"),
        ("expect finding use", "expect finding use-after-release"),
        ("x = re", "x = read "),
        ("zzz", "zzz"),
        ("call zzz", "call zzz"),
    ];
    for (text, expected) in rows {
        let mut app = app(SIZE, 7);
        press(&mut app, ":");
        type_text(&mut app, text);
        press(&mut app, "tab");
        assert_eq!(line(&app), expected, "{text}");
    }
}

#[test]
fn tab_goes_through_the_choices_and_back() {
    let mut app = app(SIZE, 7);
    press(&mut app, ":");
    type_text(&mut app, "x = read ptr, 4 as u");
    press(&mut app, "tab");
    let Feedback::Choices(choices) = &prompt(&app).feedback else {
        panic!("{:?}", prompt(&app).feedback)
    };
    assert_eq!(choices.words, ["u16", "u32", "u64", "u8", "utf16", "utf8"]);
    press(&mut app, "tab tab");
    assert_eq!(line(&app), "x = read ptr, 4 as u32");
    press(&mut app, "shift-tab shift-tab");
    assert_eq!(line(&app), "x = read ptr, 4 as utf8");
    type_text(&mut app, " ");
    assert!(
        matches!(prompt(&app).feedback, Feedback::Hint(_)),
        "typing goes on from there"
    );
}

#[test]
fn exports_that_are_no_names_are_quoted() {
    let mut app = app(SIZE, 7);
    app.timeline.guest.exports[2].name = "my-ex\"port\u{1b}".into();
    press(&mut app, ":");
    type_text(&mut app, "call \"my");
    press(&mut app, "tab");
    assert_eq!(line(&app), r#"call "my-ex\"port\u{1b}"("#);
    type_text(&mut app, "4)");
    assert!(
        requested(&mut app, "enter").starts_with("insert "),
        "{:?}",
        app.overlay
    );
}

#[test]
fn the_history_goes_up_and_down_and_keeps_what_was_being_typed() {
    let mut app = app(SIZE, 7);
    for text in ["let a = 1", "let b = 2", "let b = 2"] {
        let effects = typed(&mut app, text);
        answer(&mut app, effects);
    }
    assert_eq!(app.history, ["let a = 1", "let b = 2"]);
    press(&mut app, ":");
    type_text(&mut app, "le");
    let rows = [
        ("↑", "let b = 2"),
        ("↑", "let a = 1"),
        ("↑", "let a = 1"),
        ("↓", "let b = 2"),
        ("↓", "le"),
        ("↓", "le"),
    ];
    for (key, expected) in rows {
        press(&mut app, key);
        assert_eq!(line(&app), expected);
    }
}

#[test]
fn commands_about_the_session_are_run() {
    let mut app = app(SIZE, 7);
    assert_eq!(requested_by(&mut app, "q"), "quit");
    typed(&mut app, ":help");
    assert_eq!(app.context(), Context::Help);
    press(&mut app, "esc");
    typed(&mut app, "guest");
    assert_eq!(app.context(), Context::Guest);
    press(&mut app, ":");
    assert_eq!(
        app.context(),
        Context::Prompt,
        "the line opens right from there"
    );
    press(&mut app, "esc");
    typed(&mut app, "save");
    assert!(matches!(prompt(&app).feedback, Feedback::Mistake(_)));
    press(&mut app, "esc");
    let effects = typed(&mut app, "save! a b.steps");
    let [Effect::Remember(_), Effect::SaveSteps(save)] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (save.path.as_str(), save.replace, save.steps.len()),
        ("a b.steps", true, 7)
    );
    assert_eq!(
        save.inputs,
        [("text".to_owned(), Value::Text("Did you know".into()))]
    );
    on_message(
        &mut app,
        Message::StepsSaved(Err(SaveStepsError("there is one already".into()))),
    );
    assert!(app.notice.as_ref().is_some_and(|n| n.is_error));
    // A variable may have the name of a command.
    app.timeline.guest.exports.clear();
    typed(&mut app, "q = grow 1");
    assert!(app.session.is_running());
}

#[test]
fn an_import_is_given_from_the_start_in_a_branch_of_its_own() {
    let mut app = app(SIZE, 7);
    press(&mut app, "3 G");
    let effects = typed(&mut app, "import env.log(a) reads a as u32");
    assert_eq!(in_short(&effects), r#"restart [("text", "Did you know")]"#);
    assert!(app.session.is_opening());
    assert_eq!((app.setup.len(), app.branch()), (1, Some((2, 2))));
    assert_eq!(app.plan().len(), 7, "the same steps run again");
    report(
        &mut app,
        Report::OpenFailed("typed:1:1: the guest imports it as something else".into()),
    );
    assert_eq!(
        (app.setup.len(), app.branch(), &app.session, app.moment.step),
        (0, None, &SessionState::Ended, 3)
    );
    assert!(
        matches!(&prompt(&app).feedback, Feedback::Mistake(m) if m.message.contains("something else"))
    );
    press(&mut app, "enter");
    let effects = report(
        &mut app,
        Report::Opened(Box::new(timelines::announced_session())),
    );
    run(&mut app, effects, &default_records());
    assert_eq!(
        (app.moment.step, app.branch(), app.setup.len()),
        (3, Some((2, 2)), 1)
    );
    press(&mut app, "x");
    assert_eq!((app.setup.len(), app.timeline.steps().len()), (0, 8));
}

#[test]
fn control_c_closes_the_line_and_does_not_leave() {
    let mut app = app(SIZE, 7);
    press(&mut app, ":");
    type_text(&mut app, "call");
    assert_eq!(requested(&mut app, "ctrl-c"), "");
    assert_eq!(app.context(), Context::Normal);
    assert_eq!(requested(&mut app, "ctrl-c"), "quit");
}

#[test]
fn a_line_may_be_absurdly_long() {
    let mut app = app((40, 12), 7);
    press(&mut app, ":");
    let long = format!("write ptr, \"{}", "日\u{202e}x".repeat(40_000));
    paste(&mut app, &long);
    assert!(line(&app).chars().count() <= 65536);
    assert!(!line(&app).chars().any(crate::safe::is_unsafe));
    press(&mut app, "tab Home → End backspace enter ctrl-w");
}

#[test]
fn a_guest_without_a_script_is_introduced() {
    let mut app = App::new(SIZE, Vec::new(), true);
    let mut bare = timelines::announced_session();
    bare.planned.truncate(1);
    bare.inputs.clear();
    let effects = report(&mut app, Report::Opened(Box::new(bare)));
    run(&mut app, effects, &default_records()[..1]);
    assert_eq!(
        (app.context(), &app.session),
        (Context::Guest, &SessionState::Ended)
    );
    press(&mut app, "esc :");
    assert_eq!(app.context(), Context::Prompt);
    let mut app = super::app(SIZE, 7);
    press(&mut app, "m");
    assert_eq!(app.context(), Context::Guest);
}
