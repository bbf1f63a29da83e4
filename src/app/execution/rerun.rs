//! What a new guest needs to run the session again: steps, inputs and setup as they are shown.

use super::state::Goal;
use crate::app::{App, Effect};
use crate::protocol::{Replay, Request, Rerun};
use crate::safe;
use crate::script::ast::Statement;
use crate::timeline::PlannedStep;
use crate::value::Value;

impl App {
    /// Returns the steps of the branch that is shown, in order, without instantiation.
    pub(crate) fn plan(&self) -> Vec<PlannedStep> {
        self.timeline.planned.iter().skip(1).cloned().collect()
    }
}

/// Returns what brings a new guest to the end of the branch that is shown.
pub(in crate::app) fn replay(app: &App) -> Replay {
    Replay {
        session: rerun(app, inputs(app)),
        records: app.timeline.steps().to_vec(),
    }
}

/// Requests the session again from its start with these inputs, up to the step shown, so that the
/// two runs can be compared there. With `setup`, the new guest is given that line too.
pub(in crate::app) fn restart(
    app: &mut App,
    inputs: Vec<(String, String)>,
    setup: Option<Statement>,
) -> Effect {
    app.session.restart(Goal::Step(app.moment.step), setup);
    Effect::Session(Request::Restart(Box::new(rerun(app, inputs))))
}

fn rerun(app: &App, inputs: Vec<(String, String)>) -> Rerun {
    Rerun {
        plan: app.plan(),
        inputs,
        setup: app.setup.clone(),
    }
}

/// Returns name and value of each input of the branch that is shown, as typed.
pub(in crate::app) fn inputs(app: &App) -> Vec<(String, String)> {
    app.timeline
        .inputs
        .iter()
        .map(|input| (input.name.clone(), as_typed(&input.value)))
        .collect()
}

/// Returns a value as a person types it. Text is without quotes, unless it begins with one or has
/// characters that are not safe to print; other values are literals of the steps language.
pub(in crate::app) fn as_typed(value: &Value) -> String {
    match value {
        Value::Text(text) if !text.starts_with('"') && !text.chars().any(safe::is_unsafe) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_quotes_only_where_it_would_be_misread() {
        let text = |t: &str| as_typed(&Value::Text(t.into()));
        assert_eq!(text("Did you know"), "Did you know");
        assert_eq!(text("\"quoted\""), r#""\"quoted\"""#);
        assert_eq!(text("two\nlines"), r#""two\nlines""#);
        assert_eq!(as_typed(&Value::Bytes(vec![255, 0])), "hex\"ff 00\"");
        assert_eq!(as_typed(&Value::Int(-7)), "-7");
    }
}
