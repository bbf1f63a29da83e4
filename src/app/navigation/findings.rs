//! Goes from finding to finding, and to the step that a finding blames.

use super::{time, viewport};
use crate::app::{Action, App};
use crate::timeline::Finding;

/// Goes to the next finding in the order of the steps, or after the last one to the first.
pub(in crate::app) fn next(app: &mut App) {
    let all = all(app);
    // Without a current finding, those of the step shown come first.
    let here = current(app).map_or((app.moment.step, 0), |(step, index)| (step, index + 1));
    go(
        app,
        &all,
        all.iter().find(|at| **at >= here).or(all.first()).copied(),
    );
}

/// Goes to the previous finding, or before the first one to the last.
pub(in crate::app) fn previous(app: &mut App) {
    let all = all(app);
    let here = current(app).unwrap_or((app.moment.step, usize::MAX));
    go(
        app,
        &all,
        all.iter()
            .rev()
            .find(|at| **at < here)
            .or(all.last())
            .copied(),
    );
}

/// Goes to the step that the current finding blames, or else the first finding of the step shown that
/// blames one.
pub(in crate::app) fn blamed(app: &mut App) {
    let Some(record) = app.record().filter(|record| !record.findings.is_empty()) else {
        let next = app.keys.key_of(Action::NextFinding);
        app.notify(format!(
            "This step has no finding: {next} goes to the next one."
        ));
        return;
    };
    let chosen = current(app).and_then(|(_, index)| record.findings.get(index));
    let finding = chosen.or_else(|| {
        record
            .findings
            .iter()
            .find(|finding| finding.blamed.is_some())
    });
    let Some((finding, step)) = finding.and_then(|finding| Some((finding, finding.blamed?))) else {
        app.notify("This finding blames no other step.");
        return;
    };
    let text = format!(
        "Step {step}, blamed for {} in step {}.",
        finding.kind, record.index
    );
    let place = finding.primary_span();
    app.session.clear_goal();
    time::show_end_of(app, step);
    if let Some(span) = place.filter(|span| span.start < app.memory().len()) {
        viewport::go_to(app, span.start, span.len);
    }
    app.notify(text);
}

/// Returns the current finding: the one gone to last, while its step is shown.
fn current(app: &App) -> Option<(usize, usize)> {
    app.finding.filter(|(step, _)| *step == app.moment.step)
}

/// Returns step and index of all findings, in order.
fn all(app: &App) -> Vec<(usize, usize)> {
    let steps = app.timeline.steps().iter().enumerate();
    steps
        .flat_map(|(step, record)| (0..record.findings.len()).map(move |index| (step, index)))
        .collect()
}

/// Shows finding `to` of `all`.
fn go(app: &mut App, all: &[(usize, usize)], to: Option<(usize, usize)>) {
    let Some((step, index)) = to else {
        app.notify("The steps that have run have no findings.");
        return;
    };
    app.session.clear_goal();
    time::show_end_of(app, step);
    app.finding = to;
    let found: Option<Finding> = app
        .timeline
        .step(step)
        .and_then(|record| record.findings.get(index))
        .cloned();
    let Some(finding) = found else { return };
    if let Some(span) = finding.primary_span() {
        viewport::go_to(app, span.start, span.len);
    }
    let number = all
        .iter()
        .position(|at| Some(*at) == to)
        .map_or(0, |at| at + 1);
    let blame = match finding.blamed {
        Some(_) => format!(
            "; {} goes to the step it blames",
            app.keys.key_of(Action::Blamed)
        ),
        None => String::new(),
    };
    app.notify(format!(
        "Finding {number} of {}, {} in step {step}{blame}.",
        all.len(),
        finding.kind
    ));
}
