//! Characters to tokens, one logical line at a time: a line goes on while a bracket is open. Knows
//! no grammar but what it needs to see that a bracket was forgotten.

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
    /// Its text is that of its span.
    Name,
    Text(String),
    Bytes(Vec<u8>),
    /// At most 2^127, which only a minus makes fit.
    Int(u128),
    Float(f64),
    Symbol(&'static str),
}

/// The tokens between two line breaks outside brackets; at least one, or a fault.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub tokens: Vec<Token>,
    /// The first mistake; what the tokens hold then is only good for guesses.
    pub fault: Option<Fault>,
}

/// In order of length, so that the longest wins.
const SYMBOLS: [&str; 27] = [
    "==", "!=", "<=", ">=", "<<", ">>", "++", "..", "=", "<", ">", "+", "-", "*", "/", "%", "&",
    "|", "^", "~", "(", ")", "[", "]", ",", ";", ".",
];

/// What people write out of habit, and what to write instead.
const HABITS: [(&str, &str); 24] = [
    ("===", "two values are compared with `==`"),
    ("!==", "two values are compared with `!=`"),
    (
        ">>>",
        "`>>` shifts right and keeps the sign; `as_u32(x) >> n` shifts zeros in",
    ),
    (
        "&&",
        "`&` joins bits; two conditions are two `expect` lines",
    ),
    (
        "||",
        "`|` joins bits; two conditions are two `expect` lines",
    ),
    ("//", "a comment begins with `#`"),
    ("/*", "a comment begins with `#` and ends with the line"),
    ("=>", "did you mean `>=`?"),
    ("=<", "did you mean `<=`?"),
    ("<>", "did you mean `!=`?"),
    (":=", "a name is given with `=`"),
    ("+=", "write the sum out: `let x = x + …`"),
    ("-=", "write the difference out: `let x = x - …`"),
    ("*=", "write the product out: `let x = x * …`"),
    ("->", "results stand in front: `NAME = call …`"),
    ("**", "there is no power; `1 << n` is two to the power of n"),
    ("...", "a slice is written `x[a..b]`"),
    ("..=", "a slice is written `x[a..b]` and leaves out b"),
    (
        "!",
        "unequal is `!=`; the opposite of a truth value is `x == false`",
    ),
    ("\\", "a line goes on only inside ( ) and [ ]"),
    ("'", "text stands in double quotes: \"…\""),
    ("`", "text stands in double quotes: \"…\""),
    ("{", "there are no blocks: each line is one statement"),
    (
        "$",
        "an export or import with such a name stands in quotes: call \"$name\"()",
    ),
];

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lexer<'a> {
    /// Reads the part of the text within `range`; positions stay those of the whole text.
    pub fn new(text: &'a str, range: Range<usize>) -> Self {
        let end = text.floor_char_boundary(range.end);
        Lexer {
            text,
            at: text.floor_char_boundary(range.start.min(end)),
            end,
        }
    }

    /// Where the text that was not read yet begins.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next line that is not empty.
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
                    if self.at_statement() {
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

    /// Reads one token; after a fault, the rest of the line is read only to find names in it.
    fn token(&mut self, line: &mut Line, open: &mut Vec<Token>) {
        let start = self.at;
        match self.scan() {
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
                line.tokens.push(token);
            }
            Err(fault) => {
                line.fault.get_or_insert(fault);
                if self.at == start {
                    self.at += self.peek().map_or(1, char::len_utf8);
                }
            }
        }
    }

    fn scan(&mut self) -> Result<TokenKind, Fault> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or('\0');
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
            if *symbol == "." && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
                let span = self.at..self.at + 1;
                return Err(
                    Fault::new(span, "a float begins with a digit").help("write `0.5`, not `.5`")
                );
            }
            self.at += symbol.len();
            return Ok(TokenKind::Symbol(symbol));
        }
        Err(self.stray(first))
    }

    /// Takes a literal's length and what it says; a faulty one is stepped over whole.
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

    fn stray(&self, c: char) -> Fault {
        let help = match c {
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                "text stands in straight double quotes: \"…\""
            }
            '–' | '—' | '−' => "the minus is `-`",
            '×' => "the product is `*`",
            '≠' => "unequal is `!=`",
            '≤' => "at most is `<=`",
            '≥' => "at least is `>=`",
            '…' => "a slice is written `x[a..b]`",
            ':' => {
                "parameters and values have no types; a name with such characters stands in quotes"
            }
            '@' => "an export or import with such a name stands in quotes",
            '?' => "there are no branches: the steps run one after the other",
            '\u{feff}' => "a byte order mark can stand only at the start of the file",
            '\r' => "lines end in a line feed, or in a carriage return and a line feed",
            c if c.is_whitespace() => {
                let message = format!("a blank of another kind, U+{:04X}", u32::from(c));
                return Fault::new(self.span_of(c), message)
                    .help("only spaces and tabs stand between words");
            }
            c if c.is_alphabetic() => {
                "names are made of A to Z, a to z, 0 to 9 and _; other letters stand in text only"
            }
            _ => return Fault::new(self.span_of(c), format!("`{c}` has no meaning here")),
        };
        Fault::new(self.span_of(c), format!("`{c}` has no meaning here")).help(help)
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

    /// Whether the line that begins here can only be a statement: then a bracket before it was
    /// forgotten. Inside brackets a name is never followed by a single `=`, nor a statement's word
    /// by another name or a literal.
    fn at_statement(&self) -> bool {
        let blanks = [' ', '\t'];
        let mut rest = self.rest().trim_start_matches(blanks);
        let length = name_length(rest);
        let Some((word, behind)) = rest.split_at_checked(length).filter(|_| length > 0) else {
            return false;
        };
        if vocabulary::STATEMENTS.contains(&word) && behind.starts_with(blanks) {
            let next = behind
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
            let Some(behind) = rest.get(length..).filter(|_| length > 0) else {
                return false;
            };
            let behind = behind.trim_start_matches(blanks);
            if let Some(value) = behind.strip_prefix('=') {
                return !value.starts_with('=');
            }
            let Some(more) = behind.strip_prefix(',') else {
                return false;
            };
            rest = more.trim_start_matches(blanks);
        }
    }
}

fn is_unequal(wrong: &str, rest: &str) -> bool {
    wrong == "!" && rest.starts_with("!=")
}

/// Keeps the list of open brackets.
fn balance(token: &Token, open: &mut Vec<Token>) -> Result<(), Fault> {
    let TokenKind::Symbol(symbol) = token.kind else {
        return Ok(());
    };
    let opening = match symbol {
        "(" | "[" => {
            open.push(token.clone());
            return Ok(());
        }
        ")" => "(",
        "]" => "[",
        _ => return Ok(()),
    };
    match open.pop().map(|bracket| bracket.kind) {
        Some(TokenKind::Symbol(found)) if found == opening => Ok(()),
        Some(TokenKind::Symbol(found)) => {
            let help = format!("close it with `{}`", closing(found));
            Err(Fault::new(
                token.span,
                format!("`{symbol}` does not close the open `{found}`"),
            )
            .help(help))
        }
        _ => Err(Fault::new(token.span, format!("`{symbol}` closes nothing"))
            .help("take it out, or open it before")),
    }
}

fn never_closed(bracket: &Token) -> Fault {
    let TokenKind::Symbol(symbol) = bracket.kind else {
        return Fault::new(bracket.span, "this is never closed");
    };
    let help = format!(
        "add `{}`; a line goes on until its brackets are closed",
        closing(symbol)
    );
    Fault::new(bracket.span, format!("this `{symbol}` is never closed")).help(help)
}

fn closing(bracket: &str) -> &'static str {
    if bracket == "(" { ")" } else { "]" }
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// How many bytes at the start of the text are a name.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    text.bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count()
}
