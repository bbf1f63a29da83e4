//! The steps language: parses text as a checked [`Script`], and evaluates expressions.
//!
//! Text goes through the lexer, the parser and the checks; Markdown is read by the same lexer. A
//! file with a fault is refused as a whole, with all its faults at once. This part knows no
//! WebAssembly runtime, no timeline and no screen, and opens no file.

pub mod ast;
mod check;
mod error;
pub mod eval;
mod interactive;
mod known_names;
mod lexer;
mod markdown;
mod parser;
mod serialize;
mod type_path;
mod types;
mod vocabulary;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::data_types::TypeTable;
use crate::prose::Document;
use crate::safe;
use ast::{BinaryOp, Expr, ExprKind, Function, Import, Name, Statement, StatementKind};
use error::{Fault, Lines};
pub use error::{ScriptError, ScriptErrors};
pub(crate) use interactive::{
    check_line, declared_type, form_of, function_words, is_plain_name, names_given, parse_line,
    parse_setup, reading_words, source_words, statements_in, step_words, type_words,
};
pub(crate) use known_names::KnownNames;
use lexer::{Lexer, TokenKind};
pub use serialize::SavedStep;

/// The text of a steps file, and its name in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as given; `-` for standard input.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A parsed and checked steps file.
///
/// # Examples
///
/// ```
/// use linmem::script;
///
/// let text = "input text = \"hi\"\nptr = call get_buffer()\nwrite ptr, text\n";
/// let script = script::parse("hello.steps", text)?;
///
/// let steps: Vec<&str> = script.steps().map(|step| step.text.as_str()).collect();
/// assert_eq!(steps, ["ptr = call get_buffer()", "write ptr, text"]);
/// assert!(script.address_variables().contains("ptr"));
///
/// let errors = script::parse("hello.steps", "write ptr, text").unwrap_err();
/// assert_eq!(errors.errors[0].message, "there is no variable `ptr` here");
/// # Ok::<(), script::ScriptErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The text that the statements are from.
    pub source: Source,
    /// The statements, in the order of the file.
    pub statements: Vec<Statement>,
    /// The prose around the statements of a Markdown file.
    pub(crate) document: Document,
    /// Where a recorded host did what the actions of imports do; empty for every other script.
    pub(crate) recorded_actions: Arc<ast::RecordedActions>,
    /// The types that it names, once they are resolved.
    types: Arc<TypeTable>,
    lines: Lines,
    /// The length of the file's text in bytes; the text after it was typed.
    written: usize,
}

impl Script {
    /// Returns whether the script has to do with files of a WASI program. A mention of `provided`
    /// in text only opens an empty folder.
    pub(crate) fn uses_files(&self) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.text.contains("provide"))
    }

    /// Returns the paths that `file("…")` names in the script, in its order. A path that is
    /// computed is known only when its step runs.
    pub fn files(&self) -> Vec<String> {
        let texts = self.statements.iter().map(|s| s.text.as_str());
        texts.flat_map(files_in).collect()
    }
}

/// Returns the texts in calls of `file` in a statement.
fn files_in(statement: &str) -> Vec<String> {
    let mut lexer = Lexer::new(statement, 0..statement.len());
    let mut found = Vec::new();
    while let Some(line) = lexer.next_line() {
        for tokens in line.tokens.windows(4) {
            let [name, open, path, close] = tokens else {
                continue;
            };
            let is_call = name.kind == TokenKind::Name
                && statement.get(name.span.start..name.span.end) == Some("file")
                && open.kind == TokenKind::Symbol("(")
                && close.kind == TokenKind::Symbol(")");
            if let (true, TokenKind::Text(path)) = (is_call, &path.kind) {
                found.push(path.clone());
            }
        }
    }
    found
}

/// Parses and checks a steps file. A `name` that ends in `.md` is a Markdown file, every other one
/// (and `-`) plain steps.
///
/// # Errors
/// All faults of the file, in the order of the file.
pub fn parse(name: &str, text: &str) -> Result<Script, ScriptErrors> {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let lines = Lines::new(text);
    let mut faults = Vec::new();
    let (items, document) = if is_markdown(name) {
        markdown::items(text, &lines, &mut faults)
    } else {
        let start = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        (
            items(text, start..text.len(), &lines, &mut faults),
            Document::default(),
        )
    };
    check::file(&items, &mut faults);
    if !faults.is_empty() {
        return Err(ScriptErrors::new(source, &lines, faults));
    }
    let statements = items.into_iter().filter_map(Item::into_statement).collect();
    let written = source.text.len();
    Ok(Script {
        source,
        statements,
        document,
        recorded_actions: Arc::default(),
        types: Arc::default(),
        lines,
        written,
    })
}

/// Parses one expression, as for `--set` and the terminal's `e`: a value that is known before the
/// guest starts, from literals, functions and the variables `known`.
///
/// # Errors
/// All faults of the expression, with positions in `text`.
pub fn parse_expression(text: &str, known: &[&str]) -> Result<Expr, ScriptErrors> {
    let found = single(text, "a value", |line, faults| {
        let expr = parser::expression(text, line)
            .map_err(|fault| faults.push(fault))
            .ok()?;
        check::value(&expr, known, faults);
        Some(expr)
    });
    found.map_err(|(lines, faults)| errors_in("value", text, &lines, faults))
}

/// Parses one statement on its own, after statements that have bound the variables `known`.
///
/// # Errors
/// All faults of the statement, with positions in `text`.
pub fn parse_statement(text: &str, known: &[&str]) -> Result<Statement, ScriptErrors> {
    let found = single(text, "a statement", |line, faults| {
        let statement = parser::statement(text, 1, line)
            .map_err(|fault| faults.push(fault))
            .ok()?;
        check::statement(&statement, known, faults);
        Some(statement)
    });
    found.map_err(|(lines, faults)| errors_in("statement", text, &lines, faults))
}

impl Script {
    /// Returns the guest's path as the file has it.
    pub fn module(&self) -> Option<&str> {
        self.statements.iter().find_map(|s| match &s.kind {
            StatementKind::Module { path } => Some(path.as_str()),
            _ => None,
        })
    }

    /// Returns the inputs, each with its default.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&Name, &Expr)> {
        self.statements.iter().filter_map(|s| match &s.kind {
            StatementKind::Input { name, default } => Some((name, default)),
            _ => None,
        })
    }

    /// Returns the host functions, memories and globals that the guest imports.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &Import> {
        self.statements.iter().filter_map(|s| match &s.kind {
            StatementKind::Import(import) => Some(import),
            _ => None,
        })
    }

    /// Returns the exported memory that the file chooses, if it does.
    pub(crate) fn memory(&self) -> Option<&Name> {
        self.statements.iter().find_map(|s| match &s.kind {
            StatementKind::Memory { export } => Some(export),
            _ => None,
        })
    }

    /// Returns the statements that are steps, in order. Step 0, the instantiation, has none.
    pub fn steps(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(|s| s.kind.is_step())
    }

    /// Returns the variables that are addresses in a `write`, `read`, `region` or `block`, alone or
    /// in a sum. A variable that only scales, indexes or is measured is an offset, not an address:
    /// `i` in `ptr + i * 4`.
    pub fn address_variables(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for statement in &self.statements {
            match &statement.kind {
                StatementKind::Write { address, .. }
                | StatementKind::Read { address, .. }
                | StatementKind::Region { address, .. }
                | StatementKind::View { address, .. }
                | StatementKind::Block { address, .. } => collect_addresses(address, &mut found),
                _ => {}
            }
        }
        found
    }

    /// Returns the line and column of a byte offset, both counted from 1, the column in characters.
    pub fn line_column(&self, offset: usize) -> (u32, u32) {
        self.lines.line_column(&self.source.text, offset)
    }
}

/// Returns the variables that make up an address or a length, from left to right. Variables that
/// only count elements or give their size are not included.
pub(crate) fn variables_of_address(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    collect_addresses(expr, &mut found);
    found
}

fn collect_addresses(expr: &Expr, found: &mut impl Extend<String>) {
    match &expr.kind {
        ExprKind::Variable(name) => found.extend([name.clone()]),
        ExprKind::Binary {
            op: BinaryOp::Multiply | BinaryOp::ShiftLeft | BinaryOp::Remainder,
            ..
        } => {}
        ExprKind::Binary { left, right, .. } => {
            collect_addresses(left, found);
            collect_addresses(right, found);
        }
        ExprKind::Unary { operand: inner, .. }
        | ExprKind::Index { of: inner, .. }
        | ExprKind::Field { of: inner, .. }
        | ExprKind::Slice { of: inner, .. } => {
            collect_addresses(inner, found);
        }
        ExprKind::Function {
            function: Function::AsU32 | Function::AsI32 | Function::AsU64 | Function::AsI64,
            args,
        } => {
            args.iter().for_each(|arg| collect_addresses(arg, found));
        }
        _ => {}
    }
}

/// A logical line after parsing.
enum Item {
    Statement(Box<Statement>),
    /// A faulty line. The names that it probably defines count as known, so that its fault is not
    /// reported again wherever they are used.
    Faulty {
        names: Vec<String>,
    },
}

impl Item {
    fn into_statement(self) -> Option<Statement> {
        match self {
            Item::Statement(statement) => Some(*statement),
            Item::Faulty { .. } => None,
        }
    }
}

fn is_markdown(name: &str) -> bool {
    let ending = name.len().checked_sub(3).and_then(|at| name.get(at..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(".md"))
}

/// How many faults of a file are found. The rest of the file is not read.
const MAX_FAULTS: usize = 300;

/// Parses the statements in a range of the text.
fn items(
    text: &str,
    range: std::ops::Range<usize>,
    lines: &Lines,
    faults: &mut Vec<Fault>,
) -> Vec<Item> {
    let mut lexer = Lexer::new(text, range);
    let mut items = Vec::new();
    while faults.len() < MAX_FAULTS
        && let Some(line) = lexer.next_line()
    {
        let faulty = || Item::Faulty {
            names: parser::guess_names(text, &line.tokens),
        };
        if let Some(fault) = line.fault {
            faults.push(fault);
            items.push(faulty());
            continue;
        }
        let number = lines.line(line.tokens.first().map_or(0, |token| token.span.start));
        match parser::statement(text, number, &line.tokens) {
            Ok(statement) => items.push(Item::Statement(Box::new(statement))),
            Err(fault) => {
                faults.push(fault);
                items.push(faulty());
            }
        }
    }
    items
}

/// Parses a text that must be one logical line; `what` names it in messages.
fn single<T>(
    text: &str,
    what: &str,
    parse: impl FnOnce(&[lexer::Token], &mut Vec<Fault>) -> Option<T>,
) -> Result<T, (Lines, Vec<Fault>)> {
    let mut faults = Vec::new();
    let mut found = None;
    let mut lexer = Lexer::new(text, 0..text.len());
    match lexer.next_line() {
        None => faults.push(Fault::new(
            text.len()..text.len(),
            format!("expected {what}, found nothing"),
        )),
        Some(line) => match line.fault {
            Some(fault) => faults.push(fault),
            None => found = parse(&line.tokens, &mut faults),
        },
    }
    if faults.is_empty()
        && let Some(more) = lexer.next_line()
    {
        let span = more
            .tokens
            .first()
            .map_or(0..0, |token| token.span.start..token.span.end);
        faults.push(Fault::new(
            span,
            format!("expected {what} on one line, found a second line"),
        ));
    }
    match found {
        Some(found) if faults.is_empty() => Ok(found),
        _ => Err((Lines::new(text), faults)),
    }
}

fn errors_in(name: &str, text: &str, lines: &Lines, faults: Vec<Fault>) -> ScriptErrors {
    ScriptErrors::new(
        Source {
            name: name.to_owned(),
            text: text.to_owned(),
        },
        lines,
        faults,
    )
}

#[cfg(test)]
mod tests;
