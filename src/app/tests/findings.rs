//! Moves from finding to finding, and to the steps they blame.

use super::*;
use crate::timeline::{Finding, FindingKind, Span, Timeline};

/// The sample session with these findings in its steps.
fn with(found: Vec<(usize, Finding)>) -> App {
    let mut app = app(SIZE, 7);
    let old = app.timeline.clone();
    let mut timeline = Timeline::new(
        old.title.clone(),
        old.guest.clone(),
        old.inputs.clone(),
        old.planned.clone(),
    );
    for mut step in old.steps().iter().cloned() {
        let own = found.iter().filter(|(index, _)| *index == step.index);
        step.findings = own.map(|(_, finding)| finding.clone()).collect();
        timeline.push(step);
    }
    app.timeline = timeline;
    press(&mut app, "g");
    app
}

fn found(kind: FindingKind, start: u64) -> Finding {
    Finding::new(kind, "a message").about(Span { start, len: 2 })
}

#[test]
fn f_goes_through_all_findings_and_b_to_the_step_that_one_blames() {
    let mut app = with(vec![
        (3, found(FindingKind::Overrun, 0x420)),
        (5, found(FindingKind::PointerNotRefetched, 0x404)),
        (5, found(FindingKind::StalePointer, 0x408).blaming(2)),
    ]);
    let rows = [
        ("f", 3, 0x420, "Finding 1 of 3, overrun in step 3."),
        ("b", 3, 0x420, "This finding blames no other step."),
        (
            "f",
            5,
            0x404,
            "Finding 2 of 3, pointer-not-refetched in step 5.",
        ),
        (
            "f",
            5,
            0x408,
            "Finding 3 of 3, stale-pointer in step 5; b goes to the step it blames.",
        ),
        ("b", 2, 0x408, "Step 2, blamed for stale-pointer in step 5."),
        (
            "F",
            5,
            0x408,
            "Finding 3 of 3, stale-pointer in step 5; b goes to the step it blames.",
        ),
        (
            "F",
            5,
            0x404,
            "Finding 2 of 3, pointer-not-refetched in step 5.",
        ),
        (
            "F F",
            5,
            0x408,
            "Finding 3 of 3, stale-pointer in step 5; b goes to the step it blames.",
        ),
        ("f", 3, 0x420, "Finding 1 of 3, overrun in step 3."),
        (
            "← b",
            2,
            app.cursor,
            "This step has no finding: f goes to the next one.",
        ),
    ];
    for (keys, step, cursor, said) in rows {
        press(&mut app, keys);
        assert_eq!((app.moment.step, notice(&app)), (step, said), "{keys}");
        assert!(
            cursor == app.cursor || keys.len() > 3,
            "{keys}: {:#x}",
            app.cursor
        );
    }
}

#[test]
fn without_findings_there_is_a_notice() {
    let mut app = with(Vec::new());
    for keys in ["f", "F"] {
        press(&mut app, keys);
        assert_eq!(notice(&app), "The steps that have run have no findings.");
    }
    assert_eq!(app.moment.step, 0);
}
