//! The sheet a text report is written on: lines, wrapped prose, emphasis, and ASCII where that is
//! all there is.

use std::io::{self, BufWriter, Write as _};

use unicode_width::UnicodeWidthStr;

use super::options::Options;

const EMPHASIS: &str = "\x1b[1m";
const CHANGED: &str = "\x1b[1;4m";
const PLAIN: &str = "\x1b[0m";

/// Takes lines that are safe to print already.
pub(in crate::report) struct TextWriter<'a> {
    out: BufWriter<&'a mut dyn io::Write>,
    ascii: bool,
    color: bool,
}

impl<'a> TextWriter<'a> {
    pub(in crate::report) fn new(options: &Options, out: &'a mut dyn io::Write) -> Self {
        TextWriter {
            out: BufWriter::new(out),
            ascii: options.ascii,
            color: options.color,
        }
    }

    /// One line, without blanks at its end.
    pub(in crate::report) fn line(&mut self, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        match self.ascii {
            true => writeln!(self.out, "{}", to_ascii(line)),
            false => writeln!(self.out, "{line}"),
        }
    }

    /// A paragraph, cut into lines of at most `width` columns, each behind `indent` blanks.
    pub(in crate::report) fn wrapped(
        &mut self,
        text: &str,
        indent: usize,
        width: usize,
    ) -> io::Result<()> {
        for line in wrap(text, width.saturating_sub(indent)) {
            self.line(&format!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }

    pub(in crate::report) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Errors and the marks of steps that stopped.
    pub(in crate::report) fn strong(&self, text: &str) -> String {
        if self.color {
            format!("{EMPHASIS}{text}{PLAIN}")
        } else {
            text.to_string()
        }
    }

    /// What begins and ends a run of changed bytes.
    pub(in crate::report) fn changed_marks(&self) -> (&'static str, &'static str) {
        if self.color {
            (CHANGED, PLAIN)
        } else {
            ("", "")
        }
    }
}

/// Breaks at blanks; a word wider than the line stands alone on its own.
pub(in crate::report) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let wide = word.width();
        match lines.last_mut() {
            Some(line) if wide < room => {
                line.push(' ');
                line.push_str(word);
                room -= wide + 1;
            }
            _ => {
                lines.push(word.to_string());
                room = width.saturating_sub(wide);
            }
        }
    }
    lines
}

/// The report's own signs by their nearest likeness, any other character by its number.
pub(in crate::report) fn to_ascii(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '│' => out.push('|'),
            '┊' => out.push(':'),
            '⋄' | '•' | '×' => out.push('.'),
            '⋮' => out.push(':'),
            '▸' => out.push('>'),
            '◂' => out.push('<'),
            '→' => out.push_str("->"),
            '←' => out.push_str("<-"),
            '…' => out.push_str("..."),
            '✓' => out.push_str("ok"),
            '✗' => out.push_str("!!"),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_wraps_at_blanks() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("一二三 四", 6), ["一二三", "四"]);
        assert_eq!(
            wrap("incomprehensible to all", 4),
            ["incomprehensible", "to", "all"]
        );
        assert!(wrap(" \n ", 4).is_empty());
    }

    #[test]
    fn ascii_is_ascii() {
        assert_eq!(to_ascii("✓ 1 → │a⋄┊é"), "ok 1 -> |a.:\\u{e9}");
    }
}
