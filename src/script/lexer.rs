//! Splits text into tokens, one logical line at a time: a line continues while a bracket is open.
//! Knows only the grammar that it needs to find a forgotten bracket.

pub(super) mod literals;

use std::ops::Range;

use super::ast::Span;
use super::error::Fault;

use super::vocabulary;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// The text of the span is the name.
    Name,
    Text(String),
    Bytes(Vec<u8>),
    /// At most 2^127, which is an integer only after a minus.
    Int(u128),
    Float(f64),
    Symbol(&'static str),
}

/// The tokens between two line breaks outside brackets: at least one token, or a fault.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub tokens: Vec<Token>,
    /// The first fault. After it the tokens only help to guess the line's names.
    pub fault: Option<Fault>,
}

/// The symbols, longest first: the first that matches is the token.
const SYMBOLS: [&str; 32] = [
    "==", "!=", "<=", ">=", "<<", ">>", "++", "..", "->", "=", "<", ">", "+", "-", "*", "/", "%",
    "&", "|", "^", "~", "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "@",
];

/// Symbols of other languages, with the advice for each.
const HABITS: [(&str, &str); 22] = [
    ("===", "to compare two values, use `==`"),
    ("!==", "to compare two values, use `!=`"),
    (
        ">>>",
        "`>>` keeps the sign; to shift zeros in, write `as_u32(x) >> n`",
    ),
    (
        "&&",
        "for two conditions, write two `expect` lines; `&` combines bits",
    ),
    (
        "||",
        "for two conditions, write two `expect` lines; `|` combines bits",
    ),
    ("//", "start a comment with `#`"),
    ("/*", "start a comment with `#`; it ends with the line"),
    ("=>", "did you mean `>=`?"),
    ("=<", "did you mean `<=`?"),
    ("<>", "did you mean `!=`?"),
    (":=", "to name a value, use `=`"),
    ("+=", "write `let x = x + …`"),
    ("-=", "write `let x = x - …`"),
    ("*=", "write `let x = x * …`"),
    (
        "**",
        "there is no power operator; `1 << n` is 2 to the power of n",
    ),
    ("...", "write a slice as `x[a..b]`"),
    ("..=", "write a slice as `x[a..b]`; b is not in it"),
    (
        "!",
        "not equal is `!=`; to negate a truth value, write `x == false`",
    ),
    ("\\", "a line continues only inside ( ), [ ] and { }"),
    ("'", "put text in double quotes: \"…\""),
    ("`", "put text in double quotes: \"…\""),
    (
        "$",
        "put the name of an export or import with `$` in quotes: call \"$name\"()",
    ),
];

/// The most brackets that can be open. The parser allows fewer, and its message is better.
const MAX_OPEN: usize = 1 << 20;

/// The most tokens of a faulty line that are kept for the names that it may define.
const MAX_TOKENS_FOR_NAMES: usize = 1000;

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lexer<'a> {
    /// Creates a lexer for the part of `text` in `range`. Positions are those of the whole text.
    pub fn new(text: &'a str, range: Range<usize>) -> Self {
        let end = text.floor_char_boundary(range.end);
        Lexer {
            text,
            at: text.floor_char_boundary(range.start.min(end)),
            end,
        }
    }

    /// Returns the offset of the first character that is not read yet.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads the next line that is not empty.
    pub fn next_line(&mut self) -> Option<Line> {
        let mut line = Line::default();
        let mut open: Vec<Token> = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' => self.at += 1,
                '\r' if self.rest().starts_with("\r\n") || self.rest().len() == 1 => self.at += 1,
                '#' => self.skip_to_line_break(),
                '\n' => {
                    self.at += 1;
                    if line.tokens.is_empty() && line.fault.is_none() {
                        continue;
                    }
                    if line.fault.is_some() || open.is_empty() {
                        return Some(line);
                    }
                    if self.at_statement(is_inside_braces(&open)) {
                        break;
                    }
                }
                _ => self.token(&mut line, &mut open),
            }
        }
        if let (Some(bracket), None) = (open.last(), &line.fault) {
            line.fault = Some(never_closed(bracket));
        }
        (!line.tokens.is_empty() || line.fault.is_some()).then_some(line)
    }

    /// Reads one token. After a fault, the rest of the line is only read for its names.
    fn token(&mut self, line: &mut Line, open: &mut Vec<Token>) {
        let start = self.at;
        match self.scan(line, open) {
            Ok(kind) => {
                let token = Token {
                    kind,
                    span: Span {
                        start,
                        end: self.at,
                    },
                };
                if let Err(fault) = balance(&token, open) {
                    line.fault.get_or_insert(fault);
                }
                if line.fault.is_none() || line.tokens.len() < MAX_TOKENS_FOR_NAMES {
                    line.tokens.push(token);
                }
            }
            Err(fault) => {
                line.fault.get_or_insert(fault);
                if self.at == start {
                    self.at += self.peek().map_or(1, char::len_utf8);
                }
            }
        }
    }

    fn scan(&mut self, line: &Line, open: &[Token]) -> Result<TokenKind, Fault> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or('\0');
        // Two pointers, not the power operator of other languages.
        if rest.starts_with("**") && self.is_before_type(line) {
            self.at += 1;
            return Ok(TokenKind::Symbol("*"));
        }
        if first == '@' && !is_inside_braces(open) {
            return Err(self.unexpected(first));
        }
        if first == '"' {
            return self
                .literal(literals::text(rest, self.at))
                .map(TokenKind::Text);
        }
        if rest.starts_with("hex\"") {
            return self
                .literal(literals::hex(rest, self.at))
                .map(TokenKind::Bytes);
        }
        if is_name_start(first) {
            self.at += name_length(rest);
            return Ok(TokenKind::Name);
        }
        if first.is_ascii_digit() {
            return self.literal(literals::number(rest, self.at));
        }
        if let Some((wrong, help)) = HABITS
            .iter()
            .find(|(wrong, _)| rest.starts_with(wrong) && !is_unequal(wrong, rest))
        {
            return Err(self.habit(wrong, help));
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            if *symbol == "." && starts_with_digit(rest.get(1..).unwrap_or_default()) {
                let span = self.at..self.at + 1;
                return Err(
                    Fault::new(span, "a float starts with a digit").help("write `0.5`, not `.5`")
                );
            }
            self.at += symbol.len();
            return Ok(TokenKind::Symbol(symbol));
        }
        Err(self.unexpected(first))
    }

    /// Returns whether a type can come next.
    fn is_before_type(&self, line: &Line) -> bool {
        let Some(last) = line.tokens.last() else {
            return false;
        };
        match last.kind {
            TokenKind::Symbol(symbol) => matches!(symbol, ":" | "[" | "=" | "*" | "("),
            TokenKind::Name => self.text.get(last.span.start..last.span.end) == Some("as"),
            _ => false,
        }
    }

    /// Moves past a literal of `length` bytes, even if it is faulty.
    fn literal<T>(&mut self, (length, found): (usize, Result<T, Fault>)) -> Result<T, Fault> {
        self.at += length;
        found
    }

    fn habit(&mut self, wrong: &str, help: &str) -> Fault {
        let span = self.at..self.at + wrong.len();
        self.at = span.end;
        if wrong == "//" || wrong == "/*" {
            self.skip_to_line_break();
        }
        Fault::new(span, format!("`{wrong}` is not part of the language")).help(help)
    }

    fn unexpected(&self, c: char) -> Fault {
        let help = match c {
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                "put text in straight double quotes: \"…\""
            }
            '–' | '—' | '−' => "write a minus as `-`",
            '×' => "write a product with `*`",
            '≠' => "write not equal as `!=`",
            '≤' => "write less or equal as `<=`",
            '≥' => "write greater or equal as `>=`",
            '…' => "write a slice as `x[a..b]`",
            ':' => "parameters and values have no types; put a name with `:` in quotes",
            '@' => "put the name of an export or import with `@` in quotes",
            '?' => "there are no branches; the steps run one after the other",
            '\u{feff}' => "a byte order mark can only be at the start of the file",
            '\r' => "end lines with a line feed, or with a carriage return and a line feed",
            c if c.is_whitespace() => {
                let message = format!("unexpected space character U+{:04X}", u32::from(c));
                return Fault::new(self.span_of(c), message)
                    .help("use only spaces and tabs between words");
            }
            c if c.is_alphabetic() => {
                "a name has only A to Z, a to z, 0 to 9 and _; other letters can only be in text"
            }
            _ => return Fault::new(self.span_of(c), format!("unexpected `{c}`")),
        };
        Fault::new(self.span_of(c), format!("unexpected `{c}`")).help(help)
    }

    fn span_of(&self, c: char) -> Range<usize> {
        self.at..self.at + c.len_utf8()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_to_line_break(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// Returns whether the line that begins here can only be a statement, which means that a
    /// bracket before it was forgotten. Inside brackets, a single `=` never comes after a name, and
    /// another name or a literal never comes after a statement's word. Inside braces, a number can
    /// come after `=`.
    fn at_statement(&self, is_inside_braces: bool) -> bool {
        let blanks = [' ', '\t'];
        let mut rest = self.rest().trim_start_matches(blanks);
        let length = name_length(rest);
        let Some((word, after)) = rest.split_at_checked(length).filter(|_| length > 0) else {
            return false;
        };
        if vocabulary::is_statement(word) && after.starts_with(blanks) {
            let next = after
                .trim_start_matches(blanks)
                .chars()
                .next()
                .unwrap_or('\n');
            if is_name_start(next) || next == '"' || next.is_ascii_digit() {
                return true;
            }
        }
        loop {
            let length = name_length(rest);
            let Some(after) = rest.get(length..).filter(|_| length > 0) else {
                return false;
            };
            let after = after.trim_start_matches(blanks);
            if let Some(value) = after.strip_prefix('=') {
                let value_start = value.trim_start_matches(blanks);
                return !value.starts_with('=')
                    && (!is_inside_braces || value_start.starts_with(is_name_start));
            }
            let Some(more) = after.strip_prefix(',') else {
                return false;
            };
            rest = more.trim_start_matches(blanks);
        }
    }
}

/// Returns whether any of the open brackets is a brace.
fn is_inside_braces(open: &[Token]) -> bool {
    open.iter()
        .any(|bracket| bracket.kind == TokenKind::Symbol("{"))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether `!` is the first half of `!=`.
fn is_unequal(wrong: &str, rest: &str) -> bool {
    wrong == "!" && rest.starts_with("!=")
}

/// Updates the list of open brackets with `token`.
fn balance(token: &Token, open: &mut Vec<Token>) -> Result<(), Fault> {
    let TokenKind::Symbol(symbol) = token.kind else {
        return Ok(());
    };
    let opening = match symbol {
        "(" | "[" | "{" if open.len() < MAX_OPEN => {
            open.push(token.clone());
            return Ok(());
        }
        "(" | "[" | "{" => {
            return Err(Fault::new(
                token.span,
                format!("more than {MAX_OPEN} brackets are open here"),
            )
            .help("close some of them, or name a part of the value with `let`"));
        }
        ")" => "(",
        "]" => "[",
        "}" => "{",
        _ => return Ok(()),
    };
    match open.pop().map(|bracket| bracket.kind) {
        Some(TokenKind::Symbol(found)) if found == opening => Ok(()),
        Some(TokenKind::Symbol(found)) => {
            let help = format!("close `{found}` with `{}`", closing(found));
            Err(Fault::new(
                token.span,
                format!("`{symbol}` cannot close the open `{found}`"),
            )
            .help(help))
        }
        _ => Err(
            Fault::new(token.span, format!("`{symbol}` has no opening bracket"))
                .help(format!("remove it, or add `{opening}` before it")),
        ),
    }
}

fn never_closed(bracket: &Token) -> Fault {
    let TokenKind::Symbol(symbol) = bracket.kind else {
        return Fault::new(bracket.span, "this is never closed");
    };
    let help = match symbol {
        "{" => "add `}`; only types and records have braces, and there are no blocks".to_owned(),
        _ => format!(
            "add `{}`; a line continues until its brackets are closed",
            closing(symbol)
        ),
    };
    Fault::new(bracket.span, format!("this `{symbol}` is never closed")).help(help)
}

fn closing(bracket: &str) -> &'static str {
    match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Returns how many bytes at the start of `text` are a name.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    text.bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count()
}
