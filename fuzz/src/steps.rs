//! The steps language, parsed and evaluated.

use std::collections::HashMap;

use linmem::script::ast::{
    Action, Call, CallPart, Element, Expr, HostFunctionName, Import, ImportKind, Reading,
    SetElement, StatementKind,
};
use linmem::script::eval::{self, EnvError, EvalEnv};
use linmem::script::{self, Script, ScriptErrors};
use linmem::value::Value;

use crate::assert_safe;

/// The largest total size of the values of one script, in bytes.
const MAX_BOUND: usize = 16 << 20;

/// Parses the bytes as a steps file, as Markdown, as a statement and as an expression, and evaluates
/// every expression that is accepted.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for name in ["a.steps", "a.md"] {
        match script::parse(name, &text) {
            Ok(script) => run(&script),
            Err(errors) => assert_errors(&errors, &text),
        }
    }
    let known = ["x", "ptr"];
    if let Err(errors) = script::parse_statement(&text, &known) {
        assert_errors(&errors, &text);
    }
    let environment = Environment::default();
    match script::parse_expression(&text, &known) {
        Ok(expr) => environment.evaluate(&expr),
        Err(errors) => assert_errors(&errors, &text),
    }
}

fn assert_errors(errors: &ScriptErrors, text: &str) {
    assert!(!errors.errors.is_empty());
    assert_safe(&errors.to_string(), true);
    for error in &errors.errors {
        assert!(error.line >= 1 && error.column >= 1);
        assert!(
            error.span.start <= error.span.end && error.span.end <= text.len(),
            "{error:?}"
        );
        assert!(
            text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end),
            "{error:?}"
        );
        assert_safe(&error.message, false);
        error.help.iter().for_each(|help| assert_safe(help, false));
    }
}

fn run(script: &Script) {
    let text = &script.source.text;
    let mut environment = Environment::default();
    script.address_variables();
    for statement in &script.statements {
        let span = statement.span;
        assert!(text.get(span.start..span.end).is_some(), "{statement:?}");
        let (line, column) = script.line_column(span.start);
        assert!(line == statement.line && column >= 1, "{statement:?}");
        environment.perform(&statement.kind);
    }
}

/// An environment that has an answer for everything.
#[derive(Default)]
struct Environment {
    values: HashMap<String, Value>,
    bound: usize,
}

impl EvalEnv for Environment {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(65536)
    }

    fn calls(&self, _: &HostFunctionName) -> Result<u64, EnvError> {
        Ok(u64::MAX)
    }

    fn call_part(
        &self,
        _: &HostFunctionName,
        _: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        Ok(vec![Value::Int(index.into()), Value::Null])
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        Ok(path.as_bytes().to_vec())
    }
}

impl Environment {
    fn perform(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Input { name, default } => {
                if let Ok(value) = eval::evaluate(default, self) {
                    let parsed = script::parse_expression("1 + 1", &[])
                        .ok()
                        .and_then(|e| eval::evaluate(&e, self).ok());
                    let _ = eval::coerce_input(&value, "1 + 1", parsed);
                }
                self.bind(&name.text, default);
            }
            StatementKind::Let { name, value } => self.bind(&name.text, value),
            StatementKind::Call { results, call } => {
                self.call(call);
                for (index, name) in results.iter().enumerate() {
                    self.values
                        .insert(name.text.clone(), Value::Int(-(index as i128)));
                }
            }
            StatementKind::Set { value, .. } => self.evaluate(value),
            StatementKind::Write { address, value, .. } => {
                self.address(address);
                self.evaluate(value);
            }
            StatementKind::Read {
                name,
                address,
                what,
            } => {
                self.address(address);
                self.reading(what);
                self.values
                    .insert(name.text.clone(), Value::Text("é\u{1b}".into()));
            }
            StatementKind::Grow { pages, .. } => self.address(pages),
            StatementKind::View { address, .. } => self.address(address),
            StatementKind::SetElement(set) => self.element(set),
            StatementKind::GrowTable(growth) => self.evaluate(&growth.by),
            StatementKind::Region {
                address, length, ..
            }
            | StatementKind::Block {
                address, length, ..
            } => {
                self.address(address);
                self.address(length);
            }
            StatementKind::Global { name, .. } => {
                self.values.insert(name.text.clone(), Value::Int(7));
            }
            StatementKind::Expect { condition } => {
                self.evaluate(condition);
                assert_safe(&eval::explain_failure(condition, self), true);
            }
            StatementKind::ExpectTrap { call, .. } => self.call(call),
            StatementKind::Args { values } => values.iter().for_each(|value| self.evaluate(value)),
            StatementKind::Env { value, .. } | StatementKind::Provide { value, .. } => {
                self.evaluate(value);
            }
            StatementKind::Ask { answer, .. } => self.evaluate(answer),
            StatementKind::Import(import) => self.import(import),
            StatementKind::Callback(callback) => self.actions(&callback.actions),
            _ => {}
        }
    }

    fn import(&self, import: &Import) {
        let ImportKind::Function { actions, .. } = &import.kind else {
            return;
        };
        self.actions(actions);
    }

    fn actions(&self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Returns(values) => values.iter().for_each(|value| self.evaluate(value)),
                Action::Writes { address, value, .. } => {
                    [address, value].into_iter().for_each(|e| self.evaluate(e));
                }
                Action::Copies { to, from, length } => [to, from, length]
                    .into_iter()
                    .for_each(|e| self.evaluate(e)),
                Action::Grows { bytes } => self.address(bytes),
                Action::SetsElement(set) => self.element(set),
                Action::GrowsTable(growth) => self.evaluate(&growth.by),
                Action::Reads { address, what, .. } => {
                    self.address(address);
                    self.reading(what);
                }
                Action::Call { call, .. } | Action::Catches(call) => self.call(call),
                Action::Let { value, .. } => self.evaluate(value),
                Action::Traps { why } => self.evaluate(why),
            }
        }
    }

    fn element(&self, set: &SetElement) {
        self.evaluate(&set.place.index);
        if let Element::Value(value) = &set.element {
            self.evaluate(value);
        }
    }

    fn call(&self, call: &Call) {
        if let Some(place) = &call.place {
            self.evaluate(&place.index);
        }
        call.args.iter().for_each(|arg| self.evaluate(arg));
    }

    fn reading(&self, what: &Reading) {
        match what {
            Reading::Sized { length, .. } => self.address(length),
            Reading::Array { count, .. } => self.address(count),
            Reading::Cstr | Reading::Number(_) | Reading::Typed(_) => {}
        }
    }

    fn address(&self, expr: &Expr) {
        let Ok(value) = eval::evaluate(expr, self) else {
            return;
        };
        for is_64 in [false, true] {
            if let Err(error) = eval::address(&value, &eval::subject(expr, "the address"), is_64) {
                assert_safe(&error.to_string(), false);
            }
        }
    }

    fn evaluate(&self, expr: &Expr) {
        match eval::evaluate(expr, self) {
            Ok(value) => assert_safe(&value.brief(200), false),
            Err(error) => {
                assert_safe(&error.to_string(), false);
                assert!(error.span.start <= error.span.end);
            }
        }
    }

    fn bind(&mut self, name: &str, expr: &Expr) {
        self.evaluate(expr);
        let Ok(value) = eval::evaluate(expr, self) else {
            return;
        };
        self.bound = self.bound.saturating_add(value.weight());
        if self.bound <= MAX_BOUND {
            self.values.insert(name.to_owned(), value);
        }
    }
}
