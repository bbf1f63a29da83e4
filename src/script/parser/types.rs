//! Parses types: `{ x: f32, y: f32 }`, `[u8; 4]`, `*cstr`, `u16 flags { last = 0x8 }`.

use std::sync::Arc;

use super::{Parsed, Parser};
use crate::data_types::{
    ByteOrder, Count, CountDescription, Described, Description, Enumeration, FieldDescription,
    NumberType, RecordKind, TextEncoding,
};
use crate::script::ast::WrittenType;
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;

/// The most brackets that can be open around a type.
const MAX_NESTING: usize = 60;

/// The most fields of a record, and the most names of an enumeration, so that each can be compared
/// with all others.
const MAX_FIELDS: usize = 4096;

impl Parser<'_> {
    /// Parses a type that a statement or an expression uses.
    pub fn written_type(&mut self) -> Parsed<WrittenType> {
        let is_quoted = self.is_text(0);
        Ok(WrittenType {
            described: self.data_type()?,
            is_quoted,
            resolved: None,
        })
    }

    /// Parses a type.
    pub fn data_type(&mut self) -> Parsed<Described> {
        let start = self.current_span();
        if self.nesting >= MAX_NESTING {
            let message = format!("more than {MAX_NESTING} nested types");
            return Err(Fault::new(start, message).help("name a part of it with `type`"));
        }
        self.nesting += 1;
        let description = self.description();
        self.nesting -= 1;
        let description = description?;
        Ok(Described {
            description,
            span: start.start..self.previous_end(),
        })
    }

    fn description(&mut self) -> Parsed<Description> {
        if let Some(name) = self.eat_text() {
            return Ok(Description::Named(name));
        }
        match self.peek_symbol(0) {
            Some("*") => {
                self.at += 1;
                return Ok(Description::Pointer(Box::new(self.data_type()?)));
            }
            Some("[") => return self.array(),
            Some("{") => return self.fields(RecordKind::Struct, false),
            _ => {}
        }
        let Some(word) = self.peek_name(0) else {
            return Err(self
                .expected("a type")
                .help("write `u32`, `*TYPE`, `[TYPE; 4]`, `{ x: f32 }` or the name of a type"));
        };
        self.at += 1;
        if let Some(number) = NumberType::from_name(word) {
            return self.number(number);
        }
        Ok(match word {
            "bool" => Description::Bool,
            "char" => Description::Character,
            "cstr" => Description::CString,
            "utf8" => Description::Text(TextEncoding::Utf8, self.length(word)?),
            "utf16" => Description::Text(TextEncoding::Utf16, self.length(word)?),
            "packed" if self.peek_symbol(0) == Some("{") => {
                return self.fields(RecordKind::Struct, true);
            }
            "packed" if self.peek_name(0) == Some("union") => {
                self.at += 1;
                return self.fields(RecordKind::Union, true);
            }
            "union" if self.peek_symbol(0) == Some("{") => {
                return self.fields(RecordKind::Union, false);
            }
            name => Description::Named(name.to_owned()),
        })
    }

    /// Parses what can follow a number: `be`, `enum { … }` or `flags { … }`.
    fn number(&mut self, number: NumberType) -> Parsed<Description> {
        let order = match self.eat_name("be") {
            true => ByteOrder::Big,
            false => ByteOrder::Little,
        };
        let is_flags = match self.peek_name(0) {
            Some("enum") => false,
            Some("flags") => true,
            _ => return Ok(Description::Number(number, order)),
        };
        self.at += 1;
        Ok(Description::Enumeration(Enumeration {
            number,
            order,
            is_flags,
            values: self.enumeration_values()?,
        }))
    }

    /// Parses `{ circle = 0, polygon = 1 }`.
    fn enumeration_values(&mut self) -> Parsed<Vec<(Arc<str>, i128)>> {
        self.expect_symbol("{")?;
        let mut values = Vec::new();
        while !self.eat_symbol("}") {
            let name = self.external_name("the name of a value")?;
            self.expect_symbol("=")
                .map_err(|fault| fault.help("give each name a number: `circle = 0`"))?;
            let number = self.integer("a number")?;
            if values.len() >= MAX_FIELDS {
                let message = format!("more than {MAX_FIELDS} names in one enumeration");
                return Err(Fault::new(name.span, message).help("leave some of them out"));
            }
            values.push((Arc::from(name.text), number));
            self.end_of_part("}")?;
        }
        Ok(values)
    }

    /// Parses an integer with its sign.
    fn integer(&mut self, what: &str) -> Parsed<i128> {
        let is_negative = self.eat_symbol("-");
        if let Some(TokenKind::Int(number)) = self.token(0).map(|token| &token.kind)
            && let Ok(number) = i128::try_from(*number)
        {
            self.at += 1;
            return Ok(if is_negative { -number } else { number });
        }
        Err(self.expected(what))
    }

    /// Parses `[TYPE; COUNT]`.
    fn array(&mut self) -> Parsed<Description> {
        self.expect_symbol("[")?;
        let element = self.data_type()?;
        let add_form = |fault: Fault| fault.help("write an array as `[TYPE; COUNT]`");
        self.expect_symbol(";").map_err(add_form)?;
        let count = self.count().map_err(add_form)?;
        self.expect_symbol("]").map_err(add_form)?;
        Ok(Description::Array(Box::new(element), count))
    }

    /// Parses `(LEN)` after an encoding.
    fn length(&mut self, word: &str) -> Parsed<CountDescription> {
        let add_form = |fault: Fault| {
            fault.help(format!(
                "write the length in bytes, a number or a field before it: `{word}(16)`"
            ))
        };
        self.expect_symbol("(").map_err(add_form)?;
        let count = self.count().map_err(add_form)?;
        self.expect_symbol(")").map_err(add_form)?;
        Ok(count)
    }

    /// Parses a number of elements or bytes: a number, or the name of a field.
    fn count(&mut self) -> Parsed<CountDescription> {
        let span = self.current_span();
        let what = "a number, or the name of a field before this one";
        let count = match &self.token(0).map(|token| &token.kind) {
            Some(TokenKind::Name) => Count::Field(Arc::from(self.peek_name(0).unwrap_or_default())),
            Some(TokenKind::Text(name)) => Count::Field(Arc::from(name.as_str())),
            Some(TokenKind::Int(number)) => match u64::try_from(*number) {
                Ok(number) => Count::Fixed(number),
                Err(_) => return Err(self.expected("a number below 2^64")),
            },
            _ => return Err(self.expected(what)),
        };
        self.at += 1;
        Ok(CountDescription {
            count,
            span: span.start..span.end,
        })
    }

    /// Parses `{ NAME: TYPE, NAME @ OFFSET: TYPE }`.
    fn fields(&mut self, kind: RecordKind, is_packed: bool) -> Parsed<Description> {
        self.expect_symbol("{")?;
        let mut fields: Vec<FieldDescription> = Vec::new();
        while !self.eat_symbol("}") {
            if fields.len() >= MAX_FIELDS {
                let message = format!("more than {MAX_FIELDS} fields in one record");
                return Err(Fault::new(self.current_span(), message)
                    .help("put some of them into a record of their own"));
            }
            fields.push(self.field()?);
            self.end_of_part("}")?;
        }
        Ok(Description::Record {
            kind,
            is_packed,
            fields,
        })
    }

    /// Parses a field, or an anonymous record.
    fn field(&mut self) -> Parsed<FieldDescription> {
        let span = self.current_span();
        let is_anonymous = match self.peek_symbol(0) {
            Some("{") => true,
            _ => {
                matches!(self.peek_name(0), Some("union" | "packed"))
                    && (self.peek_symbol(1) == Some("{") || self.peek_name(1) == Some("union"))
            }
        };
        if is_anonymous {
            let described = self.data_type()?;
            return Ok(FieldDescription {
                name: String::new(),
                span: described.span.clone(),
                offset: None,
                described,
            });
        }
        let name = self.external_name("the name of a field")?;
        if name.text.is_empty() {
            return Err(Fault::new(span, "the name of this field is empty").help("write a name"));
        }
        let offset = match self.eat_symbol("@") {
            false => None,
            true => {
                let at = self.current_span();
                let offset = self.integer("the offset in bytes")?;
                let error = || {
                    Fault::new(at, format!("{offset} is no offset in a memory of 32 bits"))
                        .help("write the number of bytes from the start of the record")
                };
                let offset = u32::try_from(offset).map_err(|_| error())?;
                Some(u64::from(offset))
            }
        };
        self.expect_symbol(":")
            .map_err(|fault| fault.help("write a field as `NAME: TYPE`"))?;
        let described = self.data_type()?;
        Ok(FieldDescription {
            name: name.text,
            span: name.span.start..name.span.end,
            offset,
            described,
        })
    }

    /// Parses the comma after a part of a list in braces; it can be missing after the last one.
    pub fn end_of_part(&mut self, closing: &'static str) -> Parsed<()> {
        if self.eat_symbol(",") || self.peek_symbol(0) == Some(closing) {
            return Ok(());
        }
        Err(self.expected(&format!("`,` or `{closing}`")))
    }
}
