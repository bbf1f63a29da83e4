//! The order of statements: what comes first, and what there is once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::script::ast::{Import, ImportKind, ImportName, Span, Statement, StatementKind};
use crate::script::error::Fault;

/// The statements so far whose place in the file matters, each by its line.
#[derive(Default)]
pub(super) struct Order {
    imports: HashMap<(ImportName, Option<u64>), u32>,
    module: Option<u32>,
    memory: Option<u32>,
    args: Option<u32>,
    environment: HashMap<String, u32>,
    first: Option<u32>,
    first_step: Option<u32>,
}

impl Order {
    /// Checks the order: `module` first and once, `memory` once, `import` before the first step.
    pub(super) fn check(&mut self, statement: &Statement, faults: &mut Vec<Fault>) {
        let span = first_word(statement);
        match &statement.kind {
            StatementKind::Module { .. } => {
                if let Some(line) = self.module {
                    let fault = Fault::new(
                        span,
                        format!("a second `module`; the first is in line {line}"),
                    );
                    faults.push(fault.help("a session has one guest; remove one of the lines"));
                } else if let Some(line) = self.first {
                    let fault = Fault::new(span, "`module` must be the first statement");
                    faults.push(fault.help(format!("move it above line {line}")));
                }
                self.module.get_or_insert(statement.line);
            }
            StatementKind::Memory { .. } => {
                if let Some(line) = self.memory {
                    let fault = Fault::new(
                        span,
                        format!("a second `memory`; the first is in line {line}"),
                    );
                    faults.push(fault.help("a session shows one memory; remove one of the lines"));
                }
                self.memory.get_or_insert(statement.line);
            }
            StatementKind::Import(import) => {
                faults.extend(self.before_steps("import", span));
                faults.extend(self.import(import, statement.line));
            }
            StatementKind::Args { .. } => {
                faults.extend(self.before_steps("args", span));
                if let Some(line) = self.args {
                    let message = format!("a second `args`; the first is in line {line}");
                    faults.push(
                        Fault::new(span, message)
                            .help("write all arguments on one line: `args a, b`"),
                    );
                }
                self.args.get_or_insert(statement.line);
            }
            StatementKind::Env { name, .. } => {
                faults.extend(self.before_steps("env", span));
                if let Some(line) = self.environment.get(&name.text) {
                    let message =
                        format!("a second value for this variable; the first is in line {line}");
                    faults.push(Fault::new(name.span, message).help("remove one of the lines"));
                }
                self.environment
                    .entry(name.text.clone())
                    .or_insert(statement.line);
            }
            StatementKind::Provide { .. } => faults.extend(self.before_steps("provide", span)),
            _ => {}
        }
        self.first.get_or_insert(statement.line);
        if statement.kind.is_step() {
            self.first_step.get_or_insert(statement.line);
        }
    }

    /// Checks that no step is before the statement that begins with `word`.
    fn before_steps(&self, word: &str, span: Span) -> Option<Fault> {
        let line = self.first_step?;
        let fault = Fault::new(span, format!("`{word}` must be before the first step"));
        Some(fault.help(format!(
            "the first step is in line {line}; move this line above it"
        )))
    }

    /// Checks that an import, or a call of it, has one line.
    fn import(&mut self, import: &Import, line: u32) -> Option<Fault> {
        let call = match &import.kind {
            ImportKind::Function { call, .. } => *call,
            ImportKind::Memory { .. } | ImportKind::Table { .. } | ImportKind::Global { .. } => {
                None
            }
        };
        let earlier = match self.imports.entry((import.name.clone(), call)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                entry.insert(line);
                return None;
            }
        };
        let message = format!("a second line for this import; the first is in line {earlier}");
        let fault = Fault::new(import.span, message);
        Some(fault.help("write all its actions on one line, with `;` between them"))
    }
}

/// Returns the place of the word that a statement begins with.
pub(super) fn first_word(statement: &Statement) -> Span {
    let length = crate::script::lexer::name_length(&statement.text);
    Span {
        start: statement.span.start,
        end: statement.span.start + length.max(1),
    }
}

/// Returns the fault of a statement that can only come before the guest starts.
pub(super) fn too_late(statement: &Statement) -> Option<Fault> {
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
