//! `import`: host functions, memories and globals that the script describes.

use super::{Parsed, Parser};
use crate::script::ast::{Action, Import, ImportKind, Name, Span, StatementKind};
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;
use crate::script::vocabulary;

impl Parser<'_> {
    pub fn import(&mut self) -> Parsed<StatementKind> {
        let start = self.here().start;
        let name = self.import_name().map_err(|fault| {
            fault.help(
                "an import has two names, that of a module and its own: `import env.log(at, n)`; \
                 names with other characters stand in quotes",
            )
        })?;
        let span = Span {
            start,
            end: self.end_of_last(),
        };
        let kind = match (self.symbol(0), self.word(0)) {
            (Some("("), _) => self.import_function()?,
            (Some("="), _) => {
                self.at += 1;
                ImportKind::Global {
                    value: self.expression()?,
                }
            }
            (_, Some("pages")) => self.import_memory()?,
            _ => {
                let written = self.written(span);
                let fault = self.expected("`(`, `pages` or `=`");
                return Err(fault.help(format!(
                    "a function is `import {written}(a, b) …`, a memory `import {written} pages 1 \
                     max 2`, a global `import {written} = 0`"
                )));
            }
        };
        Ok(StatementKind::Import(Import { name, span, kind }))
    }

    fn import_function(&mut self) -> Parsed<ImportKind> {
        let params = self.parameters()?;
        let mut actions = Vec::new();
        if !self.is_done() {
            actions.push(self.action(&actions)?);
            while self.take_symbol(";") {
                actions.push(self.action(&actions)?);
            }
            if !self.is_done() {
                return Err(self.expected("`;` or the end of the line"));
            }
        }
        Ok(ImportKind::Function { params, actions })
    }

    fn parameters(&mut self) -> Parsed<Vec<Name>> {
        let mut params: Vec<Name> = Vec::new();
        self.expect_symbol("(")?;
        if self.take_symbol(")") {
            return Ok(params);
        }
        loop {
            let name = self.new_name("a parameter's name")?;
            if name.text != "_" && params.iter().any(|earlier| earlier.text == name.text) {
                let fault = Fault::new(
                    name.span,
                    format!("two parameters are called `{}`", name.text),
                );
                return Err(fault.help("give each its own name, or `_` to one that is not needed"));
            }
            self.check_count_of_names(params.len(), name.span)?;
            params.push(name);
            if self.take_symbol(")") {
                return Ok(params);
            }
            if !self.take_symbol(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn action(&mut self, earlier: &[Action]) -> Parsed<Action> {
        let span = self.here();
        let all = || format!("an action is {}", vocabulary::either(vocabulary::ACTIONS));
        let Some(word) = self.word(0) else {
            return Err(self.expected("an action").help(all()));
        };
        if matches!(earlier.last(), Some(Action::Traps { .. })) {
            return Err(Fault::new(span, "nothing happens after `traps`")
                .help("let `traps` be the last action"));
        }
        if word == "returns"
            && earlier
                .iter()
                .any(|action| matches!(action, Action::Returns(_)))
        {
            return Err(Fault::new(span, "`returns` is said twice")
                .help("several results stand behind one: `returns a, b`"));
        }
        self.at += 1;
        match word {
            "returns" => self.returns(),
            "writes" => self
                .pair()
                .map(|(address, value)| Action::Writes { address, value }),
            "copies" => {
                let (to, from) = self.pair()?;
                self.expect_symbol(",")
                    .map_err(|fault| fault.help("it is written `copies DST, SRC, LEN`"))?;
                Ok(Action::Copies {
                    to,
                    from,
                    length: self.expression()?,
                })
            }
            "grows" => Ok(Action::Grows {
                bytes: self.expression()?,
            }),
            "reads" => self
                .reading()
                .map(|(address, what)| Action::Reads { address, what }),
            "traps" => Ok(Action::Traps {
                why: self.expression()?,
            }),
            _ => {
                let help = vocabulary::did_you_mean(word, vocabulary::ACTIONS).unwrap_or_else(all);
                Err(Fault::new(span, format!("there is no action `{word}`")).help(help))
            }
        }
    }

    fn returns(&mut self) -> Parsed<Action> {
        let mut values = vec![self.expression()?];
        while self.take_symbol(",") {
            values.push(self.expression()?);
        }
        Ok(Action::Returns(values))
    }

    fn import_memory(&mut self) -> Parsed<ImportKind> {
        self.at += 1;
        let start = self.here().start;
        let min = self.page_count()?;
        let max = if self.take_word("max") {
            Some(self.page_count()?)
        } else {
            None
        };
        if max.is_some_and(|max| max < min) {
            let span = Span {
                start,
                end: self.end_of_last(),
            };
            return Err(
                Fault::new(span, "this memory's maximum is below its minimum")
                    .help("write `pages MIN max MAX`"),
            );
        }
        Ok(ImportKind::Memory { min, max })
    }

    /// A literal: the memory must be made before anything can be told.
    fn page_count(&mut self) -> Parsed<u64> {
        let form = "it is written `import MODULE.NAME pages MIN max MAX`, in pages of 64 KiB";
        let span = self.here();
        let Some(TokenKind::Int(pages)) = self.token(0).map(|token| &token.kind) else {
            return Err(self.expected("a number of pages").help(form));
        };
        self.at += 1;
        match u64::try_from(*pages) {
            Ok(pages) if pages <= 1 << 48 => Ok(pages),
            _ => Err(Fault::new(span, "no memory has so many pages")
                .help("a page is 64 KiB; memories have at most 65536, with 64-bit addresses 2^48")),
        }
    }
}
