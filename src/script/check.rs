//! Checks a whole file before anything runs: which names are known where, and the order of
//! statements. The evaluator checks everything that depends on values.

use std::collections::{HashMap, HashSet};

use super::ast::{
    Action, Call, Callback, Element, Expr, ExprKind, Function, HostFunctionName, Import,
    ImportKind, ImportName, Name, Reading, SetElement, Span, Statement, StatementKind, WrittenType,
};
use super::error::{Fault, MAX_SHOWN};
use super::known_names::{KnownNames, defined_names};
use super::parser::unknown_reading;
use super::vocabulary;
use super::{Item, MAX_FAULTS};
use crate::value::Value;

/// Checks a file's statements in order.
pub(super) fn file(items: &[Item], faults: &mut Vec<Fault>) {
    let mut checker = Checker::new(faults);
    for item in items {
        checker.collect_names(item);
    }
    for item in items {
        if checker.faults.len() >= MAX_FAULTS {
            return;
        }
        match item {
            Item::Statement(statement) => checker.statement(statement),
            Item::Faulty { names } => checker.guessed.extend(names.iter().cloned()),
        }
    }
}

/// Checks an expression that must have a value before the guest starts.
pub(super) fn value(expr: &Expr, known: &[&str], faults: &mut Vec<Fault>) {
    let mut checker = Checker::with_variables(known, faults);
    checker.expression(expr, Scope::Value);
}

/// Checks a single statement. Any block can be released, because it may be named elsewhere.
pub(super) fn statement(statement: &Statement, known: &[&str], faults: &mut Vec<Fault>) {
    let mut checker = Checker::with_variables(known, faults);
    if let StatementKind::Release { name } = &statement.kind {
        checker.guessed.insert(name.text.clone());
    }
    checker.statement(statement);
}

/// Checks a statement typed into a session whose guest runs.
pub(super) fn typed(statement: &Statement, known: &KnownNames, faults: &mut Vec<Fault>) {
    if let Some(fault) = too_late(statement) {
        faults.push(fault);
        return;
    }
    let mut checker = Checker::new(faults);
    let defined =
        |is_input: bool| move |name: &String| (name.clone(), Definition { line: 0, is_input });
    checker.variables = known
        .variables
        .iter()
        .map(defined(false))
        .chain(known.inputs.iter().map(defined(true)))
        .collect();
    checker.later = known.later.iter().map(|name| (name.clone(), 0)).collect();
    checker.regions = known.regions.iter().cloned().collect();
    checker.blocks = known.blocks.iter().cloned().collect();
    checker.types = known.types.iter().map(|name| (name.clone(), 0)).collect();
    checker.statement(statement);
}

/// Checks an `import` or `memory` line for a guest that will start again.
pub(super) fn setup(statement: &Statement, known: &KnownNames, faults: &mut Vec<Fault>) {
    let mut checker = Checker::new(faults);
    checker.variables = known
        .inputs
        .iter()
        .map(|name| {
            (
                name.clone(),
                Definition {
                    line: 0,
                    is_input: true,
                },
            )
        })
        .collect();
    checker.statement(statement);
}

/// Returns the fault of a statement that can only come before the guest starts.
fn too_late(statement: &Statement) -> Option<Fault> {
    const SAVE: &str =
        "save these steps with `:save FILE`, add the line at the top of the file and open it";
    let (what, help) = match &statement.kind {
        StatementKind::Module { path } => {
            let path = crate::safe::cut(path, 100);
            (
                "the guest is chosen before step 0",
                format!("open the other guest with `linmem {path}`, or choose a session with p"),
            )
        }
        StatementKind::Input { name, .. } => {
            let value = statement
                .text
                .split_once('=')
                .map_or("…", |(_, value)| value.trim());
            let value = crate::safe::cut(value, 60);
            (
                "inputs are set before step 0",
                format!("to name a value, write `let {} = {value}`", name.text),
            )
        }
        StatementKind::Memory { .. } => ("the memory is chosen before step 0", SAVE.to_owned()),
        StatementKind::Args { .. } | StatementKind::Env { .. } => (
            "arguments and environment are given to the guest in step 0",
            SAVE.to_owned(),
        ),
        StatementKind::Provide { .. } => {
            ("files are given to the guest in step 0", SAVE.to_owned())
        }
        StatementKind::Import(_) => ("imports are given to the guest in step 0", SAVE.to_owned()),
        _ => return None,
    };
    Some(
        Fault::new(
            first_word(statement),
            format!("too late: {what}, which has run"),
        )
        .help(help),
    )
}

/// The place of an expression, which decides what it can use.
#[derive(Clone, Copy)]
enum Scope<'a> {
    /// A step: the values before it.
    Step,
    /// A prediction: the values before and after it.
    Ask,
    /// A host function: its parameters, what its actions before bound, and the inputs.
    Import(&'a [Name]),
    /// A callback: its parameters, what its actions before bound, and the values before its step.
    Callback(&'a [Name]),
    /// The value of an input or an imported global: the inputs before it, and nothing of the guest.
    Value,
}

/// The statement that gives a variable its value.
#[derive(Clone, Copy)]
struct Definition {
    line: u32,
    is_input: bool,
}

struct Checker<'f> {
    faults: &'f mut Vec<Fault>,
    variables: HashMap<String, Definition>,
    /// All names that the file defines, each with the first line that does.
    later: HashMap<String, u32>,
    /// Names that faulty lines probably define.
    guessed: HashSet<String>,
    regions: HashSet<String>,
    blocks: HashSet<String>,
    /// The declared types, each with its line.
    types: HashMap<String, u32>,
    imports: HashMap<(ImportName, Option<u64>), u32>,
    module: Option<u32>,
    memory: Option<u32>,
    args: Option<u32>,
    environment: HashMap<String, u32>,
    first: Option<u32>,
    first_step: Option<u32>,
    /// Whether a single statement or value is checked, not a file.
    is_alone: bool,
}

impl<'f> Checker<'f> {
    fn new(faults: &'f mut Vec<Fault>) -> Self {
        Checker {
            faults,
            variables: HashMap::new(),
            later: HashMap::new(),
            guessed: HashSet::new(),
            regions: HashSet::new(),
            blocks: HashSet::new(),
            types: HashMap::new(),
            imports: HashMap::new(),
            module: None,
            memory: None,
            args: None,
            environment: HashMap::new(),
            first: None,
            first_step: None,
            is_alone: false,
        }
    }

    fn with_variables(known: &[&str], faults: &'f mut Vec<Fault>) -> Self {
        let mut checker = Checker::new(faults);
        checker.is_alone = true;
        // They count as variables, not inputs, so that a statement can define them again.
        let defined = |name: &&str| {
            (
                (*name).to_owned(),
                Definition {
                    line: 0,
                    is_input: false,
                },
            )
        };
        checker.variables = known.iter().map(defined).collect();
        checker
    }

    /// Collects the names that a line defines, for the lines before it.
    fn collect_names(&mut self, item: &Item) {
        match item {
            Item::Statement(statement) => {
                if let StatementKind::Type { name, .. } = &statement.kind {
                    self.declare_type(name, statement.line);
                }
                for name in defined_names(&statement.kind) {
                    self.later
                        .entry(name.text.clone())
                        .or_insert(statement.line);
                }
            }
            Item::Faulty { names } => {
                for name in names {
                    self.later.entry(name.clone()).or_insert(0);
                }
            }
        }
    }

    /// Notes a declared type, which lines before it can use too.
    fn declare_type(&mut self, name: &Name, line: u32) {
        match self.types.get(&name.text) {
            None => drop(self.types.insert(name.text.clone(), line)),
            Some(first) => {
                let message = format!(
                    "a second type `{}`; the first is in line {first}",
                    name.text
                );
                self.faults.push(
                    Fault::new(name.span, message).help("choose another name for one of them"),
                );
            }
        }
    }

    /// Checks a type of one word, which can be a misspelt reading. Any other type is found when the
    /// session opens, because debug information can have it.
    fn written_type(&mut self, ty: &WrittenType) {
        let Some(name) = ty.name().filter(|_| !ty.is_quoted) else {
            return;
        };
        if !self.types.contains_key(name) && vocabulary::is_nearly_reading(name) {
            self.faults.push(unknown_reading(name, ty.span()));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let line = statement.line;
        self.order(statement);
        self.values(&statement.kind);
        for name in defined_names(&statement.kind) {
            self.define(
                name,
                line,
                matches!(statement.kind, StatementKind::Input { .. }),
            );
        }
        match &statement.kind {
            StatementKind::Region { name, .. } | StatementKind::View { name, .. } => {
                self.regions.insert(name.text.clone());
            }
            StatementKind::Block { name, .. } => drop(self.blocks.insert(name.text.clone())),
            StatementKind::Release { name } => self.release(name),
            StatementKind::Import(import) => self.import(import, line),
            _ => {}
        }
        self.first.get_or_insert(line);
        if statement.kind.is_step() {
            self.first_step.get_or_insert(line);
        }
    }

    /// Checks the order: `module` first and once, `memory` once, `import` before the first step.
    fn order(&mut self, statement: &Statement) {
        let span = first_word(statement);
        match &statement.kind {
            StatementKind::Module { .. } => {
                if let Some(line) = self.module {
                    let fault = Fault::new(
                        span,
                        format!("a second `module`; the first is in line {line}"),
                    );
                    self.faults
                        .push(fault.help("a session has one guest; remove one of the lines"));
                } else if let Some(line) = self.first {
                    let fault = Fault::new(span, "`module` must be the first statement");
                    self.faults
                        .push(fault.help(format!("move it above line {line}")));
                }
                self.module.get_or_insert(statement.line);
            }
            StatementKind::Memory { .. } => {
                if let Some(line) = self.memory {
                    let fault = Fault::new(
                        span,
                        format!("a second `memory`; the first is in line {line}"),
                    );
                    self.faults
                        .push(fault.help("a session shows one memory; remove one of the lines"));
                }
                self.memory.get_or_insert(statement.line);
            }
            StatementKind::Import(_) => self.before_steps("import", span),
            StatementKind::Args { .. } => {
                self.before_steps("args", span);
                if let Some(line) = self.args {
                    let message = format!("a second `args`; the first is in line {line}");
                    self.faults.push(
                        Fault::new(span, message)
                            .help("write all arguments on one line: `args a, b`"),
                    );
                }
                self.args.get_or_insert(statement.line);
            }
            StatementKind::Env { name, .. } => {
                self.before_steps("env", span);
                if let Some(line) = self.environment.get(&name.text) {
                    let message =
                        format!("a second value for this variable; the first is in line {line}");
                    self.faults
                        .push(Fault::new(name.span, message).help("remove one of the lines"));
                }
                self.environment
                    .entry(name.text.clone())
                    .or_insert(statement.line);
            }
            StatementKind::Provide { .. } => self.before_steps("provide", span),
            _ => {}
        }
    }

    /// Checks that no step is before the statement that begins with `word`.
    fn before_steps(&mut self, word: &str, span: Span) {
        if let Some(line) = self.first_step {
            let fault = Fault::new(span, format!("`{word}` must be before the first step"));
            self.faults.push(fault.help(format!(
                "the first step is in line {line}; move this line above it"
            )));
        }
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

    fn variable(&mut self, name: &str, span: Span, scope: Scope) {
        let definition = self.variables.get(name).copied();
        let is_known = match scope {
            Scope::Step => definition.is_some(),
            Scope::Ask => definition.is_some() || self.later.contains_key(name),
            Scope::Import(params) => {
                params.iter().any(|p| p.text == name) || definition.is_some_and(|d| d.is_input)
            }
            Scope::Callback(names) => names.iter().any(|n| n.text == name) || definition.is_some(),
            Scope::Value => definition.is_some_and(|d| d.is_input || self.is_alone),
        };
        if is_known || self.guessed.contains(name) {
            return;
        }
        let fault = Fault::new(span, format!("there is no variable `{name}` here"));
        let help = self.variable_help(name, definition, scope);
        self.faults.push(match (scope, definition) {
            (Scope::Step | Scope::Callback(_), _)
                if self.later.get(name).is_some_and(|line| *line > 0) =>
            {
                let line = self.later.get(name).copied().unwrap_or_default();
                Fault::new(span, format!("`{name}` has no value yet")).help(format!(
                    "it gets a value in line {line}; a step can use only earlier values"
                ))
            }
            _ => fault.maybe_help(help),
        });
    }

    fn variable_help(
        &self,
        name: &str,
        definition: Option<Definition>,
        scope: Scope,
    ) -> Option<String> {
        // Comparing every name with every other one would take too long in a large broken file.
        if self.faults.len() >= MAX_SHOWN {
            return None;
        }
        if self.regions.contains(name) || self.blocks.contains(name) {
            let kind = if self.regions.contains(name) {
                "region"
            } else {
                "block"
            };
            return Some(format!(
                "`{name}` is a {kind}, not a value; name its address with `let`"
            ));
        }
        let inputs = || {
            self.variables
                .iter()
                .filter(|(_, d)| d.is_input || self.is_alone)
                .map(|(name, _)| name.as_str())
        };
        let all = || {
            self.variables
                .keys()
                .map(String::as_str)
                .chain(vocabulary::RESERVED)
        };
        let mut candidates: Vec<&str> = match scope {
            Scope::Step => all().collect(),
            Scope::Callback(names) => all().chain(names.iter().map(|n| n.text.as_str())).collect(),
            Scope::Ask => all().chain(self.later.keys().map(String::as_str)).collect(),
            Scope::Import(params) => inputs()
                .chain(params.iter().map(|p| p.text.as_str()))
                .collect(),
            Scope::Value => inputs().chain(vocabulary::RESERVED).collect(),
        };
        candidates.sort_unstable();
        if let Some(help) = vocabulary::did_you_mean(name, candidates) {
            return Some(help);
        }
        if vocabulary::is_function(name) {
            return Some(format!("`{name}` is a function; write `{name}(…)`"));
        }
        let is_defined = definition.is_some() || self.later.contains_key(name);
        Some(match scope {
            Scope::Import(_) if is_defined => {
                "an import can use its parameters and the inputs above it".to_owned()
            }
            Scope::Value if is_defined => "this value is needed before the first step; it can use \
                                         only the inputs above it"
                .to_owned(),
            Scope::Import(_) => {
                "an import can use its parameters and the inputs above it".to_owned()
            }
            Scope::Value => format!("put text in quotes: \"{name}\""),
            Scope::Step | Scope::Ask | Scope::Callback(_) => {
                "to name a value, write `let`, `input` or `NAME = call …`".to_owned()
            }
        })
    }

    fn define(&mut self, name: &Name, line: u32, is_input: bool) {
        if name.text == "_" {
            return;
        }
        if let Some(earlier) = self.variables.get(&name.text).copied() {
            let was = earlier.line;
            if earlier.is_input {
                let place = if was == 0 {
                    String::new()
                } else {
                    format!(", in line {was}")
                };
                let fault = Fault::new(
                    name.span,
                    format!("`{}` is an input already{place}", name.text),
                );
                self.faults.push(fault.help(match is_input {
                    true => "remove one of the lines, or choose another name",
                    false => "an input keeps its value; choose another name here",
                }));
                return;
            }
            if is_input && !self.is_alone {
                let fault = Fault::new(
                    name.span,
                    format!("`{}` has a value already, from line {was}", name.text),
                );
                self.faults
                    .push(fault.help("choose another name for the input"));
                return;
            }
        }
        self.variables
            .insert(name.text.clone(), Definition { line, is_input });
    }

    fn release(&mut self, name: &Name) {
        if self.blocks.contains(&name.text) || self.guessed.contains(&name.text) {
            return;
        }
        let fault = Fault::new(name.span, format!("there is no block `{}`", name.text));
        let mut blocks: Vec<&str> = self.blocks.iter().map(String::as_str).collect();
        blocks.sort_unstable();
        let nearest = || vocabulary::did_you_mean(&name.text, blocks);
        self.faults.push(if self.regions.contains(&name.text) {
            fault.help("it is a region; name an allocation with `block NAME = ADDR, LEN`")
        } else if self.faults.len() < MAX_SHOWN
            && let Some(help) = nearest()
        {
            fault.help(help)
        } else {
            fault.help("name it before this line: `block NAME = ADDR, LEN`")
        });
    }

    fn import(&mut self, import: &Import, line: u32) {
        let call = match &import.kind {
            ImportKind::Function { call, .. } => *call,
            ImportKind::Memory { .. } | ImportKind::Table { .. } | ImportKind::Global { .. } => {
                None
            }
        };
        let key = (import.name.clone(), call);
        match self.imports.get(&key) {
            None => drop(self.imports.insert(key, line)),
            Some(earlier) => {
                let fault = Fault::new(
                    import.span,
                    format!("a second line for this import; the first is in line {earlier}"),
                );
                self.faults
                    .push(fault.help("write all its actions on one line, with `;` between them"));
            }
        }
    }
}

/// Returns whether a list has records and nothing else.
fn is_list_of_records(items: &[Expr]) -> bool {
    let is_record = |item: &Expr| matches!(item.kind, ExprKind::Record { .. });
    !items.is_empty() && items.iter().all(is_record)
}

fn first_word(statement: &Statement) -> Span {
    let length = super::lexer::name_length(&statement.text);
    Span {
        start: statement.span.start,
        end: statement.span.start + length.max(1),
    }
}
