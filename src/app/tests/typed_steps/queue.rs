//! Lines that wait for the step before them.

use super::*;

#[test]
fn lines_typed_while_a_step_runs_wait_for_it() {
    let mut app = app(SIZE, 7);
    let first = typed(&mut app, "let a = 1");
    assert_eq!(requested_by(&mut app, "let b = a"), "");
    assert_eq!(requested_by(&mut app, "let c = b"), "");
    assert_eq!(app.queue.len(), 2);
    let step = planned("let a = 1");
    assert_eq!(in_short(&first), "insert let a = 1");
    report(&mut app, Report::Inserted(step));
    let bound = |name: &str| {
        vec![crate::timeline::Binding {
            name: name.into(),
            value: Value::Int(1),
        }]
    };
    let record = StepRecord {
        bindings: bound("a"),
        ..after_all(&app, "let a = 1")
    };
    let effects = report(&mut app, Report::Step(Box::new(record)));
    assert_eq!(in_short(&effects), "insert let b = a");
    // The second did not give b a value: the third is shown with what is wrong with it.
    let step = planned("let b = a");
    report(&mut app, Report::Inserted(step));
    let record = after_all(&app, "let b = a");
    let effects = report(&mut app, Report::Step(Box::new(record)));
    assert_eq!(in_short(&effects), "");
    assert_eq!(line(&app), "let c = b");
    assert!(
        matches!(&prompt(&app).feedback, Feedback::Mistake(m) if m.message.contains("no variable `b`"))
    );
}

#[test]
fn pasted_lines_run_one_after_the_other() {
    let mut app = app(SIZE, 7);
    press(&mut app, ":");
    paste(
        &mut app,
        "# first\nlet a = 1   # one\r\n\nlet b = (2 +\n  3)\nlet \u{1b}[2Jc = 3\n",
    );
    assert_eq!(line(&app), "let a = 1");
    assert_eq!(prompt(&app).rest.len(), 2);
    let effects = press(&mut app, "enter");
    answer(&mut app, effects);
    let texts: Vec<&str> = app
        .timeline
        .planned
        .iter()
        .skip(8)
        .map(|p| p.text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["let a = 1", "let b = (2 + 3)"],
        "up to the line that is wrong"
    );
    assert_eq!(
        line(&app),
        "let [2Jc = 3",
        "which is shown, without what a terminal would act on"
    );
    press(&mut app, "ctrl-u");
    paste(&mut app, "let d = 4\n");
    assert_eq!((line(&app), prompt(&app).rest.len()), ("let d = 4", 0));
}

#[test]
fn lines_pasted_while_a_step_runs_keep_their_order() {
    let mut app = app(SIZE, 7);
    typed(&mut app, "let a = 1");
    press(&mut app, ":");
    paste(&mut app, "let b = 2\nlet c = 3\n");
    press(&mut app, "enter");
    assert_eq!(app.queue, ["let b = 2", "let c = 3"]);
}

#[test]
fn a_step_that_fails_stops_the_queued_lines() {
    let mut app = app(SIZE, 7);
    typed(&mut app, "let a = 1");
    typed(&mut app, "let b = 2");
    let step = planned("let a = 1");
    report(&mut app, Report::Inserted(step));
    let failed = StepRecord {
        outcome: Outcome::Failed,
        ..after_all(&app, "let a = 1")
    };
    let effects = report(&mut app, Report::Step(Box::new(failed)));
    assert_eq!(in_short(&effects), "");
    assert_eq!(
        notice(&app),
        "Step 8 did not end in ok: the queued line did not run."
    );
    assert!(app.queue.is_empty());
}
