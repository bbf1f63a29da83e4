//! Writes a session as a steps file: its setup, the current values of its inputs, and its steps.

use std::fmt::Write as _;

use super::Script;
use super::ast::StatementKind;
use crate::value::Value;

/// A step of a file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStep {
    /// The statement on one line.
    pub text: String,
    /// The prose before it, which becomes a comment.
    pub narration: Option<String>,
}

impl Script {
    /// Writes a steps file that runs `steps` on the guest at `module`, with this script's imports
    /// and memory, and with the values `inputs`. Returns its text.
    pub fn serialize(
        &self,
        module: &str,
        inputs: &[(String, Value)],
        steps: &[SavedStep],
    ) -> String {
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
    fn a_saved_session_is_a_steps_file_with_the_current_values() {
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
        let saved = script.serialize("../b c.wasm", &inputs, &steps);
        let expected = "module \"../b c.wasm\"\ninput t = \"new\\n\\\"x\\\"\"\nmemory m\ninput k \
                        = -4\n\np = call f()\n\n# Why\n#\n# it is so\nwrite p, t\n";
        assert_eq!(saved, expected);
        let again = parse("b.steps", &saved).unwrap();
        assert_eq!(again.steps().count(), 2);
        assert_eq!(again.module(), Some("../b c.wasm"));
    }
}
