//! Expressions, by precedence climbing. Their depth is bounded, so that whoever walks a tree may
//! recurse.

use super::{Parsed, Parser};
use crate::script::ast::{BinaryOp, Expr, ExprKind, Function, ImportName, Span, UnaryOp};
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;
use crate::script::lexer::literals::{LEAST, too_large};
use crate::script::vocabulary;
use crate::value::{Float, Value};

/// How many brackets and signs may be open around a value.
const MOST_NESTED: usize = 200;
/// How deep the tree of an expression may be; `1 + 1 + 1` is three deep.
const DEEPEST: usize = 500;

/// An expression and how deep its tree is.
type Deep = (Expr, usize);

/// The operators, each with how tightly it binds.
const OPERATORS: [(&str, BinaryOp, u8); 17] = [
    ("==", BinaryOp::Equal, COMPARISON),
    ("!=", BinaryOp::NotEqual, COMPARISON),
    ("<", BinaryOp::Less, COMPARISON),
    ("<=", BinaryOp::LessOrEqual, COMPARISON),
    (">", BinaryOp::Greater, COMPARISON),
    (">=", BinaryOp::GreaterOrEqual, COMPARISON),
    ("|", BinaryOp::Or, 2),
    ("^", BinaryOp::Xor, 3),
    ("&", BinaryOp::And, 4),
    ("<<", BinaryOp::ShiftLeft, 5),
    (">>", BinaryOp::ShiftRight, 5),
    ("+", BinaryOp::Add, 6),
    ("-", BinaryOp::Subtract, 6),
    ("++", BinaryOp::Join, 6),
    ("*", BinaryOp::Multiply, 7),
    ("/", BinaryOp::Divide, 7),
    ("%", BinaryOp::Remainder, 7),
];
const COMPARISON: u8 = 1;

impl Parser<'_> {
    pub fn expression(&mut self) -> Parsed<Expr> {
        Ok(self.deep_expression()?.0)
    }

    fn deep_expression(&mut self) -> Parsed<Deep> {
        self.binary(COMPARISON)
    }

    /// An operand and every operator behind it that binds at least as tightly as `least`.
    fn binary(&mut self, least: u8) -> Parsed<Deep> {
        let (mut left, mut depth) = self.unary()?;
        while let Some((op, power)) = self.operator().filter(|(_, power)| *power >= least) {
            let sign = self.here();
            self.at += 1;
            let (right, right_depth) = self.binary(power + 1)?;
            depth = self.deeper(depth.max(right_depth), sign)?;
            let span = Span {
                start: left.span.start,
                end: right.span.end,
            };
            left = Expr {
                kind: ExprKind::Binary {
                    op,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                span,
            };
            if power == COMPARISON
                && let Some((_, COMPARISON)) = self.operator()
            {
                let fault = Fault::new(self.here(), "comparisons do not chain");
                return Err(
                    fault.help("write two `expect` lines, or put one comparison in brackets")
                );
            }
        }
        Ok((left, depth))
    }

    fn operator(&self) -> Option<(BinaryOp, u8)> {
        let symbol = self.symbol(0)?;
        OPERATORS
            .iter()
            .find(|(written, ..)| *written == symbol)
            .map(|(_, op, power)| (*op, *power))
    }

    fn unary(&mut self) -> Parsed<Deep> {
        let sign = self.here();
        let op = match self.symbol(0) {
            Some("-") => UnaryOp::Minus,
            Some("~") => UnaryOp::Not,
            _ => return self.postfix(),
        };
        self.at += 1;
        if op == UnaryOp::Minus && self.is_least() {
            let span = Span {
                start: sign.start,
                end: self.here().end,
            };
            self.at += 1;
            return Ok((
                Expr {
                    kind: ExprKind::Literal(Value::Int(i128::MIN)),
                    span,
                },
                1,
            ));
        }
        let (operand, depth) = self.nested(sign, Self::unary)?;
        let span = Span {
            start: sign.start,
            end: operand.span.end,
        };
        let kind = match negated(op, &operand.kind) {
            Some(value) => ExprKind::Literal(value),
            None => ExprKind::Unary {
                op,
                operand: Box::new(operand),
            },
        };
        Ok((Expr { kind, span }, self.deeper(depth, sign)?))
    }

    fn is_least(&self) -> bool {
        self.token(0)
            .is_some_and(|token| token.kind == TokenKind::Int(LEAST))
            && self.symbol(1) != Some("[")
    }

    fn postfix(&mut self) -> Parsed<Deep> {
        let (mut of, mut depth) = self.primary()?;
        while self.symbol(0) == Some("[") {
            let bracket = self.here();
            self.at += 1;
            let (first, first_depth) = self.nested(bracket, Self::bound)?;
            depth = self.deeper(depth.max(first_depth), bracket)?;
            let start = of.span.start;
            let inner = Box::new(of);
            let kind = if self.take_symbol("..") {
                let (second, second_depth) = self.nested(bracket, Self::bound)?;
                depth = self.deeper(depth.max(second_depth + 1) - 1, bracket)?;
                ExprKind::Slice {
                    of: inner,
                    start: Box::new(first),
                    end: Box::new(second),
                }
            } else {
                ExprKind::Index {
                    of: inner,
                    index: Box::new(first),
                }
            };
            if !self.take_symbol("]") {
                return Err(self
                    .expected("`]`")
                    .help("a part is taken with `x[i]` or `x[a..b]`"));
            }
            of = Expr {
                kind,
                span: Span {
                    start,
                    end: self.end_of_last(),
                },
            };
        }
        Ok((of, depth))
    }

    /// One end of a slice, or an index.
    fn bound(&mut self) -> Parsed<Deep> {
        match self.symbol(0) {
            Some(".." | "]") => Err(self
                .expected("a value")
                .help("a part is taken with `x[i]`, or with `x[a..b]`, which names both its ends")),
            _ => self.deep_expression(),
        }
    }

    fn primary(&mut self) -> Parsed<Deep> {
        let Some(token) = self.token(0) else {
            return Err(self.expected("a value"));
        };
        let value = match &token.kind {
            TokenKind::Name => return self.named(),
            TokenKind::Symbol("(") => return self.bracketed(),
            TokenKind::Symbol("[") => return self.list(),
            TokenKind::Symbol("+") => {
                return Err(self
                    .expected("a value")
                    .help("a positive number has no sign; text is joined with `++`"));
            }
            TokenKind::Symbol(_) => return Err(self.expected("a value")),
            TokenKind::Int(value) => {
                Value::Int(i128::try_from(*value).map_err(|_| too_large(token.span))?)
            }
            TokenKind::Float(value) => Value::Float(Float::from_f64(*value)),
            TokenKind::Text(text) => Value::Text(text.clone()),
            TokenKind::Bytes(bytes) => Value::Bytes(bytes.clone()),
        };
        self.at += 1;
        Ok((
            Expr {
                kind: ExprKind::Literal(value),
                span: token.span,
            },
            1,
        ))
    }

    fn bracketed(&mut self) -> Parsed<Deep> {
        let bracket = self.here();
        self.at += 1;
        let (expr, depth) = self.nested(bracket, Self::deep_expression)?;
        if self.symbol(0) == Some(",") {
            return Err(self
                .expected("`)`")
                .help("a list stands in square brackets: `[1, 2]`"));
        }
        self.expect_symbol(")")?;
        Ok((
            Expr {
                span: Span {
                    start: bracket.start,
                    end: self.end_of_last(),
                },
                ..expr
            },
            depth,
        ))
    }

    fn list(&mut self) -> Parsed<Deep> {
        let bracket = self.here();
        self.at += 1;
        let (items, depth) = self.values("]", bracket)?;
        let span = Span {
            start: bracket.start,
            end: self.end_of_last(),
        };
        Ok((
            Expr {
                kind: ExprKind::List(items),
                span,
            },
            depth,
        ))
    }

    /// Values up to the closing bracket, and a depth above that of each.
    fn values(&mut self, closing: &'static str, bracket: Span) -> Parsed<(Vec<Expr>, usize)> {
        let (mut items, mut deepest) = (Vec::new(), 0);
        if self.take_symbol(closing) {
            return Ok((items, 1));
        }
        loop {
            if self.symbol(0) == Some(closing) {
                return Err(self.expected("a value").help("take the last comma out"));
            }
            let (item, depth) = self.nested(bracket, Self::deep_expression)?;
            items.push(item);
            deepest = deepest.max(depth);
            if self.take_symbol(closing) {
                return Ok((items, self.deeper(deepest, bracket)?));
            }
            if !self.take_symbol(",") {
                return Err(self
                    .expected(&format!("`,` or `{closing}`"))
                    .help("a comma stands between two values"));
            }
        }
    }

    /// The arguments of a call, from its bracket on.
    pub fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let bracket = self.here();
        self.expect_symbol("(")?;
        Ok(self.values(")", bracket)?.0)
    }

    fn named(&mut self) -> Parsed<Deep> {
        let span = self.here();
        let word = self.word(0).unwrap_or_default();
        if let Some(value) = reserved(word) {
            self.at += 1;
            return Ok((
                Expr {
                    kind: ExprKind::Literal(value),
                    span,
                },
                1,
            ));
        }
        if self.symbol(1) == Some("(") {
            return self.function(word);
        }
        let is_followed = self.is_text(1) || (self.word(1).is_some() && self.word(1) != Some("as"));
        match word {
            "call" | "read" | "global" | "grow" if is_followed => {
                let fault = Fault::new(span, format!("`{word}` cannot stand inside an expression"));
                Err(fault.help(format!(
                    "it is a step of its own: write `x = {word} …` on a line before, and use `x` \
                     here"
                )))
            }
            "hex" if self.is_text(1) => {
                Err(Fault::new(span, "`hex` stands directly before its quote")
                    .help("write hex\"ff 00\", without a blank"))
            }
            _ => {
                self.at += 1;
                Ok((
                    Expr {
                        kind: ExprKind::Variable(word.to_owned()),
                        span,
                    },
                    1,
                ))
            }
        }
    }

    fn function(&mut self, word: &str) -> Parsed<Deep> {
        let name = self.here();
        self.at += 1;
        let bracket = self.here();
        if vocabulary::IMPORT_FUNCTIONS.contains(&word) {
            return self.import_calls(word, name);
        }
        let Some(function) = vocabulary::function(word) else {
            return Err(unknown_function(word, name));
        };
        self.at += 1;
        let (args, depth) = self.values(")", bracket)?;
        let span = Span {
            start: name.start,
            end: self.end_of_last(),
        };
        check_count(function, args.len(), span)?;
        Ok((
            Expr {
                kind: ExprKind::Function { function, args },
                span,
            },
            depth,
        ))
    }

    /// `calls(MODULE.NAME)` and `call_args(MODULE.NAME, i)`.
    fn import_calls(&mut self, word: &str, name: Span) -> Parsed<Deep> {
        let bracket = self.here();
        self.expect_symbol("(")?;
        let form = if word == "calls" {
            "calls(MODULE.NAME)"
        } else {
            "call_args(MODULE.NAME, i)"
        };
        let written = |fault: Fault| fault.help(format!("it is written `{form}`"));
        let import = self.import_name().map_err(written)?;
        let (kind, depth) = if word == "calls" {
            (ExprKind::Calls(import), 1)
        } else {
            self.expect_symbol(",").map_err(written)?;
            let (index, depth) = self.nested(bracket, Self::deep_expression)?;
            (
                ExprKind::CallArgs {
                    import,
                    index: Box::new(index),
                },
                self.deeper(depth, bracket)?,
            )
        };
        self.expect_symbol(")").map_err(written)?;
        Ok((
            Expr {
                kind,
                span: Span {
                    start: name.start,
                    end: self.end_of_last(),
                },
            },
            depth,
        ))
    }

    /// `MODULE.NAME`, each half perhaps in quotes.
    pub fn import_name(&mut self) -> Parsed<ImportName> {
        let module = self.foreign_name("an import's module")?;
        if !self.take_symbol(".") {
            return Err(self.expected("`.` and the import's name"));
        }
        let name = self.foreign_name("an import's name")?;
        Ok(ImportName {
            module: module.text,
            name: name.text,
        })
    }

    /// Reads something within brackets or behind a sign.
    fn nested(&mut self, opened: Span, read: fn(&mut Self) -> Parsed<Deep>) -> Parsed<Deep> {
        if self.nesting >= MOST_NESTED {
            let fault = Fault::new(
                opened,
                format!("more than {MOST_NESTED} brackets or signs within each other"),
            );
            return Err(fault.help("name a part of it with `let`"));
        }
        self.nesting += 1;
        let found = read(self);
        self.nesting -= 1;
        found
    }

    fn deeper(&self, depth: usize, at: Span) -> Parsed<usize> {
        if depth >= DEEPEST {
            let fault = Fault::new(
                at,
                format!("more than {DEEPEST} operators in one expression"),
            );
            return Err(fault.help("name a part of it with `let`"));
        }
        Ok(depth + 1)
    }
}

fn reserved(word: &str) -> Option<Value> {
    match word {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        "inf" => Some(Value::Float(Float::from_f64(f64::INFINITY))),
        "nan" => Some(Value::Float(Float::from_f64(f64::NAN))),
        _ => None,
    }
}

/// A number with the minus before it, as one literal.
fn negated(op: UnaryOp, operand: &ExprKind) -> Option<Value> {
    match (op, operand) {
        (UnaryOp::Minus, ExprKind::Literal(Value::Int(n))) => n.checked_neg().map(Value::Int),
        (UnaryOp::Minus, ExprKind::Literal(Value::Float(x))) => {
            Some(Value::Float(Float::from_f64(-x.to_f64())))
        }
        _ => None,
    }
}

fn unknown_function(word: &str, span: Span) -> Fault {
    let fault = Fault::new(span, format!("there is no function `{word}`"));
    match vocabulary::did_you_mean(word, vocabulary::functions()) {
        Some(help) => fault.help(help),
        None => fault.help(format!(
            "an export is called on a line of its own: `x = call {word}(…)`"
        )),
    }
}

/// Checks the number of arguments in a call of `function`, whose whole expression is at `span`.
fn check_count(function: Function, given: usize, span: Span) -> Parsed<()> {
    let is_right = function
        .arguments()
        .map_or(given >= 1, |arguments| given == arguments);
    if is_right {
        return Ok(());
    }
    let takes = match function.arguments() {
        None => "one or more",
        Some(0) => "none",
        Some(1) => "one",
        Some(_) => "two",
    };
    let given = match given {
        0 => "no value".to_owned(),
        1 => "1 value".to_owned(),
        given => format!("{given} values"),
    };
    let message = format!("`{}` was given {given}; it takes {takes}", function.name());
    Err(Fault::new(span, message).help(format!("it is written `{}`", function.form())))
}
