//! Writes the description: headings in a margin, and text of at most 80 columns beside it.

use std::io;

use super::Options;
use crate::text::{TextWriter, Wrap, width};

/// Columns of a line, the margin included.
const WIDTH: usize = 80;

/// The least columns that prose is wrapped to.
const NARROWEST: usize = 20;

/// Columns of the margin that holds the headings.
const MARGIN: usize = 10;

/// Columns beside the margin.
const BESIDE: usize = WIDTH - MARGIN;

/// Columns of the longest name, and of the longest type, that has a column of a table.
const NAME: usize = 34;
const TYPE: usize = 22;

/// A writer of lines that are safe to print already.
pub(super) struct MarginWriter<'a> {
    out: TextWriter<'a>,
    /// The text in the margin of the next line.
    heading: String,
}

impl<'a> MarginWriter<'a> {
    /// Creates a writer to `out`.
    pub fn new(options: &Options, out: &'a mut dyn io::Write) -> Self {
        MarginWriter {
            out: TextWriter::new(out, options.ascii, options.color),
            heading: String::new(),
        }
    }

    /// Begins a part: writes a blank line, and puts `heading` into the margin of the next one.
    pub fn part(&mut self, heading: &str) -> io::Result<()> {
        self.heading = heading.into();
        self.out.line("")
    }

    /// Begins a part that belongs to the one before it, without a blank line.
    pub fn subpart(&mut self, heading: &str) {
        self.heading = heading.into();
    }

    /// Writes a paragraph; the lines after the first are indented by `hang` columns.
    pub fn text(&mut self, text: &str, hang: usize) -> io::Result<()> {
        let lines = wrap(BESIDE).hanging(hang).paragraph(text);
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Writes an item of a list.
    pub fn item(&mut self, text: &str) -> io::Result<()> {
        self.text(&format!("· {text}"), 2)
    }

    /// Writes a line beside the margin, as long as it is.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        let heading = std::mem::take(&mut self.heading);
        let blanks = MARGIN.saturating_sub(width(&heading));
        let heading = self.out.bold(&heading);
        self.out.line(&format!("{heading}{:blanks$}{line}", ""))
    }

    /// Writes a line that begins at the left edge, in bold if `is_bold`.
    pub fn edge(&mut self, line: &str, is_bold: bool) -> io::Result<()> {
        match is_bold {
            true => self.out.line(&self.out.bold(line)),
            false => self.out.line(line),
        }
    }

    /// Writes a table of names, types and remarks. Names and types that are short enough are in
    /// columns.
    pub fn table(&mut self, rows: &[[String; 3]]) -> io::Result<()> {
        let widest = |cell: fn(&[String; 3]) -> &String, most: usize| {
            let widths = rows.iter().map(|row| width(cell(row)));
            widths.filter(|width| *width <= most).max().unwrap_or(0)
        };
        let (names, types) = (
            widest(|[name, ..]| name, NAME),
            widest(|[_, ty, _]| ty, TYPE),
        );
        rows.iter().try_for_each(|row| self.row(row, names, types))
    }

    fn row(
        &mut self,
        [name, ty, remark]: &[String; 3],
        names: usize,
        types: usize,
    ) -> io::Result<()> {
        let mut name = name.as_str();
        if width(name) > names {
            for line in wrap(BESIDE).hanging(2).paragraph(name) {
                let line = self.out.bold(&line);
                self.line(&line)?;
            }
            name = "";
        }
        let blanks = names - width(name);
        let mut rest = String::new();
        if !ty.is_empty() || !remark.is_empty() {
            rest = format!("{:blanks$}  {ty}", "");
        }
        let end = width(name) + width(&rest);
        let column = names + 2 + types + 2;
        let has_column = BESIDE >= column + NARROWEST;
        if end + 2 <= column && (has_column || column + width(remark) <= BESIDE) {
            let lines = wrap(BESIDE.saturating_sub(column)).paragraph(remark);
            let (first, others) = match lines.split_first() {
                Some((first, others)) => (first.as_str(), others),
                None => ("", [].as_slice()),
            };
            let blanks = column - end;
            let name = self.out.bold(name);
            self.line(&format!("{name}{rest}{:blanks$}{first}", ""))?;
            let mut others = others.iter();
            return others.try_for_each(|line| self.line(&format!("{:column$}{line}", "")));
        }
        // The remark gets lines of its own where the type is too long for its column, or where the
        // columns leave too little for the remark.
        let head = format!("{name}{rest}");
        for (index, line) in wrap(BESIDE)
            .hanging(names + 4)
            .paragraph(&head)
            .iter()
            .enumerate()
        {
            match line.strip_prefix(name).filter(|_| index == 0) {
                Some(rest) => self.line(&format!("{}{rest}", self.out.bold(name)))?,
                None => self.line(line)?,
            }
        }
        let blanks = if has_column { names + 4 } else { 4 };
        wrap(BESIDE.saturating_sub(blanks))
            .paragraph(remark)
            .iter()
            .try_for_each(|line| self.line(&format!("{:blanks$}{line}", "")))
    }

    /// Writes what is buffered.
    pub fn finish(self) -> io::Result<()> {
        self.out.finish()
    }
}

/// Wraps to at least [`NARROWEST`] columns. Names may hold several blanks, which are kept.
pub(super) fn wrap(columns: usize) -> Wrap {
    Wrap::to(columns.max(NARROWEST)).keeping_blanks()
}
