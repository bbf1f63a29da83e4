//! What a person typed and edited on the screen, in the same session after its files were loaded
//! again.
//!
//! A typed step runs after the same step of the script as before: after the nearest one with the
//! same text, else after the one with the same number.

use crate::protocol::Rerun;
use crate::safe;
use crate::script::{Script, ScriptErrors};
use crate::timeline::{PlannedStep, nearest_equal};

use super::SessionConfig;

/// What became of typed lines in a session that was loaded again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedOver {
    /// A sentence about typed lines that the script cannot have, safe to print.
    pub left_out: Option<String>,
    /// Whether the typed lines of the setup are in the script.
    pub has_setup: bool,
}

impl SessionConfig {
    /// Applies the edited inputs, the typed lines of the setup and the typed steps of a session
    /// that was loaded before. Inputs that the script no longer has are left out, and so are typed
    /// lines that it cannot have.
    pub fn carry_over(&mut self, typed: &Rerun) -> CarriedOver {
        for (name, value) in &typed.inputs {
            if self.script.inputs().any(|(input, _)| input.text == *name) {
                self.input_overrides.retain(|(known, _)| known != name);
                self.input_overrides.push((name.clone(), value.clone()));
            }
        }
        let mut carried = CarriedOver::default();
        match self.script.with_setup(&typed.setup) {
            Ok(script) => (self.script, carried.has_setup) = (script, true),
            Err(errors) => {
                carried.left_out = Some(left_out_because("lines before the first step", &errors));
            }
        }
        if typed.plan.iter().any(|step| step.line.is_none()) {
            match with_typed_steps(&self.script, &typed.plan) {
                Ok(script) => self.script = script,
                Err(errors) => carried.left_out = Some(left_out_because("steps", &errors)),
            }
        }
        carried
    }
}

fn left_out_because(what: &str, errors: &ScriptErrors) -> String {
    let first = errors.errors.first();
    let why = first
        .map(|error| error.message.as_str())
        .unwrap_or_default();
    format!(
        "The typed {what} were left out, because the script has changed: {}.",
        safe::plain(why)
    )
}

/// Returns the script with the typed steps of `plan`, which are those without a line.
fn with_typed_steps(script: &Script, plan: &[PlannedStep]) -> Result<Script, ScriptErrors> {
    let own: Vec<(u32, &str)> = script
        .steps()
        .map(|step| (step.line, step.text.as_str()))
        .collect();
    let typed = placed(plan, &own);
    let mut arranged: Vec<(Option<u32>, &str)> = Vec::new();
    for index in 0..=own.len() {
        let here = typed.iter().filter(|(at, _)| *at == index);
        arranged.extend(here.map(|(_, text)| (None, *text)));
        arranged.extend(own.get(index).map(|(line, text)| (Some(*line), *text)));
    }
    script.arranged(&arranged)
}

/// Returns each typed step of `plan` with the number of steps of the new script, `own`, before it.
fn placed<'a>(plan: &'a [PlannedStep], own: &[(u32, &str)]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut before = 0_usize;
    let mut place = 0;
    for step in plan {
        if step.line.is_none() {
            found.push((place, step.text.as_str()));
            continue;
        }
        let texts = own.iter().map(|(_, text)| *text);
        let same = nearest_equal(texts, &step.text, before);
        before = before.saturating_add(1);
        place = same.map_or(before.min(own.len()), |index| index.saturating_add(1));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;
    use crate::script;
    use crate::session::files::Files;
    use crate::timeline::StepKind;
    use crate::value::Value;

    const WAT: &[u8] = br#"(module (memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) (local.get 0)))"#;

    fn config(text: &str) -> SessionConfig {
        SessionConfig {
            title: String::new(),
            script: script::parse("a.steps", text).unwrap(),
            guest: Guest::from_bytes("a.wat", WAT).unwrap(),
            files: Files::InMemory([].into()),
            input_overrides: Vec::new(),
            limits: Default::default(),
            control: Default::default(),
            stdin: [].into(),
            compiled: Default::default(),
        }
    }

    /// Returns a plan; a step that begins with `:` was typed.
    fn rerun(steps: &[&str]) -> Rerun {
        let planned = |(line, text): (u32, &&str)| PlannedStep {
            kind: StepKind::Call,
            line: (!text.starts_with(':')).then_some(line),
            text: text.trim_start_matches(':').to_owned(),
            narration: None,
            question: None,
            javascript: String::new(),
        };
        Rerun {
            plan: (1..).zip(steps).map(planned).collect(),
            inputs: Vec::new(),
            setup: Vec::new(),
        }
    }

    /// Returns the steps of the new script with those of the old one carried over, and what was
    /// left out.
    fn carried(text: &str, old: &[&str]) -> (Vec<String>, Option<String>) {
        let mut config = config(text);
        let left_out = config.carry_over(&rerun(old)).left_out;
        let steps = config.script.steps().map(|step| step.text.clone());
        (steps.collect(), left_out)
    }

    #[test]
    fn typed_steps_run_after_the_same_step_as_before() {
        let old = ["a = call f(1)", ":b = call f(a)", "call f(2)", ":call f(9)"];
        let (steps, left_out) = carried("a = call f(1)\ncall f(2)\n", &old);
        assert_eq!(
            steps,
            ["a = call f(1)", "b = call f(a)", "call f(2)", "call f(9)"]
        );
        assert_eq!(left_out, None);
        let (steps, _) = carried("call f(0)\na = call f(1)\ncall f(3)\n", &old);
        assert_eq!(
            steps,
            [
                "call f(0)",
                "a = call f(1)",
                "b = call f(a)",
                "call f(9)",
                "call f(3)"
            ]
        );
        let (steps, _) = carried("", &["call f(1)", ":call f(9)", "call f(2)", ":call f(8)"]);
        assert_eq!(steps, ["call f(9)", "call f(8)"]);
    }

    #[test]
    fn typed_steps_that_no_longer_fit_are_left_out() {
        let old = ["a = call f(1)", ":b = call f(a)"];
        let (steps, left_out) = carried("z = call f(1)\n", &old);
        assert_eq!(steps, ["z = call f(1)"]);
        let left_out = left_out.unwrap();
        assert!(
            left_out.contains("typed steps were left out") && left_out.contains("`a`"),
            "{left_out}"
        );
        let (_, left_out) = carried("z = call f(1)\n", &["a = call f(1)"]);
        assert_eq!(left_out, None);
    }

    #[test]
    fn edited_inputs_replace_those_of_the_command_line() {
        let mut config = config("input n = 1\ncall f(n)\n");
        config.input_overrides = vec![("n".into(), "2".into())];
        let edited = |name: &str| (name.to_owned(), Value::Int(3).to_string());
        let typed = Rerun {
            inputs: vec![edited("n"), edited("gone")],
            ..rerun(&[])
        };
        assert_eq!(config.carry_over(&typed).left_out, None);
        assert_eq!(config.input_overrides, [("n".to_owned(), "3".to_owned())]);
    }
}
