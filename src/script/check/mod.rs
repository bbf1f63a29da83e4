//! Checks a whole file before anything runs: which names are known where, and the order of
//! statements. The evaluator checks everything that depends on values.

mod names;
mod order;

use self::names::{Names, Scope};
use self::order::{Order, too_late};
use super::ast::{
    Action, Call, Callback, Element, Expr, ExprKind, Function, HostFunctionName, Import,
    ImportKind, Name, Reading, SetElement, Span, Statement, StatementKind, WrittenType,
};
use super::error::{Fault, MAX_SHOWN};
use super::known_names::KnownNames;
use super::parser::unknown_reading;
use super::vocabulary;
use super::{Item, MAX_FAULTS};
use crate::value::Value;

/// Checks a file's statements in order.
pub(super) fn file(items: &[Item], faults: &mut Vec<Fault>) {
    let mut checker = Checker::new(Names::default(), faults);
    for item in items {
        checker.faults.extend(checker.names.collect(item));
    }
    for item in items {
        if checker.faults.len() >= MAX_FAULTS {
            return;
        }
        match item {
            Item::Statement(statement) => checker.statement(statement),
            Item::Faulty { names } => checker.names.guess(names),
        }
    }
}

/// Checks an expression that must have a value before the guest starts.
pub(super) fn value(expr: &Expr, known: &[&str], faults: &mut Vec<Fault>) {
    let mut checker = Checker::new(Names::with_variables(known), faults);
    checker.expression(expr, Scope::Value);
}

/// Checks a single statement. Any block can be released, because it may be named elsewhere.
pub(super) fn statement(statement: &Statement, known: &[&str], faults: &mut Vec<Fault>) {
    let mut names = Names::with_variables(known);
    if let StatementKind::Release { name } = &statement.kind {
        names.guess([&name.text]);
    }
    Checker::new(names, faults).statement(statement);
}

/// Checks a statement typed into a session whose guest runs.
pub(super) fn typed(statement: &Statement, known: &KnownNames, faults: &mut Vec<Fault>) {
    match too_late(statement) {
        Some(fault) => faults.push(fault),
        None => Checker::new(Names::typed(known), faults).statement(statement),
    }
}

/// Checks an `import` or `memory` line for a guest that will start again.
pub(super) fn setup(statement: &Statement, known: &KnownNames, faults: &mut Vec<Fault>) {
    Checker::new(Names::inputs(known), faults).statement(statement);
}

struct Checker<'f> {
    faults: &'f mut Vec<Fault>,
    names: Names,
    order: Order,
}

impl<'f> Checker<'f> {
    fn new(names: Names, faults: &'f mut Vec<Fault>) -> Self {
        Checker {
            faults,
            names,
            order: Order::default(),
        }
    }

    /// Checks a type of one word, which can be a misspelt reading. Any other type is found when the
    /// session opens, because debug information can have it.
    fn written_type(&mut self, ty: &WrittenType) {
        let Some(name) = ty.name().filter(|_| !ty.is_quoted) else {
            return;
        };
        if !self.names.is_type(name) && vocabulary::is_nearly_reading(name) {
            self.faults.push(unknown_reading(name, ty.span()));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.order.check(statement, self.faults);
        self.values(&statement.kind);
        self.names.define_all(statement, self.faults);
        if let StatementKind::Release { name } = &statement.kind {
            let fault = self.names.release(name, self.is_similar_name_sought());
            self.faults.extend(fault);
        }
    }

    fn variable(&mut self, name: &str, span: Span, scope: Scope) {
        let nearest = self.is_similar_name_sought();
        self.faults
            .extend(self.names.variable(name, span, scope, nearest));
    }

    /// Returns whether a fault has a name that is spelt nearly alike. Comparing every name with
    /// every other one would take too long in a large broken file.
    fn is_similar_name_sought(&self) -> bool {
        self.faults.len() < MAX_SHOWN
    }

    /// Checks the text that a WASI program gets.
    fn program_text(&mut self, value: &Expr, what: &str) {
        match &value.kind {
            ExprKind::Literal(Value::Text(text)) if !text.contains('\0') => {}
            ExprKind::Literal(found) => self.faults.push(
                Fault::new(value.span, format!("{what} cannot be {}", found.brief(40)))
                    .help("write text without a NUL, in quotes"),
            ),
            _ => self.expression(value, Scope::Value),
        }
    }

    /// Checks the expressions of a statement.
    fn values(&mut self, kind: &StatementKind) {
        use StatementKind as Kind;
        let step = Scope::Step;
        match kind {
            Kind::Module { .. } | Kind::Memory { .. } | Kind::Global { .. } => {}
            Kind::Release { .. } | Kind::ExpectFinding { .. } | Kind::Type { .. } => {}
            Kind::Import(import) => self.import_values(import),
            Kind::Callback(callback) => self.callback(callback),
            Kind::Args { values } => values
                .iter()
                .for_each(|value| self.program_text(value, "an argument of the guest")),
            Kind::Env { value, .. } => self.program_text(value, "a variable of the environment"),
            Kind::Provide { value, .. } => self.expression(value, Scope::Value),
            Kind::Input { default, .. } => self.expression(default, Scope::Value),
            Kind::Let { value, .. } | Kind::Set { value, .. } => self.expression(value, step),
            Kind::Call { call, .. } | Kind::ExpectTrap { call, .. } => self.call(call, step),
            Kind::Write { address, value, .. } => {
                self.expression(address, step);
                self.written(value, step);
            }
            Kind::Read { address, what, .. } => self.reading(address, what, step),
            Kind::Grow { pages, .. } => self.expression(pages, step),
            Kind::SetElement(set) => self.set_element(set, step),
            Kind::GrowTable(growth) => self.expression(&growth.by, step),
            Kind::Region {
                address, length, ..
            }
            | Kind::Block {
                address, length, ..
            } => {
                self.expression(address, step);
                self.expression(length, step);
            }
            Kind::View { address, ty, .. } => {
                self.expression(address, step);
                self.written_type(ty);
            }
            Kind::Expect { condition } => self.expression(condition, step),
            Kind::Ask { answer, .. } => self.expression(answer, Scope::Ask),
        }
    }

    fn import_values(&mut self, import: &Import) {
        let (params, actions) = match &import.kind {
            ImportKind::Function {
                params, actions, ..
            } => (params, actions),
            ImportKind::Global { value } => return self.expression(value, Scope::Value),
            ImportKind::Memory { .. } | ImportKind::Table { .. } => return,
        };
        let mut names = params.clone();
        for action in actions {
            self.action(action, Scope::Import(&names));
            names.extend_from_slice(action.bound_names());
        }
    }

    fn callback(&mut self, callback: &Callback) {
        let params = callback.params.iter().map(|(name, _)| name.clone());
        let mut names: Vec<Name> = params.chain([callback.name.clone()]).collect();
        for action in &callback.actions {
            self.action(action, Scope::Callback(&names));
            names.extend_from_slice(action.bound_names());
        }
        let results = callback.results.len();
        let returned = callback.actions.iter().find_map(|action| match action {
            Action::Returns(values) => Some(values.len()),
            _ => None,
        });
        let traps = matches!(callback.actions.last(), Some(Action::Traps { .. }));
        let message = match returned {
            Some(given) if given != results => format!(
                "`returns` gives {}, but the callback's type has {}",
                crate::text::count(given, "value"),
                crate::text::count(results, "result")
            ),
            None if results > 0 && !traps => format!(
                "the callback returns nothing, but its type has {}",
                crate::text::count(results, "result")
            ),
            _ => return,
        };
        self.faults.push(
            Fault::new(callback.name.span, message).help(
                "write the types of all results after `->`, and their values after `returns`",
            ),
        );
    }

    fn action(&mut self, action: &Action, scope: Scope) {
        match action {
            Action::Returns(values) => values
                .iter()
                .for_each(|value| self.expression(value, scope)),
            Action::Writes { address, value, .. } => {
                self.expression(address, scope);
                self.written(value, scope);
            }
            Action::Copies { to, from, length } => {
                [to, from, length]
                    .into_iter()
                    .for_each(|part| self.expression(part, scope));
            }
            Action::Grows { bytes } => self.expression(bytes, scope),
            Action::SetsElement(set) => self.set_element(set, scope),
            Action::GrowsTable(growth) => self.expression(&growth.by, scope),
            Action::Reads { address, what, .. } => self.reading(address, what, scope),
            Action::Call { call, .. } | Action::Catches(call) => self.call(call, scope),
            Action::Let { value, .. } => self.expression(value, scope),
            Action::Traps { why } => self.expression(why, scope),
        }
    }

    fn set_element(&mut self, set: &SetElement, scope: Scope) {
        self.expression(&set.place.index, scope);
        if let Element::Value(value) = &set.element {
            self.expression(value, scope);
        }
    }

    fn call(&mut self, call: &Call, scope: Scope) {
        if let Some(place) = &call.place {
            self.expression(&place.index, scope);
        }
        call.args.iter().for_each(|arg| self.expression(arg, scope));
    }

    fn reading(&mut self, address: &Expr, what: &Reading, scope: Scope) {
        self.expression(address, scope);
        if let Reading::Typed(ty) = what {
            self.written_type(ty);
        }
        if let Some(length) = what.length() {
            self.expression(length, scope);
        }
    }

    /// Checks a value that is written to memory: a number needs a width.
    fn written(&mut self, value: &Expr, scope: Scope) {
        match &value.kind {
            ExprKind::Literal(Value::Int(n)) => self.faults.push(
                Fault::new(value.span, "a number alone has no width in bytes")
                    .help(format!("give it a width, for example `u32({n})`")),
            ),
            ExprKind::Literal(Value::Float(x)) => self.faults.push(
                Fault::new(value.span, "a number alone has no width in bytes")
                    .help(format!("give it a width: `f32({x})` or `f64({x})`")),
            ),
            ExprKind::List(items) if is_list_of_records(items) => self.expression(value, scope),
            ExprKind::Literal(Value::Bool(_) | Value::Null) | ExprKind::List(_) => {
                self.faults.push(
                    Fault::new(value.span, "only text, bytes and records can be written")
                        .help("give numbers a width: `u8(1, 2, 3)`"),
                );
            }
            _ => self.expression(value, scope),
        }
    }

    fn expression(&mut self, expr: &Expr, scope: Scope) {
        match &expr.kind {
            ExprKind::Literal(_) => {}
            ExprKind::Variable(name) => self.variable(name, expr.span, scope),
            ExprKind::List(items) => items.iter().for_each(|item| self.expression(item, scope)),
            ExprKind::Unary { operand, .. } => self.expression(operand, scope),
            ExprKind::Binary { left, right, .. } => {
                self.expression(left, scope);
                self.expression(right, scope);
            }
            ExprKind::Field { of, .. } => self.expression(of, scope),
            ExprKind::Record { fields, .. } => fields
                .iter()
                .for_each(|(_, value)| self.expression(value, scope)),
            ExprKind::SizeOf(_) | ExprKind::OffsetOf { .. } => {}
            ExprKind::Index { of, index } => {
                self.expression(of, scope);
                self.expression(index, scope);
            }
            ExprKind::Slice { of, start, end } => {
                [of, start, end]
                    .into_iter()
                    .for_each(|part| self.expression(part, scope));
            }
            ExprKind::Function { function, args } => {
                match function {
                    Function::Pages => self.needs_guest("pages()", expr.span, scope),
                    Function::Printed => self.needs_guest("printed(…)", expr.span, scope),
                    Function::Provided => self.needs_guest("provided(…)", expr.span, scope),
                    Function::Object => self.needs_guest("object(…)", expr.span, scope),
                    _ => {}
                }
                args.iter().for_each(|arg| self.expression(arg, scope));
            }
            ExprKind::Calls(function) => {
                self.needs_guest("calls(…)", expr.span, scope);
                self.host_function(function, expr.span, scope);
            }
            ExprKind::CallPart {
                part,
                function,
                index,
            } => {
                self.host_function(function, expr.span, scope);
                self.needs_guest(&format!("{}(…)", part.function()), expr.span, scope);
                self.expression(index, scope);
            }
        }
    }

    /// Checks the name of a callback, which is a variable.
    fn host_function(&mut self, function: &HostFunctionName, span: Span, scope: Scope) {
        if let HostFunctionName::Callback(name) = function {
            self.variable(name, span, scope);
        }
    }

    fn needs_guest(&mut self, function: &str, span: Span, scope: Scope) {
        if let Scope::Value = scope {
            let fault = Fault::new(
                span,
                format!("`{function}` has no value before the guest starts"),
            );
            self.faults.push(fault.help("use it in a step"));
        }
    }
}

/// Returns whether a list has records and nothing else.
fn is_list_of_records(items: &[Expr]) -> bool {
    let is_record = |item: &Expr| matches!(item.kind, ExprKind::Record { .. });
    !items.is_empty() && items.iter().all(is_record)
}
