//! Parses `import`: host functions, memories and globals that the script describes.

use super::statement::{assigned_names, several_names};
use super::{Parsed, Parser};
use crate::script::ast::{Action, Import, ImportKind, Name, Span, StatementKind};
use crate::script::error::Fault;
use crate::script::lexer::TokenKind;
use crate::script::vocabulary;

type ParseAction = fn(&mut Parser<'_>) -> Parsed<Action>;

/// How an action is parsed after its first word.
const ACTIONS: [(&str, ParseAction); 10] = [
    ("returns", |parser| parser.returns()),
    ("writes", |parser| parser.writes()),
    ("copies", |parser| parser.copies()),
    ("grows", |parser| parser.grows()),
    ("sets", |parser| {
        parser.set_element().map(Action::SetsElement)
    }),
    ("reads", |parser| parser.reads(None)),
    ("call", |parser| parser.called(Vec::new())),
    ("catches", |parser| parser.catches()),
    ("let", |parser| parser.let_action()),
    ("traps", |parser| parser.traps()),
];

/// The most pages that a memory with 64-bit addresses can have.
const MAX_PAGES: u64 = 1 << 48;

fn action_words() -> impl Iterator<Item = &'static str> {
    ACTIONS.into_iter().map(|(word, _)| word)
}

impl Parser<'_> {
    pub fn import(&mut self) -> Parsed<StatementKind> {
        let start = self.current_span().start;
        let name = self.import_name().map_err(|fault| {
            fault.help(
                "an import has two names, its module's and its own: `import env.log(at, n)`; put \
                 names with other characters in quotes",
            )
        })?;
        let span = Span {
            start,
            end: self.previous_end(),
        };
        let kind = match (self.peek_symbol(0), self.peek_name(0)) {
            (Some("("), _) => self.import_function()?,
            (Some("="), _) => {
                self.at += 1;
                ImportKind::Global {
                    value: self.expression()?,
                }
            }
            (_, Some("pages")) => self.import_memory()?,
            (_, Some("elements")) => {
                self.at += 1;
                ImportKind::Table {
                    elements: self.element_count()?,
                }
            }
            _ => {
                let name = self.text_of(span);
                let fault = self.expected("`(`, `pages`, `elements` or `=`");
                return Err(fault.help(format!(
                    "write a function as `import {name}(a, b) …`, a memory as `import {name} \
                     pages 1 max 2`, a table as `import {name} elements 10`, a global as \
                     `import {name} = 0`"
                )));
            }
        };
        Ok(StatementKind::Import(Import { name, span, kind }))
    }

    fn import_function(&mut self) -> Parsed<ImportKind> {
        let params = self.parameters()?;
        let call = match self.eat_name("at") {
            true => Some(self.call_number()?),
            false => None,
        };
        let actions = self.actions(params.len())?;
        Ok(ImportKind::Function {
            params,
            call,
            actions,
        })
    }

    /// Parses the literal number of a call.
    fn call_number(&mut self) -> Parsed<u64> {
        if let Some(TokenKind::Int(number)) = self.token(0).map(|token| &token.kind)
            && let Ok(number) = u64::try_from(*number)
        {
            self.at += 1;
            return Ok(number);
        }
        Err(self
            .expected("the number of a call")
            .help("calls count from 0: `import env.next() at 2 returns 5` describes the third"))
    }

    /// Parses actions up to the end of the line, after `names` parameters.
    pub fn actions(&mut self, mut names: usize) -> Parsed<Vec<Action>> {
        let mut actions: Vec<Action> = Vec::new();
        if self.is_done() {
            return Ok(actions);
        }
        loop {
            let action = self.action(&actions)?;
            for name in action.bound_names() {
                self.check_count_of_names(names, name.span)?;
                names += 1;
            }
            actions.push(action);
            if self.is_done() {
                return Ok(actions);
            }
            if !self.eat_symbol(";") {
                return Err(self.expected("`;` or the end of the line"));
            }
        }
    }

    fn parameters(&mut self) -> Parsed<Vec<Name>> {
        let mut params: Vec<Name> = Vec::new();
        self.expect_symbol("(")?;
        if self.eat_symbol(")") {
            return Ok(params);
        }
        loop {
            let name = self.new_name("a parameter's name")?;
            self.check_parameter(&name, params.iter())?;
            params.push(name);
            if self.eat_symbol(")") {
                return Ok(params);
            }
            if self.peek_symbol(0) == Some(":") {
                return Err(self
                    .expected("`,` or `)`")
                    .help("the parameters of an import have no types; the guest has them"));
            }
            if !self.eat_symbol(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    /// Checks that a parameter has another name than those before it, and that they are not too many.
    pub fn check_parameter<'n>(
        &self,
        name: &Name,
        mut earlier: impl ExactSizeIterator<Item = &'n Name>,
    ) -> Parsed<()> {
        self.check_count_of_names(earlier.len(), name.span)?;
        if name.text == "_" || earlier.all(|earlier| earlier.text != name.text) {
            return Ok(());
        }
        let fault = Fault::new(
            name.span,
            format!("two parameters are called `{}`", name.text),
        );
        Err(fault.help("give each parameter its own name, or use `_` for one that is not needed"))
    }

    fn action(&mut self, earlier: &[Action]) -> Parsed<Action> {
        let span = self.current_span();
        let all_actions = || format!("the actions are {}", vocabulary::either(action_words()));
        let Some(word) = self.peek_name(0) else {
            return Err(self.expected("an action").help(all_actions()));
        };
        if matches!(earlier.last(), Some(Action::Traps { .. })) {
            return Err(Fault::new(span, "an action after `traps` never runs")
                .help("make `traps` the last action"));
        }
        if assigned_names(self).is_some() {
            return self.assigned_action();
        }
        let returns_already = earlier
            .iter()
            .any(|action| matches!(action, Action::Returns(_)));
        if word == "returns" && returns_already {
            return Err(Fault::new(span, "a second `returns`")
                .help("write all results after one: `returns a, b`"));
        }
        match ACTIONS.iter().find(|(known, _)| *known == word) {
            Some((_, parse)) => {
                self.at += 1;
                parse(self)
            }
            None => {
                let help =
                    vocabulary::did_you_mean(word, action_words()).unwrap_or_else(all_actions);
                Err(Fault::new(span, format!("there is no action `{word}`")).help(help))
            }
        }
    }

    fn returns(&mut self) -> Parsed<Action> {
        let mut values = vec![self.expression()?];
        while self.eat_symbol(",") {
            values.push(self.expression()?);
        }
        Ok(Action::Returns(values))
    }

    fn writes(&mut self) -> Parsed<Action> {
        let is_zeroed = self.zeroed();
        let (address, value) = self.pair()?;
        Ok(Action::Writes {
            address,
            value,
            is_zeroed,
        })
    }

    fn copies(&mut self) -> Parsed<Action> {
        let (to, from) = self.pair()?;
        self.expect_symbol(",")
            .map_err(|fault| fault.help("write `copies DST, SRC, LEN`"))?;
        Ok(Action::Copies {
            to,
            from,
            length: self.expression()?,
        })
    }

    fn grows(&mut self) -> Parsed<Action> {
        if let Some(growth) = self.table_growth() {
            return growth.map(Action::GrowsTable);
        }
        let bytes = self.expression()?;
        Ok(Action::Grows { bytes })
    }

    fn reads(&mut self, name: Option<Name>) -> Parsed<Action> {
        let (address, what) = self.reading()?;
        Ok(Action::Reads {
            name,
            address,
            what,
        })
    }

    fn called(&mut self, results: Vec<Name>) -> Parsed<Action> {
        Ok(Action::Call {
            results,
            call: self.call()?,
        })
    }

    fn catches(&mut self) -> Parsed<Action> {
        if !self.eat_name("call") {
            return Err(self.expected("`call`").help(
                "write `catches call EXPORT(…)`: the call must trap, and the import goes on",
            ));
        }
        Ok(Action::Catches(self.call()?))
    }

    fn let_action(&mut self) -> Parsed<Action> {
        let (name, value) = self.definition()?;
        Ok(Action::Let { name, value })
    }

    /// Parses `NAME = reads …` or `NAME, … = call …`.
    fn assigned_action(&mut self) -> Parsed<Action> {
        let mut names = self.names_before_equals()?;
        let span = self.current_span();
        let word = self.peek_name(0).unwrap_or_default();
        match word {
            "call" => {
                self.at += 1;
                self.called(names)
            }
            "reads" => {
                self.at += 1;
                let count = names.len();
                match names.pop().filter(|_| names.is_empty()) {
                    Some(name) => self.reads(Some(name)),
                    None => Err(several_names(span, word, count)),
                }
            }
            _ => {
                let first = names.first().map_or("x", |name| name.text.as_str());
                let help = match word {
                    "read" => format!("in an import, write `{first} = reads …`"),
                    "calls" => format!("write `{first} = call EXPORT(…)`"),
                    _ => format!("to name a value, write `let {first} = …`"),
                };
                Err(self.expected("`reads` or `call`").help(help))
            }
        }
    }

    fn traps(&mut self) -> Parsed<Action> {
        let why = self.expression()?;
        Ok(Action::Traps { why })
    }

    fn import_memory(&mut self) -> Parsed<ImportKind> {
        self.at += 1;
        let start = self.current_span().start;
        let min = self.page_count()?;
        let max = if self.eat_name("max") {
            Some(self.page_count()?)
        } else {
            None
        };
        if max.is_some_and(|max| max < min) {
            let span = Span {
                start,
                end: self.previous_end(),
            };
            return Err(
                Fault::new(span, "this memory's maximum is below its minimum")
                    .help("write `pages MIN max MAX`"),
            );
        }
        let span = self.current_span();
        let shared = self.eat_name("shared");
        if shared && max.is_none() {
            return Err(Fault::new(span, "a shared memory needs a maximum")
                .help("write `pages MIN max MAX shared`"));
        }
        Ok(ImportKind::Memory { min, max, shared })
    }

    /// Parses a literal number of elements: the table must exist before any value is known.
    fn element_count(&mut self) -> Parsed<u64> {
        if let Some(TokenKind::Int(number)) = self.token(0).map(|token| &token.kind)
            && let Ok(number) = u32::try_from(*number)
        {
            self.at += 1;
            return Ok(number.into());
        }
        Err(self
            .expected("a number of elements")
            .help("write `import MODULE.NAME elements COUNT`"))
    }

    /// Parses a literal number of pages: the memory must exist before any value is known.
    fn page_count(&mut self) -> Parsed<u64> {
        let span = self.current_span();
        let Some(TokenKind::Int(pages)) = self.token(0).map(|token| &token.kind) else {
            return Err(self.expected("a number of pages").help(
                "write `import MODULE.NAME pages MIN max MAX`, with sizes in pages of 64 KiB",
            ));
        };
        self.at += 1;
        match u64::try_from(*pages) {
            Ok(pages) if pages <= MAX_PAGES => Ok(pages),
            _ => Err(Fault::new(span, "a memory cannot have this many pages").help(
                "a page is 64 KiB; a memory has at most 65536 pages, or 2^48 with 64-bit addresses",
            )),
        }
    }
}
