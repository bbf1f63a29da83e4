//! Parses expressions by precedence climbing. Their depth is bounded, so that code which walks an
//! expression can recurse.

use super::{Parsed, Parser};
use crate::script::ast::{
    BinaryOp, CallPart, Expr, ExprKind, Function, HostFunctionName, ImportName, Span, UnaryOp,
};
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;
use crate::script::lexer::literals::{MIN_MAGNITUDE, too_large};
use crate::script::vocabulary;
use crate::value::{Float, Value};

/// The most brackets and signs that can be open around a value.
const MAX_NESTING: usize = 200;
/// The most levels in the tree of an expression; `1 + 1 + 1` has three.
const MAX_DEPTH: usize = 500;

/// An expression and the number of levels in its tree.
pub(super) type ExprWithDepth = (Expr, usize);

/// The operators, each with its precedence. A higher one binds more tightly.
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
        Ok(self.expression_with_depth()?.0)
    }

    pub(super) fn expression_with_depth(&mut self) -> Parsed<ExprWithDepth> {
        self.binary(COMPARISON)
    }

    /// Parses an operand and every operator after it whose precedence is at least `least`.
    fn binary(&mut self, least: u8) -> Parsed<ExprWithDepth> {
        let (mut left, mut depth) = self.unary()?;
        while let Some((op, power)) = self.operator().filter(|(_, power)| *power >= least) {
            let sign = self.current_span();
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
                let fault = Fault::new(self.current_span(), "comparisons cannot be chained");
                return Err(
                    fault.help("write two `expect` lines, or put one comparison in brackets")
                );
            }
        }
        Ok((left, depth))
    }

    fn operator(&self) -> Option<(BinaryOp, u8)> {
        let symbol = self.peek_symbol(0)?;
        OPERATORS
            .iter()
            .find(|(written, ..)| *written == symbol)
            .map(|(_, op, power)| (*op, *power))
    }

    fn unary(&mut self) -> Parsed<ExprWithDepth> {
        let sign = self.current_span();
        let op = match self.peek_symbol(0) {
            Some("-") => UnaryOp::Minus,
            Some("~") => UnaryOp::Not,
            _ => return self.postfix(),
        };
        self.at += 1;
        if op == UnaryOp::Minus && self.is_min_magnitude() {
            let span = Span {
                start: sign.start,
                end: self.current_span().end,
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

    fn is_min_magnitude(&self) -> bool {
        self.token(0)
            .is_some_and(|token| token.kind == TokenKind::Int(MIN_MAGNITUDE))
            && self.peek_symbol(1) != Some("[")
    }

    fn postfix(&mut self) -> Parsed<ExprWithDepth> {
        let (mut of, mut depth) = self.primary()?;
        loop {
            match self.peek_symbol(0) {
                Some("[") => {}
                Some(".") if self.peek_name(1).is_some() || self.is_text(1) => {
                    (of, depth) = self.field_of(of, depth)?;
                    continue;
                }
                _ => break,
            }
            let bracket = self.current_span();
            self.at += 1;
            let (first, first_depth) = self.nested(bracket, Self::bound)?;
            depth = self.deeper(depth.max(first_depth), bracket)?;
            let start = of.span.start;
            let inner = Box::new(of);
            let kind = if self.eat_symbol("..") {
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
            if !self.eat_symbol("]") {
                return Err(self
                    .expected("`]`")
                    .help("to take a part, write `x[i]` or `x[a..b]`"));
            }
            of = Expr {
                kind,
                span: Span {
                    start,
                    end: self.previous_end(),
                },
            };
        }
        Ok((of, depth))
    }

    /// Parses an index, or one bound of a slice.
    fn bound(&mut self) -> Parsed<ExprWithDepth> {
        match self.peek_symbol(0) {
            Some(".." | "]") => Err(self
                .expected("a value")
                .help("to take a part, write `x[i]`, or `x[a..b]` with both bounds")),
            _ => self.expression_with_depth(),
        }
    }

    fn primary(&mut self) -> Parsed<ExprWithDepth> {
        let Some(token) = self.token(0) else {
            return Err(self.expected("a value"));
        };
        if self.is_record() {
            return self.record();
        }
        let value = match &token.kind {
            TokenKind::Symbol("{") => return self.record_without_name(),
            TokenKind::Name => return self.named(),
            TokenKind::Symbol("(") => return self.bracketed(),
            TokenKind::Symbol("[") => return self.list(),
            TokenKind::Symbol("+") => {
                return Err(self
                    .expected("a value")
                    .help("a positive number has no sign; to join text, use `++`"));
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

    fn bracketed(&mut self) -> Parsed<ExprWithDepth> {
        let bracket = self.current_span();
        self.at += 1;
        let (expr, depth) = self.nested(bracket, Self::expression_with_depth)?;
        if self.peek_symbol(0) == Some(",") {
            return Err(self
                .expected("`)`")
                .help("write a list in square brackets: `[1, 2]`"));
        }
        self.expect_symbol(")")?;
        Ok((
            Expr {
                span: Span {
                    start: bracket.start,
                    end: self.previous_end(),
                },
                ..expr
            },
            depth,
        ))
    }

    fn list(&mut self) -> Parsed<ExprWithDepth> {
        let bracket = self.current_span();
        self.at += 1;
        let (items, depth) = self.values("]", bracket)?;
        let span = Span {
            start: bracket.start,
            end: self.previous_end(),
        };
        Ok((
            Expr {
                kind: ExprKind::List(items),
                span,
            },
            depth,
        ))
    }

    /// Parses values up to the closing bracket. Returns them with the depth of the whole.
    fn values(&mut self, closing: &'static str, bracket: Span) -> Parsed<(Vec<Expr>, usize)> {
        let (mut items, mut deepest) = (Vec::new(), 0);
        if self.eat_symbol(closing) {
            return Ok((items, 1));
        }
        loop {
            if self.peek_symbol(0) == Some(closing) {
                return Err(self.expected("a value").help("remove the last comma"));
            }
            let (item, depth) = self.nested(bracket, Self::expression_with_depth)?;
            items.push(item);
            deepest = deepest.max(depth);
            if self.eat_symbol(closing) {
                return Ok((items, self.deeper(deepest, bracket)?));
            }
            if !self.eat_symbol(",") {
                return Err(self
                    .expected(&format!("`,` or `{closing}`"))
                    .help("write a comma between two values"));
            }
        }
    }

    /// Parses the arguments of a call, from its opening bracket.
    pub fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let bracket = self.current_span();
        self.expect_symbol("(")?;
        Ok(self.values(")", bracket)?.0)
    }

    fn named(&mut self) -> Parsed<ExprWithDepth> {
        let span = self.current_span();
        let word = self.peek_name(0).unwrap_or_default();
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
        if self.peek_symbol(1) == Some("(") {
            return self.function(word);
        }
        let is_followed =
            self.is_text(1) || (self.peek_name(1).is_some() && self.peek_name(1) != Some("as"));
        match word {
            "call" | "read" | "global" | "grow" if is_followed => {
                let fault = Fault::new(
                    span,
                    format!("`{word}` cannot be used inside an expression"),
                );
                Err(fault.help(format!(
                    "write `x = {word} …` on a line before, and use `x` here"
                )))
            }
            "hex" if self.is_text(1) => {
                Err(Fault::new(span, "`hex` must be directly before its quote")
                    .help("write hex\"ff 00\", without a space"))
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

    fn function(&mut self, word: &str) -> Parsed<ExprWithDepth> {
        let name = self.current_span();
        self.at += 1;
        let bracket = self.current_span();
        if vocabulary::IMPORT_FUNCTIONS.contains(&word) {
            return self.import_calls(word, name);
        }
        if vocabulary::TYPE_FUNCTIONS.contains(&word) {
            self.at -= 1;
            return self.type_function(word);
        }
        let Some(function) = vocabulary::function(word) else {
            return Err(unknown_function(word, name));
        };
        self.at += 1;
        let (args, depth) = self.values(")", bracket)?;
        let span = Span {
            start: name.start,
            end: self.previous_end(),
        };
        check_count(function, args.len(), span)?;
        check_stream(function, &args)?;
        Ok((
            Expr {
                kind: ExprKind::Function { function, args },
                span,
            },
            depth,
        ))
    }

    /// Parses `calls(MODULE.NAME)`, `call_args(MODULE.NAME, i)` and its like.
    fn import_calls(&mut self, word: &str, name: Span) -> Parsed<ExprWithDepth> {
        let bracket = self.current_span();
        self.expect_symbol("(")?;
        let part = CallPart::of_function(word);
        let index = part.map_or("", |_| ", i");
        let add_form = |fault: Fault| fault.help(format!("write `{word}(MODULE.NAME{index})`"));
        let function = self.host_function_name().map_err(add_form)?;
        let (kind, depth) = match part {
            None => (ExprKind::Calls(function), 1),
            Some(part) => {
                self.expect_symbol(",").map_err(add_form)?;
                let (index, depth) = self.nested(bracket, Self::expression_with_depth)?;
                let index = Box::new(index);
                (
                    ExprKind::CallPart {
                        part,
                        function,
                        index,
                    },
                    self.deeper(depth, bracket)?,
                )
            }
        };
        self.expect_symbol(")").map_err(add_form)?;
        Ok((
            Expr {
                kind,
                span: Span {
                    start: name.start,
                    end: self.previous_end(),
                },
            },
            depth,
        ))
    }

    /// Parses `MODULE.NAME`, or the name of a callback.
    fn host_function_name(&mut self) -> Parsed<HostFunctionName> {
        match (self.peek_name(0), self.peek_symbol(1)) {
            (Some(name), Some("," | ")")) => {
                self.at += 1;
                Ok(HostFunctionName::Callback(name.to_owned()))
            }
            _ => self.import_name().map(HostFunctionName::Import),
        }
    }

    /// Parses `MODULE.NAME`; each half can be in quotes.
    pub fn import_name(&mut self) -> Parsed<ImportName> {
        let module = self.external_name("an import's module")?;
        if !self.eat_symbol(".") {
            return Err(self.expected("`.` and the import's name"));
        }
        let name = self.external_name("an import's name")?;
        Ok(ImportName {
            module: module.text,
            name: name.text,
        })
    }

    /// Parses something inside brackets or after a sign.
    pub(super) fn nested(
        &mut self,
        opened: Span,
        read: fn(&mut Self) -> Parsed<ExprWithDepth>,
    ) -> Parsed<ExprWithDepth> {
        if self.nesting >= MAX_NESTING {
            let fault = Fault::new(
                opened,
                format!("more than {MAX_NESTING} nested brackets or signs"),
            );
            return Err(fault.help("name a part of it with `let`"));
        }
        self.nesting += 1;
        let found = read(self);
        self.nesting -= 1;
        found
    }

    pub(super) fn deeper(&self, depth: usize, at: Span) -> Parsed<usize> {
        if depth >= MAX_DEPTH {
            let fault = Fault::new(
                at,
                format!("more than {MAX_DEPTH} operators in one expression"),
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

/// Returns a number and the minus before it as one literal.
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
            "to call an export, write a line of its own: `x = call {word}(…)`"
        )),
    }
}

/// Checks a literal number of a stream in `printed(…)`.
fn check_stream(function: Function, args: &[Expr]) -> Parsed<()> {
    match (function, args) {
        (
            Function::Printed,
            [
                Expr {
                    kind: ExprKind::Literal(value),
                    span,
                },
            ],
        ) if !matches!(value, Value::Int(1 | 2)) => Err(Fault::new(
            *span,
            format!("`{}` is no stream that a guest prints on", value.brief(40)),
        )
        .help("write `printed(1)` for standard output, `printed(2)` for standard error")),
        _ => Ok(()),
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
    Err(Fault::new(span, message).help(format!("write `{}`", function.form())))
}
