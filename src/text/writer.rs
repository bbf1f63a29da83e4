//! Text written line by line, for a terminal or a file.

use std::io::{self, BufWriter, Write as _};

use super::Wrap;
use super::escape;

const BOLD: &str = "\x1b[1m";
const BOLD_UNDERLINED: &str = "\x1b[1;4m";
const RESET: &str = "\x1b[0m";

/// A buffered writer of lines that are safe to print already.
pub struct TextWriter<'a> {
    out: BufWriter<&'a mut dyn io::Write>,
    ascii: bool,
    color: bool,
}

impl<'a> TextWriter<'a> {
    /// Creates a writer to `out`.
    ///
    /// With `ascii` every other character is replaced, see [`escape::ascii`]. With `color` escape
    /// sequences emphasise text; without it the text is the same.
    pub fn new(out: &'a mut dyn io::Write, ascii: bool, color: bool) -> Self {
        TextWriter {
            out: BufWriter::new(out),
            ascii,
            color,
        }
    }

    /// Writes one line, without the blanks at its end.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        match self.ascii {
            true => writeln!(self.out, "{}", escape::ascii(line)),
            false => writeln!(self.out, "{line}"),
        }
    }

    /// Writes a paragraph in lines of at most `columns` columns, each after `indent` blanks. Words
    /// are kept whole.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn paragraph(&mut self, text: &str, indent: usize, columns: usize) -> io::Result<()> {
        let wrap = Wrap::to(columns.saturating_sub(indent)).keeping_words();
        for line in wrap.paragraph(text) {
            self.line(&format!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Returns `text` in bold, if the writer has colors.
    pub fn bold(&self, text: &str) -> String {
        match self.color && !text.is_empty() {
            true => format!("{BOLD}{text}{RESET}"),
            false => text.to_string(),
        }
    }

    /// Returns what begins and what ends bold and underlined text; both are empty without colors.
    pub fn underline(&self) -> (&'static str, &'static str) {
        match self.color {
            true => (BOLD_UNDERLINED, RESET),
            false => ("", ""),
        }
    }
}
