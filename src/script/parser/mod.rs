//! Tokens of one logical line to a statement or an expression. Sees one line at a time: what a name
//! means, and whether it is known, is for `check`.

mod expression;
mod import;
mod statement;

use super::ast::{Expr, Name, Span, Statement};
use super::error::Fault;
use super::lexer::{Token, TokenKind};
use super::{safe, vocabulary};

/// The most parameters, and the most results, that a WebAssembly function has anywhere.
const MOST_NAMES: usize = 1000;

pub(super) use statement::on_one_line;

type Parsed<T> = Result<T, Fault>;

/// Reads one statement.
pub(super) fn statement(text: &str, line: u32, tokens: &[Token]) -> Parsed<Statement> {
    statement::parse(&mut Parser::new(text, tokens), line)
}

/// Reads one expression and nothing behind it.
pub(super) fn expression(text: &str, tokens: &[Token]) -> Parsed<Expr> {
    let mut parser = Parser::new(text, tokens);
    let expr = parser.expression()?;
    parser.finish()?;
    Ok(expr)
}

/// The names that a line which could not be read was about to give.
pub(super) fn salvaged_names(text: &str, tokens: &[Token]) -> Vec<String> {
    let parser = Parser::new(text, tokens);
    let first = parser.word(0).unwrap_or_default();
    let is_statement = vocabulary::STATEMENTS.contains(&first) && parser.symbol(1).is_none();
    if is_statement {
        let gives = matches!(first, "let" | "input" | "region" | "block");
        return parser
            .word(1)
            .filter(|_| gives)
            .map(str::to_owned)
            .into_iter()
            .collect();
    }
    let mut names: Vec<String> = parser.word(0).map(str::to_owned).into_iter().collect();
    let mut at = 1;
    while let (Some(","), Some(name)) = (parser.symbol(at), parser.word(at + 1)) {
        names.push(name.to_owned());
        at += 2;
    }
    names
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Brackets and signs that are open around the current token.
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Parser {
            text,
            tokens,
            at: 0,
            nesting: 0,
        }
    }

    fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead)
    }

    /// The name so many tokens ahead, if one stands there.
    fn word(&self, ahead: usize) -> Option<&'a str> {
        self.token(ahead)
            .filter(|token| token.kind == TokenKind::Name)
            .map(|token| self.written(token.span))
    }

    fn symbol(&self, ahead: usize) -> Option<&'static str> {
        match self.token(ahead)?.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    fn is_text(&self, ahead: usize) -> bool {
        self.token(ahead)
            .is_some_and(|token| matches!(token.kind, TokenKind::Text(_)))
    }

    fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn written(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.symbol(0) == Some(symbol);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word(0) == Some(word);
        self.at += usize::from(found);
        found
    }

    fn take_text(&mut self) -> Option<String> {
        match &self.token(0)?.kind {
            TokenKind::Text(text) => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{symbol}`")))
        }
    }

    /// Where the current token stands, or the end of the line.
    fn here(&self) -> Span {
        match (self.token(0), self.tokens.last()) {
            (Some(token), _) => token.span,
            (None, Some(last)) => Span {
                start: last.span.end,
                end: last.span.end,
            },
            (None, None) => Span::default(),
        }
    }

    /// Where the token before the current one ends.
    fn end_of_last(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    /// The mistake that something else stands here.
    fn expected(&self, what: &str) -> Fault {
        Fault::new(
            self.here(),
            format!("expected {what}, found {}", self.found()),
        )
    }

    fn found(&self) -> String {
        match self.token(0) {
            None => "the end of the line".to_owned(),
            Some(token) => match &token.kind {
                TokenKind::Text(text) => format!("the text {}", safe::quoted(text, 24)),
                _ => format!("`{}`", safe::cut(self.written(token.span), 24)),
            },
        }
    }

    fn finish(&self) -> Parsed<()> {
        if self.is_done() {
            return Ok(());
        }
        let fault = self.expected("the end of the line");
        Err(match self.symbol(0) {
            Some(";") => fault
                .help("each statement has its own line; `;` separates the actions of an import"),
            _ => fault,
        })
    }

    /// A name that is given to something.
    fn new_name(&mut self, what: &str) -> Parsed<Name> {
        let span = self.here();
        let Some(word) = self.word(0) else {
            return Err(self.expected(what));
        };
        if vocabulary::RESERVED.contains(&word) {
            return Err(Fault::new(
                span,
                format!("`{word}` is a value and cannot be a name"),
            ));
        }
        self.at += 1;
        Ok(Name {
            text: word.to_owned(),
            span,
        })
    }

    /// Keeps lists of names as short as WebAssembly does, so that each may be compared with all the
    /// others.
    fn check_count_of_names(&self, earlier: usize, span: Span) -> Parsed<()> {
        if earlier < MOST_NAMES {
            return Ok(());
        }
        let fault = Fault::new(span, format!("more than {MOST_NAMES} names in one list"));
        Err(fault.help(format!(
            "a function has at most {MOST_NAMES} parameters and as many results"
        )))
    }

    /// The name of an export or one half of an import's: a name, or any text in quotes.
    fn foreign_name(&mut self, what: &str) -> Parsed<Name> {
        let span = self.here();
        if let Some(word) = self.word(0) {
            self.at += 1;
            return Ok(Name {
                text: word.to_owned(),
                span,
            });
        }
        match self.take_text() {
            Some(text) => Ok(Name { text, span }),
            None => Err(self.expected(what)),
        }
    }
}
