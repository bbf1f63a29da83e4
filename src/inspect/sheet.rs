//! The sheet that the description is written on: headings in a margin, text of 80 columns beside
//! it.

use std::io::{self, BufWriter, Write as _};

use unicode_width::UnicodeWidthStr;

use super::Options;

const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Columns in all.
const WIDTH: usize = 80;

/// The least columns in which prose can be read.
const NARROWEST: usize = 20;

/// Columns of the margin that holds the headings.
pub(super) const MARGIN: usize = 10;

/// Takes lines that are safe to print already.
pub(super) struct Sheet<'a> {
    out: BufWriter<&'a mut dyn io::Write>,
    color: bool,
    ascii: bool,
    /// What goes into the margin of the next line.
    heading: String,
}

impl<'a> Sheet<'a> {
    pub fn new(options: &Options, out: &'a mut dyn io::Write) -> Self {
        Sheet {
            out: BufWriter::new(out),
            color: options.color,
            ascii: options.ascii,
            heading: String::new(),
        }
    }

    /// Begins a part of the description: a blank line before it, its name in the margin.
    pub fn part(&mut self, heading: &str) -> io::Result<()> {
        self.heading = heading.into();
        writeln!(self.out)
    }

    /// Begins a part that belongs to the one before it.
    pub fn part_of_it(&mut self, heading: &str) {
        self.heading = heading.into();
    }

    /// A paragraph; lines after the first are indented by `hang` more columns.
    pub fn text(&mut self, text: &str, hang: usize) -> io::Result<()> {
        let lines = wrapped(text, WIDTH - MARGIN, hang);
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// One item of a list.
    pub fn item(&mut self, text: &str) -> io::Result<()> {
        self.text(&format!("· {text}"), 2)
    }

    /// A line beside the margin, as long as it is.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        let heading = std::mem::take(&mut self.heading);
        let blanks = MARGIN.saturating_sub(heading.width());
        let heading = self.strong(&heading);
        self.bare(&format!("{heading}{:blanks$}{line}", ""))
    }

    /// A line without the margin.
    pub fn bare(&mut self, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        match self.ascii {
            true => writeln!(self.out, "{}", to_ascii(line)),
            false => writeln!(self.out, "{line}"),
        }
    }

    /// Rows of name, type and what else there is to say; the first two in columns where they are
    /// short enough.
    pub fn rows(&mut self, rows: &[[String; 3]]) -> io::Result<()> {
        let wide = |at: usize, most: usize| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.width())
                .filter(|w| *w <= most)
                .max()
                .unwrap_or(0)
        };
        let (names, types) = (wide(0, 34), wide(1, 22));
        rows.iter().try_for_each(|row| self.row(row, names, types))
    }

    fn row(
        &mut self,
        [name, ty, more]: &[String; 3],
        names: usize,
        types: usize,
    ) -> io::Result<()> {
        let strong = self.strong(name);
        let pad = |width: usize, column: usize| " ".repeat(column.saturating_sub(width) + 2);
        let mut head = strong;
        let mut at = name.width();
        if at > names {
            for line in wrapped(name, WIDTH - MARGIN, 2) {
                self.line(&self.strong(&line))?;
            }
            (head, at) = (String::new(), 0);
        }
        if !ty.is_empty() || !more.is_empty() {
            head.push_str(&pad(at, names));
            head.push_str(ty);
            at = names.max(at) + 2 + ty.width();
        }
        let column = names + 2 + types + 2;
        let has_room = WIDTH - MARGIN >= column + NARROWEST;
        if at <= names + 2 + types && (has_room || column + more.width() <= WIDTH - MARGIN) {
            let lines = wrapped(more, (WIDTH - MARGIN).saturating_sub(column), 0);
            let mut lines = lines.iter();
            let first = lines.next().map(String::as_str).unwrap_or_default();
            let blanks = column.saturating_sub(at);
            self.line(&format!("{head}{:blanks$}{first}", ""))?;
            return lines.try_for_each(|line| self.line(&format!("{:column$}{line}", "")));
        }
        // A type too long for its column, or no room behind it, pushes the rest to lines of their
        // own.
        for line in wrapped(&head, WIDTH - MARGIN, names + 4) {
            self.line(&line)?;
        }
        let blanks = if has_room { names + 4 } else { 4 };
        wrapped(more, (WIDTH - MARGIN).saturating_sub(blanks), 0)
            .iter()
            .try_for_each(|line| self.line(&format!("{:blanks$}{line}", "")))
    }

    /// What stands out.
    pub fn strong(&self, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{BOLD}{text}{PLAIN}")
        } else {
            text.to_string()
        }
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Lines of at most `width` columns, broken at blanks and, where a word is too long for a line,
/// within it. Blanks at the beginning stay.
pub(super) fn wrapped(text: &str, width: usize, hang: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    let mut lines = Vec::new();
    let mut line = text.chars().take_while(|c| *c == ' ').collect::<String>();
    let mut is_empty = true;
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if bare.is_empty() && is_empty {
            continue;
        }
        if !is_empty && line.width() + columns(bare) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
            line = " ".repeat(hang);
        }
        for c in word.chars() {
            if line.width() >= width && c != ' ' {
                lines.push(std::mem::take(&mut line));
                line = " ".repeat(hang);
            }
            line.push(c);
        }
        is_empty = false;
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_string());
    }
    lines
}

/// Columns of a word that may hold the marks of [`Sheet::strong`].
fn columns(word: &str) -> usize {
    word.replace(BOLD, "").replace(PLAIN, "").width()
}

/// The sheet's own signs by their nearest likeness, any other character by its number.
fn to_ascii(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '·' => out.push('*'),
            '…' => out.push_str("..."),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_broken_too() {
        assert_eq!(
            wrapped("one two three four five six", 20, 2),
            ["one two three four", "  five six"]
        );
        assert_eq!(wrapped("", 20, 2), [""; 0]);
        assert_eq!(
            wrapped(&"x".repeat(45), 20, 0),
            ["x".repeat(20), "x".repeat(20), "x".repeat(5)]
        );
        assert_eq!(wrapped("  a b", 20, 0), ["  a b"]);
    }
}
