//! The names that a file defines, and which of them an expression can use.

use std::collections::{HashMap, HashSet};

use super::Item;
use crate::script::ast::{Name, Span, Statement, StatementKind};
use crate::script::error::Fault;
use crate::script::known_names::{KnownNames, defined_names};
use crate::script::vocabulary;

/// The place of an expression, which decides what it can use.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
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

/// The names known so far, and those that come later.
#[derive(Default)]
pub(super) struct Names {
    variables: HashMap<String, Definition>,
    /// All names that the file defines, each with the first line that does.
    later: HashMap<String, u32>,
    /// Names that faulty lines probably define.
    guessed: HashSet<String>,
    regions: HashSet<String>,
    blocks: HashSet<String>,
    /// The declared types, each with its line.
    types: HashMap<String, u32>,
    /// Whether a single statement or value is checked, not a file.
    is_alone: bool,
}

impl Names {
    /// Returns the names of a single statement: `known` are variables, not inputs, so that the
    /// statement can define them again.
    pub(super) fn with_variables(known: &[&str]) -> Self {
        Names {
            variables: defined(known, false).collect(),
            is_alone: true,
            ..Names::default()
        }
    }

    /// Returns the names of a statement typed into a session.
    pub(super) fn typed(known: &KnownNames) -> Self {
        let variables = defined(&known.variables, false);
        let later = |names: &[String]| names.iter().map(|name| (name.clone(), 0)).collect();
        Names {
            variables: variables.chain(defined(&known.inputs, true)).collect(),
            later: later(&known.later),
            regions: known.regions.iter().cloned().collect(),
            blocks: known.blocks.iter().cloned().collect(),
            types: later(&known.types),
            ..Names::default()
        }
    }

    /// Returns the names of a line that is there before the guest starts.
    pub(super) fn inputs(known: &KnownNames) -> Self {
        Names {
            variables: defined(&known.inputs, true).collect(),
            ..Names::default()
        }
    }

    /// Adds the names that a faulty line probably defines.
    pub(super) fn guess<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        self.guessed.extend(names.into_iter().cloned());
    }

    /// Collects the names that a line defines, for the lines before it.
    pub(super) fn collect(&mut self, item: &Item) -> Option<Fault> {
        match item {
            Item::Statement(statement) => {
                for name in defined_names(&statement.kind) {
                    self.later
                        .entry(name.text.clone())
                        .or_insert(statement.line);
                }
                match &statement.kind {
                    StatementKind::Type { name, .. } => self.declare_type(name, statement.line),
                    _ => None,
                }
            }
            Item::Faulty { names } => {
                for name in names {
                    self.later.entry(name.clone()).or_insert(0);
                }
                None
            }
        }
    }

    /// Adds a declared type, which lines before it can use too.
    fn declare_type(&mut self, name: &Name, line: u32) -> Option<Fault> {
        let Some(first) = self.types.get(&name.text) else {
            self.types.insert(name.text.clone(), line);
            return None;
        };
        let message = format!(
            "a second type `{}`; the first is in line {first}",
            name.text
        );
        Some(Fault::new(name.span, message).help("choose another name for one of them"))
    }

    /// Returns whether the file declares this type.
    pub(super) fn is_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Adds what a statement defines.
    pub(super) fn define_all(&mut self, statement: &Statement, faults: &mut Vec<Fault>) {
        let is_input = matches!(statement.kind, StatementKind::Input { .. });
        for name in defined_names(&statement.kind) {
            faults.extend(self.define(name, statement.line, is_input));
        }
        match &statement.kind {
            StatementKind::Region { name, .. } | StatementKind::View { name, .. } => {
                self.regions.insert(name.text.clone());
            }
            StatementKind::Block { name, .. } => drop(self.blocks.insert(name.text.clone())),
            _ => {}
        }
    }

    fn define(&mut self, name: &Name, line: u32, is_input: bool) -> Option<Fault> {
        if name.text == "_" {
            return None;
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
                return Some(fault.help(match is_input {
                    true => "remove one of the lines, or choose another name",
                    false => "an input keeps its value; choose another name here",
                }));
            }
            if is_input && !self.is_alone {
                let fault = Fault::new(
                    name.span,
                    format!("`{}` has a value already, from line {was}", name.text),
                );
                return Some(fault.help("choose another name for the input"));
            }
        }
        self.variables
            .insert(name.text.clone(), Definition { line, is_input });
        None
    }

    /// Checks that a name that is released is a block's. With `nearest`, the fault has the name of
    /// a block that is spelt nearly alike.
    pub(super) fn release(&self, name: &Name, nearest: bool) -> Option<Fault> {
        if self.blocks.contains(&name.text) || self.guessed.contains(&name.text) {
            return None;
        }
        let fault = Fault::new(name.span, format!("there is no block `{}`", name.text));
        if self.regions.contains(&name.text) {
            return Some(
                fault.help("it is a region; name an allocation with `block NAME = ADDR, LEN`"),
            );
        }
        let mut blocks: Vec<&str> = self.blocks.iter().map(String::as_str).collect();
        blocks.sort_unstable();
        let similar = nearest.then(|| vocabulary::did_you_mean(&name.text, blocks));
        Some(match similar.flatten() {
            Some(help) => fault.help(help),
            None => fault.help("name it before this line: `block NAME = ADDR, LEN`"),
        })
    }

    /// Checks that an expression at `scope` can use a variable. With `nearest`, the fault has a
    /// name that is spelt nearly alike.
    pub(super) fn variable(
        &self,
        name: &str,
        span: Span,
        scope: Scope,
        nearest: bool,
    ) -> Option<Fault> {
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
            return None;
        }
        if let Scope::Step | Scope::Callback(_) = scope
            && let Some(line) = self.later.get(name).filter(|line| **line > 0)
        {
            let fault = Fault::new(span, format!("`{name}` has no value yet"));
            return Some(fault.help(format!(
                "it gets a value in line {line}; a step can use only earlier values"
            )));
        }
        let help = nearest.then(|| self.variable_help(name, definition, scope));
        let fault = Fault::new(span, format!("there is no variable `{name}` here"));
        Some(fault.maybe_help(help))
    }

    fn variable_help(&self, name: &str, definition: Option<Definition>, scope: Scope) -> String {
        if self.regions.contains(name) || self.blocks.contains(name) {
            let kind = if self.regions.contains(name) {
                "region"
            } else {
                "block"
            };
            return format!("`{name}` is a {kind}, not a value; name its address with `let`");
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
            return help;
        }
        if vocabulary::is_function(name) {
            return format!("`{name}` is a function; write `{name}(…)`");
        }
        let is_defined = definition.is_some() || self.later.contains_key(name);
        match scope {
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
        }
    }
}

/// Returns a definition of each name that does not come from a line of the file.
fn defined<S: AsRef<str>>(
    names: &[S],
    is_input: bool,
) -> impl Iterator<Item = (String, Definition)> {
    let definition = Definition { line: 0, is_input };
    names
        .iter()
        .map(move |name| (name.as_ref().to_owned(), definition))
}
