//! Parses each statement of the language.

use super::{Parsed, Parser};
use crate::script::ast::{Call, Expr, Name, Span, Statement, StatementKind, TablePlace};
use crate::script::error::Fault;
use crate::script::lexer::{Token, TokenKind};
use crate::script::vocabulary;

type ParseStatement = fn(&mut Parser<'_>) -> Parsed<StatementKind>;
type ParseAssigned = fn(&mut Parser<'_>, Name) -> Parsed<StatementKind>;

/// How a statement is parsed after its first word.
const STATEMENTS: [(&str, ParseStatement); 19] = [
    ("args", |parser| parser.args()),
    ("env", |parser| parser.env()),
    ("provide", |parser| parser.provide()),
    ("module", |parser| parser.module()),
    ("input", |parser| parser.input()),
    ("let", |parser| parser.let_()),
    ("memory", |parser| parser.memory()),
    ("call", |parser| parser.call_without_results()),
    ("set", |parser| parser.set()),
    ("write", |parser| parser.write()),
    ("grow", |parser| parser.grow()),
    ("region", |parser| parser.region()),
    ("view", |parser| parser.view()),
    ("type", |parser| parser.type_()),
    ("block", |parser| parser.block()),
    ("release", |parser| parser.release()),
    ("import", |parser| parser.import()),
    ("expect", |parser| parser.expect()),
    ("ask", |parser| parser.ask()),
];

/// How a statement with one result is parsed after `NAME = WORD`.
const ASSIGNED: [(&str, ParseAssigned); 4] = [
    ("callback", |parser, name| parser.assigned_callback(name)),
    ("global", |parser, name| parser.assigned_global(name)),
    ("grow", |parser, name| parser.assigned_grow(name)),
    ("read", |parser, name| parser.assigned_read(name)),
];

/// The words that can come after `NAME =`.
const SOURCES: [&str; 5] = ["call", "read", "global", "grow", "callback"];

/// Parses the statement of one logical line.
pub(super) fn parse(parser: &mut Parser, line: u32) -> Parsed<Statement> {
    let kind = parser
        .statement_kind()
        .and_then(|kind| parser.finish().map(|()| kind));
    let kind = kind.map_err(|fault| add_form_help(parser, fault))?;
    let start = parser.tokens.first().map_or(0, |token| token.span.start);
    let span = Span {
        start,
        end: parser.previous_end(),
    };
    let text = on_one_line(parser.text, parser.tokens);
    Ok(Statement {
        kind,
        span,
        line,
        text,
        narration: None,
        recorded: None,
    })
}

/// Adds the form of the statement to a fault that has no other help.
fn add_form_help(parser: &Parser, fault: Fault) -> Fault {
    let start = Parser::new(parser.text, parser.tokens);
    let at = match assigned_names(&start) {
        None => 0,
        Some(_) => parser
            .tokens
            .iter()
            .position(|token| token.kind == TokenKind::Symbol("="))
            .map_or(0, |at| at + 1),
    };
    fault.or_help(|| {
        let form = vocabulary::form(start.peek_name(at)?)?;
        Some(format!("the form is `{form}`"))
    })
}

/// Returns the statement as written, without comments, each inner line break as one space.
pub(in crate::script) fn on_one_line(text: &str, tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut last: Option<Span> = None;
    for token in tokens {
        let gap = last.map_or("", |last| {
            text.get(last.end..token.span.start).unwrap_or_default()
        });
        out.push_str(if gap.contains('\n') { " " } else { gap });
        out.push_str(
            text.get(token.span.start..token.span.end)
                .unwrap_or_default(),
        );
        last = Some(token.span);
    }
    out
}

/// Returns how many names come before a single `=` at the start of the line.
pub(super) fn assigned_names(parser: &Parser) -> Option<usize> {
    let mut count = 0;
    loop {
        parser.peek_name(count * 2)?;
        count += 1;
        match parser.peek_symbol(count * 2 - 1)? {
            "=" => return Some(count),
            "," => {}
            _ => return None,
        }
    }
}

impl Parser<'_> {
    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        if assigned_names(self).is_some() {
            return self.assignment();
        }
        let Some(word) = self.peek_name(0) else {
            return Err(self.expected("a statement"));
        };
        if !vocabulary::is_statement(word) || self.peek_symbol(1) == Some("==") {
            return Err(self.unknown_statement(word));
        }
        match STATEMENTS.iter().find(|(known, _)| *known == word) {
            Some((_, parse)) => {
                self.at += 1;
                parse(self)
            }
            None => Err(self.unnamed_value(word)),
        }
    }

    /// Returns the fault for `read` and `global` without `NAME =`.
    fn unnamed_value(&self, word: &str) -> Fault {
        let span = self.current_span();
        let end = self.tokens.last().map_or(span.end, |last| last.span.end);
        let line = self.text_of(Span {
            start: span.start,
            end,
        });
        Fault::new(span, format!("the value of `{word}` has no name"))
            .help(format!("write `x = {}`", crate::safe::cut(line, 40)))
    }

    /// Parses `NAME, … = call …` and the other statements with a result.
    fn assignment(&mut self) -> Parsed<StatementKind> {
        let mut names = self.names_before_equals()?;
        let word = self.peek_name(0).unwrap_or_default();
        let start = self.current_span();
        if word == "call" {
            self.at += 1;
            return Ok(StatementKind::Call {
                results: names,
                call: self.call()?,
            });
        }
        let Some((_, parse)) = ASSIGNED.iter().find(|(known, _)| *known == word) else {
            return Err(self.unknown_source(word, &names));
        };
        self.at += 1;
        let count = names.len();
        match names.pop().filter(|_| names.is_empty()) {
            Some(name) => parse(self, name),
            None => Err(several_names(start, word, count)),
        }
    }

    /// Parses `NAME, … =`.
    pub fn names_before_equals(&mut self) -> Parsed<Vec<Name>> {
        let mut names = vec![self.new_name("a name")?];
        while self.eat_symbol(",") {
            let name = self.new_name("a name")?;
            if name.text != "_" && names.iter().any(|earlier| earlier.text == name.text) {
                let fault =
                    Fault::new(name.span, format!("two results are called `{}`", name.text));
                return Err(fault.help(
                    "give each result its own name, or use `_` for a result that is not needed",
                ));
            }
            self.check_count_of_names(names.len(), name.span)?;
            names.push(name);
        }
        self.expect_symbol("=")?;
        Ok(names)
    }

    fn assigned_global(&mut self, name: Name) -> Parsed<StatementKind> {
        let export = self.external_name("the name of an exported global")?;
        Ok(StatementKind::Global { name, export })
    }

    fn assigned_grow(&mut self, name: Name) -> Parsed<StatementKind> {
        Ok(StatementKind::Grow {
            name: Some(name),
            pages: self.expression()?,
        })
    }

    fn assigned_read(&mut self, name: Name) -> Parsed<StatementKind> {
        let (address, what) = self.reading()?;
        Ok(StatementKind::Read {
            name,
            address,
            what,
        })
    }

    /// Returns the fault for a word after `NAME =` that has no result.
    fn unknown_source(&self, word: &str, names: &[Name]) -> Fault {
        let fault = self.expected("`call`, `read`, `global`, `grow` or `callback`");
        let first = names.first().map_or("x", |name| name.text.as_str());
        if self.peek_symbol(1) == Some("(") && !vocabulary::is_function(word) && !word.is_empty() {
            return fault.help(format!(
                "to call an export, write `{first} = call {word}(…)`"
            ));
        }
        if (self.peek_name(1).is_some() || self.is_text(1))
            && let Some(help) = vocabulary::did_you_mean(word, SOURCES)
        {
            return fault.help(help);
        }
        match names {
            [_] => fault.help(format!("to name a value, write `let {first} = …`")),
            _ => fault.help("only the results of a call can have several names"),
        }
    }

    fn unknown_statement(&self, word: &str) -> Fault {
        match self.peek_symbol(1) {
            Some("==") => {
                let sign = self
                    .token(1)
                    .map_or(self.current_span(), |token| token.span);
                return Fault::new(sign, "`==` compares two values").help(format!(
                    "to name a value, write `{word} = call …` or `let {word} = …`; to compare, \
                     write `expect {word} == …`"
                ));
            }
            Some("(") => {
                let fault = self.expected("a statement");
                return match vocabulary::is_function(word) {
                    true => fault.help(format!("to name its value, write `let x = {word}(…)`")),
                    false => fault.help(format!("to call an export, write `call {word}(…)`")),
                };
            }
            _ => {}
        }
        let fault = Fault::new(
            self.current_span(),
            format!("there is no statement `{word}`"),
        );
        if let Some(help) = vocabulary::statement_help(word) {
            return fault.help(help);
        }
        if self
            .peek_name(1)
            .is_some_and(|next| SOURCES.contains(&next))
        {
            return fault.help(format!("is `=` missing after `{word}`?"));
        }
        fault.help(format!(
            "a line starts with a word such as {}, or with `NAME =`",
            vocabulary::either(["call", "write", "expect"])
        ))
    }

    fn module(&mut self) -> Parsed<StatementKind> {
        let span = self.current_span();
        match self.eat_text() {
            Some(path) if path.is_empty() => Err(Fault::new(span, "the module's path is empty")
                .help("write the path of a .wasm or .wat file")),
            Some(path) => Ok(StatementKind::Module { path }),
            None => Err(self.expected("the path of a .wasm or .wat file in quotes")),
        }
    }

    fn input(&mut self) -> Parsed<StatementKind> {
        let (name, default) = self.definition()?;
        Ok(StatementKind::Input { name, default })
    }

    fn let_(&mut self) -> Parsed<StatementKind> {
        let (name, value) = self.definition()?;
        Ok(StatementKind::Let { name, value })
    }

    fn memory(&mut self) -> Parsed<StatementKind> {
        let export = self.external_name("the name of an exported memory")?;
        Ok(StatementKind::Memory { export })
    }

    fn args(&mut self) -> Parsed<StatementKind> {
        let mut values = vec![self.expression()?];
        while self.eat_symbol(",") {
            values.push(self.expression()?);
        }
        Ok(StatementKind::Args { values })
    }

    fn env(&mut self) -> Parsed<StatementKind> {
        let name = self.external_name("the name of a variable of the environment")?;
        if name.text.is_empty() || name.text.contains(['=', '\0']) {
            return Err(Fault::new(
                name.span,
                "a variable of the environment cannot have this name",
            )
            .help("write a name that is not empty and has no `=` and no NUL"));
        }
        self.expect_symbol("=")?;
        let value = self.expression()?;
        Ok(StatementKind::Env { name, value })
    }

    fn provide(&mut self) -> Parsed<StatementKind> {
        let path = self.external_name("the path of a file, in quotes")?;
        self.expect_symbol("=")?;
        let value = self.expression()?;
        Ok(StatementKind::Provide { path, value })
    }

    fn call_without_results(&mut self) -> Parsed<StatementKind> {
        Ok(StatementKind::Call {
            results: Vec::new(),
            call: self.call()?,
        })
    }

    fn set(&mut self) -> Parsed<StatementKind> {
        let start = self.at;
        let export = self.external_name("the name of an exported global")?;
        if matches!(self.peek_symbol(0), Some("[" | ".")) {
            self.at = start;
            return self.set_element().map(StatementKind::SetElement);
        }
        self.expect_symbol("=")?;
        Ok(StatementKind::Set {
            export,
            value: self.expression()?,
        })
    }

    fn write(&mut self) -> Parsed<StatementKind> {
        let is_zeroed = self.zeroed();
        let (address, value) = self.pair()?;
        Ok(StatementKind::Write {
            address,
            value,
            is_zeroed,
        })
    }

    fn grow(&mut self) -> Parsed<StatementKind> {
        if let Some(growth) = self.table_growth() {
            return growth.map(StatementKind::GrowTable);
        }
        Ok(StatementKind::Grow {
            name: None,
            pages: self.expression()?,
        })
    }

    fn region(&mut self) -> Parsed<StatementKind> {
        let (name, address, length) = self.named_span()?;
        Ok(StatementKind::Region {
            name,
            address,
            length,
        })
    }

    fn view(&mut self) -> Parsed<StatementKind> {
        let name = self.new_name("a name")?;
        self.expect_symbol("=")?;
        let address = self.expression()?;
        if !self.eat_name("as") {
            return Err(self
                .expected("`as`")
                .help("write the type of the bytes: `view NAME = ADDR as TYPE`"));
        }
        let ty = self.written_type()?;
        Ok(StatementKind::View { name, address, ty })
    }

    fn type_(&mut self) -> Parsed<StatementKind> {
        let name = self.new_name("a name")?;
        if vocabulary::is_type_word(&name.text) {
            return Err(
                Fault::new(name.span, format!("`{}` is a type already", name.text))
                    .help("choose another name"),
            );
        }
        self.expect_symbol("=")?;
        let described = self.data_type()?;
        Ok(StatementKind::Type { name, described })
    }

    fn block(&mut self) -> Parsed<StatementKind> {
        let (name, address, length) = self.named_span()?;
        Ok(StatementKind::Block {
            name,
            address,
            length,
        })
    }

    fn release(&mut self) -> Parsed<StatementKind> {
        let name = self.new_name("the name of a block")?;
        Ok(StatementKind::Release { name })
    }

    /// Parses `NAME = EXPR`.
    pub fn definition(&mut self) -> Parsed<(Name, Expr)> {
        let name = self.new_name("a name")?;
        self.expect_symbol("=")?;
        let word = self.peek_name(0).unwrap_or_default();
        let is_callback = word == "callback" && self.peek_symbol(1) == Some("(");
        if is_callback
            || SOURCES.contains(&word) && (self.peek_name(1).is_some() || self.is_text(1))
        {
            let fault = Fault::new(
                self.current_span(),
                format!("`{word}` cannot be used inside an expression"),
            );
            let rest = if is_callback { "(…)" } else { " …" };
            return Err(fault.help(format!(
                "write it as a step: `{} = {word}{rest}`",
                name.text
            )));
        }
        Ok((name, self.expression()?))
    }

    /// Parses `ADDR, VALUE`.
    pub fn pair(&mut self) -> Parsed<(Expr, Expr)> {
        let first = self.expression()?;
        self.expect_symbol(",")?;
        Ok((first, self.expression()?))
    }

    /// Parses `NAME = ADDR, LEN`.
    fn named_span(&mut self) -> Parsed<(Name, Expr, Expr)> {
        let name = self.new_name("a name")?;
        self.expect_symbol("=")?;
        let (address, length) = self.pair()?;
        Ok((name, address, length))
    }

    /// Parses `EXPORT(ARG, …)`, `TABLE[INDEX](ARG, …)` or `MODULE.TABLE[INDEX](ARG, …)`.
    pub fn call(&mut self) -> Parsed<Call> {
        let mut export = self.external_name("the name of an export")?;
        let module = if self.is_imported_table() {
            self.at += 1;
            let table = self.external_name("a table's name")?;
            Some(std::mem::replace(&mut export, table))
        } else {
            None
        };
        let place = if self.eat_symbol("[") {
            let index = self.expression()?;
            self.expect_symbol("]")
                .map_err(|fault| fault.help("write `call TABLE[INDEX](…)`"))?;
            Some(TablePlace { module, index })
        } else {
            None
        };
        if self.peek_symbol(0) != Some("(") {
            return Err(self.missing_arguments(&export));
        }
        Ok(Call {
            export,
            place,
            args: self.arguments()?,
        })
    }

    /// Returns whether `.NAME[` comes next.
    fn is_imported_table(&self) -> bool {
        let is_name = self.peek_name(1).is_some() || self.is_text(1);
        self.peek_symbol(0) == Some(".") && is_name && self.peek_symbol(2) == Some("[")
    }

    fn missing_arguments(&self, export: &Name) -> Fault {
        let fault = self.expected("`(`");
        let is_adjacent = self.current_span().start == export.span.end && !self.is_done();
        if !is_adjacent {
            return fault.help(format!(
                "write the arguments in brackets, even when there are none: `call {}()`",
                export.text
            ));
        }
        let bracket = self
            .tokens
            .iter()
            .skip(self.at)
            .find(|token| token.kind == TokenKind::Symbol("("));
        let end = bracket.map_or(self.current_span().end, |bracket| bracket.span.start);
        let name = self.text_of(Span {
            start: export.span.start,
            end,
        });
        fault.help(format!(
            "put a name with characters other than letters, digits and _ in quotes: `call \
             \"{name}\"(…)`"
        ))
    }
}

/// Returns the fault for several names before a `word`, at `span`, that has one result.
pub(super) fn several_names(span: Span, word: &str, count: usize) -> Fault {
    Fault::new(
        span,
        format!("`{word}` has one result, but {count} names are given"),
    )
    .help("give one name; only `call` can have several results")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_the_vocabulary_has_a_parser() {
        let parsed = STATEMENTS.map(|(word, _)| word).into_iter();
        let assigned = ASSIGNED.map(|(word, _)| word).into_iter();
        let mut words: Vec<&str> = parsed.chain(assigned).collect();
        words.sort_unstable();
        words.dedup();
        let mut known: Vec<&str> = vocabulary::statements().collect();
        known.sort_unstable();
        assert_eq!(words, known);
    }
}
