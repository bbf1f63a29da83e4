//! Each statement of the language.

use super::{Parsed, Parser};
use crate::script::ast::{Call, Expr, Name, NumberType, Reading, Span, Statement, StatementKind};
use crate::script::error::Fault;
use crate::script::lexer::{Token, TokenKind};
use crate::script::vocabulary;

/// Reads the statement that the line is.
pub(super) fn parse(parser: &mut Parser, line: u32) -> Parsed<Statement> {
    let kind = parser
        .kind()
        .and_then(|kind| parser.finish().map(|()| kind));
    let kind = kind.map_err(|fault| with_form(parser, fault))?;
    let start = parser.tokens.first().map_or(0, |token| token.span.start);
    let span = Span {
        start,
        end: parser.end_of_last(),
    };
    let text = on_one_line(parser.text, parser.tokens);
    Ok(Statement {
        kind,
        span,
        line,
        text,
        narration: None,
    })
}

/// Adds what the statement looks like, where nothing better is said.
fn with_form(parser: &Parser, fault: Fault) -> Fault {
    let words = parser
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == TokenKind::Name);
    let words = words.map(|(at, token)| (at, parser.written(token.span)));
    let is_named = assigned(&Parser::new(parser.text, parser.tokens)).is_some();
    let word = if is_named {
        let behind = parser
            .tokens
            .iter()
            .position(|token| token.kind == TokenKind::Symbol("="))
            .map_or(0, |at| at + 1);
        words
            .filter(|(at, _)| *at == behind)
            .map(|(_, word)| word)
            .next()
    } else {
        words
            .filter(|(at, _)| *at == 0)
            .map(|(_, word)| word)
            .next()
    };
    fault.or_help(|| {
        let form = vocabulary::form(word?)?;
        Some(format!("it is written `{form}`"))
    })
}

/// The statement as written, without comments, each inner line break one space.
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

/// How many names stand before a single `=` at the start of the line.
fn assigned(parser: &Parser) -> Option<usize> {
    let mut count = 0;
    loop {
        parser.word(count * 2)?;
        count += 1;
        match parser.symbol(count * 2 - 1)? {
            "=" => return Some(count),
            "," => {}
            _ => return None,
        }
    }
}

impl Parser<'_> {
    fn kind(&mut self) -> Parsed<StatementKind> {
        if assigned(self).is_some() {
            return self.assignment();
        }
        let Some(word) = self.word(0) else {
            return Err(self.expected("a statement"));
        };
        let known = vocabulary::STATEMENTS.contains(&word) && self.symbol(1) != Some("==");
        if !known {
            return Err(self.unknown_statement(word));
        }
        self.at += 1;
        match word {
            "module" => self.module(),
            "input" => {
                let (name, default) = self.definition()?;
                Ok(StatementKind::Input { name, default })
            }
            "let" => {
                let (name, value) = self.definition()?;
                Ok(StatementKind::Let { name, value })
            }
            "memory" => Ok(StatementKind::Memory {
                export: self.foreign_name("the name of an exported memory")?,
            }),
            "call" => Ok(StatementKind::Call {
                results: Vec::new(),
                call: self.call()?,
            }),
            "set" => self.set(),
            "write" => {
                let (address, value) = self.pair()?;
                Ok(StatementKind::Write { address, value })
            }
            "grow" => Ok(StatementKind::Grow {
                name: None,
                pages: self.expression()?,
            }),
            "region" => {
                let (name, address, length) = self.span()?;
                Ok(StatementKind::Region {
                    name,
                    address,
                    length,
                })
            }
            "block" => {
                let (name, address, length) = self.span()?;
                Ok(StatementKind::Block {
                    name,
                    address,
                    length,
                })
            }
            "release" => Ok(StatementKind::Release {
                name: self.new_name("the name of a block")?,
            }),
            "import" => self.import(),
            "expect" => self.expect(),
            "ask" => self.ask(),
            // `read` and `global`, which give a value and nothing else.
            _ => {
                let fault = Fault::new(
                    self.tokens[0].span,
                    format!("what `{word}` gives needs a name"),
                );
                let rest = self.tokens.last().map_or(0, |last| last.span.end);
                let written = self
                    .text
                    .get(self.tokens[0].span.start..rest)
                    .unwrap_or_default();
                Err(fault.help(format!("write `x = {}`", crate::safe::cut(written, 40))))
            }
        }
    }

    /// `NAME, … = call …`, and what else gives a value.
    fn assignment(&mut self) -> Parsed<StatementKind> {
        let mut names = vec![self.new_name("a name")?];
        while self.take_symbol(",") {
            let name = self.new_name("a name")?;
            if name.text != "_" && names.iter().any(|earlier| earlier.text == name.text) {
                let fault = Fault::new(name.span, format!("`{}` is named twice", name.text));
                return Err(
                    fault.help("give each result its own name, or `_` to one that is not needed")
                );
            }
            self.check_count_of_names(names.len(), name.span)?;
            names.push(name);
        }
        self.expect_symbol("=")?;
        let word = self.word(0).unwrap_or_default();
        if !matches!(word, "call" | "global" | "read" | "grow") {
            return Err(self.unknown_source(word, &names));
        }
        let start = self.here();
        self.at += 1;
        if word == "call" {
            return Ok(StatementKind::Call {
                results: names,
                call: self.call()?,
            });
        }
        let Some(name) = names.pop().filter(|_| names.is_empty()) else {
            return Err(Fault::new(start, format!("`{word}` gives one value"))
                .help("only `call` can give several"));
        };
        match word {
            "global" => Ok(StatementKind::Global {
                name,
                export: self.foreign_name("the name of an exported global")?,
            }),
            "grow" => Ok(StatementKind::Grow {
                name: Some(name),
                pages: self.expression()?,
            }),
            _ => {
                let (address, what) = self.reading()?;
                Ok(StatementKind::Read {
                    name,
                    address,
                    what,
                })
            }
        }
    }

    /// The mistake that something else than a step stands behind `NAME =`.
    fn unknown_source(&self, word: &str, names: &[Name]) -> Fault {
        let fault = self.expected("`call`, `read`, `global` or `grow`");
        let first = names.first().map_or("x", |name| name.text.as_str());
        if self.symbol(1) == Some("(") && !vocabulary::is_function(word) && !word.is_empty() {
            return fault.help(format!(
                "an export is called with `{first} = call {word}(…)`"
            ));
        }
        if (self.word(1).is_some() || self.is_text(1))
            && let Some(help) = vocabulary::did_you_mean(word, ["call", "read", "global", "grow"])
        {
            return fault.help(help);
        }
        match names {
            [_] => fault.help(format!("a value gets its name with `let {first} = …`")),
            _ => fault.help("several names are given only to the results of a call"),
        }
    }

    fn unknown_statement(&self, word: &str) -> Fault {
        match self.symbol(1) {
            Some("==") => {
                let sign = self.token(1).map_or(self.here(), |token| token.span);
                return Fault::new(sign, "`==` compares two values").help(format!(
                    "a name is given with `=`: `{word} = call …` or `let {word} = …`; a \
                     comparison is `expect {word} == …`"
                ));
            }
            Some("(") => {
                let fault = self.expected("a statement");
                return match vocabulary::is_function(word) {
                    true => fault.help(format!("name what it gives: `let x = {word}(…)`")),
                    false => fault.help(format!("an export is called with `call {word}(…)`")),
                };
            }
            _ => {}
        }
        let fault = Fault::new(self.here(), format!("there is no statement `{word}`"));
        if let Some(help) = vocabulary::statement_help(word) {
            return fault.help(help);
        }
        if self
            .word(1)
            .is_some_and(|next| matches!(next, "call" | "read" | "global" | "grow"))
        {
            return fault.help(format!("is a `=` missing behind `{word}`?"));
        }
        fault.help(format!(
            "a line begins with a word such as {}, or with `NAME =`",
            vocabulary::either(["call", "write", "expect"])
        ))
    }

    fn module(&mut self) -> Parsed<StatementKind> {
        let span = self.here();
        match self.take_text() {
            Some(path) if path.is_empty() => Err(Fault::new(span, "the module's path is empty")),
            Some(path) => Ok(StatementKind::Module { path }),
            None => Err(self.expected("the path of a .wasm or .wat file in quotes")),
        }
    }

    /// `NAME = EXPR`
    fn definition(&mut self) -> Parsed<(Name, Expr)> {
        let name = self.new_name("a name")?;
        self.expect_symbol("=")?;
        let word = self.word(0).unwrap_or_default();
        let is_step = matches!(word, "call" | "read" | "global" | "grow");
        if is_step && (self.word(1).is_some() || self.is_text(1)) {
            let fault = Fault::new(
                self.here(),
                format!("`{word}` cannot stand inside an expression"),
            );
            return Err(fault.help(format!(
                "it is a step of its own: `{} = {word} …`, without the word before",
                name.text
            )));
        }
        Ok((name, self.expression()?))
    }

    /// `ADDR, VALUE`
    pub fn pair(&mut self) -> Parsed<(Expr, Expr)> {
        let first = self.expression()?;
        self.expect_symbol(",")?;
        Ok((first, self.expression()?))
    }

    /// `NAME = ADDR, LEN`
    fn span(&mut self) -> Parsed<(Name, Expr, Expr)> {
        let name = self.new_name("a name")?;
        self.expect_symbol("=")?;
        let (address, length) = self.pair()?;
        Ok((name, address, length))
    }

    fn set(&mut self) -> Parsed<StatementKind> {
        let export = self.foreign_name("the name of an exported global")?;
        self.expect_symbol("=")?;
        Ok(StatementKind::Set {
            export,
            value: self.expression()?,
        })
    }

    /// `EXPORT(ARG, …)`
    fn call(&mut self) -> Parsed<Call> {
        let export = self.foreign_name("the name of an export")?;
        if self.symbol(0) != Some("(") {
            return Err(self.not_called(&export));
        }
        Ok(Call {
            export,
            args: self.arguments()?,
        })
    }

    fn not_called(&self, export: &Name) -> Fault {
        let fault = self.expected("`(`");
        let is_adjacent = self.here().start == export.span.end && !self.is_done();
        if !is_adjacent {
            return fault.help(format!(
                "arguments stand in brackets, even where there are none: `call {}()`",
                export.text
            ));
        }
        let behind = self
            .tokens
            .iter()
            .skip(self.at)
            .find(|token| token.kind == TokenKind::Symbol("("));
        let end = behind.map_or(self.here().end, |bracket| bracket.span.start);
        let written = self.written(Span {
            start: export.span.start,
            end,
        });
        fault.help(format!(
            "a name with other characters than letters, digits and _ stands in quotes: `call \
             \"{written}\"(…)`"
        ))
    }

    /// `ADDR, LEN as utf8` or `ADDR as u32`, for the statement and an import's action.
    pub fn reading(&mut self) -> Parsed<(Expr, Reading)> {
        let address = self.expression()?;
        let length = if self.take_symbol(",") {
            Some(self.expression()?)
        } else {
            None
        };
        if !self.take_word("as") {
            return Err(match length {
                Some(_) => self
                    .expected("`as`")
                    .help("say what is read: `as utf8`, `as utf16` or `as bytes`"),
                None => self
                    .expected("`,` or `as`")
                    .help("say what is read: `read p, n as utf8`, or `read p as u32`"),
            });
        }
        let span = self.here();
        let Some(word) = self.word(0) else {
            return Err(self.expected("what to read, such as `utf8` or `u32`"));
        };
        self.at += 1;
        if let Some(encoding) = vocabulary::encoding(word) {
            let help =
                || format!("its length in bytes stands behind the address: `read p, n as {word}`");
            if self.symbol(0) == Some("[") {
                return Err(self.expected("the end of the line").help(help()));
            }
            let missing = || {
                Fault::new(span, format!("`as {word}` needs a length")).help(match word {
                    "utf8" => format!("{}; text up to a NUL is read `as cstr`", help()),
                    _ => help(),
                })
            };
            return Ok((
                address,
                Reading::Sized {
                    length: length.ok_or_else(missing)?,
                    encoding,
                },
            ));
        }
        let number = NumberType::from_name(word);
        if number.is_none() && word != "cstr" {
            return Err(
                Fault::new(span, format!("memory cannot be read as `{word}`"))
                    .help(vocabulary::reading_help(word)),
            );
        }
        if let Some(length) = length {
            let fault = Fault::new(length.span, format!("`as {word}` takes no length"));
            return Err(match number {
                Some(_) => fault.help(format!(
                    "write `read p as {word}` for one, `read p as {word}[n]` for a list of n"
                )),
                None => fault
                    .help("it reads up to a NUL; so many bytes are read with `read p, n as utf8`"),
            });
        }
        let Some(element) = number else {
            return Ok((address, Reading::Cstr));
        };
        if !self.take_symbol("[") {
            return Ok((address, Reading::Number(element)));
        }
        if self.symbol(0) == Some("]") {
            return Err(self
                .expected("a count")
                .help(format!("write `as {word}[n]`")));
        }
        let count = self.expression()?;
        self.expect_symbol("]")?;
        Ok((address, Reading::Array { element, count }))
    }

    fn expect(&mut self) -> Parsed<StatementKind> {
        match self.word(0) {
            Some("trap")
                if self.is_text(1) || self.word(1).is_some() || self.token(1).is_none() =>
            {
                self.expect_trap()
            }
            Some("finding")
                if self.is_text(1) || self.word(1).is_some() || self.token(1).is_none() =>
            {
                self.expect_finding()
            }
            _ => {
                let condition = self.expression()?;
                if self.symbol(0) == Some("=") {
                    return Err(self
                        .expected("the end of the line")
                        .help("two values are compared with `==`"));
                }
                Ok(StatementKind::Expect { condition })
            }
        }
    }

    fn expect_trap(&mut self) -> Parsed<StatementKind> {
        self.at += 1;
        let words = self.take_text();
        if !self.take_word("call") {
            return Err(self
                .expected("`call EXPORT(…)`")
                .help("say which call must trap: `expect trap \"words\" call EXPORT(…)`"));
        }
        Ok(StatementKind::ExpectTrap {
            words,
            call: self.call()?,
        })
    }

    /// A kind has minus signs in it, so it is taken as written up to the line's end.
    fn expect_finding(&mut self) -> Parsed<StatementKind> {
        self.at += 1;
        let span = Span {
            start: self.here().start,
            end: self.tokens.last().map_or(0, |last| last.span.end),
        };
        if self.is_done() {
            let kinds = vocabulary::either(vocabulary::FINDING_KINDS);
            return Err(self
                .expected("a kind of finding")
                .help(format!("there are {kinds}")));
        }
        let unquoted = self.take_text();
        let word = self.written(span).to_owned();
        self.at = self.tokens.len();
        if vocabulary::FINDING_KINDS.contains(&word.as_str()) {
            return Ok(StatementKind::ExpectFinding {
                kind: Name { text: word, span },
            });
        }
        let asked = unquoted.unwrap_or_else(|| word.clone());
        if vocabulary::FINDING_KINDS.contains(&asked.as_str()) {
            let fault = Fault::new(span, "a kind of finding stands without quotes");
            return Err(fault.help(format!("write `expect finding {asked}`")));
        }
        let fault = Fault::new(
            span,
            format!(
                "there is no kind of finding `{}`",
                crate::safe::cut(&asked, 40)
            ),
        );
        let kebab = asked.replace(['_', ' '], "-");
        let same = vocabulary::FINDING_KINDS
            .iter()
            .find(|kind| **kind == kebab);
        let nearest = same
            .copied()
            .or_else(|| vocabulary::nearest(&kebab, vocabulary::FINDING_KINDS));
        Err(match nearest {
            Some(kind) => fault.help(format!("did you mean `{kind}`?")),
            None => fault.help(format!(
                "there are {}",
                vocabulary::either(vocabulary::FINDING_KINDS)
            )),
        })
    }

    fn ask(&mut self) -> Parsed<StatementKind> {
        let Some(question) = self.take_text() else {
            return Err(self.expected("a question in quotes"));
        };
        self.expect_symbol("=")?;
        Ok(StatementKind::Ask {
            question,
            answer: self.expression()?,
        })
    }
}
