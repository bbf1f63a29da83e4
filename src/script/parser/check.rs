//! Parses the checks of a script: `expect` and `ask`.

use super::{Parsed, Parser};
use crate::finding_kind::FindingKind;
use crate::script::ast::{Name, Span, StatementKind};
use crate::script::error::Fault;
use crate::script::vocabulary;
use crate::text;

impl Parser<'_> {
    pub(super) fn expect(&mut self) -> Parsed<StatementKind> {
        // `trap` and `finding` can also be variables: `expect trap == 1`.
        let is_keyword = self.is_text(1) || self.peek_name(1).is_some() || self.token(1).is_none();
        match self.peek_name(0) {
            Some("trap") if is_keyword => self.expect_trap(),
            Some("finding") if is_keyword => self.expect_finding(),
            _ => {
                let condition = self.expression()?;
                if self.peek_symbol(0) == Some("=") {
                    return Err(self
                        .expected("the end of the line")
                        .help("to compare two values, use `==`"));
                }
                Ok(StatementKind::Expect { condition })
            }
        }
    }

    fn expect_trap(&mut self) -> Parsed<StatementKind> {
        self.at += 1;
        let words = self.eat_text();
        if !self.eat_name("call") {
            return Err(self
                .expected("`call EXPORT(…)`")
                .help("add the call that must trap: `expect trap \"words\" call EXPORT(…)`"));
        }
        Ok(StatementKind::ExpectTrap {
            words,
            call: self.call()?,
        })
    }

    /// Parses a kind of finding. It contains minus signs, so it is the rest of the line as written.
    fn expect_finding(&mut self) -> Parsed<StatementKind> {
        self.at += 1;
        let span = Span {
            start: self.current_span().start,
            end: self.tokens.last().map_or(0, |last| last.span.end),
        };
        if self.is_done() {
            return Err(self.expected("a kind of finding").help(finding_kinds()));
        }
        let unquoted = self.eat_text();
        let word = self.text_of(span).to_owned();
        self.at = self.tokens.len();
        if FindingKind::from_name(&word).is_some() {
            return Ok(StatementKind::ExpectFinding {
                kind: Name { text: word, span },
            });
        }
        Err(unknown_finding(span, &unquoted.unwrap_or(word)))
    }

    pub(super) fn ask(&mut self) -> Parsed<StatementKind> {
        let Some(question) = self.eat_text() else {
            return Err(self.expected("a question in quotes"));
        };
        self.expect_symbol("=")?;
        let answer = self.expression()?;
        let mut choices = Vec::new();
        if self.eat_name("choices") {
            loop {
                let Some(choice) = self.eat_text() else {
                    return Err(self.expected("a choice in quotes"));
                };
                choices.push(choice);
                if !self.eat_symbol(",") {
                    break;
                }
            }
        }
        Ok(StatementKind::Ask {
            question,
            answer,
            choices,
        })
    }
}

fn finding_kinds() -> String {
    format!(
        "the kinds are {}",
        vocabulary::either(vocabulary::finding_kinds())
    )
}

/// Returns the fault for a `word` that is no kind of finding as it is written.
fn unknown_finding(span: Span, word: &str) -> Fault {
    if FindingKind::from_name(word).is_some() {
        return Fault::new(span, "a kind of finding is written without quotes")
            .help(format!("write `expect finding {word}`"));
    }
    let fault = Fault::new(
        span,
        format!(
            "there is no kind of finding `{}`",
            crate::safe::cut(word, 40)
        ),
    );
    let kebab = word.replace(['_', ' '], "-");
    let same = FindingKind::from_name(&kebab).map(FindingKind::as_str);
    match same.or_else(|| text::nearest(&kebab, vocabulary::finding_kinds())) {
        Some(kind) => fault.help(format!("did you mean `{kind}`?")),
        None => fault.help(finding_kinds()),
    }
}
