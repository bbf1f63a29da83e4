//! Steps that run one after the other up to the one that is asked for.

use super::*;

#[test]
fn opening_runs_step_0_and_next_runs_one_more() {
    let mut app = App::new(SIZE, Vec::new(), true);
    let effects = report(
        &mut app,
        Report::Opened(Box::new(timelines::announced_session())),
    );
    assert_eq!(in_short(&effects), "advance");
    let records = default_records();
    run(&mut app, effects, &records);
    assert_eq!(
        (app.timeline.steps().len(), &app.session),
        (1, &SessionState::Ready)
    );
    assert_eq!(requested(&mut app, "space"), "advance");
    assert_eq!(app.session, running(1, Progress::default()));
    run(&mut app, advance(), &records);
    assert_eq!(app.moment, Moment::end_of(1));
}

#[test]
fn keys_pressed_before_a_step_is_over_count() {
    let rows = [
        ("", "space", 1),
        ("space", "", 1),
        ("space", "space space", 3),
        ("", "space ←", 0),
        ("", "space esc", 0),
    ];
    for (before, during, step) in rows {
        let mut app = App::new(SIZE, Vec::new(), true);
        press(&mut app, before);
        let effects = report(
            &mut app,
            Report::Opened(Box::new(timelines::announced_session())),
        );
        let requested = requested(&mut app, during);
        assert!(
            ["", "cancel"].contains(&requested.as_str()),
            "one step at a time: {requested}"
        );
        run(&mut app, effects, &default_records());
        assert_eq!(
            (app.moment.step, &app.session),
            (step, &SessionState::Ready),
            "{before:?}, then {during:?}"
        );
    }
}

#[test]
fn a_goal_runs_up_to_its_step_and_no_further() {
    let rows = [
        ("G", 7, SessionState::Ended),
        ("4 G", 4, SessionState::Ready),
        ("7 G", 7, SessionState::Ended),
    ];
    for (keys, step, state) in rows {
        let mut app = opened(SIZE);
        let records = default_records();
        run(&mut app, advance(), &records);
        let effects = press(&mut app, keys);
        run(&mut app, effects, &records);
        assert_eq!(
            (app.moment, &app.session),
            (Moment::end_of(step), &state),
            "{keys}"
        );
    }
}

#[test]
fn a_goal_may_lie_inside_its_step() {
    for (event, moment) in [(3, Moment { step: 4, event: 3 }), (99, Moment::end_of(4))] {
        let mut app = opened(SIZE);
        app.session.set_goal(Goal::Step(4));
        app.opens_at = Some(format!("4.{event}").parse().unwrap());
        run(&mut app, advance(), &default_records());
        assert_eq!((app.moment, app.session.goal()), (moment, None), "{event}");
        assert_eq!(app.notice.is_some(), event == 99, "{:?}", app.notice);
    }
}

#[test]
fn a_goal_behind_the_last_step_is_none() {
    let mut app = opened(SIZE);
    app.session.set_goal(Goal::Step(99));
    run(&mut app, advance(), &default_records());
    assert_eq!(
        (app.moment.step, notice(&app)),
        (7, "There is no step 99: the last is step 7.")
    );
}

#[test]
fn the_end_of_a_session_offers_only_what_can_be_done() {
    let mut app = app(SIZE, 7);
    app.timeline.inputs.clear();
    press(&mut app, "space");
    assert_eq!(
        notice(&app),
        "The session is over: ← goes back, : types another step, p chooses a session."
    );
}

#[test]
fn a_goal_stops_where_the_session_does() {
    let mut app = opened(SIZE);
    let mut records = default_records();
    records.truncate(4);
    records[3].outcome = Outcome::Failed;
    run(&mut app, advance(), &records);
    press(&mut app, "6 G");
    run(&mut app, advance(), &records);
    assert_eq!((app.moment.step, &app.session), (3, &SessionState::Ended));
    assert!(
        notice(&app).starts_with("The session stopped at step 3, which failed"),
        "{}",
        notice(&app)
    );
}

#[test]
fn going_back_while_a_step_runs_keeps_the_view_there() {
    let mut app = opened(SIZE);
    let records = default_records();
    run(&mut app, advance(), &records);
    press(&mut app, "2 G");
    run(&mut app, advance(), &records);
    press(&mut app, "space ←");
    let progress = Progress {
        seconds: 1,
        stores: 12,
    };
    report(&mut app, Report::Progress(progress));
    let mut expected = running(3, progress);
    expected.set_follows(false);
    assert_eq!(app.session, expected);
    let effects = report(&mut app, Report::Step(Box::new(records[3].clone())));
    assert_eq!(in_short(&effects), "");
    assert_eq!((app.moment.step, app.timeline.steps().len()), (1, 4));
    assert_eq!(requested(&mut app, "G"), "");
    assert_eq!(app.moment.step, 3);
}

#[test]
fn a_running_step_is_cancelled_once_and_left_with_ctrl_c() {
    for (keys, effects) in [
        ("esc", "cancel"),
        ("ctrl-c", "cancel"),
        ("esc esc", "cancel"),
        ("ctrl-c ctrl-c", "cancel, quit"),
        ("? ctrl-c", "cancel"),
        ("? esc", ""),
    ] {
        let mut app = opened(SIZE);
        assert_eq!(requested(&mut app, keys), effects, "{keys}");
    }
    let mut app = app(SIZE, 0);
    assert_eq!(requested(&mut app, "esc ctrl-c"), "quit");
}
