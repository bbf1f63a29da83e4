//! Editing the session's inputs: one line each, as the person types them.

use tui_input::Input;

use crate::app::{App, Effect, Engine, InputField, Overlay};
use crate::safe;
use crate::timeline::InputFacts;
use crate::value::Value;

pub(in crate::app) fn open(app: &mut App) {
    if app.timeline.planned.is_empty() && app.engine == Engine::Opening {
        app.say("The session is still being opened.");
        return;
    }
    if app.timeline.inputs.is_empty() {
        app.say(
            "This session has no inputs: a line such as  input text = \"…\"  in its script makes \
             one.",
        );
        return;
    }
    let fields = app.timeline.inputs.iter().map(field).collect();
    app.overlay = Overlay::Inputs { fields, chosen: 0 };
}

fn field(facts: &InputFacts) -> InputField {
    InputField {
        facts: facts.clone(),
        input: Input::new(as_typed(&facts.value)),
        error: None,
    }
}

/// A value as a person types it: text as it is, unless it needs quotes to be told from something
/// else or to be seen at all; everything else as the steps language writes it.
pub fn as_typed(value: &Value) -> String {
    match value {
        Value::Text(text) if !text.starts_with('"') && !text.chars().any(safe::is_unsafe) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// Asks for a run with what was typed, up to the step shown, so that the two runs can be compared
/// there.
pub(in crate::app) fn confirm(app: &mut App) -> Effect {
    let Overlay::Inputs { fields, .. } = &mut app.overlay else {
        return Effect::None;
    };
    match app.engine {
        Engine::Running { .. } | Engine::Replaying { .. } => {
            app.complain("A step is running: ctrl-c cancels it, then press enter again.");
            return Effect::None;
        }
        Engine::Opening => {
            app.say("The guest is still being compiled.");
            return Effect::None;
        }
        _ => {}
    }
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        field.error = None;
        values.push((field.facts.name.clone(), field.input.value().to_owned()));
    }
    app.before_restart = Some(std::mem::replace(&mut app.engine, Engine::Opening));
    app.goal = Some(app.moment.step);
    Effect::Restart(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_needs_quotes_only_where_it_would_be_misread() {
        let text = |t: &str| as_typed(&Value::Text(t.into()));
        assert_eq!(text("Did you know"), "Did you know");
        assert_eq!(text("\"quoted\""), r#""\"quoted\"""#);
        assert_eq!(text("two\nlines"), r#""two\nlines""#);
        assert_eq!(as_typed(&Value::Bytes(vec![255, 0])), "hex\"ff 00\"");
        assert_eq!(as_typed(&Value::Int(-7)), "-7");
    }
}
