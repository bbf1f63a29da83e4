//! Parses the tokens of one logical line as a statement or an expression. It sees one line at a
//! time; [`super::check`] decides what a name means and whether it is known.

mod callback;
mod check;
mod expression;
mod import;
mod reading;
mod record;
mod statement;
mod table;
mod types;

use super::ast::{Expr, Name, Span, Statement};
use super::error::Fault;
use super::lexer::{Token, TokenKind};
use super::{safe, vocabulary};

/// The most parameters, and the most results, of a WebAssembly function
/// ([JavaScript API, limits](https://webassembly.github.io/spec/js-api/#limits)).
const MAX_NAMES: usize = 1000;

pub(super) use reading::unknown_reading;
pub(super) use statement::on_one_line;

type Parsed<T> = Result<T, Fault>;

/// Parses one statement.
pub(super) fn statement(text: &str, line: u32, tokens: &[Token]) -> Parsed<Statement> {
    statement::parse(&mut Parser::new(text, tokens), line)
}

/// Parses one expression that is the whole line.
pub(super) fn expression(text: &str, tokens: &[Token]) -> Parsed<Expr> {
    let mut parser = Parser::new(text, tokens);
    let expr = parser.expression()?;
    parser.finish()?;
    Ok(expr)
}

/// Returns the names that a line defines, as far as they can be guessed where it does not parse.
pub(super) fn guess_names(text: &str, tokens: &[Token]) -> Vec<String> {
    let parser = Parser::new(text, tokens);
    let first = parser.peek_name(0).unwrap_or_default();
    let is_statement = vocabulary::is_statement(first) && parser.peek_symbol(1).is_none();
    if is_statement {
        let defines = matches!(first, "let" | "input" | "region" | "block" | "view");
        return parser
            .peek_name(1)
            .filter(|_| defines)
            .map(str::to_owned)
            .into_iter()
            .collect();
    }
    let mut names: Vec<String> = parser.peek_name(0).map(str::to_owned).into_iter().collect();
    let mut at = 1;
    while let (Some(","), Some(name)) = (parser.peek_symbol(at), parser.peek_name(at + 1)) {
        names.push(name.to_owned());
        at += 2;
    }
    names
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// The number of brackets and signs around the current token.
    nesting: usize,
    /// The number of records around the current token.
    records: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Parser {
            text,
            tokens,
            at: 0,
            nesting: 0,
            records: 0,
        }
    }

    fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead)
    }

    /// Returns the name `ahead` tokens after the current one, if that token is a name.
    fn peek_name(&self, ahead: usize) -> Option<&'a str> {
        self.token(ahead)
            .filter(|token| token.kind == TokenKind::Name)
            .map(|token| self.text_of(token.span))
    }

    fn peek_symbol(&self, ahead: usize) -> Option<&'static str> {
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

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Moves past the current token if it is `symbol`, and returns whether it is.
    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek_symbol(0) == Some(symbol);
        self.at += usize::from(found);
        found
    }

    /// Moves past the current token if it is `name`, and returns whether it is.
    fn eat_name(&mut self, name: &str) -> bool {
        let found = self.peek_name(0) == Some(name);
        self.at += usize::from(found);
        found
    }

    /// Moves past the current token if it is a text, and returns the text.
    fn eat_text(&mut self) -> Option<String> {
        match &self.token(0)?.kind {
            TokenKind::Text(text) => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat_symbol(symbol) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{symbol}`")))
        }
    }

    /// Returns the place of the current token, or the end of the line.
    fn current_span(&self) -> Span {
        match (self.token(0), self.tokens.last()) {
            (Some(token), _) => token.span,
            (None, Some(last)) => Span {
                start: last.span.end,
                end: last.span.end,
            },
            (None, None) => Span::default(),
        }
    }

    /// Returns the end of the token before the current one.
    fn previous_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    /// Returns the fault that the current token is not `what`.
    fn expected(&self, what: &str) -> Fault {
        Fault::new(
            self.current_span(),
            format!("expected {what}, found {}", self.describe_current()),
        )
    }

    fn describe_current(&self) -> String {
        match self.token(0) {
            None => "the end of the line".to_owned(),
            Some(token) => match &token.kind {
                TokenKind::Text(text) => format!("the text {}", safe::quoted(text, 24)),
                _ => format!("`{}`", safe::cut(self.text_of(token.span), 24)),
            },
        }
    }

    fn finish(&self) -> Parsed<()> {
        if self.is_done() {
            return Ok(());
        }
        let fault = self.expected("the end of the line");
        Err(match self.peek_symbol(0) {
            Some(";") => fault.help(
                "write each statement on its own line; `;` only separates the actions of an import",
            ),
            Some("->") => fault.help("write the results first: `NAME = call …`"),
            Some("{" | "}") => fault.help("there are no blocks; write one statement on each line"),
            _ => fault,
        })
    }

    /// Parses a name that the script defines.
    fn new_name(&mut self, what: &str) -> Parsed<Name> {
        let span = self.current_span();
        let Some(word) = self.peek_name(0) else {
            return Err(self.expected(what));
        };
        if vocabulary::RESERVED.contains(&word) {
            return Err(
                Fault::new(span, format!("`{word}` is a value and cannot be a name"))
                    .help("choose another name"),
            );
        }
        self.at += 1;
        Ok(Name {
            text: word.to_owned(),
            span,
        })
    }

    /// Limits a list of names, so that each name can be compared with all the others.
    fn check_count_of_names(&self, earlier: usize, span: Span) -> Parsed<()> {
        if earlier < MAX_NAMES {
            return Ok(());
        }
        let fault = Fault::new(span, format!("more than {MAX_NAMES} names in one list"));
        Err(fault.help(format!(
            "a function has at most {MAX_NAMES} parameters and {MAX_NAMES} results"
        )))
    }

    /// Parses the name of an export, or one half of an import's: a name, or any text in quotes.
    fn external_name(&mut self, what: &str) -> Parsed<Name> {
        let span = self.current_span();
        if let Some(word) = self.peek_name(0) {
            self.at += 1;
            return Ok(Name {
                text: word.to_owned(),
                span,
            });
        }
        match self.eat_text() {
            Some(text) => Ok(Name { text, span }),
            None => Err(self.expected(what)),
        }
    }
}
