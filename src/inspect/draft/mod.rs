//! The steps file that `linmem init` writes: a first guess at how a host talks to a guest, in the
//! steps language, with the reasons as comments. What cannot be known is a line in a comment.
//!
//! A draft runs nothing. Whoever runs it can put a line that failed into a comment, and with it all
//! lines that need its variables.

mod blocks;
mod builder;
mod common;
mod imports;
mod names;
mod objects;
mod programs;
mod results;
mod templates;

use std::collections::HashSet;

use builder::Builder;
use names::Variables;

use super::writer;
use crate::guest::Guest;
use crate::safe;

/// Columns of a comment.
const WIDTH: usize = 96;

/// Columns of a line with a remark beside its statement, in a column of remarks and without one.
const WIDTH_IN_COLUMN: usize = 110;
const WIDTH_BESIDE: usize = 100;

/// Characters of the longest statement in a block whose remarks are in a column.
const BESIDE: usize = 48;

/// Characters of the longest reason, and of the longest remark at the top.
const LONGEST_REASON: usize = 200;
const LONGEST_REMARK: usize = 800;

/// A steps file that can still change.
#[derive(Debug, Clone)]
pub struct Draft {
    lines: Vec<Line>,
    /// Whether the second of two readings of a result is used.
    is_second: bool,
}

#[derive(Debug, Clone)]
enum Line {
    Blank,
    /// A paragraph of comment.
    Comment(String),
    /// An item of a list in a comment.
    Item(String),
    Statement(Statement),
}

/// To which of two readings of a result a statement belongs. Only one of them is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// To both.
    Any,
    /// To the first, which is used until a statement of it fails.
    First,
    /// To the second.
    Second,
}

#[derive(Debug, Clone)]
struct Statement {
    text: String,
    /// A comment beside the statement.
    remark: String,
    /// The variables that other statements may need.
    defines: Vec<String>,
    /// The text and the remark of a statement to use if this one fails.
    fallback: Option<(String, String)>,
    /// Why the statement is in a comment, empty without a reason; `None` if it is not in one.
    comment: Option<String>,
    reading: Reading,
    /// Whether it is the call whose results other statements read.
    is_call: bool,
    /// Whether it means nothing without that call.
    needs_call: bool,
}

impl Statement {
    fn new(text: impl Into<String>, remark: impl Into<String>) -> Self {
        Statement {
            text: text.into(),
            remark: remark.into(),
            defines: Vec::new(),
            fallback: None,
            comment: None,
            reading: Reading::Any,
            is_call: false,
            needs_call: false,
        }
    }

    /// Adds a variable that the statement defines.
    fn defining(mut self, name: &str) -> Self {
        self.defines.push(name.into());
        self
    }

    /// Sets what to use if the statement fails.
    fn or(mut self, text: impl Into<String>, remark: impl Into<String>) -> Self {
        self.fallback = Some((text.into(), remark.into()));
        self
    }

    /// Sets to which reading of a result the statement belongs.
    fn only_in(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Puts the statement into a comment: only a person can complete it.
    fn commented_out(mut self) -> Self {
        self.comment = Some(String::new());
        self
    }

    /// Returns the statement as it is written, without its remark.
    fn line(&self) -> String {
        match self.comment {
            Some(_) => format!("# {}", self.text),
            None => self.text.clone(),
        }
    }

    /// Returns whether the statement uses a variable that it does not define itself, as `ptr` in
    /// `ptr = call f()`.
    fn needs(&self, name: &str) -> bool {
        let uses = names::words(&self.text)
            .filter(|word| *word == name)
            .count();
        let defines = self.defines.iter().any(|defined| defined == name);
        uses > usize::from(defines)
    }
}

impl From<Statement> for Line {
    fn from(statement: Statement) -> Self {
        Line::Statement(statement)
    }
}

impl Draft {
    /// Guesses a steps file for a guest. `module` is the path in its `module` line; it must not be
    /// empty.
    pub fn new(guest: &Guest, module: &str) -> Draft {
        Draft {
            lines: lines(guest, module),
            is_second: false,
        }
    }

    /// Returns the text of the file. It always parses.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (line, _) in self.written() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Puts the statement at `line` of [`Draft::text`], counted from 1, into a comment after
    /// `reason`, and with it all statements that need its variables. A statement with a fallback is
    /// replaced by that instead.
    ///
    /// Returns `false`, and changes nothing, where no statement is at `line`.
    pub fn comment_out(&mut self, line: u32, reason: &str) -> bool {
        let index = usize::try_from(line)
            .ok()
            .and_then(|line| self.written().get(line.checked_sub(1)?)?.1);
        let Some(index) = index else {
            return false;
        };
        let Some(Line::Statement(statement)) = self.lines.get_mut(index) else {
            return false;
        };
        if let Some((text, remark)) = statement.fallback.take() {
            (statement.text, statement.remark) = (text, remark);
            return true;
        }
        if statement.reading == Reading::First {
            self.is_second = true;
            return true;
        }
        statement.comment = Some(safe::cut(reason, LONGEST_REASON));
        let is_call = statement.is_call;
        let mut missing: HashSet<String> = statement.defines.iter().cloned().collect();
        for line in self.lines.iter_mut().skip(index + 1) {
            let Line::Statement(statement) = line else {
                continue;
            };
            if statement.comment.is_some() {
                continue;
            }
            let is_lost = is_call && statement.needs_call;
            if is_lost || missing.iter().any(|name| statement.needs(name)) {
                statement.comment = Some(String::new());
                missing.extend(statement.defines.iter().cloned());
            } else {
                missing.retain(|name| !statement.defines.contains(name));
            }
        }
        true
    }

    /// Makes the call at `line` of [`Draft::text`] one that must trap with `message`.
    ///
    /// Returns `false`, and changes nothing, where no call without results is at `line`.
    pub fn expect_trap(&mut self, line: u32, message: &str) -> bool {
        let index = usize::try_from(line)
            .ok()
            .and_then(|line| self.written().get(line.checked_sub(1)?)?.1);
        let statement = index.and_then(|index| self.lines.get_mut(index));
        let Some(Line::Statement(statement)) = statement else {
            return false;
        };
        if !statement.text.starts_with("call ") {
            return false;
        }
        let message = safe::quoted(message, LONGEST_REASON);
        statement.text = format!("expect trap {message} {}", statement.text);
        true
    }

    /// Adds a comment at the top of the file.
    pub fn add_remark(&mut self, text: &str) {
        let is_blank = |line: &Line| matches!(line, Line::Blank);
        let index = self.lines.iter().position(is_blank).unwrap_or(0);
        let comment = Line::Comment(safe::cut(text, LONGEST_REMARK));
        self.lines.insert(index, comment);
    }

    /// Returns the lines of the file, each with the index in `lines` of the statement that it is.
    fn written(&self) -> Vec<(String, Option<usize>)> {
        let mut out = Vec::new();
        let mut from = 0;
        let unused = match self.is_second {
            true => Reading::First,
            false => Reading::Second,
        };
        while from < self.lines.len() {
            let rest = self.lines.iter().skip(from);
            let block = rest
                .take_while(|line| matches!(line, Line::Statement(_)))
                .count();
            let column = self.remark_column(from, block);
            for index in from..from + block.max(1) {
                match self.lines.get(index) {
                    Some(Line::Statement(statement)) if statement.reading == unused => {}
                    Some(Line::Statement(statement)) => {
                        write_statement(&mut out, statement, index, column);
                    }
                    Some(Line::Comment(text)) => write_comment(&mut out, text, ""),
                    Some(Line::Item(text)) => write_comment(&mut out, text, "- "),
                    _ => out.push((String::new(), None)),
                }
            }
            from += block.max(1);
        }
        out
    }

    /// Returns the column of the remarks of a block of `count` statements.
    fn remark_column(&self, from: usize, count: usize) -> usize {
        let block = self.lines.iter().skip(from).take(count);
        let widths = block.filter_map(|line| match line {
            Line::Statement(statement) if !statement.remark.is_empty() => {
                Some(statement.line().chars().count())
            }
            _ => None,
        });
        widths.filter(|width| *width <= BESIDE).max().unwrap_or(0) + 2
    }
}

/// Writes a statement with its remark in a column, beside it or above it, wherever there are enough
/// columns.
fn write_statement(
    out: &mut Vec<(String, Option<usize>)>,
    statement: &Statement,
    index: usize,
    column: usize,
) {
    if let Some(reason) = statement.comment.as_ref().filter(|r| !r.is_empty()) {
        write_comment(out, reason, "");
    }
    let (line, remark) = (statement.line(), &statement.remark);
    let (width, remark_width) = (line.chars().count(), remark.chars().count());
    let line = if remark.is_empty() {
        line
    } else if width <= BESIDE && column + remark_width <= WIDTH_IN_COLUMN {
        let blanks = column.saturating_sub(width);
        format!("{line}{:blanks$}# {remark}", "")
    } else if width + 2 + remark_width <= WIDTH_BESIDE {
        format!("{line}  # {remark}")
    } else {
        write_comment(out, remark, "");
        line
    };
    out.push((line, Some(index)));
}

fn write_comment(out: &mut Vec<(String, Option<usize>)>, text: &str, mark: &str) {
    let wrap = writer::wrap(WIDTH - 2).hanging(mark.len());
    for line in wrap.paragraph(&format!("{mark}{text}")) {
        out.push((format!("# {line}"), None));
    }
}

/// Returns the lines of a draft for a guest, which the `module` line names as `module`.
fn lines(guest: &Guest, module: &str) -> Vec<Line> {
    let abi = guest.abi();
    let mut builder = Builder {
        guest,
        abi: &abi,
        lines: Vec::new(),
        variables: Variables::default(),
        used: HashSet::new(),
        is_in_results: false,
    };
    builder.add_reasons();
    builder.add_module(module);
    builder.lines.extend(imports::lines(guest, &abi));
    let mut families = abi.families.iter().map(|found| found.family);
    let is_done = families.any(|family| templates::add_steps(&mut builder, family))
        || templates::static_results(&mut builder).is_some();
    if !is_done {
        builder.add_initialization();
        match builder.add_first_call() {
            Some(text) => results::add_returned_text(&mut builder, &text),
            None => builder.add_doubt(),
        }
    }
    builder.add_other_calls();
    builder.lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let lines = vec![
            Line::Comment("word ".repeat(40)),
            Line::Blank,
            Statement::new("ptr = call f()", "a place")
                .defining("ptr")
                .into(),
            Statement::new("write ptr, \"n\"", "").into(),
            Statement::new("n = call g(1)", "")
                .defining("n")
                .or("n = call g(0)", "")
                .into(),
            Statement::new("out = read ptr, n as utf8", "")
                .defining("out")
                .into(),
            Statement::new("ptr = call f()", "").defining("ptr").into(),
            Statement::new("more = read ptr, 1 as utf8", "")
                .defining("more")
                .into(),
        ];
        Draft {
            lines,
            is_second: false,
        }
    }

    /// Returns the file without its first paragraph.
    fn rest(draft: &Draft) -> String {
        draft.text().split_once("\n\n").unwrap().1.to_string()
    }

    /// Returns the number of the line with a text.
    fn line_with(draft: &Draft, text: &str) -> u32 {
        let line = draft.text().lines().position(|line| line.contains(text));
        u32::try_from(line.unwrap()).unwrap() + 1
    }

    #[test]
    fn statements_that_need_a_failed_one_become_comments_too() {
        let mut draft = draft();
        let text = draft.text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        let line = line_with(&draft, "ptr = call");
        assert!(draft.comment_out(line, "it trapped\x1b"));
        assert_eq!(
            rest(&draft),
            "# it trapped\\u{1b}\n# ptr = call f()  # a place\n# write ptr, \"n\"\nn = call \
             g(1)\n# out = read ptr, n as utf8\nptr = call f()\nmore = read ptr, 1 as utf8\n"
        );
    }

    #[test]
    fn a_fallback_is_used_before_a_comment() {
        let mut draft = draft();
        let line = line_with(&draft, "n = call");
        assert!(draft.comment_out(line, "no"));
        assert!(rest(&draft).contains("\nn = call g(0)\n"));
        let line = line_with(&draft, "n = call");
        assert!(draft.comment_out(line, "no"));
        assert!(
            rest(&draft).contains("# no\n# n = call g(0)\n# out = read"),
            "{}",
            rest(&draft)
        );
        for line in [1, 0, 9999] {
            assert!(!draft.comment_out(line, "not a statement"));
        }
    }
}
