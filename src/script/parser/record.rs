//! Parses the expressions that have to do with types: `Point { x: 1 }`, `s.count`, `size(Point)`
//! and `offset(Point.x)`.

use super::expression::ExprWithDepth;
use super::{Parsed, Parser};
use crate::script::ast::{Expr, ExprKind, Name, PathPart, Span, WrittenType};
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;

impl Parser<'_> {
    /// Returns whether a record with the name of its type comes next.
    pub fn is_record(&self) -> bool {
        let is_name = self.peek_name(0).is_some() || self.is_text(0);
        is_name && self.peek_symbol(1) == Some("{")
    }

    /// Parses `TYPE { NAME: VALUE, … }`.
    pub fn record(&mut self) -> Parsed<ExprWithDepth> {
        let start = self.current_span().start;
        let ty = self.type_name()?;
        self.record_fields(start, Some(ty))
    }

    /// Parses `{ NAME: VALUE, … }`, whose type is that of a field.
    pub fn record_without_name(&mut self) -> Parsed<ExprWithDepth> {
        let brace = self.current_span();
        if self.records == 0 {
            return Err(Fault::new(brace, "a record begins with the name of its type").help(
                "write `Point { x: 1.5, y: 2 }`; there are no blocks: each statement is on a line",
            ));
        }
        self.record_fields(brace.start, None)
    }

    /// Parses the name of a type, which can be in quotes.
    fn type_name(&mut self) -> Parsed<WrittenType> {
        let is_quoted = self.is_text(0);
        let name = self.external_name("the name of a type")?;
        Ok(WrittenType {
            described: crate::data_types::Described {
                description: crate::data_types::Description::Named(name.text),
                span: name.span.start..name.span.end,
            },
            is_quoted,
            resolved: None,
        })
    }

    fn record_fields(&mut self, start: usize, ty: Option<WrittenType>) -> Parsed<ExprWithDepth> {
        let brace = self.current_span();
        self.expect_symbol("{")?;
        self.records += 1;
        let fields = self.values_of_fields(brace);
        self.records -= 1;
        let (fields, deepest) = fields?;
        let expr = Expr {
            kind: ExprKind::Record { ty, fields },
            span: Span {
                start,
                end: self.previous_end(),
            },
        };
        Ok((expr, self.deeper(deepest, brace)?))
    }

    fn values_of_fields(&mut self, brace: Span) -> Parsed<(Vec<(Name, Expr)>, usize)> {
        let (mut fields, mut deepest) = (Vec::<(Name, Expr)>::new(), 0);
        while !self.eat_symbol("}") {
            let name = self.external_name("the name of a field")?;
            if fields.iter().any(|(earlier, _)| earlier.text == name.text) {
                let message = format!("the field `{}` has two values", name.text);
                return Err(Fault::new(name.span, message).help("remove one of them"));
            }
            self.check_count_of_names(fields.len(), name.span)?;
            self.expect_symbol(":")
                .map_err(|fault| fault.help("write a field as `NAME: VALUE`"))?;
            let (value, depth) = self.nested(brace, Self::expression_with_depth)?;
            deepest = deepest.max(depth);
            fields.push((name, value));
            self.end_of_part("}")?;
        }
        Ok((fields, deepest))
    }

    /// Parses `.NAME` after a value.
    pub fn field_of(&mut self, of: Expr, depth: usize) -> Parsed<ExprWithDepth> {
        let dot = self.current_span();
        self.expect_symbol(".")?;
        let name = self.external_name("the name of a field")?;
        let span = Span {
            start: of.span.start,
            end: name.span.end,
        };
        let kind = ExprKind::Field {
            of: Box::new(of),
            name,
        };
        Ok((Expr { kind, span }, self.deeper(depth, dot)?))
    }

    /// Parses `size(TYPE)` or `offset(TYPE.FIELD)`.
    pub fn type_function(&mut self, word: &str) -> Parsed<ExprWithDepth> {
        let start = self.current_span().start;
        self.at += 1;
        self.expect_symbol("(")?;
        let kind = match word {
            "size" => ExprKind::SizeOf(self.written_type()?),
            _ => {
                let ty = self.type_name()?;
                let path = self.path()?;
                ExprKind::OffsetOf { ty, path }
            }
        };
        self.expect_symbol(")").map_err(|fault| {
            fault.help(match word {
                "size" => "write `size(TYPE)`",
                _ => "write `offset(TYPE.FIELD)`",
            })
        })?;
        let span = Span {
            start,
            end: self.previous_end(),
        };
        Ok((Expr { kind, span }, 1))
    }

    /// Parses `.points[1].y`.
    fn path(&mut self) -> Parsed<Vec<PathPart>> {
        let mut path = Vec::new();
        loop {
            if self.eat_symbol(".") {
                path.push(PathPart::Field(self.external_name("the name of a field")?));
            } else if self.peek_symbol(0) == Some("[") {
                self.at += 1;
                let span = self.current_span();
                let index = match self.token(0).map(|token| &token.kind) {
                    Some(TokenKind::Int(index)) => u64::try_from(*index).ok(),
                    _ => None,
                };
                let Some(index) = index else {
                    return Err(self.expected("the number of an element"));
                };
                self.at += 1;
                self.expect_symbol("]")?;
                path.push(PathPart::Element(index, span));
            } else if path.is_empty() {
                return Err(self
                    .expected("`.` and the name of a field")
                    .help("write `offset(TYPE.FIELD)`"));
            } else {
                return Ok(path);
            }
        }
    }

    /// Moves past `zeroed` before an address, and returns whether it was there.
    pub fn zeroed(&mut self) -> bool {
        let is_followed = match self.token(1).map(|token| &token.kind) {
            Some(TokenKind::Name | TokenKind::Int(_)) => true,
            Some(TokenKind::Symbol(symbol)) => *symbol == "(",
            _ => false,
        };
        is_followed && self.eat_name("zeroed")
    }
}
