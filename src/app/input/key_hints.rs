//! Which keys the status line offers in the state shown.

use super::keyboard::has_fields_in_focus;
use super::keymap::{Binding, Context};
use crate::app::course;
use crate::app::{Action, App};
use crate::timeline::StepRecord;

/// Returns the keys of the status line with their labels, in the table's order: those whose action
/// does something now.
pub(crate) fn status_keys(app: &App) -> Vec<(&str, &'static str)> {
    let context = app.context();
    let is_of_fields =
        |b: &Binding| has_fields_in_focus(app) && b.contexts.contains(&Context::Fields);
    let applies_now = |b: &Binding| {
        (b.contexts.contains(&context) || is_of_fields(b))
            && (context != Context::Normal || applies(app, b.action))
    };
    let bindings = app
        .keys
        .bindings()
        .iter()
        .filter(|bound| applies_now(bound.binding));
    bindings
        .filter_map(|bound| app.keys.status_key(bound))
        .collect()
}

/// Returns whether an action would do something, where nothing is open over the panes.
fn applies(app: &App, action: Action) -> bool {
    let ran = app.timeline.steps().len();
    let step = app.moment.step;
    let len = app.record().map_or(0, |r| r.events.len());
    match action {
        Action::Next => {
            step.saturating_add(1) < ran
                || app.session.is_ready()
                || app.position().is_some_and(|at| at < len)
        }
        Action::Enter | Action::Types => !app.typed_parts().is_empty(),
        Action::Back => ran > 0 && (step > 0 || app.position().is_some_and(|at| at > 0)),
        Action::Unfold => app.is_unfolded() || app.record().is_some_and(StepRecord::can_unfold),
        Action::NextFinding => app
            .timeline
            .steps()
            .iter()
            .any(|step| !step.findings.is_empty()),
        Action::WhoWrote => !app.writers().is_empty(),
        Action::Last => step.saturating_add(1) < ran || app.session.is_ready(),
        Action::Escape => app.count.is_some() || app.session.can_cancel(),
        Action::NextPane => !app.timeline.planned.is_empty(),
        Action::OpenSearch => !app.memory().is_empty(),
        Action::NextChange => {
            let previous = app.memory_of_previous_run();
            app.cumulative
                || app.record().is_some_and(|r| !r.changes.is_empty())
                || previous.is_some_and(|run| !run.differing.is_empty())
        }
        Action::FindNext => app.search.is_some(),
        Action::Save => app.record().is_some(),
        Action::EditInputs => !app.timeline.inputs.is_empty(),
        Action::ChooseSession => app.choices() > 0,
        Action::Answer => course::open_question(app).is_some(),
        Action::Hint => app.course.hints(app.moment.step) < course::hints_here(app),
        Action::NextLesson => {
            course::place_left(app).is_some()
                || (app.course.next().is_some() && course::is_at_end(app))
        }
        Action::OpenPrompt => ran > 0,
        Action::SwapBranch => app.branches.hidden() > 0,
        // Someone with a script follows it; the overview is for exploring a module.
        Action::Overview => {
            ran > 0
                && app
                    .timeline
                    .planned
                    .iter()
                    .all(|planned| planned.line.is_none())
        }
        _ => true,
    }
}
