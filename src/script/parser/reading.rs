//! Parses what `read` and an import's `reads` read: an address, and the type of the bytes there.

use super::{Parsed, Parser};
use crate::data_types::NumberType;
use crate::script::ast::{Expr, Reading, Span};
use crate::script::error::Fault;
use crate::script::vocabulary;

impl Parser<'_> {
    /// Parses `ADDR, LEN as utf8` or `ADDR as u32`, for the statement and an import's action.
    pub fn reading(&mut self) -> Parsed<(Expr, Reading)> {
        let address = self.expression()?;
        let length = if self.eat_symbol(",") {
            Some(self.expression()?)
        } else {
            None
        };
        if !self.eat_name("as") {
            return Err(match length {
                Some(_) => self
                    .expected("`as`")
                    .help("add what to read: `as utf8`, `as utf16` or `as bytes`"),
                None => self
                    .expected("`,` or `as`")
                    .help("add what to read: `read p, n as utf8` or `read p as u32`"),
            });
        }
        if length.is_none() && self.is_type() {
            return Ok((address, Reading::Typed(self.written_type()?)));
        }
        let span = self.current_span();
        let Some(word) = self.peek_name(0) else {
            return Err(self.expected("what to read, such as `utf8` or `u32`"));
        };
        self.at += 1;
        let what = match length {
            Some(length) => self.reading_with_length(word, span, length),
            None => self.reading_without_length(word, span),
        };
        Ok((address, what?))
    }

    /// Returns whether the next tokens are a type, and no word of a reading.
    fn is_type(&self) -> bool {
        let Some(word) = self.peek_name(0) else {
            return self.is_text(0) || matches!(self.peek_symbol(0), Some("[" | "*" | "{"));
        };
        match word {
            "utf8" | "utf16" => self.peek_symbol(1) == Some("("),
            _ if NumberType::from_name(word).is_some() => {
                matches!(self.peek_name(1), Some("be" | "enum" | "flags"))
            }
            _ => false,
        }
    }

    /// Parses the rest of `ADDR, LEN as ENCODING`; `word`, at `span`, is parsed already.
    fn reading_with_length(&self, word: &str, span: Span, length: Expr) -> Parsed<Reading> {
        if let Some(encoding) = vocabulary::encoding(word) {
            self.check_no_count(word)?;
            return Ok(Reading::Sized { length, encoding });
        }
        let fault = Fault::new(length.span, format!("`as {word}` takes no length"));
        if NumberType::from_name(word).is_some() {
            return Err(fault.help(format!(
                "write `read p as {word}` for one, `read p as {word}[n]` for a list of n"
            )));
        }
        if word == "cstr" {
            return Err(
                fault.help("`cstr` reads up to a NUL; to read n bytes, write `read p, n as utf8`")
            );
        }
        Err(unknown_reading(word, span))
    }

    /// Parses the rest of `ADDR as cstr`, `ADDR as NUMBER` or `ADDR as NUMBER[COUNT]`; `word`, at
    /// `span`, is parsed already.
    fn reading_without_length(&mut self, word: &str, span: Span) -> Parsed<Reading> {
        if vocabulary::encoding(word).is_some() {
            self.check_no_count(word)?;
            let fault = Fault::new(span, format!("`as {word}` needs a length"));
            let cstr = match word {
                "utf8" => "; for text up to a NUL, use `as cstr`",
                _ => "",
            };
            return Err(fault.help(format!("{}{cstr}", length_help(word))));
        }
        if word == "cstr" {
            return Ok(Reading::Cstr);
        }
        let Some(element) = NumberType::from_name(word) else {
            self.at -= 1;
            return Ok(Reading::Typed(self.written_type()?));
        };
        if !self.eat_symbol("[") {
            return Ok(Reading::Number(element));
        }
        if self.peek_symbol(0) == Some("]") {
            return Err(self
                .expected("a count")
                .help(format!("write `as {word}[n]`")));
        }
        let count = self.expression()?;
        self.expect_symbol("]")?;
        Ok(Reading::Array { element, count })
    }

    /// Refuses `[` after an encoding, whose length comes after the address.
    fn check_no_count(&self, word: &str) -> Parsed<()> {
        if self.peek_symbol(0) == Some("[") {
            return Err(self.expected("the end of the line").help(length_help(word)));
        }
        Ok(())
    }
}

fn length_help(word: &str) -> String {
    format!("write the length in bytes after the address: `read p, n as {word}`")
}

/// Returns the fault for a word after `as` that is neither a reading nor a type.
pub(in crate::script) fn unknown_reading(word: &str, span: Span) -> Fault {
    Fault::new(span, format!("memory cannot be read as `{word}`"))
        .help(vocabulary::reading_help(word))
}
