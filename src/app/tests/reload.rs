//! Loading the files of a session again: what is kept, what is carried over, and what is marked.

use super::*;
use crate::app::execution::reload::ReloadState;
use crate::app::message::{ReloadError, Reloaded};
use crate::testing::driver::Driver;
use crate::testing::live_session::LiveSession;
use crate::testing::sessions::{config, guest};

const STEPS: &str =
    "input base = 1024\nwrite base, \"abcd\"\na = call add(1)\ncall fill()\nb = call add(2)\n";

/// A guest that adds to a counter at 0, and stores a row of bytes at 2048.
fn counter(byte: u8) -> String {
    format!(
        r#"(module (memory (export "memory") 1)
          (func (export "add") (param i32) (result i32)
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get 0)))
            (i32.load (i32.const 0)))
          (func (export "fill")
            (i32.store8 (i32.const 2048) (i32.const 7))
            (i32.store8 (i32.const 2049) (i32.const {byte}))
            (i32.store8 (i32.const 2050) (i32.const 9))))"#
    )
}

/// Opens a session whose guest stores 8 at 2049.
fn open(steps: &str) -> Driver<LiveSession> {
    let app = App::new(SIZE, Vec::new(), true);
    Driver::live(app, config(guest(&counter(8)), steps))
}

/// Changes the files of the session to a guest that stores `byte` at 2049, and to `steps`.
fn change(driver: &mut Driver<LiveSession>, byte: u8, steps: &str) {
    driver.host.changed = Some(Ok(config(guest(&counter(byte)), steps)));
    let message = Message::FilesChanged(Some("test.wat has changed".to_owned()));
    driver.receive(message);
}

fn differing(app: &App) -> Vec<usize> {
    (0..app.timeline.steps().len())
        .filter(|step| app.differs_from_previous_run(*step))
        .collect()
}

#[test]
fn a_changed_file_waits_for_the_key() {
    let mut driver = open(STEPS);
    driver.press("G");
    change(&mut driver, 5, STEPS);
    assert_eq!(
        driver.app.reload.changed.as_deref(),
        Some("test.wat has changed")
    );
    assert_eq!(driver.app.timeline.memory_after(3).byte(2049), Some(8));
    driver.press("R");
    assert_eq!(driver.app.reload.changed, None);
    assert_eq!(driver.app.reload.state, ReloadState::Idle);
    assert_eq!(driver.app.timeline.steps().len(), 5);
    assert_eq!(driver.app.timeline.memory_after(3).byte(2049), Some(5));
    assert_eq!(
        notice(&driver.app),
        "Run again: the first difference from the run before is in step 3: memory (1 byte from \
         0x801 on)."
    );
    assert_eq!(differing(&driver.app), [3]);
}

#[test]
fn the_place_stays() {
    let mut driver = open(STEPS);
    driver.press("G 3 G 2 o");
    driver.app.cursor = 2050;
    driver.press("2");
    let before = driver.app.clone();
    assert_eq!(before.moment, Moment { step: 3, event: 2 });
    change(&mut driver, 5, STEPS);
    driver.press("R");
    let app = &driver.app;
    assert_eq!(app.moment, before.moment);
    assert_eq!(
        (app.cursor, app.top, app.pane, app.unfolded),
        (before.cursor, before.top, Pane::Memory, true)
    );
    assert_eq!(app.timeline.steps().len(), 5, "as far as before");
    let shown = dump(app);
    assert!(shown.differs_from_previous_run(2049));
    assert!(!shown.differs_from_previous_run(2050));
}

#[test]
fn keys_walk_through_what_differs() {
    let mut driver = open(STEPS);
    driver.press("G");
    change(&mut driver, 5, STEPS);
    driver.press("R G");
    // The last step changes the counter at 0, and the earlier fill differs at 2049.
    driver.app.cursor = 4;
    driver.press("]");
    assert_eq!(driver.app.cursor, 2049);
    driver.press("]");
    assert_eq!(driver.app.cursor, 0);
    driver.press("[");
    assert_eq!(driver.app.cursor, 2049);
}

#[test]
fn the_place_goes_with_the_text_of_its_step() {
    let mut driver = open(STEPS);
    driver.press("G 3 G");
    change(&mut driver, 8, &STEPS.replace("a =", "call add(0)\na ="));
    driver.press("R");
    assert_eq!(driver.app.record().unwrap().text, "call fill()");
    assert_eq!(driver.app.moment, Moment::end_of(4));
    assert!(
        notice(&driver.app).contains("is in step 2: "),
        "{}",
        notice(&driver.app)
    );
    change(&mut driver, 8, "input base = 1024\nwrite base, \"abcd\"\n");
    driver.press("R");
    assert_eq!(driver.app.moment, Moment::end_of(1), "the last step");
    assert_eq!(
        notice(&driver.app),
        "Run again: the first difference from the run before is in step 2, which ran only before."
    );
}

#[test]
fn only_what_had_run_runs_again() {
    let mut driver = open(STEPS);
    driver.press("2 G");
    change(&mut driver, 5, STEPS);
    driver.press("R");
    assert_eq!(driver.app.timeline.steps().len(), 3);
    assert!(driver.app.session.is_ready());
    assert_eq!(
        notice(&driver.app),
        "Run again: nothing differs from the run before."
    );
    // The run before did not get further, so that there is nothing to compare.
    driver.press("space");
    assert_eq!(differing(&driver.app), [3]);
}

#[test]
fn typed_steps_and_edited_inputs_are_carried_over() {
    let mut driver = open(STEPS);
    driver.press("e ctrl-u");
    driver.paste("4096");
    driver.press("enter G 2 G");
    driver.enter_line("c = call add(a)");
    assert_eq!(driver.app.record().unwrap().text, "c = call add(a)");
    let texts = |app: &App| -> Vec<String> {
        let planned = app.timeline.planned.iter().skip(1);
        planned.map(|step| step.text.clone()).collect()
    };
    let before = texts(&driver.app);
    change(&mut driver, 5, STEPS);
    driver.press("R");
    // The rest of the script follows the typed step again, and does not run yet.
    assert_eq!(texts(&driver.app)[..3], before);
    assert_eq!(texts(&driver.app)[3..], ["call fill()", "b = call add(2)"]);
    assert_eq!(driver.app.timeline.steps().len(), 4);
    assert_eq!(driver.app.record().unwrap().text, "c = call add(a)");
    assert_eq!(driver.app.timeline.memory_after(1).byte(4096), Some(b'a'));
    // A new default does not replace what was typed, and a second reload keeps it too.
    change(&mut driver, 5, &STEPS.replace("1024", "512"));
    driver.press("R");
    assert_eq!(driver.app.timeline.memory_after(1).byte(4096), Some(b'a'));
    // A typed step that the script can no longer have is left out, with the reason.
    change(&mut driver, 5, &STEPS.replace("a =", "z ="));
    driver.press("R");
    assert_eq!(texts(&driver.app).len(), 4);
    assert!(
        notice(&driver.app).contains("The typed steps were left out"),
        "{}",
        notice(&driver.app)
    );
}

#[test]
fn a_new_default_of_an_input_counts_where_nobody_edited_it() {
    let mut driver = open(STEPS);
    driver.press("G");
    change(&mut driver, 8, &STEPS.replace("1024", "512"));
    driver.press("R");
    assert_eq!(driver.app.timeline.memory_after(1).byte(512), Some(b'a'));
}

#[test]
fn a_fault_leaves_everything_as_it_was() {
    let mut driver = open(STEPS);
    driver.press("G 2 G");
    let before = driver.app.clone();
    driver.host.changed = Some(Err(ReloadError {
        reason: "test.wat:3:1: unknown operator `f`".to_owned(),
        rest: Some("linmem run test.steps".to_owned()),
    }));
    driver.press("R");
    assert_eq!(
        notice(&driver.app),
        "Not loaded: test.wat:3:1: unknown operator `f`. `linmem run test.steps` prints the rest; R \
         tries again."
    );
    assert_eq!(driver.app.reload.state, ReloadState::Failed);
    assert_eq!(
        (driver.app.moment, driver.app.session.clone()),
        (before.moment, before.session)
    );
    driver.press("b R");
    assert_eq!(driver.app.reload.state, ReloadState::Idle);
    assert_eq!(differing(&driver.app), [0; 0]);
}

#[test]
fn watching_runs_again_without_a_key() {
    let mut driver = open(STEPS);
    driver.app.reload.is_automatic = true;
    driver.press("G");
    change(&mut driver, 5, STEPS);
    assert_eq!(driver.app.timeline.memory_after(3).byte(2049), Some(5));
    assert_eq!(driver.app.reload.changed, None);
    driver.receive(Message::FilesChanged(None));
    assert_eq!(driver.app.reload.state, ReloadState::Idle);
}

#[test]
fn a_module_without_a_script_keeps_its_typed_steps() {
    let mut driver = open("");
    driver.enter_line("a = call add(4)");
    driver.enter_line("call fill()");
    change(&mut driver, 5, "");
    driver.press("R");
    assert!(matches!(driver.app.overlay, Overlay::None));
    assert_eq!(driver.app.timeline.steps().len(), 3);
    assert_eq!(driver.app.timeline.memory_after(2).byte(2049), Some(5));
    assert_eq!(differing(&driver.app), [2]);
}

#[test]
fn a_call_that_runs_does_not_keep_the_new_session_waiting() {
    let mut app = app(SIZE, 2);
    app.session = running(3, Progress::default());
    assert_eq!(requested(&mut app, "R"), "reload");
    assert_eq!(app.session, running(3, Progress::default()));
    let reloaded = Reloaded {
        timeline: timelines::announced_session(),
        left_out: None,
        has_setup: true,
    };
    let effects = on_message(&mut app, Message::Reloaded(Ok(Box::new(reloaded))));
    assert_eq!(in_short(&effects), "advance");
    run(&mut app, effects, &default_records());
    assert_eq!(app.moment, Moment::end_of(2));
}

#[test]
fn a_person_who_goes_elsewhere_meanwhile_stays_there() {
    let mut app = app(SIZE, 5);
    let reloaded = Reloaded {
        timeline: timelines::announced_session(),
        left_out: None,
        has_setup: true,
    };
    let records = default_records();
    on_message(&mut app, Message::Reloaded(Ok(Box::new(reloaded))));
    for record in &records[..3] {
        report(&mut app, Report::Step(Box::new(record.clone())));
    }
    assert_eq!(app.moment, Moment::end_of(2));
    press(&mut app, "← ←");
    report(&mut app, Report::Step(Box::new(records[3].clone())));
    assert_eq!(app.moment, Moment::end_of(0));
    assert!(app.session.is_ready(), "going back ends the run");
}

#[test]
fn answers_stay_with_their_questions() {
    let steps = "write 8, \"ab\"\nask \"how many?\" = 2\nask \"and then?\" = 3\nwrite 9, \"c\"\n";
    let mut driver = open(steps);
    driver.press("2 G i");
    driver.paste("2");
    driver.press("enter");
    assert_eq!(driver.app.course.outcome(2), course::QuestionOutcome::Right);
    change(&mut driver, 8, &format!("write 7, \"x\"\n{steps}"));
    driver.press("R");
    let outcome = |step| driver.app.course.outcome(step);
    assert_eq!(outcome(3), course::QuestionOutcome::Right);
    assert_eq!(outcome(4), course::QuestionOutcome::Open);
}

#[test]
fn watching_does_not_interrupt_a_person_who_types() {
    let mut driver = open(STEPS);
    driver.app.reload.is_automatic = true;
    driver.press("G e");
    driver.paste("0");
    change(&mut driver, 5, STEPS);
    assert!(matches!(driver.app.overlay, Overlay::Inputs { .. }));
    assert_eq!(driver.app.timeline.memory_after(3).byte(2049), Some(8));
    driver.press("esc");
    assert_eq!(driver.app.timeline.memory_after(3).byte(2049), Some(5));
}

#[test]
fn a_typed_step_runs_before_watching_runs_the_session_again() {
    let mut driver = open("");
    driver.app.reload.is_automatic = true;
    driver.press("esc :");
    change(&mut driver, 5, "");
    driver.paste("call fill()");
    driver.press("enter");
    assert_eq!(driver.app.timeline.steps().len(), 2);
    assert_eq!(driver.app.timeline.memory_after(1).byte(2049), Some(5));
}
