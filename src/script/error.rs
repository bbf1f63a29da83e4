//! The faults of a steps file, and their messages. All messages are safe to print.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::Source;
use super::ast::Span;
use crate::safe;
use crate::text;

/// The most errors that a message contains in full; the rest are counted.
pub(super) const MAX_SHOWN: usize = 20;
/// The most columns of a source line in a message.
const WINDOW: usize = 100;
/// The most of those columns before the caret.
const BEFORE_CARET: usize = 60;

/// One fault of a steps file.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1 in characters.
    pub column: u32,
    /// What is wrong: a sentence without a full stop, safe to print.
    pub message: String,
    /// What to write instead, safe to print.
    pub help: Option<String>,
    /// The part of the text that is wrong.
    pub span: Span,
}

/// All faults of one steps file, in the order of the file. There is at least one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ScriptErrors {
    /// The text with the faults.
    pub(crate) source_text: Source,
    /// The faults.
    pub errors: Vec<ScriptError>,
}

/// A fault as the parser finds it, before its line and column are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    span: Span,
    message: String,
    help: Option<String>,
}

impl Fault {
    /// Creates a fault. The message can quote the source as it is: this function makes it safe to
    /// print.
    pub fn new(span: impl Into<Span>, message: impl AsRef<str>) -> Self {
        Fault {
            span: span.into(),
            message: safe::plain(message.as_ref()),
            help: None,
        }
    }

    /// Returns the message, with the help after it.
    pub fn into_message(self) -> String {
        match self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message,
        }
    }

    /// Sets the help, which can quote the source as it is.
    pub fn help(self, help: impl AsRef<str>) -> Self {
        Fault {
            help: Some(safe::plain(help.as_ref())),
            ..self
        }
    }

    /// Sets the help if there is none yet.
    pub fn or_help(self, help: impl FnOnce() -> Option<String>) -> Self {
        if self.help.is_some() {
            self
        } else {
            self.maybe_help(help())
        }
    }

    /// Sets the help if there is one.
    pub fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span {
            start: range.start,
            end: range.end,
        }
    }
}

impl ScriptErrors {
    pub(super) fn new(source_text: Source, lines: &Lines, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.span.start);
        // Columns are counted from the previous error, because one line may hold very many errors.
        let mut last: Option<(usize, u32, u32)> = None;
        let errors = faults.into_iter().map(
            |Fault {
                 span,
                 message,
                 help,
             }| {
                let line = lines.line(span.start);
                let column = match last.filter(|(_, last_line, _)| *last_line == line) {
                    Some((offset, _, column)) => {
                        let between = source_text.text.get(offset..span.start).unwrap_or_default();
                        column.saturating_add(
                            u32::try_from(between.chars().count()).unwrap_or(u32::MAX),
                        )
                    }
                    None => lines.line_column(&source_text.text, span.start).1,
                };
                last = Some((span.start, line, column));
                ScriptError {
                    line,
                    column,
                    message,
                    help,
                    span,
                }
            },
        );
        ScriptErrors {
            errors: errors.collect(),
            source_text,
        }
    }
}

/// Writes each error as `file:line:column: message`, its line with a caret, and its help, without a
/// final line break.
impl fmt::Display for ScriptErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = safe::cut(&self.source_text.name, 200);
        for (i, error) in self.errors.iter().take(MAX_SHOWN).enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            writeln!(
                f,
                "{name}:{}:{}: {}",
                error.line, error.column, error.message
            )?;
            let excerpt = Excerpt::new(&self.source_text.text, error.span);
            let number = error.line.to_string();
            let gutter = " ".repeat(number.len());
            writeln!(f, " {number} | {}", excerpt.line)?;
            write!(
                f,
                " {gutter} | {}{}",
                " ".repeat(excerpt.indent),
                "^".repeat(excerpt.carets)
            )?;
            if let Some(help) = &error.help {
                write!(f, "\n {gutter} = {help}")?;
            }
        }
        match self.errors.len().saturating_sub(MAX_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n\nand {}", text::count(more, "more error")),
        }
    }
}

/// The line of an error, escaped and cut to a window around the caret.
struct Excerpt {
    line: String,
    /// Columns before the first caret.
    indent: usize,
    carets: usize,
}

impl Excerpt {
    fn new(text: &str, span: Span) -> Excerpt {
        let at = floor_boundary(text, span.start);
        let start = text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |i| i + 1);
        let end = text
            .get(at..)
            .and_then(|after| after.find('\n'))
            .map_or(text.len(), |i| at + i);
        let before = text
            .get(start..at)
            .unwrap_or_default()
            .trim_start_matches('\u{feff}');
        let after = text.get(at..end).unwrap_or_default();
        let after = after.strip_suffix('\r').unwrap_or(after);
        let marked = floor_boundary(after, span.end.saturating_sub(at));
        let (left, right) = (
            after.get(..marked).unwrap_or_default(),
            after.get(marked..).unwrap_or_default(),
        );

        let whole = cost_within(before, WINDOW)
            .zip(cost_within(after, WINDOW))
            .map(|(a, b)| a + b);
        let is_whole = whole.is_some_and(|cost| cost <= WINDOW);
        let left_columns = if is_whole { WINDOW } else { BEFORE_CARET };
        let before = tail(before, left_columns);
        let marked = head(left, WINDOW.saturating_sub(before.width()));
        let rest_columns = WINDOW.saturating_sub(before.width() + marked.width());
        let rest = if marked.ends_with('…') {
            String::new()
        } else {
            head(right, rest_columns)
        };
        Excerpt {
            indent: before.width(),
            carets: marked.width().max(1),
            line: format!("{before}{marked}{rest}"),
        }
    }
}

/// Returns a character in printable form; a tab as four spaces.
fn printable(c: char) -> String {
    match c {
        '\t' => "    ".to_owned(),
        c => safe::plain(c.encode_utf8(&mut [0; 4])),
    }
}

/// Returns the columns of a character, at least one, so that characters without width cannot make a
/// line too long.
fn cost(printable: &str) -> usize {
    printable.width().max(1)
}

/// Returns the cost of the whole text, or `None` if it is more than `limit`.
fn cost_within(text: &str, limit: usize) -> Option<usize> {
    text.chars().try_fold(0, |sum, c| {
        Some(sum + cost(&printable(c))).filter(|sum| *sum <= limit)
    })
}

/// Returns the beginning of the text in printable form, with `…` where it is cut at `columns`.
fn head(text: &str, columns: usize) -> String {
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        let piece = printable(c);
        used += cost(&piece);
        if used > columns {
            out.push('…');
            break;
        }
        out.push_str(&piece);
    }
    out
}

/// Returns the end of the text in printable form, with `…` where it is cut at `columns`.
fn tail(text: &str, columns: usize) -> String {
    let (mut pieces, mut used) = (Vec::new(), 0);
    for c in text.chars().rev() {
        let piece = printable(c);
        used += cost(&piece);
        if used > columns {
            pieces.push("…".to_owned());
            break;
        }
        pieces.push(piece);
    }
    pieces.into_iter().rev().collect()
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset)
}

/// The line breaks of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines {
    /// The offsets of the first byte of the second line and of each later line.
    starts: Vec<usize>,
}

impl Lines {
    pub fn new(text: &str) -> Lines {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines {
            starts: breaks.map(|(at, _)| at + 1).collect(),
        }
    }

    /// Returns the line of a byte offset, counted from 1.
    pub fn line(&self, offset: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Returns the line and column of a byte offset, counted from 1. A byte order mark has no
    /// column.
    pub fn line_column(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = floor_boundary(text, offset);
        let before = self.starts.partition_point(|start| *start <= offset);
        let start = before
            .checked_sub(1)
            .and_then(|i| self.starts.get(i))
            .copied()
            .unwrap_or(0);
        let prefix = text.get(start..offset).unwrap_or_default();
        let prefix = if start == 0 {
            prefix.trim_start_matches('\u{feff}')
        } else {
            prefix
        };
        let column = u32::try_from(prefix.chars().count())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        (self.line(offset), column)
    }
}
