//! A session written as a steps file: what it was opened with, its inputs as they stand, and steps.

use std::fmt::Write as _;

use super::Script;
use super::ast::StatementKind;
use crate::value::Value;

/// A step to be written: its text on one line, and the prose before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStep {
    pub text: String,
    pub narration: Option<String>,
}

impl Script {
    /// The text of a steps file that runs `steps` on the guest at `module`, with this script's
    /// imports and memory, and with these values for its inputs.
    pub fn saved(&self, module: &str, inputs: &[(String, Value)], steps: &[SavedStep]) -> String {
        let mut out = format!("module {}\n", Value::Text(module.to_owned()));
        for statement in self.statements.iter().filter(|s| !s.kind.is_step()) {
            match &statement.kind {
                StatementKind::Module { .. } => {}
                StatementKind::Input { name, .. } => {
                    match inputs.iter().find(|(n, _)| *n == name.text) {
                        Some((name, value)) => drop(writeln!(out, "input {name} = {value}")),
                        None => drop(writeln!(out, "{}", statement.text)),
                    }
                }
                _ => drop(writeln!(out, "{}", statement.text)),
            }
        }
        if !steps.is_empty() {
            out.push('\n');
        }
        for step in steps {
            if let Some(narration) = &step.narration {
                let lines = narration
                    .lines()
                    .map(|line| format!("# {}", crate::safe::plain(line)));
                let comment: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
                let _ = writeln!(out, "\n{}", comment.join("\n"));
            }
            let _ = writeln!(out, "{}", step.text);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::parse;

    #[test]
    fn a_saved_session_is_a_steps_file_with_the_values_that_are_in_force() {
        let text = "module \"a.wasm\"\ninput t = \"x\"\nmemory m\np = call f()\ninput k = \
                    3\n\nwrite p, t  # here\n";
        let script = parse("a.steps", text).unwrap();
        let steps: Vec<SavedStep> = script
            .steps()
            .map(|s| SavedStep {
                text: s.text.clone(),
                narration: (s.line == 7).then(|| "Why\n\nit is so".into()),
            })
            .collect();
        let inputs = [
            ("t".to_owned(), Value::Text("new\n\"x\"".into())),
            ("k".to_owned(), Value::Int(-4)),
        ];
        let saved = script.saved("../b c.wasm", &inputs, &steps);
        let expected = "module \"../b c.wasm\"\ninput t = \"new\\n\\\"x\\\"\"\nmemory m\ninput k \
                        = -4\n\np = call f()\n\n# Why\n#\n# it is so\nwrite p, t\n";
        assert_eq!(saved, expected);
        let again = parse("b.steps", &saved).unwrap();
        assert_eq!(again.steps().count(), 2);
        assert_eq!(again.module(), Some("../b c.wasm"));
    }
}
