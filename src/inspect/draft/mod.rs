//! The steps file that `linmem init` writes: a first guess at how a host talks to a guest, in the
//! steps language, with the reasons as comments. What cannot be known stays a commented line. A
//! draft runs nothing: who does may set a line aside that turned out to fail, and with it all that
//! needs what it gives.

mod builder;
mod imports;
mod names;
mod templates;

use std::collections::HashSet;

use crate::guest::Guest;
use crate::safe;

/// Columns of a comment.
const WIDTH: usize = 96;

/// The longest statement whose remark stands beside it, in characters.
const BESIDE: usize = 48;

/// Longest reason for setting a line aside, in characters.
const LONGEST_REASON: usize = 200;

/// A steps file in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
enum Line {
    Blank,
    /// A paragraph.
    Comment(String),
    /// An item of a list in a comment.
    Item(String),
    Statement(Statement),
}

#[derive(Debug, Clone)]
struct Statement {
    text: String,
    /// Stands beside it.
    remark: String,
    /// The names that others may need.
    gives: Vec<String>,
    /// Text and remark of what to write where this fails.
    or: Option<(String, String)>,
    /// Why it is only a comment; empty where that goes without saying.
    aside: Option<String>,
}

impl Statement {
    fn new(text: impl Into<String>, remark: impl Into<String>) -> Self {
        Statement {
            text: text.into(),
            remark: remark.into(),
            gives: Vec::new(),
            or: None,
            aside: None,
        }
    }

    fn giving(mut self, name: &str) -> Self {
        self.gives.push(name.into());
        self
    }

    fn or(mut self, text: impl Into<String>, remark: impl Into<String>) -> Self {
        self.or = Some((text.into(), remark.into()));
        self
    }

    /// One that only a person can complete.
    fn idea(mut self) -> Self {
        self.aside = Some(String::new());
        self
    }
}

impl From<Statement> for Line {
    fn from(statement: Statement) -> Self {
        Line::Statement(statement)
    }
}

impl Draft {
    /// Guesses a steps file for a guest. `module` is the path that its `module` line names, and is
    /// not empty.
    pub fn of(guest: &Guest, module: &str) -> Draft {
        Draft {
            lines: builder::of(guest, module),
        }
    }

    /// The file as it stands now. It always parses.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (line, _) in self.written() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Puts into a comment the statement at a line of [`Draft::text`], counted from 1, and all that
    /// need what it gives; or what is known to be safer in its place. `why` is what a person is
    /// told. `false` where no statement stands there.
    pub fn set_aside(&mut self, line: u32, why: &str) -> bool {
        let at = usize::try_from(line)
            .ok()
            .and_then(|line| self.written().get(line.checked_sub(1)?)?.1);
        let Some(Line::Statement(statement)) = at.and_then(|at| self.lines.get_mut(at)) else {
            return false;
        };
        if let Some((text, remark)) = statement.or.take() {
            (statement.text, statement.remark) = (text, remark);
            return true;
        }
        statement.aside = Some(safe::cut(why, LONGEST_REASON));
        let mut lost: HashSet<String> = statement.gives.iter().cloned().collect();
        for line in self.lines.iter_mut().skip(at.map_or(0, |at| at + 1)) {
            let Line::Statement(statement) = line else {
                continue;
            };
            if statement.aside.is_some() {
                continue;
            }
            if names::variables(&statement.text)
                .any(|name| lost.contains(name) && !statement.gives_first(name))
            {
                statement.aside = Some(String::new());
                lost.extend(statement.gives.iter().cloned());
            } else {
                lost.retain(|name| !statement.gives.contains(name));
            }
        }
        true
    }

    /// Says something at the top of the file.
    pub fn remark(&mut self, words: &str) {
        let at = self
            .lines
            .iter()
            .position(|line| matches!(line, Line::Blank))
            .unwrap_or(0);
        self.lines
            .insert(at, Line::Comment(safe::cut(words, 4 * LONGEST_REASON)));
    }

    /// The file's lines, each with the place in `lines` of the statement that it is.
    fn written(&self) -> Vec<(String, Option<usize>)> {
        let mut out = Vec::new();
        let mut from = 0;
        while from < self.lines.len() {
            let block = self
                .lines
                .iter()
                .skip(from)
                .take_while(|line| matches!(line, Line::Statement(_)))
                .count();
            for at in from..from + block.max(1) {
                let column = self.column(from, block);
                match self.lines.get(at) {
                    Some(Line::Statement(statement)) => {
                        write_statement(&mut out, statement, at, column)
                    }
                    Some(Line::Comment(words)) => write_comment(&mut out, words, ""),
                    Some(Line::Item(words)) => write_comment(&mut out, words, "- "),
                    _ => out.push((String::new(), None)),
                }
            }
            from += block.max(1);
        }
        out
    }

    /// Where the remarks beside a block of statements begin.
    fn column(&self, from: usize, count: usize) -> usize {
        let widths = self
            .lines
            .iter()
            .skip(from)
            .take(count)
            .filter_map(|line| match line {
                Line::Statement(statement) if !statement.remark.is_empty() => {
                    Some(statement.shown().chars().count())
                }
                _ => None,
            });
        widths.filter(|width| *width <= BESIDE).max().unwrap_or(0) + 2
    }
}

impl Statement {
    fn shown(&self) -> String {
        if self.aside.is_some() {
            format!("# {}", self.text)
        } else {
            self.text.clone()
        }
    }

    /// Whether a name in the text is the one it gives and nothing that it needs: `ptr = call f()`.
    fn gives_first(&self, name: &str) -> bool {
        self.gives.iter().any(|given| given == name)
            && names::variables(&self.text).filter(|n| *n == name).count() == 1
    }
}

fn write_statement(
    out: &mut Vec<(String, Option<usize>)>,
    statement: &Statement,
    at: usize,
    column: usize,
) {
    if let Some(why) = statement.aside.as_ref().filter(|why| !why.is_empty()) {
        write_comment(out, why, "");
    }
    let shown = statement.shown();
    let width = shown.chars().count();
    if statement.remark.is_empty() {
        out.push((shown, Some(at)));
    } else if width <= BESIDE && column + statement.remark.chars().count() <= WIDTH + 14 {
        let blanks = column.saturating_sub(width);
        out.push((
            format!("{shown}{:blanks$}# {}", "", statement.remark),
            Some(at),
        ));
    } else if width + 2 + statement.remark.chars().count() <= WIDTH + 4 {
        out.push((format!("{shown}  # {}", statement.remark), Some(at)));
    } else {
        write_comment(out, &statement.remark, "");
        out.push((shown, Some(at)));
    }
}

fn write_comment(out: &mut Vec<(String, Option<usize>)>, words: &str, mark: &str) {
    let hang = mark.len();
    for line in super::writer::wrap(WIDTH - 2)
        .hanging(hang)
        .paragraph(&format!("{mark}{words}"))
    {
        out.push((format!("# {line}"), None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let lines = vec![
            Line::Comment("word ".repeat(40)),
            Line::Blank,
            Statement::new("ptr = call f()", "a place")
                .giving("ptr")
                .into(),
            Statement::new("write ptr, \"n\"", "").into(),
            Statement::new("n = call g(1)", "")
                .giving("n")
                .or("n = call g(0)", "")
                .into(),
            Statement::new("out = read ptr, n as utf8", "")
                .giving("out")
                .into(),
            Statement::new("ptr = call f()", "").giving("ptr").into(),
            Statement::new("more = read ptr, 1 as utf8", "")
                .giving("more")
                .into(),
        ];
        Draft { lines }
    }

    /// The file without its first paragraph.
    fn rest(draft: &Draft) -> String {
        draft.text().split_once("\n\n").unwrap().1.to_string()
    }

    #[test]
    fn what_needs_a_line_goes_with_it() {
        let mut draft = draft();
        assert!(
            draft
                .text()
                .lines()
                .all(|line| line.chars().count() <= WIDTH)
        );
        let line = |draft: &Draft, text: &str| {
            draft.text().lines().position(|l| l.contains(text)).unwrap() as u32 + 1
        };
        assert!(draft.set_aside(line(&draft, "ptr = call"), "it trapped\x1b"));
        assert_eq!(
            rest(&draft),
            "# it trapped\\u{1b}\n# ptr = call f()  # a place\n# write ptr, \"n\"\nn = call \
             g(1)\n# out = read ptr, n as utf8\nptr = call f()\nmore = read ptr, 1 as utf8\n"
        );
    }

    #[test]
    fn a_second_choice_comes_before_a_comment() {
        let mut draft = draft();
        let line = |draft: &Draft| {
            draft
                .text()
                .lines()
                .position(|l| l.contains("n = call"))
                .unwrap() as u32
                + 1
        };
        assert!(draft.set_aside(line(&draft), "no"));
        assert!(rest(&draft).contains("\nn = call g(0)\n"));
        assert!(draft.set_aside(line(&draft), "no"));
        assert!(
            rest(&draft).contains("# no\n# n = call g(0)\n# out = read"),
            "{}",
            rest(&draft)
        );
        assert!(
            !draft.set_aside(1, "a comment")
                && !draft.set_aside(0, "")
                && !draft.set_aside(9999, "")
        );
    }
}
